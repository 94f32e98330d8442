"""Keithley 2450 SourceMeter with its SCPI command set, from the reference manual 2450-901-01 (Rev. B; pages are its).

Facts of the manual that this file rests on:

- ranges 20 mV to 200 V and 10 nA to 1 A, each to 105 % (6-74, 6-53); 20 V at 1 A or 200 V at 100 mA (specifications);
- the limit must be more than 0.1 % of a fixed measuring range, and changes with a warning when the source range does not
  go with it (6-71), so it is read back last;
- a reading holds the measured function and, with read-back on, the output's own value measured just before (6-77);
- bit 5 (32) of a reading's source status: the source was limited (8-29);
- binary answers start with ``#0`` and end with a line feed (6-30); of the elements of the buffer only reading, source value
  and relative time can be asked for in binary (:TRACe:DATA? of the 2461, 6-160), so the status comes as text;
- at 200 V nothing above 20 V is put out unless the interlock is asserted (6-33);
- it may be set to speak TSP instead (*LANG?, B-5).

Assumed: a reading with its source value takes two apertures and 0.5 ms more for each, and a level needs 0.5 ms besides: the
data sheet's fastest sweep to memory, 1700 points a second at 0.01 periods of the mains, is 0.4 ms a point beyond its
aperture, and it gives no time for a block of the trigger model. A measurement that takes longer makes its level longer;
`fetch` tells.
"""

import time
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import BenchError, InstrumentError, show

from ..commands import Commanded, choice, command, integer, switch, whole
from ..links import Link
from ..scpi import ScpiInstrument
from ..sourcing import Quantity, Readings, SourceSetup, Train
from .keithley_2450_trigger import TIMERS, TriggerTimer, blocks, running
from .source_meter import SourceMeterBase
from .source_reach import Reach, check_part_of_range
from .source_trains import levels_in_order, measured_levels, period_of

BUFFER = '"defbuffer1"'
CHUNK = 500  # readings of one transfer
LIST = 100  # levels of one command (6-78)
INTERLOCKED = 21.0  # volts that need the interlock (6-33)
LIMITED = 32  # bit of the source status (8-29)
CONVERSION = 0.5e-3  # seconds of a measurement beyond its aperture
LEAST_PART = 1e-3  # of a fixed measuring range that the limit must be more than (6-71)
STATE_LAG = 0.5  # seconds that the state may lag behind: it is looked at every 100 ms (6-166)
PATIENCE = 5.0  # seconds beyond the measuring time for an answer

_FUNCTIONS: dict[Quantity, str] = {"V": "VOLT", "A": "CURR"}
_WORDS: dict[Quantity, str] = {"V": "volts", "A": "amperes"}  # how the names of the declared commands begin


