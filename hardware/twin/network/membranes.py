"""Membranes: looking ahead to the end of the step, moving on within it, and what happens when one leaves its phase."""

from math import inf, pi, sin

from ..compiled import helper
from ..layout import (
    CAPACITANCE,
    DEAD_TIME,
    DELAY,
    DOWN,
    EXTRA_V,
    FIRE_DELAY,
    HIGH,
    HOLD,
    LATCHED,
    LEAK,
    LOW,
    NOTHING,
    ON,
    PUSH,
    QUIET,
    RATE,
    SAG,
    SILENT,
    UP,
    V_LATCH,
    V_OFF,
    Wave,
)
from .agenda import schedule
from .layout import BUSY, GAIN, MOVE, REST, STEP, WHOLE, A, B, C, D, Log, Net, State, Tables, X
from .notes import note_neuron, steady
from .propagator import first_exit, glide, stray, total, tune, wave_at


@helper
def move(net: Net, tables: Tables, state: State, i: int, moment: float) -> None:
    """Commit neuron i at `moment`, within the step."""
    dt = moment - state.since[i]
    if dt == 0.0:
        return
    phase = state.phase[i]
    gear = net.gear[i, phase]
    pools = state.pool[net.pool_at[i] : net.pool_at[i + 1]]
    tune(net, tables, MOVE, gear, state.gear_rate[gear], dt)
    push, wave = net.phase[i, phase, PUSH] + steady(net, state, i), wave_at(net, i, state.since[i])
    v = glide(net, tables, MOVE, gear, state.v[i], push, wave, pools, pools)
    if phase != HOLD:
        state.v[i] = v
    state.since[i] = moment


@helper
def look(net: Net, tables: Tables, state: State, i: int) -> None:
    """Find where neuron i will be at the end of the step, and whether it leaves its phase before."""
    step = state.clock[STEP]
    end, since = (step + 1) * net.step, state.since[i]
    use, dt = (WHOLE, net.step) if since == step * net.step else (REST, end - since)
    phase = state.phase[i]
    gear = net.gear[i, phase]
    rate, v = state.gear_rate[gear], state.v[i]
    pools, after = state.pool[net.pool_at[i] : net.pool_at[i + 1]], state.pool_next[net.pool_at[i] : net.pool_at[i + 1]]
    tune(net, tables, use, gear, rate, dt)
    push, wave = net.phase[i, phase, PUSH] + steady(net, state, i), wave_at(net, i, since)
    v_next = glide(net, tables, use, gear, v, push, wave, pools, after)
    state.v_next[i] = v if phase == HOLD else v_next
    state.exit[i] = inf
    if phase in (DELAY, HOLD):
        return
    low, high = net.phase[i, phase, LOW], net.phase[i, phase, HIGH]
    extra = net.neuron[i, EXTRA_V]
    if state.silent[i] and phase == net.phase.shape[1] - 1:
        high += extra
    down, up = stray(net, gear, wave, pools, after, dt)
    slack = (up - down) * tables.span[use, gear, GAIN]
    t, kind = inf, NOTHING
    if not (low <= v <= high and low <= v_next - slack and v_next + slack <= high):
        trial = tables.scratch[0, : pools.shape[0]]
        trial[:] = pools
        t, kind = first_exit(net, tables, gear, rate, v, push, wave, trial, low, high, dt)
    if extra > 0.0 and phase >= LEAK and not state.silent[i]:
        quiet = silence(net, tables, state, i, push, wave, use, min(t, dt))
        if quiet < t:
            t, kind = quiet, SILENT
    if since + t < end:
        state.exit[i], state.kind[i] = since + t, kind
        for k in range(state.clock[BUSY]):
            if state.busy[k] == i:
                return
        state.busy[state.clock[BUSY]] = i
        state.clock[BUSY] += 1


