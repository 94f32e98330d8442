"""A simulated Keysight DSO-X 3024T, from the *InfiniiVision 3000T X-Series Oscilloscopes Programmer's Guide*.

Pages read: ``:TER?`` 229, trigger levels 1014, what AVERage and PEAK data are 1093, operation status 1255; of the guides
for its sisters, where these commands are the same: ``:OPERegister:CONDition?`` 171 (3000 X), data types 631,
``:WAVeform:PREamble?`` 644, synchronising acquisitions 779 to 786 (2000 X), ``:WAVeform:DATA?`` and its codes for holes
and for what is clipped 1243 (4000 X); of the user's guide for the 3000 X: how memory is shared between channels, segments
and a running acquisition, 270. The preambles that users of real ones have published give the form of the numbers and the
199 codes on eight divisions. The other commands and ranges are those that are commonly known and that published drivers
quote from the guide; no page was read for them.

Other trigger types than the edge, ALTernate slopes, zoomed, XY and roll time bases, equivalent time, digital channels,
mathematics and the generator are not simulated: their headers are undefined (-113), their keywords illegal (-224).

Assumed, with (*) if users of real ones have seen it:

- a value out of range is -222 and changes nothing; scales and time bases are taken as they are sent, not in steps; the
  offset keeps its place when the probe ratio changes;
- a setting that shapes the record begins a running acquisition anew; ``:STOP`` keeps the last complete record; a segmented
  acquisition, once its segments are full, stops by itself (user's guide);
- ``:DIGitize`` acquires the channels named, or those displayed, without switching the display; what is sent after it waits,
  and a client that hangs up meanwhile stops it (device clear); ``*TRG`` is ``:DIGitize`` without names;
- ``:TER?`` tells triggers of the signal, not those of AUTO or ``:TRIGger:FORCe``; ``*STB?`` has no message and no MAV bit;
- the measurement record has at most 65 535 points, one out of n (*); RAW and MAXimum are the acquisition memory when
  stopped and of type NORMal or HRESolution, else the measurement record; an average has 1000 points at most;
- signed data have the reference 0; averages and high resolution show their fractions of a code in WORD and ASCii only;
- a channel that was not acquired, or no record at all, gives an empty block and -230;
- the trigger's hysteresis is 0.3 division (of 1 V on EXT), twice that with noise rejection, and its coupling does not
  matter; half the fastest rate is what high resolution and peak detection draw on; fifty ohm do not load the board.
"""

from typing import ClassVar

import numpy as np

from ..arguments import STANDARD_ERRORS, Kind, ScpiError, boolean, choice, integer, string
from ..device import Block, Setting
from ..digitiser import Plan
from ..grammar import on
from .keysight_reports import KeysightReports
from .keysight_screen import MEASURED
from .keysight_setup import CHANNELS, MIDDLE, SOURCES, nr3, whole

FORMATS = {"BYTE": 0, "WORD": 1, "ASC": 4}
TYPES = {"NORM": 0, "PEAK": 1, "AVER": 2, "HRES": 3}
MOST_POINTS = 8_000_000
RUN, WAIT_TRIGGER = 1 << 3, 1 << 5
"""Bits of the operation status registers."""
TEXTS = {**STANDARD_ERRORS, -230: "Data corrupt or stale"}


def _read_points(text: str) -> int:
    return MOST_POINTS if text.upper() in ("MAX", "MAXIMUM") else integer(1, MOST_POINTS).read(text)


