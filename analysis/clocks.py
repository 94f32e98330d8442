"""Two clocks, one TTL: where the edges of the source's SYNC OUT lie in the digitiser's time says how the clocks differ.

An Arduino's ceramic resonator may be off by 0.5 %, a scope's time base by some 25 ppm; spikes that one of them stamped and
currents that the other recorded are laid over each other by this.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurorig.signals import Trace

TOLERANCE = 0.01
"""Relative error of a source's clock that is believed: twice that of a ceramic resonator."""
SLACK = 5e-3
"""Seconds that the marker may lie beside the digitiser's trigger."""


@dataclass(frozen=True)
class Edges:
    """Edges of a logic level: times in seconds after the trigger and whether they rise, shape (n,); one time's standard error."""

    times: NDArray[np.float64]
    rising: NDArray[np.bool_]
    error: float


@dataclass(frozen=True)
class Alignment:
    """The source's clock on the digitiser's: ``t = offset + t_source * (1 + ppm * 1e-6)``, with standard errors.

    Of one edge only the offset is known: `ppm` and `ppm_error` are None then. `edges` is how many were used.
    """

    offset: float
    offset_error: float
    ppm: float | None
    ppm_error: float | None
    edges: int

    def to_source(self, times: ArrayLike) -> NDArray[np.float64]:
        """Digitiser's times as times of the source's clock (s, any shape)."""
        return (np.asarray(times, float) - self.offset) / (1.0 + 1e-6 * (self.ppm or 0.0))

    def to_digitiser(self, times: ArrayLike) -> NDArray[np.float64]:
        """The source's times as times of the digitiser (s, any shape)."""
        return self.offset + np.asarray(times, float) * (1.0 + 1e-6 * (self.ppm or 0.0))


def marker_edges(trace: Trace, level: float) -> Edges:
    """Where a logic signal crosses `level` (in the trace's unit): midway between the samples before and after.

    The error is that of a time known to one sample, ``dt / sqrt(12)``.
    """
    high = trace.samples >= trace.code(level)
    at = np.flatnonzero(high[1:] != high[:-1])
    times = np.asarray(trace.t0 + trace.dt * (at + 0.5), dtype=np.float64)
    return Edges(times, high[at + 1], trace.dt / math.sqrt(12.0))


def align(found: Edges, rising: Sequence[float], falling: Sequence[float] = ()) -> Alignment | None:
    """Lay the edges that the source made, at `rising` and `falling` seconds of its own clock, over those that were seen.

    Each takes the nearest edge of its direction, if it lies within 1 % and 5 ms of where it should; a straight
    line is fitted. None when no edge was seen.
    """
    pairs = [
        pair
        for direction, times in ((True, rising), (False, falling))
        for expected in times
        if (pair := _pair(found, expected, direction)) is not None
    ]
    if not pairs:
        return None
    expected, seen = np.array(pairs).T
    if len(pairs) == 1 or np.ptp(expected) == 0.0:
        return Alignment(float(seen[0] - expected[0]), found.error, None, None, 1)
    centre = expected.mean()
    spread = float(((expected - centre) ** 2).sum())
    slope = float(((expected - centre) * (seen - seen.mean())).sum()) / spread
    offset_error = found.error * math.sqrt(1.0 / len(pairs) + centre**2 / spread)
    return Alignment(
        offset=float(seen.mean() - slope * centre),
        offset_error=offset_error,
        ppm=1e6 * (slope - 1.0),
        ppm_error=1e6 * found.error / math.sqrt(spread),
        edges=len(pairs),
    )


def _pair(found: Edges, expected: float, rising: bool) -> tuple[float, float] | None:
    candidates = found.times[found.rising == rising]
    if not len(candidates):
        return None
    nearest = float(candidates[np.abs(candidates - expected).argmin()])
    return (expected, nearest) if abs(nearest - expected) <= SLACK + TOLERANCE * abs(expected) else None
