"""The bursting engine: one or more bursting neurons, each exact and on its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurorig.hardware import Board

from ..engine import Grid
from ..inputs import Inputs
from ..layout import Floats, Log
from ..memory import moved
from . import layout as k
from .circuit import check_board, make_cell, new_log, rest_state
from .events import advance
from .sampling import sample

SAMPLED = {"v_m": k.V, "v_ap": k.V_L, "i0": k.LEVEL}
PHASES = {k.SHARING: "conducting", k.ON: "conducting", k.BLOCKED: "latched", k.DELAY: "firing", k.HOLD: "dead time"}


@dataclass(eq=False)
class _Neuron:
    cell: k.Cell
    state: k.State
    log: Log


class Bursting:
    """Neurons whose load resistor has a capacitor C_L, without synapses; see `Engine` for what its methods promise.

    Raises ConfigError for a board that it cannot run.
    """

    def __init__(self, board: Board, loads: dict[str, float], seed: int) -> None:
        check_board(board, loads)
        self.fired = 0
        self._inputs = Inputs(board, seed)
        self._neurons = []
        for name in board.neurons:
            cell = make_cell(board, name, loads)
            state = rest_state(board, name, cell)
            self._neurons.append(_Neuron(cell, state, new_log(state)))

    def play(self, neuron: int, times: Floats, levels: Floats) -> None:
        """Queue levels of a port."""
        self._inputs.play(neuron, times, levels)

    def advance(self, until: float) -> None:
        """Run every neuron to `until`, with a longer log whenever it is full."""
        self._inputs.make_noise(until)
        queue, modes, count = self._inputs.queue, np.zeros(6), len(self._neurons)
        for i, it in enumerate(self._neurons):
            spikes = it.log.size[1]
            while not advance(it.cell, until, it.state, it.log, queue, count + i, i, modes):
                it.log = moved(it.log, 0, 0, 2 * len(it.log.time))
            self.fired += int(it.log.size[1] - spikes)

    def forget(self, before: float) -> bool:
        """Drop the logs before `before`; whether there was any."""
        dropped = False
        for it in self._neurons:
            rows, spikes = it.log.size
            first = max(0, int(np.searchsorted(it.log.time[:rows], before)) - 1)
            gone = int(np.searchsorted(it.log.spike_time[:spikes], before))
            if first > 0 or gone > 0:
                it.log = moved(it.log, first, gone, len(it.log.time))
                dropped = True
        return dropped

    def spikes(self, neuron: int) -> Floats:
        """Fire times that are remembered."""
        log = self._neurons[neuron].log
        return log.spike_time[: log.size[1]].copy()

    def sample(self, quantity: str, index: int, grid: Grid, out: Floats) -> None:
        """Values at the times of the grid."""
        it = self._neurons[index]
        sample(it.cell, it.log, SAMPLED[quantity], grid.t0, grid.dt, grid.first, out)

    def sample_many(self, wanted: Sequence[tuple[str, int]], grid: Grid, out: Floats) -> None:
        """One after another: all that happened is at hand."""
        for (quantity, index), values in zip(wanted, out, strict=True):
            self.sample(quantity, index, grid, values)

    def phase(self, neuron: int) -> str:
        """What `neuron` does right now; a thyristor that will not open by itself is latched."""
        it = self._neurons[neuron]
        phase = int(it.state.codes[k.PHASE])
        if phase < k.DELAY and not it.state.codes[k.STALE] and it.state.due[k.EXIT] == np.inf:
            return "latched"
        return PHASES.get(phase, "integrating")
