"""The Arduino current source whose brain is its real firmware, on a simulated processor in step with the world.

What the processor's pins do is done to the world at its cycle: converters and OE to the ports, as the shield makes it of
them (ideally, or as it is drawn), SYNC OUT to its line. What the world does comes back: voltages to the converter at the
moment of sampling, spikes to the comparators, edges to TRIG IN.
"""

import itertools
import math
import random
import re
import time
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from neurorig.hardware.firmware.images import packaged
from neurorig.hardware.firmware.simulated import HERTZ, Controller
from neurorig.signals import ConfigError

from ..world import POLL
from .arduino_channel import CurrentOutput, LogicOutput
from .arduino_machine import ERASED, LogicInput
from .arduino_stream import ROOM, SLOT
from .firmware_session import FirmwareSession, complete
from .shield import IDEAL, Shield

if TYPE_CHECKING:
    from ..world import Event, World

JUMPERS = {1: "D12", 2: "A5"}
"""Pin of each channel's range jumper: low with the jumper on."""
SENSE = {"FULL": 10e3, "QUARTER": 40e3}
"""Ohms from the delivered current to the converter's input, by range."""
STEP = 2.5 / 1024
"""Volts of a count of the converter."""
NOISE = 0.3
"""Counts rms of one conversion."""
BOOT = 1.0
"""Seconds that an Uno sits in its bootloader after its port was opened."""
HELLO_WITHIN = 0.05
"""Seconds from the start of the program to its hello line, at most."""
PATIENCE = 0.3
"""Seconds after which no answer will come any more."""
BYTE = 10 / 500_000
"""Seconds of a byte on the line."""
FORESIGHT = 20e-3
"""Seconds for which spikes are looked for ahead; whatever is put out meanwhile makes that void."""
MOST_SPIKES = 64
STREAMED = 5e-3
"""Seconds since a read-back was taken, up to which the stream is on."""
LONG = 10e-3
"""Seconds of a long pulse of SYNC."""
LOOKBACK = 1e-3
"""Seconds from the holding of an input to the reading of its conversion, at most."""
SERIAL_AT, SERIAL_LENGTH = 0x3F0, 16


class SpikeInput(Protocol):
    """What the world gives to a comparator of the source."""

    def foresee(self, level: float, since: float, until: float) -> NDArray[np.float64]:
        """Rising crossings in (since, until], which begins about now, if nothing changes."""
        ...


