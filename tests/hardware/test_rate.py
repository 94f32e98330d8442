"""The closed-form rate against the twin, and against the f(I) charts that were measured."""

import math

import numpy as np
import pytest
from pytest import approx

from neurorig.analysis.published import published
from neurorig.hardware import load_board
from neurorig.hardware.devices import Device, draw_board, list_devices, load_device, with_devices
from neurorig.hardware.rate import firing_range, firing_rate, spike_shape
from neurorig.hardware.twin import Twin
from neurorig.signals import ConfigError

BOARD = load_board("wu2025_neuron")
HYSTERESIS = {"hysteresis": 0.03e-6}  # below the quiescence of 50 nA: slow charging fires from a raised threshold


def changed(device: Device, **entries: float) -> Device:
    return device.model_copy(update={"calibration": device.calibration.model_copy(update=entries)})


DEVICES = {name: load_device(name) for name in list_devices()} | {
    "with hysteresis": changed(load_device("A_fig6"), **HYSTERESIS),
    "slow to fall silent": changed(load_device("A_fig6"), **HYSTERESIS, silence=0.1),
    "silent after 15 ms": changed(load_device("A_fig6"), silence=15e-3, hysteresis=1e-6),
    "silent after 5 ms, little hysteresis": changed(load_device("A_fig6"), silence=5e-3, hysteresis=30e-9),
    "with three leak segments": changed(load_device("M"), V1=2.1, I1=14.7e-6, V2=3.3, I2=30e-6),
    "closed below V0": changed(load_device("M"), V0=0.95),
}


def rate_of_the_twin(device: Device, current: float) -> float:
    """From the last two of four spikes: the first period begins elsewhere, the second may remember it."""
    twin = Twin(with_devices(BOARD, {"n1": device}))
    twin.drive("n1.i0", 1.1 * twin.board.i_min("n1.i0"))  # a silent neuron with hysteresis needs more to start
    while twin.count < 1:
        twin.advance(twin.now + 0.05)
    twin.drive("n1.i0", current)
    count = twin.count
    while twin.count < count + 4:
        twin.advance(twin.now + 0.05)
    before, last = twin.spikes("n1")[-2:]
    return float(1.0 / (last - before))


@pytest.mark.parametrize("name", DEVICES)
def test_the_closed_form_is_the_rate_of_the_twin(name: str) -> None:
    device = DEVICES[name]
    neuron = with_devices(BOARD, {"n1": device}).neurons["n1"]
    low, high = firing_range(neuron)
    currents = np.array([low + 4e-9, low + 30e-9, 1.02 * low, 0.5 * (low + high), high - 4e-9])
    twin = [rate_of_the_twin(device, current) for current in currents]
    assert firing_rate(neuron, currents) == approx(twin, rel=1e-6)


@pytest.mark.parametrize("name", ["M", "D_N1", "REF"])
def test_silent_and_latched_beyond_the_range(name: str) -> None:
    neuron = with_devices(BOARD, {"n1": name}).neurons["n1"]
    low, high = firing_range(neuron)
    assert np.all(firing_rate(neuron, [[0.0, 0.5 * low], [low, high]]) == 0.0)
    assert firing_rate(neuron, 0.5 * (low + high)).shape == ()
    board = with_devices(BOARD, {"n1": name})
    for outside in (low - 1e-9, high + 1e-9):
        twin = Twin(board)
        twin.drive("n1.i0", 1.05 * board.i_min("n1.i0"))
        twin.advance(0.1)
        twin.drive("n1.i0", outside)
        twin.advance(0.5)  # whatever is on its way has fired
        count = twin.count
        twin.advance(2.0)
        assert count > 1
        assert twin.count == count


def test_a_spike_has_the_shape_of_the_twin() -> None:
    neuron, current = BOARD.neurons["n1"], 70e-6
    shape, twin = spike_shape(neuron, current), Twin(BOARD)
    twin.drive("n1.i0", current)
    twin.advance(0.1)
    fired = twin.spikes("n1")[-2]
    v_ap = twin.sample("n1.v_ap", fired + 1e-9, 1e-6, 1000)
    v_m = twin.sample("n1.v_m", fired, 1e-9, 1)
    assert v_m[0] == approx(shape.v_fire, abs=1e-9)
    assert v_ap[0] == approx(shape.peak, abs=1e-4)
    for level, width in ((shape.peak / 2, shape.fwhm), (0.7, shape.width(0.7)), (0.2, shape.duration)):
        assert np.sum(v_ap > level) * 1e-6 == approx(width, abs=1.1e-6)
    assert v_ap[v_ap > shape.opening][-1] == approx(shape.opening, abs=2e-3)
    assert shape.width(shape.peak + 0.1) == 0.0
    assert np.median(v_ap[(v_ap > 0.1) & (v_ap < 0.2)]) == approx(shape.floor, abs=1e-4)  # during the dead time


