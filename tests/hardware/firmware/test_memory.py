"""The processor's memory: the stack, and blocks of any length."""

import random
import struct

import pytest

from ...instruments.protocol_client import MARK, begin, crc16, hold, loop, ramp
from .current_source_bench import Bench

pytestmark = pytest.mark.needs("simavr")


@pytest.mark.parametrize("tick", [50, 100])
def test_the_stack_never_comes_near_the_variables(tick: int, record_property) -> None:
    """With two full programs, stream, stamps and a busy line: what the stack has touched, from the end of memory down."""
    rng = random.Random(5)
    bench = Bench(painted=True)
    controller = bench.controller
    program = loop(
        2000, MARK, loop(3, *[hold(1 + k, 1) + hold(-2 - k, 2) for k in range(44)], begin(4000, 3), ramp(-4000, 7))
    )
    bench.arm(
        {1: program, 2: program},
        tick,
        "SYNC:MODE EPOCH",
        "SPIK:STAT 1,ON",
        "SPIK:STAT 2,ON",
        "ADC:SCAN 15",
        "ADC:SLOT 5",
    )
    bench.ok("ADC:STAT ON", "TRIG")
    for _ in range(150):
        for pins in (("D8", "D4"), ("D8", "D5")):
            for level in (True, False):
                for pin in pins:
                    controller.pin(pin, level)
                controller.run(rng.randrange(3000))
        for line in ("SPIK:DATA? 1,64", "ADC:DATA? 192", "MEAS:CURR? 1", "ADC:T0?", "SOUR1:WAV:CHEC?", "SYST:ERR?"):
            bench.send(line.encode() + b"\n")
    assert bench.status & 0b11 == 0b11
    bench.ok("ABOR")
    record_property("bytes that the stack left free", bench.untouched())
    assert bench.untouched() >= 120


def test_a_block_of_any_length_stays_in_its_place() -> None:
    bench = Bench()
    good = hold(7, 9) * 96
    assert bench.load(1, good) == "OK"
    assert bench.load(2, hold(-7, 3)) == "OK"
    for size in (388, 500, 996):
        payload = bytes(k % 251 for k in range(size - 2))
        line = f"SOUR2:WAV:DATA #3{size}".encode() + payload + struct.pack("<H", crc16(payload)) + b"\n"
        assert bench.send(line).startswith(b"ERR -223")
    assert bench.ask("SOUR1:WAV:CHEC?") == f"96,864,{crc16(good):04X}"
    assert bench.ask("SOUR2:WAV:CHEC?") == f"1,3,{crc16(hold(-7, 3)):04X}"
