"""A pseudo-terminal as a serial port: POSIX only, so imported only when one is wanted."""

import asyncio
import os
import pty
import tty
from collections.abc import Callable

HIGH_WATER = 65536
"""Bytes waiting to be read by the client beyond which no more commands are taken."""


class PseudoTerminal:
    """The instrument's end of a pseudo-terminal; a client opens `path` as it would open ``/dev/ttyACM0``.

    Raw before anyone opens it (echo and CR-LF translation would spoil binary data), and the client's end is kept open
    here, so that a client that closes its port does not hang up the line for the next one.
    """

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._waiting = bytearray()
        self._reading = False

    def start(self, receive: Callable[[bytes], bytes]) -> None:
        """Serve on the running event loop: what arrives goes to `receive`, what that gives back goes out."""
        self._loop, self._receive = asyncio.get_running_loop(), receive
        self._listen()

    def close(self) -> None:
        """Stop serving and give the terminal back."""
        if self._reading:
            self._loop.remove_reader(self._master)
        if self._waiting:
            self._loop.remove_writer(self._master)
        os.close(self._master)
        os.close(self._slave)

    def _listen(self) -> None:
        self._loop.add_reader(self._master, self._readable)
        self._reading = True

    def _readable(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except BlockingIOError:
            return
        if answer := self._receive(data):
            self.write(answer)

    def write(self, data: bytes) -> None:
        """Send, now or as soon as the client has read what is waiting."""
        idle = not self._waiting
        self._waiting += data
        if idle:
            self._flush()
        if idle and self._waiting:
            self._loop.add_writer(self._master, self._writable)
        if len(self._waiting) > HIGH_WATER and self._reading:
            self._loop.remove_reader(self._master)
            self._reading = False

    def _writable(self) -> None:
        self._flush()
        if not self._waiting:
            self._loop.remove_writer(self._master)
        if not self._reading and len(self._waiting) < HIGH_WATER:
            self._listen()

    def _flush(self) -> None:
        try:
            del self._waiting[: os.write(self._master, self._waiting)]
        except BlockingIOError:
            return
