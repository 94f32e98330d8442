"""Ways to stop, and what could keep the source from it (sections 3, 7 and 10)."""

import numpy as np
import pytest

from ...instruments.protocol_client import MARK, begin, hold, loop, ramp
from .current_source_bench import ENABLE, LATCHED, MS, SYNC, Bench, edges, latches
from .programs import start

pytestmark = pytest.mark.needs("simavr")


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
    assert 99 * MS < off_at(events) - fed < 102 * MS
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
