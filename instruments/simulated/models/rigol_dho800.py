"""A simulated Rigol DHO804, from the *DHO800/DHO900 Programming Guide* (April 2025).

Sections read: overlapped commands 2.3, root commands 3.1, ``:ACQuire`` 3.3, ``:CHANnel<n>`` 3.6, ``:TIMebase`` 3.26,
``:RECord`` 3.19, ``:TRIGger`` 3.27.1 to 3.27.9, ``:WAVeform`` 3.28, reading waveforms 4.3. The preambles that users of
real ones have published give the reference of words, 32768, and the form of the numbers.

Other trigger types than the edge, UltraAcquire, zoom and XY, statistics, mathematics, playback and the time of a frame are not
simulated: their headers are undefined (-113), their keywords illegal (-224).

Where the guide is silent this is assumed, with (*) if users of real ones have seen it:

- a scale between two steps goes to the next larger one, unless the vernier is on; the offset keeps its place on the screen,
  in divisions, when scale or probe ratio change;
- a depth that the memory has no room for is -224, in the stopped state -221; more channels make it the deepest there is;
- words are 16 times the converter's twelve bits, averages have what lies between; a byte has 25 steps a division and the
  reference 128, as in the guide's example, and ends at its ends;
- from 50 ms a division on, with ``:TIMebase:ROLL`` on, nothing triggers (guide): the record is complete when the screen
  is full, and the delay does not count;
- the first point is ``offset - half the screen`` after the trigger; the whole memory may be read at once, the lower byte of
  a word first; text has no block around it (guide);
- a setting that shapes the record begins a running acquisition anew; ``:RUN`` after ``:SINGle`` goes back to the sweep mode
  that was set before; ``:STOP`` keeps the last complete record; ``:TRIGger:STATus?`` lags by 0.1 s (*);
- as many frames can be recorded as the memory holds; recording starts with its own command and stops when all are there;
  the last frame is then the current one;
- reading RAW while running, a channel that was off, or points that do not exist gives an empty block and an error;
- the trigger's hysteresis is 0.3 division, 0.6 with noise rejection, and its coupling does not matter.
"""

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..arguments import ScpiError, boolean, choice, integer
from ..device import Block, Setting
from ..grammar import on
from ..measuring import measure
from ..screen import BLUE, CYAN, MAGENTA, YELLOW, Drawn, bmp, draw, png
from .dho800_setup import ACROSS, CHANNELS, DOWN, STEP, WORDS_PER_DIVISION, Dho800Setup, nr3
from .rigol_screen import CHANNEL, ITEM, ITEMS, NO_VALUE

SCREEN_POINTS = 1000
BYTES_PER_DIVISION = 25
FORMATS, MODES = ("BYTE", "WORD", "ASC"), ("NORM", "MAX", "RAW")
COLOURS = dict(zip(CHANNELS, (YELLOW, CYAN, MAGENTA, BLUE), strict=True))


