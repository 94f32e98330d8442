"""`Transport`: what moves bytes; a `Link` is made of one."""

from abc import ABC, abstractmethod

TIMED_OUT = "no answer in time"


class Transport(ABC):
    """What a kind of connection does for a `Link`. `deadline` is a ``time.monotonic()`` value."""

    marks_end = False
    """Whether the interface marks where a message ends (VISA's END), as streams do not."""

    def __init__(self) -> None:
        self._ended = False  # the interface has marked the end after the bytes that came last

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

    def _clear(self, deadline: float) -> bool:
        """Device clear (IEEE 488.2, 5.8): empty both ends' buffers. Whether the interface has it, and it was done."""
        return False

    def _receive_into(self, view: memoryview, tail: memoryview, deadline: float) -> int:
        """Receive into `view`, and perhaps into `tail` once that is full; give how many bytes came."""
        data = self._receive(deadline, len(view))
        view[: len(data)] = data
        return len(data)


def why(reason: BaseException) -> str:
    """What a failure is called."""
    if isinstance(reason, TimeoutError) and str(reason) in ("", "timed out"):
        return TIMED_OUT
    return str(reason) or type(reason).__name__
