"""The event loop: let the board run from event to event, and keep a log of the state right after each."""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import exp, inf, sin

from .compiled import helper, kernel
from .drives import (
    first_stage,
    leak_phase,
    membrane_push,
    membrane_rate,
    membrane_wave,
    output,
    shape,
    shape_second,
)
from .lanes import follow, idle, look, relaxed
from .layout import (
    ARRIVAL,
    BELOW,
    CAPACITANCE,
    CEILING,
    DEAD_TIME,
    DELAY,
    DELAY_T,
    DONE,
    DOWN,
    EXIT,
    EXTRA_V,
    FIRE_DELAY,
    FLIGHT_FULL,
    HIGH,
    HOLD,
    INPUT,
    LATCHED,
    LEAK,
    LINEAR,
    LOG_FULL,
    LOW,
    ON,
    PULSE,
    PULSE_I,
    PULSE_T,
    SILENCE,
    SILENT,
    STAGE_1,
    TIMER,
    UP,
    V_LATCH,
    V_OFF,
    X_MAX,
    A,
    B,
    Circuit,
    Flags,
    Floats,
    Log,
    Queue,
    Scratch,
    State,
)
from .predictions import predict_neuron, predict_stages


@helper
def carry(c: Circuit, base: float, t: float, known: int, state: State, scratch: Scratch) -> None:
    """Move every lane from `base` on `t` further along its closed form, but for neuron `known`, whose event tells V_m."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    values, codes, old = state.values, state.codes, scratch.old
    for k in range(values.shape[0]):
        old[k] = values[k]
    for i in range(n):
        if codes[i] != HOLD and i != known:
            push, rate = membrane_push(c, i, old, codes), membrane_rate(c, i, old, codes)
            wave, start, stop = membrane_wave(c, i, base), c.into_at[i], c.into_at[i + 1]
            values[i], _, _ = look(old[i], rate, push, wave, scratch.forms, c.into, start, stop, t, scratch.now)
    for s in range(m):
        carry_stages(c, s, t, state, scratch.forms, old)


@helper
def carry_stages(c: Circuit, s: int, t: float, state: State, forms: Floats, old: Floats) -> None:
    """The same for the stages of synapse s."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    if c.wires[s, 2] == 0:
        return
    x, push, rate = first_stage(c, s, old, state.codes)
    e = 1.0
    if push != 0.0 or rate != 0.0:
        e = exp(-rate * t)
        state.values[2 * n + s] = relaxed(x, rate, push, e, t)
    at, form = 2 * n + m + s, forms[s]
    if c.wires[s, 2] == 1 or state.codes[at] == CEILING:
        return
    if state.codes[at] == BELOW:  # stage 1 fills it, and no form of the membrane's drives tells how
        shape_second(c, s, old, state.codes, forms[m])
        form = forms[m]
    if not idle(form):
        e_a = e if form[A] == rate else exp(-form[A] * t)
        e_b = e if form[B] == rate else exp(-form[B] * t)
        state.values[at] = follow(form, e_a, e_b, t)


@helper
def touch_synapse(c: Circuit, s: int, stale: Flags) -> None:
    """A synapse changed: its own exits and those of the neuron behind it have to be found again."""
    stale[c.neuron.shape[0] + s] = True
    stale[c.wires[s, 1]] = True


@helper
def fire(c: Circuit, i: int, at: float, state: State, log: Log) -> None:
    """The thyristor closes: note the spike, start the current pulses."""
    n = c.neuron.shape[0]
    state.codes[i], state.codes[n + i] = ON, 0
    state.due[TIMER, i] = inf
    log.spike_time[log.size[1]] = at
    log.spike_neuron[log.size[1]] = i
    log.size[1] += 1
    for k in range(c.out_at[i], c.out_at[i + 1]):
        s = c.out_of[k]
        if c.synapse[s, DELAY_T] == 0.0:
            arrive(c, s, at, state)
        else:
            take_off(s, at + c.synapse[s, DELAY_T], state)


