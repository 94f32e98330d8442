"""The network engine: a board of 100 neurons beside a plain split propagator of the same board, and beside the exact engine."""

import time
from collections.abc import Callable, Iterator
from unittest.mock import patch

import numpy as np

from neurorig.hardware import Board
from neurorig.hardware.networks import random_network
from neurorig.hardware.twin import Twin
from neurorig.hardware.twin.network import chapters

from . import plain_network
from .harness import Figure, Race, at_most, median_of

NEURONS = 100
CONNECTIVITY = 0.1
TIME = 0.5  # s of the network
GRID = 100e-6  # s, of the plain one; it is no faster with 50 us or 200 us
RATE = 10e3  # Hz
LONG = 20.0  # s
SMALL = 2**24  # bytes of rows that are kept, where nearly all are to be written again
SIZES = (2, 4, 8, 16, 32)


def run() -> Iterator[Figure]:
    """Every figure of this page."""
    board = made(NEURONS)
    amperes = currents(board)
    plain = plain_network.tabulated(board)
    race = Race(f"{NEURONS} neurons, {len(board.synapses)} synapses", "x real time", lambda wall: TIME / wall, rounds=5)
    race.add("plain split propagator", timed(lambda: plain_network.simulate(amperes, TIME, GRID, *plain)))
    race.add("network engine", run_of(board, amperes, "network", TIME), most=1.5)
    race.add("network engine, V_m of all at 10 kHz", run_of(board, amperes, "network", TIME, sampled=True), most=2.5)
    yield from race.run()
    yield Figure("from the board to a twin at rest", median_of(timed(lambda: Twin(board, engine="network")), 3), "s")
    yield Figure("spike times: largest difference from the plain one", apart(board, amperes) * 1e12, "ps")
    short = 0.02
    slow = run_of(board, amperes, "exact", short)()
    yield Figure(f"{NEURONS} neurons: exact engine", short / slow, "x real time")
    yield from long_run(board, amperes)
    yield from crossover()


def long_run(board: Board, amperes: np.ndarray) -> Iterator[Figure]:
    """V_m of all neurons over the last seconds of a long run, beside the run of these seconds."""
    twin, seconds = ready(board, amperes, "network"), LONG / 10
    nodes, count = [f"{name}.v_m" for name in board.neurons], round(seconds * RATE)
    out = np.empty((len(nodes), count))

    def together() -> None:
        twin.sample_many(nodes, LONG - seconds, 1.0 / RATE, count, out)

    def one_by_one() -> None:
        for node, values in zip(nodes, out, strict=True):
            twin.sample(node, LONG - seconds, 1.0 / RATE, count, values)

    twin.advance(LONG - seconds)
    wall = once(lambda: twin.advance(LONG))
    what = f"{NEURONS} neurons, V_m of all at 10 kHz over the last {seconds:g} s of {LONG:g} s"
    yield at_most(f"{what}, together", once(together) / wall, "x the run", 1.5)
    yield at_most(f"{what}, node by node", once(one_by_one) / wall, "x the run", 2.5)
    with patch.object(chapters, "BUDGET", SMALL):
        twin = ready(board, amperes, "network")
        twin.advance(LONG)
        yield at_most(f"{what}, together, rows written again", once(together) / wall, "x the run", 2.5)


def once(action: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def made(n: int) -> Board:
    """The board of this page with `n` neurons."""
    return random_network("wu2025_neuron", n, CONNECTIVITY, R_W="50 kohm", seed=3)


def currents(board: Board) -> np.ndarray:
    """What drives each neuron, A: between its threshold and half more."""
    spread = np.random.default_rng(1).random(len(board.ports))
    return np.array([board.i_min(port) * (1.0 + 0.5 * share) for port, share in zip(board.ports, spread, strict=True)])


def ready(board: Board, amperes: np.ndarray, engine: str) -> Twin:
    """A twin that only has to run."""
    twin = Twin(board, engine=engine)
    for port, level in zip(board.ports, amperes, strict=True):
        twin.drive(port, level)
    return twin


def run_of(
    board: Board, amperes: np.ndarray, engine: str, seconds: float, *, sampled: bool = False
) -> Callable[[], float]:
    """Seconds that a run takes in one piece, and all membranes on a grid; run once before, to have everything compiled."""

    def go() -> float:
        twin = ready(board, amperes, engine)
        out = np.empty(round(seconds * RATE))
        start = time.perf_counter()
        twin.advance(seconds)
        for name in board.neurons if sampled else ():
            twin.sample(f"{name}.v_m", 0.0, 1.0 / RATE, len(out), out)
        return time.perf_counter() - start

    go()
    return go


def timed(action: Callable[[], object]) -> Callable[[], float]:
    """Seconds of one call; called once before, to have everything compiled."""

    def go() -> float:
        start = time.perf_counter()
        action()
        return time.perf_counter() - start

    action()
    return go


def apart(board: Board, amperes: np.ndarray) -> float:
    """Largest difference of the first hundred spikes of each neuron, s; infinite if the numbers of spikes differ."""
    times, who = plain_network.simulate(amperes, TIME, GRID, *plain_network.tabulated(board))
    twin, largest = ready(board, amperes, "network"), 0.0
    twin.advance(TIME)
    for i, name in enumerate(board.neurons):
        ours, theirs = twin.spikes(name), times[who == i]
        if len(ours) != len(theirs):
            return np.inf
        largest = max(largest, np.abs(ours[:100] - theirs[:100]).max(initial=0.0))
    return float(largest)


def crossover() -> Iterator[Figure]:
    """Both engines with more and more neurons: where the network engine overtakes."""
    for n in SIZES:
        board = made(n)
        amperes = currents(board)
        length = min(0.5, 4.0 / n)
        race = Race(f"{n} neurons", "x real time", lambda wall, length=length: length / wall, rounds=3)
        race.add("exact engine", run_of(board, amperes, "exact", length))
        race.add("network engine", run_of(board, amperes, "network", length))
        yield from race.run()
