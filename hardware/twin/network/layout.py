"""The arrays that the network engine works on.

Two things make a network cheap. Synapses of one neuron that are built alike charge and decay together, so they share
their stages: a *branch*. What reaches one membrane and fades with the same two rates is added up: a *pool*. So a spike
costs its branches and the pools that they reach, and a membrane costs its pools, however many synapses there are.
"""

from typing import NamedTuple

from ..layout import Codes, Floats, Ints

# Columns of a pool, x' = c + d - B x with d' = -A d; its two rates.
X, C, D = range(3)
A, B = range(2)
# What a branch gives to its targets: nothing, a constant, into the pool for its calm rates or for those of a pulse.
NO_OUTPUT, CONSTANT, CALM, DRIVEN = range(4)
# Columns of Net.target.
POST, CALM_POOL, DRIVEN_POOL = range(3)
# Columns of State.due_branch: when its stages change their regime, its pulse ends, a spike arrives that was delayed.
STAGE_1, STAGE_2, PULSE_END, ARRIVAL = range(4)
# Entries of State.clock: number of the step, whether all neurons have looked ahead in it, how many are busy.
STEP, BEGUN, BUSY = range(3)
# Columns of Tables.span and Tables.cell, and the uses of their first axis.
DT, SPAN_RATE, FADE, GAIN = range(4)
FADE_A, FADE_B, X_C, X_D, V_X, V_C, V_D = range(7)
WHOLE, MOVE, REST, TRY = range(4)
# Entries of Log.size.
ROWS, WORDS, SPIKES, INPUTS = range(4)
# The words of a row of the log, for a neuron (its pools follow) and for a branch.
PHASE_WORD, V_WORD, RATE_WORD, STEADY_WORD, LEVEL_WORD, NOISE_WORD, LOAD_WORD, POOL_WORDS = range(8)
X1_WORD, X2_WORD, PULSE_WORD, REGIME_1_WORD, REGIME_2_WORD, BRANCH_WORDS = range(6)
# Why `run` returns: it got there; the log, a ring of delayed spikes or the chapter is full.
DONE, LOG_FULL, FLIGHT_FULL, CHAPTER_FULL = range(4)


class Net(NamedTuple):
    """Constants: N neurons, B branches with T targets, M pools, G gears. SI units."""

    step: float  # of the grid, s
    phase: Floats  # (N, P, 6), as in Circuit
    neuron: Floats  # (N, .), as in Circuit
    branch: Floats  # (B, .), as Circuit.synapse
    stages: Ints  # (B,)
    branch_at: Ints  # (N + 1,) branches of neuron i: branch_at[i]:branch_at[i + 1]
    target: Ints  # (T, 3): see POST ... DRIVEN_POOL; -1 where a branch can only be a constant
    weight: Floats  # (T,): what 1 A of the last stage adds to dV/dt of the target, V/s
    target_at: Ints  # (B + 1,)
    rates: Floats  # (M, 2) of the pools
    pool_at: Ints  # (N + 1,)
    gear: Ints  # (N, P): the coefficients a neuron moves with in each phase; neurons that are alike share them
    cells: Floats  # (., 2): rates of the pools of each gear
    cell_at: Ints  # (G + 1,)
    own: Codes  # (N,): whether the inputs may load the membrane, so that its gears are its own
    busiest: Ints  # (2,): rows and words that one event may write at most


class State(NamedTuple):
    """Where the network is. All that a run depends on from here on, so that a copy is a checkpoint."""

    clock: Ints  # (3,): see STEP ... BUSY
    v: Floats  # (N,) at `since`
    since: Floats  # (N,) s
    constant: Floats  # (N,): what branches with a constant output add to dV/dt
    constants: Ints  # (N,): how many such branches there are
    level: Floats  # (N,) of the port, A
    noise: Floats  # (N,) A
    load: Floats  # (N,): conductance that the inputs put on the membrane, S
    phase: Codes  # (N,)
    silent: Codes  # (N,)
    gear_rate: Floats  # (G,) of a membrane, 1/s
    pool: Floats  # (M, 3)
    users: Ints  # (M,): branches that are in it now
    v_next: Floats  # (N,): at the end of the step, if nothing happens before
    pool_next: Floats  # (M, 3)
    exit: Floats  # (N,): when the neuron leaves its phase within this step, or inf
    kind: Codes  # (N,): how
    busy: Ints  # (N,): the neurons that had an exit in this step, clock[BUSY] of them
    stage: Floats  # (B, 2): currents of the stages at `branch_since`
    branch_since: Floats  # (B,)
    pulse: Floats  # (B,): current of the drive, A; 0 when there is no pulse
    regime: Codes  # (B, 2)
    due_branch: Floats  # (B, 4)
    flight: Floats  # (B, room): rings of the arrival times of delayed spikes
    flying: Ints  # (B, 2): where each ring begins, and how many are in it
    due: Floats  # (3 N + B,): of timers, branches, ports, noises
    heap: Ints  # (3 N + B,): all of them, each before its two followers 2 k + 1 and 2 k + 2
    place: Ints  # (3 N + B,): where in the heap


class Tables(NamedTuple):
    """Coefficients that were computed last, to be used again: no result depends on what is in here."""

    span: Floats  # (4, G, 4)
    cell: Floats  # (4, cells, 7)
    scratch: Floats  # (2, most pools of a neuron, 3)
    slopes: Floats  # (most pools of a neuron, 3)
    form: Floats  # (1, 6), who (1,) and now (1, 2): what the exact engine's `leave` works on
    who: Ints
    now: Floats


class Log(NamedTuple):
    """A chapter. Row k of a neuron or branch holds from time[k] to the time of its next row."""

    time: Floats
    at: Ints  # where its words begin
    next: Ints  # next row of the same owner, -1: none
    last: Ints  # (N + B,): last row of each owner
    words: Floats
    spike_time: Floats
    spike_neuron: Ints
    input_time: Floats
    input_level: Floats
    input_port: Ints
    size: Ints  # (4,): see ROWS ... INPUTS
