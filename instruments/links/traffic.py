"""`TrafficLog`: what went over a link, in a file that a person can read and that `ReplayLink` can play back.

JSON lines, only ever appended. What is sent is handed to the system before it goes out, and with it what had come until
then: when the program dies, at most the last answer is missing.

    {"traffic": 1, "resource": "tcp://192.168.1.10:5555", "marks_end": false}
    {"t": 1763650000.123456, ">": "*IDN?\\n"}
    {"t": 1763650000.124789, "<": "RIGOL TECHNOLOGIES,DS1104Z,DS1ZA0000,00.04.04\\n"}
    {"t": 1763650000.130001, "<": "IzkwMDAwMDAwMTAA", "base64": true}

``t`` is the time (s, Unix); ``>`` sent, ``<`` received, ``|`` the interface marked the end of a message, ``!`` why a
transaction failed. Bytes that are no ASCII stand in base64. Pieces are recorded as they came: a block is as many lines.
"""

import binascii
import json
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from neurorig.signals import ConfigError

from .link import Direction, Link

if TYPE_CHECKING:
    from typing_extensions import Buffer

VERSION = 1
_SHORT = 256  # characters of a line, and lines, that may wait for the next one sent
_PIECE = 3 << 18  # bytes of a block that are turned into base64 at a time: whole groups of three


class TrafficLog:
    """A recorder for a link: ``link.recorder = log`` (`attach` does it and writes the head of the file first).

    Recording must not stand in the way of an experiment or of its safe end: when a line cannot be written (a full disk),
    the recording ends there and `trouble` says why. Raises ConfigError when the file cannot be opened.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.trouble = ""
        self._came: deque[str] = deque()  # lines that wait for the next one sent; several threads may send
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as reason:
            raise ConfigError(f"{self.path}: traffic cannot be recorded here ({reason.strerror}).") from reason

    def attach(self, link: Link) -> None:
        """Record `link` from here on, behind a line that says whose traffic it is."""
        head = {"traffic": VERSION, "resource": link.resource, "marks_end": link.marks_end}
        self._write(json.dumps(head) + "\n")
        link.recorder = self

    def __call__(self, time: float, direction: Direction, data: "Buffer") -> None:
        """Append one piece of traffic. Never raises."""
        if isinstance(data, bytes) and data.isascii():
            line = f'{{"t":{time:.6f},"{direction}":{quoted(str(data, "ascii"))}}}\n'
            if direction == "<" and len(line) < _SHORT and len(self._came) < _SHORT:
                self._came.append(line)
            else:
                self._write(line)
            return
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            piece = str(binascii.b2a_base64(view[start : start + _PIECE], newline=False), "ascii")
            self._write(f'{{"t":{time:.6f},"{direction}":"{piece}","base64":true}}\n')

    def close(self) -> None:
        """End the recording; what comes later is not recorded."""
        if self._file >= 0:
            self._write("")
            os.close(self._file)
        self._file = -1

    def _write(self, line: str) -> None:
        """Write what waits, and `line`, at once: lines of several threads do not mix."""
        if self.trouble or self._file < 0:
            return
        while self._came:
            line = self._came.pop() + line
        data = line.encode()
        try:
            while data := data[os.write(self._file, data) :]:
                pass
        except OSError as reason:
            self.trouble = f"{self.path}: the record of the traffic ends here ({reason.strerror or reason})"


@dataclass(frozen=True, slots=True)
class Piece:
    """One line of a record: which (from 1), where it stands in the file, its direction."""

    line: int
    offset: int
    direction: Direction


class Transcript:
    """A record of traffic, opened: its pieces in order; `data` reads one of them from the file when it is needed.

    A last line that was cut off, as a crash leaves it, is left out. Raises ConfigError when the file is no record, naming
    the line.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            self._file: IO[bytes] = self.path.open("rb")
        except OSError as reason:
            raise ConfigError(f"{self.path}: cannot be read ({reason.strerror}).") from reason
        try:
            self.marks_end = False
            self.pieces = list(self._read())
        except BaseException:
            self._file.close()
            raise

    def _read(self) -> Iterator[Piece]:
        offset = 0
        for number, line in enumerate(self._file, 1):
            if not line.endswith(b"\n"):
                break
            where = f"{self.path}, line {number}"
            found = _object(line, where)
            if number == 1 or "traffic" in found:
                if found.get("traffic") != VERSION:
                    raise ConfigError(
                        f"{where}: this is no record of traffic that can be read here (version {VERSION})."
                    )
                self.marks_end = bool(found.get("marks_end"))
            else:
                direction = next((d for d in _DIRECTIONS if isinstance(found.get(d), str)), None)
                if direction is None:
                    raise ConfigError(f"{where}: says neither what was sent (>) nor what was received (<).")
                if _bytes(found, direction, where) or direction not in "<>":
                    yield Piece(number, offset, direction)
            offset += len(line)
        if not offset:
            raise ConfigError(f"{self.path}: is empty, no record of traffic.")

    def data(self, piece: Piece) -> bytes:
        """The bytes of a piece."""
        self._file.seek(piece.offset)
        where = self.where(piece)
        return _bytes(_object(self._file.readline(), where), piece.direction, where)

    def where(self, piece: Piece) -> str:
        """The piece's place, for a person."""
        return f"{self.path}, line {piece.line}"

    def close(self) -> None:
        """Close the file."""
        self._file.close()


_DIRECTIONS: tuple[Direction, ...] = (">", "<", "|", "!")


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as reason:
        raise ConfigError(f"{where}: is damaged ({reason}).") from reason
    if not isinstance(found, dict):
        raise ConfigError(f"{where}: is damaged (no JSON object).")
    return found


def _bytes(found: dict[str, Any], direction: Direction, where: str) -> bytes:
    text = found[direction]
    try:
        return binascii.a2b_base64(text, strict_mode=True) if found.get("base64") is True else text.encode("ascii")
    except ValueError as reason:  # also UnicodeError and binascii.Error
        raise ConfigError(f"{where}: its bytes cannot be read ({reason}).") from reason
