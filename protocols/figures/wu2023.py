"""Wu 2023, Figs 2 to 5: the memristive spiking neuron, and the modes and the phase diagram of the bursting neuron."""

import numpy as np

from neurorig.hardware import Board, load_board

from .bursting_modes import Panel, limits, play_panels, tonic_edge
from .figure import Curve, Figure, Value
from .playing import Trace, mean_rate, play

FIG3 = (
    Panel("TS", 72.2e-6, 47.0, 0.1),
    Panel("FS", 46.7e-6, 2.4e3, 0.1),
    Panel("IB1", 38.7e-6, 3e3, 0.1),
    Panel("IB2", 75.1e-6, 2.4e3, 0.2),
)
FIG4 = (
    Panel("4a_TS", 68.8e-6, 100.0, 17.0, membrane=100e-6),
    Panel("4a_IB2", 76.2e-6, 2.3e3, 17.0, membrane=2000e-6),
    Panel("4a_wide", 70.1e-6, 900.0, 8.0, membrane=100e-6),
    Panel("4b_TS", 93.8e-6, 100.0, 8.0, membrane=100e-6),
    Panel("4b_FS", 54.1e-6, 3e3, 8.0, membrane=1000e-6, soma=33e-6),
    Panel("4b_IB1", 29.4e-6, 6.8e3, 8.0, membrane=1000e-6, soma=0.47e-6),
)
FIG5 = tuple(
    Panel(f"{tau:g}ms_{current:g}uA", current * 1e-6, tau * 1e4, shown)
    for tau, current, shown in (
        (0.01, 90.0, 0.2), (0.01, 45.0, 0.3), (0.05, 45.0, 0.3), (0.3, 90.0, 0.02), (0.3, 60.0, 0.02), (0.4, 60.0, 0.02),
        (0.22, 76.5, 0.3), (0.22, 97.0, 0.3), (0.28, 97.0, 0.3), (0.23, 44.4, 0.1), (0.23, 39.4, 0.1), (0.28, 39.4, 0.1),
    )
)  # fmt: skip

WINDOW, SPIKE_AT, SPIKE_CURRENT = 30e-3, 9.7e-3, 70e-6
"""s, s, A: the trace of Fig. 2, and where its spike stands; the current is not printed, but there is one spike in 30 ms."""
COLUMN = 10e-3 / 33.5
"""s: one pixel column of Fig. 3, in which the printed envelopes were read."""
IB2_CLOSES = 0.47e-3
"""s: where type 2 bursting ends in the phase diagram."""


def fig2(board: Board | None = None) -> Figure:
    """f(I) of the spiking neuron, the ideal integrate-and-fire line, and one spike. `board`: one like wu2023_fig2."""
    board = board or load_board("wu2023_fig2")
    neuron = board.neurons["n1"]
    top = neuron.i_max
    currents = np.concatenate([[1.001 * neuron.i_min], np.linspace(1.05 * neuron.i_min, 0.97 * top, 45)])
    currents = np.concatenate([currents, top * np.array([0.98, 0.99, 0.995, 0.999, 1.001, 1.05])])
    rates = np.array([mean_rate(play(board, [(2.0, amperes)]).spikes("n1"), 0.5, 2.0) for amperes in currents])
    line = np.array([0.0, 140e-6])
    slope = float((rates / currents).max())
    twin = play(board, [(0.5, SPIKE_CURRENT)])
    fired = twin.spikes("n1")[-2]
    spike = Trace(twin, fired - SPIKE_AT, fired - SPIKE_AT + WINDOW, dt=10e-6, zero=fired - SPIKE_AT)
    peak = float(spike.values("n1.v_ap").max())
    return Figure(
        name="wu2023_fig2",
        title="Memristive spiking neuron: f(I) and its spike (Wu 2023, Fig. 2)",
        boards=(board.name,),
        curves={
            "fI_points": Curve("Iin", "A", currents, "f", "Hz", rates, "f(I_in)"),
            "fI_IFline": Curve("Iin", "A", line, "f", "Hz", slope * line, "Ideal integrate and fire, f ~ I"),
            "spike_Vout": spike.curve("n1.v_ap", "Vout", "V_out over 47 ohm"),
            "spike_Vm": spike.curve("n1.v_m", "Vm", "V_m"),
        },
        numbers={
            "I_min": Value(neuron.i_min, "A", "Rheobase"),
            "I_max": Value(top, "A", "Current above which the thyristor stays closed"),
            "peak": Value(peak, "V", "Peak of V_out"),
            "peak_current": Value(peak / neuron.components.R_a, "A", "Peak current through the thyristor"),
            "slope": Value(slope, "Hz/A", "Line from the origin that touches f(I)"),
        },
        remarks=(
            f"The spike is taken at {SPIKE_CURRENT * 1e6:g} uA; the print gives no current. V_out is printed 3.3 mV too high.",
            "Towards I_max the measured rate falls from 122 uA on, over 6 uA; the model's within 1 uA: its thyristor has one "
            "resistance, the real one's on-voltage follows the logarithm of the current.",
        ),
    )


