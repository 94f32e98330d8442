"""``neurorig instruments``: who is there, which driver speaks to it, and the lines for a bench file."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from neurorig.signals.errors import ConfigError

from .options import JsonOption

if TYPE_CHECKING:
    from neurorig.instruments.discovery import Discovery, Found
    from neurorig.instruments.permissions import Trouble

HostOption = Annotated[
    tuple[str, ...],
    Parameter(name="--host", negative=(), show_default=False, help="Ask this computer or instrument on the network, too; "
              "one --host for each, perhaps with its port: 192.168.1.50:5555."),
]  # fmt: skip
AllOption = Annotated[
    bool,
    Parameter(name="--all", negative=(), show_default=False, help="Open every serial port, not only those that look like an "
              "Arduino. Opening one restarts most boards behind it."),
]  # fmt: skip
TimeoutOption = Annotated[float, Parameter(name="--timeout", help="Seconds for the whole search.")]


def instruments_command(
    *resources: Annotated[str, Parameter(help="Ask only these: tcp://192.168.1.50:5555, serial:///dev/ttyACM0, ...")],
    host: HostOption = (),
    all_: AllOption = False,
    timeout: TimeoutOption = 5.0,
    as_json: JsonOption = False,
) -> int:
    """Look for instruments on VISA, serial ports and the hosts given, all at once; nothing but *IDN? is sent."""
    discovery = searched(resources, host, all_, timeout, quiet=as_json)
    if as_json:
        document = asdict(discovery) | {"bench": discovery.bench_lines()}
        print(json.dumps(document))
        return 0
    print_discovery(discovery, asked_hosts=bool(host or resources))
    return 0


def searched(
    resources: tuple[str, ...], hosts: tuple[str, ...], everything: bool, timeout: float, *, quiet: bool
) -> "Discovery":
    """The search, with a word on standard error while it lasts."""
    from neurorig.instruments.discovery import discover

    if not 0 < timeout <= 600:
        raise ConfigError(f"--timeout {timeout:g}: say how many seconds to search, up to 600.")
    if not quiet and sys.stderr.isatty():
        print(f"Asking who is there, {timeout:g} s at most ...", end="\r", file=sys.stderr, flush=True)
    found = discover(hosts, resources=resources, everything=everything, timeout=timeout)
    if not quiet and sys.stderr.isatty():
        print("\033[K", end="", file=sys.stderr, flush=True)
    return found


def print_discovery(discovery: "Discovery", *, asked_hosts: bool, lines: bool = True) -> None:
    """Found instruments, what is in the way of others, what was left alone, and the lines for a bench file."""
    if discovery.found:
        from .tables import print_found

        print_found([_row(f) for f in discovery.found])
    else:
        print("No instrument has answered.")
    _print_troubles("In the way, or out of reach:", discovery.troubles)
    _print_troubles("Not asked:", discovery.left)
    if not asked_hosts:
        print("\nInstruments on the network are asked when they are named: neurorig instruments --host 192.168.1.50")
    for f in discovery.found:
        if not f.driver:
            print(f"\nNo driver for {_who(f)}. It can still be talked to: neurorig console {f.resource}")
    if lines and (text := discovery.bench_lines()):
        print(f"\nFor a bench file (or let it be made: neurorig bench new mybench.toml):\n\n{text}", end="")
    elif not discovery.found:
        print("Without hardware: neurorig simulate serves simulated instruments; --simulate runs a protocol on them.")


def _row(f: "Found") -> tuple[str, ...]:
    from neurorig.instruments.drivers import DRIVERS

    role = DRIVERS[f.driver].role if f.driver else ""
    also = f"\nalso {', '.join(f.also)}" if f.also else ""
    return (_who(f), f.identity.serial, f.driver or "no driver", role, f.resource + also)


def _who(f: "Found") -> str:
    return f"{f.identity.maker} {f.identity.model}".strip()


def _print_troubles(title: str, troubles: "tuple[Trouble, ...]") -> None:
    if troubles:
        print(f"\n{title}")
    for t in troubles:
        print(f"  {t.where}: {t.what}" + (f"\n      -> {t.remedy}" if t.remedy else ""))
