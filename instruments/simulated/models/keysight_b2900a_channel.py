"""One channel of a simulated Keysight B2902A: its settings, what stands at its terminals, one reading.

What the manual says and what is assumed: see `keysight_b2900a`.
"""

import math
from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..arguments import ScpiError
from ..source_measure import Quantity, Range, Terminals
from .keysight_b2900a_ranges import (
    MEASURED,
    MOST_AMPERES,
    MOST_PULSED,
    MOST_VOLTS,
    SOURCED,
    amperes_at,
    scales,
    settling,
)
from .keysight_b2900a_settings import Sense, Settings, Source, fit

if TYPE_CHECKING:
    from ..leads import Leads
    from ..world import World

OVERHEAD = 10e-6
"""Seconds of a reading besides its aperture: readings follow each other at the shortest interval, 20 us."""
RANGE_CHANGE = 1e-3
OFF_LIMIT = 100e-6
"""Amperes that the output may give when it is said to be off but not open (User's Guide Edition 2 page 6-13)."""
NEEDS_INTERLOCK = 42.0
OTHER: dict[Quantity, Quantity] = {"V": "A", "A": "V"}
CURRENT_SOURCE, COMPLIANCE, OVERFLOWED = 1, 2, 8192
"""Bits of the status of a reading (page 1-14)."""


class Row(NamedTuple):
    """One reading: what the elements of an answer are made of; what was not measured is not a number."""

    volts: float
    amperes: float
    ohms: float
    time: float
    status: float
    source: float


