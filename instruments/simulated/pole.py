"""One pole: how a probe, an amplifier or an input smooths what it sees. In plain numpy: importing a filter takes longer than
an instrument may take to answer."""

import math

import numpy as np
from numpy.typing import NDArray

FORGOTTEN = 20.0
"""Time constants after which what was before counts for nothing (2e-9)."""
VISIBLE = 1e-3
"""Decay from one sample to the next below which a record does not show the pole."""


def decay_of(bandwidth: float, dt: float) -> float:
    """What is left after `dt` seconds of what was, behind a pole at `bandwidth` Hz."""
    return math.exp(-2 * math.pi * bandwidth * dt)


def smooth(volts: NDArray[np.float64], decay: float, before: float) -> NDArray[np.float64]:
    """``y[k] = decay y[k-1] + (1 - decay) volts[k]`` with ``y[-1] = before``; shape (n,)."""
    n = len(volts)
    length = min(n, math.ceil(FORGOTTEN / -math.log(decay)))
    if length == 0:
        return volts
    blocks = -(-n // length)
    padded = np.zeros(blocks * length)
    padded[:n] = volts
    fading = decay ** np.arange(1, length + 1)
    within: NDArray[np.float64] = (1 - decay) * np.cumsum(padded.reshape(blocks, length) / fading, axis=1) * fading
    # A block begins where the one before it ended; of what was before that one, nothing is left.
    within[0] += before * fading
    if blocks > 1:
        within[1:] += within[:-1, -1:] * fading
    return within.reshape(-1)[:n]
