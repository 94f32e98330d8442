"""How fast a spike decays, at the rates a scope offers."""

import numpy as np
import pytest

from neurorig.analysis import detect, spike_decay

from .synthetic import v_ap


@pytest.mark.parametrize("rate", [40e3, 100e3, 250e3])
def test_the_decay_of_v_ap_is_found_with_its_error(rate: float) -> None:
    trace = v_ap(0.01 + 0.00812 * np.arange(50), 0.5, rate, noise=0.02)
    found = spike_decay(trace, detect(trace))
    assert found.value == pytest.approx(200e-6, abs=8e-6)
    assert 0 < found.error < 4e-6


def test_without_spikes_there_is_no_decay() -> None:
    trace = v_ap(np.empty(0), 0.5, 100e3, noise=0.02)
    assert spike_decay(trace, detect(trace)).note == "no spikes"
