"""From a bench file to live instruments, and safely back: identity on connect, safe state on every way out.

The same call opens the real bench or its simulated double; only what stands behind each address changes.
"""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorig.signals import BenchError, ConfigError, LinkError, RunInterrupted, say_too, show

from .bench import Bench
from .claim import Claim
from .converted import ConvertedSource
from .drivers import DRIVERS
from .guardian import Guardian, Ward
from .interrupts import Interrupts
from .links import TrafficLog
from .roles import CurrentSource, Identity, Instrument, Oscilloscope, PowerSupply, SourceMeter
from .streamed import StreamedScope

if TYPE_CHECKING:
    from .simulated.launch import SimulatedProcess


SUPPLY_ERROR = 0.01
"""Relative error of V+ beyond which nothing is measured: the weights go with V+ - 1 V."""


class Rig:
    """A bench whose instruments are connected and have proved who they are."""

    def __init__(
        self, bench: Bench, instruments: dict[str, Instrument], resources: dict[str, str], virtual_time: bool
    ) -> None:
        self.bench, self.instruments, self.resources = bench, instruments, resources
        self.virtual_time = virtual_time
        """Whether time moves with the questions asked, so that waiting between them is for nothing."""
        self._adapted: dict[str, Any] = {}  # instruments in the role that a protocol wants, by name
        self.supplied: dict[str, float] = {}
        """Volts and amperes of the board's supply, measured after it was switched on; empty without one on the bench."""
        self.traffic: list[TrafficLog] = []
        """The records of what goes over the links, if it is recorded."""
        self.unsafe: dict[str, str] = {}
        """Those that can drive a port and whose safe state is not confirmed: the guardian goes on with them."""

    def source(self, name: str) -> CurrentSource:
        """The current source of this name; a generator together with the converters that make current of its volts."""
        if self._role(name) == "VoltageSource" and name not in self._adapted:
            converters = {
                port.channel: port.transconductance
                for port in self.bench.ports.values()
                if port.instrument == name and port.transconductance is not None
            }
            self._adapted[name] = ConvertedSource(self.instruments[name], converters)  # type: ignore[arg-type]  # by role
        return self._adapted.get(name, self.instruments[name])  # type: ignore[no-any-return]  # by role

    def scope(self, name: str) -> Oscilloscope:
        """The oscilloscope of this name; a streaming digitiser with its trigger found in the stream."""
        if self._role(name) == "Digitizer" and name not in self._adapted:
            self._adapted[name] = StreamedScope(self.instruments[name])  # type: ignore[arg-type]  # by role
        return self._adapted.get(name, self.instruments[name])  # type: ignore[no-any-return]  # by role

    def identities(self) -> dict[str, Identity]:
        """Who answered, by instrument name."""
        return {name: i.identity for name, i in self.instruments.items()}

    def settings(self) -> dict[str, dict[str, Any]]:
        """Every declared command of every instrument, read back."""
        return {name: i.settings() for name, i in self.instruments.items()}

    def warnings(self) -> list[str]:
        """What the instruments had to remark, each with the instrument's name."""
        remarks = [f"{name}: {w}" for name, i in self.instruments.items() for w in i.warnings]
        return remarks + [log.trouble for log in self.traffic if log.trouble]

    def power_up(self) -> None:
        """Give the board its V+, if a supply of this bench does, and measure it.

        Raises LimitError for what the supply does not give, BenchError when V+ is not what it was set to.
        """
        supply = self.bench.supply
        if supply is None:
            return
        instrument: PowerSupply = self.instruments[supply.instrument]  # type: ignore[assignment]  # the bench has checked
        instrument.configure(supply.channel, supply.voltage, supply.current_limit, supply.wires)
        instrument.on(supply.channel)
        volts, amperes = instrument.measure(supply.channel)
        self.supplied = {"volts": volts, "amperes": amperes}
        if instrument.limiting(supply.channel) or abs(volts - supply.voltage) > SUPPLY_ERROR * supply.voltage:
            raise BenchError(
                f"{self.bench.path}: [supply]: {supply.instrument} was set to {show(supply.voltage, 'V')} and measures "
                f"{show(volts, 'V')} at {show(amperes, 'A')}: V+ sets every weight. Look for a short circuit on the board, "
                f"or raise the current_limit ({show(supply.current_limit, 'A')})."
            )

    def safe(self) -> None:
        """Make every instrument safe, each on its own, blindly, what drives the board before what feeds it; never raises."""
        self.unsafe = {}
        for feeding in (False, True):
            names = [n for n in reversed(tuple(self.instruments)) if (self._role(n) == "PowerSupply") == feeding]
            # At the same time: one that does not take its lines must not keep the others waiting.
            threads = [threading.Thread(target=self._make_safe, args=(name,)) for name in names]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _make_safe(self, name: str) -> None:
        try:
            self.instruments[name].safe()
        except Exception as reason:
            self._note_unsafe(name, reason)

    def _role(self, name: str) -> str:
        return DRIVERS[self.bench.instruments[name].driver].role

    def confirm_safe(self) -> None:
        """Ask those that can drive a port whether they are safe; what is not confirmed is kept in `unsafe`. Never raises."""
        for name in self.driving():
            try:
                if name not in self.unsafe:
                    self.instruments[name].confirm_safe()  # type: ignore[attr-defined]  # whatever drives has it
            except Exception as reason:
                self._note_unsafe(name, reason)

    def driving(self) -> list[str]:
        """Those that can put something out; a record that is played back cannot."""
        return [
            name
            for name, entry in self.bench.instruments.items()
            if DRIVERS[entry.driver].drives and not self.resources[name].startswith("replay:")
        ]

    def _note_unsafe(self, name: str, reason: Exception) -> None:
        if name in self.driving():
            self.unsafe[name] = f"{name} ({self.resources[name]}): {reason}"


