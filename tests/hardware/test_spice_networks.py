"""The circuits of the papers with feedback: twin against ngspice on the same board, transistor by transistor."""

import numpy as np
import pytest

from neurorig.hardware import Board, load_board
from neurorig.hardware.spice import spice_twin, witness
from neurorig.hardware.twin import Twin
from neurorig.signals import Steps

from .rhythm import bursts

pytestmark = pytest.mark.needs("ngspice")
LONG = pytest.mark.timeout(150)  # ngspice needs some seconds for each second


@LONG
def test_adaptation():
    seen = witness(load_board("wu2025_fig11a"), {"n1.i0": 92.8e-6}, 2.4, ["s11.i_out"])
    for start in (0.1, 0.6, 1.0, 1.4, 1.8, 2.1):
        ngspice, twin = seen.rates("n1", start, start + 0.3)
        assert twin == pytest.approx(ngspice, rel=0.03), start
    ngspice, twin = seen.counts("n1")
    assert twin == pytest.approx(ngspice, rel=0.03)
    assert seen.rates("n1", 0.0, 0.2)[0] > 1.25 * seen.rates("n1", 2.2, 2.4)[0]  # it adapted

    grid = np.arange(2.2, 2.4, 1e-5)
    ours = seen.twin.sample("s11.i_out", 2.2, 1e-5, len(grid))
    assert ours.mean() == pytest.approx(seen.ngspice.trace("s11.i_out", grid).mean(), rel=0.03)


@LONG
@pytest.mark.parametrize(("drive", "weight"), [("pcb", 10e3), ("fig18", 5e3)])
def test_bump(drive, weight):
    """Kick, hold, stop, with each delta block; with these weights both give about the charge of the board on the bench."""
    data = load_board("wu2025_bump").with_components({"s11.R_W": weight}).model_dump()
    data["synapses"]["s11"]["calibration"] |= {"drive": drive, "Q_N": None, "R_drive": None}
    protocol = Steps.of([0.1, 1.2, 0.9, 0.8, 0.4], [44.7e-6, 67.6e-6, 44.7e-6, 20.3e-6, 44.7e-6])
    seen = witness(Board.model_validate(data), {"n1.i0": protocol}, protocol.duration, ["s11.i_out"])
    for start, stop in [(0.2, 0.6), (0.7, 1.3), (1.35, 1.8), (1.8, 2.2)]:
        ngspice, twin = seen.rates("n1", start, stop)
        assert ngspice > 100.0
        assert twin == pytest.approx(ngspice, rel=0.03), start
    ngspice, twin = seen.counts("n1")
    assert twin == pytest.approx(ngspice, rel=0.03)
    assert seen.counts("n1", 0.0, 0.1) == seen.counts("n1", 2.3, 3.0) == (0, 0)  # silent before, stopped after

    grid = np.arange(0.3, 2.2, 1e-4)
    ours = seen.twin.sample("s11.i_out", 0.3, 1e-4, len(grid))
    theirs = _smooth(seen.ngspice.trace("s11.i_out", grid))
    # one threshold, 0.82 V, stands for the diodes of the stages, which begin to conduct at 0.75 V: 0.7 uA in 100 kohm
    assert np.abs(_smooth(ours) - theirs).max() < 0.7e-6


@LONG
def test_burst():
    """From the charges between two bursts, so that the rhythm is there at once."""
    board = load_board("wu2025_fig13").with_charges({"s11": (1.378, 1.466)})
    seen = witness(board, {"n1.i0": 53.2e-6}, 3.6)
    rhythm = [bursts(times) for times in seen.spikes("n1", 0.3)]
    (period, spikes), (ours, counted) = ((np.diff(b)[1:].mean(), n[1:-1].mean()) for b, _, n in rhythm)
    assert period == pytest.approx(0.79, abs=0.05)
    assert ours == pytest.approx(period, rel=0.25)
    assert counted == pytest.approx(spikes, rel=0.25)
    inside = [np.mean((n - 1)[1:-1] / (e - b)[1:-1]) for b, e, n in rhythm]
    assert inside[1] == pytest.approx(inside[0], rel=0.03)  # rate within a burst


