"""The bursting neuron solves its equations exactly, however the time is cut, and whatever its components are."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorig.hardware import Board, load_board
from neurorig.hardware.twin import Twin
from neurorig.signals import ConfigError, Steps

from .bursting_oracle import BurstingOracle

NODES = ("n1.v_m", "n1.v_ap", "n1.i0")


def neuron(name="wu2023_fig5", load=3e3, **calibration):
    """A shipped board with another load (ohm) and other calibrated numbers (SI)."""
    data = load_board(name).with_components({"n1.R_a": load}).model_dump()
    data["neurons"]["n1"]["calibration"] |= calibration
    return Board.model_validate(data)


CASES = {
    "TS": (neuron(load=100.0), 90e-6, {}),
    "FS": (neuron(), 60e-6, {}),
    "IB1": (neuron(load=2.8e3), 39.4e-6, {}),
    "IB2": (neuron(load=2.8e3), 97e-6, {}),
    "no delays": (neuron(dead_time=0.0, fire_delay=0.0), 70e-6, {}),
    "no latching current": (neuron(I_H_dyn=None, memory=0.0, load=500.0), 80e-6, {}),
    "loaded": (neuron(), 66e-6, {"n1.v_m": 1e6, "n1.v_ap": 1e5}),
    "sagging": (neuron().with_ports({"n1.i0": {"sag": 0.03}}), 70e-6, {"n1.v_m": 1e6}),
    "three pieces": (load_board("bursting_reference"), 80e-6, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_spike_times_and_voltages_agree_with_numerical_integration(case):
    board, amperes, loads = CASES[case]
    twin, oracle = Twin(board, loads=loads), BurstingOracle(board, loads)
    stop = 0.0
    for length, level in ((0.1, 85e-6), (0.004, 0.0), (0.05, amperes)):
        stop += length
        twin.drive("n1.i0", level)
        twin.advance(stop)
        oracle.run(level, stop)
        state = twin.state_of("n1")
        assert (state["v_m"], state["v_ap"]) == pytest.approx(tuple(oracle.y), abs=1e-8)
    assert len(oracle.spikes) >= (2 if case in {"TS", "no latching current"} else 8)
    np.testing.assert_allclose(twin.spikes("n1"), oracle.spikes, rtol=0.0, atol=1e-11)


def test_below_zero_volts_the_thyristor_is_a_junction():
    board = neuron()
    twin, oracle = Twin(board), BurstingOracle(board)
    for stop, level in ((0.08, 80e-6), (0.21, -60e-6), (0.35, 80e-6)):
        twin.drive("n1.i0", level)
        twin.advance(stop)
        oracle.run(level, stop)
        assert twin.state_of("n1")["v_m"] == pytest.approx(oracle.y[0], abs=1e-8)
    assert twin.sample("n1.v_m", 0.0, 1e-4, 3500).min() < -0.1
    np.testing.assert_allclose(twin.spikes("n1"), oracle.spikes, rtol=0.0, atol=1e-10)


PROGRAM = Steps.of([0.12, 0.03, 0.1, 0.05], [90e-6, 20e-6, 97e-6, 39e-6])


def played(seed=0, noise=0.0):
    twin = Twin(neuron(load=2.8e3).with_ports({"n1.i0": {"noise": noise}}), seed=seed)
    twin.play("n1.i0", PROGRAM, 0.0)
    return twin


@pytest.fixture(scope="module")
def reference():
    """One run in one piece: its spikes and every node on a grid."""
    twin = played(noise=2e-7)
    twin.advance(PROGRAM.duration)
    return twin.spikes("n1"), {node: twin.sample(node, -0.01, 17e-6, 18_000) for node in NODES}


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.floats(0.0, PROGRAM.duration), max_size=30),
    pieces=st.lists(st.integers(0, 18_000), max_size=12),
    node=st.sampled_from(NODES),
)
def test_results_do_not_depend_on_how_the_time_is_cut(reference, cuts, pieces, node):
    spikes, grids = reference
    twin = played(noise=2e-7)
    for cut in sorted([*cuts, PROGRAM.duration]):
        twin.advance(cut)
        twin.sample(node, cut - 1e-3, 1e-4, 7)
    assert np.array_equal(twin.spikes("n1"), spikes)
    whole = np.empty(18_000)
    for first, stop in pairwise([0, *sorted(pieces), 18_000]):
        twin.sample(node, -0.01, 17e-6, stop - first, whole[first:stop], first=first)
    assert np.array_equal(whole, grids[node])


def test_noise_has_a_seed():
    once, again, other = (played(seed, 2e-7) for seed in (1, 1, 2))
    for twin in (once, again, other):
        twin.advance(PROGRAM.duration)
    assert np.array_equal(once.spikes("n1"), again.spikes("n1"))
    assert not np.array_equal(once.spikes("n1"), other.spikes("n1"))


def test_what_is_forgotten_is_refused_and_the_rest_stays():
    twin = played()
    twin.advance(PROGRAM.duration)
    kept, count = twin.sample("n1.v_ap", 0.2, 1e-5, 5000), twin.count
    twin.forget(0.2)
    assert np.array_equal(twin.sample("n1.v_ap", 0.2, 1e-5, 5000), kept)
    assert twin.spikes("n1").min() >= 0.2
    assert twin.count == count
    with pytest.raises(ValueError, match=r"only 0\.2 s"):
        twin.sample("n1.v_ap", 0.1, 1e-5, 10)


def test_all_the_charge_goes_through_the_load():
    """C_m and C_L store the rest: V_out averages to I R_s (Wu 2023: the levels of fast spiking)."""
    twin = Twin(neuron())
    twin.drive("n1.i0", 90e-6)
    twin.advance(0.4)
    first, last = twin.spikes("n1")[[400, 600]]
    count = 400_000
    step = (last - first) / count
    volts = twin.sample("n1.v_ap", first + step / 2, step, count)
    assert volts.mean() == pytest.approx(90e-6 * 3e3, rel=1e-4)


def test_without_the_capacitor_it_is_the_spiking_neuron():
    """C_L -> 0: a resistor in series only stretches the voltages of the leak, and both engines agree."""
    single = load_board("wu2025_neuron")
    device, load = single.neurons["n1"].calibration, single.neurons["n1"].components.R_a
    data = single.model_dump()
    inner = {volts: getattr(device, volts) - load * getattr(device, amperes)
             for volts, amperes in (("V1", "I1"), ("V_th", "I_off"))}  # fmt: skip
    data["neurons"]["n1"]["calibration"] |= inner
    data["neurons"]["n1"]["components"] |= {"C_L": 1e-15}
    data["neurons"]["n1"]["fitted_with"] |= {"C_L": 1e-15}
    both = Twin(single), Twin(Board.model_validate(data))
    for twin in both:
        twin.play("n1.i0", Steps.of([0.1, 0.05, 0.1], [60e-6, 20e-6, 95e-6]), 0.0)
        twin.advance(0.25)
    ours, theirs = (twin.spikes("n1") for twin in both)
    assert len(ours) > 25
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=2e-9)
    for node in ("n1.v_m", "n1.v_ap"):
        there, here = (twin.sample(node, 0.05, 7.3e-6, 20_000) for twin in both)
        away = np.min(np.abs((0.05 + 7.3e-6 * np.arange(20_000))[:, None] - ours), axis=1) > 1e-8
        np.testing.assert_allclose(here[away], there[away], rtol=0.0, atol=2e-5)


@settings(max_examples=150, deadline=None)
@given(
    components=st.fixed_dictionaries(
        {
            "n1.C_m": st.floats(-9.0, -2.6).map(lambda x: 10.0**x),
            "n1.C_L": st.floats(-12.0, -4.0).map(lambda x: 10.0**x),
            "n1.R_a": st.floats(1.0, 4.5).map(lambda x: 10.0**x),
        }
    ),
    levels=st.lists(st.floats(-100e-6, 250e-6), min_size=1, max_size=4),
    delays=st.sampled_from([(0.0, 0.0), (1e-4, 0.0), (1e-4, 1e-4)]),
    latch=st.sampled_from([None, 110e-6, 134e-6, 190e-6]),
    memory=st.sampled_from([0.0, 3e-3, 50e-3]),
)
def test_any_components_and_currents_end_and_stay_finite(components, levels, delays, latch, memory):
    board = neuron(I_H_dyn=latch, memory=memory, dead_time=delays[0], fire_delay=delays[1])
    try:
        board = board.with_components(components)
    except ConfigError as reason:
        assert "must lie between" in str(reason)  # a time constant that is a slip of its unit
        return
    twin = Twin(board)
    # Several times the slower time constant, but no more intervals (C_L dV / I, and the delays) than can be counted.
    shortest = 0.2 * components["n1.C_L"] / 250e-6 + sum(delays)
    length = min(20.0 * components["n1.C_m"] * 5e3, 1e4 * shortest)
    twin.play("n1.i0", Steps.of([length] * len(levels), levels), 0.0)
    twin.advance(length * len(levels))
    for node in ("n1.v_m", "n1.v_ap"):
        volts = twin.sample(node, 0.0, twin.now / 5000, 5000)
        assert np.isfinite(volts).all()
    assert np.all(np.diff(twin.spikes("n1")) > 0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"r": 0.0}, r"r = 0 ohm: with C_L the thyristor needs a resistance"),
        ({"hysteresis": 1e-7}, r"takes no hysteresis; its memory of spikes"),
        ({"I_H_dyn": 0.02}, r"would open at 1\.2 V, above its threshold"),
        ({"memory": 0.5, "memory_time": 1e-3}, r"above its threshold 420 mV"),
    ],
)
def test_a_neuron_that_cannot_work_is_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        Twin(neuron(**change))


def test_boards_and_loads_that_it_cannot_run_are_refused():
    with pytest.raises(ConfigError, match=r"takes no ripple"):
        Twin(neuron().with_ports({"n1.i0": {"ripple": 1e-7}}))
    with pytest.raises(ConfigError, match=r"has no C_L"):
        Twin(load_board("wu2025_neuron"), engine="bursting")
    with pytest.raises(ConfigError, match=r"synapse 's11' on a board with a bursting neuron"):
        Twin(load_board("wu2025_bump"), engine="bursting")
    with pytest.raises(ConfigError, match=r"'n1\.v_x', which is no node"):
        Twin(neuron(), loads={"n1.v_x": 1e6})
    with pytest.raises(ConfigError, match=r"n1\.v_m: a load of -1\.0 ohm"):
        Twin(neuron(), loads={"n1.v_m": -1.0})
