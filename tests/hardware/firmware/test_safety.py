"""What keeps a current from flowing that nobody wants, and every step at its time, with the firmware as busy as it can be.

Times are cycles of the processor, 16 in a microsecond.
"""

import random

import numpy as np
import pytest

from neurorig.hardware.firmware.images import FLASH, RAM, packaged
from neurorig.hardware.firmware.simulated import HERTZ

from ...instruments.protocol_client import MARK, begin, hold, loop, ramp
from .current_source_bench import (
    ENABLE,
    LATCHED,
    MS,
    RESTARTED,
    SYNC,
    US,
    Bench,
    Variable,
    built,
    edges,
    image_with_hooks,
    latches,
)

pytestmark = pytest.mark.needs("simavr")
FOREVER = loop(65535, hold(800, 1000), hold(-800, 1000))


def last(events: np.ndarray, kind: int, code: int = 0) -> int:
    """Cycle of the last such event."""
    return int(events["cycle"][(events["kind"] == kind) & (events["code"] == code)][-1])


def is_dead(bench: Bench) -> bool:
    """OE low on both channels, and for a while nothing moves: at most zeros are written once more."""
    return not (bench.controller.level("D6") or bench.controller.level("D7") or np.any(bench.run(0.05)["code"]))


ASKED = [b"ADC:DATA? 192", b"SPIK:DATA? 1,64", b"MEAS:CURR? 2", b"*IDN?", b"SOUR1:WAV:CHEC?", b"ADC:T0?"]


class Load:
    """Keeps the line, the converter and the comparators busy: answers of blocks, single read-backs, spikes."""

    def __init__(self, bench: Bench, seed: int = 0) -> None:
        self.bench, self.random = bench, random.Random(seed)
        bench.ok("ADC:STAT OFF", "ADC:SCAN 15", "ADC:SLOT 5", "ADC:STAT ON", "SPIK:STAT 1,ON", "SPIK:STAT 2,ON")

    def go(self, seconds: float) -> np.ndarray:
        """What happens at the shield meanwhile."""
        controller = self.bench.controller
        end = controller.cycle + round(seconds * HERTZ)
        asked = 0
        while controller.cycle < end:
            level, pin = self.random.choice([True, False]), self.random.choice(["D4", "D5"])
            controller.pin(pin, level)
            controller.pin("D8", level)
            line = self.random.choice(ASKED)
            self.bench.send(line + b"\n")
            asked += 1
        assert asked > 50 * seconds
        return controller.events()


# The host is silent


@pytest.mark.parametrize("ms", [100, 137, 500, 2000])
@pytest.mark.parametrize("busy", ["idle", "armed", "running", "streaming"])
def test_silence_ends_in_zero_within_a_millisecond_of_the_watchdog(busy: str, ms: int) -> None:
    bench = Bench()
    bench.ok(f"SYST:WDOG {ms}", "SPIK:STAT 1,ON")
    assert bench.load(1, FOREVER) == bench.load(2, FOREVER) == "OK"
    bench.ok("OUTP1 ON", "OUTP2 ON", "SOUR1:CURR 40000")
    if busy != "idle":
        bench.ok("ARM")
    if busy in ("running", "streaming"):
        bench.ok("TRIG")
    if busy == "streaming":
        bench.ok("ADC:STAT ON")
    fed = bench.controller.cycle
    bench.controller.events()
    early = bench.run(ms * 1e-3 - 0.001)
    assert not np.any(early["kind"] == ENABLE)
    events = bench.run(0.005)
    assert last(events, ENABLE) - fed <= (ms + 1) * MS
    assert last(events, LATCHED) - fed <= (ms + 1) * MS
    if busy in ("running", "streaming"):
        assert last(events, SYNC) - fed <= (ms + 1) * MS
    assert all(level == 0 for n in (1, 2) for _, level in latches(events, n)[-1:])
    assert is_dead(bench)
    assert bench.status & ~2048 == 64 + 512 + 1024


def test_after_a_trip_nothing_moves_until_it_is_cleared_switched_on_and_armed_anew() -> None:
    bench = Bench()
    bench.arm({1: FOREVER})
    bench.ok("ABOR", "SYST:WDOG 100", "ARM", "TRIG")
    bench.run(0.2)
    for line, answer in (
        ("OUTP1 ON", 'ERR 1,"Watchdog tripped"'),
        ("ARM", 'ERR 1,"Watchdog tripped"'),
        ("TRIG", 'ERR -211,"Trigger ignored"'),
        ("SOUR1:CURR 50000", "OK"),
        ("SYST:WDOG 60000", "OK"),
        ("OUTP2 ON", 'ERR 1,"Watchdog tripped"'),
        ("*RST", "OK"),
        ("OUTP1 ON", 'ERR 1,"Watchdog tripped"'),
    ):
        assert bench.ask(line) == answer
        bench.controller.pin("D2", True)
        assert is_dead(bench)
        bench.controller.pin("D2", False)
    assert bench.load(1, hold(70, 5)) == "OK"
    bench.ok("*CLS")
    assert is_dead(bench)
    assert bench.ask("ARM") == 'ERR -221,"Settings conflict"'
    bench.ok("OUTP1 ON")
    bench.controller.events()
    assert not len(bench.run(0.02))
    bench.ok("ARM", "TRIG")
    assert latches(bench.run(0.001), 1) == [(pytest.approx(bench.controller.cycle, abs=2 * MS), 70)]


