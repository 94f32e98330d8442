"""SYNC OUT and TRIG IN at their cycles (section 7)."""

import pytest

from ...instruments.protocol_client import MARK, hold
from .current_source_bench import US, Bench, edges, latches
from .programs import changes, start, t0_of

pytestmark = pytest.mark.needs("simavr")


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
