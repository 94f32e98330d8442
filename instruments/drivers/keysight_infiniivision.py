"""Keysight (Agilent) InfiniiVision 2000 and 3000 X-Series oscilloscopes with four channels, from their Programmer's Guides.

Facts that this file rests on (2000: *InfiniiVision 2000 X-Series Programmer's Guide*, 3000: that of the 3000 X-Series):

- the external trigger input has a range of 8 V with a 1:1 probe, settings under ``:EXTernal`` (2000, p. 271);
- operation status condition: bit 3 while it is not stopped (3000, p. 171); ``:AER?`` is 1 once the trigger system is armed,
  and is cleared by reading it (5000 Series, p. 89); ``:TER?`` likewise once it has triggered;
- trigger levels: 0.75 x full scale, that is 6 divisions, from the screen's middle (3000T, p. 1014);
- average data have at most 1000 points (2000, p. 631), so averages are made of single deep records here;
- preamble, and volts = (code - yreference) x yincrement + yorigin (2000, p. 644); codes 0 are holes, 1 and the largest code
  are clipped (4000, p. 1243);
- a single acquisition uses the full memory, which channels 1 and 2 share, as do 3 and 4, and which segments divide (3000
  User's Guide, p. 270); sample rate = points / time of the acquisition, by leaving out samples (p. 191);
- a raw record is read whole, in one block, or every n-th point of it, as many as ``:WAVeform:POINts`` says (p. 270).

Assumed, because no page at hand says it: the depth of the memory by model and by the licences that ``*OPT?`` lists (MEMUP,
SGM), the fastest rates and the offsets' reach (data sheets). The rate is therefore asked for when it is armed, and each
record must hold what was asked for, whatever else the memory gave.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from neurorig.signals import InstrumentError, LimitError, Trace, show

from ..commands import Commanded, choice, command, integer, switch, whole
from ..links import Link
from ..roles import Acquisition, ChannelSetup
from .scope import Progress, ScopeDriver, State
from .scope_tables import Memory, Screen, steps_125

DIVISIONS = 10
EXTERNAL = 8.0
"""Volts up and down that the external trigger input takes with a 1:1 probe."""
RUNNING = 8
"""Bit 3 of the operation status condition register."""
FASTEST = {"2A": 2e9, "3A": 4e9, "3T": 5e9}
"""Samples a second with one channel of a pair on, by series; half of it with both."""
DEPTH = {("2A", False): 100_000, ("2A", True): 1_000_000, ("3A", False): 2_000_000, ("3A", True): 4_000_000,
         ("3T", False): 4_000_000, ("3T", True): 4_000_000}  # fmt: skip
"""Points of a channel alone in its pair, without and with the memory upgrade; half of it for each of two."""
POINTS = (*(round(p) for p in steps_125(1000, 2e6)), 4_000_000)
"""Points of a raw record that can be asked for (``:WAVeform:POINts``); what the memory holds beyond is left out evenly."""
SEGMENTS = {"2A": 250, "3A": 1000, "3T": 1000}


class KeysightChannel(Commanded):
    """One analog channel (``:CHANnel<n>``); every voltage is at the probe's tip."""

    shown = switch(":CHAN{n}:DISP", doc="Whether the channel is on; channels of a pair share the memory.")
    coupling = choice(":CHAN{n}:COUP", ("AC", "DC"), doc="Input coupling.")
    impedance = choice(":CHAN{n}:IMP", ("ONEM", "FIFT"), doc="Input resistance: 1 Mohm or 50 ohm.")
    inverted = switch(":CHAN{n}:INV", doc="Whether the waveform is inverted.")
    limited = switch(":CHAN{n}:BWL", doc="Low-pass of 25 MHz.")
    fine = switch(":CHAN{n}:VERN", doc="Fine adjustment of the scale; off: steps 1-2-5.")
    unit = choice(":CHAN{n}:UNIT", ("VOLT", "AMP"), doc="Unit shown on the screen.")
    probe = command(":CHAN{n}:PROB", unit="", low=0.001, high=10_000, doc="Attenuation of the probe.")
    scale = command(":CHAN{n}:SCAL", unit="V", low=1e-6, high=5e4, doc="Volts a division; 8 divisions on the screen.")
    offset = command(
        ":CHAN{n}:OFFS", unit="V", low=-5e5, high=5e5, tolerance=0.02, resolution=2e-3,
        doc="Volts in the middle of the screen.",
    )  # fmt: skip


