"""How an output that needs time follows its command: exponentially, as a staircase that is fine enough."""

import math

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import Steps

Floats = NDArray[np.float64]

ERROR = 1e-3
"""Largest error of the staircase, in parts of the greatest change of a command."""


def in_nanoseconds(edges: Floats, levels: Floats, unit: str) -> Steps | None:
    """Levels between `edges` (s), whole nanoseconds each; None if nothing of them lasts as long."""
    ns = np.rint(edges * 1e9).astype(np.int64)
    lasting = np.diff(ns) > 0
    return Steps(np.append(ns[:-1][lasting], ns[-1]), levels[lasting], unit) if lasting.any() else None


class Settling:
    """An output that approaches each new level with `time_constant` (s), at rest at `level` before the first command.

    The approach itself is exact: what was played is known at any time, however the commands were cut.
    """

    def __init__(self, time_constant: float, level: float) -> None:
        self.time_constant = time_constant
        self._played: list[tuple[Floats, Floats, Floats]] = [
            (np.array([-math.inf]), np.array([level]), np.array([level]))
        ]

    def at(self, when: float) -> float:
        """Its level at a time (s)."""
        edges, targets, found = next((p for p in reversed(self._played) if p[0][0] <= when), self._played[0])
        k = int(np.searchsorted(edges, when, side="right")) - 1
        if math.isinf(edges[k]):
            return float(targets[k])
        return float(targets[k] + (found[k] - targets[k]) * math.exp((edges[k] - when) / self.time_constant))

    def stay(self, when: float) -> None:
        """Hold the level of this moment."""
        level = np.array([self.at(when)])
        self._played = [(np.array([when]), level, level)]

    def play(self, steps: Steps, start: float) -> Steps:
        """Follow `steps` from `start` (s) on; the staircase, which ends at the last level."""
        edges, targets = steps.edges[:-1], np.asarray(steps.levels)
        lengths = np.append(np.diff(edges), math.inf)
        found = self._found(self.at(start), targets, lengths)
        before = [played for played in self._played if played[0][0] < start]
        self._played = [*before[-1:], (start + edges, targets, found)]
        return self._staircase(edges, targets, lengths, found, steps.unit)

    def _found(self, level: float, targets: Floats, lengths: Floats) -> Floats:
        """The level at which each step finds the output."""
        found = np.empty(len(targets))
        left = np.exp(-lengths / self.time_constant)
        for k, (target, share) in enumerate(zip(targets.tolist(), left.tolist(), strict=True)):
            found[k] = level
            level = target + (level - target) * share
        return found

    def _staircase(self, edges: Floats, targets: Floats, lengths: Floats, found: Floats, unit: str) -> Steps:
        """Cells of equal height down to `ERROR` of the whole from each target, then the target itself."""
        low, high = min(targets.min(), found[0]), max(targets.max(), found[0])
        error = ERROR * (high - low)
        gaps = found - targets
        size = np.abs(gaps)
        cells = (
            np.ceil(np.maximum(size - error, 0.0) / (2 * error)).astype(np.int64) if error else np.zeros(len(size), int)
        )
        height = np.divide(size - error, cells, out=np.zeros(len(size)), where=cells > 0)
        of = np.repeat(np.arange(len(size)), cells + 1)
        j = np.arange(len(of)) - np.repeat(np.append(0, np.cumsum(cells + 1))[:-1], cells + 1)
        outside = size[of] - j * height[of]  # how far from its target a cell begins
        after = np.zeros(len(of))
        moving = j > 0
        after[moving] = self.time_constant * np.log(size[of][moving] / outside[moving])
        settled = j == cells[of]
        levels = targets[of] + np.where(settled, 0.0, np.sign(gaps[of]) * (outside - height[of] / 2))
        begun = after < lengths[of]
        starts, levels = (edges[of] + after)[begun], levels[begun]
        made = in_nanoseconds(np.append(starts, starts[-1] + 1e-6), levels, unit)
        assert made is not None, "the last level lasts"
        return made
