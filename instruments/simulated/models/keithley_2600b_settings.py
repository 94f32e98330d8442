"""Settings of one channel of the simulated Keithley 2612B: source, meter, filter (2600BS-901-01 Rev. F, 9-219 to 9-254)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..source_measure import Quantity
from .keithley_2600b_ranges import amperes_level, amperes_limit, delay_time, ranged, volts_level, volts_limit
from .keithley_2600b_tree import Attribute, Table, TspError, Work, choice, function, number, readable, whole

if TYPE_CHECKING:
    from .keithley_2600b_smu import Smu


class Source(Table):
    """``smuX.source``."""

    func = Attribute(1, choice(0, 1))
    levelv = Attribute(0.0, volts_level)
    leveli = Attribute(0.0, amperes_level)
    limitv = Attribute(20.0, volts_limit)
    limiti = Attribute(100e-3, amperes_limit)
    limitp = Attribute(0.0, number(0.0, 30.3))
    rangev = Attribute(0.2, ranged("V"))
    rangei = Attribute(100e-9, ranged("A"))
    autorangev = Attribute(1, choice(0, 1))
    autorangei = Attribute(1, choice(0, 1))
    lowrangev = Attribute(0.2, ranged("V"))
    lowrangei = Attribute(100e-9, ranged("A"))
    output = Attribute(0, choice(0, 1, 2))
    outputenableaction = Attribute(0, choice(0, 1))
    offmode = Attribute(0, choice(0, 1, 2))
    offfunc = Attribute(1, choice(0, 1))
    offlimiti = Attribute(1e-3, amperes_limit)
    offlimitv = Attribute(20.0, volts_limit)
    highc = Attribute(0, choice(0, 1))
    delay = Attribute(0.0, delay_time(100.0))
    sink = Attribute(0, choice(0, 1))
    settling = Attribute(0, choice(0, 1, 2, 3, 4, 128))

    def __init__(self, smu: "Smu") -> None:
        super().__init__()
        self._smu = smu

    @property
    def quantity(self) -> Quantity:
        """What it sources."""
        return "V" if self.func else "A"

    @property
    def level(self) -> float:
        """What it is programmed to give while no sweep is on."""
        return float(self.levelv if self.func else self.leveli)

    @property
    def full_scale(self) -> float:
        """Of the source range in use."""
        return float(self.rangev if self.func else self.rangei)

    @property
    def auto(self) -> bool:
        """Whether the source range follows the level."""
        return bool(self.autorangev if self.func else self.autorangei)

    @readable(progress=True)
    def compliance(self) -> bool:
        """Whether a limit has been reached."""
        return self._smu.tell_limits(self._smu.output_on and self._smu.terminals.limited())

    def changed(self, name: str) -> None:
        """What is set is put out at once if the output is on; a fixed range is one that is no longer automatic."""
        if name in ("rangev", "rangei"):
            setattr(self, f"auto{name}", 0)
        if name in ("levelv", "leveli", "func"):
            self._smu.leave_sweep()
        if name == "output" and self.output == 2:
            self._smu.switch_off(open_relay=True)
            self.output = 0
        elif name == "output" and not self.output:
            self._smu.switch_off()
            self.output = int(self._smu.terminals.welded)
        else:
            self._smu.put_out()


class Filter(Table):
    """``smuX.measure.filter``."""

    enable = Attribute(0, choice(0, 1))
    type = Attribute(1, choice(0, 1, 2))
    count = Attribute(1, whole(1, 100))

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, list[float]] = {}

    def changed(self, name: str) -> None:
        """It starts anew."""
        self._held.clear()

    @property
    def repeats(self) -> int:
        """How many measurements make a reading: the repeating filter and the median take all of them anew."""
        return int(self.count) if self.enable and self.type != 0 else 1

    def passed(self, kind: str, values: list[float]) -> float:
        """What the filter makes of measurements of a reading."""
        if self.enable and self.type == 0:
            held = self._held.setdefault(kind, [])
            held += values
            del held[: -int(self.count)]
            values = held
        return float(np.median(values) if self.enable and self.type == 2 else np.mean(values))


class Relative(Table):
    """``smuX.measure.rel``: offsets that are taken off readings."""

    enablev = Attribute(0, choice(0, 1))
    enablei = Attribute(0, choice(0, 1))
    enabler = Attribute(0, choice(0, 1))
    enablep = Attribute(0, choice(0, 1))
    levelv = Attribute(0.0, number())
    leveli = Attribute(0.0, number())
    levelr = Attribute(0.0, number())
    levelp = Attribute(0.0, number())


class Measure(Table):
    """``smuX.measure``."""

    nplc = Attribute(1.0, number(0.001, 25.0))
    rangev = Attribute(0.2, ranged("V"))
    rangei = Attribute(100e-9, ranged("A"))
    autorangev = Attribute(1, choice(0, 1))
    autorangei = Attribute(1, choice(0, 1, 2))
    lowrangev = Attribute(0.2, ranged("V"))
    lowrangei = Attribute(100e-9, ranged("A"))
    autozero = Attribute(2, choice(0, 1, 2))
    count = Attribute(1, whole(1, 1_000_000))
    interval = Attribute(0.0, number(0.0, 1.0))
    delay = Attribute(0.0, delay_time(100.0))
    delayfactor = Attribute(1.0, number(0.0, 100.0))

    def __init__(self, smu: "Smu") -> None:
        super().__init__()
        self._smu = smu
        self.filter, self.rel = Filter(), Relative()

    def changed(self, name: str) -> None:
        """A fixed range is one that is no longer automatic."""
        if name in ("rangev", "rangei"):
            setattr(self, f"auto{name}", 0)
        if name == "count" and self.count > 1 and self.filter.enable and self.filter.count > 1:
            raise TspError(5025)

    @function
    def v(self, buffer: Any = None) -> Work:
        """Volts."""
        return self._smu.measured("v", buffer)

    @function
    def i(self, buffer: Any = None) -> Work:
        """Amperes."""
        return self._smu.measured("i", buffer)

    @function
    def r(self, buffer: Any = None) -> Work:
        """Ohms."""
        return self._smu.measured("r", buffer)

    @function
    def p(self, buffer: Any = None) -> Work:
        """Watts."""
        return self._smu.measured("p", buffer)

    @function
    def iv(self, amperes: Any = None, volts: Any = None) -> Work:
        """Amperes and volts."""
        return self._smu.measured("iv", amperes, volts)

    @function
    def overlappedv(self, buffer: Any = None) -> None:
        """Volts, while other commands go on."""
        self._smu.overlap("v", buffer)

    @function
    def overlappedi(self, buffer: Any = None) -> None:
        """Amperes, while other commands go on."""
        self._smu.overlap("i", buffer)

    @function
    def overlappedr(self, buffer: Any = None) -> None:
        """Ohms, while other commands go on."""
        self._smu.overlap("r", buffer)

    @function
    def overlappedp(self, buffer: Any = None) -> None:
        """Watts, while other commands go on."""
        self._smu.overlap("p", buffer)

    @function
    def overlappediv(self, amperes: Any = None, volts: Any = None) -> None:
        """Amperes and volts, while other commands go on."""
        self._smu.overlap("iv", amperes, volts)
