"""The two published circuits that turn a spike into a pulse of current, solved from their transistors' equations.

``pcb``: the published synapse board. V_ap drives an NMOS inverter with a 100 kohm pull-up, whose output closes a PMOS
switch; R_W lies between that switch and the capacitor C_s. Almost rectangular; the current falls as C_s fills.

``fig18``: Fig. 18 of Wu 2025. R_W and an NMOS gated by V_ap draw the current of a PMOS diode, which a second PMOS
mirrors into C_s. Hardly depends on the voltage of C_s; its height follows V_ap.

Both saturate when R_W goes to 0: then the transistors alone limit the current.
"""

from collections.abc import Callable
from functools import cache
from typing import Literal, NamedTuple

import numpy as np

from .ald1105 import Floats, N, P

PULL_UP = 100e3  # ohm, RD1 of the synapse board
RANGE = (0.16, 0.5)  # of the supply, where C_s lives while a stage works: 0.8 V to 2.5 V on 5 V
HALVINGS = 60

Drive = Literal["pcb", "fig18"]


class Pulse(NamedTuple):
    """Current pulse of one spike into a stage at V_C: I = current - conductance V_C for `width` seconds (A, S, s)."""

    current: float
    conductance: float
    width: float

    def charge(self, v_c: float) -> float:
        """Charge (C) delivered into a stage that stays at `v_c` (V)."""
        return (self.current - self.conductance * v_c) * self.width


class Spike(NamedTuple):
    """V_ap of one spike: from `peak` (V) towards `rest` (V, R_a times the input current) with `tau` (s).

    It ends when the thyristor opens, at `opening` (V).
    """

    peak: float
    tau: float
    rest: float = 0.0
    opening: float = 0.0


def pulse(
    drive: Drive, spike: Spike, weight: float, supply: float = 5.0, into: tuple[float, float] | None = None
) -> Pulse:
    """Pulse of one spike through the circuit `drive` with R_W = `weight` (ohm) on `supply` (V).

    The chord is fitted to the charge Q(V_C) over the voltages `into` (V; by default 0.16 to 0.5 of the supply; equal
    bounds give a pulse of constant current), and its height is the current at the peak of the spike.
    Raises ValueError when R_W is negative, when V_ap does not reach the threshold of the NMOS or never falls below it.
    """
    if weight < 0:
        raise ValueError(f"R_W = {weight:g} ohm is negative")
    if spike.peak <= N.v_to:
        raise ValueError(f"a spike of {spike.peak:.3g} V does not open the NMOS, whose threshold is {N.v_to} V")
    if max(spike.rest, 0.0) >= N.v_to > spike.opening:
        raise ValueError(f"V_ap rests at {spike.rest:.3g} V, above the NMOS threshold {N.v_to} V: the pulse never ends")
    return _chord(drive, spike, weight, supply, into or (RANGE[0] * supply, RANGE[1] * supply))


def sink_voltage(drive: Drive, spike: Spike, weight: float, supply: float) -> float:
    """Voltage (V) of the NMOS diode that turns a pulse without a stage into an inhibitory one, at the peak of the spike."""

    def surplus(v_gs: Floats) -> Floats:
        return N.current(v_gs, v_gs) - CIRCUITS[drive](np.array(spike.peak), v_gs, weight, supply)

    return float(root(surplus, np.zeros(()), supply))


@cache
def _chord(drive: Drive, spike: Spike, weight: float, supply: float, into: tuple[float, float]) -> Pulse:
    low, high = into
    v_c = np.linspace(low, high, 9) if high > low else np.array([low])
    v_ap, weights = _discharge(spike)
    currents = CIRCUITS[drive](v_ap[:, None], v_c[None, :], weight, supply)
    charges = weights @ currents
    if len(v_c) > 1:
        slope, at_zero = np.polyfit(v_c, charges, 1)
    else:
        slope, at_zero = 0.0, charges[0]
    peak = CIRCUITS[drive](np.array(spike.peak), np.array((low + high) / 2), weight, supply)
    if not peak > 0.0:
        raise ValueError(f"a spike of {spike.peak:.3g} V drives no current through R_W = {weight:g} ohm")
    width = (at_zero + slope * (low + high) / 2) / float(peak)
    return Pulse(float(at_zero / width), float(0.0 - slope / width), float(width))


def _discharge(spike: Spike) -> tuple[Floats, Floats]:
    """Voltages from the peak down to where the NMOS or the thyristor opens, and the time (s) that each stands for."""
    end = max(N.v_to, spike.opening)
    nodes, weights = np.polynomial.legendre.leggauss(100)
    v_ap = end + (spike.peak - end) * (nodes + 1) / 2
    return v_ap, weights * (spike.peak - end) / 2 * spike.tau / (v_ap - spike.rest)


def pcb_current(v_ap: Floats, v_c: Floats, weight: float, supply: float) -> Floats:
    """Current (A) of the synapse board into a capacitor at `v_c` while the spike is at `v_ap` (V)."""
    gate = root(lambda v: N.current(v_ap, v) - (supply - v) / PULL_UP, np.zeros_like(v_ap), supply)
    drain = root(
        lambda v: v - v_c - weight * P.current(supply - gate, supply - v),
        np.broadcast_to(v_c, np.broadcast_shapes(v_ap.shape, v_c.shape)),
        supply,
    )
    return P.current(supply - gate, supply - drain)


def fig18_current(v_ap: Floats, v_c: Floats, weight: float, supply: float) -> Floats:
    """Current (A) of the mirror of Fig. 18 into a capacitor at `v_c` while the spike is at `v_ap` (V)."""

    def surplus(v_sg: Floats) -> Floats:
        drawn = P.current(v_sg, v_sg)
        return drawn - N.current(v_ap, supply - v_sg - weight * drawn)

    return P.current(root(surplus, np.zeros_like(v_ap), supply), supply - v_c)


CIRCUITS: dict[str, Callable[[Floats, Floats, float, float], Floats]] = {"pcb": pcb_current, "fig18": fig18_current}


def root(rising: Callable[[Floats], Floats], low: Floats, high: float) -> Floats:
    """Where a rising function crosses 0 between `low` and `high`, element by element, by bisection: same shape as `low`."""
    below, above = np.array(low, dtype=float), np.full(np.shape(low), high)
    for _ in range(HALVINGS):
        middle = (below + above) / 2
        short = rising(middle) < 0
        below, above = np.where(short, middle, below), np.where(short, above, middle)
    found: Floats = (below + above) / 2
    return found
