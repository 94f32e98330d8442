"""What is written down: a row of a neuron or branch each time that its closed form changes."""

from ..compiled import helper, routine
from .layout import (
    AT,
    BRANCH_SINCE,
    BRANCH_WORDS,
    CONSTANT,
    CONSTANT_WORD,
    INPUTS,
    LAST_ROW,
    LEVEL,
    LEVEL_WORD,
    LOAD,
    LOAD_WORD,
    NEXT,
    NOISE,
    NOISE_WORD,
    PHASE,
    PHASE_WORD,
    POOL_COUNT,
    POOL_WIDTH,
    POOL_WORDS,
    POOLS,
    PULSE,
    PULSE_WORD,
    REGIME_1,
    REGIME_1_WORD,
    REGIME_2,
    REGIME_2_WORD,
    ROWS,
    SINCE,
    SPIKES,
    V_WORD,
    WORDS,
    X_1,
    X_1_WORD,
    X_2,
    X_2_WORD,
    C,
    D,
    Log,
    Net,
    State,
    V,
    X,
)


@helper
def room(net: Net, log: Log) -> bool:
    """Whether whatever may happen next can be written down."""
    enough: bool = (
        log.size[ROWS] + net.busiest[0] <= log.time.shape[0]
        and log.size[WORDS] + net.busiest[1] <= log.words.shape[0]
        and log.size[SPIKES] < log.spike.shape[0]
        and log.size[INPUTS] < log.input.shape[0]
    )
    return enough


@helper
def new_row(log: Log, owner: int, since: float, length: int) -> int:
    """Begin a row of `owner`; where its words go."""
    row, at = log.size[ROWS], log.size[WORDS]
    log.time[row], log.row[row, AT], log.row[row, NEXT] = since, at, -1
    before = log.size[LAST_ROW + owner]
    if before >= 0:
        log.row[before, NEXT] = row
    log.size[LAST_ROW + owner] = row
    log.size[ROWS] = row + 1
    log.size[WORDS] = at + length
    return int(at)


@helper
def note_neuron(net: Net, state: State, log: Log, i: int) -> None:
    """Write down neuron i as it is since its last change."""
    s, count = state.neuron[i], int(net.neuron[i, POOL_COUNT])
    at = new_row(log, i, s[SINCE], POOL_WORDS + 3 * count)
    words = log.words
    words[at + PHASE_WORD], words[at + V_WORD], words[at + LEVEL_WORD] = s[PHASE], s[V], s[LEVEL]
    words[at + NOISE_WORD], words[at + LOAD_WORD], words[at + CONSTANT_WORD] = s[NOISE], s[LOAD], s[CONSTANT]
    for k in range(count):
        pool, word = POOLS + POOL_WIDTH * k, at + POOL_WORDS + 3 * k
        words[word], words[word + 1], words[word + 2] = s[pool + X], s[pool + C], s[pool + D]


@routine
def note_branch(net: Net, state: State, log: Log, b: int) -> None:
    """Write down branch b as it is since its last change."""
    s = state.branch[b]
    at = new_row(log, net.neuron.shape[0] + b, s[BRANCH_SINCE], BRANCH_WORDS)
    words = log.words
    words[at + X_1_WORD], words[at + X_2_WORD], words[at + PULSE_WORD] = s[X_1], s[X_2], s[PULSE]
    words[at + REGIME_1_WORD], words[at + REGIME_2_WORD] = s[REGIME_1], s[REGIME_2]
