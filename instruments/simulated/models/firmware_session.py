"""A client's conversation with the current source's real firmware: what belongs to one request, and when it is answered."""

from typing import TYPE_CHECKING

from .arduino_lines import BLOCK_GAP, Framer

if TYPE_CHECKING:
    from .firmware_source import FirmwareSource


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
        if silence > BLOCK_GAP:
            self._cut_off()
        lines = [line for line in self._framer.feed(data) if not line.empty]
        self.messages += len(lines)
        for line in lines:
            self._heed(line.raw.upper().partition(b"*")[0].decode("latin-1").strip())
        answer = source.exchange(data, len(lines))
        if any(line.raw.upper().startswith(b"ADC:DATA?") for line in lines):
            source.emptied_stream((len(answer) - len(b"#3000......cc\n")) // 2)
        return hello + source.named(answer)

    def _heed(self, request: str) -> None:
        """The queries of a host that waits let the world go on."""
        header, _, parameter = request.partition(" ")
        if header == "STAT?":
            self._source.poll()
        elif header == "ADC:DATA?":
            self._source.fill_stream()
        elif header in ("ADC:SCAN", "ADC:SLOT") and parameter.isdecimal():
            self._source.scan[header] = int(parameter)

    def close(self) -> None:
        """The client has gone; a block cut off is an error as on the serial line."""
        self._cut_off()
        self._source.take_answers()

    def _cut_off(self) -> None:
        """Let a block that is not whole time out."""
        if self._framer.in_block:
            self._source.pass_time(BLOCK_GAP * 1.02)
            self._framer.cut_off()
