"""Rozenberg 2023 ("time matter"), Figs 4, 5 and 7: the memristor bursting neuron, its f(I), and how bursts begin."""

import numpy as np

from neurorig.analysis import find_bursts
from neurorig.hardware import Board, load_board

from .bursting_modes import play_panels
from .figure import Curve, Figure, Floats, Value, events
from .playing import Trace, play
from .wu2023 import FIG3

STEPS = np.array([56, 52, 50, 48, 46, 44, 42, 40, 38, 36, 34]) * 1e-6
STEP = 0.06
"""A and s: the falling steps of Fig. 7, which prints neither."""

SINGLE = 47.0
"""ohm: the load of the spiking neuron, tau_L -> 0."""


def fig4(board: Board | None = None) -> Figure:
    """The four types of spiking. `board`: one like timematter_fig4."""
    board = board or load_board("timematter_fig4")
    curves, numbers = play_panels(board, FIG3)
    return Figure(
        name="timematter_fig4",
        title="TS, FS and two types of bursting (time matter, Fig. 4)",
        boards=(board.name,),
        curves=curves,
        numbers=numbers,
        remarks=("The paper prints no values; the settings are those of Wu 2023, Fig. 3.",),
    )


def fig5(board: Board | None = None) -> Figure:
    """f(I) at tau_L = 0.3 ms and for tau_L -> 0; of bursts, their rate. `board`: one like timematter_fig5."""
    board = board or load_board("timematter_fig5")
    currents = np.linspace(1.01 * board.i_min("n1.i0"), 125e-6, 60)
    single = board.with_components({"n1.R_a": SINGLE})
    f_bursting = np.array([train_rate(board, amperes) for amperes in currents])
    f_single = np.array([train_rate(single, amperes) for amperes in currents])
    firing = f_bursting > 0.0
    jumps = f_bursting[1:] / np.where(firing[:-1], f_bursting[:-1], np.inf)
    return Figure(
        name="timematter_fig5",
        title="f(I) of the bursting neuron and of its limit (time matter, Fig. 5)",
        boards=(board.name,),
        curves={
            "f_bursting": Curve("Iin", "A", currents, "f", "Hz", f_bursting, "tau_L = 0.3 ms"),
            "f_single": Curve("Iin", "A", currents, "f", "Hz", f_single, "tau_L -> 0"),
        },
        numbers={
            "jump": Value(
                float(jumps.max()), "", "Largest jump of the rate from one current to the next, tau_L = 0.3 ms"
            ),
            "jump_at": Value(float(currents[1:][np.argmax(jumps)]), "A", "Where it is: bursts become fast spiking"),
        },
        remarks=("After Pinsky and Rinzel the rate of a bursting neuron is the reciprocal period of its bursts.",),
    )


def train_rate(board: Board, amperes: float) -> float:
    """Reciprocal period (Hz) of bursts or, without bursts, of spikes at constant current; 0 when silent."""
    spikes = play(board, [(1.5, amperes)]).spikes("n1", 0.5)
    if len(spikes) < 3 or 1.5 - spikes[-1] > 0.3:
        return 0.0
    found = find_bursts(spikes)
    period = np.nanmean(found.period) if len(found) > 2 else np.diff(spikes).mean()
    return float(1.0 / period)


def fig7(board: Board | None = None) -> Figure:
    """Fast spiking that loses spikes as the current falls in steps. `board`: one like timematter_fig7."""
    board = board or load_board("timematter_fig7")
    twin = play(board, [(0.5, STEPS[0]), *((STEP, amperes) for amperes in STEPS)])
    trace = Trace(twin, 0.5, 0.5 + STEP * len(STEPS), dt=10e-6, zero=0.5)
    spikes = trace.spikes()
    missing = np.array([missed(spikes[(spikes > k * STEP) & (spikes <= (k + 1) * STEP)]) for k in range(len(STEPS))])
    return Figure(
        name="timematter_fig7",
        title="Missing spikes as the current falls (time matter, Fig. 7)",
        boards=(board.name,),
        curves={
            "Iin": trace.curve("n1.i0", "Iin", "Input current"),
            "spikes": events(spikes, "Spikes"),
            "Vout": trace.curve("n1.v_ap", "Vout", "V_out"),
            "missing": Curve("Iin", "A", STEPS, "missing", "", missing, "Fraction of spikes that are missing"),
        },
        numbers={
            "first_missing": Value(
                float(STEPS[missing > 0.0].max(initial=0.0)), "A", "Highest current at which a spike is missing"
            ),
            "silent_below": Value(board.i_min("n1.i0"), "A", "Rheobase"),
        },
        remarks=(
            f"The paper prints neither tau_L nor the currents; here 0.3 ms and steps of {1e3 * STEP:g} ms.",
            "Without noise the missing spikes come at regular places; in the measured traces they are scattered.",
        ),
    )


def missed(spikes: Floats) -> float:
    """Fraction of spikes that a train would have more if all its intervals were its shortest (20 %); 1 when silent."""
    if len(spikes) < 3:
        return 1.0
    gaps = np.diff(spikes)
    usual = np.quantile(gaps, 0.2)
    return float(1.0 - len(gaps) / np.maximum(1.0, np.round(gaps / usual)).sum())
