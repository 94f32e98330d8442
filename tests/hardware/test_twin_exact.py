"""The twin solves its equations exactly, however the time is cut and whatever hangs on the nodes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorig.hardware import load_board
from neurorig.hardware.twin import Twin
from neurorig.signals import Steps

from .boards import network
from .oracle import Oracle

NODES = ("n1.v_m", "n1.v_ap", "n1.i0", "s11.v_c1", "s11.v_c2", "s11.i_s1", "s11.i_s2", "s11.i_out")
PROGRAM = Steps.of([0.05, 0.6, 0.1, 0.05], [44.7e-6, 65.6e-6, 20.3e-6, 60e-6])


@pytest.mark.parametrize("loads", [{}, {"n1.v_m": 10e6}, {"n1.v_m": 1e6, "s11.v_c1": 1e6, "s11.v_c2": 2e6}])
def test_spike_times_and_states_agree_with_numerical_integration(loads):
    board = load_board("wu2025_bump")
    twin, oracle = Twin(board, loads=loads), Oracle(board, loads)
    twin.play("n1.i0", PROGRAM, 0.0)
    for stop, level in zip(PROGRAM.edges[1:], PROGRAM.levels, strict=True):
        twin.advance(stop)
        oracle.run(level, stop)
        now = twin.state_of("n1")["v_m"], twin.state_of("s11")["v_c1"], twin.state_of("s11")["v_c2"]
        assert now == pytest.approx(tuple(oracle.y), abs=1e-8)
    assert len(oracle.spikes) > 60
    np.testing.assert_allclose(twin.spikes("n1"), oracle.spikes, rtol=0.0, atol=1e-12)


def test_inhibition_below_zero_volts_agrees_with_numerical_integration():
    board = load_board("wu2025_neuron")
    twin, oracle = Twin(board), Oracle(board)
    for stop, level in ((0.05, 60e-6), (0.09, -30e-6), (0.15, 80e-6)):
        twin.drive("n1.i0", level)
        twin.advance(stop)
        oracle.run(level, stop)
        assert twin.state_of("n1")["v_m"] == pytest.approx(oracle.y[0], abs=1e-9)
    np.testing.assert_allclose(twin.spikes("n1"), oracle.spikes, rtol=0.0, atol=1e-10)


@pytest.fixture(scope="module")
def reference():
    """One run in one piece: the twin's spikes and every node on a grid."""
    twin = Twin(load_board("wu2025_bump"))
    twin.play("n1.i0", PROGRAM, 0.0)
    twin.advance(PROGRAM.duration)
    return twin.spikes("n1"), {node: twin.sample(node, -0.01, 37e-6, 21_800) for node in NODES}


@settings(max_examples=80, deadline=None)
@given(
    cuts=st.lists(st.floats(0.0, PROGRAM.duration), max_size=30),
    pieces=st.lists(st.integers(0, 21_800), max_size=12),
    node=st.sampled_from(NODES),
)
def test_results_do_not_depend_on_how_the_time_is_cut(reference, cuts, pieces, node):
    spikes, grids = reference
    twin = Twin(load_board("wu2025_bump"))
    twin.play("n1.i0", PROGRAM, 0.0)
    for cut in sorted([*cuts, PROGRAM.duration]):
        twin.advance(cut)
        twin.sample(node, cut - 1e-3, 1e-4, 7)  # looking changes nothing
    assert np.array_equal(twin.spikes("n1"), spikes)
    whole = np.empty(21_800)
    edges = [0, *sorted(pieces), 21_800]
    for first, stop in pairwise(edges):
        twin.sample(node, -0.01, 37e-6, stop - first, whole[first:stop], first=first)
    assert np.array_equal(whole, grids[node])


@settings(max_examples=15, deadline=None)
@given(moments=st.lists(st.floats(0.0, PROGRAM.duration), min_size=1, max_size=20))
def test_a_grid_and_single_looks_agree(reference, moments):
    twin = Twin(load_board("wu2025_bump"))
    twin.play("n1.i0", PROGRAM, 0.0)
    twin.advance(PROGRAM.duration)
    for node in NODES:
        scale = np.abs(reference[1][node]).max()
        for moment in moments:
            k = int(moment / 37e-6)
            alone = twin.sample(node, -0.01 + k * 37e-6, 1.0, 1)[0]
            assert alone == pytest.approx(reference[1][node][k], rel=1e-11, abs=1e-11 * scale)


def test_driving_now_is_the_same_as_having_played():
    played, driven = Twin(load_board("wu2025_bump")), Twin(load_board("wu2025_bump"))
    played.play("n1.i0", PROGRAM, 0.0)
    played.advance(PROGRAM.duration)
    for start, stop, level in zip(PROGRAM.edges[:-1], PROGRAM.edges[1:], PROGRAM.levels, strict=True):
        driven.drive("n1.i0", level, at=start)
        driven.advance(stop)
    assert np.array_equal(played.spikes("n1"), driven.spikes("n1"))


