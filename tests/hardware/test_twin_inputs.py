"""What goes into the ports: when a level was known does not matter, and a source sags only while it gives."""

import numpy as np
import pytest

from neurorig.hardware import Board, load_board
from neurorig.hardware.twin import Twin
from neurorig.signals import Steps

from .boards import single
from .bursting_oracle import BurstingOracle
from .oracle import Oracle

ENGINES = ["exact", "network"]


def ahead(board: Board, engine: str, programs: dict[str, Steps], until: float, seed: int = 0) -> Twin:
    """All levels are queued before the board starts."""
    twin = Twin(board, engine=engine, seed=seed)
    for port, steps in programs.items():
        twin.play(port, steps, 0.0)
    twin.advance(until)
    return twin


def live(board: Board, engine: str, programs: dict[str, Steps], until: float, seed: int = 0) -> Twin:
    """Every level is given at its moment, and nothing is known before."""
    twin = Twin(board, engine=engine, seed=seed)
    changes = [
        (t, port, level)
        for port, each in programs.items()
        for t, level in zip(each.edges[:-1], each.levels, strict=True)
    ]
    for moment, port, level in sorted(changes):
        twin.advance(moment)
        twin.drive(port, level)
    twin.advance(until)
    return twin


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["wu2025_fig14", "motif_primary_subordinate", "wu2025_fig15"])
def test_levels_queued_ahead_and_given_live_make_the_same_bits(name: str, engine: str) -> None:
    board, until, count = load_board(name), 0.6, 60
    rng = np.random.default_rng(0)
    programs = {}
    for port in board.ports:
        levels = board.i_min(port) * rng.choice([0.9, 1.1, 1.3, 1.6], count + 1)
        edges = [0.0, *np.sort(rng.uniform(0.0, until, count)), until]
        programs[port] = Steps.of(list(np.diff(edges)), list(levels))
    queued, given = (run(board, engine, programs, until) for run in (ahead, live))
    assert queued.count > 20
    for neuron in board.neurons:
        assert np.array_equal(queued.spikes(neuron), given.spikes(neuron))
    for node in board.quantities:
        assert np.array_equal(*(twin.sample(node, 0.0, 170e-6, 3_500) for twin in (queued, given))), node


@pytest.mark.parametrize("engine", ENGINES)
def test_a_level_and_the_noise_of_the_same_moment_come_in_one_order(engine: str, tmp_path) -> None:
    """The noise is drawn anew every millisecond, and a level at a whole one decides whether the neuron counts as silent."""
    board = single(tmp_path, hysteresis="1 uA").with_ports({"n1.i0": {"noise": "1 uA"}})
    least = board.neurons["n1"].calibration.I_off
    moments, counts = np.arange(21) * 0.01, []
    for seed in range(30):
        low = np.random.default_rng(seed).uniform(0.97, 1.0, 20)
        levels = np.where(np.arange(20) % 2 == 0, 1.05, low) * least
        programs = {"n1.i0": Steps.of(list(np.diff(moments)), list(levels))}
        queued, given = (run(board, engine, programs, 0.3, seed) for run in (ahead, live))
        assert np.array_equal(queued.spikes("n1"), given.spikes("n1")), seed
        counts.append(queued.count)
    assert min(counts) > 5


@pytest.mark.parametrize("engine", ENGINES)
def test_a_source_does_not_sag_while_it_draws(engine: str) -> None:
    """As a conductance, a negative level would feed the membrane without end once V_m is below 0 V."""
    board = load_board("wu2025_neuron").with_ports({"n1.i0": {"sag": 0.09}})
    twin, oracle = Twin(board, engine=engine), Oracle(board)
    for stop, level in ((0.05, 90e-6), (0.06, -250e-6), (0.15, 90e-6), (0.17, -1e-3), (0.18, 0.0)):
        twin.drive("n1.i0", level)
        twin.advance(stop)
        oracle.run(level, stop)
        assert twin.sample("n1.v_m", stop, 1.0, 1)[0] == pytest.approx(oracle.y[0], abs=1e-9)
    np.testing.assert_allclose(twin.sample("n1.i0", 0.151, 1e-3, 15), -1e-3, rtol=1e-12)
    assert len(oracle.spikes) > 3
    np.testing.assert_allclose(twin.spikes("n1"), oracle.spikes, rtol=0.0, atol=1e-9)
    far = Twin(board, engine=engine)
    far.drive("n1.i0", -2.5e-3)  # the clamp of 1 mS holds it, at any sag
    far.advance(10.0)
    assert far.sample("n1.v_m", 10.0, 1.0, 1)[0] == pytest.approx(-2.5, rel=1e-9)


def test_nor_does_it_into_a_bursting_neuron() -> None:
    board = load_board("wu2023_fig2").with_ports({"n1.i0": {"sag": 0.09}})
    twin, oracle = Twin(board), BurstingOracle(board)
    for stop, level in ((0.05, 70e-6), (0.1, -100e-6), (0.15, 70e-6)):
        twin.drive("n1.i0", level)
        twin.advance(stop)
        oracle.run(level, stop)
        assert twin.sample("n1.v_m", stop, 1.0, 1)[0] == pytest.approx(oracle.y[0], abs=1e-6)
