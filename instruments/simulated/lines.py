"""The lines between simulated instruments and the world: what a connector carries, in volts, amperes or logic levels."""

import bisect
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurorig.signals import ConfigError, Steps, show

from ..delivered import Delivered
from ..sensing import SenseChain
from .disturbances import Disturbance, Disturbed
from .pole import FORGOTTEN, VISIBLE, decay_of, smooth
from .settling import Settling
from .world import Event, World

if TYPE_CHECKING:
    from neurorig.hardware.twin import Twin

    from ..bench_file import TransconductanceEntry

LOGIC_HIGH = 5.0
"""Volts of a logic high: the source runs on 5 V."""
LEAD = 2000
"""Points of that past: a hundredth of the pole's time constant apart."""
FINE, AHEAD = 1e-3, 1.0
"""Seconds of one step of a disturbed current (twenty in a period of the mains), and of how much is delivered ahead."""


class NodeInput(Disturbed):
    """A connector that sees a node of the board through a sense chain."""

    unit = "V"

    def __init__(self, world: World, node: str, sense: SenseChain) -> None:
        super().__init__()
        self.world, self.node, self.sense = world, node, sense
        self.memory = FORGOTTEN / (2 * math.pi * sense.bandwidth)
        """Seconds of the past that the chain still knows of."""
        world.lookback = max(world.lookback, self.memory)

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """Volts at the probe tip at ``t0 + k dt``; shape (n,)."""
        volts = self._smoothed(t0, dt, n)
        volts *= self.sense.volts_per_unit
        if self.sense.zero:
            volts += self.sense.zero
        for added in self.disturbances:
            volts += added.at(t0 + dt * np.arange(n))
        return volts

    def _smoothed(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """The node behind the bandwidth of the chain, one pole, where the samples are close enough to see it."""
        twin = self.world.twin
        values = twin.sample(self.node, t0, dt, n)
        decay = decay_of(self.sense.bandwidth, dt)
        if decay < VISIBLE or not n:
            return values
        before = twin.sample(self.node, t0 - self.memory, self.memory / LEAD, LEAD)
        start = smooth(before, decay_of(self.sense.bandwidth, self.memory / LEAD), float(before[0]))
        return smooth(values, decay, float(start[-1]))


class SpikeWire:
    """A wire from a neuron's spike output V_ap to a comparator; no probe and no sense chain lie in between."""

    def __init__(self, world: World, neuron: str) -> None:
        self.world, self.neuron = world, neuron

    def crossings(self, level: float, start: float, stop: float) -> NDArray[np.float64]:
        """Times in (start, stop] at which V_ap rises through `level` volts: the moments of firing, if its peak is higher.

        The rise of the twin takes no time, and at the very moment of firing it still gives the value before.
        """
        return self._spikes(self.world.twin, level, start, stop)

    def foresee(self, level: float, since: float, until: float) -> NDArray[np.float64]:
        """Times in (since, until], some of it to come, at which it will, if nobody changes what drives the board."""
        return self._spikes(self.world.ahead(until), level, since, until)

    def _spikes(self, twin: "Twin", level: float, start: float, stop: float) -> NDArray[np.float64]:
        return twin.spikes(self.neuron, start, stop) if twin.board.neurons[self.neuron].peak > level else np.empty(0)


class OpenInput:
    """A connector with nothing on it."""

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """Zero volts; shape (n,)."""
        return np.zeros(n)


class PortOutput(Disturbed):
    """A current output wired to a port of the board: what is commanded passes the delivered-current table.

    Disturbances are added to levels that are not zero: what is off is off.
    """

    unit = "A"

    def __init__(self, world: World, port: str, delivered: Delivered) -> None:
        super().__init__()
        self.world, self.port, self.delivered = world, port, delivered
        self._commanded: list[tuple[float, Steps]] = []
        self._fed: Event | None = None

    def drive(self, amperes: float) -> None:
        """Deliver a constant current from now on. Stuck, it does not go to zero but stays where it is."""
        if self.stuck and amperes == 0.0:
            self.stay()
        else:
            self._hold(amperes)

    def stay(self) -> None:
        """Go on with the level of this moment, whatever was to come."""
        self._hold(float(self._levels(self.world.now)))

    def _hold(self, amperes: float) -> None:
        now = self.world.now
        self._commanded = [(now, Steps(np.array([0, 1]), np.array([amperes])))]
        if self.disturbances:
            self._feed()
        else:
            self.world.twin.drive(self.port, float(self.delivered(amperes)))

    def play(self, steps: Steps, start: float) -> None:
        """Deliver `steps` from `start` on; the last level stays."""
        # A long program comes in chunks, each queued while the last one plays.
        self._commanded = [*(c for c in self._commanded[-2:] if c[0] < start), (start, steps)]
        if self.disturbances:
            self._feed()
        else:
            delivered = Steps(steps.edges_ns, self.delivered(steps.levels), steps.unit)
            self.world.twin.play(self.port, delivered, start)

    def disturb(self, added: Disturbance) -> None:
        """Add something to what is delivered from now on."""
        super().disturb(added)
        self._feed()

    def settle(self, added: Disturbance, now: float) -> None:
        """Let a disturbance end."""
        self.disturbances.remove(added)
        self._feed()

    def _levels(self, at: ArrayLike) -> NDArray[np.float64]:
        """What is commanded at these times; of their shape."""
        times = np.asarray(at, np.float64)
        levels = np.zeros(times.shape)
        for start, steps in self._commanded:
            begun = times >= start
            levels[begun] = steps.at(times[begun] - start)
        return levels

    def _feed(self) -> None:
        """Deliver from now on what is commanded; if it is disturbed, in small steps, and for a second at a time."""
        now = self.world.now
        if self._fed is not None:
            self._fed.cancel()
        edges = np.concatenate([np.array([now]), *(start + steps.edges[:-1] for start, steps in self._commanded)])
        edges = edges[edges >= now]
        if self.disturbances and self._levels(edges).any():
            grid = now + FINE * np.arange(1, round(AHEAD / FINE) + 1)
            edges = np.concatenate([edges[edges < grid[-1]], grid])
            self._fed = self.world.at(grid[-1], self._feed)
        ns = np.unique(np.round((edges - now) * 1e9).astype(np.int64))
        ns = np.append(ns, ns[-1] + 1_000)
        middle = now + (ns[:-1] + ns[1:]) * 0.5e-9
        commanded = self._levels(middle)
        levels = self.delivered(commanded)
        for added in self.disturbances:
            levels = levels + np.where(commanded == 0.0, 0.0, added.at(middle))
        self.world.twin.play(self.port, Steps(ns, levels), now)

    def voltage(self) -> float:
        """Volts at the terminal now: the membrane it feeds."""
        return float(self.sample(self.world.now, 1e-6, 1)[0])

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """Volts at the terminal at ``t0 + k dt``; shape (n,)."""
        return self.world.twin.sample(self.port.partition(".")[0] + ".v_m", t0, dt, n)


class Output(Protocol):
    """What a current goes out of."""

    stuck: bool

    def drive(self, amperes: float) -> None:
        """Deliver a constant current from now on."""
        ...

    def stay(self) -> None:
        """Go on with the level of this moment."""
        ...

    def play(self, steps: Steps, start: float) -> None:
        """Deliver `steps` from `start` on."""
        ...


class Converter:
    """A voltage-to-current converter between a generator's output and a port of the board.

    It gives all its current: what it does beyond its compliance is not simulated, so a board whose neuron would bring it
    there is refused. Raises ConfigError.
    """

    def __init__(self, output: Output, made: "TransconductanceEntry", world: World) -> None:
        self.output, self.made, self.world = output, made, world
        if isinstance(output, PortOutput):
            _refuse_to_limit(output, made.compliance)
        self._settling = Settling(made.time_constant, made.offset) if made.time_constant else None

    @property
    def stuck(self) -> bool:
        """Whether the output goes neither to zero nor off."""
        return self.output.stuck

    def drive(self, volts: float) -> None:
        """Hold a voltage at its input from now on. Stuck, it does not go to zero but stays where it is."""
        if self.stuck and volts == 0.0:
            self.output.stay()
            if self._settling is not None:
                self._settling.stay(self.world.now)
        elif self._settling is None:
            self.output.drive(self.made.gain * volts + self.made.offset)
        else:
            self.play(Steps(np.array([0, 1]), np.array([volts]), "V"), self.world.now)

    def play(self, steps: Steps, start: float) -> None:
        """Play `steps` (V) at its input from `start` on; the last level stays."""
        amperes = Steps(steps.edges_ns, self.made.gain * steps.levels + self.made.offset, "A")
        self.output.play(amperes if self._settling is None else self._settling.play(amperes, start), start)


def _refuse_to_limit(output: PortOutput, compliance: float) -> None:
    board = output.world.twin.board
    neuron = board.ports[output.port].neuron
    threshold = board.neurons[neuron].calibration.V_th
    if compliance <= threshold:
        raise ConfigError(
            f'ports."{output.port}".transconductance: the converter gives its current up to {show(compliance, "V")}, and '
            f"{neuron} fires at {show(threshold, 'V')}: it would never fire. Use a converter with more compliance."
        )


class OpenOutput:
    """A current output with nothing on it: no current flows, the terminal sits at its compliance or at ground."""

    stuck = False

    def __init__(self, compliance: float = 4.0) -> None:
        self.compliance, self._amperes = compliance, 0.0

    def drive(self, amperes: float) -> None:
        """Try to push a current into nothing."""
        self._amperes = amperes

    def stay(self) -> None:
        """Nothing flows, whatever was to come."""

    def play(self, steps: Steps, start: float) -> None:
        """Try to push a program into nothing."""
        self._amperes = float(steps.levels[-1])

    def voltage(self) -> float:
        """Compliance when pushing, ground otherwise."""
        return self.compliance if self._amperes > 0 else 0.0

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """The same at ``t0 + k dt``; shape (n,)."""
        return np.full(n, self.voltage())


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
