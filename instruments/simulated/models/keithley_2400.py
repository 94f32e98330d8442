"""A simulated Keithley 2400 SourceMeter, from the *2400 Series SourceMeter User's Manual*.

Pages of 2400S-900-01 Rev. K (September 2011): identification and what waits for the idle state 16-3, sweeps 10-2 to 10-23,
trigger model 11-10, ``:CONFigure``, ``:READ?``, ``:MEASure?`` 17-2 to 17-5, ``:CALCulate3`` 18-43, ``:FORMat`` 18-49 to
18-55, ``:SOURce`` sweeps and lists 18-84 to 18-92, ``:SYSTem`` 18-112, ``:TRACe`` 18-115, ``:TRIGger`` 18-116 to 18-119,
errors B-6 and B-7; its parts name theirs: `keithley_2400_setup` (ranges, source, sense, one reading), `keithley_2400_limits`
(what is refused), `keithley_2400_sweeps` (trigger model, sweeps, lists), `keithley_2400_status` (errors, registers).

While the instrument goes through its trigger model it does nothing but ``:ABORt``, ``*RST``, ``*TRG`` and
``:SYSTem:PRESet``, also behind a message that waits; anything else waits until it is idle again (16-3), here not for what
never ends (``:ARM:COUNt INFinite``, a trigger from outside).

Not simulated, their headers are undefined (-113): ``:CALCulate1`` and 2, source memory, the pulses of the 2430, contact
check, the display beyond its switch, UP and DOWN for ranges. Nothing is at the trigger link and the digital port: what waits
for them, or for the TRIG key, waits until ``:ABORt``. Of auto-ohms only the setting is there
(``:SENSe:RESistance:MODE``, bit 10 of the status word): the source stays as it is, ohms are volts over amperes.

Assumed, where no page says it:

- settings and readings are told with six decimals and a capital E; ``:SENSe:<f>:RANGe?`` with the 5 % that a range goes
  beyond its full scale, as the manual's defaults do, ``:SOURce:<f>:RANGe?`` with its full scale; source accuracy as the 2400's
  data sheet has it for a year;
- after ``*RST`` only current is measured; an element that is neither measured nor sourced is +9.910000E+37, one beyond
  its range +9.900000E+37; timestamps count from power-on;
- errors -100 to -399 have the standard's words, -222 "Parameter data out of range"; auto delay is 3 ms on 1 uA, 2 ms on
  10 uA, 1 ms on the other ranges (Table 3-4 was not seen);
- autozero makes three conversions of one; a change of range takes 2 ms and the auto delay; the errors of this
  instrument are at most half of what a year allows;
- a fixed source range that is made too small for the level brings the level to its end; a level beyond a fixed range
  is -222; a measurement range of the quantity that is sourced is +823;
- after a sweep the source stays at its last point; sweeps of fewer points than the trigger count begin anew;
- statistics of the data store are of the functions that are measured now; one reading has no deviation (+9.910000E+37);
  the line frequency outlasts ``*RST``, its detection finds 50 Hz;
- the leads are at whichever terminals are chosen.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..arguments import boolean, choice, integer, number
from ..device import Setting, Waiting
from ..functions import Family, for_each
from ..grammar import on
from .keithley_2400_setup import NOT_A_NUMBER, Row
from .keithley_2400_states import SENSE
from .keithley_2400_status import (
    BUFFER_AVAILABLE,
    BUFFER_FULL,
    COMPLYING,
    ENABLE_ASSERTED,
    IDLE,
    OVERFLOWED,
    PROTECTING,
    READING,
    SWEEPING,
    error,
)
from .keithley_2400_sweeps import MOST_READINGS, KeithleySweeps

if TYPE_CHECKING:
    from ..leads import Leads
    from ..world import World

ELEMENTS = ("VOLT", "CURR", "RES", "TIME", "STAT")
MEASURE = Family((":MEASure",), SENSE.words, SENSE.settings)
CONFIGURE = Family((":CONFigure",), SENSE.words, SENSE.settings)
STATISTICS: "dict[str, Callable[[list[float]], float]]" = {
    "MEAN": lambda values: float(np.mean(values)),
    "SDEV": lambda values: float(np.std(values, ddof=1)) if len(values) > 1 else NOT_A_NUMBER,
    "MAX": max,
    "MIN": min,
    "PKPK": lambda values: max(values) - min(values),
}
element = choice("VOLTage", "CURRent", "RESistance", "TIME", "STATus")


class SimulatedKeithley2400(KeithleySweeps):
    """One source-meter on the leads ``"1"``. Free of I/O: see `Server`."""

    typical_time: ClassVar[float] = 5e-3

    format = Setting(":FORMat[:DATA]", choice("ASCii", "SREal", "REAL"), "ASC")
    byte_order = Setting(":FORMat:BORDer", choice("NORMal", "SWAPped"), "NORM")
    beeper = Setting(":SYSTem:BEEPer:STATe", boolean, True)
    display = Setting(":DISPlay:ENABle", boolean, True)
    stamps = Setting(":TRACe:TSTamp:FORMat", choice("ABSolute", "DELTa"), "ABS")

    statistic = Setting(":CALCulate3:FORMat", choice("MEAN", "SDEViation", "MAXimum", "MINimum", "PKPK"), "MEAN")

    def __init__(
        self, world: "World", leads: "Mapping[str, Leads]", *, serial: str, seed: int, enabled: bool = True
    ) -> None:
        identity = f"KEITHLEY INSTRUMENTS INC.,MODEL 2400,{serial},C30   Mar 17 2006 09:29:29/A02  /K/J"
        super().__init__(world, identity, leads["1"], seed, enabled=enabled)
        self.feed, self.size, self.storing, self.stored = "SENS", 100, False, list[Row]()
        self.detects_mains = True
        self.reset()

    def reset(self) -> None:
        """Idle, then everything to its default; the data store stays."""
        self.elements: tuple[str, ...] = ELEMENTS
        super().reset()

    def condition(self, register: str) -> int:
        """What holds now."""
        if register == "OPER":
            return SWEEPING if self.running else IDLE
        if register == "QUES":
            return 0
        bits = {
            BUFFER_AVAILABLE: len(self.stored) > 1, BUFFER_FULL: len(self.stored) >= self.size,
            ENABLE_ASSERTED: self.enabled, PROTECTING: self.protecting(),
            COMPLYING: self.output and self.terminals.limited(),
        }  # fmt: skip
        return sum(bit for bit, is_set in bits.items() if is_set)

    def keep(self, row: Row) -> None:
        """A reading has been taken; it goes into the data store, too, if that is on."""
        super().keep(row)
        self.happen("MEAS", READING | (OVERFLOWED if row.status & 1 else 0))
        if self.storing:
            self.stored.append(row)
            if len(self.stored) >= self.size:
                self.storing = False
                self.happen("MEAS", BUFFER_FULL)

    # Readings

    @on(":FETCh?")
    def _fetch(self) -> str:
        if self.arm_count == math.inf:
            raise error(830)
        if not self.readings:
            raise error(-230)
        return self._told(self.readings)

    @on(":READ?")
    def _read_query(self) -> Waiting[str]:
        if self.arm_count == math.inf:
            raise error(830)
        self.initiate()
        yield from self.idle()
        return self._fetch()

    @on(":MEASure?")
    def _measure_once(self) -> Waiting[str]:
        self.trigger_count, self.arm_count, self.arm_source = 1, 1.0, "IMM"
        self.set_output(True)
        return self._read_query()

    @for_each(MEASURE, "?")
    def _measure_query(self, function: str) -> Waiting[str]:
        self._configure(function)
        return self._read_query()

    @for_each(CONFIGURE, "")
    def _configure(self, function: str) -> None:
        """One-shot measurements of one function; the output goes on (page 17-2)."""
        self.functions = [function]
        self.senses[function].auto, self.senses[function].nplc = True, 1.0
        self.trigger_count, self.arm_count, self.arm_source = 1, 1.0, "IMM"
        self.set_output(True)

    @on(":CONFigure?")
    def _configured(self) -> str:
        return self.shown_functions()

    @on(":FORMat:ELEMents[:SENSe]", element, element, element, element, element)
    def _set_elements(self, one: str, two: str = "", three: str = "", four: str = "", five: str = "") -> None:
        self.elements = tuple(name for name in ELEMENTS if name in (one, two, three, four, five))

    @on(":FORMat:ELEMents[:SENSe]?")
    def _elements(self) -> str:
        return ",".join(self.elements)

    def _told(self, rows: list[Row]) -> str:
        cells = [value for row in rows for value in self._cells(row)]
        if self.format == "ASC":
            return ",".join(f"{value:+.6E}" for value in cells)
        order = "<" if self.byte_order == "SWAP" else ">"
        return "#0" + np.array(cells, order + "f4").tobytes().decode("latin-1")

    def _cells(self, row: Row) -> list[float]:
        found = {
            "VOLT": row.volts,
            "CURR": row.amperes,
            "RES": row.ohms,
            "TIME": row.seconds,
            "STAT": float(row.status),
        }
        return [found[name] for name in self.elements]

    # The data store

    @on(":TRACe:DATA?")
    def _data(self) -> str:
        if not self.stored:
            raise error(-230)
        first, times = self.stored[0].seconds, [row.seconds for row in self.stored]
        since = [first, *times[:-1]] if self.stamps == "DELT" else [first] * len(times)
        return self._told(
            [replace(row, seconds=row.seconds - start) for row, start in zip(self.stored, since, strict=True)]
        )

    @on(":CALCulate3:DATA?")
    def _statistics(self) -> str:
        """Of the volts, the amperes and the ohms that were measured, in this order (page 18-43)."""
        if not self.stored:
            raise error(-230)
        columns = {"VOLT": "volts", "CURR": "amperes", "RES": "ohms"}
        measured = [column for name, column in columns.items() if name in self.functions]
        values = [[float(getattr(row, column)) for row in self.stored] for column in measured]
        return ",".join(f"{STATISTICS[self.statistic](each):+.6E}" for each in values)

    @on(":TRACe:CLEar")
    def _clear_store(self) -> None:
        self.stored.clear()

    @on(":TRACe:POINts", integer(1, MOST_READINGS, 100))
    def _set_size(self, size: int) -> None:
        self._not_storing()
        self.size = size
        self.stored.clear()

    @on(":TRACe:POINts?")
    def _size(self) -> int:
        return self.size

    @on(":TRACe:POINts:ACTual?")
    def _actual(self) -> int:
        return len(self.stored)

    @on(":TRACe:FEED", choice("SENSe", "SENSe1"))
    def _set_feed(self, feed: str) -> None:
        self._not_storing()

    @on(":TRACe:FEED?")
    def _feed(self) -> str:
        return self.feed

    @on(":TRACe:FEED:CONTrol", choice("NEXT", "NEVer"))
    def _control(self, control: str) -> None:
        self.storing = control == "NEXT"
        if self.storing:
            self.stored.clear()

    @on(":TRACe:FEED:CONTrol?")
    def _controlled(self) -> str:
        return "NEXT" if self.storing else "NEV"

    def _not_storing(self) -> None:
        if self.storing:
            raise error(800)

    # The system

    @on(":SYSTem:PRESet")
    def _preset(self) -> None:
        self.reset()

    @on(":SYSTem:VERSion?")
    def _version(self) -> str:
        return "1996.0"

    @on(":SYSTem:LFRequency", integer(50, 60))
    def _set_mains(self, hertz: int) -> None:
        if hertz not in (50, 60):
            raise error(-222)
        self.mains, self.detects_mains = hertz, False

    @on(":SYSTem:LFRequency?")
    def _mains(self) -> int:
        return self.mains

    @on(":SYSTem:LFRequency:AUTO", boolean)
    def _detect_mains(self, state: bool) -> None:
        self.detects_mains = state
        self.mains = 50 if state else self.mains  # what the simulated mains have

    @on(":SYSTem:LFRequency:AUTO?")
    def _detects_mains(self) -> bool:
        return self.detects_mains

    @on(":SYSTem:TIME?")
    def _time(self) -> str:
        return f"{self.world.now - self.epoch:.6f}"

    @on(":SYSTem:TIME:RESet")
    def _reset_time(self) -> None:
        self.epoch = self.world.now

    @on(":SYSTem:BEEPer[:IMMediate]", number("Hz", 65, 2e6), number("s", 0, 7.9))
    def _beep(self, frequency: float, seconds: float = 0.1) -> None:
        """Nobody hears it."""

    @on(":SYSTem:LOCal")
    @on(":SYSTem:REMote")
    def _local(self) -> None:
        """Whether the front panel may be used."""
