"""`KeepAlive`: feeds the watchdog of an instrument while its link is silent."""

import contextlib
import math
import threading
import time
from collections.abc import Callable

from neurorig.signals import LinkError

from .link import Link


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
