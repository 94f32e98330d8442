"""A `Program` as the bytes that the Arduino current source plays (hardware/firmware/PROTOCOL.md, section 6), and back.

`encode` finds a tick that fits every duration, turns levels into converter codes and keeps the program's loops and
ramps; what is too long is rolled up into loops. `played` unrolls the segments again, so that what is reported as played
is what was sent.
"""

import binascii
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import Hold, LimitError, Loop, PlanError, Program, Ramp, Steps, show

FULL_SCALE = {"FULL": 250e-6, "QUARTER": 62.5e-6}
"""Amperes of code 4096, with the range jumper open and closed."""

STEPS = 4096
TOP = 4095
DEFAULT_TICK = 100
TICKS = range(50, 10_001)  # microseconds
MOST_SEGMENTS = 96
MOST_TICKS = 4_294_967_295
_HOLD, _RAMP, _LOOP, _FROM = 0x4000_0000, 0x8000_0000, 0x1000_0000, 0x2000_0000
_MOST_COUNT = 1 << 17  # ticks of a HOLD, levels of a RAMP
_MOST_STEP = 1 << 15  # ticks of one level of a RAMP
_MOST_TIMES = 65_535
_DEEPEST = 4
_LONGEST_BODY = 48  # levels in a loop that is looked for in a flat program


@dataclass(frozen=True)
class Encoded:
    """Bytes for one channel. `tick` in microseconds, `words` the segments without END of block and CRC."""

    words: tuple[int, ...]
    tick: int
    full_scale: float

    @cached_property
    def data(self) -> bytes:
        """The segments as sent, without their CRC."""
        return np.array(self.words, "<u4").tobytes()

    @property
    def payload(self) -> bytes:
        """The payload of the block: segments, then CRC-16 (section 5)."""
        return self.data + self.crc.to_bytes(2, "little")

    @property
    def crc(self) -> int:
        """CRC-16 of the segments."""
        return binascii.crc_hqx(self.data, 0xFFFF)

    @cached_property
    def steps(self) -> Steps:
        """What will be played: quantised levels (A) on exact ticks."""
        return played(self.words, self.tick, self.full_scale)

    @property
    def ticks(self) -> int:
        """Length with loops played out."""
        return int(self.steps.edges_ns[-1]) // (self.tick * 1000)


def code_of(level: float, full_scale: float) -> int:
    """The signed code nearest to a level (A), halves away from zero. Raises LimitError beyond the converter."""
    code = int(math.copysign(math.floor(abs(level) * STEPS / full_scale + 0.5), level))
    if abs(code) > TOP:
        raise LimitError(
            f"{show(level, 'A')} is beyond the source's range of {show(-TOP * full_scale / STEPS, 'A')} .. "
            f"{show(TOP * full_scale / STEPS, 'A')}."
        )
    return code


def encode(programs: Sequence[Program], full_scales: Sequence[float]) -> list[Encoded]:
    """Encode the programs that will play together, on one tick.

    Raises LimitError for a level beyond the range, PlanError (with what would fit) for a duration that no tick divides
    or a program that is too long.
    """
    if not all(p.ns > 0 for p in programs):
        raise PlanError("The program is empty.")
    refusal: PlanError | None = None
    for tick in _possible_ticks(programs):
        try:
            return [Encoded(tuple(_words(p, tick, fs)), tick, fs) for p, fs in zip(programs, full_scales, strict=True)]
        except PlanError as reason:
            refusal = refusal or reason
    assert refusal is not None
    raise refusal


# Ticks.


def _possible_ticks(programs: Iterable[Program]) -> list[int]:
    """Ticks (us) that divide every duration: the default, and the longest, which needs the fewest segments."""
    durations = {ns for p in programs for ns in _durations(p.segments)}
    common = math.gcd(*durations)
    ticks = [t for t in TICKS if common % (t * 1000) == 0]
    if not ticks:
        raise PlanError(_nearest_durations(durations))
    return [DEFAULT_TICK, ticks[-1]] if DEFAULT_TICK in ticks else [ticks[-1]]


def _durations(segments: Iterable[Hold | Ramp | Loop]) -> Iterator[int]:
    for s in segments:
        match s:
            case Hold(_, ns):
                yield ns
            case Ramp(_, _, _, step_ns):
                yield step_ns
            case Loop(_, body):
                yield from _durations(body)


