"""A simulated Siglent SDS1104X-E, from the *Digital Oscilloscopes Programming Guide* for the SDS1000X-E and its sisters.

Pages read: the answer to ``WF?``, volts and time of a point, the form of ``VDIV`` and ``OFST`` 142; of the WaveAce remote
control manual, the same dialect, the layout of WAVEDESC 66. What users of real ones have published gives the form of the
answers without headers. The other commands and ranges are those that are commonly known; no page was read for them.

Page 142 takes 255 off a code above 127, so that two codes were zero volts: here a code is the two's complement that users
read (*). It also shows ``C1:WF ALL`` in front of a block; here the word that was asked for stands there (*).

Other trigger types than the edge, mathematics, digital channels, history and sequence, and cursors are not simulated: their
headers are unknown, which the event status tells (bit 5).

Assumed, with (*) if users of real ones have seen it:

- ``*IDN?`` answers without header (*), the common queries with one; ``;`` begins a new path each time;
- a value out of range is adapted to the nearest possible one and bit 2 of ``*STB?`` is set; vertical scales are taken as
  they are sent, time bases go to the nearest step; the offset keeps its place when the probe ratio changes;
- the memory shows the screen's 14 divisions; the first sample lies ``TRDL - 7 x TDIV`` after the trigger (142);
- ``MSIZ`` of another number of channels keeps its place in the list; a setting that shapes the record begins a running
  acquisition anew; ``STOP`` keeps the last complete record; ``TRMD SINGLE`` and ``ARM`` end in ``TRMD STOP``;
- a channel that was off, or no record, gives an empty block; averages are read as whole codes;
- the trigger's hysteresis is 0.3 division, and its coupling does not matter.
"""

import math
import struct
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..arguments import ScpiError, choice, integer, string
from ..device import Block
from ..grammar import on
from ..legacy import scientific
from ..measuring import measure
from ..screen import CYAN, GREEN, MAGENTA, YELLOW, Drawn, bmp, draw
from .siglent_setup import ACROSS, CHANNELS, CODES_PER_DIVISION, DOWN, MIDDLE, TIMEBASES, SiglentSetup

COLOURS = dict(zip(CHANNELS, (YELLOW, MAGENTA, CYAN, GREEN), strict=True))
MEASURED = {
    "PKPK": ("VPP", "V"), "MAX": ("VMAX", "V"), "MIN": ("VMIN", "V"), "AMPL": ("VAMP", "V"), "TOP": ("VTOP", "V"),
    "BASE": ("VBASE", "V"), "MEAN": ("VAVG", "V"), "RMS": ("VRMS", "V"), "FREQ": ("FREQUENCY", "Hz"),
    "PER": ("PERIOD", "S"), "PWID": ("PWIDTH", "S"), "NWID": ("NWIDTH", "S"), "RISE": ("RTIME", "S"),
    "FALL": ("FTIME", "S"), "DUTY": ("PDUTY", "%"),
}  # fmt: skip
SCREEN_POINTS = 14_000