class SimulatedKeysightInfiniivision(KeysightReports):
    """Four analog channels of 8 bits looking at `inputs` (keys ``"1"`` to ``"4"`` and ``"EXT"``; a missing one is open).

    `probes` are the attenuations of the real probes on the inputs (default 1): volts are right if ``:CHANnel<n>:PROBe``
    says the same. `noise` is the standard deviation in parts of the screen's height. Free of I/O: see `Server`.
    """

    typical_time: ClassVar[float] = 3e-3
    queue_length: ClassVar[int] = 30
    transfer_rate: ClassVar[float] = 5e6
    """Bytes a second of ``:WAVeform:DATA?`` over LAN (assumed)."""

    source = Setting(":WAVeform:SOURce", choice(*SOURCES), "CHAN1")
    format = Setting(":WAVeform:FORMat", choice("WORD", "BYTE", "ASCii"), "BYTE")
    mode = Setting(":WAVeform:POINts:MODE", choice("NORMal", "MAXimum", "RAW"), "NORM")
    byte_order = Setting(":WAVeform:BYTeorder", choice("LSBFirst", "MSBFirst"), "MSBF")
    unsigned = Setting(":WAVeform:UNSigned", boolean, True)
    message = Setting(":SYSTem:DSP", string, "")
    operation_enable = Setting(":OPEE", whole(0, 32767), 0)

    def reset(self) -> None:
        """Bring back the default setup."""
        self._digitizing, self.points = False, 1000
        self._read_triggers = self._read_arms = self._operation = 0
        super().reset()
        self._read_triggers, self._read_arms = self.digitiser.triggers, self.digitiser.arms

    def occupied(self) -> bool:
        """What comes after ``:DIGitize`` waits until the acquisition is complete."""
        self._digitizing = self._digitizing and self.digitiser.state != "STOP"
        return self._digitizing

    def abort(self) -> None:
        """Device clear."""
        self._stop()

    # Run control

    @on(":RUN")
    def _run(self) -> None:
        self._start(single=False)

    @on(":SINGle")
    def _single(self) -> None:
        self._start(single=True)

    @on(":STOP")
    def _stop(self) -> None:
        self._digitizing = False
        self.digitiser.stop()

    @on(":DIGitize", *(choice(*SOURCES) for _ in SOURCES))
    @on("*TRG")
    def _digitize(self, a: str = "", b: str = "", c: str = "", d: str = "") -> None:
        only = tuple(sorted({int(name[-1]) for name in (a, b, c, d) if name}))
        # With none named and none displayed, all are acquired.
        self._start(single=True, only=only or (() if any(self.display.values()) else CHANNELS))
        self._digitizing = True

    @on(":TRIGger:FORCe")
    def _force(self) -> None:
        self.digitiser.force()

    @on(":CDISplay")
    def _clear_display(self) -> None:
        self.digitiser.clear()

    @on(":AUToscale", cost=2.0)
    def _autoscale(self) -> None:
        """Accepted and without effect: what it would choose is nowhere said."""

    @on(":VIEW", choice(*SOURCES))
    def _view(self, source: str) -> None:
        self.display[int(source[-1])] = True
        self.changed("display")

    @on(":BLANk", choice(*SOURCES))
    def _blank(self, source: str | None = None) -> None:
        for channel in self.display if source is None else (int(source[-1]),):
            self.display[channel] = False
        self.changed("display")

    def _start(self, *, single: bool, only: tuple[int, ...] = ()) -> None:
        if self.digitiser.state == "STOP":
            self._operation |= RUN
        self.single, self.only = single, only
        self.begin()

    # Status

    @on(":TER?", progress=True)
    def _trigger_event(self) -> str:
        event, self._read_triggers = self.digitiser.triggers > self._read_triggers, self.digitiser.triggers
        return f"{event:+d}"

    @on(":AER?", progress=True)
    def _arm_event(self) -> str:
        event, self._read_arms = self.digitiser.arms > self._read_arms, self.digitiser.arms
        return f"{event:+d}"

    @on(":OPERegister:CONDition?", progress=True)
    def _condition(self) -> str:
        state = self.digitiser.state
        return f"{(state != 'STOP') * RUN | (state == 'WAIT') * WAIT_TRIGGER:+d}"

    @on(":OPERegister[:EVENt]?", progress=True)
    def _operation_event(self) -> str:
        events, self._operation = self._operation_events(), 0
        self._read_arms = self.digitiser.arms
        return f"{events:+d}"

    def _operation_events(self) -> int:
        return self._operation | (self.digitiser.arms > self._read_arms) * WAIT_TRIGGER

    @on("*STB?")
    def _stb(self) -> int:
        """TRG is bit 0, ESB bit 5, OPER bit 7."""
        summary = int(self.digitiser.triggers > self._read_triggers)
        summary |= 0x20 if self._events() & self._event_enable else 0
        summary |= 0x80 if self._operation_events() & self.operation_enable else 0
        return summary | (0x40 if summary & self._service_enable else 0)

    @on("*CLS")
    def _cls(self) -> None:
        super()._cls()
        self._operation = 0
        self._read_triggers, self._read_arms = self.digitiser.triggers, self.digitiser.arms

    @on(":SYSTem:ERRor[:NEXT]?")
    def _next_error(self) -> str:
        if not self._errors:
            return '+0,"No error"'
        code = self._errors.popleft().code
        return f'{code:+d},"{TEXTS.get(code, "Device-specific error")}"'

    @on("*OPT?")
    def _options(self) -> str:
        """No licence: the 3000T has its whole memory and segments without (the list's length is assumed)."""
        return ",".join("0" * 26)

    @on(":SERial?")
    def _serial(self) -> str:
        return self.identity.split(",")[2]

    # Acquisition

    @on(":ACQuire:POINts?")
    def _acquired_points(self) -> str:
        return f"{self._plan_of_record().depth:+d}"

    @on(":ACQuire:SRATe?")
    def _sample_rate(self) -> str:
        return nr3(self._plan_of_record().rate)

    @on(":ACQuire:SEGMented:INDex", whole(1, 1000))
    def _select(self, segment: int) -> None:
        if segment > len(self.digitiser.segments) or self.digitiser.state != "STOP":
            raise ScpiError(-222)
        self.digitiser.select(segment - 1)

    @on(":ACQuire:SEGMented:INDex?")
    def _selected(self) -> str:
        kept = [record is self.digitiser.record for record in self.digitiser.segments]
        return f"{kept.index(True) + 1 if True in kept else 0:+d}"

    @on(":ACQuire:SEGMented:ANALyze", cost=0.5)
    def _analyze(self) -> None:
        """Makes statistics on the screen, which are not simulated."""
        if self.acquisition_mode != "SEGM":
            raise ScpiError(-221)

    @on(":WAVeform:SEGMented:COUNt?", progress=True)
    def _segments_taken(self) -> str:
        return f"{len(self.digitiser.segments):+d}"

    @on(":WAVeform:SEGMented:TTAG?")
    def _time_tag(self) -> str:
        segments, record = self.digitiser.segments, self.digitiser.record
        return nr3(record.trigger - segments[0].trigger if segments and record is not None else 0.0)

    # The record

    @on(":WAVeform:POINts", Kind(_read_points, str))
    def _set_points(self, points: int) -> None:
        self.points = points

    @on(":WAVeform:POINts?", choice("MAXimum"))
    def _get_points(self, most: str | None = None) -> str:
        return f"{self._count() if most is None else self._available():+d}"

    @on(":WAVeform:DATA?")
    def _data(self) -> Block:
        try:
            levels = self.thinned(int(self.source[-1]), min(self.points, self._available()))
        except LookupError:  # also KeyError: the channel was not acquired
            self.fail(ScpiError(-230))
            return Block(b"", 8)
        if self.format == "ASC":
            step, origin, _ = self._vertical("BYTE")
            data = ",".join(f"{(level - MIDDLE) * step + origin:+.5E}" for level in levels.astype(float)).encode()
        elif self.format == "BYTE":
            codes = np.rint(levels).astype(np.uint8)
            data = codes.tobytes() if self.unsigned else (codes.astype(np.int16) - 128).astype(np.int8).tobytes()
        else:
            words = np.rint(levels.astype(np.float32) * 256).astype(np.int32)
            words[levels <= 1], words[levels >= 255] = 1, 0xFFFF
            words -= 0 if self.unsigned else 0x8000
            kind = "u2" if self.unsigned else "i2"
            data = words.astype((">" if self.byte_order == "MSBF" else "<") + kind).tobytes()
        self.world.spend(len(data) / self.transfer_rate)
        return Block(data, 8)

    @on(":WAVeform:PREamble?")
    def _preamble(self) -> str:
        step, origin, reference = self._vertical(self.format)
        numbers = f"{FORMATS[self.format]:+d},{TYPES[self.acquisition_type]:+d},{self._count():+d}"
        return (
            f"{numbers},{self._plan_of_record().averages:+d},{nr3(self._increment())},{nr3(self._origin())},+0,"
            f"{nr3(step)},{nr3(origin)},{reference:+d}"
        )

    @on(":WAVeform:COUNt?")
    def _hits(self) -> str:
        return f"{self._plan_of_record().averages:+d}"

    @on(":WAVeform:TYPE?")
    def _type(self) -> str:
        return self.acquisition_type

    @on(":WAVeform:XINCrement?")
    def _xincrement(self) -> str:
        return nr3(self._increment())

    @on(":WAVeform:XORigin?")
    def _xorigin(self) -> str:
        return nr3(self._origin())

    @on(":WAVeform:XREFerence?")
    def _xreference(self) -> str:
        return "+0"

    @on(":WAVeform:YINCrement?")
    def _yincrement(self) -> str:
        return nr3(self._vertical(self.format)[0])

    @on(":WAVeform:YORigin?")
    def _yorigin(self) -> str:
        return nr3(self._vertical(self.format)[1])

    @on(":WAVeform:YREFerence?")
    def _yreference(self) -> str:
        return f"{self._vertical(self.format)[2]:+d}"

    def _plan_of_record(self) -> Plan:
        record = self.digitiser.record
        return self.plan() if record is None else record.plan

    def _available(self) -> int:
        """Points of the record that the present mode reads."""
        plan = self._plan_of_record()
        stopped = self.digitiser.state == "STOP"
        if self.mode != "NORM" and stopped and self.acquisition_type in ("NORM", "HRES"):
            return plan.depth
        return self.count(plan.depth, 1000 if plan.averages > 1 else MEASURED)

    def _count(self) -> int:
        return self.count(self._plan_of_record().depth, min(self.points, self._available()))

    def _increment(self) -> float:
        """Seconds between two points."""
        plan = self._plan_of_record()
        return plan.depth / plan.rate / self._count()

    def _origin(self) -> float:
        return -self._plan_of_record().before

    def _vertical(self, form: str) -> tuple[float, float, int]:
        """YINCrement, YORigin and YREFerence: volts = (code - YREFerence) x YINCrement + YORigin."""
        channel = int(self.source[-1])
        front_end = self._plan_of_record().front_ends.get(channel) or self.front_end(channel)
        finer = 256 if form == "WORD" else 1
        origin = (MIDDLE - front_end.zero_code) * front_end.volts_per_code
        return front_end.volts_per_code / finer, origin, MIDDLE * finer if self.unsigned else 0
