"""Keithley 2400 series SourceMeters, from the user's manual 2400S-900-01 (Rev. K; pages are its).

Facts of the manual that this file rests on:

- the highest measuring range is that of the compliance (18-62), and a compliance below 0.1 % of the measuring range is
  refused (18-68); the source's own quantity is measured on the source's range (18-62);
- while it takes readings, only ABORt and device clear are acted upon: what else is sent waits until it is idle (11-11); so
  the end of a train is told by ``*OPC?``, answered only then;
- a list has 100 levels a command, 2500 in all (18-92); the buffer holds 2500 readings (18-19), from one trigger each;
- time of a point: 225 us trigger latency and 50 us source configuration at most, source delay, aperture and 185 us for each
  quantity, 0.3 ms overhead sourcing volts, 0.64 ms amperes (A-6, one quantity; with two assumed 0.5 ms more, as on A-4 and A-5);
  so a level may last up to 0.28 ms less than it is told to, and by firmware as much more: `fetch` tells what its stamps say;
- bit 3 of the status: compliance; bit 16: the measuring range limited it (18-50);
- binary readings (``SREal``) start with ``#0`` and end with the message; over RS-232 only text (18-47);
- time stamps have a resolution of 1 ms, and up to firmware C17 they count 1 s in 1.024 s (9-5).

It makes no pulses (the 2430 apart, whose pulse mode is not here): a list whose levels all last equally long is what it has.
"""

import re
import time
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import BenchError, InstrumentError, LinkError, PlanError, show

from ..commands import Commanded, choice, command, integer, switch, whole
from ..links import Link, Question
from ..scpi import ScpiInstrument
from ..sourcing import Pulses, Quantity, Readings, SourceSetup, Train
from .source_meter import SourceMeterBase
from .source_reach import Reach, check_range_of_compliance
from .source_trains import levels_in_order, measured_levels, period_of

LIST = 100  # levels of one command (18-92)
LATENCY = 275e-6  # seconds from a trigger to the source delay
CONVERSION = 185e-6  # seconds beyond the aperture of one quantity
OVERHEADS: dict[Quantity, float] = {"V": 0.8e-3, "A": 1.14e-3}  # seconds, by what is sourced
SLICE = 0.2  # seconds of waiting for the end of a train in one go
FAST_CLOCK, RIGHT_CLOCK = 0.9765625, "C18"
LIMITED = 1 << 3 | 1 << 16
ELEMENTS = 4  # volts, amperes, time, status
PATIENCE = 5.0  # seconds beyond the measuring time for an answer
SERIAL_RATE = 900.0  # bytes a second at 9600 baud, for the deadline of readings as text
TEXT = 14  # bytes of a number as text

_FUNCTIONS: dict[Quantity, str] = {"V": "VOLT", "A": "CURR"}
_WORDS: dict[Quantity, str] = {"V": "volts", "A": "amperes"}  # how the names of the declared commands begin

_MICRO_TO_AMPERE = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)
_LOW_VOLTS = (0.2, 2.0, 20.0)


def _reach(volts: tuple[float, ...], amperes: tuple[float, ...], *together: tuple[float, float]) -> Reach:
    return Reach(volts, amperes, together, over=1.05, least=(0.2e-3, 1e-9), nplc=(0.01, 10.0))


# Ranges (18-73, 18-62) and what goes together (6-11 and after).
_HIGH_AMPERES = (*_MICRO_TO_AMPERE[1:], 3.0)
REACHES = {
    "2400": _reach((*_LOW_VOLTS, 200.0), _MICRO_TO_AMPERE, (20.0, 1.0), (200.0, 0.1)),
    "2401": _reach(_LOW_VOLTS, _MICRO_TO_AMPERE, (20.0, 1.0)),
    "2410": _reach((*_LOW_VOLTS, 1000.0), (*_MICRO_TO_AMPERE[:4], 0.02, 0.1, 1.0), (20.0, 1.0), (1000.0, 0.02)),
    "2420": _reach((*_LOW_VOLTS, 60.0), _HIGH_AMPERES, (20.0, 3.0), (60.0, 1.0)),
    "2425": _reach((*_LOW_VOLTS, 100.0), _HIGH_AMPERES, (20.0, 3.0), (100.0, 1.0)),
    "2440": _reach((0.2, 2.0, 10.0, 40.0), (*_MICRO_TO_AMPERE[1:], 5.0), (10.0, 5.0), (40.0, 1.0)),
}


