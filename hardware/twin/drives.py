"""The circuit at one moment, as lanes: what pushes the stages and the membranes until something changes.

Source: Wu 2025 eqs (9)-(12) and (A1)-(A3); a stage delivers (V_C - V_T) / R_s, below V_T nothing.
"""

from math import floor, pi

from .compiled import helper
from .layout import (
    ANGLE,
    BELOW,
    C_0,
    C_1,
    CAPACITANCE,
    CEILING,
    FREQUENCY,
    GAIN,
    HIGH,
    LEAK,
    LINEAR,
    LOAD_1,
    LOAD_2,
    LOADED,
    M_1,
    OFFSET,
    PULSE_G,
    PUSH,
    R_S,
    RATE,
    RIPPLE,
    SAG,
    TAU,
    V_T,
    X_MAX,
    A,
    B,
    Circuit,
    Codes,
    Floats,
    Q,
    Wave,
    X,
)


@helper
def first_stage(c: Circuit, s: int, values: Floats, codes: Codes) -> tuple[float, float, float]:
    """Stage 1 of synapse s as a lane: current, push, rate."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    p = c.synapse[s]
    regime = codes[2 * n + s]
    if regime == CEILING:
        return p[X_MAX], 0.0, 0.0
    load = first_load(c, s, values)
    push = (values[2 * n + 2 * m + s] - load * p[V_T]) / p[TAU]
    return values[2 * n + s], push, (load * p[R_S] + (1.0 if regime == LINEAR else 0.0)) / p[TAU]


@helper
def first_load(c: Circuit, s: int, values: Floats) -> float:
    """Conductance on the capacitor of stage 1: of a probe, and of the drive while its pulse lasts."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    load: float = c.synapse[s, LOAD_1]
    if values[2 * n + 2 * m + s] != 0.0:
        load += c.synapse[s, PULSE_G]
    return load


@helper
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


@helper
def second_rate(c: Circuit, s: int, regime: int) -> float:
    """Rate of stage 2 of synapse s while not at the ceiling."""
    p = c.synapse[s]
    rate: float = (p[LOAD_2] * p[R_S] + (1.0 if regime == LINEAR else 0.0)) / p[TAU]
    return rate


@helper
def shape(c: Circuit, s: int, values: Floats, codes: Codes, form: Floats) -> None:
    """Write the output of synapse s (without its offset) as a form."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    stages = c.wires[s, 2]
    form[X] = form[C_0] = form[C_1] = form[A] = form[B] = 0.0
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
        shape_second(c, s, values, codes, form)


@helper
def shape_second(c: Circuit, s: int, values: Floats, codes: Codes, form: Floats) -> None:
    """Write stage 2 of synapse s, while not at the ceiling, as a form."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    form[X] = values[2 * n + m + s]
    form[C_0], form[C_1], form[A] = second_drive(c, s, values, codes)
    form[B] = second_rate(c, s, codes[2 * n + m + s])


@helper
def shape_stage(c: Circuit, s: int, values: Floats, codes: Codes, form: Floats) -> None:
    """Write what stage 1 of synapse s pushes into stage 2 as a form: a lane of its own that relaxes to C_0."""
    steady, fading, rate = second_drive(c, s, values, codes)
    form[X], form[C_0], form[C_1] = steady + fading, rate * steady, 0.0
    form[A], form[B], form[Q] = 0.0, rate, 1.0


@helper
def steady_input(c: Circuit, i: int, values: Floats) -> float:
    """Constant part of the current into neuron i: port, noise, and what its synapses leak in."""
    amperes: float = values[c.neuron.shape[0] + i] + noise(c, i, values) + c.neuron[i, OFFSET]
    return amperes


@helper
def noise(c: Circuit, i: int, values: Floats) -> float:
    """Noise of the port of neuron i."""
    amperes: float = values[2 * c.neuron.shape[0] + 3 * c.synapse.shape[0] + i]
    return amperes


@helper
def sag(c: Circuit, i: int, values: Floats) -> float:
    """Conductance by which the source of neuron i gives way; one that draws a current does not."""
    siemens: float = c.neuron[i, SAG] * max(values[c.neuron.shape[0] + i], 0.0)
    return siemens


@helper
def input_load(c: Circuit, i: int, values: Floats) -> float:
    """Conductance that the inputs put on the membrane of neuron i: sag of its source, pulses of delta synapses."""
    n, m = c.neuron.shape[0], c.synapse.shape[0]
    load: float = sag(c, i, values)
    if c.neuron[i, LOADED] != 0.0:
        for k in range(c.into_at[i], c.into_at[i + 1]):
            s = c.into[k]
            if c.wires[s, 2] == 0 and values[2 * n + 2 * m + s] != 0.0:
                load += c.synapse[s, GAIN] * c.synapse[s, PULSE_G]
    return load


@helper
def membrane_rate(c: Circuit, i: int, values: Floats, codes: Codes) -> float:
    """How fast the membrane of neuron i forgets, 1/s."""
    rate: float = c.phase[i, codes[i], RATE] + input_load(c, i, values) / c.neuron[i, CAPACITANCE]
    return rate


@helper
def ripple(c: Circuit, i: int, since: float) -> Wave:
    """Current of the mains into neuron i as a wave that is counted from `since`, A."""
    p = c.neuron[i]
    turns = p[FREQUENCY] * since
    return p[RIPPLE], 2.0 * pi * p[FREQUENCY], 2.0 * pi * (turns - floor(turns)) + p[ANGLE]


@helper
def membrane_wave(c: Circuit, i: int, since: float) -> Wave:
    """What the ripple adds to dV/dt of neuron i, V/s."""
    if c.neuron[i, RIPPLE] == 0.0:
        return 0.0, 0.0, 0.0
    size, omega, angle = ripple(c, i, since)
    return size / c.neuron[i, CAPACITANCE], omega, angle


@helper
def membrane_push(c: Circuit, i: int, values: Floats, codes: Codes) -> float:
    """Constant part of dV/dt of neuron i, V/s."""
    push: float = c.phase[i, codes[i], PUSH] + steady_input(c, i, values) / c.neuron[i, CAPACITANCE]
    return push


@helper
def leak_phase(c: Circuit, i: int, v: float) -> int:
    """The piece of the leak in which `v` lies."""
    last: int = c.phase.shape[1] - 1
    for phase in range(LEAK, last):
        if v < c.phase[i, phase, HIGH]:
            return phase
    return last


@helper
def output(c: Circuit, s: int, values: Floats, codes: Codes) -> float:
    """Signed current of synapse s into the membrane right now, without its offset."""
    n, m, stages = c.neuron.shape[0], c.synapse.shape[0], c.wires[s, 2]
    at = 2 * n + 2 * m + s if stages == 0 else 2 * n + (stages - 1) * m + s
    silent = stages > 0 and codes[at] == BELOW
    amperes: float = 0.0 if silent else c.synapse[s, GAIN] * values[at]
    return amperes
