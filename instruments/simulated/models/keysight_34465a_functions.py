"""What a simulated Keysight 34465A measures: functions with their ranges, what they do to the leads, temperature from ohms.

Sources and what is assumed: see `keysight_34465a`.
"""

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..converter import Input
from ..leads import Leads
from ..source_measure import Range, Scale
from ..world import World

HEADROOM = 1.2
DOWN = 0.1
"""Autorange goes up above 120 % of a range, and down below 10 % (RANGe:AUTO)."""
OVERLOAD = 9.9e37
MAINS = 50.0
PERIODS = (0.02, 0.06, 0.2, 1.0, 10.0, 100.0)
"""Power-line cycles without the DIG option (NPLC)."""
RESOLUTIONS = dict(zip(PERIODS, (3e-6, 1.5e-6, 0.7e-6, 0.3e-6, 0.1e-6, 0.03e-6), strict=True))
"""Parts of the range."""
OPEN_CIRCUIT = 12.0
SETTLING = 1e-3
POINTS = 50
"""Samples of a node's voltage in one aperture."""

Touched = Leads | Input


def _ranges(*rows: tuple[float, float, float]) -> tuple[Range, ...]:
    """From (full scale, % of reading, % of range)."""
    return tuple(Range(f, gain / 100, offset / 100 * f, 0.0, 0.1e-6 * f) for f, gain, offset in rows)


RANGES: Mapping[str, tuple[Range, ...]] = {
    "VOLT": _ranges((0.1, 0.005, 0.0035), (1, 0.004, 0.0007), (10, 0.0035, 0.0005), (100, 0.0045, 0.0006), (1000, 0.0045, 0.001)),
    "CURR": _ranges((1e-6, 0.05, 0.025), (10e-6, 0.05, 0.025), (100e-6, 0.05, 0.025), (1e-3, 0.05, 0.006), (10e-3, 0.05, 0.02),
                    (0.1, 0.05, 0.005), (1.0, 0.1, 0.01), (3.0, 0.2, 0.02)),
    "RES": _ranges((100, 0.01, 0.004), (1e3, 0.01, 0.001), (10e3, 0.01, 0.001), (100e3, 0.01, 0.001), (1e6, 0.01, 0.001),
                   (10e6, 0.04, 0.001), (100e6, 0.8, 0.01), (1e9, 8.0, 0.01)),
}  # fmt: skip
TEST_CURRENT = {100.0: 1e-3, 1e3: 1e-3, 10e3: 100e-6, 100e3: 10e-6, 1e6: 5e-6, 10e6: 500e-9, 100e6: 50e-9, 1e9: 5e-9}
"""Amperes through the resistor, by range."""
OVERLOAD_BIT = {"VOLT": 1, "CURR": 2, "TEMP": 16, "RES": 512, "FRES": 512}
"""In the questionable data register."""
UNITS = {"VOLT": "VDC", "CURR": "ADC", "RES": "OHM", "FRES": "OHM", "TEMP": "C"}
_A, _B = 3.9083e-3, -5.775e-7  # IEC 751 above 0 degrees Celsius
_THERMISTOR = (1.285e-3, 2.362e-4, 9.285e-8)  # Steinhart-Hart, 5 kohm type 44007


def rtd(ohms: float, nominal: float) -> float:
    """Degrees Celsius of a platinum sensor with alpha 0.00385; NaN outside -200 ... 600."""
    ratio = ohms / nominal
    root = _A * _A - 4 * _B * (1 - ratio)
    if root < 0:
        return math.nan
    celsius = (-_A + math.sqrt(root)) / (2 * _B)
    return celsius if -200 <= celsius <= 600 else math.nan


def thermistor(ohms: float) -> float:
    """Degrees Celsius of a 5 kohm thermistor; NaN outside -80 ... 150."""
    if ohms <= 0:
        return math.nan
    log = math.log(ohms)
    celsius = 1 / (_THERMISTOR[0] + _THERMISTOR[1] * log + _THERMISTOR[2] * log**3) - 273.15
    return celsius if -80 <= celsius <= 150 else math.nan