@helper
def arrive(c: Circuit, s: int, at: float, state: State) -> None:
    """A spike reaches synapse s: a current pulse begins; one that still lasts begins anew."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    state.values[2 * n + 2 * m + s] = c.synapse[s, PULSE_I]
    state.due[PULSE, s] = at + c.synapse[s, PULSE_T]
    touch_synapse(c, s, state.stale)


@helper
def take_off(s: int, arrival: float, state: State) -> None:
    """A spike sets out for synapse s, behind those that are on their way."""
    room, count = state.flight.shape[1], state.flying[s, 1]
    if count == 0:
        state.due[ARRIVAL, s] = arrival
    state.flight[s, (state.flying[s, 0] + count) % room] = arrival
    state.flying[s, 1] = count + 1


@helper
def land(c: Circuit, s: int, at: float, state: State) -> None:
    """The first of the spikes on their way to synapse s is there."""
    state.flying[s, 0] = (state.flying[s, 0] + 1) % state.flight.shape[1]
    state.flying[s, 1] -= 1
    state.due[ARRIVAL, s] = state.flight[s, state.flying[s, 0]] if state.flying[s, 1] > 0 else inf
    arrive(c, s, at, state)


@helper
def flight_full(c: Circuit, i: int, state: State) -> bool:
    """Whether a spike of neuron i would find no room behind those on their way."""
    if state.flight.shape[1] == 0:
        return False
    most = 0
    for k in range(c.out_at[i], c.out_at[i + 1]):
        most = max(most, state.flying[c.out_of[k], 1])
    full: bool = most == state.flight.shape[1]
    return full


@helper
def exit_phase(c: Circuit, i: int, at: float, state: State, log: Log) -> None:
    """Neuron i leaves its phase."""
    n = c.neuron.shape[0]
    values, codes, p = state.values, state.codes, c.neuron[i]
    phase, kind = codes[i], state.kind[i]
    state.stale[i] = True
    if kind == SILENT:
        codes[n + i] = 1
    elif kind == UP and phase == c.phase.shape[1] - 1:
        values[i] = c.phase[i, phase, HIGH] + p[EXTRA_V] * codes[n + i]
        if p[FIRE_DELAY] > 0.0:
            codes[i], state.due[TIMER, i] = DELAY, at + p[FIRE_DELAY]
        else:
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


@helper
def open_thyristor(c: Circuit, i: int, at: float, state: State) -> None:
    """V_m fell to where the thyristor opens, unless the input alone holds it closed."""
    p, codes = c.neuron[i], state.codes
    if codes[i] == ON and p[V_LATCH] < p[V_OFF]:
        size, _, angle = membrane_wave(c, i, at)
        drive = membrane_push(c, i, state.values, codes) + size * sin(angle)
        for k in range(c.into_at[i], c.into_at[i + 1]):
            drive += output(c, c.into[k], state.values, codes) / p[CAPACITANCE]
        if drive >= membrane_rate(c, i, state.values, codes) * p[V_LATCH]:
            codes[i] = LATCHED
            return
    if p[DEAD_TIME] > 0.0:
        codes[i], state.due[TIMER, i] = HOLD, at + p[DEAD_TIME]
    else:
        recover(c, i, at, state)


@helper
def recover(c: Circuit, i: int, at: float, state: State) -> None:
    """Neuron i integrates again; unless something fires it before, it counts as silent after a while."""
    state.codes[i] = leak_phase(c, i, state.values[i])
    if c.neuron[i, SILENCE] > 0.0 and c.neuron[i, EXTRA_V] > 0.0:
        state.due[TIMER, i] = at + c.neuron[i, SILENCE]


@helper
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


@helper
def next_event(c: Circuit, due: Floats, queue: Queue) -> tuple[float, int, int]:
    """Earliest event: time, row of `due` or INPUT, whose. Ties go to the circuit before the inputs."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    when, what, who = inf, -1, -1
    for row in range(INPUT):
        for k in range(n if row <= TIMER else m):
            if due[row, k] < when:
                when, what, who = due[row, k], row, k
    for k in range(2 * n):
        if queue.head[k] < queue.stop[k] and queue.time[queue.head[k]] < when:
            when, what, who = queue.time[queue.head[k]], INPUT, k
    return when, what, who


@helper
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
        elif state.codes[who] == HOLD:
            recover(c, who, at, state)
        else:
            state.codes[n + who] = 1
    elif what == PULSE:
        state.due[PULSE, who] = inf
        state.values[2 * n + 2 * m + who] = 0.0
        touch_synapse(c, who, state.stale)
    elif what == ARRIVAL:
        land(c, who, at, state)
    elif what == INPUT:
        state.values[who if who >= n else 2 * n + 3 * m + who] = queue.level[queue.head[who]]
        queue.head[who] += 1
        state.stale[who % n] = True
    else:
        change_regime(c, who, what - STAGE_1, state)


@helper
def note(when: float, state: State, log: Log) -> None:
    """Write the state right after an event into the log."""
    row = log.size[0]
    log.time[row] = when
    for k in range(state.values.shape[0]):
        log.values[row, k] = state.values[k]
    for k in range(state.codes.shape[0]):
        log.codes[row, k] = state.codes[k]
    log.size[0] += 1


@kernel
def advance(c: Circuit, until: float, state: State, log: Log, queue: Queue, scratch: Scratch) -> int:
    """Let every event up to `until` happen: DONE, or what is full. Then make room and call again."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    for s in range(m):
        shape(c, s, state.values, state.codes, scratch.forms[s])
    while True:
        base = log.time[log.size[0] - 1]
        for s in range(m):
            if state.stale[n + s]:
                predict_stages(c, s, base, state, scratch)
                state.stale[n + s] = False
        for i in range(n):
            if state.stale[i]:
                predict_neuron(c, i, base, state, queue, scratch)
                state.stale[i] = False
        when, what, who = next_event(c, state.due, queue)
        if when > until:
            return DONE
        if log.size[0] == log.time.shape[0] or log.size[1] == log.spike_time.shape[0]:
            return LOG_FULL
        if what <= TIMER and flight_full(c, who, state):
            return FLIGHT_FULL
        if when > base:
            known = who if what == EXIT and (state.kind[who] == UP or state.kind[who] == DOWN) else -1
            carry(c, base, when - base, known, state, scratch)
        happen(c, what, who, when, state, log, queue)
        for s in range(m):
            shape(c, s, state.values, state.codes, scratch.forms[s])
        note(when, state, log)
