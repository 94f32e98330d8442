"""The second port of an instrument that sends of its own accord, as a streaming digitiser does, and the time that passes for it.

While it streams and nothing else is due in the world, time runs as fast as its clients read: nobody is there to notice. Where
something is due (a watchdog, the end of a program), it follows the wall clock and the commands of other clients. While a
client does not read, time goes on for the stream only once the wall clock has caught up with it: what was sent ahead of the
wall clock is no fault of the client's.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .device import Device
from .world import LEAP, POLL

if TYPE_CHECKING:
    from .world import World

REST, IDLE = 1e-3, 1e-2
"""Wall-clock seconds until the next look when there is nothing to be done at once, and when nothing is sent at all."""


@runtime_checkable
class Outlet(Device, Protocol):
    """What is served on the second port."""

    @property
    def flowing(self) -> bool:
        """Whether it is sending."""
        ...

    def packets(self, free: bool) -> list[bytes]:
        """What leaves now; `free`: whether the network has taken everything that left before."""
        ...


class HasOutlet(Device, Protocol):
    """A device with a second port."""

    outlet: Outlet


class Tap(Protocol):
    """One client of the second port."""

    @property
    def blocked(self) -> bool:
        """Whether something that was sent has not left yet."""
        ...

    def send(self, packets: Sequence[bytes]) -> None:
        """Send these."""
        ...


class Pump:
    """Lets one outlet's time pass and sends what it gives to every client of it."""

    def __init__(self, world: "World", outlet: Outlet, taps: Callable[[], Sequence[Tap]]) -> None:
        self._world, self._outlet, self._taps = world, outlet, taps
        self._began: tuple[float, float] | None = None  # wall clock and world when it began to flow
        self._next: asyncio.Handle | None = None

    def stop(self) -> None:
        """Send no more."""
        if self._next is not None:
            self._next.cancel()

    def run(self) -> None:
        """Do what there is to do, and come back."""
        loop = asyncio.get_running_loop()
        if not self._outlet.flowing:
            self._began = None
            self._next = loop.call_later(IDLE, self.run)
        elif self._step():
            self._next = loop.call_soon(self.run)
        else:
            self._next = loop.call_later(REST, self.run)

    def _step(self) -> bool:
        """Send what there is, then let time pass; whether there is more to be done at once."""
        taps = self._taps()
        if packets := self._outlet.packets(self._free(taps)):
            for tap in taps:
                tap.send(packets)
        free = self._free(taps)
        if not free:
            self._outlet.packets(False)  # while the time passes that now comes
        if free and not self._world.paced and not self._world.due:
            self._world.spend(POLL)
            return True
        self._follow(time.monotonic())
        return False

    @staticmethod
    def _free(taps: Sequence[Tap]) -> bool:
        """Whether the network takes what leaves."""
        return bool(taps) and not any(tap.blocked for tap in taps)

    def _follow(self, wall: float) -> None:
        """Let the world catch up with the wall clock."""
        if self._began is None or self._world.paced:
            self._began = (wall, self._world.now)
        behind = self._began[1] + (wall - self._began[0]) - self._world.now
        if behind > LEAP:  # a suspended computer does not make the world jump
            self._began = (wall, self._world.now + LEAP)
        if behind > 0:
            self._world.spend(min(behind, LEAP))
