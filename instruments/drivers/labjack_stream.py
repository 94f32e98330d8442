"""What a LabJack T-series device sends while it streams: packets to scans, and what it says about scans that it skipped.

From the *T-Series Datasheet*, 3.2.4 Low-Level Stream, and LabJack's example of direct Modbus TCP for the T7: a packet is a
Modbus frame of function 76 with a transaction number that goes up by one, the type 16, a byte reserved, and 16 bits each of
backlog (bytes), status and its additional information; samples follow, 16 bits each, most significant byte first.

Assumed: the scan of 0xFFFF only that stands between old and new samples after an automatic recovery (as on the U3, User's
Guide 5.2.12) stands for those that were skipped, and is none itself; without one, the gap is before the packet.
"""

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import InstrumentError

from ..roles import Chunk

HEAD = struct.Struct(">HHHBBBBHHH")
FUNCTION, TYPE = 76, 16
RECOVERING, RECOVERED, BURST_ENDED = 2940, 2941, 2944
FATAL = {
    2942: "a scan was due before the last one had ended. Stream fewer channels, or more slowly",
    2943: "it skipped more scans than it can count, because the computer did not read in time. Stream more slowly, or look "
    "at the network",
}

Scans = NDArray[np.uint16]


class StreamDecoder:
    """Bytes of a stream to `Chunk`s. Raises InstrumentError when the stream cannot be trusted any more; see `FATAL`."""

    def __init__(self, who: str, channels: tuple[str, ...]) -> None:
        self._who, self._channels = who, channels
        self._rest = b""  # of a packet that is not complete
        self._number: int | None = None  # of the last packet
        self.first = 0
        """Number of the next scan."""
        self.recovering = False
        self.backlog = 0
        """Bytes that wait in the device."""

    def chunks(self, data: bytes) -> Iterator[Chunk]:
        """What these bytes complete: one chunk, and one more from each gap on."""
        held: list[bytes] = []  # samples since the last gap
        lost = 0
        for skipped, samples in self._packets(self._rest + data):
            if skipped is None:
                held.append(samples)
                continue
            before, behind = self._parted(samples)
            yield from self._chunk([*held, before], lost)
            held, lost = [behind], skipped
        yield from self._chunk(held, lost)

    def _packets(self, data: bytes) -> Iterator[tuple[int | None, bytes]]:
        """Number of scans skipped, if the packet tells one, and its samples."""
        at, size = 0, 2 * len(self._channels)
        try:
            while len(data) - at >= HEAD.size:
                number, protocol, length, _, function, kind, _, self.backlog, status, info = HEAD.unpack_from(data, at)
                if (protocol, function, kind) != (0, FUNCTION, TYPE) or (length - 10) % size or length < 10:
                    raise self._error("sends something else than packets of this stream", data[at : at + HEAD.size])
                if len(data) - at < 6 + length:
                    break
                if self._number is not None and number != (self._number + 1) & 0xFFFF:
                    raise self._error(f"sends packet {number} after {self._number}: some are missing")
                self._number = number
                if status in FATAL:
                    raise self._error(f"has stopped the stream: {FATAL[status]} (status {status})")
                if status not in (0, RECOVERING, RECOVERED, BURST_ENDED):
                    raise self._error(f"has stopped the stream with status {status} (additional information {info})")
                self.recovering = status == RECOVERING
                yield info if status == RECOVERED else None, data[at + HEAD.size : at + 6 + length]
                at += 6 + length
        finally:
            self._rest = data[at:]

    def _parted(self, samples: bytes) -> tuple[bytes, bytes]:
        """What lies before and behind the scan that marks the gap."""
        scans = np.frombuffer(samples, ">u2").reshape(-1, len(self._channels))
        marks = np.flatnonzero((scans == 0xFFFF).all(axis=1))
        if not len(marks):
            return b"", samples
        size = 2 * len(self._channels)
        return samples[: int(marks[0]) * size], samples[(int(marks[0]) + 1) * size :]

    def _chunk(self, held: list[bytes], lost: int) -> Iterator[Chunk]:
        scans = np.frombuffer(b"".join(held), ">u2").reshape(-1, len(self._channels))
        if lost or len(scans):
            self.first += lost
            columns = np.ascontiguousarray(scans.T, np.uint16)
            yield Chunk(self.first, dict(zip(self._channels, columns, strict=True)), lost)
            self.first += len(scans)

    def _error(self, what: str, seen: bytes = b"") -> InstrumentError:
        return InstrumentError(
            f"{self._who} {what}{f': {seen.hex()}' if seen else ''}. {self.first} scans came before."
        )
