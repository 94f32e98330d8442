"""The exact engine: state is committed at events and input changes only, between them everything is a closed form."""

from collections.abc import Sequence

import numpy as np

from neurorig.hardware import Board
from neurorig.signals import ConfigError

from . import layout as k
from .circuit import SAMPLED, at_rest
from .engine import Grid
from .events import advance
from .inputs import Inputs
from .memory import moved, new_log, new_scratch, roomier
from .sampling import sample

PHASES = {k.ON: "conducting", k.LATCHED: "latched", k.DELAY: "firing", k.HOLD: "dead time"}


class Exact:
    """Event-driven, for a few neurons: the cost of an event grows with the number of neurons and synapses."""

    def __init__(self, board: Board, loads: dict[str, float], seed: int) -> None:
        _refuse_what_it_cannot(board)
        self.fired = 0
        self._circuit, self._state = at_rest(board, loads)
        self._log = new_log(self._state)
        self._scratch = new_scratch(len(board.synapses), len(self._state.values))
        self._inputs = Inputs(board, seed)

    def play(self, neuron: int, times: k.Floats, levels: k.Floats) -> None:
        """Queue levels of a port."""
        self._inputs.play(neuron, times, levels)

    def advance(self, until: float) -> None:
        """Run to `until`, with a longer log whenever it is full."""
        self._inputs.make_noise(until)
        spikes = self._log.size[1]
        while full := advance(self._circuit, until, self._state, self._log, self._inputs.queue, self._scratch):
            if full == k.LOG_FULL:
                self._log = moved(self._log, 0, 0, 2 * len(self._log.time))
            else:
                self._state = roomier(self._state)
        self.fired += int(self._log.size[1] - spikes)

    def forget(self, before: float) -> bool:
        """Drop the log before `before`; whether there was any."""
        rows, spikes = self._log.size
        first = max(0, int(np.searchsorted(self._log.time[:rows], before)) - 1)
        gone = int(np.searchsorted(self._log.spike_time[:spikes], before))
        if first == gone == 0:
            return False
        self._log = moved(self._log, first, gone, len(self._log.time))
        return True

    def spikes(self, neuron: int) -> k.Floats:
        """Fire times that are remembered."""
        count = self._log.size[1]
        times: k.Floats = self._log.spike_time[:count][self._log.spike_neuron[:count] == neuron]
        return times

    def sample(self, quantity: str, index: int, grid: Grid, out: k.Floats) -> None:
        """Values at the times of the grid, see `Engine`."""
        sample(
            self._circuit,
            self._log,
            SAMPLED[quantity],
            index,
            grid.t0,
            grid.dt,
            grid.first,
            out,
            self._scratch.forms[0],
        )

    def sample_many(self, wanted: Sequence[tuple[str, int]], grid: Grid, out: k.Floats) -> None:
        """One after another: all that happened is at hand."""
        for (quantity, index), values in zip(wanted, out, strict=True):
            self.sample(quantity, index, grid, values)

    def phase(self, neuron: int) -> str:
        """What `neuron` does right now."""
        return PHASES.get(int(self._state.codes[neuron]), "integrating")


def _refuse_what_it_cannot(board: Board) -> None:
    for name, neuron in board.neurons.items():
        if neuron.components.C_L is not None:
            raise ConfigError(
                f"{board.path}: [neurons.{name}.components] C_L makes a bursting neuron, which the exact engine has no "
                'closed form for. Run it with engine = "bursting".'
            )
