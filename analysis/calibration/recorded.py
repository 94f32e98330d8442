"""`chart_of_run`: the f(I) that a recorded run holds, from its spikes and the current that went into the membrane."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from neurorig.analysis.rates import mean_rate
from neurorig.analysis.smooth import mean_level
from neurorig.analysis.spikes import detect
from neurorig.hardware import Board
from neurorig.signals import ConfigError, Trace, show

from .chart import NEEDED, RATE_ERROR, Chart

if TYPE_CHECKING:
    from neurorig.records import Run, Sweep

WINDOW = 0.2
"""Seconds over which a rate and a current are averaged: the current of a synapse moves little in it."""
SETTLED = 0.05
"""Seconds left out after every step of the command."""
_SOURCE_STEP = 61e-9
"""A; error of a current that was only reported: one step of the source."""

Point = tuple[float, float, float, float]


def chart_of_run(run: "Run", board: Board, neuron: str) -> Chart:
    """Rates against the current into the membrane of `neuron`, in windows of 0.2 s; sweeps marked bad are left out.

    The current is that measured at the port, or as the source reported it, plus what the recorded synapses bring.
    Raises ConfigError if the run does not tell rate or current, or at too few currents, and says what to run.
    """
    sweeps = [s for s in run.sweeps if not s.bad and f"{neuron}.v_ap" in s.traces]
    if not sweeps:
        raise ConfigError(f"{run.id}: no sweep recorded {neuron}.v_ap. {_what_to_run(board, neuron)}")
    feeding = [Feeding.of(sweeps, board, key) for key, s in board.synapses.items() if s.post == neuron]
    points = [point for sweep in sweeps for point in _points(sweep, feeding, neuron)]
    if missing := [f.synapse for f in feeding if not f.node]:
        raise ConfigError(
            f"{run.id}: {', '.join(missing)} feeds {neuron} and its current was not recorded, so the current into the "
            f"membrane is not known. {_what_to_run(board, neuron)}"
        )
    columns = np.array(points).reshape(-1, 4)
    columns = columns[np.argsort(columns[:, 0], kind="stable")].T
    chart = Chart(f"run {run.id}", columns[0], columns[1], columns[2], columns[3], neuron)
    if len(chart.levels) < NEEDED:
        levels = ", ".join(show(i, "A") for i in chart.levels) or "no current"
        told = f"{neuron} fires steadily at {levels}, and {NEEDED} different currents are needed"
        raise ConfigError(f"{run.id}: holds no f(I) chart: {told}. {_what_to_run(board, neuron)}")
    return chart


@dataclass(frozen=True)
class Feeding:
    """How a synapse shows in a run: the node that gives its current, its gain into the membrane, and its zero (A)."""

    synapse: str
    node: str
    gain: float
    zero: float

    @classmethod
    def of(cls, sweeps: "list[Sweep]", board: Board, key: str) -> "Feeding":
        """Its output, or the current of its last stage; `node` is empty if neither is in every sweep."""
        synapse = board.synapses[key]
        gains = {f"{key}.i_out": 1.0, f"{key}.i_s{synapse.stages}": synapse.gain}
        node = next((n for n in gains if all(n in s.traces for s in sweeps)), "")
        if not node:
            return cls(key, "", 0.0, 0.0)
        zeros = [zero for s in sweeps if (zero := _reading_at_rest(s, synapse.pre, node)) is not None]
        # What flows for ever is part of the reading at rest, and does reach the membrane.
        zero = (float(np.mean(zeros)) if zeros else 0.0) - synapse.calibration.offset
        return cls(key, node, synapse.sign * gains[node], zero)


def _reading_at_rest(sweep: "Sweep", pre: str, node: str) -> float | None:
    """What a synapse's node reads before the first spike of the sweep, if it is silent for long enough."""
    if f"{pre}.v_ap" not in sweep.traces:
        return None
    spikes = detect(sweep.traces[f"{pre}.v_ap"])
    first = float(spikes.times[0]) if len(spikes) else spikes.stop
    part = sweep.traces[node].between(spikes.start, first)
    return float(part.values.mean()) if part.duration > WINDOW and not part.clipped else None


def _points(sweep: "Sweep", feeding: list[Feeding], neuron: str) -> Iterator[Point]:
    """Current, rate and their errors of every window of a sweep in which both are known."""
    port, spikes = f"{neuron}.i0", detect(sweep.traces[f"{neuron}.v_ap"])
    for start, stop in _windows(sweep, port, spikes.start, spikes.stop):
        current, error = _delivered(sweep, port, start, stop)
        for source in feeding:
            if source.node:
                level, uncertain = _mean(sweep.traces[source.node], start, stop)
                current += source.gain * (level - source.zero)
                error = math.hypot(error, source.gain * uncertain)
        rate, count = mean_rate(spikes, start, stop), spikes.count(start, stop)
        if math.isfinite(current) and (rate.known or count == 0):
            yield current, rate.value if count else 0.0, error, max(rate.error if count else 0.0, RATE_ERROR / 5)


def _windows(sweep: "Sweep", port: str, start: float, stop: float) -> Iterator[tuple[float, float]]:
    """Stretches of `WINDOW` within each level of the command, as far as the trace goes."""
    if port not in sweep.reported:
        return
    edges = sweep.reported[port].edges
    for begin, end in pairwise(edges):
        first, last = max(start, float(begin) + SETTLED), min(stop, float(end))
        for k in range(int((last - first) / WINDOW)):
            yield first + k * WINDOW, first + (k + 1) * WINDOW


def _delivered(sweep: "Sweep", port: str, start: float, stop: float) -> tuple[float, float]:
    """Measured at the port where it was, as reported where it was not; NaN where the screen was too small for it."""
    if port in sweep.traces:
        return _mean(sweep.traces[port], start, stop)
    steps = sweep.reported[port]
    at = int(np.searchsorted(steps.edges, (start + stop) / 2)) - 1
    return float(steps.levels[at]), _SOURCE_STEP


def _mean(trace: Trace, start: float, stop: float) -> tuple[float, float]:
    """Mean level and its error, as far as it differs from window to window: an error that all share moves the chart."""
    level = mean_level(trace.between(start, stop))
    return level.value, max(level.error, 1e-9)


def _what_to_run(board: Board, neuron: str) -> str:
    fed = (
        " and the output of the synapses that feed it" if any(s.post == neuron for s in board.synapses.values()) else ""
    )
    return (
        f"Take a run that records {neuron}.v_ap, {neuron}.i0{fed} while the current moves over the chart, such as "
        "`neurorig run f_i`; or write a chart by hand into a CSV file (I_uA,f_Hz) and give it with --fi."
    )
