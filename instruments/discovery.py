"""Who is there: instruments on VISA, on serial ports and on the network, asked in parallel with one deadline.

Nothing but ``*IDN?`` is sent (to port 502 a Modbus read), and what another program holds is left alone. Opening a serial
port restarts most Arduinos, so only ports whose USB identifier looks like one are opened unless all are wanted.
"""

import contextlib
import errno
import re
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from neurorig.signals import BenchError, ConfigError

from .claim import Claim
from .drivers import DRIVERS
from .identify import ask, driver_for, serial_rates
from .links import check_resource, open_link
from .permissions import Trouble, holders, in_use, may_open, serial_refused, usb_instruments, usb_refused, visa_limits
from .roles import Identity

TIMEOUT = 5.0
"""Seconds for the whole search: an Uno that restarts takes up to 3 of them (hardware/firmware/PROTOCOL.md, section 2)."""
MODBUS = 502
LAN_PORTS = {
    5025: "SCPI of Keysight, Keithley, Siglent and many others",
    5555: "Rigol",
    4000: "Tektronix",
    1234: "GPIB-Ethernet controllers",
    MODBUS: "LabJack T series (Modbus)",
}
"""TCP ports at which instruments usually listen."""
VISA_PORTS = {111: "TCPIP::{}::INSTR", 4880: "TCPIP::{}::hislip0::INSTR"}
"""Where VXI-11 (its port mapper) and HiSLIP listen: then VISA can talk to it."""
ARDUINO_USB = {(0x2341, None), (0x2A03, None), (0x1A86, 0x7523), (0x1A86, 0x55D4)}
"""USB vendor and product of boards called Arduino, and of the bridges CH340 and CH9102 on their copies."""
_GRACE = 0.3  # seconds in which those that were not answered can say so
_CONNECT = 1.5  # seconds to wait for a host that is silent, at most
_NAMES = {
    "CurrentSource": "source", "VoltageSource": "generator", "SourceMeter": "smu", "PowerSupply": "supply",
    "Oscilloscope": "scope", "Digitizer": "daq", "Multimeter": "meter",
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """An instrument that has said who it is. `driver` is empty when none is written for it; `also`: its other addresses."""

    resource: str
    identity: Identity
    driver: str = ""
    name: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Discovery:
    """The outcome of a search. `left`: places that were not asked, with the reason; `backend`: the VISA library in use."""

    found: tuple[Found, ...]
    troubles: tuple[Trouble, ...]
    left: tuple[Trouble, ...]

    def bench_lines(self) -> str:
        """The found instruments that have a driver, as lines for a bench file."""
        tables = []
        for f in self.found:
            if f.driver:
                serial = f'\nserial_number = "{f.identity.serial}"' if f.identity.serial else ""
                tables.append(
                    f'[instruments.{f.name}]\ndriver = "{f.driver}"\nresource = "{lasting(f.resource)}"{serial}\n'
                )
        return "\n".join(tables)


def lasting(resource: str) -> str:
    """A serial resource by the name that stays when ports are numbered anew (Linux ``/dev/serial/by-id``), if it has one."""
    device = resource.removeprefix("serial://")
    if device == resource:
        return resource
    path, query, rest = device.partition("?")
    with contextlib.suppress(OSError):
        for link in sorted(Path("/dev/serial/by-id").iterdir()):
            if link.resolve() == Path(path).resolve():
                return f"serial://{link}{query}{rest}"
    return resource


def discover(
    hosts: Sequence[str] = (), *, resources: Sequence[str] = (), everything: bool = False, timeout: float = TIMEOUT
) -> Discovery:
    """Look for instruments. Never raises for what it meets on the way; ConfigError for a host or resource that cannot be read.

    `hosts`: names or addresses, each perhaps with its port. With `resources` only these (and the hosts) are asked, else VISA
    and the serial ports of this machine: those that look like an Arduino, or with `everything` all.
    """
    search = _Search(time.monotonic() + timeout)
    for resource in resources:
        check_resource(resource)
        search.ask_resource(resource)
    for host in hosts:
        search.ask_host(host)
    if not resources:
        search.ask_serial_ports(everything)
        search.start("VISA", search.ask_visa)
    search.wait()
    return search.outcome()


class _Search:
    """The questions under way, each in a thread of its own: a library that hangs holds up nobody else."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._change = threading.Condition()
        self._pending: set[str] = set()
        self._closed = False
        self._answers: dict[str, Identity] = {}
        self._troubles: list[Trouble] = []
        self._left: list[Trouble] = []
        self._ports: dict[str, dict[int, str]] = {}  # per host, why a port gave nobody

    # Where to ask.

    def ask_resource(self, resource: str) -> None:
        """A resource that a person has named."""
        if resource.startswith("serial://"):
            self._ask_serial(resource, re.split(r"[?]", resource.removeprefix("serial://"))[0])
        else:
            self.start(resource, lambda: self._ask(resource))

    def ask_host(self, text: str) -> None:
        """A host at its usual ports, or at the one that is named with it."""
        host, colon, port = text.rpartition(":")
        if not colon:
            host = text
        if not host or (colon and not port.isdecimal()):
            raise ConfigError(f"--host {text}: write a name or an address, perhaps with a port: 192.168.1.50:5555.")
        self._ports[host] = self._ports.get(host, {})
        for number in [int(port)] if colon else [*LAN_PORTS, *VISA_PORTS]:
            self.start(f"{host}:{number}", partial(self._ask_port, host, number))

    def ask_serial_ports(self, everything: bool) -> None:
        """The serial ports of this machine."""
        from serial.tools import list_ports

        for port in list_ports.comports():
            likely = (port.vid, port.pid) in ARDUINO_USB or (port.vid, None) in ARDUINO_USB
            if likely or everything:
                self._ask_serial(f"serial://{port.device}", port.device)
            else:
                what = f"not opened: {port.description if port.vid else 'no USB port'}, not known as an Arduino"
                self._left.append(Trouble(port.device, what, "with --all it is asked, too"))

    def ask_visa(self) -> None:
        """What the VISA library lists."""
        import pyvisa

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # which optional packages would widen its search
            try:
                manager = pyvisa.ResourceManager()
                listed = manager.list_resources("?*")
            except Exception as reason:  # a maker's library may raise anything
                self._trouble(
                    Trouble("VISA", f"cannot be used ({reason})", "pip install pyvisa-py, or install NI-VISA")
                )
                return
        backend = "py" if "pyvisa_py" in type(manager.visalib).__module__ else "ivi"
        for limit in visa_limits(backend):
            self._trouble(limit)
        plugged = list(usb_instruments())
        for instrument in plugged:
            if not may_open(str(instrument.node)):
                self._trouble(usb_refused(instrument))
        for resource in listed:
            if resource.upper().endswith("::INSTR") and not resource.upper().startswith("ASRL"):
                refused = any(u.resource_is(resource) and not may_open(str(u.node)) for u in plugged)
                if not refused:
                    self.start(resource, partial(self._ask, resource))

    # Asking.

    def start(self, where: str, job: Callable[[], None]) -> None:
        """Do a job beside the others; until it is done it counts as pending."""
        with self._change:
            if where in self._pending or self._closed:
                return
            self._pending.add(where)
        threading.Thread(target=self._done, args=(where, job), name=f"ask {where}", daemon=True).start()

    def _done(self, where: str, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as reason:  # told, so that one bad answer does not hide the other instruments
            self._trouble(Trouble(where, f"could not be asked ({reason})"))
        finally:
            with self._change:
                self._pending.discard(where)
                self._change.notify()

    def wait(self) -> None:
        """Until nothing is pending, or the deadline."""
        with self._change:
            while self._pending and (left := self._deadline + _GRACE - time.monotonic()) > 0:
                self._change.wait(left)
            self._closed = True

    def _ask(self, resource: str, **options: Any) -> None:
        """One resource. A claim first: a run that another neurorig drives is not to be disturbed."""
        try:
            with Claim(resource), open_link(resource, timeout=self._patience(), **options) as link:
                identity = ask(link, self._deadline)
        except BenchError as reason:
            self._trouble(self._explained(resource, reason))
            return
        if identity is None:
            self._trouble(Trouble(resource, "is there, but does not answer *IDN?"))
        else:
            self._answered(resource, identity)

    def _ask_serial(self, resource: str, device: str) -> None:
        if Path(device).exists() and not may_open(device):
            self._trouble(serial_refused(device))
        elif by := holders(device):
            self._trouble(in_use(device, by))
        else:
            self.start(resource, lambda: self._ask_rates(resource, device))

    def _ask_rates(self, resource: str, device: str) -> None:
        """At the rates of the registry's serial instruments, one after the other; each gets its share of the time."""
        rates = [None] if "baud=" in resource else serial_rates()
        try:
            with Claim(resource):
                for k, rate in enumerate(rates):
                    left = self._deadline - time.monotonic()
                    until = time.monotonic() + left / (len(rates) - k) if k or len(rates) == 1 else self._deadline - 1.0
                    identity = self._ask_rate(resource, rate, until)
                    if identity is not None:
                        self._answered(_with_rate(resource, rate, identity), identity)
                        return
        except BenchError as reason:
            self._trouble(self._explained(device, reason))
            return
        known = ", ".join(str(r) for r in rates if r)
        what = "opens, but nobody answers *IDN?" + (f" at {known} baud" if known else "")
        self._trouble(
            Trouble(device, what, "an Arduino without its firmware? neurorig firmware flash; another rate: ?baud=19200")
        )

    def _ask_rate(self, resource: str, rate: int | None, until: float) -> Identity | None:
        with open_link(resource, baud=rate or 0, timeout=self._patience()) as link:
            return ask(link, until)

    def _ask_port(self, host: str, number: int) -> None:
        """A port of a host: only if it is open, and in its own language."""
        if number == MODBUS:
            self._ask_modbus(host, number)
            return
        try:
            socket.create_connection((host, number), self._patience()).close()
        except OSError as reason:
            self._ports[host][number] = _why(reason)
            return
        self._ask(VISA_PORTS[number].format(host) if number in VISA_PORTS else f"tcp://{host}:{number}")

    def _ask_modbus(self, host: str, number: int) -> None:
        resource = f"modbus://{host}:{number}"
        try:
            with Claim(resource), open_link(resource, timeout=self._patience()) as link:
                identity = ask(link, self._deadline)
        except BenchError as reason:
            if isinstance(reason.__cause__, OSError):
                self._ports[host][number] = _why(reason.__cause__)
            else:
                self._trouble(self._explained(resource, reason))
            return
        if identity is not None:
            self._answered(resource, identity)
        else:
            self._trouble(Trouble(f"{host}:{number}", "is open, but is no LabJack"))

    def _patience(self) -> float:
        return max(min(_CONNECT, self._deadline - time.monotonic()), 0.01)

    # What came of it.

    def _answered(self, resource: str, identity: Identity) -> None:
        with self._change:
            if not self._closed:
                self._answers[resource] = identity

    def _trouble(self, trouble: Trouble) -> None:
        with self._change:
            if not self._closed:
                self._troubles.append(trouble)

    @staticmethod
    def _explained(where: str, reason: BenchError) -> Trouble:
        cause = reason.__cause__
        number = getattr(cause, "errno", None)
        if number in (errno.EACCES, errno.EPERM) and where.startswith("/"):
            return serial_refused(where)
        if number in (errno.EBUSY, errno.EAGAIN) and where.startswith("/"):
            return in_use(where, holders(where))
        if "another neurorig" in str(reason):
            return Trouble(where, "another neurorig is using it; it was left alone", "wait until it has ended")
        return Trouble(where, f"could not be opened ({cause or reason})")

    def outcome(self) -> Discovery:
        """All answers, one entry an instrument, and what was in the way."""
        troubles = list(self._troubles)
        for where in sorted(self._pending):
            host, _, port = where.rpartition(":")
            if host in self._ports and port.isdecimal():
                self._ports[host][int(port)] = "silent"
            else:
                troubles.append(Trouble(where, "did not answer in time", "ask again with a longer --timeout"))
        for host, refusals in self._ports.items():
            if not any(f"{host}:" in r or f"::{host}::" in r for r in self._answers) and refusals:
                troubles.append(_silent_host(host, refusals))
        return Discovery(_named(_merged(self._answers)), tuple(troubles), tuple(self._left))


def _with_rate(resource: str, rate: int | None, identity: Identity) -> str:
    """The resource, with its rate when the driver would not choose it by itself."""
    driver = driver_for(identity)
    own = rate is None or (driver is not None and driver.baud == rate)
    return resource if own else f"{resource}?baud={rate}"


def _why(reason: OSError) -> str:
    if isinstance(reason, socket.gaierror):
        return "unknown"
    return "refused" if isinstance(reason, ConnectionRefusedError) else "silent"


def _silent_host(host: str, refusals: dict[int, str]) -> Trouble:
    asked = ", ".join(str(p) for p in sorted(refusals) if p not in VISA_PORTS)
    if "unknown" in refusals.values():
        return Trouble(host, "no computer on this network has this name", "give the address that its screen shows")
    if "refused" in refusals.values():
        what = f"is there, but no instrument listens at port {asked}"
        return Trouble(host, what, f"switch its LAN remote control on, or name its port: --host {host}:PORT")
    return Trouble(host, f"does not answer at port {asked}", f"is it on, and in this network? try: ping {host}")


def _merged(answers: dict[str, Identity]) -> list[Found]:
    """One entry for an instrument that was found at several addresses; our own links come before VISA's."""
    merged: list[Found] = []
    for resource in sorted(answers, key=lambda r: ("://" not in r, r)):
        identity = answers[resource]
        same = next((i for i, f in enumerate(merged) if identity.serial and f.identity == identity), None)
        if same is None:
            driver = driver_for(identity)
            merged.append(Found(resource, identity, driver.name if driver else ""))
        else:
            merged[same] = replace(merged[same], also=(*merged[same].also, resource))
    return merged


def _named(found: Iterable[Found]) -> tuple[Found, ...]:
    """A short name for each one with a driver, by its role: scope, scope2, ..."""
    named: list[Found] = []
    for f in found:
        name = unused(f.driver, [n.name for n in named]) if f.driver else ""
        named.append(replace(f, name=name))
    return tuple(named)


def unused(driver: str, taken: Iterable[str]) -> str:
    """A name by the driver's role that is not taken yet."""
    stem, names = _NAMES[DRIVERS[driver].role], set(taken)
    return next(n for n in (stem, *(f"{stem}{k}" for k in range(2, 1000))) if n not in names)
