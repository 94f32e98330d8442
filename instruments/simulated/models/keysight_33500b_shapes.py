"""What a simulated Keysight 33522B puts out, as staircases: its functions, its arbitrary waveforms and their filters.

A `Staircase` is one cycle in parts of full scale (-1 to +1); a `Playback` says which cycles follow each other, and gives
them in pieces of bounded length. Approximations: smooth functions have `FINE` levels a cycle; a cycle that is repeated
has at most `DENSE` levels a second (the means of what is faster), and is its mean altogether when it is shorter than
`BLUR`: nothing on a board is as fast.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FINE = 256
"""Levels of one cycle of a smooth function."""
DENSE, BLUR = 1e6, 8e-6
"""Levels a second of what is repeated; seconds of a cycle below which only its mean is put out."""
PIECE, AHEAD = 1 << 16, 0.1
"""Levels of one piece, and seconds after which another one begins."""
REACH, PARTS, FASTEST_FILTERED = 6, 8, 80e-9
"""Samples on either side that a filter mixes, levels that it makes of one, and the shortest sample that it is applied to."""
MANY = 1 << 16
"""Samples that a filter mixes in one waveform from which on it makes two levels of one."""
CUTOFF = {"STEP": 0.13, "NORM": 0.27}
"""-3 dB of the filters in parts of the sample rate (waveform generation tutorial of the guide)."""


@dataclass(frozen=True, eq=False)
class Staircase:
    """One cycle: level `x[k]` from ``bounds[k]`` to ``bounds[k + 1]`` seconds; shapes (n + 1,) and (n,)."""

    bounds: Floats
    x: Floats

    @property
    def duration(self) -> float:
        """Seconds of the cycle."""
        return float(self.bounds[-1])

    @property
    def mean(self) -> float:
        """Mean level."""
        return float((self.x * np.diff(self.bounds)).sum() / self.duration)

    def joined(self) -> "Staircase":
        """Equal neighbours as one level."""
        keep = np.append(True, np.diff(self.x) != 0)
        return Staircase(np.append(self.bounds[:-1][keep], self.bounds[-1]), self.x[keep])

    def begun_at(self, fraction: float) -> "Staircase":
        """The same cycle begun elsewhere, at `fraction` of it (0 to 1)."""
        start = (fraction % 1.0) * self.duration
        if start == 0.0:
            return self
        k = int(np.searchsorted(self.bounds, start, side="right")) - 1
        later = np.append(start, self.bounds[k + 1 :])
        bounds = np.concatenate([later, self.duration + self.bounds[1 : k + 1], [self.duration + start]]) - start
        levels = np.concatenate([self.x[k:], self.x[: k + 1]])
        lasting = np.append(True, np.diff(bounds)[1:] > 0)
        return Staircase(np.append(bounds[:-1][lasting], self.duration), levels[lasting])

    def for_repeating(self) -> "Staircase":
        """What of it is kept when it is repeated: see `DENSE` and `BLUR`."""
        if self.duration < BLUR:
            return constant(self.mean, self.duration)
        cells = math.ceil(self.duration * DENSE)
        if len(self.x) <= cells:
            return self
        grid = np.linspace(0.0, self.duration, cells + 1)
        area = np.interp(grid, self.bounds, np.append(0.0, np.cumsum(self.x * np.diff(self.bounds))))
        return Staircase(grid, np.diff(area) / np.diff(grid)).joined()


def constant(x: float, seconds: float) -> Staircase:
    """One level."""
    return Staircase(np.array([0.0, seconds]), np.array([x]))


def smooth(period: float, values: Floats) -> Staircase:
    """Levels of equal length."""
    return Staircase(np.linspace(0.0, period, len(values) + 1), values)


def sine(period: float) -> Staircase:
    """A sine from its zero, going up."""
    return smooth(period, np.sin(2 * np.pi * (np.arange(FINE) + 0.5) / FINE))


def ramp(period: float, symmetry: float) -> Staircase:
    """Rising for `symmetry` (0 to 1) of the period, then falling; from its zero, going up where it rises."""
    return smooth(period, np.array([ramp_at((k + 0.5) / FINE, symmetry) for k in range(FINE)]))


def ramp_at(fraction: float, symmetry: float) -> float:
    """Its level at a part of the period (0 to 1)."""
    at = (fraction + (symmetry / 2 if symmetry else 0.5)) % 1.0
    return -1 + 2 * at / symmetry if at < symmetry else 1 - 2 * (at - symmetry) / (1 - symmetry)


def rectangle(period: float, high: float) -> Staircase:
    """High for `high` seconds, then low."""
    return Staircase(np.array([0.0, high, period]), np.array([1.0, -1.0]))


def noise(bandwidth: float, cells: int, rng: np.random.Generator) -> Staircase:
    """Gaussian noise whose peaks, 3.3 standard deviations away, are +-1; one level in half a period of `bandwidth` (Hz)."""
    return smooth(cells / (2 * bandwidth), np.clip(rng.standard_normal(cells) / 3.3, -1.0, 1.0))


@cache
def _weights(kind: str, parts: int) -> Floats:
    """How much of each sample is in each part of the middle one: shape (`parts`, 2 `REACH` + 1), rows add up to 1.

    STEP has no overshoot: a Gaussian. NORMal is flat up to its end: a windowed sinc.
    """
    cutoff = CUTOFF[kind]
    fine = np.linspace(-REACH - 1.0, REACH + 1.0, 64 * 2 * (REACH + 1) + 1)
    if kind == "STEP":
        sigma = math.sqrt(math.log(2)) / (2 * math.pi * cutoff)
        response = np.exp(-0.5 * (fine / sigma) ** 2)
    else:
        # The -6 dB point of a windowed sinc lies above its -3 dB point by about a quarter of the window's width.
        response = np.sinc(2 * (cutoff + 0.03) * fine) * np.hanning(len(fine)).astype(np.float64)
    total = np.append(0.0, np.cumsum((response[1:] + response[:-1]) / 2))
    middles = (np.arange(parts) + 0.5) / parts
    edges = np.arange(-REACH, REACH + 2)
    area = np.interp(edges[None, :] - middles[:, None], fine, total)
    weights = np.diff(area, axis=1)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _filtered(rate: float, kind: str) -> bool:
    return kind != "OFF" and 1.0 / rate >= FASTEST_FILTERED


def arbitrary(samples: Floats, rate: float, kind: str, before: Floats, after: Floats) -> Staircase:
    """`samples` at `rate` (1/s) through a filter: NORM, STEP, or OFF. `before` and `after`: the `REACH` samples around them."""
    n, dt = len(samples), 1.0 / rate
    if not _filtered(rate, kind):
        return Staircase(np.arange(n + 1, dtype=np.float64) * dt, samples).joined()
    padded = np.concatenate([before, samples, after])
    changes = np.append(0, np.cumsum(np.diff(padded) != 0))
    moving = changes[2 * REACH :] > changes[:n]
    mixed = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1)[moving]
    parts = PARTS if len(mixed) < MANY else 2
    first = np.append(0, np.cumsum(np.where(moving, parts, 1)))
    x, starts = np.empty(first[-1]), np.empty(first[-1])
    x[first[:-1][~moving]], starts[first[:-1][~moving]] = samples[~moving], np.flatnonzero(~moving) * dt
    places = first[:-1][moving][:, None] + np.arange(parts)
    x[places] = mixed @ _weights(kind, parts).T
    starts[places] = (np.flatnonzero(moving)[:, None] + np.arange(parts) / parts) * dt
    return Staircase(np.append(starts, n * dt), x).joined()


@dataclass(frozen=True)
class Part:
    """A cycle and how often it is played."""

    cycle: Staircase
    times: float = 1.0


@dataclass(frozen=True)
class Playback:
    """Parts one after the other; then `rest` for ever. `cycles` and `period` are those of the waveform, without tails."""

    parts: tuple[Part, ...]
    rest: float
    cycles: float
    period: float

    @property
    def duration(self) -> float:
        """Seconds of all its cycles."""
        return self.cycles * self.period

    def pieces(self) -> Iterator[tuple[float, Floats, Floats]]:
        """Start (s from the beginning), edges (s from that start) and levels of one piece after the other."""
        start = 0.0
        for part in self.parts:
            for edges, levels in _pieces_of(part):
                yield start, edges, levels
                start += float(edges[-1])


def of_function(cycle: Staircase, cycles: float, rest: float) -> Playback:
    """`cycles` of a standard function (infinity: for ever), then `rest`."""
    return Playback((Part(cycle.for_repeating(), cycles),), rest, cycles, cycle.duration)


def of_samples(samples: Floats, rate: float, kind: str, cycles: float) -> Playback:
    """`cycles` of an arbitrary waveform through its filter (infinity: for ever), from its first point and back to it."""
    still = np.full(REACH, samples[0])
    begin, end = samples[:REACH], samples[-REACH:]
    if cycles == 1:
        parts: tuple[Part, ...] = (Part(arbitrary(samples, rate, kind, still, still)),)
    else:
        body = arbitrary(samples, rate, kind, end, begin).for_repeating()
        last = Part(arbitrary(samples, rate, kind, end, still))
        parts = (Part(arbitrary(samples, rate, kind, still, begin)), Part(body, cycles - 2), last)
    if _filtered(rate, kind):  # what follows the last sample is still on its way to the first one
        parts = (*parts, Part(arbitrary(still, rate, kind, end, still)))
    return Playback(parts, float(samples[0]), cycles, len(samples) / rate)


def _pieces_of(part: Part) -> Iterator[tuple[Floats, Floats]]:
    cycle, left = part.cycle, part.times
    if len(cycle.x) > PIECE:
        for _ in itertools.count() if math.isinf(left) else range(int(left)):
            for first in range(0, len(cycle.x), PIECE):
                bounds = cycle.bounds[first : first + PIECE + 1]
                yield bounds - bounds[0], cycle.x[first : first + PIECE]
        return
    together = max(1, int(AHEAD / cycle.duration))
    if len(cycle.x) > 1:
        together = max(1, min(together, PIECE // len(cycle.x)))
    block = _repeated(cycle, together)
    while left >= together:
        yield block
        left -= together
    if left >= 1:
        yield _repeated(cycle, int(left))


def _repeated(cycle: Staircase, times: int) -> tuple[Floats, Floats]:
    if len(cycle.x) == 1:
        return times * cycle.bounds, cycle.x
    edges = (cycle.bounds[None, :-1] + cycle.duration * np.arange(times)[:, None]).ravel()
    return np.append(edges, times * cycle.duration), np.tile(cycle.x, times)
