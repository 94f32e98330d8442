"""Rigol DS1000Z and MSO1000Z oscilloscopes, from the *MSO1000Z/DS1000Z Programming Guide*.

Facts of the guide that this file rests on:

- memory depth = sample rate x time base x 12 divisions (``:ACQuire:SRATe?``, p. 2-7); the depths on offer depend on how
  many channels are on (``:ACQuire:MDEPth``), and can only be set while the instrument runs;
- internal memory is read in the stopped state, RAW mode, at most 250 000 points at a time in BYTE format, each batch
  with its own block header (``:WAVeform:DATA?``);
- volts = (code - YORigin - YREFerence) x YINCrement and seconds = XORigin + (k - XREFerence) x XINCrement
  (``:WAVeform:PREamble?``, p. 2-226);
- ``:TRIGger:POSition?`` is -2 when nothing was triggered (p. 2-161).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from neurorig.signals import InstrumentError, LimitError, PlanError, Trace, show

from ..commands import Commanded, choice, command, integer, switch, text
from ..links import Link
from ..roles import Acquisition, ChannelSetup
from ..scpi import ScpiInstrument
from .rigol_screen import PROBES, check_level, fit_screen

DIVISIONS = 12
DEPTHS = {1: (12_000, 120_000, 1_200_000, 12_000_000), 2: (6_000, 60_000, 600_000, 6_000_000)}
DEPTHS[3] = DEPTHS[4] = (3_000, 30_000, 300_000, 3_000_000)
FASTEST = {1: 1e9, 2: 5e8, 3: 2.5e8, 4: 2.5e8}  # samples a second
BATCH = 250_000
PATIENCE = 5.0  # seconds that a change of state may take to show

TIMEBASES = tuple(m * 10.0**e for e in range(-9, 2) for m in (1, 2, 5))[2:]  # 5 ns to 50 s a division


class RigolChannel(Commanded):
    """One analog channel (``:CHANnel<n>``); every voltage is at the probe's tip."""

    shown = switch(":CHAN{n}:DISP", doc="Whether the channel is on; those that are on share the memory.")
    coupling = choice(":CHAN{n}:COUP", ("AC", "DC", "GND"), doc="Input coupling.")
    inverted = switch(":CHAN{n}:INV", doc="Whether the waveform is inverted.")
    limit = choice(":CHAN{n}:BWL", ("20M", "OFF"), doc="Bandwidth limit.")
    fine = switch(":CHAN{n}:VERN", doc="Fine adjustment of the scale; off: steps 1-2-5.")
    unit = choice(":CHAN{n}:UNIT", ("VOLT", "WATT", "AMP", "UNKN"), doc="Unit shown on the screen.")
    probe = command(":CHAN{n}:PROB", unit="", low=0.01, high=1000, doc="Attenuation of the probe.")
    scale = command(":CHAN{n}:SCAL", unit="V", low=1e-5, high=1e4, doc="Volts a division; 8 divisions on the screen.")
    offset = command(
        ":CHAN{n}:OFFS", unit="V", low=-1e5, high=1e5, tolerance=0.02, resolution=2e-3,
        doc="Volts added to the signal before the screen's middle.",
    )  # fmt: skip


@dataclass(frozen=True)
class Preamble:
    """How the bytes of one record become volts and seconds (``:WAVeform:PREamble?``, p. 2-226)."""

    format: int
    mode: int
    xincrement: float
    xorigin: float
    xreference: float
    yincrement: float
    yorigin: float
    yreference: float

    @classmethod
    def parse(cls, answer: str) -> "Preamble":
        """Read the ten numbers. Raises ValueError. `points` and `count` are left out: see `RigolDS1000Z.fetch`."""
        fields = [float(f) for f in answer.split(",")]
        if len(fields) != 10 or not fields[4] > 0 or not fields[7] > 0:
            raise ValueError(answer)
        return cls(int(fields[0]), int(fields[1]), *fields[4:])


