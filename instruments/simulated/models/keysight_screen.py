"""What a simulated Keysight DSO-X 3024T shows: measurements of the traces on its screen, and the screen's picture.

What the guide says and what is assumed: see `keysight_infiniivision`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import boolean, choice
from ..device import Block, Setting
from ..grammar import make_command, on
from ..measuring import measure
from ..screen import BLUE, GREEN, MAGENTA, YELLOW, Drawn, bmp, draw, png
from .keysight_setup import ACROSS, CHANNELS, DOWN, MIDDLE, SOURCES, STEPS, KeysightSetup, nr3

MEASURED = 65_535
"""Most points of the measurement record."""
COLOURS = dict(zip(CHANNELS, (YELLOW, GREEN, BLUE, MAGENTA), strict=True))
NO_VALUE = "+9.9E+37"


class Measured:
    """A measurement's query; its arguments are an interval, a type or a source, each of which may be left out."""

    def __init__(self, pattern: str, what: str, factor: float = 1.0) -> None:
        word = choice("DISPlay", "CYCLe", "AC", "DC", *SOURCES)

        def tell(device: "KeysightScreen", a: str = "", b: str = "", c: str = "") -> str:
            return device.measured(what, factor, (a, b, c))

        self.scpi_commands = (make_command(pattern, (word, word, word), tell),)


class KeysightScreen(KeysightSetup):
    """Measurements and the screen's picture."""

    measured_source = Setting(":MEASure:SOURce", choice(*SOURCES), "CHAN1")
    ink_saver = Setting(":HARDcopy:INKSaver", boolean, True)

    vmax = Measured(":MEASure:VMAX?", "VMAX")
    vmin = Measured(":MEASure:VMIN?", "VMIN")
    vpp = Measured(":MEASure:VPP?", "VPP")
    vtop = Measured(":MEASure:VTOP?", "VTOP")
    vbase = Measured(":MEASure:VBASe?", "VBASE")
    vamplitude = Measured(":MEASure:VAMPlitude?", "VAMP")
    vaverage = Measured(":MEASure:VAVerage?", "VAVG")
    vrms = Measured(":MEASure:VRMS?", "VRMS")
    frequency = Measured(":MEASure:FREQuency?", "FREQUENCY")
    period = Measured(":MEASure:PERiod?", "PERIOD")
    positive_width = Measured(":MEASure:PWIDth?", "PWIDTH")
    negative_width = Measured(":MEASure:NWIDth?", "NWIDTH")
    duty = Measured(":MEASure:DUTYcycle?", "PDUTY", 100.0)
    rise = Measured(":MEASure:RISetime?", "RTIME")
    fall = Measured(":MEASure:FALLtime?", "FTIME")

    def thinned(self, channel: int, points: int) -> NDArray[Any]:
        """Evenly spaced levels of a record, at most `points`; of a peak detection the least and the greatest of each
        two in turn. Raises KeyError if the channel was off, LookupError if there is no record."""
        levels = self.digitiser.levels(channel)
        count = self.count(len(levels), points)
        if count == len(levels):
            return levels
        record = self.digitiser.record
        assert record is not None
        if record.plan.front_ends[channel].sampling == "PEAK":
            edges = np.arange(count // 2) * len(levels) // (count // 2)
            return np.stack((np.minimum.reduceat(levels, edges), np.maximum.reduceat(levels, edges)), axis=1).reshape(
                -1
            )
        return levels[np.arange(count) * len(levels) // count]

    @staticmethod
    def count(depth: int, points: int) -> int:
        """How many of `depth` points are left when every n-th is taken, and no more than `points`."""
        return depth // (depth // (points + 1) + 1)

    def measured(self, what: str, factor: float, words: tuple[str, ...]) -> str:
        """One measurement of the source among `words`, as text. VRMS of type AC is that without the mean."""
        source = next((word for word in words if word.startswith("CHAN")), self.measured_source)
        record, channel = self.digitiser.record, int(source[-1])
        if record is None or channel not in record.plan.front_ends:
            return NO_VALUE
        levels, front_end = self.thinned(channel, MEASURED), record.plan.front_ends[channel]
        volts = (levels.astype(float) - front_end.zero_code) * front_end.volts_per_code
        if "AC" in words:
            volts -= volts.mean()
        value = measure(what, volts, record.plan.screen / len(volts)) * factor
        return NO_VALUE if math.isnan(value) else nr3(value)

    @on(":DISPlay:DATA?", choice("PNG", "BMP", "BMP8bit"), choice("COLor", "GRAYscale"), cost=0.3)
    def _picture(self, kind: str = "PNG", palette: str = "COL") -> Block:
        traces = []
        record = self.digitiser.record
        for channel, front_end in sorted(record.plan.front_ends.items()) if record is not None else ():
            levels = self.thinned(channel, MEASURED).astype(float)
            above = levels - front_end.zero_code - (MIDDLE - front_end.zero_code)
            traces.append(Drawn(above * DOWN / STEPS, COLOURS[channel]))
        pixels = draw(traces, across=ACROSS, down=DOWN)
        if palette == "GRAY":
            pixels = np.repeat(pixels.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
        if self.ink_saver:
            dark = (pixels == 0).all(axis=2)
            pixels[dark] = 255
        return Block(png(pixels) if kind == "PNG" else bmp(pixels), 8)
