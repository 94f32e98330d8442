"""`Link`: one transaction at a time under one lock and one deadline, honest after a failure.

A transport (`SocketLink`, `SerialLink`, `VisaLink`, `ReplayLink`) only moves bytes. Everything that decides what an
answer belongs to is here: after any failed transaction the link is *dirty*, and before the next one it clears the device
where the interface can, throws away what still arrives and asks sentinel questions until it knows that the answers are
its own again. Nothing is ever sent twice, except the lines of a safe state.
"""

import contextlib
import itertools
import mmap
import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, NoReturn, Self

from neurorig.signals import InstrumentError, LinkError

from .blocks import LINE_ENDS, block_header, with_block
from .framing import LINES
from .resync import SCPI
from .transport import Transport, why

if TYPE_CHECKING:
    from typing_extensions import Buffer

Direction = Literal[">", "<", "|", "!"]
Recorder = Callable[[float, Direction, "Buffer"], None]
Progress = Callable[[int, int], None]

CLEARED = "device clear"
_LINE_FEED = 10
_SENTINEL = 4096  # bytes without a line end that are kept while a sentinel is looked for; its answer is much shorter
_LARGE = 1 << 20  # bytes of a block beyond which it gets pages of its own
_SAFE_SEND = 0.5  # seconds for one line of a safe state: it must not wait for an instrument that reads nothing
_SAFE_LOCK = 0.2  # seconds to wait for a transaction of another thread before going ahead regardless
_SAFE_PAUSE = 0.3  # seconds that an empty line of a safe state stands for