def test_a_stream_that_is_fetched_feeds_the_watchdog_and_one_that_is_not_trips() -> None:
    bench = Bench()
    bench.arm({1: FOREVER})
    bench.ok("ABOR", "SYST:WDOG 100", "ADC:STAT ON", "ARM", "TRIG")
    for _ in range(15):
        bench.run(0.09)
        bench.block("ADC:DATA? 192")
    assert bench.status & 64 == 0
    bench.run(0.102)
    assert is_dead(bench)


# The processor hangs, restarts, is unplugged


@pytest.mark.needs("avr")
@pytest.mark.parametrize("interrupts", [0, 1])
@pytest.mark.parametrize("busy", ["idle", "running", "streaming"])
def test_a_hung_program_is_ended_within_260_ms_whatever_it_did(interrupts: int, busy: str) -> None:
    """Of the simulator's exact oscillator; for that of the chip the data sheet gives no limits."""
    bench = Bench(image_with_hooks())
    bench.arm({1: FOREVER, 2: FOREVER})
    if busy != "idle":
        bench.ok("TRIG")
    else:
        bench.ok("ABOR", "SOUR2:CURR 99000")
    if busy == "streaming":
        bench.ok("ADC:STAT ON", "SPIK:STAT 2,ON")
    bench.run(0.02)
    hung = bench.controller.cycle
    bench.controller.send(b"TEST:HANG %d\n" % interrupts)
    events = bench.run(0.3)
    assert np.count_nonzero(events["kind"] == RESTARTED) == 1
    assert last(events, ENABLE) - hung <= (130 if interrupts else 260) * MS, "OE is low before the restart if it can be"
    assert last(events, LATCHED) - hung <= 260 * MS
    assert is_dead(bench)
    assert bench.controller.received().endswith(b",WATCHDOG\n")
    assert bench.ask("SYST:RST?") == "WATCHDOG"
    assert bench.ask("STAT?") == "512"


@pytest.mark.parametrize("cause", ["POWER", "EXTERNAL", "BROWNOUT", "WATCHDOG"])
@pytest.mark.parametrize("boot", [0.0, 1.0])
def test_every_restart_and_an_unplugged_processor_leave_no_current(cause: str, boot: float) -> None:
    """In the bootloader the pins float, as when it is unplugged or unpowered: OE is low by its resistor in that very cycle."""
    bench = Bench()
    bench.arm({1: FOREVER, 2: FOREVER})
    bench.ok("TRIG")
    bench.run(0.0123)
    bench.controller.restart(cause, boot=boot)
    at = bench.controller.cycle
    assert not bench.controller.level("D6")
    assert not bench.controller.level("D7")
    events = bench.run(0.5 * boot)
    assert not np.any((events["kind"] == ENABLE) & (events["code"] == 1))
    assert all(abs(int(c) - at) <= US for c in events["cycle"][(events["kind"] == ENABLE)])
    assert not events["code"][events["kind"] == LATCHED].any()
    events = bench.run(0.5 * boot + 0.05)
    assert not events["code"][np.isin(events["kind"], (ENABLE, LATCHED))].any()
    assert bench.controller.received().decode() == f"HELLO {bench.ask('*IDN?')},{cause}\n"
    assert bench.ask("SYST:RST?") == cause
    assert bench.status == 512
    assert is_dead(bench)


# Times


def due(program: list[tuple[int, int]], times: int) -> list[tuple[int, int]]:
    """(tick, code) of every change of a list of (code, ticks), played so often, from 0."""
    changes, tick, now = [], 0, 0
    for code, ticks in program * times:
        if code != now:
            changes.append((tick, code))
            now = code
        tick += ticks
    return changes


