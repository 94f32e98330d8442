"""The simulated current source: what flows and when, what it stamps, what it refuses."""

import numpy as np
import pytest

from .fakes import serving
from .protocol_client import MARK, Refusal, SourceClient, begin, crc8, hold, loop, ramp
from .source_bench import LSB, SourceBench

STAIR = hold(100, 100) + hold(-200, 200) + hold(300, 300)
STAIR_CHANGES = [(0, 100), (10_000, -200), (30_000, 300)]


@pytest.fixture
def bench(brain) -> SourceBench:
    return SourceBench(brain=brain)


# Levels


def test_a_level_flows_only_while_the_output_is_on(bench) -> None:
    bench.ok("SOUR1:CURR 44700")
    assert bench.out[1].now == 0
    bench.ok("OUTP1 ON")
    assert bench.out[1].now == pytest.approx(732 * LSB)
    assert bench.out[2].now == 0
    bench.ok("OUTP1 OFF")
    assert bench.out[1].now == 0
    bench.ok("OUTP1 ON")
    assert bench.out[1].now == 0, "switching off forgets the level"


def test_the_quarter_range_jumper_gives_finer_steps_and_moving_it_drops_what_was_meant_for_the_other_range(
    bench,
) -> None:
    bench.ok("OUTP2 ON", "SOUR2:CURR -10000")
    assert bench.load(2, STAIR) == "OK"
    bench.source.move_jumper(2, "QUARTER")
    assert bench.ask("SOUR2:RANG?") == "QUARTER,15259"
    assert bench.out[2].now == 0
    assert bench.ask("SOUR2:WAV:CHEC?") == "0,0,FFFF"
    bench.ok("SOUR2:CURR -10000")
    assert bench.out[2].now == pytest.approx(-655 * LSB / 4)
    assert bench.ask("SOUR2:CURR 62500") == 'ERR -222,"Data out of range"'


def test_the_inner_read_back_is_coarse_and_knows_nothing_of_the_terminal(bench) -> None:
    bench.ok("SOUR1:CURR -44700")
    assert bench.ask("MEAS:CURR? 1") == "0"
    bench.ok("OUTP1 ON")
    reading = int(bench.ask("MEAS:CURR? 1"))
    assert abs(reading + 44678) < 500
    assert round(reading / 244.140625) * 244.140625 == pytest.approx(reading, abs=0.5)
    assert abs(int(bench.ask("MEAS:VOLT? 1")) - 1234) < 12
    bench.out[1].volts = 9.0
    assert bench.ask("MEAS:VOLT? 1") == "4995"


# Programs


def test_both_channels_play_in_step_and_hold_their_last_level(bench) -> None:
    assert bench.load(2, hold(-1, 5) + hold(7, 5)) == "OK"
    bench.ok("OUTP2 ON")
    t0 = bench.start(1, program=STAIR)
    assert bench.status & 0b11 == 0b01, "channel 2 has ended, channel 1 plays on"
    assert bench.out[1].since(t0) == STAIR_CHANGES
    assert bench.out[2].since(t0) == [(0, -1), (500, 7)]
    bench.wait(0.1)
    assert bench.status & 0b111 == 0
    assert bench.out[1].now == pytest.approx(300 * LSB)
    assert bench.ask("SOUR1:CURR?") == "18311"
    assert bench.ask("SOUR2:CURR?") == "427"


def test_a_ramp_without_from_starts_at_the_set_level_and_the_next_at_the_last_target(bench) -> None:
    bench.ok("SOUR1:CURR 6104")  # code 100
    t0 = bench.start(1, program=ramp(108, 2) + ramp(100, 1) + begin(0, 3) + ramp(-4, 2))
    assert bench.out[1].since(t0) == [(0, 102), (100, 106), (200, 104), (300, -1), (600, -3)]


