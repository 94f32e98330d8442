"""Wu 2025, Figs 2(b), 4(a) and 6(a): the neuron alone (golden targets H2 and H4)."""

import numpy as np
import pytest

from neurorig.analysis.published import published
from neurorig.hardware import load_board
from neurorig.protocols.figures import Figure, make_figure
from neurorig.protocols.figures.playing import mean_rate, play


@pytest.fixture(scope="module")
def fig_2b() -> Figure:
    return make_figure("wu2025_fig2b")


def test_f_of_i_of_fig_6a() -> None:
    curve = published("wu2025_fig6a_f_Iin")
    core = (curve.x > 48e-6) & (curve.x < 102.5e-6)  # outside, the slow ripple of the current smears the flanks
    board = load_board("wu2025_neuron")
    rates = [mean_rate(play(board, [(2.0, amperes)]).spikes("n1"), 0.3, 2.0) for amperes in curve.x[core]]
    assert core.sum() == 10
    assert np.sqrt(np.mean((rates - curve.y[core]) ** 2)) <= 1.5


def test_the_slow_ripple_describes_the_flanks_of_fig_6a() -> None:
    curve, smeared = published("wu2025_fig6a_f_Iin"), make_figure("wu2025_fig6a").curves["f_Iin_rippled"]
    rates = np.interp(curve.x, smeared.x, smeared.y)
    assert np.sqrt(np.mean((rates - curve.y) ** 2)) <= 4.0  # 3.6 Hz where the ripple was fitted, 21 Hz without it


def test_every_third_pulse_fires_in_fig_2b(fig_2b: Figure) -> None:
    spikes = fig_2b.curves["spikes"].x
    assert fig_2b.numbers["pulses_per_spike"].value == pytest.approx(3.0)
    np.testing.assert_allclose(spikes, [21e-3, 51e-3, 81e-3], atol=0.5e-3)  # pulses of 1.0 to 1.1 ms were read


def test_levels_of_v_m_around_a_spike(fig_2b: Figure) -> None:
    assert fig_2b.numbers["Vm_fire"].value == pytest.approx(3.55, abs=0.05)
    assert fig_2b.numbers["Vm_after"].value == pytest.approx(0.83, abs=0.05)


def test_the_leak_between_the_pulses(fig_2b: Figure) -> None:
    """V_m as read 0.3 ms + k 1.68 ms after the first and 0.3 ms + k 1.66 ms after the second pulse."""
    v_m = fig_2b.curves["Vm"]
    for ended, every, read in (
        (31.0e-3, 1.68e-3, [2.63, 2.32, 2.04, 1.83, 1.66, 1.51]),
        (41.0e-3, 1.66e-3, [3.25, 2.78, 2.43, 2.17, 1.94, 1.76]),
    ):
        times = ended + 0.3e-3 + every * np.arange(6)
        np.testing.assert_allclose(np.interp(times, v_m.x, v_m.y), read, atol=0.12)  # 0.03 V as read, 8 % of the leak


def test_v_ap_decays_within_195_to_240_us() -> None:
    decay = make_figure("wu2025_fig4").numbers["Vpre_decay"].value
    assert 0.85 * 195e-6 < decay < 1.15 * 240e-6
