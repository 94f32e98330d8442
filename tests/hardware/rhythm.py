"""Reading the rhythm of spikes, and boards with other charges left on their stages."""

import numpy as np

from neurorig.hardware import Board


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
