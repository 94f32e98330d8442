"""Branches: what happens to them, and what the membranes behind them feel of it."""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import inf

from ..compiled import routine
from ..layout import BELOW, CAPACITANCE, CEILING, DELAY_T, LINEAR, PULSE_G, PULSE_I, PULSE_T, X_MAX, Floats
from .agenda import schedule
from .layout import (
    ARRIVAL,
    BRANCH_SINCE,
    CALM,
    CALM_POOL,
    CONSTANT,
    CONSTANT_OUTPUT,
    CONSTANTS,
    DRIVEN_POOL,
    DUE_1,
    DUE_2,
    FIRST_FLYING,
    FIRST_TARGET,
    FLYING,
    LAST_TARGET,
    LOAD,
    NO_OUTPUT,
    POST,
    PULSE,
    PULSE_END,
    REGIME_1,
    STAGES,
    USERS,
    WEIGHT,
    X_1,
    C,
    D,
    Log,
    Net,
    State,
    Tables,
    X,
)
from .membranes import look, move
from .notes import note_branch, note_neuron
from .stages import due_next, move_branch, output, predict

Output = tuple[int, float, float, float]


@routine
def arrive(net: Net, tables: Tables, state: State, log: Log, b: int, moment: float) -> None:
    """A spike reaches branch b: a current pulse begins; one that still lasts begins anew."""
    p, s = net.branch[b], state.branch[b]
    move_branch(p, s, moment)
    before = output(p, s)
    s[PULSE], s[PULSE_END] = p[PULSE_I], moment + p[PULSE_T]
    pass_on(net, tables, state, log, b, before)


@routine
def send(net: Net, tables: Tables, state: State, log: Log, b: int, moment: float) -> None:
    """A spike was fired: it reaches branch b now, or sets out behind those that are on their way."""
    delay, s = net.branch[b, DELAY_T], state.branch[b]
    if delay == 0.0:
        arrive(net, tables, state, log, b, moment)
        return
    ring = state.flight[b]
    ring[int(s[FIRST_FLYING] + s[FLYING]) % ring.shape[0]] = moment + delay
    s[FLYING] += 1.0
    if s[FLYING] == 1.0:
        s[ARRIVAL] = moment + delay
        schedule(state, net.neuron.shape[0] + b, due_next(s))


@routine
def flight_full(net: Net, state: State, i: int) -> bool:
    """Whether a spike of neuron i would find no room behind those on their way."""
    for b in range(net.branch_at[i], net.branch_at[i + 1]):
        if net.branch[b, DELAY_T] > 0.0 and state.branch[b, FLYING] == state.flight.shape[1]:
            return True
    return False


@routine
def branch_event(net: Net, tables: Tables, state: State, log: Log, b: int, moment: float) -> None:
    """The first of what is due on branch b happens."""
    p, s, ring = net.branch[b], state.branch[b], state.flight[b]
    if s[DUE_1] == moment or s[DUE_2] == moment:
        move_branch(p, s, moment)
        before = output(p, s)
        change_regime(p[X_MAX], s, 0 if s[DUE_1] == moment else 1)
        pass_on(net, tables, state, log, b, before)
    elif s[PULSE_END] == moment:
        move_branch(p, s, moment)
        before = output(p, s)
        s[PULSE], s[PULSE_END] = 0.0, inf
        pass_on(net, tables, state, log, b, before)
    else:
        s[FIRST_FLYING] = (int(s[FIRST_FLYING]) + 1) % ring.shape[0]
        s[FLYING] -= 1.0
        s[ARRIVAL] = ring[int(s[FIRST_FLYING])] if s[FLYING] > 0.0 else inf
        arrive(net, tables, state, log, b, moment)


@routine
def change_regime(top: float, s: Floats, stage: int) -> None:
    """A stage reaches V_T or the supply, or leaves it."""
    x, regime = X_1 + stage, REGIME_1 + stage
    if s[regime] == BELOW or s[regime] == CEILING:
        s[x] = 0.0 if s[regime] == BELOW else top
        s[regime] = LINEAR
    elif s[x] > 0.5 * top:
        s[x], s[regime] = top, CEILING
    else:
        s[x], s[regime] = 0.0, BELOW


@routine
def pass_on(net: Net, tables: Tables, state: State, log: Log, b: int, before: Output) -> None:
    """Branch b changed: its targets feel the difference from now on, and what is due next has to be found again."""
    p, s = net.branch[b], state.branch[b]
    after = output(p, s)
    predict(tables, p, s)
    schedule(state, net.neuron.shape[0] + b, due_next(s))
    note_branch(net, state, log, b)
    if before[0] == NO_OUTPUT and after[0] == NO_OUTPUT:
        return
    same = before[0] == after[0] and before[0] != CONSTANT_OUTPUT
    for k in range(int(p[FIRST_TARGET]), int(p[LAST_TARGET])):
        i = int(net.target[k, POST])
        move(net, tables, state, i, s[BRANCH_SINCE])
        if same:
            row, weight = state.neuron[i], net.target[k, WEIGHT]
            pool = int(net.target[k, CALM_POOL if before[0] == CALM else DRIVEN_POOL])
            row[pool + X] += weight * (after[1] - before[1])
            row[pool + C] += weight * (after[2] - before[2])
            row[pool + D] += weight * (after[3] - before[3])
        else:
            contribute(net, state, b, k, before, -1.0)
            contribute(net, state, b, k, after, 1.0)
        note_neuron(net, state, log, i)
        look(net, tables, state, i)


@routine
def contribute(net: Net, state: State, b: int, k: int, given: Output, side: float) -> None:
    """Add (side 1) or take away (side -1) what branch b gives to its target k. Nothing is left when all are gone."""
    kind, x, c, d = given
    i = int(net.target[k, POST])
    row, weight = state.neuron[i], side * net.target[k, WEIGHT]
    if kind == CONSTANT_OUTPUT:
        row[CONSTANTS] += side
        row[CONSTANT] += weight * x
        if net.branch[b, STAGES] == 0:
            row[LOAD] += weight * net.neuron[i, CAPACITANCE] * net.branch[b, PULSE_G]
        if row[CONSTANTS] == 0.0:
            row[CONSTANT] = row[LOAD] = 0.0
    elif kind != NO_OUTPUT:
        pool = int(net.target[k, CALM_POOL if kind == CALM else DRIVEN_POOL])
        row[pool + USERS] += side
        row[pool + X] += weight * x
        row[pool + C] += weight * c
        row[pool + D] += weight * d
        if row[pool + USERS] == 0.0:
            row[pool + X] = row[pool + C] = row[pool + D] = 0.0
