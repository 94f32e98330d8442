"""What an oscilloscope measures on the trace that it shows: levels, times and widths.

Top and base are the two most frequent levels where there are such, else the extremes; edges cross 10, 50 and 90 % of the
way between them (IEEE Std 181). A quantity that the trace does not show is NaN.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Volts = NDArray[np.float64]


def top_and_base(volts: Volts) -> tuple[float, float]:
    """The two flat levels of a pulse train; greatest and least value where no level holds 5 % of the points."""
    low, high = float(volts.min()), float(volts.max())
    if low == high:
        return high, low
    counts, edges = np.histogram(volts, bins=100, range=(low, high))
    middles = (edges[:-1] + edges[1:]) / 2
    lower, upper = int(counts[:50].argmax()), 50 + int(counts[50:].argmax())

    def level(index: int, extreme: float) -> float:
        if counts[index] < 0.05 * len(volts):
            return extreme
        near = volts[np.abs(volts - middles[index]) <= (high - low) / 100]
        return float(near.mean())

    return level(upper, high), level(lower, low)


def crossings(volts: Volts, dt: float, level: float, hysteresis: float) -> tuple[Volts, Volts]:
    """Times (s) at which the trace rises and falls through `level`, having been `hysteresis` beyond it."""
    state = np.where(volts > level + hysteresis, 1, np.where(volts < level - hysteresis, -1, 0))
    known = np.flatnonzero(state)
    change = np.flatnonzero(np.diff(state[known]))
    times = []
    for before, after in zip(known[change], known[change + 1], strict=True):
        part = volts[before : after + 1]
        rising = part[-1] > part[0]
        k = int(((part >= level) if rising else (part <= level)).argmax())
        a, b = part[k - 1], part[k]
        times.append((before + k - 1 + (level - a) / (b - a)) * dt)
    signs = state[known[change + 1]] if len(change) else np.empty(0)
    found = np.array(times)
    return found[signs > 0], found[signs < 0]


def _middle(volts: Volts, dt: float) -> tuple[Volts, Volts]:
    top, base = top_and_base(volts)
    return crossings(volts, dt, (top + base) / 2, 0.1 * (top - base)) if top > base else (np.empty(0), np.empty(0))


def _first(values: Volts) -> float:
    return float(values[0]) if len(values) else math.nan


def _period(volts: Volts, dt: float) -> float:
    return _first(np.diff(max(_middle(volts, dt), key=len)))


def _between(starts: Volts, ends: Volts) -> float:
    """From the first start to the next end."""
    later = ends[ends > starts[0]] if len(starts) else ends[:0]
    return float(later[0] - starts[0]) if len(later) else math.nan


def _positive_width(volts: Volts, dt: float) -> float:
    return _between(*_middle(volts, dt))


def _negative_width(volts: Volts, dt: float) -> float:
    return _between(*_middle(volts, dt)[::-1])


def _edge(volts: Volts, dt: float, sign: int) -> float:
    """Seconds from 10 to 90 % of the first rising (+1) or falling (-1) edge."""
    top, base = top_and_base(volts)
    if top <= base:
        return math.nan
    turned = sign * volts
    low, high = min(sign * top, sign * base), max(sign * top, sign * base)
    begins = crossings(turned, dt, low + 0.1 * (high - low), 0.02 * (high - low))[0]
    ends = crossings(turned, dt, low + 0.9 * (high - low), 0.02 * (high - low))[0]
    # An edge may be shorter than a sample: then both crossings lie between the same two points.
    later = ends[ends >= begins[0]] if len(begins) else ends[:0]
    return float(later[0] - begins[0]) if len(later) else math.nan


MEASUREMENTS: dict[str, Callable[[Volts, float], float]] = {
    "VMAX": lambda volts, dt: float(volts.max()),
    "VMIN": lambda volts, dt: float(volts.min()),
    "VPP": lambda volts, dt: float(volts.max() - volts.min()),
    "VTOP": lambda volts, dt: top_and_base(volts)[0],
    "VBASE": lambda volts, dt: top_and_base(volts)[1],
    "VAMP": lambda volts, dt: top_and_base(volts)[0] - top_and_base(volts)[1],
    "VAVG": lambda volts, dt: float(volts.mean()),
    "VRMS": lambda volts, dt: float(np.sqrt((volts**2).mean())),
    "PERIOD": _period,
    "FREQUENCY": lambda volts, dt: 1 / _period(volts, dt),
    "PWIDTH": _positive_width,
    "NWIDTH": _negative_width,
    "PDUTY": lambda volts, dt: _positive_width(volts, dt) / _period(volts, dt),
    "NDUTY": lambda volts, dt: _negative_width(volts, dt) / _period(volts, dt),
    "RTIME": lambda volts, dt: _edge(volts, dt, +1),
    "FTIME": lambda volts, dt: _edge(volts, dt, -1),
}
"""By the name that most makers use: volts, seconds, hertz, or a share."""


def measure(name: str, volts: Volts, dt: float) -> float:
    """One quantity of a trace with `dt` seconds between its points; NaN if the trace does not show it. Raises KeyError."""
    return MEASUREMENTS[name](volts, dt) if len(volts) else math.nan
