"""The exact step of a membrane with its pools, and where a crossing lies within it.

A membrane v' = push - rate v + wave + sum of x, and its pools x' = c + d - B x, d' = -A d, are linear: a step of any
length is a weighted sum with coefficients that depend on the length and the rates only. Neurons that are alike and were
left at the same time take the same step, so the coefficients of the last one are kept.
"""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import exp, inf, sin

from ..compiled import helper, routine
from ..crossing import reach
from ..lanes import chi, phi, settled
from ..layout import DOWN, NOTHING, UP, Floats, Wave
from .layout import (
    CELL_WIDTH,
    CELLS,
    D_NEXT,
    DT,
    FADE,
    FADE_A,
    FADE_B,
    GAIN,
    POOL_WIDTH,
    STEP_RATE,
    V_C,
    V_D,
    V_X,
    X_C,
    X_D,
    X_NEXT,
    C,
    D,
    X,
)

ROUNDING = 1e-13  # a speed that is smaller than this part of its terms counts as none, as in the exact engine
APART = 1e-3  # rates that differ by more than this part of them: differences of their responses are good enough
PRECISE = 1e-16  # s
SHORTEST = 1e-13  # s; within it no crossing is looked for any more


@helper
def tune(step: Floats, rates: Floats, count: int, rate: float, dt: float) -> None:
    """Have the coefficients for a step of `dt` in the table row `step`."""
    if step[DT] != dt or step[STEP_RATE] != rate:
        retune(step, rates, count, rate, dt)


@routine
def retune(step: Floats, rates: Floats, count: int, rate: float, dt: float) -> None:
    """Compute the coefficients."""
    own = exp(-rate * dt)
    step[DT], step[STEP_RATE], step[FADE], step[GAIN] = dt, rate, own, phi(0.0, rate, 1.0, own, dt)
    for k in range(count):
        a, b = rates[2 * k], rates[2 * k + 1]
        e_a, e_b = exp(-a * dt), exp(-b * dt)
        cell = step[CELLS + CELL_WIDTH * k : CELLS + CELL_WIDTH * (k + 1)]
        cell[FADE_A], cell[FADE_B] = e_a, e_b
        cell[X_C], cell[X_D], cell[V_X] = phi(0.0, b, 1.0, e_b, dt), phi(a, b, e_a, e_b, dt), phi(b, rate, e_b, own, dt)
        if abs(rate - a) > APART * (rate + a) and abs(rate - b) > APART * (rate + b):
            cell[V_C], cell[V_D] = (cell[X_C] - step[GAIN]) / (rate - b), (cell[X_D] - cell[V_X]) / (rate - a)
        else:
            cell[V_C], cell[V_D] = chi(0.0, b, rate, 1.0, e_b, own, dt), chi(a, b, rate, e_a, e_b, own, dt)


@helper
def glide(step: Floats, count: int, v: float, push: float, wave: Wave, pools: Floats) -> float:
    """The membrane after the step; x and d of its pools then go to their next ones."""
    value: float = step[FADE] * v + step[GAIN] * push
    if wave[0] != 0.0:
        value += settled(wave, step[STEP_RATE], step[DT]) - step[FADE] * settled(wave, step[STEP_RATE], 0.0)
    for k in range(count):
        at, cell = POOL_WIDTH * k, CELLS + CELL_WIDTH * k
        x, c, d = pools[at + X], pools[at + C], pools[at + D]
        value += step[cell + V_X] * x + step[cell + V_C] * c + step[cell + V_D] * d
        pools[at + X_NEXT] = step[cell + FADE_B] * x + step[cell + X_C] * c + step[cell + X_D] * d
        pools[at + D_NEXT] = step[cell + FADE_A] * d
    return value


@helper
def settle(count: int, pools: Floats) -> None:
    """Pools are where they were going."""
    for k in range(count):
        at = POOL_WIDTH * k
        pools[at + X], pools[at + D] = pools[at + X_NEXT], pools[at + D_NEXT]


@helper
def total(count: int, pools: Floats, column: int) -> float:
    """What the pools add to dV/dt, now (column X) or after the step (X_NEXT)."""
    drive = 0.0
    for k in range(count):
        drive += pools[POOL_WIDTH * k + column]
    return drive


