"""Anything at all on the serial line of the firmware: it answers, no current flows that was not asked for, memory stays whole.

Ten thousand lines and blocks in all; ``FUZZ_STREAMS=1000000 python -m pytest tests/hardware/firmware/test_fuzz.py --timeout 0``
sends as many as wanted. Every part has its number as its seed; what fails names it.
"""

import os
import random
import re

import numpy as np
import pytest

from neurorig.hardware.firmware.images import packaged
from neurorig.hardware.firmware.simulated import HERTZ
from neurorig.instruments.simulated.models.arduino_lines import TEXTS
from neurorig.instruments.simulated.models.arduino_machine import Latch, State

from ...instruments.protocol_client import block, hold, loop
from ...instruments.source_bench import LSB, SourceBench
from .current_source_bench import ENABLE, LATCHED, MS, RESTARTED, US, Bench
from .fuzz_lines import dumb, text

pytestmark = pytest.mark.needs("simavr")
LINES = int(os.environ.get("FUZZ_STREAMS", "10000"))
PARTS = 10
"""Of the lines; each begins with a processor that was just switched on."""
STREAM = 20
"""Lines from one resynchronisation to the next."""
CANARY = 0xC5
BYTE = 320
"""Cycles of a byte on the line."""
ERROR = re.compile(rb'(?:ERR )?(-?\d+),"([^"\n]*)"(?:\*[0-9A-F]{2})?')


class Stack:
    """What the stack has touched since it was painted, from the end of the variables on."""

    def __init__(self, bench: Bench) -> None:
        self.controller, self.begin = bench.controller, 0x100 + packaged()[1].ram
        low, high = self.controller.memory(0x5D, 2)
        for address in range(self.begin, low + 256 * high - 8):
            self.controller._memory[address] = CANARY

    @property
    def free(self) -> int:
        """Bytes between the variables and what it has ever reached."""
        memory = self.controller.memory(self.begin, 0x900 - self.begin)
        return len(memory) - len(memory.lstrip(bytes([CANARY])))


def answers(data: bytes) -> list[bytes]:
    """Cut what came into lines and blocks, sections 2 and 5."""
    found = []
    while data:
        size = data.index(b"\n")
        if head := re.match(rb"#([1-3])(?=\d)", data):
            digits = int(head[1])
            size = 2 + digits + int(data[2 : 2 + digits])
        found.append(data[:size])
        assert data[size : size + 1] == b"\n", data
        data = data[size + 1 :]
    return found


def is_proper(answer: bytes) -> bool:
    """Printable or a block; an error has its number and text from section 11."""
    if answer.startswith(b"#"):
        return True
    if error := ERROR.fullmatch(answer):
        return TEXTS.get(int(error[1])) == error[2].decode()
    return not answer.startswith(b"ERR") and all(0x20 <= byte <= 0x7E for byte in answer)


def resynchronised(bench: Bench) -> bytes:
    """As section 2 says, after the deadline of a lost answer; gives what is thrown away."""
    controller = bench.controller
    controller.run(500 * MS)
    controller.send(b"\n")
    controller.run(300 * MS)
    thrown = controller.received()
    assert bench.send(b"SYST:VERS?\n") == b"1.2\n"
    return thrown


