"""The wire between the clients of one simulated instrument and the instrument: where answers get lost, late and spoilt.

It knows lines and bytes only, so the same faults befall every instrument, whatever it speaks.
"""

import math
import random
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from .device import Session

BETWEEN = 1e-3
"""Wall-clock seconds between two pieces of an answer that was split."""


class Piece(NamedTuple):
    """Bytes for a client, and how many wall-clock seconds they come after what was sent before them."""

    after: float
    data: bytes


class Watching(Protocol):
    """What follows the messages of an instrument: `Breakdowns`."""

    def message_comes(self, wire: "Wire") -> None:
        """The first bytes of a message are here; nothing has been done yet."""
        ...

    def message_done(self, wire: "Wire", count: int) -> None:
        """So many messages were done."""
        ...

    def spoil(self, wire: "Wire", answer: bytes) -> list[Piece]:
        """What arrives of an answer."""
        ...


class Wire:
    """One instrument's wire. While nobody watches it, it costs nothing: see `faulty`.

    `hang_up` has one call for each port that the instrument is served on: it ends every connection there, and takes no new
    one while the wire is `down`.
    """

    def __init__(self, name: str, seed: int = 0) -> None:
        self.name, self.random = name, random.Random(seed)
        self.watching: Watching | None = None
        self.hang_up: list[Callable[[], None]] = []
        self._down_until = 0.0
        self._breaks = 0
        self._fresh = True  # no line is half here

    @property
    def faulty(self) -> bool:
        """Whether something is wrong or may go wrong."""
        return self.watching is not None or self._down_until > 0.0

    @property
    def down(self) -> bool:
        """Whether nothing gets through."""
        if self._down_until > 0.0 and time.monotonic() >= self._down_until:
            self._down_until = 0.0
        return self._down_until > 0.0

    def cut(self, seconds: float) -> None:
        """End every connection, and let nothing through for so long (0: a new connection is taken at once)."""
        self._breaks += 1
        self._down_until = max(self._down_until, time.monotonic() + seconds) if seconds else self._down_until
        for end in self.hang_up:
            end()

    def mend(self) -> None:
        """Let everything through again."""
        self._down_until = 0.0

    def carry(self, session: "Session", data: bytes, receive: Callable[["Session", bytes], bytes]) -> list[Piece]:
        """Hand what has arrived to the instrument, line by line; what goes back, and when. What is cut off is lost."""
        pieces: list[Piece] = []
        for line in re.findall(rb"[^\n]*\n|[^\n]+", data):
            breaks, before = self._breaks, _done(session)
            if self.watching is not None and self._fresh and line.strip():
                self.watching.message_comes(self)
            if self._breaks != breaks or self.down:
                return []
            answer = receive(session, line)
            count = max(_done(session) - before, 1 if _counts_not(session) else 0)
            self._fresh = line.endswith(b"\n") or count > 0
            if (watching := self.watching) is None:
                pieces.append(Piece(0.0, answer))
                continue
            if answer:
                pieces += watching.spoil(self, answer)
            watching.message_done(self, count)
        return pieces


def _done(session: "Session") -> int:
    return int(getattr(session, "messages", 0))


def _counts_not(session: "Session") -> bool:
    """Without a count of its own, each piece that arrives is taken for a message."""
    return not hasattr(session, "messages")


def bend(kind: str, amount: float | None, answer: bytes, chance: random.Random) -> list[Piece]:
    """What becomes of an answer by a fault of this kind (`KINDS`, sort "answer")."""
    match kind:
        case "mute":
            return []
        case "late":
            return [Piece(amount or 0.0, answer)]
        case "split":
            size = max(1, math.ceil(len(answer) / max(1.0, amount or 1.0)))
            cuts = range(0, len(answer), size)
            return [Piece(BETWEEN if first else 0.0, answer[first : first + size]) for first in cuts]
        case "cut":
            return [Piece(0.0, answer[: len(answer) // 2 if amount is None else int(amount)])]
        case "garbled":
            spoilt = bytearray(answer)
            # The line's end is left alone: an answer without one is what "cut" is for.
            body = max(1, len(answer) - 1)
            for place in chance.sample(range(body), min(body, max(1, round((amount or 0.0) * body)))):
                spoilt[place] ^= 0x80
            return [Piece(0.0, bytes(spoilt))]
    raise AssertionError(kind)
