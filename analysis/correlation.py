"""The neural correlation function g_n(t) of a spike train: what the pair correlation function is for the atoms of a crystal."""

import math

import numpy as np
from numpy.typing import NDArray


def neural_correlation(
    times: NDArray[np.float64], longest: float, width: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probability of a spike at a lag t after a spike, Eq. (7) of Rozenberg (2023), in bins of `width` up to `longest` (s).

    Returns the lags (middles of the bins, s) and g_n, both of shape (ceil(longest / width),); the spike itself, which is
    g_n(0) = 1, is left out. A perfectly regular train has 1 at the multiples of its interval; for a Poisson train of
    rate f every bin holds f `width`. Only spikes that are followed by a record of at least `longest` count as the first
    one, so that g_n does not decay with the lag. Raises ValueError for a train shorter than `longest`.
    """
    if len(times) < 2 or not times[-1] - times[0] > longest:
        raise ValueError(f"a correlation up to {longest} s needs a longer train")
    bins = math.ceil(longest / width - 1e-9)
    edges = np.arange(bins + 1) * width
    first = times[times <= times[-1] - edges[-1]]
    found = np.zeros(bins)
    for spike in first:
        begin, end = np.searchsorted(times, [spike, spike + edges[-1]], side="right")
        found += np.histogram(times[begin:end] - spike, edges)[0]
    return (edges[1:] + edges[:-1]) / 2, found / len(first)
