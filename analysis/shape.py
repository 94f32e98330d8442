"""The shape of a spike: how fast V_ap decays after its jump."""

import numpy as np

from neurorig.signals import Trace

from .decay import fit_tau
from .measure import Measure
from .spikes import SpikeTrain

_HIGH, _LOW = 0.92, 0.15
"""Fractions of the peak between which the decay is exponential: above, the jump; below, the thyristor lets go."""

_BINS = 40


def spike_decay(trace: Trace, train: SpikeTrain, *, most: int = 200) -> Measure:
    """Time constant (s) of V_ap after a spike, averaged over the first `most` spikes.

    Each spike is used from 92 to 15 % of its peak. There V_ap decays with R_a C_m (Wu 2025, Fig. 4(a)) towards R_a
    I_in, which is small but not zero and therefore fitted too. NaN, with the reason, if the sampling leaves too
    little of the flank.
    """
    times, peaks = train.times[:most], train.peaks[:most]
    reach = round(1e-3 / trace.dt)
    first = np.ceil((times - trace.t0) / trace.dt).astype(np.int64)
    whole = first + reach < len(trace)
    if not whole.any():
        return Measure.missing("s", "no spikes")
    index = first[whole, None] + np.arange(reach)
    relative = (trace.samples[index] * trace.scale + trace.offset) / peaks[whole, None]
    # Only until the trace has once fallen below, so that the next spike does not count.
    used = (np.minimum.accumulate(relative, axis=1) > _LOW) & (relative < _HIGH)
    age, height = (trace.t0 + trace.dt * index - times[whole, None])[used], relative[used]
    if len(age) < 2 * _BINS:
        return Measure.missing("s", f"only {len(age)} samples on the decaying flanks")
    order = np.argsort(age)
    mean_age = np.array([part.mean() for part in np.array_split(age[order], _BINS)])
    mean = np.array([part.mean() for part in np.array_split(height[order], _BINS)])
    found = fit_tau(mean, lambda tau: np.column_stack([np.exp(-mean_age / tau), np.ones(_BINS)]), 2e-5, 2e-3)
    if found is None:
        return Measure.missing("s", "the flank of the spikes is not an exponential")
    return Measure(*found, "s", f"over {whole.sum()} spikes")
