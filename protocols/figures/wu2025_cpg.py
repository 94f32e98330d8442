"""Wu 2025, Figs 14 to 16: two neurons as central pattern generators, uncoupled and coupled."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from neurorig.analysis import overlap
from neurorig.hardware import Board, load_board

from .figure import Curve, Figure, Value
from .settled import Settled, burst_numbers, trains

Assignment = Literal["corrected", "commanded", "printed"]

WINDOW = 6.0
"""s: Fig. 15 shows 5 s; long enough for four cycles of every generator."""


def generator(board: Board, currents: Mapping[str, float], *, coupled: bool = True, seed: int = 0) -> Settled:
    """Run two neurons with their projections, or without them when not `coupled`; self-inhibition stays."""
    projections = [key for key, synapse in board.synapses.items() if synapse.pre != synapse.post]
    return Settled(board if coupled else board.without(projections), currents, WINDOW, seed=seed)


def fig14(board: Board | None = None, seed: int = 0) -> Figure:
    """Primary and subordinate: spikes and bursts of N1 and N2. `board`: one like wu2025_fig14, with its preset."""
    board = board or load_board("wu2025_fig14")
    apart, together = (generator(board, board.preset("printed"), coupled=c, seed=seed) for c in (False, True))
    return Figure(
        name="wu2025_fig14",
        title="A bursting primary silences a tonic subordinate (Wu 2025, Fig. 14)",
        boards=(board.name,),
        curves=trains(apart, "uncoupled_") | trains(together, "coupled_"),
        numbers=_rhythm(apart, "uncoupled_") | _rhythm(together, "coupled_"),
        remarks=(
            "Time 0 is the begin of a burst of N1. A tonic neuron has no bursts.",
            "Nothing is fitted to this figure: set of Fig. 11(a), hysteresis and ripple of Fig. 13, weights by the charge law.",
            "N2 must fire at 46.5 uA: its device is drawn 13 % low; the rate of N2 depends on that, its pauses do not.",
        ),
    )


def fig15(board: Board | None = None, assignment: Assignment = "corrected", seed: int = 0) -> Figure:
    """Two pacemakers: spikes and bursts, uncoupled and coupled, and all four synaptic currents.

    `assignment`: which currents belong to the figure (`Board.presets`); the rows of Table III are most likely exchanged.
    """
    board = board or load_board("wu2025_fig15")
    apart, together = (generator(board, board.preset(assignment), coupled=c, seed=seed) for c in (False, True))
    return Figure(
        name="wu2025_fig15",
        title="Mutual inhibition of two pacemakers (Wu 2025, Fig. 15)",
        boards=(board.name,),
        curves=trains(apart, "uncoupled_") | trains(together, "coupled_") | _currents(together),
        numbers=_rhythm(apart, "uncoupled_") | _rhythm(together, "coupled_") | _peaks(together),
        remarks=(
            "Time 0 is the begin of a burst of N1.",
            "One hysteresis for both neurons is fitted to the four periods; spikes of a burst and overlap are predictions.",
            _assigned(board, assignment),
        ),
    )


def fig16(board: Board | None = None, assignment: Assignment = "corrected", seed: int = 0) -> Figure:
    """Two adapting neurons: as Fig. 15, and f(t) and I_in(t) of N1. `assignment`: see `fig15`."""
    board = board or load_board("wu2025_fig16")
    apart, together = (generator(board, board.preset(assignment), coupled=c, seed=seed) for c in (False, True))
    return Figure(
        name="wu2025_fig16",
        title="Mutual inhibition of two adapting neurons (Wu 2025, Fig. 16)",
        boards=(board.name,),
        curves=trains(apart, "uncoupled_")
        | trains(together, "coupled_")
        | {
            "f": together.rate("f of N1"),
            "Iin": together.current(together.into("n1"), "Iin", "I_in of N1, derived: I_0 - I_ssi(N1) - I_spi(N2)"),
        }
        | _currents(together),
        numbers=_rhythm(apart, "uncoupled_")
        | _rhythm(together, "coupled_")
        | _peaks(together)
        | {
            "I_min": Value(board.neurons["n1"].i_min, "A", "Excitation threshold I_min of N1"),
            "Iin_low": Value(float(together.into("n1").min()), "A", "Lowest I_in of N1"),
            "Iin_high": Value(float(together.into("n1").max()), "A", "Highest I_in of N1"),
        },
        remarks=(
            "Time 0 is the begin of a burst of N1. A tonic neuron has no bursts.",
            "I_in is derived, not measured. f(t) is 1/ISI in the middle of each interval, and 0 in silences.",
            _assigned(board, assignment),
        ),
    )


def _assigned(board: Board, assignment: str) -> str:
    n1, n2 = (1e6 * board.preset(assignment)[f"{n}.i0"] for n in ("n1", "n2"))
    return f"Currents '{assignment}': N1 {n1:g} uA, N2 {n2:g} uA. {board.errata.get('E6', '')}".rstrip()


def _currents(run: Settled) -> dict[str, Curve]:
    """I_ssi and I_spi of both neurons: what each draws from itself, and from the other."""
    curves = {}
    for k, other in (("1", "2"), ("2", "1")):
        for name, synapse in (("Issi", f"s{k}{k}"), ("Ispi", f"s{k}{other}")):
            curves[f"N{k}_{name}"] = run.current(run.drawn_from(synapse), name, f"{name[0]}_{name[1:]} of N{k}")
    return curves


def _peaks(run: Settled) -> dict[str, Value]:
    return {
        f"{key}_{what}": Value(float(reduce(curve.y)), "A", f"{word} {curve.label}")
        for key, curve in _currents(run).items()
        for what, word, reduce in (("low", "Lowest", np.min), ("peak", "Highest", np.max))
    }


def _rhythm(run: Settled, prefix: str) -> dict[str, Value]:
    numbers: dict[str, Value] = {}
    for neuron, whose in (("n1", "N1"), ("n2", "N2")):
        rate = len(run.spikes(neuron)) / run.window
        numbers[f"{prefix}{whose}_mean_rate"] = Value(rate, "Hz", f"Mean rate of {whose}")
        numbers |= burst_numbers(run.bursts(neuron), f"{prefix}{whose}_", whose)
    both = overlap(run.bursts("n1"), run.bursts("n2"))
    numbers[f"{prefix}overlap"] = Value(both, "s", f"Time in {run.window:g} s in which both are in a burst")
    return {key: replace(value, label=f"{value.label}, {prefix.strip('_')}") for key, value in numbers.items()}
