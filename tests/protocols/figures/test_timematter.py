"""H11 and the soft targets of time matter: equation of state, melting, and two neurons without delay between them."""

import numpy as np
import pytest

from neurorig.analysis import phase
from neurorig.hardware import load_board
from neurorig.protocols.figures import make_figure
from neurorig.protocols.figures.timematter import coupled_pair, mean_phase

STARTS = sorted({0.0, 0.5, 0.999, *np.random.default_rng(8).uniform(0.0, 1.0, 8).round(3).tolist()})


def final_phase(name, start, seed=0):
    first, second = coupled_pair(load_board(name), start, seed=seed)
    phases = phase(second, first)
    return mean_phase(phases[len(phases) // 2 :])


@pytest.mark.parametrize("start", STARTS)
def test_inhibition_without_delay_makes_two_neurons_alternate_from_any_start(start):
    mean, spread = final_phase("timematter_fig8", start)
    assert mean == pytest.approx(0.50, abs=0.02)
    assert spread < 0.02


@pytest.mark.parametrize("start", STARTS)
def test_excitation_without_delay_makes_two_neurons_fire_together_from_any_start(start):
    mean, spread = final_phase("motif_delta_excitation", start)
    assert mean == pytest.approx(0.00, abs=0.02)
    assert spread < 0.02


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_alone_separates_inhibited_neurons_that_start_together(seed):
    assert final_phase("timematter_fig8", 0.0, seed)[0] == pytest.approx(0.50, abs=0.02)


def test_a_stronger_weight_does_not_change_the_phases():
    for name, expected in (("timematter_fig8", 0.5), ("motif_delta_excitation", 0.0)):
        board = load_board(name).with_components({"s12.R_W": 10e3, "s21.R_W": 10e3})
        first, second = coupled_pair(board, 0.2)
        phases = phase(second, first)
        assert mean_phase(phases[len(phases) // 2 :])[0] == pytest.approx(expected, abs=0.02)


def test_fig_8_shows_both_pairs():
    fig8 = make_figure("timematter_fig8")
    assert fig8.numbers["inhibitory_phase"].value == pytest.approx(0.50, abs=0.02)
    assert fig8.numbers["excitatory_phase"].value == pytest.approx(0.00, abs=0.02)
    assert fig8.numbers["inhibitory_rate"].value < fig8.numbers["excitatory_rate"].value
    together = fig8.curves["excitatory_N1_spikes"].x[-5:]
    assert fig8.curves["excitatory_N2_spikes"].x[-5:] == pytest.approx(together, abs=1e-4)


@pytest.mark.parametrize(("phases", "mean"), [([0.98, 0.99, 0.01, 0.02], 0.0), ([0.4, 0.6], 0.5), ([0.7, 0.72], 0.71)])
def test_phases_are_averaged_on_a_circle(phases, mean):
    assert mean_phase(np.array(phases))[0] == pytest.approx(mean, abs=1e-9)


def test_the_state_at_the_threshold_is_melted_and_the_one_above_it_solid():
    """Soft target: intervals vary by more than 30 % at I_off and by less than 2 % 9 uA above it."""
    fig6 = make_figure("timematter_fig6")
    assert fig6.numbers["melted_cv"].value > 0.3
    assert fig6.numbers["solid_cv"].value < 0.02
    assert fig6.curves["solid_g"].y.max() == pytest.approx(1.0)
    assert fig6.curves["melted_g"].y.max() < 0.15


def test_the_order_of_the_solid_reaches_over_all_lags():
    """Peaks of g_n at the multiples of the interval, each as wide as the spread of the intervals it sums."""
    g = make_figure("timematter_fig6").curves["solid_g"]
    interval = 1.0 / make_figure("timematter_fig6").numbers["solid_rate"].value
    far = np.abs((g.x + interval / 2) % interval - interval / 2) > 1e-3
    assert g.y[far].max() < 0.01
    assert g.y[(g.x > 15 * interval)].max() > 0.5


def test_the_equation_of_state_lies_between_its_two_laws():
    """Fig. 3: silent below I_c, a steep start there, and f ~ I at intermediate currents."""
    fig3 = make_figure("timematter_fig3")
    f, ideal = fig3.curves["f"], fig3.curves["ideal"]
    assert fig3.numbers["ideal_rms"].value < 0.02 * f.y.max()
    assert np.all(np.diff(f.y[f.x < 0.9 * fig3.numbers["I_max"].value]) > 0.0)  # spikes take long just below the latch
    slope = np.gradient(f.y, f.x)
    assert slope[0] > 3 * slope[len(slope) // 2]
    assert f.y[0] < ideal.y[0]
