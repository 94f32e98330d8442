"""Calibration: charts simulated from known devices give those devices back, within intervals that mean what they say."""

import numpy as np
import pytest
from pytest import approx

from neurorig.analysis.calibration import (
    Chart,
    calibrate,
    fit_chart,
    fit_spike,
)
from neurorig.hardware import Neuron
from neurorig.hardware.devices import load_device, scaled
from neurorig.hardware.fits.charts import SOURCES, of_the_set, refitted, rms_of_the_set
from neurorig.hardware.rate import firing_rate
from neurorig.hardware.twin import Twin
from neurorig.signals import ConfigError, Trace

from .charts import BOARD, CURRENT_ERROR, NEURON, RATE_ERROR, another, measured, truth, with_device

# -------------------------------------------------------------------------------------------------------- recovery


@pytest.mark.parametrize("start", ["M", "A_fig6"])
def test_the_intervals_cover_the_truth(start: str) -> None:
    """Of 95 % intervals at least 90 % hold the true value, over 10 devices and all parameters that are not held."""
    board = load_device(start).neuron
    covered = []
    for seed in range(10):
        device = another(board, seed)
        for p in fit_chart(board, measured(device, seed)).parameters:
            if not p.held:
                covered.append(p.low <= truth(device, p.name) <= p.high)
    assert len(covered) > 10 * 4
    assert np.mean(covered) >= 0.9


def test_the_bootstrap_agrees_with_the_covariance() -> None:
    device = another(NEURON, 3)
    fit = fit_chart(NEURON, measured(device, 3), bootstrap=60, seed=1)
    again = fit_chart(NEURON, measured(device, 3), bootstrap=60, seed=1)
    assert again.parameters == fit.parameters
    threshold = next(p for p in fit.parameters if p.name == "I_off")
    assert threshold.boot_low <= truth(device, "I_off") <= threshold.boot_high
    assert 0.3 < (threshold.boot_high - threshold.boot_low) / (threshold.high - threshold.low) < 3.0


def test_noise_makes_intervals_wider() -> None:
    device = another(NEURON, 4)
    quiet, loud = (fit_chart(NEURON, measured(device, 4, noise=noise)) for noise in (0.1, 1.0))
    width = [next(p.high - p.low for p in f.parameters if p.name == "dead_time") for f in (quiet, loud)]
    assert width[1] > 3 * width[0]


def test_outliers_are_named_and_hardly_count() -> None:
    device = another(NEURON, 5)
    chart = measured(device, 5)
    rates = chart.rates.copy()
    rates[8], rates[12] = rates[8] + 40.0, 0.0  # a miscounted rate, and a reading that was missed
    dirty = Chart.of("dirty", chart.currents, rates, current_error=CURRENT_ERROR, rate_error=RATE_ERROR)
    fit = fit_chart(NEURON, dirty)
    assert list(np.flatnonzero(fit.outliers)) == [8, 12]
    currents = np.linspace(1.03 * device.i_min, 0.97 * device.i_max, 50)
    assert fit.rate(currents) == approx(firing_rate(device, currents), abs=1.0)


def test_silent_points_tell_thresholds_but_are_no_rates() -> None:
    """Far from the thresholds they change nothing; close to them they enclose."""
    device = another(NEURON, 6)
    chart = measured(device, 6)
    more = np.concatenate([[0.0, 5e-6, 10e-6], chart.currents, [1.3 * device.i_max]])
    with_more = Chart.of(
        "more",
        more,
        np.concatenate([[0.0] * 3, chart.rates, [0.0]]),
        current_error=CURRENT_ERROR,
        rate_error=RATE_ERROR,
    )
    fit, same = fit_chart(NEURON, chart), fit_chart(NEURON, with_more)
    assert [p.value for p in same.parameters] == approx([p.value for p in fit.parameters], rel=1e-3)
    block = next(p for p in fit.parameters if p.name == "I_H")
    assert chart.currents[chart.fires][-1] - 0.1e-6 < block.low < block.high < chart.silent_above + 0.1e-6


@pytest.mark.parametrize("seed", range(4))
def test_thresholds_stay_between_the_points_that_enclose_them(seed: int) -> None:
    """A silent point right below the first firing one, and rates that would put the threshold lower."""
    device = another(NEURON, seed)
    chart = measured(device, seed)
    first = int(np.argmax(chart.fires))
    rates = chart.rates.copy()
    rates[first : first + 3] *= 1.15
    currents = chart.currents.copy()
    currents[first - 1] = currents[first] - 0.15e-6
    near = Chart.of("near", currents, rates, current_error=50e-9)
    fit = fit_chart(NEURON, near, bootstrap=20)
    assert near.silent_below < fit.neuron.i_min < currents[first]
    assert currents[near.fires][-1] <= fit.neuron.i_max <= near.silent_above
    assert firing_rate(fit.neuron, near.silent_below) == 0.0
    for p in fit.parameters:
        assert p.low <= p.value <= p.high, p.name
        assert p.held or p.boot_low <= p.value <= p.boot_high, p.name
    threshold = next(p for p in fit.parameters if p.name == "I_off")
    at_silent = threshold.value == approx(near.silent_below, rel=1e-5)
    assert threshold.bound.startswith("at its bound: silent at") == at_silent


