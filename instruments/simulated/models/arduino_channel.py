"""One channel of the Arduino source: converter codes, calibration, range jumper, and what it plays.

From `hardware/firmware/PROTOCOL.md`, sections 1, 6, 7 and 12.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby, islice
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import Steps

from .arduino_lines import Refused
from .arduino_program import MAX_CODE, Run, SegmentProgram

if TYPE_CHECKING:
    from ..world import Event, World

FULL_SCALE_NA = {"FULL": 250_000, "QUARTER": 62_500}
CHUNK = 4096
"""Runs handed to the output at a time: a program of hours is never unrolled as a whole."""


class CurrentOutput(Protocol):
    """What the world gives a source to deliver current with. `stuck`: its OE line stays high, whatever drives it."""

    stuck: bool

    def drive(self, amperes: float) -> None:
        """From now on; cancels what was queued."""
        ...

    def play(self, steps: Steps, start: float) -> None:
        """Queue a command; its last level stays."""
        ...

    def voltage(self) -> float:
        """Volts at the terminal now."""
        ...

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """Volts at the terminal at ``t0 + k dt``, none of them to come; shape (n,)."""
        ...


class LogicOutput(Protocol):
    """What the world gives a source as SYNC OUT."""

    def drive(self, high: bool) -> None:
        """From now on; cancels edges to come."""
        ...

    def play(self, edge_times: NDArray[np.float64], start_level: bool) -> None:
        """Be at a level and toggle at absolute times."""
        ...


@dataclass(frozen=True)
class Clock:
    """The tick clock of one start: `t0` in the world's seconds, `us` microseconds a tick."""

    t0: float
    us: int

    def time(self, tick: int) -> float:
        """When tick number `tick` begins."""
        return self.t0 + tick * self.us * 1e-6


@dataclass
class Correction:
    """What calibration does to one leg's codes: gain in 1/65536, offset in 1/256 step."""

    gain: int = 0
    offset: int = 0

    def __call__(self, magnitude: int) -> int:
        """The converter's code for a nominal one; may be beyond the converter."""
        if not magnitude:
            return 0
        return max(0, magnitude * (65536 + self.gain) + 256 * self.offset + 32768 >> 16)


