"""When a digital oscilloscope triggers: an edge, or a pulse of a certain width, looked for as the world's time goes on.

Approximations: an edge is searched on a 5 us grid (shorter pulses can be missed) and then placed to 1 ns. The noise of
the trigger's comparator is one error of the level for each acquisition, which is what makes slow edges jitter.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .converter import CHUNK, FrontEnd

GRID = 5_000
"""Nanoseconds between the points at which the trigger looks for an edge."""
MAINS = 0.02
"""Period of the mains, for the line trigger: 50 Hz, in phase with the world's zero of time."""

Slope = Literal["POS", "NEG", "RFAL"]
OPPOSITE: dict[Slope, Slope] = {"POS": "NEG", "NEG": "POS", "RFAL": "RFAL"}


@dataclass(frozen=True)
class Trigger:
    """An edge on one front end (None: the mains); it counts if the signal was `hysteresis` beyond the level before.

    With a `width` (shortest, longest; seconds) it is the end of a pulse that begins with that edge; `noise` is the
    standard deviation of the level in volts.
    """

    source: FrontEnd | None
    level: float
    hysteresis: float
    slope: Slope = "POS"
    holdoff: float = 0.0
    width: tuple[float, float] | None = None
    noise: float = 0.0

    def finder(self, start: float, rng: np.random.Generator) -> "EdgeFinder | PulseFinder":
        """What looks for it from `start` on."""
        noisy = replace(self, level=self.level + self.noise * float(rng.standard_normal())) if self.noise else self
        return EdgeFinder(noisy, start) if self.width is None else PulseFinder(noisy, start, *self.width)


class EdgeFinder:
    """Looks for the first edge after `start`, called again and again as time goes on."""

    def __init__(self, trigger: Trigger, start: float) -> None:
        self._trigger, self._start = trigger, start
        self._next = math.ceil(start * 1e9 / GRID)
        self._signs = {"POS": (1,), "NEG": (-1,), "RFAL": (1, -1)}[trigger.slope]
        self._armed = dict.fromkeys(self._signs, False)

    def find(self, stop: float) -> float | None:
        """Time of the first edge not later than `stop`, or None so far."""
        source = self._trigger.source
        if source is None:
            line = math.ceil(self._start / MAINS) * MAINS
            return line if line <= stop else None
        last = (math.floor(stop * 1e9) - 1) // GRID  # 1 ns short of now: rounding must not ask for the future
        while self._next <= last:
            count = min(last - self._next + 1, CHUNK)
            volts = source.volts(self._next * GRID * 1e-9, GRID * 1e-9, count)
            edges = [edge for sign in self._signs if (edge := self._first(volts, sign)) is not None]
            if edges:
                return self._place(source, self._next + min(edges)[0], min(edges)[1])
            self._next += count
        return None

    def _first(self, volts: NDArray[np.float64], sign: int) -> tuple[int, int] | None:
        """Index of the first crossing in the direction of `sign`, with the sign; keeps whether that edge is armed."""
        above = sign * (volts - self._trigger.level)
        begin = 0
        if not self._armed[sign]:
            begin = int((above < -self._trigger.hysteresis).argmax())
            if above[begin] >= -self._trigger.hysteresis:
                return None
            self._armed[sign] = True
        index = begin + int((above[begin:] >= 0).argmax())
        return (index, sign) if above[index] >= 0 else None

    def _place(self, source: FrontEnd, index: int, sign: int) -> float:
        """The nanosecond of the crossing that the grid point `index` has seen."""
        begin = (index - 1) * GRID
        volts = source.volts(begin * 1e-9, 1e-9, GRID + 1)
        crossed = sign * (volts - self._trigger.level) >= 0
        # A crossing at the very grid point may be lost to rounding.
        return (begin + (int(crossed.argmax()) if crossed.any() else GRID)) * 1e-9


class PulseFinder:
    """Looks for the end of the first pulse that lasts from `shortest` to `longest` seconds."""

    def __init__(self, trigger: Trigger, start: float, shortest: float, longest: float) -> None:
        self._begins, self._shortest, self._longest = trigger, shortest, longest
        # The way back is an edge as soon as the level is crossed: the pulse may be no higher than the hysteresis.
        self._ends = replace(trigger, slope=OPPOSITE[trigger.slope], hysteresis=0.0)
        self._edge, self._begun = EdgeFinder(trigger, start), math.nan

    def find(self, stop: float) -> float | None:
        """Time of the end of the first such pulse not later than `stop`, or None so far."""
        while (edge := self._edge.find(stop)) is not None:
            if math.isnan(self._begun):
                self._edge, self._begun = EdgeFinder(self._ends, edge), edge
                continue
            lasted, self._begun = edge - self._begun, math.nan
            if self._shortest <= lasted <= self._longest:
                return edge
            self._edge = EdgeFinder(self._begins, edge)
        return None
