"""What every two-terminal device offers to whatever holds it: a source-meter, a test, a figure."""

import math
from typing import NamedTuple, Protocol

from neurorig.signals import LimitError, show


class Reading(NamedTuple):
    """What a source-meter sees at the terminals at the end of an interval."""

    volts: float
    amperes: float
    limited: bool
    """The compliance holds the source back from the level that was asked for."""


class TwoTerminal(Protocol):
    """A device under test that keeps a state. A source holds one level for some seconds; the state moves along.

    An interval may be cut into pieces: the state after the last piece is that after the whole. Zero seconds look without
    touching. `seed` decides all that is random about the device.
    """

    seed: int

    def apply(self, volts: float, seconds: float, *, compliance: float = math.inf) -> Reading:
        """Hold `volts` at the terminals for `seconds`, with no more than `compliance` amperes either way.

        Raises LimitError, and leaves the device as it was, for what the device or its model does not stand.
        """
        ...

    def force(self, amperes: float, seconds: float, *, compliance: float) -> Reading:
        """Force `amperes` for `seconds`, with no more than `compliance` volts either way. Raises LimitError."""
        ...


def check_source(level: float, unit: str, seconds: float, compliance: float) -> None:
    """Raise LimitError for a level, an interval or a compliance that no source has."""
    if not math.isfinite(level):
        raise LimitError(f"A source cannot hold {show(level, unit)}: give a finite level.")
    if not (math.isfinite(seconds) and seconds >= 0.0):
        raise LimitError(f"An interval of {show(seconds, 's')}: give a finite time of 0 s or more.")
    if not compliance > 0.0:
        other = "A" if unit == "V" else "V"
        raise LimitError(f"A compliance of {show(compliance, other)}: give more than 0 {other}.")
