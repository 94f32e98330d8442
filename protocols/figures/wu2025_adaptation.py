"""Wu 2025, Figs 11 and 12: a self-inhibitory neuron adapts its rate; its geometry, and its stability."""

from typing import Literal

import numpy as np

from neurorig.analysis.published import published
from neurorig.hardware import Board, load_board
from neurorig.hardware.rate import firing_rate

from .figure import Curve, Figure, Floats, Value
from .playing import Trace, mean_rate, play, rate_at
from .wu2025_charts import crossing, probed, response, straight

ONSET, LAST = 0.80, 5.0
"""s: I_0 is switched on, and the end of Fig. 11(a)."""

HELD, READ = 10.0, 1.0
"""s: f* is the rate over the last second of 10 s, 10 tau_s."""

I0_OF_RW = 75e-6
"""A at which the inset f*(R_W) of Fig. 11(b) was taken: at 2.2 kohm it does not show the f* of 92.8 uA."""

RIPPLE_11B = 0.03108
"""Fraction of the current by which it wandered slowly while Fig. 11(b) was charted: fitted to its flanks."""

PLUS, MINUS = 0.53, 0.38
"""s: the probes of Fig. 12 as on its axis (0.52 to 0.54 s, 0.37 to 0.39 s)."""


def fig11a(board: Board | None = None) -> Figure:
    """f(t), I_ssi(t) and spikes from the onset of I_0. `board`: one like wu2025_fig11a, with its preset ``adapt``."""
    board = board or load_board("wu2025_fig11a")
    amperes = board.preset("adapt")["n1.i0"]
    trace = Trace(play(board, [(ONSET, 0.0), (LAST - ONSET, amperes)]), 0.0, LAST)
    spikes, current = trace.spikes(), trace.values("s11.i_out")
    moments = (1.3, 1.9, 2.2, 2.6, 3.0, 3.4, 3.8, 4.2, 4.9)
    visible = 0.5e-6 - published("wu2025_fig11a_Issi").offset
    begun = trace.times[current > visible]
    return Figure(
        name="wu2025_fig11a",
        title="Adaptation of the rate (Wu 2025, Fig. 11(a))",
        boards=(board.name,),
        curves={
            "f": trace.rate(),
            "Issi": trace.curve("s11.i_out", "Issi", "I_ssi"),
            "I0_level": trace.curve("n1.i0", "I0", "I_0"),
            **trace.drawn_spikes(20),
        },
        numbers={
            **{f"f_{t}": Value(rate_at(spikes, t), "Hz", f"Rate at {t} s") for t in moments},
            "f_onset": Value(mean_rate(spikes, ONSET, 1.7), "Hz", "Rate before the feedback sets in"),
            "f_star": Value(settled_rate(board, amperes), "Hz", "f*: rate after 10 s"),
            "Issi_last": Value(float(current[-1]), "A", "I_ssi at the end"),
            "dead_time": Value(
                float(begun[0] - ONSET),
                "s",
                "From the onset until I_ssi reads 0.5 uA on the figure",
            ),
        },
    )


def settled_rate(board: Board, amperes: float) -> float:
    """Rate (Hz) from 9 s to 10 s after `amperes` were switched on; 0 when it is silent, latched included."""
    return mean_rate(play(board, [(HELD, amperes)]).spikes("n1"), HELD - READ, HELD)


def raised_rates(board: Board, currents: Floats) -> Floats:
    """f* (Hz) at each of the rising `currents` (A), each held for 10 s without an interruption."""
    spikes = play(board, [(HELD, amperes) for amperes in currents]).spikes("n1")
    ends = HELD * np.arange(1, len(currents) + 1)
    return np.array([mean_rate(spikes, end - READ, end) for end in ends])


DRIVES = np.arange(53e-6, 162e-6, 4e-6)
WEIGHTS = np.array([0.0, 0.5e3, 1e3, 1.5e3, 2.2e3, 3e3, 4e3, 5e3, 6e3, 8e3, 10e3, 12e3, 15e3, 20e3])
"""Abscissae of the insets of Fig. 11(b), A and ohm: from the rheobase until it latches, and the whole trimmer."""


