"""Wu 2025, Figs 4, 5 and 6(b): a synapse in open loop (golden targets H6 and H13)."""

import numpy as np
import pytest

from neurorig.analysis.published import published
from neurorig.protocols.figures import Figure, make_figure


@pytest.fixture(scope="module")
def one_spike() -> Figure:
    return make_figure("wu2025_fig4")


def distance(figure: Figure, key: str, since: float = -np.inf) -> float:
    """RMS distance from the published curve, from `since` (s) on."""
    curve, model = published(f"{figure.name}_{key}"), figure.curves[key]
    wanted = curve.x > since
    gaps = np.interp(curve.x[wanted], model.x, model.y) - curve.y[wanted]
    return float(np.sqrt(np.mean(gaps**2)))


def test_first_stage_of_one_spike(one_spike: Figure) -> None:
    numbers = one_spike.numbers
    assert numbers["Is1_peak"].value == pytest.approx(48e-6, abs=2e-6)
    assert 1.30e-3 <= numbers["Is1_tau"].value <= 1.35e-3
    assert numbers["Is1_charge"].value == pytest.approx(67e-9, abs=5e-9)
    # Before 0.1 ms a line of 8 px hides the edge: three points, of which one lies at 40 uA.
    assert distance(one_spike, "c_Is1", since=0.1e-3) <= 0.9e-6


def test_second_stage_of_one_spike(one_spike: Figure) -> None:
    numbers = one_spike.numbers
    assert numbers["Is2_peak"].value == pytest.approx(23.6e-6, abs=1e-6)
    assert numbers["Is2_time"].value == pytest.approx(1.15e-3, abs=0.1e-3)
    assert numbers["Is2_charge"].value == pytest.approx(70e-9, abs=5e-9)
    assert distance(one_spike, "d_Is2") <= 0.9e-6


def test_charge_of_the_pulse(one_spike: Figure) -> None:
    pulse = one_spike.curves["b_inset_Idelta"]
    assert np.trapezoid(pulse.y, pulse.x) == pytest.approx(60e-9, abs=5e-9)


def test_spike_by_spike_every_spike_gives_its_own_alpha_function() -> None:
    figure = make_figure("wu2025_fig5a")
    spikes, current = figure.curves["spikes"].x, figure.curves["Is"]
    np.testing.assert_allclose(spikes, 0.0503 + 0.1497 * np.arange(7), atol=2e-3)
    assert figure.numbers["Is_peak"].value == pytest.approx(4.34e-6, rel=0.05)
    assert figure.numbers["tau"].value == pytest.approx(5e-3, rel=0.1)
    assert current.y[(current.x > spikes[3] - 5e-3) & (current.x < spikes[3])].max() < 0.05e-6


@pytest.mark.parametrize(
    ("panel", "rate", "final", "charge"), [("5b", 10, 0.79e-6, 79e-9), ("5c", 25, 2.386e-6, 95e-9)]
)
def test_a_rate_adds_up(panel: str, rate: float, final: float, charge: float) -> None:
    figure = make_figure(f"wu2025_fig{panel}")
    assert 1.0 / np.median(np.diff(figure.curves["spikes"].x)) == pytest.approx(rate)
    assert figure.numbers["Is_final"].value == pytest.approx(final, rel=0.05)
    assert figure.numbers["charge_per_spike"].value == pytest.approx(charge, rel=0.05)


def test_every_clock_pulse_fires_once() -> None:
    assert [len(make_figure(f"wu2025_fig{panel}").curves["spikes"].x) for panel in ("5a", "5b", "5c")] == [7, 19, 48]


def test_the_output_is_in_proportion_to_the_rate() -> None:
    figure = make_figure("wu2025_fig6b")
    assert figure.numbers["Is_slope"].value == pytest.approx(91e-9, rel=0.05)
    assert distance_over_rate(figure) <= 0.15e-6


def distance_over_rate(figure: Figure) -> float:
    curve, model = published("wu2025_fig6b_Is_f"), figure.curves["Is_f"]
    order = np.argsort(model.x)
    return float(np.sqrt(np.mean((np.interp(curve.x, model.x[order], model.y[order]) - curve.y) ** 2)))
