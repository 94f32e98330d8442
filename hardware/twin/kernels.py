"""The compiled heart of the twin: closed forms between events, the event loop, and sampling from the event log.

Between events everything on a board is a chain of first-order lanes with constant rates: stage 1 relaxes towards a
constant, stage 2 is driven by stage 1, a membrane by the last stages that reach it. With rates a, b, r the responses are
divided differences of exp(-x t), which `phi` and `chi` evaluate without cancellation, equal rates included.

All compiled code is in this one file because numba's cache watches only the file of the function that it stores.
Source of the model: Wu 2025 eqs (9)-(12) and (A1)-(A3), with a piecewise-linear thyristor.
"""

from collections.abc import Callable
from math import exp, expm1, inf, log, log1p
from typing import NamedTuple, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int8]

# Phases of a neuron; from LEAK on, one phase per straight piece of the leak.
ON, LATCHED, DELAY, HOLD, LEAK = 0, 1, 2, 3, 4
# Regimes of a stage: below V_T it only collects charge, then it conducts, at the supply it can take no more.
BELOW, LINEAR, CEILING = 0, 1, 2
# Quantities that can be sampled.
V_M, V_AP, I_0, V_C1, V_C2, I_S1, I_S2, I_OUT = range(8)

# Columns of Circuit.phase, Circuit.neuron and Circuit.synapse.
RATE, PUSH, LOW, HIGH, VAP_SLOPE, VAP_START = range(6)
CAPACITANCE, V_OFF, V_LATCH, DEAD_TIME, FIRE_DELAY, QUIET, EXTRA_V, OFFSET, R_AP = range(9)
TAU, PULSE_I, PULSE_T, LOAD_1, LOAD_2, V_T, R_S, X_MAX, M_1, GAIN, OUT_OFFSET = range(11)
# Columns of a form, the drive that one lane gives to the next: x' = C_0 + C_1 exp(-A t) - B x, weighed by Q.
X, C_0, C_1, A, B, Q = range(6)
# Rows of `due`, the times at which something happens next.
EXIT, TIMER, STAGE_1, STAGE_2, PULSE = range(5)
# What a lane does next.
NOTHING, UP, DOWN, SILENT = 0, 1, -1, 2

ANCHOR = 256  # samples between two evaluations of the closed form; in between the exact propagator steps

Function = TypeVar("Function", bound=Callable[..., object])


class Circuit(NamedTuple):
    """Constants of a board. N neurons, S synapses, P phases."""

    phase: Floats  # (N, P, 6)
    neuron: Floats  # (N, 9)
    synapse: Floats  # (S, 11)
    wires: Ints  # (S, 3): pre, post, stages
    into: Ints  # synapses by post neuron, those of neuron i at into[into_at[i]:into_at[i + 1]]; one more for scratch
    into_at: Ints  # (N + 1,)
    out_of: Ints  # the same by pre neuron
    out_at: Ints  # (N + 1,)


class State(NamedTuple):
    """Where the board is since its last event, and what is due. One row of the log holds `values` and `codes`."""

    values: Floats  # (2 N + 3 S,): V_m, port currents, stage 1, stage 2, pulse currents
    codes: Codes  # (2 N + 2 S,): phases, silence flags, regimes of stage 1, regimes of stage 2
    due: Floats  # (5, max(N, S)): see EXIT ... PULSE
    kind: Codes  # (N,): which exit
    stale: NDArray[np.bool_]  # (N + S,): whose exits have to be found again


class Log(NamedTuple):
    """Every event: the state right after it. `size` counts rows and spikes in use."""

    time: Floats
    values: Floats
    codes: Codes
    spike_time: Floats
    spike_neuron: Ints
    size: Ints  # (2,)


class Queue(NamedTuple):
    """Levels still to come on each port: those of neuron i at [head[i], stop[i])."""

    time: Floats
    level: Floats
    head: Ints
    stop: Ints


def _inline(function: Function) -> Function:
    compiled: Function = numba.njit(error_model="numpy")(function)
    return compiled


def _kernel(function: Function) -> Function:
    compiled: Function = numba.njit(cache=True, error_model="numpy", nogil=True)(function)
    return compiled


# ---------------------------------------------------------------------------------------------------- closed forms


