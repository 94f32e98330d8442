"""Membranes: looking ahead to the end of the step, moving on within it, and what happens when one leaves its phase."""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import floor, inf, pi, sin

from ..compiled import helper, routine
from ..layout import (
    ANGLE,
    CAPACITANCE,
    DEAD_TIME,
    DELAY,
    EXTRA_V,
    FIRE_DELAY,
    FREQUENCY,
    HIGH,
    HOLD,
    LATCHED,
    LEAK,
    LOW,
    OFFSET,
    ON,
    PUSH,
    QUIET,
    RATE,
    RIPPLE,
    SAG,
    SILENCE,
    UP,
    V_LATCH,
    V_OFF,
    Floats,
    Wave,
)
from ..layout import (
    SILENT as FALLS_SILENT,
)
from .agenda import schedule
from .layout import (
    BUSY,
    CONSTANT,
    EXIT,
    FADE,
    FIRST_BUSY,
    GAIN,
    GEAR,
    KIND,
    LEVEL,
    LOAD,
    MOVE,
    NOISE,
    PHASE,
    POOL_COUNT,
    POOL_WIDTH,
    POOLS,
    REST,
    SILENT,
    SINCE,
    STEP,
    TRY,
    V_NEXT,
    WHOLE,
    C,
    D,
    Net,
    State,
    Tables,
    V,
    X,
)
from .propagator import first_exit, glide, settle, stray, total, tune


@helper
def push_of(phase: Floats, p: Floats, constant: float, level: float, noise: float) -> float:
    """Constant part of dV/dt: of the phase, of outputs that are constant, of port, noise and the leaks of synapses."""
    push: float = phase[PUSH] + constant + (level + noise + p[OFFSET]) / p[CAPACITANCE]
    return push


@helper
def rate_of(phase: Floats, p: Floats, load: float, level: float) -> float:
    """How fast the membrane forgets, 1/s; the inputs may load it: a source sags while it gives."""
    rate: float = phase[RATE] + (load + p[SAG] * max(level, 0.0)) / p[CAPACITANCE]
    return rate


@helper
def wave_at(p: Floats, moment: float) -> Wave:
    """What the mains add to dV/dt, as a wave that is counted from `moment`."""
    if p[RIPPLE] == 0.0:
        return 0.0, 0.0, 0.0
    turns = p[FREQUENCY] * moment
    return p[RIPPLE] / p[CAPACITANCE], 2.0 * pi * p[FREQUENCY], 2.0 * pi * (turns - floor(turns)) + p[ANGLE]


@helper
def move(net: Net, tables: Tables, state: State, i: int, moment: float) -> None:
    """Commit neuron i at `moment`, within the step."""
    s, p = state.neuron[i], net.neuron[i]
    if moment == s[SINCE]:
        return
    phase, count, pools = net.phase[i, int(s[PHASE])], int(p[POOL_COUNT]), s[POOLS:]
    gear = int(phase[GEAR])
    step = tables.step[MOVE, gear]
    tune(step, net.rates[gear], count, rate_of(phase, p, s[LOAD], s[LEVEL]), moment - s[SINCE])
    push = push_of(phase, p, s[CONSTANT], s[LEVEL], s[NOISE])
    v = glide(step, count, s[V], push, wave_at(p, s[SINCE]), pools)
    settle(count, pools)
    if s[PHASE] != HOLD:
        s[V] = v
    s[SINCE] = moment


