"""The Arduino source's driver against the simulated source, over a socket, and against sources that misbehave."""

import time
from collections.abc import Iterator

import numpy as np
import pytest

from neurorig.instruments import DRIVERS
from neurorig.instruments.drivers.arduino_source import ArduinoSource, crc8
from neurorig.signals import (
    BenchError,
    Hold,
    InstrumentError,
    LimitError,
    LinkError,
    Loop,
    PlanError,
    Program,
    Ramp,
    Steps,
)

from .fakes import serving
from .scripted import scripted
from .source_bench import LSB, SourceBench

MS = 1_000_000
BUMP = Program((Hold(44.7e-6, 10 * MS), Hold(67.6e-6, 20 * MS), Hold(44.7e-6, 10 * MS), Hold(0, 100_000)))


@pytest.fixture
def bench(brain) -> SourceBench:
    return SourceBench(clock=time.monotonic, brain=brain)


@pytest.fixture
def source(bench) -> Iterator[ArduinoSource]:
    with bench.driven() as driver:
        yield driver


def play(source: ArduinoSource) -> None:
    source.arm()
    source.fire()
    while source.running():
        pass


def test_it_says_who_it_is_and_what_it_can(source):
    assert (source.identity.maker, source.identity.model, source.identity.serial) == (
        "neurorig",
        "ARDUINO-SOURCE-2",
        "N-1",
    )
    assert source.resolution("1") == pytest.approx(61.035e-9, rel=1e-4)
    assert source.watchdog == 2.0
    assert source.warnings == []


def test_what_is_fitted_is_what_is_loaded_and_what_flows(source, bench):
    fitted = source.fit("1", BUMP)
    assert source.load({"1": BUMP}) == {"1": fitted}
    assert source.read_back("1") == 0
    play(source)
    (rise,) = bench.sync.crossings(2.5, 0.0, bench.world.now)
    assert bench.out[1].since(rise) == [(0, 732), (10_000, 1108), (30_000, 732), (40_000, 0)]
    assert bench.out[2].now == 0
    source.off()
    assert bench.out[1].now == 0


