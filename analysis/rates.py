"""Rates of a spike train: intervals, instantaneous and mean rate with their errors, and how irregular it is."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .measure import Measure
from .spikes import SpikeTrain

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Rate:
    """Instantaneous rate 1/ISI: `times` (s) are the middles of the intervals, `rate` and `error` in Hz; shape (n,)."""

    times: NDArray[np.float64]
    rate: NDArray[np.float64]
    error: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times)


def isi(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inter-spike intervals in seconds, shape (n - 1,)."""
    return np.diff(times)


def instantaneous_rate(train: SpikeTrain) -> Rate:
    """Rate f = 1/ISI in the middle of each interval; its error is sqrt(2) f^2 times the error of one spike time."""
    rate = 1.0 / np.diff(train.times)
    return Rate((train.times[1:] + train.times[:-1]) / 2, rate, math.sqrt(2) * train.time_error * rate**2)


def mean_rate(train: SpikeTrain, start: float, stop: float) -> Measure:
    """Mean rate in Hz over the whole intervals whose middles lie in [start, stop).

    The error joins the timing error with the scatter of the intervals about their straight trend (a slow drift of the
    rate is not an error of its mean). Fewer than two spikes give NaN and the reason.
    """
    return _trend(train, start, stop)[0]


def drift(train: SpikeTrain, start: float, stop: float) -> Measure:
    """Slope of the instantaneous rate in Hz/s over [start, stop), least squares; NaN with fewer than four intervals."""
    return _trend(train, start, stop)[1]


def _trend(train: SpikeTrain, start: float, stop: float) -> tuple[Measure, Measure]:
    """Mean rate and its slope."""
    rate = instantaneous_rate(train)
    inside = (rate.times >= start) & (rate.times < stop)
    n = int(inside.sum())
    if n == 0:
        found = train.count(start, stop)
        why = f"{found} spike{'' if found == 1 else 's'} between {start:.3f} and {stop:.3f} s"
        return Measure.missing("Hz", why), Measure.missing("Hz/s", why)
    times, values = rate.times[inside], rate.rate[inside]
    span = float((1.0 / values).sum())
    mean = n / span
    timing = math.sqrt(2) * train.time_error * mean / span
    if n < 4:
        return Measure(mean, timing, "Hz"), Measure.missing("Hz/s", f"{n} intervals")
    offset = times - times.mean()
    spread = float((offset**2).sum())
    slope = float((offset * values).sum()) / spread
    scatter = math.sqrt(float(((values - values.mean() - slope * offset) ** 2).sum()) / (n - 2))
    error = math.hypot(timing, scatter / math.sqrt(n))
    return Measure(mean, error, "Hz"), Measure(slope, scatter / math.sqrt(spread), "Hz/s")


def cv(times: NDArray[np.float64]) -> float:
    """Coefficient of variation of the intervals, sd/mean; NaN with fewer than three spikes."""
    intervals = np.diff(times)
    return float(intervals.std(ddof=1) / intervals.mean()) if len(intervals) > 1 else math.nan


def cv2(times: NDArray[np.float64]) -> float:
    """Local irregularity <2|a - b|/(a + b)> of neighbouring intervals (Holt 1996); NaN with fewer than three spikes."""
    a, b = np.diff(times)[:-1], np.diff(times)[1:]
    return float(np.mean(2 * np.abs(a - b) / (a + b))) if len(a) else math.nan


def rate_table(train: SpikeTrain) -> "pd.DataFrame":
    """One row per interval: ``time_s`` (its middle), ``isi_s``, ``rate_hz``, ``rate_error_hz``."""
    import pandas as pd  # heavy, and only tables need it

    rate = instantaneous_rate(train)
    return pd.DataFrame(
        {"time_s": rate.times, "isi_s": 1.0 / rate.rate, "rate_hz": rate.rate, "rate_error_hz": rate.error}
    )
