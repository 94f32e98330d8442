"""Trains of a Keysight B2900A: one list of levels on one timer, the measurements on another, both started together."""

import math
from dataclasses import dataclass

from neurorig.signals import PlanError, show

from ..sourcing import Pulses, Staircase, Train
from .source_trains import levels_in_order, period_of

LIST = 2500
"""Most levels of a list (SCPI Command Reference 4-105)."""
MOST_LEVELS = LIST - 1
"""Of a train: the last one of a list is the level to return to, so that the level before it lasts as long as the others."""
SHORTEST_STEP = 20e-6
"""Seconds between two triggers of a timer, at least (data sheet; 10 us for the B2911A and B2912A)."""
_DIGITS = 6


@dataclass(frozen=True)
class Schedule:
    """What the instrument is told of a train; times in seconds.

    `levels`: the list, a new one every `interval`. With `width` each is a pulse of that width upon the present level.
    A measurement ends `first` after the start, then every `every`, `count` times.
    """

    levels: tuple[float, ...]
    interval: float
    first: float
    every: float
    count: int
    width: float | None = None


def timed(seconds: float) -> float:
    """The nearest time that its timers count: six digits, whole microseconds at the finest."""
    if not (math.isfinite(seconds) and seconds > 0):
        return seconds
    digits = min(6, _DIGITS - 1 - math.floor(math.log10(seconds)))
    return round(seconds, digits)


def schedule_of(where: str, train: Train) -> Schedule:
    """How a train is told. Raises PlanError, naming what would fit, when its times do not go on one timer."""
    if isinstance(train, Staircase):
        # A dwell that is rounded changes by less than 5e-6 of itself; the timer is good to 50 ppm (data sheet).
        dwell = timed(train.dwell)
        return Schedule(train.levels, dwell, dwell, dwell, len(train.levels))
    fitting = _on_a_time_step(train) or _as_pulses(train)
    if fitting is None:
        raise PlanError(f"{where}: {_why_not(train)}")
    return fitting


def _micros(train: Pulses) -> list[int] | None:
    """The times of one period in microseconds; None when they are no whole ones, or the timer does not count them."""
    period = period_of(train)
    micros = [round(step.seconds * 1e6) for step in period]
    exact = all(math.isclose(m * 1e-6, s.seconds, rel_tol=1e-9) for m, s in zip(micros, period, strict=True))
    return micros if exact and _counted(math.gcd(*micros) * 1e-6) and _counted(sum(micros) * 1e-6) else None


def _on_a_time_step(train: Pulses) -> Schedule | None:
    """Every level of a train as often as a common time step goes into it; None when that does not fit."""
    if (micros := _micros(train)) is None:
        return None
    step, whole = math.gcd(*micros), sum(micros)
    if step < SHORTEST_STEP * 1e6 or whole // step * len(train.levels) > MOST_LEVELS:
        return None
    times = [m // step for m in micros] * len(train.levels)
    levels = tuple(level for level, n in zip(levels_in_order(train), times, strict=True) for _ in range(n))
    return Schedule(levels, step * 1e-6, _end_of_measured(train), whole * 1e-6, len(train.levels))


def _as_pulses(train: Pulses) -> Schedule | None:
    """The instrument's own pulses, which all have one width; None when the train's have not."""
    interval = train.width + train.gap
    pulses = 1 if train.read is None else 2
    if train.read is not None and not math.isclose(train.read_width, train.width, rel_tol=1e-9):
        return None
    if not all(_counted(seconds) for seconds in (train.width, interval, pulses * interval)):
        return None
    levels = tuple(level for first in train.levels for level in (first, train.read)[:pulses] if level is not None)
    return Schedule(
        levels, interval, _end_of_measured(train), pulses * interval, len(train.levels), width=timed(train.width)
    )


def _end_of_measured(train: Pulses) -> float:
    """When the first measurement ends."""
    return train.width if train.read is None else train.width + train.gap + train.read_width


def _counted(seconds: float) -> bool:
    return math.isclose(timed(seconds), seconds, rel_tol=1e-9)


def _why_not(train: Pulses) -> str:
    equal = "" if train.read is None else " Or take read_width = width: its own pulses all have one width."
    if (micros := _micros(train)) is None:
        times = ", ".join(sorted({show(step.seconds, "s") for step in period_of(train)}))
        return (
            f"its timers count whole microseconds, with {_DIGITS} digits, and the times of these pulses ({times}), or all of "
            f"them together, are no such times. Round them.{equal}"
        )
    step, each = math.gcd(*micros), sum(micros) // math.gcd(*micros)
    longest = f"the longest step that goes into all times of these pulses is {show(step * 1e-6, 's')}"
    if step < SHORTEST_STEP * 1e6:
        return (
            f"{longest}; its timer needs {show(SHORTEST_STEP, 's')} or more. Make the times multiples of that.{equal}"
        )
    fitting = MOST_LEVELS // each
    few = f"{fitting} of these pulses fit at once" if fitting else "not even one of these pulses fits"
    return (
        f"{longest}, which makes {each * len(train.levels)} levels; its list holds {MOST_LEVELS}: {few}. "
        f"Make the times multiples of a longer step.{equal}"
    )
