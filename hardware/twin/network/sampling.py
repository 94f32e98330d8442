"""Values of any node from the rows of a chapter.

The propagator steps from sample to sample; every ANCHOR samples it starts anew from the row, so that nothing adds up and
that no value depends on where a grid was cut.
"""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import exp, sin

from ..compiled import helper, kernel
from ..lanes import phi
from ..layout import (
    BELOW,
    CAPACITANCE,
    CEILING,
    GAIN,
    HOLD,
    I_0,
    I_OUT,
    I_S2,
    OUT_OFFSET,
    PULSE_G,
    PUSH,
    R_AP,
    R_S,
    RIPPLE,
    SAG,
    V_C1,
    V_C2,
    V_M,
    V_T,
    VAP_SLOPE,
    VAP_START,
    Floats,
)
from ..sampling import grid_after
from .branches import first_stage, second_drive, second_rate
from .layout import (
    LEVEL_WORD,
    LOAD_WORD,
    MOVE,
    NOISE_WORD,
    PHASE_WORD,
    POOL_WORDS,
    PULSE_WORD,
    RATE_WORD,
    REGIME_1_WORD,
    REGIME_2_WORD,
    STEADY_WORD,
    TRY,
    V_WORD,
    X1_WORD,
    X2_WORD,
    Log,
    Net,
    Tables,
)
from .propagator import glide, total, tune, wave_at

ANCHOR = 256


@helper
def reading(net: Net, i: int, kind: int, words: Floats) -> tuple[float, float, float, float]:
    """What a node makes of a membrane: slope * V_m + start + synaptic * (drive of the pools) + mains * (that of the wave)."""
    p, phase = net.neuron[i], int(words[PHASE_WORD])
    if kind == V_M:
        return 1.0, 0.0, 0.0, 0.0
    if kind == I_0:
        return -p[SAG] * words[LEVEL_WORD], words[LEVEL_WORD] + words[NOISE_WORD], 0.0, p[CAPACITANCE]
    if phase == HOLD:  # V_m stands still, so the whole input flows through R_a
        farad = p[R_AP] * p[CAPACITANCE]
        return -p[R_AP] * words[LOAD_WORD], farad * words[STEADY_WORD], farad, farad
    return net.phase[i, phase, VAP_SLOPE], net.phase[i, phase, VAP_START], 0.0, 0.0


@helper
def sample_neuron(
    net: Net, tables: Tables, i: int, kind: int, words: Floats, since: float,
    t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """A reading of the membrane of neuron i within one row."""
    phase = int(words[PHASE_WORD])
    gear, rate = net.gear[i, phase], words[RATE_WORD]
    slope, start, synaptic, mains = reading(net, i, kind, words)
    count = net.pool_at[i + 1] - net.pool_at[i]
    row = words[POOL_WORDS : POOL_WORDS + 3 * count].reshape((count, 3))
    pools = tables.scratch[0, :count]
    push = net.phase[i, phase, PUSH] + words[STEADY_WORD]
    waves = net.neuron[i, RIPPLE] != 0.0
    wave = (0.0, 0.0, 0.0)
    tune(net, tables, TRY, gear, rate, dt)
    k, stop = first, first + out.shape[0]
    while k < stop:
        anchor = k - (k - origin) % ANCHOR
        later = max(0.0, t0 + anchor * dt - since)
        tune(net, tables, MOVE, gear, rate, later)
        v = glide(net, tables, MOVE, gear, words[V_WORD], push, wave_at(net, i, since), row, pools)
        for j in range(anchor, min(stop, anchor + ANCHOR)):
            if waves:
                wave = wave_at(net, i, since + later + (j - anchor) * dt)
            if phase == HOLD:
                v = words[V_WORD]
            if j >= k:
                value = slope * v + start
                if synaptic != 0.0:
                    value += synaptic * total(pools)
                if mains != 0.0 and waves:
                    value += mains * wave[0] * sin(wave[2])
                out[j - first] = value
            v = glide(net, tables, TRY, gear, v, push, wave, pools, pools)
        k = anchor + ANCHOR


@helper
def sample_branch(
    p: Floats, stages: int, kind: int, words: Floats, since: float,
    t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """A capacitor voltage or a current of a synapse with stages within one row."""
    slope, start = 1.0, 0.0
    if kind == I_OUT:
        slope, start = abs(p[GAIN]), p[OUT_OFFSET]
    elif kind in (V_C1, V_C2):
        slope, start = p[R_S], p[V_T]
    second = kind in (V_C2, I_S2) or (kind == I_OUT and stages == 2)
    regime_1, regime_2 = int(words[REGIME_1_WORD]), int(words[REGIME_2_WORD])
    regime = regime_2 if second else regime_1
    if regime == BELOW and kind not in (V_C1, V_C2):
        slope = 0.0
    pulse = words[PULSE_WORD]
    if second:
        x, (c, d, fade), rate = words[X2_WORD], second_drive(p, words[X1_WORD], pulse, regime_1), second_rate(p, regime_2)
        if regime == CEILING:
            c = d = rate = 0.0
    else:
        x, c, rate = first_stage(p, words[X1_WORD], pulse, regime_1)
        d = fade = 0.0
    decay, weaker, gain_c, gain_d = exp(-rate * dt), exp(-fade * dt), phi(0.0, rate, dt), phi(fade, rate, dt)
    k, stop = first, first + out.shape[0]
    while k < stop:
        anchor = k - (k - origin) % ANCHOR
        t = max(0.0, t0 + anchor * dt - since)
        value, e = x * exp(-rate * t) + c * phi(0.0, rate, t) + d * phi(fade, rate, t), d * exp(-fade * t)
        for j in range(anchor, min(stop, anchor + ANCHOR)):
            if j >= k:
                out[j - first] = slope * value + start
            value = value * decay + c * gain_c + e * gain_d
            e *= weaker
        k = anchor + ANCHOR


@kernel
def sample(
    net: Net, tables: Tables, log: Log, kind: int, owner: int, p: Floats, t0: float, dt: float, first: int, out: Floats
) -> None:
    """Write a node of neuron or branch `owner` at t0 + (first + k) dt. A value belongs to the last row strictly before it.

    `p`: the constants of the synapse, which has its own gain. Of a synapse without stages, `out` holds V_m of what is
    behind it, and its current takes that place.
    """
    n = net.neuron.shape[0]
    row, k, stop = owner, first, first + out.shape[0]
    while k < stop:
        since, after = log.time[row], log.next[row]
        words = log.words[log.at[row] :]
        origin = grid_after(t0, dt, since)
        end = stop
        if k < origin:  # before the first event: the state at rest
            end = min(stop, origin)
        elif after >= 0:
            end = min(stop, max(k, grid_after(t0, dt, log.time[after])))
        if end > k:
            part = out[k - first : end - first]
            moving = part if k >= origin else part[:1]
            if owner < n:
                sample_neuron(net, tables, owner, kind, words, since, t0, dt, min(k, origin), k, moving)
            elif net.stages[owner - n] == 0:
                pulse = words[PULSE_WORD]
                load = p[PULSE_G] if pulse != 0.0 else 0.0
                for j in range(moving.shape[0]):
                    moving[j] = abs(p[GAIN]) * (pulse - load * moving[j]) + p[OUT_OFFSET]
            else:
                sample_branch(
                    p, net.stages[owner - n], kind, words, since, t0, dt, min(k, origin), k, moving
                )
            if k < origin:
                part[1:] = part[0]
        if k >= origin:
            row = after
        k = end
