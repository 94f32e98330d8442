"""What a record says about a current source: its noise and mains line, how it settles, sags and drifts.

Arrays in, `Measure`s out; everything in the unit of what is given, amperes as a rule.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .measure import Measure

Floats = NDArray[np.float64]
MAINS = (50.0, 60.0)
LINE = 1.0
"""Hz on either side of a line of the mains, and of each multiple of it, that are not counted as noise."""
RESOLVED = 2.0
"""Seconds of each piece of a record whose spectrum is averaged: half a hertz."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """One-sided power density (A²/Hz) at `frequencies` (Hz), shape (n,); `pieces` independent ones were averaged."""

    frequencies: Floats
    density: Floats
    pieces: float

    @property
    def resolution(self) -> float:
        """Hz from one value to the next."""
        return float(self.frequencies[1] - self.frequencies[0])


def spectrum(values: Floats, rate: float) -> Spectrum:
    """Welch's estimate of the density of a record (A) with `rate` samples a second, pieces of 2 s that overlap by half."""
    from scipy.signal import welch  # slow to import, and only an acceptance needs it

    size = min(len(values), round(RESOLVED * rate))
    frequencies, density = welch(values, rate, nperseg=size, detrend="constant")
    # Pieces that overlap by half under a Hann window count for about 0.95 of as many independent ones.
    return Spectrum(frequencies, density, max(1.0, 0.95 * (2 * len(values) / size - 1)))


def noise(
    on: Spectrum, off: Spectrum | None = None, low: float = 1.0, high: float = 1e3, lines: tuple[float, ...] = MAINS
) -> Measure:
    """Rms from `low` to `high` Hz without the lines of the mains and their multiples; what `off` has is subtracted in power.

    What lies under a line is taken as what lies beside it. Less than nothing left after the subtraction is nothing, with
    the error of the difference.
    """
    power, variance = _power(on, low, high, lines)
    if off is not None:
        own, own_variance = _power(off, low, high, lines)
        power, variance = power - own, variance + own_variance
    spread = math.sqrt(variance)
    rms = math.sqrt(max(power, 0.0))
    error = spread / (2 * rms) if power > spread else math.sqrt(spread)
    return Measure(rms, error, "A", "" if off is None else "the instrument's own noise is subtracted in power")


def _power(of: Spectrum, low: float, high: float, lines: tuple[float, ...]) -> tuple[float, float]:
    f = of.frequencies
    inside = (f >= low) & (f <= high)
    beside = inside.copy()
    for line in lines:
        nearest = np.maximum(np.round(f / line), 1) * line
        beside &= np.abs(f - nearest) > LINE
    if not beside.any():
        raise ValueError(f"no frequency between {low} Hz and {high} Hz beside the mains")
    counted = of.density[beside]
    width = float(inside.sum()) * of.resolution
    # A Hann window ties three neighbouring values together.
    independent = max(1.0, beside.sum() / 1.5) * of.pieces
    power = float(counted.mean()) * width
    relative = math.sqrt(float((counted**2).mean())) / float(counted.mean()) if counted.any() else 0.0
    return power, (power * relative) ** 2 / independent


def line(values: Floats, rate: float, frequency: float, beside: Spectrum) -> Measure:
    """Amplitude (A) of a sine at `frequency` (Hz), fitted; its error follows from the noise `beside` it."""
    times = np.arange(len(values)) / rate
    turn = 2 * math.pi * frequency * times
    columns = np.stack([np.sin(turn), np.cos(turn), np.ones_like(turn)], axis=1)
    sine, cosine, _ = np.linalg.lstsq(columns, values, rcond=None)[0]
    f = beside.frequencies
    near = (np.abs(f - frequency) > LINE) & (np.abs(f - frequency) < 10 * LINE)
    error = math.sqrt(float(np.median(beside.density[near])) * 2 / (len(values) / rate)) if near.any() else 0.0
    return Measure(math.hypot(float(sine), float(cosine)), error, "A", "amplitude")


def settling(times: Floats, values: Floats, start: float, band: float = 0.02) -> Measure:
    """Seconds from `start` after which a step stays within `band` of its height around its end, the mean of its last quarter.

    The band is never narrower than four standard deviations of the noise at the end.
    """
    after = times >= start
    t, y = times[after], values[after]
    before = values[~after]
    if len(before) < 2 or len(y) < 8:
        return Measure.missing("s", "the record shows no step")
    tail = y[-(len(y) // 4) :]
    end, height, scatter = float(tail.mean()), float(tail.mean() - before.mean()), float(tail.std())
    if height == 0.0 or abs(height) < 10 * scatter:
        return Measure.missing("s", "the step does not stand out of the noise")
    width = max(band * abs(height), 4 * scatter)
    outside = np.flatnonzero(np.abs(y - end) > width)
    dt = float(t[1] - t[0])
    took = 0.0 if not len(outside) else float(t[outside[-1]] - start) + dt
    return Measure(took, dt, "s", f"to within {width / abs(height):.2g} of the step")


def sag(volts: Floats, amperes: Floats, errors: Floats) -> tuple[Measure, Measure]:
    """Relative loss of current a volt (1/V), and the current (A) at 0 V, of ``I = I0 (1 - sag V)``.

    Arrays of shape (n,), n >= 2; `errors` are the standard errors that do not belong to all alike.
    """
    if len(volts) < 2 or np.ptp(volts) == 0:
        nothing = "needs two voltages or more: a source-meter as load, or several resistors"
        return Measure.missing("1/V", nothing), Measure.missing("A", nothing)
    weights = 1 / np.maximum(errors, 1e-15)
    columns = np.stack([np.ones_like(volts), volts], axis=1)
    solved = np.linalg.lstsq(columns * weights[:, None], amperes * weights, rcond=None)[0]
    covariance = np.linalg.inv((columns * weights[:, None] ** 2).T @ columns)
    free, slope = float(solved[0]), float(solved[1])
    if len(volts) > 2:  # errors that were stated too small show in the residuals
        residuals = (amperes - columns @ solved) * weights
        covariance = covariance * max(1.0, float(residuals @ residuals) / (len(volts) - 2))
    relative = Measure(-slope / free, math.sqrt(covariance[1, 1]) / abs(free), "1/V")
    return relative, Measure(free, math.sqrt(covariance[0, 0]), "A")


def drift(times: Floats, amperes: Floats) -> Measure:
    """Change (A/s) over a record of means, by a straight line; its error follows from the scatter around it."""
    if len(times) < 3:
        return Measure.missing("A/s", "too short")
    slope, at_zero = np.polyfit(times, amperes, 1)
    residuals = amperes - (at_zero + slope * times)
    spread = float(np.sqrt((residuals**2).sum() / (len(times) - 2)))
    return Measure(float(slope), spread / math.sqrt(float(((times - times.mean()) ** 2).sum())), "A/s")