class KeysightInfiniiVision(ScopeDriver):
    """Keysight InfiniiVision 2000 or 3000 X-Series with four channels: single triggered records from the raw memory.

    Fulfils the role `Oscilloscope`. Channels are named ``"1"`` to ``"4"``, the external trigger input ``"EXT"``. BenchError
    when another model answers.
    """

    driver: ClassVar[str] = "keysight_infiniivision"
    probes: ClassVar[tuple[float, ...]] = steps_125(0.1, 1000)
    safe_state: ClassVar[tuple[str, ...]] = (":STOP",)
    screen: ClassVar[Screen] = Screen(
        scales=steps_125(1e-3, 5),
        divisions=8,
        furthest=lambda scale: 50 if scale > 0.2 else 2,
        level_divisions=6,
        probes=steps_125(0.1, 1000),
    )

    timebase_mode = choice(":TIM:MODE", ("MAIN", "WIND", "XY", "ROLL"), doc="Horizontal mode; MAIN is triggered.")
    reference = choice(
        ":TIM:REF", ("LEFT", "CENT", "RIGH", "CUST"), doc="Place of the screen that the delay counts to."
    )
    timebase = command(":TIM:SCAL", unit="s", low=1e-9, high=50, doc="Seconds a division; 10 on the screen.")
    delay = command(
        ":TIM:POS", unit="s", low=-500, high=500, tolerance=1e-4, resolution=1e-9,
        doc="Time from the trigger to the reference.",
    )  # fmt: skip
    acquisition_mode = choice(":ACQ:MODE", ("RTIM", "ETIM", "SEGM"), doc="Real time, or segmented memory.")
    acquisition_type = choice(":ACQ:TYPE", ("NORM", "AVER", "HRES", "PEAK"), doc="How samples become points.")
    rate = command(":ACQ:SRAT", unit="Hz", low=0, high=1e10, query_only=True, doc="Sample rate of the acquisition.")
    trigger_mode = choice(
        ":TRIG:MODE",
        (
            *("EDGE", "GLIT", "PATT", "TV", "DEL", "EBUR", "OR", "RUNT", "SHOL", "TRAN", "SBUS1", "SBUS2", "USB"),
            *("NFC", "ZONE", "NONE"),
        ),
        doc="Trigger type.",
    )
    sweep = choice(":TRIG:SWE", ("AUTO", "NORM"), doc="Whether it also triggers by itself.")
    holdoff = command(":TRIG:HOLD", unit="s", low=4e-8, high=10, doc="Time after a trigger in which none counts.")
    trigger_source = choice(
        ":TRIG:EDGE:SOUR",
        (*(f"CHAN{k}" for k in range(1, 5)), "EXT", "LINE", "WGEN", "WMOD", "NONE", *(f"DIG{k}" for k in range(16))),
        doc="Source of the edge trigger.",
    )
    trigger_slope = choice(":TRIG:EDGE:SLOP", ("POS", "NEG", "EITH", "ALT"), doc="Edge that triggers.")
    trigger_coupling = choice(":TRIG:EDGE:COUP", ("AC", "DC", "LFR"), doc="Trigger coupling.")
    trigger_reject = choice(":TRIG:EDGE:REJ", ("OFF", "LFR", "HFR"), doc="Frequencies that the trigger does not see.")
    trigger_level = command(
        ":TRIG:EDGE:LEV",
        unit="V",
        low=-5e5,
        high=5e5,
        tolerance=0.02,
        resolution=2e-3,
        doc="Level of the edge trigger.",
    )
    external_probe = command(":EXT:PROB", unit="", low=0.001, high=10_000, doc="Probe on the trigger input.")
    external_range = command(
        ":EXT:RANG", unit="V", low=1e-3, high=8e4, doc="Volts up and down that the external trigger input takes."
    )
    condition = integer(
        ":OPER:COND", low=0, high=32767, query_only=True, doc="Operation status condition; bit 3: it is running."
    )

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        self.channels: dict[str, KeysightChannel] = {
            str(n): KeysightChannel(link, name=f"{self.name} channel {n}", suffix=n, warnings=self.warnings)
            for n in range(1, 5)
        }
        model, options = self.identity.model.upper(), self.query("*OPT?").upper()
        series = model[6] + ("T" if model.endswith("T") else "A")
        self._depth, fastest = DEPTH[series, "MEMUP" in options], FASTEST[series]
        self.memory = Memory(
            DIVISIONS, steps_125(5e-9, 50), self._points(1), {1: fastest, 2: fastest / 2}, "{} channel(s) of a pair"
        )
        if "SGM" in options or series == "3T":
            self.most_segments = SEGMENTS[series]
        self._is_armed = self._has_triggered = False

    def _shared(self, channels: Sequence[str]) -> int:
        return 2 if {"1", "2"} <= set(channels) or {"3", "4"} <= set(channels) else 1

    def _memory(self, segments: int) -> Memory:
        return replace(self.memory, depths=self._points(segments))

    def _points(self, segments: int) -> dict[int, tuple[int, ...]]:
        return {n: tuple(p for p in POINTS if p * n * segments <= self._depth) for n in (1, 2)}

    # Setting up.

    @classmethod
    def check_setup(cls, setup: ChannelSetup, level: float | None = None) -> None:
        """Raise LimitError when a channel cannot be set so, or cannot trigger at `level` (V) when it is; no I/O."""
        if setup.channel != "EXT":
            super().check_setup(setup, level)
            return
        reach = EXTERNAL * setup.attenuation
        if not (-reach <= setup.low < setup.high <= reach) or not -reach <= (level or 0.0) <= reach:
            raise LimitError(
                f"the external trigger input takes {show(-reach, 'V')} .. {show(reach, 'V')}, not {show(setup.low, 'V')} .. "
                f"{show(setup.high, 'V')}. Use a probe with more attenuation."
            )

    def _prepare(self, acquisition: Acquisition) -> None:
        self.stop()
        self.timebase_mode = "MAIN"
        self.reference = "CENT"
        self.acquisition_mode = "RTIM" if acquisition.segments == 1 else "SEGM"
        self.acquisition_type = "HRES" if acquisition.mode == "high_resolution" else "NORM"
        if acquisition.segments > 1:
            self.write(f":ACQ:SEGM:COUN {acquisition.segments}")
            if (found := whole(self.query(":ACQ:SEGM:COUN?"))) != acquisition.segments:
                raise InstrumentError(f"{self.name}: {acquisition.segments} segments were set, {found} read back.")

    def _show(self, channel: str, shown: bool) -> None:
        self.channels[channel].shown = shown

    def _set_channel(self, setup: ChannelSetup, scale: float, middle: float) -> None:
        channel = self.channels[setup.channel]
        channel.impedance = "ONEM"
        channel.coupling = setup.coupling
        channel.inverted = False
        channel.fine = False
        channel.unit = "VOLT"
        channel.limited = setup.bandwidth_limit
        channel.probe = float(setup.attenuation)  # first: scale and offset are at its tip
        channel.scale = scale
        channel.offset = middle

    def _set_trigger_input(self, setup: ChannelSetup) -> None:
        self.external_probe = float(setup.attenuation)
        self.external_range = EXTERNAL * setup.attenuation

    def _set_time(self, acquisition: Acquisition) -> None:
        self.timebase = acquisition.settings["timebase"]
        self.delay = acquisition.settings["delay"]

    def _lies(self, channel: str) -> tuple[float, float]:
        return self.channels[channel].scale, self.channels[channel].offset

    def _set_trigger(self, channel: str, level: float, rising: bool) -> None:
        self.trigger_mode = "EDGE"
        self.sweep = "NORM"
        self.trigger_source = channel if channel == "EXT" else f"CHAN{channel}"
        self.trigger_coupling = "DC"
        self.trigger_reject = "OFF"
        self.trigger_slope = "POS" if rising else "NEG"
        self.trigger_level = level

    def _trigger(self) -> str:
        return f"{self.trigger_source} and the level {show(self.trigger_level, 'V')}"

    # One record.

    def _single(self) -> None:
        for register in (":AER?", ":TER?"):
            self.query(register)  # reading clears what was before
        self._is_armed = self._has_triggered = False
        self.write(":SING")

    def _halt(self) -> None:
        self.write(":STOP")

    def _state(self) -> State:
        if not self.condition & RUNNING:
            return "stopped"
        self._is_armed |= self._event(":AER?")
        self._has_triggered |= self._event(":TER?")
        return "triggered" if self._has_triggered else "waiting" if self._is_armed else "filling"

    def _event(self, question: str) -> bool:
        return whole(self.query(question)) == 1

    def _triggered(self) -> bool:
        self._has_triggered |= self._event(":TER?")
        return self._has_triggered

    def _check_armed(self, acquisition: Acquisition) -> None:
        if (rate := self.rate) < acquisition.settings["asked"] * (1 - 1e-3):
            self.stop()
            raise InstrumentError(
                f"{self.name}: samples at {show(rate, 'Hz', 6)}, {show(acquisition.settings['asked'], 'Hz', 6)} was asked "
                "for. Check that no digital channel and no reference waveform is on: they share the memory."
            )

    def _record(self, channel: str, acquisition: Acquisition, segment: int, progress: Progress | None) -> Trace:
        if acquisition.segments > 1:
            self._choose(segment, acquisition)
        fine = acquisition.mode == "high_resolution"
        self.write(f":WAV:SOUR CHAN{channel}")
        self.write(f":WAV:FORM {'WORD' if fine else 'BYTE'}")
        for line in (":WAV:BYT LSBF", ":WAV:UNS ON", ":WAV:POIN:MODE RAW", f":WAV:POIN {acquisition.points}"):
            self.write(line)
        preamble = self._ask_preamble()
        first, dt = preamble.start, preamble.xincrement
        asked, until = acquisition.settings["asked"], acquisition.settings["until"]
        covers = first <= -acquisition.pretrigger + dt and first + preamble.points * dt >= until - dt
        if preamble.format != int(fine) or dt * asked > 1 + 1e-3 or not covers:
            raise InstrumentError(
                f"{self.name}: the record is not the one that was planned: {preamble} does not hold "
                f"{show(acquisition.pretrigger, 's')} before and {show(until, 's')} after the trigger at {show(asked, 'Hz')}."
            )
        samples = np.empty(preamble.points, "<u2" if fine else np.uint8)
        timeout = self.link.timeout + samples.nbytes / 1e5
        self.link.query_block(":WAV:DATA?", into=samples.data, progress=progress, timeout=timeout)
        if holes := int(np.count_nonzero(samples == 0)):
            raise InstrumentError(f"{self.name}: {holes} points of channel {channel} were not acquired (holes).")
        step = preamble.yincrement * (16 if fine else 1)  # high resolution: 12 bits at most
        return Trace(
            name=f"{self.name}.{channel}",
            samples=samples,
            scale=preamble.yincrement,
            offset=preamble.yorigin - preamble.yreference * preamble.yincrement,
            unit="V",
            t0=first,
            dt=dt,
            error=step / 12**0.5,
            clipped=int(np.count_nonzero(samples == 1) + np.count_nonzero(samples == np.iinfo(samples.dtype).max)),
        )

    def _choose(self, segment: int, acquisition: Acquisition) -> None:
        """Select a segment to be read."""
        if (found := whole(self.query(":WAV:SEGM:COUN?"))) != acquisition.segments:
            raise InstrumentError(f"{self.name}: {found} of {acquisition.segments} segments were triggered.")
        self.write(f":ACQ:SEGM:IND {segment + 1}")
        if (found := whole(self.query(":ACQ:SEGM:IND?"))) != segment + 1:
            raise InstrumentError(f"{self.name}: segment {segment + 1} was chosen, {found} reads back.")

    def segment_times(self) -> tuple[float, ...]:
        """When each segment was triggered, in seconds since the first (``:WAVeform:SEGMented:TTAG?``)."""
        acquisition = self._planned()
        if acquisition.segments == 1:
            return super().segment_times()
        times = []
        for segment in range(acquisition.segments):
            self._choose(segment, acquisition)
            times.append(float(self.query(":WAV:SEGM:TTAG?")))
        return tuple(t - times[0] for t in times)

    def screenshot(self) -> bytes:
        """What the screen shows, as a PNG file (``:DISPlay:DATA? PNG,COLor``)."""
        return self._picture(":DISP:DATA? PNG,COL")

    def settings(self) -> dict[str, Any]:
        """Every declared command as read back, the channels' under ``channel_1`` and so on, the licences."""
        return super().settings() | {"options": self.query("*OPT?")}
