"""Branches: the stages that alike synapses of one neuron share, and what they give to the membranes behind.

Source: Wu 2025 eqs (9)-(12) and (A1)-(A3); a stage delivers (V_C - V_T) / R_s, below V_T nothing.
"""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import exp, inf, log, nextafter

from ..compiled import helper
from ..lanes import leave, phi, reach
from ..layout import A as FORM_A
from ..layout import B as FORM_B
from ..layout import C_0 as FORM_C_0
from ..layout import C_1 as FORM_C_1
from ..layout import Q as FORM_Q
from ..layout import X as FORM_X
from ..layout import (
    BELOW,
    CAPACITANCE,
    CEILING,
    DELAY_T,
    LINEAR,
    LOAD_1,
    LOAD_2,
    M_1,
    PULSE_G,
    PULSE_I,
    PULSE_T,
    R_S,
    TAU,
    V_T,
    X_MAX,
    Floats,
)
from ..predictions import STILL
from .agenda import schedule
from .layout import (
    ARRIVAL,
    CALM,
    CALM_POOL,
    CONSTANT,
    DRIVEN,
    DRIVEN_POOL,
    NO_OUTPUT,
    POST,
    PULSE_END,
    STAGE_1,
    STAGE_2,
    C,
    D,
    Log,
    Net,
    State,
    Tables,
    X,
)
from .membranes import look, move, shift_gears
from .notes import note_branch, note_neuron


@helper
def first_stage(p: Floats, x: float, pulse: float, regime: int) -> tuple[float, float, float]:
    """Stage 1 as a lane x' = push - rate x: current, push, rate."""
    if regime == CEILING:
        return p[X_MAX], 0.0, 0.0
    load = p[LOAD_1] + (p[PULSE_G] if pulse != 0.0 else 0.0)
    return x, (pulse - load * p[V_T]) / p[TAU], (load * p[R_S] + (1.0 if regime == LINEAR else 0.0)) / p[TAU]


@helper
def second_rate(p: Floats, regime: int) -> float:
    """Rate of stage 2 below the ceiling."""
    rate: float = (p[LOAD_2] * p[R_S] + (1.0 if regime == LINEAR else 0.0)) / p[TAU]
    return rate


@helper
def second_drive(p: Floats, x: float, pulse: float, regime: int) -> tuple[float, float, float]:
    """What stage 1 pushes into stage 2: c, d and the rate at which d fades."""
    x, push, rate = first_stage(p, x, pulse, regime)
    constant, fading = 0.0, 0.0
    if regime == LINEAR:
        constant = push / rate
        fading = x - constant
    elif regime == CEILING:
        constant = x
    return (p[M_1] * constant - p[LOAD_2] * p[V_T]) / p[TAU], p[M_1] * fading / p[TAU], rate


@helper
def output(net: Net, state: State, b: int) -> tuple[int, float, float, float]:
    """What branch b gives: its kind, and the x, c, d of one ampere's share in a pool."""
    p, stages, pulse = net.branch[b], net.stages[b], state.pulse[b]
    if stages == 0:
        return (CONSTANT if pulse != 0.0 else NO_OUTPUT), pulse, 0.0, 0.0
    first, last = state.regime[b, 0], state.regime[b, stages - 1]
    if last == BELOW:
        return NO_OUTPUT, 0.0, 0.0, 0.0
    if last == CEILING:
        return CONSTANT, p[X_MAX], 0.0, 0.0
    kind = DRIVEN if pulse != 0.0 and p[PULSE_G] != 0.0 and first == LINEAR else CALM
    if stages == 1:
        x, push, _ = first_stage(p, state.stage[b, 0], pulse, first)
        return kind, x, push, 0.0
    c, d, _ = second_drive(p, state.stage[b, 0], pulse, first)
    return kind, state.stage[b, 1], c, d


@helper
def move_branch(net: Net, state: State, b: int, moment: float) -> None:
    """Commit the stages of branch b at `moment`."""
    dt = moment - state.branch_since[b]
    state.branch_since[b] = moment
    p, stages = net.branch[b], net.stages[b]
    if stages == 0 or dt == 0.0:
        return
    old, regime_1, regime_2 = state.stage[b, 0], state.regime[b, 0], state.regime[b, 1]
    x, push, rate = first_stage(p, old, state.pulse[b], regime_1)
    state.stage[b, 0] = x + (push - rate * x) * phi(0.0, rate, dt)
    if stages == 2 and regime_2 != CEILING:
        c, d, fade = second_drive(p, old, state.pulse[b], regime_1)
        own = second_rate(p, regime_2)
        state.stage[b, 1] = state.stage[b, 1] * exp(-own * dt) + c * phi(0.0, own, dt) + d * phi(fade, own, dt)


