"""`ReplayLink`: a record of traffic that answers as the instrument did."""

from collections import defaultdict, deque
from itertools import islice
from pathlib import Path

from neurorig.signals import ConfigError, nearest

from .link import CLEARED, Link
from .traffic import Piece, Transcript
from .transport import TIMED_OUT


class ReplayLink(Link):
    """Plays a `TrafficLog` back (``replay:///folder/traffic.jsonl``), at once, without waiting.

    Strictly: what is sent must be what was sent then, in the same order, byte for byte; the first difference fails, and
    the error says what the record has in its place, and in which line. With `match_command` (``?match=command``) the order
    is free: each line sent gets the answer to the next of its kind in the record. Either way nothing is made up: what the
    record does not hold is an error, and what failed then fails now, with the same reason.

    Raises ConfigError when the file is no record of traffic, LinkError when it cannot be opened.
    """

    def __init__(
        self, path: Path | str, match_command: bool = False, *, resource: str = "", timeout: float = 2.0
    ) -> None:
        super().__init__(resource or f"replay://{path}{'?match=command' if match_command else ''}", timeout=timeout)
        self._path, self._match = Path(path), match_command
        self._connect()

    @property
    def left(self) -> int:
        """How many lines and blocks of the record have not been sent yet."""
        if self._match:
            return sum(map(len, self._kinds.values()))
        return sum(piece.direction == ">" for piece in self._script.pieces[self._at :])

    def _open(self, timeout: float) -> None:
        try:
            self._script = Transcript(self._path)
        except ConfigError as reason:
            raise OSError(str(reason)) from reason
        self.marks_end = self._script.marks_end
        self._at = 0  # the piece of the record that is next
        self._sent = 0  # bytes of it that have been sent already
        self._pending = memoryview(b"")
        self._kinds: dict[bytes, deque[int]] = defaultdict(deque)
        if self._match:
            for at, piece in enumerate(self._script.pieces):
                if piece.direction == ">":
                    self._kinds[self._script.data(piece)].append(at)

    def _shut(self) -> None:
        self._script.close()

    def _send(self, data: bytes, deadline: float) -> None:
        self._ended = False
        if self._match:
            self._find(data)
        else:
            self._follow(data)

    def _clear(self, deadline: float) -> bool:
        """As it was then."""
        for piece in islice(self._script.pieces, self._at, None):
            if piece.direction == ">":
                break
            if piece.direction == "!" and self._script.data(piece) == CLEARED.encode():
                return True
        return False

    def _find(self, data: bytes) -> None:
        """Go to the next of this kind."""
        if data not in self._kinds:
            if data.strip():  # else a line end that only makes sure that a line is over
                known = nearest(_shown(data), {_shown(kind) for kind in self._kinds})
                raise ConnectionError(f"{self._path} has no {_shown(data)!r}.{known}")
            self._at = len(self._script.pieces)
        elif not self._kinds[data]:
            raise ConnectionError(f"{self._path} has {_shown(data)!r} less often than it was sent now")
        else:
            self._at = self._kinds[data].popleft() + 1
        self._pending = memoryview(b"")

    def _follow(self, data: bytes) -> None:
        """Check what is sent against the record; what came before it and was not read is still to be read."""
        pieces, sent = self._script.pieces, memoryview(data)
        unread = [bytes(self._pending)]
        while sent:
            while self._at < len(pieces) and (piece := pieces[self._at]).direction != ">":
                if piece.direction == "<":
                    unread.append(self._script.data(piece))
                self._at += 1
            if self._at == len(pieces):
                raise ConnectionError(f"{self._path} ends before {_shown(data)!r}")
            recorded = self._script.data(piece)[self._sent :]
            common = min(len(recorded), len(sent))
            if recorded[:common] != sent[:common]:
                raise ConnectionError(
                    f"{self._script.where(piece)}: the record goes on with {_shown(recorded)!r}, not with {_shown(data)!r}"
                )
            sent = sent[common:]
            self._sent += common
            if common == len(recorded):
                self._at, self._sent = self._at + 1, 0
        self._pending = memoryview(b"".join(unread))

    def _receive(self, deadline: float, want: int = 0) -> bytes:
        if not self._pending:
            self._pending = memoryview(self._script.data(self._answer()))
        data, self._pending = self._pending[: want or None], self._pending[want or len(self._pending) :]
        pieces = self._script.pieces
        if not self._pending and self._at < len(pieces) and pieces[self._at].direction == "|":
            self._ended = True
            self._at += 1
        return bytes(data)

    def _answer(self) -> Piece:
        """The next piece that was received. OSError where the record has none."""
        pieces = self._script.pieces
        if self._at == len(pieces):
            raise TimeoutError(f"the record has no more of this answer; {self._path} ends there")
        piece = pieces[self._at]
        if piece.direction == "!":
            reason = str(self._script.data(piece), "latin-1")
            raise (
                TimeoutError()
                if reason == TIMED_OUT
                else ConnectionError(f"{reason}, as recorded in line {piece.line}")
            )
        if piece.direction != "<":
            raise TimeoutError(f"the record has no more of this answer; see {self._script.where(piece)}")
        self._at += 1
        return piece


def _shown(data: bytes) -> str:
    return str(data[:80], "latin-1").strip()
