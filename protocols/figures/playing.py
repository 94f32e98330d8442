"""A board that has played a program of currents, and its traces as the curves of a figure."""

from collections.abc import Iterable

import numpy as np

from neurorig.hardware import Board
from neurorig.hardware.twin import Twin
from neurorig.signals import Steps

from .figure import Curve, Floats, events


def play(board: Board, program: Iterable[tuple[float, float]], port: str = "n1.i0", seed: int = 0) -> Twin:
    """Run `board` from rest through `program`: (duration in s, delivered current in A) one after the other."""
    durations, levels = zip(*program, strict=True)
    steps = Steps.of(durations, levels)
    twin = Twin(board, seed=seed)
    twin.play(port, steps, 0.0)
    twin.advance(steps.duration)
    return twin


def mean_rate(spikes: Floats, start: float, stop: float) -> float:
    """Rate (Hz) over the whole intervals between the spikes (s) in (start, stop]; 0 with fewer than two spikes."""
    inside = spikes[(spikes > start) & (spikes <= stop)]
    return float((len(inside) - 1) / (inside[-1] - inside[0])) if len(inside) > 1 else 0.0


def rate_at(spikes: Floats, moment: float) -> float:
    """Reciprocal (Hz) of the interval in which `moment` (s) lies; 0 before the first and after the last spike."""
    after = int(np.searchsorted(spikes, moment))
    return float(1.0 / (spikes[after] - spikes[after - 1])) if 0 < after < len(spikes) else 0.0


class Trace:
    """What a twin did in [start, stop] (s), on a time axis whose 0 is `zero`."""

    def __init__(self, twin: Twin, start: float, stop: float, *, dt: float = 1e-3, zero: float = 0.0) -> None:
        self._twin, self._start, self._zero, self._dt = twin, start, zero, dt
        self._count = round((stop - start) / dt) + 1
        self._stop = stop

    @property
    def times(self) -> Floats:
        """Sampling times (s) on the axis of the figure, shape (n,)."""
        return self._start - self._zero + self._dt * np.arange(self._count, dtype=np.float64)

    def spikes(self, neuron: str = "n1") -> Floats:
        """Spike times (s) on the axis of the figure."""
        return self._twin.spikes(neuron, self._start, self._stop) - self._zero

    def values(self, node: str) -> Floats:
        """Values of `node` at `times`, SI units."""
        return self._twin.sample(node, self._start, self._dt, self._count)

    def curve(self, node: str, name: str, label: str) -> Curve:
        """A node over time."""
        return Curve("time", "s", self.times, name, "V" if ".v_" in node else "A", self.values(node), label)

    def rate(self, label: str = "Instantaneous rate") -> Curve:
        """Reciprocal intervals (Hz) at their middles, and 0 from just after a spike to just before the next in silences.

        A silence is an interval of more than five times the median one; figures draw the rate as 0 there.
        """
        spikes = self.spikes()
        if len(spikes) < 2:
            return Curve("time", "s", np.empty(0), "f", "Hz", np.empty(0), label)
        gaps = np.diff(spikes)
        x, y = (spikes[1:] + spikes[:-1]) / 2, 1.0 / gaps
        silent = gaps > 5.0 * np.median(gaps)
        edges = np.concatenate([spikes[:-1][silent] + self._dt, spikes[1:][silent] - self._dt])
        x, y = np.append(x[~silent], edges), np.append(y[~silent], np.zeros(len(edges)))
        order = np.argsort(x, kind="stable")
        return Curve("time", "s", x[order], "f", "Hz", y[order], label)

    def drawn_spikes(self, every: int) -> dict[str, Curve]:
        """All spikes, and one in `every` as the figure draws them."""
        spikes = self.spikes()
        return {
            "spikes": events(spikes, "Spikes"),
            f"spikes_every{every}th": events(spikes[::every], f"Spikes, one in {every}"),
        }
