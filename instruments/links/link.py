"""`Link`: one transaction at a time under one lock and one deadline, honest after a failure.

A transport (`SocketLink`, `SerialLink`, `VisaLink`) only moves bytes. Everything that decides what an answer belongs to
is here: after any failed transaction the link is *dirty*, and before the next one it throws away what still arrives and
asks sentinel questions until it knows that the answers are its own again. Nothing is ever sent twice, except the lines
of a safe state.
"""

import contextlib
import itertools
import math
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn, Self

from neurorig.signals import LinkError

if TYPE_CHECKING:
    from typing_extensions import Buffer

Recorder = Callable[[float, Literal["<", ">"], bytes], None]
Progress = Callable[[int, int], None]

_LINE_FEED = 10
_LINE_ENDS = (b"\n", b"\r\n")
_SAFE_SEND = 0.5  # seconds for one line of a safe state: it must not wait for an instrument that reads nothing
_SAFE_LOCK = 0.2  # seconds to wait for a transaction of another thread before going ahead regardless
_SAFE_PAUSE = 0.3  # seconds that an empty line of a safe state stands for


@dataclass(frozen=True)
class Resync:
    """How an instrument is brought back into step after a failed transaction.

    A line feed ends a line that was cut off; what arrives within `settle` seconds is thrown away; then each question is
    asked and lines are skipped until one matches its pattern. `questions(k)` gives them for the k-th time.
    """

    questions: Callable[[int], Sequence[tuple[str, str]]]
    settle: float = 0.0


def _event_status_enable(k: int) -> Sequence[tuple[str, str]]:
    """Write two numbers into the event status enable register and ask for each (IEEE 488.2, 10.10 and 10.11).

    No service requests are used here, so the register is free. A late answer may look like one of the numbers, then the
    second question still finds its own; numbers change from time to time because these answers may be late, too.
    """
    values = (2 * k % 254 + 1, 2 * k % 254 + 2)
    return [(f"*ESE {v}\n*ESE?", str(v)) for v in values]


SCPI = Resync(_event_status_enable)