class FirmwareSource:
    """Two channels of current on a world's outputs, driven by the real program.

    Arguments as of `SimulatedArduinoSource`; `image`: another program than the delivered one; `shield`: what it drives. One
    in a world.
    Raises ConfigError when the program cannot be run, or the serial number is none that its EEPROM can hold.
    """

    def __init__(
        self,
        world: "World",
        outputs: Mapping[int, CurrentOutput],
        sync: LogicOutput,
        trigger: LogicInput | None,
        comparators: Mapping[int, SpikeInput],
        *,
        serial: str,
        range_jumper: MutableMapping[int, str] | None = None,
        seed: int = 0,
        boot_delay: float = 0.0,
        comparator_level: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        eeprom: bytes = ERASED,
        image: Path | None = None,
        shield: Shield = IDEAL,
    ) -> None:
        if world.machine is not None:
            raise ConfigError("Only one current source of a bench can be simulated by its firmware.")
        self.world, self.outputs, self.sync, self.comparators = world, outputs, sync, dict(comparators)
        self.clock, self.boot_delay, self._level = clock, boot_delay, comparator_level
        self.range_jumper = {1: "FULL", 2: "FULL"} if range_jumper is None else range_jumper
        self.controller = Controller(image or packaged()[0], eeprom=_eeprom(eeprom, serial))
        self.shield = shield
        self._noise = random.Random(seed)
        self._codes = [0, 0, 0, 0]
        self._enabled = {1: False, 2: False}
        self._closed = {1: False, 2: False}  # the line to the terminal
        self._closing: dict[int, Event] = {}
        self._flows = self._flowed = {1: 0.0, 2: 0.0}  # since the cycle of the last change, and before
        self._changed = self._ends = self._ends_told = 0
        self._rose = world.now
        self._inbox, self._awaited = b"", 0
        self._answers: list[bytes] = []
        self._kept, self._fetched = 0.0, world.now  # samples of the stream when it was fetched
        self.scan = {"ADC:SCAN": 3, "ADC:SLOT": 8}
        """What the clients set: how long a host waits for half a memory of scans."""
        self._sampled = -math.inf
        self._told = world.now  # the processor knows of all spikes before this
        self._due: Event | None = None
        self._paced: Event | None = None
        self.hello, self.restarts, self.ready_at = b"", 0, world.now
        self._boot()
        self.identity = self._true_identity = self.hello.decode("ascii").removeprefix("HELLO ").rpartition(",")[0]
        world.machine = self
        world.lookback = max(world.lookback, LOOKBACK)
        if trigger is not None:
            trigger.on_rising(self._edge)

    def _boot(self) -> None:
        """Switch on: the program has said hello before the world begins."""
        self.look_at_jumpers()
        controller = self.controller
        end = round(HELLO_WITHIN * HERTZ)
        while controller.cycle < end and not self.hello:
            controller.run_until(end)
            self._collect()
        if not self.hello:
            raise ConfigError("The program does not say hello: it is no current source of PROTOCOL.md.")
        controller.events()
        controller.look(self._volts)
        self._first_cycle, self._first_moment = controller.cycle, self.world.now

    def session(self) -> FirmwareSession:
        """A conversation with a new client; with a `boot_delay` it restarts the source, as DTR does."""
        session = FirmwareSession(self)
        if self.boot_delay:
            self.restart("EXTERNAL")
        return session

    def restart(self, cause: str) -> None:
        """Restart the processor (POWER, EXTERNAL, BROWNOUT, WATCHDOG): no current, deaf while it boots, then hello."""
        self._keep_up()
        self.controller.restart(cause, boot=self.boot_delay)
        self.restarts += 1
        self.hello = self._inbox = b""
        self._answers.clear()
        self._put_out()
        self.ready_at = self.world.now + self.boot_delay
        self.world.at(self.ready_at, lambda: None)  # something is due: time goes on while nobody speaks

    def power_cycle(self) -> None:
        """Switched off and on again."""
        self.restart("POWER")

    def move_jumper(self, channel: int, place: str) -> None:
        """Put a channel's range jumper at FULL or QUARTER, as a hand does."""
        self.range_jumper[channel] = place

    def look_at_jumpers(self) -> None:
        """The jumpers' pins are as the jumpers stand."""
        for n, pin in JUMPERS.items():
            self.controller.pin(pin, self.range_jumper[n] == "FULL")

    # In step with the world

    def run(self, until: float) -> float:
        """See `Machine`."""
        controller, target = self.controller, self._cycle(until)
        known = target if not self.comparators else controller.cycle
        while controller.cycle < target:
            if controller.cycle >= known:
                known = self._foresee(target)
            controller.run_until(known)
            self._collect()
            if self._put_out():
                self._told = min(self._told, self._moment(controller.cycle))
                return self.world.now
            if self._answered():
                self._keep_up()
                self._told = min(self._told, self.world.now)
                return self.world.now
        return max(until, self.world.now)

    def _cycle(self, when: float) -> int:
        return self._first_cycle + math.floor((when - self._first_moment) * HERTZ)

    def _moment(self, cycle: int) -> float:
        return self._first_moment + (cycle - self._first_cycle) / HERTZ

    def _keep_up(self, cycle: int | None = None) -> None:
        """The world is where the processor is, or was at `cycle`."""
        self.world.now = max(self.world.now, self._moment(self.controller.cycle if cycle is None else cycle))

    def _put_out(self) -> bool:
        """Do to the world what the pins did; whether that changed anything."""
        changed = False
        for cycle, events in itertools.groupby(self.controller.events().tolist(), key=lambda event: event[0]):
            self._keep_up(cycle)
            for _, code, channel, kind, _ in events:
                if kind == 0:
                    self._codes[channel] = code
                elif kind == 2:
                    changed |= self._enable(channel, bool(code))
                elif kind == 3:
                    self._synchronise(bool(code))
                    changed = True
            changed |= self._deliver(cycle)
        return changed

    def _enable(self, n: int, on: bool) -> bool:
        """OE: the shield's relay closes a while later and opens at once. Whether it will close."""
        self._enabled[n] = on
        self._expect()
        if (closing := self._closing.pop(n, None)) is not None:
            closing.cancel()
        waits = on and self.shield.closing > 0
        self._closed[n] = on and not waits
        if waits:
            self._closing[n] = self.world.at(self.world.now + self.shield.closing, lambda: self._close(n))
        return waits

    def _close(self, n: int) -> None:
        del self._closing[n]
        self._closed[n] = True
        self._deliver(self.controller.cycle)

    def _synchronise(self, high: bool) -> None:
        """SYNC OUT changes; the end of a long pulse is taken for the end of a program."""
        self.sync.drive(high)
        if high:
            self._rose = self.world.now
        elif self.world.now - self._rose > LONG:
            self._ends += 1

    def watch(self) -> Callable[[], bool]:
        """See `Machine`: whether a program has ended."""
        ends = self._ends
        return lambda: self._ends != ends

    def _deliver(self, cycle: int) -> bool:
        """Drive the ports whose current changed at this cycle; whether there was one."""
        flows = {n: self._amperes(n) for n in self.outputs}
        if flows == self._flows:
            return False
        self._changed, self._flowed, self._flows = cycle, self._flows, flows
        for n, output in self.outputs.items():
            if flows[n] != self._flowed[n]:
                output.drive(flows[n])
        return True

    def _amperes(self, n: int) -> float:
        """What the shield delivers."""
        if not self._closed[n]:
            return 0.0
        source, sink = self._codes[2 * n - 2 : 2 * n]
        return self.shield.amperes(self.range_jumper[n], source, sink)

    def _volts(self, channel: int, cycle: int) -> float:
        """At an analog input of the processor: half the terminal's voltage, or the current over its resistance."""
        self._keep_up()
        self._sampled, n = self.world.now, channel % 2 + 1
        if channel < 2:
            volts = float(self.outputs[n].sample(self._moment(cycle), 1e-6, 1)[0]) / 2
        else:
            flows = self._flows if cycle >= self._changed else self._flowed
            volts = abs(flows[n]) * SENSE[self.range_jumper[n]]
        return volts + self._noise.gauss(0.0, NOISE) * STEP

    def _foresee(self, target: int) -> int:
        """Tell the processor the spikes that will come; the cycle up to which they are known."""
        self._keep_up()
        until = min(self._moment(target), self.world.now + FORESIGHT)
        seen = [(t, n - 1) for n, it in self.comparators.items() for t in it.foresee(self._level, self._told, until)]
        seen.sort()
        if len(seen) > MOST_SPIKES:
            del seen[MOST_SPIKES:]
            until = seen[-1][0]
        cycles = np.array([self._cycle(t) for t, _ in seen], np.uint64)
        self.controller.spikes(cycles, np.array([n for _, n in seen], np.uint8))
        self._told = until
        return max(self._cycle(until), self.controller.cycle + 1)

    def _edge(self, when: float) -> None:
        """TRIG IN rises, for 10 us."""
        self.controller.pin("D2", True)
        self.world.at(self.world.now + 1e-5, lambda: self.controller.pin("D2", False))

    # Something is due: time goes on while nobody speaks

    def _expect(self) -> None:
        on = any(self._enabled.values())
        if on and self._due is None:
            self._due = self.world.at(math.inf, lambda: None)
        elif not on and self._due is not None:
            self._due.cancel()
            self._due = None

    @property
    def streaming(self) -> bool:
        """Whether read-backs are being taken."""
        return self.world.now - self._sampled < max(STREAMED, 2 * SLOT * self.scan["ADC:SLOT"])

    @property
    def _rate(self) -> float:
        """Samples of the stream in a second, by what the clients set."""
        return max(1, self.scan["ADC:SCAN"]).bit_count() / (max(1, self.scan["ADC:SLOT"]) * SLOT)

    def poll(self) -> None:
        """The status is asked: the world goes on for a host that waits, unless what it waits for has just come."""
        if self._ends == self._ends_told:
            self.world.progress()
        self._ends_told = self._ends

    def fill_stream(self) -> None:
        """Who fetches the stream so soon that little has come waits until half of what is kept is full."""
        kept = min(ROOM, self._kept + self._rate * (self.world.now - self._fetched))
        if self.streaming and 0 < kept < ROOM / 4 and not self.world.paced:
            self.world.advance_to(self.world.now + min(POLL, (ROOM / 2 - kept) / self._rate))
            kept = ROOM / 2
        self._kept, self._fetched = kept, self.world.now

    def emptied_stream(self, samples: int) -> None:
        """So many samples were fetched; few of them: nothing is left."""
        self._kept = max(0.0, self._kept - samples) if samples >= ROOM / 4 else 0.0

    def _pace(self) -> None:
        """No poll leaps over what the processor can keep of its stream."""
        if self._paced is not None:
            self._paced.cancel()
        self._paced = self.world.at(self.world.now + ROOM / 4 / self._rate, self._pace) if self.streaming else None

    # The serial line

    def wait_for_hello(self) -> bytes:
        """Let the program begin; its hello line."""
        deadline = max(self.ready_at, self.world.now) + HELLO_WITHIN
        began = self.world.now
        self.world.advance_to(deadline, lambda: bool(self.hello))
        self.world.lead(self.world.now - began)
        return self.hello

    def pass_time(self, seconds: float) -> None:
        """Let the world go on, whether it is paced or not."""
        self.world.advance_to(self.world.now + seconds)
        self.world.lead(seconds)

    def exchange(self, data: bytes, requests: int) -> bytes:
        """Send what holds so many requests, and let time pass until all are answered; what came unasked before goes first."""
        self.look_at_jumpers()
        began = self.world.now
        self._awaited = len(self._answers) + requests
        self.controller.send(data)
        self.world.advance_to(began + len(data) * BYTE)
        if requests:
            self.world.advance_to(self.world.now + PATIENCE, self._answered)
        self._awaited = 0
        self.world.lead(self.world.now - began)
        if self.streaming and self._paced is None:
            self._pace()
        return b"".join(self.take_answers())

    def take_answers(self) -> list[bytes]:
        """What has come and was not handed on."""
        answers, self._answers = self._answers, []
        return answers

    def _answered(self) -> bool:
        return 0 < self._awaited <= len(self._answers)

    def _collect(self) -> None:
        """Sort out what has come from the processor."""
        messages, self._inbox = complete(self._inbox + self.controller.received())
        for message in messages:
            if message.startswith(b"HELLO "):
                self.hello = message
            else:
                self._answers.append(message)

    def named(self, answer: bytes) -> bytes:
        """The answer as a source of another name gives it: a fault on demand."""
        return answer.replace(self._true_identity.encode(), self.identity.encode())


def fitting(serial: str) -> str:
    """A serial number that was made up, made to fit into the EEPROM: shorter in the middle, its number is kept."""
    kept = re.sub(r"[^A-Za-z0-9-]", "", serial)
    number = kept[kept.rfind("-") :]
    return kept[: min(len(kept), SERIAL_LENGTH) - len(number)] + number


def _eeprom(calibration: bytes, serial: str) -> bytes:
    """Contents with a calibration and a serial number. Raises ConfigError."""
    fit = 0 < len(serial) <= SERIAL_LENGTH and serial.replace("-", "x").isalnum() and serial.isascii()
    if not fit:
        raise ConfigError(
            f"Serial number {serial!r}: the firmware takes 1 to {SERIAL_LENGTH} letters, digits and hyphens."
        )
    return calibration.ljust(SERIAL_AT, b"\xff") + serial.encode("ascii")