@_inline
def phi(x: float, y: float, t: float) -> float:
    """First divided difference (exp(-x t) - exp(-y t)) / (y - x)."""
    if x > y:
        x, y = y, x
    gap = y - x
    if gap * t < 1e-300:
        return t * exp(-x * t)
    return -exp(-x * t) * expm1(-gap * t) / gap


@_inline
def chi(x: float, y: float, z: float, t: float) -> float:
    """Second divided difference: what `phi(x, y)` leaves in a lane of rate z. Symmetric in x, y, z."""
    if x > y:
        x, y = y, x
    if y > z:
        y, z = z, y
    if x > y:
        x, y = y, x
    if (z - x) * t > 0.3:
        return (phi(x, y, t) - phi(y, z, t)) / (z - x)
    above = (y - x) * t
    below = (y - z) * t
    power = 1.0
    term = 1.0  # complete homogeneous polynomial of (above, below)
    factorial = 2.0
    total = 0.5
    for k in range(1, 13):
        power *= below
        term = term * above + power
        factorial *= k + 2
        total += term / factorial
    return total * t * t * exp(-y * t)


@_inline
def follow(form: Floats, t: float) -> float:
    """A driving lane at `t`."""
    x = form[X] * exp(-form[B] * t)
    if form[C_0] != 0.0:
        x += form[C_0] * phi(0.0, form[B], t)
    if form[C_1] != 0.0:
        x += form[C_1] * phi(form[A], form[B], t)
    return x


@_inline
def response(form: Floats, rate: float, t: float) -> float:
    """What a driving lane has left in a lane of `rate` by `t`."""
    u = form[X] * phi(form[B], rate, t)
    if form[C_0] != 0.0:
        u += form[C_0] * chi(0.0, form[B], rate, t)
    if form[C_1] != 0.0:
        u += form[C_1] * chi(form[A], form[B], rate, t)
    return form[Q] * u


@_inline
def lane(v: float, rate: float, push: float, forms: Floats, who: Ints, start: int, stop: int, t: float) -> float:
    """Value at `t` of v' = push - rate v + the drives `forms[who[start:stop]]`."""
    value = v + (push - rate * v) * phi(0.0, rate, t)
    for k in range(start, stop):
        value += response(forms[who[k]], rate, t)
    return value


# ---------------------------------------------------------------------------------------------------- event times


@_inline
def reach(v: float, level: float, side: float, rate: float, push: float) -> float:
    """Time that v' = push - rate v takes to cross `level` upwards (side 1) or downwards (side -1); inf if it never does."""
    gap = (level - v) * side
    speed = (push - rate * level) * side
    if not speed > 0.0 or gap > 1e200:
        return inf
    if gap <= 0.0:
        return 0.0
    if rate == 0.0:
        return gap / speed
    return log1p(rate * gap / speed) / rate


@_inline
def leave(
    v: float, rate: float, push: float, low: float, high: float,
    forms: Floats, who: Ints, start: int, stop: int, now: Floats, horizon: float,
) -> tuple[float, int]:  # fmt: skip
    """First time before `horizon` at which a driven lane leaves (low, high), and by which side.

    Marches by safe steps: over a window the drives are bounded, the lane under the extreme constant drive arrives no
    later than the lane itself, and the step goes no further than that arrival. It can neither pass a crossing nor miss a
    grazing one, and the remaining time shrinks quadratically, as in Newton's method.
    """
    t = 0.0
    value = v
    wide = 1e-3
    for _ in range(100_000):
        drive = push
        for k in range(start, stop):
            form = forms[who[k]]
            now[k - start, 0] = follow(form, t)
            now[k - start, 1] = form[C_0] + form[C_1] * exp(-form[A] * t)
            drive += form[Q] * now[k - start, 0]
        up = reach(value, high, 1.0, rate, drive)
        down = reach(value, low, -1.0, rate, drive)
        if up <= 1e-15:
            return t, UP
        if down <= 1e-15:
            return t, DOWN
        window = min(up, down)
        if window == inf:
            most = least = push
            for k in range(start, stop):
                form = forms[who[k]]
                x, d = now[k - start, 0], now[k - start, 1]
                x_high = x_low = x
                if form[B] > 0.0:
                    x_high = max(x, max(d, form[C_0]) / form[B])
                    x_low = min(x, min(d, form[C_0]) / form[B])
                most += max(form[Q] * x_high, form[Q] * x_low)
                least += min(form[Q] * x_high, form[Q] * x_low)
            if reach(value, high, 1.0, rate, most) == inf and reach(value, low, -1.0, rate, least) == inf:
                return inf, NOTHING
            window = wide
        window = min(window, horizon - t)
        step = inf
        for _shrink in range(60):
            most = least = push
            for k in range(start, stop):
                form = forms[who[k]]
                x, d = now[k - start, 0], now[k - start, 1]
                later = form[C_0] + form[C_1] * exp(-form[A] * (t + window))
                x_high = x + max(0.0, max(d, later) - form[B] * x) * window
                x_low = x + min(0.0, min(d, later) - form[B] * x) * window
                most += max(form[Q] * x_high, form[Q] * x_low)
                least += min(form[Q] * x_high, form[Q] * x_low)
            step = min(reach(value, high, 1.0, rate, most), reach(value, low, -1.0, rate, least))
            if step >= 0.125 * window:
                break
            window *= 0.25
        wide = 2.0 * window
        t += min(step, window)
        if t >= horizon:
            return inf, NOTHING
        value = lane(v, rate, push, forms, who, start, stop, t)
    return t, NOTHING


