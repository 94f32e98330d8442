"""Wu 2025, Figs 4, 5 and 6(b): one synapse in open loop, spike by spike and as a rate code."""

import numpy as np
from scipy.ndimage import maximum_filter1d
from scipy.optimize import curve_fit

from neurorig.hardware import Board, load_board

from .figure import Curve, Figure, Floats, Value, events
from .playing import Trace, play
from .wu2025_charts import response, straight

AXIS_4 = 0.06e-3
"""s by which 0 of Fig. 4(c, d) may lie after the spike: the reading error of the axis, which both traces ask for in full."""

CLOCKS = {"5a": (0.0503, 0.1497, 1.0), "5b": (0.1006, 0.1, 2.0), "5c": (0.108, 0.04, 2.0)}
"""First spike, interval and length of each panel of Fig. 5, s. No constant current fires so slowly: it was clocked."""

NOMINAL_SUPPLY = 4.0
"""V of eq. (15): Q_N = V+ / R_W x R_a C_m, the dashed line of Fig. 6(b)."""


def one_spike(board: Board) -> Trace:
    """A single spike, at time 0: the current is taken away the moment the neuron fires."""
    port = "n1.i0"
    amperes = board.preset("one_spike")[port]
    fired = play(board, [(1.0, amperes)]).spikes("n1")[0]
    return Trace(play(board, [(fired, amperes), (20e-3, 0.0)]), fired - 1e-3, fired + 12e-3, dt=5e-6, zero=fired)


def fig4(board: Board | None = None) -> Figure:
    """V_pre, I_delta, I_s1 and I_s2 of one spike, with the fits that the figure draws. `board`: one like wu2025_fig4."""
    board = board or load_board("wu2025_fig4")
    trace, pulse = one_spike(board), board.drive("s1")
    late = trace.times - AXIS_4
    i_s1, i_s2 = trace.values("s1.i_s1"), trace.values("s1.i_s2")
    pulsing = np.where((trace.times >= 0.0) & (trace.times < pulse.width), pulse.current, 0.0)
    after = late >= 0.0
    (height, tau_1), _ = curve_fit(_exponential, late[after], i_s1[after], p0=(5e-5, 1.3e-3))
    (charge_2, tau_2), _ = curve_fit(_alpha, late[after], i_s2[after], p0=(7e-8, 1.2e-3))
    v_pre = trace.values("n1.v_ap")
    decay = trace.times[(trace.times > 0.0) & (v_pre < v_pre.max() / np.e)][0]
    return Figure(
        name="wu2025_fig4",
        title="One spike through the stages of the synapse (Wu 2025, Fig. 4)",
        boards=(board.name,),
        curves={
            "a_inset_Vpre": trace.curve("n1.v_ap", "Vpre", "V_pre"),
            "b_inset_Idelta": Curve("time", "s", trace.times, "Idelta", "A", pulsing, "I_delta"),
            "c_Is1": Curve("time", "s", late, "Is1", "A", i_s1, "I_s1"),
            "c_fit": Curve("time", "s", late[after], "fit", "A", _exponential(late[after], height, tau_1), "exp fit"),
            "d_Is2": Curve("time", "s", late, "Is2", "A", i_s2, "I_s2"),
            "d_fit": Curve("time", "s", late[after], "fit", "A", _alpha(late[after], charge_2, tau_2), "alpha fit"),
        },
        numbers={
            "Vpre_peak": Value(float(v_pre.max()), "V", "V_pre, peak"),
            "Vpre_decay": Value(float(decay), "s", "V_pre: time to 1/e"),
            "Q_N": Value(board.charge("s1"), "C", "Charge of the pulse I_delta"),
            "Is1_peak": Value(float(i_s1.max()), "A", "I_s1, peak"),
            "Is1_tau": Value(float(tau_1), "s", "I_s1: time constant of the exponential fitted from 0 on"),
            "Is1_charge": Value(float(height * tau_1), "C", "I_s1: charge of that exponential"),
            "Is2_peak": Value(float(i_s2.max()), "A", "I_s2, peak"),
            "Is2_time": Value(float(late[i_s2.argmax()]), "s", "I_s2: time of the peak"),
            "Is2_tau": Value(float(tau_2), "s", "I_s2: time constant of the alpha function"),
            "Is2_charge": Value(float(charge_2), "C", "I_s2: charge of the alpha function"),
        },
        remarks=(
            "I_delta is rectangular in the model; in the figure it is clipped at 410 uA and falls as the square of V_pre.",
            "0 of panels (c) and (d) lies 0.06 ms after the spike, as far as the axis can be wrong; c_fit and d_fit are "
            "least squares from that 0 on.",
        ),
    )


