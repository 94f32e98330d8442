"""How far a state has relaxed after some time, when the rate depends on the state alone.

With z the way left to the goal and u = ln(z_0 / z), du/dt = rate(z_0 exp(-u)). So the time to reach u is the integral of
1/rate: a quadrature and no time step. Its inverse is found by root finding, and pieces of an interval add up.
"""

import math
from collections.abc import Callable

import numpy as np

_NODES, _WEIGHTS = (a.tolist() for a in np.polynomial.legendre.leggauss(12))
PANEL = 0.5
"""Longest panel of u."""
STEEP = 1.0
"""Largest change of ln(rate) over a panel: there 12 Gauss nodes are exact to the last digits."""
NOTHING = 1e-18
"""A change that no state in [0, 1] can show."""
GONE = 40.0
"""exp(-40) is nothing beside 1: from there on the rate is that at the goal."""


def relax(rate: Callable[[float], float], left: float, seconds: float, kink: float | None = None) -> float:
    """Give the way left after `seconds`, from `left` in [0, 1].

    `rate(z)` (1/s) is positive, and monotone in z with a kink at `kink` at most.
    """
    from scipy.optimize import brentq  # heavy; whoever reads a bench comes by here

    fastest = max(rate(left), rate(0.0))
    if fastest * seconds * left < NOTHING:
        return left
    if rate(left) == rate(0.0) and (kink is None or not 0.0 < kink < left):
        return left * math.exp(-rate(left) * seconds)
    edge = math.log(left / kink) if kink is not None and 0.0 < kink < left else math.inf

    def duration(start: float, stop: float) -> float:
        half, middle = 0.5 * (stop - start), 0.5 * (stop + start)
        return half * sum(w / rate(left * math.exp(-middle - half * n)) for n, w in zip(_NODES, _WEIGHTS, strict=True))

    u, remaining = 0.0, seconds
    while u < GONE:
        stop = _panel(rate, left, u, min(edge if u < edge else math.inf, u + 1.001 * fastest * remaining))
        took = duration(u, stop)
        if took >= remaining:
            inside = brentq(lambda end, u=u, remaining=remaining: duration(u, end) - remaining, u, stop, xtol=1e-300)
            return left * math.exp(-inside)
        u, remaining = stop, remaining - took
    return left * math.exp(-u - rate(0.0) * remaining)


def _panel(rate: Callable[[float], float], left: float, u: float, edge: float) -> float:
    """The end of a panel that begins at `u`, not beyond `edge`, over which the rate changes little enough."""
    stop = min(u + PANEL, edge)
    here = math.log(rate(left * math.exp(-u)))
    while abs(math.log(rate(left * math.exp(-stop))) - here) > STEEP:
        stop = 0.5 * (u + stop)
    return stop
