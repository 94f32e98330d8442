"""Simulated LabJack T7 and T8: Modbus TCP on one port, spontaneous stream on the other.

Real ones listen on 502 for commands and on 702 for stream sockets; a simulated one has two free ports, and its address says
so: ``modbus://host:port?stream=port2``. Whatever is connected to the second port gets every packet of a spontaneous stream
(STREAM_AUTO_TARGET bit 0); what is sent to it is ignored. Channels are ``AIN0`` ... and ``FIO0`` ... ``FIO22`` (EIO, CIO and
MIO follow FIO, as in the register map); either may carry a marker.

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

import functools
import math
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..converter import OpenConnector
from .labjack_calibration import Input
from .labjack_inputs import T7, T8, AnalogColumn, DigitalColumn, Model, TimerColumn, Volts
from .labjack_modbus import FAILURE, ILLEGAL_ADDRESS, ILLEGAL_VALUE, WRONG_COUNT, ModbusError, ModbusSession
from .labjack_registers import Map, Register, Value
from .labjack_stream import Column
from .labjack_streaming import ACTIVE, Streaming, actual_rate

if TYPE_CHECKING:
    from ..converter import Input as Connector
    from ..world import World

OVERHEAD = 1.0e-3
"""Seconds of a command over Ethernet (A-1, table A.1.1)."""
CORE_CLOCK, SLOW_CLOCK = 40e6, 20.0
"""Hertz of CORE_TIMER and of SYSTEM_TIMER_20HZ."""
FLASH_ADDRESS = 2350
RANGE, SETTLING, NEGATIVE, RESOLUTION = 2370, 2371, 2373, 2375
_PORTS = {"FIO_STATE": (0, 8), "EIO_STATE": (8, 8), "CIO_STATE": (16, 4), "MIO_STATE": (20, 3)}
_LINES = 23


class LabJack:
    """What T7 and T8 have in common."""

    model: ClassVar[Model]

    def __init__(
        self, world: "World", inputs: "Mapping[str, Connector]", *, serial: str, seed: int, probes: Mapping[str, float]
    ) -> None:
        self.world, self._wired, self._probes, self._seed = world, dict(inputs), dict(probes), seed
        # Serial numbers are numbers: a name becomes one.
        self.serial = int(serial) if serial.isdecimal() else zlib.crc32(serial.encode())
        self.identity = f"LabJack,{self.model.name},{self.serial},{self.model.firmware}"
        self._inputs = self.model.calibrate(np.random.default_rng((seed, 0)))
        self._flash = self.model.burnt(self._inputs)
        self._map = Map(self.model.name)
        self._reading: dict[str, Callable[[int], Value]] = {
            "AIN#": self._analog,
            "FIO#": lambda n: self._digital(n, 1),
            **{name: functools.partial(self._port, *lines) for name, lines in _PORTS.items()},
            "DIO_STATE": lambda _: self._digital(0, _LINES),
            "STREAM_ENABLE": lambda _: int(self.outlet.running),
            "AIN_SAMPLING_RATE_ACTUAL_HZ": lambda _: self.values["AIN_SAMPLING_RATE_HZ", 0],
            "AIN_ALL_RANGE": lambda _: self._common("AIN#_RANGE", -9999.0),
            "AIN_ALL_NEGATIVE_CH": lambda _: self._common("AIN#_NEGATIVE_CH", 0xFFFF),
            "AIN_ALL_RESOLUTION_INDEX": lambda _: self._common("AIN#_RESOLUTION_INDEX", 0xFFFF),
            "AIN_ALL_SETTLING_US": lambda _: self._common("AIN#_SETTLING_US", -9999.0),
            "LAST_ERR_DETAIL": lambda _: self._last_error,
            "PRODUCT_ID": lambda _: self._product(),
            "HARDWARE_VERSION": lambda _: self.model.hardware,
            "FIRMWARE_VERSION": lambda _: self.model.firmware,
            "SERIAL_NUMBER": lambda _: self._serial(),
            "CORE_TIMER": lambda _: count(self.world.now, CORE_CLOCK),
            "SYSTEM_TIMER_20HZ": lambda _: count(self.world.now, SLOW_CLOCK),
            "STREAM_START_TIME_STAMP": lambda _: count(self.outlet.started, CORE_CLOCK),
        }
        self._writing: dict[str, Callable[[int, Value], Value | None]] = {
            "STREAM_SCANRATE_HZ": lambda _, rate: actual_rate(float(rate)),
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
        self.outlet = Streaming(world, self.model)
        """The second port."""
        self._noise = np.random.default_rng((seed, 1))
        self._streams = 0
        self.power_cycle()

    def power_cycle(self) -> None:
        """Off and on again: no stream, every setting at its default."""
        self.values: dict[tuple[str, int], Value] = {
            (r.name, n): r.default for r in self._map.registers.values() for n in range(r.count)
        }
        self.values["DEVICE_NAME_DEFAULT", 0] = f"My {self.model.name}_{self.serial}"
        self._last_error = 0
        self.outlet.reset()

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
            return self.outlet.read(count)
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

    def _between(self, channel: int) -> Volts:
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
        if self.outlet.running:
            raise ModbusError(FAILURE, ACTIVE)
        found = self._input(channel)
        rate = 100.0 if self.model is T7 else float(self.values["AIN_SAMPLING_RATE_HZ", 0]) or 100.0
        index = int(self.values["AIN#_RESOLUTION_INDEX", channel]) or self.model.resolutions
        seen = self._between(channel)(self.world.now, 1e-6, 1)[0] * found.gain + found.zero
        seen += self._noise.standard_normal() * self.model.noise(found, index, rate)
        ends = found.constants.volts(np.array([0.0, 65535.0]))
        return float(np.clip(seen, *ends))

    def _digital(self, first: int, lines: int) -> int:
        column, now = DigitalColumn, self.world.now
        return sum(int(column([line]).codes(now, 1e-6, 1)[0]) << n for n, line in enumerate(self._lines(first, lines)))

    def _port(self, first: int, lines: int, _: int) -> int:
        return self._digital(first, lines)

    def _lines(self, first: int, lines: int) -> "list[Connector | None]":
        return [self._wired.get(f"FIO{n}") for n in range(first, first + lines)]

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

    def _enable(self, _: int, value: Value) -> None:
        if value == 0:
            self.outlet.disable()
        elif value == 1:
            self.outlet.enable(self.values, self._columns)
        else:
            raise ModbusError(ILLEGAL_VALUE)

    def _columns(self, length: int, index: int, rate: float) -> list[Column]:
        """The scan list. Raises LookupError for what cannot be streamed."""
        self._streams += 1
        columns: list[Column] = []
        wide = None  # the counter whose upper half is captured
        for place in range(length):
            register, number = self._map.at(int(self.values["STREAM_SCANLIST_ADDRESS#", place]))
            column = self._column(register, number, index, rate, wide)
            if isinstance(column, AnalogColumn):
                column.rng = np.random.default_rng((self._seed, 2, self._streams, place))
            elif isinstance(column, TimerColumn):
                wide = column.rate
            columns.append(column)
        return columns

    def _column(self, register: Register, number: int, index: int, rate: float, wide: float | None) -> Column:
        match register.name:
            case "AIN#" if number < self.model.inputs:
                found = self._input(number)
                return AnalogColumn(self._between(number), found, self.model.noise(found, index, rate), self._noise)
            case "FIO#":
                return DigitalColumn(self._lines(number, 1))
            case "CORE_TIMER":
                return TimerColumn(CORE_CLOCK)
            case "SYSTEM_TIMER_20HZ":
                return TimerColumn(SLOW_CLOCK)
            case "STREAM_DATA_CAPTURE_16" if wide is not None:
                return TimerColumn(wide, upper=True)
        return DigitalColumn(self._lines(*_PORTS[register.name]))


def count(seconds: float, rate: float) -> int:
    """What a counter of 32 bits shows."""
    return int(seconds * rate) & 0xFFFFFFFF


class SimulatedLabJackT7(LabJack):
    """T7: 14 inputs, one 16 bit converter behind a multiplexer, 100 000 samples a second in all."""

    model = T7


class SimulatedLabJackT8(LabJack):
    """T8: eight isolated inputs with a 24 bit converter each, sampled at once."""

    model = T8
