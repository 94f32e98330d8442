"""`StreamPort`: what an instrument sends unasked, on a connection of its own."""

import contextlib
import socket

from neurorig.signals import LinkError

PIECE = 1 << 20
"""Bytes that are taken at a time, at most."""


class StreamPort:
    """A TCP connection that is only read from. Raises LinkError when nobody listens there.

    What is not taken at once waits in the system's buffer (some megabytes at most); when that is full, the instrument can
    send no more and its own buffer fills up, and it is the instrument that says what it had to skip.
    """

    def __init__(self, host: str, port: int, *, timeout: float = 2.0) -> None:
        self.resource = f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), timeout)
        except OSError as reason:
            raise LinkError(
                f"{self.resource}: cannot be opened ({reason}). It is the port of the stream: a firewall may stand before it, or "
                "another program may have it."
            ) from reason
        self._socket.setblocking(False)

    def take(self) -> bytes:
        """What has come since the last time, possibly nothing; at most `PIECE` bytes. Raises LinkError at the end."""
        try:
            data = self._socket.recv(PIECE)
        except BlockingIOError:
            return b""
        except OSError as reason:
            raise LinkError(f"{self.resource}: the stream has ended ({reason}).") from reason
        if not data:
            raise LinkError(f"{self.resource}: the stream has ended (the instrument closed the connection).")
        return data

    def close(self) -> None:
        """Hang up; what has not been taken is dropped. May be called twice."""
        with contextlib.suppress(OSError):
            self._socket.close()
