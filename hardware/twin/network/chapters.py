"""What a network remembers: chapters, each with the state it began with, so that its rows can be written again.

Only the rows that were used last are kept. A chapter ends at a step of the grid that does not depend on where runs were
cut, so the same chapters, bit by bit, come out when they are written again.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ..layout import Floats
from . import layout as k

BUDGET = 512 * 2**20  # bytes of rows, and of the states they begin with, that are kept
MOST = 256  # chapters; of more, those without rows are joined two by two
WORDS = 2**18  # a chapter with so many is long enough
STEPS = 100_000  # and one with so many steps of the grid is, too


@dataclass(eq=False)
class Chapter:
    """What is needed to write it (again): the state at its first step, and what was set in it."""

    state: k.State
    start: float
    log: k.Log | None = None
    inputs: Floats = field(default_factory=lambda: np.empty((0, 3)))  # time, port, level

    @property
    def last(self) -> int:
        """The step before which it ends at the latest."""
        return int(self.state.clock[k.STEP]) + STEPS


def copied(state: k.State) -> k.State:
    """A checkpoint."""
    return k.State._make(array.copy() for array in state)


def new_log(owners: int, rows: int, words: int, spikes: int, inputs: int) -> k.Log:
    """A log with nothing in it."""
    return k.Log(
        time=np.empty(rows),
        row=np.empty((rows, 2), np.int64),
        words=np.empty(words),
        spike=np.empty((spikes, 2)),
        input=np.empty((inputs, 3)),
        size=np.append([0] * k.LAST_ROW, [-1] * owners),
    )


def resized(log: k.Log, factor: int, spare: Sequence[int] = (0, 0, 0, 0)) -> k.Log:
    """The log with room for `factor` times what is in it, and `spare` more: rows, words, spikes, inputs."""
    used = log.size[: k.LAST_ROW]
    new = new_log(
        len(log.size) - k.LAST_ROW,
        *(factor * used + np.array(spare)),
    )
    for old, own, count in zip(log, new, (used[k.ROWS], *used, len(log.size)), strict=True):
        own[:count] = old[:count]
    return new


def roomier(state: k.State) -> k.State:
    """The state with room for twice as many spikes on their way along each branch."""
    branches, room = state.flight.shape
    flight, branch = np.zeros((branches, 2 * room)), state.branch.copy()
    for b, row in enumerate(branch):
        begin, count = int(row[k.FIRST_FLYING]), int(row[k.FLYING])
        flight[b, :count] = state.flight[b, (begin + np.arange(count)) % room]
    branch[:, k.FIRST_FLYING] = 0.0
    return state._replace(flight=flight, branch=branch)


class Shelf:
    """Chapters in the order of time; the rows of those that were used last stay, up to `BUDGET`."""

    def __init__(self, first: Chapter) -> None:
        self.chapters = [first]
        self._used: list[Chapter] = []

    @property
    def current(self) -> Chapter:
        """The one that is being written."""
        return self.chapters[-1]

    def at(self, moment: float) -> tuple[Chapter, float]:
        """The chapter that a value at `moment` is in, and where that ends. At its very beginning is the one before."""
        following = max(1, bisect_left(self.chapters, moment, key=lambda chapter: chapter.start))
        end = self.chapters[following].start if following < len(self.chapters) else np.inf
        return self.chapters[following - 1], end

    def close(self, log: k.Log, following: Chapter) -> None:
        """The current chapter is full; another one follows."""
        self.keep(self.current, log)
        self.chapters.append(following)
        self._bound()

    def keep(self, chapter: Chapter, log: k.Log) -> None:
        """Remember the rows of a chapter, and forget those that were not used for the longest time."""
        chapter.log, chapter.inputs = resized(log, 1), log.input[: log.size[k.INPUTS]].copy()
        self._used.append(chapter)
        while len(self._used) > 1 and sum(size_of(used) for used in self._used) > BUDGET:
            self._used.pop(0).log = None

    def use(self, chapter: Chapter) -> k.Log | None:
        """The rows of a chapter, if they are still there."""
        if chapter in self._used:
            self._used.remove(chapter)
            self._used.append(chapter)
        return chapter.log

    def replace(self, chapter: Chapter, parts: list[Chapter]) -> None:
        """A chapter that had been joined is in its parts again."""
        place = self.chapters.index(chapter)
        self.chapters[place : place + 1] = parts
        self._bound()

    def drop(self, before: float) -> None:
        """Give back the chapters that end before `before`."""
        gone = [a for a, b in pairwise(self.chapters) if b.start <= before]
        self._used = [chapter for chapter in self._used if chapter not in gone]
        self.chapters = self.chapters[len(gone) :]

    def _bound(self) -> None:
        """Of too many chapters, join neighbours without rows, two by two: they are written again one after the other."""
        if len(self.chapters) <= MOST:
            return
        thinned: list[Chapter] = []
        single = False  # whether the last of them may be joined
        for chapter in self.chapters:
            bare = chapter.log is None and chapter is not self.current
            if single and bare:
                first = thinned[-1]
                thinned[-1] = Chapter(first.state, first.start, inputs=np.concatenate([first.inputs, chapter.inputs]))
                single = False
            else:
                thinned.append(chapter)
                single = bare
        self.chapters = thinned


def size_of(chapter: Chapter) -> int:
    """Bytes of its rows and of the state it begins with."""
    return sum(array.nbytes for array in (*chapter.state, *(chapter.log or ())))
