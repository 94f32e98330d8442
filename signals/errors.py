"""Base errors: one clear paragraph each for the person at the bench, and the exit code the command line leaves with."""

import difflib
from collections.abc import Iterable
from pathlib import Path


class NeurorigError(Exception):
    """Anything neurorig refuses or fails to do; the message says which thing, which value, which limit, what to do."""

    exit_code = 1
    run: Path | None = None
    """The folder of the run that it ended, where one was kept."""


class ConfigError(NeurorigError):
    """A board, bench or protocol description is wrong: names the file and the key."""

    exit_code = 2


class LimitError(NeurorigError):
    """A value lies outside a limit; raised before any output is enabled, never clipped."""

    exit_code = 3


class PlanError(NeurorigError):
    """The measurement does not fit the instruments; the message lists the alternatives."""

    exit_code = 4


class BenchError(NeurorigError):
    """The bench is not what its file says: absent, another model, a port in use, a limit that does not read back."""

    exit_code = 5


class InstrumentError(BenchError):
    """An instrument reported an error of its own."""


class LinkError(BenchError):
    """A transaction failed. `partial` holds what had arrived until then."""

    def __init__(self, message: str, partial: bytes = b"") -> None:
        super().__init__(message)
        self.partial = partial


class RecordError(NeurorigError):
    """A run folder cannot be written or read."""

    exit_code = 6


class RunInterrupted(KeyboardInterrupt):
    """The person or the system stopped the run; outputs are safe and everything measured is kept.

    An event, not a fault: as a KeyboardInterrupt it passes every ``except Exception`` that deals with faults.
    """

    exit_code = 130
    run: Path | None = None
    """The folder of the run that it ended, where one was kept."""


def say_too(event: BaseException, sentence: str) -> None:
    """Add a sentence to what an error or an interruption says."""
    event.args = (f"{event} {sentence}".strip(), *event.args[1:])


def nearest(wrong: str, known: Iterable[str]) -> str:
    """Give ``" Did you mean 'x'?"`` for the known name closest to `wrong`, or the list of known names."""
    names = sorted(known)
    plain = {name.lower(): name for name in names}
    close = difflib.get_close_matches(wrong.lower(), plain, n=1, cutoff=0.5)
    if close:
        return f" Did you mean '{plain[close[0]]}'?"
    return f" Known: {', '.join(names)}." if names else ""
