"""Two channels that change in every tick, down to 50 us, under load: in time, or flagged (sections 7 and 15)."""

import random

import numpy as np
import pytest

from neurorig.hardware.firmware.simulated import HERTZ

from ...instruments.protocol_client import MARK, begin, hold, loop, ramp
from .current_source_bench import LATCHED, MS, US, Bench, latches
from .programs import changes, encoded, played, random_program, start, t0_of

pytestmark = pytest.mark.needs("simavr")


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