# --------------------------------------------------------------------------------------------------- the circuit now


@_inline
def first_stage(c: Circuit, s: int, values: Floats, codes: Codes) -> tuple[float, float, float]:
    """Stage 1 of synapse s as a lane: current, push, rate."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    p = c.synapse[s]
    regime = codes[2 * n + s]
    if regime == CEILING:
        return p[X_MAX], 0.0, 0.0
    push = (values[2 * n + 2 * m + s] - p[LOAD_1] * p[V_T]) / p[TAU]
    return values[2 * n + s], push, (p[LOAD_1] * p[R_S] + (1.0 if regime == LINEAR else 0.0)) / p[TAU]


@_inline
def second_drive(c: Circuit, s: int, values: Floats, codes: Codes) -> tuple[float, float, float]:
    """What stage 1 of synapse s pushes into stage 2: C_0, C_1, A."""
    p = c.synapse[s]
    x, push, rate = first_stage(c, s, values, codes)
    regime = codes[2 * c.neuron.shape[0] + s]
    steady, fading = 0.0, 0.0
    if regime == LINEAR:
        steady = push / rate
        fading = x - steady
    elif regime == CEILING:
        steady = x
    return (p[M_1] * steady - p[LOAD_2] * p[V_T]) / p[TAU], p[M_1] * fading / p[TAU], rate


@_inline
def second_rate(c: Circuit, s: int, regime: int) -> float:
    """Rate of stage 2 of synapse s while not at the ceiling."""
    p = c.synapse[s]
    return (p[LOAD_2] * p[R_S] + (1.0 if regime == LINEAR else 0.0)) / p[TAU]


@_inline
def shape(c: Circuit, s: int, values: Floats, codes: Codes, form: Floats) -> None:
    """Write the output of synapse s (without its offset) as a form."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    stages = c.wires[s, 2]
    form[:] = 0.0
    form[Q] = c.synapse[s, GAIN] / c.neuron[c.wires[s, 1], CAPACITANCE]
    if stages == 0:
        form[X] = values[2 * n + 2 * m + s]
        return
    regime = codes[2 * n + (stages - 1) * m + s]
    if regime == CEILING:
        form[X] = c.synapse[s, X_MAX]
    elif regime == LINEAR and stages == 1:
        form[X], form[C_0], form[B] = first_stage(c, s, values, codes)
    elif regime == LINEAR:
        form[X] = values[2 * n + m + s]
        form[C_0], form[C_1], form[A] = second_drive(c, s, values, codes)
        form[B] = second_rate(c, s, LINEAR)


@_inline
def shape_stage(c: Circuit, s: int, values: Floats, codes: Codes, form: Floats) -> None:
    """Write what stage 1 of synapse s pushes into stage 2 as a form: a lane of its own that relaxes to C_0."""
    steady, fading, rate = second_drive(c, s, values, codes)
    form[X], form[C_0], form[C_1] = steady + fading, rate * steady, 0.0
    form[A], form[B], form[Q] = 0.0, rate, 1.0


@_inline
def membrane_push(c: Circuit, i: int, values: Floats, codes: Codes) -> float:
    """Constant part of dV/dt of neuron i, V/s."""
    n = c.neuron.shape[0]
    return c.phase[i, codes[i], PUSH] + (values[n + i] + c.neuron[i, OFFSET]) / c.neuron[i, CAPACITANCE]


