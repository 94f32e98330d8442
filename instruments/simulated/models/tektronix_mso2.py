"""A simulated Tektronix MSO24, from the *2 Series MSO Programmer Manual* and those of its sisters.

Pages read: of the MSO54/56/58 manual, chains of commands 2-5, numbers that are forced to a valid setting 2-8, error codes
3-14, ``*OPC?`` and ``*WAI`` (synchronization methods), what ``WFMOutpre?`` answers, appendix D; of the MDO4000B manual the
same appendix; of the TBS2000 manual, data formats 50 and ``TRIGger:A:LEVel`` 229; of the MSO4000 manual, ``CURVe?``.
The preambles that users of real ones have published give the form of the numbers, of the fields and of WFId, and 25 codes a
division. The other commands and ranges are those that are commonly known; no page was read for them.

Other trigger types than the edge, mathematics, references, digital channels, zoom, measurements and fast frames are not
simulated: their headers are undefined (113), their keywords illegal (224).

Assumed, with (*) if users of real ones have seen it:

- numbers are forced without an event; scales and time bases within their range are taken as they are sent; what is on the
  screen keeps its place when the attenuation changes;
- every channel samples at 1.25 GS/s at most, however many are on; the record spans the screen, so that a short time base
  makes a shorter record than was asked for (``HORizontal:RECOrdlength`` keeps the number, NR_Pt tells the truth);
- YOFf and YZEro are in codes and volts as they are set by position and offset; two bytes carry the code times 256, with its
  fractions in averages and high resolution;
- events can be read after ``*ESR?``; an event not asked for stays; ``ALLEv?`` reads all;
- a setting that shapes the record begins a running acquisition anew; stopping keeps the last complete record; CURVe? of a
  channel that was off, or without a record, is 2244 and answers nothing;
- the trigger's hysteresis is 0.3 division (1 with NOISErej; 0.1 V on AUX), and its coupling does not matter; a delay of the
  horizontal is from the trigger to the middle of the record.
"""

from collections import deque
from typing import Any, ClassVar

import numpy as np

from ..arguments import STANDARD_ERRORS, ScpiError, boolean, choice, string
from ..device import Block
from ..digitiser import Plan
from ..grammar import on
from ..screen import CYAN, GREEN, MAGENTA, YELLOW, Drawn, bmp, draw, png
from .tektronix_setup import (
    ACROSS,
    CHANNELS,
    CODES_PER_DIVISION,
    DOWN,
    MEMORY,
    MIDDLE,
    SOURCES,
    Headed,
    TektronixSetup,
    keyword,
    nr3,
    whole,
)  # fmt: skip

COLOURS = dict(zip(CHANNELS, (YELLOW, CYAN, MAGENTA, GREEN), strict=True))
ENCODINGS = {"RIB": ("BIN", "RI", "MSB"), "RPB": ("BIN", "RP", "MSB"), "FAS": ("BIN", "RI", "MSB"),
             "SRI": ("BIN", "RI", "LSB"), "SRP": ("BIN", "RP", "LSB"), "ASCI": ("ASC", "RI", "MSB")}  # fmt: skip
LONG = {"BIN": "BINARY", "ASC": "ASCII"}
MODES = {"SAM": "Sample", "PEAK": "Peak detect", "HIR": "High Res", "AVE": "Average"}
SHOWN = {"STOP": "SAVE", "RUN": "ARMED", "WAIT": "READY", "TD": "TRIGGER", "AUTO": "AUTO"}
TEXTS = {
    **{-code: text for code, text in STANDARD_ERRORS.items()},
    256: "File name not found",
    2244: "Waveform request is invalid",
}
SCREEN_POINTS = 10_000


