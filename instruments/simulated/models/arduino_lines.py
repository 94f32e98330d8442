"""Framing of the Arduino source's byte stream: lines with an optional CRC-8, and binary blocks inside a line.

From `hardware/firmware/PROTOCOL.md`, sections 2 and 5.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

LINE_LIMIT = 63
"""Characters before the LF."""
BLOCK_GAP = 0.25
"""Seconds of silence after which a block in transfer is given up."""

TEXTS = {
    0: "No error",
    -101: "Invalid character",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -114: "Header suffix out of range",
    -161: "Invalid block data",
    -203: "Command protected",
    -211: "Trigger ignored",
    -213: "Init ignored",
    -221: "Settings conflict",
    -222: "Data out of range",
    -223: "Too much data",
    -224: "Illegal parameter value",
    -313: "Calibration memory lost",
    -350: "Queue overflow",
    -360: "Communication error",
    -363: "Input buffer overrun",
    -365: "Time out error",
    1: "Watchdog tripped",
    2: "Tick overrun",
}


class Refused(Exception):  # noqa: N818  (an answer, not a fault)
    """A request is not executed; `number` is the error the source answers and queues."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def error_text(number: int) -> str:
    """``-222,"Data out of range"``."""
    return f'{number},"{TEXTS.get(number, "Hardware error")}"'


def crc8(data: bytes) -> int:
    """CRC-8, polynomial 0x07, initial value 0; 0xF4 for ``123456789``."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def crc16(data: bytes) -> int:
    """CRC-16/IBM-3740, 0x29B1 for ``123456789``."""
    return binascii.crc_hqx(data, 0xFFFF)


def block(payload: bytes) -> bytes:
    """The payload with its CRC-16, as ``#<d><len><payload><crc>``."""
    size = str(len(payload) + 2).encode()
    return b"#%d%s%s%s" % (len(size), size, payload, crc16(payload).to_bytes(2, "little"))


def checked_payload(data: bytes) -> bytes:
    """What a received block carries. Raises Refused (-161 too short, -360 wrong CRC)."""
    if len(data) < 2:
        raise Refused(-161)
    if crc16(data[:-2]) != int.from_bytes(data[-2:], "little"):
        raise Refused(-360)
    return data[:-2]


@dataclass(frozen=True)
class Line:
    """One complete line: its characters, and the block it ended with; or the error that spoiled it."""

    raw: bytes
    block: bytes | None = None
    spoiled: int = 0

    @cached_property
    def empty(self) -> bool:
        """Whether there is nothing to answer."""
        return not (self.raw.strip(b" ") or self.spoiled or self.block is not None)

    @cached_property
    def summed(self) -> bool:
        """Whether the line is whole and ends like one that carries a checksum, right or wrong."""
        return not self.spoiled and self.block is None and _SUMMED.search(self.raw.strip(b" ")) is not None

    def text(self) -> str:
        """The request without its checksum. Raises Refused (-101, -360, or what spoiled it)."""
        if self.spoiled:
            raise Refused(self.spoiled)
        raw = self.raw.strip(b" ")
        if any(not 0x20 <= byte <= 0x7E for byte in raw):
            raise Refused(-101)
        if self.summed:
            raw, digits = raw[:-3], raw[-2:]
            if crc8(raw) != int(digits, 16):
                raise Refused(-360)
        return raw.decode("ascii").rstrip(" ")


@lru_cache(maxsize=1024)
def _line(data: bytes) -> Line | None:
    """What these bytes are if they are one line without a block: most come again and again."""
    if data.find(b"\n") != len(data) - 1 or not data or b"#" in data:
        return None
    return Line(data[:-1].removesuffix(b"\r"))


_SUMMED = re.compile(rb".\*[0-9A-Fa-f]{2}$", re.DOTALL)
_BLOCK_COMMAND = re.compile(rb" *SOUR\d:WAV:DATA +$", re.IGNORECASE)


class Framer:
    """Cuts the byte stream into lines, whatever pieces it arrives in."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._text = bytearray()
        self._head: bytearray | None = None  # the digits after '#', once there was one
        self._block: bytearray | None = None
        self._missing = 0
        self._spoiled = 0

    @property
    def in_block(self) -> bool:
        """Whether a block has begun and its line has not ended: the time in which silence is limited."""
        return self._head is not None

    def cut_off(self) -> Line:
        """Give up the line in transfer."""
        self._clear()
        return Line(b"", spoiled=-365)

    def alone(self, data: bytes) -> Line | None:
        """The line, if nothing is half here and these bytes are plainly one whole line, as most are."""
        fresh = not self._text and self._head is None and not self._spoiled
        return _line(data) if fresh and len(data) <= LINE_LIMIT else None

    def feed(self, data: bytes) -> Iterator[Line]:
        """Take bytes, give the lines they complete."""
        for byte in data:
            if self._missing:
                assert self._block is not None
                self._block.append(byte)
                self._missing -= 1
            elif byte == 0x0A:
                yield self._complete()
                self._clear()
            elif self._spoiled:
                pass
            elif self._block is not None:
                self._after_block(byte)
            elif self._head is not None:
                self._block_header(byte)
            elif byte == 0x23 and _BLOCK_COMMAND.match(self._text):
                self._head = bytearray()
            elif len(self._text) < LINE_LIMIT:
                self._text.append(byte)
            else:
                self._spoiled = -363

    def _block_header(self, byte: int) -> None:
        head = self._head
        assert head is not None
        if byte not in (b"0123456789" if head else b"123"):
            self._spoiled = -161
            return
        head.append(byte)
        if len(head) == 1 + int(head[:1]):
            self._missing, self._block = int(head[1:]), bytearray()

    def _after_block(self, byte: int) -> None:
        if byte == 0x0D and self._text[-1:] != b"\r":
            self._text.append(byte)
        else:
            self._spoiled = -161

    def _complete(self) -> Line:
        if self._spoiled or (self._head is not None and self._block is None):
            return Line(bytes(self._text), spoiled=self._spoiled or -161)
        raw = bytes(self._text).removesuffix(b"\r")
        return Line(raw, None if self._block is None else bytes(self._block))