def test_a_new_command_drops_what_was_queued_after_its_start():
    twin = Twin(load_board("wu2025_neuron"))
    twin.play("n1.i0", Steps.of([0.1, 0.1, 0.1], [10e-6, 20e-6, 30e-6]), 0.0)
    twin.drive("n1.i0", 5e-6, at=0.15)
    twin.advance(0.3)
    assert list(twin.sample("n1.i0", 0.04, 0.1, 3) * 1e6) == pytest.approx([10.0, 20.0, 5.0])


def test_before_the_first_event_the_board_is_at_rest():
    board = load_board("wu2025_bump")
    twin = Twin(board)
    twin.drive("n1.i0", 60e-6)
    twin.advance(0.01)
    assert list(twin.sample("s11.v_c1", -1.0, 0.1, 10)) == [0.27] * 10
    assert list(twin.sample("n1.i0", -1.0, 0.1, 10)) == [0.0] * 10
    assert list(twin.sample("n1.v_m", -1.0, 0.1, 11)) == [0.0] * 11


def test_times_ahead_and_forgotten_times_are_refused():
    twin = Twin(load_board("wu2025_bump"))
    twin.drive("n1.i0", 65.6e-6)
    twin.advance(1.0)
    kept = twin.sample("n1.v_m", 0.6, 1e-4, 4000)
    with pytest.raises(ValueError, match=r"n1\.v_m from 0\.5 s to 1\.1"):
        twin.sample("n1.v_m", 0.5, 0.1, 7)
    twin.forget(0.6)
    assert np.array_equal(twin.sample("n1.v_m", 0.6, 1e-4, 4000), kept)
    with pytest.raises(ValueError, match=r"only 0\.6 s to 1\.0 s is known"):
        twin.sample("n1.v_m", 0.59, 1e-4, 10)
    assert twin.count > 100
    assert twin.spikes("n1").min() >= 0.6
    with pytest.raises(ValueError, match=r"cannot run to 0\.9 s"):
        twin.advance(0.9)
    with pytest.raises(ValueError, match="is past"):
        twin.drive("n1.i0", 0.0, at=0.5)


def test_spikes_are_counted_in_half_open_intervals():
    twin = Twin(load_board("wu2025_neuron"))
    twin.drive("n1.i0", 65.6e-6)
    twin.advance(0.5)
    spikes = twin.spikes("n1")
    assert np.array_equal(twin.spikes("n1", spikes[3], spikes[7]), spikes[4:8])
    assert twin.count == len(spikes)


def test_every_spike_delivers_its_charge():
    board = load_board("wu2025_bump")
    twin = Twin(board)
    twin.play("n1.i0", PROGRAM, 0.0)
    end = 0.64
    while twin.state_of("n1")["phase"] != "integrating" or twin.now < end:
        twin.advance(max(twin.now + 1e-4, end))
    synapse, step = board.synapses["s11"], 1e-6
    count = round(twin.now / step)
    into = twin.count * board.charge("s11")
    out = np.trapezoid(twin.sample("s11.i_s1", 0.0, step, count), dx=step)
    stored = synapse.capacitance * (twin.state_of("s11")["v_c1"] - synapse.at_rest.v_c1)
    assert into == pytest.approx(stored + out, rel=1e-5)
    passed = np.trapezoid(twin.sample("s11.i_s2", 0.0, step, count), dx=step)
    held = synapse.capacitance * (twin.state_of("s11")["v_c2"] - synapse.at_rest.v_c2)
    assert synapse.calibration.m1 * out == pytest.approx(held + passed, rel=1e-5)


def test_noise_has_a_seed_and_does_not_depend_on_the_cuts():
    board = load_board("wu2025_neuron").with_ports({"n1.i0": {"noise": "0.5 uA"}})

    def spikes(seed, cuts):
        twin = Twin(board, seed=seed)
        twin.drive("n1.i0", 60e-6)
        for cut in cuts:
            twin.advance(cut)
        return twin.spikes("n1")

    once = spikes(1, [3.0])
    assert np.array_equal(once, spikes(1, np.linspace(0.0, 3.0, 77)))
    assert not np.array_equal(once, spikes(2, [3.0]))
    intervals = np.diff(once)
    assert 0.001 < intervals.std() / intervals.mean() < 0.05


def test_two_neurons_are_cut_the_same_way(tmp_path):
    board = network(tmp_path, {"s11": ("n1", "n1"), "s22": ("n2", "n2"), "s12": ("n1", "n2"), "s21": ("n2", "n1")})

    def spikes(cuts):
        twin = Twin(board)
        twin.drive("n1.i0", 80e-6)
        twin.drive("n2.i0", 82e-6)
        for cut in cuts:
            twin.advance(cut)
        return twin.spikes("n1"), twin.spikes("n2")

    once, often = spikes([1.5]), spikes(np.linspace(0.0, 1.5, 401))
    assert all(np.array_equal(a, b) for a, b in zip(once, often, strict=True))
    assert min(len(times) for times in once) > 50
