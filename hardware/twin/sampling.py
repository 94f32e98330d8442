"""Values of any node at any past time, from the event log."""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import exp

import numpy as np

from .compiled import helper, kernel
from .drives import first_stage, membrane_push, second_rate, shape, shape_stage, steady_input
from .lanes import chi, follow, phi, response
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
    R_AP,
    R_S,
    RATE,
    V_AP,
    V_C1,
    V_C2,
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
    X,
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
    gain = push * phi(0.0, rate, dt)
    k, stop = first, first + out.shape[0]
    while k < stop:
        anchor = k - (k - origin) % ANCHOR
        value = v + (push - rate * v) * phi(0.0, rate, max(0.0, t0 + anchor * dt - since))
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
    x_0, x_e = form[C_0] * phi(0.0, form[B], dt), phi(form[A], form[B], dt)
    u_x, u_e = form[Q] * phi(form[B], rate, dt), form[Q] * chi(form[A], form[B], rate, dt)
    u_0 = form[Q] * form[C_0] * chi(0.0, form[B], rate, dt)
    k, stop = first, first + out.shape[0]
    while k < stop:
        anchor = k - (k - origin) % ANCHOR
        t = max(0.0, t0 + anchor * dt - since)
        e, x, u = form[C_1] * exp(-form[A] * t), follow(form, t), response(form, rate, t)
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
def sample_membrane(
    c: Circuit, i: int, kind: int, values: Floats, codes: Codes, form: Floats,
    since: float, t0: float, dt: float, origin: int, first: int, out: Floats,
) -> None:  # fmt: skip
    """V_m or V_ap of neuron i within one stretch of the log."""
    phase, p = codes[i], c.neuron[i]
    slope, start, direct = 1.0, 0.0, 0.0
    rate, push = c.phase[i, phase, RATE], membrane_push(c, i, values, codes)
    if kind == V_AP:
        slope, start = c.phase[i, phase, VAP_SLOPE], c.phase[i, phase, VAP_START]
    if phase == HOLD:  # V_m stands still, so the whole input flows through R_a
        rate = push = 0.0
        if kind == V_AP:
            start, direct = p[R_AP] * steady_input(c, i, values), p[R_AP] * p[CAPACITANCE]
    relax(values[i], rate, push, slope, start, since, t0, dt, origin, first, out)
    if phase != HOLD or direct != 0.0:
        for k in range(c.into_at[i], c.into_at[i + 1]):
            s = c.into[k]
            shape(c, s, values, codes, form)
            if form[X] != 0.0 or form[C_0] != 0.0 or form[C_1] != 0.0:
                moved = 0.0 if phase == HOLD else slope
                add_response(form, rate, moved, direct * form[Q], since, t0, dt, origin, first, out)


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
        out[:] = slope * values[2 * n + 2 * m + s] + start
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


@kernel
def sample(c: Circuit, log: Log, kind: int, index: int, t0: float, dt: float, first: int, out: Floats) -> None:
    """Write the node's values at t0 + (first + k) dt. A value belongs to the last event strictly before it."""
    rows = log.size[0]
    form = np.empty(6)
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
            if kind == I_0:
                moving[:] = values[c.neuron.shape[0] + index]
            elif kind <= V_AP:
                sample_membrane(c, index, kind, values, codes, form, since, t0, dt, min(k, origin), k, moving)
            else:
                sample_synapse(c, index, kind, values, codes, form, since, t0, dt, min(k, origin), k, moving)
            if k < origin:
                part[1:] = part[0]
        if k >= origin:
            row += 1
        k = end
