"""Device sets and draws: they are what the boards say, and drawn devices spread like those that were measured."""

import numpy as np
import pytest
from pytest import approx

from neurorig.hardware import load_board
from neurorig.hardware.devices import (
    Mismatch,
    draw_board,
    draw_devices,
    list_devices,
    load_device,
    mismatch,
    population,
    scaled,
    with_devices,
)
from neurorig.hardware.fits.population import highest_rate, median_device, spreads
from neurorig.signals import ConfigError

MEASURED = 35


@pytest.mark.parametrize("name", list_devices())
def test_every_device_says_where_it_comes_from_and_can_fire(name: str) -> None:
    device = load_device(name)
    assert len(device.calibration.source) > 20
    assert 20e-6 < device.neuron.i_min < device.neuron.i_max < 150e-6
    assert 50 < highest_rate(device) < 1000


@pytest.mark.parametrize(
    ("board", "neuron", "device"),
    [
        ("wu2025_neuron", "n1", "A_fig6"),
        ("wu2025_fig9b", "n1", "B_fig9b"),
        ("wu2025_bump", "n1", "B_fig9a_10"),
        ("wu2025_fig11b", "n1", "C_fig11b"),
        ("wu2025_fig11a", "n1", "C_fig11_12"),
        ("wu2025_fig13", "n1", "C_fig13"),
        ("wu2025_fig16", "n1", "D_N1"),
        ("wu2025_fig16", "n2", "D_N2"),
    ],
)
def test_a_set_holds_the_numbers_of_its_board(board: str, neuron: str, device: str) -> None:
    """A board may write scale times the chart's currents, a set the product: what counts is the leak."""
    theirs, ours = load_board(board).neurons[neuron], load_device(device).neuron
    for (v, i), (v_too, i_too) in zip(ours.calibration.leak, theirs.calibration.leak, strict=True):
        assert (v, i) == approx((v_too, i_too), rel=1e-4)
    for name in ("i_min", "i_max", "capacitance", "on_resistance", "peak"):
        assert getattr(ours, name) == approx(getattr(theirs, name), rel=1e-4)
    for name in ("V_F", "dead_time", "hysteresis", "quiescence", "fire_delay"):
        assert getattr(ours.calibration, name) == approx(getattr(theirs.calibration, name), rel=1e-4)


def test_a_board_takes_another_device_and_keeps_its_components() -> None:
    board = load_board("wu2025_bump").with_components({"n1.C_m": "33 nF"})
    other = with_devices(board, {"n1": "M"})
    assert other.neurons["n1"].calibration == load_device("M").calibration
    assert other.neurons["n1"].capacitance == approx(33e-9)  # 100 nF was fitted with 0.1 uF
    assert other.synapses == board.synapses
    assert with_devices(board, {"n1": load_device("M")}) == other


def test_wrong_names_are_refused_with_the_nearest() -> None:
    board = load_board("wu2025_bump")
    with pytest.raises(ConfigError, match=r"no device 'B_fig9'\. Did you mean 'B_fig9b'"):
        load_device("B_fig9")
    with pytest.raises(ConfigError, match=r"no neuron 'n2'\. Did you mean 'n1'"):
        with_devices(board, {"n2": "M"})
    low = load_device("M").model_copy(update={"calibration": scaled(load_device("M").calibration, 1.0, 0.2)})
    with pytest.raises(ConfigError, match=r"cannot work with these devices.*omega"):
        with_devices(board, {"n1": low})


def test_scaling_keeps_the_shape_of_the_leak() -> None:
    device = load_device("M").calibration
    other = scaled(device, current=1.2, voltage=0.8)
    assert other.V_th - other.V_F == approx(0.8 * (device.V_th - device.V_F))
    assert [i for _, i in other.leak] == approx([1.2 * i for _, i in device.leak])
    place = [(v - d.V0) / (d.V_th - d.V0) for d in (device, other) for v, _ in d.leak]
    assert place[:3] == approx(place[3:])


# ---------------------------------------------------------------------------------------------------- the population


def test_the_median_device_and_the_spreads_are_what_the_fit_script_finds() -> None:
    ours, found = load_device("med"), median_device()
    assert ours.calibration.model_dump(exclude={"source"}) == approx(found.calibration.model_dump(exclude={"source"}))
    assert ours.components == found.components
    assert population().model_dump(exclude={"source", "like"}) == approx(spreads())


def test_the_median_device_is_the_one_that_was_measured() -> None:
    neuron = load_device("med").neuron
    assert neuron.i_min == approx(33.4e-6)
    assert neuron.i_max == approx(79.1e-6)
    assert neuron.peak == approx(1.90, abs=0.001)
    assert highest_rate(load_device("med")) == approx(245, abs=5)  # a prediction: no number was made to meet it


