"""What a channel of the simulated pulse card plays and measures: straight lines between breakpoints, and windows.

Time is counted in tenths of a nanosecond, so that equal times are equal.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

TICKS = 1e10
"""Tenths of a nanosecond in a second."""
RAMP = 8
"""Steps that a line which is not flat is made of."""
MOST_POINTS = 65536
"""Points of one test (4200A-KXCI-907-01 Rev. D page 7-24)."""


class Window(NamedTuple):
    """Where something is measured: from, to (ticks), in how many samples, and where the first one is kept."""

    start: int
    stop: int
    samples: int
    row: int
    part: str = ""


@dataclass(frozen=True)
class Pass:
    """One piece of a waveform: volts at rising ticks, and the windows in it, in order and apart."""

    ticks: tuple[int, ...]
    volts: tuple[float, ...]
    windows: tuple[Window, ...]

    def cells(self) -> Iterator[tuple[float, int, tuple[int, str] | None, tuple[int, str] | None]]:
        """Volts and length of each cell, and where the sample is kept that begins or ends with it."""
        begins: dict[int, tuple[int, str]] = {}
        ends: dict[int, tuple[int, str]] = {}
        edges = [np.asarray(self.ticks)]
        for a, b, x, y in zip(self.ticks, self.ticks[1:], self.volts, self.volts[1:], strict=False):
            if x != y:
                edges.append(np.linspace(a, b, RAMP + 1).astype(np.int64))
        for window in self.windows:
            cuts = np.linspace(window.start, window.stop, window.samples + 1).astype(np.int64)
            edges.append(cuts)
            for k, (a, b) in enumerate(zip(cuts.tolist(), cuts[1:].tolist(), strict=False)):
                begins[a] = ends[b] = (window.row + k, window.part)
        cut = np.unique(np.concatenate(edges))
        middles = np.interp((cut[:-1] + cut[1:]) / 2, self.ticks, self.volts)
        for a, b, volts in zip(cut.tolist(), cut[1:].tolist(), middles.tolist(), strict=False):
            yield volts, b - a, begins.get(a), ends.get(b)


@dataclass(frozen=True)
class Shape:
    """A pulse as ``:PMU:PULSE:TIMES`` gives it, seconds; the width is that at half of the height."""

    period: float = 1e-6
    width: float = 500e-9
    rise: float = 100e-9
    fall: float = 100e-9
    delay: float = 0.0

    @property
    def top(self) -> float:
        """Seconds of the flat top."""
        return self.width - (self.rise + self.fall) / 2

    def ticks(self) -> tuple[int, ...]:
        """Where its lines begin and end."""
        times = np.cumsum([0.0, self.delay, self.rise, self.top, self.fall])
        return (*(round(t * TICKS) for t in times), round(self.period * TICKS))


def within(a: int, b: int, start: float, stop: float) -> tuple[int, int]:
    """The part from `start` to `stop` (shares of the whole) of the ticks from a to b."""
    return round(a + start * (b - a)), round(a + stop * (b - a))


def pulse(shape: Shape, base: float, amplitude: float, windows: tuple[Window, ...]) -> Pass:
    """One period with one pulse."""
    ticks = shape.ticks()
    volts = (base, base, amplitude, amplitude, base, base)
    kept = [n for n in range(len(ticks)) if n == 0 or ticks[n] > ticks[n - 1]]
    return Pass(tuple(ticks[n] for n in kept), tuple(volts[n] for n in kept), windows)


@dataclass
class Sequence:
    """The arrays of one segment-arb sequence, by the names of their commands."""

    arrays: dict[str, list[float]] = field(default_factory=dict)

    def array(self, what: str) -> list[float]:
        """One array; what was not given is zero, relays closed, triggers high."""
        given = self.arrays.get(what, [])
        default = 1.0 if what in ("SSR", "TRIG") else 0.0
        return given or [default] * len(self.arrays.get("TIME", []))

    @property
    def averaged(self) -> bool:
        """Whether the readings of its repetitions are averaged."""
        return any(kind in (3, 4) for kind in self.array("MEAS:TYPE"))

    def fault(self) -> str:
        """What is wrong with it; nothing, if nothing is."""
        if any(len(self.array(what)) != len(self.array("TIME")) for what in self.arrays):
            return "has arrays of different lengths"
        starts, stops = self.array("STARTV"), self.array("STOPV")
        if any(not math.isclose(a, b, abs_tol=1e-9) for a, b in zip(stops, starts[1:], strict=False)):
            return "does not begin a segment where the one before ends"
        for seconds, a, b, kind in zip(*map(self.array, ("TIME", "MEAS:START", "MEAS:STOP", "MEAS:TYPE")), strict=True):
            if kind and not 0.0 <= a < b <= seconds * (1 + 1e-9):
                return "measures outside of a segment"
        return ""

    def seconds(self) -> float:
        """Its length."""
        return sum(self.array("TIME"))

    def samples(self, rate: float) -> list[int]:
        """Samples of each segment's window at a rate (samples per second)."""
        counts = []
        for kind, a, b in zip(*map(self.array, ("MEAS:TYPE", "MEAS:START", "MEAS:STOP")), strict=True):
            counts.append(0 if kind == 0 else 1 if kind in (1, 3) else max(round((b - a) * rate), 1))
        return counts

    def played(self, rate: float, row: int) -> Pass:
        """One pass; its first sample is kept at `row`."""
        begun, windows = 0.0, []
        ticks, volts = [0], [self.array("STARTV")[0]]
        times, starts, stops = self.array("TIME"), self.array("MEAS:START"), self.array("MEAS:STOP")
        for n, count in enumerate(self.samples(rate)):
            if count:
                where = round((begun + starts[n]) * TICKS), round((begun + min(stops[n], times[n])) * TICKS)
                windows.append(Window(*where, count, row))
                row += count
            begun += times[n]
            ticks.append(round(begun * TICKS))
            volts.append(self.array("STOPV")[n])
        return Pass(tuple(ticks), tuple(volts), tuple(windows))
