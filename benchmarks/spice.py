"""The twin against ngspice on the same circuit and protocol: adaptation, activity bump, bursts of Wu 2025.

ngspice integrates the transistors of the deck with the settings at which its results no longer change (trapezoidal, steps
of at most 10 us); the twin goes from event to event. Both times are processor times of a whole call, start to spike
times: a shared machine gives each of them less than a whole core.
"""

import os
import time
from collections.abc import Iterator

from neurorig.hardware import Board, load_board
from neurorig.hardware.spice import deck, spice_twin
from neurorig.hardware.spice import run as simulate
from neurorig.hardware.twin import Twin
from neurorig.signals import Steps

from .harness import Figure, at_least, median_of

BUMP = Steps.of([0.1, 1.4, 1.0, 0.5], [44.7e-6, 67.6e-6, 44.7e-6, 20.3e-6])
PROTOCOLS: dict[str, tuple[str, Steps]] = {
    "adaptation": ("wu2025_fig11a", Steps.of([3.0], [92.8e-6])),
    "bump": ("wu2025_bump", BUMP),
    "burst": ("wu2025_fig13", Steps.of([3.0], [53.2e-6])),
}
FASTER = 1000
ROUNDS = 9


def run() -> Iterator[Figure]:
    """Every figure of this page."""
    for name, (board, steps) in PROTOCOLS.items():
        shipped = load_board(board)
        quiet = shipped.with_ports({port: {"noise": 0.0, "ripple": 0.0} for port in shipped.ports})
        text = deck(quiet, {"n1.i0": steps}, steps.duration)
        start = _of_children()
        simulate(quiet, text, deadline=600.0)
        ngspice = _of_children() - start
        yield Figure(f"{name}, {steps.duration:g} s by ngspice", ngspice, "s")

        counterpart = spice_twin(quiet)
        _timed(counterpart, steps)  # compiled, or read from the cache
        twin = median_of(lambda board=counterpart, steps=steps: _timed(board, steps), ROUNDS)
        yield Figure(f"{name}, {steps.duration:g} s by the twin", twin * 1e3, "ms")
        yield at_least(f"{name}, twin against ngspice", ngspice / twin, "x", FASTER)


def _timed(board: Board, steps: Steps) -> float:
    start = time.process_time()
    twin = Twin(board)
    twin.play("n1.i0", steps, 0.0)
    twin.advance(steps.duration)
    twin.spikes("n1")
    return time.process_time() - start


def _of_children() -> float:
    """Processor time (s) of all processes that were started and have ended."""
    times = os.times()
    return times.children_user + times.children_system
