"""The twin against real time, on the sweeps of the bump protocol and on an f-I chart."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from math import prod

import numpy as np

from neurorig.hardware import Board, load_board
from neurorig.hardware.twin import Twin
from neurorig.protocols import Context, Sweep, get_protocol

from .harness import ROOT, Figure, at_least, median_of

RATE = 50e3  # Hz
CURRENTS = np.linspace(20e-6, 120e-6, 50)
CHART_TIME = 2.0  # s for each current


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
    yield from _chart()
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


def _chart() -> Iterator[Figure]:
    """Firing rate over current, one twin for each current."""
    board = load_board("wu2025_neuron")

    def go() -> tuple[float, int]:
        start, spikes = time.perf_counter(), 0
        for current in CURRENTS:
            twin = Twin(board)
            twin.drive("n1.i0", current)
            twin.advance(CHART_TIME)
            spikes += twin.count
        return time.perf_counter() - start, spikes

    spikes = go()[1]
    wall = median_of(lambda: go()[0], 5)
    name = f"f-I chart, {len(CURRENTS)} currents x {CHART_TIME:g} s"
    yield Figure(name, wall, "s")
    yield Figure(name, len(CURRENTS) * CHART_TIME / wall, "x real time")
    yield Figure(name, spikes / wall, "spikes/s")


def _first_calls() -> Iterator[Figure]:
    """What a fresh process waits for its first result, with an empty compiler cache and with a filled one."""
    with tempfile.TemporaryDirectory() as cache:
        for state in ("cold", "warm"):
            environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
            command = [sys.executable, "-m", "benchmarks.first_call"]
            done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
            imported, called = json.loads(done.stdout)
            yield Figure(f"first process, {state} cache: imports", imported, "s")
            yield Figure(f"first process, {state} cache: first calls", called, "s")
