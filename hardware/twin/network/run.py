"""The loop: step after step of the grid, each split only for the neurons that something happens to.

The state of a neuron is committed at the steps of the grid, at its own events and when what reaches it changes; that of
a branch at its events. Neither knows where a run was cut, so no bit depends on it.
"""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import inf

from ..compiled import kernel, routine
from ..layout import DELAY, HOLD, ON, Queue
from .agenda import schedule
from .branches import branch_event, contribute, flight_full, send
from .layout import (
    BEGUN,
    BUSY,
    CHAPTER_FULL,
    DONE,
    EXIT,
    FIRST_BUSY,
    FIRST_TARGET,
    FLIGHT_FULL,
    INPUTS,
    LAST_TARGET,
    LEVEL,
    LOG_FULL,
    NOISE,
    ORDER,
    PHASE,
    SILENT,
    SPIKES,
    STEP,
    WORDS,
    Log,
    Net,
    State,
    Tables,
)
from .membranes import arrive_all, leave_phase, look, look_all, move, recover
from .notes import note_branch, note_neuron, room
from .stages import due_next, output, predict


@routine
def fire(net: Net, tables: Tables, state: State, log: Log, i: int, moment: float) -> None:
    """The thyristor of neuron i closes."""
    state.neuron[i, PHASE], state.neuron[i, SILENT] = ON, 0.0
    schedule(state, i, inf)
    log.spike[log.size[SPIKES], 0], log.spike[log.size[SPIKES], 1] = moment, i
    log.size[SPIKES] += 1
    for b in range(net.branch_at[i], net.branch_at[i + 1]):
        send(net, tables, state, log, b, moment)


@routine
def time_out(net: Net, state: State, i: int) -> bool:
    """The fire delay, the dead time or the patience of neuron i is over; whether it fires, which is left to do."""
    s, moment = state.neuron[i], state.due[i]
    schedule(state, i, inf)
    if s[PHASE] == HOLD:
        recover(net, state, i, moment)
    elif s[PHASE] != DELAY:
        s[SILENT] = 1.0
    return bool(s[PHASE] == DELAY)


@routine
def take_input(net: Net, state: State, log: Log, queue: Queue, stream: int, i: int) -> None:
    """The next level of the port of neuron i, or of its noise."""
    head = queue.head[stream]
    if stream != i:
        state.neuron[i, LEVEL] = queue.level[head]
        line = log.input[log.size[INPUTS]]
        line[0], line[1], line[2] = queue.time[head], i, queue.level[head]
        log.size[INPUTS] += 1
    else:
        state.neuron[i, NOISE] = queue.level[head]
    queue.head[stream] = head + 1
    expect_input(net, state, queue, stream)


@routine
def expect_input(net: Net, state: State, queue: Queue, stream: int) -> None:
    """Put the next level of a stream on the agenda."""
    entry = state.due.shape[0] - 2 * net.neuron.shape[0] + stream
    waiting = queue.head[stream] < queue.stop[stream]
    schedule(state, entry, queue.time[queue.head[stream]] if waiting else inf)


@routine
def earliest_exit(state: State) -> tuple[float, int]:
    """The neuron that leaves its phase first, and when."""
    when, who = inf, -1
    for k in range(FIRST_BUSY, FIRST_BUSY + state.clock[BUSY]):
        i = state.clock[k]
        at = state.neuron[i, EXIT]
        if at < when or (at == when and i < who):
            when, who = at, i
    return when, who


@routine
def happen(
    net: Net, tables: Tables, state: State, log: Log, queue: Queue, planned: bool, who: int, moment: float
) -> None:
    """What was on the agenda as `who` happens, or neuron `who` leaves its phase."""
    n, inputs = net.neuron.shape[0], state.due.shape[0] - 2 * net.neuron.shape[0]
    if planned and n <= who < inputs:
        branch_event(net, tables, state, log, who - n, moment)
        return
    i = who if who < n else (who - inputs) % n
    move(net, tables, state, i, moment)
    fires = False
    if not planned:
        fires = leave_phase(net, state, i)
    elif who < n:
        fires = time_out(net, state, i)
    else:
        take_input(net, state, log, queue, who - inputs, i)
    if fires:
        fire(net, tables, state, log, i, moment)
    note_neuron(net, state, log, i)
    look(net, tables, state, i)


@kernel
def run(net: Net, tables: Tables, state: State, log: Log, queue: Queue, until: float, words: int, last: int) -> int:
    """Let every event up to `until` happen: DONE, or why not yet. A chapter ends with `words` or before step `last`."""
    n, clock = net.neuron.shape[0], state.clock
    for stream in range(2 * n):
        expect_input(net, state, queue, stream)
    while True:
        if not clock[BEGUN]:
            if log.size[WORDS] >= words or clock[STEP] >= last:
                return CHAPTER_FULL
            clock[BEGUN], clock[BUSY] = 1, 0
            look_all(net, tables, state)
        end = (clock[STEP] + 1) * net.step
        while True:
            when, who = earliest_exit(state)
            planned = state.due[state.heap[ORDER, 0]] < when
            if planned:
                who = state.heap[ORDER, 0]
                when = state.due[who]
            if when > until or when >= end:
                break
            if not room(net, log):
                return LOG_FULL
            if who < n and flight_full(net, state, who):
                return FLIGHT_FULL
            happen(net, tables, state, log, queue, planned, who, when)
        if end > until:
            return DONE
        arrive_all(net, state)
        clock[BEGUN] = 0


@kernel
def start(net: Net, tables: Tables, state: State) -> None:
    """Let the board at rest find out what its branches give, and what is due on them."""
    for b in range(net.branch.shape[0]):
        p, s = net.branch[b], state.branch[b]
        given = output(p, s)
        for k in range(int(p[FIRST_TARGET]), int(p[LAST_TARGET])):
            contribute(net, state, b, k, given, 1.0)
        predict(tables, p, s)
        schedule(state, net.neuron.shape[0] + b, due_next(s))


@kernel
def open_chapter(net: Net, state: State, log: Log) -> None:
    """Write down everybody as they are at the beginning of a step."""
    for i in range(net.neuron.shape[0]):
        note_neuron(net, state, log, i)
    for b in range(net.branch.shape[0]):
        note_branch(net, state, log, b)
