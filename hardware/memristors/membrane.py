"""Closed forms of a leaky integrator fed through memristors, between steps of the voltages on them.

While a device sees the constant voltage V its state relaxes as z exp(-a t) towards the end of its range, so its
conductance is G_goal exp(q exp(-a t)), with q = -(1 - x) ln(G_max/G_min) on the way up and x ln(G_max/G_min) on the way
down. Expanded in powers of q the current V G(t) into C is a sum of exponentials, and so is the voltage: no time step.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .sdc import Sdc

Floats = NDArray[np.float64]
SMALL = 1e-18
"""Of the series: where it ends."""


@dataclass(frozen=True, eq=False)
class Exposure:
    """What the devices see from each knot on, and where they are then. Shapes: (n,) and (n, synapses).

    `volts` over the devices, `rates` of their relaxation (1/s; 0 when they are held), states `x`, and whether their
    current reaches the membrane.
    """

    device: Sdc
    knots: Floats
    volts: Floats
    rates: Floats
    x: Floats
    connected: NDArray[np.bool_]

    def states(self, rows: NDArray[np.intp], elapsed: Floats) -> Floats:
        """States x of the devices, `elapsed` seconds after the knots `rows`."""
        left = np.exp(-self.rates[rows] * elapsed[:, None])
        x = self.x[rows]
        return np.where(self.volts[rows] > 0.0, 1.0 - (1.0 - x) * left, x * left)

    def charge(self, rows: NDArray[np.intp], elapsed: Floats, tau: float) -> Floats:
        """What the devices delivered since the knots `rows`, C, less what leaked of it with `tau` (s)."""
        active = self.connected[rows] & np.any(self.volts[rows] != 0.0, axis=1)
        total = np.zeros(len(rows))
        rows, t = rows[active], elapsed[active, None]
        if len(rows) == 0:
            return total
        volts, rates, up = self.volts[rows], self.rates[rows], self.volts[rows] > 0.0
        q = np.where(up, self.x[rows] - 1.0, self.x[rows]) * self.device.span
        goal = np.where(up, 1.0 / self.device.R_min, 1.0 / self.device.R_max)
        factor, largest, n = volts * goal, float(np.abs(q).max()), 0
        bound, summed = 1.0, np.zeros_like(q)
        while bound > SMALL or n < largest:
            summed += factor * _between(n * rates, 1.0 / tau, t)
            n += 1
            factor = factor * q / n
            bound *= largest / n
        total[active] = summed.sum(axis=1)
        return total


def exposed(
    device: Sdc, knots: Floats, volts: Floats, connected: NDArray[np.bool_], x: Floats, *, plastic: bool
) -> Exposure:
    """Follow the states of the devices through all knots, from `x` at the first."""
    levels, where = np.unique(volts, return_inverse=True)
    rates = np.array([device.rate(float(v)) for v in levels])[where].reshape(volts.shape) if plastic else 0.0 * volts
    left = np.exp(-rates[:-1] * np.diff(knots)[:, None])
    up = volts[:-1] > 0.0
    states = np.empty_like(volts)
    states[0] = x
    for k in range(len(left)):
        x = np.where(up[k], 1.0 - (1.0 - x) * left[k], x * left[k])
        states[k + 1] = x
    return Exposure(device, knots, volts, rates, states, connected)


def _between(p: Floats, r: float, t: Floats) -> Floats:
    """(exp(-p t) - exp(-r t)) / (r - p), and its limit where p = r."""
    gap = np.abs(p - r)
    safe = np.where(gap > 0.0, gap, 1.0)
    return np.exp(-np.minimum(p, r) * t) * np.where(gap > 0.0, -np.expm1(-gap * t) / safe, t)


@dataclass(frozen=True, eq=False)
class Course:
    """V of the membrane in pieces: piece k begins at `start[k]` with `volts[k]`, within the interval of knot `row[k]`."""

    start: Floats
    volts: Floats
    row: NDArray[np.intp]
    spikes: Floats

    def at(self, times: Floats, exposure: Exposure, farads: float, tau: float) -> Floats:
        """V (V) at `times` (s)."""
        piece = np.searchsorted(self.start, times, side="right") - 1
        row, begin = self.row[piece], self.start[piece]
        before = exposure.charge(row, begin - exposure.knots[row], tau) / farads
        since = exposure.charge(row, times - exposure.knots[row], tau) / farads
        return (self.volts[piece] - before) * np.exp((begin - times) / tau) + since


def integrate(exposure: Exposure, farads: float, tau: float, threshold: float, delay: float) -> Course:
    """Let the membrane integrate, from 0 V: above `threshold` (V) it spikes, and is discharged `delay` seconds later.

    The current grows while V > 0 builds a filament and falls in size while V < 0 dissolves one: it never decreases
    within a piece. So V has no maximum inside, and what ends below the threshold has not crossed it.
    """
    from scipy.optimize import brentq  # heavy; whoever reads a bench comes by here

    knots = exposure.knots
    whole = exposure.charge(np.arange(len(knots) - 1), np.diff(knots), tau) / farads

    def later(k: int, begin: float, v: float, end: float) -> float:
        row = np.array([k, k])
        before, since = exposure.charge(row, np.array([begin, end]) - knots[k], tau) / farads
        return float((v - before) * np.exp((begin - end) / tau) + since)

    pieces: list[tuple[float, float, int]] = []
    spikes: list[float] = []
    v, reset = 0.0, np.inf
    for k, (t, end) in enumerate(zip(knots[:-1].tolist(), knots[1:].tolist(), strict=True)):
        begin, stopped = t, False
        while not stopped:
            pieces.append((begin, v, k))
            stop = min(end, reset)
            reached = (
                float(v * np.exp((t - end) / tau) + whole[k]) if (begin, stop) == (t, end) else later(k, begin, v, stop)
            )
            if reset == np.inf and reached >= threshold:
                root = brentq(lambda s, k=k, b=begin, v=v: later(k, b, v, s) - threshold, begin, stop, xtol=1e-15)
                spikes.append(root)
                reset = root + delay
                stop = min(end, reset)
                reached = later(k, begin, v, stop)
            stopped = stop < reset
            v, begin = (reached, stop) if stopped else (0.0, stop)
            if not stopped:
                reset = np.inf
    start, volts, row = (np.array(column) for column in zip(*pieces, strict=True))
    return Course(start, volts, row.astype(np.intp), np.array(spikes))
