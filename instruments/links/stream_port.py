"""`StreamPort`: what an instrument sends unasked on a connection of its own, read in time by a thread."""

import contextlib
import socket
import threading
from collections import deque

from neurorig.signals import LinkError

ROOM = 1 << 26
"""Bytes that are kept here at most: three minutes of the fastest stream of a T8."""
_PIECE = 1 << 18


class StreamPort:
    """A TCP connection that is only read from. Raises LinkError when nobody listens there.

    A thread takes what comes, so that the instrument's own small buffer does not fill up while this program is busy. It keeps
    up to `room` bytes until they are taken; then it reads no more, the instrument's buffer fills up, and it is the
    instrument that says what it had to skip.
    """

    def __init__(self, host: str, port: int, *, room: int = ROOM, timeout: float = 2.0) -> None:
        self.resource = f"{host}:{port}"
        self._room = room
        try:
            self._socket = socket.create_connection((host, port), timeout)
        except OSError as reason:
            raise LinkError(
                f"{self.resource}: cannot be opened ({reason}). It is the port of the stream: a firewall may stand before it, or "
                "another program may have it."
            ) from reason
        self._socket.settimeout(None)
        self._change = threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._ended = ""
        self._thread = threading.Thread(target=self._read, name=f"stream from {self.resource}", daemon=True)
        self._thread.start()

    def take(self) -> bytes:
        """What has come since the last time, possibly nothing. Raises LinkError when the connection has ended before."""
        with self._change:
            if not self._pieces and self._ended:
                raise LinkError(f"{self.resource}: the stream has ended ({self._ended}).")
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._held = 0
            self._change.notify()
            return data

    def close(self) -> None:
        """Hang up; what has not been taken is dropped. May be called twice."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread
        with self._change:
            self._room = 1 << 62
            self._change.notify()
        self._thread.join(1.0)
        self._socket.close()

    def _read(self) -> None:
        ended = "the instrument closed the connection"
        try:
            while piece := self._socket.recv(_PIECE):
                with self._change:
                    self._pieces.append(piece)
                    self._held += len(piece)
                    self._change.wait_for(lambda: self._held < self._room)
        except OSError as reason:
            ended = str(reason)
        with self._change:
            self._ended = ended