def test_a_program_of_days_is_loaded_and_played_without_being_unrolled(bench) -> None:
    days = loop(65535, loop(1000, hold(1, 25), hold(0, 40)))
    assert bench.load(1, days) == "OK"
    assert bench.ask("SOUR1:WAV:CHEC?").split(",")[1] == str(65535 * 1000 * 65)
    bench.ok("SYST:WDOG 60000", "SOUR1:WAV:TICK 50", "OUTP1 ON", "ARM", "TRIG")
    t0 = bench.t0()
    bench.wait(20)
    assert len(bench.out[1].changes) < 30_000
    changes = bench.out[1].since(t0)
    assert changes[:4] == [(0, 1), (1250, 0), (3250, 1), (4500, 0)]
    for period in (3000, 6000):  # well beyond what was handed to the output at first
        assert changes[2 * period : 2 * period + 2] == [(3250 * period, 1), (3250 * period + 1250, 0)]
    bench.ok("ABOR")
    assert bench.out[1].now == 0


def test_a_program_is_replaced_only_by_one_that_is_right(bench) -> None:
    bench.load(1, STAIR)
    before = bench.ask("SOUR1:WAV:CHEC?")
    assert bench.load(1, loop(3, hold(1, 1))[:-4]).startswith("ERR -161")
    assert bench.ask("SOUR1:WAV:CHEC?") == before


def test_abort_in_the_middle_goes_to_zero_and_stays_there(bench) -> None:
    t0 = bench.start(1, program=STAIR)
    bench.ok("ABOR")
    bench.wait(0.1)
    assert bench.out[1].since(t0)[-1][1] == 0
    assert bench.sync.level() is False
    assert bench.ask("OUTP1?") == "ON"


def test_the_end_of_an_aborted_program_does_not_end_the_next(bench) -> None:
    bench.start(1, program=STAIR)
    bench.ok("ABOR")
    bench.start(1, program=hold(5, 5000))
    bench.wait(0.2)
    assert bench.status & 1
    assert bench.sync.level() is True


def test_a_rising_edge_at_trig_in_starts_an_armed_source(bench) -> None:
    bench.load(1, STAIR)
    bench.ok("TRIG:SOUR EXT", "OUTP1 ON")
    bench.trigger.play([0.05, 0.1, 0.2], False)
    bench.wait(0.15)
    bench.ok("ARM")
    assert bench.ask("TRIG") == 'ERR -211,"Trigger ignored"'
    bench.wait(0.2)
    t0 = float(bench.sync.crossings(2.5, 0, bench.world.now)[0])
    assert 0.2 < t0 <= 0.2 + 25e-6
    assert bench.out[1].since(t0) == STAIR_CHANGES


# SYNC


def pulses(bench, t0: float, ticks: int) -> list[int]:
    return [tick for tick, volts in enumerate(bench.sync.sample(t0 + 50e-6, 100e-6, ticks)) if volts]


@pytest.mark.parametrize(
    ("mode", "high"),
    [
        ("START", list(range(60))),
        ("OFF", []),
        ("TICK,7", list(range(0, 60, 7))),
        ("EPOCH", [0, 10, 11, 30]),
    ],
)
def test_sync_is_high_in_the_ticks_of_its_mode(bench, mode, high) -> None:
    bench.ok(f"SYNC:MODE {mode}")
    assert bench.ask("SYNC:MODE?") == mode
    bench.load(1, hold(5, 10) + MARK + hold(6, 1) + MARK + hold(5, 49))
    bench.load(2, loop(2, MARK, hold(5, 30)))
    bench.ok("OUTP1 ON", "OUTP2 ON", "ARM", "TRIG")
    bench.wait(0.02)
    assert pulses(bench, bench.out[1].begun, 70) == high


@pytest.mark.parametrize("mode", ["TICK,2", "EPOCH"])
def test_sync_pulses_go_on_through_long_programs(bench, mode) -> None:
    bench.ok(f"SYNC:MODE {mode}")
    bench.load(1, loop(6000, MARK, hold(1, 1), hold(0, 1)))
    bench.ok("OUTP1 ON", "ARM", "TRIG")
    bench.wait(1.5)
    assert len(bench.sync.crossings(2.5, 0, bench.world.now)) == 6000
    assert bench.sync.level() is False


