"""A lone neuron and its synapse's first capacitor: twin against ngspice on the same board."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neurorig.hardware import Board, load_board
from neurorig.hardware.spice import deck, run, spice_twin, witness
from neurorig.hardware.twin import Twin
from neurorig.signals import Steps

from .boards import description, written
from .rhythm import rate


@pytest.fixture(scope="module")
def neuron():
    board = load_board("wu2025_neuron")
    return board.without(board.synapses)


def falling_rate(board, amperes):
    """Rate (Hz) of a neuron that fired before under a little more current."""
    twin = Twin(board)
    twin.drive("n1.i0", amperes + 1e-6)
    twin.advance(0.1)
    twin.drive("n1.i0", amperes)
    twin.advance(0.8)
    return rate(twin.spikes("n1", 0.3))


@pytest.mark.parametrize("capacitor", [0.1e-6, 33e-9])
def test_rates_follow_the_table_of_the_reference_device(neuron, capacitor):
    table = pd.read_csv(Path(__file__).parent / "data" / "rate_spice_reference.csv", comment="#")
    table = table[np.isclose(table.C, capacitor)]
    board = spice_twin(neuron.with_components({"n1.C_m": capacitor}))
    fires = table[table.f_Hz > 0]
    assert len(fires) == 21
    found = [falling_rate(board, amperes * 1e-6) for amperes in fires.I_uA]
    np.testing.assert_allclose(found, fires.f_Hz, rtol=0.02)
    assert all(falling_rate(board, amperes * 1e-6) == 0.0 for amperes in table[table.f_Hz == 0].I_uA)


@pytest.mark.needs("ngspice")
@pytest.mark.parametrize("capacitor", [0.1e-6, 33e-9])
@pytest.mark.parametrize("amperes", [50e-6, 62e-6, 80e-6, 100e-6])
def test_rate_and_spike_of_the_deck(neuron, capacitor, amperes):
    board = neuron.with_components({"n1.C_m": capacitor})
    seen = witness(board, {"n1.i0": amperes}, 0.2, ["n1.v_m"])
    ngspice, twin = seen.rates("n1", 0.05)
    assert twin == pytest.approx(ngspice, rel=0.02)

    grid = np.arange(0.05, 0.2, 2e-6)
    v_m, v_ap = (seen.ngspice.trace(f"n1.{node}", grid) for node in ("v_m", "v_ap"))
    ours, spike = (seen.twin.sample(f"n1.{node}", 0.05, 2e-6, len(grid)) for node in ("v_m", "v_ap"))
    assert ours.max() == pytest.approx(v_m.max(), abs=0.02)
    assert ours.min() == pytest.approx(v_m.min(), abs=0.02)
    assert spike.max() == pytest.approx(v_ap.max(), rel=0.02)
    assert np.mean(spike > 0.75) == pytest.approx(np.mean(v_ap > 0.75), rel=0.05)  # time that a spike lasts


@pytest.mark.needs("ngspice")
def test_silent_below_the_fold_and_latched_above_the_valley(neuron):
    assert witness(neuron, {"n1.i0": 46.4e-6}, 0.2).counts("n1") == (0, 0)
    latched = witness(neuron, {"n1.i0": 110e-6}, 0.2, ["n1.v_m"])
    assert latched.counts("n1") == (1, 1)
    assert latched.twin.sample("n1.v_m", 0.2, 1.0, 1)[0] == pytest.approx(latched.ngspice.trace("n1.v_m")[-1], abs=0.05)


@pytest.mark.needs("ngspice")
@pytest.mark.parametrize("drive", ["pcb", "fig18"])
@pytest.mark.parametrize("capacitor", [0.1e-6, 33e-9])
@pytest.mark.parametrize("weight", [0.4, 2.2e3, 10e3])
def test_charge_per_spike(tmp_path, drive, capacitor, weight):
    entries = description()
    calibration = entries["synapses"]["s11"]["calibration"]
    del calibration["Q_N"], calibration["R_drive"]
    calibration["drive"] = drive
    entries["synapses"]["s11"]["post"] = "open"
    board = written(tmp_path, entries).with_components({"n1.C_m": capacitor, "s11.R_W": weight, "s11.C_s": 10e-6})
    board = board.with_charges({"s11": (1.5, 1.5)})
    recording = run(board, deck(board, {"n1.i0": 62e-6}, 0.026, ["s11.v_c1", "s11.i_s1"]))
    before = recording.spikes("n1")[0] - 1e-4
    v_c, lost = recording.trace("s11.v_c1"), recording.trace("s11.i_s1")
    window = (recording.time > before) & (recording.time < before + 1e-3)
    gained = 10e-6 * (v_c[window][-1] - v_c[window][0]) + np.trapezoid(lost[window], recording.time[window])
    pulse = spice_twin(board).drive("s11")
    assert pulse.charge(float(v_c[window].mean())) == pytest.approx(gained, rel=0.05)


@pytest.mark.needs("ngspice")
def test_one_spike_through_two_stages(tmp_path):
    """Fig. 4 with the table's parts, 82 kohm and 22 nF: an exponential, then an alpha function."""
    entries = description()
    calibration = entries["synapses"]["s11"]["calibration"]
    del calibration["Q_N"], calibration["R_drive"]
    calibration["drive"] = "pcb"
    entries["synapses"]["s11"]["post"] = "open"
    parts = {"s11.R_W": 10e3, "s11.C_s": 22e-9, "s11.R_s": 82e3}
    board = written(tmp_path, entries).with_components(parts).with_charges({"s11": (0.8, 0.8)})
    once = Steps.of([9e-3, 1e-3], [62e-6, 0.0])
    seen = witness(board, {"n1.i0": once}, 0.018, ["s11.i_s1", "s11.i_s2"])
    (ngspice,), (twin,) = seen.spikes("n1")
    grid = np.arange(0.0, 8e-3, 1e-5)
    for node in ("s11.i_s1", "s11.i_s2"):
        theirs = seen.ngspice.trace(node, ngspice + grid)
        ours = seen.twin.sample(node, twin, 1e-5, len(grid))
        assert theirs.max() > 10e-6
        assert ours.max() == pytest.approx(theirs.max(), rel=0.05)
        assert np.sqrt(np.mean((ours - theirs) ** 2)) < 0.03 * theirs.max()


@pytest.mark.needs("ngspice")
@pytest.mark.parametrize("load", [50e-9, 100e-9, 250e-9, 400e-9])
def test_bursting_neuron(neuron, load):
    """C_L beside R_a: V_ap shrinks as the charge is shared; beyond 0.2 uF spikes follow each other faster (Wu 2023)."""
    data = neuron.model_dump()
    data["neurons"]["n1"]["components"]["C_L"] = data["neurons"]["n1"]["fitted_with"]["C_L"] = load
    board = Board.model_validate(data)
    recording = run(board, deck(board, {"n1.i0": 95e-6}, 0.15, ["n1.v_m"]))
    twin = Twin(spice_twin(board))
    twin.drive("n1.i0", 95e-6)
    twin.advance(0.15)
    peak = recording.trace("n1.v_ap")[recording.time > 0.05].max()
    assert twin.sample("n1.v_ap", 0.05, 2e-6, 50_000).max() == pytest.approx(peak, rel=0.03)
    ngspice = recording.spikes("n1", level=0.4)
    assert rate(twin.spikes("n1", 0.05)) == pytest.approx(rate(ngspice[ngspice > 0.05]), rel=0.15)
