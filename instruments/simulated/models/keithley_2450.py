"""A simulated Keithley 2450 SourceMeter with its SCPI command set, from the *Model 2450 Reference Manual*.

Pages of 2450-901-01 Rev. B (September 2013): ``:FETCh?`` 6-3, ``:MEASure?`` 6-4, ``:READ?`` 6-6, formats 6-29 to 6-31,
source delay 2-111, interlock 2-6 and 6-31, common commands B-1 to B-9, comparison with the 2400 D-14; the parts name theirs:
`keithley_2450_setup` (ranges, source, sense, one reading), `keithley_2450_lists` (configuration lists),
`keithley_2450_traces` and `keithley_2450_buffers` (reading buffers), `keithley_2450_trigger` (trigger model),
`keithley_2450_sweeps`, `keithley_2450_events` (event log, status). Accuracy, speed: SPEC-2450 Rev. A. Where Rev. D of
the manual has a newer form (``:TRIGger:LOAD "SimpleLoop"``, the answer ``0,"No error;0;0 0"``, buffers of 100 000, the
status bits of a reading) it is that of the 2461 and 2470 manuals, whose firmware is the same; both forms of
``:TRIGger:LOAD`` are understood.

Not simulated, their headers are undefined (-113): ``:CALCulate``, ``:SENSe:<f>:RELative``, offset compensation, limit
tests, user delays, TSP-Link and LAN events, ``:TRIGger:PAUSe``, the display beyond its texts, USB storage.

Assumed, where no page says it:

- of the answers: settings are told with no more digits than needed, readings as ``1.234567E-03``, relative time with
  six decimals; -222 is "Parameter data out of range" in the log; a wrong word is -224; a buffer or configuration list that
  does not exist is 1115; the numbers of the warnings (5059 limit changed, 5074 interlock); the words of
  ``:TRIGger:BLOCk:LIST?``; the third field of ``:TRIGger:STATe?`` is the block, the second repeats the first;
- ``:INITiate`` without a model and what conflicts with a running model is -221, ``:INITiate`` twice -213; every block
  takes 20 us besides what it does; readings asked for wait like ``*WAI`` and ``*OPC?`` until nothing is under way, and
  ``:ABORt`` ends that also when it comes behind them;
- a sweep's model clears its buffer first and switches the output off at its end; when it stops at the limit, the limited
  reading is its last one; loops switch the output on and off too;
- a reading with autozero takes three apertures, and twice that with the source read back; a change of range takes 2 ms
  and the autodelay; the output settles within the overhead of a reading; errors of this instrument are at most half of
  what a year allows, limits have the accuracy of sources;
- the leads are at whichever terminals are chosen; without the interlock, 21 V are the most (5074).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from ..arguments import ScpiError, choice, integer, number, string
from ..device import Setting, Waiting
from ..functions import Family, for_each
from ..grammar import on
from ..source_measure import Work
from .keithley_2450_setup import MAINS
from .keithley_2450_states import SENSE
from .keithley_2450_sweeps import KeithleySweeps
from .keithley_2450_traces import NAMED, reads

if TYPE_CHECKING:
    from ..leads import Leads
    from ..world import World

MEASURE = Family((":MEASure",), SENSE.words, SENSE.settings)


class SimulatedKeithley2450(KeithleySweeps):
    """One source-meter on the leads ``"1"``. Free of I/O: see `Server`."""

    typical_time: ClassVar[float] = 1e-3

    continuous = Setting(":TRIGger:CONTinuous", choice("OFF", "AUTO", "RESTart"), "AUTO")
    screen = Setting(
        ":DISPlay:SCReen", choice("HOME", "HOME_LARGe_reading", "READing_table", "GRAPh", "SWIPE_USER"), "HOME"
    )
    light = Setting(":DISPlay:LIGHt:STATe", choice("ON100", "ON75", "ON50", "ON25", "OFF", "BLACkout"), "ON50")
    upper_text = Setting(":DISPlay:USER1:TEXT[:DATA]", string, "")
    lower_text = Setting(":DISPlay:USER2:TEXT[:DATA]", string, "")

    def __init__(
        self, world: "World", leads: "Mapping[str, Leads]", *, serial: str, seed: int, interlock: bool = True
    ) -> None:
        identity = f"KEITHLEY INSTRUMENTS,MODEL 2450,{serial},1.7.12b"
        super().__init__(world, identity, leads["1"], seed, interlock=interlock)
        self.reset()

    def reset(self) -> None:
        """The default state; digital lines are inputs."""
        self.directions = dict.fromkeys(range(1, 7), "IN")
        super().reset()

    # Readings

    def _take(self, name: str, count: int) -> Work:
        for _ in range(count):
            row = yield from self.reading()
            self.store(name, row)

    def _read(self, name: str, words: tuple[str, ...]) -> Waiting[str | None]:
        """Take the readings that ``:SENSe:COUNt`` says and tell the last one."""
        buffer, elements = self.buffer(name), self.elements(words, 2)
        yield from self.work(self._take(name, self.count))
        return None if self.last_row is None else self.told(buffer, [self.last_row], elements)

    @reads(":READ?")
    @reads(":MEASure?")
    def _read_query(self, name: str = "defbuffer1", *words: str) -> Waiting[str | None]:
        return self._read(name, words)

    @for_each(MEASURE, "?", *NAMED, required=0)
    def _measure_query(self, function: str, name: str = "defbuffer1", *words: str) -> Waiting[str | None]:
        self.ensure_idle()
        self.set_sensed(function)
        return self._read(name, words)

    @reads(":FETCh?", waits=True)
    def _fetch(self, name: str = "defbuffer1", *words: str) -> str:
        buffer, elements = self.buffer(name), self.elements(words, 2)
        if not buffer.rows:
            raise ScpiError(-230, text="Data corrupt or stale")
        return self.told(buffer, buffer.rows[-1:], elements)

    @on(":TRACe:TRIGger", string)
    def _trigger_readings(self, name: str = "defbuffer1") -> Waiting[None]:
        self.buffer(name)
        yield from self.work(self._take(name, self.count))

    # The instrument

    @on("*LANG?")
    def _language(self) -> str:
        return "SCPI"

    @on("*LANG", choice("SCPI"))
    def _set_language(self, language: str) -> None:
        """The other command sets (TSP, SCPI2400, SCPI34401) need a restart, and are not simulated."""

    @on(":SYSTem:VERSion?")
    def _version(self) -> str:
        return "1996.0"

    @on(":SYSTem:LFRequency?")
    def _mains(self) -> int:
        return round(MAINS)

    @on(":SYSTem:BEEPer[:IMMediate]", number("Hz", 20, 8000), number("s", 0.001, 100))
    def _beep(self, frequency: float, duration: float) -> None:
        """Nobody hears it."""

    @on(":DISPlay:CLEar")
    def _clear_texts(self) -> None:
        self.upper_text = self.lower_text = ""

    @on(":DIGital:LINE<1-6>:MODE", choice("DIGital"), choice("IN", "OUT", "OPENdrain"))
    def _set_direction(self, line: int, kind: str, direction: str) -> None:
        self.directions[line] = direction

    @on(":DIGital:LINE<1-6>:MODE?")
    def _direction(self, line: int) -> str:
        return f"DIG,{self.directions[line]}"

    @on(":DIGital:LINE<1-6>:STATe", integer(0, 1))
    def _set_line(self, line: int, state: int) -> None:
        if self.directions[line] == "IN":
            raise ScpiError(-221)
        self.lines[line] = bool(state)

    @on(":DIGital:LINE<1-6>:STATe?")
    def _line(self, line: int) -> bool:
        return self.lines[line]
