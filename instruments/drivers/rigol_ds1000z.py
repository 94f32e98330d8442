"""Rigol DS1000Z and MSO1000Z oscilloscopes, from the *MSO1000Z/DS1000Z Programming Guide*.

Facts of the guide that this file rests on:

- memory depth = sample rate x time base x 12 divisions (``:ACQuire:SRATe?``, p. 2-7); the depths on offer depend on how
  many channels are on (``:ACQuire:MDEPth``), and can only be set while the instrument runs;
- internal memory is read in the stopped state, RAW mode, at most 250 000 points at a time in BYTE format, each batch
  with its own block header (``:WAVeform:DATA?``);
- volts = (code - YORigin - YREFerence) x YINCrement and seconds = XORigin + (k - XREFerence) x XINCrement
  (``:WAVeform:PREamble?``, p. 2-226);
- ``:TRIGger:POSition?`` is -2 when nothing was triggered (p. 2-161);
- the screen comes as a PNG file with ``:DISPlay:DATA? ON,OFF,PNG`` (p. 2-63).

Not used: ``:ACQuire:TYPE AVERages``, because the guide does not tell when a single average is complete (see `ScopeDriver`);
waveform recording as segments, because its frames carry no times, and nothing in what is read tells which frame it is of (users
of real ones get the frame before when they ask too early).
"""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np

from neurorig.signals import InstrumentError, Trace, show

from ..commands import Command, Commanded, choice, command, plain, switch, text
from ..links import Link
from ..roles import Acquisition, ChannelSetup
from .preamble import Preamble
from .scope import Progress, ScopeDriver, State
from .scope_tables import Memory, Screen, steps_125

DIVISIONS = 12
DEPTHS = {1: (12_000, 120_000, 1_200_000, 12_000_000), 2: (6_000, 60_000, 600_000, 6_000_000)}
DEPTHS[3] = DEPTHS[4] = (3_000, 30_000, 300_000, 3_000_000)
FASTEST = {1: 1e9, 2: 5e8, 3: 2.5e8, 4: 2.5e8}  # samples a second
PROBES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
STATES: dict[str, State] = {
    "RUN": "filling",
    "AUTO": "filling",
    "WAIT": "waiting",
    "TD": "triggered",
    "STOP": "stopped",
}


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


