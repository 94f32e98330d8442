"""What the Arduino source streams: its read-backs as a digitiser, and the time stamps of spikes.

From hardware/firmware/PROTOCOL.md alone (sections are that page's). All of it is reported, not measured.
"""

import binascii
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import InstrumentError, LimitError, PlanError, Stamps, show

from ..commands import Commanded, choice, integer, text
from ..links import Link
from ..roles import Acquisition, ChannelSetup, Chunk, Identity, Scaling

QUANTITIES = ("V1", "I1", "V2", "I2")
"""In the order of a scan; number k is bit k of ``ADC:SCAN`` (section 14)."""
SLOT = 125e-6  # seconds of one conversion
SLOTS = 8000  # most from scan to scan
MOST_SCANS, MOST_STAMPS = 192, 64
COUNTS, VOLTS = 1024, 5.0
HIGHEST_VOLTS, HIGHEST_AMPERES = 4.995, 250e-6  # what MEAS:VOLT? and MEAS:CURR? reach (section 4)
STAMP = 0.5e-6  # seconds of one unit of a time stamp, and of ADC:T0?
WRAP = 2**32


def fetched(link: Link, name: str, line: str) -> bytes:
    """What the block that answers `line` carries, without its CRC-16. Raises InstrumentError when it arrived damaged."""
    payload = bytes(link.query_block(line))
    if len(payload) < 4 or binascii.crc_hqx(payload[:-2], 0xFFFF) != int.from_bytes(payload[-2:], "little"):
        raise InstrumentError(f"{name}: the answer to '{line}' arrived damaged; what it carried is lost.")
    return payload[:-2]