class Link(ABC):
    """A conversation with one instrument in lines that end in a line feed, and IEEE 488.2 definite blocks.

    `timeout` (seconds) is the deadline of a whole transaction. `resync` is how to get back into step; the driver of an
    instrument that is not SCPI sets its own. `recorder(time, direction, data)`, if set, sees every byte: ``">"`` sent,
    ``"<"`` received.

    Every method may be called from any thread. Raises LinkError with what had arrived in `partial`.
    """

    def __init__(self, resource: str, *, timeout: float = 2.0) -> None:
        self.resource = resource
        self.timeout = timeout
        self.resync = SCPI
        self.recorder: Recorder | None = None
        self.last_used = time.monotonic()
        self._lock = threading.RLock()
        self._dirty = False  # a transaction has begun and has not ended well
        self._unread = False  # safe lines were sent whose answers nobody has read
        self._surplus = b""  # bytes that came after the answer to the last query
        self._resyncs = itertools.count()

    @property
    def midway(self) -> bool:
        """Whether a transaction has begun and not ended well: half a line or half a block may have been sent."""
        return self._dirty

    # What a transport does. `deadline` is a time.monotonic() value.

    @abstractmethod
    def _open(self, timeout: float) -> None:
        """Open or reopen. Raises OSError."""

    @abstractmethod
    def _send(self, data: bytes, deadline: float) -> None:
        """Send all of `data`. Raises TimeoutError at the deadline, OSError when the connection is gone."""

    @abstractmethod
    def _receive(self, deadline: float, want: int = 0) -> bytes:
        """Give at least one byte of what comes: never more than `want`, the number still missing; 0 means one line."""

    @abstractmethod
    def _shut(self) -> None:
        """Close; never raises."""

    def _alive(self) -> bool:
        """Whether the other end still holds the connection, as far as can be told without sending."""
        return True

    def _receive_into(self, view: memoryview, deadline: float) -> int:
        """Receive into `view`, give how many bytes came."""
        data = self._receive(deadline, len(view))
        view[: len(data)] = data
        return len(data)

    # Transactions.

    def write(self, line: str, block: "Buffer | None" = None, timeout: float | None = None) -> None:
        """Send one line that has no answer; `block` is sent after it as a definite block."""
        with self._lock:
            deadline = self._begin(timeout)
            try:
                self._transmit(line.encode() + b"\n" if block is None else _with_block(line, block), deadline)
            except BaseException as reason:
                self._fail(reason, line, timeout)
            self._dirty = False

    def query(self, line: str, block: "Buffer | None" = None, timeout: float | None = None) -> str:
        """Send one line (and a definite block) and give its answer, one line without its end."""
        with self._lock:
            deadline = self._begin(timeout)
            data = b""
            try:
                self._transmit(line.encode() + b"\n" if block is None else _with_block(line, block), deadline)
                data = self._more(deadline)
                while data[-1] != _LINE_FEED and _LINE_FEED not in data:
                    data += self._more(deadline)
            except BaseException as reason:
                self._fail(reason, line, timeout, data)
            if self.recorder is not None:
                self.recorder(time.time(), "<", data)
            answer, _, self._surplus = data.partition(b"\n")
            self._dirty = False
            return str(answer.rstrip(b"\r"), "latin-1")

    def query_block(
        self, line: str, *, into: "Buffer | None" = None, progress: Progress | None = None, timeout: float | None = None
    ) -> memoryview:
        """Send one line and give the payload of the definite block that answers it (IEEE 488.2, 8.7.9).

        `into`: a writable buffer that must be exactly as long as the payload (a slice of a numpy array, say); without
        it the payload comes in a buffer of its own. `progress(received, total)` is called as bytes arrive; what it
        raises ends the transaction.
        """
        with self._lock:
            deadline = self._begin(timeout)
            head = b""
            payload = memoryview(b"")
            filled = 0
            try:
                self._transmit(line.encode() + b"\n", deadline)
                while (header := _block_header(head)) is None:
                    head += self._more(deadline)
                start, length = header
                payload = memoryview(bytearray(length)) if into is None else memoryview(into).cast("B")
                if len(payload) != length:
                    raise ValueError(f"the block holds {length} bytes, {len(payload)} were expected")
                filled = min(len(head) - start, length)
                payload[:filled] = head[start : start + filled]
                while filled < length:
                    _check(deadline)
                    filled += self._receive_into(payload[filled:], deadline)
                    if progress is not None:
                        progress(filled, length)
                end = head[start + length :]
                while _LINE_FEED not in end:
                    end += self._more(deadline, 1)
                if end not in _LINE_ENDS:
                    raise ValueError(f"the block of {length} bytes is followed by {end[:20]!r}, not by a line end")
            except BaseException as reason:
                self._fail(reason, line, timeout, bytes(payload[:filled]) or head)
            if self.recorder is not None:
                self.recorder(time.time(), "<", b"".join((head[:start], payload, end)))
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
                    # A line that was cut off is ended first, so that it cannot swallow this one.
                    self._send_safely(b"\n" + line.encode() + b"\n")
                except Exception as reason:
                    failed.append(f"'{line}' ({reason})")
        finally:
            if locked:
                self._lock.release()
        if failed:
            raise LinkError(f"{self.resource}: could not send {', '.join(failed)}.")

    def close(self) -> None:
        """Close the connection; may be called twice."""
        with contextlib.suppress(Exception):  # an instrument that is gone cannot be closed properly
            self._shut()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Parts.

    def _connect(self) -> None:
        try:
            self._open(self.timeout)
        except (OSError, ValueError) as reason:
            raise LinkError(
                f"{self.resource}: cannot be opened ({_why(reason)}). Check that the instrument is on and connected, "
                "that the address is right and that no other program uses it."
            ) from reason

    def _begin(self, timeout: float | None) -> float:
        """Start of a transaction: its deadline, on a link that is known to be in step."""
        self.last_used = now = time.monotonic()
        deadline = now + (self.timeout if timeout is None else timeout)
        if self._dirty or self._unread or self._surplus:
            self._resynchronise(deadline)
        self._dirty = True
        return deadline

    def _transmit(self, data: bytes, deadline: float) -> None:
        if self.recorder is not None:
            self.recorder(time.time(), ">", data)
        self._send(data, deadline)

    def _more(self, deadline: float, want: int = 0) -> bytes:
        """What comes next. TimeoutError at the deadline, also when there is always something that comes."""
        _check(deadline)
        return self._receive(deadline, want)

    def _send_safely(self, data: bytes) -> None:
        try:
            if not self._alive():  # a first line to a connection that was closed is accepted and lost
                raise ConnectionError
            self._transmit(data, time.monotonic() + _SAFE_SEND)
        except OSError:
            self._shut()
            self._open(_SAFE_SEND)
            self._transmit(data, time.monotonic() + _SAFE_SEND)

    def _resynchronise(self, deadline: float) -> None:
        """Get into step as `resync` says. Raises LinkError; the link stays dirty then."""
        broken = self._dirty  # else only answers that nobody has read are to be skipped
        self._dirty, self._surplus = True, b""
        data = b""
        try:
            self._transmit(b"\n", deadline)
            if broken and self.resync.settle:
                self._discard(self.resync.settle)
            for question, pattern in self.resync.questions(next(self._resyncs)):
                self._transmit(question.encode() + b"\n", deadline)
                answer = None
                while answer is None or not re.fullmatch(pattern, answer):
                    while _LINE_FEED not in data:
                        data += self._more(deadline)
                    line, _, data = data.partition(b"\n")
                    answer = str(line, "latin-1").strip()
        except Exception as reason:
            raise LinkError(
                f"{self.resource}: out of step after an earlier failure, and it does not come back ({_why(reason)}). "
                "Check the cable and that the instrument is on, then connect again.",
                data,
            ) from reason
        self._unread = False

    def _discard(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            while time.monotonic() < end:
                self._receive(end)

    def _fail(self, reason: BaseException, line: str, timeout: float | None, partial: bytes = b"") -> NoReturn:
        """Say what happened; what is no fault of the link (Ctrl-C, a cancel) passes unchanged. The link stays dirty."""
        if not isinstance(reason, OSError | ValueError):
            raise reason
        limit = self.timeout if timeout is None else timeout
        had = f"; {len(partial)} bytes had arrived: {partial[:40]!r}" if partial else ""
        raise LinkError(
            f"{self.resource}: '{line}' failed ({_why(reason)}; deadline {limit:g} s{had}).", partial
        ) from reason


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError


def _block_header(head: bytes) -> tuple[int, int] | None:
    """Where the payload starts and how long it is; None while too little has arrived. ValueError if it is no block."""
    if not head:
        return None
    if head[:1] != b"#" or head[1:2] not in b"123456789":
        raise ValueError(f"a block was expected, the answer starts with {head[:20]!r}")
    start = 2 + int(head[1:2] or b"9")
    return (start, int(head[2:start])) if len(head) >= start else None


def _with_block(line: str, block: "Buffer") -> bytes:
    payload = bytes(block)
    size = str(len(payload)).encode()
    return b"%s #%d%s%s\n" % (line.encode(), len(size), size, payload)


def _why(reason: BaseException) -> str:
    return "no answer in time" if isinstance(reason, TimeoutError) else str(reason) or type(reason).__name__


class KeepAlive:
    """Calls `ask(link)` whenever the link has been silent for `interval` seconds, to feed an instrument's watchdog.

    After `patience` seconds in which nobody else has spoken it stops: the program hangs, and the watchdog is for that.
    A failure is left to the next transaction, which finds the link dirty.
    """

    def __init__(
        self, link: Link, ask: Callable[[Link], object], interval: float, patience: float = math.inf
    ) -> None:  # fmt: skip
        self._link, self._ask, self._interval, self._patience = link, ask, interval, patience
        self._stop = threading.Event()
        threading.Thread(target=self._run, name=f"keep-alive {link.resource}", daemon=True).start()

    def _run(self) -> None:
        spoken = own = self._link.last_used
        while True:
            silent = time.monotonic() - self._link.last_used
            if self._stop.wait(max(self._interval - silent, 0.01)):
                return
            used = self._link.last_used
            if used != own:
                spoken = used
            if time.monotonic() - spoken > self._patience:
                return
            if time.monotonic() - used >= self._interval:
                with contextlib.suppress(LinkError):
                    self._ask(self._link)
                own = self._link.last_used

    def stop(self) -> None:
        """End the thread, without waiting for a ping that is under way."""
        self._stop.set()
