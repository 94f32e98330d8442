"""Stream mode of one LabJack: settings judged when it is enabled, the second port, reads by command.

Sources and what is assumed: see `labjack_t`.
"""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .labjack_inputs import Model
from .labjack_modbus import FAILURE, ILLEGAL_VALUE, WRONG_COUNT, ModbusError
from .labjack_registers import Value
from .labjack_stream import Column, Stream

if TYPE_CHECKING:
    from ..world import World

SCAN_CLOCK = 10e6
"""Hertz (STREAM_SCANRATE_HZ: 80 MHz over 8)."""
ETHERNET, COMMAND_RESPONSE = 1, 16
"""Bits of STREAM_AUTO_TARGET."""
MOST_PER_PACKET = 512
"""Samples: a packet has 1040 bytes."""
DEFAULT_BUFFER = 4096
OFTEN = 0.02
"""Seconds of the world after which scans are taken, whether anybody asks or not."""

NOT_IMPLEMENTED = 254
ACTIVE, CONFIG, LIST, RATE, DATATYPE, TARGET = 2605, 2606, 2607, 2608, 2611, 2612
BUFFER_SIZE, PACKET_SIZE, NOT_RUNNING, SETTLING, TRIGGER = 2615, 2618, 2620, 2621, 2630

Columns = Callable[[int, int, float], list[Column]]
"""The scan list, from its length, the resolution index and the scan rate. Raises LookupError for what cannot be streamed."""


def actual_rate(wanted: float) -> float:
    """Scans a second as the clock can have them: slow ones are counted in coarser steps (STREAM_SCANRATE_HZ)."""
    if wanted <= 0:
        return 0.0
    step = 1
    while SCAN_CLOCK / step / wanted > 65536 and step < 10**5:
        step *= 10
    return SCAN_CLOCK / (step * max(1, math.floor(SCAN_CLOCK / step / wanted * (1 + 1e-9))))


class Deaf:
    """A connection on which nothing is understood."""

    only_watches = True

    def receive(self, data: bytes) -> bytes:
        """No answer."""
        return b""

    def close(self) -> None:
        """Nothing to forget."""


class Streaming:
    """At most one stream at a time; to the server the device on the second port."""

    def __init__(self, world: "World", model: Model) -> None:
        self.world, self.model = world, model
        self._key = f"labjack/{id(self)}"
        self._stream: Stream | None = None
        self._spontaneous = False
        self.started = 0.0
        """Time of the first scan of the last stream."""
        world.listen(self._listen, self._key)

    def session(self) -> Deaf:
        """Somebody connects to the second port."""
        return Deaf()

    @property
    def running(self) -> bool:
        """Whether a stream is enabled and has not ended of itself."""
        return self._stream is not None and self._stream.running

    @property
    def flowing(self) -> bool:
        """Whether it sends on the second port."""
        return self.running and self._spontaneous

    def packets(self, free: bool) -> list[bytes]:
        """What leaves by the second port now; `free`: whether the network takes it."""
        if self._stream is None or not self._spontaneous:
            return []
        found = self._stream.packets(free)
        self._remember()
        return found

    def enable(self, values: Mapping[tuple[str, int], Value], columns: Columns) -> None:
        """Start with these settings. Raises ModbusError."""
        if self.running:
            raise ModbusError(FAILURE, ACTIVE)

        def setting(name: str) -> int:
            return int(values[f"STREAM_{name}", 0])

        rate, count = float(values["STREAM_SCANRATE_HZ", 0]), setting("NUM_ADDRESSES")
        index, settling = setting("RESOLUTION_INDEX") or 1, float(values["STREAM_SETTLING_US", 0])
        target, size = setting("AUTO_TARGET"), setting("BUFFER_SIZE_BYTES") or DEFAULT_BUFFER
        packet = setting("SAMPLES_PER_PACKET") or MOST_PER_PACKET
        for refused, error in (
            (setting("CLOCK_SOURCE") != 0, NOT_IMPLEMENTED),
            (setting("TRIGGER_INDEX") != 0, TRIGGER),
            (setting("DATATYPE") != 0, DATATYPE),
            (target not in (ETHERNET, COMMAND_RESPONSE), TARGET),
            (not 1 <= count <= 128, LIST),
            (index > self.model.resolutions, CONFIG),
            (not 0 <= settling <= 4400, SETTLING),
            (not 0 < rate <= self.model.scans or rate * count > self.model.samples, RATE),
            (size > self.model.buffer or size & (size - 1) != 0 or size < 2 * count, BUFFER_SIZE),
            (packet > MOST_PER_PACKET or 2 * packet > size, PACKET_SIZE),
        ):
            if refused:
                raise ModbusError(FAILURE, error)
        try:
            scan_list = columns(count, index, rate)
        except LookupError:
            raise ModbusError(FAILURE, LIST) from None
        delays, busy = self.model.delays(count, index, settling, rate)
        for column, delay in zip(scan_list, delays, strict=True):
            column.delay = delay
        self._stream = Stream(
            self.world,
            scan_list,
            1 / rate,
            packet,
            size // 2,
            burst=setting("NUM_SCANS"),
            recovers=not setting("AUTORECOVER_DISABLE"),
            overlap=busy > 1 / rate,
        )
        self._spontaneous = target == ETHERNET
        self._stream.free = self._spontaneous  # until the network says otherwise
        self.started = self._stream.start + 1 / rate
        self._remember()

    def disable(self) -> None:
        """Raises ModbusError when nothing runs."""
        if not self.running:
            raise ModbusError(FAILURE, NOT_RUNNING)
        self.reset()

    def reset(self) -> None:
        """End it, whatever runs."""
        self._stream = None
        self._remember()

    def read(self, count: int) -> bytes:
        """A read of so many registers, four of which tell about the others. Raises ModbusError."""
        if self._stream is None or not self._stream.running:
            raise ModbusError(FAILURE, NOT_RUNNING)
        if self._spontaneous:
            raise ModbusError(FAILURE, TARGET)
        if count < 4:
            raise ModbusError(ILLEGAL_VALUE, WRONG_COUNT)
        self.world.progress()
        data = self._stream.read(count - 4)
        self._remember()
        return data.ljust(2 * count, b"\0")

    def _remember(self) -> None:
        """Say from when on the signals are still needed."""
        running = self._stream is not None and self._stream.running
        self.world.remember(self._key, self._stream.unread_since if running and self._stream is not None else None)

    def _listen(self, start: float, stop: float) -> None:
        if self._stream is not None and stop - self._stream.unread_since > OFTEN:
            self._stream.acquire()
            self._remember()
