"""One neuron with a synapse of two stages onto itself, as anyone would solve it: the limit that the twin is held against.

The physics of the shipped boards and nothing else: leak in straight pieces, dead time, hysteresis, two equal stages that
conduct above V_T, a constant current pulse for each spike; one constant input. Event-driven, closed forms between events,
roots by a safeguarded Newton iteration. No probes, no supply, no other inputs, no memory of the past.
"""

# ruff: noqa: PLR0912, PLR0915, PLR0917  (one plain loop, whose compiled pieces are called by position)

from itertools import pairwise
from math import exp, inf
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from neurorig.hardware import Board

ON, HOLD, LEAK = 0, 1, 2
LOOK = 1e-3  # s; how far a crossing is looked for at once
_njit: Any = numba.njit(cache=True, error_model="numpy")


def constants(board: Board) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The phases (rate, push, low, high) and everything else of a board with one neuron and at most one synapse."""
    neuron, farad = board.neurons["n1"], board.neurons["n1"].capacitance
    device, synapse = neuron.calibration, board.synapses.get("s11")
    v_off = device.V_F + device.scale * device.I_H * neuron.on_resistance
    phases = [[1 / neuron.tau_a, device.V_F / neuron.tau_a, v_off, inf], [0, 0, -inf, inf], [1e4, 0, -inf, 0]]
    corners = [(0.0, 0.0), *device.leak]
    for (low, i_low), (high, i_high) in pairwise(corners):
        g = (i_high - i_low) / (high - low)
        phases.append([g / farad, (g * low - i_low) / farad, low, high])
    pulse = (board.charge("s11") / board.pulse("s11"), board.pulse("s11")) if synapse else (0.0, 0.0)
    fit = synapse.calibration if synapse else None
    extra = device.hysteresis / (farad * phases[-1][0])
    stages = [synapse.tau, fit.m1, synapse.sign * fit.m2 / farad] if synapse and fit else [1.0, 0.0, 0.0]
    start = (
        [(v - fit.V_T) / synapse.resistance for v in (synapse.at_rest.v_c1, synapse.at_rest.v_c2)]
        if synapse and fit
        else [0, 0]
    )
    return np.array(phases), np.array([farad, device.dead_time, device.quiescence, extra, *pulse, *stages, *start])


@_njit
def coefficients(v, x, y, u, rate, push, p):
    """V(t) = c + drift t + (alpha + beta t) exp(-k t) + d exp(-r t), given how the stages x, y conduct."""
    k, c, drift, alpha, beta = 1 / p[6], 0.0, 0.0, 0.0, 0.0
    if y > 0 or (y == 0 and x > 0):
        target = p[7] * u
        a, b = y - target if x >= 0 else y, p[7] * (x - u) * k if x >= 0 else 0.0
        if x >= 0:
            push += p[8] * target
        beta = p[8] * b / (rate - k)
        alpha = (p[8] * a - beta) / (rate - k)
    if rate == 0:
        c, drift = v - alpha, push
    else:
        c = push / rate
    return rate, k, c, drift, alpha, beta, v - c - alpha if rate != 0 else 0.0


@_njit
def v_at(t, r, k, c, drift, alpha, beta, d):
    return c + drift * t + (alpha + beta * t) * exp(-k * t) + d * exp(-r * t)


@_njit
def dv_at(t, r, k, c, drift, alpha, beta, d):
    return drift + (beta - k * (alpha + beta * t)) * exp(-k * t) - r * d * exp(-r * t)


@_njit
def ddv_at(t, r, k, c, drift, alpha, beta, d):
    return (-2 * k * beta + k * k * (alpha + beta * t)) * exp(-k * t) + r * r * d * exp(-r * t)


@_njit
def root(lo, hi, level, sign, c):
    """Safeguarded Newton for V = level on a bracket where sign * (V - level) goes from - to +."""
    t = 0.5 * (lo + hi)
    for _ in range(60):
        f = v_at(t, *c) - level
        if sign * f < 0:
            lo = t
        else:
            hi = t
        new = t - f / dv_at(t, *c)
        if not lo < new < hi:
            new = 0.5 * (lo + hi)
        if abs(new - t) < 1e-17 + 4e-16 * t:
            return new
        t = new
    return t


@_njit
def turning(lo, hi, level, sign, c):
    """The same for the slope of V."""
    t = 0.5 * (lo + hi)
    for _ in range(60):
        f = dv_at(t, *c) - level
        if sign * f < 0:
            lo = t
        else:
            hi = t
        new = t - f / ddv_at(t, *c)
        if not lo < new < hi:
            new = 0.5 * (lo + hi)
        if abs(new - t) < 1e-17 + 4e-16 * t:
            return new
        t = new
    return t


@_njit
def leave(c, low, high, quiet):
    """Time until V leaves (low, high) or its slope falls to `quiet`, and how: 1, -1, 2; 0 for a time to look again."""
    for n in range(8):
        a, b = n * LOOK, (n + 1) * LOOK
        if quiet > -inf and dv_at(b, *c) < quiet:
            b = turning(a, b, quiet, -1.0, c) if dv_at(a, *c) > quiet else a
            if v_at(b, *c) < high:
                return b, 2
        for level, sign in ((high, 1.0), (low, -1.0)):
            if level in (inf, -inf):
                continue
            end = b
            if sign * dv_at(a, *c) > 0 > sign * dv_at(b, *c):
                end = turning(a, b, 0.0, -sign, c)
            if sign * (v_at(end, *c) - level) >= 0 and sign * dv_at(a, *c) > 0:
                return root(a, end, level, sign, c), int(sign)
        if b < (n + 1) * LOOK:
            break
    return 8 * LOOK, 0


@_njit
def conduct(x, y, u, p):
    """When a stage reaches V_T; one that conducts only comes back to it after all time."""
    tau, t_x, t_y = p[6], inf, inf
    if x < 0 < u:
        t_x = -x * tau / u
    if y < 0 < x or (y < 0 and x == 0 and u > 0):
        lo, hi, rise = 0.0, 0.0, p[7] / tau
        for _ in range(60):
            hi = 2 * hi + 1e-3
            if y + rise * (u * hi + (x - u) * tau * (1 - exp(-hi / tau))) >= 0:
                break
            if hi > 100 * tau:
                return t_x, inf
        t = 0.5 * hi
        for _ in range(60):
            f = y + rise * (u * t + (x - u) * tau * (1 - exp(-t / tau)))
            if f < 0:
                lo = t
            else:
                hi = t
            new = t - f / (rise * (u + (x - u) * exp(-t / tau)))
            if not lo < new < hi:
                new = 0.5 * (lo + hi)
            if abs(new - t) < 1e-17 + 4e-16 * t:
                break
            t = new
        t_y = t
    return t_x, t_y


@_njit
def simulate(phases, p, current, t_stop, spikes, trace, dt):
    """Run from rest; returns the number of spikes written. `trace` gets V every `dt`."""
    now, v, x, y, u, phase, silent, count, row = 0.0, 0.0, p[9], p[10], 0.0, LEAK + 1, False, 0, 0
    hold, pulse = inf, inf
    rows, last = len(trace), len(phases) - 1
    while True:
        rate, push = phases[phase, 0], phases[phase, 1] + current / p[0]
        moving = phase != HOLD
        c = coefficients(v, x, y, u, rate, push, p) if moving else (0.0, 0.0, v, 0.0, 0.0, 0.0, 0.0)
        wait, kind, high = inf, 0, phases[phase, 3]
        if phase == last and silent:
            high += p[3]
        if moving:
            quiet = p[2] / p[0] if p[3] > 0 and phase >= LEAK and not silent else -inf
            wait, kind = leave(c, phases[phase, 2], high, quiet)
        t_x, t_y = conduct(x, y, u, p)
        step, what = wait, 0
        for t, n in ((hold - now, 1), (pulse - now, 2), (t_x, 3), (t_y, 4)):
            if t < step:
                step, what = t, n
        end = min(now + step, t_stop)
        while row < rows and row * dt < end:
            trace[row] = v_at(row * dt - now, *c)
            row += 1
        if now + step > t_stop:
            return count
        v = v_at(step, *c)
        fade = exp(-step / p[6])
        if y >= 0 and x >= 0:
            y = p[7] * u + ((y - p[7] * u) + p[7] * (x - u) * step / p[6]) * fade
        elif y >= 0:
            y *= fade
        elif x >= 0:
            y += p[7] / p[6] * (u * step + (x - u) * p[6] * (1 - fade))
        x = u + (x - u) * fade if x >= 0 else x + u * step / p[6]
        now += step
        if what == 1:
            hold = inf
            phase = LEAK
            while v >= phases[phase, 3] and phase < last:
                phase += 1
        elif what == 2:
            u, pulse = 0.0, inf
        elif what == 3:
            x = 0.0
        elif what == 4:
            y = 0.0
        elif kind == 2:
            silent = True
        elif kind == 1 and phase == last:
            spikes[count] = now
            count += 1
            phase, v, silent = ON, high, False
            if p[5] > 0:
                u, pulse = p[4], now + p[5]
        elif kind == 1:
            v = high
            phase += 1
        elif kind == -1 and phase == ON:
            v = phases[ON, 2]
            phase, hold = HOLD, now + p[1]
        elif kind == -1:
            v = phases[phase, 2]
            phase -= 1
