"""How slowly a silent neuron charges when its hysteresis sets in: from the periods of the bursters of Wu 2025.

A neuron that charges with less than `quiescence` needs `hysteresis` more current to fire again. The hysteresis was read
from Fig. 13 and the shape of the neurons from Figs 11 and 16; what is left is when a neuron counts as silent, and the
burst periods depend on the difference of the two. One value is sought for the bursters of Figs 13 and 15: least squares
of the logarithms of five periods, read from the digitised rasters. Nothing of Figs 14 and 16 is used.
Run: ``python -m neurorig.hardware.fits.burst_quiescence``
"""

import math

import numpy as np

from neurorig.hardware import Board, load_board
from neurorig.hardware.twin import Twin

SILENCE = 0.05
"""s: intervals within a burst are below 20 ms, silences above 150 ms."""
SETTLED, SEEN = 12.0, 30.0
"""s"""
PERIODS = {
    ("wu2025_fig13", "burst", True): {"n1": 0.833},
    ("wu2025_fig15", "corrected", False): {"n1": 0.482, "n2": 0.496},
    ("wu2025_fig15", "corrected", True): {"n1": 1.432, "n2": 1.429},
}
"""s, by board, preset and coupling: means of the digitised begins of whole bursts."""
GRID = np.arange(10e-9, 61e-9, 5e-9)
"""A"""


def with_quiescence(board: Board, amperes: float) -> Board:
    """Give the board with another quiescence of all its neurons."""
    data = board.model_dump()
    for neuron in data["neurons"].values():
        neuron["calibration"]["quiescence"] = amperes
    return Board.model_validate(data)


def periods(board: Board, preset: str) -> dict[str, float]:
    """Mean burst period (s) of each neuron; NaN for one that does not burst."""
    twin = Twin(board)
    for port, amperes in board.preset(preset).items():
        twin.drive(port, amperes)
    twin.advance(SETTLED + SEEN)
    found = {}
    for neuron in board.neurons:
        spikes = twin.spikes(neuron, SETTLED)
        begins = spikes[1:][np.diff(spikes) > SILENCE]
        found[neuron] = float(np.diff(begins).mean()) if len(begins) > 2 else math.nan
    return found


def misfits(amperes: float) -> dict[str, float]:
    """Logarithms of the ratios of modelled to measured periods, with one quiescence (A)."""
    found = {}
    for (name, preset, coupled), measured in PERIODS.items():
        board = with_quiescence(load_board(name), amperes)
        if not coupled:
            board = board.without([key for key, s in board.synapses.items() if s.pre != s.post])
        for neuron, period in periods(board, preset).items():
            label = f"{name} {neuron} {'coupled' if coupled else 'uncoupled'}"
            found[label] = math.log(period / measured[neuron])
    return found


def best(grid: np.ndarray) -> tuple[float, list[dict[str, float]]]:
    """The quiescence (A) at the bottom of the parabola through the three best of `grid`, and the misfits on the grid."""
    rows = [misfits(float(amperes)) for amperes in grid]
    cost = np.array([sum(value**2 for value in row.values()) for row in rows])
    low = int(np.clip(np.nanargmin(cost), 1, len(grid) - 2))
    a, b, _ = np.polyfit(grid[low - 1 : low + 2] * 1e9, cost[low - 1 : low + 2], 2)
    return -b / (2 * a) * 1e-9, rows


if __name__ == "__main__":
    found, rows = best(GRID)
    print("quiescence  " + "  ".join(rows[0]))
    for amperes, row in zip(GRID, rows, strict=True):
        print(f"{1e9 * amperes:7.0f} nA  " + "  ".join(f"{100 * value:+.1f} %" for value in row.values()))
    print(f"best: {1e9 * found:.1f} nA")
