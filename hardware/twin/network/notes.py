"""What is written down: a row of a neuron or branch each time that its closed form changes."""

from ..compiled import helper
from ..layout import CAPACITANCE, OFFSET, SAG, Ints
from .layout import (
    BRANCH_WORDS,
    INPUTS,
    LEVEL_WORD,
    LOAD_WORD,
    NOISE_WORD,
    PHASE_WORD,
    POOL_WORDS,
    PULSE_WORD,
    RATE_WORD,
    REGIME_1_WORD,
    REGIME_2_WORD,
    ROWS,
    SPIKES,
    STEADY_WORD,
    V_WORD,
    WORDS,
    X1_WORD,
    X2_WORD,
    C,
    D,
    Log,
    Net,
    State,
    X,
)


@helper
def steady(net: Net, state: State, i: int) -> float:
    """Constant part of what flows into neuron i, V/s: port, noise, leaks of synapses, outputs that are constant."""
    p = net.neuron[i]
    push: float = (state.level[i] + state.noise[i] + p[OFFSET]) / p[CAPACITANCE] + state.constant[i]
    return push


@helper
def room(net: Net, log: Log) -> bool:
    """Whether whatever may happen next can be written down."""
    size: Ints = log.size
    enough: bool = (
        size[ROWS] + net.busiest[0] <= log.time.shape[0]
        and size[WORDS] + net.busiest[1] <= log.words.shape[0]
        and size[SPIKES] < log.spike_time.shape[0]
        and size[INPUTS] < log.input_time.shape[0]
    )
    return enough


@helper
def new_row(log: Log, owner: int, since: float, length: int) -> int:
    """Begin a row of `owner`; where its words go."""
    row, at = log.size[ROWS], log.size[WORDS]
    log.time[row], log.at[row], log.next[row] = since, at, -1
    if log.last[owner] >= 0:
        log.next[log.last[owner]] = row
    log.last[owner] = row
    log.size[ROWS] += 1
    log.size[WORDS] += length
    return at


@helper
def note_neuron(net: Net, state: State, log: Log, i: int) -> None:
    """Write down neuron i as it is since its last change."""
    first, stop = net.pool_at[i], net.pool_at[i + 1]
    at = new_row(log, i, state.since[i], POOL_WORDS + 3 * (stop - first))
    words = log.words
    words[at + PHASE_WORD], words[at + V_WORD] = state.phase[i], state.v[i]
    words[at + RATE_WORD] = state.gear_rate[net.gear[i, state.phase[i]]]
    words[at + STEADY_WORD], words[at + LEVEL_WORD] = steady(net, state, i), state.level[i]
    words[at + NOISE_WORD] = state.noise[i]
    words[at + LOAD_WORD] = state.load[i] + net.neuron[i, SAG] * state.level[i]
    at += POOL_WORDS
    for k in range(first, stop):
        words[at], words[at + 1], words[at + 2] = state.pool[k, X], state.pool[k, C], state.pool[k, D]
        at += 3


@helper
def note_branch(net: Net, state: State, log: Log, b: int) -> None:
    """Write down branch b as it is since its last change."""
    at = new_row(log, net.neuron.shape[0] + b, state.branch_since[b], BRANCH_WORDS)
    words = log.words
    words[at + X1_WORD], words[at + X2_WORD] = state.stage[b, 0], state.stage[b, 1]
    words[at + PULSE_WORD] = state.pulse[b]
    words[at + REGIME_1_WORD], words[at + REGIME_2_WORD] = state.regime[b, 0], state.regime[b, 1]
