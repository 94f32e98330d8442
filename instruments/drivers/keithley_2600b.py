"""Keithley 2600B SourceMeters with two channels, from the reference manual 2600BS-901-01 (Rev. F; pages are its).

Facts of the manual that this file rests on:

- everything is Lua: attributes are set by assignment and asked for by ``print`` (5-3); it knows the common commands too;
- a measured range must reach the limit; what is sourced is measured on the source's range (2-26);
- ``smuX.measure.iv(i, v)`` measures both, one after the other, into two reading buffers;
- bit 6 (0x40) of a reading's status: the source was limited (9-34);
- ``printbuffer`` gives the elements of several buffers in turn; in binary after ``#0``, with a line feed at the end; it and
  `printnumber` alone follow ``format.data`` (9-101, 9-171), so `print` always answers in text;
- ``smuX.trigger.initiate()`` returns at once (9-263); bits 1 and 2 of the sweeping register tell who still sweeps (9-327);
- the line ``abort`` ends a script that runs; while one is loaded it is collected as any line is (6-4);
- the interlock (2612B and above) is bit 11 of the measurement register (9-283); without it nothing above 20 V comes out.

Assumed: a measurement takes its aperture and 40 us for each quantity, a new level 0.1 ms (from the reading rates of the data
sheet); 10 000 levels fit (a dedicated buffer holds 60 000 readings).
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import BenchError, InstrumentError, PlanError, show

from ..commands import Commanded, command
from ..links import Link
from ..sourcing import Pulses, Quantity, Readings, SourceSetup, Train
from ..tsp import TspInstrument, tsp, tsp_choice, tsp_switch
from .keithley_2600b_script import AFTER, FUNCTIONS, levels_of_points, measurements_of_points, preparing, uploading
from .source_meter import SourceMeterBase
from .source_reach import Reach
from .source_trains import measured_levels

CHUNK = 1000  # readings of one transfer
COLUMNS = 4  # amperes, volts, time, status
LIMITED = 0x40
INTERLOCK = 1 << 11
INTERLOCKED = 21.0  # volts that need the interlock
SWEEPING = {"a": 2, "b": 4}
PATIENCE = 5.0  # seconds beyond the measuring time for an answer

_LETTERS: dict[Quantity, str] = {"V": "v", "A": "i"}
_WORDS: dict[Quantity, str] = {"V": "volts", "A": "amperes"}  # how the names of the declared commands begin

_DECADES = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)


def _reach(
    volts: tuple[float, ...], amperes: tuple[float, ...], least: tuple[float, float], *together: tuple[float, float]
) -> Reach:
    return Reach(volts, amperes, together, over=1.01, least=least, nplc=(0.001, 25.0))


_2602B = _reach((0.1, 1.0, 6.0, 40.0), (*_DECADES, 3.0), (0.01, 1e-8), (6.0, 3.0), (40.0, 1.0))
_2612B = _reach((0.2, 2.0, 20.0, 200.0), (*_DECADES, 1.5), (0.02, 1e-8), (20.0, 1.5), (200.0, 0.1))
_2636B = _reach((0.2, 2.0, 20.0, 200.0), (1e-9, 1e-8, *_DECADES, 1.5), (0.02, 1e-10), (20.0, 1.5), (200.0, 0.1))
REACHES = {
    "2602B": _2602B, "2604B": _2602B, "2612B": _2612B, "2614B": _2612B, "2634B": _2636B, "2636B": _2636B,
}  # fmt: skip


class Keithley2600BChannel(Commanded):
    """One source-measure unit, ``smua`` or ``smub``."""

    output = tsp_switch("smu{n}.source.output", doc="Output; off: high impedance, the relay open.")
    off_mode = tsp_choice(
        "smu{n}.source.offmode", {"NORMAL": 0, "ZERO": 1, "HIGH_Z": 2}, doc="Output-off mode."
    )  # fmt: skip
    source = tsp_choice("smu{n}.source.func", {"DCAMPS": 0, "DCVOLTS": 1}, doc="What is sourced.")
    volts = tsp(
        command(
            "smu{n}.source.levelv", unit="V", low=-202, high=202, resolution=1e-6, doc="Level of the voltage source."
        )
    )
    amperes = tsp(
        command(
            "smu{n}.source.leveli", unit="A", low=-3.03, high=3.03, resolution=1e-12, doc="Level of the current source."
        )
    )
    volts_range = tsp(
        command("smu{n}.source.rangev", unit="V", low=0.1, high=200, doc="Full scale of the voltage source.")
    )
    amperes_range = tsp(
        command("smu{n}.source.rangei", unit="A", low=1e-9, high=3, doc="Full scale of the current source.")
    )
    volts_auto = tsp_switch("smu{n}.source.autorangev", doc="Whether the voltage source chooses its range.")
    amperes_auto = tsp_switch("smu{n}.source.autorangei", doc="Whether the current source chooses its range.")
    amperes_limit = tsp(
        command("smu{n}.source.limiti", unit="A", low=1e-10, high=3.03, doc="Current limit of the voltage source.")
    )
    volts_limit = tsp(
        command("smu{n}.source.limitv", unit="V", low=0.01, high=202, doc="Voltage limit of the current source.")
    )
    source_delay = tsp(
        command("smu{n}.source.delay", unit="s", low=-1, high=1e5, doc="After each level; -1: automatic.")
    )
    measure_delay = tsp(
        command("smu{n}.measure.delay", unit="s", low=-1, high=1e5, doc="Before each measurement; -1: automatic.")
    )
    measured_volts_range = tsp(
        command("smu{n}.measure.rangev", unit="V", low=0.1, high=200, doc="Full scale of the voltmeter.")
    )
    measured_amperes_range = tsp(
        command("smu{n}.measure.rangei", unit="A", low=1e-10, high=3, doc="Full scale of the ammeter.")
    )
    measured_volts_auto = tsp_switch("smu{n}.measure.autorangev", doc="Whether the voltmeter chooses its range.")
    measured_amperes_auto = tsp_switch("smu{n}.measure.autorangei", doc="Whether the ammeter chooses its range.")
    nplc = tsp(command("smu{n}.measure.nplc", unit="", low=0.001, high=25, doc="Aperture, periods of the mains."))
    count = tsp(command("smu{n}.measure.count", unit="", low=1, high=60000, doc="Readings of one request."))
    autozero = tsp_choice(
        "smu{n}.measure.autozero", {"OFF": 0, "ONCE": 1, "AUTO": 2}, doc="When zero and reference are measured anew."
    )
    sense = tsp_choice("smu{n}.sense", {"LOCAL": 0, "REMOTE": 1}, doc="Two wires (local) or four (remote).")
    timestamps = tsp_switch("smu{n}.nvbuffer1.collecttimestamps", doc="Whether readings carry their time.")


class Keithley2600B(SourceMeterBase[Keithley2600BChannel], TspInstrument):
    """Keithley 2602B, 2604B, 2612B, 2614B, 2634B or 2636B: both channels source and measure, staircases, lists and pulses.

    Fulfils the role `SourceMeter`. Channels ``"a"`` and ``"b"``. Raises BenchError when another model answers.
    """

    driver: ClassVar[str] = "keithley_2600b"
    safe_state: ClassVar[tuple[str, ...]] = (
        "abort", "smua.abort()", "smub.abort()",
        "smua.source.levelv = 0", "smua.source.leveli = 0", "smub.source.levelv = 0", "smub.source.leveli = 0",
        "smua.source.output = 0", "smub.source.output = 0",
    )  # fmt: skip
    """Until a script that runs has ended nothing else is done, so it is aborted first, then the sweeps."""
    off_answers: ClassVar[tuple[tuple[str, str], ...]] = (
        ("print(smua.source.output)", "0"),
        ("print(smub.source.output)", "0"),
    )
    most_steps: ClassVar[int] = 10_000
    most_readings: ClassVar[int] = 60_000
    least_step: ClassVar[float] = 0.1e-3
    longest_step: ClassVar[float] = 25e3  # a period has four, a timer 100 ks at most (9-383)

    line_frequency = tsp(
        command("localnode.linefreq", unit="Hz", low=50, high=60, query_only=True, doc="Mains, as it is set.")
    )
    sweeping = tsp(
        command(
            "status.operation.sweeping.condition", unit="", low=0, high=65535, query_only=True,
            doc="Who sweeps: bit 1 channel a, bit 2 channel b.",
        )
    )  # fmt: skip
    condition = tsp(
        command(
            "status.measurement.condition", unit="", low=0, high=65535, query_only=True,
            doc="Measurement register; bit 11: interlock or output enable asserted.",
        )
    )  # fmt: skip
    precision = tsp(command("format.asciiprecision", unit="", low=1, high=16, doc="Digits of a printed number."))
    data_format = tsp_choice("format.data", {"ASCII": 1, "REAL32": 2, "REAL64": 3}, doc="How readings are sent.")
    byte_order = tsp_choice(
        "format.byteorder", {"BIGENDIAN": 0, "LITTLEENDIAN": 1}, doc="Order of the bytes of readings."
    )
    prompts = tsp_switch("localnode.prompts", doc="Whether a prompt follows each line.")
    shows_errors = tsp_switch("localnode.showerrors", doc="Whether errors are sent unasked.")

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        self.reach = REACHES[self.identity.model.split()[-1].upper()]
        self.channels = {
            n: Keithley2600BChannel(link, name=f"{self.name} channel {n}", suffix=n, warnings=self.warnings)
            for n in "ab"
        }
        self._begin()
        self.write("reset()")
        self.write("errorqueue.clear()")
        self.write("format.asciiprecision = 16")  # before anything is read back
        self.prompts = self.shows_errors = False
        self.data_format, self.byte_order = "REAL64", "LITTLEENDIAN"
        for letter, channel in self.channels.items():
            self._clear(letter)  # what a program that was broken off has left there fixes the buffers' settings
            channel.off_mode = "HIGH_Z"
            channel.source_delay = channel.measure_delay = 0.0
            channel.timestamps = True
        self._mains = self.line_frequency
        self._has_script = False
        self.check_errors("connecting")

    def _measuring_time(self, nplc: float) -> float:
        return 2 * (nplc / self._mains + 40e-6)

    def _check_model_train(self, channel: str, setup: SourceSetup, train: Train) -> None:
        if not isinstance(train, Pulses) or train.read is None:
            return
        least = 2 * self._measuring_time(setup.nplc) + 2 * AFTER
        if (period := train.width + 2 * train.gap + train.read_width) < least:
            raise PlanError(
                f"{self._known(channel)}: a pulse with its read and gaps takes {show(period, 's')}, and two measurements must "
                f"have room in it: {show(least, 's')} with nplc {setup.nplc:g}. Make the gaps longer or the aperture shorter."
            )

    def _configure(self, channel: str, setup: SourceSetup) -> None:
        it = self.channels[channel]
        self._rest(channel)
        source, meter = _WORDS[setup.source], _WORDS[setup.measures]
        it.source = "DCVOLTS" if setup.source == "V" else "DCAMPS"
        it.sense = "REMOTE" if setup.wires == 4 else "LOCAL"
        it.nplc, it.autozero = setup.nplc, "AUTO"
        wanted: dict[str, Any] = {
            f"measured_{source}_auto": False,  # it is the source's range; and asynchronous measurements take no other (5043)
            f"measured_{meter}_auto": True,  # before the limit, which must go with a measuring range that is fixed
            **({f"{source}_auto": True} if setup.source_range is None else {f"{source}_range": setup.source_range}),
            f"{meter}_limit": setup.compliance,
            **({} if setup.measure_range is None else {f"measured_{meter}_range": setup.measure_range}),
        }
        for name, value in wanted.items():
            setattr(it, name, value)
        setattr(it, f"{meter}_limit", setup.compliance)  # a range can change it: last, and read back

    def _rest(self, channel: str) -> None:
        """This channel alone: its sweep ended, level 0, then off, confirmed."""
        it = self.channels[channel]
        self.write(f"smu{channel}.abort()")
        it.volts = it.amperes = 0.0
        it.output = False

    def _set_level(self, channel: str, level: float) -> None:
        setattr(self.channels[channel], _WORDS[self._setups[channel].source], level)

    def _switch_on(self, channel: str) -> None:
        setup = self._setups[channel]
        volts = max(setup.source_range or 0.0, abs(self._levels[channel])) if setup.source == "V" else setup.compliance
        if volts > INTERLOCKED and self.reach.volts[-1] > 40 and not int(self.condition) & INTERLOCK:
            raise BenchError(
                f"{self.name} channel {channel}: {show(volts, 'V')} need the interlock, which is not asserted. Close the "
                f"test fixture (or its interlock line), or stay below {show(INTERLOCKED, 'V')}."
            )
        self.channels[channel].output = True

    def _is_on(self, channel: str) -> bool:
        return self.channels[channel].output

    def _measure(self, channel: str, count: int) -> Readings:
        it, setup = self.channels[channel], self._setups[channel]
        it.autozero = "AUTO"
        it.count = float(count)
        self._clear(channel)
        self.write(f"smu{channel}.measure.iv(smu{channel}.nvbuffer1, smu{channel}.nvbuffer2)")
        # Both quantities, with zero and reference measured anew, and a range to be found.
        seconds = count * (6 * setup.nplc / self._mains + 0.1)
        return self._rows(channel, np.full(count, self._levels[channel]), seconds)

    def _clear(self, channel: str) -> None:
        for buffer in (1, 2):
            self.write(f"smu{channel}.nvbuffer{buffer}.clear()")

    # Trains.

    def _load(self, channel: str, train: Train) -> None:
        if not self._has_script:
            for line in FUNCTIONS:
                self.write(line)
            self.check_errors("giving it its functions")
            self._has_script = True
        for line in uploading(channel, train):
            self.write(line)

    def _start(self, channels: Sequence[str]) -> None:
        for channel in channels:
            train, setup = self._loaded[channel].train, self._setups[channel]
            it = self.channels[channel]
            it.count, it.autozero = 1.0, "ONCE"
            self.write(preparing(channel, _LETTERS[setup.source], train, self._measuring_time(setup.nplc)))
            self._clear(channel)
        self.check_errors("preparing a train")
        for channel in channels:  # pulses go back to the programmed level
            if isinstance(train := self._loaded[channel].train, Pulses):
                setattr(self.channels[channel], _WORDS[self._setups[channel].source], train.base)
        self.write(" ".join(f"smu{channel}.trigger.initiate()" for channel in channels))

    def reconnect(self) -> None:
        """Open a link that was dropped once more; every channel must be configured again."""
        self._has_script = False  # it may have been switched off meanwhile
        super().reconnect()

    def _running(self) -> bool:
        """As ``status.operation.sweeping`` says."""
        if int(self.sweeping) & sum(SWEEPING[channel] for channel in self._started):
            return True
        for channel in self._started:
            train = self._loaded[channel].train
            if isinstance(train, Pulses):  # the base was the programmed level
                self._set_level(channel, self._levels[channel])
            found, awaited = self._held(channel), len(levels_of_points(train))
            if found < awaited:
                self.check_errors("running a train")
                raise InstrumentError(
                    f"{self.name} channel {channel}: the train ended after {found} of {awaited} readings."
                )
        return False

    def _fetch(self, channel: str, train: Train) -> Readings:
        levels = np.repeat(measured_levels(train), 2 if measurements_of_points(train).step == 2 else 1)
        return self._rows(channel, levels, 0.0, measurements_of_points(train))

    def _held(self, channel: str, seconds: float = 0.0) -> int:
        """How many readings the buffer of a channel holds, asked for while up to `seconds` of measuring may go on."""
        return int(float(self.link.query(f"print(smu{channel}.nvbuffer1.n)", timeout=PATIENCE + seconds)))

    def _rows(self, channel: str, levels: NDArray[np.float64], seconds: float, wanted: slice = slice(None)) -> Readings:
        """The first readings of the buffers, as many as `levels`; those `wanted` of them."""
        if (found := self._held(channel, seconds)) < len(levels):
            raise InstrumentError(
                f"{self.name} channel {channel}: holds {found} readings, {len(levels)} were expected."
            )
        rows = np.empty((len(levels), COLUMNS), "<f8")
        amperes, volts = f"smu{channel}.nvbuffer1", f"smu{channel}.nvbuffer2"
        for first in range(0, len(rows), CHUNK):
            chunk = rows[first : first + CHUNK]
            span = f"{first + 1}, {first + len(chunk)}"
            line = (
                f"printbuffer({span}, {amperes}.readings, {volts}.readings, {amperes}.timestamps, {amperes}.statuses)"
            )
            self.link.query_block(line, into=chunk.data, timeout=PATIENCE)
        currents, voltages, times, status = (np.ascontiguousarray(column) for column in rows[wanted].T)
        return self._readings(
            channel, times, levels[wanted], (voltages, currents), status.astype(np.int64) & LIMITED != 0
        )
