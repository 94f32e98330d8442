"""Plays a simulated Keysight 33522B's staircases on an output of the world, piece by piece."""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from neurorig.signals import Steps

from ..settling import in_nanoseconds
from ..world import Event, World
from .keysight_33500b_shapes import Floats, Playback

Scale = Callable[[Floats], Floats]
"""What levels are in volts."""


class Output(Protocol):
    """What a channel's connector is wired to: `lines.Converter`, for one."""

    @property
    def stuck(self) -> bool:
        """Whether it goes neither to zero nor off."""
        ...

    def drive(self, volts: float) -> None:
        """Hold a voltage from now on."""
        ...

    def play(self, steps: Steps, start: float) -> None:
        """Play volts from `start` (s of the world) on; the last level stays."""
        ...


class Player:
    """One channel behind its relay. `volts` makes volts of levels; nothing is put out while the relay is open (`closed`)."""

    def __init__(self, world: World, output: Output | None, volts: Scale) -> None:
        self._world, self._output, self._volts = world, output, volts
        self.closed = False
        self.until = 0.0
        """Seconds of the world at which the last cycle of the present burst ends."""
        self._held = 0.0
        self._piece: tuple[float, Floats, Floats] | None = None
        self._pieces: Iterator[tuple[float, Floats, Floats]] = iter(())
        self._start, self._rest = 0.0, 0.0
        self._next: Event | None = None

    @property
    def welded(self) -> bool:
        """Whether its relay stays closed whatever it is told: the instrument sees its own relay."""
        return self.closed and self._output is not None and self._output.stuck

    @property
    def busy(self) -> bool:
        """Whether cycles are still to come."""
        return self._piece is not None and self._world.now < self.until

    def hold(self, x: float) -> None:
        """Stop, and stay at a level."""
        if self._next is not None:
            self._next.cancel()
        self._piece, self._held, self._next, self.until = None, x, None, 0.0
        self.refresh()

    def play(self, playback: Playback, start: float) -> None:
        """Begin at `start` (s of the world), not past."""
        if self._next is not None:
            self._next.cancel()
        self._pieces, self._start, self._rest = playback.pieces(), start, playback.rest
        self.until = start + playback.duration
        self._go_on()

    def refresh(self) -> None:
        """What the levels mean in volts has changed, or the relay has moved."""
        if self._output is None:
            return
        if not self.closed:
            self._output.drive(0.0)
            return
        now = self._world.now
        if self._piece is None or self._piece[0] > now:
            self._output.drive(float(self._volts(np.array([self._held]))[0]))
        if self._piece is not None:
            start, edges, levels = self._piece
            begun = max(0, int(np.searchsorted(start + edges, now, side="right")) - 1)
            begin = max(start, now)
            rest = np.append(begin - start, edges[begun + 1 :])
            self._put(begin, rest - rest[0], levels[begun:])

    def _go_on(self) -> None:
        found = next(self._pieces, None)
        if found is None:
            self.hold(self._rest)
            return
        offset, edges, levels = found
        start = max(self._start + offset, self._world.now)
        self._piece = (start, edges, levels)
        self._next = self._world.at(start + float(edges[-1]), self._go_on)
        if self.closed:
            self._put(start, edges, levels)

    def _put(self, start: float, edges: Floats, levels: Floats) -> None:
        steps = in_nanoseconds(edges, self._volts(levels), "V")
        if self._output is not None and steps is not None:
            self._output.play(steps, start)
