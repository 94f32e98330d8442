"""The lines between simulated instruments and the world: what a connector carries, in volts, amperes or logic levels."""

import bisect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import Steps

from ..delivered import Delivered
from ..sensing import SenseChain
from .world import World

if TYPE_CHECKING:
    from ..bench_file import TransconductanceEntry

LOGIC_HIGH = 5.0
"""Volts of a logic high: the source runs on 5 V."""


class NodeInput:
    """A connector that sees a node of the board through a sense chain."""

    def __init__(self, world: World, node: str, sense: SenseChain) -> None:
        self.world, self.node, self.sense = world, node, sense

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """Volts at the probe tip at ``t0 + k dt``; shape (n,)."""
        volts = self.world.twin.sample(self.node, t0, dt, n)
        volts *= self.sense.volts_per_unit
        if self.sense.zero:
            volts += self.sense.zero
        return volts


class SpikeWire:
    """A wire from a neuron's spike output V_ap to a comparator; no probe and no sense chain lie in between."""

    def __init__(self, world: World, neuron: str) -> None:
        self.world, self.neuron = world, neuron

    def crossings(self, level: float, start: float, stop: float) -> NDArray[np.float64]:
        """Times in (start, stop] at which V_ap rises through `level` volts: the moments of firing, if its peak is higher.

        The rise of the twin takes no time, and at the very moment of firing it still gives the value before.
        """
        twin = self.world.twin
        return twin.spikes(self.neuron, start, stop) if twin.board.neurons[self.neuron].peak > level else np.empty(0)


class OpenInput:
    """A connector with nothing on it."""

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """Zero volts; shape (n,)."""
        return np.zeros(n)


class PortOutput:
    """A current output wired to a port of the board: what is commanded passes the delivered-current table."""

    def __init__(self, world: World, port: str, delivered: Delivered) -> None:
        self.world, self.port, self.delivered = world, port, delivered

    def drive(self, amperes: float) -> None:
        """Deliver a constant current from now on."""
        self.world.twin.drive(self.port, float(self.delivered(amperes)))

    def play(self, steps: Steps, start: float) -> None:
        """Deliver `steps` from `start` on; the last level stays."""
        delivered = Steps(steps.edges_ns, self.delivered(steps.levels), steps.unit)
        self.world.twin.play(self.port, delivered, start)

    def voltage(self) -> float:
        """Volts at the terminal now: the membrane it feeds."""
        node = self.port.partition(".")[0] + ".v_m"
        return float(self.world.twin.sample(node, self.world.now, 1e-6, 1)[0])


class Converter:
    """A voltage-to-current converter between a generator's output and a port of the board."""

    def __init__(self, output: PortOutput, made: "TransconductanceEntry") -> None:
        self.output, self.made = output, made

    def drive(self, volts: float) -> None:
        """Hold a voltage at its input from now on."""
        self.output.drive(self.made.gain * volts + self.made.offset)

    def play(self, steps: Steps, start: float) -> None:
        """Play `steps` (V) at its input from `start` on; the last level stays."""
        self.output.play(Steps(steps.edges_ns, self.made.gain * steps.levels + self.made.offset, "A"), start)


class OpenOutput:
    """A current output with nothing on it: no current flows, the terminal sits at its compliance or at ground."""

    def __init__(self, compliance: float = 4.0) -> None:
        self.compliance, self._amperes = compliance, 0.0

    def drive(self, amperes: float) -> None:
        """Try to push a current into nothing."""
        self._amperes = amperes

    def play(self, steps: Steps, start: float) -> None:
        """Try to push a program into nothing."""
        self._amperes = float(steps.levels[-1])

    def voltage(self) -> float:
        """Compliance when pushing, ground otherwise."""
        return self.compliance if self._amperes > 0 else 0.0


class LogicLine:
    """A logic line: what one instrument drives, others see as a level, an edge, or 0 / 5 V on a scope."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._times: list[float] = []
        self._levels: list[bool] = []
        self._watchers: list[Callable[[float], None]] = []

    def drive(self, high: bool) -> None:
        """Hold a level from now on; cancels edges to come."""
        self._cut(self.world.now)
        self._edge(self.world.now, high)

    def play(self, edge_times: Sequence[float] | NDArray[np.float64], start_level: bool) -> None:
        """Be at `start_level` from now on and toggle at each of the absolute times given (rising order, not past)."""
        self.drive(start_level)
        level = start_level
        for when in edge_times:
            level = not level
            self._edge(float(when), level)

    def level(self) -> bool:
        """The level now."""
        index = bisect.bisect_right(self._times, self.world.now) - 1
        return self._levels[index] if index >= 0 else False

    def on_rising(self, action: Callable[[float], None]) -> None:
        """Call ``action(time)`` at each rising edge from now on."""
        self._watchers.append(action)

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """0 or 5 V at ``t0 + k dt``; shape (n,)."""
        index = np.searchsorted(self._times, t0 + dt * np.arange(n), side="right")
        return LOGIC_HIGH * np.array([False, *self._levels])[index]

    def crossings(self, level: float, start: float, stop: float) -> NDArray[np.float64]:
        """Rising edges in (start, stop], if `level` lies between the logic levels."""
        if not 0 < level < LOGIC_HIGH:
            return np.empty(0)
        before = [False, *self._levels[:-1]]
        edges = zip(self._times, before, self._levels, strict=True)
        return np.array([t for t, was, now in edges if now and not was and start < t <= stop])

    def _edge(self, when: float, high: bool) -> None:
        was = self._levels[-1] if self._levels else False
        self._times.append(when)
        self._levels.append(high)
        if high and not was:
            self.world.at(when, lambda: self._rise(when))

    def _rise(self, when: float) -> None:
        if self.level():  # an edge that was cut in the meantime never comes
            for action in self._watchers:
                action(when)

    def _cut(self, after: float) -> None:
        keep = bisect.bisect_left(self._times, after)
        del self._times[keep:], self._levels[keep:]