@dataclass
class Channel:
    """Converters, OE and program of one channel. Codes are nominal; `amperes` is what really flows."""

    output: CurrentOutput
    legs: dict[str, Correction] = field(default_factory=lambda: {"SOUR": Correction(), "SINK": Correction()})
    range: str = "FULL"
    enabled: bool = False
    level: int = 0
    tick_us: int = 100
    program: SegmentProgram | None = None
    playback: "Playback | None" = None

    @property
    def full_scale(self) -> int:
        """4096 steps in nA."""
        return FULL_SCALE_NA[self.range]

    def code(self, nanoamperes: int) -> int:
        """The nominal code nearest to a current. Raises Refused(-222) beyond the range."""
        code = (abs(nanoamperes) * 4096 + self.full_scale // 2) // self.full_scale
        self.check(code if nanoamperes > 0 else -code)
        return code if nanoamperes > 0 else -code

    def nanoamperes(self, code: int) -> int:
        """Nominal current of a code, rounded to nA."""
        magnitude = (abs(code) * self.full_scale + 2048) // 4096
        return magnitude if code > 0 else -magnitude

    def corrected(self, code: int) -> int:
        """The signed code that the converter of the driven leg gets."""
        return self.legs["SOUR"](code) if code >= 0 else -self.legs["SINK"](-code)

    def amperes(self, code: int) -> float:
        """What flows for a nominal code."""
        return self.corrected(code) * self.full_scale / 4096 * 1e-9

    def check(self, code: int) -> None:
        """Raise Refused(-222) for a code that is, or that calibration moves, beyond the converter."""
        if abs(code) > MAX_CODE or abs(self.corrected(code)) > MAX_CODE:
            raise Refused(-222)

    def read_jumper(self, found: str) -> bool:
        """Take the range as found; codes chosen for another range are dropped. Whether it was moved."""
        if found == self.range:
            return False
        self.range, self.program = found, None
        self.set_level(0)
        return True

    def set_level(self, code: int) -> None:
        """Hold a level; it flows if the output is on."""
        self.level = code
        if self.enabled:
            self.output.drive(self.amperes(code))

    def switch(self, on: bool) -> None:
        """Drive OE. Switched on, the set level flows; switched off, the set level is 0 and nothing flows."""
        if on:
            self.enabled = True
            self.set_level(self.level)
        else:
            self.set_level(0)
            self.enabled = self.enabled and self.output.stuck

    def start(self, world: "World", clock: Clock) -> None:
        """Play the program on `clock`."""
        assert self.program is not None
        runs = self.program.runs(self.level)
        self.playback = Playback(world, clock, self.output, runs=runs, before=self.level, amperes=self.amperes)

    def finish(self, now: float) -> None:
        """The program is over: its last level is the set level."""
        if self.playback is not None:
            self.level, self.playback = self.playback.code(now), None

    def cancel(self) -> None:
        """Stop playing and go to 0."""
        if self.playback is not None:
            self.playback.stop()
            self.playback = None
        self.set_level(0)

    def code_now(self, now: float) -> int:
        """The nominal code that is on the converters."""
        return self.level if self.playback is None else self.playback.code(now)

    def codes(self, times: NDArray[np.float64]) -> NDArray[np.int64]:
        """The converter's codes at these times, since the last command or event; shape (n,)."""
        if self.playback is None:
            return np.full(len(times), self.corrected(self.level))
        nominal, which = np.unique(self.playback.codes(times), return_inverse=True)
        return np.array([self.corrected(int(code)) for code in nominal])[which]


class Playback:
    """Feeds a program to an output, a chunk of runs at a time."""

    def __init__(
        self,
        world: "World",
        clock: Clock,
        output: CurrentOutput,
        *,
        runs: Iterator[Run],
        before: int,
        amperes: Callable[[int], float],
    ) -> None:
        self._world, self._clock, self._output, self._runs, self._amperes = world, clock, output, runs, amperes
        self._starts: list[int] = [-1]  # ticks, of the last two chunks
        self._codes: list[int] = [before]
        self._recent = 0
        self._stop = 0
        self._event: Event | None = None
        self._feed()

    def _feed(self) -> None:
        runs = list(islice(self._runs, CHUNK))
        if not runs:
            return
        begin = self._stop
        edges = begin + np.cumsum([0, *(run.ticks for run in runs)], dtype=np.int64)
        levels = np.array([self._amperes(run.code) for run in runs])
        self._output.play(Steps((edges - begin) * (self._clock.us * 1000), levels), self._clock.time(begin))
        del self._starts[: self._recent], self._codes[: self._recent]
        self._recent = len(self._starts)
        self._starts += edges[:-1].tolist()
        self._codes += [run.code for run in runs]
        self._stop = int(edges[-1])
        if len(runs) == CHUNK:  # fed again when the last run of this chunk begins
            self._event = self._world.at(self._clock.time(self._starts[-1]), self._feed)

    def code(self, now: float) -> int:
        """The code at time `now`, not before the last chunk was fed."""
        return int(self.codes(np.array([now]))[0])

    def codes(self, times: NDArray[np.float64]) -> NDArray[np.int64]:
        """The codes at several times; shape (n,)."""
        ticks = (times - self._clock.t0) / (self._clock.us * 1e-6) + 1e-6  # an edge that is due counts as done
        index = np.searchsorted(self._starts, ticks, side="right") - 1
        return np.array(self._codes)[np.maximum(0, index)]

    def stop(self) -> None:
        """Feed no more."""
        if self._event is not None:
            self._event.cancel()


class Pulses:
    """Feeds one-tick pulses to SYNC OUT; `ticks` are (tick, whether high), rising and bounded work for each."""

    def __init__(self, world: "World", clock: Clock, sync: LogicOutput, ticks: Iterable[tuple[int, bool]]) -> None:
        self._world, self._clock, self._sync = world, clock, sync
        self._ticks = iter(ticks)
        self._event: Event | None = None
        self._feed(first=True)

    def _feed(self, first: bool = False) -> None:
        ticks = list(islice(self._ticks, CHUNK))
        if not ticks:
            self._sync.drive(False)
            return
        toggles: list[int] = []
        for tick, high in ticks:
            if high and toggles and toggles[-1] == tick:
                toggles[-1] = tick + 1
            elif high:
                toggles += [tick, tick + 1]
        # A pulse that begins where the last chunk ended joins that chunk's last one.
        joined = not first and bool(toggles) and self._clock.time(toggles[0]) <= self._world.now
        edges = toggles[1:] if joined else toggles
        self._sync.play(np.array([self._clock.time(tick) for tick in edges]), joined)
        self._event = self._world.at(self._clock.time(ticks[-1][0] + 1), self._feed)

    def stop(self) -> None:
        """Feed no more and go low."""
        if self._event is not None:
            self._event.cancel()
        self._sync.drive(False)


def marked_ticks(runs: Iterator[Run]) -> Iterator[tuple[int, bool]]:
    """The first tick of each run, and whether it carries a MARK; tick 0 always does."""
    tick = 0
    for run in runs:
        yield tick, run.mark or tick == 0
        tick += run.ticks


def either(*sources: Iterator[tuple[int, bool]]) -> Iterator[tuple[int, bool]]:
    """Ticks of several channels merged; high where any is."""
    for tick, group in groupby(merge(*sources), key=lambda item: item[0]):
        yield tick, any(high for _, high in group)
