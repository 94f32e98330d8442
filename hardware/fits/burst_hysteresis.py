"""Hysteresis of the pacemakers of Wu 2025, Fig. 15, from their periods.

A neuron that has not fired for `silence` needs `hysteresis` more current to fire again. For Fig. 13 it can be read: I_in
is 48.98 uA when a burst begins and 48.917 uA when it ends. I_in of Fig. 15 was not drawn, so one value for both neurons
is sought from its four periods: least squares of their logarithms. Fig. 13 is there as a check: its period alone asks
for what can be read. Nothing of Figs 14 and 16 is used.
Run: ``python -m neurorig.hardware.fits.burst_hysteresis``
"""

import math

import numpy as np

from neurorig.analysis import find_bursts
from neurorig.hardware import Board, load_board
from neurorig.hardware.twin import Twin

SETTLED, SEEN = 12.0, 30.0
"""s"""
PERIODS = {
    "wu2025_fig13": {("burst", True): {"n1": 0.833}},
    "wu2025_fig15": {
        ("corrected", False): {"n1": 0.482, "n2": 0.496},
        ("corrected", True): {"n1": 1.432, "n2": 1.429},
    },
}
"""s, by board, then preset and whether coupled: means of the digitised begins of whole bursts."""
GRID = np.arange(40e-9, 201e-9, 10e-9)
"""A"""


def with_hysteresis(board: Board, amperes: float) -> Board:
    """Give the board with another hysteresis of all its neurons."""
    data = board.model_dump()
    for neuron in data["neurons"].values():
        neuron["calibration"]["hysteresis"] = amperes
    return Board.model_validate(data)


def periods(board: Board, preset: str) -> dict[str, float]:
    """Mean burst period (s) of each neuron; NaN for one that does not burst."""
    twin = Twin(board)
    for port, amperes in board.preset(preset).items():
        twin.drive(port, amperes)
    twin.advance(SETTLED + SEEN)
    found = {}
    for neuron in board.neurons:
        bursts = find_bursts(twin.spikes(neuron, SETTLED), start=SETTLED)
        begins = bursts.begin[bursts.whole]
        found[neuron] = float(np.diff(begins).mean()) if len(begins) > 2 else math.nan
    return found


def misfits(name: str, amperes: float) -> dict[str, float]:
    """Logarithms of the ratios of modelled to measured periods of one board, with one hysteresis (A)."""
    found = {}
    for (preset, coupled), measured in PERIODS[name].items():
        board = with_hysteresis(load_board(name), amperes)
        if not coupled:
            board = board.without([key for key, s in board.synapses.items() if s.pre != s.post])
        for neuron, period in periods(board, preset).items():
            found[f"{neuron} {'coupled' if coupled else 'uncoupled'}"] = math.log(period / measured[neuron])
    return found


def best(name: str) -> tuple[float, list[dict[str, float]]]:
    """The hysteresis (A) at the bottom of the parabola through the three best of `GRID`, and the misfits on the grid."""
    rows = [misfits(name, float(amperes)) for amperes in GRID]
    cost = np.array([sum(value**2 for value in row.values()) for row in rows])
    low = int(np.clip(np.nanargmin(cost), 1, len(GRID) - 2))
    a, b, _ = np.polyfit(GRID[low - 1 : low + 2] * 1e9, cost[low - 1 : low + 2], 2)
    return -b / (2 * a) * 1e-9, rows


if __name__ == "__main__":
    for name in PERIODS:
        found, rows = best(name)
        print(f"{name}: " + ", ".join(rows[0]))
        for amperes, row in zip(GRID, rows, strict=True):
            print(f"{1e9 * amperes:7.0f} nA  " + "  ".join(f"{100 * value:+.1f} %" for value in row.values()))
        print(f"best: {1e9 * found:.1f} nA")
