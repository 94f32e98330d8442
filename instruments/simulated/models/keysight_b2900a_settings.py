"""What a channel of a simulated Keysight B2902A is set to, and the levels that it gives one after the other.

B2910-90030 pages 4-91, 4-94 to 4-97, 4-105 and 4-108. What is assumed: see `keysight_b2900a`.
"""

from dataclasses import dataclass, field

import numpy as np

from ..arguments import ScpiError
from ..source_measure import Quantity

MOST_POINTS = 2500


@dataclass
class Source:
    """How one function sources."""

    range: float
    lowest: float
    level: float = 0.0
    triggered: float = 0.0
    auto: bool = True
    mode: str = "FIX"
    start: float = 0.0
    stop: float = 0.0
    step: float = 0.0
    points: int = 1
    list_start: int = 1
    levels: tuple[float, ...] = (0.0,)


@dataclass
class Sense:
    """How one quantity is measured, and limited when the other one is sourced."""

    range: float
    lowest: float
    limit: float
    auto: bool = True


@dataclass
class Wait:
    """A wait after the source has changed."""

    on: bool = True
    auto: bool = True
    gain: float = 1.0
    offset: float = 0.0

    def seconds(self, initial: float) -> float:
        """How long it is (page 4-91)."""
        if not self.on:
            return 0.0
        return self.gain * initial * self.auto + self.offset


@dataclass
class Settings:
    """Of one channel, as after ``*RST``."""

    function: Quantity = "V"
    shape: str = "DC"
    width: float = 50e-6
    pulse_delay: float = 0.0
    direction: str = "UP"
    spacing: str = "LIN"
    stair: str = "SING"
    ranging: str = "BEST"
    keeps: bool = False
    aperture: float = 2e-3
    aperture_auto: bool = True
    remote: bool = False
    off_mode: str = "NORM"
    protection: bool = False
    low: str = "GRO"
    capacitance: bool = False
    filter: bool = False
    on_auto: bool = True
    off_auto: bool = False
    sensed: set[str] = field(default_factory=lambda: {"V", "A"})
    source_wait: Wait = field(default_factory=Wait)
    sense_wait: Wait = field(default_factory=Wait)
    source: dict[str, Source] = field(default_factory=lambda: {"V": Source(0.2, 0.2), "A": Source(1e-6, 1e-6)})
    sense: dict[str, Sense] = field(default_factory=lambda: {"V": Sense(2.0, 0.2, 2.0), "A": Sense(1e-6, 1e-6, 100e-6)})


def levels_of(settings: Settings, source: Source) -> tuple[float, ...]:
    """What the transient action gives, one level for each trigger. Raises ScpiError -221 for a logarithmic sweep through 0."""
    if source.mode == "LIST":
        return source.levels[source.list_start - 1 :]
    if source.mode == "FIX":
        return (source.triggered,)
    up = _logarithmic(settings, source) if settings.spacing == "LOG" else _linear(settings, source)
    return up + up[::-1] if settings.stair == "DOUB" else up


def _linear(settings: Settings, source: Source) -> tuple[float, ...]:
    """From start in steps, or down to start: the other end need not be reached exactly (page 4-108)."""
    steps = source.step * np.arange(source.points)
    if settings.direction == "UP":
        return tuple((source.start + steps).tolist())
    return tuple((source.stop - steps).tolist())


def _logarithmic(settings: Settings, source: Source) -> tuple[float, ...]:
    if source.start * source.stop <= 0.0:
        raise ScpiError(-221)
    sizes = np.geomspace(abs(source.start), abs(source.stop), source.points)
    levels = tuple((np.sign(source.start) * sizes).tolist())
    return levels if settings.direction == "UP" else levels[::-1]


def fit(source: Source, changed: str) -> None:
    """Span, points and step hold each other: a new step changes the points, anything else changes the step (page 4-95)."""
    span = source.stop - source.start
    if changed == "step":
        if source.step == 0.0:
            source.points = 1
            return
        if span * source.step < 0.0:
            raise ScpiError(-221)
        points = int(np.floor(span / source.step * (1 + 1e-12) + 1e-9)) + 1
        if points > MOST_POINTS:
            raise ScpiError(-222)
        source.points = points
    else:
        source.step = span / (source.points - 1) if source.points > 1 else 0.0
