"""Wu 2025, Figs 11 and 12: adaptation (golden targets H2, H3 and H8), and what is predicted of it."""

import numpy as np
import pytest

from neurorig.analysis.published import published
from neurorig.hardware import Board, load_board
from neurorig.protocols.figures import Figure, make_figure
from neurorig.protocols.figures.playing import mean_rate, play
from neurorig.protocols.figures.wu2025_adaptation import I0_OF_RW, raised_rates, settled_rate


@pytest.fixture(scope="module")
def board() -> Board:
    return load_board("wu2025_fig11a")


@pytest.fixture(scope="module")
def fig_11a() -> Figure:
    return make_figure("wu2025_fig11a")


@pytest.fixture(scope="module")
def fig_12() -> Figure:
    return make_figure("wu2025_fig12")


def gaps(figure: Figure, key: str) -> np.ndarray:
    """Model less published curve, at the published points."""
    curve, model = published(f"{figure.name}_{key}"), figure.curves[key]
    return np.interp(curve.x, model.x, model.y) - (curve.y - curve.offset)


def test_f_of_i_of_fig_11b() -> None:
    chart, currents = load_board("wu2025_fig11b"), np.linspace(55e-6, 114e-6, 60)
    rates = [mean_rate(play(chart, [(0.3, amperes)]).spikes("n1"), 0.1, 0.3) for amperes in currents]
    curve = published("wu2025_fig11b_f1")
    core = (curve.x > 56e-6) & (curve.x < 113e-6)
    assert np.sqrt(np.mean((np.interp(curve.x[core], currents, rates) - curve.y[core]) ** 2)) <= 4.0


def test_tonic_before_the_feedback_sets_in(fig_11a: Figure) -> None:
    assert fig_11a.numbers["f_onset"].value == pytest.approx(462.0, abs=8.0)
    before = fig_11a.curves["f"].y[fig_11a.curves["f"].x < 1.7]
    np.testing.assert_allclose(before, before.mean(), rtol=1e-3)


def test_the_rate_adapts(fig_11a: Figure) -> None:
    assert fig_11a.numbers["f_4.9"].value == pytest.approx(355.0, abs=4.0)  # 4.1 s after the onset
    assert np.sqrt(np.mean(gaps(fig_11a, "f") ** 2)) <= 3.0


def test_the_inhibition_builds_up(fig_11a: Figure) -> None:
    assert fig_11a.numbers["Issi_last"].value == pytest.approx(18.8e-6, abs=0.4e-6)
    assert np.sqrt(np.mean(gaps(fig_11a, "Issi") ** 2)) <= 0.25e-6


def test_the_inhibition_appears_when_it_does_in_the_figure(fig_11a: Figure) -> None:
    """At 1 uA, six times the reading error: the foot itself is rounder than a sharp V_T makes it."""
    curve, model = published("wu2025_fig11a_Issi"), fig_11a.curves["Issi"]
    moments = [c.x[y > 1e-6][0] for c, y in ((model, model.y), (curve, curve.y - curve.offset))]
    assert moments[0] == pytest.approx(moments[1], abs=0.08)


def test_the_adapted_rate_recovers_from_a_probe_of_either_sign(fig_12: Figure) -> None:
    found = {name: value.value for name, value in fig_12.numbers.items()}
    assert found["plus_f_during"] > 1.2 * found["plus_f_before"]
    assert found["minus_f_during"] == 0.0
    assert found["plus_f_after"] < found["plus_f_before"] < found["minus_f_after"]  # too much, too little inhibition
    for probe in ("plus", "minus"):
        assert found[f"{probe}_f_late"] == pytest.approx(found[f"{probe}_f_before"], abs=1.0)


def test_a_sagging_source_would_probe_less() -> None:
    assert load_board("wu2025_fig12").preset("plus_if_sagging")["n1.i0"] == pytest.approx(113.4e-6)
    sagging = make_figure("wu2025_fig12", probe="sagging").numbers["plus_f_during"].value
    assert 400.0 < sagging < make_figure("wu2025_fig12").numbers["plus_f_during"].value - 5.0


def test_f_star_rises_with_i0_and_with_r_w(board: Board) -> None:
    assert np.all(np.diff([settled_rate(board, amperes) for amperes in (75e-6, 92.8e-6, 110e-6)]) > 20.0)
    weights = [settled_rate(board.with_components({"s11.R_W": ohms}), I0_OF_RW) for ohms in (0.0, 2.2e3, 10e3)]
    assert np.all(np.diff(weights) > 10.0)


def test_beyond_i_max_it_fires_only_if_the_current_was_raised(board: Board) -> None:
    beyond = board.i_max("n1.i0") + 5e-6
    assert settled_rate(board, beyond) == 0.0  # latched at its first spike, before inhibition could build up
    before, after = raised_rates(board, np.array([92.8e-6, beyond]))
    assert after > before + 100.0


def test_the_insets_of_fig_11b_hold_the_closed_loop(board: Board) -> None:
    figure = make_figure("wu2025_fig11b")
    raised, switched = figure.curves["inset_fstar_I0"], figure.curves["inset_fstar_I0_switched"]
    i_max = figure.numbers["I_max"].value
    assert np.all(switched.y[switched.x > i_max] == 0.0)
    assert figure.numbers["I0_latched_raised"].value > i_max + 20e-6
    both = (raised.x > switched.x[0] - 1e-9) & (raised.x < i_max)
    np.testing.assert_allclose(raised.y[both], switched.y[switched.x < i_max], rtol=1e-3)
    over_rw = figure.curves["inset_fstar_RW"]
    assert np.interp(2.2e3, over_rw.x, over_rw.y) == pytest.approx(settled_rate(board, I0_OF_RW))
    assert np.all(figure.curves["inset_fstar_RW_printed"].y > over_rw.y)
