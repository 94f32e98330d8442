"""One experiment twice: by ngspice on the deck of a board, and by the twin of its counterpart."""

from typing import NamedTuple

import numpy as np

from neurorig.hardware import Board
from neurorig.hardware.spice import Recording, deck, run, spice_twin
from neurorig.hardware.twin import Twin
from neurorig.signals import Steps


class Both(NamedTuple):
    """What ngspice recorded, and the twin after the same protocol."""

    ngspice: Recording
    twin: Twin

    def spikes(self, neuron, start=0.0, stop=np.inf):
        """Spike times (s) by ngspice and by the twin in [start, stop)."""
        pair = self.ngspice.spikes(neuron), self.twin.spikes(neuron)
        return tuple(times[(times >= start) & (times < stop)] for times in pair)

    def counts(self, neuron, start=0.0, stop=np.inf):
        return tuple(len(times) for times in self.spikes(neuron, start, stop))

    def rates(self, neuron, start=0.0, stop=np.inf):
        """Mean rates (Hz), 0 for less than two spikes."""
        return tuple(rate(times) for times in self.spikes(neuron, start, stop))


def both(board: Board, drive, until, nodes=()) -> Both:
    """Play `drive` (port: current or Steps) from the state at rest, without noise and ripple, to `until` (s)."""
    board = board.with_ports({port: {"noise": 0.0, "ripple": 0.0} for port in board.ports})
    twin = Twin(spice_twin(board))
    for port, command in drive.items():
        steps = command if isinstance(command, Steps) else Steps.of([1.0], [command])
        twin.play(port, steps, 0.0)
    twin.advance(until)
    return Both(run(board, deck(board, drive, until, nodes)), twin)


def rate(times):
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0


def bursts(times, gap=0.05):
    """Begins and ends (s) of runs of spikes closer than `gap`, and the spikes in each."""
    cuts = np.flatnonzero(np.diff(times) > gap)
    begins, ends = np.append(times[:1], times[cuts + 1]), np.append(times[cuts], times[-1:])
    return begins, ends, np.diff(np.concatenate([[-1], cuts, [len(times) - 1]]))


def left(board: Board, charges) -> Board:
    """The board with other voltages on its stages at rest: {synapse: (v_c1, v_c2)}."""
    data = board.model_dump()
    for name, (v_c1, v_c2) in charges.items():
        data["synapses"][name]["at_rest"] = {"v_c1": v_c1, "v_c2": v_c2}
    return Board.model_validate(data)
