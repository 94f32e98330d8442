"""Places for many texts at once: each has places of its own to choose from, and none may overlap another.

First come, first served, those with the fewest good places first; then texts in poor places push others aside for as
long as the sum of all costs falls. It ends: each step makes that sum smaller.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .boxes import Boxes, around, overlaps, stack

Numbers = NDArray[np.float64]

GOOD = 1.5
"""Cost below which a place is good."""
TRIED = 120
"""How many of the better places of a text are tried with others pushed aside."""
PUSHED = 2
"""How many others a text may push aside at once."""
PASSES = 4


@dataclass(frozen=True)
class Choices:
    """Places of one text, the best first."""

    boxes: Boxes
    wide: Boxes
    """The boxes with the room that must stay free around the text."""
    costs: Numbers
    missing: float
    """What it costs to leave the text out."""

    def cost(self, place: int | None) -> float:
        """Of a place, or of none."""
        return self.missing if place is None else float(self.costs[place])


class _Search:
    def __init__(self, choices: Sequence[Choices]) -> None:
        self._choices = choices
        self.places: list[int | None] = [None] * len(choices)
        self._boxes = np.full((len(choices), 4), np.nan)  # overlaps nothing, as every comparison with nan is false
        self._wide = self._boxes.copy()
        self._reach = [stack([around(its.wide)] if len(its.wide) else []) for its in choices]

    def serve(self) -> None:
        order = sorted(range(len(self._choices)), key=lambda i: int(np.sum(self._choices[i].costs < GOOD)))
        for i in order:
            self._put(i, self._best(i))

    def improve(self) -> None:
        for _ in range(PASSES):
            poor = sorted(range(len(self.places)), key=lambda i: -self._cost(i))
            if not sum(self._push(i) for i in poor):
                return

    def _cost(self, i: int) -> float:
        return self._choices[i].cost(self.places[i])

    def _put(self, i: int, place: int | None) -> None:
        self.places[i] = place
        self._boxes[i] = np.nan if place is None else self._choices[i].boxes[place]
        self._wide[i] = np.nan if place is None else self._choices[i].wide[place]

    def _clashes(self, i: int, places: slice) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Which of the places of i (rows) clash with which other text (columns, and the numbers of these texts)."""
        its = self._choices[i]
        near = np.flatnonzero(overlaps(self._wide, self._reach[i]).any(axis=1))
        near = near[near != i]
        wide, boxes = its.wide[places], its.boxes[places]
        return overlaps(wide, self._boxes[near]) | overlaps(boxes, self._wide[near]), near

    def _best(self, i: int) -> int | None:
        clashes, _ = self._clashes(i, slice(None))
        free = np.flatnonzero(~clashes.any(axis=1))
        return int(free[0]) if len(free) else None

    def _push(self, i: int) -> bool:
        """Give i a better place if what others lose by it is less."""
        now = self.places[i]
        clashes, texts = self._clashes(i, slice(0, None if now is None else min(now, TRIED)))
        for place, hit in enumerate(clashes):
            others = [int(j) for j in texts[hit]]
            if len(others) <= PUSHED and self._take(i, place, others):
                return True
        return False

    def _take(self, i: int, place: int, others: list[int]) -> bool:
        before = {j: self.places[j] for j in (i, *others)}
        cost = sum(self._cost(j) for j in before)
        self._put(i, place)
        for j in others:
            self._put(j, None)
        for j in others:
            self._put(j, self._best(j))
        if sum(self._cost(j) for j in before) < cost - 1e-9:
            return True
        for j, old in before.items():
            self._put(j, old)
        return False


def search(choices: Sequence[Choices]) -> list[int | None]:
    """Which of its places each text gets; None for those that are left out."""
    found = _Search(choices)
    found.serve()
    found.improve()
    return found.places
