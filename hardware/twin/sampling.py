"""Values of any node at any past time, from the event log."""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import cos, exp, sin

import numpy as np

from .compiled import helper, kernel
from .drives import (
    first_stage,
    input_load,
    membrane_push,
    membrane_rate,
    membrane_wave,
    noise,
    sag,
    second_rate,
    shape,
    shape_stage,
    steady_input,
)
from .lanes import chi, follow, idle, phi, relaxed, response, swing
from .layout import (
    BELOW,
    C_0,
    C_1,
    CAPACITANCE,
    CEILING,
    GAIN,
    HOLD,
    I_0,
    I_OUT,
    I_S2,
    OUT_OFFSET,
    PULSE_G,
    R_AP,
    R_S,
    RIPPLE,
    V_C1,
    V_C2,
    V_M,
    V_T,
    VAP_SLOPE,
    VAP_START,
    A,
    B,
    Circuit,
    Codes,
    Floats,
    Log,
    Q,
    Wave,
)

ANCHOR = 256  # samples between two evaluations of the closed form; in between the exact propagator steps


@helper
def grid_after(t0: float, dt: float, moment: float) -> int:
    """Smallest index k with t0 + k dt > moment."""
    k = int(np.floor((moment - t0) / dt))
    while t0 + k * dt > moment:
        k -= 1
    while t0 + k * dt <= moment:
        k += 1
    return k


