"""Bursts of a spike train: runs of spikes closer than a gap, their begin, end, count and period, and how two trains share time.

The gap is the only choice. Inside a burst of these boards intervals grow from 5 to 20 ms, between bursts they last
0.2 to 1 s (Wu 2025, Figs 13 to 16): the two classes are an order of magnitude apart, and any gap between them gives the
same bursts. `choose_gap` puts it into the middle (logarithmically) of the widest void of the intervals, which holds as
well when a figure draws one spike in five.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

CONTRAST = 2.0
"""A train has bursts when intervals on both sides of the widest void differ by this factor; less is a drifting rate."""

SPIKES = 3
"""Fewer spikes in a row are no burst: a pair has no rate that could be compared with that of its surroundings."""


@dataclass(frozen=True, eq=False)
class Bursts:
    """Bursts in time order, arrays of shape (n,): first and last spike (s) and the number of `spikes`.

    `whole` is False where the record began or ended less than `gap` away, so that spikes may be missing. `gap` (s) is
    the interval that separates two bursts, infinite for a train without bursts.
    """

    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    spikes: NDArray[np.int64]
    whole: NDArray[np.bool_]
    gap: float

    def __len__(self) -> int:
        return len(self.begin)

    @property
    def duration(self) -> NDArray[np.float64]:
        """From the first to the last spike, s; shape (n,)."""
        return self.end - self.begin

    @property
    def period(self) -> NDArray[np.float64]:
        """From the begin of each burst to that of the next, s; shape (n,), NaN for the last."""
        return np.append(np.diff(self.begin), np.nan)[: len(self)]


def choose_gap(times: NDArray[np.float64]) -> float:
    """Interval (s) that separates bursts in the increasing spike `times` (s); infinite when there are no two classes.

    The geometric middle of the widest void between neighbouring values of the sorted intervals, on a logarithmic scale;
    a void of less than `CONTRAST` separates nothing.
    """
    intervals = np.sort(np.diff(times))
    if len(intervals) < 2:
        return math.inf
    ratio = intervals[1:] / intervals[:-1]
    widest = int(np.argmax(ratio))
    return float(np.sqrt(intervals[widest] * intervals[widest + 1])) if ratio[widest] >= CONTRAST else math.inf


def find_bursts(
    times: NDArray[np.float64], *, gap: float | None = None, start: float = -math.inf, stop: float = math.inf
) -> Bursts:
    """Cut increasing spike `times` (s, shape (n,)) into bursts wherever an interval exceeds `gap` (s, chosen if not given).

    `start` and `stop` are the ends of the record; spikes outside it are ignored. Runs of fewer than `SPIKES` spikes are
    left out, and a tonic train has no bursts. Raises ValueError for times that do not increase or a gap that is not
    positive.
    """
    inside = times[(times >= start) & (times <= stop)]
    if np.any(np.diff(inside) <= 0.0):
        raise ValueError("spike times have to increase")
    apart = choose_gap(inside) if gap is None else gap
    if not apart > 0.0:
        raise ValueError(f"a gap of {gap} s separates no bursts")
    cuts = np.flatnonzero(np.diff(inside) > apart)
    first = np.append(0, cuts + 1) if len(cuts) else np.empty(0, np.int64)
    last = np.append(cuts, len(inside) - 1) if len(cuts) else np.empty(0, np.int64)
    spikes = last - first + 1
    first, last, spikes = first[spikes >= SPIKES], last[spikes >= SPIKES], spikes[spikes >= SPIKES]
    begin, end = inside[first], inside[last]
    return Bursts(begin, end, spikes, (begin - start > apart) & (stop - end > apart), apart)


def burst_table(bursts: Bursts) -> "pd.DataFrame":
    """One row per burst: ``begin_s``, ``end_s``, ``spikes``, ``duration_s``, ``period_s`` (to the next), ``whole``."""
    import pandas as pd  # heavy, and only tables need it

    return pd.DataFrame(
        {
            "begin_s": bursts.begin,
            "end_s": bursts.end,
            "spikes": bursts.spikes,
            "duration_s": bursts.duration,
            "period_s": bursts.period,
            "whole": bursts.whole,
        }
    )


def overlap(one: Bursts, other: Bursts) -> float:
    """Time (s) during which both trains are in a burst."""
    late = np.maximum(one.begin[:, None], other.begin[None, :])
    early = np.minimum(one.end[:, None], other.end[None, :])
    return float(np.clip(early - late, 0.0, None).sum())


def phase(times: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Phase, 0 to 1, of each of `times` within the interval of the increasing `reference` times in which it lies.

    Times (s) outside the reference train have none and are left out. Raises ValueError for fewer than two reference
    times.
    """
    if len(reference) < 2:
        raise ValueError("a phase needs at least two reference times")
    inside = times[(times >= reference[0]) & (times < reference[-1])]
    before = np.searchsorted(reference, inside, side="right") - 1
    where: NDArray[np.float64] = (inside - reference[before]) / (reference[before + 1] - reference[before])
    return where
