"""`Link`: one transaction at a time under one lock and one deadline, honest after a failure.

A transport (`SocketLink`, `SerialLink`, `VisaLink`) only moves bytes. Everything that decides what an answer belongs to
is here: after any failed transaction the link is *dirty*, and before the next one it throws away what still arrives and
asks sentinel questions until it knows that the answers are its own again. Nothing is ever sent twice, except the lines
of a safe state.
"""

import contextlib
import itertools
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, NoReturn, Self

from neurorig.signals import LinkError

if TYPE_CHECKING:
    from typing_extensions import Buffer

Recorder = Callable[[float, Literal["<", ">"], bytes], None]
Progress = Callable[[int, int], None]
Sentinel = Callable[[int], tuple[str, str]]
"""For the k-th call: lines that change nothing that matters and make the instrument answer exactly the second text."""

_LINE_FEED = 10
_SAFE_SEND = 0.5  # seconds for one line of a safe state: it must not wait for an instrument that reads nothing
_SAFE_LOCK = 0.2  # seconds to wait for a transaction of another thread before going ahead regardless


def scpi_sentinel(k: int) -> tuple[str, str]:
    """Write a number into the event status enable register and ask for it (IEEE 488.2, 10.10 and 10.11).

    No service requests are used here, so the register is free; every k gives another number from 1 to 255.
    """
    value = k % 255 + 1
    return f"*ESE {value}\n*ESE?", str(value)


