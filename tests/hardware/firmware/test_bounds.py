"""What the firmware refuses changes nothing: each refusal its number, and every state that can be asked for is as before."""

import struct
from collections.abc import Callable

import pytest

from ...instruments.protocol_client import MARK, begin, block, crc16, hold, loop, ramp
from .current_source_bench import ENABLE, LATCHED, SYNC, Bench

pytestmark = pytest.mark.needs("simavr")
QUERIES = [
    *(f"SOUR{n}:{query}" for n in (1, 2) for query in ("CURR?", "RANG?", "WAV:CHEC?", "WAV:TICK?")),
    *("OUTP1?", "OUTP2?", "SYST:WDOG?", "TRIG:SOUR?", "SYNC:MODE?", "ADC:SCAN?", "ADC:SLOT?", "ADC:STAT?", "CAL:STAT?"),
    *(f"SPIK:STAT? {n}" for n in (1, 2)),
    *(f"CAL:{what}? {n},{leg}" for what in ("GAIN", "OFFS") for n in (1, 2) for leg in ("SOUR", "SINK")),
]
PROGRAM = hold(50, 100_000) + hold(-60, 3)


def upload(payload: bytes, n: int = 1) -> bytes:
    return f"SOUR{n}:WAV:DATA ".encode() + block(payload)