@helper
def arrive(net: Net, tables: Tables, state: State, log: Log, b: int, moment: float) -> None:
    """A spike reaches branch b: a current pulse begins; one that still lasts begins anew."""
    move_branch(net, state, b, moment)
    before = output(net, state, b)
    state.pulse[b] = net.branch[b, PULSE_I]
    state.due_branch[b, PULSE_END] = moment + net.branch[b, PULSE_T]
    pass_on(net, tables, state, log, b, before)


@helper
def send(net: Net, tables: Tables, state: State, log: Log, b: int, moment: float) -> None:
    """A spike was fired: it reaches branch b now, or sets out behind those that are on their way."""
    delay = net.branch[b, DELAY_T]
    if delay == 0.0:
        arrive(net, tables, state, log, b, moment)
        return
    count = state.flying[b, 1]
    state.flight[b, (state.flying[b, 0] + count) % state.flight.shape[1]] = moment + delay
    state.flying[b, 1] = count + 1
    if count == 0:
        state.due_branch[b, ARRIVAL] = moment + delay
        expect(net, state, b)


@helper
def flight_full(net: Net, state: State, i: int) -> bool:
    """Whether a spike of neuron i would find no room behind those on their way."""
    for b in range(net.branch_at[i], net.branch_at[i + 1]):
        if net.branch[b, DELAY_T] > 0.0 and state.flying[b, 1] == state.flight.shape[1]:
            return True
    return False


@helper
def branch_event(net: Net, tables: Tables, state: State, log: Log, b: int, moment: float) -> None:
    """The first of what is due on branch b happens."""
    due = state.due_branch[b]
    if due[STAGE_1] == moment or due[STAGE_2] == moment:
        move_branch(net, state, b, moment)
        before = output(net, state, b)
        change_regime(net, state, b, 0 if due[STAGE_1] == moment else 1)
        pass_on(net, tables, state, log, b, before)
    elif due[PULSE_END] == moment:
        move_branch(net, state, b, moment)
        before = output(net, state, b)
        due[PULSE_END], state.pulse[b] = inf, 0.0
        pass_on(net, tables, state, log, b, before)
    else:
        room = state.flight.shape[1]
        state.flying[b, 0] = (state.flying[b, 0] + 1) % room
        state.flying[b, 1] -= 1
        due[ARRIVAL] = state.flight[b, state.flying[b, 0]] if state.flying[b, 1] > 0 else inf
        arrive(net, tables, state, log, b, moment)


@helper
def change_regime(net: Net, state: State, b: int, stage: int) -> None:
    """A stage of branch b reaches V_T or the supply, or leaves it."""
    top, regime = net.branch[b, X_MAX], state.regime[b, stage]
    if regime in (BELOW, CEILING):
        state.stage[b, stage] = 0.0 if regime == BELOW else top
        state.regime[b, stage] = LINEAR
    elif state.stage[b, stage] > 0.5 * top:
        state.stage[b, stage] = top
        state.regime[b, stage] = CEILING
    else:
        state.stage[b, stage] = 0.0
        state.regime[b, stage] = BELOW


@helper
def pass_on(
    net: Net, tables: Tables, state: State, log: Log, b: int, before: tuple[int, float, float, float]
) -> None:
    """Branch b changed: its targets feel the difference from now on, and what is due next has to be found again."""
    after = output(net, state, b)
    note_branch(net, state, log, b)
    predict(net, tables, state, b)
    expect(net, state, b)
    if before[0] == after[0] == NO_OUTPUT:
        return
    for k in range(net.target_at[b], net.target_at[b + 1]):
        i = net.target[k, POST]
        move(net, tables, state, i, state.branch_since[b])
        if before[0] == after[0] and before[0] != CONSTANT:
            pool = state.pool[net.target[k, CALM_POOL if before[0] == CALM else DRIVEN_POOL]]
            pool[X] += net.weight[k] * (after[1] - before[1])
            pool[C] += net.weight[k] * (after[2] - before[2])
            pool[D] += net.weight[k] * (after[3] - before[3])
        else:
            contribute(net, state, b, k, before, -1)
            contribute(net, state, b, k, after, 1)
        note_neuron(net, state, log, i)
        look(net, tables, state, i)