@contextlib.contextmanager
def connect(
    bench: Bench, *, double: "SimulatedProcess | None" = None, log: Path | None = None, traffic: Path | None = None,
    kept: str = "what was measured is not kept",
) -> Iterator[Rig]:  # fmt: skip
    """Connect every instrument of the bench; leave them safe on success, exception, Ctrl-C (also a second one) and SIGTERM.

    `double`: the simulated instruments to connect instead. `log`: where the guardian writes what it did, should this process
    die. `traffic`: a folder for the record of all that goes over each instrument's link, ``<name>.jsonl``
    (`links.traffic`). `kept`: what a Ctrl-C leaves of what was done, as a sentence's end. Raises BenchError when an
    instrument is absent, is in use, is another model, or has another serial number than the bench file expects; and at the
    end, in place of what ended it, when a source does not confirm that it is safe.
    """
    with contextlib.ExitStack() as stack:
        interrupts = stack.enter_context(Interrupts())
        guardian = Guardian()
        stack.callback(guardian.release)
        with _said_when_stopped("Nothing was switched on."):
            rig = _connect_all(bench, double, traffic, stack)
            guardian.watch(_wards(rig), log)
        ended: BaseException | None = None
        try:
            rig.power_up()
            yield rig
        except BaseException as error:
            ended = error
            raise
        finally:
            interrupts.shielded = True
            rig.safe()
            rig.confirm_safe()
            if rig.unsafe and double is None:
                raise _not_safe(rig.unsafe, ended)  # more urgent than what ended the run, which it tells as well
            guardian.dismiss()  # a double ends with this program: there is nothing left to guard
            if rig.unsafe:
                raise _double_failed(rig.unsafe, ended)
            _say_when_stopped(ended, f"The outputs are off; {kept}.")


def _connect_all(
    bench: Bench, double: "SimulatedProcess | None", traffic: Path | None, stack: contextlib.ExitStack
) -> Rig:
    """Every instrument of the bench, claimed, connected and checked; `stack` lets go of them."""
    resources = {
        name: entry.resource if double is None else double.resource(name) for name, entry in bench.instruments.items()
    }
    for resource in dict.fromkeys(resources.values()):
        stack.enter_context(Claim(resource))
    instruments: dict[str, Instrument] = {}
    records: list[TrafficLog] = []
    for name in bench.instruments:
        record = None if traffic is None else stack.enter_context(_recording(traffic, name))
        records += [record] if record else []
        instruments[name] = _connected(bench, name, resources[name], record, simulated=double is not None)
        stack.callback(instruments[name].close)
        _check_ranges(bench, name, instruments[name])
        _bound(bench, name, instruments[name])
    rig = Rig(bench, instruments, resources, virtual_time=double is not None and not double.paced)
    rig.traffic = records
    return rig


