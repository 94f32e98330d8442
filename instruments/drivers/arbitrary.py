"""A `Program` of volts as one arbitrary waveform: which sample period makes every edge exact, and which points it takes."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import LimitError, PlanError, Program, Steps, show

TAIL_NS = 5_000_000_000
"""How long a last level that is not 0 V is held behind the program, at most, and at most a quarter of its length."""


@dataclass(frozen=True)
class Memory:
    """What a generator's arbitrary waveforms may be. `fastest`: nanoseconds of the shortest sample period."""

    least: int
    most: int
    fastest: int
    top: int
    """Largest code of the converter; the lowest is -top."""
    widest: float
    """Volts either way."""
    narrowest: float
    """Volts between the highest and the lowest point, at least."""


@dataclass(frozen=True)
class Waveform:
    """Points for one channel: code c stands for ``offset + c / top * span / 2`` volts, each point lasts `period_ns`.

    The first point is 0 V, where it waits and where it goes back to; `lead` of them come before the program. `tail` points
    hold the last level behind it.
    """

    steps: Steps
    period_ns: int
    lead: int
    tail: int
    offset: float
    span: float
    top: int

    @cached_property
    def _level_codes(self) -> NDArray[np.int16]:
        scaled = (self.steps.levels - self.offset) * (2 * self.top / self.span)
        return np.clip(np.round(scaled), -self.top, self.top).astype(np.int16)  # beyond by a rounding error only

    @property
    def points(self) -> NDArray[np.int16]:
        """The codes of all points."""
        lengths = np.diff(self.steps.edges_ns) // self.period_ns
        lengths[-1] += self.tail
        rest = round(-self.offset * 2 * self.top / self.span)
        return np.concatenate([np.full(self.lead, rest, np.int16), np.repeat(self._level_codes, lengths)])

    def played(self, offset: float, span: float) -> Steps:
        """What is played from the trigger on, when these are the offset and the span as read back."""
        levels = offset + self._level_codes / self.top * span / 2
        if not self.lead:
            return Steps(self.steps.edges_ns, levels, "V")
        edges = np.concatenate([[0], self.steps.edges_ns + self.lead * self.period_ns])
        return Steps(edges, np.concatenate([[0.0], levels]), "V")


def waveform(program: Program, memory: Memory) -> Waveform:
    """The waveform that plays `program` exactly. Raises PlanError, naming what would fit, or LimitError.

    Every edge is a whole number of sample periods. A program that begins at another level than 0 V has one sample of 0 V
    before it, as short as the memory allows: the generator waits at its first point.
    """
    steps = program.steps()
    low, high = min(steps.low, 0.0), max(steps.high, 0.0)
    if not (-memory.widest <= low and high <= memory.widest):
        raise LimitError(
            f"{show(low, 'V')} .. {show(high, 'V')} lies outside -{show(memory.widest, 'V')} .. {show(memory.widest, 'V')}."
        )
    if low < high < low + memory.narrowest:
        raise PlanError(
            f"levels within {show(high - low, 'V')} are too small: at least {show(memory.narrowest, 'V')} from the lowest to the "
            "highest, 0 V included. Put a divider, or a converter of less gain, behind it."
        )
    total = int(steps.edges_ns[-1])
    common = math.gcd(*(int(e) for e in steps.edges_ns[1:]))
    lead = int(abs(steps.levels[0]) > memory.narrowest / 1e3)
    longest = memory.most - memory.least - lead
    if total // common > longest or common < memory.fastest:
        raise PlanError(_alternatives(total, common, longest, memory))
    tail_ns = min(TAIL_NS, total // 4) if abs(steps.levels[-1]) > memory.narrowest / 1e3 else 0
    period = _period(common, total + tail_ns, lead, longest, memory) or _period(common, total, lead, longest, memory)
    room = longest - total // period
    tail = min(tail_ns // period, room)
    span = high - low if high > low else memory.narrowest
    return Waveform(steps, period, lead, tail, (high + low) / 2, span, memory.top)


def _period(common: int, total: int, lead: int, longest: int, memory: Memory) -> int:
    """The longest period that divides `common`; if something must come before the program the shortest. 0: none fits."""
    shortest = max(memory.fastest, -(-total // longest))
    most, least = common // shortest, -(-memory.least * common // total)
    parts = range(most, 0, -1) if lead else range(least, most + 1)
    return next((common // k for k in parts if common % k == 0), 0)


def _alternatives(total: int, common: int, longest: int, memory: Memory) -> str:
    coarse = max(memory.fastest, -(-total // longest)) * 1e-9
    return (
        f"a program of {show(total * 1e-9, 's')} whose edges are multiples of {show(common * 1e-9, 's')} needs "
        f"{total // common:,} points of the {memory.most:,} that there are, {show(memory.fastest * 1e-9, 's')} or more apart. "
        f"What fits: edges at multiples of {show(coarse, 's')} or more, or a program of up to "
        f"{show(longest * common * 1e-9, 's')}."
    )
