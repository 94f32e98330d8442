"""A simpler neuron, as a yardstick: a leaky capacitor that a switch discharges, with an alpha synapse onto itself.

C V' = I - V / R - m V / R_on + y, tau x' = w m - x, tau y' = x - y; the switch m closes at V_high and opens at V_low. Two
events for each spike, one exponential rate in the synapse, no threshold in it: about the least that a spiking neuron with
a synapse can be. Solved as `plain_board` is: event-driven, closed forms, Newton's method between brackets.
"""

# ruff: noqa: PLR0917  (compiled pieces are called by position)

from math import exp, inf
from typing import Any

import numba

_njit: Any = numba.njit(cache=True, error_model="numpy")

C, R, R_ON, TAU, V_HIGH, V_LOW, WEIGHT = 100e-9, 100e3, 1e3, 5e-3, 1.0, 0.1, -50e-6
LOOK = 1e-3  # s; how far a crossing is looked for at once


@_njit
def v_at(t, rate, rest, alpha, beta, d):
    return rest + (alpha + beta * t) * exp(-t / TAU) + d * exp(-rate * t)


@_njit
def slope_at(t, rate, rest, alpha, beta, d):
    return (beta - (alpha + beta * t) / TAU) * exp(-t / TAU) - rate * d * exp(-rate * t)


@_njit
def coefficients(v, x, y, closed, current):
    """V(t) = rest + (alpha + beta t) exp(-t / tau) + d exp(-rate t)."""
    rate, drive = (1 / R + (1 / R_ON if closed else 0.0)) / C, WEIGHT if closed else 0.0
    gap = rate - 1 / TAU
    beta = (x - drive) / (C * TAU * gap)
    alpha = ((y - drive) / C - beta) / gap
    rest = (current + drive) / (C * rate)
    return rate, rest, alpha, beta, v - rest - alpha


@_njit
def crossing(c, level, sign):
    """When sign * (V - level) rises through 0: a time, or inf within the next eight looks."""
    for n in range(8):
        lo, hi = n * LOOK, (n + 1) * LOOK
        rising, falling = sign * slope_at(lo, *c) > 0, sign * slope_at(hi, *c) < 0
        if rising and falling:  # the top may lie above the level
            a, b = lo, hi
            for _ in range(50):
                middle = 0.5 * (a + b)
                if sign * slope_at(middle, *c) > 0:
                    a = middle
                else:
                    b = middle
            hi = a
        if sign * (v_at(hi, *c) - level) < 0:
            continue
        t = 0.5 * (lo + hi)
        for _ in range(60):
            f = v_at(t, *c) - level
            if sign * f < 0:
                lo = t
            else:
                hi = t
            new = t - f / slope_at(t, *c)
            if not lo < new < hi:
                new = 0.5 * (lo + hi)
            if abs(new - t) < 1e-17 + 4e-16 * t:
                break
            t = new
        return t
    return inf


@_njit
def simulate(current, t_stop, spikes, trace, dt):
    """Run from rest; returns the number of spikes written. `trace` gets V every `dt`."""
    now, v, x, y, closed, count, row = 0.0, 0.0, 0.0, 0.0, False, 0, 0
    while True:
        c = coefficients(v, x, y, closed, current)
        wait = crossing(c, V_LOW if closed else V_HIGH, -1.0 if closed else 1.0)
        step = min(wait, 8 * LOOK)
        while row < len(trace) and row * dt < min(now + step, t_stop):
            trace[row] = v_at(row * dt - now, *c)
            row += 1
        if now + step > t_stop:
            return count
        drive, fade = WEIGHT if closed else 0.0, exp(-step / TAU)
        y = drive + ((y - drive) + (x - drive) * step / TAU) * fade
        x = drive + (x - drive) * fade
        v = v_at(step, *c)
        now += step
        if wait < inf:
            closed = not closed
            v = V_HIGH if closed else V_LOW
            if closed:
                spikes[count] = now
                count += 1
