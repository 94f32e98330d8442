"""`Steps`: an exact piecewise-constant command, breakpoints in integer nanoseconds and levels in SI units."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

NS = 1_000_000_000


def to_ns(seconds: float) -> int:
    """Nearest whole nanosecond; the grid on which every command of the house lies."""
    return round(seconds * NS)


@dataclass(frozen=True, eq=False)
class Steps:
    """A command that is constant between breakpoints.

    `edges_ns`: int64, shape (n + 1,), starts at 0, strictly increasing. `levels`: float64, shape (n,), in `unit`.
    Level k holds on [edges_ns[k], edges_ns[k + 1]). Whole nanoseconds make concatenation and repetition exact.
    """

    edges_ns: NDArray[np.int64]
    levels: NDArray[np.float64]
    unit: str = "A"

    def __post_init__(self) -> None:
        edges = np.array(self.edges_ns, dtype=np.int64)  # copies: the caller's arrays stay the caller's
        levels = np.array(self.levels, dtype=np.float64)
        if edges.ndim != 1 or levels.shape != (len(edges) - 1,) or edges[0] != 0 or np.any(np.diff(edges) <= 0):
            raise ValueError("Steps: edges start at 0, increase, and are one more than the levels")
        if not np.all(np.isfinite(levels)):
            raise ValueError("Steps: every level is a finite number")
        edges.flags.writeable = levels.flags.writeable = False
        object.__setattr__(self, "edges_ns", edges)
        object.__setattr__(self, "levels", levels)

    @classmethod
    def of(cls, durations_s: Iterable[float], levels: ArrayLike, unit: str = "A") -> Self:
        """Build from durations in seconds (each rounded to whole nanoseconds) and levels."""
        lengths = [to_ns(d) for d in durations_s]
        return cls(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), np.asarray(levels, float), unit)

    @property
    def edges(self) -> NDArray[np.float64]:
        """Breakpoints in seconds, shape (n + 1,)."""
        return self.edges_ns / NS

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return int(self.edges_ns[-1]) / NS

    @property
    def low(self) -> float:
        """Lowest level."""
        return float(self.levels.min())

    @property
    def high(self) -> float:
        """Highest level."""
        return float(self.levels.max())

    def __len__(self) -> int:
        return len(self.levels)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Steps):
            return NotImplemented
        return (
            self.unit == other.unit
            and np.array_equal(self.edges_ns, other.edges_ns)
            and np.array_equal(self.levels, other.levels)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside

    def at(self, times: ArrayLike) -> NDArray[np.float64]:
        """Levels at the given times (seconds); the first and last level extend beyond the ends."""
        index = np.searchsorted(self.edges_ns[1:-1], np.round(np.asarray(times, float) * NS), side="right")
        return self.levels[index]

    def __add__(self, other: "Steps") -> "Steps":
        """One after the other."""
        self._same_unit(other)
        edges = np.concatenate([self.edges_ns, self.edges_ns[-1] + other.edges_ns[1:]])
        return Steps(edges, np.concatenate([self.levels, other.levels]), self.unit)

    def repeat(self, times: int) -> "Steps":
        """Itself `times` times in a row."""
        if times < 1:
            raise ValueError("Steps.repeat: at least once")
        span = int(self.edges_ns[-1])
        edges = (self.edges_ns[None, :-1] + span * np.arange(times)[:, None]).ravel()
        return Steps(np.append(edges, span * times), np.tile(self.levels, times), self.unit)

    def overlay(self, other: "Steps", start_s: float = 0.0) -> "Steps":
        """Add `other` on top from `start_s` on; it must end within this command."""
        self._same_unit(other)
        start = to_ns(start_s)
        if start < 0 or start + other.edges_ns[-1] > self.edges_ns[-1]:
            raise ValueError("Steps.overlay: the second command does not lie within the first")
        edges = np.union1d(self.edges_ns, other.edges_ns + start)
        inside = (edges[:-1] >= start) & (edges[:-1] < start + other.edges_ns[-1])
        base = self.levels[np.searchsorted(self.edges_ns, edges[:-1], side="right") - 1]
        top = np.searchsorted(other.edges_ns, edges[:-1][inside] - start, side="right") - 1
        levels = base.copy()
        levels[inside] += other.levels[top]
        return Steps(edges, levels, self.unit).coalesced()

    def coalesced(self) -> "Steps":
        """The same command with equal neighbours joined."""
        keep = np.append(True, np.diff(self.levels) != 0)
        return Steps(np.append(self.edges_ns[:-1][keep], self.edges_ns[-1]), self.levels[keep], self.unit)

    def _same_unit(self, other: "Steps") -> None:
        if self.unit != other.unit:
            raise ValueError(f"Steps: cannot join a command in {self.unit} with one in {other.unit}")
