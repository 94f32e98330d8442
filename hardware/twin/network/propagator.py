"""The exact step of a membrane with its pools, and where a crossing lies within it.

A membrane v' = push - rate v + wave + sum of x, and its pools x' = c + d - B x, d' = -A d, are linear: a step of any
length is a weighted sum with coefficients that depend on the length and the rates only. Neurons that are alike and were
left at the same time take the same step, so the coefficients of the last one are kept.
"""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import exp, floor, inf, pi, sin

from ..compiled import helper
from ..lanes import chi, phi, reach, settled
from ..layout import ANGLE, CAPACITANCE, DOWN, FREQUENCY, NOTHING, RIPPLE, UP, Floats, Wave
from .layout import (
    DT,
    FADE,
    FADE_A,
    FADE_B,
    GAIN,
    SPAN_RATE,
    TRY,
    V_C,
    V_D,
    V_X,
    X_C,
    X_D,
    A,
    B,
    C,
    D,
    Net,
    Tables,
    X,
)

ROUNDING = 1e-13  # a speed that is smaller than this part of its terms counts as none, as in the exact engine
SHORTEST = 1e-13  # s; within it no crossing is looked for any more


@helper
def tune(net: Net, tables: Tables, use: int, gear: int, rate: float, dt: float) -> None:
    """Have the coefficients of `gear` for a step of `dt` in the tables."""
    span = tables.span[use, gear]
    if span[DT] == dt and span[SPAN_RATE] == rate:
        return
    span[DT], span[SPAN_RATE] = dt, rate
    span[FADE], span[GAIN] = exp(-rate * dt), phi(0.0, rate, dt)
    for k in range(net.cell_at[gear], net.cell_at[gear + 1]):
        a, b = net.cells[k, A], net.cells[k, B]
        cell = tables.cell[use, k]
        cell[FADE_A], cell[FADE_B] = exp(-a * dt), exp(-b * dt)
        cell[X_C], cell[X_D] = phi(0.0, b, dt), phi(a, b, dt)
        cell[V_X], cell[V_C], cell[V_D] = phi(b, rate, dt), chi(0.0, b, rate, dt), chi(a, b, rate, dt)


@helper
def wave_at(net: Net, i: int, moment: float) -> Wave:
    """What the mains add to dV/dt of neuron i, as a wave that is counted from `moment`."""
    p = net.neuron[i]
    turns = p[FREQUENCY] * moment
    return p[RIPPLE] / p[CAPACITANCE], 2.0 * pi * p[FREQUENCY], 2.0 * pi * (turns - floor(turns)) + p[ANGLE]


@helper
def glide(
    net: Net, tables: Tables, use: int, gear: int, v: float, push: float, wave: Wave, pools: Floats, after: Floats
) -> float:
    """The membrane at the end of the step that is tuned in; its pools go to `after`, which may be `pools`."""
    span = tables.span[use, gear]
    value = span[FADE] * v + span[GAIN] * push
    if wave[0] != 0.0:
        value += settled(wave, span[SPAN_RATE], span[DT]) - span[FADE] * settled(wave, span[SPAN_RATE], 0.0)
    first = net.cell_at[gear]
    for k in range(pools.shape[0]):
        cell = tables.cell[use, first + k]
        x, c, d = pools[k, X], pools[k, C], pools[k, D]
        value += cell[V_X] * x + cell[V_C] * c + cell[V_D] * d
        after[k, X] = cell[FADE_B] * x + cell[X_C] * c + cell[X_D] * d
        after[k, C] = c
        after[k, D] = cell[FADE_A] * d
    return value


@helper
def total(pools: Floats) -> float:
    """What the pools add to dV/dt."""
    drive = 0.0
    for k in range(pools.shape[0]):
        drive += pools[k, X]
    return drive