class Link(ABC):
    """A conversation with one instrument in lines that end in a line feed, and IEEE 488.2 definite blocks.

    `timeout` (seconds) is the deadline of a whole transaction. `sentinel` is how to resynchronise; drivers of instruments
    that are not SCPI set their own. `recorder(time, direction, data)`, if set, sees every byte: ``">"`` sent, ``"<"`` received.

    Every method may be called from any thread. Raises LinkError with what had arrived in `partial`.
    """

    def __init__(self, resource: str, *, timeout: float = 2.0, sentinel: Sentinel = scpi_sentinel) -> None:
        self.resource = resource
        self.timeout = timeout
        self.sentinel = sentinel
        self.recorder: Recorder | None = None
        self.last_used = time.monotonic()
        self._lock = threading.RLock()
        self._dirty = False
        self._surplus = b""  # bytes that came after the answer to the last query
        self._sentinels = itertools.count()

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

    def _receive_into(self, view: memoryview, deadline: float) -> int:
        """Receive into `view`, give how many bytes came."""
        data = self._receive(deadline, len(view))
        view[: len(data)] = data
        return len(data)

    # Transactions.

    def write(self, line: str, timeout: float | None = None) -> None:
        """Send one line that has no answer."""
        with self._lock:
            deadline = self._begin(timeout)
            try:
                self._transmit(line.encode() + b"\n", deadline)
            except BaseException as reason:
                self._fail(reason, line, timeout)

    def query(self, line: str, timeout: float | None = None) -> str:
        """Send one line and give its answer, one line without its end."""
        with self._lock:
            deadline = self._begin(timeout)
            data = b""
            try:
                self._transmit(line.encode() + b"\n", deadline)
                data = self._receive(deadline)
                while data[-1] != _LINE_FEED and _LINE_FEED not in data:
                    data += self._receive(deadline)
            except BaseException as reason:
                self._fail(reason, line, timeout, data)
            if self.recorder is not None:
                self.recorder(time.time(), "<", data)
            answer, _, self._surplus = data.partition(b"\n")
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
            header = bytearray()
            payload = memoryview(b"")
            filled = 0
            try:
                self._transmit(line.encode() + b"\n", deadline)
                length = self._block_length(header, deadline)
                payload = memoryview(bytearray(length)) if into is None else memoryview(into).cast("B")
                if len(payload) != length:
                    raise ValueError(f"the block holds {length} bytes, {len(payload)} were expected")
                while filled < length:
                    filled += self._receive_into(payload[filled:], deadline)
                    if progress is not None:
                        progress(filled, length)
                while (end := self._receive(deadline, 1)) != b"\n":
                    if end != b"\r":
                        raise ValueError(f"the block of {length} bytes is followed by {end!r}, not by a line end")
            except BaseException as reason:
                self._fail(reason, line, timeout, bytes(payload[:filled]) or bytes(header))
            if self.recorder is not None:
                self.recorder(time.time(), "<", b"".join((header, payload, b"\n")))
            return payload

    def write_block(self, line: str, data: "Buffer", timeout: float | None = None) -> None:
        """Send `line`, a space and `data` as one definite block."""
        payload = bytes(data)
        size = str(len(payload)).encode()
        with self._lock:
            deadline = self._begin(timeout)
            try:
                self._transmit(b"%s #%d%s%s\n" % (line.encode(), len(size), size, payload), deadline)
            except BaseException as reason:
                self._fail(reason, line, timeout)

    def exchange(self, data: bytes, parse: Callable[[bytes], int], timeout: float | None = None) -> bytes:
        """Send bytes and give the bytes that answer, for protocols that are not lines.

        `parse(received)` says how many bytes the whole answer has, or 0 while that is not known yet.
        """
        with self._lock:
            deadline = self._begin(timeout)
            got = b""
            try:
                self._transmit(data, deadline)
                while not (length := parse(got)) or len(got) < length:
                    got += self._receive(deadline)
            except BaseException as reason:
                self._fail(reason, repr(data[:20]), timeout, got)
            if self.recorder is not None:
                self.recorder(time.time(), "<", got)
            self._surplus = got[length:]
            return got[:length]

    def send_safe(self, lines: Iterable[str]) -> None:
        """Send the lines of a safe state, each on its own, also on a dirty, locked or broken link.

        Waits shortly for another thread's transaction, then goes ahead. A line that cannot be sent is tried once more
        over a new connection. Reads nothing: the link is dirty afterwards. Raises LinkError only after the last line.
        """
        locked = self._lock.acquire(timeout=_SAFE_LOCK)
        self._dirty = True
        failed = []
        try:
            for k, line in enumerate(lines):
                # A line that was cut off is ended first, so that it cannot swallow this one.
                data = (b"\n" if k == 0 else b"") + line.encode() + b"\n"
                try:
                    self._send_safely(data)
                except Exception as reason:
                    failed.append(f"'{line}' ({reason})")
        finally:
            if locked:
                self._lock.release()
        if failed:
            raise LinkError(f"{self.resource}: could not send {', '.join(failed)}. Switch the outputs off by hand.")

    def close(self) -> None:
        """Close the connection; may be called twice."""
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
        if self._dirty or self._surplus:
            self._resynchronise(deadline)
        return deadline

    def _transmit(self, data: bytes, deadline: float) -> None:
        if self.recorder is not None:
            self.recorder(time.time(), ">", data)
        self._send(data, deadline)

    def _send_safely(self, data: bytes) -> None:
        try:
            self._transmit(data, time.monotonic() + _SAFE_SEND)
        except OSError:
            self._shut()
            self._open(_SAFE_SEND)
            self._transmit(data, time.monotonic() + _SAFE_SEND)

    def _block_length(self, header: bytearray, deadline: float) -> int:
        """Receive '#', a digit d and d digits into `header`; give the length they tell."""
        while len(header) < 2:
            header += self._receive(deadline, 2 - len(header))
        if header[:1] != b"#" or not 49 <= header[1] <= 57:
            raise ValueError(f"a block was expected, the answer starts with {bytes(header)!r}")
        size = 2 + header[1] - 48
        while len(header) < size:
            header += self._receive(deadline, size - len(header))
        return int(bytes(header[2:]))

    def _resynchronise(self, deadline: float) -> None:
        """Ask two sentinels and read lines until their answers stand next to each other: whatever is older came before.

        One late answer may look like one sentinel, but not like two in their order.
        """
        self._dirty = True
        seen: list[str] = []
        data = self._surplus
        self._surplus = b""
        try:
            sentinels = [self.sentinel(next(self._sentinels)) for _ in range(2)]
            # The first line end finishes a line that was cut off.
            self._transmit(b"\n" + "".join(f"{lines}\n" for lines, _ in sentinels).encode(), deadline)
            expected = [answer for _, answer in sentinels]
            while seen[-2:] != expected:
                while _LINE_FEED not in data:
                    data += self._receive(deadline)
                line, _, data = data.partition(b"\n")
                seen.append(str(line, "latin-1").strip())
        except Exception as reason:
            raise LinkError(
                f"{self.resource}: out of step after an earlier failure, and no answer to the sentinel ({_why(reason)}). "
                "Check the cable and that the instrument is on, then connect again.",
                data,
            ) from reason
        self._dirty = False
        self._surplus = b""

    def _fail(self, reason: BaseException, line: str, timeout: float | None, partial: bytes = b"") -> NoReturn:
        """Mark the link dirty and say what happened; what is no fault of the link (Ctrl-C, a cancel) passes unchanged."""
        self._dirty = True
        if not isinstance(reason, OSError | ValueError):
            raise reason
        limit = self.timeout if timeout is None else timeout
        had = f"; {len(partial)} bytes had arrived: {partial[:40]!r}" if partial else ""
        raise LinkError(
            f"{self.resource}: '{line}' failed ({_why(reason)}; deadline {limit:g} s{had}).", partial
        ) from reason


def _why(reason: BaseException) -> str:
    return "no answer in time" if isinstance(reason, TimeoutError) else str(reason) or type(reason).__name__


class KeepAlive:
    """Sends `ask(link)` over a link that has been silent for `interval` seconds, so that an instrument's watchdog is fed
    while the program is busy. A failure is left to the next transaction, which finds the link dirty.
    """

    def __init__(self, link: Link, ask: Callable[[Link], object], interval: float) -> None:
        self._link, self._ask, self._interval = link, ask, interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"keep-alive {link.resource}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            silent = time.monotonic() - self._link.last_used
            if self._stop.wait(max(self._interval - silent, 0.01)):
                return
            if time.monotonic() - self._link.last_used >= self._interval:
                with contextlib.suppress(LinkError):
                    self._ask(self._link)

    def stop(self) -> None:
        """End the thread; returns when no more pings can come."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
