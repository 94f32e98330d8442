"""Fair races on a shared machine: contenders take turns, and what counts is the ratio inside a round.

The speed of a shared machine changes from minute to minute, so times of one contender say little; the median over
rounds of (contender / limit), both measured within the same moment, is stable.
"""

import contextlib
import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Figure:
    """One printed line: a value with its unit, how it compares with a limit, and what it should be."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    """Times worse than the limit; 1 is at the limit, which has no target of its own."""
    target: str = ""
    met: bool | None = None


def at_most(name: str, value: float, unit: str, most: float) -> Figure:
    """A value that must not be larger."""
    return Figure(name, value, unit, None, f"<= {most:g} {unit}", value <= most)


def at_least(name: str, value: float, unit: str, least: float) -> Figure:
    """A value that must not be smaller."""
    return Figure(name, value, unit, None, f">= {least:g} {unit}", value >= least)


@dataclass(frozen=True)
class Contender:
    name: str
    go: Callable[[], float]
    most: float | None
    against: str


class Race:
    """Contenders whose `go` gives the seconds of one unit of work. The first added is the limit."""

    def __init__(self, title: str, unit: str, convert: Callable[[float], float], rounds: int = 9) -> None:
        self.title, self.unit, self.convert, self.rounds = title, unit, convert, rounds
        self.contenders: list[Contender] = []

    def add(self, name: str, go: Callable[[], float], most: float | None = None, against: str = "") -> None:
        """`most`: the largest ratio wanted to the contender `against`, to the limit if that is not given."""
        limit = self.contenders[0].name if self.contenders else name
        self.contenders.append(Contender(name, go, most, against or limit))

    def run(self) -> list[Figure]:
        """Take the rounds."""
        seconds: dict[str, list[float]] = {c.name: [] for c in self.contenders}
        for _ in range(self.rounds):
            for contender in self.contenders:
                gc.collect()
                seconds[contender.name].append(contender.go())
        return [self._figure(c, seconds) for c in self.contenders]

    def _figure(self, c: Contender, seconds: dict[str, list[float]]) -> Figure:
        name = f"{self.title}: {c.name}"
        value = self.convert(statistics.median(seconds[c.name]))
        if c is self.contenders[0]:
            return Figure(name, value, self.unit, 1.0)
        ratio = statistics.median(own / other for own, other in zip(seconds[c.name], seconds[c.against], strict=True))
        if c.most is None:
            return Figure(name, value, self.unit, ratio)
        return Figure(name, value, self.unit, ratio, f"<= {c.most:g} x {c.against}", ratio <= c.most)


def repeated(action: Callable[[], object], times: int) -> Callable[[], float]:
    """Seconds of one of `times` calls in a row; called once before, to have everything warm."""

    def go() -> float:
        start = time.perf_counter()
        for _ in range(times):
            action()
        return (time.perf_counter() - start) / times

    action()
    return go


def median_of(go: Callable[[], float], rounds: int) -> float:
    """Median of some rounds."""
    return statistics.median(go() for _ in range(rounds))


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep this process and those it starts on one core, where the system can.

    A wake-up on another core costs more than a whole query; without this the scheduler is what gets measured.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


class Helper:
    """A process of this folder, ``python -m benchmarks.servers KIND``; `address` is the line that it prints first."""

    def __init__(self, kind: str, own_session: bool = False) -> None:
        command = [sys.executable, "-m", "benchmarks.servers", kind]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=own_session
        )
        self.pid = self._process.pid
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError(f"the server '{kind}' did not start")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
