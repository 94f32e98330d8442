"""One channel of a digital oscilloscope between its connector and its memory: coupling, bandwidth, noise, converter.

The converter runs at its own rate; what is stored is every k-th sample, the mean of k (high resolution), or the least
and the greatest of 2k (peak detection). Approximations: at most `FINEST` samples of the converter are made for one that
is stored; the bandwidth is one pole; AC coupling removes the record's mean.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from .pole import VISIBLE, decay_of, smooth

CHUNK = 1 << 18
"""Samples converted at once: stays in the processor's cache."""
FINEST, PLENTY = 256, 1 << 24
"""Samples of the converter made for one that is stored, as long as a record does not take `PLENTY`."""
RESOLUTION = 16
"""Fractions of a code in high resolution: four more bits, from 256 samples or more."""

Sampling = Literal["NORM", "HRES", "PEAK"]


class Input(Protocol):
    """A connector: what `lines` offers."""

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """Volts at the probe tip at ``t0 + k dt``, not later than now; shape (n,)."""
        ...


class OpenConnector:
    """A connector with nothing on it."""

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """Zero volts; shape (n,)."""
        return np.zeros(n)


@dataclass(frozen=True)
class FrontEnd:
    """One channel between its probe and the converter. Volts are those on the screen, the probe ratio included."""

    signal: Input
    volts_per_code: float
    zero_code: float
    """Code of zero volts; 0 and `top` are the ends of the converter."""
    gain: float = 1.0
    """Volts shown per volt at the probe tip: probe ratio set over attenuation of the probe; negative if inverted."""
    coupling: str = "DC"
    bandwidth: float = 100e6
    noise: float = 0.0
    """Standard deviation in codes."""
    top: int = 255
    bottom: int = 0
    sampling: Sampling = "NORM"
    oversampling: int = 1
    """Samples of the converter for one that is stored."""

    def volts(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """What the trigger sees; shape (n,)."""
        return np.zeros(n) if self.coupling == "GND" else self.signal.sample(t0, dt, n) * self.gain

    def record(self, t0: float, dt: float, n: int, rng: np.random.Generator) -> NDArray[Any]:
        """What the memory holds of ``n`` samples, in codes; shape (n,); high resolution has fractions of a code."""
        finest = min(self.oversampling, FINEST, max(4, PLENTY // n))
        finer = 1 if self.sampling == "NORM" else max(1, finest)
        if finer == 1:
            return self.codes(t0, dt, n, rng)
        if self.sampling == "HRES":
            # Noise of all samples of the converter, though fewer are made.
            averaged = replace(self, noise=self.noise * (finer / min(self.oversampling, RESOLUTION**2)) ** 0.5)
            means = [
                part.reshape(-1, finer).mean(axis=1) for part in averaged.levels(t0, dt / finer, n * finer, rng, finer)
            ]
            fine: NDArray[Any] = np.rint(np.concatenate(means) * RESOLUTION) / RESOLUTION
            return fine.astype(np.float32)
        pairs = (n + 1) // 2
        codes = self.codes(t0, dt / finer, 2 * finer * pairs, rng).reshape(pairs, 2 * finer)
        return np.stack((codes.min(axis=1), codes.max(axis=1)), axis=1).reshape(-1)[:n]

    def codes(self, t0: float, dt: float, n: int, rng: np.random.Generator) -> NDArray[Any]:
        """Digitise ``n`` samples; shape (n,)."""
        codes = np.empty(n, np.uint8 if self.top < 256 else np.uint16)
        first = 0
        for level in self.levels(t0, dt, n, rng):
            # Truncation after adding one half rounds; the ends of the converter stay the ends.
            codes[first : first + len(level)] = level + np.float32(0.5)
            first += len(level)
        return codes

    def levels(
        self, t0: float, dt: float, n: int, rng: np.random.Generator, multiple: int = 1
    ) -> Iterator[NDArray[np.float64]]:
        """What the converter sees of ``n`` samples, in fractions of codes, cut at its ends; in parts."""
        per_volt, zero = 1.0 / self.volts_per_code, self.zero_code
        if self.coupling == "AC":
            zero -= float(self.volts(t0, n * dt / 1000, 1000).mean()) * per_volt
        filtered = self._pole(t0, dt)
        part = max(1, CHUNK // multiple) * multiple
        for first in range(0, n, part):
            count = min(part, n - first)
            level = filtered(self.volts(t0 + first * dt, dt, count))
            level *= per_volt
            level += zero
            if self.noise:
                level += rng.standard_normal(count, dtype=np.float32) * np.float32(self.noise)
            yield np.clip(level, self.bottom, self.top, out=level)

    def _pole(self, t0: float, dt: float) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        """The bandwidth as one pole, where the samples are close enough to see it."""
        decay = decay_of(self.bandwidth, dt)
        if decay < VISIBLE:
            return lambda volts: volts
        memory = float(self.volts(t0, dt, 1)[0])

        def smoothed(volts: NDArray[np.float64]) -> NDArray[np.float64]:
            nonlocal memory
            result = smooth(volts, decay, memory)
            memory = float(result[-1])
            return result

        return smoothed