@_inline
def leak_phase(c: Circuit, i: int, v: float) -> int:
    """The piece of the leak in which `v` lies."""
    last = c.phase.shape[1] - 1
    for phase in range(LEAK, last):
        if v < c.phase[i, phase, HIGH]:
            return phase
    return last


# ------------------------------------------------------------------------------------------------------ predictions


@_inline
def predict_stages(c: Circuit, s: int, base: float, state: State, forms: Floats, now: Floats) -> None:
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
    elif values[2 * n + 2 * m + s] < p[LOAD_1] * p[V_T] + (1.0 + p[LOAD_1] * p[R_S]) * top:
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
            due[STAGE_2, s] = base + log(fading / excess) / rate
        return
    shape_stage(c, s, values, codes, forms[m])
    low, high = (-1e300, 0.0) if regime == BELOW else (0.0, top)
    horizon = min(due[STAGE_1, s], due[PULSE, s]) - base
    rate = second_rate(c, s, regime)
    t, _ = leave(values[2 * n + m + s], rate, 0.0, low, high, forms, c.into, m, m + 1, now, horizon)
    due[STAGE_2, s] = base + t


@_inline
def predict_neuron(c: Circuit, i: int, base: float, state: State, queue: Queue, forms: Floats, now: Floats) -> None:
    """Find when neuron i leaves its phase or falls silent; not beyond what will change its drive anyway."""
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
        horizon = min(horizon, due[PULSE, s], due[STAGE_1, s], due[STAGE_2, s])
    if queue.head[i] < queue.stop[i]:
        horizon = min(horizon, queue.time[queue.head[i]])
    horizon -= base
    v, rate, push = values[i], c.phase[i, phase, RATE], membrane_push(c, i, values, codes)
    low, high = c.phase[i, phase, LOW], c.phase[i, phase, HIGH]
    last = c.phase.shape[1] - 1
    if phase == last and codes[n + i]:
        high += p[EXTRA_V]
    t, kind = leave(v, rate, push, low, high, forms, c.into, start, stop, now, horizon)
    if phase >= LEAK and p[EXTRA_V] > 0.0 and not codes[n + i]:
        quiet, silent = silence(c, i, v, rate, push, forms, start, stop, now, min(t, horizon))
        if silent:
            t, kind = quiet, SILENT
    due[EXIT, i] = base + t
    state.kind[i] = kind


@_inline
def silence(
    c: Circuit, i: int, v: float, rate: float, push: float,
    forms: Floats, start: int, stop: int, now: Floats, horizon: float,
) -> tuple[float, bool]:  # fmt: skip
    """When the charging current of neuron i falls to its quiescence level: dV/dt is a lane too, driven by the slopes."""
    slopes = np.empty((forms.shape[0], 6))
    speed = push - rate * v
    for k in range(start, stop):
        form, slope = forms[c.into[k]], slopes[c.into[k]]
        speed += form[Q] * form[X]
        slope[X] = form[C_0] + form[C_1] - form[B] * form[X]
        slope[C_0], slope[C_1] = 0.0, -form[A] * form[C_1]
        slope[A], slope[B], slope[Q] = form[A], form[B], form[Q]
    level = c.neuron[i, QUIET] / c.neuron[i, CAPACITANCE]
    if speed <= level:
        return 0.0, True
    t, kind = leave(speed, rate, 0.0, level, 1e300, slopes, c.into, start, stop, now, horizon)
    return t, kind == DOWN


# ------------------------------------------------------------------------------------------------------- event loop


