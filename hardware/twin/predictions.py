"""When does each neuron and each stage change next, if nothing else happens before?"""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import inf, log, nextafter, pi

from .compiled import helper
from .crossing import bounds_within, leave, outset, reach
from .drives import (
    first_load,
    first_stage,
    membrane_push,
    membrane_rate,
    membrane_wave,
    second_drive,
    second_rate,
    shape_stage,
)
from .layout import (
    ARRIVAL,
    BELOW,
    C_0,
    C_1,
    CAPACITANCE,
    CEILING,
    DELAY,
    DOWN,
    EXIT,
    EXTRA_V,
    HIGH,
    HOLD,
    LEAK,
    LINEAR,
    LOW,
    PULSE,
    QUIET,
    R_S,
    SILENCE,
    SILENT,
    STAGE_1,
    STAGE_2,
    V_T,
    X_MAX,
    A,
    B,
    Circuit,
    Q,
    Queue,
    Scratch,
    State,
    Wave,
    X,
)

STILL = (0.0, 0.0, 0.0)  # no wave


@helper
def predict_stages(c: Circuit, s: int, base: float, state: State, scratch: Scratch) -> None:
    """Find when the stages of synapse s change their regime."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    values, codes, due = state.values, state.codes, state.due
    stages, top = c.wires[s, 2], c.synapse[s, X_MAX]
    due[STAGE_1, s] = due[STAGE_2, s] = inf
    if stages == 0:
        return
    p, regime = c.synapse[s], codes[2 * n + s]
    x, push, rate = first_stage(c, s, values, codes)
    if regime == BELOW:
        due[STAGE_1, s] = base + reach(x, 0.0, 1.0, rate, push)
    elif regime == LINEAR:
        due[STAGE_1, s] = base + min(reach(x, top, 1.0, rate, push), reach(x, 0.0, -1.0, rate, push))
    else:
        load = first_load(c, s, values)
        if values[2 * n + 2 * m + s] < load * p[V_T] + (1.0 + load * p[R_S]) * top:
            due[STAGE_1, s] = base
    if stages == 1:
        return
    regime = codes[2 * n + m + s]
    if regime == CEILING:
        steady, fading, rate = second_drive(c, s, values, codes)
        excess = second_rate(c, s, LINEAR) * top - steady
        if steady + fading < excess + steady:
            due[STAGE_2, s] = base
        elif excess > 0.0:
            # Up to the next float: rounded down to where stage 1 still fills it, it would be full and released forever.
            due[STAGE_2, s] = nextafter(base + log(fading / excess) / rate, inf)
        return
    shape_stage(c, s, values, codes, scratch.forms[m])
    low, high = (-1e300, 0.0) if regime == BELOW else (0.0, top)
    horizon = min(due[STAGE_1, s], due[PULSE, s], due[ARRIVAL, s]) - base
    rate = second_rate(c, s, regime)
    t, _ = leave(
        values[2 * n + m + s], rate, 0.0, STILL, low, high, scratch.forms, c.into, m, m + 1, scratch.now, horizon
    )
    due[STAGE_2, s] = base + t


@helper
def predict_neuron(c: Circuit, i: int, base: float, state: State, queue: Queue, scratch: Scratch) -> None:
    """Find when neuron i leaves its phase or falls silent; not beyond what will change its drive anyway.

    The next level of its port is left out, which not everybody knows ahead: no bit may depend on when it was queued.
    """
    n = c.neuron.shape[0]
    values, codes, due = state.values, state.codes, state.due
    phase, p = codes[i], c.neuron[i]
    due[EXIT, i] = inf
    if phase in (DELAY, HOLD):
        return
    horizon = inf
    start, stop = c.into_at[i], c.into_at[i + 1]
    for k in range(start, stop):
        s = c.into[k]
        horizon = min(horizon, due[PULSE, s], due[ARRIVAL, s], due[STAGE_1, s], due[STAGE_2, s])
    if queue.head[i] < queue.stop[i]:  # noise
        horizon = min(horizon, queue.time[queue.head[i]])
    horizon -= base
    v, rate, push = values[i], membrane_rate(c, i, values, codes), membrane_push(c, i, values, codes)
    wave = membrane_wave(c, i, base)
    low, high = c.phase[i, phase, LOW], c.phase[i, phase, HIGH]
    last = c.phase.shape[1] - 1
    if phase == last and codes[n + i]:
        high += p[EXTRA_V]
    t, kind = leave(v, rate, push, wave, low, high, scratch.forms, c.into, start, stop, scratch.now, horizon)
    if phase >= LEAK and p[EXTRA_V] > 0.0 and p[SILENCE] == 0.0 and not codes[n + i]:
        quiet, silent = silence(c, i, v, rate, push, wave, high, start, stop, min(t, horizon), scratch)
        if silent:
            t, kind = quiet, SILENT
    due[EXIT, i] = base + t
    state.kind[i] = kind


@helper
def silence(
    c: Circuit, i: int, v: float, rate: float, push: float, wave: Wave, high: float,
    start: int, stop: int, horizon: float, scratch: Scratch,
) -> tuple[float, bool]:  # fmt: skip
    """When the charging current of neuron i falls to its quiescence level.

    dV/dt is a lane too, driven by the slopes of what drives V.
    """
    level = c.neuron[i, QUIET] / c.neuron[i, CAPACITANCE]
    forms, slopes, now = scratch.forms, scratch.slopes, scratch.now
    drive, _ = outset(push, wave, forms, c.into, start, stop, now)
    least, _ = bounds_within(push, wave, forms, c.into, start, stop, now, horizon)
    if rate >= 0.0 and least - rate * high > level:
        return inf, False
    speed = drive - rate * v
    if speed <= level:
        return 0.0, True
    rising = (wave[0] * wave[1], wave[1], wave[2] + 0.5 * pi)
    for k in range(start, stop):
        form, slope = forms[c.into[k]], slopes[c.into[k]]
        slope[X] = form[C_0] + form[C_1] - form[B] * form[X]
        slope[C_0], slope[C_1] = 0.0, -form[A] * form[C_1]
        slope[A], slope[B], slope[Q] = form[A], form[B], form[Q]
    t, kind = leave(speed, rate, 0.0, rising, level, 1e300, slopes, c.into, start, stop, now, horizon)
    return t, kind == DOWN
