"""Bisection of a threshold current: trials, what they enclose, and where to try next."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """One trial: the current (A) as the source reported it, as it was measured (None if it was not), and the answer."""

    current: float
    yes: bool
    delivered: float | None = None
    delivered_error: float = 0.0


@dataclass(frozen=True)
class Bracket:
    """A threshold between two trials: `below` said no, `above` said yes; None where nothing was tried."""

    below: Trial | None
    above: Trial | None

    @classmethod
    def of(cls, trials: Iterable[Trial]) -> "Bracket":
        """The tightest bracket around the lowest yes."""
        tried = list(trials)
        above = min((t for t in tried if t.yes), key=_current, default=None)
        lower = [t for t in tried if not t.yes and (above is None or t.current < above.current)]
        return cls(max(lower, key=_current, default=None), above)

    @property
    def value(self) -> float:
        """The middle of the reported currents; NaN while one side is open."""
        return math.nan if self.below is None or self.above is None else (self.below.current + self.above.current) / 2

    @property
    def error(self) -> float:
        """Standard error of a value that lies anywhere in between."""
        if self.below is None or self.above is None:
            return math.nan
        return (self.above.current - self.below.current) / math.sqrt(12)

    @property
    def delivered(self) -> float:
        """The middle of the measured currents; NaN if they were not measured."""
        if self.below is None or self.above is None or self.below.delivered is None or self.above.delivered is None:
            return math.nan
        return (self.below.delivered + self.above.delivered) / 2

    @property
    def delivered_error(self) -> float:
        """That of the bracket and that of the sense chain."""
        if self.above is None or not math.isfinite(self.delivered):
            return math.nan
        return math.hypot(self.error, self.above.delivered_error)

    def next(self, width: float, floor: float, ceiling: float, step: float) -> float | None:
        """The current to try next: widen by twice `width` until both sides are known, then halve.

        None when the bracket is no wider than `step`, or when there is nowhere left to go.
        """
        if self.above is None:
            highest = self.below.current if self.below else floor
            return min(highest + 2 * width, ceiling) if highest < ceiling - step else None
        if self.below is None:
            lowest = self.above.current
            return max(lowest - 2 * width, floor) if lowest > floor + step else None
        wide = self.above.current - self.below.current > step
        return (self.below.current + self.above.current) / 2 if wide else None


def _current(trial: Trial) -> float:
    return trial.current
