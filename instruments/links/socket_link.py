"""`SocketLink`: lines and blocks over a TCP stream."""

import select
import socket
import struct
import sys
import time

from .link import Link

_SCATTERS = hasattr(socket.socket, "recvmsg_into")
_KERNEL_WAITS = sys.platform == "linux"
_CHUNK = 16384  # longer than lines are; of a block it takes the head, the rest goes straight into its buffer


class SocketLink(Link):
    """A raw TCP connection (`tcp://host:port`, VISA's ``TCPIP::host::port::SOCKET``).

    Raises LinkError when nobody listens there.
    """

    def __init__(self, host: str, port: int, *, resource: str = "", timeout: float = 2.0) -> None:
        super().__init__(resource or f"tcp://{host}:{port}", timeout=timeout)
        self._address = (host, port)
        self._socket = socket.socket()
        self._connect()

    def _open(self, timeout: float) -> None:
        self._socket = socket.create_connection(self._address, timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if _KERNEL_WAITS:
            self._socket.settimeout(None)
        self._set_limit(timeout)

    def _shut(self) -> None:
        self._socket.close()

    def _send(self, data: bytes, deadline: float) -> None:
        self._until(deadline)
        try:
            self._socket.sendall(data)
        except BlockingIOError:
            raise TimeoutError from None

    def _receive(self, deadline: float, want: int = 0) -> bytes:
        self._until(deadline)
        try:
            data = self._socket.recv(want or _CHUNK)
        except BlockingIOError:
            raise TimeoutError from None
        if not data:
            raise ConnectionError("the instrument closed the connection")
        return data

    def _receive_into(self, view: memoryview, tail: memoryview, deadline: float) -> int:
        self._until(deadline)
        try:
            # The line feed behind a block in the same system call, where the system has one for it.
            count = self._socket.recvmsg_into((view, tail))[0] if _SCATTERS else self._socket.recv_into(view)
        except BlockingIOError:
            raise TimeoutError from None
        if not count:
            raise ConnectionError("the instrument closed the connection")
        return count

    def _alive(self) -> bool:
        try:
            readable, _, _ = select.select([self._socket], [], [], 0)
            return not readable or self._socket.recv(1, socket.MSG_PEEK) != b""
        except (OSError, ValueError):  # ValueError: closed here
            return False

    def _until(self, deadline: float) -> None:
        """Let the socket wait until `deadline`, within a twentieth: setting a timeout costs a system call."""
        left = deadline - time.monotonic()
        if not 0.95 * self._limit <= left <= self._limit:
            self._set_limit(max(left, 1e-3))

    def _set_limit(self, seconds: float) -> None:
        self._limit = seconds
        if _KERNEL_WAITS:  # a timeout in Python asks the system before each call whether it would wait: twice the calls
            timeval = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)
        else:
            self._socket.settimeout(seconds)
