"""`Twin`: the board as a model that runs, with a memory of everything that happened."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import inf, isfinite
from operator import index as whole

import numpy as np

from neurorig.hardware import Board
from neurorig.hardware.seeds import checked_seed
from neurorig.signals import ConfigError, Steps, nearest, parse, show

from . import engine as engines
from .layout import Floats

ROUNDING = 1e-12  # s; a grid computed in floats may end a hair beyond now
MOST = 10.0  # times the largest current of a port's range; beyond it the number was not meant in amperes


class Twin:
    """A board that runs in the computer.

    The state is committed only at events (threshold, opening of the thyristor, end of a pulse, V_T of a stage, ...) and
    at input changes. So the result does not depend on how the time is cut into calls of `advance`, and any node can be
    sampled afterwards at any time still remembered.

    `loads`: input resistance (ohm, or text with a unit) of what hangs on a node, drawn exactly from membranes, from the
    capacitors of the stages and from R_a; a sense of a current does not load. `seed`: of the boards' own noise.
    `engine`: how it is solved; "auto" takes the one that suits the board.
    Raises ConfigError for a load on an unknown node or of no resistance, for a seed that is no whole number from 0 on,
    and for an engine that cannot run the board.
    """

    def __init__(
        self,
        board: Board,
        *,
        seed: int = 0,
        loads: Mapping[str, float | str] | None = None,
        engine: engines.Name = "auto",
    ) -> None:
        self.board = board
        self.seed = checked_seed(seed)
        self.now = 0.0
        self._neurons = {name: i for i, name in enumerate(board.neurons)}
        self._synapses = {name: s for s, name in enumerate(board.synapses)}
        ohms = {node: _ohms(node, load) for node, load in (loads or {}).items()}
        self._engine = engines.start(engine, board, ohms, self.seed)
        self._start = -inf  # nothing forgotten yet

    @cached_property
    def _quantities(self) -> dict[str, str]:
        return self.board.quantities

    # ------------------------------------------------------------------------------------------------------- input

    def drive(self, port: str, amperes: float, at: float | None = None) -> None:
        """Set the level (A) of `port` from `at` (s; now, when not given) on; what was queued after `at` is dropped.

        Raises ConfigError for an unknown port, ValueError for a time that is past and for a level of more than 10 times
        the port's range, with which no board is what it was calibrated as.
        """
        moment = self.now if at is None else at
        self._enqueue(port, np.array([moment]), np.array([float(amperes)]))

    def play(self, port: str, steps: Steps, start: float) -> None:
        """Queue a command from `start` (s) on; its last level stays. What was queued after `start` is dropped.

        Raises what `drive` raises.
        """
        self._enqueue(port, start + steps.edges[:-1], steps.levels)

    def _enqueue(self, port: str, times: Floats, levels: Floats) -> None:
        if port not in self.board.ports:
            raise ConfigError(f"{self.board.path}: the board has no port '{port}'.{nearest(port, self.board.ports)}")
        if not times[0] >= self.now:
            raise ValueError(f"{port}: {times[0]} s is past; it is {self.now} s")
        if not np.all(np.isfinite(levels)):
            raise ValueError(f"{port}: every level is a finite number")
        self._check_range(port, float(levels[np.argmax(np.abs(levels))]))
        self._engine.play(self._neurons[self.board.ports[port].neuron], times, levels)

    def _check_range(self, port: str, largest: float) -> None:
        low, high = self.board.ports[port].low, self.board.ports[port].high
        if abs(largest) > MOST * max(abs(low), abs(high)):
            raise ValueError(
                f"{port}: {show(largest, 'A')} is more than {MOST:g} times its range of {show(low, 'A')} to "
                f"{show(high, 'A')}. Levels are in amperes, not microamperes: 60e-6 is 60 uA"
            )

    # -------------------------------------------------------------------------------------------------------- time

    def advance(self, until: float) -> None:
        """Run to `until` (s)."""
        if not self.now <= until < inf:
            raise ValueError(f"cannot run to {until} s; it is {self.now} s")
        until = float(until)  # one compiled version for all callers
        self._engine.advance(until)
        self.now = until

    def forget(self, before: float) -> None:
        """Give back the memory of what happened before `before` (s). Raises ValueError for a time that is still to come."""
        if not before <= self.now:
            raise ValueError(f"cannot forget what was before {before} s; it is {self.now} s")
        if self._engine.forget(before):
            self._start = max(self._start, before)

    # -------------------------------------------------------------------------------------------------- observation

    @property
    def count(self) -> int:
        """Spikes fired by all neurons since the start."""
        return self._engine.fired

    def spikes(self, neuron: str, start: float = -inf, stop: float = inf) -> Floats:
        """Fire times (s) of `neuron` in (start, stop], as far as remembered. Raises ConfigError if there is no such neuron."""
        if neuron not in self._neurons:
            a_synapse = " It is a synapse, and only neurons fire." if neuron in self._synapses else ""
            hint = nearest(neuron, self._neurons) if not a_synapse else f" Neurons: {', '.join(self._neurons)}."
            raise ConfigError(f"{self.board.path}: the board has no neuron '{neuron}'.{a_synapse}{hint}")
        times = self._engine.spikes(self._neurons[neuron])
        return times[(times > start) & (times <= stop)]

    def sample(self, node: str, t0: float, dt: float, n: int, out: Floats | None = None, *, first: int = 0) -> Floats:
        """Values of `node` (V or A) at t0 + (first + k) dt, k = 0 ... n - 1: float64, shape (n,), into `out` if given.

        At an event the value just before it counts; before t = 0 the state at rest. A long grid cut into pieces by
        `first` gives the very same bits. Raises ConfigError for an unknown node, ValueError for times that make no grid,
        not yet reached, or already forgotten.
        """
        place = self._place(node)
        grid, shape = self._checked(node, t0, dt, n, first), (whole(n),)
        out = _room(node, out, shape)
        if out.size:
            self._engine.sample(*place, grid, out)
        return out

    def sample_many(
        self, nodes: Sequence[str], t0: float, dt: float, n: int, out: Floats | None = None, *, first: int = 0
    ) -> Floats:
        """Values of many nodes on one grid: float64, shape (nodes, n), into `out` if given; the bits that `sample` gives.

        What the engine of networks has to work out again, because it is long ago, it works out once for all of them.
        Raises what `sample` raises.
        """
        places = [self._place(node) for node in nodes]
        who = ", ".join(nodes[:3]) + ("" if len(nodes) <= 3 else f" and {len(nodes) - 3} more")
        grid, shape = self._checked(who, t0, dt, n, first), (len(nodes), whole(n))
        out = _room(who, out, shape)
        if out.size:
            self._engine.sample_many(places, grid, out)
        return out

    def _place(self, node: str) -> tuple[str, int]:
        """The quantity of a node, and the index of its neuron or synapse."""
        if node not in self._quantities:
            raise ConfigError(f"{self.board.path}: the board has no node '{node}'.{nearest(node, self._quantities)}")
        owner, quantity = node.split(".")
        return quantity, self._neurons[owner] if owner in self._neurons else self._synapses[owner]

    def _checked(self, who: str, t0: float, dt: float, n: int, first: int) -> engines.Grid:
        """The grid, if it is one, and all of it is known."""
        n, first = _checked_grid(who, t0, dt, n, first)
        if n == 0:
            return engines.Grid(float(t0), float(dt), first)
        early, late = t0 + first * dt, t0 + (first + n - 1) * dt
        if late > self.now + ROUNDING or early < self._start - ROUNDING:
            raise ValueError(f"{who} from {early} s to {late} s: only {self._start} s to {self.now} s is known")
        least = float(np.spacing(max(abs(early), abs(late))))
        if dt <= least:  # an engine would search for the next time for ever
            raise ValueError(f"{who}: dt = {dt} s cannot tell times near {late} s apart; give more than {least:.2g} s")
        return engines.Grid(float(t0), float(dt), first)

    def state_of(self, name: str) -> dict[str, float | str]:
        """Snapshot of a neuron or synapse right now: its nodes in SI units, and for a neuron its phase."""
        nodes = [node for node in self.board.nodes.values() if node.owner == name]
        snapshot: dict[str, float | str] = {
            node.quantity: float(self.sample(node.name, self.now, 1.0, 1)[0]) for node in nodes
        }
        if name in self._neurons:
            snapshot["phase"] = self._engine.phase(self._neurons[name])
        elif name not in self._synapses:
            known = [*self._neurons, *self._synapses]
            raise ConfigError(f"{self.board.path}: '{name}' is no neuron or synapse.{nearest(name, known)}")
        return snapshot


def _room(who: str, out: Floats | None, shape: tuple[int, ...]) -> Floats:
    """Where the values go."""
    if out is None:
        return np.empty(shape)
    if out.shape != shape or out.dtype != np.float64 or not out.flags.c_contiguous:
        raise ValueError(f"{who}: out must be a contiguous float64 array of shape {shape}")
    return out


def _checked_grid(node: str, t0: float, dt: float, n: int, first: int) -> tuple[int, int]:
    """Give n and first as int. Raises ValueError for numbers that make no grid of times."""
    if not isfinite(t0):
        raise ValueError(f"{node}: t0 = {t0} s: the first time is a finite number of seconds")
    if not 0.0 < dt < inf:
        raise ValueError(
            f"{node}: dt = {dt} s: the time from one value to the next is positive and finite, such as 1e-5"
        )
    counts = []
    for name, value, least in (("n", n, "from 0 on"), ("first", first, "")):
        try:
            counts.append(whole(value))
        except TypeError:
            raise ValueError(f"{node}: {name} = {value!r}: {name} is a whole number {least}".rstrip()) from None
    if counts[0] < 0:
        raise ValueError(f"{node}: n = {n}: n is a whole number from 0 on")
    return counts[0], counts[1]


def _ohms(node: str, load: float | str) -> float:
    if isinstance(load, str):
        try:
            return parse(load, "ohm")
        except ConfigError as reason:
            raise ConfigError(f"{node}: load: {reason}") from reason
    try:
        return float(load)
    except TypeError:
        raise ConfigError(f"{node}: a load of {load!r} is no resistance, such as 10e6 or '10 Mohm'.") from None
