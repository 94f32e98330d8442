"""Simulated LabJack T7 and T8: Modbus TCP on one port, spontaneous stream on the other.

Real ones listen on 502 for commands and on 702 for stream sockets; a simulated one has two free ports, and its address says
so: ``tcp://host:port?stream=port2`` (`neurorig.instruments.links.resources.stream_address`). Whatever is connected to the
second port gets every packet of a spontaneous stream (STREAM_AUTO_TARGET bit 0); what is sent to it is ignored. Channels are
``AIN0`` ... and ``FIO0`` ...; either may carry a marker.

Written from LabJack's T-Series Datasheet: 3.2 Stream Mode, 3.2.2 Special Stream Modes, 3.2.4 Low-Level Stream, 14.3.0 and
14.3.2 Analog Inputs (T7, T8), 20.0 Internal Flash with 20.0.1 and 20.0.2, A-1 and A-1-1 Data Rates, A-3-3-3 T8 Signal Range;
"Protocol Details [Direct Modbus TCP]"; the register map and the error numbers of ljm_constants.json; LabJack's T7 example of
spontaneous streaming over Modbus TCP. Command-response reads of a stream (STREAM_DATA_CR by a feedback frame: number of
samples, backlog, status, additional, samples) as in the open async_labjack library, after 3.2.4.

Every sample of a stream has 16 bits, of the T8's 24 bit converter, too; an address of 32 bits gives its lower half, and the
next STREAM_DATA_CAPTURE_16 the upper one. A scan begins with the clock's tick: the T7 samples its first channel 5 us later
and the others 15 us apart, or 8 us when more than 60 000 samples a second are wanted (A-1-1); the T8 samples all at once.

Assumed, as no page that was found says it: at most 40 000 scans a second on the T8 whatever the number of channels; stream
settings are judged when the stream is enabled; a written range is read back as written, 0 being the widest; conversion on
the T7 takes 3 us, twice as long for each resolution index above 1, and settling comes on top; a digital input turns at
1.6 V, and one with nothing on it is pulled high; noise of 1 code at a T7's resolution index 1, half a bit less with each
further one, and on the T8 of 15 bits at 40 kS/s, half a bit better for each halving of the rate, up to 22.
Not simulated: outputs, stream-out, external clocks and triggers, extended features, Lua, WiFi, USB.
"""

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..converter import OpenConnector
from .labjack_calibration import (
    T7_FLASH,
    T7_RANGES,
    T8_FLASH,
    T8_RANGES,
    Input,
    t7_flash,
    t7_inputs,
    t8_flash,
    t8_inputs,
)
from .labjack_modbus import FAILURE, ILLEGAL_ADDRESS, ILLEGAL_VALUE, WRONG_COUNT, ModbusError, ModbusSession
from .labjack_registers import Map, Register, Value
from .labjack_stream import Codes, Column, Stream

if TYPE_CHECKING:
    from ..converter import Input as Connector
    from ..world import World

OVERHEAD = 1.0e-3
"""Seconds of a command over Ethernet (A-1, table A.1.1)."""
CORE_CLOCK, SCAN_CLOCK = 40e6, 10e6
"""Hertz of CORE_TIMER, and of the stream's clock (STREAM_SCANRATE_HZ: 80 MHz over 8)."""
THRESHOLD = 1.6
ETHERNET, COMMAND_RESPONSE = 1, 16
"""Bits of STREAM_AUTO_TARGET."""
MOST_PER_PACKET = 512
"""Samples: a packet has 1040 bytes."""
DEFAULT_BUFFER = 4096

FLASH_ADDRESS = 2350
RANGE, SETTLING, NEGATIVE, RESOLUTION = 2370, 2371, 2373, 2375
STREAM_ACTIVE, STREAM_CONFIG, STREAM_LIST, STREAM_RATE = 2605, 2606, 2607, 2608
STREAM_TYPE, STREAM_TARGET, STREAM_BUFFER, STREAM_PACKET, STREAM_STOPPED, STREAM_SETTLING = (
    2611,
    2612,
    2615,
    2618,
    2620,
    2621,
)


@dataclass(frozen=True)
class Model:
    """What tells the models apart. `scans` and `samples` are most a second; `buffer` in bytes; 0 V ranges mean `widest`."""

    name: str
    inputs: int
    ranges: Mapping[float, float]
    widest: float
    resolutions: int
    samples: float
    scans: float
    buffer: int
    flash: int
    settling: float
    digital: int


