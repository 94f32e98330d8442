"""The firmware at its pins, cycle by cycle, against PROTOCOL.md: levels, times, SYNC, watchdogs, calibration, memory.

What it says on the line is compared with the page, and with the simulated source, in tests/instruments.
"""

import random
import struct

import numpy as np
import pytest

from neurorig.hardware.firmware.simulated import HERTZ

from ...instruments.protocol_client import MARK, begin, crc16, hold, loop, ramp
from .current_source_bench import ENABLE, LATCHED, MS, SYNC, US, Bench, Variable, built, edges, latches

pytestmark = pytest.mark.needs("simavr")


# Programs, section 6: an expansion of its own, with fractions instead of the firmware's sums


def random_program(rng: random.Random, depth: int = 0) -> list:
    tree: list = []
    for _ in range(rng.randint(1, 4)):
        kind = rng.choice(["hold", "hold", "ramp", "from", "mark", "loop"])
        if kind == "hold":
            tree.append(("hold", rng.randint(-4095, 4095), rng.choice([1, 1, 2, 3, 7, 40])))
        elif kind == "ramp":
            tree.append(("ramp", rng.randint(-4095, 4095), rng.choice([1, 2, 3, 10, 37])))
        elif kind == "from":
            tree.append(("from", rng.randint(-4095, 4095), rng.choice([1, 2, 5])))
            tree.append(("ramp", rng.randint(-4095, 4095), rng.choice([1, 2, 9])))
        elif kind == "mark":
            tree.append(("mark",))
        elif depth < 4:
            tree.append(("loop", rng.randint(1, 3), random_program(rng, depth + 1)))
    return [*tree, ("hold", rng.randint(-4095, 4095), rng.randint(1, 3))]


def encoded(tree: list) -> bytes:
    data = b""
    for node in tree:
        match node:
            case ("hold", code, ticks):
                data += hold(code, ticks)
            case ("ramp", code, count):
                data += ramp(code, count)
            case ("from", code, step):
                data += begin(code, step)
            case ("mark",):
                data += MARK
            case ("loop", times, inner):
                data += loop(times, encoded(inner))
    return data


def played(tree: list, state: dict) -> list[tuple[int, bool]]:
    """(code, marked) of every tick. `state`: where the next ramp begins, its step, and whether a MARK waits."""
    ticks: list[tuple[int, bool]] = []

    def level(code: int, n: int) -> None:
        ticks.append((code, state["mark"]))
        ticks.extend([(code, False)] * (n - 1))
        state["mark"] = False

    for node in tree:
        match node:
            case ("hold", code, n):
                level(code, n)
                state["from"] = code
            case ("from", code, step):
                state |= {"from": code, "step": step}
            case ("ramp", target, count):
                first, up = state["from"], 1 if target > state["from"] else -1
                for k in range(count):
                    way = abs(target - first) * (2 * k + 1) / (2 * count)
                    level(first + up * int(way + 0.5), state["step"])
                state |= {"from": target, "step": 1}
            case ("mark",):
                state["mark"] = True
            case ("loop", times, inner):
                for _ in range(times):
                    ticks += played(inner, state)
    return ticks


def changes(levels: list[int]) -> list[tuple[int, int]]:
    """(tick, level) wherever the level changes, from 0 before the first."""
    return [(k, now) for k, (before, now) in enumerate(zip([0, *levels], levels, strict=False)) if now != before]


def start(bench: Bench) -> None:
    bench.ok("TRIG")


def t0_of(events: np.ndarray) -> int:
    return edges(events)[0][0]


@pytest.mark.parametrize("seed", range(24))
def test_every_level_comes_at_its_cycle(seed: int) -> None:
    """t0 + k * tick on the processor's clock, both channels, no sum of rounding (sections 6 and 7)."""
    rng = random.Random(seed)
    tick = rng.choice([100, 100, 137, 250, 1000])
    trees = {n: random_program(rng) for n in (1, 2)}
    trees = {n: tree if len(encoded(tree)) <= 384 else tree[-1:] for n, tree in trees.items()}
    expected = {n: played(tree, {"from": 0, "step": 1, "mark": False}) for n, tree in trees.items()}
    bench = Bench()
    bench.arm({n: encoded(tree) for n, tree in trees.items()}, tick)
    for n, ticks in expected.items():
        assert bench.ask(f"SOUR{n}:WAV:CHEC?").split(",")[1] == str(len(ticks))
    start(bench)
    events = bench.run((max(map(len, expected.values())) + 3) * tick * 1e-6)
    t0 = t0_of(events)
    for n, ticks in expected.items():
        due = changes([code for code, _ in ticks])
        found = [(cycle - t0, code) for cycle, code in latches(events, n)]
        assert [code for _, code in found] == [code for _, code in due]
        assert [cycle for cycle, _ in found] == [k * tick * US for k, _ in due]
    assert bench.status & 0b100111 == 0, "nothing plays, no tick was late"