def seeds(part: int) -> range:
    """Numbers of the streams of a part."""
    streams = -(-LINES // (2 * STREAM * PARTS))
    return range(part * streams, (part + 1) * streams)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_noise_hangs_it_or_makes_a_current(part: int, record_property) -> None:
    """Nobody waits for an answer here: bytes are lost, lines are joined and cut. None of them can switch an output on."""
    bench = Bench()
    controller, stack = bench.controller, Stack(bench)
    for seed in seeds(part):
        r = random.Random(seed)
        data = dumb(b"".join(text(r) + r.choice([b"\n", b"\n", b"\n", b"\r\n", b""]) for _ in range(STREAM)))
        came = b""
        while data:
            size = r.choice([1, 7, 40, 400, 3000])
            controller.send(data[:size])
            data = data[size:]
            controller.run(BYTE * controller.unread + r.choice([0, 100 * US, 2 * MS, 2 * MS, 260 * MS]))
            came += controller.received()
        came += resynchronised(bench)
        assert all(map(is_proper, answers(came))), (seed, came)
        events = controller.events()
        assert not np.any(events["kind"] == RESTARTED), seed
        assert not np.any(events["code"][np.isin(events["kind"], (LATCHED, ENABLE))]), seed
        assert stack.free >= 8, seed
    record_property("bytes that the stack left free", stack.free)


class Pair:
    """The firmware and the model of the page get the same bytes at the same time, one request at a time."""

    def __init__(self) -> None:
        self.firmware = Bench()
        self.controller = self.firmware.controller
        self.model = SourceBench(clock=lambda: self.model.world.now if hasattr(self, "model") else 0.0)
        self.start = self.controller.cycle
        self.codes = [0] * 4

    def meet(self, seconds: float = 0.0) -> None:
        """Let both go on to the same instant, and on from it if something falls due in the model close to it."""
        world, machine = self.model.world, self.model.source.machine
        until = max(world.now, self.now) + seconds
        for due in (machine._end, machine._trip):
            if due is not None and due.action is not None and abs(due.when - until) < 20 * MS / HERTZ:
                until = due.when + 25 * MS / HERTZ
        self.controller.run(max(0, self.start + round(until * HERTZ) - self.controller.cycle))
        if self.now > world.now:
            self.model.wait(self.now - world.now)

    @property
    def now(self) -> float:
        return (self.controller.cycle - self.start) / HERTZ

    def send(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Answers of firmware and model, one by one."""
        pairs = []
        for piece in data.splitlines(keepends=True):
            self.meet()
            expected = self.model.session.receive(piece)
            self.controller.send(piece)
            found = self.after(BYTE * len(piece), expected)
            pairs += list(zip(answers(found), answers(expected), strict=True))
        return pairs

    def after(self, cycles: int, expected: bytes) -> bytes:
        """What the firmware says after so long; then until it has said as many lines as the model."""
        self.controller.run(cycles + MS)
        found = self.controller.received()
        for _ in range(300):
            if found.endswith(b"\n") or not expected:
                break
            self.controller.run(MS)
            found += self.controller.received()
        return found

    def check_outputs(self) -> None:
        """OE is equal; so are the codes, unless a program plays, whose ticks are tested elsewhere."""
        for event in self.controller.events():
            assert event["kind"] != RESTARTED
            if event["kind"] == LATCHED:
                self.codes[event["channel"]] = int(event["code"])
        for n, channel in self.model.source.machine.channels.items():
            assert self.controller.level(f"D{5 + n}") == channel.enabled
            if self.model.source.machine.state is State.RUNNING:
                continue
            source, sink = self.codes[2 * n - 2 : 2 * n]
            assert source == 0 or sink == 0
            if channel.enabled:
                assert source - sink == round(self.model.out[n].now / LSB)
            else:
                assert source == sink == 0


OWN = re.compile(rb"neurorig,ARDUINO-SOURCE-2,[^,]+,[\d.]+\+[0-9a-f]{8}")
UNLIKE = re.compile(rb" *(MEAS:|ADC:DATA|ADC:T0)", re.IGNORECASE)
"""Their answers depend on noise, or on the last millisecond."""
MASK = ~Latch.SCANS_LOST.value


def are_alike(line: bytes, found: bytes, expected: bytes) -> bool:
    if found == expected:
        return True
    if UNLIKE.match(line):
        return not (found + expected).startswith(b"ERR") and b"ERR" not in expected[:3]
    found, expected = (re.sub(rb"\*[0-9A-F]{2}$", b"", answer) for answer in (found, expected))
    if OWN.match(expected):
        return OWN.fullmatch(found) is not None
    if b"STAT?" in line.upper() and found.isdigit() and expected.isdigit():
        return int(found) & MASK == int(expected) & MASK
    return False


def was_overrun(line: bytes, found: bytes, expected: bytes) -> bool:
    """A block that would be refused all the same came while programs left no time to take it in: bytes were lost (section 2)."""
    return b"WAV:DATA" in line.upper() and found.startswith(b"ERR -363") and expected.startswith(b"ERR")


@pytest.mark.parametrize("part", range(PARTS))
def test_it_answers_and_drives_as_the_model_of_the_page_does(part: int, record_property) -> None:
    """Outputs may be switched on, programs run, the watchdog trips: every answer and level is explained by the model."""
    pair = Pair()
    stack = Stack(pair.firmware)
    for seed in seeds(part):
        r = random.Random(-1 - seed)
        for _ in range(STREAM):
            line = text(r) + b"\n"
            running = pair.model.source.machine.state is State.RUNNING
            replies = pair.send(line)
            if pair.model.session._framer.in_block:
                pair.meet(0.3)
                expected = pair.model.session.receive(b"")
                replies += [(pair.after(0, expected).rstrip(b"\n"), expected.rstrip(b"\n"))]
            for found, expected in replies:
                if running and was_overrun(line, found, expected):
                    pair.send(b"*CLS\n")
                else:
                    assert are_alike(line, found, expected), (seed, line, found, expected)
            pair.meet(r.choice([0.0, 0.0, 0.0, 0.01, 0.3, 2.5]))
            pair.check_outputs()
        for found, expected in pair.send(b"\n" + b"SYST:VERS?\n"):
            assert found == expected == b"1.2", seed
        assert stack.free >= 8, seed
    record_property("bytes that the stack left free", stack.free)


@pytest.mark.parametrize("before", range(10, 30))
def test_of_lines_that_lost_bytes_nothing_is_done(before: int) -> None:
    """A host that does not wait for answers overruns the receiver; what comes up to the next pause is dropped (section 2)."""
    bench = Bench()
    for gap in (1, 5, 13, 34):
        sent = b"\xff\n" + b"y" * before + b"\nS" + b"x" * gap + b"YST:WDOG 1000\n"
        bench.controller.send(sent)
        bench.controller.run(BYTE * len(sent))
        resynchronised(bench)
        assert bench.ask("SYST:WDOG?") == "2000", gap


@pytest.mark.parametrize("seed", range(6))
def test_of_a_block_that_lost_bytes_nothing_is_done(seed: int) -> None:
    """It is refused while programs run at 50 us, which leave no time to take it all: its payload is no line, whatever it says."""
    r = random.Random(seed)
    bench = Bench()
    both = loop(65535, hold(900, 1), hold(-700, 1))
    bench.arm({1: both, 2: both}, 50)
    bench.ok("TRIG")
    payload = b"".join(
        r.choice([b"\n", b"\nABOR\n", b"\nSYST:WDOG 1000\n", bytes([r.randrange(256)])]) for _ in range(120)
    )
    bench.controller.send(b"SOUR1:WAV:DATA " + block(payload)[: -1 if seed % 2 else None] + b"\n")
    bench.controller.run(BYTE * bench.controller.unread + 300 * MS)
    assert len(answers(bench.controller.received())) == 1
    assert bench.status & 0b11 == 0b11
    assert bench.ask("SYST:WDOG?") == "60000"
