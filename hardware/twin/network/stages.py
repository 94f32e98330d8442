"""The stages of a branch: their closed forms, and when they change their regime.

Source: Wu 2025 eqs (9)-(12) and (A1)-(A3); a stage delivers (V_C - V_T) / R_s, below V_T nothing.
"""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import exp, inf, log, nan, nextafter

from ..compiled import helper, routine
from ..crossing import reach
from ..lanes import phi, relaxed
from ..layout import BELOW, CEILING, LINEAR, LOAD_1, LOAD_2, M_1, PULSE_G, R_S, TAU, V_T, X_MAX, Floats
from .layout import (
    ARRIVAL,
    BRANCH_SINCE,
    CALM,
    CONSTANT_OUTPUT,
    DRIVEN,
    DT,
    DUE_1,
    DUE_2,
    NO_OUTPUT,
    PULSE,
    PULSE_END,
    REGIME_1,
    REGIME_2,
    STAGES,
    X_1,
    X_2,
    C,
    D,
    Tables,
    X,
)
from .propagator import first_exit

NO_WAVE = (0.0, 0.0, 0.0)
LONG = 60.0  # time constants after which nothing moves any more


@routine
def first_stage(p: Floats, x: float, pulse: float, regime: int) -> tuple[float, float, float]:
    """Stage 1 as a lane x' = push - rate x: current, push, rate."""
    if regime == CEILING:
        return p[X_MAX], 0.0, 0.0
    load = p[LOAD_1] + (p[PULSE_G] if pulse != 0.0 else 0.0)
    return x, (pulse - load * p[V_T]) / p[TAU], (load * p[R_S] + (1.0 if regime == LINEAR else 0.0)) / p[TAU]


@routine
def second_rate(p: Floats, regime: int) -> float:
    """Rate of stage 2 below the ceiling."""
    rate: float = (p[LOAD_2] * p[R_S] + (1.0 if regime == LINEAR else 0.0)) / p[TAU]
    return rate


@routine
def second_drive(p: Floats, x: float, pulse: float, regime: int) -> tuple[float, float, float]:
    """What stage 1 pushes into stage 2, c + d exp(-fade t): c, d, fade."""
    x, push, rate = first_stage(p, x, pulse, regime)
    constant, fading = 0.0, 0.0
    if regime == LINEAR:
        constant = push / rate
        fading = x - constant
    elif regime == CEILING:
        constant = x
    return (p[M_1] * constant - p[LOAD_2] * p[V_T]) / p[TAU], p[M_1] * fading / p[TAU], rate


@routine
def output(p: Floats, s: Floats) -> tuple[int, float, float, float]:
    """What a branch gives: its kind, and the x, c, d that 1 A of its last stage has in a pool."""
    if p[STAGES] == 0:
        return (CONSTANT_OUTPUT if s[PULSE] != 0.0 else NO_OUTPUT), s[PULSE], 0.0, 0.0
    first, last = s[REGIME_1], s[REGIME_1 if p[STAGES] == 1 else REGIME_2]
    if last == BELOW:
        return NO_OUTPUT, 0.0, 0.0, 0.0
    if last == CEILING:
        return CONSTANT_OUTPUT, p[X_MAX], 0.0, 0.0
    kind = DRIVEN if s[PULSE] != 0.0 and p[PULSE_G] != 0.0 and first == LINEAR else CALM
    if p[STAGES] == 1:
        x, push, _ = first_stage(p, s[X_1], s[PULSE], first)
        return kind, x, push, 0.0
    c, d, _ = second_drive(p, s[X_1], s[PULSE], first)
    return kind, s[X_2], c, d


