"""Wu 2025, Figs 9 and 10: the activity bump of a self-excitatory neuron, its geometry, and its stability.

Currents are those delivered (presets of the boards): the source of Fig. 9 gave + 20.9 uA where + 22.9 uA is printed.
"""

from typing import Literal

import numpy as np

from neurorig.hardware import Board, load_board
from neurorig.hardware.rate import firing_rate

from .figure import Curve, Figure, Floats, Value
from .playing import Trace, mean_rate, play, rate_at
from .wu2025_charts import crossing, probed, response, straight

KICK, RELEASE, STOP, END, LAST = 0.99, 2.98, 6.48, 9.22, 10.0
"""s: the steps of Fig. 9(a) as read from its axis."""

HELD, READ = 20.0, 2.0
"""s: f* is the rate over the last 2 s of 20 s of holding after the kick, 36 tau_s."""

RIPPLE_9B = 0.03169
"""Fraction of the current by which it wandered slowly while Fig. 9(b) was charted: fitted to its flanks."""

PLUS, MINUS = 0.565, 0.405
"""s: the probes of Fig. 10 as on its axis; its caption says 1.2 s and 0.8 s."""


def fig9a(board: Board | None = None) -> Figure:
    """f(t), I_sse(t) and spikes: start, hold and stop of a bump. `board`: one like wu2025_bump, with its presets."""
    board = board or load_board("wu2025_bump")
    hold, kick, stop = (board.preset(name)["n1.i0"] for name in ("hold", "kick", "stop"))
    steps = [(KICK, hold), (RELEASE - KICK, kick), (STOP - RELEASE, hold), (END - STOP, stop), (LAST - END, hold)]
    twin = play(board, steps)
    trace = Trace(twin, 1e-3, LAST)
    spikes, current = trace.spikes(), trace.values("s11.i_out")
    rates = {f"f_{t}": Value(rate_at(spikes, t), "Hz", f"Rate at {t} s") for t in (1.3, 2.0, 2.4, 2.95, 3.4, 4.2, 6.4)}
    begun = trace.times[current > 0.3e-6]
    left = float(np.interp(END, trace.times, current))
    return Figure(
        name="wu2025_fig9a",
        title="Start, hold and stop of an activity bump (Wu 2025, Fig. 9(a))",
        boards=(board.name,),
        curves={
            "f": trace.rate(),
            "Isse": trace.curve("s11.i_out", "Isse", "I_sse"),
            "I0_level": trace.curve("n1.i0", "I0", "I_0, delivered"),
            **trace.drawn_spikes(10),
        },
        numbers={
            **rates,
            "f_star": Value(mean_rate(spikes, STOP - 0.5, STOP), "Hz", "Rate over the last 0.5 s of the hold"),
            "f_star_settled": Value(f_star(board, hold, kick), "Hz", "f*: rate after 20 s of holding"),
            "dead_time": Value(float(begun[0] - KICK), "s", "From the kick until I_sse exceeds 0.3 uA"),
            "Isse_max": Value(float(current.max()), "A", "Highest I_sse"),
            "spikes_after": Value(float(np.sum(spikes > STOP)), "", "Spikes after the stop began"),
            "margin": Value(
                board.i_min("n1.i0") - hold - left, "A", "I_min - I_in at the release: what keeps it silent"
            ),
        },
        remarks=(
            "The kick is the delivered one, + 20.9 uA; + 22.9 uA is printed.",
            "The stop sits on a knife's edge: see `margin`.",
        ),
    )


def f_star(board: Board, hold: float, kick: float) -> float:
    """Rate (Hz) to which a bump settles that a kick of 2 s has started; 0 when it dies."""
    twin = play(board, [(RELEASE - KICK, kick), (HELD, hold)])
    end = RELEASE - KICK + HELD
    return mean_rate(twin.spikes("n1"), end - READ, end)


