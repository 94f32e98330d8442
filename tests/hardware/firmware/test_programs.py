"""Every level of a program comes at its cycle (PROTOCOL.md, section 6)."""

import random

import pytest

from ...instruments.protocol_client import begin, hold, loop, ramp
from .current_source_bench import US, Bench, latches
from .programs import changes, encoded, played, random_program, start, t0_of

pytestmark = pytest.mark.needs("simavr")


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