@_inline
def carry(c: Circuit, t: float, state: State, forms: Floats, old: Floats) -> None:
    """Move every lane `t` further along its closed form."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    values, codes = state.values, state.codes
    old[:] = values
    for i in range(n):
        if codes[i] != HOLD:
            push, rate = membrane_push(c, i, old, codes), c.phase[i, codes[i], RATE]
            values[i] = lane(old[i], rate, push, forms, c.into, c.into_at[i], c.into_at[i + 1], t)
    for s in range(m):
        stages = c.wires[s, 2]
        if stages >= 1:
            x, push, rate = first_stage(c, s, old, codes)
            values[2 * n + s] = x + (push - rate * x) * phi(0.0, rate, t)
        if stages == 2 and codes[2 * n + m + s] != CEILING:
            shape_stage(c, s, old, codes, forms[m])
            rate = second_rate(c, s, codes[2 * n + m + s])
            values[2 * n + m + s] = lane(old[2 * n + m + s], rate, 0.0, forms, c.into, m, m + 1, t)


@_inline
def touch_synapse(c: Circuit, s: int, stale: NDArray[np.bool_]) -> None:
    """A synapse changed: its own exits and those of the neuron behind it have to be found again."""
    stale[c.neuron.shape[0] + s] = True
    stale[c.wires[s, 1]] = True


@_inline
def fire(c: Circuit, i: int, at: float, state: State, log: Log) -> None:
    """The thyristor closes: note the spike, start the current pulses."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    state.codes[i], state.codes[n + i] = ON, 0
    log.spike_time[log.size[1]] = at
    log.spike_neuron[log.size[1]] = i
    log.size[1] += 1
    for k in range(c.out_at[i], c.out_at[i + 1]):
        s = c.out_of[k]
        state.values[2 * n + 2 * m + s] = c.synapse[s, PULSE_I]
        state.due[PULSE, s] = at + c.synapse[s, PULSE_T]
        touch_synapse(c, s, state.stale)


@_inline
def exit_phase(c: Circuit, i: int, at: float, state: State, log: Log) -> None:
    """Neuron i leaves its phase."""
    n = c.neuron.shape[0]
    values, codes, p = state.values, state.codes, c.neuron[i]
    phase, kind = codes[i], state.kind[i]
    state.stale[i] = True
    if kind == SILENT:
        codes[n + i] = 1
    elif kind == UP and phase == c.phase.shape[1] - 1:
        if p[FIRE_DELAY] > 0.0:
            codes[i], state.due[TIMER, i] = DELAY, at + p[FIRE_DELAY]
        else:
            values[i] = c.phase[i, phase, HIGH] + p[EXTRA_V] * codes[n + i]
            fire(c, i, at, state, log)
    elif kind == UP:
        values[i] = c.phase[i, phase, HIGH]
        codes[i] = phase + 1
    elif kind == DOWN and phase >= LEAK:
        values[i] = c.phase[i, phase, LOW]
        codes[i] = phase - 1
    elif kind == DOWN:
        values[i] = c.phase[i, phase, LOW]
        open_thyristor(c, i, at, state)


@_inline
def open_thyristor(c: Circuit, i: int, at: float, state: State) -> None:
    """V_m fell to where the thyristor opens, unless the input alone holds it closed."""
    p, codes = c.neuron[i], state.codes
    if codes[i] == ON and p[V_LATCH] < p[V_OFF]:
        drive = membrane_push(c, i, state.values, codes)
        for k in range(c.into_at[i], c.into_at[i + 1]):
            drive += output(c, c.into[k], state.values, codes) / p[CAPACITANCE]
        if drive >= c.phase[i, ON, RATE] * p[V_LATCH]:
            codes[i] = LATCHED
            return
    if p[DEAD_TIME] > 0.0:
        codes[i], state.due[TIMER, i] = HOLD, at + p[DEAD_TIME]
    else:
        codes[i] = leak_phase(c, i, state.values[i])


@_inline
def output(c: Circuit, s: int, values: Floats, codes: Codes) -> float:
    """Signed current of synapse s into the membrane right now, without its offset."""
    form = np.empty(6)
    shape(c, s, values, codes, form)
    return c.synapse[s, GAIN] * form[X]


@_inline
def change_regime(c: Circuit, s: int, stage: int, state: State) -> None:
    """A stage of synapse s reaches V_T or the supply, or leaves it."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    at, top = 2 * n + stage * m + s, c.synapse[s, X_MAX]
    if state.codes[at] == BELOW or state.codes[at] == CEILING:
        state.values[at] = 0.0 if state.codes[at] == BELOW else top
        state.codes[at] = LINEAR
    elif state.values[at] > 0.5 * top:
        state.values[at] = top
        state.codes[at] = CEILING
    else:
        state.values[at] = 0.0
        state.codes[at] = BELOW
    touch_synapse(c, s, state.stale)


@_inline
def next_event(c: Circuit, due: Floats, queue: Queue) -> tuple[float, int, int]:
    """Earliest event: time, row of `due` (or 5 for a port), whose. Ties go to the circuit before the ports."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    when, what, who = inf, -1, -1
    for row in range(5):
        for k in range(n if row <= TIMER else m):
            if due[row, k] < when:
                when, what, who = due[row, k], row, k
    for i in range(n):
        if queue.head[i] < queue.stop[i] and queue.time[queue.head[i]] < when:
            when, what, who = queue.time[queue.head[i]], 5, i
    return when, what, who


