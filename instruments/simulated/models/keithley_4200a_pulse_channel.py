"""One channel of the simulated 4225-PMU with its remote module: settings, what it plays, what it measures on the way."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..source_measure import Terminals, Work
from .keithley_4200a_language import KxciError
from .keithley_4200a_ranges import PULSE_LIMIT, PULSE_NOISE_TIME, pulse_scales
from .keithley_4200a_waveforms import MOST_POINTS, TICKS, Pass, Sequence, Shape, Window, pulse, within

if TYPE_CHECKING:
    from ..leads import Leads
    from ..world import World

NOTHING, SPOT, WAVEFORM, SPOT_AVERAGED, WAVEFORM_AVERAGED = range(5)
AUTOMATIC, AUTOMATIC_FROM, FIXED = range(3)
OVERFLOW, LIMITED = 1, 2
"""Bits of the status of a reading: beyond its range, beyond what the card gives."""


@dataclass(frozen=True)
class Plan:
    """What all channels share: how a test measures, how often each pulse comes, samples per second."""

    mode: int = SPOT
    burst: int = 1
    rate: float = 200e6
    segments: bool = False


@dataclass(frozen=True)
class Waveform:
    """What a channel is to play: `levels` are (base, amplitude) in volts, one after the other."""

    levels: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    shape: Shape = field(default_factory=Shape)
    high: bool = True
    low: bool = True
    spot: tuple[float, float] = (0.75, 0.9)
    margins: tuple[float, float] = (0.0, 0.0)
    range_type: int = FIXED
    amperes: float = 10e-3
    source_range: int = 10


@dataclass
class Sum:
    """The readings that make one value."""

    volts: float = 0.0
    amperes: float = 0.0
    time: float = 0.0
    status: int = 0
    count: int = 0

    def add(self, volts: float, amperes: float, time: float, status: int) -> None:
        """One more; the time is that of the first."""
        self.time = time if self.count == 0 else self.time
        self.volts, self.amperes, self.count = self.volts + volts, self.amperes + amperes, self.count + 1
        self.status |= status

    def field(self, what: str) -> str:
        """V, I, T or S, as it is told."""
        if what == "S":
            return str(self.status)
        return f"{self.time if what == 'T' else (self.volts if what == 'V' else self.amperes) / self.count:.6E}"


@dataclass
class Player:
    """Settings that come back with ``:PMU:INIT``, or after a test when they are not retained."""

    waveform: Waveform = field(default_factory=Waveform)
    sequences: dict[int, Sequence] = field(default_factory=dict)
    order: list[tuple[int, int]] = field(default_factory=list)


class PulseChannel:
    """A pulse source and its meters on `leads`."""

    def __init__(self, world: "World", leads: "Leads", random: np.random.Generator) -> None:
        self.world = world
        self._terminals = {volts: Terminals(leads, *pulse_scales(volts, random)) for volts in PULSE_LIMIT}
        self.leads = leads
        self.on = False
        self.reset()

    def reset(self) -> None:
        """As after ``:PMU:INIT``: off, nothing to play, nothing measured."""
        self.off()
        self.player = Player()
        self.retained = False
        self.rows: dict[int, dict[str, Sum]] = {}

    def move(self, leads: "Leads") -> None:
        """To other leads, whatever level is held; off."""
        self.leads.release()
        self.off()
        self.leads = leads
        for terminals in self._terminals.values():
            terminals.leads = leads

    def off(self) -> None:
        """Zero first, then the relay."""
        if self.leads.held is not None and self.on:
            self.terminals.hold("V", 0.0, PULSE_LIMIT[10])
            self.terminals.open()
        self.on = False

    @property
    def terminals(self) -> Terminals:
        """Force and sense, in the present source range."""
        return self._terminals[self.player.waveform.source_range if hasattr(self, "player") else 10]

    def check(self, plan: Plan) -> None:
        """Raise KxciError if what is to be played cannot be."""
        waveform = self.player.waveform
        if plan.segments:
            if not self.player.order:
                raise KxciError("There is no list of sequences")
            if waveform.range_type != FIXED:
                raise KxciError("Segments are measured in a fixed range")
            for which, _ in self.player.order:
                if fault := self.player.sequences[which].fault():
                    raise KxciError(f"Sequence {which} {fault}")
                if max(map(abs, self._volts(which))) > waveform.source_range:
                    raise KxciError(f"Sequence {which} goes beyond the range of {waveform.source_range} V")
        elif any(abs(a - b) > waveform.source_range for a, b in waveform.levels):
            raise KxciError(f"A pulse is higher than the range of {waveform.source_range} V")
        if self._points(plan, self._rate(plan)) > MOST_POINTS:
            raise KxciError(f"A test has up to {MOST_POINTS} points")

    def _volts(self, which: int) -> list[float]:
        sequence = self.player.sequences[which]
        return [*sequence.array("STARTV"), *sequence.array("STOPV")]

    def _points(self, plan: Plan, rate: float) -> int:
        if plan.segments:
            sequences = self.player.sequences
            return sum(
                (1 if sequences[which].averaged else loops) * sum(sequences[which].samples(rate))
                for which, loops in self.player.order
            )
        repeats = plan.burst if plan.mode in (SPOT, WAVEFORM) else 1
        return len(self.player.waveform.levels) * repeats * self._count(self._windows(plan.mode, rate, 0))

    def _rate(self, plan: Plan) -> float:
        """Samples per second, fewer if they were too many."""
        rate = plan.rate
        while rate > 1e3 and self._points(plan, rate) > MOST_POINTS:
            rate /= 2
        return rate

    def _windows(self, mode: int, rate: float, row: int) -> tuple[Window, ...]:
        waveform = self.player.waveform
        ticks = waveform.shape.ticks()
        if mode == NOTHING:
            return ()
        if mode in (SPOT, SPOT_AVERAGED):
            high = Window(*within(ticks[2], ticks[3], *waveform.spot), 1, row, "H")
            low = Window(*within(ticks[4], ticks[5], *waveform.spot), 1, row, "L")
            return (high,) * waveform.high + (low,) * waveform.low
        whole = ticks[4] - ticks[1]
        before, after = waveform.margins
        start, stop = max(round(ticks[1] - before * whole), 0), min(round(ticks[4] + after * whole), ticks[5])
        return (Window(start, stop, max(math.floor((stop - start) / TICKS * rate), 1), row),)

    @staticmethod
    def _count(windows: tuple[Window, ...]) -> int:
        return len({window.row for window in windows}) if len(windows) > 1 else sum(w.samples for w in windows)

    def _passes(self, plan: Plan) -> Iterator[Pass]:
        rate, row = self._rate(plan), 0
        if plan.segments:
            for which, loops in self.player.order:
                sequence = self.player.sequences[which]
                for _ in range(loops):
                    yield sequence.played(rate, row)
                    row += 0 if sequence.averaged else sum(sequence.samples(rate))
                row += sum(sequence.samples(rate)) if sequence.averaged else 0
            return
        averaged = plan.mode in (SPOT_AVERAGED, WAVEFORM_AVERAGED)
        waveform = self.player.waveform
        for base, amplitude in waveform.levels:
            for k in range(plan.burst):
                windows = self._windows(plan.mode, rate, row)
                yield pulse(waveform.shape, base, amplitude, windows)
                row += self._count(windows) if not averaged or k == plan.burst - 1 else 0

    def run(self, plan: Plan) -> Work:
        """Play and measure; then zero, and the settings gone unless they are retained."""
        self.rows = {}
        waveform, terminals = self.player.waveform, self.terminals
        limit, begun, marked = PULSE_LIMIT[waveform.source_range], self.world.now, 0.0
        source = terminals.sources["V"]
        try:
            for each in self._passes(plan):
                for volts, ticks, begins, ends in each.cells():
                    terminals.hold("V", source.made(volts, source.ranges[0]), limit)
                    if begins is not None:
                        self.leads.mark()
                        marked = self.world.now
                    yield ticks / TICKS
                    if ends is not None:
                        self._keep(*ends, terminals, marked - begun, self.world.now - begun)
        finally:
            if self.on:
                terminals.hold("V", 0.0, limit)
            if not self.retained:
                self.player = Player(waveform=replace(Waveform(), source_range=waveform.source_range))

    def _keep(self, row: int, part: str, terminals: Terminals, start: float, stop: float) -> None:
        mean, waveform = self.leads.mean(), self.player.waveform
        volts, amperes = terminals.meters["V"], terminals.meters["A"]
        if waveform.range_type == FIXED:
            present = amperes.named(waveform.amperes)
        else:
            present = amperes.of(
                max(abs(mean.amperes), waveform.amperes if waveform.range_type == AUTOMATIC_FROM else 0.0)
            )
        reach, periods = amperes.reach(present), max((stop - start) / PULSE_NOISE_TIME, 1e-6)
        over = abs(mean.amperes) > reach
        shown = min(max(amperes.shown(mean.amperes, present, periods), -reach), reach)
        seen = volts.shown(mean.volts, volts.ranges[0], periods)
        status = OVERFLOW * over + LIMITED * mean.limited
        self.rows.setdefault(row, {}).setdefault(part, Sum()).add(seen, shown, (start + stop) / 2, status)
