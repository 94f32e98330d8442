"""``neurorig console``: talk to one instrument, line by line, as a person or from a script."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from neurorig.signals.errors import ConfigError, nearest

if TYPE_CHECKING:
    from neurorig.instruments.drivers import DriverEntry
    from neurorig.instruments.links import Link
    from neurorig.instruments.roles import Identity

    from .talk import Talk

PATIENCE = 4.0
"""Seconds to wait for the first answer: a board that was restarted by opening its port is deaf for up to 3."""


def console_command(
    resource: Annotated[
        str, Parameter(help="Its address: tcp://192.168.1.50:5555, serial:///dev/ttyACM0, a VISA resource.")
    ],
    /,
    *,
    driver: Annotated[
        str | None, Parameter(show_default=False, help="Take it for the instrument of this driver.")
    ] = None,
    baud: Annotated[int | None, Parameter(show_default=False, help="Rate of a serial port.")] = None,
    timeout: Annotated[float, Parameter(help="Seconds to wait for an answer; .timeout changes it.")] = 5.0,
) -> int:
    """Send lines to an instrument and show its answers; .help says what else there is. Ctrl-C cancels a question, Ctrl-D ends.

    Lines may be piped in: answers then go to standard output, everything else to standard error; the exit code is 5 when the
    instrument had an error to report.
    """
    from neurorig.instruments.claim import Claim

    from .talk import Talk

    entry = _entry(driver)
    if timeout <= 0:
        raise ConfigError(f"--timeout {timeout:g}: seconds, more than 0.")
    interactive = sys.stdin is not None and sys.stdin.isatty()
    with Claim(resource):
        link, identity = _opened(resource, entry, baud)
        with link:
            link.timeout = timeout
            talk = Talk(link, entry, identity, interactive=interactive)
            talk.welcome()
            if interactive:
                _by_hand(talk)
            else:
                _from_pipe(talk)
            talk.farewell()
    return 5 if talk.failed and not interactive else 0


def _entry(driver: str | None) -> "DriverEntry | None":
    if driver is None:
        return None
    from neurorig.instruments.drivers import DRIVERS

    if driver not in DRIVERS:
        raise ConfigError(f"--driver {driver}: there is no such driver.{nearest(driver, DRIVERS)}")
    return DRIVERS[driver]


def _opened(resource: str, entry: "DriverEntry | None", baud: int | None) -> "tuple[Link, Identity | None]":
    """The open link, and who is there. A serial port is tried at one rate after the other until somebody answers."""
    from neurorig.instruments.identify import ask, serial_rates
    from neurorig.instruments.links import open_link

    rates = [baud] if baud else [entry.baud] if entry else serial_rates()
    if not resource.startswith("serial://") or "baud=" in resource:
        rates = rates[:1]
    for k, rate in enumerate(rates):
        link = open_link(resource, baud=rate, timeout=PATIENCE)
        identity = ask(link, time.monotonic() + (PATIENCE if k == 0 else 1.0))
        if identity is not None or k == len(rates) - 1:
            return link, identity
        link.close()
    raise AssertionError("there is always a rate")


def _by_hand(talk: "Talk") -> None:
    """Prompt by prompt until Ctrl-D or .quit, with the lines of earlier sessions behind the arrow keys."""
    history = _history()
    try:
        while True:
            try:
                line = input(talk.prompt)
            except KeyboardInterrupt:
                print()
                continue
            except EOFError:
                print()
                break
            try:
                if not talk.take(line):
                    break
            except KeyboardInterrupt:
                talk.cancelled()
    finally:
        _keep(history)


def _from_pipe(talk: "Talk") -> None:
    for line in sys.stdin or ():
        if not talk.take(line.rstrip("\r\n")):
            break


def _history() -> Path | None:
    """The file of the lines typed before, read; None where there is no line editor or no such folder can be made."""
    try:
        import readline

        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        file = state / "neurorig" / "console_history"
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        readline.set_history_length(1000)
        if file.exists():
            readline.read_history_file(file)
    except (ImportError, OSError, RuntimeError):
        return None
    return file


def _keep(history: Path | None) -> None:
    if history is not None:
        import readline

        try:
            readline.write_history_file(history)
        except OSError as reason:
            print(f"The history could not be kept: {reason}", file=sys.stderr)
