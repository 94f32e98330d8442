"""Keysight (Agilent) B2900A source/measure units, from the SCPI Command Reference B2910-90030, Edition 2 (pages are its), the
User's Guide B2910-90010 (UG), Editions 2 and 5, and the data sheet (DS).

Facts that this file rests on:

- voltage ranges to 105 %, current ranges to 105 %, the 1.5 A and 3 A ones to 101 %; 3.03 A up to 6 V, 1.515 A up to 21 V,
  105 mA up to 210 V (2-24 and after); two channels share 4 A or less (UG 2-14), of which the instrument itself complains;
- smallest limits 20 mV, and 1 nA (UG 6-3); nothing is measured on a range above that of the limit (UG of the B2961A, 2-10);
- an NPLC beyond its bounds is set to the nearest without an error (4-73), so it is checked here and read back;
- a list has 2500 levels (4-105), and a trigger timer counts from 20 us (10 us: B2911A, B2912A) to 100 000 s, 1 us at the
  finest, good to 50 ppm (DS 17); 100 000 triggers at most (DS 17);
- source (transient) and measurement (acquire) have each their own count, timer and delay, and start together (UG 6-27);
  triggered automatically (AINT) they take turns, so a level lasts until it was measured;
- after the sweep the output returns to what it was before, unless continuous triggering is on (UG 4-29);
- pulses last 50 us or more; they rise from the present level; all have one width (UG 6-7);
- the elements come in the order voltage, current, resistance, time, status, source, whatever the order asked for (4-21);
  ``REAL,64`` as a definite block with a line feed after it; swapped: the last byte first; NaN: not measured (1-12);
- bits 1 and 2 of the status element: compliance (1-14, table 1-2);
- bits 11 to 14 of the questionable condition: a trigger came while the one before was not done (4-116);
- high impedance: the relay opens (UG 6-13); with automatic output on, an initiation closes it (4-67 of the B2961A);
- the interlock is needed beyond 42 V (Configuration and Connection Guide 2-14).

Assumed, as no page at hand says it: bits 1, 4 and 7, 10 of the operation condition tell that transient and acquire are idle
(channel 1, channel 2); a time has six digits; volts and amperes are measured at the same time, and what a measurement takes
beyond its aperture (UG 6-5 gives no figure) is 50 us; ``:SYST:INT:TRIP?`` gives 1 when the interlock is open; the first
trigger of a timer comes at its start.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import BenchError, InstrumentError, show

from ..commands import Commanded, choice, command, integer, switch
from ..links import Link
from ..scpi import ScpiInstrument
from ..sourcing import Pulses, Quantity, Readings, SourceSetup, Train
from .keysight_b2900a_train import MOST_LEVELS, Schedule, schedule_of, timed
from .source_meter import SourceMeterBase
from .source_reach import Reach, check_range_of_compliance
from .source_trains import measured_levels

LINE = 100  # levels of one command, so that no line is long
COLUMNS = 5  # volts, amperes, time, status, source
LIMITED = 0b110  # bits of the status element
INTERLOCKED = 42.0  # volts
SHORTEST = 50e-6  # seconds: shortest pulse, and about the time that a new level settles in
CONVERSION = 50e-6  # seconds of a measurement beyond its aperture
LONGEST = 25e3  # seconds: a timer goes to 100 ks (DS 17), and a period has four levels at most
TRIGGERS = 100_000
PATIENCE = 5.0  # seconds beyond the measuring time for an answer

IDLE = {"1": 1 << 1 | 1 << 4, "2": 1 << 7 | 1 << 10}
LOST = {"1": 1 << 11 | 1 << 12, "2": 1 << 13 | 1 << 14}

_FUNCTIONS: dict[Quantity, str] = {"V": "VOLT", "A": "CURR"}
_WORDS: dict[Quantity, str] = {"V": "volts", "A": "amperes"}  # how the names of the declared commands begin

_AMPERES = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 1.5, 3.0)


def _reach(amperes: tuple[float, ...]) -> Reach:
    return Reach(
        volts=(0.2, 2.0, 20.0, 200.0),
        amperes=amperes,
        together=((6 / 1.05, 3.03 / 1.05), (20.0, 1.515 / 1.05), (200.0, 0.1)),
        over=1.05,
        least=(0.02, 1e-9),
        nplc=(4.8e-4, 100.0),
    )


REACHES = {
    "B2901A": _reach(_AMPERES), "B2902A": _reach(_AMPERES),
    "B2911A": _reach((1e-8, *_AMPERES)), "B2912A": _reach((1e-8, *_AMPERES)),
}  # fmt: skip


def _safe(*channels: str) -> tuple[str, ...]:
    """What makes channels safe: sweeps ended, levels 0, then the relays."""
    return (
        *(f":ABOR (@{n})" for n in channels),
        *(f":SOUR{n}:{function}:MODE FIX" for n in channels for function in ("VOLT", "CURR")),
        *(f":SOUR{n}:{function} 0" for n in channels for function in ("VOLT", "CURR")),
        *(f":OUTP{n} OFF" for n in channels),
    )


class KeysightB2900AChannel(Commanded):
    """One source/measure unit."""

    output = switch(":OUTP{n}", doc="Output; off: high impedance, the relay open.")
    off_mode = choice(":OUTP{n}:OFF:MODE", ("NORM", "HIZ", "ZERO"), doc="Output-off condition.")
    auto_on = switch(":OUTP{n}:ON:AUTO", doc="Whether an initiation switches the output on.")
    auto_off = switch(":OUTP{n}:OFF:AUTO", doc="Whether the output goes off when everything is idle.")
    protection = switch(":OUTP{n}:PROT", doc="Whether compliance switches the output off.")
    source = choice(":SOUR{n}:FUNC:MODE", ("VOLT", "CURR"), doc="What is sourced.")
    shape = choice(":SOUR{n}:FUNC:SHAP", ("DC", "PULS"), doc="Whether a level lasts until the next one or is a pulse.")
    keeps_last = switch(":SOUR{n}:FUNC:TRIG:CONT", doc="Whether the last level stays after a sweep.")
    volts_mode = choice(
        ":SOUR{n}:VOLT:MODE", ("FIX", "SWE", "LIST"), doc="Where the levels of the voltage source come from."
    )
    amperes_mode = choice(
        ":SOUR{n}:CURR:MODE", ("FIX", "SWE", "LIST"), doc="Where the levels of the current source come from."
    )
    volts = command(":SOUR{n}:VOLT", unit="V", low=-210, high=210, resolution=1e-6, doc="Level of the voltage source.")
    amperes = command(
        ":SOUR{n}:CURR", unit="A", low=-3.03, high=3.03, resolution=1e-12, doc="Level of the current source."
    )
    volts_range = command(":SOUR{n}:VOLT:RANG", unit="V", low=0.2, high=200, doc="Full scale of the voltage source.")
    amperes_range = command(":SOUR{n}:CURR:RANG", unit="A", low=1e-8, high=3, doc="Full scale of the current source.")
    volts_auto = switch(":SOUR{n}:VOLT:RANG:AUTO", doc="Whether the voltage source chooses its range.")
    amperes_auto = switch(":SOUR{n}:CURR:RANG:AUTO", doc="Whether the current source chooses its range.")
    sweep_ranging = choice(
        ":SOUR{n}:SWE:RANG", ("BEST", "AUTO", "FIX"), doc="How the source chooses its range in a train."
    )
    source_wait = switch(":SOUR{n}:WAIT", doc="Whether a waiting time of its own follows each new level.")
    pulse_width = command(":SOUR{n}:PULS:WIDT", unit="s", low=50e-6, high=1e5, tolerance=1e-5, doc="Width of pulses.")
    pulse_delay = command(
        ":SOUR{n}:PULS:DEL", unit="s", low=0, high=1e5, tolerance=1e-5, doc="From a trigger to its pulse."
    )
    amperes_limit = command(
        ":SENS{n}:CURR:PROT", unit="A", low=1e-9, high=3.03, doc="Current limit of the voltage source."
    )
    volts_limit = command(
        ":SENS{n}:VOLT:PROT", unit="V", low=0.02, high=210, doc="Voltage limit of the current source."
    )
    measured_volts_range = command(
        ":SENS{n}:VOLT:RANG", unit="V", low=0.2, high=200, doc="Full scale of the voltmeter."
    )
    measured_amperes_range = command(":SENS{n}:CURR:RANG", unit="A", low=1e-8, high=3, doc="Full scale of the ammeter.")
    measured_volts_auto = switch(":SENS{n}:VOLT:RANG:AUTO", doc="Whether the voltmeter chooses its range.")
    measured_amperes_auto = switch(":SENS{n}:CURR:RANG:AUTO", doc="Whether the ammeter chooses its range.")
    nplc_auto = switch(":SENS{n}:CURR:NPLC:AUTO", doc="Whether the aperture follows the range.")
    nplc = command(
        ":SENS{n}:CURR:NPLC", unit="", low=4e-4, high=120, tolerance=1e-3,
        doc="Aperture of all measurements, periods of the mains.",
    )  # fmt: skip
    measure_wait = switch(":SENS{n}:WAIT", doc="Whether a waiting time of its own precedes each measurement.")
    four_wires = switch(":SENS{n}:REM", doc="Whether the voltage is sensed by wires of its own.")
    transient_trigger = choice(":TRIG{n}:TRAN:SOUR", ("AINT", "BUS", "TIM"), doc="What triggers a new level.")
    transient_interval = command(
        ":TRIG{n}:TRAN:TIM", unit="s", low=1e-5, high=1e5, tolerance=1e-5, doc="Time between two levels."
    )
    transient_count = integer(":TRIG{n}:TRAN:COUN", low=1, high=TRIGGERS, doc="Levels of one initiation.")
    transient_delay = command(
        ":TRIG{n}:TRAN:DEL", unit="s", low=0, high=1e5, tolerance=1e-5, doc="From a trigger to its level."
    )
    acquire_trigger = choice(":TRIG{n}:ACQ:SOUR", ("AINT", "BUS", "TIM"), doc="What triggers a measurement.")
    acquire_interval = command(
        ":TRIG{n}:ACQ:TIM", unit="s", low=1e-5, high=1e5, tolerance=1e-5, doc="Time between two measurements."
    )
    acquire_count = integer(":TRIG{n}:ACQ:COUN", low=1, high=TRIGGERS, doc="Measurements of one initiation.")
    acquire_delay = command(
        ":TRIG{n}:ACQ:DEL", unit="s", low=0, high=1e5, tolerance=1e-5, resolution=1e-6,
        doc="From a trigger to the start of its measurement.",
    )  # fmt: skip


class KeysightB2900A(SourceMeterBase[KeysightB2900AChannel], ScpiInstrument):
    """Keysight B2902A or B2912A: both channels source and measure, staircases, lists and pulses on their own timers.

    Fulfils the role `SourceMeter`. Channels ``"1"`` and ``"2"``. Raises BenchError when another model answers.
    """

    driver: ClassVar[str] = "keysight_b2900a"
    numbers: ClassVar[tuple[str, ...]] = ("1", "2")
    safe_state: ClassVar[tuple[str, ...]] = _safe("1", "2")
    off_answers: ClassVar[tuple[tuple[str, str], ...]] = ((":OUTP1?", "0|OFF"), (":OUTP2?", "0|OFF"))
    most_steps: ClassVar[int] = MOST_LEVELS
    most_readings: ClassVar[int] = TRIGGERS
    least_step: ClassVar[float] = SHORTEST
    longest_step: ClassVar[float] = LONGEST

    line_frequency = command(":SYST:LFR", unit="Hz", low=50, high=60, query_only=True, doc="Mains, as it is set.")
    interlock_open = integer(
        ":SYST:INT:TRIP", low=0, high=1, query_only=True, doc="Interlock; 1: open, no more than 42 V come out."
    )
    operation = integer(":STAT:OPER:COND", low=0, high=65535, query_only=True, doc="Operation condition: who is idle.")
    questionable = integer(
        ":STAT:QUES:COND", low=0, high=65535, query_only=True, doc="Questionable condition: triggers that were lost."
    )
    data_format = choice(":FORM", ("ASC", "REAL,32", "REAL,64"), doc="How readings are sent.")
    byte_order = choice(":FORM:BORD", ("NORM", "SWAP"), doc="Order of the bytes of binary readings.")
    elements = choice(
        ":FORM:ELEM:SENS",
        ("VOLT,CURR,TIME,STAT,SOUR", "VOLT,CURR,RES,TIME,STAT,SOUR"),
        doc="What a reading holds.",
    )

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        self.reach = REACHES[self.identity.model.upper()]
        self.channels: Mapping[str, KeysightB2900AChannel] = {
            n: KeysightB2900AChannel(link, name=f"{self.name} channel {n}", suffix=n, warnings=self.warnings)
            for n in self.numbers
        }
        self._schedules: dict[str, Schedule] = {}
        self._begin()
        self.write("*RST")
        self.write("*CLS")
        for n, it in self.channels.items():
            it.off_mode = "HIZ"
            it.auto_on = it.auto_off = it.protection = it.keeps_last = it.source_wait = it.nplc_auto = False
            self.write(f':SENS{n}:FUNC "VOLT","CURR"')
        self.elements = "VOLT,CURR,TIME,STAT,SOUR"
        self.data_format, self.byte_order = "REAL,64", "SWAP"
        self._mains = self.line_frequency
        self.check_errors("connecting")

    def _measuring_time(self, nplc: float) -> float:
        return nplc / self._mains + CONVERSION

    def _check_model(self, channel: str, setup: SourceSetup) -> None:
        check_range_of_compliance(self._known(channel), self.reach, setup)

    def _check_model_train(self, channel: str, setup: SourceSetup, train: Train) -> None:
        schedule_of(self._known(channel), train)

    def _configure(self, channel: str, setup: SourceSetup) -> None:
        self._rest(channel)
        it = self.channels[channel]
        source, meter = _WORDS[setup.source], _WORDS[setup.measures]
        it.source, it.shape = _FUNCTIONS[setup.source], "DC"
        it.four_wires, it.nplc = setup.wires == 4, setup.nplc
        it.sweep_ranging = "BEST" if setup.source_range is None else "FIX"
        setattr(it, f"measured_{meter}_auto", True)  # before the limit, which must go with a range that is fixed
        self._set_range(it, source, setup.source_range)
        self._set_range(it, f"measured_{source}", setup.source_range)  # its own output is measured on its own range
        setattr(it, f"{meter}_limit", setup.compliance)
        self._set_range(it, f"measured_{meter}", setup.measure_range)
        setattr(it, f"{meter}_limit", setup.compliance)  # a range can change it: last, and read back

    @staticmethod
    def _set_range(it: KeysightB2900AChannel, name: str, full_scale: float | None) -> None:
        """A fixed range, or with None the one that it chooses."""
        setattr(it, f"{name}_auto", full_scale is None)
        if full_scale is not None:
            setattr(it, f"{name}_range", full_scale)

    def _rest(self, channel: str) -> None:
        """This channel alone: its sweep ended, level 0, then off, confirmed."""
        for line in _safe(channel):
            self.write(line)
        if self.channels[channel].output:
            raise InstrumentError(f"{self._known(channel)}: was switched off, but says that its output is on.")

    def _set_level(self, channel: str, level: float) -> None:
        setattr(self.channels[channel], _WORDS[self._setups[channel].source], level)

    def _switch_on(self, channel: str) -> None:
        setup = self._setups[channel]
        volts = max(setup.source_range or 0.0, abs(self._levels[channel])) if setup.source == "V" else setup.compliance
        if volts > INTERLOCKED and self.interlock_open:
            raise BenchError(
                f"{self._known(channel)}: {show(volts, 'V')} need the interlock, which is open. Close the test fixture (or "
                f"its interlock line), or stay below {show(INTERLOCKED, 'V')}."
            )
        self.channels[channel].output = True

    def _is_on(self, channel: str) -> bool:
        return self.channels[channel].output

    def _measure(self, channel: str, count: int) -> Readings:
        it, setup = self.channels[channel], self._setups[channel]
        self._set_range(it, f"measured_{_WORDS[setup.source]}", setup.source_range)
        it.acquire_trigger, it.acquire_count, it.acquire_delay, it.measure_wait = "AINT", count, 0.0, True
        self.write(f":INIT:ACQ (@{channel})")  # the measurement alone: the source keeps its level
        # Searching for a range measures several times.
        self.link.query("*OPC?", timeout=PATIENCE + count * (6 * setup.nplc / self._mains + 0.1))
        return self._rows(channel, np.full(count, self._levels[channel]))

    # Trains.

    def _load(self, channel: str, train: Train) -> None:
        schedule = self._schedules[channel] = schedule_of(self._known(channel), train)
        header = f":SOUR{channel}:LIST:{_FUNCTIONS[self._setups[channel].source]}"
        levels = [*schedule.levels, *(() if schedule.width else (self._levels[channel],))]
        for first in range(0, len(levels), LINE):
            values = ",".join(f"{level:.10G}" for level in levels[first : first + LINE])
            self.write(f"{header}{':APP' if first else ''} {values}")
        held = [float(value) for value in self.query(f"{header}?").split(",")]
        if len(held) != len(levels) or not np.allclose(held, levels, rtol=1e-6, atol=1e-12):
            raise InstrumentError(f"{self._known(channel)}: its list of {len(levels)} levels does not read back.")

    def _start(self, channels: Sequence[str]) -> None:
        for channel in channels:
            self._prepare(channel, self._schedules[channel])
        self.check_errors("preparing a train")
        for channel in channels:  # pulses rise from the present level
            if (base := self._base(channel)) is not None:
                self._set_level(channel, base)
        self.write(f":INIT (@{','.join(channels)})")

    def _prepare(self, channel: str, schedule: Schedule) -> None:
        it, setup = self.channels[channel], self._setups[channel]
        source = _WORDS[setup.source]
        self._set_range(it, f"measured_{source}", setup.source_range or self._covering(setup, schedule.levels))
        it.shape = "DC" if schedule.width is None else "PULS"
        if schedule.width is not None:
            it.pulse_delay, it.pulse_width = 0.0, schedule.width
        setattr(it, f"{source}_mode", "LIST")
        it.measure_wait = False
        # A search for a range takes as long as it takes: then each level waits for its measurement, and lasts its time
        # or longer.
        on_time = setup.measure_range is not None
        lead = self._measuring_time(setup.nplc) if on_time else setup.nplc / self._mains
        it.transient_trigger = it.acquire_trigger = "TIM" if on_time else "AINT"
        it.transient_interval, it.transient_delay = schedule.interval, 0.0
        it.transient_count = len(schedule.levels) + (on_time and schedule.width is None)
        it.acquire_interval, it.acquire_count = schedule.every, schedule.count
        it.acquire_delay = timed(schedule.first - lead)

    def _covering(self, setup: SourceSetup, levels: Sequence[float]) -> float:
        """The smallest range that holds all levels."""
        most = max(map(abs, levels))
        return next(r for r in self.reach.ranges(setup.source) if most <= r * self.reach.over * (1 + 1e-9))

    def _base(self, channel: str) -> float | None:
        """The base of a train that is made of the instrument's own pulses."""
        train, schedule = self._loaded[channel].train, self._schedules[channel]
        return None if schedule.width is None or not isinstance(train, Pulses) else train.base

    def _running(self) -> bool:
        """Whether a train is still running (``:STAT:OPER:COND?``). Raises InstrumentError when triggers were lost."""
        idle = sum(IDLE[channel] for channel in self._started)
        if self.operation & idle != idle:
            return True
        lost = self.questionable
        for channel in self._started:
            if lost & LOST[channel]:
                raise InstrumentError(
                    f"{self._known(channel)}: triggers were lost: a level or a measurement took longer than its time."
                )
            if self._base(channel) is not None:
                self._set_level(channel, self._levels[channel])
        return False

    def _fetch(self, channel: str, train: Train) -> Readings:
        return self._rows(channel, measured_levels(train))

    def _rows(self, channel: str, levels: NDArray[np.float64]) -> Readings:
        """The readings of the last initiation, as many as `levels`, each made at its level."""
        where = self._known(channel)
        data = self.link.query_block(f":FETC:ARR? (@{channel})", timeout=PATIENCE)
        found, rest = divmod(len(data), 8 * COLUMNS)
        if found != len(levels) or rest:
            raise InstrumentError(f"{where}: holds {found} readings, {len(levels)} were expected.")
        rows = np.frombuffer(data, "<f8").reshape(-1, COLUMNS)
        volts, amperes, times, status, sourced = (np.ascontiguousarray(column) for column in rows.T)
        if np.isnan(rows).any():
            raise InstrumentError(f"{where}: {int(np.isnan(rows).any(axis=1).sum())} readings were not made (NaN).")
        wrong = np.abs(sourced - levels) > 1e-4 * np.abs(levels).max()
        if wrong.any():
            first = int(np.argmax(wrong))
            unit = self._setups[channel].source
            raise InstrumentError(
                f"{where}: reading {first + 1} was made at {show(float(sourced[first]), unit)}, "
                f"not at {show(float(levels[first]), unit)}: source and measurement are not in step."
            )
        return self._readings(channel, times, levels, (volts, amperes), status.astype(np.int64) & LIMITED != 0)
