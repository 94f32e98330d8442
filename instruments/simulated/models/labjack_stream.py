"""Stream mode of a LabJack of the T series: scans on the device's clock, its buffer, auto-recovery, packets.

Sources: T-Series Datasheet 3.2 Stream Mode, 3.2.2 (bursts), 3.2.4 Low-Level Stream; LabJack's T7 stream example for Modbus
TCP (packet, status codes, dummy samples); "StreamData" of the U3 and U6 for how auto-recovery goes: a full buffer takes no
new scans until it holds less than a packet; then comes one dummy scan of 0xFFFF for all that were skipped, and the next
packet tells their number.

Assumed: the last packet of a burst is as long as what is left and tells its number of samples; with auto-recovery disabled
a full buffer is still sent, and the last packet says so; a scan list that takes longer than a scan ends the stream with a
packet without samples.
"""

import math
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from .labjack_calibration import TOP
from .labjack_modbus import FEEDBACK

if TYPE_CHECKING:
    from ..world import World

ACTIVE, RECOVERED, OVERLAP, OVERFLOW, BURST_COMPLETE, BUFFER_FULL = range(2940, 2946)
"""Status codes: auto-recovery active, ended (with the number of skipped scans), scan overlap, number of skipped scans too
great for 16 bits, burst complete, buffer full."""
COUNTABLE = 0xFFFF
BLOCK = 1 << 16
"""Scans digitised at once."""
_PACKET = struct.Struct(">HHHBBBBHHH")
_SPONTANEOUS = 16

Codes = NDArray[np.uint16]


class Column(Protocol):
    """One entry of the scan list."""

    delay: float
    """Seconds from the scan's clock to the sample."""

    def codes(self, t0: float, dt: float, n: int) -> Codes:
        """The samples at ``t0 + k dt``; shape (n,)."""
        ...


@dataclass
class Stream:
    """One stream session. `capacity` and `packet` in samples; `burst`: scans after which it ends (0: never)."""

    world: "World"
    columns: Sequence[Column]
    period: float
    packet: int
    capacity: int
    burst: int = 0
    recovers: bool = True
    overlap: bool = False
    start: float = field(init=False)
    free: bool = field(init=False, default=False)
    """Whether everything that fills a packet leaves at once: the network takes it."""
    running: bool = field(init=False, default=True)
    _scans: int = field(init=False, default=0)  # clock ticks passed, their scans kept or not
    _held: deque[Codes] = field(init=False, default_factory=deque)
    _count: int = field(init=False, default=0)  # samples held
    _recovering: bool = field(init=False, default=False)
    _skipped: int = field(init=False, default=0)
    _told: tuple[int, int] | None = field(init=False, default=None)  # status of the next packet
    _full: bool = field(init=False, default=False)  # stopped by a full buffer
    _transaction: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.start = self.world.now
        self._last_delay = max(column.delay for column in self.columns)

    @property
    def unread_since(self) -> float:
        """From when on the signals are still needed."""
        return self.start + (self._scans + 1) * self.period

    @property
    def acquiring(self) -> bool:
        """Whether there are scans to come."""
        return self.running and not (self._full or self.overlap or (self.burst and self._scans >= self.burst))

    def acquire(self) -> None:
        """Take every scan that is complete by now. The first comes one period after the start (STREAM_START_TIME_STAMP)."""
        while self.acquiring:
            elapsed = self.world.now - self.start - self._last_delay
            due = math.floor(elapsed / self.period * (1 + 1e-12)) - self._scans
            due = min(due, BLOCK, self.burst - self._scans if self.burst else BLOCK)
            if due <= 0:
                return
            kept = 0 if self._recovering else due if self.free else min(due, self._room())
            if kept:
                self._keep(self._digitised(kept))
            self._scans += due
            if kept < due:
                self._lose(due - kept)

    def packets(self, free: bool) -> list[bytes]:
        """The packets that leave now; `free`: whether the network takes them."""
        self.acquire()
        self.free = free
        if not free or not self.running:
            return []
        found = []
        while self._count >= self.packet:
            found.append(self._packed(self.packet, self._status()))
        if self._recovering:
            self._recover()
        if not self.acquiring:
            found += self._end()
        return found

    def read(self, most: int) -> bytes:
        """What is in the buffer, at most so many samples: their number, bytes of backlog, status, additional, samples.

        Command-response mode. Raises LookupError when the stream has ended.
        """
        if not self.running:
            raise LookupError("the stream has ended")
        self.acquire()
        status = self._status()
        samples = self._taken(min(most, self._count))
        if self._recovering and self._count < len(self.columns):
            self._recover()
        if not self.acquiring and not self._count and self._told is None and status == (0, 0):
            self.running, status = False, self._last_word(len(samples))
        head = struct.pack(">HHHH", len(samples), self._backlog(), *status)
        return head + samples.astype(">u2").tobytes()

    def _room(self) -> int:
        return max(0, (self.capacity - self._count) // len(self.columns))

    def _keep(self, samples: Codes) -> None:
        self._held.append(samples)
        self._count += len(samples)

    def _digitised(self, n: int) -> Codes:
        scans = np.empty((n, len(self.columns)), np.uint16)
        for column, into in zip(self.columns, scans.T, strict=True):
            into[:] = column.codes(self.unread_since + column.delay, self.period, n)
        return scans.reshape(-1)

    def _lose(self, scans: int) -> None:
        if self.recovers:
            self._recovering = True
            self._skipped += scans
        else:
            self._full = True

    def _recover(self) -> None:
        """The buffer is empty enough: one dummy scan stands for all that were skipped."""
        self._keep(np.full(len(self.columns), TOP, np.uint16))
        self._told = (RECOVERED, self._skipped) if self._skipped <= COUNTABLE else (OVERFLOW, COUNTABLE)
        self._recovering, self._skipped = False, 0

    def _status(self) -> tuple[int, int]:
        told, self._told = self._told, None
        return told or ((ACTIVE, 0) if self._recovering else (0, 0))

    def _last_word(self, samples: int) -> tuple[int, int]:
        if self.overlap:
            return OVERLAP, 0
        return (BUFFER_FULL, 0) if self._full else (BURST_COMPLETE, samples)

    def _end(self) -> list[bytes]:
        """What is left of a stream that has ended of itself."""
        found = []
        if self._told is not None:
            found.append(self._packed(self._count, self._status()))
        found.append(self._packed(self._count, self._last_word(self._count)))
        self.running = False
        return found

    def _packed(self, samples: int, status: tuple[int, int]) -> bytes:
        data = self._taken(samples).astype(">u2").tobytes()
        header = _PACKET.pack(
            self._transaction, 0, 10 + len(data), 1, FEEDBACK, _SPONTANEOUS, 0, self._backlog(), *status
        )
        self._transaction = (self._transaction + 1) & 0xFFFF
        return header + data

    def _backlog(self) -> int:
        return min(2 * self._count, 0xFFFF)

    def _taken(self, samples: int) -> Codes:
        """Take so many from the front of the buffer."""
        self._count -= samples
        pieces: list[Codes] = []
        while samples:
            piece = self._held.popleft()
            if len(piece) > samples:
                self._held.appendleft(piece[samples:])
                piece = piece[:samples]
            pieces.append(piece)
            samples -= len(piece)
        return pieces[0] if len(pieces) == 1 else np.concatenate((np.empty(0, np.uint16), *pieces))