class Keithley2400Channel(Commanded):
    """The output of a 2400: what it sources, limits and measures."""

    output = switch(":OUTP", doc="Output; off: high impedance, the relay open.")
    off_mode = choice(":OUTP:SMOD", ("HIMP", "NORM", "ZERO", "GUAR"), doc="Output-off state.")
    output_enable = switch(":OUTP:ENAB", doc="Whether the output enable (interlock) line must be low for the output.")
    source = choice(":SOUR:FUNC", ("VOLT", "CURR", "MEM"), doc="What is sourced.")
    volts_mode = choice(
        ":SOUR:VOLT:MODE", ("FIX", "LIST", "SWE"), doc="Where the level of the voltage source comes from."
    )
    amperes_mode = choice(
        ":SOUR:CURR:MODE", ("FIX", "LIST", "SWE"), doc="Where the level of the current source comes from."
    )
    volts = command(":SOUR:VOLT", unit="V", low=-1100, high=1100, resolution=1e-6, doc="Level of the voltage source.")
    amperes = command(
        ":SOUR:CURR", unit="A", low=-5.25, high=5.25, resolution=1e-11, doc="Level of the current source."
    )
    volts_range = command(
        ":SOUR:VOLT:RANG", unit="V", low=0.2, high=1100, tolerance=0.051, doc="Full scale, voltage source."
    )
    amperes_range = command(
        ":SOUR:CURR:RANG", unit="A", low=1e-6, high=5.25, tolerance=0.051, doc="Full scale of the current source."
    )
    volts_auto = switch(":SOUR:VOLT:RANG:AUTO", doc="Whether the voltage source chooses its range.")
    amperes_auto = switch(":SOUR:CURR:RANG:AUTO", doc="Whether the current source chooses its range.")
    sweep_ranging = choice(
        ":SOUR:SWE:RANG", ("BEST", "AUTO", "FIX"), doc="How the source chooses its range in a train."
    )
    clear_auto = switch(":SOUR:CLE:AUTO", doc="Whether the output goes off after each reading.")
    delay = command(
        ":SOUR:DEL", unit="s", low=0, high=9999.999, resolution=1e-6, doc="From a level to its measurement."
    )
    delay_auto = switch(":SOUR:DEL:AUTO", doc="Whether a settling time by range is added.")
    amperes_limit = command(":SENS:CURR:PROT", unit="A", low=1e-9, high=5.25, doc="Compliance of the voltage source.")
    volts_limit = command(":SENS:VOLT:PROT", unit="V", low=0.2e-3, high=1100, doc="Compliance of the current source.")
    concurrent = switch(":SENS:FUNC:CONC", doc="Whether several quantities are measured at once.")
    measures = choice(":SENS:FUNC", ('"VOLT:DC","CURR:DC"', '"VOLT:DC"', '"CURR:DC"', '"RES"'), doc="What is measured.")
    measured_amperes_range = command(
        ":SENS:CURR:RANG", unit="A", low=1e-6, high=5.25, tolerance=0.051, doc="Full scale of the ammeter."
    )
    measured_volts_range = command(
        ":SENS:VOLT:RANG", unit="V", low=0.2, high=1100, tolerance=0.051, doc="Full scale of the voltmeter."
    )
    measured_amperes_auto = switch(":SENS:CURR:RANG:AUTO", doc="Whether the ammeter chooses its range.")
    measured_volts_auto = switch(":SENS:VOLT:RANG:AUTO", doc="Whether the voltmeter chooses its range.")
    amperes_nplc = command(
        ":SENS:CURR:NPLC", unit="", low=0.01, high=10, doc="Aperture of the ammeter, periods of the mains."
    )
    volts_nplc = command(
        ":SENS:VOLT:NPLC", unit="", low=0.01, high=10, doc="Aperture of the voltmeter, periods of the mains."
    )
    four_wires = switch(":SYST:RSEN", doc="Whether the voltage is sensed by wires of its own.")
    autozero = choice(":SYST:AZER", ("0", "1"), doc="Whether each reading measures zero and reference anew.")
    terminals = choice(":ROUT:TERM", ("FRON", "REAR"), doc="Terminals in use.")