@pytest.mark.parametrize("tick", [50, 10000])
def test_the_shortest_and_the_longest_tick(tick: int) -> None:
    bench = Bench()
    bench.arm({n: loop(40, hold(100, 3), hold(-200 - n, 5)) for n in (1, 2)}, tick)
    start(bench)
    events = bench.run(322 * tick * 1e-6)
    t0 = t0_of(events)
    for n in (1, 2):
        due = changes(([100] * 3 + [-200 - n] * 5) * 40)
        for (cycle, code), (k, expected) in zip(latches(events, n), due, strict=True):
            assert code == expected
            assert cycle - t0 == k * tick * US
    assert bench.status & 32 == 0


@pytest.mark.parametrize(
    ("a", "b", "count", "step"), [(-164, 164, 8, 5), (4095, -4095, 8190, 1), (7, -4000, 3, 2), (0, 3, 100, 1)]
)
def test_a_ramp_is_the_formula(a: int, b: int, count: int, step: int) -> None:
    bench = Bench()
    bench.arm({2: begin(a, step) + ramp(b, count)})
    start(bench)
    events = bench.run(count * step * 1e-4 + 1e-3)
    sign = 1 if b > a else -1
    levels = [a + sign * ((abs(b - a) * (2 * k + 1) + count) // (2 * count)) for k in range(count)]
    assert [code for _, code in latches(events, 2)] == [code for _, code in changes(levels)]


LEVEL_IN_EVERY_TICK = {
    "loop of many": lambda n: loop(65535, *[hold(10 * n + k, 1) for k in range(90)]),
    "loop of two": lambda n: loop(65535, hold(500 + n, 1), hold(600 + n, 1)),
    "ramp": lambda n: begin(-2000 * n, 1) + ramp(2000 * n, 4000),
    "loop of both signs": lambda n: loop(65535, hold(900 + n, 1), hold(-700 - n, 1)),
    "loop of ramps": lambda n: loop(500, begin(-40, 1), ramp(40 * n, 41)),
    "nested loops": lambda n: loop(60, loop(4, loop(4, loop(4, hold(n + 5, 1), hold(-n - 5, 1))))),
}
IN_TIME_AT_50_US = ("loop of many", "loop of two", "ramp")
"""Under load; the others from 60 us on (PROTOCOL.md, section 15)."""


def under_load(program: str, tick: int, *asked: str, spikes: bool) -> tuple[bool, bool, int]:
    """Flags of 2000 ticks: a tick came late, scans or stamps were lost; and how far a latch missed t0 + k * tick."""
    bench = Bench()
    programs = {n: LEVEL_IN_EVERY_TICK[program](n) for n in (1, 2)}
    bench.arm(programs, tick, "ADC:SCAN 3", "ADC:SLOT 8", "SPIK:STAT 1,ON")
    if asked:
        bench.ok("ADC:STAT ON")
    bench.ok("TRIG")
    end = bench.controller.cycle + 2000 * tick * US
    while bench.controller.cycle < end:
        for level in (True, False) if spikes else ():
            bench.controller.pin("D8", level)
            bench.controller.pin("D4", level)
            bench.controller.run(MS // 2)
        for line in asked:
            bench.block(line) if "DATA" in line else bench.ask(line)
        if not asked:
            bench.controller.run(MS)
    events = bench.controller.events()
    cycles = np.unique(events["cycle"][events["kind"] == LATCHED]).astype(np.int64)
    assert len(cycles) > 700, "it plays on, late or not"
    half = tick * US // 2
    late = np.abs((cycles - t0_of(events) + half) % (2 * half) - half)
    flags = bench.status
    assert (bench.ask("SYST:ERR?") == '2,"Tick overrun"') == bool(flags & 32)
    return bool(flags & 32), bool(flags & (256 | 2048)), int(late.max())


EVERYTHING = ("STAT?", "ADC:DATA? 192", "SPIK:DATA? 1,64")


@pytest.mark.parametrize("asked", [(), ("STAT?",), EVERYTHING], ids=len)
@pytest.mark.parametrize("program", IN_TIME_AT_50_US)
def test_two_channels_change_in_every_tick_at_20_khz(program: str, asked: tuple[str, ...]) -> None:
    """Through turns of loops and ramps; while the host polls and fetches two read-backs at 1 kS/s and a spike each ms."""
    overrun, lost, late = under_load(program, 50, *asked, spikes=bool(asked))
    assert not overrun
    assert late <= 3
    assert not lost or len(asked) == 1, "all that is fetched is whole"


@pytest.mark.parametrize("program", ["loop of both signs", "loop of ramps"])
def test_signs_and_short_ramps_in_every_tick_take_60_us(program: str) -> None:
    assert under_load(program, 60, *EVERYTHING, spikes=True) == (False, False, 0)


@pytest.mark.parametrize("program", ["loop of both signs", "loop of ramps", "nested loops"])
def test_what_does_not_fit_into_50_us_is_flagged_never_silent(program: str) -> None:
    overrun, _, late = under_load(program, 50, *EVERYTHING, spikes=True)
    assert overrun or late <= 3


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_at_short_ticks_are_whole_or_flagged(seed: int) -> None:
    """Every level at its cycle, SYNC in every mode, the line busy or not: a tick that is lost is lost aloud."""
    rng = random.Random(1000 + seed)
    tick = rng.choice([50, 50, 51, 53, 57, 60, 66, 75, 90, 100, 120])
    trees = {n: random_program(rng) for n in (1, 2)}
    trees = {n: tree if len(encoded(tree)) <= 384 else tree[-1:] for n, tree in trees.items()}
    expected = {n: played(tree, {"from": 0, "step": 1, "mark": False})[:3000] for n, tree in trees.items()}
    bench = Bench()
    mode = rng.choice(["START", "EPOCH", "TICK,2", "TICK,3"])
    bench.arm({n: encoded(tree) for n, tree in trees.items()}, tick, f"SYNC:MODE {mode}", "ADC:SCAN 15", "ADC:SLOT 5")
    if load := rng.choice(["", "STAT?", "ADC:DATA? 40"]):
        bench.ok("ADC:STAT ON")
    bench.controller.events()
    start(bench)
    end = bench.controller.cycle + (max(map(len, expected.values())) + 4) * tick * US
    while load and bench.controller.cycle < end:
        bench.block(load) if "DATA" in load else bench.ask(load)
    events = bench.run(max(0, end - bench.controller.cycle) / HERTZ)
    if bench.status & 32:
        return
    t0 = t0_of(events)
    for n, ticks in expected.items():
        due = [(t0 + k * tick * US, code) for k, code in changes([code for code, _ in ticks])]
        assert latches(events, n)[: len(due)] == due


def test_a_tick_that_comes_late_is_flagged_and_the_processor_lives() -> None:
    """At 50 us both channels change in every tick, through loops, marks and ramps: too much. Nothing hangs."""
    program = loop(65535, loop(9, loop(9, loop(9, MARK, begin(-4000, 1), ramp(4000, 3), MARK))))
    bench = Bench()
    bench.arm({1: program, 2: program}, 50)
    start(bench)
    bench.run(0.3)
    assert bench.status & 0b11 == 0b11
    assert bench.status & 32
    assert bench.ask("SYST:ERR?") == '2,"Tick overrun"'
    bench.ok("ABOR", "*CLS")
    assert bench.status == 24


# SYNC OUT and TRIG IN, section 7


@pytest.mark.parametrize("tick", [50, 100, 130, 1000, 10000])
@pytest.mark.parametrize(
    ("mode", "high"),
    [
        ("START", range(12)),
        ("EPOCH", (0, 1, 4, 5, 8)),
        ("TICK,3", (0, 3, 6, 9)),
        ("OFF", ()),
    ],
)
def test_sync_switches_with_the_latch_of_its_tick(mode: str, high: tuple[int, ...], tick: int) -> None:
    bench = Bench()
    one = hold(5, 1) + MARK + hold(6, 3) + MARK + hold(7, 4) + MARK + hold(8, 2)
    other = hold(1, 5) + MARK + hold(2, 7)
    bench.arm({1: one, 2: other}, tick, f"SYNC:MODE {mode}")
    start(bench)
    events = bench.run(14 * tick * 1e-6)
    first = latches(events, 1)[0][0]
    levels = [int(k in high) for k in range(12)] + [0]
    due = [(first + k * tick * US, level) for k, level in changes(levels)]
    found = edges(events)
    assert [level for _, level in found] == [level for _, level in due]
    assert all(abs(cycle - at) <= US for (cycle, _), (at, _) in zip(found, due, strict=True))


@pytest.mark.parametrize("line", ["ABOR", "OUTP1 OFF", "SYST:SAFE", "*RST"])
def test_sync_falls_at_once_when_a_run_is_broken_off(line: str) -> None:
    bench = Bench()
    bench.arm({1: hold(5, 100000)}, 10000)
    start(bench)
    bench.run(0.013)
    bench.ok(line)
    assert [level for _, level in edges(bench.controller.events())] == [0]
    assert not edges(bench.run(0.05))


@pytest.mark.parametrize("phase", range(0, 2000, 111))
def test_an_edge_at_trig_in_starts_within_25_us(phase: int) -> None:
    bench = Bench()
    bench.arm({1: hold(5, 100)}, 100, "TRIG:SOUR EXT")
    bench.ok("ADC:STAT ON")
    bench.controller.run(phase)
    edge = bench.controller.cycle
    bench.controller.pin("D2", True)
    bench.controller.run(2 * US)
    bench.controller.pin("D2", False)
    assert 0 < t0_of(bench.run(0.001)) - edge < 25 * US
    assert bench.status & 0b101 == 1


def test_edges_at_trig_in_do_nothing_in_other_states() -> None:
    bench = Bench()
    bench.arm({1: hold(5, 10)})
    for _ in range(3):
        bench.controller.pin("D2", True)
        bench.controller.run(100)
        bench.controller.pin("D2", False)
    assert bench.status & 0b101 == 4


# Spike time stamps, section 8


def test_stamps_are_halves_of_microseconds_since_t0_rounded_down() -> None:
    rng = random.Random(8)
    bench = Bench()
    bench.arm({n: loop(1000, hold(3, 1), hold(4, 1)) for n in (1, 2)}, 100, "SPIK:STAT 1,ON", "SPIK:STAT 2,ON")
    start(bench)
    t0 = t0_of(bench.run(0.001))
    due: dict[int, list[int]] = {1: [], 2: []}
    for _ in range(40):
        inputs = rng.choice([(1,), (2,), (1, 2)])
        bench.controller.run(rng.randint(30 * US, 400 * US))
        for level in (True, False):
            at = bench.controller.cycle
            bench.controller.pin("D8", level)
            for n in inputs:
                bench.controller.pin(f"D{n + 3}", level)
                due[n] += [at] * level
            bench.controller.run(25 * US)
    for n in (1, 2):
        data = bench.block(f"SPIK:DATA? {n},64")
        stamps = struct.unpack(f"<H{len(due[n])}I", data)[1:]
        assert all(abs(stamp - (at - t0) / 8 + 0.5) <= 1 for stamp, at in zip(stamps, due[n], strict=True))


@pytest.mark.needs("avr")
@pytest.mark.parametrize("gap", [20, 40, 60, 90, 120])
def test_spikes_close_together_are_right_when_the_clock_overflows(gap: int) -> None:
    """Every 32.8 ms the timer's 16 bits begin anew, between a capture and its reading or not."""
    bench = Bench(built())
    controller, overflows = bench.controller, Variable(bench.controller, built(), "clock_overflows")
    bench.arm({1: hold(100, 60_000)}, 1000, "SPIK:STAT 1,ON", "SPIK:STAT 2,ON")
    controller.events()
    start(bench)
    t0 = t0_of(controller.events())
    before = overflows.value
    while overflows.value == before:
        controller.run(1)
    overflow = controller.cycle  # and some more, until the interrupt for it
    for lead in range(gap + 10, 260, 14):
        while overflow < controller.cycle + 3000:
            overflow += 65536 * 8
        spikes = [overflow - lead, overflow - lead + gap]
        controller.spikes(np.array(spikes, np.uint64), np.array([0, 1], np.uint8))
        controller.run(overflow + 3000 - controller.cycle)
        for n, at in enumerate(spikes, 1):
            (stamp,) = struct.unpack("<2xI", bench.block(f"SPIK:DATA? {n},64"))
            assert abs(stamp * 8 - (at - t0)) < 25 * US, (lead, n)


# The stream of read-backs, section 14


@pytest.mark.parametrize(("scan", "slots"), [(1, 2), (3, 3), (10, 8), (7, 5), (15, 5), (8, 40)])
def test_samples_are_taken_to_the_microsecond_and_tell_where_t0_lies(scan: int, slots: int) -> None:
    bench = Bench()
    bench.arm({1: loop(5000, hold(3, 1), hold(4, 1))}, 100, f"ADC:SCAN {scan}", f"ADC:SLOT {slots}")
    samples: list[tuple[int, int]] = []

    def volts(pin: int, cycle: int) -> float:
        if cycle > on:  # else a conversion of the start
            samples.append((cycle, pin))
        return 0.1 + 0.3 * pin

    bench.controller.look(volts)
    on = bench.controller.cycle
    bench.ok("ADC:STAT ON")
    bench.controller.run(5 * MS + 1234)
    bench.ok("TRIG")
    t0, s = t0_of(bench.run(0.02)), samples[0][0]
    inputs = [pin for bit, pin in enumerate((0, 2, 1, 3)) if scan >> bit & 1]
    for k, (at, pin) in enumerate(samples):
        i, j = divmod(k, len(inputs))
        assert pin == inputs[j]
        assert abs(at - s - (i * slots + j) * 2000) <= US
    number, halves = map(int, bench.ask("ADC:T0?").split(","))
    assert abs((number * slots * 2000 + halves * 8) - (t0 - s)) <= US
    data = bench.block("ADC:DATA? 3")
    assert struct.unpack_from("<IH", data) == (0, 0)
    counts = [0 if pin == 3 else int((0.1 + 0.3 * pin) / 2.5 * 1024) for pin in inputs]  # output 2 is off
    assert np.frombuffer(data[6:], "<i2").reshape(-1, len(inputs)) == pytest.approx(np.array([counts] * 3), abs=1)


# Calibration, section 12, and the range jumpers


def corrected(code: int, gain: int, offset: int) -> int:
    magnitude = (abs(code) * (65536 + gain) + 256 * offset + 32768) >> 16
    return max(magnitude, 0) * (1 if code > 0 else -1) if code else 0


@pytest.mark.parametrize("seed", range(6))
def test_every_code_is_corrected_as_the_page_says_at_once_and_in_programs(seed: int) -> None:
    rng = random.Random(seed)
    extreme = (-1, 1) if seed % 2 else (1, -1)
    bench = Bench()
    bench.ok("CAL:UNL 4922")
    terms = {}
    for leg, sign in zip(("SOUR", "SINK"), extreme, strict=True):
        terms[leg] = (sign * rng.choice([3276, rng.randint(0, 3276)]), sign * rng.choice([8192, rng.randint(0, 8192)]))
        bench.ok(f"CAL:GAIN 2,{leg},{terms[leg][0]}", f"CAL:OFFS 2,{leg},{terms[leg][1]}")
    codes = [rng.randint(-3800, 3800) for _ in range(60)] + [1, -1, 0, 2, -20, 20]

    def expected(code: int) -> int:
        return corrected(code, *terms["SOUR" if code > 0 else "SINK"])

    bench.arm({2: b"".join(hold(code, 1) for code in codes)})
    start(bench)
    events = bench.run(0.01)
    due = [level for _, level in changes([expected(code) for code in codes])]
    found = [level for _, level in latches(events, 2)]
    assert [level for k, level in enumerate(found) if k == 0 or level != found[k - 1]] == due
    for code in codes[:8]:
        bench.ok("SOUR2:CURR 0", f"SOUR2:CURR {round(code * 250000 / 4096)}")
        assert ([0] + [level for _, level in latches(bench.run(0), 2)])[-1] == expected(code)


def test_the_calibration_survives_a_restart_and_a_wrong_crc_is_noticed() -> None:
    bench = Bench()
    assert bench.ask("CAL:STAT?") == "DEFAULT"
    bench.ok("CAL:UNL 4922", "CAL:GAIN 1,SINK,-77", "CAL:OFFS 2,SOUR,8192")
    assert bench.ask("CAL:STAT?") == "CHANGED"
    bench.ok("CAL:STOR")
    again = Bench(eeprom=bench.controller.eeprom)
    assert [again.ask(line) for line in ("CAL:STAT?", "CAL:GAIN? 1,SINK", "CAL:OFFS? 2,SOUR")] == [
        "STORED",
        "-77",
        "8192",
    ]
    for byte in range(0, 34, 3):
        spoilt = bytearray(bench.controller.eeprom)
        spoilt[byte] ^= 1 << byte % 8
        lost = Bench(eeprom=bytes(spoilt))
        assert [lost.ask(line) for line in ("CAL:STAT?", "CAL:GAIN? 1,SINK", "SYST:ERR?")] == [
            "LOST",
            "0",
            '-313,"Calibration memory lost"',
        ]


# Watchdogs, restarts, the safe state: section 10


def off_at(events: np.ndarray) -> int:
    """When the last OE went low."""
    return int(events["cycle"][(events["kind"] == ENABLE) & (events["code"] == 0)][-1])


@pytest.mark.parametrize("half", [20, 60, 100, 200, 400])
@pytest.mark.parametrize("on", [False, True])
@pytest.mark.parametrize("running", [False, True])
def test_a_comparator_that_chatters_does_not_keep_the_watchdog_from_tripping(
    half: int, on: bool, running: bool
) -> None:
    """Edges at SPIKE IN up to 800 kHz, the input stamped or not: the processor is not theirs alone."""
    bench = Bench()
    bench.arm({1: loop(60_000, hold(800, 1), hold(700, 1))}, 100, f"SPIK:STAT 1,{'ON' if on else 'OFF'}")
    bench.ok("ABOR", "SYST:WDOG 100", *(("ARM", "TRIG") if running else ("SOUR1:CURR 50000",)))
    fed, events = bench.controller.cycle, []
    while bench.controller.cycle - fed < 105 * MS:
        for level in (True, False):
            bench.controller.pin("D8", level)
            bench.controller.pin("D4", level)
            bench.controller.run(half)
    events = bench.controller.events()
    assert 99 * MS < off_at(events) - fed < 101 * MS
    assert bench.status & 64


def test_no_pin_ever_shows_a_pulse_on_the_way_up() -> None:
    """OE and SYNC stay low, LDAC and the chip selects high until zeros are there (trap: directions before levels)."""
    bench = Bench()
    bench.controller.restart("EXTERNAL")
    controller, low = bench.controller, 0
    for _ in range(20_000):
        controller.run(1)
        assert not any(controller.level(pin) for pin in ("D3", "D6", "D7"))
        low += not controller.level("D9")
    events = controller.events()
    assert set(events["code"]) == {0}
    assert set(events["channel"][events["kind"] == LATCHED]) == {0, 1, 2, 3}
    assert 0 < low < 60, "LDAC fell once, to latch zeros"


# Ways to stop, section 3


@pytest.mark.parametrize("line", ["ABOR", "OUTP1 OFF", "OUTP2 OFF", "SYST:SAFE", "*RST"])
@pytest.mark.parametrize("waited", [None, 0, 1234, 15_999, 16_001, 24_000])
def test_what_was_prepared_is_never_seen_when_a_run_is_broken_off(line: str, waited: int | None) -> None:
    """Armed, or so many cycles after the start: the tick that waits for LDAC does not come."""
    bench = Bench()
    bench.arm({n: hold(70 * n, 1) + hold(4000, 1) + hold(-3000, 1) for n in (1, 2)}, 10_000)
    allowed = {0}
    if waited is not None:
        start(bench)
        bench.controller.run(3 * MS + waited)
        allowed = {0, 70, 140}
    before = bench.controller.events()
    bench.ok(line)
    events = np.concatenate([before, bench.run(0.05)])
    shown = events[events["kind"] == LATCHED]
    assert set(shown["code"]) <= allowed
    assert all(level == 0 for n in (1, 2) for _, level in latches(events, n)[-1:])


@pytest.mark.parametrize(("tick", "limit"), [(100, MS), (50, 8 * MS)])
@pytest.mark.parametrize("line", ["ABOR", "SYST:SAFE", "OUTP1 OFF"])
def test_the_host_is_heard_whatever_is_played(line: str, tick: int, limit: int) -> None:
    """Section 7: SYNC and currents are 0 so long after the LF, be the program too much for its ticks or not."""
    dense = loop(65535, loop(2, loop(2, loop(2, MARK, begin(-4000, 1), ramp(4000, 3), MARK, hold(9, 1)))))
    bench = Bench()
    bench.arm({1: dense, 2: dense}, tick, "ADC:SCAN 15", "ADC:SLOT 5")
    bench.ok("ADC:STAT ON", "TRIG")
    bench.run(0.02)
    bench.controller.send(line.encode() + b"\n")
    bench.controller.run(320 * (len(line) + 1))
    received = bench.controller.cycle
    events = bench.run(0.02)
    assert [level for _, level in edges(events)] == [0]
    last = max(int(events["cycle"][events["kind"] == kind][-1]) for kind in (LATCHED, SYNC))
    assert last - received < limit


# Memory


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