class Channel:
    """A source and a meter on `leads`."""

    def __init__(
        self, number: int, world: "World", leads: "Leads", random: np.random.Generator, interlock: bool
    ) -> None:
        self.number, self.world, self.interlock = number, world, interlock
        self.terminals = Terminals(leads, scales(SOURCED, random, 1.05), scales(MEASURED, random, 1.06))
        self.mains = 50.0
        self.output = self.tripped = False
        self.reset()

    def reset(self) -> None:
        """As after ``*RST``: off and open."""
        self.settings = Settings(aperture=0.1 / self.mains)
        self.level, self.least_range, self.fixed = 0.0, 0.0, False
        self.settled = self.world.now
        self.tripped = False
        self.switch(False)

    @property
    def source(self) -> Source:
        """Of the present function."""
        return self.settings.source[self.settings.function]

    @property
    def sense(self) -> Sense:
        """Of the quantity that is limited."""
        return self.settings.sense[OTHER[self.settings.function]]

    @property
    def pulsed(self) -> bool:
        """Whether it gives pulses."""
        return self.settings.shape == "PULS"

    # What stands at the terminals

    def accept(self, function: str, name: str) -> None:
        """A setting was stored: put it on the terminals. Raises ScpiError -221 if it does not go with the others."""
        settings = self.settings
        if name in ("start", "stop", "step", "points"):
            fit(settings.source[function], name)
            return
        if name in ("level", "limit", "shape", "function"):
            self.verify((self.source.level,))
        if name == "function" or (name == "level" and function == settings.function):
            self.put(self.source.level)
        else:
            self.refresh()

    def verify(self, levels: tuple[float, ...]) -> None:
        """Raise ScpiError -221 for levels that do not go with the limit."""
        limit, most = self.sense.limit, max(map(abs, levels), default=0.0)
        volts, amperes = (most, limit) if self.settings.function == "V" else (limit, most)
        if amperes > amperes_at(volts, pulsed=self.pulsed) * (1 + 1e-9):
            raise ScpiError(-221)
        if self.output and not self.interlock and volts > NEEDS_INTERLOCK:
            raise ScpiError(-221)

    def reachable(self, function: str, value: float) -> float:
        """A level that this function may be told. Raises ScpiError -222."""
        state = self.settings.source[function]
        quantity: Quantity = "V" if function == "V" else "A"
        scale = self.terminals.sources[quantity]
        if not state.auto and abs(value) > scale.reach(scale.named(state.range)):
            raise ScpiError(-222)
        amperes = MOST_PULSED if self.pulsed else MOST_AMPERES
        if abs(value) > (MOST_VOLTS if function == "V" else amperes):
            raise ScpiError(-222)
        return value

    def range(self, level: float) -> Range:
        """The source's range for a level."""
        state, scale = self.source, self.terminals.sources[self.settings.function]
        if self.fixed or not state.auto:
            return scale.named(state.range)
        return scale.of(max(abs(level), state.lowest, self.least_range))

    def prepare(self, levels: tuple[float, ...]) -> None:
        """Choose how a sweep's levels find their ranges (User's Guide 4-29).

        Raises ScpiError -221 for levels that a fixed range does not reach.
        """
        settings, scale = self.settings, self.terminals.sources[self.settings.function]
        swept, most = self.source.mode == "SWE", max(map(abs, levels))
        self.fixed = swept and settings.ranging == "FIX"
        self.least_range = most if swept and settings.ranging == "BEST" and settings.spacing == "LIN" else 0.0
        if (self.fixed or not self.source.auto) and most > scale.reach(scale.named(self.source.range)):
            self.fixed, self.least_range = False, 0.0
            raise ScpiError(-221)

    def put(self, level: float, *, peak: bool = False) -> None:
        """Give a level from now on. It has settled when a measurement may start; a pulse's peak is not waited for."""
        self.level = level
        self.settled = self.world.now + (0.0 if peak else self.settings.sense_wait.seconds(self._initial()))
        self.refresh()

    def refresh(self) -> None:
        """Put the present level and limit on the terminals, if the output is on."""
        if self.output:
            settings = self.settings
            self.terminals.source(
                settings.function, self.level, self.range(self.level), self.sense.limit, remote=settings.remote
            )

    def switch(self, on: bool) -> None:
        """Switch the output; what stands there when it is off is told by the output-off mode."""
        leads, was_on = self.terminals.leads, self.output
        if on:
            self.output = True
            self.tripped = False
            try:
                self.verify((self.source.level,))
            except ScpiError:
                self.output = was_on
                raise
            if not was_on:
                self.put(self.source.level)
            return
        self.output = False
        mode = self.settings.off_mode
        if mode == "ZERO":
            self.terminals.hold("V", 0.0, OFF_LIMIT)
            return
        if mode == "NORM" and leads.closed:
            self.terminals.hold("V", 0.0, OFF_LIMIT)
        self.terminals.open()

    def trip(self) -> None:
        """The protection: at once 0 V, and open."""
        self.output, self.tripped = False, True
        self.terminals.hold("V", 0.0, OFF_LIMIT)
        self.terminals.open()

    def limited(self) -> bool:
        """Whether the source is held back now."""
        return self.output and self.terminals.limited()

    def _initial(self) -> float:
        """The wait that the instrument chooses: what its current range takes to settle."""
        if self.settings.function == "A":
            return settling(self.range(self.level).full_scale)
        return settling(self.settings.sense["A"].range)

    # Measuring

    @property
    def periods(self) -> float:
        """Of the mains in one aperture."""
        return self.settings.aperture * self.mains

    def reading(self, origin: float) -> Generator[float, None, Row]:
        """Wait until the source has settled, and measure both quantities at once; time counts from `origin`."""
        yield max(self.settled - self.world.now, 0.0)
        settings, sense = self.settings, self.sense
        function = settings.function
        other = OTHER[function]
        started, level = self.world.now, self.level
        meter = self.terminals.meters[other]

        def change(better: Range) -> float:
            nonlocal started
            sense.range = better.full_scale
            started = self.world.now + RANGE_CHANGE
            return RANGE_CHANGE

        seen = yield from self.terminals.measure(
            other, meter.named(sense.range), settings.aperture, self.periods,
            auto=change if sense.auto else None, lowest=sense.lowest,
        )  # fmt: skip
        mean = self.terminals.leads.mean()
        own = self.terminals.meters[function]
        true = mean.volts if function == "V" else mean.amperes
        shown = own.shown(true, own.named(self.range(level).full_scale), self.periods)
        far = math.copysign(math.inf, mean.amperes if other == "A" else mean.volts)
        found = {function: shown, other: far if seen.overflow else seen.value}
        yield OVERHEAD
        return self._row(found, started - origin, seen.limited and self.output, seen.overflow, level)

    def _row(self, found: dict[Quantity, float], time: float, limited: bool, overflow: bool, level: float) -> Row:
        sensed = self.settings.sensed
        volts, amperes = found["V"], found["A"]
        ohms = volts / amperes if amperes and math.isfinite(volts) and math.isfinite(amperes) else math.inf
        status = (CURRENT_SOURCE if self.settings.function == "A" else 0) | (COMPLIANCE if limited else 0)
        return Row(
            volts if "V" in sensed else math.nan,
            amperes if "A" in sensed else math.nan,
            ohms if "R" in sensed else math.nan,
            time,
            status | (OVERFLOWED if overflow else 0),
            level,
        )
