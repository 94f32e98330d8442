"""What a source-meter is asked to do, and what it gives back: setups, staircases, pulses, readings. Plain data, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Quantity = Literal["V", "A"]


@dataclass(frozen=True)
class SourceSetup:
    """How one channel of a source-meter sources and measures.

    It sources volts or amperes (`source`), limits the other quantity to `compliance`, and measures the other quantity
    (and its own output). A range of None is left to the instrument (auto); a fixed one is the full scale in SI units.
    """

    source: Quantity
    compliance: float
    source_range: float | None = None
    measure_range: float | None = None
    nplc: float = 1.0
    """Measuring time in periods of the mains."""
    wires: Literal[2, 4] = 2

    @property
    def measures(self) -> Quantity:
        """The quantity that is measured and limited."""
        return "A" if self.source == "V" else "V"


@dataclass(frozen=True)
class Staircase:
    """Levels on the instrument's own timer: each is held for `dwell` seconds and measured at the end of it."""

    levels: tuple[float, ...]
    dwell: float


@dataclass(frozen=True)
class Pulses:
    """Pulses on the instrument's own timer: each level for `width` seconds, then `base` for `gap` seconds.

    With `read`, a read pulse of that level and `read_width` follows each pulse, measured at its end, and `base` for
    `gap` once more; without it the pulse itself is measured at its end.
    """

    levels: tuple[float, ...]
    width: float
    gap: float
    base: float = 0.0
    read: float | None = None
    read_width: float = 0.0

    @property
    def all_levels(self) -> tuple[float, ...]:
        """Everything that is ever put out."""
        return (*self.levels, self.base, *(() if self.read is None else (self.read,)))


Train = Staircase | Pulses


def levels_of(train: Train) -> tuple[float, ...]:
    """Everything that a train ever puts out."""
    return train.levels if isinstance(train, Staircase) else train.all_levels


@dataclass(frozen=True)
class Readings:
    """What a source-meter measured; one row a measurement, all arrays of shape (n,).

    `times`: seconds since the first measurement, by the instrument's clock. `levels`: what it was told to source at that
    moment. `volts`, `amperes`: what it measured or reports of its own output. `limited`: it was in compliance, so it did
    not deliver `levels`. Compliance is data: an analysis says whether it wants such rows.
    """

    times: NDArray[np.float64]
    levels: NDArray[np.float64]
    volts: NDArray[np.float64]
    amperes: NDArray[np.float64]
    limited: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.times)

    @classmethod
    def of(cls, rows: Sequence[tuple[float, float, float, float, bool]]) -> "Readings":
        """From rows of (time, level, volts, amperes, limited)."""
        times, levels, volts, amperes = (np.array([row[k] for row in rows], float) for k in range(4))
        return cls(times, levels, volts, amperes, np.array([row[4] for row in rows], bool))