def fig9b(board: Board | None = None, closed: Board | None = None) -> Figure:
    """The geometry of the bump in open loop, and f* in closed loop over I_0 and R_W.

    `board`: one like wu2025_fig9b, for the lines. `closed`: one like wu2025_bump, for the insets.
    """
    board, closed = board or load_board("wu2025_fig9b"), closed or load_board("wu2025_bump")
    hold, kick = (closed.preset(name)["n1.i0"] for name in ("hold", "kick"))
    neuron = board.neurons["n1"]
    currents = np.arange(48e-6, 126e-6, 0.1e-6)
    core, smeared = firing_rate(neuron, currents), firing_rate(neuron, currents, ripple=RIPPLE_9B)
    _, rates, fed = response(board, "s11")
    order = np.argsort(rates)
    rates, fed = rates[order], fed[order]
    star = crossing(rates, firing_rate(neuron, hold + fed), rates)
    holds, weights = np.arange(34e-6, 45.3e-6, 0.3e-6), np.arange(4e3, 20.1e3, 0.5e3)
    over_i0 = np.array([f_star(closed, amperes, amperes + kick - hold) for amperes in holds])
    over_rw = np.array([f_star(closed.with_components({"s11.R_W": ohms}), hold, kick) for ohms in weights])
    return Figure(
        name="wu2025_fig9b",
        title="Self-consistent rate of the bump (Wu 2025, Fig. 9(b))",
        boards=(board.name, closed.name),
        curves={
            "f1": Curve("Iin", "A", currents, "f", "Hz", core, "f_1(I_in)"),
            "f1_rippled": Curve(
                "Iin", "A", currents, "f", "Hz", smeared, "descriptive: mean over a slow ripple of 3.2 %"
            ),
            "Isse_dashed": Curve("Iin", "A", fed, "f", "Hz", rates, "I_sse(f)"),
            "I0plusIsse": Curve("Iin", "A", hold + fed, "f", "Hz", rates, "I_0 + I_sse(f)"),
            "inset_fstar_I0": Curve("I0", "A", holds, "f", "Hz", over_i0, "f*(I_0)"),
            "inset_fstar_RW": Curve("RW", "ohm", weights, "f", "Hz", over_rw, "f*(R_W)"),
        },
        numbers={
            "f_star_crossing": Value(star, "Hz", "f where the lines cross"),
            "I_star_crossing": Value(float(hold + np.interp(star, rates, fed)), "A", "I_in where the lines cross"),
            **straight(rates, fed, "Isse", "I_sse(f)"),
            "f_star": Value(f_star(closed, hold, kick), "Hz", "f* in closed loop, 5 kohm and 44.7 uA"),
            "I0_lowest": Value(float(holds[over_i0 > 0][0]), "A", "Lowest I_0 that holds a bump"),
            "RW_highest": _highest(weights, over_rw),
        },
        remarks=(
            "Lines: neuron of Fig. 9(b). Insets: closed loop with the neuron as it was for Fig. 9(a), 0.869 of the chart.",
            "f* is the rate over the last 2 s of 20 s after a kick of 2 s and + 20.9 uA; 0 where the bump dies.",
        ),
    )


def _highest(weights: Floats, rates: Floats) -> Value:
    """Highest R_W (ohm) that holds a bump, and whether the scan ends there."""
    label = "Highest R_W that holds a bump"
    if rates[-1] > 0.0:
        label = "End of the scan of R_W, which still holds a bump: no limit was found"
    return Value(float(weights[rates > 0.0][-1]), "ohm", label)


def fig10(board: Board | None = None, probe: Literal["delivered", "printed"] = "delivered") -> Figure:
    """f(t), I_s1(t), I_s2(t) and the (I_s1, I_s2) loop of a settled bump under a probe of either sign, which begins at 0.

    `board`: one like wu2025_fig10, with its presets. `probe`: + 20.9 uA as the source of Fig. 9 delivered, or + 22.9 uA.
    """
    board = board or load_board("wu2025_fig10")
    hold, kick, stop = (board.preset(name)["n1.i0"] for name in ("hold", "kick", "stop"))
    plus = kick if probe == "delivered" else board.preset("kick_as_printed")["n1.i0"]
    settle = [(RELEASE - KICK, kick), (HELD, hold)]
    curves: dict[str, Curve] = {}
    numbers: dict[str, Value] = {}
    for key, level, length in (("plus", plus, PLUS), ("minus", stop, MINUS)):
        shown, found = probed(board, settle, (length, level), hold, name=key, every=5)
        curves |= shown
        numbers |= found
    return Figure(
        name="wu2025_fig10",
        title="Stability of the bump (Wu 2025, Fig. 10)",
        boards=(board.name,),
        curves=curves,
        numbers=numbers,
        remarks=(
            f"Probes of 0.565 s and {(plus - hold) * 1e6:+.1f} uA, and of 0.405 s and {(stop - hold) * 1e6:+.1f} uA; "
            "the caption's 1.2 s and 0.8 s are twice what the axis shows.",
            "The positive probe is of the size of the kick of Fig. 9(a), from the same source: it is taken to sag alike.",
            "I_s1 is the current through R_s of stage 1, I_s2 the output I_sse: at rest they differ by m1 m2 = 1.246.",
        ),
    )
