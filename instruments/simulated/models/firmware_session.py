"""A client's conversation with the current source's real firmware: what belongs to one request, and when it is answered."""

from typing import TYPE_CHECKING

from ..world import POLL
from .arduino_lines import BLOCK_GAP, Framer, Line

if TYPE_CHECKING:
    from .firmware_source import FirmwareSource

POLLS = {"STAT?": POLL, "ADC:DATA?": 10e-3}
"""Queries of a host that waits, and how far the world goes on for each (s)."""


def complete(data: bytes) -> tuple[list[bytes], bytes]:
    """The complete answers, lines and blocks, at the beginning of what has come, and the rest."""
    answers = []
    while (end := _end(data)) is not None:
        answers.append(data[:end])
        data = data[end:]
    return answers, data


def _end(data: bytes) -> int | None:
    """Where the first answer ends."""
    if not data.startswith(b"#"):
        return data.find(b"\n") + 1 or None
    digits = int(data[1:2]) if data[1:2].isdigit() else 0
    if len(data) < 2 + digits:
        return None
    end = 2 + digits + int(data[2 : 2 + digits] or b"0") + 1
    return end if len(data) >= end else None


class FirmwareSession:
    """One client of the source: it knows which of its lines are to be answered; the program knows the answers."""

    only_watches = False

    def __init__(self, source: "FirmwareSource") -> None:
        self._source, self._framer, self.messages = source, Framer(), 0
        self._greeted, self._last = source.restarts, source.clock()

    def receive(self, data: bytes) -> bytes:
        """Send it to the source; the answers in order. What comes during the boot delay is lost."""
        source, now = self._source, self._source.clock()
        silence, self._last = now - self._last, now
        hello = b""
        if self._greeted != source.restarts:
            self._framer = Framer()
            if source.world.now < source.ready_at:  # the next try comes half a second later
                source.pass_time(source.ready_at - source.world.now)
                return b""
            hello, self._greeted = source.wait_for_hello(), source.restarts
        cut = self._framer.in_block and silence > BLOCK_GAP
        if cut:
            source.pass_time(BLOCK_GAP * 1.02)
            self._framer.cut_off()
        lines = [line for line in self._framer.feed(data) if not line.empty]
        self.messages += len(lines)
        return hello + source.named(source.exchange(data, len(lines) + cut, most=_patience(lines)))

    def close(self) -> None:
        """The client has gone; a block cut off is an error as on the serial line."""
        if self._framer.in_block:
            self._source.pass_time(BLOCK_GAP * 1.02)
            self._framer.cut_off()


def _patience(lines: list[Line]) -> float | None:
    """How long a poll among these lines may take; None if there is none."""
    words = (line.raw.upper().partition(b"*")[0].split(b" ")[0].decode("latin-1") for line in lines)
    return min((POLLS[word] for word in words if word in POLLS), default=None)