@helper
def look_ahead(net: Net, tables: Tables, state: State, i: int, use: int, dt: float) -> bool:
    """Find where neuron i will be after `dt`; whether it is sure to stay in its phase."""
    s, p = state.neuron[i], net.neuron[i]
    phase, count, pools = net.phase[i, int(s[PHASE])], int(p[POOL_COUNT]), s[POOLS:]
    gear = int(phase[GEAR])
    step, rates, wave = tables.step[use, gear], net.rates[gear], wave_at(p, s[SINCE])
    rate, push = rate_of(phase, p, s[LOAD], s[LEVEL]), push_of(phase, p, s[CONSTANT], s[LEVEL], s[NOISE])
    tune(step, rates, count, rate, dt)
    v, v_next = s[V], glide(step, count, s[V], push, wave, pools)
    s[EXIT] = inf
    if s[PHASE] == HOLD:
        s[V_NEXT] = v
        return True
    s[V_NEXT] = v_next
    low, high = phase[LOW], phase[HIGH]
    down, up = stray(rates, count, wave, pools, dt)
    slack = (up - down) * step[GAIN]
    stays: bool = low <= v <= high and low <= v_next - slack and v_next + slack <= high
    if p[EXTRA_V] > 0.0 and p[SILENCE] == 0.0 and s[PHASE] >= LEAK and s[SILENT] == 0.0:
        speed = push + total(count, pools, X) + wave[0] * sin(wave[2]) - rate * v
        least = min(speed, step[FADE] * speed + step[GAIN] * down / dt)
        stays = stays and least * p[CAPACITANCE] > p[QUIET]
    return stays


@helper
def look(net: Net, tables: Tables, state: State, i: int) -> None:
    """Find where neuron i will be at the end of the step, and whether it leaves its phase before."""
    end, since = (state.clock[STEP] + 1) * net.step, state.neuron[i, SINCE]
    if not look_ahead(net, tables, state, i, REST, end - since):
        look_closer(net, tables, state, i, REST, end - since, end)


@routine
def look_closer(net: Net, tables: Tables, state: State, i: int, use: int, dt: float, end: float) -> None:
    """Find when neuron i leaves its phase, if it does before `end`."""
    s, p = state.neuron[i], net.neuron[i]
    which, count, pools = int(s[PHASE]), int(p[POOL_COUNT]), s[POOLS:]
    phase = net.phase[i, which]
    gear = int(phase[GEAR])
    step, rates, wave = tables.step[TRY, gear], net.rates[gear], wave_at(p, s[SINCE])
    rate, push = rate_of(phase, p, s[LOAD], s[LEVEL]), push_of(phase, p, s[CONSTANT], s[LEVEL], s[NOISE])
    high = phase[HIGH]
    if s[SILENT] != 0.0 and which == net.phase.shape[1] - 1:
        high += p[EXTRA_V]
    trial = tables.scratch[: POOL_WIDTH * count]
    for k in range(POOL_WIDTH * count):
        trial[k] = pools[k]
    t, kind = first_exit(step, rates, count, rate, s[V], push, wave, trial, phase[LOW], high, dt)
    if p[EXTRA_V] > 0.0 and p[SILENCE] == 0.0 and which >= LEAK and s[SILENT] == 0.0:
        quiet = silence(step, rates, count, p, rate, s[V], push, wave, pools, trial, min(t, dt))
        if quiet < t:
            t, kind = quiet, FALLS_SILENT
    if s[SINCE] + t < end:
        s[EXIT], s[KIND] = s[SINCE] + t, kind
        clock = state.clock
        for k in range(FIRST_BUSY, FIRST_BUSY + clock[BUSY]):
            if clock[k] == i:
                return
        clock[FIRST_BUSY + clock[BUSY]] = i
        clock[BUSY] += 1


@routine
def silence(
    step: Floats, rates: Floats, count: int, p: Floats, rate: float, v: float, push: float, wave: Wave,
    pools: Floats, slopes: Floats, dt: float,
) -> float:  # fmt: skip
    """When the charging current of a neuron falls to its quiescence level within `dt`, or inf.

    dV/dt moves like V itself, driven by the slopes of what drives V.
    """
    size, omega, angle = wave
    speed = push + total(count, pools, X) - rate * v + (size * sin(angle) if size != 0.0 else 0.0)
    level = p[QUIET] / p[CAPACITANCE]
    if speed <= level:
        return 0.0
    for k in range(count):
        at = POOL_WIDTH * k
        slopes[at + X] = pools[at + C] + pools[at + D] - rates[2 * k + 1] * pools[at + X]
        slopes[at + C], slopes[at + D] = 0.0, -rates[2 * k] * pools[at + D]
    rising = (size * omega, omega, angle + 0.5 * pi)
    t, _ = first_exit(step, rates, count, rate, speed, 0.0, rising, slopes, level, 1e300, dt)
    return t


