"""What an engine is: the part of a twin that knows how the board moves. `Twin` is the front door to one of them."""

from collections.abc import Sequence
from importlib import import_module
from typing import Literal, NamedTuple, Protocol

from neurorig.hardware import Board
from neurorig.signals import ConfigError, nearest

from .layout import Floats

Name = Literal["auto", "exact", "network", "bursting"]


class Grid(NamedTuple):
    """The times t0 + (first + k) dt, s; k counts the values that are wanted."""

    t0: float
    dt: float
    first: int


class Engine(Protocol):
    """A board that runs. Names and times were checked by `Twin`; neurons and synapses come as their index."""

    @property
    def fired(self) -> int:
        """Spikes of all neurons since the start."""

    def play(self, neuron: int, times: Floats, levels: Floats) -> None:
        """Let the port of `neuron` take `levels` (A) from `times` (s) on; drops what was to come from times[0] on."""

    def advance(self, until: float) -> None:
        """Run to `until` (s). Where a run is cut must not change a bit of it."""

    def forget(self, before: float) -> bool:
        """Give back the memory of what happened before `before` (s), if there is any; whether there was."""

    def spikes(self, neuron: int) -> Floats:
        """Fire times (s) of `neuron` that are remembered, in order."""

    def sample(self, quantity: str, index: int, grid: Grid, out: Floats) -> None:
        """Write a neuron's or synapse's quantity (a key of `SAMPLED`, SI) at the times of the grid into `out`."""

    def sample_many(self, wanted: Sequence[tuple[str, int]], grid: Grid, out: Floats) -> None:
        """The same for many, each a quantity and an index, into the rows of `out`."""

    def phase(self, neuron: int) -> str:
        """In words: what `neuron` does right now."""


ENGINES = {
    "exact": (".exact", "Exact"),
    "network": (".network.engine", "Network"),
    "bursting": (".bursting.engine", "Bursting"),
}
"""Where each engine lives: module and class, made from (board, loads, seed) or refusing the board by a ConfigError."""


def start(name: Name, board: Board, loads: dict[str, float], seed: int) -> Engine:
    """The engine of that name on a board at rest. Raises ConfigError if there is none, or it cannot run the board."""
    chosen = suited(board) if name == "auto" else name
    if chosen not in ENGINES:
        raise ConfigError(f"engine = '{name}': engines are auto, {', '.join(ENGINES)}.{nearest(name, ENGINES)}")
    module, kind = ENGINES[chosen]
    engine: Engine = getattr(import_module(module, __package__), kind)(board, loads, seed)
    return engine


MANY = 36
"""Neurons and synapses with which the network engine is as fast as the exact one, see benchmarks/network.py."""


def suited(board: Board) -> str:
    """The engine that "auto" takes for this board."""
    if any(it.components.C_L for it in board.neurons.values()):
        return "bursting"
    return "network" if len(board.neurons) + len(board.synapses) > MANY else "exact"