def test_ripple_averages_the_rate_over_its_period() -> None:
    neuron, currents = load_device("A_fig6").neuron, np.array([45e-6, 46e-6, 47e-6, 60e-6, 105e-6, 109e-6, 120e-6])
    phases = 2 * np.pi * (np.arange(400_000) + 0.5) / 400_000
    plain = [firing_rate(neuron, i * (1 + 0.025 * np.sin(phases))).mean() for i in currents]
    assert firing_rate(neuron, currents, ripple=0.025) == approx(plain, rel=2e-3, abs=1e-9)
    assert firing_rate(neuron, 60e-6, ripple=1e-6) == approx(firing_rate(neuron, 60e-6), rel=1e-6)
    assert firing_rate(neuron, 0.0, ripple=0.1) == 0.0


def test_what_has_no_closed_form_is_refused() -> None:
    neuron = BOARD.neurons["n1"]
    bursting = neuron.model_copy(update={"components": neuron.components.model_copy(update={"C_L": 1e-7})})
    with pytest.raises(ConfigError, match="bursting"):
        firing_rate(bursting, 60e-6)
    with pytest.raises(ConfigError, match="above its threshold"):
        firing_rate(changed(load_device("M"), I_H=2e-3).neuron, 60e-6)
    with pytest.raises(ConfigError, match=r"does not fire: it needs 4\.6"):
        spike_shape(neuron, 20e-6)
    with pytest.raises(ConfigError, match="ripple"):
        firing_rate(neuron, 60e-6, ripple=1.0)


# ------------------------------------------------------------------------------------------------- golden targets


def distance_from(device: str, curve: str, start: float, stop: float) -> float:
    """RMS difference (Hz) over the points of a chart between two currents (A)."""
    chart = published(curve)
    used = (chart.x >= start) & (chart.x <= stop)
    assert used.sum() >= 10
    return math.sqrt(float(np.mean((firing_rate(load_device(device).neuron, chart.x) - chart.y)[used] ** 2)))


def test_h1_the_measured_device() -> None:
    neuron = load_device("M").neuron
    assert distance_from("M", "du2025_device_M_fI", 47.6e-6, 97.7e-6) <= 1.5
    assert np.all(firing_rate(neuron, [41.3e-6, 42.4e-6, 103.4e-6]) == 0.0)
    assert 98e-6 <= neuron.i_max <= 101e-6


@pytest.mark.parametrize(
    ("device", "curve", "start", "stop", "most"),
    [
        ("A_fig6", "wu2025_fig6a_f_Iin", 47.5e-6, 101.4e-6, 1.5),
        ("A_fig6_C100", "wu2025_fig6a_f_Iin", 47.5e-6, 101.4e-6, 1.5),
        ("B_fig9b", "wu2025_fig9b_f1", 55e-6, 112e-6, 1.0),
        ("C_fig11b", "wu2025_fig11b_f1", 56e-6, 114e-6, 4.0),
    ],
)
def test_h2_the_charts_between_their_steep_flanks(
    device: str, curve: str, start: float, stop: float, most: float
) -> None:
    assert distance_from(device, curve, start, stop) <= most


def test_a_drawn_board_fires_at_rates_that_differ() -> None:
    rates = [float(firing_rate(draw_board(BOARD, seed).neurons["n1"], 60e-6)) for seed in range(8)]
    assert np.std(rates) > 5.0


def test_the_dead_time_does_not_scale_with_c_m_but_the_rest_of_the_period_does() -> None:
    neuron = BOARD.neurons["n1"]
    smaller = BOARD.with_components({"n1.C_m": 33e-9}).neurons["n1"]
    dead = neuron.calibration.dead_time
    period, shorter = (1.0 / firing_rate(n, 80e-6) - dead for n in (neuron, smaller))
    assert shorter == approx(0.33 * period)
