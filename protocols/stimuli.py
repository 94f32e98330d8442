"""Exact algebra of stimuli: small pieces (hold, pulse, ramp, train, noise) joined by `+`, `overlay` and `repeat`.

A stimulus is immutable, lies on whole nanoseconds, and knows its named epochs, so that the analysis finds the kick by
its name and not by its time. It is kept as a `Program`: repetition stays a loop, so a theta burst fits a small source.
Levels and times are SI floats or texts with a unit (``hold("44.7 uA", "1 s")``).
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from neurorig.signals import Hold, Loop, Program, Ramp, Steps, parse
from neurorig.signals.program import Segment
from neurorig.signals.steps import NS, to_ns


class Epoch(NamedTuple):
    """A named piece of a stimulus, seconds after its start; `seed` is the one its random levels were drawn with."""

    name: str
    start: float
    stop: float
    seed: int | None = None


@dataclass(frozen=True)
class _Mark:
    """An epoch on the nanosecond grid, so that joining stays exact."""

    name: str
    start: int
    stop: int
    seed: int | None = None

    def shifted(self, ns: int) -> "_Mark":
        return replace(self, start=self.start + ns, stop=self.stop + ns)


@dataclass(frozen=True)
class Stimulus:
    """A piecewise-constant command with named epochs. Build it with the functions of this module."""

    program: Program
    marks: tuple[_Mark, ...] = ()

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.program.duration

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """The named epochs in the order they were joined, in seconds."""
        return tuple(Epoch(m.name, m.start / NS, m.stop / NS, m.seed) for m in self.marks)

    def epoch(self, name: str) -> Epoch:
        """The first epoch of that name; KeyError if there is none."""
        for epoch in self.epochs:
            if epoch.name == name:
                return epoch
        raise KeyError(f"no epoch '{name}'; there are {[m.name for m in self.marks]}")

    def steps(self) -> Steps:
        """The exact command, unrolled."""
        return self.program.steps()

    def __add__(self, other: "Stimulus") -> "Stimulus":
        """One after the other; the epochs of the second move behind the first."""
        self._same_unit(other)
        program = Program(self.program.segments + other.program.segments, self.program.unit)
        return Stimulus(program, self.marks + tuple(m.shifted(self.program.ns) for m in other.marks))

    def repeat(self, times: int) -> "Stimulus":
        """Itself `times` times in a row, kept as a loop. ValueError below one."""
        if times < 1:
            raise ValueError("a stimulus is repeated at least once")
        if times == 1:
            return self
        span = self.program.ns
        marks = tuple(m.shifted(k * span) for k in range(times) for m in self.marks)
        return Stimulus(Program((Loop(times, self.program.segments),), self.program.unit), marks)

    def overlay(self, other: "Stimulus", start: float | str = 0.0) -> "Stimulus":
        """Add `other` on top from `start` (seconds) on. ValueError if it does not lie within this stimulus.

        Loops survive outside the overlap, and inside it wherever one of the two is constant.
        """
        self._same_unit(other)
        at = to_ns(_si(start, "s"))
        if at < 0 or at + other.program.ns > self.program.ns:
            raise ValueError("the stimulus laid on top must lie within the one below")
        before, rest = _cut(self.program.segments, at)
        under, after = _cut(rest, other.program.ns)
        joined = (*before, *_sum(under, other.program.segments), *after)
        marks = self.marks + tuple(m.shifted(at) for m in other.marks)
        return Stimulus(Program(joined, self.program.unit), tuple(sorted(marks, key=_order)))

    def _same_unit(self, other: "Stimulus") -> None:
        if self.program.unit != other.program.unit:
            raise ValueError(f"cannot join a stimulus in {self.program.unit} with one in {other.program.unit}")


def hold(level: float | str, duration: float | str, name: str = "hold") -> Stimulus:
    """A constant current."""
    return _named(name, Hold(_si(level, "A"), _ns(duration)))


def pulse(
    level: float | str,
    duration: float | str,
    *,
    base: float | str = 0.0,
    before: float | str = 0.0,
    after: float | str = 0.0,
    name: str = "pulse",
) -> Stimulus:
    """`level` for `duration`, with `base` for `before` and `after` around it; the epoch is the pulse itself."""
    stimulus = hold(level, duration, name)
    rest = Hold(_si(base, "A"), 0)
    lead, tail = to_ns(_si(before, "s")), to_ns(_si(after, "s"))
    if lead > 0:
        stimulus = Stimulus(Program((replace(rest, ns=lead),))) + stimulus
    if tail > 0:
        stimulus = stimulus + Stimulus(Program((replace(rest, ns=tail),)))
    return stimulus


def ramp(
    start: float | str, stop: float | str, duration: float | str, step: float | str = 1e-3, name: str = "ramp"
) -> Stimulus:
    """A staircase from `start` to `stop` of steps of at most `step` seconds, each at the level of its middle.

    The duration must divide into whole nanoseconds: ValueError otherwise, as the ramp would end at another time.
    """
    total = _ns(duration)
    count = max(1, -(-total // _ns(step)))
    if total % count:
        raise ValueError(f"a ramp of {total} ns does not divide into {count} equal steps; choose another step")
    return _named(name, Ramp(_si(start, "A"), _si(stop, "A"), count, total // count))


def train(
    level: float | str,
    width: float | str,
    period: float | str,
    count: int,
    *,
    base: float | str = 0.0,
    name: str = "train",
) -> Stimulus:
    """`count` pulses of `width`, one every `period`, on `base`; the last pulse is followed by its rest."""
    return _named(name, _pulses(level, width, period, count, base))


def burst_train(
    level: float | str,
    width: float | str,
    period: float | str,
    count: int,
    *,
    burst_period: float | str,
    bursts: int,
    base: float | str = 0.0,
    name: str = "bursts",
) -> Stimulus:
    """`bursts` trains of `count` pulses, one train every `burst_period` (theta burst: 4 pulses, 5 Hz)."""
    inner = _pulses(level, width, period, count, base)
    gap = _ns(burst_period) - count * _ns(period)
    if gap < 0:
        raise ValueError("a train is longer than the burst period")
    pause = (Hold(_si(base, "A"), gap),) if gap else ()
    return _named(name, Loop(_times(bursts), (inner, *pause)))


def noise(
    rms: float | str,
    duration: float | str,
    *,
    seed: int,
    step: float | str = 1e-3,
    mean: float | str = 0.0,
    name: str = "noise",
) -> Stimulus:
    """Gaussian levels, each held for `step` seconds (the last one shorter if need be); the seed stays in the epoch."""
    total, each = _ns(duration), _ns(step)
    lengths = [each] * (total // each) + ([total % each] if total % each else [])
    levels = _si(mean, "A") + _si(rms, "A") * np.random.default_rng(seed).standard_normal(len(lengths))
    return _named(name, *(Hold(float(v), n) for v, n in zip(levels, lengths, strict=True)), seed=seed)


def _named(name: str, *segments: Segment, seed: int | None = None) -> Stimulus:
    program = Program(segments)
    return Stimulus(program, (_Mark(name, 0, program.ns, seed),))


def _pulses(level: float | str, width: float | str, period: float | str, count: int, base: float | str) -> Loop:
    on, every = _ns(width), _ns(period)
    if on > every:
        raise ValueError("a pulse is wider than the period of its train")
    rest = (Hold(_si(base, "A"), every - on),) if every > on else ()
    return Loop(_times(count), (Hold(_si(level, "A"), on), *rest))


def _times(count: int) -> int:
    if count < 1:
        raise ValueError("a train has at least one pulse")
    return count


def _si(value: float | str, unit: str) -> float:
    return parse(value, unit) if isinstance(value, str) else float(value)


def _ns(duration: float | str) -> int:
    ns = to_ns(_si(duration, "s"))
    if ns < 1:
        raise ValueError(f"{duration!r}: a piece of a stimulus lasts at least 1 ns")
    return ns


def _order(mark: _Mark) -> tuple[int, int, str, int]:
    """Overlay is commutative: the epochs of both sides end in one order, whichever was below."""
    return mark.start, mark.stop, mark.name, mark.seed or 0


def _cut(segments: tuple[Segment, ...], at: int) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Split at `at` nanoseconds. Whole turns of a loop stay a loop; the turn that is cut is unrolled."""
    done = 0
    for k, segment in enumerate(segments):
        length = Program((segment,)).ns
        if done + length > at:
            head, tail = _cut_one(segment, at - done)
            return (*segments[:k], *head), (*tail, *segments[k + 1 :])
        done += length
    return segments, ()


