"""`Program`: a command as nested segments (hold, ramp, loop), the form that a source with little memory can play.

A program unrolls to exactly one `Steps`; a source encodes the program, everything else works on the steps.
"""

from dataclasses import dataclass

import numpy as np

from .steps import NS, Steps


@dataclass(frozen=True)
class Hold:
    """A constant level (SI) for a whole number of nanoseconds."""

    level: float
    ns: int


@dataclass(frozen=True)
class Ramp:
    """A staircase from `start` towards `stop` (SI): `count` steps of `step_ns`; step k has the level at its middle."""

    start: float
    stop: float
    count: int
    step_ns: int


@dataclass(frozen=True)
class Loop:
    """A body played `times` times."""

    times: int
    body: tuple["Segment", ...]


Segment = Hold | Ramp | Loop


@dataclass(frozen=True)
class Program:
    """Segments in the order they are played; `unit` is the SI unit of every level."""

    segments: tuple[Segment, ...]
    unit: str = "A"

    def steps(self) -> Steps:
        """Unroll to the exact piecewise-constant command."""
        lengths, levels = _unroll(self.segments)
        return Steps(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), levels, self.unit).coalesced()

    @property
    def ns(self) -> int:
        """Length in nanoseconds, without unrolling."""
        return _length(self.segments)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.ns / NS

    def converted(self, factor: float, offset: float, unit: str) -> "Program":
        """The same program in another quantity: every level becomes ``level * factor + offset``."""
        return Program(_converted(self.segments, factor, offset), unit)

    @classmethod
    def of_steps(cls, steps: Steps) -> "Program":
        """The plain program of holds that plays `steps`."""
        lengths = np.diff(steps.edges_ns)
        return cls(tuple(Hold(float(v), int(n)) for v, n in zip(steps.levels, lengths, strict=True)), steps.unit)


def _length(segments: tuple[Segment, ...]) -> int:
    total = 0
    for s in segments:
        match s:
            case Hold(_, ns):
                total += ns
            case Ramp(_, _, count, step_ns):
                total += count * step_ns
            case Loop(times, body):
                total += times * _length(body)
    return total


def _converted(segments: tuple[Segment, ...], factor: float, offset: float) -> tuple[Segment, ...]:
    found: list[Segment] = []
    for s in segments:
        match s:
            case Hold(level, ns):
                found.append(Hold(level * factor + offset, ns))
            case Ramp(start, stop, count, step_ns):
                found.append(Ramp(start * factor + offset, stop * factor + offset, count, step_ns))
            case Loop(times, body):
                found.append(Loop(times, _converted(body, factor, offset)))
    return tuple(found)


def _unroll(segments: tuple[Segment, ...]) -> tuple[np.ndarray, np.ndarray]:
    lengths: list[np.ndarray] = []
    levels: list[np.ndarray] = []
    for s in segments:
        match s:
            case Hold(level, ns):
                n, v = np.array([ns]), np.array([level])
            case Ramp(start, stop, count, step_ns):
                n = np.full(count, step_ns)
                v = start + (stop - start) * (np.arange(count) + 0.5) / count
            case Loop(times, body):
                n, v = (np.tile(x, times) for x in _unroll(body))
        lengths.append(n)
        levels.append(v)
    return np.concatenate(lengths), np.concatenate(levels)
