"""What the pages DE, SS and SM of a simulated Keithley 4200A define: channels, sources, measurements."""

import math
from dataclasses import dataclass, field

import numpy as np

from ..source_measure import Quantity
from .keithley_4200a_language import KxciError, does, name, number, whole
from .keithley_4200a_units import CHANNELS, MOST, OTHER, Units, channel, within_power

LONGEST_SWEEP, LONGEST_LIST, MOST_STEPS, MOST_READINGS = 1024, 4096, 32, 4096
SMALLEST_VOLTS = 1e-3
"""A start or step below is taken as zero (page 9-17)."""
SWEPT, STEPPED, CONSTANT, FOLLOWING = 1, 2, 3, 4
PER_DECADE = {2: 10, 3: 25, 4: 50}


@dataclass(frozen=True)
class Definition:
    """What ``CH`` says of a channel; `quantity` None: it is common."""

    volts: str
    amperes: str
    quantity: Quantity | None
    function: int


@dataclass(frozen=True)
class Staircase:
    """Levels of one quantity, one after the other, with the limit of the other."""

    quantity: Quantity
    levels: tuple[float, ...]
    limit: float

    def __post_init__(self) -> None:
        for level in (min(self.levels), max(self.levels)):
            within_power(self.quantity, level, self.limit)


@dataclass
class Setup:
    """Everything that the pages DE, SS and SM have said."""

    channels: dict[int, Definition] = field(default_factory=dict)
    swept: Staircase | None = None
    stepped: Staircase | None = None
    constants: dict[int, Staircase] = field(default_factory=dict)
    lists: dict[int, Staircase] = field(default_factory=dict)
    ratios: dict[int, float] = field(default_factory=dict)
    offsets: dict[int, float] = field(default_factory=dict)
    standby: dict[int, bool] = field(default_factory=dict)
    hold: float = 0.0
    delay: float = 0.0
    ends_when_limited: bool = False
    shown: dict[str, list[str]] = field(default_factory=dict)
    lists_shown: bool = False
    wait: float = 0.0
    interval: float = 0.01
    readings: int = 1