@pytest.mark.parametrize("loaded", [False, True])
def test_each_step_of_a_long_program_comes_in_its_very_cycle(loaded: bool) -> None:
    """Two channels in step, latched by the timer: there is no jitter, with load or without."""
    steps = {
        1: [((37 * k) % 4000 - 2000, 1 + k % 3) for k in range(90)],
        2: [((53 * k) % 4000 - 2000, 1 + (k + 1) % 2) for k in range(90)],
    }
    times, tick = 40, 100
    bench = Bench()
    load = Load(bench)
    bench.ok("ADC:STAT OFF")
    bench.arm({n: loop(times, *(hold(*step) for step in steps[n])) for n in steps}, tick)
    if loaded:
        bench.ok("ADC:STAT ON")
    bench.ok("TRIG")
    seconds = 182 * times * tick * 1e-6
    events = load.go(seconds) if loaded else bench.run(seconds)
    t0 = edges(events)[0][0]
    for n, program in steps.items():
        expected = [(t0 + k * tick * US, code) for k, code in due(program, times)]
        found = latches(events, n)
        assert len(found) > 0.9 * len(expected)
        assert [code for _, code in found] == [code for _, code in expected][: len(found)]
        late = np.array([cycle - at for (cycle, _), (at, _) in zip(found, expected, strict=False)])
        assert not late.any()
    assert bench.status & 32 == 0


@pytest.mark.needs("avr")
def test_the_clock_loses_no_overflow_while_sync_is_planned() -> None:
    """Every 32.8 ms, in whatever instruction it falls: 65536 halves of microseconds would be missing in every later stamp."""
    bench = Bench(built())
    overflows = Variable(bench.controller, built(), "clock_overflows")
    bench.arm({1: loop(65535, hold(5, 3), hold(-6, 2))}, 137, "SYNC:MODE TICK,7")
    bench.ok("TRIG")
    begun, before = bench.controller.cycle, overflows.value
    bench.run(12.0)
    assert abs((bench.controller.cycle - begun) / (65536 * 8) - (overflows.value - before)) < 1.001


def test_two_channels_at_20_khz_run_for_seconds_without_overrun() -> None:
    """Both change in every tick; only the last level of the loop is longer."""
    steps = {n: [(n * k + 1, 1) for k in range(90)] + [(5 * n, 2)] for n in (1, 2)}
    bench = Bench()
    bench.arm({n: loop(2000, *(hold(*step) for step in steps[n])) for n in steps}, 50)
    bench.ok("TRIG")
    events = bench.run(2.0)
    assert bench.status & 0b100011 == 0b11
    t0 = edges(events)[0][0]
    for n, program in steps.items():
        expected = due(program, 500)
        found = latches(events, n)
        assert len(found) > 39_000
        assert [(round((cycle - t0) / (50 * US)), code) for cycle, code in found] == expected[: len(found)]
        assert all((cycle - t0) % (50 * US) == 0 for cycle, _ in found)


def test_two_channels_at_20_khz_with_a_busy_line_play_a_full_program_without_overrun() -> None:
    bench = Bench()
    bench.arm({n: b"".join(hold(n * k + 1, 1) for k in range(96)) for n in (1, 2)}, 50)
    bench.ok("TRIG")
    while bench.status & 0b11:
        bench.ask("*IDN?")
    assert bench.status & 32 == 0
    assert len(latches(bench.controller.events(), 2)) == 96


def test_the_densest_program_is_either_in_time_or_flagged_and_queued_never_silent() -> None:
    """Nested loops of single ticks, marks and ramps with the whole load on top, at the shortest tick."""
    dense = loop(65535, loop(2, loop(2, loop(2, MARK, begin(-4000, 1), ramp(4000, 3), MARK, hold(9, 1)))))
    bench = Bench()
    load = Load(bench)
    bench.ok("ADC:STAT OFF")
    bench.arm({1: dense, 2: dense}, 50, "SYNC:MODE EPOCH")
    bench.ok("ADC:STAT ON", "TRIG")
    events = load.go(0.3)
    cycles = np.unique(events["cycle"][events["kind"] == LATCHED]).astype(np.int64)
    late = np.abs((cycles - cycles[0] + 400) % 800 - 400)
    flagged = bool(bench.status & 32)
    assert flagged or late.max() <= US
    assert (bench.ask("SYST:ERR?") == '2,"Tick overrun"') == flagged
    assert flagged, "this load is more than 50 us hold: make it denser, or this test shows nothing"
    bench.ok("ABOR", "*CLS")
    assert bench.status & 32 == 0


# Memory


def test_flash_and_memory_are_what_was_promised(record_property) -> None:
    """With two programs of 96 segments and all that PROTOCOL.md, section 15, promises to keep."""
    _, build = packaged()
    record_property("flash", f"{build.flash} bytes, {build.flash / FLASH:.1%}")
    record_property("memory without the stack", f"{build.ram} bytes, {build.ram / RAM:.1%}")
    assert build.flash <= FLASH / 2
    assert build.ram <= 0.85 * RAM
