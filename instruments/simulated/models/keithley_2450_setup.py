"""How a simulated Keithley 2450 sources and measures: its settings, what stands at its terminals, one reading.

Pages of 2450-901-01 Rev. B: ``:OUTPut`` 6-31 to 6-35, ``:SENSe`` 6-40 to 6-60, ``:SOURce`` 6-61 to 6-88, autodelay
2-111, output-off states 2-82 to 2-84; ranges and accuracy: SPEC-2450 Rev. A pages 2 and 4. What is assumed: see
`keithley_2450`.
"""

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np

from ..arguments import Kind, ScpiError, boolean, choice, integer, string
from ..functions import Attribute, for_each
from ..grammar import on
from ..source_measure import HEADROOM, Quantity, Range, Scale, Seen, Terminals
from .keithley_2450_buffers import (
    OVERFLOW,
    SENSE_FRONT,
    SOURCE_LIMITED,
    SOURCE_ON,
    SOURCE_PROTECTED,
    SOURCE_READ_BACK,
    SOURCE_REMOTE,
    Row,
)
from .keithley_2450_events import INTERLOCKED, LIMIT_CHANGED, WARNING, KeithleyEvents
from .keithley_2450_ranges import AMPERES_MEASURED, AMPERES_SOURCED, AUTODELAY, VOLTS_MEASURED, VOLTS_SOURCED
from .keithley_2450_states import OUTPUT, SENSE, SOURCE, Sense, Source, num, plain

if TYPE_CHECKING:
    from ..leads import Leads
    from ..world import World

MAINS = 50.0
OVERHEAD = 400e-6
"""Seconds of a reading besides its aperture: 1738 readings a second at 0.01 PLC."""
RANGE_CHANGE = 2e-3
OFF_PART = 0.1
"""The limit in the normal output-off state, as a part of the present range (page 2-82)."""
WITHOUT_INTERLOCK = 21.0

QUANTITIES: dict[str, Quantity] = {"VOLT": "V", "CURR": "A"}
PROTECTIONS = ("PROT2", "PROT5", "PROT10", "PROT20", "PROT40", "PROT60", "PROT80", "PROT100", "PROT120", "PROT140",
               "PROT160", "PROT180", "NONE")  # fmt: skip


def _check_level(device: "KeithleySetup", function: str, level: float) -> float:
    state = device.sources[function]
    if not state.auto and abs(level) > state.range * (HEADROOM + 1e-9):
        raise ScpiError(-222, plain(level))
    return level


def _check_source_range(device: "KeithleySetup", function: str, wanted: float) -> float:
    found = device.terminals.sources[QUANTITIES[function]].named(wanted).full_scale
    if abs(device.sources[function].level) > found * (HEADROOM + 1e-9):
        raise ScpiError(-221, plain(wanted))
    device.sources[function].auto = False
    return found


def _check_limit(device: "KeithleySetup", function: str, limit: float) -> float:
    measured = device.senses["CURR" if function == "VOLT" else "VOLT"]
    if limit > device.largest_limit(function) or (not measured.auto and limit < 1e-3 * measured.range):
        raise ScpiError(-222, plain(limit))
    return limit


def _check_sense_range(device: "KeithleySetup", function: str, wanted: float) -> float:
    device.senses[function].auto = False
    if function == "RES":
        return next(r for r in OHMS if wanted <= r * (1 + 1e-9))
    return device.terminals.meters[QUANTITIES[function]].named(wanted).full_scale


def _check_lowest(device: "KeithleySetup", function: str, wanted: float) -> float:
    if function == "RES":
        return next(r for r in OHMS if wanted <= r * (1 + 1e-9))
    return device.terminals.meters[QUANTITIES[function]].named(wanted).full_scale


def _check_delay(device: "KeithleySetup", function: str, delay: float) -> float:
    device.sources[function].auto_delay = False
    return delay


OHMS = (20.0, 200.0, 2e3, 20e3, 200e3, 2e6, 20e6, 200e6)
SENSE_FUNCTIONS = {"VOLT": '"VOLT:DC"', "CURR": '"CURR:DC"', "RES": '"RES"'}
_function_names = choice("VOLTage", "VOLTage:DC", "CURRent", "CURRent:DC", "RESistance")
sense_function: Kind[str] = Kind(
    lambda text: _function_names.read(string.read(text).upper().removesuffix(":DC")), lambda name: SENSE_FUNCTIONS[name]
)