def test_a_bound_that_is_hit_is_told() -> None:
    """Rates that rise from the first point on as if the threshold were far below: the silent point holds it."""
    device = with_device(NEURON, I_off=40e-6, I1=30e-6)
    currents = np.linspace(46e-6, 100e-6, 14)
    rates = np.concatenate([[0.0], firing_rate(device, currents), [0.0]])
    chart = Chart.of("held up", np.concatenate([[45.9e-6], currents, [110e-6]]), rates)
    threshold = next(p for p in fit_chart(NEURON, chart).parameters if p.name == "I_off")
    assert threshold.value == approx(45.9e-6, rel=1e-5)
    assert threshold.bound == "at its bound: silent at 45.9 uA"


def test_silence_far_below_and_far_above_is_no_hint() -> None:
    device = another(NEURON, 2)
    chart = measured(device, 2)
    kept = chart.fires
    currents = np.concatenate([[0.0], chart.currents[kept], [10e-3]])
    far = Chart.of("far", currents, np.concatenate([[0.0], chart.rates[kept], [0.0]]), current_error=CURRENT_ERROR)
    assert fit_chart(NEURON, far).neuron.i_min == approx(device.i_min, rel=0.02)


def test_a_rippled_chart_gives_its_ripple() -> None:
    device = load_device("A_fig6").neuron
    currents = np.linspace(44e-6, 112e-6, 40)
    rates = firing_rate(device, currents, ripple=0.02) + np.random.default_rng(0).normal(0.0, 0.2, 40)
    rates[rates < 1.0] = 0.0
    fit = fit_chart(device, Chart.of("rippled", currents, rates, current_error=CURRENT_ERROR, rate_error=0.2))
    assert fit.ripple == approx(0.02, abs=0.003)
    assert fit.neuron.i_min == approx(device.i_min, rel=0.01)


def test_a_board_with_its_own_i_max_keeps_its_holding_current() -> None:
    board = with_device(NEURON, I_max=100e-6)
    device = with_device(board, I_max=96e-6)
    fit = fit_chart(board, measured(device, 7))
    assert fit.neuron.calibration.I_H == board.calibration.I_H
    assert fit.neuron.i_max == approx(96e-6, rel=0.02)


def test_a_third_corner_of_the_leak_keeps_its_place() -> None:
    board = with_device(load_device("M").neuron, V1=2.1, I1=14.7e-6, V2=3.3, I2=30e-6)
    device = board.model_copy(update={"calibration": scaled(board.calibration, 1.1, 1.0)})
    fitted = fit_chart(board, measured(device, 8)).neuron.calibration
    assert fitted.I_off == approx(1.1 * board.calibration.I_off, rel=0.01)
    assert (fitted.V2, fitted.I2 / fitted.I_off) == approx((3.3, 30e-6 / board.calibration.I_off))


# --------------------------------------------------------------------------------------------- what data do not tell


def test_without_points_near_i_max_it_is_held_and_said_so() -> None:
    device = with_device(NEURON, I_off=45e-6, I1=33e-6)
    currents = np.linspace(44e-6, 62e-6, 12)
    chart = Chart.of("low", currents, firing_rate(device, currents), current_error=CURRENT_ERROR, rate_error=2.0)
    noisy = Chart.of("low", currents, chart.rates + np.random.default_rng(0).normal(0, 2.0, 12) * chart.fires)
    found = calibrate("n1", NEURON, noisy)
    block = next(p for p in found.parameters if p.name == "I_H")
    assert block.held == "not determined by this chart"
    assert block.value == approx(NEURON.calibration.I_H)
    assert any("no silent point above" in note for note in found.notes)


def test_another_threshold_than_the_board_s_is_found_when_the_chart_insists() -> None:
    """A device with 60 % of the board's V_th - V_F fires faster than any leak and dead time could make the board fire."""
    device = NEURON.model_copy(update={"calibration": scaled(NEURON.calibration, 0.8, 0.6)})
    fit = fit_chart(NEURON, measured(device, 13))
    threshold = next(p for p in fit.parameters if p.name == "V_th")
    assert not threshold.held
    assert threshold.low < device.calibration.V_th < threshold.high
    assert fit.rms < 3 * RATE_ERROR
    same = fit_chart(NEURON, measured(another(NEURON, 13), 13))
    assert next(p for p in same.parameters if p.name == "V_th").held == "not needed"


def test_a_curve_that_misses_its_points_is_said_to() -> None:
    chart = measured(NEURON, 14)
    bent = Chart.of("bent", chart.currents, chart.rates * (1 + 0.2 * np.sin(chart.currents / 4e-6)))
    assert any("misses the points by" in note for note in calibrate("n1", NEURON, bent).notes)