def test_neighbouring_marks_join_into_one_pulse_however_long(bench) -> None:
    bench.load(1, loop(6000, MARK, hold(1, 1)))
    bench.ok("SYNC:MODE EPOCH", "OUTP1 ON", "ARM", "TRIG")
    bench.wait(1.5)
    assert bench.sync.crossings(2.5, 0, bench.world.now) == pytest.approx([bench.out[1].begun])
    assert bench.sync.sample(bench.out[1].begun + 50e-6, 1e-4, 6001).tolist() == [5.0] * 6000 + [0.0]


# A clock that cannot keep up


def test_a_late_tick_is_told_and_the_program_goes_on() -> None:
    bench = SourceBench()
    bench.start(1, program=STAIR)
    bench.source.machine.overrun()
    assert bench.status & 0b100001 == 0b100001
    assert bench.errors() == [2]


# Spikes


def test_spikes_are_stamped_in_half_microseconds_since_the_start(bench) -> None:
    bench.ok("SPIK:STAT 1,ON")
    bench.comparator.times = bench.world.now + 0.01 * (1 + np.arange(500))
    bench.wait(0.05)
    assert bench.stamps() == (0, []), "nothing is stamped before a start"
    t0 = bench.start(1, program=STAIR)
    bench.wait(0.1)
    expected = [int((t - t0) * 2e6) for t in bench.comparator.times if t0 < t <= bench.world.now]
    assert len(expected) == 10
    lost, first = bench.stamps(most=4)
    assert (lost, first) == (0, pytest.approx(expected[:4], abs=1))
    assert bench.stamps()[1][:6] == pytest.approx(expected[4:], abs=1), "also after the end of the program"
    bench.ok("ABOR")
    bench.wait(0.1)
    assert bench.stamps() == (0, [])


def test_stamps_beyond_44_are_lost_and_counted(bench) -> None:
    bench.ok("SPIK:STAT 1,ON")
    bench.comparator.times = bench.world.now + 0.01 * (1 + np.arange(500))
    t0 = bench.start(1, program=STAIR)
    bench.wait(1.0)
    assert bench.status & 256
    bench.comparator.times = bench.comparator.times[bench.comparator.times <= bench.world.now]
    lost, stamps = bench.stamps()
    assert len(stamps) == 44
    assert lost == sum(bench.comparator.times > t0) - 44
    assert bench.stamps()[0] == 0


# Calibration


def test_calibration_corrects_one_leg_and_survives_a_restart(bench) -> None:
    bench.ok("CAL:UNL 4922", "CAL:GAIN 1,SINK,655", "CAL:OFFS 1,SINK,-512")
    assert bench.ask("CAL:STAT?") == "CHANGED"
    bench.ok("CAL:STOR", "OUTP1 ON", "SOUR1:CURR -61035")
    assert bench.out[1].now == pytest.approx(-(1000 * 1.01 - 2) * LSB, abs=0.6 * LSB)
    bench.ok("SOUR1:CURR 61035")
    assert bench.out[1].now == pytest.approx(1000 * LSB)
    assert bench.ask("SOUR1:CURR -249939").startswith("ERR -222"), "beyond the converter once corrected"
    bench.source.restart("POWER")
    assert bench.ask_after_hello("CAL:STAT?") == "STORED"
    assert (bench.ask("CAL:GAIN? 1,SINK"), bench.ask("CAL:OFFS? 1,SINK")) == ("655", "-512")
    assert bench.load(1, hold(-4095, 1)).startswith("ERR -222")


