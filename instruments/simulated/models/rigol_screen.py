"""What a simulated Rigol DS1104Z shows: the points on its screen, measurements of them, a picture, recorded frames.

What the guide says and what is assumed: see `rigol_ds1000z`.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ..arguments import ScpiError, boolean, choice, integer
from ..device import Block, Setting
from ..grammar import on
from ..measuring import measure
from ..screen import BLUE, CYAN, MAGENTA, YELLOW, Drawn, bmp, draw, png
from .rigol_setup import CHANNELS, CODES_PER_DIVISION, DIVISIONS, MIDDLE, MOST_FRAMES, RigolSetup

SCREEN_POINTS = 1200
COLOURS = dict(zip(CHANNELS, (YELLOW, CYAN, MAGENTA, BLUE), strict=True))
NO_VALUE = 9.9e37
"""What a measurement gives that the trace does not show."""
ITEMS = {
    "VMAX": "VMAX", "VMIN": "VMIN", "VPP": "VPP", "VTOP": "VTOP", "VBAS": "VBASE", "VAMP": "VAMP", "VAVG": "VAVG",
    "VRMS": "VRMS", "PER": "PERIOD", "FREQ": "FREQUENCY", "RTIM": "RTIME", "FTIM": "FTIME", "PWID": "PWIDTH",
    "NWID": "NWIDTH", "PDUT": "PDUTY", "NDUT": "NDUTY",
}  # fmt: skip
ITEM = choice(
    *("VMAX", "VMIN", "VPP", "VTOP", "VBASe", "VAMP", "VAVG", "VRMS", "PERiod", "FREQuency", "RTIMe", "FTIMe"),
    *("PWIDth", "NWIDth", "PDUTy", "NDUTy"),
)
CHANNEL = choice(*(f"CHANnel{channel}" for channel in CHANNELS))


class RigolScreen(RigolSetup):
    """Measurements, the screen's picture, and waveform recording."""

    measured = Setting(":MEASure:SOURce", CHANNEL, "CHAN1")
    recording_enabled = Setting(":FUNCtion:WRECord:ENABle", boolean, False)
    recording_prompt = Setting(":FUNCtion:WRECord:PROMpt", boolean, True)

    def screen_codes(self, channel: int) -> NDArray[np.uint8]:
        """What the screen shows of a channel, in codes; shape (1200,). Raises KeyError if off, LookupError if nothing."""
        codes = self.digitiser.codes(channel)
        plan = self.plan_of_record()
        seconds = plan.screen * (np.arange(SCREEN_POINTS) / SCREEN_POINTS - 0.5)
        points = np.clip(np.floor(seconds * plan.rate + len(codes) / 2).astype(np.intp), 0, len(codes) - 1)
        shown: NDArray[np.uint8] = codes[points]
        return shown

    # Measurements

    @on(":MEASure:ITEM", ITEM, CHANNEL)
    def _item(self, item: str, source: str | None = None) -> None:
        """Accepted and without effect: it only puts the value on the screen."""

    @on(":MEASure:ITEM?", ITEM, CHANNEL)
    def _measured(self, item: str, source: str | None = None) -> float:
        channel = int((source or self.measured)[-1])
        try:
            codes = self.screen_codes(channel)
        except LookupError:  # also KeyError: off
            return NO_VALUE
        plan = self.plan_of_record()
        front_end = plan.front_ends[channel]
        volts = (codes.astype(float) - front_end.zero_code) * front_end.volts_per_code
        value = measure(ITEMS[item], volts, plan.screen / SCREEN_POINTS)
        return NO_VALUE if math.isnan(value) else value

    # The picture

    @on(":DISPlay:DATA?", boolean, boolean, choice("BMP24", "PNG"), cost=0.3)
    def _picture(self, color: bool = True, invert: bool = False, kind: str = "BMP24") -> Block:
        traces = []
        for channel in CHANNELS:
            try:
                codes = self.screen_codes(channel)
            except LookupError:
                continue
            traces.append(Drawn((codes.astype(float) - MIDDLE) / CODES_PER_DIVISION, COLOURS[channel]))
        pixels = draw(traces, across=DIVISIONS)
        if not color:
            pixels = np.repeat(pixels.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
        if invert:
            pixels = 255 - pixels
        return Block(png(pixels) if kind == "PNG" else bmp(pixels), 9)

    # Waveform recording

    @on(":FUNCtion:WRECord:OPERate", choice("RUN", "STOP"))
    def _record(self, what: str) -> None:
        if what == "RUN" and not self.recording_enabled:
            raise ScpiError(-221, "waveform recording is off")
        self.recording = what == "RUN"
        self.begin() if self.recording else self.digitiser.stop()

    @on(":FUNCtion:WRECord:OPERate?", progress=True)
    def _recording(self) -> str:
        return "RUN" if self.recording and self.digitiser.state != "STOP" else "STOP"

    @on(":FUNCtion:WRECord:FMAX?")
    def _most_frames(self) -> int:
        return self.most_frames()

    @on(":FUNCtion:WRECord:FEND", integer(1, MOST_FRAMES))
    def _set_frames(self, frames: int) -> None:
        if frames > self.most_frames():
            raise ScpiError(-222, str(frames))
        self.frames = frames

    @on(":FUNCtion:WRECord:FEND?")
    def _get_frames(self) -> int:
        return min(self.frames or MOST_FRAMES, self.most_frames())

    @on(":FUNCtion:WREPlay:FMAX?")
    def _recorded(self) -> int:
        return len(self.digitiser.segments)

    @on(":FUNCtion:WREPlay:FCURrent", integer(1, MOST_FRAMES))
    def _set_frame(self, frame: int) -> None:
        if self.digitiser.state != "STOP":
            raise ScpiError(-221, "recording")
        if frame > len(self.digitiser.segments):
            raise ScpiError(-222, str(frame))
        self.digitiser.select(frame - 1)

    @on(":FUNCtion:WREPlay:FCURrent?")
    def _get_frame(self) -> int:
        record = self.digitiser.record
        return 1 + next((n for n, kept in enumerate(self.digitiser.segments) if kept is record), -1)
