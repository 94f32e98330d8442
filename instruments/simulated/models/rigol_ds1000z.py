"""A simulated Rigol DS1104Z, from the RIGOL *MSO1000Z/DS1000Z Programming Guide*.

Pages read: memory depth and sample rate 2-7, common commands 2-80, ``:WAVeform:DATA?`` 2-221, ``:WAVeform:PREamble?``
2-226; of the sister guide for the DS1000Z-E, where these commands are the same: ``:ACQuire:TYPE`` 2-6,
``:TRIGger:HOLDoff``, ``:NREJect`` and ``:POSition?`` 2-127, reading the memory in batches 2-180; of the user's guide:
memory depth 4-6. The ranges of the other commands are those that published drivers for this series quote from the
guide.

Also the sister guides' ``:DISPlay:DATA?`` 2-63, ``:MEASure:STATistic:ITEM`` 2-124, ``:TRIGger:PULSe:WHEN`` and widths
2-165 and 2-166, ``:TRIGger:SLOPe`` 2-171.

Other trigger types than edge and pulse, roll and XY, statistics, mathematics, playback, JPEG and TIFF pictures and the
logic analyser are not simulated: their headers are undefined (-113), their keywords illegal (-224).

Where the guide is silent this is assumed, with (*) if users of real ones have seen it:

- a scale between two steps goes to the next larger one (*); the offset keeps its place on the screen, in divisions,
  when scale or probe ratio change (*);
- a depth that does not exist for the number of channels is -224, any depth in the stopped state, where it is not taken
  (*), is -221; with another number of channels on, the depth keeps its place in the list;
- the offset of a channel acts in steps of one code, so that YORigin is the whole number its example shows;
- a setting that shapes the record begins a running acquisition anew; ``:RUN`` after ``:SINGle`` goes back to the sweep
  mode that was set before (*); ``:STOP`` keeps the last complete record;
- ``:TRIGger:STATus?`` lags by 0.1 s (*); RUN means that the pre-trigger memory is filling;
- in AUTO depth the memory is the deepest that the sample rate fills within the screen;
- reading RAW while running, a channel that was off, points that do not exist, or more points than one read allows (then
  "Memory lack in waveform reading!" (*)) gives an empty block and an error in the queue;
- the trigger's hysteresis is 0.3 division, 0.6 with noise rejection, and its coupling does not matter; a pulse triggers
  at its end;
- a single average stops after N triggers; a running one lets each record after the N-th count 1/N; averages and high
  resolution are read as whole codes; peak detection keeps the least and the greatest of two samples' time in turn;
- as many frames can be recorded as the memory holds, at most 65 000, by default all; ``:RUN`` records when recording is
  enabled (*) and stops by itself (*); the last frame is the one shown (*).
"""

from typing import TYPE_CHECKING, ClassVar

from ..arguments import ScpiError, choice, integer, nr3
from ..device import Block, Setting
from ..grammar import on
from .rigol_screen import SCREEN_POINTS, RigolScreen
from .rigol_setup import DEPTHS, MIDDLE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = {"BYTE": 250_000, "WORD": 125_000, "ASC": 15_625}
"""Points that one read may have."""
FORMATS, MODES = ("BYTE", "WORD", "ASC"), ("NORM", "MAX", "RAW")