@_inline
def happen(c: Circuit, what: int, who: int, at: float, state: State, log: Log, queue: Queue) -> None:
    """Change the state as the event says."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    if what == EXIT:
        exit_phase(c, who, at, state, log)
    elif what == TIMER:
        state.due[TIMER, who] = inf
        state.stale[who] = True
        if state.codes[who] == DELAY:
            fire(c, who, at, state, log)
        else:
            state.codes[who] = leak_phase(c, who, state.values[who])
    elif what == PULSE:
        state.due[PULSE, who] = inf
        state.values[2 * n + 2 * m + who] = 0.0
        touch_synapse(c, who, state.stale)
    elif what == 5:
        state.values[n + who] = queue.level[queue.head[who]]
        queue.head[who] += 1
        state.stale[who] = True
    else:
        change_regime(c, who, what - STAGE_1, state)


@_kernel
def advance(c: Circuit, until: float, state: State, log: Log, queue: Queue) -> bool:
    """Let every event up to `until` happen. False when the log is full: make room and call again."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    forms, now, old = np.zeros((m + 1, 6)), np.empty((m + 1, 2)), np.empty(state.values.shape[0])
    for s in range(m):
        shape(c, s, state.values, state.codes, forms[s])
    while True:
        base = log.time[log.size[0] - 1]
        for s in range(m):
            if state.stale[n + s]:
                predict_stages(c, s, base, state, forms, now)
                state.stale[n + s] = False
        for i in range(n):
            if state.stale[i]:
                predict_neuron(c, i, base, state, queue, forms, now)
                state.stale[i] = False
        when, what, who = next_event(c, state.due, queue)
        if when > until:
            return True
        if log.size[0] == log.time.shape[0] or log.size[1] == log.spike_time.shape[0]:
            return False
        if when > base:
            carry(c, when - base, state, forms, old)
        happen(c, what, who, when, state, log, queue)
        for s in range(m):
            shape(c, s, state.values, state.codes, forms[s])
        row = log.size[0]
        log.time[row] = when
        log.values[row] = state.values
        log.codes[row] = state.codes
        log.size[0] += 1


# --------------------------------------------------------------------------------------------------------- sampling


@_inline
def grid_after(t0: float, dt: float, moment: float) -> int:
    """Smallest index k with t0 + k dt > moment."""
    k = int(np.floor((moment - t0) / dt))
    while t0 + k * dt > moment:
        k -= 1
    while t0 + k * dt <= moment:
        k += 1
    return k