def _nearest_durations(durations: Iterable[int]) -> str:
    grid = TICKS[0] * 1000
    odd = sorted(ns for ns in durations if ns % grid)
    said = []
    for ns in odd[:3]:
        near = {max(ns // grid, 1) * grid, (ns // grid + 1) * grid}
        said.append(f"{show(ns * 1e-9, 's', 9)} (nearest: {' or '.join(show(n * 1e-9, 's', 9) for n in sorted(near))})")
    return (
        "No tick of the source (50 us to 10 ms, whole microseconds) divides every duration of the program. "
        f"Not a multiple of {show(grid * 1e-9, 's')}: {', '.join(said)}{' and others' if len(odd) > 3 else ''}."
    )


# Segments to words.


def _words(program: Program, tick: int, full_scale: float) -> list[int]:
    total = program.ns // (tick * 1000)
    if total > MOST_TICKS:
        raise PlanError(f"The program takes {total} ticks of {tick} us, the source counts to {MOST_TICKS}.")
    words = list(_encoded(program.segments, tick * 1000, full_scale, 0))
    if len(words) > MOST_SEGMENTS or _depth(words) > _DEEPEST:
        codes, ticks = _flat(words)
        words = list(_rolled(list(zip(codes.tolist(), ticks.tolist(), strict=True)), 0))
    if len(words) > MOST_SEGMENTS:
        raise PlanError(
            f"The program needs {len(words)} segments, the source holds {MOST_SEGMENTS}. Use ramps with fewer levels, "
            "pulses of equal length and height (they become a loop), or several shorter sweeps."
        )
    return words


def _encoded(segments: Sequence[Hold | Ramp | Loop], tick_ns: int, full_scale: float, depth: int) -> Iterator[int]:
    for s in segments:
        match s:
            case Hold(level, ns):
                yield from _hold(code_of(level, full_scale), ns // tick_ns, depth)
            case Ramp(start, stop, count, step_ns):
                yield from _ramp(
                    code_of(start, full_scale), code_of(stop, full_scale), count, step_ns // tick_ns, depth
                )
            case Loop(times, body):
                inner = list(_encoded(body, tick_ns, full_scale, depth + 1))
                yield from _looped(times, inner)


def _hold(code: int, ticks: int, depth: int) -> Iterator[int]:
    whole, rest = divmod(ticks, _MOST_COUNT)
    longest = _HOLD | (_MOST_COUNT - 1) << 13 | code & 0x1FFF
    if whole > 3 and depth < _DEEPEST:
        yield from _looped(whole, [longest])
    else:
        yield from [longest] * whole
    if rest:
        yield _HOLD | (rest - 1) << 13 | code & 0x1FFF


def _ramp(start: int, stop: int, count: int, step: int, depth: int) -> Iterator[int]:
    if count <= _MOST_COUNT and step <= _MOST_STEP:
        yield _FROM | (step - 1) << 13 | start & 0x1FFF
        yield _RAMP | (count - 1) << 13 | stop & 0x1FFF
    else:
        for code in _ramp_codes(start, stop, count).tolist():
            yield from _hold(code, step, depth)


def _ramp_codes(start: int, stop: int, count: int) -> NDArray[np.int64]:
    """Codes of a RAMP (section 6): the line at the middle of each step, in whole numbers, halves away from `start`."""
    k = np.arange(count, dtype=np.int64)
    away = (abs(stop - start) * (2 * k + 1) + count) // (2 * count)
    return start + (away if stop >= start else -away)


def _looped(times: int, body: list[int]) -> Iterator[int]:
    whole, rest = divmod(times, _MOST_TIMES)
    if whole:
        yield from (
            [_LOOP | _MOST_TIMES, *body, 0] if whole == 1 else [_LOOP | whole, _LOOP | _MOST_TIMES, *body, 0, 0]
        )
    if rest:
        yield from [_LOOP | rest, *body, 0]


def _depth(words: Iterable[int]) -> int:
    deepest = depth = 0
    for w in words:
        depth += (w >> 28 == 1) - (w == 0)
        deepest = max(deepest, depth)
    return deepest


def _rolled(levels: list[tuple[int, int]], depth: int) -> Iterator[int]:
    """Levels as segments, repeated stretches as loops: at each place the stretch that saves most."""
    place = 0
    while place < len(levels):
        length, times = _repetition(levels, place) if depth < _DEEPEST else (1, 1)
        body = levels[place : place + length]
        if times > 1:
            yield from _looped(times, list(_rolled(body, depth + 1)))
        else:
            yield from _hold(*body[0], depth)
        place += length * times


def _repetition(levels: list[tuple[int, int]], place: int) -> tuple[int, int]:
    best, found = 2, (1, 1)  # a loop costs two segments of its own
    for length in range(1, min(_LONGEST_BODY, (len(levels) - place) // 2) + 1):
        body = levels[place : place + length]
        times = 1
        while levels[place + times * length : place + (times + 1) * length] == body:
            times += 1
        if (saved := length * (times - 1)) > best:
            best, found = saved, (length, times)
    return found


# Words to steps.


def played(words: Sequence[int], tick: int, full_scale: float) -> Steps:
    """What the source plays for these segments: levels in A on whole ticks (us)."""
    codes, ticks = _flat(words)
    edges = np.concatenate([[0], np.cumsum(ticks)]) * (tick * 1000)
    return Steps(edges, codes * full_scale / STEPS, "A").coalesced()


def _flat(words: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Codes and their ticks with every loop played out, neighbours with the same code joined."""
    stack: list[tuple[int, list[NDArray[np.int64]]]] = [(1, [])]
    start, step = 0, 1
    for w in words:
        code = ((w & 0x1FFF) ^ 0x1000) - 0x1000
        count = (w >> 13 & 0x1FFFF) + 1
        if w >> 30 == 1:
            stack[-1][1].append(np.array([[code], [count]]))
        elif w >> 30 == 2:
            levels = _ramp_codes(start, code, count)
            stack[-1][1].append(np.stack([levels, np.full(count, step)]))
        elif w >> 28 == 2:
            start, step = code, (w >> 13 & 0x7FFF) + 1
        elif w >> 28 == 1:
            stack.append((w & 0xFFFF, []))
        else:
            times, body = stack.pop()
            stack[-1][1].append(np.tile(np.concatenate(body, axis=1), times))
    codes, ticks = np.concatenate(stack[0][1], axis=1)
    first = np.flatnonzero(np.append(True, np.diff(codes) != 0))
    return codes[first], np.add.reduceat(ticks, first)
