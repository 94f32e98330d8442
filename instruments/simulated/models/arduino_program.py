"""The Arduino source's segment programs: checked, counted, and played out run by run without ever unrolling the whole.

From `hardware/firmware/PROTOCOL.md`, section 6.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from .arduino_lines import Refused, crc16

MAX_CODE = 4095
MAX_SEGMENTS = 96
MAX_DEPTH = 4
MAX_TICKS = 2**32 - 1


class Kind(Enum):
    """What a segment is."""

    HOLD = "HOLD"
    RAMP = "RAMP"
    END = "END"
    LOOP = "LOOP"
    FROM = "FROM"
    MARK = "MARK"


@dataclass(frozen=True)
class Segment:
    """One decoded word; `count` is ticks, levels, repeats or step, as its kind asks."""

    kind: Kind
    code: int = 0
    count: int = 0


@dataclass(frozen=True)
class Run:
    """A code played for some ticks; `mark`: a MARK stands before it."""

    code: int
    ticks: int
    mark: bool


@dataclass(frozen=True)
class SegmentProgram:
    """A program that has passed every check. `ticks` is its length with loops played out, `crc` that of its bytes."""

    segments: tuple[Segment, ...]
    ticks: int
    crc: int

    def codes(self) -> set[int]:
        """The codes that bound everything played: a ramp stays between its ends."""
        return {s.code for s in self.segments if s.kind in (Kind.HOLD, Kind.RAMP, Kind.FROM)}

    def runs(self, start: int) -> Iterator[Run]:
        """What is played, in order; `start` is the code before the first tick."""
        aim, begin, step, mark = start, None, 1, False
        loops: list[list[int]] = []  # [index of the first segment inside, repeats still to come]
        index = 0
        while index < len(self.segments):
            s = self.segments[index]
            index += 1
            match s.kind:
                case Kind.HOLD:
                    yield Run(s.code, s.count, mark)
                    aim, mark = s.code, False
                case Kind.FROM:
                    begin, step = s.code, s.count
                case Kind.RAMP:
                    first = aim if begin is None else begin
                    for k in range(s.count):
                        yield Run(ramp_code(first, s.code, k, s.count), step, mark)
                        mark = False
                    aim, begin, step = s.code, None, 1
                case Kind.MARK:
                    mark = True
                case Kind.LOOP:
                    loops.append([index, s.count - 1])
                case Kind.END:
                    if loops[-1][1]:
                        loops[-1][1] -= 1
                        index = loops[-1][0]
                    else:
                        loops.pop()


def ramp_code(first: int, last: int, k: int, count: int) -> int:
    """Level k of a ramp: the line's value at the middle of the step, halves rounded away from `first`."""
    span = abs(last - first)
    moved = (span * (2 * k + 1) + count) // (2 * count)
    return first + (moved if last > first else -moved)


def decode(payload: bytes) -> SegmentProgram:
    """Read and check a program. Raises Refused (-223 too long, -161 anything malformed)."""
    if len(payload) > 4 * MAX_SEGMENTS:
        raise Refused(-223)
    if len(payload) % 4:
        raise Refused(-161)
    words = [int.from_bytes(payload[i : i + 4], "little") for i in range(0, len(payload), 4)]
    segments = tuple(_segment(word) for word in words)
    ticks = _length(segments)
    if ticks > MAX_TICKS:
        raise Refused(-223)
    return SegmentProgram(segments, ticks, crc16(payload))


def _segment(word: int) -> Segment:
    match word >> 30, word >> 28 & 0b11:
        case 0b01, _:
            return Segment(Kind.HOLD, _code(word), (word >> 13 & 0x1FFFF) + 1)
        case 0b10, _:
            return Segment(Kind.RAMP, _code(word), (word >> 13 & 0x1FFFF) + 1)
        case 0b00, 0b10:
            return Segment(Kind.FROM, _code(word), (word >> 13 & 0x7FFF) + 1)
        case 0b00, 0b01 if 0 < word & 0x0FFFFFFF <= 0xFFFF:
            return Segment(Kind.LOOP, count=word & 0xFFFF)
        case 0b00, 0b00 if word == 0:
            return Segment(Kind.END)
        case 0b00, 0b11 if word == 0x30000000:
            return Segment(Kind.MARK)
    raise Refused(-161)


def _code(word: int) -> int:
    """The word's low 13 bits, two's complement. Raises Refused(-161) for -4096."""
    code = (word & 0x1FFF) - ((word & 0x1000) << 1)
    if code < -MAX_CODE:
        raise Refused(-161)
    return code


def _length(segments: tuple[Segment, ...]) -> int:
    """Ticks with loops played out. Raises Refused(-161) on any wrong order of segments."""
    totals, repeats = [0], [1]
    step: int | None = None  # of a FROM that waits for its RAMP
    for s in segments:
        if step is not None and s.kind is not Kind.RAMP:
            raise Refused(-161)
        match s.kind:
            case Kind.HOLD:
                totals[-1] += s.count
            case Kind.RAMP:
                totals[-1] += s.count * (step or 1)
                step = None
            case Kind.FROM:
                step = s.count
            case Kind.LOOP:
                totals.append(0)
                repeats.append(s.count)
                if len(totals) > MAX_DEPTH + 1:
                    raise Refused(-161)
            case Kind.END:
                if len(totals) == 1 or not totals[-1]:
                    raise Refused(-161)
                inner = totals.pop() * repeats.pop()
                totals[-1] += inner
    if len(totals) > 1 or step is not None or not totals[0]:
        raise Refused(-161)
    return totals[0]