@_inline
def relax(
    v: float, rate: float, push: float, slope: float, start: float,
    since: float, t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """Write slope * lane + start for an undriven lane; steps exactly, anew from the closed form every ANCHOR samples."""
    decay = exp(-rate * dt)
    gain = push * phi(0.0, rate, dt)
    value = 0.0
    anchor = origin + (first - origin) // ANCHOR * ANCHOR
    for k in range(anchor, first + out.shape[0]):
        if (k - origin) % ANCHOR == 0:
            value = v + (push - rate * v) * phi(0.0, rate, max(0.0, t0 + k * dt - since))
        else:
            value = value * decay + gain
        if k >= first:
            out[k - first] = slope * value + start


@_inline
def add_response(
    form: Floats, rate: float, slope: float, direct: float,
    since: float, t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """Add slope * (what the drive left in a lane of `rate`) + direct * (the drive itself)."""
    fade, decay, own = exp(-form[A] * dt), exp(-form[B] * dt), exp(-rate * dt)
    x_0, x_e = form[C_0] * phi(0.0, form[B], dt), phi(form[A], form[B], dt)
    u_x, u_e = form[Q] * phi(form[B], rate, dt), form[Q] * chi(form[A], form[B], rate, dt)
    u_0 = form[Q] * form[C_0] * chi(0.0, form[B], rate, dt)
    e = x = u = 0.0
    anchor = origin + (first - origin) // ANCHOR * ANCHOR
    for k in range(anchor, first + out.shape[0]):
        if (k - origin) % ANCHOR == 0:
            t = max(0.0, t0 + k * dt - since)
            e, x, u = form[C_1] * exp(-form[A] * t), follow(form, t), response(form, rate, t)
        else:
            u = u * own + x * u_x + e * u_e + u_0
            x = x * decay + e * x_e + x_0
            e *= fade
        if k >= first:
            out[k - first] += slope * u + direct * x


@_inline
def sample_membrane(
    c: Circuit, i: int, kind: int, values: Floats, codes: Codes, form: Floats,
    since: float, t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """V_m or V_ap of neuron i within one stretch of the log."""
    n, phase, p = c.neuron.shape[0], codes[i], c.neuron[i]
    slope, start, direct = 1.0, 0.0, 0.0
    rate, push = c.phase[i, phase, RATE], membrane_push(c, i, values, codes)
    if kind == V_AP:
        slope, start = c.phase[i, phase, VAP_SLOPE], c.phase[i, phase, VAP_START]
    if phase == HOLD:  # V_m stands still, so the whole input flows through R_a
        rate = push = 0.0
        if kind == V_AP:
            start, direct = p[R_AP] * (values[n + i] + p[OFFSET]), p[R_AP] * p[CAPACITANCE]
    relax(values[i], rate, push, slope, start, since, t0, dt, origin, first, out)
    if phase != HOLD or direct != 0.0:
        for k in range(c.into_at[i], c.into_at[i + 1]):
            s = c.into[k]
            shape(c, s, values, codes, form)
            if form[X] != 0.0 or form[C_0] != 0.0 or form[C_1] != 0.0:
                moved = 0.0 if phase == HOLD else slope
                add_response(form, rate, moved, direct * form[Q], since, t0, dt, origin, first, out)


@_inline
def sample_synapse(
    c: Circuit, s: int, kind: int, values: Floats, codes: Codes, form: Floats,
    since: float, t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """A capacitor voltage or a current of synapse s within one stretch of the log."""
    n, m, p = c.neuron.shape[0], c.synapse.shape[0], c.synapse[s]
    stages = c.wires[s, 2]
    if kind == I_OUT:
        slope, start = abs(p[GAIN]), p[OUT_OFFSET]
    elif kind in (V_C1, V_C2):
        slope, start = p[R_S], p[V_T]
    else:
        slope, start = 1.0, 0.0
    if stages == 0:
        out[:] = slope * values[2 * n + 2 * m + s] + start
        return
    stage = 1 if kind in (V_C2, I_S2) or (kind == I_OUT and stages == 2) else 0
    regime = codes[2 * n + stage * m + s]
    if regime == BELOW and kind not in (V_C1, V_C2):
        slope = 0.0
    if stage == 0:
        x, push, rate = first_stage(c, s, values, codes)
        relax(x, rate, push, slope, start, since, t0, dt, origin, first, out)
        return
    x, rate = values[2 * n + m + s], second_rate(c, s, regime)
    if regime == CEILING:
        rate = 0.0
    relax(x, rate, 0.0, slope, start, since, t0, dt, origin, first, out)
    if regime != CEILING and slope != 0.0:
        shape_stage(c, s, values, codes, form)
        add_response(form, rate, slope, 0.0, since, t0, dt, origin, first, out)


@_kernel
def sample(c: Circuit, log: Log, kind: int, index: int, t0: float, dt: float, first: int, out: Floats) -> None:
    """Write the node's values at t0 + (first + k) dt. A value belongs to the last event strictly before it."""
    rows = log.size[0]
    form = np.empty(6)
    k, stop = first, first + out.shape[0]
    row = max(0, np.searchsorted(log.time[:rows], t0 + k * dt) - 1)
    while k < stop:
        values, codes, since = log.values[row], log.codes[row], log.time[row]
        origin = grid_after(t0, dt, since)
        end = stop
        if k < origin:  # before the first event: the state at rest
            end = min(stop, origin)
        elif row + 1 < rows:
            end = min(stop, max(k, grid_after(t0, dt, log.time[row + 1])))
        if end > k:
            part = out[k - first : end - first]
            moving = part if k >= origin else part[:1]
            if kind == I_0:
                moving[:] = values[c.neuron.shape[0] + index]
            elif kind <= V_AP:
                sample_membrane(c, index, kind, values, codes, form, since, t0, dt, min(k, origin), k, moving)
            else:
                sample_synapse(c, index, kind, values, codes, form, since, t0, dt, min(k, origin), k, moving)
            if k < origin:
                part[1:] = part[0]
        if k >= origin:
            row += 1
        k = end
