"""A rhythm that has settled: constant currents into a board, a long first run, and a window that begins with a burst."""

from collections.abc import Mapping

import numpy as np

from neurorig.analysis import Bursts, find_bursts
from neurorig.hardware import Board
from neurorig.hardware.twin import Twin

from .figure import Curve, Floats, Value, events
from .playing import Trace

SETTLING = 12.0
"""s: stages fill from power-up within 1 s and forget it with time constants of up to 1 s; rhythms are steady long before."""

DT = 1e-3
"""s between the samples of a synaptic current, whose time constants are 1 ms and more in every figure."""

EDGE = DT
"""s of the window before time 0, so that the first spike lies within it."""


class Settled(Trace):
    """A board under constant `currents` (A by port), long after power-up, over a `window` (s).

    Time 0 is the first spike of the first burst of neuron `anchor` after `SETTLING` (its first spike, if it does not
    burst): where in a rhythm a published record begins is nobody's prediction. `seed`: of the noise of the ports.
    """

    def __init__(
        self, board: Board, currents: Mapping[str, float], window: float, anchor: str = "n1", seed: int = 0
    ) -> None:
        self.board, self.currents, self.window = board, dict(currents), window
        self._all = Twin(board, seed=seed)
        for port, amperes in currents.items():
            self._all.drive(port, amperes)
        self._all.advance(SETTLING + 3 * window)
        fired = self._all.spikes(anchor, SETTLING)
        bursts = find_bursts(fired, start=SETTLING)
        begins = np.append(bursts.begin[bursts.whole], fired[:1] if len(fired) else SETTLING)
        self._zero_at = float(begins[0])
        super().__init__(self._all, self._zero_at - EDGE, self._zero_at + window, dt=DT, zero=self._zero_at)

    def bursts(self, neuron: str) -> Bursts:
        """Bursts of `neuron` that the window holds from begin to end; none for a tonic neuron."""
        around = self._all.spikes(neuron, self._zero_at - SETTLING / 4, self._zero_at + 1.5 * self.window)
        found = find_bursts(around - self._zero_at)
        kept = (found.begin >= -EDGE) & (found.end <= self.window)
        return Bursts(found.begin[kept], found.end[kept], found.spikes[kept], found.whole[kept], found.gap)

    def drawn_from(self, synapse: str) -> Floats:
        """Current (A) that an inhibitory `synapse` draws out of its membrane, at `times`."""
        return self.values(f"{synapse}.i_out")

    def into(self, neuron: str) -> Floats:
        """I_in (A) of `neuron` at `times`: what was set at its port less what its inhibitory synapses draw."""
        drawn = [self.drawn_from(key) for key, synapse in self.board.synapses.items() if synapse.post == neuron]
        total: Floats = self.currents[f"{neuron}.i0"] - np.sum([np.zeros(len(self.times)), *drawn], axis=0)
        return total

    def current(self, values: Floats, name: str, label: str) -> Curve:
        """A current over the time of the window as a curve."""
        return Curve("time", "s", self.times, name, "A", values, label)


def burst_curve(bursts: Bursts, whose: str) -> Curve:
    """Begin and end (s) of every burst."""
    return Curve("begin", "s", bursts.begin, "end", "s", bursts.end, f"Bursts of {whose}")


def burst_numbers(bursts: Bursts, key: str, whose: str) -> dict[str, Value]:
    """Mean period, duration, number of spikes and rate of the bursts; none for a neuron that does not burst."""
    if len(bursts) < 2:
        return {}
    rates = (bursts.spikes - 1) / bursts.duration
    return {
        f"{key}period": Value(float(np.diff(bursts.begin).mean()), "s", f"Period of the bursts of {whose}"),
        f"{key}duration": Value(float(bursts.duration.mean()), "s", f"Length of a burst of {whose}"),
        f"{key}spikes": Value(float(bursts.spikes.mean()), "", f"Spikes in a burst of {whose}"),
        f"{key}rate": Value(float(rates.mean()), "Hz", f"Rate within a burst of {whose}"),
    }


def trains(run: Settled, prefix: str = "") -> dict[str, Curve]:
    """Spikes, one spike in five as the figures draw them, and bursts of both neurons of a generator."""
    curves = {}
    for neuron, whose in (("n1", "N1"), ("n2", "N2")):
        spikes = run.spikes(neuron)
        named = f"{whose}, {prefix.strip('_')}" if prefix else whose
        curves[f"{prefix}{whose}_spikes"] = events(spikes, f"Spikes of {named}")
        curves[f"{prefix}{whose}_spikes_every5th"] = events(spikes[::5], f"Spikes of {named}, one in five")
        curves[f"{prefix}{whose}_bursts"] = burst_curve(run.bursts(neuron), named)
    return curves