STATISTICS = {
    # name: (statistic of 35 devices, measured)
    "mean peak": (lambda peak, i_min, i_max: peak.mean(axis=1), 1.73),
    "sd of the peak": (lambda peak, i_min, i_max: peak.std(axis=1, ddof=1), 0.56),
    "lowest peak": (lambda peak, i_min, i_max: peak.min(axis=1), 1.1),
    "highest peak": (lambda peak, i_min, i_max: peak.max(axis=1), 2.8),
    "median I_min": (lambda peak, i_min, i_max: np.median(i_min, axis=1), 33e-6),
    "mean I_max": (lambda peak, i_min, i_max: i_max.mean(axis=1), 77.4e-6),
    "sd of I_max": (lambda peak, i_min, i_max: i_max.std(axis=1, ddof=1), 16.8e-6),
    "lowest I_max": (lambda peak, i_min, i_max: i_max.min(axis=1), 56.8e-6),
    "highest I_max": (lambda peak, i_min, i_max: i_max.max(axis=1), 109.5e-6),
}


@pytest.fixture(scope="module")
def draws() -> tuple[np.ndarray, ...]:
    """400 populations of 35 devices: peak (V), I_min, I_max (A), shape (400, 35)."""
    neurons = [device.neuron for device in draw_devices(400 * MEASURED, seed=35)]
    return tuple(
        np.array([getattr(n, what) for n in neurons]).reshape(400, MEASURED) for what in ("peak", "i_min", "i_max")
    )


@pytest.mark.parametrize("name", STATISTICS)
def test_drawn_populations_spread_like_the_measured_one(name: str, draws: tuple[np.ndarray, ...]) -> None:
    """The measured number lies in the central 99 % of what 400 drawn populations of the same size give."""
    statistic, measured = STATISTICS[name]
    low, high = np.quantile(statistic(*draws), [0.005, 0.995])
    assert low < measured < high


def test_one_population_of_35() -> None:
    """The one with seed 1, device by device: mean and sd of the peak and of I_max within 3 standard errors of a mean."""
    neurons = [device.neuron for device in draw_devices(MEASURED, seed=1)]
    peak, i_max = np.array([n.peak for n in neurons]), np.array([n.i_max for n in neurons])
    for values, mean, sd in ((peak, 1.73, 0.56), (i_max, 77.4e-6, 16.8e-6)):
        assert values.mean() == approx(mean, abs=3 * sd / np.sqrt(MEASURED))
        assert values.std(ddof=1) == approx(sd, abs=3 * sd / np.sqrt(2 * MEASURED))
    assert np.median([highest_rate(d) for d in draw_devices(MEASURED, seed=1)]) == approx(245, abs=40)


def test_draws_are_repeatable_and_do_not_depend_on_how_many() -> None:
    assert draw_devices(3, seed=7) == draw_devices(5, seed=7)[:3]
    assert draw_devices(1, seed=7) != draw_devices(1, seed=8)
    assert draw_devices(0, seed=7) == []


@pytest.mark.parametrize(
    ("count", "seed", "message"),
    [
        (-1, 0, r"count = -1: a number of devices is a whole number from 0 on"),
        (1.5, 0, r"count = 1\.5: a number of devices"),
        (1, -1, r"seed = -1: a seed is a whole number from 0 on"),
        (1, "x", r"seed = 'x': a seed"),
    ],
)
def test_counts_and_seeds_that_are_none_are_refused(count: int, seed: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        draw_devices(count, seed)


def test_a_board_is_drawn_with_a_seed_that_is_one() -> None:
    with pytest.raises(ConfigError, match=r"seed = -1: a seed is a whole number from 0 on"):
        draw_board(load_board("wu2025_bump"), -1)


def test_a_drawn_board_differs_in_every_part_by_its_mismatch() -> None:
    board = load_board("wu2025_bump")
    drawn = [draw_board(board, seed) for seed in range(60)]
    assert drawn[0] == draw_board(board, 0)
    for name, value in board.components.items():
        values = np.array([b.components[name] for b in drawn if b.components[name] is not None])
        if value is None or name == "n1.R_m":
            assert all(b.components[name] == value for b in drawn)
            continue
        sd = mismatch().of(name.split(".")[1], value)
        assert np.log(values / value).std() == approx(sd, rel=0.35)
    i_min = np.array([b.i_min("n1.i0") for b in drawn])
    assert np.log(i_min).std() == approx(mismatch().current, rel=0.35)


def test_a_board_without_mismatch_is_the_board() -> None:
    board = load_board("wu2025_bump")
    same = draw_board(board, 3, Mismatch(0.0, 0.0, 0.0, 0.0, 0.0))
    assert same.components == board.components
    assert same.neurons["n1"].calibration == board.neurons["n1"].calibration


def test_a_tolerance_goes_with_the_part() -> None:
    spread = mismatch()
    assert spread.of("R_W", 5e3) == spread.resistor
    assert spread.of("C_m", 1e-7) == spread.capacitor
    assert spread.of("C_s", 4.7e-6) == spread.large_capacitor
