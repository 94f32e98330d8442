"""Did a channel move as it should? The shift of a trace's mean between two stretches, and what it says about the wire."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurorig.signals import Trace

Answer = Literal["right", "still", "no signal", "moved", "wrong sign", "wrong size"]
"""`still`: nothing was to be seen, and nothing was. `moved`: it moved although nothing was to be seen."""

SURE = 4.0
"""Standard errors beyond which something has moved."""
STRETCHES = 5


@dataclass(frozen=True)
class Shift:
    """By how much a trace has moved, with its standard error, in the trace's unit.

    `clipped`: some samples lie at the ends of the range, and the true shift is larger. `before` is where it stood.
    """

    value: float
    error: float
    before: float = 0.0
    clipped: bool = False


def shift(trace: Trace, before: tuple[float, float], during: tuple[float, float]) -> Shift:
    """Mean of `trace` in the stretch `during` minus that `before` (s after the trigger, start and stop).

    The error adds the scatter of both means and what is left of a converter's step when there is little noise to dither
    it. Take whole periods of the mains, and its ripple leaves nothing.
    """
    first, second = standing(trace, before), standing(trace, during)
    error = math.hypot(first.error, second.error)
    return Shift(second.value - first.value, error, first.value, second.clipped)


def standing(trace: Trace, span: tuple[float, float]) -> Shift:
    """Mean of `trace` in a stretch, with its standard error. Raises ValueError where nothing was recorded.

    The error is that of the scatter, of samples or, where these are not independent, of five stretches; and what is left
    of a converter's step where there is little noise to dither it.
    """
    part = trace.between(*span)
    if not len(part):
        raise ValueError(f"{trace.name}: nothing was recorded from {span[0]} s to {span[1]} s")
    values = part.values
    scatter = float(values.std()) / math.sqrt(len(values))
    if len(values) >= STRETCHES:
        means = [float(piece.mean()) for piece in np.array_split(values, STRETCHES)]
        scatter = max(scatter, float(np.std(means, ddof=1)) / math.sqrt(STRETCHES))
    return Shift(float(values.mean()), math.hypot(scatter, _undithered(part)), 0.0, _at_an_end(part))


def swing(trace: Trace, during: tuple[float, float]) -> Shift:
    """Highest minus lowest value of `trace` in a stretch: how high the spikes are, whenever they come."""
    part = trace.between(*during)
    low, high = float(part.values.min()), float(part.values.max())
    return Shift(high - low, 3 * abs(trace.scale), low, _at_an_end(part))


def judge(expected: float, found: Shift, factor: float) -> Answer:
    """Compare what was found with what was expected (same unit); right within a `factor` of more or less."""
    visible = abs(expected) > SURE * found.error
    if abs(found.value) <= SURE * found.error:
        return "no signal" if visible else "still"
    if not visible:
        # A little more than nothing where a little less than visible was expected is no surprise.
        return "still" if abs(found.value - expected) <= 2 * SURE * found.error else "moved"
    if found.value * expected < 0:
        return "wrong sign"
    ratio = found.value / expected
    spread = SURE * found.error / abs(expected)
    return "right" if 1 / factor - spread <= ratio <= factor + spread else "wrong size"


def _undithered(trace: Trace) -> float:
    """Half a step is never wrong by more than a step's 1 / sqrt(12); noise makes it less, and does not make it nothing."""
    scatter = float(trace.values.std()) if len(trace) else 0.0
    step = abs(trace.scale)
    return step / math.sqrt(12) * (0.2 if scatter > step / 3 else 1.0)


def _at_an_end(trace: Trace) -> bool:
    if not trace.clipped or not len(trace):
        return False
    ends = np.iinfo(trace.samples.dtype)
    return bool(trace.samples.min() == ends.min or trace.samples.max() == ends.max)
