"""The simulated controller at the end of a pseudo-terminal, for any program that opens a serial port. POSIX only."""

import os
import pty
import select
import time
import tty

from .controller import HERTZ, Controller

SLICE = 1e-3
"""Seconds of the wall clock between two looks at the line."""
CATCH_UP = 20e-3
"""Seconds that the controller goes on at most at once: a computer that was busy does not make it leap."""


class SerialPort:
    """Opened by a client as `path`, it restarts the controller as DTR does on an Uno (`boot`: seconds in the bootloader).

    It is raw before anybody opens it, so that neither echo nor translated line ends spoil blocks. Whether a client has it
    open shows on the other end, some milliseconds later: while nobody has, what the controller says is lost, as on a cable
    without a computer.
    """

    def __init__(self, controller: Controller, *, boot: float = 1.0, reset: bool = True) -> None:
        self.controller, self.boot, self.reset = controller, boot, reset
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(slave)
        os.close(slave)
        self._poll = select.poll()
        self._poll.register(self._master, select.POLLIN)
        self._open = False
        self._waiting = b""
        self._then = time.monotonic()

    def close(self) -> None:
        """Give the terminal back."""
        os.close(self._master)

    def step(self) -> None:
        """Take what has come, let the controller live through the time that has passed, send what it says."""
        events = dict(self._poll.poll(0)).get(self._master, 0)
        self._be_open(not events & select.POLLHUP)
        if self._open and events & select.POLLIN:
            self.controller.send(os.read(self._master, 4096))
        now = time.monotonic()
        self.controller.run(round(min(now - self._then, CATCH_UP) * HERTZ))
        self._then = now
        self._say(self.controller.received())

    def serve(self) -> None:
        """Until interrupted."""
        while True:
            self.step()
            time.sleep(SLICE)

    def _be_open(self, is_open: bool) -> None:
        if is_open and not self._open and self.reset:
            self.controller.received()
            self.controller.restart("EXTERNAL", boot=self.boot)
        self._open = is_open

    def _say(self, data: bytes) -> None:
        self._waiting = self._waiting + data if self._open else b""
        if self._waiting:
            try:
                self._waiting = self._waiting[os.write(self._master, self._waiting) :]
            except BlockingIOError:
                return