def fig3(board: Board | None = None) -> Figure:
    """The four modes. `board`: one like wu2023_fig3."""
    board = board or load_board("wu2023_fig3")
    curves, numbers = play_panels(board, FIG3)
    for key in ("TS", "FS"):
        curves[f"{key}_envelope"] = _envelope(curves[f"{key}_Vout"])
    return Figure(
        name="wu2023_fig3",
        title="Tonic and fast spiking, bursts of type 1 and 2 (Wu 2023, Fig. 3)",
        boards=(board.name,),
        curves=curves,
        numbers=numbers,
        remarks=(
            "The drift of this experiment against Fig. 5 is from the mean FS interval, C_m from TS; the bursts are predicted.",
            "FS at 46.7 uA: printed as regular; the model is below its own end of type 1 bursting here (51 uA at 0.24 ms in "
            "Fig. 5 as printed) and leaves out a spike now and then.",
        ),
    )


def _envelope(trace: Curve) -> Curve:
    """Highest value in every pixel column, above the lowest of all: the zero of the print is arbitrary."""
    column = np.floor(trace.x / COLUMN).astype(int)
    tops = np.array([trace.y[column == k].max() for k in range(column.max() + 1)])
    return Curve(
        "time",
        "s",
        COLUMN * np.arange(len(tops), dtype=np.float64),
        "Vtop",
        "V",
        tops - trace.y.min(),
        "Envelope of V_out",
    )


def fig4(board: Board | None = None) -> Figure:
    """The modes with larger capacitors, at the pace of living neurons. `board`: one like wu2023_fig4."""
    board = board or load_board("wu2023_fig4")
    curves, numbers = play_panels(board, FIG4)
    high = play_panels(board, [Panel("4b_IB1_42uA", 42e-6, 6.8e3, 8.0, membrane=1000e-6, soma=0.47e-6)])
    return Figure(
        name="wu2023_fig4",
        title="The modes at the pace of living neurons (Wu 2023, Fig. 4)",
        boards=(board.name,),
        curves=curves | high[0],
        numbers=numbers | high[1],
        remarks=(
            "At 29.4 uA the board, which has the rheobase of Fig. 5 (36.2 uA), is silent; 4b_IB1_42uA lies as far above its "
            "rheobase as type 1 bursting of Fig. 3 does. There it spikes singly: intervals grow with C_s, the memory does not.",
            "FS with C_s = 33 uF: 54.1 uA for the printed 0.134 s are just the charge of C_s, so that no leak at all is left "
            "for the time between spikes; the model's leak near the threshold makes it slower.",
        ),
    )


def fig5(board: Board | None = None) -> Figure:
    """The phase diagram over tau_s and current, and its twelve traces. `board`: one like wu2023_fig5."""
    board = board or load_board("wu2023_fig5")
    edge = tonic_edge(board, 58e-6)
    everywhere = (
        np.array([0.0025, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6]) * 1e-3
    )
    beyond = np.linspace(1.004 * edge, 0.6e-3, 20)
    closing = np.linspace(1.004 * edge, IB2_CLOSES, 20)
    curves, numbers = play_panels(board, FIG5)
    for name, taus in (("lower", everywhere), ("upper", everywhere), ("IB1_top", beyond), ("FS_top", closing)):
        amperes = limits(board, taus, name)
        curves[f"boundary_{name}"] = Curve("tau_s", "s", taus, "Iin", "A", amperes, f"Boundary: {name}")
    edges = np.array([42e-6, 58e-6, 76.5e-6, 97e-6])
    curves["boundary_TS"] = Curve(
        "tau_s", "s", np.array([tonic_edge(board, i) for i in edges]), "Iin", "A", edges, "Edge of TS"
    )
    numbers["edge"] = Value(edge, "s", "tau_s above which the neuron spikes fast, at 58 uA")
    numbers["plateau_current"] = Value(_plateau(board), "A", "Current through R_s when a plateau ends, 2.8 kohm, 97 uA")
    return Figure(
        name="wu2023_fig5",
        title="Phase diagram of the memristive bursting neuron (Wu 2023, Fig. 5)",
        boards=(board.name,),
        curves=curves,
        numbers=numbers,
        remarks=(
            "One latching current (134.4 uA) gives both the edge of tonic spiking and the end of fast spiking: at the edge the "
            "leak and the charge shared with C_s add up to it, later V_s has crept up to it. The threshold that stays lower "
            "for 1.2 ms after a spike gives type 1 bursting.",
            "The upper limit is a level line at the holding current (102 uA) up to 0.34 ms and follows the end of fast spiking "
            "beyond; printed are 98 to 124 uA below 0.2 ms and 113 to 116 uA above, for which the model has no cause.",
            "Type 2 bursts close to the edge (0.22 ms) begin 2 uA below the latching current: their length is not firm.",
        ),
    )


def _plateau(board: Board) -> float:
    """Current (A) through the load when the first plateau of the (0.28 ms, 97 uA) trace ends."""
    trace = next(panel for panel in FIG5 if panel.key == "0.28ms_97uA").play(board)
    spikes, volts = trace.spikes(), trace.values("n1.v_ap")
    last = spikes[np.argmax(np.diff(spikes))]
    falling = trace.times[1:][np.diff(volts) < -0.2e-3]
    end = falling[falling > last + 5e-3][0]
    return float(volts[np.searchsorted(trace.times, end) - 2] / 2.8e3)
