"""What the Arduino source does, apart from its lines: states, start, end, watchdog, safe state, stamps, restarts.

From `hardware/firmware/PROTOCOL.md`, sections 3, 7 to 10 and 12; the stream of section 14 is in `arduino_stream`.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping, MutableMapping
from enum import Enum
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from .arduino_channel import Channel, Clock, Correction, CurrentOutput, LogicOutput, Pulses, either, marked_ticks
from .arduino_lines import Refused, crc16
from .arduino_stream import Stream

if TYPE_CHECKING:
    from ..world import Event, World

QUEUE = 8
STAMPS = 44
"""Kept of each input; a fetch may ask for MOST_STAMPS."""
MOST_STAMPS = 64
START_DELAY = 1e-4
"""Seconds from TRIG to tick 0."""
EDGE_DELAY = 1e-5
"""Seconds from an edge at TRIG IN to tick 0."""
ERASED = b"\xff" * 34
"""By range, channel and leg two numbers of two bytes; then their CRC."""
RANGES = ("FULL", "QUARTER")
"""EEPROM in which nothing was ever stored."""
LEGS = ("SOUR", "SINK")
"""Channels and legs in the order of the EEPROM."""


class State(Enum):
    """What the source is doing."""

    IDLE = "idle"
    ARMED = "armed"
    RUNNING = "running"


class Latch(Enum):
    """Status bits that stay until ``*CLS``."""

    OVERRUN = 32
    TRIPPED = 64
    INPUT_LOST = 128
    STAMPS_LOST = 256
    RESTARTED = 512
    SCANS_LOST = 2048


class Comparator(Protocol):
    """What the world gives a source to see spikes with."""

    def crossings(self, level: float, start: float, stop: float) -> NDArray[np.float64]:
        """Rising crossings in (start, stop]."""
        ...


class LogicInput(Protocol):
    """What the world gives a source as TRIG IN."""

    def on_rising(self, action: Callable[[float], None]) -> None:
        """Call ``action(time)`` at each rising edge."""
        ...


class SpikeInput:
    """Time stamps of one comparator: the oldest 44 that were not fetched, and how many came too late."""

    def __init__(self) -> None:
        self.on = False
        self.empty()

    def empty(self) -> None:
        """Forget every stamp."""
        self.stamps: list[int] = []
        self.lost = 0

    def add(self, stamps: list[int]) -> bool:
        """Keep stamps while there is room; whether any was lost."""
        room = STAMPS - len(self.stamps)
        self.stamps += stamps[:room]
        lost = len(stamps[room:])
        self.lost = min(65535, self.lost + lost)
        return lost > 0

    def fetch(self, most: int) -> bytes:
        """Take up to `most` stamps: number lost (uint16), then half-microseconds (uint32 each)."""
        taken, self.stamps = self.stamps[:most], self.stamps[most:]
        payload = self.lost.to_bytes(2, "little") + np.array(taken, "<u4").tobytes()
        self.lost = 0
        return payload


class Machine:
    """The source's channels, its state, and everything that happens to it without a line being received."""

    def __init__(
        self,
        world: "World",
        outputs: Mapping[int, CurrentOutput],
        sync: LogicOutput,
        trigger: LogicInput | None,
        comparators: Mapping[int, Comparator],
        *,
        range_jumper: MutableMapping[int, str],
        comparator_level: float,
        eeprom: bytes,
        seed: int = 0,
    ) -> None:
        self.world, self.sync, self.comparators = world, sync, dict(comparators)
        self.range_jumper, self.comparator_level, self.eeprom = range_jumper, comparator_level, eeprom
        self.channels = {n: Channel(outputs[n]) for n in (1, 2)}
        self.spikes = {1: SpikeInput(), 2: SpikeInput()}
        self.stream = Stream(world, self.channels, self._lose_scans, seed)
        self.state = State.IDLE
        self.clock: Clock | None = None  # of the last start, while spikes are stamped
        self._armed: list[Channel] = []
        self._trip: Event | None = None
        self._end: Event | None = None
        self._pulses: Pulses | None = None
        self.restart("POWER")
        world.listen(self._see_spikes, f"source {id(self)}")
        if trigger is not None:
            trigger.on_rising(self._edge)

    def restart(self, cause: str) -> None:
        """Begin anew, as after a processor restart: no current, defaults, calibration from EEPROM."""
        self.cause = cause
        self.errors: deque[int] = deque()
        self.latched = {Latch.RESTARTED}
        self.defaults()
        stored = self.eeprom != ERASED
        intact = crc16(self.eeprom[:-2]) == int.from_bytes(self.eeprom[-2:], "little")
        self.calibration = "DEFAULT" if not stored else "STORED" if intact else "LOST"
        if self.calibration == "LOST":
            self.fail(-313)
        self.kept = self.calibration == "STORED"
        for n, channel in self.channels.items():
            channel.range = self.range_jumper[n]
            channel.legs = self._stored(n) if self.kept else {leg: Correction() for leg in LEGS}

    def _stored(self, n: int) -> dict[str, Correction]:
        """A channel's corrections in the range that its jumper selects, from the EEPROM."""
        numbers = np.frombuffer(self.eeprom[:-2], "<i2").reshape(len(RANGES), 2, len(LEGS), 2)
        found = numbers[RANGES.index(self.channels[n].range), n - 1].tolist()
        return {leg: Correction(*of_leg) for leg, of_leg in zip(LEGS, found, strict=True)}

    def store(self) -> None:
        """Write the corrections to the EEPROM; for the other range too while there is nothing in it."""
        data = self.eeprom[:-2] if self.kept else bytes(len(self.eeprom) - 2)
        numbers = np.frombuffer(data, "<i2").reshape(len(RANGES), 2, len(LEGS), 2).copy()
        for n, channel in self.channels.items():
            for k, name in enumerate(RANGES):
                if not self.kept or name == channel.range:
                    numbers[k, n - 1] = [(channel.legs[leg].gain, channel.legs[leg].offset) for leg in LEGS]
        data = numbers.tobytes()
        self.eeprom = data + crc16(data).to_bytes(2, "little")
        self.kept, self.calibration = True, "STORED"

    def look_at_jumpers(self) -> None:
        """Before every line in IDLE: a channel whose jumper was moved begins anew, with the corrections of its range."""
        if self.state is not State.IDLE:
            return
        for n, channel in self.channels.items():
            if channel.read_jumper(self.range_jumper[n]) and self.kept:
                channel.legs = self._stored(n)

    def defaults(self) -> None:
        """Safe state, and every setting as after power-up."""
        self.safe()
        for channel in self.channels.values():
            channel.program, channel.tick_us = None, 100
        for spikes in self.spikes.values():
            spikes.on = False
            spikes.empty()
        self.stream.defaults()
        self.trigger_source, self.sync_mode, self.sync_every = "IMM", "START", 0
        self.watchdog_ms, self.unlocked = 2000, False

    def fail(self, number: int) -> None:
        """Put an error into the queue; a full queue ends in -350."""
        if number in (-363, -365):
            self.latched.add(Latch.INPUT_LOST)
        if len(self.errors) == QUEUE:
            self.errors[-1] = -350
        else:
            self.errors.append(number)

    def _lose_scans(self) -> None:
        self.latched.add(Latch.SCANS_LOST)

    def overrun(self) -> None:
        """A tick came late."""
        self.latched.add(Latch.OVERRUN)
        self.fail(2)

    @property
    def status(self) -> int:
        """The status bits, section 9."""
        bits = sum(latch.value for latch in self.latched)
        for n, channel in self.channels.items():
            bits |= self._plays(channel) << n - 1 | channel.enabled << n + 2
        return bits | (self.state is State.ARMED) << 2 | bool(self.errors) << 10

    def _plays(self, channel: Channel) -> bool:
        if channel.playback is None or channel.program is None or self.clock is None:
            return False
        return self.world.now < self.clock.time(channel.program.ticks)

    # Refusals

    def must_be_idle(self, *, off: bool = False) -> None:
        """Raise Refused(-221) in other states; `off`: or with an output on."""
        if self.state is not State.IDLE or (off and any(channel.enabled for channel in self.channels.values())):
            raise Refused(-221)

    def must_not_be_tripped(self) -> None:
        """Raise Refused(1) while the watchdog's trip is latched."""
        if Latch.TRIPPED in self.latched:
            raise Refused(1)

    # Outputs

    def switch(self, n: int, on: bool) -> None:
        """Switch an output. Raises Refused (-221, 1) for on."""
        if on:
            self.must_be_idle()
            self.must_not_be_tripped()
        elif self.state is not State.IDLE:
            self.abort()
        self.channels[n].switch(on)

    def safe(self) -> None:
        """Converters 0, OE low, SYNC low, idle."""
        self.abort()
        for channel in self.channels.values():
            channel.switch(False)
        self.feed_watchdog()

    def feed_watchdog(self) -> None:
        """A valid line came, or an output was switched: count anew while any output is on."""
        if self._trip is not None:
            self._trip.cancel()
            self._trip = None
        if self.channels[1].enabled or self.channels[2].enabled:
            self._trip = self.world.at(self.world.now + self.watchdog_ms * 1e-3, self._tripped)

    def _tripped(self) -> None:
        self.safe()
        self.latched.add(Latch.TRIPPED)
        self.fail(1)

    # Programs

    def arm(self) -> None:
        """Wait for the trigger. Raises Refused (-213, -221, 1)."""
        if self.state is not State.IDLE:
            raise Refused(-213)
        self.must_not_be_tripped()
        ready = [channel for channel in self.channels.values() if channel.enabled and channel.program]
        if len({channel.tick_us for channel in ready}) != 1:
            raise Refused(-221)
        for spikes in self.spikes.values():
            spikes.empty()
        self._armed, self.state = ready, State.ARMED
        self._keep_time(None)

    def trigger(self) -> None:
        """Start now. Raises Refused(-211)."""
        if self.state is not State.ARMED or self.trigger_source != "IMM":
            raise Refused(-211)
        self._start(self.world.now + START_DELAY)

    def _edge(self, when: float) -> None:
        if self.state is State.ARMED and self.trigger_source == "EXT":
            self._start(max(when, self.world.now) + EDGE_DELAY)

    def _start(self, t0: float) -> None:
        clock = Clock(t0, self._armed[0].tick_us)
        self._keep_time(clock)
        self.stream.started(t0)
        programs = [(channel.program, channel.level) for channel in self._armed if channel.program]
        ticks = max(program.ticks for program, _ in programs)
        match self.sync_mode:
            case "START":
                self.sync.play(np.array([t0, clock.time(ticks)]), False)
            case "EPOCH":
                marked = either(*(marked_ticks(program.runs(level)) for program, level in programs))
                self._pulses = Pulses(self.world, clock, self.sync, marked)
            case "TICK":
                every = ((tick, True) for tick in range(0, ticks, self.sync_every))
                self._pulses = Pulses(self.world, clock, self.sync, every)
        for channel in self._armed:
            channel.start(self.world, clock)
        self._end = self.world.at(clock.time(ticks), self._ended)
        self.state = State.RUNNING

    def _ended(self) -> None:
        for channel in self._armed:
            channel.finish(self.world.now)
        self._quiet()

    def abort(self) -> None:
        """Leave ARMED or RUNNING; both set levels 0."""
        for channel in self.channels.values():
            channel.cancel()
        self._quiet()
        self._keep_time(None)

    def _quiet(self) -> None:
        """Idle, nothing scheduled, SYNC low."""
        if self._end is not None:
            self._end.cancel()
        if self._pulses is not None:
            self._pulses.stop()
        self.sync.drive(False)
        self._end = self._pulses = None
        self._armed = []
        self.state = State.IDLE

    # Spikes

    def _keep_time(self, clock: Clock | None) -> None:
        """From now on spikes are stamped by this clock; None: by none."""
        self.clock = clock
        self.world.remember(f"source {id(self)}", None if clock is None else math.inf)

    def _see_spikes(self, start: float, stop: float) -> None:
        if self.clock is None:
            return
        for n, comparator in self.comparators.items():
            if self.spikes[n].on:
                times = comparator.crossings(self.comparator_level, max(start, self.clock.t0), stop)
                stamps = [int((t - self.clock.t0) * 2e6) % 2**32 for t in times]
                if self.spikes[n].add(stamps):
                    self.latched.add(Latch.STAMPS_LOST)