def test_each_range_has_its_own_calibration(bench) -> None:
    """What is stored first holds in both; from then on each range has its own, which comes with the jumper (section 12)."""
    bench.ok("CAL:UNL 4922", "CAL:GAIN 1,SOUR,100", "CAL:OFFS 2,SINK,40", "CAL:STOR")
    bench.source.move_jumper(1, "QUARTER")
    assert bench.ask("CAL:GAIN? 1,SOUR") == "100"
    bench.ok("CAL:GAIN 1,SOUR,655", "CAL:STOR", "OUTP1 ON", "SOUR1:CURR 15259")
    assert bench.out[1].now == pytest.approx(1010 * LSB / 4, abs=0.3 * LSB)
    bench.ok("OUTP1 OFF")
    bench.source.move_jumper(1, "FULL")
    assert (bench.ask("CAL:GAIN? 1,SOUR"), bench.ask("CAL:OFFS? 2,SINK")) == ("100", "40")
    bench.ok("CAL:GAIN 1,SOUR,-7")
    bench.source.move_jumper(1, "QUARTER")
    assert bench.ask("CAL:GAIN? 1,SOUR") == "655"
    bench.source.move_jumper(1, "FULL")
    assert bench.ask("CAL:GAIN? 1,SOUR") == "100", "what was not stored is gone"
    bench.source.move_jumper(1, "QUARTER")
    bench.source.restart("POWER")
    assert bench.ask_after_hello("CAL:GAIN? 1,SOUR") == "655"


def test_a_spoiled_calibration_is_not_used_and_said_so(brain) -> None:
    bench = SourceBench(eeprom=bytes(33) + b"\x01", brain=brain)
    assert bench.ask("CAL:STAT?") == "LOST"
    assert bench.ask("SYST:ERR?") == '-313,"Calibration memory lost"'
    assert bench.ask("CAL:GAIN? 1,SOUR") == "0"


def test_calibration_is_locked_and_needs_the_outputs_off(bench) -> None:
    assert bench.ask("CAL:GAIN 1,SOUR,5").startswith("ERR -203")
    assert bench.ask("CAL:UNL 1234").startswith("ERR -203")
    bench.ok("CAL:UNL 4922", "OUTP2 ON")
    assert bench.ask("CAL:GAIN 1,SOUR,5").startswith("ERR -221")
    bench.ok("OUTP2 OFF", "CAL:LOCK")
    assert bench.ask("CAL:STOR").startswith("ERR -203")


# Refusals


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b"SOUR1:CURR\t5", -101),
        (b"SOUR1:CURR 1.5", -104),
        (b"SOUR1:CURR 12345678901", -104),
        (b"SOUR1:WAV:DATA xx", -104),
        (b"SOUR1:CURR 1,2", -108),
        (b"*IDN? 1", -108),
        (b"SYNC:MODE START,5", -108),
        (b"SOUR1:CURR", -109),
        (b"SYNC:MODE TICK", -109),
        (b"SOUR1:WAV:DATA", -109),
        (b"SOURCE1:CURRENT 5", -113),
        (b"SOUR:CURR 5", -113),
        (b"*IDN?;*RST", -113),
        (b"OUTP3 ON", -114),
        (b"SOUR9:WAV:DATA #12\xff\xff", -114),
        (b"SOUR1:WAV:DATA #0", -161),
        (b"SOUR1:WAV:DATA #11\xff", -161),
        (b"SOUR1:WAV:DATA #12\xff\xff ", -161),
        (b"CAL:UNL 1", -203),
        (b"TRIG", -211),
        (b"ARM", -221),
        (b"SYST:WDOG 99", -222),
        (b"MEAS:CURR? 3", -222),
        (b"SPIK:DATA? 1,65", -222),
        (b"SYNC:MODE TICK,1", -222),
        (b"OUTP1 1", -224),
        (b"SOUR1:CURR 5*00", -360),
        (b"SOUR1:WAV:DATA #12\xff\xfe", -360),
        (b"A" * 64, -363),
    ],
)
def test_each_refusal_has_its_number_in_the_answer_and_in_the_queue(bench, line, number) -> None:
    answer = bench.send(line + b"\n")
    assert answer.startswith(f"ERR {number},")
    assert answer.count("\n") == 1
    assert bench.errors() == [number]
    assert bench.ask("*IDN?") == bench.source.identity