@LONG
def test_pacemakers_in_antiphase():
    """Fig. 15, from the middle of a cycle: from power-up the rhythm of ngspice settles where N2 stays silent."""
    board = load_board("wu2025_fig15")
    currents = {"n1.i0": 57.3e-6, "n2.i0": 52.4e-6}
    seen = witness(board.with_charges(_between_bursts(board, currents)), currents, 3.0)
    found = {neuron: [bursts(times) for times in seen.spikes(neuron)] for neuron in ("n1", "n2")}
    for rhythm in found.values():
        (period, spikes), (ours, counted) = ((np.diff(b).mean(), n[:-1].mean()) for b, _, n in rhythm)
        assert period == pytest.approx(1.42, abs=0.05)
        assert ours == pytest.approx(period, rel=0.25)
        assert counted == pytest.approx(spikes, rel=0.25)
    for (begins, ends, _), (others, _, _) in zip(found["n1"], found["n2"], strict=True):
        assert all(not np.any((others > b) & (others < e)) for b, e in zip(begins, ends, strict=True))  # no overlap
    lags = [
        (b2[1] - b1[0]) / np.diff(b1).mean() for (b1, _, _), (b2, _, _) in zip(found["n1"], found["n2"], strict=True)
    ]
    assert lags[1] == pytest.approx(lags[0], abs=0.05)


@LONG
def test_primary_drives_the_gaps_of_the_subordinate():
    """Fig. 14: N2 fires in the gaps of N1."""
    board = load_board("wu2025_fig14")
    board = board.with_charges({"s11": (1.80, 2.10), "s12": (0.82, 0.82)})
    seen = witness(board, {"n1.i0": 62e-6, "n2.i0": 48.5e-6}, 3.6)
    for neuron in ("n1", "n2"):
        rhythm = [bursts(times) for times in seen.spikes(neuron, 0.4)]
        periods = [np.diff(b)[1:].mean() for b, _, _ in rhythm]
        assert periods[1] == pytest.approx(periods[0], rel=0.25)
    for first, second in zip(seen.spikes("n1"), seen.spikes("n2"), strict=True):
        gaps = np.flatnonzero(np.diff(first) > 0.05)
        inside = sum(np.sum((second > first[k]) & (second < first[k + 1])) for k in gaps)
        assert inside > 0.97 * np.sum((second > first[gaps[0]]) & (second < first[gaps[-1] + 1]))


@LONG
def test_winner_takes_all():
    """78.8 uA against 70.6 uA: the stronger neuron silences the other for good."""
    seen = witness(load_board("wu2025_fig16"), {"n1.i0": 78.8e-6, "n2.i0": 70.6e-6}, 1.2)
    assert seen.counts("n2", 0.5) == (0, 0)
    ngspice, twin = seen.rates("n1", 0.8)
    assert twin == pytest.approx(ngspice, rel=0.10)  # saturated drive into a full stage: a chord is coarse there


@pytest.mark.parametrize(("kind", "phase"), [("inhibitory", 0.5), ("excitatory", 0.0)])
def test_delta_coupled_pair(kind, phase):
    """Time matter, Fig. 8: inhibition repels, excitation attracts, from a start 2.2 ms apart."""
    data = load_board("timematter_fig8").model_dump()
    for synapse in data["synapses"].values():
        synapse["kind"] = kind
    late = Steps.of([0.0022, 1.0], [0.0, 55e-6])
    seen = witness(Board.model_validate(data), {"n1.i0": 55e-6, "n2.i0": late}, 0.6)
    for first, second in zip(seen.spikes("n1", 0.45), seen.spikes("n2"), strict=True):
        following = second[np.searchsorted(second, first[1:-1] - 0.25 * np.diff(first)[:-1])]
        assert (following - first[1:-1]) / np.diff(first)[1:] == pytest.approx(phase, abs=0.02)
    ngspice, twin = seen.rates("n1", 0.3)
    assert twin == pytest.approx(ngspice, rel=0.03)


def _smooth(values):
    """Mean over 10 ms of samples 0.1 ms apart: the output of a mirror ripples with the membrane."""
    return np.convolve(values, np.full(100, 0.01), "valid")


def _between_bursts(board, currents):
    """Voltages of the stages just before a burst of n2, when the rhythm has settled."""
    twin = Twin(spice_twin(board))
    for port, amperes in currents.items():
        twin.drive(port, amperes)
    twin.advance(12.0)
    begins, _, _ = bursts(twin.spikes("n2", 6.0))
    moment = begins[1] - 0.02
    return {
        name: tuple(float(twin.sample(f"{name}.{node}", moment, 1.0, 1)[0]) for node in ("v_c1", "v_c2"))
        for name in board.synapses
    }
