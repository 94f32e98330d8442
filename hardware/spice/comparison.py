"""One experiment twice: by ngspice on the deck of a board, and by the twin of the board's SPICE counterpart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurorig.hardware.board import Board
from neurorig.hardware.twin import Twin
from neurorig.signals import Steps

from .counterpart import spice_twin
from .deck import deck
from .simulator import Recording, run

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Witnessed:
    """What ngspice recorded, and the twin after the same protocol. Pairs are (ngspice, twin)."""

    ngspice: Recording
    twin: Twin

    def spikes(self, neuron: str, start: float = 0.0, stop: float = np.inf) -> tuple[Floats, Floats]:
        """Spike times (s) in [start, stop)."""
        theirs, ours = self.ngspice.spikes(neuron), self.twin.spikes(neuron)
        return theirs[(theirs >= start) & (theirs < stop)], ours[(ours >= start) & (ours < stop)]

    def counts(self, neuron: str, start: float = 0.0, stop: float = np.inf) -> tuple[int, int]:
        """Spikes in [start, stop)."""
        theirs, ours = self.spikes(neuron, start, stop)
        return len(theirs), len(ours)

    def rates(self, neuron: str, start: float = 0.0, stop: float = np.inf) -> tuple[float, float]:
        """Mean rates (Hz) in [start, stop), 0 for less than two spikes."""
        theirs, ours = self.spikes(neuron, start, stop)
        return _rate(theirs), _rate(ours)


def witness(board: Board, drive: Mapping[str, float | Steps], until: float, nodes: Sequence[str] = ()) -> Witnessed:
    """Play `drive` (port: current in A, or Steps) from the state at rest to `until` (s), without noise and ripple.

    `nodes` are saved by ngspice besides V_ap. Raises ConfigError as `deck` does, SpiceError if ngspice is absent or fails.
    """
    board = board.with_ports({port: {"noise": 0.0, "ripple": 0.0} for port in board.ports})
    text = deck(board, drive, until, nodes)  # first, for what it refuses
    twin = Twin(spice_twin(board))
    for port, command in drive.items():
        steps = command if isinstance(command, Steps) else Steps.of([1.0], [command])
        twin.play(port, steps, 0.0)
    twin.advance(until)
    return Witnessed(run(board, text), twin)


def _rate(times: Floats) -> float:
    return float((len(times) - 1) / (times[-1] - times[0])) if len(times) > 1 else 0.0
