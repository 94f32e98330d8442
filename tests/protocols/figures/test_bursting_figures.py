"""Figures of the bursting neuron: every quantity that Wu 2023 and time matter show is there, and what holds, holds."""

import numpy as np
import pytest

from neurorig.protocols.figures import make_figure
from neurorig.protocols.figures.residuals import residuals

PANELS = {
    "wu2023_fig3": ["TS", "FS", "IB1", "IB2"],
    "wu2023_fig4": ["4a_TS", "4a_IB2", "4a_wide", "4b_TS", "4b_FS", "4b_IB1"],
    "timematter_fig4": ["TS", "FS", "IB1", "IB2"],
}
HOLDS = {
    "wu2023_fig2": {"wu2023_fig2_fI_points", "wu2023_fig2_fI_IFline", "wu2023_fig2_spike_Vout"},
    "wu2023_fig3": {"wu2023_fig3_TS_spikes", "wu2023_fig3_FS_spikes"},
    "wu2023_fig4": {"wu2023_fig4_4a_TS_spikes"},
    "wu2023_fig5": {f"wu2023_fig5_boundary_{name}" for name in ("lower", "IB1_top", "FS_top")},
}


@pytest.fixture(scope="module")
def made():
    return {name: make_figure(name) for name in ("wu2023_fig2", "wu2023_fig3", "wu2023_fig4", "wu2023_fig5")}


@pytest.mark.parametrize("name", HOLDS)
def test_curves_that_are_reproduced_lie_within_their_tolerance(made, name):
    found = {it.curve: it.within for it in residuals(made[name])}
    assert {curve for curve, within in found.items() if within} >= HOLDS[name]


@pytest.mark.parametrize("name", PANELS)
def test_every_printed_trace_is_there(name):
    figure = make_figure(name)
    for key in PANELS[name]:
        volts = figure.curves[f"{key}_Vout"]
        assert len(volts.y) > 1000
        assert np.isfinite(volts.y).all()
        assert figure.numbers[f"{key}_V_high"].value == volts.y.max()


def test_the_twelve_traces_of_the_phase_diagram(made):
    figure = made["wu2023_fig5"]
    spikes = [key for key in figure.curves if key.endswith("_spikes")]
    assert len(spikes) == 12
    assert all(len(figure.curves[key].x) >= 3 for key in spikes)
    assert figure.numbers["plateau_current"].value == pytest.approx(101.5e-6, abs=1e-6)


def test_bursts_give_way_to_fast_spiking_by_a_jump():
    """Time matter, Fig. 5: the bursting neuron jumps in rate where the spiking neuron does not."""
    figure = make_figure("timematter_fig5")
    single = figure.curves["f_single"].y
    assert figure.numbers["jump"].value > 5.0
    assert figure.numbers["jump_at"].value == pytest.approx(50e-6, abs=2e-6)  # IB1/FS of the phase diagram at 0.3 ms
    assert np.max(single[1:30] / single[:29]) < 1.6  # steepest just above the rheobase


def test_spikes_get_lost_as_the_current_falls():
    """Time matter, Fig. 7: none is missing in fast spiking, then ever more of them, then all."""
    missing = make_figure("timematter_fig7").curves["missing"].y
    assert missing[0] == 0.0
    assert missing[-1] == 1.0
    assert np.all(np.diff(missing) >= 0.0)
    assert np.sum((missing > 0.0) & (missing < 1.0)) >= 2
