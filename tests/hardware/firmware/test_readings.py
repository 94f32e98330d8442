"""Spike time stamps (section 8) and the stream of read-backs (section 14) against the cycles of what they read."""

import random
import struct

import numpy as np
import pytest

from ...instruments.protocol_client import hold, loop
from .current_source_bench import MS, US, Bench, Variable, built
from .programs import start, t0_of

pytestmark = pytest.mark.needs("simavr")


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


@pytest.mark.parametrize("half", [100, 200])
def test_samples_keep_their_places_while_a_comparator_chatters(half: int) -> None:
    """The voltage counts slots of 125 us, the current stands still: neither lies where the other belongs."""
    bench = Bench()
    controller, current = bench.controller, 123
    controller.reference(2.5)
    controller.look(lambda pin, cycle: (current if pin >= 2 else cycle // 2000 % 1000) / 1024 * 2.5)
    bench.ok("ADC:SCAN 3", "ADC:SLOT 8", "SPIK:STAT 1,ON")
    bench.arm({n: loop(65535, hold(4000, 1), hold(3000, 1)) for n in (1, 2)}, 100, "SYNC:MODE TICK,2")
    bench.ok("ADC:STAT ON", "TRIG")
    scans = []
    for _ in range(15):
        end = controller.cycle + 15 * MS
        while controller.cycle < end:
            for level in (True, False):
                controller.pin("D8", level)
                controller.pin("D4", level)
                controller.run(half)
        data = bench.block("ADC:DATA? 192")
        first = int.from_bytes(data[:4], "little")
        scans += [(first + k, *pair) for k, pair in enumerate(np.frombuffer(data[6:], "<i2").reshape(-1, 2).tolist())]
    assert len(scans) > 100
    number, volts, amperes = np.array(scans).T
    assert set(amperes) == {current}
    since = (volts - volts[0] - 8 * (number - number[0]) + 500) % 1000 - 500
    assert np.all(np.abs(since) <= 1)
