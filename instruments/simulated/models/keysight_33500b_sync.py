"""The Sync connector of a simulated Keysight 33522B, which follows one of its channels.

What the guide says and what is assumed: see `keysight_33500b`.
"""

import math
from typing import TYPE_CHECKING

from ..lines import LogicLine
from .keysight_33500b_channel import Channel

if TYPE_CHECKING:
    from ..world import Event, World

SHORTEST = 1e-3
"""Seconds of the shortest cycle that is followed."""


class SyncConnector:
    """Drives `line`; every call says which channel it is about and which one is followed."""

    def __init__(self, world: "World", line: LogicLine) -> None:
        self._world, self._line = world, line
        self._edges: list[Event] = []
        self._high = False

    def stop(self, channel: Channel, source: int) -> None:
        """Nothing is played."""
        if channel.number == source:
            self._forget()
            self._drive(channel, False)

    def burst(self, channel: Channel, source: int, start: float) -> None:
        """High from the first sample to the end of the last cycle; if there is none, or with CARRier or MARKer, in each cycle."""
        if channel.number != source:
            return
        self._forget()
        if channel.sync_mode == "NORM" and not math.isinf(channel.cycles):
            end = start + channel.cycles * channel.period
            self._edges = [
                self._world.at(start, lambda: self._drive(channel, True)),
                self._world.at(end, lambda: self._drive(channel, False)),
            ]
        else:
            self._cycle(channel, start, channel.cycles)

    def follow(self, channel: Channel, source: int, start: float) -> None:
        """A waveform without bursts, cycle by cycle."""
        self.stop(channel, source)
        if channel.number == source and channel.function not in ("DC", "NOIS"):
            self._cycle(channel, start, math.inf)

    def level(self, channel: Channel, source: int) -> None:
        """Switched on or off, or inverted."""
        if channel.number == source:
            self._drive(channel, self._high)

    def _drive(self, channel: Channel, high: bool) -> None:
        self._high = high
        self._line.drive(channel.sync and high == (channel.sync_polarity == "NORM"))

    def _forget(self) -> None:
        for edge in self._edges:
            edge.cancel()
        self._edges = []

    def _cycle(self, channel: Channel, start: float, left: float) -> None:
        period = channel.period
        if left < 1 or period < SHORTEST:
            return
        self._edges = [
            self._world.at(start, lambda: self._drive(channel, True)),
            self._world.at(start + self._share(channel) * period, lambda: self._drive(channel, False)),
            self._world.at(start + period, lambda: self._cycle(channel, start + period, left - 1)),
        ]

    @staticmethod
    def _share(channel: Channel) -> float:
        """Part of a cycle for which it is high."""
        if channel.sync_mode == "MARK" and channel.function == "ARB":
            points = channel.memory.points(channel.selected)
            return ((channel.marker or points // 2 + 1) - 1) / points
        return channel.duty / 100 if channel.function == "SQU" else 0.5