class SimulatedTektronixMso2(TektronixSetup):
    """Four analog channels of 8 bits looking at `inputs` (keys ``"1"`` to ``"4"`` and ``"EXT"``; a missing one is open).

    `probes` are the attenuations of the real probes on the inputs (default 1): volts are right if
    ``CH<x>:PROBEFunc:EXTAtten`` says the same. `noise` is the standard deviation in parts of the screen's height. Free of
    I/O: see `Server`.
    """

    typical_time: ClassVar[float] = 3e-3
    queue_length: ClassVar[int] = 32
    transfer_rate: ClassVar[float] = 8e6
    """Bytes a second of ``CURVe?`` over LAN (assumed)."""

    _next_error: ClassVar[Any] = None  # events instead

    source = Headed("DATa:SOUrce", keyword(*SOURCES), "CH1")
    first = Headed("DATa:STARt", whole(1, MEMORY), 1)
    last = Headed("DATa:STOP", whole(1, MEMORY), 10_000)
    encoding = Headed(
        "DATa:ENCdg", keyword("RIBinary", "RPBinary", "FAStest", "SRIbinary", "SRPbinary", "ASCIi"), "RIB"
    )
    width = Headed("DATa:WIDth", whole(1, 2), 1)

    def reset(self) -> None:
        """Bring back the default setup."""
        self._events_read: deque[ScpiError] = deque()
        self._files: dict[str, bytes] = {}
        self._sequence_done = 0
        super().reset()

    # Run control

    @on("ACQuire:STATE", choice("ON", "OFF", "RUN", "STOP", "1", "0"))
    def _set_state(self, state: str) -> None:
        if state in ("ON", "RUN", "1"):
            self.begin()
        else:
            self.digitiser.stop()

    @on("ACQuire:STATE?", progress=True)
    def _get_state(self) -> str:
        return self.headed("ACQuire:STATE", str(int(self.digitiser.state != "STOP")))

    @on("ACQuire:NUMACq?", progress=True)
    def _acquired(self) -> str:
        return self.headed("ACQuire:NUMACq", str(self.digitiser.completed))

    @on("BUSY?", progress=True)
    def _busy(self) -> str:
        return self.headed("BUSY", str(int(not self.complete())))

    def complete(self) -> bool:
        """Whether no sequence is being acquired."""
        return self.stop_after != "SEQ" or self.digitiser.state == "STOP"

    @on("TRIGger", choice("FORCe"))
    def _force(self, what: str) -> None:
        self.digitiser.force()

    @on("TRIGger:STATE?", progress=True)
    def _trigger_state(self) -> str:
        return self.headed("TRIGger:STATE", SHOWN[self.digitiser.shown(0.0)])

    @on("HORizontal:SAMPLERate?")
    def _sample_rate(self) -> str:
        return self.headed("HORizontal:SAMPLERate", nr3(self.memory()[1]))

    @on("AUTOset", choice("EXECute"), cost=2.0)
    def _autoset(self, what: str) -> None:
        """Accepted and without effect: what it would choose is nowhere said."""

    @on("CLEAR")
    def _clear(self) -> None:
        self.digitiser.clear()

    # Events

    def fail(self, error: ScpiError) -> None:
        """Numbers from 2000 on are execution errors."""
        before = self._event_status
        super().fail(error)
        self._event_status = before | 0x10 if error.code >= 2000 else self._event_status

    @on("*ESR?")
    def _esr(self) -> int:
        """Reading it makes the events that have come readable."""
        self._events_read.extend(self._errors)
        self._errors.clear()
        return super()._esr()

    @on("*CLS")
    def _cls(self) -> None:
        super()._cls()
        self._events_read.clear()

    @on("EVENT?")
    def _event(self) -> str:
        return self.headed("EVENT", self._next_event()[0])

    @on("EVMsg?")
    def _event_message(self) -> str:
        return self.headed("EVMSG", ",".join(self._next_event()))

    @on("ALLEv?")
    def _all_events(self) -> str:
        told = [",".join(self._next_event())]
        while self._events_read:
            told.append(",".join(self._next_event()))
        return self.headed("ALLEV", ",".join(told))

    def _next_event(self) -> tuple[str, str]:
        if not self._events_read:
            nothing = "No events to report; " + ("new events pending *ESR?" if self._errors else "queue empty")
            return str(int(bool(self._errors))), f'"{nothing}"'
        code = abs(self._events_read.popleft().code)
        return str(code), f'"{TEXTS.get(code, "Device-specific error")}; "'

    # The record

    @on("CURVe?")
    def _curve(self) -> Block | str:
        try:
            levels = self.digitiser.levels(int(self.source[-1]))
        except LookupError:  # also KeyError: the channel was off
            raise ScpiError(2244) from None
        levels = levels[self.first - 1 : self.last].astype(np.float32) - MIDDLE
        whole = np.rint(levels * (256 if self.width == 2 else 1)).astype(np.int32)
        kind, form, order = ENCODINGS[self.encoding]
        if kind == "ASC":
            text = ",".join(map(str, whole.tolist()))
            self.world.spend(len(text) / self.transfer_rate)
            return self.headed("CURVe", text)
        if form == "RP":
            whole += 0x8000 if self.width == 2 else 0x80
        bits = ("u" if form == "RP" else "i") + str(self.width)
        data = whole.astype((">" if order == "MSB" else "<") + bits).tobytes()
        self.world.spend(len(data) / self.transfer_rate)
        return Block(data, 1, self.headed("CURVe", "").encode())

    def _fields(self) -> dict[str, str]:
        """What describes the transfer, by the name of the field."""
        plan, channel = self._plan_of_record(), int(self.source[-1])
        kind, form, order = ENCODINGS[self.encoding]
        finer = 256 if self.width == 2 else 1
        front_end = plan.front_ends.get(channel) or self.front_end(channel)
        volts_per_code = front_end.volts_per_code
        zero = self.offset[channel]
        middle = (front_end.zero_code - MIDDLE + zero / volts_per_code) * finer
        if form == "RP":
            middle += MIDDLE * finer
        count = max(0, min(self.last, plan.depth) - self.first + 1)
        described = (
            f"Ch{channel}, {self.coupling[channel]} coupling, {_scaled(volts_per_code * CODES_PER_DIVISION, 'V')}/div, "
            f"{_scaled(plan.screen / ACROSS, 's')}/div, {plan.depth} points, {MODES[self.acquisition]} mode"
        )
        return {
            "BYT_Nr": str(self.width), "BIT_Nr": str(8 * self.width), "ENCdg": LONG[kind] if self.verbose else kind,
            "BN_Fmt": form, "BYT_Or": order, "WFId": f'"{described}"', "NR_Pt": str(count),
            "PT_Fmt": "ENV" if self.acquisition == "PEAK" else "Y", "PT_ORder": "LINEAR", "XUNit": '"s"',
            "XINcr": nr3(1 / plan.rate), "XZEro": nr3(-plan.before + (self.first - 1) / plan.rate), "PT_Off": "0",
            "YUNit": '"V"', "YMUlt": nr3(volts_per_code / finer), "YOFf": nr3(round(middle, 6)), "YZEro": nr3(zero),
        }  # fmt: skip

    @on("WFMOutpre?")
    def _preamble(self) -> str:
        fields = self._fields()
        if int(self.source[-1]) not in self._plan_of_record().front_ends:
            self.fail(ScpiError(2244))
            fields = dict(list(fields.items())[:5])
        if not self.header:
            return ";".join(fields.values())
        return ":WFMOUTPRE:" + ";".join(f"{name.upper()} {value}" for name, value in fields.items())

    @on("WFMOutpre:RECOrdlength?")
    def _record_length(self) -> str:
        return self.headed("WFMOutpre:RECOrdlength", str(self._plan_of_record().depth))

    def _field(self, name: str) -> str:
        return self.headed(f"WFMOutpre:{name}", self._fields()[name])

    @on("WFMOutpre:BYT_Nr?")
    def _bytes(self) -> str:
        return self._field("BYT_Nr")

    @on("WFMOutpre:BYT_Nr", whole(1, 2))
    def _set_bytes(self, width: int) -> None:
        self.width = width

    @on("WFMOutpre:NR_Pt?")
    def _points(self) -> str:
        return self._field("NR_Pt")

    @on("WFMOutpre:PT_Off?")
    def _trigger_point(self) -> str:
        return self._field("PT_Off")

    @on("WFMOutpre:XINcr?")
    def _x_increment(self) -> str:
        return self._field("XINcr")

    @on("WFMOutpre:XZEro?")
    def _x_zero(self) -> str:
        return self._field("XZEro")

    @on("WFMOutpre:YMUlt?")
    def _y_multiplier(self) -> str:
        return self._field("YMUlt")

    @on("WFMOutpre:YOFf?")
    def _y_offset(self) -> str:
        return self._field("YOFf")

    @on("WFMOutpre:YZEro?")
    def _y_zero(self) -> str:
        return self._field("YZEro")

    @on("WFMOutpre:WFId?")
    def _described(self) -> str:
        return self._field("WFId")

    @on("WFMOutpre:BN_Fmt?")
    def _binary_format(self) -> str:
        return self._field("BN_Fmt")

    @on("WFMOutpre:BYT_Or?")
    def _byte_order(self) -> str:
        return self._field("BYT_Or")

    def _plan_of_record(self) -> Plan:
        record = self.digitiser.record
        return self.plan() if record is None else record.plan

    # Files: only pictures of the screen

    @on("SAVe:IMAGe", string, cost=0.5)
    def _save_image(self, path: str) -> None:
        record, traces = self.digitiser.record, []
        for channel in sorted(record.plan.front_ends) if record is not None else ():
            assert record is not None
            codes = record.codes(channel)
            codes = codes[:: max(1, len(codes) // SCREEN_POINTS)].astype(float)
            traces.append(Drawn((codes - MIDDLE) / CODES_PER_DIVISION, COLOURS[channel]))
        pixels = draw(traces, across=ACROSS, down=DOWN, width=1280, height=800)
        self._files[path.upper()] = bmp(pixels) if path.upper().endswith(".BMP") else png(pixels)

    @on("FILESystem:READFile", string)
    def _read_file(self, path: str) -> str:
        if path.upper() not in self._files:
            raise ScpiError(-256)
        return self._files[path.upper()].decode("latin-1")

    @on("FILESystem:DELEte", string)
    def _delete_file(self, path: str) -> None:
        self._files.pop(path.upper(), None)

    @on("LOCk", choice("ALL", "NONe"))
    def _lock(self, what: str) -> None:
        """Keys and touch: nothing to lock."""

    @on("DISplay:WAVEform", boolean)
    def _waveforms(self, shown: bool) -> None:
        """Accepted and without effect."""


def _scaled(value: float, unit: str) -> str:
    """Like ``200.0mV``."""
    for prefix, factor in (("", 1.0), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9)):
        if value >= factor * (1 - 1e-9):
            return f"{value / factor:.4g}{prefix}{unit}"
    return f"{value:.4g}{unit}"