@routine
def leak_phase(net: Net, i: int, v: float) -> int:
    """The piece of the leak in which `v` lies."""
    last: int = net.phase.shape[1] - 1
    for phase in range(LEAK, last):
        if v < net.phase[i, phase, HIGH]:
            return phase
    return last


@routine
def leave_phase(net: Net, state: State, i: int) -> bool:
    """Neuron i leaves its phase now; whether it fires, which is left to do."""
    s, p = state.neuron[i], net.neuron[i]
    at, kind, phase = s[SINCE], int(s[KIND]), int(s[PHASE])
    if kind == FALLS_SILENT:
        s[SILENT] = 1.0
    elif kind == UP and phase == net.phase.shape[1] - 1:
        s[V] = net.phase[i, phase, HIGH] + p[EXTRA_V] * s[SILENT]
        if p[FIRE_DELAY] == 0.0:
            return True
        s[PHASE] = DELAY
        schedule(state, i, at + p[FIRE_DELAY])
    elif kind == UP:
        s[V], s[PHASE] = net.phase[i, phase, HIGH], phase + 1
    elif phase >= LEAK:
        s[V], s[PHASE] = net.phase[i, phase, LOW], phase - 1
    else:
        s[V] = net.phase[i, phase, LOW]
        open_thyristor(net, state, i, at)
    return False


@routine
def open_thyristor(net: Net, state: State, i: int, at: float) -> None:
    """V_m fell to where the thyristor opens, unless the input alone holds it closed."""
    s, p, on = state.neuron[i], net.neuron[i], net.phase[i, ON]
    if s[PHASE] == ON and p[V_LATCH] < p[V_OFF]:
        size, _, angle = wave_at(p, at)
        drive = push_of(on, p, s[CONSTANT], s[LEVEL], s[NOISE]) + size * sin(angle)
        drive += total(int(p[POOL_COUNT]), s[POOLS:], X)
        if drive >= rate_of(on, p, s[LOAD], s[LEVEL]) * p[V_LATCH]:
            s[PHASE] = LATCHED
            return
    if p[DEAD_TIME] > 0.0:
        s[PHASE] = HOLD
        schedule(state, i, at + p[DEAD_TIME])
    else:
        recover(net, state, i, at)


@routine
def recover(net: Net, state: State, i: int, at: float) -> None:
    """Neuron i integrates again; unless something fires it before, it may count as silent after a while."""
    p = net.neuron[i]
    state.neuron[i, PHASE] = leak_phase(net, i, state.neuron[i, V])
    if p[SILENCE] > 0.0 and p[EXTRA_V] > 0.0:
        schedule(state, i, at + p[SILENCE])


@routine
def look_all(net: Net, tables: Tables, state: State) -> None:
    """All neurons look ahead to the end of the step."""
    end = (state.clock[STEP] + 1) * net.step
    for i in range(net.neuron.shape[0]):
        if not look_ahead(net, tables, state, i, WHOLE, net.step):
            look_closer(net, tables, state, i, WHOLE, net.step, end)


@routine
def arrive_all(net: Net, state: State) -> None:
    """All neurons are where they saw themselves."""
    state.clock[STEP] += 1
    now = state.clock[STEP] * net.step
    for i in range(net.neuron.shape[0]):
        s = state.neuron[i]
        s[V], s[SINCE] = s[V_NEXT], now
        settle(int(net.neuron[i, POOL_COUNT]), s[POOLS:])