def clocked(board: Board, panel: str) -> Trace:
    """The neuron driven by clock pulses of the preset ``clock``, each giving one spike, at the times of the panel."""
    first, interval, length = CLOCKS[panel]
    amperes, pulse = board.preset("clock")["n1.i0"], 2e-3
    rise = play(board, [(pulse, amperes)]).spikes("n1")[0]
    count = int((length - first) / interval) + 1
    program = [(first - rise, 0.0), *[(pulse, amperes), (interval - pulse, 0.0)] * count, (interval, 0.0)]
    return Trace(play(board, program), 0.0, length, dt=2e-4)


def fig5(panel: str, title: str, board: Board | None) -> Figure:
    """Spikes and I_s(t) of one panel."""
    board = board or load_board(f"wu2025_fig{panel}")
    trace, interval = clocked(board, panel), CLOCKS[panel][1]
    current, times = trace.values("s1.i_out"), trace.times
    last = times > times[-1] - interval
    seen = current > 0.05e-6
    return Figure(
        name=f"wu2025_fig{panel}",
        title=f"{title} (Wu 2025, Fig. {panel[0]}({panel[1]}))",
        boards=(board.name,),
        curves={"spikes": events(trace.spikes(), "Presynaptic spikes"), "Is": trace.curve("s1.i_out", "Is", "I_s")},
        numbers={
            "Is_peak": Value(float(current.max()), "A", "Highest I_s"),
            "Is_final": Value(float(current[last].mean()), "A", "I_s over the last interval"),
            "charge_per_spike": Value(float(current[last].mean() * interval), "C", "The same times the interval"),
            "seen_from": Value(float(times[seen][0]), "s", "I_s exceeds 0.05 uA"),
            "tau": Value(board.synapses["s1"].tau, "s", "Time constant of a stage"),
        },
        remarks=("The spikes are clocked by pulses of 233 uA and 2 ms, each of which fires the neuron once.",),
    )


def fig5a(board: Board | None = None) -> Figure:
    """Spike by spike. `board`: one like wu2025_fig5a, with its preset ``clock``."""
    made = fig5("5a", "Spike-by-spike coding", board)
    current = made.curves["Is"]
    contour = maximum_filter1d(current.y, round(2 * 0.004 / 2e-4) + 1)  # the figure resolves 4 ms
    upper = Curve("time", "s", current.x, "Is", "A", contour, "I_s, upper contour within 4 ms")
    return Figure(made.name, made.title, made.boards, {**made.curves, "Is_envelope": upper}, made.numbers, made.remarks)


def fig5b(board: Board | None = None) -> Figure:
    """Rate coding at 10 Hz. `board`: one like wu2025_fig5b, with its preset ``clock``."""
    return fig5("5b", "Rate coding at 10 Hz", board)


def fig5c(board: Board | None = None) -> Figure:
    """Rate coding at 25 Hz. `board`: one like wu2025_fig5c, with its preset ``clock``."""
    return fig5("5c", "Rate coding at 25 Hz", board)


def fig6b(board: Board | None = None) -> Figure:
    """I_s(f), with the nominal line of eq. (15). `board`: one like wu2025_fig6b."""
    board = board or load_board("wu2025_fig6b")
    _, rates, currents = response(board, "s1")
    neuron, synapse = board.neurons["n1"].components, board.synapses["s1"].components
    nominal = NOMINAL_SUPPLY / synapse.R_W * neuron.R_a * neuron.C_m
    line = np.array([0.0, 250.0])
    return Figure(
        name="wu2025_fig6b",
        title="Response of the synapse, I_s(f) (Wu 2025, Fig. 6(b))",
        boards=(board.name,),
        curves={
            "Is_f": Curve("f", "Hz", rates, "Is", "A", currents, "I_s(f)"),
            "dashed_QN": Curve("f", "Hz", line, "Is", "A", nominal * line, "Q_N f, eq. (15)"),
        },
        numbers={
            "Q_N": Value(board.charge("s1"), "C", "Charge per spike into stage 1"),
            **straight(rates, currents, "Is", "I_s(f)"),
            "Q_N_nominal": Value(nominal, "C", "Q_N of eq. (15)"),
        },
    )


def _exponential(t: Floats, height: float, tau: float) -> Floats:
    return height * np.exp(-t / tau)


def _alpha(t: Floats, charge: float, tau: float) -> Floats:
    return charge / tau**2 * t * np.exp(-t / tau)