class SimulatedRigolDho800(Dho800Setup):
    """Four analog channels of 12 bits looking at `inputs` (keys ``"1"`` to ``"4"``; a missing one is open).

    `probes` are the attenuations of the real probes on the inputs (default 1): volts are right if ``:CHANnel<n>:PROBe``
    says the same. `noise` is the standard deviation in parts of the screen's height. Free of I/O: see `Server`.
    """

    typical_time: ClassVar[float] = 5e-3
    transfer_rate: ClassVar[float] = 5e6
    """Bytes a second of ``:WAVeform:DATA?`` over LAN (assumed)."""
    status_lag: ClassVar[float] = 0.1

    source = Setting(":WAVeform:SOURce", CHANNEL, "CHAN1")
    mode = Setting(":WAVeform:MODE", choice("NORMal", "MAXimum", "RAW"), "NORM")
    format = Setting(":WAVeform:FORMat", choice("WORD", "BYTE", "ASCii"), "BYTE")
    first_point = Setting(":WAVeform:STARt", integer(1, 50_000_000), 1)
    last_point = Setting(":WAVeform:STOP", integer(1, 50_000_000), SCREEN_POINTS)
    measured = Setting(":MEASure:SOURce", CHANNEL, "CHAN1")
    recording_prompt = Setting(":RECord:WRECord:PROMpt", boolean, True)

    def reset(self) -> None:
        """The default state."""
        self.recording_enabled = False
        super().reset()

    # Run control

    @on(":RUN")
    def _run(self) -> None:
        if self.sweep == "SING":
            self.sweep = self.sweep_before
        self.recording = False
        self.begin()

    @on(":STOP")
    def _stop(self) -> None:
        self.recording = False
        self.digitiser.stop()

    @on(":SINGle")
    def _single(self) -> None:
        if self.recording_enabled:
            raise ScpiError(-221, "waveform recording is on")
        self.set_sweep("SING")

    @on(":TFORce")
    def _force(self) -> None:
        if self.sweep != "AUTO":
            self.digitiser.force()

    @on(":CLEar")
    def _clear(self) -> None:
        self.digitiser.clear()

    @on(":AUToset", cost=2.0)
    def _autoset(self) -> None:
        """Accepted and without effect: what it would choose is nowhere said."""

    @on(":TRIGger:STATus?", progress=True)
    def _status(self) -> str:
        return self.digitiser.shown(self.status_lag)

    @on(":TRIGger:POSition?")
    def _position(self) -> str:
        plan = self.plan_of_record()
        return nr3(plan.before * plan.rate)

    # The record

    @on(":WAVeform:DATA?")
    def _data(self) -> Block | str:
        try:
            levels = self._points()
        except ScpiError as error:
            self.fail(error)
            return Block(b"", 9)
        words = levels.astype(np.float32) * STEP
        step, origin, reference = self._vertical()
        if self.format == "WORD":
            data = np.rint(words).astype("<u2").tobytes()
        else:
            steps = (words - 0x8000) * (BYTES_PER_DIVISION / WORDS_PER_DIVISION)
            if self.format == "ASC":
                text = ",".join(nr3((float(each) - origin) * step) for each in steps)
                self.world.spend(len(text) / self.transfer_rate)
                return text
            data = np.clip(np.rint(steps + reference), 0, 255).astype(np.uint8).tobytes()
        self.world.spend(len(data) / self.transfer_rate)
        return Block(data, 9)

    @on(":WAVeform:PREamble?")
    def _preamble(self) -> str:
        step, origin, reference = self._vertical()
        interval, start = self._horizontal()
        return (
            f"{FORMATS.index(self.format)},{MODES.index(self.mode)},{self._available()},{self.plan_of_record().averages},"
            f"{nr3(interval)},{nr3(start)},0,{nr3(step)},{origin},{reference}"
        )

    @on(":WAVeform:POINts", integer(1, 50_000_000))
    def _set_points(self, points: int) -> None:
        if points > self._available():
            raise ScpiError(-222, str(points))
        self.last_point = self.first_point + points - 1

    @on(":WAVeform:POINts?")
    def _get_points(self) -> int:
        return max(0, self.last_point - self.first_point + 1)

    @on(":WAVeform:XINCrement?")
    def _xincrement(self) -> str:
        return nr3(self._horizontal()[0])

    @on(":WAVeform:XORigin?")
    def _xorigin(self) -> str:
        return nr3(self._horizontal()[1])

    @on(":WAVeform:XREFerence?")
    def _xreference(self) -> int:
        return 0

    @on(":WAVeform:YINCrement?")
    def _yincrement(self) -> str:
        return nr3(self._vertical()[0])

    @on(":WAVeform:YORigin?")
    def _yorigin(self) -> int:
        return self._vertical()[1]

    @on(":WAVeform:YREFerence?")
    def _yreference(self) -> int:
        return self._vertical()[2]

    def _reads_memory(self) -> bool:
        """RAW reads the memory; MAXimum the memory when stopped, the screen otherwise."""
        return self.mode == "RAW" or (self.mode == "MAX" and self.digitiser.state == "STOP")

    def _available(self) -> int:
        return self.plan_of_record().depth if self._reads_memory() else SCREEN_POINTS

    def _horizontal(self) -> tuple[float, float]:
        """Seconds between two points, and from the trigger to the first one."""
        plan = self.plan_of_record()
        return (1 / plan.rate if self._reads_memory() else plan.screen / SCREEN_POINTS), -plan.before

    def _vertical(self) -> tuple[float, int, int]:
        """YINCrement, YORigin and YREFerence: volts = (code - YORigin - YREFerence) x YINCrement."""
        channel = int(self.source[-1])
        front_end = self.plan_of_record().front_ends.get(channel) or self.front_end(channel)
        origin = front_end.zero_code * STEP - 0x8000
        if self.format == "WORD":
            return front_end.volts_per_code / STEP, round(origin), 0x8000
        finer = WORDS_PER_DIVISION / BYTES_PER_DIVISION
        return front_end.volts_per_code / STEP * finer, round(origin / finer), 128

    def screen_levels(self, channel: int) -> NDArray[np.float32]:
        """What the screen shows of a channel, in codes; shape (1000,). Raises KeyError if off, LookupError if nothing."""
        levels = self.digitiser.levels(channel)
        points = np.arange(SCREEN_POINTS) * len(levels) // SCREEN_POINTS
        return np.asarray(levels[points], np.float32)

    def _points(self) -> NDArray[np.float32]:
        """The points asked for, in codes. Raises ScpiError."""
        if self.mode == "RAW" and self.digitiser.state != "STOP":
            raise ScpiError(-221, "RAW is read in the stopped state")
        channel = int(self.source[-1])
        try:
            levels = self.digitiser.levels(channel) if self._reads_memory() else self.screen_levels(channel)
        except KeyError:
            raise ScpiError(-221, f"{self.source} was off") from None
        except LookupError as nothing:
            raise ScpiError(-221, str(nothing)) from None
        if not self.first_point <= self.last_point <= len(levels):
            raise ScpiError(-222, f"points {self.first_point} to {self.last_point} of {len(levels)}")
        return np.asarray(levels[self.first_point - 1 : self.last_point])

    # Waveform recording

    @on(":RECord:WRECord:ENABle", boolean)
    @on(":RECord:ENABle", boolean)
    def _enable_recording(self, enabled: bool) -> None:
        self.recording_enabled = enabled
        if not enabled and self.recording:
            self._stop()

    @on(":RECord:WRECord:ENABle?")
    @on(":RECord:ENABle?")
    def _recording_enabled(self) -> bool:
        return self.recording_enabled

    @on(":RECord:WRECord:OPERate", choice("RUN", "STOP"))
    def _operate(self, what: str) -> None:
        self._record(what == "RUN")

    @on(":RECord:WRECord:OPERate?", progress=True)
    def _operates(self) -> str:
        return "RUN" if self._records() else "STOP"

    @on(":RECord:STARt", boolean)
    def _record(self, start: bool) -> None:
        if start and not self.recording_enabled:
            raise ScpiError(-221, "waveform recording is off")
        self.recording = start
        self.begin() if start else self.digitiser.stop()

    @on(":RECord:STARt?", progress=True)
    def _records(self) -> bool:
        return self.recording and self.digitiser.state != "STOP"

    @on(":RECord:WRECord:FRAMes", integer(1))
    @on(":RECord:FRAMes", integer(1))
    def _set_frames(self, frames: int) -> None:
        if frames > self.most_frames():
            raise ScpiError(-222, str(frames))
        self.frames = frames

    @on(":RECord:WRECord:FRAMes?")
    @on(":RECord:FRAMes?")
    def _get_frames(self) -> int:
        return min(self.frames, self.most_frames())

    @on(":RECord:WRECord:FRAMes:MAX")
    def _all_frames(self) -> None:
        self.frames = self.most_frames()

    @on(":RECord:WRECord:FMAX?")
    def _most_frames(self) -> int:
        return self.most_frames()

    @on(":RECord:WREPlay:FMAX?")
    def _recorded(self) -> int:
        return len(self.digitiser.segments)

    @on(":RECord:WREPlay:FCURrent", integer(1))
    @on(":RECord:CURRent", integer(1))
    def _set_frame(self, frame: int) -> None:
        if self.digitiser.state != "STOP":
            raise ScpiError(-221, "recording")
        if frame > len(self.digitiser.segments):
            raise ScpiError(-222, str(frame))
        self.digitiser.select(frame - 1)

    @on(":RECord:WREPlay:FCURrent?")
    @on(":RECord:CURRent?")
    def _get_frame(self) -> int:
        record = self.digitiser.record
        return 1 + next((n for n, kept in enumerate(self.digitiser.segments) if kept is record), -1)

    # What the screen shows

    @on(":MEASure:ITEM", ITEM, CHANNEL)
    def _item(self, item: str, source: str | None = None) -> None:
        """Accepted and without effect: it only puts the value on the screen."""

    @on(":MEASure:ITEM?", ITEM, CHANNEL)
    def _measured(self, item: str, source: str | None = None) -> str:
        channel = int((source or self.measured)[-1])
        try:
            levels = self.screen_levels(channel)
        except LookupError:  # also KeyError: off
            return nr3(NO_VALUE)
        plan = self.plan_of_record()
        front_end = plan.front_ends[channel]
        volts = (levels.astype(float) - front_end.zero_code) * front_end.volts_per_code
        value = measure(ITEMS[item], volts, plan.screen / SCREEN_POINTS)
        return nr3(NO_VALUE if math.isnan(value) else value)

    @on(":DISPlay:DATA?", choice("BMP", "PNG"), cost=0.3)
    def _picture(self, kind: str = "BMP") -> Block:
        traces = []
        for channel in sorted(self.plan_of_record().front_ends) if self.digitiser.record is not None else ():
            words = self.screen_levels(channel).astype(float) * STEP
            traces.append(Drawn((words - 0x8000) / WORDS_PER_DIVISION, COLOURS[channel]))
        pixels = draw(traces, across=ACROSS, down=DOWN, width=1024, height=600)
        return Block(png(pixels) if kind == "PNG" else bmp(pixels), 9)
