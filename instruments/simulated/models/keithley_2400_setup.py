"""How a simulated Keithley 2400 sources and measures: its settings, what stands at its terminals, one reading.

Pages of 2400S-900-01 Rev. K: compliance 3-8 and 6-2, source-delay-measure cycle 6-7, measuring what is sourced 6-22,
``:OUTPut`` 18-55 to 18-57, ``:SENSe`` 18-12 and 18-62 to 18-68, ``:SOURce`` 18-72 to 18-82; accuracy: SPEC-2400 Rev. H. What is
assumed: see `keithley_2400`.
"""

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..arguments import boolean, choice, integer
from ..device import Setting
from ..functions import Attribute, for_each
from ..grammar import on
from ..source_measure import HEADROOM, Quantity, Range, Scale, Seen, Terminals
from .keithley_2400_limits import (
    LEVELS,
    SHOWN,
    both,
    check_auto,
    check_level,
    check_limit,
    check_protection,
    check_sense_range,
    check_source_range,
    function_name,
)
from .keithley_2400_states import (
    AMPERES_MEASURED,
    AMPERES_SOURCED,
    MEASURED,
    OTHER,
    QUANTITIES,
    SENSE,
    SOURCE,
    VOLTS_MEASURED,
    VOLTS_SOURCED,
    Sense,
    Source,
    nr3,
    num,
)
from .keithley_2400_status import KeithleyStatus, error

if TYPE_CHECKING:
    from ..leads import Leads
    from ..world import World

LATENCY = 100e-6
"""Trigger latency at a fixed level (page A-8)."""
CONFIGURATION = 150e-6
"""What a new level adds: latency, then of 225 us at most, and the source's configuration (page A-6)."""
OVERHEAD = 185e-6
"""Seconds of a conversion besides its aperture (page A-6)."""
FIRMWARE = {"VOLT": 300e-6, "CURR": 640e-6}
"""Overhead of a point of a sweep, by what is sourced (page A-6)."""
SECOND_FUNCTION = 500e-6
"""What a second function adds to that: the difference of pages A-4 and A-5, with autozero."""
RANGE_CHANGE = 2e-3
OFF_PART = 0.005
"""The compliance in the normal output-off state, as a part of the present range (page 18-57)."""
NOT_A_NUMBER, OVERFLOW = 9.91e37, 9.9e37
AUTODELAY = {1e-6: 3e-3, 10e-6: 2e-3}
"""Seconds by current range; 1 ms on the others."""


@dataclass(frozen=True)
class Row:
    """One reading: what stands in its five elements, and its time."""

    volts: float
    amperes: float
    ohms: float
    seconds: float
    status: int