class Link(Transport):
    """A conversation with one instrument in lines that end in a line feed, and IEEE 488.2 blocks.

    `timeout` (seconds) is the deadline of a whole transaction. `framing`: another end of lines than a line feed, and how a
    line without a question is acknowledged, for instruments that do so. What the driver of a particular instrument may set:
    `resync`, how to get back into step; `block_end`, what its manual says that follows a block (a line end; ``b""``: nothing,
    or it is not known); `longest`, the most bytes that one answer may have; `check_identity`, what raises unless the
    same instrument still answers: it is called on a link that had to be opened again, before anything else is asked.

    `recorder(time, direction, data)`, if set, sees every byte as it comes and goes: ``">"`` sent, ``"<"`` received, ``"|"``
    where the interface marked the end of a message, ``"!"`` with the reason why a transaction failed. It must not raise,
    nor keep `data`, whose memory is used again.

    Every method may be called from any thread. Raises LinkError with what had arrived in `partial`.
    """

    def __init__(self, resource: str, *, timeout: float = 2.0) -> None:
        super().__init__()
        self.resource = resource
        self.timeout = timeout
        self.framing = LINES
        self.resync = SCPI
        self.block_end = b"\n"
        self.longest = 1 << 28
        self.check_identity: Callable[[], object] | None = None
        self.recorder: Recorder | None = None
        self.last_used = time.monotonic()
        self._lock = threading.RLock()
        self._dirty = False  # a transaction has begun and has not ended well
        self._unread = False  # something may still come that belongs to no question
        self._reopened = False  # who answers on the new connection is not known yet
        self._surplus: bytes | bytearray = b""  # bytes that came after the answer to the last query
        self._resyncs = itertools.count()
        self._skipped = 0  # bytes that the last resynchronisation threw away

    @property
    def midway(self) -> bool:
        """Whether a transaction has begun and not ended well: half a line or half a block may have been sent."""
        return self._dirty

    @property
    def in_step(self) -> bool:
        """Whether the next transaction begins at once: the last one ended well, and nothing may come that nobody asked for."""
        return not (self._dirty or self._unread or self._surplus)

    # Transactions.

    def write(self, line: str, block: "Buffer | None" = None, timeout: float | None = None) -> None:
        """Send one line that has no answer; `block` is sent after it as a definite block.

        Where the framing says that every line is answered, InstrumentError if it is by anything but the acknowledgement.
        """
        if self.framing.acknowledged and block is None:
            if (said := self.query(line, timeout=timeout)) != self.framing.acknowledged:
                raise InstrumentError(
                    f"{self.resource}: '{said}' is no answer to {line}: '{self.framing.acknowledged}' was expected."
                )
            return
        with self._lock:
            deadline = self._begin(timeout)
            try:
                self._transmit(self._line(line) if block is None else with_block(line, block), deadline)
            except BaseException as reason:
                self._fail(reason, line, timeout)
            self._dirty = False

    def query(self, line: str, block: "Buffer | None" = None, timeout: float | None = None) -> str:
        """Send one line (and a definite block) and give its answer, one line without its end."""
        with self._lock:
            deadline = self._begin(timeout)
            data: bytes | bytearray = b""
            try:
                self._transmit(self._line(line) if block is None else with_block(line, block), deadline)
                data = self._more(deadline)
                if not data.endswith(self.framing.end) and self.framing.end not in data:
                    data = bytearray(data)
                    self._complete(data, deadline)
            except BaseException as reason:
                self._fail(reason, line, timeout, data)
            answer, _, self._surplus = data.partition(self.framing.end)
            self._dirty = False
            return str(answer.rstrip(b"\r"), "latin-1")

    def query_block(
        self, line: str, *, into: "Buffer | None" = None, expect: int | None = None, progress: Progress | None = None,
        timeout: float | None = None, lead: bytes = b"",
    ) -> memoryview:  # fmt: skip
        """Send one line and give the payload of the block that answers it (IEEE 488.2, 8.7.9 and 8.7.10).

        `into`: a writable buffer that must be exactly as long as the payload (a slice of a numpy array, say); without
        it the payload comes in a buffer of its own. `expect`: how many bytes the payload must have. One of the two is
        needed for an indefinite block (``#0``) over a stream, where its end is not marked. `lead`: what the instrument
        says before the block.
        `progress(received, total)` is called as bytes arrive; what it raises ends the transaction.
        """
        with self._lock:
            deadline = self._begin(timeout)
            head: bytes | bytearray = b""
            payload = memoryview(b"")
            filled = 0
            try:
                self._transmit(self._line(line), deadline)
                head = self._more(deadline)
                while len(head) < len(lead):
                    head += self._more(deadline)
                if not head.startswith(lead):
                    raise ValueError(f"{lead!r} was expected before the block, it starts with {bytes(head[:20])!r}")
                head = head[len(lead) :]
                while (header := block_header(head)) is None:
                    head += self._more(deadline)
                start, length = header
                target = None if into is None else memoryview(into).cast("B")
                wanted = expect if target is None else len(target)
                if length is None:
                    head = bytearray(head)
                    length = self._length(head, wanted, deadline)
                if wanted is not None and wanted != length:
                    raise ValueError(f"the block holds {length} bytes, {wanted} were expected")
                if length > self.longest:
                    raise ValueError(f"the block says {length} bytes, more than the {self.longest} of an answer here")
                payload = _room(length) if target is None else target
                filled = min(len(head) - start, length)
                payload[:filled] = memoryview(head)[start : start + filled]
                tail = bytearray(0 if self.marks_end else len(self.block_end))
                while filled < length:
                    if progress is not None:
                        progress(filled, length)
                    filled += self._fill(payload[filled:], memoryview(tail), deadline)
                end = head[start + length :] or tail[: filled - length]
                if self.marks_end or not end == self.block_end == b"\n":  # else all is as usual
                    self._check_end(bytes(end), length, deadline)
                if progress is not None:
                    progress(length, length)
            except BaseException as reason:
                self._fail(reason, line, timeout, payload[:filled] if filled else head)
            self._dirty = False
            return payload

    def send_safe(self, lines: Iterable[str]) -> None:
        """Send the lines of a safe state, each on its own, also on a dirty, locked or broken link.

        Waits shortly for another thread's transaction, then goes ahead. A line that cannot be sent is tried once more
        over a new connection; an empty line is a pause of 0.3 s, for an instrument that may still wait for the rest of
        a block. Reads nothing. Raises LinkError only after the last line.
        """
        locked = self._lock.acquire(timeout=_SAFE_LOCK)
        failed = []
        try:
            for line in lines:
                self._unread = True
                if not line:
                    time.sleep(_SAFE_PAUSE)
                    continue
                try:
                    self._send_safely(self._blind(line))
                except Exception as reason:
                    failed.append(f"'{line}' ({reason})")
        finally:
            if locked:
                self._lock.release()
        if failed:
            raise LinkError(f"{self.resource}: could not send {', '.join(failed)}.")

    def reconnect(self) -> None:
        """Open a link that was dropped once more; it is used only if `check_identity` finds the same instrument there.

        For a driver that then makes its outputs safe and confirms it before anything else: what they did meanwhile is
        not known, and every setting may be lost. Raises LinkError, or what `check_identity` raises; the link is closed then.
        """
        with self._lock:
            if self.check_identity is None:
                raise LinkError(
                    f"{self.resource}: is not opened again, as nobody has said which instrument must answer."
                )
            self.close()
            self._dirty = self._reopened = True
            try:
                self._connect()
                self._begin(None)
            except BaseException:
                self.close()
                raise
            self._dirty = False

    def close(self) -> None:
        """Close the connection; may be called twice."""
        with contextlib.suppress(Exception):  # an instrument that is gone cannot be closed properly
            self._shut()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Parts.

    def _line(self, line: str) -> bytes:
        return line.encode() + self.framing.end

    def _connect(self) -> None:
        try:
            self._open(self.timeout)
        except (OSError, ValueError) as reason:
            raise LinkError(
                f"{self.resource}: cannot be opened ({why(reason)}). Check that the instrument is on and connected, "
                "that the address is right and that no other program uses it."
            ) from reason

    def _begin(self, timeout: float | None) -> float:
        """Start of a transaction: its deadline, on a link that is known to be in step."""
        self.last_used = now = time.monotonic()
        deadline = now + (self.timeout if timeout is None else timeout)
        if self._dirty or self._unread or self._surplus:
            self._resynchronise(deadline)
            if self._reopened and self.check_identity is not None:
                self._recognise(self.check_identity)
        self._dirty = True
        return deadline

    def _recognise(self, check: Callable[[], object]) -> None:
        self._dirty = self._reopened = False
        try:
            check()
        except BaseException:
            self._dirty = self._reopened = True
            raise

    def _transmit(self, data: bytes, deadline: float) -> None:
        if self.recorder is not None:
            self.recorder(time.time(), ">", data)
        self._send(data, deadline)

    def _more(self, deadline: float, want: int = 0) -> bytes:
        """What comes next. TimeoutError at the deadline, also when there is always something that comes."""
        _check(deadline)
        data = self._receive(deadline, want)
        if self.recorder is not None:
            self.recorder(time.time(), "<", data)
            self._record_end()
        return data

    def _fill(self, view: memoryview, tail: memoryview, deadline: float) -> int:
        """Receive into `view`, and beyond it into `tail`; how many bytes came."""
        if self._ended:
            raise ValueError(f"the message ended {len(view)} bytes before its block")
        _check(deadline)
        count = self._receive_into(view, tail, deadline)
        if self.recorder is not None:
            self.recorder(time.time(), "<", view[:count])
            if count > len(view):
                self.recorder(time.time(), "<", tail[: count - len(view)])
            self._record_end()
        return count

    def _record_end(self) -> None:
        if self._ended and self.recorder is not None:
            self.recorder(time.time(), "|", b"")

    def _remark(self, text: str) -> None:
        if self.recorder is not None:
            self.recorder(time.time(), "!", text.encode())

    def _complete(self, data: bytearray, deadline: float, *, line: bool = True) -> None:
        """Let `data` grow up to the end of a `line`, or of the message."""
        piece: bytes | bytearray = data
        while not self._ended and not (line and self.framing.end in piece):
            if len(data) > self.longest:
                raise ValueError(f"{len(data)} bytes came without an end")
            piece = self._more(deadline)
            data += piece

    def _length(self, head: bytearray, wanted: int | None, deadline: float) -> int:
        """How long an indefinite block is, once its end or the number of bytes to expect tells it."""
        if self.marks_end:
            self._complete(head, deadline, line=False)
            length = len(head) - 2
            return length - (length > 0 and head[-1] == _LINE_FEED and length != wanted)
        if wanted is None:
            raise ValueError(
                "the block does not say its length (#0), and a stream does not mark its end: say how many bytes to "
                "expect, or open the instrument through an interface that does (USB, GPIB, VXI-11, HiSLIP)"
            )
        return wanted

    def _check_end(self, end: bytes, length: int, deadline: float) -> None:
        """What follows the payload must be what the manual says; `end` is what came of it already."""
        if self.marks_end:
            while not self._ended and len(end) < 2:
                end += self._more(deadline)
            good = self._ended and end in (b"", *LINE_ENDS)
        elif self.block_end in LINE_ENDS:
            while _LINE_FEED not in end and len(end) < 2:
                end += self._more(deadline, 1)
            good = end in LINE_ENDS
        else:
            while len(end) < len(self.block_end):
                end += self._more(deadline, len(self.block_end) - len(end))
            good = end == self.block_end or end in LINE_ENDS
            self._unread = True  # should a line end follow after all, it is nobody's answer
        if not good:
            wanted = f"by {self.block_end!r}" if self.block_end not in LINE_ENDS else "by a line end"
            raise ValueError(f"the block of {length} bytes is followed by {end[:20]!r}, not {wanted}")

    def _blind(self, line: str) -> bytes:
        """How a line of a safe state is sent: one that was cut off is ended first, so that it cannot swallow this one."""
        return self._line("") + self._line(line)

    def _send_safely(self, data: bytes) -> None:
        try:
            if not self._alive():  # a first line to a connection that was closed is accepted and lost
                raise ConnectionError
            self._transmit(data, time.monotonic() + _SAFE_SEND)
        except OSError:
            self._shut()
            self._reopened = True
            self._open(_SAFE_SEND)
            self._transmit(data, time.monotonic() + _SAFE_SEND)

    def _resynchronise(self, deadline: float) -> None:
        """Get into step. Raises LinkError; the link stays dirty then."""
        broken = self._dirty  # else only answers that nobody has read are to be skipped
        self._dirty, self._surplus = True, b""
        self._skipped = 0
        try:
            self._get_into_step(broken, deadline)
        except Exception as reason:
            raise LinkError(
                f"{self.resource}: out of step after an earlier failure, and it does not come back ({why(reason)}; "
                f"{self._skipped} bytes were thrown away). Check the cable and that the instrument is on, then connect again."
            ) from reason
        self._unread = False

    def _get_into_step(self, broken: bool, deadline: float) -> None:
        """As `resync` says."""
        if broken and self._clear(deadline):
            self._remark(CLEARED)
        else:
            self._transmit(self._line(""), deadline)
        if broken and self.resync.settle:
            self._discard(self.resync.settle)
        questions = self.resync.questions(next(self._resyncs))  # none: nothing is known that it would answer
        for k, (question, pattern) in enumerate(questions, 1):
            self._transmit(self._line(question), deadline)
            # Behind what is left of a cut answer the first one's may stand, on the same line.
            self._skip_to(pattern if k == len(questions) else rf"(?s:.*)({pattern})", deadline)

    def _skip_to(self, pattern: str, deadline: float) -> None:
        """Skip lines until one matches."""
        rest, end = b"", self.framing.end
        while True:
            piece = self._more(deadline)
            *lines, rest = (rest + piece + (end if self._ended and not piece.endswith(end) else b"")).split(end)
            if any(re.fullmatch(pattern, str(line, "latin-1").strip()) for line in lines):
                return
            self._skipped += len(piece)
            if len(rest) > _SENTINEL:
                rest = b"\1" + rest[-_SENTINEL:]  # in front what no answer has: this is only a piece of a line

    def _discard(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            while time.monotonic() < end:
                self._more(end)

    def _fail(self, reason: BaseException, line: str, timeout: float | None, came: "Buffer" = b"") -> NoReturn:
        """Say what happened; what is no fault of the link (Ctrl-C, a cancel) passes unchanged. The link stays dirty."""
        self._remark(why(reason))
        if not isinstance(reason, OSError | ValueError):
            raise reason
        limit, partial = self.timeout if timeout is None else timeout, bytes(came)
        had = f"; {len(partial)} bytes had arrived: {partial[:40]!r}" if partial else ""
        raise LinkError(
            f"{self.resource}: '{line}' failed ({why(reason)}; deadline {limit:g} s{had}).", partial
        ) from reason


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError


def _room(length: int) -> memoryview:
    """A buffer for a payload; a large one takes memory only as it is filled: the length may be a garbled one."""
    return memoryview(bytearray(length)) if length <= _LARGE else memoryview(mmap.mmap(-1, length))
