"""The loop: step after step of the grid, each split only for the neurons that something happens to.

The state of a neuron is committed at the steps of the grid, at its own events and when what reaches it changes; that of
a branch at its events. Neither knows where a run was cut, so no bit depends on it.
"""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import inf

from ..compiled import helper, kernel
from ..layout import DELAY, ON, Queue
from .agenda import schedule
from .branches import branch_event, contribute, expect, flight_full, output, predict, send
from .layout import (
    BEGUN,
    BUSY,
    CHAPTER_FULL,
    DONE,
    FLIGHT_FULL,
    INPUTS,
    LOG_FULL,
    SPIKES,
    STEP,
    WORDS,
    Log,
    Net,
    State,
    Tables,
)
from .membranes import leak_phase, leave_phase, look, move, shift_gears
from .notes import note_branch, note_neuron, room


@helper
def begin(net: Net, tables: Tables, state: State) -> None:
    """All neurons look ahead to the end of the step."""
    state.clock[BUSY] = 0
    state.clock[BEGUN] = 1
    for i in range(net.neuron.shape[0]):
        look(net, tables, state, i)


@helper
def finish(net: Net, state: State) -> None:
    """All neurons are where they saw themselves."""
    state.clock[STEP] += 1
    state.clock[BEGUN] = 0
    state.v[:] = state.v_next
    state.pool[:] = state.pool_next
    state.since[:] = state.clock[STEP] * net.step


@helper
def fire(net: Net, tables: Tables, state: State, log: Log, i: int, moment: float) -> None:
    """The thyristor of neuron i closes."""
    state.phase[i], state.silent[i] = ON, 0
    log.spike_time[log.size[SPIKES]] = moment
    log.spike_neuron[log.size[SPIKES]] = i
    log.size[SPIKES] += 1
    note_neuron(net, state, log, i)
    look(net, tables, state, i)
    for b in range(net.branch_at[i], net.branch_at[i + 1]):
        send(net, tables, state, log, b, moment)


@helper
def time_out(net: Net, tables: Tables, state: State, log: Log, i: int, moment: float) -> None:
    """The fire delay or the dead time of neuron i is over."""
    schedule(state, i, inf)
    move(net, tables, state, i, moment)
    if state.phase[i] == DELAY:
        fire(net, tables, state, log, i, moment)
    else:
        state.phase[i] = leak_phase(net, i, state.v[i])
        note_neuron(net, state, log, i)
        look(net, tables, state, i)


@helper
def take_input(net: Net, tables: Tables, state: State, log: Log, queue: Queue, stream: int) -> None:
    """The next level of a port or of its noise."""
    n = net.neuron.shape[0]
    i, head = stream % n, queue.head[stream]
    moment, level = queue.time[head], queue.level[head]
    move(net, tables, state, i, moment)
    if stream < n:
        state.level[i] = level
        log.input_time[log.size[INPUTS]] = moment
        log.input_level[log.size[INPUTS]] = level
        log.input_port[log.size[INPUTS]] = i
        log.size[INPUTS] += 1
        if net.own[i]:
            shift_gears(net, state, i)
    else:
        state.noise[i] = level
    queue.head[stream] = head + 1
    expect_input(net, state, queue, stream)
    note_neuron(net, state, log, i)
    look(net, tables, state, i)


@helper
def expect_input(net: Net, state: State, queue: Queue, stream: int) -> None:
    """Put the next level of a stream on the agenda."""
    entry = state.due.shape[0] - 2 * net.neuron.shape[0] + stream
    waiting = queue.head[stream] < queue.stop[stream]
    schedule(state, entry, queue.time[queue.head[stream]] if waiting else inf)


@helper
def earliest_exit(state: State) -> tuple[float, int]:
    """The neuron that leaves its phase first."""
    when, who = inf, -1
    for k in range(state.clock[BUSY]):
        i = state.busy[k]
        if state.exit[i] < when or (state.exit[i] == when and i < who):
            when, who = state.exit[i], i
    return when, who


@helper
def happen(net: Net, tables: Tables, state: State, log: Log, queue: Queue, entry: int, moment: float) -> None:
    """What was on the agenda happens."""
    n = net.neuron.shape[0]
    inputs = state.due.shape[0] - 2 * n
    if entry < n:
        time_out(net, tables, state, log, entry, moment)
    elif entry < inputs:
        branch_event(net, tables, state, log, entry - n, moment)
    else:
        take_input(net, tables, state, log, queue, entry - inputs)


@kernel
def run(
    net: Net, tables: Tables, state: State, log: Log, queue: Queue, until: float, words: int, last: int
) -> int:
    """Let every event up to `until` happen: DONE, or why not yet. A chapter ends with `words` or before step `last`."""
    n = net.neuron.shape[0]
    for stream in range(2 * n):
        expect_input(net, state, queue, stream)
    while True:
        if not state.clock[BEGUN]:
            if log.size[WORDS] >= words or state.clock[STEP] >= last:
                return CHAPTER_FULL
            begin(net, tables, state)
        end = (state.clock[STEP] + 1) * net.step
        while True:
            when, who = earliest_exit(state)
            entry = state.heap[0]
            planned = state.due[entry] < when
            if planned:
                when = state.due[entry]
            if when > until or when >= end:
                break
            if not room(net, log):
                return LOG_FULL
            if (not planned or entry < n) and flight_full(net, state, entry if planned else who):
                return FLIGHT_FULL
            if planned:
                happen(net, tables, state, log, queue, entry, when)
            elif leave_phase(net, tables, state, log, who):
                fire(net, tables, state, log, who, when)
        if end > until:
            return DONE
        finish(net, state)


@kernel
def open_chapter(net: Net, state: State, log: Log) -> None:
    """Write down everybody as they are at the beginning of a step."""
    for i in range(net.neuron.shape[0]):
        note_neuron(net, state, log, i)
    for b in range(net.stages.shape[0]):
        note_branch(net, state, log, b)


@kernel
def start(net: Net, tables: Tables, state: State) -> None:
    """Let the board at rest find out what its branches give, and what is due on them."""
    for i in range(net.neuron.shape[0]):
        shift_gears(net, state, i)
    for b in range(net.stages.shape[0]):
        given = output(net, state, b)
        for k in range(net.target_at[b], net.target_at[b + 1]):
            contribute(net, state, b, k, given, 1)
        predict(net, tables, state, b)
        expect(net, state, b)
