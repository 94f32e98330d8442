"""`Trace`: a measurement as the digitiser delivered it, integers with their scale, never a bare array."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

LOOKED_AT = 50_000
"""Samples from which the noise of a trace is told."""
COUNTED, MEAN_OF_THEM = 0.8, 0.5581
"""Which part of the second differences is looked at, the smallest ones, and their mean in standard deviations."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Uniformly sampled record of one node.

    Sample k was taken at ``t0 + k dt`` seconds after the trigger and means ``samples[k] * scale + offset`` in `unit`.
    `error` is the standard uncertainty of one sample in `unit` (quantisation, noise and calibration of the sense chain).
    `clipped` counts samples at the ends of the digitiser's range.
    """

    name: str
    samples: NDArray[np.integer]
    scale: float
    offset: float
    unit: str
    t0: float
    dt: float
    error: float = 0.0
    clipped: int = 0

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def rate(self) -> float:
        """Samples per second."""
        return 1.0 / self.dt

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) * self.dt

    @property
    def times(self) -> NDArray[np.float64]:
        """Sample times in seconds after the trigger, shape (n,)."""
        return np.asarray(self.t0 + self.dt * np.arange(len(self.samples)), dtype=np.float64)

    @property
    def values(self) -> NDArray[np.float64]:
        """Values in `unit`, shape (n,)."""
        return np.asarray(self.samples * self.scale + self.offset, dtype=np.float64)

    @cached_property
    def noise(self) -> float:
        """Standard deviation of the noise of one sample, in `unit`: what neighbours differ by beyond a straight line.

        Spikes are few and do not count. What is below a third of the converter's step cannot be told: its resolution says
        it all. Told from the first samples only, so parts of a trace may differ a little.
        """
        if len(self) < 3:
            return 0.0
        samples = self.samples[:LOOKED_AT].astype(np.float64)
        second = np.sort(np.abs(samples[2:] - 2 * samples[1:-1] + samples[:-2]))
        smallest = second[: max(1, round(COUNTED * len(second)))]
        return float(smallest.mean()) / (MEAN_OF_THEM * 6**0.5) * abs(self.scale)

    @property
    def shared_error(self) -> float:
        """What of `error` no averaging takes away: resolution and calibration, without the noise of single samples."""
        return math.sqrt(max(self.error**2 - self.noise**2, 0.0))

    def code(self, value: float) -> float:
        """The (fractional) sample value that stands for `value`: thresholds are compared without converting the trace."""
        return (value - self.offset) / self.scale

    def between(self, start: float, stop: float) -> "Trace":
        """The part with start <= t < stop, without copying."""
        first = max(0, int(np.ceil((start - self.t0) / self.dt - 1e-9)))
        last = max(first, min(len(self.samples), int(np.ceil((stop - self.t0) / self.dt - 1e-9))))
        return replace(self, samples=self.samples[first:last], t0=self.t0 + first * self.dt)