@helper
def relax(
    v: float, rate: float, push: float, slope: float, start: float,
    since: float, t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """Write slope * lane + start for an undriven lane: exact steps, anew from the closed form every ANCHOR samples."""
    decay = exp(-rate * dt)
    gain = push * phi(0.0, rate, 1.0, decay, dt)
    k, stop = first, first + out.shape[0]
    while k < stop:
        anchor = k - (k - origin) % ANCHOR
        t = max(0.0, t0 + anchor * dt - since)
        value = relaxed(v, rate, push, exp(-rate * t), t)
        for _ in range(anchor, k):
            value = value * decay + gain
        for j in range(k - first, min(stop, anchor + ANCHOR) - first):
            out[j] = slope * value + start
            value = value * decay + gain
        k = anchor + ANCHOR


@helper
def add_response(
    form: Floats, rate: float, slope: float, direct: float,
    since: float, t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """Add slope * (what the drive left in a lane of `rate`) + direct * (the drive itself)."""
    fade, decay, own = exp(-form[A] * dt), exp(-form[B] * dt), exp(-rate * dt)
    x_0, x_e = form[C_0] * phi(0.0, form[B], 1.0, decay, dt), phi(form[A], form[B], fade, decay, dt)
    u_x = form[Q] * phi(form[B], rate, decay, own, dt)
    u_e = form[Q] * chi(form[A], form[B], rate, fade, decay, own, dt)
    u_0 = form[Q] * form[C_0] * chi(0.0, form[B], rate, 1.0, decay, own, dt)
    k, stop = first, first + out.shape[0]
    while k < stop:
        anchor = k - (k - origin) % ANCHOR
        t = max(0.0, t0 + anchor * dt - since)
        e_a, e_b = exp(-form[A] * t), exp(-form[B] * t)
        e, x, u = form[C_1] * e_a, follow(form, e_a, e_b, t), response(form, rate, e_a, e_b, t)
        for _ in range(anchor, k):
            u = u * own + (x * u_x + (e * u_e + u_0))
            x = x * decay + (e * x_e + x_0)
            e *= fade
        for j in range(k - first, min(stop, anchor + ANCHOR) - first):
            out[j] += slope * u + direct * x
            u = u * own + (x * u_x + (e * u_e + u_0))
            x = x * decay + (e * x_e + x_0)
            e *= fade
        k = anchor + ANCHOR


@helper
def add_wave(
    wave: Wave, rate: float, slope: float, direct: float,
    since: float, t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """Add slope * (what a wave did to a lane of `rate`) + direct * (the wave itself)."""
    size, omega, angle = wave
    own, turn_s, turn_c = exp(-rate * dt), sin(omega * dt), cos(omega * dt)
    u_s, u_c = wave_step(size, omega, rate, own, turn_s, turn_c)
    k, stop = first, first + out.shape[0]
    while k < stop:
        anchor = k - (k - origin) % ANCHOR
        t = max(0.0, t0 + anchor * dt - since)
        s, c, u = sin(omega * t + angle), cos(omega * t + angle), swing(wave, rate, t)
        for j in range(anchor - first, min(stop, anchor + ANCHOR) - first):
            if j >= k - first:
                out[j] += slope * u + direct * size * s
            u = u * own + (s * u_s + c * u_c)
            s, c = s * turn_c + c * turn_s, c * turn_c - s * turn_s
        k = anchor + ANCHOR


@helper
def wave_step(size: float, omega: float, rate: float, own: float, turn_s: float, turn_c: float) -> tuple[float, float]:
    """What a wave leaves in a lane within one step, for each unit of its sine and of its cosine at the beginning."""
    scale = size / (rate * rate + omega * omega)
    return scale * (rate * turn_c + omega * turn_s - own * rate), scale * (rate * turn_s - omega * turn_c + own * omega)


@helper
def membrane_reading(c: Circuit, i: int, kind: int, values: Floats, codes: Codes) -> tuple[float, float, float]:
    """What a node makes of neuron i, as slope * V_m + start + direct * (current of the synapses and of the ripple)."""
    n, p = c.neuron.shape[0], c.neuron[i]
    if kind == I_0:
        return -sag(c, i, values), values[n + i] + noise(c, i, values), 0.0
    if kind == V_M:
        return 1.0, 0.0, 0.0
    if codes[i] == HOLD:  # V_m stands still, so the whole input flows through R_a
        return -p[R_AP] * input_load(c, i, values), p[R_AP] * steady_input(c, i, values), p[R_AP]
    return c.phase[i, codes[i], VAP_SLOPE], c.phase[i, codes[i], VAP_START], 0.0


@helper
def sample_membrane(
    c: Circuit, i: int, reading: tuple[float, float, float], mains: float, values: Floats, codes: Codes, form: Floats,
    since: float, t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """A reading of the membrane of neuron i within one stretch of the log; `mains`: how much of the ripple is in it."""
    slope, start, direct = reading
    rate, push = membrane_rate(c, i, values, codes), membrane_push(c, i, values, codes)
    moved, farad = slope, c.neuron[i, CAPACITANCE]
    if codes[i] == HOLD:
        moved = rate = push = 0.0
    relax(values[i], rate, push, slope, start, since, t0, dt, origin, first, out)
    if c.neuron[i, RIPPLE] != 0.0 and (moved != 0.0 or mains != 0.0):
        add_wave(membrane_wave(c, i, since), rate, moved, mains * farad, since, t0, dt, origin, first, out)
    if moved != 0.0 or direct != 0.0:
        for k in range(c.into_at[i], c.into_at[i + 1]):
            s = c.into[k]
            shape(c, s, values, codes, form)
            if not idle(form):
                add_response(form, rate, moved, direct * farad * form[Q], since, t0, dt, origin, first, out)


@helper
def sample_synapse(
    c: Circuit, s: int, kind: int, values: Floats, codes: Codes, form: Floats,
    since: float, t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """A capacitor voltage or a current of synapse s within one stretch of the log."""
    n, m, p = c.neuron.shape[0], c.synapse.shape[0], c.synapse[s]
    stages = c.wires[s, 2]
    if kind == I_OUT:
        slope, start = abs(p[GAIN]), p[OUT_OFFSET]
    elif kind in (V_C1, V_C2):
        slope, start = p[R_S], p[V_T]
    else:
        slope, start = 1.0, 0.0
    if stages == 0:
        sample_delta(c, s, values, codes, form, since, t0, dt, origin, first, out)
        return
    stage = 1 if kind in (V_C2, I_S2) or (kind == I_OUT and stages == 2) else 0
    regime = codes[2 * n + stage * m + s]
    if regime == BELOW and kind not in (V_C1, V_C2):
        slope = 0.0
    if stage == 0:
        x, push, rate = first_stage(c, s, values, codes)
        relax(x, rate, push, slope, start, since, t0, dt, origin, first, out)
        return
    x, rate = values[2 * n + m + s], second_rate(c, s, regime)
    if regime == CEILING:
        rate = 0.0
    relax(x, rate, 0.0, slope, start, since, t0, dt, origin, first, out)
    if regime != CEILING and slope != 0.0:
        shape_stage(c, s, values, codes, form)
        add_response(form, rate, slope, 0.0, since, t0, dt, origin, first, out)


@helper
def sample_delta(
    c: Circuit, s: int, values: Floats, codes: Codes, form: Floats,
    since: float, t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """Output current of a synapse without stages: the pulse itself, less what the membrane behind it resists."""
    n, m, p = c.neuron.shape[0], c.synapse.shape[0], c.synapse[s]
    pulse = values[2 * n + 2 * m + s]
    if pulse == 0.0 or p[PULSE_G] == 0.0:
        out[:] = abs(p[GAIN]) * pulse + p[OUT_OFFSET]
        return
    reading = -abs(p[GAIN]) * p[PULSE_G], abs(p[GAIN]) * pulse + p[OUT_OFFSET], 0.0
    post = c.wires[s, 1]
    sample_membrane(c, post, reading, 0.0, values, codes, form, since, t0, dt, origin, first, out)


@kernel
def sample(
    c: Circuit, log: Log, kind: int, index: int, t0: float, dt: float, first: int, out: Floats, form: Floats
) -> None:
    """Write the node's values at t0 + (first + k) dt. A value belongs to the last event strictly before it."""
    rows = log.size[0]
    k, stop = first, first + out.shape[0]
    row = max(0, int(np.searchsorted(log.time[:rows], t0 + k * dt)) - 1)
    while k < stop:
        values, codes, since = log.values[row], log.codes[row], log.time[row]
        origin = grid_after(t0, dt, since)
        end = stop
        if k < origin:  # before the first event: the state at rest
            end = min(stop, origin)
        elif row + 1 < rows:
            end = min(stop, max(k, grid_after(t0, dt, log.time[row + 1])))
        if end > k:
            part = out[k - first : end - first]
            moving = part if k >= origin else part[:1]
            if kind <= I_0:
                reading = membrane_reading(c, index, kind, values, codes)
                mains = 1.0 if kind == I_0 else reading[2]
                sample_membrane(c, index, reading, mains, values, codes, form, since, t0, dt, min(k, origin), k, moving)
            else:
                sample_synapse(c, index, kind, values, codes, form, since, t0, dt, min(k, origin), k, moving)
            if k < origin:
                part[1:] = part[0]
        if k >= origin:
            row += 1
        k = end
