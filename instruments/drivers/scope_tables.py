"""What a model of oscilloscope can be set to: volts over its screen, seconds over its memory. No input or output."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from neurorig.signals import LimitError, PlanError, show

from ..roles import ChannelSetup

OFFSET_STEPS = 50
"""Parts of a division in which the middle of the screen is placed: every model can, and it reads back."""


def steps_125(low: float, high: float) -> tuple[float, ...]:
    """1, 2, 5 times powers of ten, from `low` to `high`, both included."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (float(f"{m}e{e}") for e in range(first, last + 1) for m in (1, 2, 5))
    return tuple(s for s in steps if low * (1 - 1e-9) <= s <= high * (1 + 1e-9))


@dataclass(frozen=True)
class Screen:
    """How a channel can lie over the converter; scales and offsets as with a 1X probe.

    `divisions`: those that are surely digitised. `furthest(scale)`: how far from 0 V the middle may lie (V).
    `level_divisions`: how far from the middle a trigger level may lie. `probes`: the attenuations that can be set.
    """

    scales: tuple[float, ...]
    divisions: float
    furthest: Callable[[float], float]
    level_divisions: float
    probes: tuple[float, ...]

    def fit(self, setup: ChannelSetup) -> tuple[float, float]:
        """Volts a division and volts in the middle (at the tip) that put [low, high] on the screen. Raises LimitError."""
        if setup.attenuation not in self.probes:
            raise LimitError(
                f"no probe attenuation {setup.attenuation:g}; it is one of {', '.join(f'{p:g}' for p in self.probes)}."
            )
        if not setup.low < setup.high:
            raise LimitError(f"the range {show(setup.low, 'V')} .. {show(setup.high, 'V')} is empty.")
        middle = (setup.low + setup.high) / 2
        for base in self.scales:
            scale = base * setup.attenuation
            reach = self.furthest(base) * setup.attenuation
            if self.divisions * scale >= (setup.high - setup.low) * (1 - 1e-9) and abs(middle) <= reach:
                return scale, round(middle * OFFSET_STEPS / scale) * scale / OFFSET_STEPS + 0.0
        raise LimitError(
            f"{show(setup.low, 'V')} .. {show(setup.high, 'V')} does not fit "
            f"{show(self.divisions * self.scales[-1] * setup.attenuation, 'V')}, the whole screen with a probe "
            f"{setup.attenuation:g}X. Use a probe with more attenuation."
        )

    def check_level(self, level: float, scale: float, middle: float) -> None:
        """Raise LimitError when a trigger level (V at the tip) is out of reach."""
        low, high = middle - self.level_divisions * scale, middle + self.level_divisions * scale
        if not low <= level <= high:
            raise LimitError(
                f"trigger level {show(level, 'V')} lies outside {show(low, 'V')} .. {show(high, 'V')}, what its scale and "
                "offset allow."
            )


@dataclass(frozen=True)
class Memory:
    """What a model records in one acquisition: `divisions` of one of its `timebases` (seconds a division).

    `depths` are the points that a channel can have and `fastest` its fastest rate, both by how many channels share the
    memory (for a person: `sharing`). The rate is depth / (divisions x time base).
    """

    divisions: int
    timebases: tuple[float, ...]
    depths: Mapping[int, tuple[int, ...]]
    fastest: Mapping[int, float]
    sharing: str = "{} channels"

    def fit(self, shared: int, span: float, rate: float) -> tuple[float, int, float]:
        """Time base, points and rate of the smallest record of `span` seconds at `rate` or more. Raises PlanError."""
        fitting = [t for t in self.timebases if self.divisions * t >= span * (1 - 1e-9)]
        for timebase in fitting:
            for depth in self.depths[shared]:
                got = depth / (self.divisions * timebase)
                if rate * (1 - 1e-9) <= got <= self.fastest[shared] * (1 + 1e-9):
                    return timebase, depth, got
        raise PlanError(self._alternatives(shared, span, rate, fitting))

    def _alternatives(self, shared: int, span: float, rate: float, fitting: Sequence[float]) -> str:
        said = (
            f"{show(span, 's')} at {show(rate, 'Hz')} on {self.sharing.format(shared)} need {span * rate:.4g} points, the "
            f"memory holds {self.depths[shared][-1]:,} a channel."
        )
        if not fitting:
            return f"{said} The longest record is {show(self.divisions * self.timebases[-1], 's')}."
        fewer = dict.fromkeys(n for n in (shared, 2, 1) if n <= shared)
        options = [f"{show(self._best(n, fitting[0]), 'Hz')} with {self.sharing.format(n)}" for n in fewer]
        said += f" What fits this length: {', '.join(options)}."
        shorter = [t for t in self.timebases if rate <= self._best(shared, t)]
        if shorter:
            longest = show(self.divisions * shorter[-1], "s")
            said += f" At this rate and {self.sharing.format(shared)}: {longest}, pre-trigger included."
        return said

    def _best(self, shared: int, timebase: float) -> float:
        return min(self.depths[shared][-1] / (self.divisions * timebase), self.fastest[shared])
