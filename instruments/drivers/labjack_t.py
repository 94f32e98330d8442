"""What LabJack's T8 and T7 have in common: gap-free streams over Modbus TCP, as a `Digitizer`.

Written from LabJack's *T-Series Datasheet*, with the register map of `ljm_constants.json`. Facts that this file rests on:

- the stream's registers 4002 to 4024, the scan list from 4100 on, STREAM_ENABLE (4990) written last, STREAM_DATATYPE (4018) 0
  (3.2, 3.2.4); reading STREAM_SCANRATE_HZ gives the rate that is really used, whose period is a multiple of 100 ns down to
  152.588 scans a second, of 1, 10 or 100 us or 1 ms below;
- a spontaneous packet holds at most 512 samples of 16 bits over Ethernet, and comes on port 702 (3.2.4; a frame has at most
  1040 bytes: *Protocol Details*); the device's own buffer holds up to 262144 bytes (T8) or 32768 (T7);
- commands are answered while it streams, but analog inputs are read only by the stream (3.2);
- codes to volts: (code - Center) x PSlope from Center up, (Center - code) x NSlope below, NSlope being negative, with the
  constants of each range (T7) or of each input and range (T8), read through registers 61810 and 61812 (20.0).

Assumed: T8 constants hold for codes of 16 bits as those of the T7 do, or of the converter's 24 bits; which one is told by
the range that they give, and anything else is refused. What differs between the two slopes is put into the error.
Not used: digital lines, differential inputs of the T7, resolution indices beyond the default.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from neurorig.signals import InstrumentError, LimitError, LinkError, PlanError, show

from ..commands import Commanded
from ..identify import labjack
from ..links import Link, ModbusLink, StreamPort
from ..registers import count, flag, floats, register
from ..roles import Acquisition, ChannelSetup, Chunk, Scaling
from . import DRIVERS
from .labjack_stream import StreamDecoder

PROBES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
MOST_SAMPLES = 512
PACKETS = 25
"""Packets a second at least, so that what has been sampled arrives soon."""
TICKS = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3)
LONGEST = 1 << 16  # ticks of a period
ETHERNET = 1  # STREAM_AUTO_TARGET, bit 0
POINTER, FLASH = "INTERNAL_FLASH_READ_POINTER@61810:UINT32", "INTERNAL_FLASH_READ@61812:FLOAT32x4"


class LabJackInput(Commanded):
    """One analog input (``AIN<n>``)."""

    range = register(
        "AIN{n}_RANGE", "40000+2*{n}", unit="V", low=0.0, high=11.0, doc="Volts that fit, either way; 0: the widest."
    )


class LabJackT(Commanded):
    """What a T7 and a T8 have in common."""

    driver: ClassVar[str]
    probes: ClassVar[tuple[float, ...]] = PROBES
    safe_state: ClassVar[tuple[str, ...]] = ("STREAM_ENABLE@4990:UINT32 0",)
    input_class: ClassVar[type[LabJackInput]]
    ranges: ClassVar[Mapping[float, float]]
    """What is written for a range, and the volts that fit either way; the smallest first."""
    buffer: ClassVar[int]
    fastest: ClassVar[float]
    """Scans a second of one input."""
    together: ClassVar[float] = math.inf
    """Samples a second of all inputs together."""

    product = register(
        "PRODUCT_ID", 60000, unit="", low=0, high=255, query_only=True, doc="Product: 7 for a T7, 8 for a T8."
    )
    hardware = register("HARDWARE_VERSION", 60002, unit="", low=0, high=100, query_only=True, doc="Hardware version.")
    firmware = register("FIRMWARE_VERSION", 60004, unit="", low=0, high=100, query_only=True, doc="Firmware version.")
    serial_number = count("SERIAL_NUMBER", 60028, query_only=True, doc="Serial number.")
    scan_rate = register(
        "STREAM_SCANRATE_HZ", 4002, unit="Hz", low=0, high=100e3, doc="Scans a second; read: the rate really used."
    )
    addresses = count("STREAM_NUM_ADDRESSES", 4004, high=128, doc="Inputs in the scan list.")
    samples_per_packet = count("STREAM_SAMPLES_PER_PACKET", 4006, high=MOST_SAMPLES, doc="Samples in one packet.")
    settling = register(
        "STREAM_SETTLING_US", 4008, unit="s", low=0, high=4.4e-3, scale=1e-6,
        doc="Time for an input to settle after the one before; 0: as the device sees fit. A T8 ignores it.",
    )  # fmt: skip
    resolution = count("STREAM_RESOLUTION_INDEX", 4010, high=16, doc="Less noise at less speed; 0: by the rate.")
    buffer_size = count(
        "STREAM_BUFFER_SIZE_BYTES", 4012, high=262144, doc="Bytes that the device keeps until they are sent."
    )
    clock = count("STREAM_CLOCK_SOURCE", 4014, high=8, doc="Clock of the scans; 0: its own crystal.")
    target = count("STREAM_AUTO_TARGET", 4016, high=31, doc="Where the samples go; 1: to the sockets of port 702.")
    scans = count("STREAM_NUM_SCANS", 4020, doc="Scans after which it stops; 0: never.")
    trigger = count("STREAM_TRIGGER_INDEX", 4024, high=65535, doc="What starts the scans; 0: at once.")
    streaming = flag("STREAM_ENABLE", 4990, doc="Whether it streams.")

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name or self.driver)
        if not isinstance(link, ModbusLink):
            raise LinkError(f"{link.resource}: a LabJack speaks Modbus. Write modbus:// and its address.")
        self._link = link
        self.identity = DRIVERS[self.driver].check(labjack(link), link, serial_number)
        self.channels: dict[str, LabJackInput] = {
            channel: self.input_class(link, name=f"{self.name} {channel}", suffix=channel[3:], warnings=self.warnings)
            for channel in DRIVERS[self.driver].channels
        }
        self._acquisition: Acquisition | None = None
        self._scalings: dict[str, Scaling] = {}
        self._port: StreamPort | None = None
        self._decoder = StreamDecoder(self.name, ())
        self._waiting: deque[Chunk] = deque()
        self._constants: dict[int, Sequence[float]] = {}  # of the flash, by address

    def settings(self) -> dict[str, Any]:
        """Every declared register as read back, the inputs' under ``channel_AIN0`` and so on; when they are sampled."""
        planned = {} if self._acquisition is None else dict(self._acquisition.settings)
        return super().settings() | planned | {f"channel_{n}": c.settings() for n, c in self.channels.items()}

    # Planning: no input or output.

    @classmethod
    def check_setup(cls, setup: ChannelSetup, level: float | None = None) -> None:
        """Raise LimitError when an input cannot be set so; no I/O."""
        widest = setup.attenuation * max(cls.ranges.values())
        if setup.attenuation not in cls.probes:
            raise LimitError(
                f"no probe attenuation {setup.attenuation:g}; it is one of {', '.join(map(str, cls.probes))}."
            )
        if setup.coupling != "DC" or setup.bandwidth_limit:
            raise LimitError(f"{setup.channel} is DC coupled and has no bandwidth limit. Set neither.")
        for volts in (setup.low, setup.high, *(() if level is None else (level,))):
            if not abs(volts) <= widest:
                raise LimitError(
                    f"{show(volts, 'V')} at {setup.channel} does not fit: up to {show(widest, 'V')} either way with a probe of "
                    f"{setup.attenuation:g}. Use a probe that attenuates more."
                )

    def plan(self, channels: Sequence[str], duration: float, rate: float, pretrigger: float) -> Acquisition:
        """The slowest stream at `rate` or more; no I/O. Raises PlanError listing what would fit."""
        who = f"{self.name} ({self.identity.model})"
        chosen = tuple(dict.fromkeys(channels))
        if unknown := [c for c in chosen if c not in self.channels]:
            raise PlanError(f"{who} has no input {', '.join(unknown)}; it has {', '.join(self.channels)}.")
        if not (chosen and duration > 0 and rate > 0 and pretrigger >= 0):
            raise PlanError(
                f"{who}: name an input; duration and rate must be positive, the pre-trigger time not negative."
            )
        period = _period(rate)
        if (got := 1 / period) > self._most(len(chosen)) * (1 + 1e-9):
            raise PlanError(self._alternatives(who, len(chosen), rate))
        points = math.ceil((duration + pretrigger) * got * (1 - 1e-9))
        return Acquisition(got, points, pretrigger, chosen, {"period": period, "delays": self._delays(chosen, got)})

    def _most(self, inputs: int) -> float:
        """Scans a second of so many inputs."""
        return min(self.fastest, self.together / inputs)

    def _delays(self, inputs: Sequence[str], rate: float) -> dict[str, float]:
        """When each input is sampled, in seconds after the clock's tick."""
        return dict.fromkeys(inputs, 0.0)

    def _alternatives(self, who: str, inputs: int, rate: float) -> str:
        said = f"{who}: {show(rate, 'Hz')} on {inputs} input{'s' * (inputs > 1)} is too fast. What fits: "
        options = [f"{show(self._most(n), 'Hz')} with {n} input{'s' * (n > 1)}" for n in range(inputs, 0, -1)]
        if self.together == math.inf:
            options = options[:1]
        return said + ", ".join(options) + "; an oscilloscope for what is faster."

    # Setting up.

    def configure(self, setups: Sequence[ChannelSetup], acquisition: Acquisition) -> None:
        """Set ranges, scan list and rate, read every one back, and read the constants of each input.

        Raises LimitError before anything is sent, InstrumentError for what does not read back.
        """
        known = {setup.channel: setup for setup in setups}
        if missing := [c for c in acquisition.channels if c not in known]:
            raise PlanError(
                f"{self.name}: {', '.join(missing)} is to be streamed, but nothing says which volts it has."
            )
        chosen = {}
        for channel in acquisition.channels:
            try:
                self.check_setup(known[channel])
            except LimitError as reason:
                raise LimitError(f"{self.name}: {reason}") from reason
            chosen[channel] = self._fitting(known[channel], len(acquisition.channels))
        self.stop()
        for channel, written in chosen.items():
            self._set_input(self.channels[channel], written)
            constants = self._calibration(int(channel[3:]), written)
            self._scalings[channel] = self._scaling(channel, written, constants, known[channel].attenuation)
        self._set_stream(acquisition)
        self._acquisition = acquisition

    def _fitting(self, setup: ChannelSetup, inputs: int) -> float:
        """The smallest range that takes what a setup says."""
        volts = max(abs(setup.low), abs(setup.high)) / setup.attenuation
        return next(written for written, fits in self.ranges.items() if volts <= fits)

    def _set_input(self, channel: LabJackInput, written: float) -> None:
        channel.range = written

    def _set_stream(self, acquisition: Acquisition) -> None:
        inputs = len(acquisition.channels)
        scans = max(1, min(MOST_SAMPLES // inputs, int(acquisition.rate / PACKETS)))
        self.settling = 0.0
        self.resolution = 0
        self.buffer_size = self.buffer
        self.clock = 0
        self.trigger = 0
        self.scans = 0
        self.target = ETHERNET
        self.write("STREAM_DATATYPE@4018:UINT32 0")
        self.addresses = inputs
        self.samples_per_packet = scans * inputs  # whole scans, so that no packet begins amid one
        numbers = [2 * int(channel[3:]) for channel in acquisition.channels]
        self.write(f"STREAM_SCANLIST@4100:UINT32 {','.join(map(str, numbers))}")
        listed = self.query(f"STREAM_SCANLIST@4100:UINT32x{inputs}?")
        if [int(a) for a in listed.split(",")] != numbers:
            raise InstrumentError(f"{self.name}: the scan list was set to {numbers} but reads back {listed}.")
        # A little slower, so that the number of clock ticks is the same whether the device rounds it or cuts it off.
        self.scan_rate = float(np.nextafter(np.float32(acquisition.rate), np.float32(0)))
        if abs((rate := self.scan_rate) / acquisition.rate - 1) > 1e-6:
            raise InstrumentError(
                f"{self.name}: samples at {show(rate, 'Hz', 8)}, {show(acquisition.rate, 'Hz', 8)} was planned."
            )

    def scaling(self, channel: str) -> Scaling:
        """What the codes of this input mean, as configured."""
        if channel not in self._scalings:
            raise InstrumentError(f"{self.name}: {channel} is not configured.")
        return self._scalings[channel]

    def _calibration(self, number: int, written: float) -> Sequence[float]:
        """PSlope, NSlope, Center, Offset of an input in a range."""
        address = self._constants_at(number, list(reversed(self.ranges)).index(written))
        if address not in self._constants:
            self.write(f"{POINTER} {address}")
            try:
                self._constants[address] = floats(self.query(FLASH + "?"))
            except ValueError as reason:
                raise InstrumentError(
                    f"{self.name}: AIN{number} has no calibration for {written:g} V ({reason})."
                ) from reason
        return self._constants[address]

    def _constants_at(self, number: int, index: int) -> int:
        """Flash address of an input's constants; `index` counts the ranges from the widest on."""
        raise NotImplementedError

    def _scaling(self, channel: str, written: float, constants: Sequence[float], attenuation: float) -> Scaling:
        up, down, center, _ = constants
        full = self.ranges[written]
        # Constants for 24 bits are those for 16 with a longer scale.
        for factor in (1, 256):
            slope = factor * (up - down) / 2
            if 0.9 < slope * 0x8000 / full < 1.3 and abs(up + down) < 0.01 * up:
                mismatch = factor * abs(up + down) / 2 * 0x8000  # volts at full scale
                error = math.hypot(slope / math.sqrt(12), mismatch) * attenuation
                return Scaling(slope * attenuation, -center / factor * slope * attenuation, error, 0, 0xFFFF)
        raise InstrumentError(
            f"{self.name}: the constants {tuple(constants)} of {channel} do not give its range of {full:g} V. It may need "
            "to be calibrated by its maker."
        )

    # Streaming.

    def start(self) -> None:
        """Start streaming. Never repeated by the link."""
        if self._acquisition is None:
            raise InstrumentError(f"{self.name}: configure it first.")
        self.stop()
        self._waiting.clear()
        self._decoder = StreamDecoder(f"{self.name} ({self.identity.model})", self._acquisition.channels)
        self._port = StreamPort(*self._link.stream, timeout=self.link.timeout)
        self.write("STREAM_ENABLE@4990:UINT32 1")

    def read(self) -> Chunk:
        """What has arrived since the last call, possibly nothing (a progress query).

        Raises InstrumentError on an overrun whose length the instrument cannot tell, or when it has stopped.
        """
        if self._port is None or self._acquisition is None:
            raise InstrumentError(f"{self.name}: does not stream; start it first.")
        if not self._waiting:
            streaming = self.streaming
            data = self._port.take()
            self._waiting.extend(self._decoder.chunks(data))
            if not streaming and not data:
                raise InstrumentError(f"{self.name} ({self.identity.model}): has stopped streaming by itself.")
        if self._waiting:
            return self._waiting.popleft()
        return Chunk(self._decoder.first, {c: np.empty(0, np.uint16) for c in self._acquisition.channels})

    def stop(self) -> None:
        """End the stream, this one or one that somebody else has left."""
        if self._port is not None:
            self._port.close()
            self._port = None
        if self.streaming:
            self.write("STREAM_ENABLE@4990:UINT32 0")

    def safe(self) -> None:
        """End the stream, blindly. Raises LinkError when it cannot be sent."""
        self.link.send_safe(self.safe_state)

    def close(self) -> None:
        """Release the link."""
        if self._port is not None:
            self._port.close()
        self.link.close()


def _period(rate: float) -> float:
    """The longest period (s) that the stream's clock has at `rate` or more."""
    for tick in TICKS:
        ticks = math.floor(1 / (rate * tick) * (1 + 1e-9))
        if 1 <= ticks <= LONGEST:
            return ticks * tick
    return LONGEST * TICKS[-1] if rate < 1 else TICKS[0]