def _cut_one(segment: Segment, at: int) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    if at == 0:
        return (), (segment,)
    match segment:
        case Hold(level, ns):
            return (Hold(level, at),), (Hold(level, ns - at),)
        case Ramp():
            return _cut(Program.of_steps(Program((segment,)).steps()).segments, at)
        case Loop(times, body):
            turns, inside = divmod(at, Program(body).ns)
            head, tail = _cut(body, inside) if inside else ((), body)
            left = times - turns - 1
            return (*_loop(turns, body), *head), (*tail, *_loop(left, body))


def _loop(times: int, body: tuple[Segment, ...]) -> tuple[Segment, ...]:
    return (Loop(times, body),) if times else ()


def _sum(one: tuple[Segment, ...], two: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """The sum of two equally long parts; structure is kept where one of them is constant."""
    for flat, other in ((one, two), (two, one)):
        if len(flat) == 1 and isinstance(flat[0], Hold):
            return tuple(_raised(s, flat[0].level) for s in other)
    return Program.of_steps(Program(one).steps().overlay(Program(two).steps())).segments


def _raised(segment: Segment, by: float) -> Segment:
    match segment:
        case Hold(level, _):
            return replace(segment, level=level + by)
        case Ramp(start, stop, _, _):
            return replace(segment, start=start + by, stop=stop + by)
        case Loop(_, body):
            return replace(segment, body=tuple(_raised(s, by) for s in body))