class RigolDS1000Z(ScopeDriver):
    """Rigol DS1000Z or MSO1000Z with four analog channels: single triggered records from the internal memory.

    Fulfils the role `Oscilloscope`. Channels are named ``"1"`` to ``"4"``. BenchError when another model answers.
    """

    driver: ClassVar[str] = "rigol_ds1000z"
    probes: ClassVar[tuple[float, ...]] = PROBES
    safe_state: ClassVar[tuple[str, ...]] = (":STOP",)
    screen: ClassVar[Screen] = Screen(
        scales=steps_125(1e-3, 10),
        divisions=8,  # the 256 codes reach a little further
        furthest=lambda scale: 100 if scale >= 0.5 else 2,  # :CHANnel<n>:OFFSet
        level_divisions=5,  # :TRIGger:EDGe:LEVel
        probes=PROBES,
    )
    memory = Memory(DIVISIONS, steps_125(5e-9, 50), DEPTHS, FASTEST)
    words: ClassVar[bool] = False
    """Whether a point is two bytes."""
    batch: ClassVar[int] = 250_000
    """Points that one read may have."""
    step: ClassVar[int] = 1
    """Codes between two values of the converter."""
    channel_class: ClassVar[type[RigolChannel]] = RigolChannel

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
        ":TRIG:EDGE:SOUR",
        ("CHAN1", "CHAN2", "CHAN3", "CHAN4", "AC", *(f"D{k}" for k in range(16))),
        doc="Source of the edge trigger.",
    )
    trigger_slope = choice(":TRIG:EDGE:SLOP", ("POS", "NEG", "RFAL"), doc="Edge that triggers.")
    trigger_level = command(
        ":TRIG:EDGE:LEV",
        unit="V",
        low=-1e5,
        high=1e5,
        tolerance=0.02,
        resolution=2e-3,
        doc="Level of the edge trigger.",
    )
    holdoff = command(":TRIG:HOLD", unit="s", low=16e-9, high=10, doc="Time after a trigger in which none counts.")
    status = choice(
        ":TRIG:STAT", ("TD", "WAIT", "RUN", "AUTO", "STOP"), query_only=True, doc="State of the acquisition."
    )
    trigger_position = Command(
        ":TRIG:POS", "Point of the memory at which it was triggered; -2: it was not (p. 2-161).",
        lambda answer: int(float(answer)), None, low=-2, high=50_000_000, optional=True,
    )  # fmt: skip

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        self.channels: dict[str, RigolChannel] = {
            str(n): self.channel_class(link, name=f"{self.name} channel {n}", suffix=n, warnings=self.warnings)
            for n in range(1, 5)
        }

    def _shared(self, channels: Sequence[str]) -> int:
        return len(channels)

    # Setting up.

    def _prepare(self, acquisition: Acquisition) -> None:
        self.write(":RUN")  # memory depth and time base of the next record can only be set in that state
        self.timebase_mode = "MAIN"
        self.acquisition_type = "HRES" if acquisition.mode == "high_resolution" else "NORM"

    def _show(self, channel: str, shown: bool) -> None:
        self.channels[channel].shown = shown

    def _set_channel(self, setup: ChannelSetup, scale: float, middle: float) -> None:
        channel = self.channels[setup.channel]
        channel.coupling = setup.coupling
        channel.inverted = False
        channel.fine = False
        channel.unit = "VOLT"
        channel.limit = "20M" if setup.bandwidth_limit else "OFF"
        channel.probe = float(setup.attenuation)  # first: the scales on offer depend on it, the offsets on the scale
        channel.scale = scale
        channel.offset = -middle

    def _set_time(self, acquisition: Acquisition) -> None:
        self.timebase = acquisition.settings["timebase"]
        self.delay = acquisition.settings["delay"]
        self.write(f":ACQ:MDEP {acquisition.points}")
        found = self.depth
        if plain(found) != plain(str(acquisition.points)):
            raise InstrumentError(
                f"{self.name}: memory depth was set to {acquisition.points} but reads back {found}. "
                "Check that no digital channel (LA) is on: they share the memory."
            )
        if abs((rate := self.rate) / acquisition.rate - 1) > 1e-3:
            raise InstrumentError(
                f"{self.name}: samples at {show(rate, 'Hz', 6)}, {show(acquisition.rate, 'Hz', 6)} was planned."
            )

    def _lies(self, channel: str) -> tuple[float, float]:
        return self.channels[channel].scale, -self.channels[channel].offset

    def _set_trigger(self, channel: str, level: float, rising: bool) -> None:
        self.trigger_mode = "EDGE"
        self.trigger_coupling = "DC"
        self.trigger_source = f"CHAN{channel}"
        self.trigger_slope = "POS" if rising else "NEG"
        self.trigger_level = level

    def _trigger(self) -> str:
        return f"{self.trigger_source} and the level {show(self.trigger_level, 'V')}"

    # One record.

    def _single(self) -> None:
        self.write(":SING")

    def _halt(self) -> None:
        self.write(":STOP")

    def _state(self) -> State:
        return STATES[self.status]

    def _triggered(self) -> bool:
        return self.trigger_position != -2

    def _record(self, channel: str, acquisition: Acquisition, segment: int, progress: Progress | None) -> Trace:
        for line in (f":WAV:SOUR CHAN{channel}", ":WAV:MODE RAW", f":WAV:FORM {'WORD' if self.words else 'BYTE'}"):
            self.write(line)
        preamble = self._preamble(acquisition)
        samples = np.empty(acquisition.points, "<u2" if self.words else np.uint8)
        for first in range(0, len(samples), self.batch):
            batch = samples[first : first + self.batch]
            self.write(f":WAV:STAR {first + 1}")
            self.write(f":WAV:STOP {first + len(batch)}")
            told = partial(_shifted, progress, first * samples.itemsize, samples.nbytes) if progress else None
            self.link.query_block(
                ":WAV:DATA?", into=batch.data, progress=told, timeout=self.link.timeout + batch.nbytes / 1e5
            )
        return Trace(
            name=f"{self.name}.{channel}",
            samples=samples,
            scale=preamble.yincrement,
            offset=-(preamble.yorigin + preamble.yreference) * preamble.yincrement,
            unit="V",
            t0=preamble.start,
            dt=preamble.xincrement,
            error=self.step * preamble.yincrement / 12**0.5,
            clipped=int(
                np.count_nonzero(samples < self.step)
                + np.count_nonzero(samples > np.iinfo(samples.dtype).max - self.step)
            ),
        )

    def _preamble(self, acquisition: Acquisition) -> Preamble:
        # Its number of points is not used: some firmware tells the screen's 1200 in RAW mode. What counts is that each
        # batch has its full length.
        found = self._ask_preamble()
        if (found.format, found.type) != (int(self.words), 2) or abs(found.xincrement * acquisition.rate - 1) > 1e-3:
            raise InstrumentError(
                f"{self.name}: the record is not the one that was planned: preamble {found}, "
                f"expected {'WORD' if self.words else 'BYTE'}, RAW, {show(1 / acquisition.rate, 's', 6)} a point."
            )
        return found

    def screenshot(self) -> bytes:
        """What the screen shows, as a PNG file (``:DISPlay:DATA?``, p. 2-63; old firmware knows only BMP and is told so)."""
        return self._picture(":DISP:DATA? ON,OFF,PNG")


def _shifted(progress: Progress, first: int, total: int, received: int, _: int) -> None:
    progress(first + received, total)