@dataclass
class Function:
    """How one function is set; two-wire and four-wire ohms share theirs."""

    full_scale: float
    auto: bool = True
    periods: float = 10.0
    zero: bool = True


@dataclass
class Functions:
    """All of them."""

    volt: Function = field(default_factory=lambda: Function(10.0))
    curr: Function = field(default_factory=lambda: Function(1.0))
    ohms: Function = field(default_factory=lambda: Function(1e3))
    temp: Function = field(default_factory=lambda: Function(0.0))

    def of(self, name: str) -> Function:
        """By the function's name."""
        return {"VOLT": self.volt, "CURR": self.curr, "RES": self.ohms, "FRES": self.ohms, "TEMP": self.temp}[name]


class Sensor(NamedTuple):
    """A temperature sensor: FRTD, RTD, FTH or THER, and an RTD's ohms at 0 degrees."""

    kind: str = "FRTD"
    nominal: float = 100.0


Reading = Generator[float, None, float]
"""Takes time (it gives seconds), returns the value or a signed `OVERLOAD`."""


class Meter:
    """The converter behind the terminals: one reading at a time, with the errors of this instrument."""

    def __init__(self, world: World, touched: Touched, seed: int) -> None:
        self._world, self._touched = world, touched
        random = np.random.default_rng(seed)
        self.scales = {name: Scale(ranges, random, HEADROOM) for name, ranges in RANGES.items()}

    def read(self, name: str, function: Function, delay: float, sensor: Sensor) -> Reading:
        """One reading of a function; autorange keeps what it has found."""
        if name == "TEMP":
            four = sensor.kind.startswith("F")
            found = Function(100.0, True, function.periods, function.zero)
            ohms = yield from self.read("FRES" if four else "RES", found, delay, sensor)
            celsius = rtd(ohms, sensor.nominal) if "RTD" in sensor.kind else thermistor(ohms)
            return OVERLOAD if math.isnan(celsius) else celsius
        scale = self.scales["RES" if name == "FRES" else name]
        yield delay
        while True:
            present = scale.named(function.full_scale)
            value = yield from self._once(name, present, function.periods / MAINS)
            if function.zero:
                yield function.periods / MAINS
            better = self._better(scale, present, abs(value)) if function.auto else present
            if better == present:
                if abs(value) > present.full_scale * (
                    1.0 if present.full_scale >= 1000 and name == "VOLT" else HEADROOM
                ):
                    return math.copysign(OVERLOAD, value)
                return scale.shown(value, present, function.periods)
            function.full_scale = better.full_scale

    @staticmethod
    def _better(scale: Scale, present: Range, value: float) -> Range:
        if value > present.full_scale * HEADROOM:
            return scale.above(present) or present
        return scale.of(value) if value < DOWN * present.full_scale else present

    def _once(self, name: str, present: Range, aperture: float) -> Reading:
        """The true value during one aperture; infinite for an open circuit."""
        if not isinstance(self._touched, Leads):
            return (yield from self._node(self._touched, name, aperture))
        leads, amperes = self._touched, 0.0
        if name in ("RES", "FRES"):
            amperes = TEST_CURRENT[present.full_scale]
        leads.remote = name == "FRES"
        leads.hold("A", amperes, OPEN_CIRCUIT if amperes else 1000.0)
        yield SETTLING
        leads.mark()
        yield aperture
        seen = leads.mean()
        leads.hold("A", 0.0, 1000.0)
        leads.remote = False
        leads.release()
        if name == "VOLT":
            return seen.volts
        if name == "CURR":
            return seen.amperes
        return math.inf if seen.limited or not seen.amperes else seen.volts / seen.amperes

    def _node(self, node: Input, name: str, aperture: float) -> Reading:
        """A node of the board, or whatever else has a voltage: only that can be measured."""
        start = self._world.now
        self._world.remember(f"multimeter/{id(self)}", start)
        yield aperture
        volts = float(node.sample(start, aperture / POINTS, POINTS).mean())
        self._world.remember(f"multimeter/{id(self)}", None)
        if name == "VOLT":
            return volts
        return 0.0 if name == "CURR" else math.inf
