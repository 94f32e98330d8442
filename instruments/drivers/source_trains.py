"""Trains of a source-meter as steps, and how far one has come."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ..sourcing import Pulses, Staircase, Train


@dataclass(frozen=True)
class Step:
    """One level of a train, held for `seconds`, measured at its end or not."""

    level: float
    seconds: float
    measured: bool


def period_of(train: Train) -> list[Step]:
    """The steps of one period of a train, the first with its first level."""
    if isinstance(train, Staircase):
        return [Step(train.levels[0], train.dwell, True)]
    rest = Step(train.base, train.gap, False)
    pulse = Step(train.levels[0], train.width, train.read is None)
    if train.read is None:
        return [pulse, rest]
    return [pulse, rest, Step(train.read, train.read_width, True), rest]


def levels_in_order(train: Train) -> list[float]:
    """Every level of a train in the order in which it is put out."""
    others = [step.level for step in period_of(train)[1:]]
    return [level for first in train.levels for level in (first, *others)]


def measured_levels(train: Train) -> NDArray[np.float64]:
    """The level at each measurement of a train; shape (number of levels,)."""
    read = train.read if isinstance(train, Pulses) else None
    return np.array(train.levels) if read is None else np.full(len(train.levels), read)


class Progress(Enum):
    """How far a train has come."""

    LOADED = "loaded"
    STARTED = "started"
    COMPLETE = "complete"


@dataclass
class Loaded:
    """A train in an instrument, and the level to which it returns at its end (V or A)."""

    train: Train
    level: float
    progress: Progress = Progress.LOADED

    @property
    def period(self) -> float:
        """Seconds from one measurement to the next."""
        return sum(step.seconds for step in period_of(self.train))

    @property
    def seconds(self) -> float:
        """How long it runs."""
        return self.period * len(self.train.levels)