class SpikeInput(Commanded):
    """One comparator input, SPIKE IN."""

    state = text("SPIK:STAT", question="SPIK:STAT? {n}", doc="Whether rising edges at SPIKE IN are time-stamped.")

    def switch(self, on: bool) -> None:
        """Stamp rising edges from the next start on, or no more; confirmed."""
        wanted = "ON" if on else "OFF"
        self.write(f"SPIK:STAT {self.suffix},{wanted}")
        if (found := self.state) != wanted:
            raise InstrumentError(f"{self.name}: time stamps are {found}, {wanted} was set.")

    def begin(self) -> None:
        """A start is about to come: its stamps count from there."""
        self._last, self._wraps = 0, 0

    def take(self) -> Stamps:
        """The stamps that were not fetched yet: since the start, in units of 0.5 us. Fetch while it runs: the source keeps 44.

        The source's counter wraps after 2147 s: times are right as long as no two stamps lie further apart.
        """
        pieces: list[NDArray[np.uint32]] = []
        lost = 0
        while not pieces or len(pieces[-1]) > MOST_STAMPS // 2:  # more may have come meanwhile
            payload = fetched(self.link, self.name, f"SPIK:DATA? {self.suffix},{MOST_STAMPS}")
            lost += int.from_bytes(payload[:2], "little")
            pieces.append(np.frombuffer(payload, "<u4", offset=2))
        counts = np.concatenate(pieces).astype(np.int64)
        before = np.concatenate([[self._last], counts[:-1]])
        wrapped = counts + WRAP * (self._wraps + np.cumsum(counts < before))
        if len(counts):
            self._last, self._wraps = int(counts[-1]), int(wrapped[-1] // WRAP)
        return Stamps(wrapped, STAMP, lost)

    _last, _wraps = 0, 0


class ArduinoAdc(Commanded):
    """The source's own converter: voltages at its terminals and currents of its driven legs, streamed without a gap.

    Fulfils the role `Digitizer`. Channels ``V1``, ``I1``, ``V2``, ``I2``; codes of an I channel mean amperes. In scan i the
    k-th channel of those streamed is sampled k * 125 us after the first. `zero` ties the stream to a start of programs.
    """

    driver: ClassVar[str] = "arduino_source"
    probes: ClassVar[tuple[float, ...]] = (1.0,)

    selection = integer("ADC:SCAN", low=1, high=15, doc="Quantities streamed: sum of 1 (V1), 2 (I1), 4 (V2), 8 (I2).")
    slots = integer("ADC:SLOT", low=2, high=SLOTS, doc="Slots of 125 us from scan to scan.")
    state = choice("ADC:STAT", ("ON", "OFF"), doc="Whether read-backs are streamed.")

    def __init__(self, link: Link, identity: Identity, contract: str, *, name: str, warnings: list[str]) -> None:
        super().__init__(link, name=name, warnings=warnings)
        self.identity, self.contract = identity, contract
        self.full_scale: dict[str, float] = {}
        """Amperes by channel of the source, as its range jumpers were read."""
        self._acquisition: Acquisition | None = None
        self._next = 0
        self.streaming = False

    @property
    def possible(self) -> bool:
        """Whether the firmware knows the stream: contract 1.1 or later."""
        return int(self.contract.partition(".")[2]) >= 1

    @staticmethod
    def check_setup(setup: ChannelSetup, level: float | None = None) -> None:
        """Raise LimitError for what the source's converter does not see: 0 to 4.995 V, +-250 uA, plain and direct."""
        unit, low, high = (
            ("V", 0.0, HIGHEST_VOLTS) if setup.channel.startswith("V") else ("A", -HIGHEST_AMPERES, HIGHEST_AMPERES)
        )
        if not low <= setup.low <= setup.high <= high:
            raise LimitError(
                f"{setup.channel}: the source's own converter sees {show(low, unit)} to {show(high, unit)}, not "
                f"{show(setup.low, unit)} to {show(setup.high, unit)}."
            )
        if setup.attenuation != 1.0 or setup.bandwidth_limit or setup.coupling != "DC":
            raise LimitError(
                f"{setup.channel}: the source's own converter has no probe, no coupling and no bandwidth limit."
            )
        if level is not None and not low < level < high:
            raise LimitError(f"{setup.channel}: never crosses {show(level, unit)}.")

    def plan(self, channels: Sequence[str], duration: float, rate: float, pretrigger: float) -> Acquisition:
        """The slowest stream at `rate` or more. Raises PlanError naming the fastest, or a firmware that cannot stream."""
        if not self.possible:
            raise PlanError(
                f"{self.name}: its firmware speaks protocol {self.contract}, which cannot stream. Load one that speaks 1.1."
            )
        if unknown := [c for c in channels if c not in QUANTITIES]:
            raise PlanError(f"{self.name}: no channel '{unknown[0]}'. Known: {', '.join(QUANTITIES)}.")
        fewest = len(channels) + 1  # one slot of each scan is free for MEAS (section 14)
        slots = min(SLOTS, math.floor(1.0 / (rate * SLOT) + 1e-9))
        if not channels or slots < fewest:
            raise PlanError(
                f"{self.name}: {show(rate, 'Hz')} of {len(channels)} quantities cannot be had; "
                f"{len(channels)} come at {show(1 / (fewest * SLOT), 'Hz')} at most, one at {show(0.5 / SLOT, 'Hz')}."
            )
        real = 1.0 / (slots * SLOT)
        ordered = tuple(q for q in QUANTITIES if q in channels)
        return Acquisition(real, math.ceil((duration + pretrigger) * real), pretrigger, ordered, {"slots": slots})

    def configure(self, setups: Sequence[ChannelSetup], acquisition: Acquisition) -> None:
        """Set what is streamed and how often, read back."""
        for setup in setups:
            self.check_setup(setup)
        if self.streaming:
            self.stop()
        self.selection = sum(1 << QUANTITIES.index(channel) for channel in acquisition.channels)
        self.slots = acquisition.settings["slots"]
        self._acquisition = acquisition

    def start(self) -> None:
        """Start streaming with scan 0."""
        self._planned()
        self.state = "ON"
        self._next, self.streaming = 0, True

    def stream(self, channels: Sequence[str], period: float) -> Acquisition:
        """Plan, configure and start in one: a scan every `period` seconds or a little more often. Raises PlanError."""
        acquisition = self.plan(channels, 0.0, 1.0 / period, 0.0)
        self.configure((), acquisition)
        self.start()
        return acquisition

    def read(self) -> Chunk:
        """What was taken since the last call. The source keeps 144 samples in all: read often enough (section 15).

        Raises InstrumentError when the numbers of the scans say that the stream is not the one that was started.
        """
        acquisition = self._planned()
        payload = fetched(self.link, self.name, f"ADC:DATA? {MOST_SCANS}")
        told = int.from_bytes(payload[4:6], "little")
        lost = (int.from_bytes(payload[:4], "little") - self._next) % WRAP
        if told != min(lost, 65535):
            raise InstrumentError(
                f"{self.name}: scan {self._next} was to come, and the stream tells of {told} lost ones and goes on {lost} "
                "later. Did it restart? Start it again."
            )
        samples = np.frombuffer(payload, "<i2", offset=6).reshape(-1, len(acquisition.channels))
        first = self._next + lost
        self._next = first + len(samples)
        return Chunk(first, {c: samples[:, k] for k, c in enumerate(acquisition.channels)}, lost)

    def scaling(self, channel: str) -> Scaling:
        """What the codes mean: volts of a V channel, amperes of an I channel."""
        if channel.startswith("V"):
            return Scaling(VOLTS / COUNTS, 0.0, VOLTS / COUNTS, 0, COUNTS - 1)
        step = self.full_scale[channel[1:]] / COUNTS
        return Scaling(step, 0.0, step, 1 - COUNTS, COUNTS - 1)

    def zero(self) -> tuple[float, ...]:
        """For each streamed channel, when its sample of scan 0 was taken: seconds after t0 of the last start (so negative).

        Raises InstrumentError when there was no start since the stream began.
        """
        acquisition = self._planned()
        scan, halves = (int(part) for part in self.query("ADC:T0?").split(","))
        if scan < 0:
            raise InstrumentError(f"{self.name}: no program has started since the stream began.")
        begun = -scan / acquisition.rate - halves * STAMP
        return tuple(begun + k * SLOT for k in range(len(acquisition.channels)))

    def stop(self) -> None:
        """End the stream; what was not read is gone."""
        self.streaming = False
        self.state = "OFF"

    def safe(self) -> None:
        """It drives nothing: nothing is to be done. The source itself is made safe by its own `safe`."""

    def close(self) -> None:
        """The link is the source's, which closes it."""

    def settings(self) -> dict[str, Any]:
        """What is streamed, as read back; nothing for a firmware that cannot stream."""
        return super().settings() if self.possible else {}

    def _planned(self) -> Acquisition:
        if self._acquisition is None:
            raise InstrumentError(f"{self.name}: configure it first.")
        return self._acquisition