class SimulatedRigolDS1000Z(RigolScreen):
    """Four analog channels of 8 bits looking at `inputs` (keys ``"1"`` to ``"4"``; a missing one is open).

    `probes` are the attenuations of the real probes on the inputs (default 1): volts are right if ``:CHANnel<n>:PROBe``
    says the same. `noise` is the standard deviation in parts of the screen's height. Free of I/O: see `Server`.
    """

    typical_time: ClassVar[float] = 5e-3
    transfer_rate: ClassVar[float] = 2e6
    """Bytes a second of ``:WAVeform:DATA?`` over LAN (assumed)."""
    status_lag: ClassVar[float] = 0.1

    source = Setting(":WAVeform:SOURce", choice("CHANnel1", "CHANnel2", "CHANnel3", "CHANnel4"), "CHAN1")
    mode = Setting(":WAVeform:MODE", choice("NORMal", "MAXimum", "RAW"), "NORM")
    format = Setting(":WAVeform:FORMat", choice("WORD", "BYTE", "ASCii"), "BYTE")
    first_point = Setting(":WAVeform:STARt", integer(1, DEPTHS[-1]), 1)
    last_point = Setting(":WAVeform:STOP", integer(1, DEPTHS[-1]), SCREEN_POINTS)

    # Run control

    @on(":RUN")
    def _run(self) -> None:
        if self.sweep == "SING":
            self.sweep = self.sweep_before
        self.recording = self.recording_enabled
        self.begin()

    @on(":STOP")
    def _stop(self) -> None:
        self.recording = False
        self.digitiser.stop()

    @on(":SINGle")
    def _single(self) -> None:
        self.recording = False
        self.set_sweep("SING")

    @on(":TFORce")
    def _force(self) -> None:
        if self.sweep != "AUTO":
            self.digitiser.force()

    @on(":CLEar")
    def _clear(self) -> None:
        self.digitiser.clear()

    @on(":AUToscale", cost=2.0)
    def _autoscale(self) -> None:
        """Accepted and without effect: what it would choose is nowhere said."""

    # Trigger

    @on(":TRIGger:STATus?", progress=True)
    def _status(self) -> str:
        return self.digitiser.shown(self.status_lag)

    @on(":TRIGger:POSition?")
    def _position(self) -> int:
        record = self.digitiser.record
        if record is None or not record.triggered:
            return -2
        point = round(record.plan.before * record.plan.rate)
        return point if 0 < point <= record.plan.depth else -1

    # The record

    @on(":WAVeform:DATA?")
    def _data(self) -> Block:
        try:
            codes = self._points()
        except ScpiError as error:
            self.fail(error)
            return Block(b"", 9)
        if self.format == "BYTE":
            data = codes.tobytes()
        elif self.format == "WORD":  # the lower 8 bits are the code; low byte first is assumed
            data = codes.astype("<u2").tobytes()
        else:
            step, origin = self._vertical()
            data = ",".join(f"{(int(code) - origin - MIDDLE) * step:.6e}" for code in codes).encode()
        self.world.spend(len(data) / self.transfer_rate)
        return Block(data, 9)

    @on(":WAVeform:PREamble?")
    def _preamble(self) -> str:
        plan = self.plan_of_record()
        step, origin = self._vertical()
        points = plan.depth if self._reads_memory() else SCREEN_POINTS
        return (
            f"{FORMATS.index(self.format)},{MODES.index(self.mode)},{points},{plan.averages},"
            f"{nr3(self._horizontal()[0])},{nr3(self._horizontal()[1])},0,{nr3(step)},{origin},{MIDDLE}"
        )

    @on(":WAVeform:XINCrement?")
    def _xincrement(self) -> float:
        return self._horizontal()[0]

    @on(":WAVeform:XORigin?")
    def _xorigin(self) -> float:
        return self._horizontal()[1]

    @on(":WAVeform:XREFerence?")
    def _xreference(self) -> int:
        return 0

    @on(":WAVeform:YINCrement?")
    def _yincrement(self) -> float:
        return self._vertical()[0]

    @on(":WAVeform:YORigin?")
    def _yorigin(self) -> int:
        return self._vertical()[1]

    @on(":WAVeform:YREFerence?")
    def _yreference(self) -> int:
        return MIDDLE

    def _reads_memory(self) -> bool:
        """RAW reads the memory; MAXimum the memory when stopped, the screen otherwise."""
        return self.mode == "RAW" or (self.mode == "MAX" and self.digitiser.state == "STOP")

    def _horizontal(self) -> tuple[float, float]:
        """Seconds between two points, and from the trigger to the first one."""
        plan = self.plan_of_record()
        if self._reads_memory():
            return 1 / plan.rate, -plan.before
        return plan.screen / SCREEN_POINTS, plan.centre - plan.screen / 2

    def _vertical(self) -> tuple[float, int]:
        """Volts of one code, and YORigin: volts = (code - YORigin - YREFerence) x YINCrement."""
        channel = int(self.source[-1])
        front_end = self.plan_of_record().front_ends.get(channel) or self.front_end(channel)
        return front_end.volts_per_code, round(front_end.zero_code) - MIDDLE

    def _points(self) -> "NDArray[np.uint8]":
        """The points asked for, as codes. Raises ScpiError."""
        if self.mode == "RAW" and self.digitiser.state != "STOP":
            raise ScpiError(-221, "RAW is read in the stopped state")
        channel = int(self.source[-1])
        try:
            codes = self.digitiser.codes(channel) if self._reads_memory() else self.screen_codes(channel)
        except KeyError:
            raise ScpiError(-221, f"{self.source} was off") from None
        except LookupError as nothing:
            raise ScpiError(-221, str(nothing)) from None
        if self.last_point - self.first_point >= BATCH[self.format]:
            raise ScpiError(-200, "Memory lack in waveform reading!")
        if not self.first_point <= self.last_point <= len(codes):
            raise ScpiError(-222, f"points {self.first_point} to {self.last_point} of {len(codes)}")
        return codes[self.first_point - 1 : self.last_point]