def test_the_board_s_i_max_is_not_held_below_a_current_at_which_it_fires() -> None:
    device = another(with_device(NEURON, I_H=125e-6), 1)
    chart = measured(device, 1)
    kept = chart.currents < device.i_max
    fit = fit_chart(NEURON, Chart.of("no block", chart.currents[kept], chart.rates[kept], current_error=CURRENT_ERROR))
    assert fit.neuron.i_max > chart.currents[kept][-1] > NEURON.i_max


def test_four_points_hold_most_parameters() -> None:
    device = another(NEURON, 2)
    fit = fit_chart(NEURON, measured(device, 2, points=4))
    held = {p.name: p.held for p in fit.parameters}
    assert held["dead_time"] == held["V1"] == "too few points"
    assert fit.neuron.i_min == approx(device.i_min, rel=0.02)


def test_too_few_points_are_refused_with_what_is_needed() -> None:
    chart = Chart.of("few", np.array([40e-6, 50e-6, 60e-6, 60e-6, 130e-6]), np.array([0.0, 90.0, 120.0, 121.0, 0.0]))
    with pytest.raises(ConfigError, match=r"few: too few points.*2 currents \(50 uA, 60 uA\).*Needed: 4 different"):
        fit_chart(NEURON, chart)
    with pytest.raises(ConfigError, match=r"0 currents \(none\)"):
        fit_chart(NEURON, Chart.of("silent", np.linspace(1e-6, 9e-6, 9), np.zeros(9)))


# ------------------------------------------------------------------------------------------------- published charts


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.device)
def test_the_published_charts_give_the_sets_of_the_boards_again(source) -> None:
    """From another device's shape: as close to the points as the set is, thresholds and leak as the set has them."""
    fit = refitted(source)
    assert fit.rms < rms_of_the_set(source, fit) + 0.3
    close = {"I_off": 0.01, "I_H": 0.01, "V1": 0.02, "I1": 0.1, "dead_time": 0.15}
    for p in fit.parameters:
        if p.name in close:
            assert p.value == approx(of_the_set(source, p.name), rel=close[p.name]), p.name


# ------------------------------------------------------------------------------------------------------------ spikes


def spikes_of(neuron: Neuron, dt: float, noise: float = 0.003, current: float = 65e-6) -> Trace:
    board = BOARD.model_copy(update={"neurons": {"n1": neuron}})
    twin = Twin(board)
    twin.drive("n1.i0", current)
    twin.advance(0.2)
    volts = twin.sample("n1.v_ap", 0.0, dt, int(0.2 / dt))
    volts += np.random.default_rng(0).normal(0.0, noise, len(volts))
    return Trace("n1.v_ap", np.round(volts / 1e-4).astype(np.int16), 1e-4, 0.0, "V", 0.0, dt, noise)


@pytest.mark.parametrize("dt", [1e-6, 5e-6, 20e-6])
def test_spikes_give_threshold_capacitance_and_opening(dt: float) -> None:
    device = with_device(NEURON, V_th=3.2, V1=3.0, I1=30e-6, C=95e-9, I_H=97e-6)
    found = fit_spike(spikes_of(device, dt), NEURON)
    for name, value in (("V_th", 3.2), ("C", 95e-9), ("I_H", 97e-6)):
        measure = getattr(found, name)
        assert abs(measure.value - value) < 3.5 * measure.error
        assert measure.error < 0.04 * value


def test_chart_and_spikes_together_give_the_device() -> None:
    device = with_device(NEURON, V_th=3.2, V1=3.1, I1=28e-6, C=95e-9, I_off=41e-6, I_H=97e-6, dead_time=0.3e-3)
    found = calibrate("n1", NEURON, measured(device, 9, points=24), spikes_of(device, 2e-6))
    for name in ("V_th", "C", "I_off", "I_H", "V1", "I1", "dead_time"):
        assert getattr(found.neuron.calibration, name) == approx(truth(device, name), rel=0.08), name
    assert {p.name for p in found.parameters if p.held} >= {"V_F", "r", "V0"}
    assert any("agrees with the chart" in note for note in found.notes)


def test_a_spike_that_breaks_off_low_is_told_and_the_chart_kept() -> None:
    """Fig. 4(a) of Wu 2025 breaks off at 50 to 70 uA, its chart at 107 uA: the model has only one holding current."""
    chart = measured(NEURON, 10)
    found = calibrate("n1", NEURON, chart, spikes_of(with_device(NEURON, I_H=70e-6), 2e-6, current=55e-6))
    assert found.neuron.i_max == approx(NEURON.i_max, rel=0.02)
    assert any("holding current that is lower while V_m falls" in note for note in found.notes)


def test_no_spike_and_coarse_sampling_are_refused() -> None:
    with pytest.raises(ConfigError, match="no spike of V_ap"):
        fit_spike(spikes_of(NEURON, 10e-6, current=10e-6), NEURON)
    with pytest.raises(ConfigError, match=r"100 us between samples is too coarse.*at least every 44\.\d+ us"):
        fit_spike(spikes_of(NEURON, 100e-6), NEURON)
