"""The twin against real time, on the sweeps of the bump protocol and on an f-I chart."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from math import prod

import numpy as np
from numpy.typing import NDArray

from neurorig.hardware import Board, load_board
from neurorig.hardware.twin import Twin
from neurorig.protocols import Context, Sweep, get_protocol

from .harness import ROOT, Figure, Race, at_least, at_most, median_of, repeated
from .plain_board import constants
from .plain_board import simulate as plain_board
from .simple_neuron import simulate as simple_neuron

Floats = NDArray[np.float64]

RATE = 50e3  # Hz
CURRENTS = np.linspace(46e-6, 100e-6, 50)  # where the neuron of the boards fires
SIMPLE = np.linspace(8e-6, 40e-6, 50)  # where the simpler neuron does
CHART_TIME = 5.0  # s for each current
STEP = 10e-6  # s between the samples of a trace
TRACED = 10  # of the currents


def run() -> Iterator[Figure]:
    """Every figure of this page."""
    board = load_board("wu2025_bump")
    protocol = get_protocol("bump").make({})
    context = Context({port: board.i_min(port) for port in protocol.driven()})
    sweeps = list(protocol.sweeps(board, context))
    length = sum(sweep.duration for sweep in sweeps)
    _play(board, sweeps, sampled=True)  # compiled, or read from the cache

    spikes = _play(board, sweeps, sampled=False)
    wall = median_of(lambda: _timed(board, sweeps, sampled=False), 9)
    yield at_least("bump, events only", length / wall, "x real time", 1000)
    yield Figure("bump, events only", spikes / wall, "spikes/s")
    wall = median_of(lambda: _timed(board, sweeps, sampled=True), 5)
    yield at_least(f"bump, all {len(board.nodes)} nodes at {RATE / 1e3:g} kHz", length / wall, "x real time", 300)
    samples = prod((round(length * RATE), len(board.nodes)))
    yield Figure("bump, all nodes, event time included", samples / wall / 1e6, "Msamples/s")
    yield from _charts("wu2025_bump", "self-excitatory neuron")
    yield from _charts("wu2025_fig11a", "self-inhibitory neuron")
    yield from _pair()
    yield from _first_calls()


def _play(board: Board, sweeps: list[Sweep], *, sampled: bool) -> int:
    """Each sweep on a twin at rest; the number of spikes."""
    spikes = 0
    for sweep in sweeps:
        twin = Twin(board)
        for port, stimulus in sweep.drive.items():
            twin.play(port, stimulus.steps(), 0.0)
        twin.advance(sweep.duration)
        if sampled:
            out = np.empty(round(sweep.duration * RATE))
            for node in board.nodes:
                twin.sample(node, 0.0, 1 / RATE, len(out), out)
        spikes += twin.count
    return spikes


def _timed(board: Board, sweeps: list[Sweep], *, sampled: bool) -> float:
    start = time.perf_counter()
    _play(board, sweeps, sampled=sampled)
    return time.perf_counter() - start


def _charts(name: str, title: str) -> Iterator[Figure]:
    """An f-I chart, as a person asks for it, against a plain solution of the same board and against a simpler neuron."""
    board = load_board(name)
    phases, numbers = constants(board)
    spikes, trace = np.empty(round(1e4 * CHART_TIME)), np.empty(round(CHART_TIME / STEP))

    def twin(samples: Floats) -> Callable[[float], object]:
        def go(current: float) -> None:
            twin = Twin(board)
            twin.drive("n1.i0", current)
            twin.advance(CHART_TIME)
            if len(samples):
                twin.sample("n1.v_m", 0.0, STEP, len(samples), samples)

        return go

    def plain(samples: Floats) -> Callable[[float], object]:
        return lambda current: plain_board(phases, numbers, current, CHART_TIME, spikes, samples, STEP)

    def simple(samples: Floats) -> Callable[[float], object]:
        return lambda current: simple_neuron(current, CHART_TIME, spikes, samples, STEP)

    for what, samples, count in (("events only", trace[:0], len(CURRENTS)), ("V_m every 10 us", trace, TRACED)):
        race = Race(f"f-I chart of a {title}, {count} currents x {CHART_TIME:g} s, {what}", "s", lambda s: s)
        each = len(CURRENTS) // count
        race.add("plain solution of the same board", _through(plain(samples), CURRENTS[::each]))
        race.add("simpler neuron", _through(simple(samples), SIMPLE[::each]))
        go = _through(twin(samples), CURRENTS[::each])
        race.add("twin", go, 1.2)
        race.add("twin again", go, 2.5, "simpler neuron")
        yield from race.run()


def _through(one: Callable[[float], object], currents: Floats) -> Callable[[], float]:
    """Seconds of one call for each current."""

    def go() -> None:
        for current in currents:
            one(float(current))

    return repeated(go, 1)


def _pair() -> Iterator[Figure]:
    """Two neurons with four synapses."""
    board = load_board("wu2025_fig15")

    def go() -> tuple[float, int]:
        start = time.perf_counter()
        twin = Twin(board)
        for port in board.ports:
            twin.drive(port, 62e-6)
        twin.advance(CHART_TIME)
        return time.perf_counter() - start, twin.count

    count = go()[1]
    wall = median_of(lambda: go()[0], 9)
    name = f"{len(board.neurons)} neurons, {len(board.synapses)} synapses, events only"
    yield Figure(name, CHART_TIME / wall, "x real time")
    yield Figure(name, count / wall, "spikes/s")


def _first_calls() -> Iterator[Figure]:
    """What a fresh process waits for its first result, with an empty compiler cache and with a filled one."""
    with tempfile.TemporaryDirectory() as cache:
        for state in ("cold", "warm"):
            environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
            command = [sys.executable, "-m", "benchmarks.first_call"]
            start = time.perf_counter()
            done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
            wall = time.perf_counter() - start
            imported, called = json.loads(done.stdout)
            yield Figure(f"first process, {state} cache: imports", imported, "s")
            yield Figure(f"first process, {state} cache: first calls", called, "s")
            if state == "warm":
                yield at_most("first process, warm cache: start to first result", wall, "s", 1.5)
