"""The event loop of one bursting neuron: from event to event, with a log of the state right after each."""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import inf

from ..compiled import helper, kernel
from ..layout import Floats, Log, Queue
from .layout import (
    BLOCKED,
    DEAD_TIME,
    DELAY,
    DOWN,
    EXIT,
    FIRE_DELAY,
    FORGET,
    HIGH,
    HOLD,
    I_LATCH,
    I_MAX,
    L_1,
    L_2,
    LEAK,
    LEVEL,
    LOW,
    MEMORY,
    MEMORY_TIME,
    NOISE,
    ON,
    PHASE,
    PRIMED,
    R_ON,
    RATE_1,
    RATE_2,
    SAG,
    SHARING,
    SINCE,
    STALE,
    TIMER,
    UP,
    V_1,
    V_2,
    V_F,
    V_L,
    V_TH,
    WAY,
    Cell,
    State,
    V,
)
from .motion import find_modes, gone, meet


@helper
def move(x: Floats, modes: Floats, t: float) -> None:
    """Carry the two voltages `t` further along their closed form."""
    first, second = gone(modes[RATE_1], t), gone(modes[RATE_2], t)
    x[V] += modes[V_1] * first + modes[V_2] * second
    x[V_L] += modes[L_1] * first + modes[L_2] * second


@helper
def threshold(cell: Cell, state: State) -> float:
    """Voltage over the thyristor at which it closes now."""
    volts: float = cell.number[V_TH] - (cell.number[MEMORY] if state.codes[PRIMED] else 0.0)
    return volts


@helper
def predict(cell: Cell, state: State, modes: Floats) -> None:
    """Find when and how the thyristor's voltage leaves the piece it is in."""
    x, codes, due = state.values, state.codes, state.due
    phase = codes[PHASE]
    due[EXIT] = inf
    if phase in (DELAY, HOLD):
        return
    find_modes(cell, phase, x, modes)
    u, k_1, k_2 = x[V] - x[V_L], modes[V_1] - modes[L_1], modes[V_2] - modes[L_2]
    high = cell.piece[phase, HIGH]
    if phase >= LEAK:
        high = min(high, threshold(cell, state))
        if u >= high == threshold(cell, state):
            codes[WAY], due[EXIT] = UP, due[SINCE]
            return
    up = meet(u - high, k_1, modes[RATE_1], k_2, modes[RATE_2])
    down = meet(cell.piece[phase, LOW] - u, -k_1, modes[RATE_1], -k_2, modes[RATE_2])
    codes[WAY] = UP if up <= down else DOWN
    due[EXIT] = due[SINCE] + min(up, down)


@helper
def shared_current(cell: Cell, x: Floats, modes: Floats) -> float:
    """Current (A) through a thyristor that has just closed, once the fast mode has shared its charge with C_L."""
    find_modes(cell, SHARING, x, modes)
    p = cell.number
    if modes[RATE_1] > modes[RATE_2]:
        moved = (modes[V_1] - modes[L_1]) / modes[RATE_1]
    else:
        moved = (modes[V_2] - modes[L_2]) / modes[RATE_2]
    amperes: float = (x[V] - x[V_L] - p[V_F] + moved) / p[R_ON]
    return amperes


@helper
def fire(cell: Cell, at: float, state: State, log: Log, modes: Floats) -> None:
    """The thyristor closes. It latches if after the sharing it still carries the latching current, where it has one."""
    codes, due, p = state.codes, state.due, cell.number
    codes[PHASE] = ON
    if p[I_LATCH] > 0.0 and shared_current(cell, state.values, modes) < p[I_LATCH]:
        codes[PHASE] = SHARING
    if p[MEMORY] > 0.0:
        codes[PRIMED], due[FORGET] = 1, at + p[MEMORY_TIME]
    log.spike_time[log.size[1]] = at
    log.spike_neuron[log.size[1]] = 0
    log.size[1] += 1


@helper
def open_up(cell: Cell, state: State) -> None:
    """The thyristor is open: the piece of the leak in which its voltage lies."""
    u = state.values[V] - state.values[V_L]
    state.codes[PHASE] = cell.piece.shape[0] - 1
    for phase in range(LEAK, cell.piece.shape[0] - 1):
        if u < cell.piece[phase, HIGH]:
            state.codes[PHASE] = phase
            return


@helper
def leave_piece(cell: Cell, at: float, state: State, log: Log, modes: Floats) -> None:
    """The voltage over the thyristor has come to an end of its piece."""
    x, codes, due, p = state.values, state.codes, state.due, cell.number
    phase = codes[PHASE]
    if phase < DELAY:
        if phase == ON and x[LEVEL] - p[SAG] * max(x[LEVEL], 0.0) * x[V] + x[NOISE] >= p[I_MAX]:
            codes[PHASE] = BLOCKED
        elif p[DEAD_TIME] > 0.0:
            codes[PHASE], due[TIMER] = HOLD, at + p[DEAD_TIME]
        else:
            open_up(cell, state)
    elif codes[WAY] == DOWN:
        codes[PHASE] = phase - 1
    elif threshold(cell, state) > cell.piece[phase, HIGH]:
        codes[PHASE] = phase + 1
    elif p[FIRE_DELAY] > 0.0:
        codes[PHASE], due[TIMER] = DELAY, at + p[FIRE_DELAY]
    else:
        fire(cell, at, state, log, modes)


@kernel
def advance(
    cell: Cell, until: float, state: State, log: Log, queue: Queue, port: int, noise: int, modes: Floats
) -> bool:
    """Run the events up to `until`; False when the log is full. `port`, `noise`: the neuron's streams of the queue."""
    x, codes, due = state.values, state.codes, state.due
    while log.size[0] < log.time.shape[0]:
        if codes[STALE]:
            predict(cell, state, modes)
            codes[STALE] = 0
        at = min(due[EXIT], due[TIMER], due[FORGET])
        drive, stream = at, -1
        for k in (noise, port):  # a level comes last of all that happens at its moment
            if queue.head[k] < queue.stop[k] and queue.time[queue.head[k]] < drive:
                drive, stream = queue.time[queue.head[k]], k
        at = min(at, drive)
        if at > until:
            return True
        find_modes(cell, codes[PHASE], x, modes)
        move(x, modes, at - due[SINCE])
        due[SINCE], codes[STALE] = at, 1
        if stream >= 0:
            x[LEVEL if stream == port else NOISE] = queue.level[queue.head[stream]]
            queue.head[stream] += 1
        elif at == due[FORGET]:
            codes[PRIMED], due[FORGET] = 0, inf
        elif at == due[TIMER]:
            due[TIMER] = inf
            if codes[PHASE] == DELAY:
                fire(cell, at, state, log, modes)
            else:
                open_up(cell, state)
        else:
            leave_piece(cell, at, state, log, modes)
        row = log.size[0]
        log.time[row], log.values[row], log.codes[row] = at, x, codes
        log.size[0] = row + 1
    return False
