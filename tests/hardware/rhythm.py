"""Reading the rhythm of spikes."""

import numpy as np


def rate(times):
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0


def bursts(times, gap=0.05):
    """Begins and ends (s) of runs of spikes closer than `gap`, and the spikes in each."""
    cuts = np.flatnonzero(np.diff(times) > gap)
    begins, ends = np.append(times[:1], times[cuts + 1]), np.append(times[cuts], times[-1:])
    return begins, ends, np.diff(np.concatenate([[-1], cuts, [len(times) - 1]]))
