"""Means over bins: how a slow current is read from an 8-bit trace full of noise and ripple."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import Trace

from .measure import Measure


@dataclass(frozen=True, eq=False)
class Binned:
    """Bin means of the trace `name`: `times` are the bin centres in s, `values` and `errors` in the trace's unit.

    `clipped` marks the bins that hold samples at the ends of the digitiser's range; all of shape (n,).
    """

    name: str
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    clipped: NDArray[np.bool_]
    unit: str

    def __len__(self) -> int:
        return len(self.times)

    def between(self, start: float, stop: float) -> "Binned":
        """The bins whose centres lie in [start, stop)."""
        keep = slice(*np.searchsorted(self.times, [start, stop]))
        return replace(
            self, times=self.times[keep], values=self.values[keep], errors=self.errors[keep], clipped=self.clipped[keep]
        )

    def minus(self, zero: float) -> "Binned":
        """The same with `zero` subtracted."""
        return replace(self, values=self.values - zero)

    @property
    def beyond(self) -> str:
        """Why these means are no measurement: samples at the ends of the digitiser's range; empty if there are none."""
        return beyond_range(self.name) if self.clipped.any() else ""


def beyond_range(node: str) -> str:
    """The reason for a number that is not given because its samples were clipped, and what to do about it."""
    return f'beyond the oscilloscope\'s range on this bench: widen low/high of [nodes."{node}"]'


def mean_level(trace: Trace) -> Measure:
    """Mean of a whole trace with the error of its sense chain; no number where there are no samples or clipped ones.

    The noise of single samples averages out; their resolution does not, without noise that dithers it.
    """
    if len(trace) == 0:
        return Measure.missing(trace.unit, "not recorded")
    if _at_the_ends(trace, trace.samples.reshape(1, -1)).any():
        return Measure.missing(trace.unit, beyond_range(trace.name))
    error = math.hypot(trace.shared_error, trace.noise / math.sqrt(len(trace)))
    return Measure(float(trace.samples.mean()) * trace.scale + trace.offset, error, trace.unit)


def _at_the_ends(trace: Trace, blocks: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which rows of `blocks` hold samples at the ends of the range; `trace.clipped` says whether any can."""
    if not trace.clipped:
        return np.zeros(len(blocks), np.bool_)
    ends = np.iinfo(trace.samples.dtype)
    return np.asarray((blocks.min(axis=1) == ends.min) | (blocks.max(axis=1) == ends.max), np.bool_)


def bin_means(trace: Trace, width: float = 0.02) -> Binned:
    """Means of `trace` over bins of `width` seconds (what remains at the end is dropped).

    The error of a mean is the scatter inside the bin over sqrt(n), and the converter's step / sqrt(12): that averages
    out as well only where the scatter is large enough to dither it (half a step).
    """
    size = max(1, round(width / trace.dt))
    n = len(trace) // size
    if n == 0:
        return Binned(trace.name, np.empty(0), np.empty(0), np.empty(0), np.empty(0, np.bool_), trace.unit)
    blocks = trace.samples[: n * size].reshape(n, size)
    mean = blocks.mean(axis=1)
    scatter = blocks.std(axis=1)
    step = np.where(scatter < 0.5, 1.0, 1.0 / math.sqrt(size)) / math.sqrt(12)
    errors = np.hypot(scatter / math.sqrt(size), step) * trace.scale
    times = trace.t0 + trace.dt * (size * np.arange(n, dtype=np.float64) + (size - 1) / 2)
    clipped = _at_the_ends(trace, blocks)
    return Binned(trace.name, times, mean * trace.scale + trace.offset, errors, clipped, trace.unit)
