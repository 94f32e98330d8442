"""Closed form of the two voltages between events, and the first time at which the thyristor's voltage meets a level.

With the current J = a + b u through the thyristor, u = V - V_L, the circuit is linear (time-matter Fig. 4a, Wu 2023):

    C V' = I (1 - sag V) - g V - J        C_L V_L' = J - V_L / R_L        (sag for I > 0 only)

In the coordinates sqrt(C) V, sqrt(C_L) V_L its matrix is symmetric: two real decay rates, orthogonal modes, and every
quantity is x(t) = x + x_1 E(rate_1, t) + x_2 E(rate_2, t) with E = (1 - exp(-rate t)) / rate. Nothing overshoots twice.
"""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import exp, expm1, inf, log, sqrt

from ..compiled import helper
from ..layout import Floats
from .layout import (
    AMPERES,
    C_LOAD,
    C_M,
    G_LOAD,
    G_M,
    HOLD,
    L_1,
    L_2,
    LEVEL,
    NOISE,
    RATE_1,
    RATE_2,
    SAG,
    SIEMENS,
    V_1,
    V_2,
    V_L,
    Cell,
    V,
)

SETTLED = 45.0  # time constants after which nothing changes any more: exp(-45) is below the rounding of 1
LEAST = 4e-16  # relative distance between a root and the time that counts as it


@helper
def find_modes(cell: Cell, phase: int, x: Floats, modes: Floats) -> None:
    """Write rates (1/s) and slopes (V/s) of the motion that starts at the state `x`."""
    p = cell.number
    drawn = p[G_M] + p[SAG] * max(x[LEVEL], 0.0)  # S, beside C
    into = x[LEVEL] + x[NOISE] - drawn * x[V]
    if phase == HOLD:  # V stands still and the thyristor carries all that comes in
        modes[:] = 0.0
        modes[RATE_2], modes[L_2] = p[G_LOAD] / p[C_LOAD], (into - p[G_LOAD] * x[V_L]) / p[C_LOAD]
        return
    b, c, c_load = cell.piece[phase, SIEMENS], p[C_M], p[C_LOAD]
    through = cell.piece[phase, AMPERES] + b * (x[V] - x[V_L])
    a_1, a_2, mix = (b + drawn) / c, (b + p[G_LOAD]) / c_load, -b / sqrt(c * c_load)
    tangent = 0.0  # of the rotation to the modes (Jacobi)
    if mix != 0.0:
        ratio = (a_2 - a_1) / (2.0 * mix)
        tangent = (1.0 if ratio >= 0.0 else -1.0) / (abs(ratio) + sqrt(1.0 + ratio * ratio))
    cosine = 1.0 / sqrt(1.0 + tangent * tangent)
    sine = tangent * cosine
    rate_1, rate_2 = a_1 - tangent * mix, a_2 + tangent * mix
    product = (b * drawn + b * p[G_LOAD] + drawn * p[G_LOAD]) / (c * c_load)
    if rate_1 > rate_2:  # the smaller rate without cancellation
        rate_2 = product / rate_1
    else:
        rate_1 = product / rate_2
    y_1 = (into - through) / sqrt(c)
    y_2 = (through - p[G_LOAD] * x[V_L]) / sqrt(c_load)
    k_1, k_2 = cosine * y_1 - sine * y_2, sine * y_1 + cosine * y_2
    modes[RATE_1], modes[RATE_2] = rate_1, rate_2
    modes[V_1], modes[V_2] = cosine * k_1 / sqrt(c), sine * k_2 / sqrt(c)
    modes[L_1], modes[L_2] = -sine * k_1 / sqrt(c_load), cosine * k_2 / sqrt(c_load)


@helper
def gone(rate: float, t: float) -> float:
    """E = (1 - exp(-rate t)) / rate, which is t for a rate of 0."""
    if rate * t < 1e-300:
        return t
    return -expm1(-rate * t) / rate


@helper
def run(gap: float, k_1: float, rate_1: float, k_2: float, rate_2: float, t: float) -> float:
    """gap + k_1 E(rate_1, t) + k_2 E(rate_2, t)."""
    value: float = gap + k_1 * gone(rate_1, t) + k_2 * gone(rate_2, t)
    return value


@helper
def meet(gap: float, k_1: float, rate_1: float, k_2: float, rate_2: float) -> float:
    """First t at which `run` comes up to 0, or to 0 at once if it is there and rising; inf if it never does.

    Its slope changes sign at most once, so it is looked at in its one or two monotonous pieces: nothing is missed. At
    0 and falling is what a rounding leaves of who has just come down through 0.
    """
    if gap >= 0.0 and k_1 + k_2 > 0.0:
        return 0.0
    if gap == -inf:
        return inf
    if rate_1 < rate_2:
        rate_1, rate_2, k_1, k_2 = rate_2, rate_1, k_2, k_1
    elif rate_1 == rate_2:
        k_1, k_2 = 0.0, k_1 + k_2
    turn = 0.0  # where the slope k_1 exp(-rate_1 t) + k_2 exp(-rate_2 t) changes its sign
    if k_1 * k_2 < 0.0 and abs(k_1) > abs(k_2) and rate_1 > rate_2:
        turn = log(-k_1 / k_2) / (rate_1 - rate_2)
    if turn == 0.0 or k_1 < 0.0:
        if run(gap, k_1, rate_1, k_2, rate_2, turn) >= 0.0:
            return turn or inf
        return climb(gap, k_1, rate_1, k_2, rate_2, turn)
    if run(gap, k_1, rate_1, k_2, rate_2, turn) < 0.0:  # up, then down for good
        return inf
    return root(gap, k_1, rate_1, k_2, rate_2, 0.0, turn)


@helper
def climb(gap: float, k_1: float, rate_1: float, k_2: float, rate_2: float, start: float) -> float:
    """The same from `start` on, since when it goes one way; rate_1 is not the smaller one."""
    late, slowest = (k_2, rate_2) if k_2 != 0.0 else (k_1, rate_1)
    wide = 1.0 / rate_1 if rate_1 > 0.0 else 1.0
    while late > 0.0 and wide < 1e200:
        if run(gap, k_1, rate_1, k_2, rate_2, start + wide) >= 0.0:
            return root(gap, k_1, rate_1, k_2, rate_2, start, start + wide)
        if slowest * wide > SETTLED:
            break
        wide *= 2.0
    return inf


@helper
def root(gap: float, k_1: float, rate_1: float, k_2: float, rate_2: float, low: float, high: float) -> float:
    """The only zero in [low, high]: Newton's method, kept inside a bracket that shrinks with every step."""
    t = low
    for _ in range(200):
        value = run(gap, k_1, rate_1, k_2, rate_2, t)
        if value >= 0.0:
            high = t
        else:
            low = t
        slope = k_1 * exp(-rate_1 * t) + k_2 * exp(-rate_2 * t)
        new = t - value / slope if slope > 0.0 else inf
        if not low < new < high:
            if abs(new - t) <= LEAST * t:
                return t
            new = 0.5 * (low + high)
        if abs(new - t) <= LEAST * new:
            return new
        t = new
    return high
