"""What leaks from the capacitor of a stage is lost to the membrane, as if a probe of that resistance hung on it."""

import numpy as np
import pytest

from neurorig.hardware.twin import Twin

from .boards import description, written

LEAK = 5.5e6


def driven(board, **options):
    twin = Twin(board, **options)
    twin.drive("n1.i0", 70e-6)
    twin.advance(3.0)
    return twin


@pytest.fixture
def leaky(tmp_path):
    entries = description()
    entries["synapses"]["s11"]["calibration"]["R_leak"] = f"{LEAK} ohm"
    return written(tmp_path, entries)


def test_a_leak_is_a_load_on_both_capacitors(leaky, tmp_path):
    probed = driven(written(tmp_path, description()), loads={"s11.v_c1": LEAK, "s11.v_c2": LEAK})
    np.testing.assert_array_equal(driven(leaky).spikes("n1"), probed.spikes("n1"))


def test_a_leak_and_a_probe_add_up(leaky, tmp_path):
    probed = driven(leaky, loads={"s11.v_c1": LEAK, "s11.v_c2": LEAK})
    half = driven(written(tmp_path, description()), loads={"s11.v_c1": LEAK / 2, "s11.v_c2": LEAK / 2})
    np.testing.assert_allclose(probed.spikes("n1"), half.spikes("n1"), rtol=0, atol=1e-12)


def test_a_silent_stage_loses_its_charge_through_the_leak(leaky):
    twin = Twin(leaky)
    twin.advance(10.0)
    capacitance = leaky.synapses["s11"].capacitance
    expected = 0.27 * np.exp(-10.0 / (LEAK * capacitance))
    assert twin.sample("s11.v_c2", 10.0, 1.0, 1)[0] == pytest.approx(expected, rel=1e-9)
