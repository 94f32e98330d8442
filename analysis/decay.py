"""Time constants: the tau for which a linear model fits best, without a general fitting routine.

Given tau, the decays met here are linear in what else is unknown. So tau is scanned on a logarithmic grid, the rest
is solved exactly, and a parabola through the best three points gives tau between them and its error.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Columns = Callable[[float], NDArray[np.float64]]


def fit_tau(values: NDArray[np.float64], columns: Columns, low: float, high: float) -> tuple[float, float] | None:
    """Return tau and its standard error for ``values = columns(tau) @ coefficients``, least squares.

    `columns(tau)` has the shape (n, k); tau is looked for between `low` and `high`. None if the best one lies at
    either end.
    """
    taus = np.geomspace(low, high, 300)
    misfits = np.array([_misfit(columns(tau), values) for tau in taus])
    k = int(misfits.argmin())
    if k in (0, len(taus) - 1):
        return None
    a, b, c = misfits[k - 1 : k + 2]
    bend = a - 2 * b + c
    step = math.log(taus[1] / taus[0])
    unknowns = columns(taus[k]).shape[1] + 1
    variance = b / max(1, len(values) - unknowns)
    tau = float(taus[k]) * math.exp(0.5 * step * (a - c) / bend)
    return tau, tau * step * math.sqrt(2 * variance / bend)


def _misfit(columns: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Sum of squared residuals of the best linear combination of the columns."""
    coefficients = np.linalg.lstsq(columns, values, rcond=None)[0]
    return float(((values - columns @ coefficients) ** 2).sum())