def test_ramps_and_loops_flow_as_reported(source, bench):
    program = Program((Ramp(0, 100e-6, 40, 3 * MS), Loop(3, (Hold(20e-6, MS), Hold(-20e-6, MS))), Hold(0, MS)))
    reported = source.load({"1": program})["1"]
    play(source)
    (rise,) = bench.sync.crossings(2.5, 0.0, bench.world.now)
    expected = [(t // 1000, round(v / LSB)) for t, v in zip(reported.edges_ns[:-1], reported.levels, strict=True)]
    assert bench.out[1].since(rise) == expected


def test_two_channels_play_together_and_one_that_is_not_loaded_stays_off(source, bench):
    source.load({"1": BUMP, "2": Program((Hold(-5e-6, 5 * MS), Hold(0, MS)))})
    play(source)
    (rise,) = bench.sync.crossings(2.5, 0.0, bench.world.now)
    assert bench.out[2].since(rise)[0] == (0, -82)
    source.off()
    source.load({"1": BUMP})
    play(source)
    assert bench.out[2].since(bench.world.now - 0.03) in ([], [(0, 0)])


def test_the_inner_look_is_reported_in_its_own_steps(source):
    source.load({"1": Program((Hold(100e-6, 500 * MS), Hold(0, MS)))})
    source.arm()
    source.fire()
    source.running()
    assert source.read_back("1") == pytest.approx(100e-6, abs=0.5e-6)
    assert source.channels["1"].level == pytest.approx(100e-6, abs=250e-6)
    source.off()
    assert source.read_back("1") == 0


def test_levels_and_durations_that_do_not_fit_are_refused_before_anything_is_sent(source, bench):
    with pytest.raises(LimitError, match=r"249.9 uA"):
        source.load({"1": Program((Hold(260e-6, MS),))})
    with pytest.raises(PlanError, match="nearest"):
        source.load({"1": Program((Hold(1e-6, 123_450),))})
    with pytest.raises(PlanError, match="no channel '3'"):
        source.fit("3", BUMP)
    with pytest.raises(InstrumentError, match="load one first"):
        source.arm()
    assert bench.out[1].changes[-1][1] == 0


def test_the_range_jumper_decides_the_resolution(brain):
    jumper = {1: "QUARTER", 2: "FULL"}
    bench = SourceBench(range_jumper=jumper, brain=brain)
    with serving(bench.world, {"source": bench.source}) as ports:
        source = DRIVERS["arduino_source"].connect(f"tcp://127.0.0.1:{ports['source']}")
        assert source.resolution("1") == pytest.approx(source.resolution("2") / 4)
        with pytest.raises(LimitError, match=r"62.48 uA"):
            source.fit("1", BUMP)
        jumper[1] = "FULL"
        source.load({"1": BUMP})
        assert source.resolution("1") == source.resolution("2")
        source.close()


def test_what_the_source_refuses_is_told_with_its_words(source):
    with pytest.raises(InstrumentError, match=r"refused 'TRIG': -211,\"Trigger ignored\""):
        source.fire()
    source.load({"1": BUMP})
    source.arm()
    with pytest.raises(InstrumentError, match="-213"):
        source.write("ARM")


def test_a_silent_host_trips_the_watchdog_and_the_driver_says_so(source, bench):
    source.load({"1": BUMP})
    source.arm()
    bench.world.advance_to(bench.world.now + 3)
    assert bench.out[1].now == 0
    with pytest.raises(InstrumentError, match="watchdog tripped: it heard nothing for 2 s"):
        source.running()


def test_the_link_feeds_the_watchdog_while_the_program_is_busy(source):
    source.watchdog = 0.8
    source.load({"1": Program((Hold(10e-6, 60_000 * MS), Hold(0, MS)))})
    source.arm()
    source.fire()
    time.sleep(1.6)  # the world follows the wall clock when nobody speaks
    assert source.running()
    source.off()


def test_safe_is_blind_and_works_in_any_state(source, bench):
    source.load({"1": BUMP})
    source.arm()
    source.fire()
    source.safe()
    deadline = time.monotonic() + 2
    while bench.out[1].now and time.monotonic() < deadline:
        time.sleep(0.01)
    assert bench.out[1].now == 0
    assert not source.running()
    source.load({"1": BUMP})
    play(source)


def test_safe_after_a_block_that_was_cut_off(source, bench):
    source.link._begin(None)
    source.link._send(b"SOUR1:WAV:DATA #230abc", time.monotonic() + 1)
    begun = time.monotonic()
    source.safe()
    assert time.monotonic() - begun > 0.25
    assert source.channels["1"].output == "OFF"
    source.load({"1": BUMP})


def test_spikes_are_stamped_from_the_start(source, bench):
    source.stamp_spikes("1")
    source.load({"1": Program((Hold(50e-6, 100 * MS), Hold(0, MS)))})
    source.arm()
    source.fire()
    source.running()
    (rise,) = bench.sync.crossings(2.5, 0.0, bench.world.now + 1)
    bench.comparator.times = rise + np.arange(1, 100) * 1e-3 + 0.06
    while source.running():
        pass
    stamps = source.spikes("1")
    assert stamps.lost == 0
    assert stamps.times == pytest.approx(np.arange(1, len(stamps.times) + 1) * 1e-3 + 0.06, abs=1e-6)
    assert len(stamps.times) > 30


def test_settings_tell_everything(source):
    settings = source.settings()
    assert settings["watchdog"] == 2.0
    assert settings["sync"] == "START"
    assert settings["channel_1"]["output"] == "OFF"
    assert settings["channel_2"]["range"] == "FULL,61035"


def test_a_restart_is_waited_for(brain):
    bench = SourceBench(clock=time.monotonic, boot_delay=1.0, brain=brain)
    with serving(bench.world, {"source": bench.source}) as ports:
        source = DRIVERS["arduino_source"].connect(f"tcp://127.0.0.1:{ports['source']}")
        assert source.identity.serial == "N-1"
        source.close()


def answered(line: str, **answers: str) -> list[bytes]:
    """What a source would say to a line with a checksum."""
    body = line.partition("*")[0] if not line.startswith("*") else "*" + line[1:].partition("*")[0]
    answer = answers.get(body, "OK").encode()
    return [b"%s*%02X\n" % (answer, crc8(answer))]


IDN = {"*IDN?": "neurorig,ARDUINO-SOURCE-2,N-1,1.0.0+00000000"}
START = IDN | {
    "SYST:VERS?": "1.0", "STAT?": "0", "CAL:STAT?": "STORED", "SYST:WDOG?": "2000", "SYNC:MODE?": "START",
    "TRIG:SOUR?": "IMM", "SOUR1:RANG?": "FULL,61035", "SOUR2:RANG?": "FULL,61035",
}  # fmt: skip


def connected(port: int) -> ArduinoSource:
    driver: ArduinoSource = DRIVERS["arduino_source"].connect(f"tcp://127.0.0.1:{port}")
    return driver


def test_something_else_at_the_port_is_not_taken_for_the_source():
    with (
        scripted(lambda line: answered(line, **{"*IDN?": "ACME,Toaster,7,1"})) as server,
        pytest.raises(BenchError, match=r"'ACME/Toaster' answers \(serial number 7\)"),
    ):
        connected(server.port)


def test_another_contract_is_refused():
    with (
        scripted(lambda line: answered(line, **(START | {"SYST:VERS?": "2.0"}))) as server,
        pytest.raises(BenchError, match=r"speaks protocol 2.0, this driver speaks 1"),
    ):
        connected(server.port)


def test_a_watchdog_that_does_not_read_back_is_an_error():
    with (
        scripted(lambda line: answered(line, **(START | {"SYST:WDOG?": "60000"}))) as server,
        pytest.raises(InstrumentError, match=r"watchdog was set to 2 s but reads back 60 s"),
    ):
        connected(server.port)


def test_an_answer_with_a_wrong_checksum_is_refused():
    status = iter(range(100))

    def script(line: str) -> list[bytes]:
        return [b"8*00\n"] if line.startswith("STAT?") and next(status) else answered(line, **START)

    with scripted(script) as server, pytest.raises(InstrumentError, match=r"'8\*00' to 'STAT\?' is damaged"):
        connected(server.port).running()


def test_a_restart_behind_the_back_is_told():
    now = START | {"SYST:RST?": "BROWNOUT"}
    with scripted(lambda line: answered(line, **now)) as server:
        source = connected(server.port)
        now["STAT?"] = "512"
        with pytest.raises(InstrumentError, match=r"it restarted \(BROWNOUT\)"):
            source.running()
        now["STAT?"] = "33"
        with pytest.raises(InstrumentError, match="overrun"):
            source.running()
        now["STAT?"] = "24"
        with pytest.raises(InstrumentError, match="still on"):
            source.off()


def test_a_program_that_arrived_wrong_is_not_armed():
    now = START | {"SOUR1:WAV:TICK?": "100", "SOUR1:WAV:CHEC?": "4,401,0000", "SOUR2:WAV:CHEC?": "0,0,FFFF"}

    def script(line: str) -> list[bytes]:
        return [b"OK\n"] if "#" in line else [] if set(line) <= set("\xff") else answered(line, **now)

    with scripted(script) as server:
        source = connected(server.port)
        program = Program((Hold(8 * LSB, MS), Hold(0, MS)))
        with pytest.raises(InstrumentError, match=r"holds program 4,401,0000, 2,20,"):
            source.load({"1": program})
        with pytest.raises(InstrumentError, match="load one first"):
            source.arm()


def test_firing_is_never_repeated():
    def script(line: str) -> list[bytes]:
        return [] if line.startswith("TRIG*") else answered(line, **START)

    with scripted(script) as server:
        source = connected(server.port)
        with pytest.raises(LinkError):
            source.fire()
        assert sum(line.startswith("TRIG*") for line in server.heard) == 1


def test_the_levels_it_reports_are_whole_steps_of_its_converter(source):
    steps: Steps = source.fit("1", BUMP)
    assert np.allclose(steps.levels / LSB, np.round(steps.levels / LSB))
    assert steps.levels[0] == pytest.approx(44.678e-6, rel=1e-4)
