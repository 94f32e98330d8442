"""Any quantity of a bursting neuron on a uniform grid, from the log."""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

import numpy as np

from ..compiled import kernel
from ..layout import Floats, Log
from .layout import L_1, L_2, LEVEL, NOISE, PHASE, RATE_1, RATE_2, SAG, V_1, V_2, V_L, Cell, V
from .motion import find_modes, gone


@kernel
def sample(cell: Cell, log: Log, kind: int, t0: float, dt: float, first: int, out: Floats) -> None:
    """Write V (kind `V`), V_L or the delivered current (`LEVEL`) at t0 + (first + k) dt.

    A value belongs to the last event strictly before it.
    """
    rows = log.size[0]
    modes = np.zeros(6)
    row = -1
    following = max(0, int(np.searchsorted(log.time[:rows], t0 + first * dt)) - 1)
    for k in range(out.shape[0]):
        moment = t0 + (first + k) * dt
        while following + 1 < rows and log.time[following + 1] < moment:
            following += 1
        if row != following:
            row = following
            find_modes(cell, log.codes[row, PHASE], log.values[row], modes)
        x = log.values[row]
        since = max(0.0, moment - log.time[row])
        e_1, e_2 = gone(modes[RATE_1], since), gone(modes[RATE_2], since)
        volts = x[V] + modes[V_1] * e_1 + modes[V_2] * e_2
        if kind == V:
            out[k] = volts
        elif kind == V_L:
            out[k] = x[V_L] + modes[L_1] * e_1 + modes[L_2] * e_2
        else:
            out[k] = x[LEVEL] - cell.number[SAG] * max(x[LEVEL], 0.0) * volts + x[NOISE]
