"""The arrays that the compiled code of one bursting neuron works on, and the names of their columns."""

from typing import NamedTuple

from ..layout import Codes, Floats

# Phases. The thyristor is closed and may still open at once (SHARING), is latched on until its holding current (ON), or
# for good (BLOCKED). From LEAK on: open, one phase per straight piece of its leak.
SHARING, ON, BLOCKED, DELAY, HOLD, LEAK = range(6)
# Rows of Cell.piece: current = AMPERES + SIEMENS u while LOW < u < HIGH, u = V - V_L over the thyristor.
SIEMENS, AMPERES, LOW, HIGH = range(4)
# Cell.number
(
    C_M, C_LOAD, G_M, SAG, G_LOAD, V_TH, V_F, R_ON, I_LATCH, I_MAX, MEMORY, MEMORY_TIME, DEAD_TIME, FIRE_DELAY,
) = range(14)  # fmt: skip
# State.values (a row of the log holds them and the codes); membrane, load, set current, noise current
V, V_L, LEVEL, NOISE = range(4)
# State.codes: where it is, whether the last spike is remembered, how it leaves, whether that has to be found again
PHASE, PRIMED, WAY, STALE = range(4)
# State.due, s: since when the closed form runs, when it leaves its piece, when a wait ends, when the spike is forgotten
SINCE, EXIT, TIMER, FORGET = range(4)
UP, DOWN = 1, -1
# Modes: u' = sum of its slopes times exp(-rate t)
RATE_1, RATE_2, V_1, V_2, L_1, L_2 = range(6)


class Cell(NamedTuple):
    """Constants of one neuron with P phases, SI units."""

    number: Floats  # (14,)
    piece: Floats  # (P, 4)


class State(NamedTuple):
    """Where the neuron is since its last event, and what is due."""

    values: Floats  # (4,)
    codes: Codes  # (4,)
    due: Floats  # (4,)
