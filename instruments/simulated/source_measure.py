"""The inside of a source-meter: converters with ranges and errors, two terminals, and work that takes the world's time.

A source's converter has a step, a gain and an offset error for each range, a meter's has noise besides. The errors of
one instrument are drawn with its seed, well within what the data sheet promises for a year, and stay the same.
"""

import math
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Literal, NamedTuple

import numpy as np

from .leads import Leads
from .world import Event, World

Quantity = Literal["V", "A"]
Work = Generator[float, None, None]
"""Something that takes time: it gives the seconds until it goes on; infinity: until somebody wakes it."""

HEADROOM = 1.05
"""A range goes 5 % beyond its full scale, unless a `Scale` says otherwise."""

MOST_STEPS = 300_000
"""Steps of some work after which nobody waits for its end any longer: it may have none."""


class Range(NamedTuple):
    """One range as a data sheet gives it: accuracy as a part of the value and an offset, in SI units."""

    full_scale: float
    gain: float
    offset: float
    step: float
    noise: float = 0.0
    """Standard deviation at an aperture of one period of the mains."""
    headroom: float = 0.0
    """How far this range goes, if not as far as the others of its scale."""


class Scale:
    """The ranges of one quantity, rising, and the errors of this instrument in each; `headroom`: how far a range goes."""

    def __init__(self, ranges: Iterable[Range], random: np.random.Generator, headroom: float = HEADROOM) -> None:
        self.ranges, self.headroom = tuple(ranges), headroom
        self._errors = {r.full_scale: (r.gain * random.uniform(-0.5, 0.5), r.offset * random.uniform(-0.5, 0.5))
                        for r in self.ranges}  # fmt: skip
        self._random = random

    def of(self, value: float) -> Range:
        """The most sensitive range that carries `value`; the largest, if none does."""
        return next((r for r in self.ranges if abs(value) <= self.reach(r)), self.ranges[-1])

    def reach(self, present: Range) -> float:
        """The largest value that a range carries."""
        return present.full_scale * ((present.headroom or self.headroom) + 1e-9)

    def named(self, full_scale: float) -> Range:
        """The smallest range whose full scale is not below the one given; the largest, if there is none."""
        return next((r for r in self.ranges if abs(full_scale) <= r.full_scale * (1 + 1e-9)), self.ranges[-1])

    def above(self, present: Range) -> Range | None:
        """The next less sensitive range."""
        return next((r for r in self.ranges if r.full_scale > present.full_scale), None)

    def made(self, value: float, present: Range) -> float:
        """What the source really gives when told `value`."""
        gain, offset = self._errors[present.full_scale]
        return round(value / present.step) * present.step * (1 + gain) + offset

    def shown(self, value: float, present: Range, periods: float) -> float:
        """What the meter shows of `value`, measured for so many periods of the mains."""
        gain, offset = self._errors[present.full_scale]
        noise = np.hypot(present.noise / np.sqrt(periods), self.haste(present, periods))
        return float(value * (1 + gain) + offset + noise * self._random.standard_normal())

    def haste(self, present: Range, periods: float) -> float:
        """The noise that is added below one period: a third of what the data sheets of Keithley's series add to the offset.

        That is 0.005 % of the range at a tenth of a period, 0.05 % at a hundredth.
        """
        return 5e-6 / 3 * present.full_scale / periods if periods < 1.0 else 0.0


class Seen(NamedTuple):
    """One measurement: what the meter shows of a quantity, its range, and whether the source was held back."""

    value: float
    range: Range
    limited: bool
    overflow: bool


class Terminals:
    """Force and sense terminals on `leads`; `sources` and `meters` by quantity."""

    def __init__(self, leads: Leads, sources: Mapping[Quantity, Scale], meters: Mapping[Quantity, Scale]) -> None:
        self.leads, self.sources, self.meters = leads, sources, meters

    def source(self, quantity: Quantity, level: float, present: Range, limit: float, *, remote: bool) -> None:
        """Give `level` in a range from now on, with no more than `limit` of the other quantity."""
        other: Quantity = "A" if quantity == "V" else "V"
        scale = self.sources[other]
        held = scale.made(limit, scale.of(limit))
        self.leads.remote = remote
        self.leads.hold(quantity, self.sources[quantity].made(level, present), max(held, limit / 2))

    def hold(self, quantity: Quantity, level: float, limit: float) -> None:
        """What stands there when the output is said to be off but not open; two wires."""
        self.leads.remote = False
        self.leads.hold(quantity, level, limit)

    def open(self) -> None:
        """Open the output relay."""
        self.leads.remote = False
        self.leads.release()

    @property
    def welded(self) -> bool:
        """Whether the output relay stays closed whatever it is told: the instrument sees its own relay."""
        return self.leads.stuck and self.leads.closed

    def limited(self) -> bool:
        """Whether the source is held back now."""
        return self.leads.look().limited

    def measure(
        self,
        quantity: Quantity,
        present: Range,
        seconds: float,
        periods: float,
        *,
        auto: Callable[[Range], float] | None = None,
        lowest: float = 0.0,
    ) -> Generator[float, None, Seen]:
        """Measure for `seconds`, `periods` of the mains of them effective, in the `present` range.

        With `auto` the range follows the value, not below `lowest`: each other range costs the seconds that
        ``auto(range)`` tells, and another measurement. A value beyond the range is an overflow.
        """
        scale = self.meters[quantity]
        while True:
            self.leads.mark()
            yield seconds
            mean = self.leads.mean()
            true = mean.volts if quantity == "V" else mean.amperes
            overflow = abs(true) > scale.reach(present)
            better = present if auto is None else self._better(scale, present, true, lowest)
            if better == present or auto is None:
                return Seen(scale.shown(true, present, periods), present, mean.limited, overflow)
            present = better
            yield auto(present)

    @staticmethod
    def _better(scale: Scale, present: Range, value: float, lowest: float) -> Range:
        """One range up when it is too small; straight down to the smallest that holds the value when it is below a tenth."""
        if abs(value) > scale.reach(present):
            return scale.above(present) or present
        if abs(value) < 0.1 * present.full_scale:
            return scale.named(max(abs(value), lowest))
        return present


class Job:
    """Work that goes on on the world's clock, whether or not somebody asks for it."""

    def __init__(self, world: World, work: Work) -> None:
        self._world, self._work = world, work
        self._next: Event | None = None
        self.running = True
        self._go_on()

    def stop(self) -> None:
        """End it where it stands."""
        if self.running:
            self.running = False
            if self._next is not None:
                self._next.cancel()
            self._work.close()

    def wake(self) -> None:
        """Go on now, if it waits without an end."""
        if self.running and self._next is None:
            self._go_on()

    def ended(self) -> Generator[None, None, None]:
        """Yield until it ends."""
        while self.running:
            yield

    def wait(self, most: float) -> bool:
        """Let the world go on until it ends, `most` seconds and `MOST_STEPS` or fewer; whether it has ended."""
        end = self._world.now + most
        for _ in range(MOST_STEPS):
            if not self.running or self._next is None or self._next.when > end:
                break
            self._world.advance_to(self._next.when)
        return not self.running

    def _go_on(self) -> None:
        try:
            seconds = next(self._work)
        except StopIteration:
            self.running = False
        else:
            endless = seconds == math.inf
            self._next = None if endless else self._world.at(self._world.now + max(seconds, 0.0), self._go_on)
