"""`Twin`: the board as a model that runs, with a memory of everything that happened."""

from collections.abc import Mapping
from functools import cached_property
from math import inf

import numpy as np

from neurorig.hardware import Board
from neurorig.signals import ConfigError, Steps, nearest

from . import engine as engines
from .layout import Floats

ROUNDING = 1e-12  # s; a grid computed in floats may end a hair beyond now


class Twin:
    """A board that runs in the computer.

    The state is committed only at events (threshold, opening of the thyristor, end of a pulse, V_T of a stage, ...) and
    at input changes. So the result does not depend on how the time is cut into calls of `advance`, and any node can be
    sampled afterwards at any time still remembered.

    `loads`: input resistance (ohm) of what hangs on a node, drawn exactly from membranes, from the capacitors of the
    stages and from R_a; a sense of a current does not load. `seed`: of the boards' own noise. `engine`: how it is
    solved; "auto" takes the one that suits the board.
    Raises ConfigError for a load on an unknown node, and for an engine that cannot run the board.
    """

    def __init__(
        self, board: Board, *, seed: int = 0, loads: Mapping[str, float] | None = None, engine: engines.Name = "auto"
    ) -> None:
        self.board = board
        self.seed = seed
        self.now = 0.0
        self._neurons = {name: i for i, name in enumerate(board.neurons)}
        self._synapses = {name: s for s, name in enumerate(board.synapses)}
        self._engine = engines.start(engine, board, dict(loads or {}), seed)
        self._start = -inf  # nothing forgotten yet

    @cached_property
    def _quantities(self) -> dict[str, str]:
        return self.board.quantities

    # ------------------------------------------------------------------------------------------------------- input

    def drive(self, port: str, amperes: float, at: float | None = None) -> None:
        """Set the level of `port` from `at` (now, when not given) on; what was queued after `at` is dropped."""
        moment = self.now if at is None else at
        self._enqueue(port, np.array([moment]), np.array([float(amperes)]))

    def play(self, port: str, steps: Steps, start: float) -> None:
        """Queue a command from `start` on; its last level stays. What was queued after `start` is dropped."""
        self._enqueue(port, start + steps.edges[:-1], steps.levels)

    def _enqueue(self, port: str, times: Floats, levels: Floats) -> None:
        if port not in self.board.ports:
            raise ConfigError(f"{self.board.path}: the board has no port '{port}'.{nearest(port, self.board.ports)}")
        if not times[0] >= self.now:
            raise ValueError(f"{port}: {times[0]} s is past; it is {self.now} s")
        if not np.all(np.isfinite(levels)):
            raise ValueError(f"{port}: every level is a finite number")
        self._engine.play(self._neurons[self.board.ports[port].neuron], times, levels)

    # -------------------------------------------------------------------------------------------------------- time

    def advance(self, until: float) -> None:
        """Run to `until` (s)."""
        if not self.now <= until < inf:
            raise ValueError(f"cannot run to {until} s; it is {self.now} s")
        until = float(until)  # one compiled version for all callers
        self._engine.advance(until)
        self.now = until

    def forget(self, before: float) -> None:
        """Give back the memory of what happened before `before` (s)."""
        if self._engine.forget(before):
            self._start = max(self._start, before)

    # -------------------------------------------------------------------------------------------------- observation

    @property
    def count(self) -> int:
        """Spikes fired by all neurons since the start."""
        return self._engine.fired

    def spikes(self, neuron: str, start: float = -inf, stop: float = inf) -> Floats:
        """Fire times (s) of `neuron` in (start, stop], as far as remembered."""
        times = self._engine.spikes(self._neurons[neuron])
        return times[(times > start) & (times <= stop)]

    def sample(self, node: str, t0: float, dt: float, n: int, out: Floats | None = None, *, first: int = 0) -> Floats:
        """Values of `node` (V or A) at t0 + (first + k) dt, k = 0 ... n - 1: float64, shape (n,), into `out` if given.

        At an event the value just before it counts; before t = 0 the state at rest. A long grid cut into pieces by
        `first` gives the very same bits. Raises ConfigError for an unknown node, ValueError for times not yet reached
        or already forgotten.
        """
        if node not in self._quantities:
            raise ConfigError(f"{self.board.path}: the board has no node '{node}'.{nearest(node, self._quantities)}")
        if out is None:
            out = np.empty(n)
        elif out.shape != (n,) or out.dtype != np.float64 or not out.flags.c_contiguous:
            raise ValueError(f"{node}: out must be a contiguous float64 array of shape ({n},)")
        if n == 0:
            return out
        early, late = t0 + first * dt, t0 + (first + n - 1) * dt
        if late > self.now + ROUNDING or early < self._start - ROUNDING:
            raise ValueError(f"{node} from {early} s to {late} s: only {self._start} s to {self.now} s is known")
        owner, quantity = node.split(".")
        index = self._neurons[owner] if owner in self._neurons else self._synapses[owner]
        self._engine.sample(quantity, index, engines.Grid(float(t0), float(dt), first), out)
        return out

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
