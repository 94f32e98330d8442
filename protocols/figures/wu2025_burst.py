"""Wu 2025, Fig. 13: a self-inhibitory neuron bursts, because it starts at a little more current than it stops at."""

import numpy as np

from neurorig.hardware import Board, load_board

from .figure import Curve, Figure, Floats, Value, events
from .settled import Settled, burst_curve, burst_numbers

WINDOW = 3.5
"""s: four whole bursts, as many as the figure shows."""

COLUMN = 1 / 274.3
"""s per pixel column of the published raster, from which its darkness was read."""

INK = 1.40
"""Ink of one spike in columns: darkness is 1 - exp(-ink) where lines overlap (stated with the digitised counts)."""


def fig13(board: Board | None = None, seed: int = 0) -> Figure:
    """Spikes, I_in(t) and I_ssi(t) of the burster, settled. `board`: one like wu2025_fig13, with its preset ``burst``."""
    board = board or load_board("wu2025_fig13")
    run = Settled(board, board.preset("burst"), WINDOW, seed=seed)
    spikes, bursts = run.spikes("n1"), run.bursts("n1")
    inhibition, total = run.drawn_from("s11"), run.into("n1")
    counts = np.bincount((spikes[spikes >= 0.0] / COLUMN).astype(int), minlength=round(WINDOW / COLUMN))
    columns: Floats = COLUMN * np.arange(0.5, len(counts))
    numbers = burst_numbers(bursts, "", "the neuron") | {
        "Issi_mean": Value(float(inhibition.mean()), "A", "Mean self-inhibition I_ssi"),
        "Issi_swing": Value(float(np.ptp(inhibition)), "A", "Swing of I_ssi, peak to peak"),
        "Iin_low": Value(float(total.min()), "A", "Lowest I_in"),
        "Iin_high": Value(float(total.max()), "A", "Highest I_in"),
        "I_off": Value(board.i_min("n1.i0") - board.neurons["n1"].calibration.hysteresis, "A", "I_off: firing stops"),
        "I_on": Value(board.i_min("n1.i0"), "A", "I_on: firing starts"),
    }
    if len(bursts):
        start, stop = (float(np.interp(at, run.times, total).mean()) for at in (bursts.begin, bursts.end))
        numbers["Iin_start"] = Value(start, "A", "I_in when a burst begins")
        numbers["Iin_stop"] = Value(stop, "A", "I_in at the last spike of a burst")
    return Figure(
        name="wu2025_fig13",
        title="Burster or pacemaker (Wu 2025, Fig. 13)",
        boards=(board.name,),
        curves={
            "raster": events(spikes, "Spikes"),
            "raster_darkness": Curve("time", "s", columns, "darkness", "", 1 - np.exp(-INK * counts), "Darkness"),
            "bursts": burst_curve(bursts, "the neuron"),
            "burst_counts": Curve(
                "begin", "s", bursts.begin, "spikes", "", bursts.spikes.astype(np.float64), "Spikes of each burst"
            ),
            "Iin": run.current(total, "Iin", "I_in, derived: I_0 - I_ssi"),
            "Issi": run.current(inhibition, "Issi", "I_ssi"),
        },
        numbers=numbers,
        remarks=(
            "Time 0 is the begin of a burst.",
            "I_in is derived: the current set, less I_ssi; the mains ripple of the source is not in it.",
            "The hysteresis is read from I_in of the figure; period, spikes, and swing of I_ssi are predictions.",
            "The end of a burst is paced by the mains: the neuron bridges pauses of half a cycle, not those between bursts.",
        ),
    )
