"""The models of the LabJack T series, and the entries of their scan lists: analog inputs, lines, counters.

Sources and what is assumed: see `labjack_t`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .labjack_calibration import (
    T7_FLASH,
    T7_RANGES,
    T8_FLASH,
    T8_RANGES,
    Input,
    Inputs,
    t7_flash,
    t7_inputs,
    t8_flash,
    t8_inputs,
)
from .labjack_stream import Codes

if TYPE_CHECKING:
    from ..converter import Input as Connector

THRESHOLD = 1.6
"""Volts at which a digital input turns."""

Volts = Callable[[float, float, int], NDArray[np.float64]]
"""As `Input.sample`."""


@dataclass(frozen=True)
class Model:
    """What tells the models apart; a range of 0 V means the `widest`.

    `samples` and `scans`: most a second. `buffer`: most bytes. `settling`: most microseconds.
    """

    name: str
    inputs: int
    ranges: Mapping[float, float]
    widest: float
    resolutions: int
    samples: float
    scans: float
    buffer: int
    settling: float
    flash: int
    calibrate: Callable[[np.random.Generator], Inputs]
    burnt: Callable[[Inputs], bytes]
    """What the flash holds from its address `flash` on."""
    hardware: float
    firmware: float

    def noise(self, found: Input, index: int, rate: float) -> float:
        """Standard deviation in volts, at a resolution index (T7) or a number of samples a second (T8)."""
        bits = 16 + 0.5 * (index - 1) if self is T7 else min(22.0, 15 + 0.5 * math.log2(self.scans / rate))
        return float(2 * found.full_scale / 2**bits)

    def delays(self, count: int, index: int, settling: float, rate: float) -> tuple[list[float], float]:
        """Seconds from a scan's clock tick to each of its samples, and to the end of the last; `settling` in microseconds."""
        if self is not T7:
            return [0.0] * count, 0.0
        conversion = 3e-6 * 2 ** (index - 1)
        auto = 5e-6 if rate * count > 60e3 else 12e-6
        between = conversion + (settling * 1e-6 if settling >= 1 else auto)
        delays = [5e-6 + place * between for place in range(count)]
        return delays, delays[-1] + conversion


T7 = Model("T7", 14, T7_RANGES, 10.0, 8, 100e3, 100e3, 32768, 50e3, T7_FLASH, t7_inputs, t7_flash, 1.35, 1.0292)
T8 = Model("T8", 8, T8_RANGES, 11.0, 16, math.inf, 40e3, 262144, math.inf, T8_FLASH, t8_inputs, t8_flash, 1.1, 1.0105)


@dataclass
class AnalogColumn:
    """One analog input; `noise` in volts."""

    volts: Volts
    found: Input
    noise: float
    rng: np.random.Generator
    delay: float = 0.0

    def codes(self, t0: float, dt: float, n: int) -> Codes:
        """Digitise."""
        noise = self.rng.standard_normal(n, dtype=np.float32) * np.float32(self.noise)
        return self.found.codes(self.volts(t0, dt, n) + noise)


@dataclass
class DigitalColumn:
    """At most 16 lines, the first in bit 0; one with nothing on it (None) is pulled high."""

    lines: "list[Connector | None]"
    delay: float = 0.0

    def codes(self, t0: float, dt: float, n: int) -> Codes:
        """One bit a line."""
        state = np.zeros(n, np.uint16)
        for bit, line in enumerate(self.lines):
            high = np.ones(n, bool) if line is None else line.sample(t0, dt, n) > THRESHOLD
            state |= high.astype(np.uint16) << np.uint16(bit)
        return state


@dataclass
class TimerColumn:
    """A counter of 32 bits: its lower half, or its upper one."""

    rate: float
    upper: bool = False
    delay: float = 0.0

    def codes(self, t0: float, dt: float, n: int) -> Codes:
        """16 bits of the count."""
        counts = np.floor((t0 + dt * np.arange(n)) * self.rate).astype(np.uint64)
        half: Codes = (counts >> np.uint64(16 * self.upper)).astype(np.uint16)
        return half