class Keithley2450Channel(Commanded):
    """The output of the 2450: what it sources, limits and measures."""

    output = switch(":OUTP", doc="Output; off: high impedance, the relay open.")
    source = choice(":SOUR:FUNC", ("VOLT", "CURR"), doc="What is sourced.")
    volts = command(":SOUR:VOLT", unit="V", low=-210, high=210, resolution=1e-6, doc="Level of the voltage source.")
    amperes = command(
        ":SOUR:CURR", unit="A", low=-1.05, high=1.05, resolution=1e-12, doc="Level of the current source."
    )
    volts_range = command(":SOUR:VOLT:RANG", unit="V", low=0.02, high=200, doc="Full scale of the voltage source.")
    amperes_range = command(":SOUR:CURR:RANG", unit="A", low=1e-8, high=1, doc="Full scale of the current source.")
    volts_auto = switch(":SOUR:VOLT:RANG:AUTO", doc="Whether the voltage source chooses its range.")
    amperes_auto = switch(":SOUR:CURR:RANG:AUTO", doc="Whether the current source chooses its range.")
    amperes_limit = command(
        ":SOUR:VOLT:ILIM", unit="A", low=1e-9, high=1.05, doc="Current limit of the voltage source."
    )
    volts_limit = command(":SOUR:CURR:VLIM", unit="V", low=0.02, high=210, doc="Voltage limit of the current source.")
    volts_delay_auto = switch(
        ":SOUR:VOLT:DEL:AUTO", doc="Whether a settling time of its own precedes a current reading."
    )
    amperes_delay_auto = switch(
        ":SOUR:CURR:DEL:AUTO", doc="Whether a settling time of its own precedes a voltage reading."
    )
    volts_read_back = switch(":SOUR:VOLT:READ:BACK", doc="Whether the voltage put out is measured with each reading.")
    amperes_read_back = switch(":SOUR:CURR:READ:BACK", doc="Whether the current put out is measured with each reading.")
    volts_off_mode = choice(
        ":OUTP:VOLT:SMOD", ("NORM", "HIMP", "ZERO", "GUAR"), doc="Output-off state of the voltage source."
    )
    amperes_off_mode = choice(
        ":OUTP:CURR:SMOD", ("NORM", "HIMP", "ZERO", "GUAR"), doc="Output-off state of the current source."
    )
    measures = choice(":SENS:FUNC", ('"VOLT:DC"', '"CURR:DC"', '"RES"'), doc="What is measured.")
    measured_volts_range = command(":SENS:VOLT:RANG", unit="V", low=0.02, high=200, doc="Full scale of the voltmeter.")
    measured_amperes_range = command(":SENS:CURR:RANG", unit="A", low=1e-8, high=1, doc="Full scale of the ammeter.")
    measured_volts_auto = switch(":SENS:VOLT:RANG:AUTO", doc="Whether the voltmeter chooses its range.")
    measured_amperes_auto = switch(":SENS:CURR:RANG:AUTO", doc="Whether the ammeter chooses its range.")
    volts_nplc = command(
        ":SENS:VOLT:NPLC", unit="", low=0.01, high=10, doc="Aperture of the voltmeter, periods of the mains."
    )
    amperes_nplc = command(
        ":SENS:CURR:NPLC", unit="", low=0.01, high=10, doc="Aperture of the ammeter, periods of the mains."
    )
    volts_four_wires = switch(
        ":SENS:VOLT:RSEN", doc="Whether the voltage is sensed by wires of its own, measuring volts."
    )
    amperes_four_wires = switch(
        ":SENS:CURR:RSEN", doc="Whether the voltage is sensed by wires of its own, measuring amperes."
    )
    volts_autozero = switch(":SENS:VOLT:AZER", doc="Whether each voltage reading measures zero and reference anew.")
    amperes_autozero = switch(":SENS:CURR:AZER", doc="Whether each current reading measures zero and reference anew.")
    count = integer(":SENS:COUN", low=1, high=300000, doc="Readings of one request.")
    terminals = choice(":ROUT:TERM", ("FRON", "REAR"), doc="Terminals in use.")


