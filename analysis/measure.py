"""`Measure`: one number with its standard error, its unit, and what has to be said about it."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A measured quantity in SI units. A value that could not be measured is NaN and its note says why."""

    value: float
    error: float
    unit: str
    note: str = ""

    @classmethod
    def missing(cls, unit: str, why: str) -> "Measure":
        """Say that the quantity could not be measured, and why."""
        return cls(math.nan, math.nan, unit, why)

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return math.isfinite(self.value)