class RigolDS1000Z(ScpiInstrument):
    """Rigol DS1000Z or MSO1000Z with four analog channels: single triggered records from the internal memory.

    Fulfils the role `Oscilloscope`. Channels are named ``"1"`` to ``"4"``. BenchError when another model answers.
    """

    driver: ClassVar[str] = "rigol_ds1000z"
    probes: ClassVar[tuple[float, ...]] = PROBES
    safe_state: ClassVar[tuple[str, ...]] = (":STOP",)

    timebase = command(":TIM:MAIN:SCAL", unit="s", low=5e-9, high=50, doc="Seconds a division; 12 on the screen.")
    delay = command(
        ":TIM:MAIN:OFFS", unit="s", low=-300, high=5000, tolerance=0.02, resolution=1e-9,
        doc="Time from the trigger to the middle of the screen.",
    )  # fmt: skip
    timebase_mode = choice(":TIM:MODE", ("MAIN", "XY", "ROLL"), doc="Horizontal mode; only MAIN is triggered.")
    acquisition_type = choice(":ACQ:TYPE", ("NORM", "AVER", "PEAK", "HRES"), doc="How samples become points.")
    depth = text(":ACQ:MDEP", doc="Points in memory for each channel, or AUTO.")
    rate = command(":ACQ:SRAT", unit="Hz", low=0, high=1e9, query_only=True, doc="Sample rate (p. 2-7).")
    trigger_mode = choice(
        ":TRIG:MODE",
        (
            "EDGE",
            "PULS",
            "RUNT",
            "WIND",
            "NEDG",
            "SLOP",
            "VID",
            "PATT",
            "DEL",
            "TIM",
            "DUR",
            "SHOL",
            "RS232",
            "IIC",
            "SPI",
        ),
        doc="Trigger type.",
    )
    trigger_coupling = choice(":TRIG:COUP", ("AC", "DC", "LFR", "HFR"), doc="Trigger coupling.")
    trigger_source = choice(
        ":TRIG:EDG:SOUR",
        ("CHAN1", "CHAN2", "CHAN3", "CHAN4", "AC", *(f"D{k}" for k in range(16))),
        doc="Source of the edge trigger.",
    )
    trigger_slope = choice(":TRIG:EDG:SLOP", ("POS", "NEG", "RFAL"), doc="Edge that triggers.")
    trigger_level = command(
        ":TRIG:EDG:LEV", unit="V", low=-1e5, high=1e5, tolerance=0.02, resolution=2e-3, doc="Level of the edge trigger."
    )
    holdoff = command(":TRIG:HOLD", unit="s", low=16e-9, high=10, doc="Time after a trigger in which none counts.")
    status = choice(
        ":TRIG:STAT", ("TD", "WAIT", "RUN", "AUTO", "STOP"), query_only=True, doc="State of the acquisition."
    )
    trigger_position = integer(
        ":TRIG:POS", low=-2, high=24_000_000, query_only=True, optional=True,
        doc="Point of the memory at which it was triggered; -2: it was not (p. 2-161).",
    )  # fmt: skip

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        link.write("*CLS")  # errors of whoever was here before
        self.channels = {
            str(n): RigolChannel(link, name=f"{self.name} channel {n}", suffix=n, warnings=self.warnings)
            for n in range(1, 5)
        }
        self._acquisition: Acquisition | None = None

    def settings(self) -> dict[str, Any]:
        """Every declared command as read back, the channels' under ``channel_1`` to ``channel_4``."""
        return super().settings() | {f"channel_{n}": c.settings() for n, c in self.channels.items()}

    # Planning: no input or output.

    def plan(self, channels: Sequence[str], duration: float, rate: float, pretrigger: float) -> Acquisition:
        """Find the smallest record: `pretrigger` seconds before the trigger, `duration` after it, at `rate` or more.

        The rate is depth / (12 x time base) and the time base steps 1-2-5, so both come out larger than asked for.
        Raises PlanError, with what would fit.
        """
        self._known(channels)
        on = len(set(channels))
        if not (duration > 0 and rate > 0 and pretrigger >= 0):
            raise PlanError(f"{self.name}: duration and rate must be positive, the pre-trigger time not negative.")
        span = duration + pretrigger
        fitting = [t for t in TIMEBASES if DIVISIONS * t >= span * (1 - 1e-9)]
        for timebase in fitting:
            for depth in DEPTHS[on]:
                got = depth / (DIVISIONS * timebase)
                if rate * (1 - 1e-9) <= got <= FASTEST[on] * (1 + 1e-9):
                    return self._acquired(channels, timebase, depth, pretrigger)
        raise PlanError(self._alternatives(on, span, rate, fitting))

    def _acquired(self, channels: Sequence[str], timebase: float, depth: int, pretrigger: float) -> Acquisition:
        settings = {"timebase": timebase, "delay": DIVISIONS / 2 * timebase - pretrigger, "depth": depth}
        rate = depth / (DIVISIONS * timebase)
        return Acquisition(rate, depth, pretrigger, tuple(dict.fromkeys(channels)), settings)

    def _alternatives(self, on: int, span: float, rate: float, fitting: Sequence[float]) -> str:
        said = (
            f"{self.name} ({self.identity.model}): {show(span, 's')} at {show(rate, 'Hz')} on {on} channels need "
            f"{span * rate:.4g} points, the memory holds {DEPTHS[on][-1]:,} a channel."
        )
        if not fitting:
            return f"{said} The longest record is {show(DIVISIONS * TIMEBASES[-1], 's')}."
        options = [f"{show(min(d / (DIVISIONS * fitting[0]), FASTEST[on]), 'Hz')} with {n} channels"
                   for n, d in ((n, DEPTHS[n][-1]) for n in dict.fromkeys((on, 2, 1)) if n <= on)]  # fmt: skip
        said += f" What fits this length: {', '.join(options)}."
        shorter = [t for t in TIMEBASES if rate <= DEPTHS[on][-1] / (DIVISIONS * t) and rate <= FASTEST[on]]
        if shorter:
            said += f" At this rate and {on} channels: {show(DIVISIONS * shorter[-1], 's')}, pre-trigger included."
        return said

    # Setting up.

    def configure(self, setups: Sequence[ChannelSetup], acquisition: Acquisition) -> None:
        """Set channels, time base and memory, every one read back.

        The instrument is left running: memory depth and time base of the next record can only be set in that state.
        Raises LimitError when a channel's range does not fit, InstrumentError when something does not read back.
        """
        wanted = {s.channel: s for s in setups}
        self._known(tuple(wanted))
        if set(wanted) != set(acquisition.channels):
            raise PlanError(
                f"{self.name}: the acquisition was planned for channels {', '.join(acquisition.channels)}, "
                f"but {', '.join(wanted)} are to be set."
            )
        vertical = {n: self._vertical(s) for n, s in wanted.items()}
        self._acquisition = None
        self.write(":RUN")
        self.timebase_mode = "MAIN"
        self.acquisition_type = "NORM"
        for n, channel in self.channels.items():
            channel.shown = n in wanted
        for n, setup in wanted.items():
            self._set_channel(self.channels[n], setup, *vertical[n])
        self.timebase = acquisition.settings["timebase"]
        self.delay = acquisition.settings["delay"]
        self._set_depth(acquisition)
        self.check_errors("setting it up")
        self._acquisition = acquisition

    def _set_channel(self, channel: RigolChannel, setup: ChannelSetup, scale: float, offset: float) -> None:
        channel.coupling = "DC"
        channel.inverted = False
        channel.fine = False
        channel.unit = "VOLT"
        channel.limit = "20M" if setup.bandwidth_limit else "OFF"
        channel.probe = float(
            setup.attenuation
        )  # first: the scales on offer depend on it, and the offsets on the scale
        channel.scale = scale
        channel.offset = offset

    def _set_depth(self, acquisition: Acquisition) -> None:
        self.write(f":ACQ:MDEP {acquisition.points}")
        if (found := self.depth) != str(acquisition.points):
            raise InstrumentError(
                f"{self.name}: memory depth was set to {acquisition.points} but reads back {found}. "
                "Check that no digital channel (LA) is on: they share the memory."
            )
        if abs((rate := self.rate) / acquisition.rate - 1) > 1e-3:
            raise InstrumentError(
                f"{self.name}: samples at {show(rate, 'Hz', 6)}, {show(acquisition.rate, 'Hz', 6)} was planned."
            )

    def _vertical(self, setup: ChannelSetup) -> tuple[float, float]:
        try:
            return fit_screen(setup)
        except LimitError as reason:
            raise LimitError(f"{self.name} channel {setup.channel}: {reason}") from reason

    @staticmethod
    def check_setup(setup: ChannelSetup, level: float | None = None) -> None:
        """Raise LimitError when a channel cannot be set so, or cannot trigger at `level` (V) when it is; no I/O."""
        scale, offset = fit_screen(setup)
        if level is not None:
            check_level(level, scale, offset)

    def trigger_on(self, channel: str, level: float, rising: bool = True) -> None:
        """Edge trigger on a channel at a level (volts at the probe tip), read back.

        Raises LimitError when the level is more than five divisions off the screen's middle (``:TRIGger:EDGe:LEVel``).
        """
        self._known((channel,))
        source = self.channels[channel]
        try:
            check_level(level, source.scale, source.offset)
        except LimitError as reason:
            raise LimitError(f"{self.name} channel {channel}: {reason}") from reason
        self.trigger_mode = "EDGE"
        self.trigger_coupling = "DC"
        self.trigger_source = f"CHAN{channel}"
        self.trigger_slope = "POS" if rising else "NEG"
        self.trigger_level = level
        self.check_errors("setting the trigger")

    # One record.

    def arm(self) -> None:
        """Start a single acquisition; return when the instrument says WAIT: its pre-trigger memory is full.

        It is stopped first, and seen to be: the status lags behind, and a WAIT or TD of before must not count. Raises
        InstrumentError when it triggers before it was to, or does not come to wait in time.
        """
        acquisition = self._planned()
        self.stop()
        self.write(":SING")
        if (status := self._awaited(("WAIT", "TD"), acquisition.pretrigger)) != "WAIT":
            self.write(":STOP")
            happened = "was triggered before anything was started" if status == "TD" else f"still says {status}"
            raise InstrumentError(
                f"{self.name}: asked to wait for a trigger, it {happened}. Check what is connected to "
                f"{self.trigger_source} and the level {show(self.trigger_level, 'V')}."
            )

    def finished(self) -> bool:
        """Whether the single acquisition is complete (``:TRIGger:STATus?`` is STOP)."""
        return self.status == "STOP"

    def stop(self) -> None:
        """End an acquisition; returns when the instrument says that it has stopped."""
        self.write(":STOP")
        if (status := self._awaited(("STOP",), 0.0)) != "STOP":
            raise InstrumentError(f"{self.name}: it does not stop; its status is {status}.")

    def _awaited(self, states: Sequence[str], longer: float) -> str:
        """The first of `states` that it comes to, or where it is after `longer` and the time that any change takes."""
        deadline = time.monotonic() + longer + PATIENCE
        while (status := self.status) not in states and time.monotonic() < deadline:
            pass  # the question itself takes its time
        return status

    def fetch(self, channel: str, progress: Callable[[int, int], None] | None = None) -> Trace:
        """The whole record of one channel: uint8 codes with the scale, offset and time of this very record.

        Volts at the probe tip; t = 0 at the trigger; `clipped` counts the codes 0 and 255. `progress(points, total)` is
        called as they arrive. InstrumentError when there is no triggered record, LinkError when it is cut short.
        """
        acquisition = self._planned()
        if channel not in acquisition.channels:
            raise InstrumentError(f"{self.name}: channel {channel} was not recorded.")
        if not self.finished():
            raise InstrumentError(f"{self.name}: the record is not complete; memory is only read when it has stopped.")
        if self.trigger_position == -2:
            raise InstrumentError(f"{self.name}: it was stopped without having been triggered; there is no record.")
        for line in (f":WAV:SOUR CHAN{channel}", ":WAV:MODE RAW", ":WAV:FORM BYTE"):
            self.write(line)
        preamble = self._preamble(acquisition)
        samples = np.empty(acquisition.points, np.uint8)
        for first in range(0, len(samples), BATCH):
            batch = samples[first : first + BATCH]
            self.write(f":WAV:STAR {first + 1}")
            self.write(f":WAV:STOP {first + len(batch)}")
            told = partial(_shifted, progress, first, len(samples)) if progress else None
            self.link.query_block(
                ":WAV:DATA?", into=batch.data, progress=told, timeout=self.link.timeout + len(batch) / 1e5
            )
        self.check_errors(f"reading channel {channel}")
        return Trace(
            name=f"{self.name}.{channel}",
            samples=samples,
            scale=preamble.yincrement,
            offset=-(preamble.yorigin + preamble.yreference) * preamble.yincrement,
            unit="V",
            t0=preamble.xorigin - preamble.xreference * preamble.xincrement,
            dt=preamble.xincrement,
            error=preamble.yincrement / 12**0.5,
            clipped=int(np.count_nonzero(samples == 0) + np.count_nonzero(samples == 255)),
        )

    def _preamble(self, acquisition: Acquisition) -> Preamble:
        # Its number of points is not used: some firmware tells the screen's 1200 in RAW mode. What counts is that each
        # batch has its full length.
        answer = self.query(":WAV:PRE?")
        try:
            found = Preamble.parse(answer)
        except ValueError as reason:
            raise InstrumentError(f"{self.name}: '{answer}' is no waveform preamble.") from reason
        if (found.format, found.mode) != (0, 2) or abs(found.xincrement * acquisition.rate - 1) > 1e-3:
            raise InstrumentError(
                f"{self.name}: the record is not the one that was planned: preamble {answer}, "
                f"expected BYTE, RAW, {show(1 / acquisition.rate, 's', 6)} a point."
            )
        return found

    def _planned(self) -> Acquisition:
        if self._acquisition is None:
            raise InstrumentError(f"{self.name}: configure it first.")
        return self._acquisition

    def _known(self, channels: Sequence[str]) -> None:
        for channel in channels or ("none",):
            if channel not in ("1", "2", "3", "4"):
                raise PlanError(f"{self.name}: no channel '{channel}'. Known: 1, 2, 3, 4.")


def _shifted(progress: Callable[[int, int], None], first: int, total: int, received: int, _: int) -> None:
    progress(first + received, total)