T7 = Model("T7", 14, T7_RANGES, 10.0, 8, 100e3, 100e3, 32768, T7_FLASH, 50e3, 23)
T8 = Model("T8", 8, T8_RANGES, 11.0, 16, math.inf, 40e3, 262144, T8_FLASH, math.inf, 20)


@dataclass
class AnalogColumn:
    """One analog input in a scan list; `negative` is what it is measured against, if not ground."""

    volts: Callable[[float, float, int], NDArray[np.float64]]
    found: Input
    noise: float
    rng: np.random.Generator
    delay: float = 0.0

    def codes(self, t0: float, dt: float, n: int) -> Codes:
        """Digitise."""
        noise = self.rng.standard_normal(n, dtype=np.float32) * np.float32(self.noise)
        return self.found.codes(self.volts(t0, dt, n) + noise)


@dataclass
class DigitalColumn:
    """Lines in a scan list, the first in bit 0; None is pulled high."""

    lines: "list[Connector | None]"
    delay: float = 0.0

    def codes(self, t0: float, dt: float, n: int) -> Codes:
        """One bit a line."""
        state = np.zeros(n, np.uint16)
        for bit, line in enumerate(self.lines):
            high = np.ones(n, bool) if line is None else line.sample(t0, dt, n) > THRESHOLD
            state |= high.astype(np.uint16) << np.uint16(bit)
        return state


@dataclass
class TimerColumn:
    """A counter of 32 bits in a scan list: its lower half, or its upper one."""

    rate: float
    upper: bool = False
    delay: float = 0.0

    def codes(self, t0: float, dt: float, n: int) -> Codes:
        """16 bits of the count."""
        counts = np.floor((t0 + dt * np.arange(n)) * self.rate).astype(np.uint64)
        return (counts >> np.uint64(16 * self.upper)).astype(np.uint16)


class StreamPort:
    """The second port: a device to the server, and what it sends of its own accord."""

    def __init__(self, labjack: "LabJack") -> None:
        self._labjack = labjack

    def session(self) -> "Deaf":
        """Somebody connects."""
        return Deaf()

    @property
    def flowing(self) -> bool:
        """Whether a spontaneous stream runs."""
        return self._labjack.spontaneous

    def packets(self, free: bool) -> list[bytes]:
        """What leaves now; `free`: whether the network takes it."""
        return self._labjack.packets(free)


class Deaf:
    """A connection on which nothing is understood."""

    only_watches = True

    def receive(self, data: bytes) -> bytes:
        """No answer."""
        return b""

    def close(self) -> None:
        """Nothing to forget."""


