"""A synapse whose output goes into no membrane: it is measured, and nobody feels it (Wu 2025, Figs 4 to 6)."""

import numpy as np
import pytest

from neurorig.hardware.twin import Twin
from neurorig.signals import ConfigError

from .boards import description, single, written


@pytest.fixture
def taken_off(tmp_path):
    entries = description()
    entries["synapses"]["s11"]["post"] = "open"
    return written(tmp_path, entries)


def test_the_neuron_fires_as_if_there_were_no_synapse(taken_off, tmp_path):
    alone = Twin(single(tmp_path, "wu2025_bump"))
    watched = Twin(taken_off)
    for twin in (alone, watched):
        twin.drive("n1.i0", 70e-6)
        twin.advance(2.0)
    np.testing.assert_allclose(watched.spikes("n1"), alone.spikes("n1"), rtol=0, atol=1e-12)


def test_its_output_is_the_charge_per_spike_times_the_rate(taken_off):
    twin = Twin(taken_off)
    twin.drive("n1.i0", 70e-6)
    twin.advance(12.0)
    rate = len(twin.spikes("n1", 10.0)) / 2.0
    assert twin.sample("s11.i_out", 10.0, 1e-3, 2000).mean() == pytest.approx(1.246 * 97.8e-9 * rate, rel=0.01)


def test_an_offset_current_that_goes_nowhere_moves_no_rheobase(tmp_path):
    entries = description()
    entries["synapses"]["s11"]["calibration"]["offset"] = "3 uA"
    feeding = written(tmp_path, entries).i_min("n1.i0")
    entries["synapses"]["s11"]["post"] = "open"
    assert written(tmp_path, entries).i_min("n1.i0") == pytest.approx(feeding + 3e-6)


def test_only_a_post_can_be_open(tmp_path):
    entries = description()
    entries["synapses"]["s11"]["pre"] = "open"
    with pytest.raises(ConfigError, match=r"\[synapses\.s11\] pre = 'open' is no neuron"):
        written(tmp_path, entries)
    entries = description()
    entries["neurons"]["open"] = entries["neurons"]["n1"]
    with pytest.raises(ConfigError, match=r"no neuron can be called 'open'"):
        written(tmp_path, entries)