class KeithleySetup(KeithleyEvents):
    """Sources and measures on `leads`; settings as of the manual."""

    level_range = Attribute(SOURCE, ":RANGe", {"VOLT": num("V", -200, 200, 0.02), "CURR": num("A", -1, 1, 1e-8)},
                            "range", check=_check_source_range)  # fmt: skip
    level_auto = Attribute(SOURCE, ":RANGe:AUTO", boolean, "auto")
    level = Attribute(SOURCE, "[:LEVel][:IMMediate][:AMPLitude]",
                      {"VOLT": num("V", -210, 210, 0), "CURR": num("A", -1.05, 1.05, 0)}, "level",
                      check=_check_level)  # fmt: skip
    voltage_limit = Attribute(SOURCE, ":VLIMit[:LEVel]", num("V", 0.02, 210, 21), "limit",
                              check=_check_limit, only=("CURR",))  # fmt: skip
    current_limit = Attribute(SOURCE, ":ILIMit[:LEVel]", num("A", 1e-9, 1.05, 1.05e-4), "limit",
                              check=_check_limit, only=("VOLT",))  # fmt: skip
    delay = Attribute(SOURCE, ":DELay", num("s", 0, 1e4, 0), "delay", check=_check_delay, common=True)
    auto_delay = Attribute(SOURCE, ":DELay:AUTO", boolean, "auto_delay", common=True)
    readback = Attribute(SOURCE, ":READ:BACK", boolean, "readback", common=True)
    capacitance = Attribute(SOURCE, ":HIGH:CAPacitance", boolean, "capacitance", common=True)
    protection = Attribute(SOURCE, ":PROTection[:LEVel]", choice(*PROTECTIONS), "protection", only=("VOLT",))
    off_mode = Attribute(OUTPUT, ":SMODe", choice("NORMal", "HIMPedance", "ZERO", "GUARd"), "off_mode", common=True)

    sense_range = Attribute(SENSE, ":RANGe[:UPPer]",
                            {"VOLT": num("V", 0.02, 200, 20), "CURR": num("A", 1e-8, 1, 1e-4), "RES": num("", 20, 2e8, 2e5)},
                            "range", check=_check_sense_range)  # fmt: skip
    sense_auto = Attribute(SENSE, ":RANGe:AUTO", boolean, "auto")
    sense_lowest = Attribute(SENSE, ":RANGe:AUTO:LLIMit",
                             {"VOLT": num("V", 0.02, 200, 0.02), "CURR": num("A", 1e-8, 1, 1e-8), "RES": num("", 2, 2e8, 20)},
                             "lowest", check=_check_lowest)  # fmt: skip
    nplc = Attribute(SENSE, ":NPLCycles", num("", 0.01, 10, 1), "nplc")
    remote = Attribute(SENSE, ":RSENse", boolean, "remote")
    averaging = Attribute(SENSE, ":AVERage[:STATe]", boolean, "averaging")
    averages = Attribute(SENSE, ":AVERage:COUNt", integer(1, 100, 10), "averages")
    average_type = Attribute(SENSE, ":AVERage:TCONtrol", choice("REPeat", "MOVing"), "average_type")
    autozero = Attribute(SENSE, ":AZERo[:STATe]", boolean, "autozero")
    unit = Attribute(SENSE, ":UNIT", choice("VOLT", "AMP", "OHM", "WATT"), "unit")

    def __init__(self, world: "World", identity: str, leads: "Leads", seed: int, *, interlock: bool) -> None:
        super().__init__(world, identity)
        random = np.random.default_rng(seed)
        self.terminals = Terminals(
            leads,
            {"V": Scale(VOLTS_SOURCED, random), "A": Scale(AMPERES_SOURCED, random)},
            {"V": Scale(VOLTS_MEASURED, random), "A": Scale(AMPERES_MEASURED, random)},
        )
        self.interlock = interlock

    def reset(self) -> None:
        """The default state: 0 V, 105 uA, measuring current, output off."""
        super().reset()
        self.sources = {"VOLT": Source(0.02, 1.05e-4), "CURR": Source(1e-8, 21.0)}
        self.senses = {
            "VOLT": Sense(20.0, 0.02, "VOLT"), "CURR": Sense(1e-4, 1e-8, "AMP"), "RES": Sense(2e5, 20.0, "OHM"),
        }  # fmt: skip
        self.function, self.sensed, self.count = "VOLT", "CURR", 1
        self.output, self.front = False, True
        self._settled, self._last = self.world.now, 0.0
        self._moving: deque[float] = deque(maxlen=100)
        self.apply()

    def changed(self, name: str) -> None:
        """Bring the terminals to what was set."""
        if name in ("level", "range", "auto"):
            self._fit_limit()
        self._moving.clear()
        self.apply()

    # Output

    @on(":OUTPut[:STATe]", boolean)
    @on(":OUTPut1[:STATe]", boolean)
    def set_output(self, state: bool) -> None:
        """Switch the source on or off."""
        if state and not self.output:
            self._last = float("nan")
        self.output = state
        self.apply()

    @on(":OUTPut[:STATe]?")
    @on(":OUTPut1[:STATe]?")
    def _output(self) -> bool:
        return self.output or self.terminals.welded

    @on(":OUTPut:INTerlock:TRIPped?")
    @on(":OUTPut1:INTerlock:TRIPped?")
    @on(":OUTPut:INTerlock:STATe?")
    @on(":OUTPut1:INTerlock:STATe?")
    def _interlock(self) -> bool:
        return self.interlock

    @on(":ROUTe:TERMinals", choice("FRONt", "REAR"))
    def _set_terminals(self, which: str) -> None:
        if (which == "FRON") != self.front:
            self.set_output(False)
        self.front = which == "FRON"

    @on(":ROUTe:TERMinals?")
    def _terminals(self) -> str:
        return "FRON" if self.front else "REAR"

    # Functions

    @on(":SOURce:FUNCtion[:MODE]", choice("VOLTage", "CURRent"))
    @on(":SOURce1:FUNCtion[:MODE]", choice("VOLTage", "CURRent"))
    def set_function(self, function: str) -> None:
        """Source the other quantity; that turns the output off."""
        if function != self.function:
            self.function, self.output = function, False
            self.apply()

    @on(":SOURce:FUNCtion[:MODE]?")
    @on(":SOURce1:FUNCtion[:MODE]?")
    def _function(self) -> str:
        return self.function

    @on("[:SENSe]:FUNCtion[:ON]", sense_function)
    @on(":SENSe1:FUNCtion[:ON]", sense_function)
    def set_sensed(self, function: str) -> None:
        """Measure another quantity."""
        self.sensed = function
        self._moving.clear()
        self.apply()

    @on("[:SENSe]:FUNCtion[:ON]?")
    @on(":SENSe1:FUNCtion[:ON]?")
    def _sensed(self) -> str:
        return SENSE_FUNCTIONS[self.sensed]

    @on("[:SENSe]:COUNt", integer(1, 300_000, 1))
    @on(":SENSe1:COUNt", integer(1, 300_000, 1))
    def _set_count(self, count: int) -> None:
        self.count = count

    @on("[:SENSe]:COUNt?")
    @on(":SENSe1:COUNt?")
    def _count_of_readings(self) -> int:
        return self.count

    @on("[:SENSe]:AZERo:ONCE", cost=3 / MAINS)
    @on(":SENSe1:AZERo:ONCE", cost=3 / MAINS)
    def _zero_once(self) -> None:
        """Measure reference and zero now."""

    @for_each(SOURCE, ":VLIMit[:LEVel]:TRIPped?", only=("CURR",))
    @for_each(SOURCE, ":ILIMit[:LEVel]:TRIPped?", only=("VOLT",))
    def _limit_tripped(self, function: str) -> bool:
        return self.output and function == self.function and self.terminals.limited()

    @for_each(SOURCE, ":PROTection[:LEVel]:TRIPped?", only=("VOLT",))
    def _protection_tripped(self, function: str) -> bool:
        return self._protected()

    # What stands at the terminals

    def present_range(self, function: str) -> Range:
        """The range that a source function is on."""
        state = self.sources[function]
        scale = self.terminals.sources[QUANTITIES[function]]
        return scale.of(state.level) if state.auto else scale.named(state.range)

    def largest_limit(self, function: str) -> float:
        """20 W: 1.05 A up to 21 V, 105 mA up to 210 V."""
        full_scale = self.present_range(function).full_scale
        if function == "VOLT":
            return 0.105 if full_scale > 20.0 else 1.05
        return 21.0 if full_scale > 0.1 else 210.0

    def apply(self) -> None:
        """Put the settings on the terminals; a new level settles first."""
        state = self.sources[self.function]
        if state.auto:
            state.range = self.present_range(self.function).full_scale
        if not self.output:
            self._stand_off(state)
            return
        quantity = QUANTITIES[self.function]
        level, limit = state.level, state.limit
        most = self._most_volts()
        if quantity == "V":
            level = max(-most, min(level, most))
        else:
            limit = min(limit, most)
        self.terminals.source(
            quantity, level, self.present_range(self.function), limit, remote=self.senses[self.sensed].remote
        )
        if state.level != self._last:
            self._last = state.level
            self._settled = self.world.now + self._delay(state)
        if not self.interlock and max(abs(state.level) if quantity == "V" else state.limit, 0.0) > WITHOUT_INTERLOCK:
            self.note(INTERLOCKED, "Output voltage limited by interlock", WARNING)

    def _most_volts(self) -> float:
        protection = self.sources["VOLT"].protection
        most = 210.0 if protection == "NONE" else float(protection.removeprefix("PROT"))
        return most if self.interlock else min(most, WITHOUT_INTERLOCK)

    def _protected(self) -> bool:
        state = self.sources["VOLT"]
        return self.output and self.function == "VOLT" and abs(state.level) > self._most_volts()

    def _stand_off(self, state: Source) -> None:
        """The output-off states of pages 2-82 and 6-32."""
        current = self.terminals.sources["A"].of(self.sources["VOLT"].limit).full_scale
        voltage = self.terminals.sources["V"].of(self.sources["CURR"].limit).full_scale
        match state.off_mode:
            case "HIMP":
                self.terminals.open()
            case "GUAR":
                self.terminals.hold("A", 0.0, OFF_PART * voltage)
            case "ZERO":
                self.terminals.hold("V", 0.0, current)
            case _:
                self.terminals.hold("V", 0.0, OFF_PART * current)

    def _fit_limit(self) -> None:
        """A limit that the source range cannot give becomes the largest that it can (page 6-71)."""
        for function, state in self.sources.items():
            largest = self.largest_limit(function)
            if state.limit > largest:
                state.limit = largest
                self.note(LIMIT_CHANGED, "Source limit changed to fit the source range", WARNING)

    def _delay(self, state: Source) -> float:
        if not state.auto_delay:
            return state.delay
        current = self.present_range("CURR").full_scale if self.function == "CURR" else self.senses["CURR"].range
        plain_delay, capacitive = AUTODELAY[current]
        return capacitive if state.capacitance else plain_delay

    # One reading

    def reading(self) -> Generator[float, None, Row]:
        """Wait until the source has settled, measure the source if it is read back, then the quantity sensed."""
        yield max(self._settled - self.world.now, 0.0)
        state, sense = self.sources[self.function], self.senses[self.sensed]
        sourced, limited = state.level, False
        quantity = QUANTITIES.get(self.sensed) or ("A" if self.function == "VOLT" else "V")
        if state.readback:
            seen = yield from self._measure(QUANTITIES[self.function], sense)
            sourced, limited = seen.value, seen.limited
        values, overflow = [], False
        for _ in range(sense.averages if sense.averaging and sense.average_type == "REP" else 1):
            seen = yield from self._measure(quantity, sense)
            values.append(seen.value)
            limited, overflow = limited or seen.limited, overflow or seen.overflow
        if sense.averaging and sense.average_type == "MOV":
            self._moving.extend(values)
            values = list(self._moving)[-sense.averages :]
        value = OVERFLOW if overflow else float(np.mean(values))
        reading, unit = self._converted(value, quantity, sourced, sense.unit)
        return Row(
            reading, unit, sourced, QUANTITIES[self.function],
            (SENSE_FRONT if self.front else 0) | int(overflow), self._source_status(state, sense, limited),
            self.world.now, self.clock(),
        )  # fmt: skip

    def _measure(self, quantity: Quantity, sense: Sense) -> Generator[float, None, Seen]:
        """One conversion; what is sourced is measured in the source's range (page 6-53)."""
        seconds = sense.nplc / MAINS * (3 if sense.autozero else 1) + OVERHEAD
        meter = self.terminals.meters[quantity]
        if quantity == QUANTITIES[self.function] and self.output:
            present = meter.named(self.present_range(self.function).full_scale)
            return (yield from self.terminals.measure(quantity, present, seconds, sense.nplc))
        ranging = self.senses["VOLT" if quantity == "V" else "CURR"]
        present = meter.named(ranging.range)
        if not ranging.auto and self.sensed != "RES":
            return (yield from self.terminals.measure(quantity, present, seconds, sense.nplc))

        def change(better: Range) -> float:
            ranging.range = better.full_scale
            return RANGE_CHANGE + (AUTODELAY[better.full_scale][0] if quantity == "A" else 0.0)

        return (
            yield from self.terminals.measure(
                quantity, present, seconds, sense.nplc, auto=change, lowest=ranging.lowest
            )
        )

    def _converted(self, value: float, quantity: Quantity, sourced: float, unit: str) -> tuple[float, str]:
        """The reading in the unit chosen: the quantity itself, ohms or watts."""
        other = QUANTITIES[self.function]
        if unit in ("VOLT", "AMP") or quantity == other or abs(value) >= OVERFLOW:
            return value, quantity
        volts, amperes = (value, sourced) if quantity == "V" else (sourced, value)
        if unit == "WATT":
            return volts * amperes, "W"
        return (volts / amperes if amperes else OVERFLOW), "ohm"

    def _source_status(self, state: Source, sense: Sense, limited: bool) -> int:
        return sum(
            bit
            for bit, is_set in (
                (SOURCE_PROTECTED, self._protected()),
                (SOURCE_READ_BACK, state.readback),
                (SOURCE_LIMITED, limited and self.output),
                (SOURCE_REMOTE, sense.remote),
                (SOURCE_ON, self.output),
            )
            if is_set
        )