@pytest.mark.parametrize(
    ("program", "number"),
    [
        (hold(1, 1) * 97, -223),
        (loop(65535, loop(65535, hold(1, 2))), -223),
        (loop(2, MARK), -161),
        (MARK, -161),
        (hold(1, 1) + bytes(4), -161),
        (begin(1, 1) + hold(1, 1), -161),
        (hold(1, 1) + begin(1, 1), -161),
        (loop(1, loop(1, loop(1, loop(1, loop(1, hold(1, 1)))))), -161),
        (loop(0, hold(1, 1)), -161),
        (hold(-4096, 1), -161),
        (b"\x00\x00\x00\xc0", -161),
        (b"\x01\x00\x00\x30" + hold(1, 1), -161),
        (hold(1, 1)[:3], -161),
    ],
)
def test_malformed_programs_are_refused(bench, program, number) -> None:
    assert bench.load(1, program).startswith(f"ERR {number},")


def test_a_loop_of_4096_is_no_forbidden_code(bench) -> None:
    assert bench.load(1, loop(4096, loop(1, loop(1, loop(1, hold(-4095, 131072)))))) == "OK"


@pytest.mark.parametrize("state", ["ARMED", "RUNNING"])
def test_settings_are_refused_while_armed_or_running(bench, state) -> None:
    bench.load(1, STAIR)
    bench.ok("OUTP1 ON", "ARM", *(["TRIG"] if state == "RUNNING" else []))
    for line in ("SOUR1:CURR 0", "SOUR1:WAV:TICK 100", "OUTP2 ON", "SYST:WDOG 100", "SYNC:MODE OFF", "TRIG:SOUR IMM"):
        assert bench.ask(line).startswith("ERR -221"), line
    assert bench.load(1, STAIR).startswith("ERR -221")
    assert bench.ask("ARM").startswith("ERR -213")
    bench.ok("SPIK:STAT 1,ON", "OUTP1 OFF")
    assert bench.status & 0b11111 == 0


def test_channels_with_different_ticks_cannot_be_armed_together(bench) -> None:
    bench.load(1, STAIR)
    bench.load(2, STAIR)
    bench.ok("SOUR1:WAV:TICK 50", "OUTP1 ON", "OUTP2 ON")
    assert bench.ask("ARM").startswith("ERR -221")


def test_a_full_queue_ends_in_overflow(bench) -> None:
    for _ in range(12):
        bench.ask("FOO")
    assert bench.errors() == [-113] * 7 + [-350]


def test_a_checksum_is_answered_with_a_checksum(bench) -> None:
    line = b"SOUR1:CURR?"
    assert bench.ask(f"{line.decode()}*{crc8(line):02x}") == f"0*{crc8(b'0'):02X}"


# A client that knows the page only


@pytest.mark.parametrize("where", ["tcp", "pty"])
def test_a_client_written_from_the_page_runs_a_program_and_meets_the_watchdog(bench, where) -> None:
    with serving(bench.world, {"source": bench.source}, pty="source") as addresses:
        client = SourceClient(addresses["pty"] if where == "pty" else f"socket://127.0.0.1:{addresses['source']}")
        assert client.identity[:3] == ["neurorig", "ARDUINO-SOURCE-2", "N-1"]
        client.upload(1, STAIR)
        with pytest.raises(Refusal) as refused:
            client.ask("ARM")
        assert refused.value.number == -221
        for line in ("*CLS", "SPIK:STAT 1,ON", "SYST:WDOG 300", "OUTP1 ON", "ARM"):
            assert client.ask(line) == "OK"
        assert client.status() == 8 + 4
        bench.comparator.times = bench.world.now + np.arange(20) * 0.001
        assert client.ask("TRIG") == "OK"
        while client.status() & 0b11:
            pass
        t0 = bench.out[1].begun
        assert bench.out[1].since(t0) == STAIR_CHANGES
        lost, stamps = client.stamps(1)
        assert lost == 0
        seen = [t - t0 for t in bench.comparator.times if 0 < t - t0 <= stamps[-1] + 1e-6]
        assert stamps == pytest.approx(seen, abs=1e-6)
        assert bench.out[1].now == pytest.approx(300 * LSB)
        client.port.read(1)  # half a second of silence: the world follows the wall clock
        client.port.read(1)
        assert bench.out[1].now == 0
        assert client.status() & 64
        assert client.ask("SYST:ERR?") == '1,"Watchdog tripped"'
        client.off()
        client.close()
