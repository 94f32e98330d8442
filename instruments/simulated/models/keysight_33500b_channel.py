"""One channel of a simulated Keysight 33522B: its settings, and what they leave room for.

What the guide says and what is assumed: see `keysight_33500b`.
"""

import math
from dataclasses import dataclass, field

from ..arguments import ScpiError
from .keysight_33500b_memory import DEFAULT_WAVEFORM, WaveformMemory

CHANNELS = (1, 2)
OHMS = 50.0
"""Of the output."""
OPEN_VOLTS = 10.0
"""Largest voltage of an open output, either way; half of it into fifty ohms."""
LEAST_AMPLITUDE = 2e-3
"""Peak to peak into an open circuit."""
Limits = tuple[float, float, float]
"""Least, greatest and default value."""


def clipped(end: str) -> ScpiError:
    """The error of a value that was out of range and is now at its `end`: upper or lower."""
    return ScpiError(-222, f"value clipped to {end} limit")


def conflict(what: str) -> ScpiError:
    """The error of a setting that another one changed."""
    return ScpiError(-221, what)


@dataclass
class Channel:
    """The settings of one channel, as after ``*RST``. Volts are those at the load that the instrument believes in."""

    number: int
    memory: WaveformMemory
    function: str = "SIN"
    frequency: float = 1e3
    amplitude: float = 0.1
    """Peak to peak."""
    offset: float = 0.0
    load: float = OHMS
    range_auto: bool = True
    high_limit: float = 5.0
    low_limit: float = -5.0
    unit: str = "VPP"
    limited: bool = False
    inverted: str = "NORM"
    phase: float = 0.0
    duty: float = 50.0
    symmetry: float = 100.0
    width: float = 100e-6
    bandwidth: float = 100e3
    rate: float = 40e3
    filter: str = "STEP"
    selected: str = DEFAULT_WAVEFORM
    bursting: bool = False
    burst_mode: str = "TRIG"
    cycles: float = 1.0
    burst_period: float = 10e-3
    burst_phase: float = 0.0
    gate: str = "NORM"
    trigger: str = "IMM"
    delay: float = 0.0
    slope: str = "POS"
    level: float = 1.6
    timer: float = 1.0
    continuous: bool = True
    output: bool = False
    sync: bool = True
    sync_mode: str = "NORM"
    sync_polarity: str = "NORM"
    marker: float = 0.0
    armed: bool = field(default=False, compare=False)

    @property
    def most(self) -> float:
        """Largest voltage at the load, either way."""
        return OPEN_VOLTS if math.isinf(self.load) else OPEN_VOLTS * self.load / (self.load + OHMS)

    @property
    def extremes(self) -> tuple[float, float]:
        """Lowest and highest level of the function in parts of full scale, as they leave the connector."""
        if self.function == "DC":
            return 0.0, 0.0
        low, high = self.memory.extremes(self.selected) if self.function == "ARB" else (-1.0, 1.0)
        return (low, high) if self.inverted == "NORM" else (-high, -low)

    @property
    def span(self) -> float:
        """What the amplitude is the size of, in parts of full scale: 2 for standard functions (and for a flat waveform)."""
        low, high = self.extremes
        return (high - low) or 2.0

    @property
    def window(self) -> tuple[float, float]:
        """Lowest and highest voltage that is allowed."""
        if not self.limited:
            return -self.most, self.most
        return max(-self.most, self.low_limit), min(self.most, self.high_limit)

    def amplitudes(self) -> Limits:
        """Those that the offset leaves room for."""
        low, high = self.extremes
        bottom, top = self.window
        gain = self.most
        if high > 0:
            gain = min(gain, (top - self.offset) / high)
        if low < 0:
            gain = min(gain, (bottom - self.offset) / low)
        least = LEAST_AMPLITUDE * self.most / OPEN_VOLTS * self.span / 2
        return least, max(least, gain * self.span), 0.1

    def offsets(self) -> Limits:
        """Those that the amplitude leaves room for."""
        low, high = self.extremes
        bottom, top = self.window
        gain = self.amplitude / self.span
        return min(0.0, bottom - gain * low), max(0.0, top - gain * high), 0.0

    @property
    def period(self) -> float:
        """Seconds of a cycle."""
        if self.function == "ARB":
            return self.memory.points(self.selected) / self.rate
        return 1.0 / self.frequency
