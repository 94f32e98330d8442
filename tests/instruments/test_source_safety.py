"""The simulated current source is safe: watchdog, safe line, restarts. What flows is asked of the ammeter."""

import pytest

from .protocol_client import hold
from .source_bench import SourceBench

STAIR = hold(100, 100) + hold(-200, 200) + hold(300, 300)


@pytest.fixture
def bench(brain) -> SourceBench:
    return SourceBench(brain=brain)


def test_a_silent_host_trips_the_watchdog_also_in_the_middle_of_a_program(bench) -> None:
    t0 = bench.start(1, program=hold(1000, 100_000))
    bench.wait(1.9)
    assert bench.status & 64 == 0
    bench.wait(1.9)
    assert bench.out[1].now > 0, "the status query was a sign of life"
    bench.wait(0.2)
    assert bench.out[1].now == 0
    assert bench.out[1].changes[-1][0] - t0 == pytest.approx(3.9, abs=0.06)
    assert bench.sync.level() is False
    assert bench.status & 0b11111 == 0
    assert bench.status & 64
    assert bench.ask("OUTP1 ON") == bench.ask("ARM") == 'ERR 1,"Watchdog tripped"'
    assert bench.errors() == [1, 1, 1]
    bench.ok("*CLS", "OUTP1 ON")


@pytest.mark.parametrize("line", ["FOO", "SOUR1:CURR x", "SOUR1:CURR 1*00", "\u00e9", "", "SOUR1:WAV:DATA 5"])
def test_damaged_and_unknown_lines_are_no_sign_of_life(bench, line) -> None:
    bench.ok("OUTP1 ON", "SOUR1:CURR 1000")
    for _ in range(5):
        bench.wait(0.5)
        bench.send(line.encode("latin-1") + b"\n")
    assert bench.out[1].now == 0


def test_a_refused_but_understood_line_is_a_sign_of_life(bench) -> None:
    bench.ok("OUTP1 ON", "SOUR1:CURR 1000")
    for _ in range(5):
        bench.wait(0.5)
        assert bench.ask("SOUR1:CURR 999999").startswith("ERR -222")
    assert bench.out[1].now > 0


def test_the_watchdog_cannot_be_switched_off(bench) -> None:
    assert bench.ask("SYST:WDOG 0").startswith("ERR -222")
    bench.ok("SYST:WDOG 100", "OUTP1 ON", "SOUR1:CURR 1000")
    bench.wait(0.11)
    assert bench.out[1].now == 0


@pytest.mark.parametrize("state", ["IDLE", "ARMED", "RUNNING"])
def test_the_safe_line_works_in_every_state(bench, state) -> None:
    bench.load(1, STAIR)
    bench.ok("OUTP1 ON", "SOUR1:CURR 5000", *{"IDLE": [], "ARMED": ["ARM"], "RUNNING": ["ARM", "TRIG"]}[state])
    bench.ok("SYST:SAFE")
    assert bench.out[1].now == 0
    assert bench.status & 0b11111 == 0
    bench.wait(1)
    assert bench.out[1].now == 0
    assert bench.sync.level() is False


def test_the_safe_line_gets_through_a_block_that_was_cut_off(brain) -> None:
    wall = [0.0]
    bench = SourceBench(clock=lambda: wall[0], brain=brain)
    bench.ok("OUTP1 ON", "SOUR1:CURR 5000")
    assert bench.send(b"SOUR1:WAV:DATA #3300" + bytes(20)) == ""
    wall[0] += 0.2
    assert bench.send(b"\nSYST:SAFE\n") == "", "still part of the block"
    assert bench.out[1].now > 0
    wall[0] += 0.3
    assert bench.send(b"\nSYST:SAFE\n") == 'ERR -365,"Time out error"\nOK\n'
    assert bench.out[1].now == 0
    assert bench.status & 128


def test_a_restart_is_zero_current_and_tells_its_cause(brain) -> None:
    bench = SourceBench(boot_delay=1.0, brain=brain)
    assert bench.send(b"*IDN?\n") == "", "in the bootloader"
    bench.wait(1.1)
    hello, identity = bench.send(b"*IDN?\n").splitlines()
    assert hello == f"HELLO {identity},EXTERNAL"
    bench.ok("*CLS", "OUTP1 ON", "SOUR1:CURR 5000")
    assert bench.status & 512 == 0
    bench.source.restart("BROWNOUT")
    assert bench.out[1].now == 0
    bench.wait(1.1)
    assert bench.ask_after_hello("SYST:RST?") == "BROWNOUT"
    assert bench.status & 512
