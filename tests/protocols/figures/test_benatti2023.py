"""Benatti 2023, Figs 1, 2 and 4, and the I-V of the thyristor: shapes told by the text; no axis has numbers."""

import numpy as np
import pytest

from neurorig.hardware import load_board
from neurorig.hardware.memristors import MemristiveNeuron, load_memristor_board
from neurorig.protocols.figures import Figure, make_figure
from neurorig.signals import ConfigError


@pytest.fixture(scope="module")
def fig_1() -> Figure:
    return make_figure("benatti2023_fig1", cycles=4)


def test_fig_1b_set_is_gradual_and_reset_abrupt_with_a_spread(fig_1: Figure) -> None:
    numbers = {key: number.value for key, number in fig_1.numbers.items()}
    assert numbers["reset_width"] < 0.040
    assert numbers["set_to"] - numbers["set_from"] > 2 * numbers["reset_width"]
    assert 0.0 < numbers["set_from"] < numbers["set_to"] < 0.4
    assert -0.8 < numbers["reset_at"] < 0.0
    assert 0.005 < numbers["reset_spread"] < 0.050
    for cycle in range(1, 5):
        for branch in ("set", "reset"):
            curve = fig_1.curves[f"iv_{branch}_{cycle}"]
            assert np.all(curve.x * curve.y >= 0.0)
            assert np.abs(curve.y).max() <= 10e-6


def test_fig_1d_fifteen_alike_cycles(fig_1: Figure) -> None:
    down, up = (fig_1.curves[key].y.reshape(15, 20) for key in ("ltd", "ltp"))
    assert fig_1.numbers["R_initial"].value < up[-1, -1] < down[-1, -1]
    assert np.all(np.diff(down, axis=1) > 0.0)
    assert np.all(np.diff(up, axis=1) < 0.0)
    np.testing.assert_allclose(down[-1], down[7], rtol=0.01)
    number = np.concatenate([fig_1.curves[key].x for key in ("ltd", "ltp")])
    assert sorted(number) == list(range(1, 601))


def test_fig_2b_has_one_zero_where_single_spikes_put_it() -> None:
    figure = make_figure("benatti2023_fig2", rates=(1.0, 4.0, 8.0, 16.0), plays=8)
    change = figure.curves["weight_change"].y
    assert np.all(np.diff(change) > 0.0)
    assert change[0] < 0.0 < change[-1]
    assert figure.numbers["v_0"].value == pytest.approx(figure.numbers["v_0_expected"].value, rel=0.2)


def test_fig_4_a_theta_burst_potentiates_burst_by_burst() -> None:
    figure = make_figure("benatti2023_fig4")
    assert len(figure.curves["theta_burst"].x) == 80
    curve = figure.curves["weight_change"]
    after_bursts = curve.y[np.searchsorted(curve.x, 0.25 * np.arange(1, 9) - 1e-9)]
    assert curve.y[0] == 0.0
    assert figure.numbers["weight_change"].value > 1.0
    assert np.sum(np.diff(after_bursts) > 0.0) >= 5  # a back-spike may undo a burst
    with pytest.raises(ConfigError, match="theta_burst"):
        make_figure("benatti2023_fig4", board=load_memristor_board("benatti2023_fig2", MemristiveNeuron))


def test_the_thyristor_has_the_switching_and_holding_current_of_its_neuron() -> None:
    figure, neuron = make_figure("thyristor_iv"), load_board("wu2025_neuron").neurons["n1"]
    numbers = {key: number.value for key, number in figure.numbers.items()}
    assert numbers["I_switch"] == pytest.approx(neuron.i_min, rel=0.1)
    assert numbers["I_hold"] == pytest.approx(neuron.i_max, rel=0.05)
    assert numbers["V_hold"] < 1.0
    assert numbers["V_switch"] > 3.0
    forced = figure.curves["vi_up"]
    between = (forced.x > neuron.i_min) & (forced.x < neuron.i_max)
    assert forced.y[forced.x < neuron.i_min].max() > 3.3
    assert np.all((forced.y[between] > 0.7) & (forced.y[between] < 3.0))
