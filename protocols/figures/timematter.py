"""Rozenberg 2023 ("time matter"), Figs 3, 6 and 8: equation of state, solid and melted spike trains, two coupled neurons."""

import math

import numpy as np

from neurorig.analysis import cv, neural_correlation, phase
from neurorig.hardware import Board, load_board
from neurorig.hardware.twin import Twin

from .figure import Curve, Figure, Floats, Value, events
from .playing import mean_rate, play

RATES = 60
"""Currents at which f(I) is taken, from just above the threshold to just below the latch."""

MEASURED = 20.0
"""s of each measured train of Fig. 6, after 1 s of settling."""

SHOWN = 0.25
"""s of a train that Figs 6 and 8 draw."""

PAIR = 4.0
"""s over which two neurons find their phase."""

LAG, BIN = 0.2, 0.5e-3
"""s: longest lag and bin of the correlation function."""


def fig3(board: Board | None = None) -> Figure:
    """f(I) of one neuron with the LIF law -1/log(1 - I_c/I) and the IF line f ~ I. `board`: one like timematter_fig3.

    I_c is the threshold of the board. Both laws have one free factor: that of LIF is fitted to the lower third of the
    currents ("near the threshold"), that of IF to the middle third.
    """
    board = board or load_board("timematter_fig3")
    low, high = board.i_min("n1.i0"), board.i_max("n1.i0")
    currents = np.linspace(1.002 * low, 0.99 * high, RATES)
    rates = np.array([mean_rate(play(board, [(1.3, amperes)]).spikes("n1"), 0.3, 1.3) for amperes in currents])
    lower, middle = slice(0, RATES // 3), slice(RATES // 3, 2 * RATES // 3)
    lif = -1.0 / np.log(1.0 - low / currents)
    lif *= _factor(lif[lower], rates[lower])
    ideal = currents * _factor(currents[middle], rates[middle])
    return Figure(
        name="timematter_fig3",
        title="Equation of state of a memristive neuron (time matter, Fig. 3)",
        boards=(board.name,),
        curves={
            "f": Curve("Iin", "A", currents, "f", "Hz", rates, "f(I)"),
            "lif": Curve("Iin", "A", currents, "f", "Hz", lif, "LIF: -1/log(1 - I_c/I)"),
            "ideal": Curve("Iin", "A", currents, "f", "Hz", ideal, "IF: f ~ I"),
        },
        numbers={
            "I_c": Value(low, "A", "Least current of activation I_c"),
            "I_max": Value(high, "A", "Current at which the neuron latches"),
            "lif_rms": Value(
                _rms(lif[lower], rates[lower]), "Hz", "rms distance from LIF, lower third of the currents"
            ),
            "ideal_rms": Value(_rms(ideal[middle], rates[middle]), "Hz", "rms distance from IF, middle third"),
        },
        remarks=("The paper prints neither the components nor the axes' values of this device; see the board.",),
    )


def fig6(board: Board | None = None, seed: int = 0) -> Figure:
    """A train well above the threshold and one at it, both with the same current noise, and g_n(t) of each.

    `board`: one like timematter_fig6 with its presets ``solid`` and ``melted``; `seed`: of the noise.
    """
    board = board or load_board("timematter_fig6")
    curves: dict[str, Curve] = {}
    numbers: dict[str, Value] = {}
    for state in ("solid", "melted"):
        twin = Twin(board, seed=seed)
        amperes = board.preset(state)["n1.i0"]
        twin.drive("n1.i0", amperes)
        twin.advance(1.0 + MEASURED)
        spikes = twin.spikes("n1", 1.0) - 1.0
        lags, correlation = neural_correlation(spikes, LAG, BIN)
        curves[f"{state}_spikes"] = events(spikes[spikes < SHOWN], f"Spikes at {1e6 * amperes:g} uA ({state})")
        curves[f"{state}_g"] = Curve("lag", "s", lags, "g", "", correlation, f"g_n(t), {state}")
        numbers[f"{state}_cv"] = Value(cv(spikes), "", f"Coefficient of variation of the intervals, {state}")
        numbers[f"{state}_rate"] = Value(len(spikes) / MEASURED, "Hz", f"Mean rate, {state}")
        numbers[f"{state}_order"] = Value(float(correlation.max()), "", f"Highest peak of g_n, {state}")
    return Figure(
        name="timematter_fig6",
        title="A spike train and its melting (time matter, Fig. 6)",
        boards=(board.name,),
        curves=curves,
        numbers=numbers,
        remarks=(
            f"g_n in bins of {1e3 * BIN:g} ms, without the spike itself; {MEASURED:g} s of each train, {SHOWN:g} s drawn.",
            "Both trains carry the same current noise: 0.2 uA rms, held for 1 ms.",
        ),
    )


def fig8(inhibitory: Board | None = None, excitatory: Board | None = None, seed: int = 0) -> Figure:
    """Two delta-coupled neurons: started together they alternate by inhibition; started apart excitation joins them."""
    boards = {
        "inhibitory": inhibitory or load_board("timematter_fig8"),
        "excitatory": excitatory or load_board("motif_delta_excitation"),
    }
    curves: dict[str, Curve] = {}
    numbers: dict[str, Value] = {}
    for kind, start in (("inhibitory", 0.0), ("excitatory", 0.5)):
        first, second = coupled_pair(boards[kind], start, seed=seed)
        for whose, spikes in (("N1", first), ("N2", second)):
            curves[f"{kind}_{whose}_spikes"] = events(spikes[spikes < SHOWN], f"Spikes of {whose}, {kind}")
        seen = second[(second >= first[0]) & (second < first[-1])]
        phases = phase(second, first)
        curves[f"{kind}_phase"] = Curve(
            "time", "s", seen, "phase", "", (phases + 0.25) % 1.0 - 0.25, f"Phase of N2, {kind}"
        )
        mean, spread = mean_phase(phases[len(phases) // 2 :])
        numbers[f"{kind}_phase"] = Value(mean, "", f"Final phase of N2 after N1, {kind}")
        numbers[f"{kind}_spread"] = Value(spread, "", f"Standard deviation of the final phase, {kind}")
        numbers[f"{kind}_rate"] = Value((len(first) - 1) / (first[-1] - first[0]), "Hz", f"Rate of N1, {kind}")
    return Figure(
        name="timematter_fig8",
        title="Two neurons with instantaneous coupling (time matter, Fig. 8)",
        boards=tuple(board.name for board in boards.values()),
        curves=curves,
        numbers=numbers,
        remarks=("The figure is a simulation with unprinted values; only the phases are compared.",),
    )


def coupled_pair(board: Board, start: float, seed: int = 0) -> tuple[Floats, Floats]:
    """Spike times (s) of both neurons; N2 is switched on by the fraction `start` of an interval after N1."""
    currents = board.preset("tonic")
    alone = play(board.without(board.synapses), [(1.0, currents["n1.i0"])]).spikes("n1")
    interval = 1.0 / mean_rate(alone, 0.0, 1.0)
    twin = Twin(board, seed=seed)
    twin.drive("n1.i0", currents["n1.i0"])
    twin.drive("n2.i0", currents["n2.i0"], at=start * interval)
    twin.advance(PAIR)
    return twin.spikes("n1"), twin.spikes("n2")


def mean_phase(phases: Floats) -> tuple[float, float]:
    """Circular mean, in (-0.5, 0.5] or as a positive number up to 0.5 + 0.25, and standard deviation of `phases`."""
    mean = np.exp(2j * np.pi * phases).mean()
    turns = math.atan2(mean.imag, mean.real) / (2 * np.pi)
    spread = math.sqrt(max(0.0, -2.0 * math.log(min(1.0, abs(mean))))) / (2 * np.pi)
    return turns % 1.0 if abs(turns) > 0.25 else turns, spread


def _factor(law: Floats, rates: Floats) -> float:
    """Factor that brings `law` closest to `rates`."""
    return float(law @ rates / (law @ law))


def _rms(law: Floats, rates: Floats) -> float:
    return float(np.sqrt(np.mean((law - rates) ** 2)))