class Pages(Units):
    """Channel definition, source setup, measurement setup."""

    def reset(self) -> None:
        """Nothing defined."""
        super().reset()
        self.setup = Setup()

    # page DE

    @does("CH", page="DE")
    def _define(self, which: str, volts: str = "", amperes: str = "", mode: str = "", function: str = "") -> None:
        where = channel(which)
        if not volts:
            self.setup.channels.pop(where, None)
            return
        if not function:
            raise KxciError("Illegal number of parameters")
        kind, role = whole(mode, 1, 3), whole(function, 1, 4)
        if kind == 3 and role != CONSTANT:
            raise KxciError("A channel that is common has the constant source function")
        names = name(volts), name(amperes)
        taken = {n for c, d in self.setup.channels.items() if c != where for n in (d.volts, d.amperes)}
        if names[0] == names[1] or taken & set(names):
            raise KxciError(f"A name of {names} is already used")
        self.setup.channels[where] = Definition(*names, (None, "V", "A", None)[kind], role)

    # page SS

    def _limit(self, quantity: Quantity, text: str) -> float:
        most = MOST[OTHER[quantity]]
        return abs(number(text, -most, most))

    def _levels(self, quantity: Quantity, start: str, step: str) -> tuple[float, float]:
        most = MOST[quantity]
        found = number(start, -most, most), number(step, -most, most)
        if quantity == "A":
            return found
        first, each = (0.0 if abs(value) < SMALLEST_VOLTS else value for value in found)
        return first, each

    @does("VR", page="SS")
    def _sweep_volts(self, kind: str, start: str, stop: str, *rest: str) -> None:
        self.setup.swept = self._sweep("V", kind, start, stop, *rest)

    @does("IR", page="SS")
    def _sweep_amperes(self, kind: str, start: str, stop: str, *rest: str) -> None:
        self.setup.swept = self._sweep("A", kind, start, stop, *rest)

    def _sweep(self, quantity: Quantity, kind: str, start: str, stop: str, *rest: str) -> Staircase:
        which = whole(kind, 1, 4)
        if len(rest) != (2 if which == 1 else 1):
            raise KxciError("Illegal number of parameters")
        first, step = self._levels(quantity, start, rest[0] if which == 1 else "0")
        last = number(stop, -MOST[quantity], MOST[quantity])
        limit = self._limit(quantity, rest[-1])
        if which == 1:
            if step == 0.0:
                raise KxciError("The step of the sweep is zero")
            points = int(abs((last - first) / step) + 1.5)
            levels = first + math.copysign(abs(step), last - first) * np.arange(min(points, LONGEST_SWEEP + 1))
        else:
            if first * last <= 0.0:
                raise KxciError("A logarithmic sweep does not reach or cross zero")
            decades = abs(math.log10(last / first))
            points = int(decades * PER_DECADE[which] + 1.5)
            levels = np.geomspace(first, last, min(points, LONGEST_SWEEP + 1))
        if points > LONGEST_SWEEP:
            raise KxciError(f"A sweep has up to {LONGEST_SWEEP} points, not {points}")
        return Staircase(quantity, tuple(levels.tolist()), limit)

    @does("VP", page="SS")
    def _step_volts(self, start: str, step: str, count: str, compliance: str, index: str = "1") -> None:
        whole(index, 1, 1)
        self.setup.stepped = self._steps("V", start, step, count, compliance)

    @does("IP", page="SS")
    def _step_amperes(self, start: str, step: str, count: str, compliance: str, index: str = "1") -> None:
        whole(index, 1, 1)
        self.setup.stepped = self._steps("A", start, step, count, compliance)

    def _steps(self, quantity: Quantity, start: str, step: str, count: str, compliance: str) -> Staircase:
        first, each = self._levels(quantity, start, step)
        levels = first + each * np.arange(whole(count, 1, MOST_STEPS))
        if np.abs(levels).max() > MOST[quantity]:
            raise KxciError(f"A step of {np.abs(levels).max():g} is beyond {MOST[quantity]:g}")
        return Staircase(quantity, tuple(levels.tolist()), self._limit(quantity, compliance))

    @does("VC", page="SS")
    def _constant_volts(self, which: str, level: str, compliance: str) -> None:
        self.setup.constants[channel(which)] = self._list("V", compliance, (level,))

    @does("IC", page="SS")
    def _constant_amperes(self, which: str, level: str, compliance: str) -> None:
        self.setup.constants[channel(which)] = self._list("A", compliance, (level,))

    def _list(self, quantity: Quantity, compliance: str, levels: tuple[str, ...]) -> Staircase:
        if not 1 <= len(levels) <= LONGEST_LIST:
            raise KxciError(f"A list has 1 to {LONGEST_LIST} points, not {len(levels)}")
        most = MOST[quantity]
        return Staircase(
            quantity, tuple(number(level, -most, most) for level in levels), self._limit(quantity, compliance)
        )

    @does("VL", page="SS")
    def _list_volts(self, which: str, master: str, compliance: str, *levels: str) -> None:
        whole(master, 0, 1)
        self.setup.lists[channel(which)] = self._list("V", compliance, levels)

    @does("IL", page="SS")
    def _list_amperes(self, which: str, master: str, compliance: str, *levels: str) -> None:
        whole(master, 0, 1)
        self.setup.lists[channel(which)] = self._list("A", compliance, levels)

    @does("RT", page="SS")
    def _ratio(self, ratio: str, which: str = "") -> None:
        value = number(ratio, -10.0, 10.0)
        self.setup.ratios |= dict.fromkeys((channel(which),) if which else CHANNELS, value)

    @does("FS", page="SS")
    def _offset(self, offset: str, which: str = "") -> None:
        value = number(offset, -MOST["V"], MOST["V"])
        self.setup.offsets |= dict.fromkeys((channel(which),) if which else CHANNELS, value)

    @does("HT", page="SS")
    def _hold_time(self, seconds: str) -> None:
        self.setup.hold = number(seconds, 0.0, 655.3)

    @does("DT", page="SS")
    def _delay_time(self, seconds: str) -> None:
        self.setup.delay = number(seconds, 0.0, 6.553)

    @does("ST", page="SS")
    def _standby(self, which: str, on: str) -> None:
        self.setup.standby[channel(which)] = bool(whole(on, 0, 1))

    @does("EC", page="SS")
    def _exit_on_compliance(self, on: str) -> None:
        self.setup.ends_when_limited = bool(whole(on, 0, 1))

    # page SM

    @does("DM", page="SM")
    def _display(self, mode: str) -> None:
        self.setup.lists_shown = whole(mode, 1, 2) == 2

    def _show(self, where: str, names: tuple[str, ...]) -> None:
        known = {n for d in self.setup.channels.values() for n in (d.volts, d.amperes)}
        wanted = [name(text) for text in names]
        if unknown := [n for n in wanted if n not in known]:
            raise KxciError(f"There is no channel with the name {unknown[0]}")
        self.setup.shown[where] = wanted

    @does("LI", page="SM")
    def _show_list(self, first: str, *more: str) -> None:
        if len(more) > 5:
            raise KxciError("A list shows up to 6 names")
        self._show("LI", (first, *more))

    @does("XN", page="SM")
    def _x_axis(self, what: str, scale: str, low: str, high: str) -> None:
        self._axis("XN", what, scale, low, high)

    @does("YA", page="SM")
    def _y_axis(self, what: str, scale: str, low: str, high: str) -> None:
        self._axis("YA", what, scale, low, high)

    @does("YB", page="SM")
    def _other_y_axis(self, what: str, scale: str, low: str, high: str) -> None:
        self._axis("YB", what, scale, low, high)

    @does("XT", page="SM")
    def _time_axis(self, low: str, high: str) -> None:
        number(low, 0.0, 1e6), number(high, 0.01, 1e6)

    def _axis(self, where: str, what: str, scale: str, low: str, high: str) -> None:
        whole(scale, 1, 3), number(low, -9999.0, 9999.0), number(high, -9999.0, 9999.0)
        self._show(where, (what,))

    @does("WT", page="SM")
    def _wait_time(self, seconds: str) -> None:
        self.setup.wait = number(seconds, 0.0, 100.0)

    @does("IN", page="SM")
    def _interval(self, seconds: str) -> None:
        self.setup.interval = number(seconds, 0.01, 10.0)

    @does("NR", page="SM")
    def _count(self, readings: str) -> None:
        self.setup.readings = whole(readings, 1, MOST_READINGS)
