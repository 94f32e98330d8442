"""Ctrl-C and SIGTERM as one exception, once: what makes the outputs safe must not be stopped by a second one."""

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import ClassVar, Self

from neurorig.signals import RunInterrupted

LOST = 3.0
"""Seconds after which a signal counts again: Python drops what is raised inside a destructor or a callback of C code."""


class Interrupts:
    """While entered, the first Ctrl-C or SIGTERM raises RunInterrupted in the main thread.

    Later ones change nothing; after `LOST` seconds one is raised again, unless `shielded` says that all is being ended.
    May be nested: a second Ctrl-C then changes nothing in the outer one, either.
    """

    _deaf_until: ClassVar[float] = 0.0  # of the process, as the signals are

    def __init__(self) -> None:
        self.shielded = False
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        Interrupts._deaf_until = 0.0
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal gave back

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.shielded and now >= self._deaf_until:
            Interrupts._deaf_until = now + LOST
            name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
            raise RunInterrupted(f"Stopped by {name}.")