@contextlib.contextmanager
def _said_when_stopped(sentence: str) -> Iterator[None]:
    """Add what is true at this moment to what Ctrl-C or SIGTERM says."""
    try:
        yield
    except RunInterrupted as event:
        _say_when_stopped(event, sentence)
        raise


def _say_when_stopped(event: BaseException | None, sentence: str) -> None:
    if isinstance(event, RunInterrupted):
        say_too(event, sentence)


def _wards(rig: Rig) -> list[Ward]:
    found = []
    for name in rig.driving():
        driver, who = DRIVERS[rig.bench.instruments[name].driver], rig.instruments[name].identity
        identity = (who.maker, who.model, who.serial)
        found.append(Ward(name, rig.resources[name], driver.name, driver.safe_lines, identity))
    return found


def _not_safe(unsafe: dict[str, str], ended: BaseException | None) -> BenchError:
    return BenchError(
        f"NOT SAFE: {_sentence(unsafe)} Switch it off by hand. A guardian goes on trying in the background "
        f"and tells here and in guardian.log when it has succeeded.{_began(ended)}"
    )


def _double_failed(unsafe: dict[str, str], ended: BaseException | None) -> BenchError:
    return BenchError(
        f"The simulated bench did not answer as it should: {_sentence(unsafe)} No hardware was connected, so there is "
        f"nothing to switch off.{_began(ended)}"
    )


def _sentence(unsafe: dict[str, str]) -> str:
    return "; ".join(reason.rstrip(".") for reason in unsafe.values()) + "."


def _began(ended: BaseException | None) -> str:
    return f" It began with: {ended}" if ended is not None else ""


@contextlib.contextmanager
def _recording(folder: Path, name: str) -> Iterator[TrafficLog]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise ConfigError(f"{folder}: traffic cannot be recorded here ({reason.strerror}).") from reason
    with contextlib.closing(TrafficLog(folder / f"{name}.jsonl")) as log:
        yield log


def _connected(bench: Bench, name: str, resource: str, record: TrafficLog | None, *, simulated: bool) -> Instrument:
    entry = bench.instruments[name]
    driver = DRIVERS[entry.driver]
    try:
        instrument: Instrument = driver.connect(
            resource, name=name, serial_number=entry.serial_number or "", traffic=record
        )
    except (BenchError, ConfigError) as reason:
        absent = isinstance(reason, LinkError) and not simulated
        hint = " Is it switched on and plugged in? Without hardware, add --simulate." if absent else ""
        raise BenchError(f"{bench.path}: instruments.{name}: {reason}{hint}") from reason
    return instrument


def _bound(bench: Bench, name: str, instrument: Instrument) -> None:
    """Tell a source-meter what its leads touch stands: from now on it refuses more, whoever asks for it."""
    for where, terminals in bench.terminals.items():
        if terminals.instrument == name and isinstance(instrument, SourceMeter):
            instrument.bound(
                terminals.channel, volts=terminals.voltage, amperes=terminals.current,
                where=f'{bench.path}, [terminals."{where}"]',
            )  # fmt: skip


def _check_ranges(bench: Bench, name: str, instrument: Instrument) -> None:
    """A jumper that a hand has moved changes every current by a factor: what the bench expects must read back."""
    for port in bench.ports.values():
        if port.instrument == name and port.transconductance is None and isinstance(instrument, CurrentSource):
            found = instrument.full_scale(port.channel)
            if abs(found - port.full_scale) > 1e-3 * port.full_scale:
                raise BenchError(
                    f'{bench.path}: ports."{port.port}".full_scale: {show(port.full_scale, "A")} is expected, but channel '
                    f"{port.channel} of {name} stands at {show(found, 'A')}. Move its range jumper, or correct the file."
                )
