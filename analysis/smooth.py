"""Means over bins: how a slow current is read from an 8-bit trace full of noise and ripple."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import Trace


@dataclass(frozen=True, eq=False)
class Binned:
    """Bin means of a trace: `times` are the bin centres in s, `values` and `errors` in the trace's unit, shape (n,)."""

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    unit: str

    def __len__(self) -> int:
        return len(self.times)

    def between(self, start: float, stop: float) -> "Binned":
        """The bins whose centres lie in [start, stop)."""
        keep = slice(*np.searchsorted(self.times, [start, stop]))
        return Binned(self.times[keep], self.values[keep], self.errors[keep], self.unit)

    def minus(self, zero: float) -> "Binned":
        """The same with `zero` subtracted."""
        return Binned(self.times, self.values - zero, self.errors, self.unit)


def bin_means(trace: Trace, width: float = 0.02) -> Binned:
    """Means of `trace` over bins of `width` seconds (what remains at the end is dropped).

    The error of a mean is the scatter inside the bin over sqrt(n), and the converter's step / sqrt(12): that averages
    out as well only where the scatter is large enough to dither it (half a step).
    """
    size = max(1, round(width / trace.dt))
    n = len(trace) // size
    if n == 0:
        return Binned(np.empty(0), np.empty(0), np.empty(0), trace.unit)
    blocks = trace.samples[: n * size].reshape(n, size)
    mean = blocks.mean(axis=1)
    scatter = blocks.std(axis=1)
    step = np.where(scatter < 0.5, 1.0, 1.0 / math.sqrt(size)) / math.sqrt(12)
    errors = np.hypot(scatter / math.sqrt(size), step) * trace.scale
    times = trace.t0 + trace.dt * (size * np.arange(n, dtype=np.float64) + (size - 1) / 2)
    return Binned(times, mean * trace.scale + trace.offset, errors, trace.unit)