class SimulatedSiglentSds1000xe(SiglentSetup):
    """Four analog channels of 8 bits looking at `inputs` (keys ``"1"`` to ``"4"``; a missing one is open).

    `probes` are the attenuations of the real probes on the inputs (default 1): volts are right if ``ATTN`` says the same.
    `noise` is the standard deviation in parts of the screen's height. Free of I/O: see `Server`.
    """

    typical_time: ClassVar[float] = 5e-3
    transfer_rate: ClassVar[float] = 5e6
    """Bytes a second of a waveform over LAN (assumed)."""

    # The record

    @on("WFSU", *[string] * 8)
    @on("WAVEFORM_SETUP", *[string] * 8)
    def _set_waveform(self, *words: str) -> None:
        for word, value in zip(words[::2], words[1::2], strict=True):
            if word.upper() not in (*self._setup, "SN"):
                raise ScpiError(-224)
            self._setup[word.upper()] = integer(0, 14_000_000).read(value)

    @on("WFSU?")
    @on("WAVEFORM_SETUP?")
    def _get_waveform(self) -> str:
        return self.said("WFSU", "WAVEFORM_SETUP", ",".join(f"{k},{v}" for k, v in self._setup.items()))

    @on("C<1-4>:WF?", choice("DESC", "DAT2", "ALL"))
    @on("C<1-4>:WAVEFORM?", choice("DESC", "DAT2", "ALL"))
    def _waveform(self, channel: int, what: str = "ALL") -> Block:
        codes = self._transmitted(channel)
        data = b"" if what == "DAT2" else self._descriptor(channel, len(codes))
        if what != "DESC":
            # The converter's codes count from the middle of the screen.
            data += (codes ^ 0x80).tobytes()
        self.world.spend(len(data) / self.transfer_rate)
        before = self.said("WF", "WAVEFORM", f"{what},", channel).encode()
        return Block(data, 9, before, b"\n")

    def _transmitted(self, channel: int) -> NDArray[np.uint8]:
        try:
            codes = self.digitiser.codes(channel)
        except LookupError:  # also KeyError: the channel was off
            return np.empty(0, np.uint8)
        codes = codes[self._setup["FP"] :: max(1, self._setup["SP"])]
        return codes[: self._setup["NP"] or None]

    def _descriptor(self, channel: int, count: int) -> bytes:
        """WAVEDESC, 346 bytes, the lower byte first."""
        plan = self.plan_of_record()
        front_end = plan.front_ends.get(channel) or self.front_end(channel)
        scale = front_end.volts_per_code * CODES_PER_DIVISION
        offset = (front_end.zero_code - MIDDLE) * front_end.volts_per_code
        filled = bytearray(346)
        fields: tuple[tuple[int, str, tuple[object, ...]], ...] = (
            (0, "16s16shh", (b"WAVEDESC", b"WAVEACE", 0, 1)),
            (36, "<i", (346,)),
            (60, "<i", (count,)),
            (76, "16s", (b"Siglent SDS",)),
            (96, "16s", (b"",)),
            (116, "<i", (plan.depth,)),
            (124, "<iiii", (0, max(0, plan.depth - 1), self._setup["FP"], max(1, self._setup["SP"]))),
            (144, "<ii", (1, plan.averages)),
            (156, "<ffff", (scale, offset, 127.0, -128.0)),
            (172, "<hh", (8, 1)),
            (176, "<fdd", (1 / plan.rate, -plan.before, -plan.before)),
            (196, "48s48s", (self.units[channel].encode(), b"S")),
            (312, "<f", (plan.depth / plan.rate,)),
            (324, "<hhfhhff", (TIMEBASES.index(self.timebase), 0, self.probe[channel], 0, 0, 1.0, offset)),
            (344, "<h", (channel - 1,)),
        )
        for place, form, values in fields:
            struct.pack_into(form if form[0] == "<" else "<" + form, filled, place, *values)
        return bytes(filled)

    # What the screen shows

    @on("C<1-4>:PAVA?", choice(*MEASURED))
    @on("C<1-4>:PARAMETER_VALUE?", choice(*MEASURED))
    def _measured(self, channel: int, what: str) -> str:
        name, unit = MEASURED[what]
        record = self.digitiser.record
        text = "****"
        if record is not None and channel in record.plan.front_ends:
            front_end = record.plan.front_ends[channel]
            codes = record.codes(channel)
            codes = codes[:: max(1, len(codes) // SCREEN_POINTS)].astype(float)
            volts = (codes - front_end.zero_code) * front_end.volts_per_code
            value = measure(name, volts, record.plan.screen / len(volts)) * (100.0 if unit == "%" else 1.0)
            text = text if math.isnan(value) else scientific(value) + unit
        return self.said("PAVA", "PARAMETER_VALUE", f"{what},{text}", channel)

    @on("SCDP", cost=0.5)
    @on("SCREEN_DUMP", cost=0.5)
    def _picture(self) -> str:
        """A bitmap without any header around it."""
        record, traces = self.digitiser.record, []
        for channel in sorted(record.plan.front_ends) if record is not None else ():
            assert record is not None
            codes = record.codes(channel)
            codes = codes[:: max(1, len(codes) // SCREEN_POINTS)].astype(float)
            traces.append(Drawn((codes - MIDDLE) / CODES_PER_DIVISION, COLOURS[channel]))
        return bmp(draw(traces, across=ACROSS, down=DOWN)).decode("latin-1")