@helper
def contribute(
    net: Net, state: State, b: int, k: int, given: tuple[int, float, float, float], side: int
) -> None:
    """Add (side 1) or take away (side -1) what branch b gives to its k-th target. Nothing is left when all are gone."""
    kind, x, c, d = given
    i, weight = net.target[k, POST], side * net.weight[k]
    if kind == CONSTANT:
        state.constants[i] += side
        state.constant[i] += weight * x
        state.load[i] += weight * net.neuron[i, CAPACITANCE] * (net.branch[b, PULSE_G] if net.stages[b] == 0 else 0.0)
        if state.constants[i] == 0:
            state.constant[i] = state.load[i] = 0.0
        if net.own[i]:
            shift_gears(net, state, i)
    elif kind != NO_OUTPUT:
        at = net.target[k, CALM_POOL if kind == CALM else DRIVEN_POOL]
        pool = state.pool[at]
        state.users[at] += side
        pool[X] += weight * x
        pool[C] += weight * c
        pool[D] += weight * d
        if state.users[at] == 0:
            pool[:] = 0.0


@helper
def expect(net: Net, state: State, b: int) -> None:
    """Put branch b on the agenda."""
    due = state.due_branch[b]
    schedule(state, net.neuron.shape[0] + b, min(due[STAGE_1], due[STAGE_2], due[PULSE_END], due[ARRIVAL]))


@helper
def predict(net: Net, tables: Tables, state: State, b: int) -> None:
    """Find when the stages of branch b change their regime."""
    p, due, base, pulse = net.branch[b], state.due_branch[b], state.branch_since[b], state.pulse[b]
    top, regime = p[X_MAX], state.regime[b, 0]
    due[STAGE_1] = due[STAGE_2] = inf
    if net.stages[b] == 0:
        return
    x, push, rate = first_stage(p, state.stage[b, 0], pulse, regime)
    if regime == BELOW:
        due[STAGE_1] = base + reach(x, 0.0, 1.0, rate, push)
    elif regime == LINEAR:
        due[STAGE_1] = base + min(reach(x, top, 1.0, rate, push), reach(x, 0.0, -1.0, rate, push))
    else:
        load = p[LOAD_1] + (p[PULSE_G] if pulse != 0.0 else 0.0)
        if pulse < load * p[V_T] + (1.0 + load * p[R_S]) * top:
            due[STAGE_1] = base
    if net.stages[b] == 1:
        return
    c, d, fade = second_drive(p, state.stage[b, 0], pulse, regime)
    regime, x = state.regime[b, 1], state.stage[b, 1]
    if regime == CEILING:
        excess = second_rate(p, LINEAR) * top - c
        if c + d < excess + c:
            due[STAGE_2] = base
        elif excess > 0.0:
            # Up to the next float: rounded down to where stage 1 still fills it, it would be full and released forever.
            due[STAGE_2] = nextafter(base + log(d / excess) / fade, inf)
        return
    low, high = (-1e300, 0.0) if regime == BELOW else (0.0, top)
    horizon = min(due[STAGE_1], due[PULSE_END], due[ARRIVAL]) - base
    due[STAGE_2] = base + stage_exit(tables, x, c, d, fade, second_rate(p, regime), low, high, horizon)


@helper
def stage_exit(
    tables: Tables, x: float, c: float, d: float, fade: float, rate: float, low: float, high: float, horizon: float
) -> float:
    """When x' = c + d exp(-fade t) - rate x leaves (low, high) before `horizon`, or inf."""
    most, least = c + max(d, 0.0), c + min(d, 0.0)
    rise, fall = max(0.0, most - rate * x) * horizon, min(0.0, least - rate * x) * horizon
    if low < x + fall and x + rise < high:
        return inf
    form = tables.form[0]
    form[FORM_X], form[FORM_C_0], form[FORM_C_1] = c + d, fade * c, 0.0
    form[FORM_A], form[FORM_B], form[FORM_Q] = 0.0, fade, 1.0
    t, _ = leave(x, rate, 0.0, STILL, low, high, tables.form, tables.who, 0, 1, tables.now, horizon)
    return t