@helper
def stray(net: Net, gear: int, wave: Wave, pools: Floats, after: Floats, dt: float) -> tuple[float, float]:
    """How far the drive can fall and rise within a step of `dt` that takes `pools` to `after`."""
    up = abs(wave[0]) * wave[1] * dt
    down = -up
    first = net.cell_at[gear]
    for k in range(pools.shape[0]):
        x, c, d, later = pools[k, X], pools[k, C], pools[k, D], after[k, D]
        fading = net.cells[first + k, B] * x
        up += max(0.0, c + max(d, later) - fading) * dt
        down += min(0.0, c + min(d, later) - fading) * dt
    return down, up


@helper
def first_exit(
    net: Net, tables: Tables, gear: int, rate: float, v: float, push: float, wave: Wave, pools: Floats,
    low: float, high: float, dt: float,
) -> tuple[float, int]:  # fmt: skip
    """When a driven membrane leaves (low, high) within `dt`, and by which side. It may use up `pools`.

    A window in which the drive stays within bounds is harmless if the membrane cannot cross under either of them, and
    is decided by its end if the membrane moves one way under both; else it is cut. So no grazing crossing is missed.
    """
    after = tables.scratch[1, : pools.shape[0]]
    size, omega, angle = wave
    t, window = 0.0, dt
    while True:
        rest = dt - t
        if window >= rest:
            window = rest
        here = (size, omega, angle + omega * t)
        tune(net, tables, TRY, gear, rate, window)
        end = glide(net, tables, TRY, gear, v, push, here, pools, after)
        down, up = stray(net, gear, here, pools, after, window)
        drive = push + total(pools) + (size * sin(here[2]) if size != 0.0 else 0.0)
        above, below = drive - rate * high, rate * low - drive  # speeds out of the range, if the drive stays
        may_rise = high < 1e200 and above + up > ROUNDING * (abs(drive) + abs(rate * high))
        may_fall = low > -1e200 and below - down > ROUNDING * (abs(drive) + abs(rate * low))
        must_rise = may_rise and above + down > ROUNDING * (abs(drive) + abs(rate * high))
        must_fall = may_fall and below - up > ROUNDING * (abs(drive) + abs(rate * low))
        if must_rise:
            if end >= high:
                return t + crossing(net, tables, gear, rate, v, push, here, pools, after, high, 1.0, window), UP
        elif must_fall:
            if end <= low:
                return t + crossing(net, tables, gear, rate, v, push, here, pools, after, low, -1.0, window), DOWN
        elif may_rise or may_fall:
            slack = (up - down) * phi(0.0, rate, window)
            safe = (not may_rise or max(v, end + slack) < high) and (not may_fall or min(v, end - slack) > low)
            if not safe and window > SHORTEST:
                window *= 0.25
                continue
        if window == rest:
            return inf, NOTHING
        v = end
        pools[:] = after
        t += window
        window *= 4.0


@helper
def crossing(
    net: Net, tables: Tables, gear: int, rate: float, v: float, push: float, wave: Wave, pools: Floats, after: Floats,
    level: float, side: float, dt: float,
) -> float:  # fmt: skip
    """When a membrane that moves one way reaches `level` within `dt`: Newton's method, kept inside by bisection."""
    if (v - level) * side >= 0.0:
        return 0.0
    size, omega, angle = wave
    ripple = size * sin(angle) if size != 0.0 else 0.0
    first, last = 0.0, dt
    t = min(dt, reach(v, level, side, rate, push + total(pools) + ripple))
    for _ in range(60):
        tune(net, tables, TRY, gear, rate, t)
        value = glide(net, tables, TRY, gear, v, push, wave, pools, after)
        gap = (level - value) * side
        if gap > 0.0:
            first = t
        else:
            last = t
        ripple = size * sin(omega * t + angle) if size != 0.0 else 0.0
        better = t + gap / ((push + total(after) + ripple - rate * value) * side)
        if not first <= better <= last:
            better = 0.5 * (first + last)
        if abs(better - t) <= 1e-9 * dt or last - first <= 1e-18:
            return better
        t = better
    return t