@routine
def move_branch(p: Floats, s: Floats, moment: float) -> None:
    """Commit the stages of a branch at `moment`."""
    dt = moment - s[BRANCH_SINCE]
    s[BRANCH_SINCE] = moment
    if p[STAGES] == 0 or dt == 0.0:
        return
    x, push, rate = first_stage(p, s[X_1], s[PULSE], s[REGIME_1])
    e = exp(-rate * dt)
    if p[STAGES] == 2 and s[REGIME_2] != CEILING:
        c, d, _ = second_drive(p, s[X_1], s[PULSE], s[REGIME_1])
        own = second_rate(p, s[REGIME_2])
        e_own = exp(-own * dt)
        s[X_2] = s[X_2] * e_own + c * phi(0.0, own, 1.0, e_own, dt) + d * phi(rate, own, e, e_own, dt)
    s[X_1] = relaxed(x, rate, push, e, dt)


@helper
def due_next(s: Floats) -> float:
    """When something happens to a branch."""
    first: float = min(s[DUE_1], s[DUE_2], s[PULSE_END], s[ARRIVAL])
    return first


@routine
def predict(tables: Tables, p: Floats, s: Floats) -> None:
    """Find when the stages of a branch change their regime."""
    base, top, regime = s[BRANCH_SINCE], p[X_MAX], s[REGIME_1]
    s[DUE_1] = s[DUE_2] = inf
    if p[STAGES] == 0:
        return
    x, push, rate = first_stage(p, s[X_1], s[PULSE], regime)
    if regime == BELOW:
        s[DUE_1] = base + reach(x, 0.0, 1.0, rate, push)
    elif regime == LINEAR:
        s[DUE_1] = base + min(reach(x, top, 1.0, rate, push), reach(x, 0.0, -1.0, rate, push))
    else:
        load = p[LOAD_1] + (p[PULSE_G] if s[PULSE] != 0.0 else 0.0)
        if s[PULSE] < load * p[V_T] + (1.0 + load * p[R_S]) * top:
            s[DUE_1] = base
    if p[STAGES] == 1:
        return
    c, d, fade = second_drive(p, s[X_1], s[PULSE], regime)
    if s[REGIME_2] == CEILING:
        excess = second_rate(p, LINEAR) * top - c
        if c + d < excess + c:
            s[DUE_2] = base
        elif excess > 0.0:
            # Up to the next float: rounded down to where stage 1 still fills it, it would be full and released forever.
            s[DUE_2] = nextafter(base + log(d / excess) / fade, inf)
        return
    horizon = min(s[DUE_1], s[PULSE_END], s[ARRIVAL]) - base
    s[DUE_2] = base + second_exit(tables, s[X_2], c, d, fade, second_rate(p, s[REGIME_2]), s[REGIME_2], top, horizon)


@routine
def second_exit(
    tables: Tables, x: float, c: float, d: float, fade: float, rate: float, regime: int, top: float, horizon: float
) -> float:
    """When x' = c + d exp(-fade t) - rate x leaves its regime, or inf if not before `horizon`."""
    low, high = (-1e300, 0.0) if regime == BELOW else (0.0, top)
    if d == 0.0:
        return min(reach(x, high, 1.0, rate, c), reach(x, low, -1.0, rate, c))
    most, least = c + max(d, 0.0), c + min(d, 0.0)
    rise, fall = max(0.0, most - rate * x), min(0.0, least - rate * x)
    if rate > 0.0:  # towards the balance with the strongest drive and with the weakest, but no further
        rise, fall = rise * min(horizon, 1.0 / rate), fall * min(horizon, 1.0 / rate)
    else:
        horizon = min(horizon, LONG / fade)
        rise, fall = rise * horizon, fall * horizon
    if low < x + fall and x + rise < high:
        return inf
    slowest = min(fade, rate) if rate > 0.0 else fade
    pools, rates, step = tables.scratch, tables.stage_rates, tables.stage
    rates[0], rates[1], step[DT] = 0.0, fade, nan
    pools[X], pools[C], pools[D] = c + d, fade * c, 0.0
    t, _ = first_exit(step, rates, 1, rate, x, 0.0, NO_WAVE, pools, low, high, min(horizon, LONG / slowest))
    return t
