"""What is added to a signal on its way between an instrument and the world: an offset, a drift, a ripple of the mains."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAINS = 50.0
"""Hz of the mains."""


@dataclass
class Disturbance:
    """Volts or amperes (`unit`) added from `since` to `until`, seconds of the world: a function of time alone."""

    unit: str
    since: float
    offset: float = 0.0
    slope: float = 0.0
    """Units a second, from `since` on."""
    amplitude: float = 0.0
    """Of a sine at the frequency of the mains."""
    phase: float = 0.0
    until: float = math.inf

    def at(self, at: ArrayLike) -> NDArray[np.float64]:
        """What is added at these times; of their shape."""
        times = np.asarray(at, np.float64)
        added = self.offset + self.slope * (times - self.since)
        if self.amplitude:
            added = added + self.amplitude * np.sin(2 * math.pi * MAINS * times + self.phase)
        return np.where((times >= self.since) & (times < self.until), added, 0.0)

    def mean(self, start: float, stop: float) -> float:
        """What is added on the average from `start` to `stop`: a whole period of the mains leaves nothing of a ripple."""
        begin, end = max(start, self.since), min(stop, self.until)
        if end <= begin:
            return float(self.at(stop)) if start == stop else 0.0
        turn = 2 * math.pi * MAINS
        total = (self.offset + self.slope * ((begin + end) / 2 - self.since)) * (end - begin)
        total += self.amplitude * (math.cos(turn * begin + self.phase) - math.cos(turn * end + self.phase)) / turn
        return total / (stop - start)


class Disturbed:
    """A line whose signal can be disturbed; `unit` is that of the disturbances it takes, "" any."""

    unit = ""
    stuck = False
    """Of an output: it goes neither to zero nor off."""

    def __init__(self) -> None:
        self.disturbances: list[Disturbance] = []

    def disturb(self, added: Disturbance) -> None:
        """Add something to the signal from now on."""
        self.disturbances.append(added)

    def settle(self, added: Disturbance, now: float) -> None:
        """Let a disturbance end; what was sampled before keeps it."""
        added.until = now