@helper
def silence(
    net: Net, tables: Tables, state: State, i: int, push: float, wave: Wave, use: int, dt: float
) -> float:
    """When the charging current of neuron i falls to its quiescence level within `dt`, or inf.

    dV/dt moves like V itself, driven by the slopes of what drives V.
    """
    first, stop = net.pool_at[i], net.pool_at[i + 1]
    gear = net.gear[i, state.phase[i]]
    rate, slopes = state.gear_rate[gear], tables.slopes[: stop - first]
    speed = push + total(state.pool[first:stop]) - rate * state.v[i]
    size, omega, angle = wave
    if size != 0.0:
        speed += size * sin(angle)
    level = net.neuron[i, QUIET] / net.neuron[i, CAPACITANCE]
    if speed <= level:
        return 0.0
    for k in range(first, stop):
        x, c, d = state.pool[k, X], state.pool[k, C], state.pool[k, D]
        slopes[k - first, X] = c + d - net.rates[k, B] * x
        slopes[k - first, C], slopes[k - first, D] = 0.0, -net.rates[k, A] * d
    rising = (size * omega, omega, angle + 0.5 * pi)
    t, _ = first_exit(net, tables, gear, rate, speed, 0.0, rising, slopes, level, 1e300, dt)
    return t


@helper
def leak_phase(net: Net, i: int, v: float) -> int:
    """The piece of the leak in which `v` lies."""
    last: int = net.phase.shape[1] - 1
    for phase in range(LEAK, last):
        if v < net.phase[i, phase, HIGH]:
            return phase
    return last


@helper
def leave_phase(net: Net, tables: Tables, state: State, log: Log, i: int) -> bool:
    """Neuron i leaves its phase now; whether it fires."""
    at, kind = state.exit[i], state.kind[i]
    move(net, tables, state, i, at)
    phase, p = state.phase[i], net.neuron[i]
    fires = False
    if kind == SILENT:
        state.silent[i] = 1
    elif kind == UP and phase == net.phase.shape[1] - 1:
        if p[FIRE_DELAY] > 0.0:
            state.phase[i] = DELAY
            schedule(state, i, at + p[FIRE_DELAY])
        else:
            state.v[i] = net.phase[i, phase, HIGH] + p[EXTRA_V] * state.silent[i]
            fires = True
    elif kind == UP:
        state.v[i] = net.phase[i, phase, HIGH]
        state.phase[i] = phase + 1
    elif phase >= LEAK:
        state.v[i] = net.phase[i, phase, LOW]
        state.phase[i] = phase - 1
    else:
        state.v[i] = net.phase[i, phase, LOW]
        open_thyristor(net, state, i, at)
    if not fires:
        note_neuron(net, state, log, i)
        look(net, tables, state, i)
    return fires


@helper
def open_thyristor(net: Net, state: State, i: int, at: float) -> None:
    """V_m fell to where the thyristor opens, unless the input alone holds it closed."""
    p = net.neuron[i]
    if state.phase[i] == ON and p[V_LATCH] < p[V_OFF]:
        size, _, angle = wave_at(net, i, at)
        drive = net.phase[i, ON, PUSH] + steady(net, state, i) + size * sin(angle)
        drive += total(state.pool[net.pool_at[i] : net.pool_at[i + 1]])
        if drive >= state.gear_rate[net.gear[i, ON]] * p[V_LATCH]:
            state.phase[i] = LATCHED
            return
    if p[DEAD_TIME] > 0.0:
        state.phase[i] = HOLD
        schedule(state, i, at + p[DEAD_TIME])
    else:
        state.phase[i] = leak_phase(net, i, state.v[i])


@helper
def shift_gears(net: Net, state: State, i: int) -> None:
    """The inputs load the membrane of neuron i differently now."""
    for phase in range(net.phase.shape[1]):
        if phase != HOLD:
            load = (state.load[i] + net.neuron[i, SAG] * state.level[i]) / net.neuron[i, CAPACITANCE]
            state.gear_rate[net.gear[i, phase]] = net.phase[i, phase, RATE] + load
