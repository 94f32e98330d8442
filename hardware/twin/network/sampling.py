"""Values of any node from the rows of a chapter.

The propagator steps from sample to sample; every ANCHOR samples it starts anew from the row, so that nothing adds up and
that no value depends on where a grid was cut.
"""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import exp, sin

from ..compiled import kernel, routine
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
    OFFSET,
    OUT_OFFSET,
    PULSE_G,
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
from .layout import (
    AT,
    CONSTANT_WORD,
    GEAR,
    LEVEL_WORD,
    LOAD_WORD,
    MOVE,
    NEXT,
    NOISE_WORD,
    PHASE_WORD,
    POOL_COUNT,
    POOL_WIDTH,
    POOL_WORDS,
    PULSE_WORD,
    REGIME_1_WORD,
    REGIME_2_WORD,
    STAGES,
    TRY,
    V_WORD,
    X_1_WORD,
    X_2_WORD,
    C,
    D,
    Log,
    Net,
    Tables,
    X,
)
from .membranes import push_of, rate_of, wave_at
from .propagator import glide, settle, total, tune
from .stages import first_stage, second_drive, second_rate

ANCHOR = 256


@routine
def reading(p: Floats, phase: Floats, kind: int, words: Floats) -> tuple[float, float, float, float]:
    """What a node makes of a membrane: slope * V_m + start + synaptic * (drive of the pools) + mains * (the wave)."""
    level, noise, sag = words[LEVEL_WORD], words[NOISE_WORD], p[SAG] * max(words[LEVEL_WORD], 0.0)
    if kind == V_M:
        return 1.0, 0.0, 0.0, 0.0
    if kind == I_0:
        return -sag, level + noise, 0.0, p[CAPACITANCE]
    if words[PHASE_WORD] == HOLD:  # V_m stands still, so the whole input flows through R_a
        farad = p[R_AP] * p[CAPACITANCE]
        start = p[R_AP] * (level + noise + p[OFFSET]) + farad * words[CONSTANT_WORD]
        return -p[R_AP] * (words[LOAD_WORD] + sag), start, farad, farad
    return phase[VAP_SLOPE], phase[VAP_START], 0.0, 0.0


@routine
def sample_neuron(
    net: Net, tables: Tables, i: int, kind: int, words: Floats, since: float,
    t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """A reading of the membrane of neuron i within one row."""
    p, phase, count = net.neuron[i], net.phase[i, int(words[PHASE_WORD])], int(net.neuron[i, POOL_COUNT])
    gear = int(phase[GEAR])
    near, far, rates, pools = tables.step[TRY, gear], tables.step[MOVE, gear], net.rates[gear], tables.scratch
    slope, start, synaptic, mains = reading(p, phase, kind, words)
    rate = rate_of(phase, p, words[LOAD_WORD], words[LEVEL_WORD])
    push = push_of(phase, p, words[CONSTANT_WORD], words[LEVEL_WORD], words[NOISE_WORD])
    still, waves = words[PHASE_WORD] == HOLD, p[RIPPLE] != 0.0
    wave = (0.0, 0.0, 0.0)
    tune(near, rates, count, rate, dt)
    k, stop = first, first + out.shape[0]
    while k < stop:
        anchor = k - (k - origin) % ANCHOR
        later = max(0.0, t0 + anchor * dt - since)
        for q in range(count):
            at, word = POOL_WIDTH * q, POOL_WORDS + 3 * q
            pools[at + X], pools[at + C], pools[at + D] = words[word], words[word + 1], words[word + 2]
        tune(far, rates, count, rate, later)
        v = glide(far, count, words[V_WORD], push, wave_at(p, since), pools)
        settle(count, pools)
        for j in range(anchor, min(stop, anchor + ANCHOR)):
            if still:
                v = words[V_WORD]
            if waves:
                wave = wave_at(p, since + (later + (j - anchor) * dt))
            if j >= k:
                value = slope * v + start + mains * wave[0] * sin(wave[2])
                if synaptic != 0.0:
                    value += synaptic * total(count, pools, X)
                out[j - first] = value
            v = glide(near, count, v, push, wave, pools)
            settle(count, pools)
        k = anchor + ANCHOR


@routine
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
    regime = words[REGIME_2_WORD] if second else words[REGIME_1_WORD]
    if regime == BELOW and kind not in (V_C1, V_C2):
        slope = 0.0
    d = fade = 0.0
    if second:
        x, rate = words[X_2_WORD], second_rate(p, regime)
        c, d, fade = second_drive(p, words[X_1_WORD], words[PULSE_WORD], words[REGIME_1_WORD])
        if regime == CEILING:
            c = d = rate = 0.0
    else:
        x, c, rate = first_stage(p, words[X_1_WORD], words[PULSE_WORD], regime)
    decay, weaker = exp(-rate * dt), exp(-fade * dt)
    gain_c, gain_d = phi(0.0, rate, 1.0, decay, dt), phi(fade, rate, weaker, decay, dt)
    k, stop = first, first + out.shape[0]
    while k < stop:
        anchor = k - (k - origin) % ANCHOR
        t = max(0.0, t0 + anchor * dt - since)
        own, e = exp(-rate * t), exp(-fade * t)
        value = x * own + c * phi(0.0, rate, 1.0, own, t) + d * phi(fade, rate, e, own, t)
        e *= d
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
        since, after = log.time[row], log.row[row, NEXT]
        words = log.words[log.row[row, AT] :]
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
            elif net.branch[owner - n, STAGES] == 0:
                load = p[PULSE_G] if words[PULSE_WORD] != 0.0 else 0.0
                for j in range(moving.shape[0]):
                    moving[j] = abs(p[GAIN]) * (words[PULSE_WORD] - load * moving[j]) + p[OUT_OFFSET]
            else:
                stages = int(net.branch[owner - n, STAGES])
                sample_branch(p, stages, kind, words, since, t0, dt, min(k, origin), k, moving)
            if k < origin:
                part[1:] = part[0]
        if k >= origin:
            row = after
        k = end