def fig11b(board: Board | None = None, closed: Board | None = None) -> Figure:
    """The geometry of adaptation in open loop, and f* in closed loop over I_0 and R_W.

    `board`: one like wu2025_fig11b, for the lines. `closed`: one like wu2025_fig11a, for the insets.
    """
    board, closed = board or load_board("wu2025_fig11b"), closed or load_board("wu2025_fig11a")
    amperes, neuron = closed.preset("adapt")["n1.i0"], board.neurons["n1"]
    currents = np.arange(48e-6, 130e-6, 0.1e-6)
    core, smeared = firing_rate(neuron, currents), firing_rate(neuron, currents, ripple=RIPPLE_11B)
    _, rates, taken = response(board, "s11")
    order = np.argsort(rates)
    rates, taken = rates[order], taken[order]
    star = crossing(rates, firing_rate(neuron, amperes - taken), rates)
    raised = raised_rates(closed, DRIVES)
    high = 0.8 * closed.i_max("n1.i0")  # below, it does not matter how it was switched on
    strong = np.array([level for level in DRIVES if level > high])
    switched = np.array([settled_rate(closed, i) for i in strong])
    return Figure(
        name="wu2025_fig11b",
        title="Self-consistent rate of adaptation (Wu 2025, Fig. 11(b))",
        boards=(board.name, closed.name),
        curves={
            "f1": Curve("Iin", "A", currents, "f", "Hz", core, "f_1(I_in)"),
            "f1_rippled": Curve(
                "Iin", "A", currents, "f", "Hz", smeared, "descriptive: mean over a slow ripple of 3.1 %"
            ),
            "minusIssi_dashed": Curve("Iin", "A", -taken, "f", "Hz", rates, "- I_ssi(f)"),
            "I0minusIssi": Curve("Iin", "A", amperes - taken, "f", "Hz", rates, "I_0 - I_ssi(f)"),
            "inset_fstar_I0": Curve("I0", "A", DRIVES, "f", "Hz", raised, "f*(I_0), I_0 raised step by step"),
            "inset_fstar_I0_switched": Curve("I0", "A", strong, "f", "Hz", switched, "f*(I_0), I_0 switched on"),
            "inset_fstar_RW": _over_weight(closed, WEIGHTS, I0_OF_RW, "f*(R_W) at 75 uA"),
            "inset_fstar_RW_printed": _over_weight(closed, WEIGHTS, amperes, "f*(R_W) at 92.8 uA"),
        },
        numbers={
            "f_star_crossing": Value(star, "Hz", "f where the lines cross"),
            "I_star_crossing": Value(float(amperes - np.interp(star, rates, taken)), "A", "I_in where the lines cross"),
            **straight(rates, taken, "Issi", "I_ssi(f)"),
            "f_star": Value(settled_rate(closed, amperes), "Hz", "f* in closed loop, 2.2 kohm and 92.8 uA"),
            "I_max": Value(closed.i_max("n1.i0"), "A", "I_max of the neuron in closed loop"),
            "I0_latched_switched": Value(
                _last_firing(strong, switched), "A", "Highest I_0 that, switched on, still fires"
            ),
            "I0_latched_raised": Value(_last_firing(DRIVES, raised), "A", "Highest I_0 that, raised, still fires"),
        },
        remarks=(
            "Lines: neuron of Fig. 11(b). Insets: closed loop with the neuron as it was for Fig. 11(a), 1.038 of the chart.",
            "f* is the rate over the last second of 10 s.",
            "Switched on above I_max the neuron latches before inhibition can build up; raised step by step, inhibition "
            "holds I_in below I_max. The published inset reaches beyond I_max, so it was raised.",
        ),
    )


def fig12(board: Board | None = None, probe: Literal["printed", "sagging"] = "printed") -> Figure:
    """f(t), I_s1(t), I_s2(t) and the (I_s1, I_s2) loop of an adapted neuron under a probe of either sign, from 0 on.

    `board`: one like wu2025_fig12, with its presets. `probe`: + 22.6 uA, or + 20.6 uA if the source sagged as in Fig. 9.
    """
    board = board or load_board("wu2025_fig12")
    hold = board.preset("adapt")["n1.i0"]
    plus, minus = (
        board.preset(name)["n1.i0"] for name in ("plus" if probe == "printed" else "plus_if_sagging", "minus")
    )
    curves: dict[str, Curve] = {}
    numbers: dict[str, Value] = {}
    for key, level, length in (("plus", plus, PLUS), ("minus", minus, MINUS)):
        shown, found = probed(board, [(HELD, hold)], (length, level), hold, name=key, every=20)
        curves |= shown
        numbers |= found
    return Figure(
        name="wu2025_fig12",
        title="Stability of the adapted rate (Wu 2025, Fig. 12)",
        boards=(board.name,),
        curves=curves,
        numbers=numbers,
        remarks=(
            f"Probes of 0.53 s and {(plus - hold) * 1e6:+.1f} uA, and of 0.38 s and {(minus - hold) * 1e6:+.1f} uA, as long "
            "as on the axis. The printed currents are used: no trace of this bench tells of a sag.",
            "I_s1 is the current through R_s of stage 1, I_s2 the output I_ssi: at rest they differ by m1 m2 = 1.212.",
        ),
    )


def _over_weight(board: Board, weights: Floats, amperes: float, label: str) -> Curve:
    rates = np.array([settled_rate(board.with_components({"s11.R_W": ohms}), amperes) for ohms in weights])
    return Curve("RW", "ohm", weights, "f", "Hz", rates, label)


def _last_firing(currents: Floats, rates: Floats) -> float:
    return float(currents[rates > 0.0][-1])
