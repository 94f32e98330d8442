"""The simulated Arduino current source, written from `hardware/firmware/PROTOCOL.md` (version 1.1) alone."""

import hashlib
import time
from collections.abc import Callable, Mapping, MutableMapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .arduino_channel import Correction, CurrentOutput, LogicOutput
from .arduino_lines import BLOCK_GAP, Framer, Line, Refused, checked_payload, crc8, error_text
from .arduino_machine import ERASED, Comparator, LogicInput, Machine
from .arduino_program import decode
from .arduino_readings import SWITCH, ReadBacks, within
from .arduino_requests import Request, integer, on, parse, table, word

if TYPE_CHECKING:
    from ..world import World

CONTRACT = "1.2"
FIRMWARE = "1.2.0"
BYTE = 10 / 500_000
"""Seconds of one byte on the serial line."""
CALIBRATION_KEY = 4922
CRC_BYTES = 2
LEG = word("SOUR", "SINK")


@cache
def build() -> str:
    """Hash of this firmware's source text, 8 hexadecimal digits."""
    sources = sorted(Path(__file__).parent.glob("arduino_*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:8]


class SimulatedArduinoSource(ReadBacks):
    """Two channels of current on a world's outputs.

    `range_jumper`: channel -> FULL or QUARTER; change it as a hand changes the jumper. `boot_delay`: seconds for which
    a newly opened session restarts the source and makes it deaf (0: opening restarts nothing). `comparator_level`:
    volts. `clock`: the wall clock that times out half-sent blocks. `seed`: noise of the inner converter.
    """

    def __init__(
        self,
        world: "World",
        outputs: Mapping[int, CurrentOutput],
        sync: LogicOutput,
        trigger: LogicInput | None,
        comparators: Mapping[int, Comparator],
        *,
        serial: str,
        range_jumper: MutableMapping[int, str] | None = None,
        seed: int = 0,
        boot_delay: float = 0.0,
        comparator_level: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        eeprom: bytes = ERASED,
    ) -> None:
        jumper = {1: "FULL", 2: "FULL"} if range_jumper is None else range_jumper
        machine = Machine(
            world,
            outputs,
            sync,
            trigger,
            comparators,
            range_jumper=jumper,
            comparator_level=comparator_level,
            eeprom=eeprom,
            seed=seed,
        )
        super().__init__(machine, world, seed)
        self.clock, self.boot_delay = clock, boot_delay
        self.identity = f"neurorig,ARDUINO-SOURCE-2,{serial},{FIRMWARE}+{build()}"
        self.restarts, self.ready_at = 0, world.now

    def session(self) -> "SourceSession":
        """A conversation with a new client."""
        session = SourceSession(self)
        if self.boot_delay:
            self.restart("EXTERNAL")
        return session

    def restart(self, cause: str) -> None:
        """Restart the processor (POWER, EXTERNAL, BROWNOUT, WATCHDOG): no current, deaf while it boots, then hello."""
        self.machine.restart(cause)
        self.restarts += 1
        self.ready_at = self.world.now + self.boot_delay
        self.world.at(self.ready_at, lambda: None)  # something is due: time goes on while nobody speaks

    def move_jumper(self, channel: int, place: str) -> None:
        """Put a channel's range jumper at FULL or QUARTER, as a hand does."""
        self.machine.range_jumper[channel] = place

    def power_cycle(self) -> None:
        """Switched off and on again."""
        self.restart("POWER")

    def queue_error(self, number: int) -> None:
        """Something has gone wrong in the source, whatever it was told: a fault on demand."""
        self.machine.fail(number)

    @property
    def hello(self) -> bytes:
        """The line sent after a restart."""
        return f"HELLO {self.identity},{self.machine.cause}\n".encode()

    def answer(self, line: Line) -> bytes:
        """Do one line; its answer with the LF, nothing for an empty line."""
        if line.empty:
            return b""
        try:
            answer, feeds = self._execute(line), True
        except Refused as refused:
            number = refused.number
            self.machine.fail(number)
            answer = f"ERR {error_text(number)}".encode()
            feeds = not (-199 <= number <= -100 or -369 <= number <= -360)
        if feeds:
            self.machine.feed_watchdog()
        if line.summed and not answer.startswith(b"#"):
            answer += b"*%02X" % crc8(answer)
        return answer + b"\n"

    def _execute(self, line: Line) -> bytes:
        travel = (len(line.raw) + len(line.block or b"") + 1) * BYTE
        try:
            request = parse(line, REQUESTS) if line.spoiled or line.block is not None else _request(line.raw)
        except Refused:
            self.world.spend(travel)
            raise
        if request.entry.cost is None:
            self.world.progress()
        else:
            self.world.spend(travel + request.entry.cost)
        self.machine.look_at_jumpers()
        if line.block is not None and len(line.block) < CRC_BYTES:
            raise Refused(-161)
        if request.entry.idle:
            self.machine.must_be_idle()
        answer = getattr(self, request.entry.name)(*request.values)
        if isinstance(answer, bytes):
            self.world.spend(len(answer) * BYTE)
            return answer
        return str(answer or "OK").encode()

    @on("*IDN?")
    def _idn(self) -> str:
        return self.identity

    @on("*RST")
    def _rst(self) -> None:
        self.machine.defaults()

    @on("*CLS")
    def _cls(self) -> None:
        self.machine.errors.clear()
        self.machine.latched.clear()

    @on("STAT?", cost=None)
    def _stat(self) -> str:
        return str(self.machine.status)

    @on("SYST:ERR?")
    def _err(self) -> str:
        return error_text(self.machine.errors.popleft() if self.machine.errors else 0)

    @on("SYST:VERS?")
    def _vers(self) -> str:
        return CONTRACT

    @on("SYST:RST?")
    def _cause(self) -> str:
        return self.machine.cause

    @on("SYST:WDOG", integer, idle=True)
    def _wdog(self, ms: int) -> None:
        self.machine.watchdog_ms = within(ms, 100, 60000)

    @on("SYST:WDOG?")
    def _wdog_query(self) -> str:
        return str(self.machine.watchdog_ms)

    @on("SYST:SAFE")
    def _safe(self) -> None:
        self.machine.safe()

    @on("SOUR<n>:CURR", integer, idle=True)
    def _curr(self, n: int, nanoamperes: int) -> None:
        channel = self.machine.channels[n]
        channel.set_level(channel.code(nanoamperes))

    @on("SOUR<n>:CURR?")
    def _curr_query(self, n: int) -> str:
        channel = self.machine.channels[n]
        return str(channel.nanoamperes(channel.level))

    @on("SOUR<n>:RANG?")
    def _rang(self, n: int) -> str:
        return {"FULL": "FULL,61035", "QUARTER": "QUARTER,15259"}[self.machine.range_jumper[n]]

    @on("OUTP<n>", SWITCH)
    def _outp(self, n: int, switch: str) -> None:
        self.machine.switch(n, switch == "ON")

    @on("OUTP<n>?")
    def _outp_query(self, n: int) -> str:
        return "ON" if self.machine.channels[n].enabled else "OFF"

    @on("SOUR<n>:WAV:DATA", block=True, idle=True)
    def _data(self, n: int, data: bytes) -> None:
        self.machine.stream.must_be_off()
        channel, payload = self.machine.channels[n], checked_payload(data)
        program = decode(payload) if payload else None
        for code in program.codes() if program else ():
            channel.check(code)
        channel.program = program

    @on("SOUR<n>:WAV:CHEC?")
    def _chec(self, n: int) -> str:
        program = self.machine.channels[n].program
        return f"{len(program.segments)},{program.ticks},{program.crc:04X}" if program else "0,0,FFFF"

    @on("SOUR<n>:WAV:TICK", integer, idle=True)
    def _tick(self, n: int, us: int) -> None:
        self.machine.channels[n].tick_us = within(us, 50, 10000)

    @on("SOUR<n>:WAV:TICK?")
    def _tick_query(self, n: int) -> str:
        return str(self.machine.channels[n].tick_us)

    @on("TRIG:SOUR", word("IMM", "EXT"), idle=True)
    def _trig_sour(self, source: str) -> None:
        self.machine.trigger_source = source

    @on("TRIG:SOUR?")
    def _trig_sour_query(self) -> str:
        return self.machine.trigger_source

    @on("ARM")
    def _arm(self) -> None:
        self.machine.arm()

    @on("TRIG")
    def _trig(self) -> None:
        self.machine.trigger()

    @on("ABOR")
    def _abor(self) -> None:
        self.machine.abort()

    @on("SYNC:MODE", word("START", "EPOCH", "TICK", "OFF"), integer, optional="TICK", idle=True)
    def _sync_mode(self, mode: str, every: int | None = None) -> None:
        self.machine.sync_every = within(every, 2, 65535) if every is not None else 0
        self.machine.sync_mode = mode

    @on("SYNC:MODE?")
    def _sync_mode_query(self) -> str:
        every = self.machine.sync_every
        return f"{self.machine.sync_mode},{every}" if every else self.machine.sync_mode

    @on("CAL:UNL", integer, idle=True)
    def _unlock(self, key: int) -> None:
        if key != CALIBRATION_KEY:
            raise Refused(-203)
        self.machine.unlocked = True

    @on("CAL:LOCK", idle=True)
    def _lock(self) -> None:
        self.machine.unlocked = False

    @on("CAL:GAIN", integer, LEG, integer)
    def _gain(self, n: int, leg: str, gain: int) -> None:
        self._correction(n, leg).gain = within(gain, -3276, 3276)
        self._corrected()

    @on("CAL:GAIN?", integer, LEG)
    def _gain_query(self, n: int, leg: str) -> str:
        return str(self.machine.channels[within(n, 1, 2)].legs[leg].gain)

    @on("CAL:OFFS", integer, LEG, integer)
    def _offs(self, n: int, leg: str, offset: int) -> None:
        self._correction(n, leg).offset = within(offset, -8192, 8192)
        self._corrected()

    @on("CAL:OFFS?", integer, LEG)
    def _offs_query(self, n: int, leg: str) -> str:
        return str(self.machine.channels[within(n, 1, 2)].legs[leg].offset)

    @on("CAL:STOR", cost=70e-3)
    def _store(self) -> None:
        self._must_be_open()
        self.machine.store()

    @on("CAL:STAT?")
    def _cal_stat(self) -> str:
        return self.machine.calibration

    def _must_be_open(self) -> None:
        self.machine.must_be_idle(off=True)
        if not self.machine.unlocked:
            raise Refused(-203)

    def _correction(self, n: int, leg: str) -> Correction:
        self._must_be_open()
        return self.machine.channels[within(n, 1, 2)].legs[leg]

    def _corrected(self) -> None:
        """Levels and programs were checked against the old calibration."""
        self.machine.calibration = "CHANGED"
        for channel in self.machine.channels.values():
            channel.level, channel.program = 0, None


REQUESTS = table(SimulatedArduinoSource)


@lru_cache(maxsize=1024)
def _request(raw: bytes) -> Request:
    """What a line without a block asks for: most are asked again and again. Raises Refused."""
    return parse(Line(raw), REQUESTS)


class SourceSession:
    """One client of the source: its own half-received line, the source's common state."""

    only_watches = False

    def __init__(self, source: SimulatedArduinoSource) -> None:
        self._source, self._framer, self.messages = source, Framer(), 0
        self._greeted, self._last = source.restarts, source.clock()

    def receive(self, data: bytes) -> bytes:
        """Do the lines that `data` completes; the answers in order. What comes during the boot delay is lost."""
        source, now = self._source, self._source.clock()
        if self._greeted == source.restarts and (line := self._framer.alone(data)) is not None:
            self._last = now
            self.messages += not line.empty
            return source.answer(line)
        answers = []
        if self._greeted != source.restarts:
            self._framer = Framer()
            if source.world.now < source.ready_at:
                return b""
            self._greeted = source.restarts
            answers.append(source.hello)
        if self._framer.in_block and now - self._last > BLOCK_GAP:
            answers.append(source.answer(self._framer.cut_off()))
        self._last = now
        for line in self._framer.feed(data):
            self.messages += not line.empty
            answers.append(source.answer(line))
        return b"".join(answers)

    def close(self) -> None:
        """The client has gone; a block cut off is an error as on the serial line."""
        if self._framer.in_block:
            self._source.answer(self._framer.cut_off())
