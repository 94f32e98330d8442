"""The circuits that turn a spike into a pulse, solved from transistor equations, against ngspice on the same circuits."""

from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neurorig.hardware.driver_circuits import Spike, fig18_current, pcb_current, pulse

R_TOTAL, R_A, PEAK = 2025.0, 2000.0, 2.59  # ohm, ohm, V: the SPICE reference thyristor on R_a = 2 kohm
MIDDLE = sqrt(45.98e-6 * 108.6e-6)  # A, between its rheobase and its block
WEIGHTS = [0.4, 4.7, 100.0, 270.0, 1e3, 1.5e3, 2.2e3, 5e3, 10e3, 20e3]
C_M = [0.1e-6, 33e-9]


@pytest.fixture(scope="module")
def table():
    file = Path(__file__).parent / "data" / "charge_per_spike_spice.csv"
    table = pd.read_csv(file, comment="#")
    table["R_W"] = table.RW.str.replace("k", "e3").astype(float)
    return table[table.Vc <= 2.5]  # the voltages where a stage works


def spike(capacitance=0.1e-6, amperes=MIDDLE):
    return Spike(peak=PEAK, tau=R_TOTAL * capacitance, rest=R_A * amperes, opening=0.2)


@pytest.mark.parametrize("drive", ["pcb", "fig18"])
def test_charge_per_spike_agrees_with_spice(table, drive):
    ours = [pulse(drive, spike(row.C), row.R_W).charge(row.Vc) for row in table.itertuples()]
    assert len(ours) == 60
    np.testing.assert_allclose(ours, table[f"Q_{drive}_nC"] * 1e-9, rtol=0.05)


def test_height_of_the_pulse_agrees_with_spice(table):
    for row in table.itertuples():
        weak = np.array(PEAK), np.array(row.Vc), row.R_W, 5.0
        assert pcb_current(*weak) == pytest.approx(row.I_pcb_uA * 1e-6, rel=0.025)
        assert fig18_current(*weak) == pytest.approx(row.Ipk_fig18_uA * 1e-6, rel=0.025)


def test_the_board_of_the_publication_gives_the_80_nc_that_it_prints():
    assert pulse("pcb", spike(amperes=60e-6), 10e3).charge(0.8) == pytest.approx(80e-9, rel=0.02)


@pytest.mark.parametrize("drive", ["pcb", "fig18"])
@pytest.mark.parametrize("capacitance", C_M)
def test_charge_falls_with_r_w_and_saturates_at_its_end_stop(drive, capacitance):
    charges = [pulse(drive, spike(capacitance), R_W).charge(1.5) for R_W in [0.0, *WEIGHTS]]
    assert np.all(np.diff(charges) < 0)
    assert charges[0] / charges[3] < 1.05  # the last 100 ohm hardly matter


def test_the_switch_is_resistive_and_the_mirror_a_current_source():
    switch, mirror = pulse("pcb", spike(), 10e3), pulse("fig18", spike(), 10e3)
    assert switch.conductance == pytest.approx(1 / 11.3e3, rel=0.05)
    assert mirror.conductance < switch.conductance / 10


def test_a_pulse_into_one_voltage_has_a_constant_current():
    flat = pulse("pcb", spike(), 10e3, into=(2.0, 2.0))
    assert flat.conductance == 0
    assert flat.charge(2.0) == pytest.approx(pulse("pcb", spike(), 10e3).charge(2.0), rel=0.01)


def test_more_supply_means_more_charge():
    assert pulse("pcb", spike(), 10e3, supply=6.0).charge(1.5) > 1.2 * pulse("pcb", spike(), 10e3).charge(1.5)


@pytest.mark.parametrize(
    ("bad", "weight", "reason"),
    [
        (spike()._replace(peak=0.7), 10e3, "does not open the NMOS"),
        (spike()._replace(rest=0.8), 10e3, "never ends"),
        (spike(), -1.0, "negative"),
    ],
)
def test_what_makes_no_pulse_is_refused(bad, weight, reason):
    with pytest.raises(ValueError, match=reason):
        pulse("pcb", bad, weight)