@helper
def stray(rates: Floats, count: int, wave: Wave, pools: Floats, dt: float) -> tuple[float, float]:
    """How far the drive can fall and rise within the step of `dt` that was glided last."""
    up = abs(wave[0]) * wave[1] * dt
    down = -up
    for k in range(count):
        at = POOL_WIDTH * k
        c, d, later = pools[at + C], pools[at + D], pools[at + D_NEXT]
        fading = rates[2 * k + 1] * pools[at + X]
        up += max(0.0, c + max(d, later) - fading) * dt
        down += min(0.0, c + min(d, later) - fading) * dt
    return down, up


@routine
def first_exit(
    step: Floats, rates: Floats, count: int, rate: float, v: float, push: float, wave: Wave, pools: Floats,
    low: float, high: float, dt: float,
) -> tuple[float, int]:  # fmt: skip
    """When a driven membrane leaves (low, high) within `dt`, and by which side. It uses up `step` and `pools`.

    A window in which the drive stays within bounds is harmless if the membrane cannot cross under either of them, and
    is decided by its end if the membrane moves one way under both; else it is cut. So no grazing crossing is missed.
    """
    size, omega, angle = wave
    t, window = 0.0, dt
    while True:
        rest = dt - t
        window = min(rest, window)
        here = (size, omega, angle + omega * t)
        tune(step, rates, count, rate, window)
        end = glide(step, count, v, push, here, pools)
        down, up = stray(rates, count, here, pools, window)
        drive = push + total(count, pools, X) + (size * sin(here[2]) if size != 0.0 else 0.0)
        above, below = drive - rate * high, rate * low - drive  # speeds out of the range, if the drive stays
        may_rise = high < 1e200 and above + up > ROUNDING * (abs(drive) + abs(rate * high))
        may_fall = low > -1e200 and below - down > ROUNDING * (abs(drive) + abs(rate * low))
        must_rise = may_rise and above + down > ROUNDING * (abs(drive) + abs(rate * high))
        must_fall = may_fall and below - up > ROUNDING * (abs(drive) + abs(rate * low))
        if must_rise:
            if end >= high:
                return t + crossing(step, rates, count, rate, v, push, here, pools, high, 1.0, window, up - down), UP
        elif must_fall:
            if end <= low:
                return t + crossing(step, rates, count, rate, v, push, here, pools, low, -1.0, window, up - down), DOWN
        elif may_rise or may_fall:
            slack = (up - down) * step[GAIN]
            safe = (not may_rise or max(v, end + slack) < high) and (not may_fall or min(v, end - slack) > low)
            if not safe and window > SHORTEST:
                window *= 0.25
                continue
        if window == rest:
            return inf, NOTHING
        v = end
        settle(count, pools)
        t += window
        window *= 4.0


@routine
def crossing(
    step: Floats, rates: Floats, count: int, rate: float, v: float, push: float, wave: Wave, pools: Floats,
    level: float, side: float, dt: float, spread: float,
) -> float:  # fmt: skip
    """When a membrane that moves one way reaches `level` within `dt`, while its drive varies by `spread`.

    Newton's method, kept inside by bisection; its last step is judged by how much the speed can change.
    """
    if (v - level) * side >= 0.0:
        return 0.0
    size, omega, angle = wave
    ripple = size * sin(angle) if size != 0.0 else 0.0
    first, last = 0.0, dt
    t = min(dt, reach(v, level, side, rate, push + total(count, pools, X) + ripple))
    for _ in range(60):
        tune(step, rates, count, rate, t)
        value = glide(step, count, v, push, wave, pools)
        gap = (level - value) * side
        if gap > 0.0:
            first = t
        else:
            last = t
        ripple = size * sin(omega * t + angle) if size != 0.0 else 0.0
        speed = (push + total(count, pools, X_NEXT) + ripple - rate * value) * side
        better = t + gap / speed
        if not first <= better <= last:
            better = 0.5 * (first + last)
        elif (better - t) ** 2 * (rate + spread / (dt * speed)) <= PRECISE:
            return better
        if last - first <= PRECISE:
            return better
        t = better
    return t