def spoilt(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


ANYWHERE = [
    (b"\x07STAT?", -101),
    (b"SOUR1:CURR 1e3", -104),
    (b"SOUR1:CURR 12345678901", -104),
    (b"SOUR1:CURR 1,2", -108),
    (b"ABOR 1", -108),
    (b"SOUR1:CURR", -109),
    (b"SOURCE1:CURRENT 5", -113),
    (b"OUTP1:STAT OFF", -113),
    (b"SOUR0:CURR 5", -114),
    (b"OUTP3 OFF", -114),
    (b"OUTP12 OFF", -114),
    (b"ABOR*00", -360),
    (b"OUTP1 OFF*5e", -360),
    (b"ABOR" + b" " * 60, -363),
    (b"X" * 64, -363),
    (b"X" * 5000, -363),
    (b"SOUR1:WAV:DATA #0", -161),
    (b"SOUR1:WAV:DATA #41024", -161),
    (b"SOUR1:WAV:DATA #11\xff", -161),
    (b"SOUR1:WAV:DATA #12\xff\xffX", -161),
    (b"OUTP1 MAYBE", -224),
    (b"SPIK:STAT 3,ON", -222),
    (b"SPIK:DATA? 1,65", -222),
    (b"ADC:DATA? 193", -222),
]
IN_IDLE = [
    (b"SOUR1:CURR 250000", -222),
    (b"SOUR1:CURR -249970", -222),
    (b"SOUR2:CURR 2147483648", -222),
    (b"SOUR2:CURR -9999999999", -222),
    (b"SOUR1:WAV:TICK 49", -222),
    (b"SOUR1:WAV:TICK 10001", -222),
    (b"SYST:WDOG 99", -222),
    (b"SYST:WDOG 0", -222),
    (b"SYST:WDOG 60001", -222),
    (b"SYNC:MODE TICK,1", -222),
    (b"SYNC:MODE TICK,65536", -222),
    (b"ADC:SCAN 0", -222),
    (b"ADC:SLOT 8001", -222),
    (spoilt(upload(PROGRAM)), -360),
    (upload(PROGRAM + b"\0"), -161),
    (upload(hold(1, 1) * 97), -223),
    (upload(hold(1, 1) * 248), -223),
    (upload(loop(65535, loop(2, hold(1, 131072)))), -223),
    (upload(loop(1, loop(1, loop(1, loop(1, loop(1, hold(1, 1))))))), -161),
    (upload(loop(2, MARK) + hold(1, 1)), -161),
    (upload(hold(1, 1) + bytes(4)), -161),
    (upload(loop(2, hold(1, 1))[:-4]), -161),
    (upload(hold(-4096, 1)), -161),
    (upload(begin(5, 5) + hold(1, 1)), -161),
    (upload(hold(1, 1) + begin(5, 5)), -161),
    (upload(hold(1, 1) + struct.pack("<I", 3 << 30)), -161),
    (upload(struct.pack("<I", 1 << 28) + hold(1, 1) + bytes(4)), -161),
    (b"CAL:GAIN 1,SOUR,5", -221),
    (b"CAL:UNL 4921", -203),
]
"""Output 1 is on there."""
NOT_IDLE = [
    (b"SOUR1:CURR 0", -221),
    (b"SOUR2:CURR 5000", -221),
    (b"OUTP2 ON", -221),
    (b"SOUR1:WAV:TICK 200", -221),
    (upload(hold(1, 1)), -221),
    (spoilt(upload(hold(1, 1))), -221),
    (upload(b"", 2), -221),
    (b"TRIG:SOUR EXT", -221),
    (b"SYNC:MODE OFF", -221),
    (b"SYST:WDOG 60000", -221),
    (b"ADC:SCAN 15", -221),
    (b"CAL:UNL 4922", -221),
    (b"CAL:STOR", -221),
    (b"ARM", -213),
]


def idle() -> Bench:
    bench = Bench()
    bench.ok("SYST:WDOG 50000", "OUTP1 ON", "SOUR1:CURR 30000", "SYNC:MODE TICK,7", "CAL:UNL 4922")
    for n in (1, 2):
        assert bench.load(n, PROGRAM) == "OK"
    return bench


def armed() -> Bench:
    bench = idle()
    bench.ok("ARM")
    return bench


def running() -> Bench:
    bench = armed()
    bench.ok("TRIG")
    bench.run(0.01)
    return bench


REFUSALS: list[tuple[Callable[[], Bench], list[tuple[bytes, int]]]] = [
    (idle, [*ANYWHERE, *IN_IDLE, (b"TRIG", -211)]),
    (armed, [*ANYWHERE, *NOT_IDLE]),
    (running, [*ANYWHERE, *NOT_IDLE, (b"TRIG", -211)]),
]


def state(bench: Bench) -> list[str]:
    """All that can be asked for, but the bits of errors and lost input."""
    return [bench.ask(query) for query in QUERIES] + [str(bench.status & ~(1024 | 128))]


@pytest.mark.parametrize(("place", "lines"), REFUSALS, ids=["idle", "armed", "running"])
def test_what_is_refused_has_its_number_and_changes_nothing(
    place: Callable[[], Bench], lines: list[tuple[bytes, int]]
) -> None:
    bench = place()
    bench.ok("*CLS")
    before = state(bench)
    bench.controller.events()
    for line, number in lines:
        answer = bench.send(line + b"\n")
        assert answer.startswith(b'ERR %d,"' % number), line
        assert bench.ask("SYST:ERR?") == answer[4 : answer.rindex(b'"') + 1].decode(), line
        assert bench.ask("SYST:ERR?") == '0,"No error"', line
        assert state(bench) == before, line
        events = bench.controller.events()
        if place is running:  # SYNC goes on with its ticks
            events = events[events["kind"] != SYNC]
        assert not len(events), (line, events)


def test_without_a_legal_start_nothing_leaves_the_source() -> None:
    bench = Bench()
    assert bench.load(1, ramp(4000, 9)) == "OK"
    for line, number in (("ARM", -221), ("TRIG", -211), ("OUTP0 ON", -114), ("OUTP1 1", -224), ("CAL:STOR", -203)):
        assert bench.ask(line).startswith(f"ERR {number},"), line
    bench.ok("SOUR1:CURR 200000", "SOUR2:CURR -200000", "*CLS")
    events = bench.run(0.1)
    assert not set(events["kind"]) & {LATCHED, ENABLE} or not events["code"].any()


def test_a_block_that_stops_in_the_middle_is_given_up_after_250_ms_and_loads_nothing() -> None:
    bench = Bench()
    assert bench.load(1, PROGRAM) == "OK"
    whole = upload(hold(9, 9)) + b"\n"
    for size in range(whole.index(b"#") + 1, len(whole)):
        bench.controller.send(whole[:size])
        bench.controller.run(320 * size)
        bench.run(0.247)
        assert bench.controller.received() == b""
        bench.run(0.005)
        assert bench.controller.received() == b'ERR -365,"Time out error"\n', whole[:size]
        assert bench.ask("SOUR1:WAV:CHEC?") == f"2,100003,{crc16(PROGRAM):04X}"