class Keithley2450(SourceMeterBase[Keithley2450Channel], ScpiInstrument):
    """Keithley 2450: sources and measures, staircases, lists and pulses by its trigger model, timed by its trigger timers.

    Fulfils the role `SourceMeter`. One channel, ``"1"``. BenchError when another model answers, or it is set to speak TSP.
    """

    driver: ClassVar[str] = "keithley_2450"
    safe_state: ClassVar[tuple[str, ...]] = (":ABOR", ":SOUR:VOLT 0", ":SOUR:CURR 0", ":OUTP OFF")
    off_answers: ClassVar[tuple[tuple[str, str], ...]] = ((":OUTP?", "0|OFF"),)
    reach = Reach(
        volts=(0.02, 0.2, 2.0, 20.0, 200.0),
        amperes=(1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0),
        together=((20.0, 1.0), (200.0, 0.1)),
        over=1.05,
        least=(0.02, 1e-9),
        nplc=(0.01, 10.0),
    )
    most_steps: ClassVar[int] = 2499  # of 2500 in a list (6-79); the last one is the level to return to
    most_readings: ClassVar[int] = 100_000  # the default buffer (3-12)
    least_step: ClassVar[float] = 0.5e-3
    longest_step: ClassVar[float] = 1e4  # of a delay block; four of them are well within a timer

    line_frequency = command(
        ":SYST:LFR", unit="Hz", low=50, high=60, query_only=True, doc="Mains, as detected at power-on."
    )
    interlock = integer(
        ":OUTP:INT:TRIP",
        low=0,
        high=1,
        query_only=True,
        doc="Interlock; 1: asserted, only then more than 20 V come out.",
    )
    data_format = choice(":FORM", ("ASC", "REAL", "SRE"), doc="How readings are sent.")
    byte_order = choice(":FORM:BORD", ("NORM", "SWAP"), doc="Order of the bytes of binary readings.")

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        if (language := link.query("*LANG?").strip().upper()) != "SCPI":
            raise BenchError(
                f"{link.resource}: the 2450 is set to speak {language}. Set it to SCPI (menu System, Settings, Command Set)."
            )
        channel = Keithley2450Channel(link, name=f"{self.name} channel 1", warnings=self.warnings)
        self.channels = {"1": channel}
        self.timers = [TriggerTimer(link, name=f"{self.name} timer {n}", suffix=n) for n in range(1, TIMERS + 1)]
        self._begin()
        self.write("*RST")
        self.write("*CLS")
        channel.volts_off_mode = channel.amperes_off_mode = "HIMP"
        self.byte_order = "SWAP"
        self._mains = self.line_frequency
        self._begun = 0.0
        self.check_errors("connecting")

    def _measuring_time(self, nplc: float) -> float:
        return 2 * (nplc / self._mains + CONVERSION)

    def _check_model(self, channel: str, setup: SourceSetup) -> None:
        check_part_of_range(self._known(channel), setup, LEAST_PART)

    def _configure(self, channel: str, setup: SourceSetup) -> None:
        self.off()
        it = self.channels[channel]
        source, meter = _WORDS[setup.source], _WORDS[setup.measures]
        it.source = _FUNCTIONS[setup.source]
        it.measures = f'"{_FUNCTIONS[setup.measures]}:DC"'
        wanted: dict[str, Any] = {
            f"{source}_read_back": True,
            f"{source}_delay_auto": False,
            f"measured_{meter}_auto": True,  # before the limit, which must go with a measuring range that is fixed
            f"{meter}_nplc": setup.nplc,
            f"{meter}_four_wires": setup.wires == 4,
            f"{meter}_autozero": True,
            **({f"{source}_auto": True} if setup.source_range is None else {f"{source}_range": setup.source_range}),
            f"{meter}_limit": setup.compliance,
            **({} if setup.measure_range is None else {f"measured_{meter}_range": setup.measure_range}),
        }
        for name, value in wanted.items():
            setattr(it, name, value)
        setattr(it, f"{meter}_limit", setup.compliance)  # a range can change it: last, and read back

    def _set_level(self, channel: str, level: float) -> None:
        setattr(self.channels[channel], _WORDS[self._setups[channel].source], level)

    def _switch_on(self, channel: str) -> None:
        setup = self._setups[channel]
        volts = max(setup.source_range or 0.0, abs(self._levels[channel])) if setup.source == "V" else setup.compliance
        if volts > INTERLOCKED and not self.interlock:
            raise BenchError(
                f"{self.name}: {show(volts, 'V')} need the interlock, which is not asserted. Close the test fixture (or its "
                f"interlock line), or stay below {show(INTERLOCKED, 'V')}."
            )
        self.channels[channel].output = True

    def _is_on(self, channel: str) -> bool:
        return self.channels[channel].output

    def _measure(self, channel: str, count: int) -> Readings:
        setup, it = self._setups[channel], self.channels[channel]
        self._autozero(True)
        it.count = count
        self.write(f":TRAC:CLE {BUFFER}")
        self.data_format = "ASC"
        # With zero and reference measured anew a reading takes three apertures, and its own source value another one.
        patience = PATIENCE + count * (6 * setup.nplc / self._mains + 0.1)
        self.link.query(f":READ? {BUFFER}", timeout=patience)
        return self._rows(channel, np.full(count, self._levels[channel]))

    def _autozero(self, on: bool) -> None:
        """Measure zero and reference with each reading, or once now: a train has no time for it."""
        setattr(self.channels["1"], f"{_WORDS[self._setups['1'].measures]}_autozero", on)
        if not on:
            self.write(":SENS:AZER:ONCE")

    # Trains.

    def _load(self, channel: str, train: Train) -> None:
        function = _FUNCTIONS[self._setups[channel].source]
        levels = [*levels_in_order(train), self._levels[channel]]
        for first in range(0, len(levels), LIST):
            values = ",".join(f"{level:.10G}" for level in levels[first : first + LIST])
            self.write(f":SOUR:LIST:{function}{':APP' if first else ''} {values}")
        held = [float(value) for value in self.query(f":SOUR:LIST:{function}?").split(",")]
        if len(held) != len(levels) or not np.allclose(held, levels, rtol=1e-6, atol=1e-12):
            raise InstrumentError(f"{self.name}: its list of {len(levels)} levels does not read back.")
        period = period_of(train)
        clock, *inner = self.timers
        clock.tick(sum(step.seconds for step in period))
        end = 0.0
        for timer, step in zip(inner, period[:-1], strict=False):
            end += step.seconds
            timer.expire_after(end)
        lead = self._measuring_time(self._setups[channel].nplc)
        self.write(':TRIG:LOAD "Empty"')
        for line in blocks(period, len(train.levels), f'"{function.capitalize()}CustomSweepList"', BUFFER, lead):
            self.write(line)

    def _start(self, channels: Sequence[str]) -> None:
        self._autozero(False)  # now: measuring since the train was loaded switched it on
        self.write(f":TRAC:CLE {BUFFER}")
        self.check_errors("preparing a train")
        self.write(":INIT")
        self._begun = time.monotonic()

    def _running(self) -> bool:
        """As ``:TRIGger:STATe?`` says."""
        state = self.query(":TRIG:STAT?")
        if running(state, self.name):
            return True
        awaited = len(self._loaded["1"].train.levels)
        if (found := whole(self.query(f":TRAC:ACT? {BUFFER}"))) == awaited:
            return False
        if time.monotonic() - self._begun < STATE_LAG:
            return True
        self.check_errors("running a train")
        raise InstrumentError(f"{self.name}: the train ended after {found} of {awaited} readings ({state}).")

    def _fetch(self, channel: str, train: Train) -> Readings:
        return self._rows(channel, measured_levels(train))

    def _rows(self, channel: str, levels: NDArray[np.float64]) -> Readings:
        """The buffer's readings, as many as `levels`: numbers in binary, then the status of each as text."""
        if (found := whole(self.query(f":TRAC:ACT? {BUFFER}"))) != len(levels):
            raise InstrumentError(f"{self.name}: holds {found} readings, {len(levels)} were expected.")
        numbers = np.empty((len(levels), 3), "<f8")
        limited = np.empty(len(levels), bool)
        spans = [(first, min(first + CHUNK, len(levels))) for first in range(0, len(levels), CHUNK)]
        self.data_format = "REAL"
        for first, last in spans:
            question = f":TRAC:DATA? {first + 1},{last},{BUFFER},READ,SOUR,REL"
            self.link.query_block(question, into=numbers[first:last].data, timeout=PATIENCE)
        self.data_format = "ASC"
        for first, last in spans:
            answer = self.link.query(f":TRAC:DATA? {first + 1},{last},{BUFFER},SOURSTAT", timeout=PATIENCE)
            limited[first:last] = [int(float(status)) & LIMITED != 0 for status in answer.split(",")]
        measured, sourced, times = (np.ascontiguousarray(column) for column in numbers.T)
        output = (sourced, measured) if self._setups[channel].source == "V" else (measured, sourced)
        return self._readings(channel, times, levels, output, limited)