class Keithley2400(SourceMeterBase[Keithley2400Channel], ScpiInstrument):
    """Keithley 2400, 2401, 2410, 2420, 2425 or 2440: sources and measures, staircases and lists by its trigger model.

    Fulfils the role `SourceMeter`. One channel, ``"1"``. Raises BenchError when another model answers.
    """

    driver: ClassVar[str] = "keithley_2400"
    safe_state: ClassVar[tuple[str, ...]] = (
        ":ABOR", ":SOUR:VOLT:MODE FIX", ":SOUR:CURR:MODE FIX", ":SOUR:VOLT 0", ":SOUR:CURR 0", ":OUTP OFF",
    )  # fmt: skip
    """In a list the level of the list stands until the mode is fixed, so the mode goes first."""
    off_answers: ClassVar[tuple[tuple[str, str], ...]] = ((":OUTP?", "0|OFF"),)
    most_steps: ClassVar[int] = 2499  # of 2500; the last one is the level to return to
    most_readings: ClassVar[int] = 2500
    least_step: ClassVar[float] = LATENCY + OVERHEADS["A"]
    longest_step: ClassVar[float] = 9999.0  # of the source delay (18-78)
    tick: ClassVar[float] = 1e-3

    line_frequency = command(":SYST:LFR", unit="Hz", low=50, high=60, query_only=True, doc="Mains.")
    enabled = integer(
        ":OUTP:ENAB:TRIP", low=0, high=1, query_only=True, doc="Output enable line; 1: it allows the output."
    )
    data_format = choice(":FORM", ("ASC", "SRE", "REAL,32"), doc="How readings are sent.")
    byte_order = choice(":FORM:BORD", ("NORM", "SWAP"), doc="Order of the bytes of binary readings.")
    elements = choice(":FORM:ELEM", ("VOLT,CURR,TIME,STAT", "VOLT,CURR,RES,TIME,STAT"), doc="What a reading holds.")
    triggers = integer(":TRIG:COUN", low=1, high=2500, doc="Readings of one initiation.")
    arms = integer(":ARM:COUN", low=1, high=2500, doc="Repetitions of the trigger layer.")

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        self.reach = REACHES["2401" if "-LV" in self.identity.model.upper() else self.identity.model.split()[-1][:4]]
        channel = Keithley2400Channel(link, name=f"{self.name} channel 1", warnings=self.warnings)
        self.channels = {"1": channel}
        self._begin()
        self.write("*RST")
        self.write("*CLS")
        channel.off_mode = "HIMP"
        channel.concurrent = True
        channel.measures = '"VOLT:DC","CURR:DC"'
        channel.clear_auto = False
        self.elements = "VOLT,CURR,TIME,STAT"
        self.byte_order = "SWAP"
        self._as_text = link.resource.lower().startswith(("serial", "asrl"))
        self.data_format = "ASC" if self._as_text else "SRE"
        self._mains = self.line_frequency
        revision = self.identity.version.split()[0] if self.identity.version else RIGHT_CLOCK
        self._clock = FAST_CLOCK if re.fullmatch(r"C\d\d", revision) and revision < RIGHT_CLOCK else 1.0
        self._end: Question | None = None
        """Whether the train has ended: asked at its start, answered at its end."""
        self._latest = 0.0
        self.check_errors("connecting")

    def _measuring_time(self, nplc: float) -> float:
        return 2 * (nplc / self._mains + CONVERSION)

    def _check_model(self, channel: str, setup: SourceSetup) -> None:
        check_range_of_compliance(self._known(channel), self.reach, setup)

    def _check_model_train(self, channel: str, setup: SourceSetup, train: Train) -> None:
        seconds = {step.seconds for step in period_of(train)}
        if isinstance(train, Pulses) and len(seconds) > 1:
            raise PlanError(
                f"{self._known(channel)}: makes no pulses, only lists whose levels all last equally long and are all "
                f"measured: take width = gap{'' if train.read is None else ' = read_width'}, each "
                f"{show(self.least_step + self._measuring_time(setup.nplc), 's')} or more with nplc {setup.nplc:g}, or an "
                "instrument that makes pulses (2450, 2600B)."
            )

    def _configure(self, channel: str, setup: SourceSetup) -> None:
        self.off()
        it = self.channels[channel]
        source, meter = _WORDS[setup.source], _WORDS[setup.measures]
        it.source = _FUNCTIONS[setup.source]
        it.delay_auto, it.delay = False, 0.0
        it.amperes_nplc = it.volts_nplc = setup.nplc
        it.four_wires, it.autozero = setup.wires == 4, "1"
        it.sweep_ranging = "BEST" if setup.source_range is None else "FIX"
        wanted: dict[str, Any] = {
            f"measured_{meter}_auto": True,  # before the compliance, which must go with a measuring range that is fixed
            **({f"{source}_auto": True} if setup.source_range is None else {f"{source}_range": setup.source_range}),
            f"{meter}_limit": setup.compliance,
            **({} if setup.measure_range is None else {f"measured_{meter}_range": setup.measure_range}),
        }
        for name, value in wanted.items():
            setattr(it, name, value)
        setattr(it, f"{meter}_limit", setup.compliance)  # a range can change it: last, and read back

    def _set_level(self, channel: str, level: float) -> None:
        word = _WORDS[self._setups[channel].source]
        setattr(self.channels[channel], f"{word}_mode", "FIX")
        setattr(self.channels[channel], word, level)

    def _switch_on(self, channel: str) -> None:
        it = self.channels[channel]
        if it.output_enable and not self.enabled:
            raise BenchError(
                f"{self.name}: its output enable line (interlock) is open, so the output cannot be switched on. "
                "Close the test fixture, or disable the line at the instrument."
            )
        it.output = True

    def _is_on(self, channel: str) -> bool:
        return self.channels[channel].output

    def _measure(self, channel: str, count: int) -> Readings:
        it, setup = self.channels[channel], self._setups[channel]
        setattr(it, f"{_WORDS[setup.source]}_mode", "FIX")
        it.autozero = "1"
        it.delay = 0.0
        self.arms, self.triggers = 1, count
        self.write(":SYST:TIME:RES")
        # Two quantities, with zero and reference measured anew: four conversions; searching for a range, some more.
        seconds = count * (8 * setup.nplc / self._mains + 0.1)
        return self._rows(channel, ":READ?", np.full(count, self._levels[channel]), np.ones(count, bool), seconds)

    # Trains.

    def _load(self, channel: str, train: Train) -> None:
        function = _FUNCTIONS[self._setups[channel].source]
        levels = [*levels_in_order(train), self._levels[channel]]
        for first in range(0, len(levels), LIST):
            values = ",".join(f"{level:.10G}" for level in levels[first : first + LIST])
            self.write(f":SOUR:LIST:{function}{':APP' if first else ''} {values}")
        if (found := whole(self.query(f":SOUR:LIST:{function}:POIN?"))) != len(levels):
            raise InstrumentError(f"{self.name}: its list holds {found} levels, {len(levels)} were sent.")

    def _start(self, channels: Sequence[str]) -> None:
        it, setup, train = self.channels["1"], self._setups["1"], self._loaded["1"].train
        points = len(self._measured(train))
        it.autozero = "0"
        spent = LATENCY + OVERHEADS[setup.source] + self._measuring_time(setup.nplc)
        it.delay = period_of(train)[0].seconds - spent
        self.arms, self.triggers = 1, points
        for line in (
            ":TRAC:FEED:CONT NEV",  # a train that was broken off leaves it storing
            ":TRAC:CLE",
            f":TRAC:POIN {points}",
            ":TRAC:FEED SENS",
            ":TRAC:TST:FORM ABS",
            ":TRAC:FEED:CONT NEXT",
        ):
            self.write(line)
        self.check_errors("preparing a train")
        setattr(it, f"{_WORDS[setup.source]}_mode", "LIST")
        self.write(":INIT")
        self._end = None

    def _check_initiated(self) -> None:
        """It answers nothing before its end, so it is asked then."""

    def _running(self) -> bool:
        """While a train runs this instrument answers nothing: it is asked once for the end, and listened to in slices.

        Raises LinkError when it takes longer than the train should.
        """
        if self._end is None:
            self._end = Question(self.link, "*OPC?")
            self._latest = time.monotonic() + PATIENCE + 1.5 * self._loaded["1"].seconds
        if self._end.answer(SLICE) is None:
            if time.monotonic() > self._latest:
                raise LinkError(
                    f"{self.link.resource}: the train should have ended long ago, but *OPC? is not answered."
                )
            return True
        self._end = None
        self.check_errors("running a train")
        return False

    def _at_rest(self) -> None:
        self._end = None
        super()._at_rest()

    def _fetch(self, channel: str, train: Train) -> Readings:
        setattr(self.channels[channel], f"{_WORDS[self._setups[channel].source]}_mode", "FIX")
        measured = self._measured(train)
        if (found := whole(self.query(":TRAC:POIN:ACT?"))) != len(measured):
            raise InstrumentError(f"{self.name}: the train ended after {found} of {len(measured)} readings.")
        return self._rows(channel, ":TRAC:DATA?", measured_levels(train), measured, 0.0)

    @staticmethod
    def _measured(train: Train) -> NDArray[np.bool_]:
        """Which points of the list are readings that were asked for; the last one is the level to return to."""
        wanted = [step.measured for step in period_of(train)] * len(train.levels)
        return np.array([*wanted, False])

    def _rows(
        self, channel: str, question: str, levels: NDArray[np.float64], wanted: NDArray[np.bool_], seconds: float
    ) -> Readings:
        """The answer to a question for readings, those `wanted` of it."""
        values = np.empty((len(wanted), ELEMENTS), "<f4")
        if self._as_text:
            patience = PATIENCE + seconds + values.size * TEXT / SERIAL_RATE
            answer = self.link.query(question, timeout=patience).split(",")
            if len(answer) != values.size:
                raise InstrumentError(f"{self.name}: {len(answer)} numbers to {question}, {values.size} were expected.")
            rows = np.array([float(number) for number in answer]).reshape(values.shape)
        else:
            self.link.query_block(question, into=values.data, timeout=PATIENCE + seconds)
            rows = values.astype(np.float64)
        volts, amperes, times, status = (np.ascontiguousarray(column) for column in rows[wanted].T)
        return self._readings(
            channel, times * self._clock, levels, (volts, amperes), status.astype(np.int64) & LIMITED != 0
        )