class KeithleySetup(KeithleyStatus):
    """Sources and measures on `leads`."""

    level = Attribute(SOURCE, "[:LEVel][:IMMediate][:AMPLitude]", LEVELS, "level", check=check_level)
    triggered = Attribute(SOURCE, "[:LEVel]:TRIGgered[:AMPLitude]", LEVELS, "triggered")
    level_range = Attribute(SOURCE, ":RANGe", both(20, 1e-4), "range", check=check_source_range)
    level_auto = Attribute(SOURCE, ":RANGe:AUTO", boolean, "auto")
    mode = Attribute(SOURCE, ":MODE", choice("FIXed", "LIST", "SWEep"), "mode")
    protection = Attribute(SOURCE, ":PROTection[:LEVel]", num("V", -210, 210, 210), "protection",
                           check=check_protection, only=("VOLT",))  # fmt: skip
    sense_range = Attribute(
        SENSE,
        ":RANGe[:UPPer]",
        {**both(21, 1.05e-4), "RES": num("", 0, 2.1e8, 2.1e5)},
        "range",
        check=check_sense_range,
    )
    sense_auto = Attribute(SENSE, ":RANGe:AUTO", boolean, "auto", check=check_auto)
    sense_lowest = Attribute(SENSE, ":RANGe:AUTO:LLIMit", both(0.21, 1.05e-6), "lowest", only=MEASURED)
    nplc = Attribute(SENSE, ":NPLCycles", num("", 0.01, 10, 1), "nplc")
    limit = Attribute(SENSE, ":PROTection[:LEVel]", both(21, 1.05e-4), "limit", check=check_limit, only=MEASURED)
    ohms_mode = Attribute(SENSE, ":MODE", choice("MANual", "AUTO"), "mode", only=("RES",))

    remote = Setting(":SYSTem:RSENse", boolean, False)
    off_mode = Setting(":OUTPut:SMODe", choice("HIMPedance", "NORMal", "ZERO", "GUARd"), "NORM")
    averaging = Setting(":SENSe:AVERage[:STATe]", boolean, False)
    averages = Setting(":SENSe:AVERage:COUNt", integer(1, 100, 10), 10)
    average_type = Setting(":SENSe:AVERage:TCONtrol", choice("REPeat", "MOVing"), "REP")
    enable_used = Setting(":OUTPut:ENABle[:STATe]", boolean, False)
    clear_auto = Setting("[:SOURce]:CLEar:AUTO", boolean, False)

    def __init__(self, world: "World", identity: str, leads: "Leads", seed: int, *, enabled: bool) -> None:
        super().__init__(world, identity)
        random = np.random.default_rng(seed)
        self.terminals = Terminals(
            leads,
            {"V": Scale(VOLTS_SOURCED, random), "A": Scale(AMPERES_SOURCED, random)},
            {"V": Scale(VOLTS_MEASURED, random), "A": Scale(AMPERES_MEASURED, random)},
        )
        self.enabled, self.epoch, self.mains = enabled, world.now, 50

    def reset(self) -> None:
        """The ``*RST`` state: 0 V, 105 uA, measuring current, output off."""
        super().reset()
        self.sources = {"VOLT": Source(20.0), "CURR": Source(1e-4)}
        self.senses = {
            "VOLT": Sense(21.0, 0.21, 21.0), "CURR": Sense(1.05e-4, 1.05e-6, 1.05e-4), "RES": Sense(2.1e5, 21.0),
        }  # fmt: skip
        self.function, self.output, self.front, self.autozero = "VOLT", False, True, True
        self.delay, self.auto_delay = 0.0, True
        self.concurrent, self.functions = True, ["CURR"]
        self._moving: dict[Quantity, deque[float]] = {"V": deque(maxlen=100), "A": deque(maxlen=100)}
        self.apply()

    def changed(self, name: str) -> None:
        """Bring the terminals to what was set."""
        for readings in self._moving.values():
            readings.clear()
        self.apply()

    # Output

    @on(":OUTPut[:STATe]", boolean)
    @on(":OUTPut1[:STATe]", boolean)
    def set_output(self, state: bool) -> None:
        """Switch the source. Raises ScpiError +802 when the output enable line forbids it."""
        if state and self.enable_used and not self.enabled:
            raise error(802)
        self.output = state
        self.apply()

    @on(":OUTPut[:STATe]?")
    @on(":OUTPut1[:STATe]?")
    def _output(self) -> bool:
        return self.output or self.terminals.welded

    @on(":OUTPut:ENABle:TRIPped?")
    def _enable_line(self) -> bool:
        return self.enabled or not self.enable_used

    @on("[:SOURce]:CLEar[:IMMediate]")
    @on(":SOURce1:CLEar[:IMMediate]")
    def _clear(self) -> None:
        self.set_output(False)

    @on(":ROUTe:TERMinals", choice("FRONt", "REAR"))
    def _set_terminals(self, which: str) -> None:
        if (which == "FRON") != self.front:
            self.set_output(False)
        self.front = which == "FRON"

    @on(":ROUTe:TERMinals?")
    def _terminals(self) -> str:
        return "FRON" if self.front else "REAR"

    # Functions

    @on("[:SOURce]:FUNCtion[:MODE]", choice("VOLTage", "CURRent"))
    @on(":SOURce1:FUNCtion[:MODE]", choice("VOLTage", "CURRent"))
    def _set_function(self, function: str) -> None:
        if function != self.function:
            self.function, self.output = function, False
            self.apply()

    @on("[:SOURce]:FUNCtion[:MODE]?")
    @on(":SOURce1:FUNCtion[:MODE]?")
    def _function(self) -> str:
        return self.function

    @on("[:SOURce]:FUNCtion:SHAPe", choice("DC"))
    def _set_shape(self, shape: str) -> None:
        """Pulses are of the model 2430."""

    @on(":SENSe:FUNCtion:CONCurrent", boolean)
    def _set_concurrent(self, state: bool) -> None:
        if not state and len(self.functions) > 1:
            self.functions = ["VOLT"]
        self.concurrent = state

    @on(":SENSe:FUNCtion:CONCurrent?")
    def _concurrent(self) -> bool:
        return self.concurrent

    @on(":SENSe:FUNCtion[:ON]", function_name, function_name, function_name)
    @on(":SENSe1:FUNCtion[:ON]", function_name, function_name, function_name)
    def _add_functions(self, one: str, two: str = "", three: str = "") -> None:
        wanted = [name for name in (one, two, three) if name]
        if self.concurrent:
            self.functions = [n for n in SENSE.words if n in {*self.functions, *wanted}]
        elif len(wanted) > 1:
            raise error(-221)
        else:
            self.functions = wanted

    @on(":SENSe:FUNCtion[:ON]?")
    @on(":SENSe1:FUNCtion[:ON]?")
    def shown_functions(self) -> str:
        """The functions that are on, as the instrument tells them."""
        return ",".join(SHOWN[name] for name in self.functions) or '""'

    @on(":SENSe:FUNCtion[:ON]:ALL")
    def _all_functions(self) -> None:
        if self.concurrent:
            self.functions = list(SENSE.words)

    @on(":SENSe:FUNCtion:OFF", function_name, function_name, function_name)
    def _remove_functions(self, one: str, two: str = "", three: str = "") -> None:
        self.functions = [name for name in self.functions if name not in (one, two, three)]

    @on(":SENSe:FUNCtion:OFF:ALL")
    def _no_functions(self) -> None:
        self.functions = []

    @for_each(SENSE, ":PROTection:TRIPped?", only=MEASURED)
    def _limit_tripped(self, function: str) -> bool:
        return self.output and self.function == OTHER[function] and self.terminals.limited()

    @for_each(SOURCE, ":PROTection:TRIPped?", only=("VOLT",))
    def _protection_tripped(self, function: str) -> bool:
        return self.protecting()

    @on("[:SOURce]:DELay", num("s", 0, 999.9999, 0))
    @on(":SOURce1:DELay", num("s", 0, 999.9999, 0))
    def _set_delay(self, seconds: float) -> None:
        self.delay, self.auto_delay = seconds, False

    @on("[:SOURce]:DELay?")
    @on(":SOURce1:DELay?")
    def _delay(self) -> str:
        return nr3(self.delay)

    @on("[:SOURce]:DELay:AUTO", boolean)
    @on(":SOURce1:DELay:AUTO", boolean)
    def _set_auto_delay(self, state: bool) -> None:
        self.auto_delay = state

    @on("[:SOURce]:DELay:AUTO?")
    @on(":SOURce1:DELay:AUTO?")
    def _auto_delay(self) -> bool:
        return self.auto_delay

    @on(":SYSTem:AZERo[:STATe]", choice("ON", "OFF", "ONCE", "1", "0"))
    def _set_autozero(self, state: str) -> None:
        self.autozero = state in ("ON", "1")

    @on(":SYSTem:AZERo[:STATe]?")
    def _autozero(self) -> bool:
        return self.autozero

    # What stands at the terminals

    def present_range(self, function: str) -> Range:
        """The range that a source function is on."""
        state = self.sources[function]
        scale = self.terminals.sources[QUANTITIES[function]]
        return scale.of(state.level) if state.auto else scale.named(state.range)

    @staticmethod
    def largest_limit(function: str, full_scale: float) -> float:
        """22 W: 1.05 A up to 21 V, 105 mA up to 210 V (operating boundaries, pages 6-15 and 6-19)."""
        if function == "VOLT":
            return 0.105 if full_scale > 20.0 else 1.05
        return 21.0 if full_scale > 0.1 else 210.0

    def check_power(self, function: str, full_scale: float) -> None:
        """Raise ScpiError +826 when the present compliance is too much for a source range."""
        if self.senses[OTHER[function]].limit > self.largest_limit(function, full_scale) * (1 + 1e-9):
            raise error(826)

    def clamp(self) -> tuple[float, bool]:
        """Where the output is held back: at the compliance, or (true) at a fixed measurement range below it (page 6-2)."""
        sense = self.senses[OTHER[self.function]]
        if not sense.auto and sense.range < sense.limit:
            return sense.range, True
        return sense.limit, False

    def apply(self) -> None:
        """Put the settings on the terminals."""
        for state, function in ((self.sources[f], f) for f in self.sources):
            if state.auto:
                state.range = self.present_range(function).full_scale
        if not self.output:
            self._stand_off()
            return
        state, (limit, _) = self.sources[self.function], self.clamp()
        level, most = state.level, self.sources["VOLT"].protection
        if self.function == "VOLT":
            level = max(-most, min(level, most))
        else:
            limit = min(limit, most)
        self.terminals.source(
            QUANTITIES[self.function], level, self.present_range(self.function), limit, remote=self.remote
        )

    def protecting(self) -> bool:
        """Whether the V-source protection holds the source back."""
        state = self.sources["VOLT"]
        return self.output and self.function == "VOLT" and abs(state.level) > state.protection

    def _stand_off(self) -> None:
        """The output-off modes of page 18-57."""
        current = self.terminals.sources["A"].of(self.senses["CURR"].limit).full_scale
        voltage = self.terminals.sources["V"].of(self.senses["VOLT"].limit).full_scale
        match self.off_mode:
            case "HIMP":
                self.terminals.open()
            case "GUAR":
                self.terminals.hold("A", 0.0, OFF_PART * voltage)
            case "ZERO":
                sourced = abs(self.sources["CURR"].level) if self.function == "CURR" else self.senses["CURR"].limit
                self.terminals.hold("V", 0.0, max(sourced, OFF_PART * current))
            case _:
                self.terminals.hold("V", 0.0, OFF_PART * current)

    # One source-delay-measure cycle

    def settling(self) -> float:
        """Seconds between setting the source and measuring."""
        if not self.auto_delay:
            return self.delay
        current = (
            self.present_range("CURR").full_scale if self.function == "CURR" else self.senses["CURR"].range / HEADROOM
        )
        return next((s for r, s in AUTODELAY.items() if current <= r * (1 + 1e-9)), 1e-3)

    def reading(self) -> Generator[float, None, Row]:
        """Delay, then measure each of the functions that are on."""
        yield self.settling()
        wanted = {*self.functions, *(("VOLT", "CURR") if "RES" in self.functions else ())} - {"RES"}
        seen: dict[str, Seen] = {}
        values: dict[str, float] = {self.function: self.sources[self.function].level}
        for name in (n for n in MEASURED if n in wanted):
            quantity = QUANTITIES[name]
            taken = []
            for _ in range(self.averages if self.averaging and self.average_type == "REP" else 1):
                seen[name] = yield from self._measure(name)
                taken.append(seen[name].value)
            if self.averaging and self.average_type == "MOV":
                self._moving[quantity].extend(taken)
                taken = list(self._moving[quantity])[-self.averages :]
            values[name] = OVERFLOW if seen[name].overflow else float(np.mean(taken))
        volts, amperes = (values.get(name, NOT_A_NUMBER) for name in MEASURED)
        ohms = NOT_A_NUMBER
        if "RES" in self.functions:
            ohms = OVERFLOW if not amperes or OVERFLOW in (volts, amperes) else volts / amperes
        limited = any(each.limited for each in seen.values()) if seen else self.terminals.limited()
        return Row(volts, amperes, ohms, self.world.now - self.epoch, self._status(seen, limited))

    def _measure(self, name: str) -> Generator[float, None, Seen]:
        sense, quantity = self.senses[name], QUANTITIES[name]
        seconds = sense.nplc / self.mains * (3 if self.autozero else 1) + OVERHEAD
        meter = self.terminals.meters[quantity]
        if name == self.function:  # read back in the source's range
            present = meter.named(self.present_range(name).full_scale)
            return (yield from self.terminals.measure(quantity, present, seconds, sense.nplc))
        present = meter.of(sense.range)
        if not sense.auto:
            return (yield from self.terminals.measure(quantity, present, seconds, sense.nplc))

        def change(better: Range) -> float:
            sense.range = better.full_scale * HEADROOM
            return RANGE_CHANGE + (AUTODELAY.get(better.full_scale, 1e-3) if quantity == "A" else 0.0)

        return (
            yield from self.terminals.measure(
                quantity, present, seconds, sense.nplc, auto=change, lowest=abs(sense.lowest) / HEADROOM
            )
        )

    def _status(self, seen: dict[str, Seen], limited: bool) -> int:
        """The status word of pages 18-50 and 18-51."""
        in_range = limited and self.clamp()[1]
        bits = {
            0: any(each.overflow for each in seen.values()), 1: self.averaging, 2: self.front,
            3: limited and not in_range, 4: self.protecting(),
            10: "RES" in self.functions and self.senses["RES"].mode == "AUTO", 11: "VOLT" in self.functions,
            12: "CURR" in self.functions, 13: "RES" in self.functions, 14: self.function == "VOLT",
            15: self.function == "CURR", 16: in_range, 22: self.remote,
        }  # fmt: skip
        return sum(1 << bit for bit, is_set in bits.items() if is_set)
