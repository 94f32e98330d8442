"""The arrays that the network engine works on.

Two things make a network cheap. Synapses of one neuron that are built alike charge and decay together, so they share
their stages: a *branch*. What reaches one membrane and fades with the same two rates is added up: a *pool*. So a spike
costs its branches and the pools that they reach, and a membrane costs its pools, however many synapses there are.

All that belongs to one neuron or one branch is one row of floats: a function gets few arrays, and finds them together.
"""

from typing import NamedTuple

from ..layout import NEURON_COLUMNS, SYNAPSE_COLUMNS, Floats, Ints

# Columns of Net.neuron and of Net.phase behind those of Circuit, and of Net.branch.
POOL_COUNT = NEURON_COLUMNS
GEAR = 6
STAGES, FIRST_TARGET, LAST_TARGET = range(SYNAPSE_COLUMNS, SYNAPSE_COLUMNS + 3)
# Columns of Net.target: neuron, where its pool begins while the branch is calm and while it is driven, V/s for 1 A.
POST, CALM_POOL, DRIVEN_POOL, WEIGHT = range(4)
# Columns of State.neuron; its pools follow, POOL_WIDTH columns each.
V, SINCE, PHASE, SILENT, EXIT, KIND, V_NEXT, LEVEL, NOISE, LOAD, CONSTANT, CONSTANTS, POOLS = range(13)
# Columns of a pool, x' = c + d - B x with d' = -A d; x and d at the end of the step; branches that are in it.
X, C, D, X_NEXT, D_NEXT, USERS = range(6)
POOL_WIDTH = 6
# Columns of State.branch.
X_1, X_2, BRANCH_SINCE, PULSE, REGIME_1, REGIME_2, DUE_1, DUE_2, PULSE_END, ARRIVAL, FIRST_FLYING, FLYING = range(12)
BRANCH_COLUMNS = 12
# What a branch gives to its targets: nothing, a constant, into the pool for its calm rates or for those of a pulse.
NO_OUTPUT, CONSTANT_OUTPUT, CALM, DRIVEN = range(4)
# Entries of State.clock: number of the step, whether all neurons have looked ahead in it, how many are busy, who.
STEP, BEGUN, BUSY, FIRST_BUSY = range(4)
# Rows of State.heap.
ORDER, PLACE = range(2)
# Columns of Tables.step, CELL_WIDTH for each pool from CELLS on, and the uses of its first axis.
DT, STEP_RATE, FADE, GAIN, CELLS = range(5)
FADE_A, FADE_B, X_C, X_D, V_X, V_C, V_D = range(7)
CELL_WIDTH = 7
WHOLE, MOVE, REST, TRY = range(4)
# Entries of Log.size, before the last row of every owner.
ROWS, WORDS, SPIKES, INPUTS, LAST_ROW = range(5)
# Columns of Log.row.
AT, NEXT = range(2)
# The words of a row, for a neuron (x, c and d of its pools follow) and for a branch.
PHASE_WORD, V_WORD, LEVEL_WORD, NOISE_WORD, LOAD_WORD, CONSTANT_WORD, POOL_WORDS = range(7)
X_1_WORD, X_2_WORD, PULSE_WORD, REGIME_1_WORD, REGIME_2_WORD, BRANCH_WORDS = range(6)
# Why `run` returns: it got there; the log, a ring of delayed spikes or the chapter is full.
DONE, LOG_FULL, FLIGHT_FULL, CHAPTER_FULL = range(4)


class Net(NamedTuple):
    """Constants: N neurons, B branches with T targets, at most M pools of a neuron. SI units."""

    step: float  # of the grid, s
    phase: Floats  # (N, P, 7): as in Circuit, and the gear in which the neuron moves; neurons that are alike share it
    neuron: Floats  # (N, .): as in Circuit, and the number of pools
    rates: Floats  # (gears, 2 M): A and B of each pool
    branch: Floats  # (B, .): as Circuit.synapse, the number of stages, where the targets begin and end
    branch_at: Ints  # (N + 1,) branches of neuron i: branch_at[i]:branch_at[i + 1]
    target: Floats  # (T, 4): see POST ... WEIGHT
    busiest: Ints  # (2,): rows and words that one event may write at most


class State(NamedTuple):
    """Where the network is. All that a run depends on from here on, so that a copy is a checkpoint."""

    clock: Ints  # (3 + N,)
    neuron: Floats  # (N, POOLS + POOL_WIDTH M)
    branch: Floats  # (B, BRANCH_COLUMNS)
    flight: Floats  # (B, room): rings of the arrival times of delayed spikes
    due: Floats  # (3 N + B,): of timers, branches, noises, ports
    heap: Ints  # (2, 3 N + B): all of them in an order where each comes before its two followers, and their places


class Tables(NamedTuple):
    """Coefficients that were computed last, to be used again: no result depends on what is in here."""

    step: Floats  # (4, gears, CELLS + CELL_WIDTH M)
    scratch: Floats  # (POOL_WIDTH M,) pools
    stage: Floats  # (CELLS + CELL_WIDTH,) like a row of `step`, for the second stage of a branch
    stage_rates: Floats  # (2,)


class Log(NamedTuple):
    """A chapter. A row of a neuron or branch holds from its time to the time of the next row of the same owner."""

    time: Floats
    row: Ints  # (rows, 2): where its words begin, next row of its owner or -1
    words: Floats
    spike: Floats  # (spikes, 2): time, neuron
    input: Floats  # (inputs, 3): time, port, level
    size: Ints  # (LAST_ROW + N + B,)