class LabJack:
    """What T7 and T8 have in common."""

    model: ClassVar[Model]
    make_inputs: ClassVar[Callable[[np.random.Generator], dict[tuple[int, float], Input]]]
    make_flash: ClassVar[Callable[[Mapping[tuple[int, float], Input]], bytes]]
    firmware: ClassVar[float]

    def __init__(
        self, world: "World", inputs: "Mapping[str, Connector]", *, serial: str, seed: int, probes: Mapping[str, float]
    ) -> None:
        self.world, self._wired, self._probes, self._seed = world, dict(inputs), dict(probes), seed
        # Serial numbers are numbers: a name becomes one.
        self.serial = int(serial) if serial.isdecimal() else zlib.crc32(serial.encode())
        self.identity = f"LabJack,{self.model.name},{self.serial},{self.firmware}"
        self._inputs = type(self).make_inputs(np.random.default_rng((seed, 0)))
        self._flash = type(self).make_flash(self._inputs)
        self._map = Map(self.model.name)
        self._reading: dict[str, Callable[[int], Value]] = {
            "AIN#": self._analog,
            "FIO#": lambda n: self._digital(1, n),
            "FIO_STATE": lambda _: self._digital(8),
            "EIO_STATE": lambda _: self._digital(8, 8),
            "CIO_STATE": lambda _: self._digital(4, 16),
            "MIO_STATE": lambda _: self._digital(3, 20),
            "DIO_STATE": lambda _: self._digital(23),
            "STREAM_ENABLE": lambda _: int(self._stream is not None and self._stream.running),
            "AIN_SAMPLING_RATE_ACTUAL_HZ": lambda _: self.values["AIN_SAMPLING_RATE_HZ", 0],
            "AIN_ALL_RANGE": lambda _: self._common("AIN#_RANGE", -9999.0),
            "AIN_ALL_NEGATIVE_CH": lambda _: self._common("AIN#_NEGATIVE_CH", 0xFFFF),
            "AIN_ALL_RESOLUTION_INDEX": lambda _: self._common("AIN#_RESOLUTION_INDEX", 0xFFFF),
            "AIN_ALL_SETTLING_US": lambda _: self._common("AIN#_SETTLING_US", -9999.0),
            "LAST_ERR_DETAIL": lambda _: self._last_error,
            "PRODUCT_ID": lambda _: self._product(),
            "HARDWARE_VERSION": lambda _: 1.35 if self.model is T7 else 1.1,
            "FIRMWARE_VERSION": lambda _: self.firmware,
            "SERIAL_NUMBER": lambda _: self._serial(),
            "CORE_TIMER": lambda _: int(self.world.now * CORE_CLOCK) & 0xFFFFFFFF,
            "SYSTEM_TIMER_20HZ": lambda _: int(self.world.now * 20) & 0xFFFFFFFF,
            "STREAM_START_TIME_STAMP": lambda _: self._started,
        }
        self._writing: dict[str, Callable[[int, Value], Value | None]] = {
            "STREAM_SCANRATE_HZ": lambda _, rate: SCAN_CLOCK / ticks(float(rate)) if float(rate) > 0 else 0.0,
            "STREAM_ENABLE": self._enable,
            "AIN#_RANGE": self._set_range,
            "AIN#_NEGATIVE_CH": self._set_negative,
            "AIN#_RESOLUTION_INDEX": self._set_resolution,
            "AIN#_SETTLING_US": self._set_settling,
            "AIN_ALL_RANGE": lambda _, value: self._set_all("AIN#_RANGE", value),
            "AIN_ALL_NEGATIVE_CH": self._set_all_negative,
            "AIN_ALL_RESOLUTION_INDEX": lambda _, value: self._set_all("AIN#_RESOLUTION_INDEX", value),
            "AIN_ALL_SETTLING_US": lambda _, value: self._set_all("AIN#_SETTLING_US", value),
        }
        self.outlet = StreamPort(self)
        self._key = f"labjack/{self.serial}/{id(self)}"
        self._noise = np.random.default_rng((seed, 1))
        self._streams = 0
        self.power_cycle()
        world.listen(self._listen, self._key)

    def power_cycle(self) -> None:
        """Off and on again: no stream, every setting at its default."""
        self.values: dict[tuple[str, int], Value] = {
            (r.name, n): r.default for r in self._map.registers.values() for n in range(r.count)
        }
        self.values["DEVICE_NAME_DEFAULT", 0] = f"My {self.model.name}_{self.serial}"
        self._last_error = self._started = 0
        self._stream: Stream | None = None
        self.spontaneous = False
        self.world.remember(self._key, None)

    def session(self) -> ModbusSession:
        """A client on the command port."""
        return ModbusSession(self)

    # What a session asks for.

    def spend(self) -> None:
        """Let the time of one command pass."""
        self.world.spend(OVERHEAD)

    def refused(self, error: int) -> None:
        """Keep the number for LAST_ERR_DETAIL."""
        self._last_error = error

    def read(self, address: int, count: int) -> bytes:
        """`count` registers from `address` on. Raises ModbusError."""
        data = b""
        while len(data) < 2 * count:
            register, number = self._find(address)
            if "R" not in register.access:
                raise ModbusError(ILLEGAL_ADDRESS)
            if register.buffer:
                return data + self._buffer(register, count - len(data) // 2)
            if len(data) + 2 * register.width > 2 * count:
                raise ModbusError(ILLEGAL_VALUE, WRONG_COUNT)
            reading = self._reading.get(register.name)
            data += register.encode(self.values[register.name, number] if reading is None else reading(number))
            address += register.width
        return data

    def write(self, address: int, data: bytes) -> None:
        """Write registers from `address` on. Raises ModbusError, with those before the refused one written."""
        while data:
            register, number = self._find(address)
            if "W" not in register.access:
                raise ModbusError(ILLEGAL_ADDRESS)
            size = 2 * register.width
            if len(data) < size:
                raise ModbusError(ILLEGAL_VALUE, WRONG_COUNT)
            value: Value | None = register.decode(data[:size])
            if isinstance(value, float) and not math.isfinite(value):
                raise ModbusError(ILLEGAL_VALUE)
            if (writing := self._writing.get(register.name)) is not None:
                value = writing(number, value)  # type: ignore[arg-type]  # decoded, so not None
            if value is not None:
                self.values[register.name, number] = value
            address, data = address + register.width, data[size:]

    def _find(self, address: int) -> tuple[Register, int]:
        try:
            return self._map.at(address)
        except LookupError:
            if self._map.within(address):
                raise ModbusError(ILLEGAL_VALUE, WRONG_COUNT) from None
            raise ModbusError(ILLEGAL_ADDRESS) from None

    def _buffer(self, register: Register, count: int) -> bytes:
        """Registers read from one address: flash from where the pointer stands, or what a stream has taken."""
        if register.name == "STREAM_DATA_CR":
            return self._stream_read(count)
        if count % 2:
            raise ModbusError(ILLEGAL_VALUE, WRONG_COUNT)
        pointer = int(self.values["INTERNAL_FLASH_READ_POINTER", 0])
        first = pointer - self.model.flash
        if pointer % 4 or not 0 <= first <= len(self._flash) - 2 * count:
            raise ModbusError(FAILURE, FLASH_ADDRESS)
        self.values["INTERNAL_FLASH_READ_POINTER", 0] = pointer + 2 * count
        return self._flash[first : first + 2 * count]

    # Who it is.

    def _product(self) -> float:
        """The number of the model that the identity names; of another maker's model, that of a U3."""
        return {"T4": 4.0, "T7": 7.0, "T8": 8.0}.get(self.identity.split(",")[1].strip(), 3.0)

    def _serial(self) -> int:
        text = self.identity.split(",")[2].strip() if self.identity.count(",") >= 2 else ""
        return int(text) & 0xFFFFFFFF if text.isdecimal() else zlib.crc32(text.encode())

    # Analog and digital inputs.

    def _volts(self, channel: int, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """At the terminal, against ground."""
        name = f"AIN{channel}"
        return self._wired.get(name, OpenConnector()).sample(t0, dt, n) / self._probes.get(name, 1.0)

    def _between(self, channel: int) -> Callable[[float, float, int], NDArray[np.float64]]:
        """What an input measures: against ground, or against its negative channel."""
        negative = int(self.values["AIN#_NEGATIVE_CH", channel]) if self.model is T7 else 199

        def volts(t0: float, dt: float, n: int) -> NDArray[np.float64]:
            seen = self._volts(channel, t0, dt, n)
            return seen if negative == 199 else seen - self._volts(negative, t0, dt, n)

        return volts

    def _input(self, channel: int) -> Input:
        return self._inputs[channel, self._range(channel)]

    def _range(self, channel: int) -> float:
        """The name of the range it stands at."""
        written = float(self.values["AIN#_RANGE", channel])
        return min(self.model.ranges, key=lambda name: abs(name - written)) if written else self.model.widest

    def _analog(self, channel: int) -> float:
        if channel >= self.model.inputs:
            raise ModbusError(ILLEGAL_ADDRESS)
        if self._running:
            raise ModbusError(FAILURE, STREAM_ACTIVE)
        found = self._input(channel)
        rate = 100.0 if self.model is T7 else float(self.values["AIN_SAMPLING_RATE_HZ", 0]) or 100.0
        index = int(self.values["AIN#_RESOLUTION_INDEX", channel]) or self.model.resolutions
        seen = self._between(channel)(self.world.now, 1e-6, 1)[0] * found.gain + found.zero
        seen += self._noise.standard_normal() * self._noise_volts(found, index, rate)
        ends = found.constants.volts(np.array([0.0, 65535.0]))
        return float(np.clip(seen, *ends))

    def _noise_volts(self, found: Input, index: int, rate: float) -> float:
        """Standard deviation."""
        bits = 16 + 0.5 * (index - 1) if self.model is T7 else min(22.0, 15 + 0.5 * math.log2(self.model.scans / rate))
        return float(2 * found.full_scale / 2**bits)

    def _digital(self, count: int, first: int = 0) -> int:
        if first + count > self.model.digital and count == 1:
            raise ModbusError(ILLEGAL_ADDRESS)
        return int(DigitalColumn(self._lines(count, first)).codes(self.world.now, 1e-6, 1)[0]) if count <= 16 else sum(
            int(DigitalColumn(self._lines(1, bit)).codes(self.world.now, 1e-6, 1)[0]) << bit for bit in range(count)
        )  # fmt: skip

    def _lines(self, count: int, first: int = 0) -> "list[Connector | None]":
        return [self._wired.get(f"FIO{n}") for n in range(first, first + count)]

    # Settings with conditions.

    def _common(self, name: str, otherwise: float) -> Value:
        found = {self.values[name, n] for n in range(self.model.inputs)}
        return found.pop() if len(found) == 1 else otherwise

    def _set_all(self, name: str, value: Value) -> None:
        for channel in range(self.model.inputs):
            self.values[name, channel] = self._writing[name](channel, value) or value

    def _set_all_negative(self, _: int, value: Value) -> None:
        if value not in (1, 199):
            raise ModbusError(FAILURE, NEGATIVE)
        for channel in range(self.model.inputs):
            even = channel % 2 == 0
            self.values["AIN#_NEGATIVE_CH", channel] = channel + 1 if value == 1 and even else 199

    def _set_range(self, channel: int, value: Value) -> Value:
        self._exists(channel)
        volts = float(value)
        if volts and not any(math.isclose(volts, name, rel_tol=1e-4) for name in self.model.ranges):
            raise ModbusError(FAILURE, RANGE)
        return value

    def _set_negative(self, channel: int, value: Value) -> Value:
        self._exists(channel)
        if self.model is T7 and value != 199 and (channel % 2 or value != channel + 1):
            raise ModbusError(FAILURE, NEGATIVE)
        return value

    def _set_resolution(self, channel: int, value: Value) -> Value:
        self._exists(channel)
        if int(value) > self.model.resolutions:
            raise ModbusError(FAILURE, RESOLUTION)
        return value

    def _set_settling(self, channel: int, value: Value) -> Value:
        self._exists(channel)
        if not 0 <= float(value) <= self.model.settling:
            raise ModbusError(FAILURE, SETTLING)
        return value

    def _exists(self, channel: int) -> None:
        if channel >= self.model.inputs:
            raise ModbusError(ILLEGAL_ADDRESS)

    # The stream.

    @property
    def _running(self) -> bool:
        return self._stream is not None and self._stream.running

    def packets(self, free: bool) -> list[bytes]:
        """What leaves for the stream sockets now; `free`: whether the network takes it."""
        if self._stream is None or not self.spontaneous:
            return []
        found = self._stream.packets(free)
        self._remember()
        return found

    def _enable(self, _: int, value: Value) -> None:
        if value not in (0, 1):
            raise ModbusError(ILLEGAL_VALUE)
        if value:
            if self._running:
                raise ModbusError(FAILURE, STREAM_ACTIVE)
            self._start()
        else:
            if not self._running:
                raise ModbusError(FAILURE, STREAM_STOPPED)
            self._stream = None
        self._remember()

    def _setting(self, name: str) -> int:
        return int(self.values[f"STREAM_{name}", 0])

    def _start(self) -> None:
        rate, count = float(self.values["STREAM_SCANRATE_HZ", 0]), self._setting("NUM_ADDRESSES")
        index, settling = self._setting("RESOLUTION_INDEX") or 1, float(self.values["STREAM_SETTLING_US", 0])
        target, size = self._setting("AUTO_TARGET"), self._setting("BUFFER_SIZE_BYTES") or DEFAULT_BUFFER
        packet = self._setting("SAMPLES_PER_PACKET") or MOST_PER_PACKET
        for refused, error in (
            (self._setting("DATATYPE") != 0, STREAM_TYPE),
            (target not in (ETHERNET, COMMAND_RESPONSE), STREAM_TARGET),
            (not 1 <= count <= 128, STREAM_LIST),
            (index > self.model.resolutions, STREAM_CONFIG),
            (settling > 4400, STREAM_SETTLING),
            (not 0 < rate <= self.model.scans or rate * count > self.model.samples, STREAM_RATE),
            (size > self.model.buffer or size & (size - 1) != 0 or size < 2 * count, STREAM_BUFFER),
            (packet > MOST_PER_PACKET or 2 * packet > size, STREAM_PACKET),
        ):
            if refused:
                raise ModbusError(FAILURE, error)
        self._streams += 1
        columns = self._columns(count, index, rate)
        busy = 0.0
        if self.model is T7:
            conversion = 3e-6 * 2 ** (index - 1)
            auto = 5e-6 if rate * count > 60e3 else 12e-6
            between = conversion + (settling * 1e-6 if settling >= 1 else auto)
            for place, column in enumerate(columns):
                column.delay = 5e-6 + place * between
            busy = columns[-1].delay + conversion
        self._stream = Stream(
            self.world,
            columns,
            1 / rate,
            packet,
            size // 2,
            burst=self._setting("NUM_SCANS"),
            recovers=not self._setting("AUTORECOVER_DISABLE"),
            overlap=busy > 1 / rate,
        )
        self.spontaneous = target == ETHERNET
        self._stream.free = self.spontaneous
        self._started = int((self._stream.start + 1 / rate) * CORE_CLOCK) & 0xFFFFFFFF

    def _columns(self, count: int, index: int, rate: float) -> list[Column]:
        columns: list[Column] = []
        wide: TimerColumn | None = None  # the last address of 32 bits
        for place in range(count):
            try:
                register, number = self._map.at(int(self.values["STREAM_SCANLIST_ADDRESS#", place]))
                if register.name == "AIN#" and number < self.model.inputs:
                    found, rng = self._input(number), np.random.default_rng((self._seed, 2, self._streams, place))
                    columns.append(
                        AnalogColumn(self._between(number), found, self._noise_volts(found, index, rate), rng)
                    )
                elif register.name == "STREAM_DATA_CAPTURE_16" and wide is not None:
                    columns.append(TimerColumn(wide.rate, upper=True))
                else:
                    columns.append(column := self._other_column(register, number))
                    wide = column if isinstance(column, TimerColumn) else wide
            except LookupError:
                raise ModbusError(FAILURE, STREAM_LIST) from None
        return columns

    def _other_column(self, register: Register, number: int) -> DigitalColumn | TimerColumn:
        """Raises LookupError for what cannot be streamed."""
        if register.name == "FIO#" and number < self.model.digital:
            return DigitalColumn(self._lines(1, number))
        if register.name in ("CORE_TIMER", "SYSTEM_TIMER_20HZ"):
            return TimerColumn(CORE_CLOCK if register.name == "CORE_TIMER" else 20.0)
        first, lines = {"FIO_STATE": (0, 8), "EIO_STATE": (8, 8), "CIO_STATE": (16, 4), "MIO_STATE": (20, 3)}[
            register.name
        ]
        return DigitalColumn(self._lines(lines, first))

    def _stream_read(self, count: int) -> bytes:
        """A command-response read of so many registers, four of which tell about the others."""
        if not self._running or self._stream is None:
            raise ModbusError(FAILURE, STREAM_STOPPED)
        if self.spontaneous:
            raise ModbusError(FAILURE, STREAM_TARGET)
        if count < 4:
            raise ModbusError(ILLEGAL_VALUE, WRONG_COUNT)
        self.world.progress()
        data = self._stream.read(count - 4)
        self._remember()
        return data.ljust(2 * count, b"\0")

    def _remember(self) -> None:
        """Say from when on the signals are still needed."""
        if self._stream is not None and not self._stream.running:
            self.spontaneous = False
        self.world.remember(
            self._key, self._stream.unread_since if self._running and self._stream is not None else None
        )

    def _listen(self, start: float, stop: float) -> None:
        """Digitise before the world forgets, whether anybody asks or not."""
        if self._stream is not None and stop - self._stream.unread_since > 0.02:
            self._stream.acquire()
            self._remember()


def ticks(rate: float) -> int:
    """The scan clock's ticks between two scans: slow clocks count in coarser steps (STREAM_SCANRATE_HZ)."""
    step = 1
    while SCAN_CLOCK / step / rate > 65536 and step < 10**5:
        step *= 10
    return max(1, math.floor(SCAN_CLOCK / step / rate * (1 + 1e-9))) * step


class SimulatedLabJackT7(LabJack):
    """T7: 14 inputs, one 16 bit converter behind a multiplexer, 100 000 samples a second in all."""

    model, firmware = T7, 1.0292
    make_inputs, make_flash = staticmethod(t7_inputs), staticmethod(t7_flash)


class SimulatedLabJackT8(LabJack):
    """T8: eight isolated inputs with a 24 bit converter each, sampled at once."""

    model, firmware = T8, 1.0105
    make_inputs, make_flash = staticmethod(t8_inputs), staticmethod(t8_flash)
