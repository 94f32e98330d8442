"""The arrays that the compiled code of the twin works on, and the names of their columns."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]

# Phases of a neuron; from LEAK on, one phase per straight piece of the leak.
ON, LATCHED, DELAY, HOLD, LEAK = 0, 1, 2, 3, 4
# Regimes of a stage: below V_T it only collects charge, then it conducts, at the supply it can take no more.
BELOW, LINEAR, CEILING = 0, 1, 2
# Quantities that can be sampled.
V_M, V_AP, I_0, V_C1, V_C2, I_S1, I_S2, I_OUT = range(8)

# Columns of Circuit.phase, Circuit.neuron and Circuit.synapse.
RATE, PUSH, LOW, HIGH, VAP_SLOPE, VAP_START = range(6)
CAPACITANCE, V_OFF, V_LATCH, DEAD_TIME, FIRE_DELAY, QUIET, EXTRA_V, OFFSET, R_AP = range(9)
RIPPLE, FREQUENCY, ANGLE, SAG, LOADED = range(
    9, 14
)  # LOADED: whether a delta synapse puts a conductance on the membrane
SILENCE = 14  # s without a spike after which a neuron counts as silent; 0: as soon as it charges with less than QUIET
NEURON_COLUMNS = 15
TAU, PULSE_I, PULSE_G, PULSE_T, DELAY_T, LOAD_1, LOAD_2, V_T, R_S, X_MAX, M_1, GAIN, OUT_OFFSET = range(13)
SYNAPSE_COLUMNS = 13
# Columns of a form, the drive that one lane gives to the next: x' = C_0 + C_1 exp(-A t) - B x, weighed by Q.
X, C_0, C_1, A, B, Q = range(6)
# Rows of State.due, the times at which something happens next; INPUT is what waits in the Queue.
EXIT, TIMER, STAGE_1, STAGE_2, PULSE, ARRIVAL, INPUT = range(7)
# How a lane leaves its range.
NOTHING, UP, DOWN, SILENT = 0, 1, -1, 2
# Why `advance` returns: it got there, or something has to be made longer first.
DONE, LOG_FULL, FLIGHT_FULL = 0, 1, 2
# A sinusoid as a drive: amplitude * sin(omega t + angle).
Wave = tuple[float, float, float]


class Circuit(NamedTuple):
    """Constants of a board with N neurons, S synapses, P phases. SI units."""

    phase: Floats  # (N, P, 6)
    neuron: Floats  # (N, NEURON_COLUMNS)
    synapse: Floats  # (S, SYNAPSE_COLUMNS)
    wires: Ints  # (S, 3): pre, post, stages
    into: Ints  # (S + 1,) synapses by post neuron, those of neuron i at into[into_at[i]:into_at[i + 1]]; last: scratch
    into_at: Ints  # (N + 1,)
    out_of: Ints  # (S,) the same by pre neuron
    out_at: Ints  # (N + 1,)


class State(NamedTuple):
    """Where the board is since its last event, and what is due. A row of the log holds `values` and `codes`."""

    values: Floats  # (3 N + 3 S,): V_m, port currents, I of stage 1, I of stage 2, pulse currents, noise currents
    codes: Codes  # (2 N + 2 S,): phases, silence flags, regimes of stage 1, regimes of stage 2
    due: Floats  # (6, max(N, S)): see EXIT ... ARRIVAL
    kind: Codes  # (N,): how the neuron leaves its phase at EXIT
    stale: Flags  # (N + S,): whose exits have to be found again
    flight: Floats  # (S, room): rings of the arrival times of spikes on their way; no room if no synapse has a delay
    flying: Ints  # (S, 2): where the ring of each synapse begins, and how many spikes are in it


class Log(NamedTuple):
    """Every event and the state right after it; `size` counts the rows and the spikes in use."""

    time: Floats
    values: Floats
    codes: Codes
    spike_time: Floats
    spike_neuron: Ints
    size: Ints  # (2,)


class Scratch(NamedTuple):
    """Where the kernels work; nothing in it outlives an event."""

    forms: Floats  # (S + 1, 6): the drives of the membranes, and one of a stage
    slopes: Floats  # (S + 1, 6): their derivatives
    now: Floats  # (S + 2, 2): each drive at some moment, what drives it, and behind them the wave
    old: Floats  # (3 N + 3 S,): State.values before a step


class Queue(NamedTuple):
    """Input levels still to come: the noise of neuron i at [head[i], stop[i]), the levels of its port N further on."""

    time: Floats
    level: Floats
    head: Ints
    stop: Ints
