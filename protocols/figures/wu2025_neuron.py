"""Wu 2025, Figs 2(b) and 6(a): the neuron alone, driven by pulses and by a constant current."""

import numpy as np

from neurorig.hardware import Board, load_board
from neurorig.hardware.rate import firing_rate
from neurorig.signals import ConfigError, show

from .figure import Curve, Figure, Value, events
from .playing import Trace, play

PULSE, EVERY = 1.0e-3, 10e-3
"""s: length and distance of the pulses of Fig. 2(b) (1.0 to 1.1 ms as read; with 1.05 ms every second one would fire)."""

BEFORE = 11
"""Pulses before the window of Fig. 2(b), so that the neuron has forgotten power-up."""

RIPPLE_6A = 0.02476
"""Fraction of the current by which it wandered slowly while Fig. 6(a) was read by hand: fitted to its flanks."""


def fig2b(board: Board | None = None) -> Figure:
    """V_m(t) and V_ap(t) under short pulses; 0 is set so that the third pulse fires, as in the figure.

    `board`: one like wu2025_fig2, with its preset ``pulse``.
    """
    board = board or load_board("wu2025_fig2")
    amperes = board.preset("pulse")["n1.i0"]
    pulses = BEFORE + 15
    twin = play(board, [(EVERY, 0.0), *[(PULSE, amperes), (EVERY - PULSE, 0.0)] * pulses])
    fired = twin.spikes("n1")
    if not np.any(fired > BEFORE * EVERY):
        raise ConfigError(f"{board.path}: pulses of {show(amperes, 'A')} and {show(PULSE, 's')} never fire the neuron.")
    spike = float(fired[fired > BEFORE * EVERY][0])
    zero = EVERY * round((spike - 2 * EVERY) / EVERY)  # the spike belongs to the pulse that begins at 20 ms
    trace = Trace(twin, zero, zero + 100e-3, dt=20e-6, zero=zero)
    v_m, spikes = trace.values("n1.v_m"), trace.spikes()
    peak = twin.sample("n1.v_ap", spike, 1e-6, 300).max()
    fires = float(twin.sample("n1.v_m", spike, 1.0, 1)[0])
    after = twin.sample("n1.v_m", spike, 1e-6, 2000).min()
    return Figure(
        name="wu2025_fig2b",
        title="Leaky integration of pulses, and spikes (Wu 2025, Fig. 2(b))",
        boards=(board.name,),
        curves={
            "Vap": trace.curve("n1.v_ap", "Vap", "V_ap"),
            "Vm": trace.curve("n1.v_m", "Vm", "V_m"),
            "I0": trace.curve("n1.i0", "I0", "I_0"),
            "spikes": events(spikes, "Spikes"),
        },
        numbers={
            "Vap_peak": Value(float(peak), "V", "V_ap, peak"),
            "Vm_fire": Value(fires, "V", "V_m when it fires"),
            "Vm_after": Value(float(after), "V", "V_m after the spike"),
            "Vm_9ms": Value(float(v_m[int((spikes[0] + 8.5e-3) / 20e-6)]), "V", "V_m 8.5 ms after the spike"),
            "pulses_per_spike": Value(float(np.mean(np.diff(spikes)) / EVERY), "", "Pulses for one spike"),
        },
        remarks=("0 is set by the spike: how many pulses came before the record began is not known.",),
    )


def fig6a(board: Board | None = None) -> Figure:
    """f(I_in), and the same smeared by the slow wandering of the current. `board`: one like wu2025_neuron."""
    board = board or load_board("wu2025_neuron")
    neuron = board.neurons["n1"]
    currents = np.arange(44e-6, 112e-6, 0.1e-6)
    core, smeared = firing_rate(neuron, currents), firing_rate(neuron, currents, ripple=RIPPLE_6A)
    return Figure(
        name="wu2025_fig6a",
        title="Response of the neuron, f(I_in) (Wu 2025, Fig. 6(a))",
        boards=(board.name,),
        curves={
            "f_Iin": Curve("Iin", "A", currents, "f", "Hz", core, "f(I_in)"),
            "f_Iin_rippled": Curve(
                "Iin", "A", currents, "f", "Hz", smeared, "descriptive: mean over a slow ripple of 2.5 %"
            ),
        },
        numbers={
            "I_min": Value(board.i_min("n1.i0"), "A", "I_min"),
            "I_max": Value(board.i_max("n1.i0"), "A", "I_max"),
            "f_max": Value(float(core.max()), "Hz", "Highest rate"),
        },
        remarks=(RIPPLE_REMARK,),
    )


RIPPLE_REMARK = (
    "The steep flanks of the published chart are proportional to the current on both sides: a slow wandering of the "
    "current while it was read. The smeared curve describes that; it is no prediction."
)
