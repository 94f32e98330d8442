"""Spikes in a V_ap trace: its integer samples against two levels, with dead time and sub-sample interpolation.

The spike of these boards is a 2 V jump within a few microseconds that decays over some 200 us. Threshold crossings
without hysteresis count its noisy flank several times over; here a crossing counts only after the trace has fallen
below a second, lower level since the last one, and not within the refractory time.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import Trace

REFRACTORY = 0.4e-3
"""Seconds. The fastest spiking of these boards has a period of 0.53 ms (Wu 2023, Fig. 5)."""

MIN_HEIGHT = 0.3
"""Volts. Spikes are 1.1 to 2.9 V high over a population of devices; below threshold V_ap stays under 0.1 V."""

_BLOCKS = 2048
_SUBSAMPLE = 40_000
_NOISE_HEIGHTS = 12.0


@dataclass(frozen=True)
class Thresholds:
    """Levels in the trace's unit: a spike fires when `fire` is crossed upwards, the next one counts only after `rearm`.

    `base` is the level between spikes, `noise` the standard deviation there, `height` the typical height of a spike
    above `base` (NaN when nothing stands out, and then `fire` is infinite).
    """

    fire: float
    rearm: float
    base: float
    noise: float
    height: float


@dataclass(frozen=True, eq=False)
class SpikeTrain:
    """Spike times in seconds after the trigger, shape (n,), increasing.

    The trace they were seen in lasted from `start` to `stop`. `time_error` is the standard error of one time in
    seconds; `peaks` are the highest samples in the trace's unit, shape (n,).
    """

    times: NDArray[np.float64]
    time_error: float
    start: float
    stop: float
    thresholds: Thresholds
    peaks: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times)

    def between(self, start: float, stop: float) -> "SpikeTrain":
        """The spikes with start <= t < stop."""
        first, last = np.searchsorted(self.times, [start, stop])
        return replace(
            self,
            times=self.times[first:last],
            peaks=self.peaks[first:last],
            start=max(start, self.start),
            stop=min(stop, self.stop),
        )

    def count(self, start: float, stop: float) -> int:
        """Number of spikes with start <= t < stop."""
        first, last = np.searchsorted(self.times, [start, stop])
        return int(last - first)


def detect(
    trace: Trace,
    *,
    thresholds: Thresholds | None = None,
    refractory: float = REFRACTORY,
    min_height: float = MIN_HEIGHT,
) -> SpikeTrain:
    """Find the spikes of `trace`; a silent trace gives an empty train.

    Thresholds come from the trace itself (`choose_thresholds`) unless given. The time of a spike is the linearly
    interpolated upward crossing of `thresholds.fire`. Its error is one sample interval / sqrt(12), because the jump is
    faster than the interval, in quadrature with what the noise does to the crossing.
    Raises ValueError if the trace is inverted (negative scale).
    """
    if trace.scale <= 0:
        raise ValueError(f"{trace.name}: spikes are looked for upwards, but this trace has the scale {trace.scale:g}")
    levels = thresholds or choose_thresholds(trace, min_height=min_height)
    fire = trace.code(levels.fire)
    if len(trace) == 0 or fire > np.iinfo(trace.samples.dtype).max:
        return SpikeTrain(np.empty(0), 0.0, trace.t0, trace.t0 + trace.duration, levels, np.empty(0))
    dead = max(1, round(refractory / trace.dt))
    positions, peaks, jumps = _scan(trace.samples, fire, trace.code(levels.rearm), dead)
    jitter = levels.noise / (float(np.median(jumps)) * trace.scale) if len(jumps) else 0.0
    return SpikeTrain(
        times=trace.t0 + trace.dt * positions,
        time_error=trace.dt * math.hypot(1 / math.sqrt(12), jitter),
        start=trace.t0,
        stop=trace.t0 + trace.duration,
        thresholds=levels,
        peaks=peaks * trace.scale + trace.offset,
    )


def choose_thresholds(trace: Trace, *, min_height: float = MIN_HEIGHT) -> Thresholds:
    """Choose levels from the trace: half and a quarter of the typical spike height above the level between spikes.

    The level between spikes is the median and the noise 1.48 times the median absolute deviation of a subsample (at
    least that of the quantisation). The trace is cut into blocks; those whose maximum rises above the base by
    `min_height`, by 12 noise deviations and by 4 converter steps contain spikes, and the median of their maxima is
    the typical peak: one large artefact does not move it, one single spike is enough, and noise never reaches half of
    it.
    """
    nothing = Thresholds(math.inf, math.inf, math.nan, math.nan, math.nan)
    if len(trace) == 0:
        return nothing
    some = trace.samples[:: max(1, len(trace) // _SUBSAMPLE)].astype(np.float64)
    base = float(np.median(some))
    noise = max(1.4826 * float(np.median(np.abs(some - base))), 1 / math.sqrt(12))
    tops = _block_maxima(trace.samples).astype(np.float64) - base
    tall = tops[tops >= max(min_height / trace.scale, _NOISE_HEIGHTS * noise, 4.0)]
    quiet = replace(nothing, base=base * trace.scale + trace.offset, noise=noise * trace.scale)
    if len(tall) == 0:
        return quiet
    height = float(np.median(tall)) * trace.scale
    return replace(quiet, fire=quiet.base + height / 2, rearm=quiet.base + height / 4, height=height)


def _block_maxima(samples: NDArray[np.integer]) -> NDArray[np.integer]:
    size = max(1, len(samples) // _BLOCKS)
    whole = len(samples) // size * size
    tops = samples[:whole].reshape(-1, size).max(axis=1)
    return np.append(tops, samples[whole:].max()) if whole < len(samples) else tops


def _scan(
    samples: NDArray[np.integer], fire: float, rearm: float, dead: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Crossings of `fire` in sample counts, the peak codes, and the jump in codes at each crossing.

    Whole-array comparisons in the samples' own integer type: as fast as a compiled loop, with nothing to compile.
    """
    high, low = samples >= _code(samples, fire), samples < _code(samples, rearm)
    rises = np.flatnonzero(high[1:] > high[:-1]) + 1
    armed = np.flatnonzero(low[1:] > low[:-1]) + 1
    if low[0]:
        armed = np.append(0, armed)
    # Rises with the same number of armings before them had none in between: only the first of them is a spike.
    before = np.searchsorted(armed, rises)
    kept = rises[(before > 0) & (np.diff(before, prepend=0) > 0)]
    kept = _after_dead_time(kept, dead)
    previous = samples[kept - 1].astype(np.float64)
    jumps = samples[kept] - previous
    ends = np.append(armed, len(samples))[np.searchsorted(armed, kept)]
    peaks = np.array([samples[k:end].max() for k, end in zip(kept, ends, strict=True)], np.float64)
    return kept - 1 + (fire - previous) / jumps, peaks, jumps


def _code(samples: NDArray[np.integer], level: float) -> np.integer:
    """The lowest code at or above `level`, as near as the samples' own type has it: comparing converts nothing then."""
    limits = np.iinfo(samples.dtype)
    return samples.dtype.type(min(max(math.ceil(level), limits.min), limits.max))


def _after_dead_time(crossings: NDArray[np.int64], dead: int) -> NDArray[np.int64]:
    """Leave out every crossing that follows the last one kept by less than `dead` samples."""
    if np.all(np.diff(crossings) >= dead):
        return crossings
    kept = [int(crossings[0])]
    for k in crossings[1:]:
        if k - kept[-1] >= dead:
            kept.append(int(k))
    return np.array(kept)
