"""The Arduino source's driver: its converter as a digitiser, spike stamps of long runs, what it reports of a play."""

import inspect
import math
import time
from collections.abc import Iterator

import numpy as np
import pytest

from neurorig.instruments import roles
from neurorig.instruments.drivers import arduino_report
from neurorig.instruments.drivers.arduino_source import ArduinoSource
from neurorig.instruments.drivers.arduino_stream import ArduinoAdc, SpikeInput
from neurorig.instruments.roles import ChannelSetup, Digitizer, SelfReporting
from neurorig.instruments.simulated import world
from neurorig.instruments.streamed import StreamedScope
from neurorig.signals import Hold, InstrumentError, LimitError, Loop, PlanError, Program

from .scripted import scripted
from .source_bench import LSB, SourceBench
from .test_source_driver import START, answered, connected

MS = 1_000_000
AT_ONCE = 25e-6
"""Seconds between edges at both inputs, below which the first may get the second's stamp: other interrupts delay the reading."""


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, brain) -> SourceBench:
    monkeypatch.setattr(world, "SILENCE", 1e9)  # a busy computer is no host that reads too late
    return SourceBench(clock=time.monotonic, brain=brain)


@pytest.fixture
def source(bench) -> Iterator[ArduinoSource]:
    with bench.driven() as driver:
        yield driver


def test_its_commands_are_declared_with_bounds(source):
    for part in (source.adc, *source.inputs.values()):
        for command in part.commands():
            assert command.doc.endswith(".")
            command.check(part, command.ask(part))
            if command.write is not None:
                assert command.choices or math.isfinite(command.low + command.high)
                setattr(part, command.name, command.ask(part))
    assert {ArduinoAdc, SpikeInput} == {type(source.adc), type(source.inputs["1"])}


def test_its_converter_fulfils_the_role_of_a_digitiser(source):
    assert isinstance(source.adc, Digitizer)
    assert isinstance(source, SelfReporting)
    for name, wanted in inspect.getmembers(roles.Digitizer, inspect.isfunction):
        if not name.startswith("_"):
            found = inspect.signature(getattr(ArduinoAdc, name)).parameters.keys()
            assert found == inspect.signature(wanted).parameters.keys()


def test_it_streams_without_a_gap(source):
    acquisition = source.adc.stream(("V2", "V1"), 1e-3)
    assert (acquisition.rate, acquisition.channels) == (1000.0, ("V1", "V2"))
    chunks = [source.adc.read() for _ in range(60)]
    source.adc.stop()
    assert [c.first for c in chunks[1:]] == [c.first + len(c.samples["V1"]) for c in chunks[:-1]]
    volts = np.concatenate([c.samples["V1"] for c in chunks]) * source.adc.scaling("V1").scale
    assert len(volts) > 1000
    assert volts.mean() == pytest.approx(1.234, abs=2e-3)


def test_what_is_read_too_late_is_lost_and_counted(source, bench):
    source.adc.stream(("V1",), 1e-3)
    source.adc.read()
    bench.world.advance_to(bench.world.now + 1.0)
    first, late, again = source.adc.read(), source.adc.read(), source.adc.read()
    assert len(first.samples["V1"]) == 144
    assert late.lost == pytest.approx(810, abs=100)
    assert late.first == first.first + 144 + late.lost
    assert again.lost == 0


def test_rates_that_cannot_be_had_are_refused_with_what_can(source):
    with pytest.raises(PlanError, match=r"4 come at 1.6 kHz at most, one at 4 kHz"):
        source.adc.plan(("V1", "I1", "V2", "I2"), 1.0, 2000.0, 0.0)
    with pytest.raises(PlanError, match="no channel 'V3'"):
        source.adc.plan(("V3",), 1.0, 100.0, 0.0)
    assert source.adc.plan(("V1",), 1.0, 4000.0, 0.0).settings == {"slots": 2}
    assert source.adc.plan(("V1",), 10.0, 0.1, 0.0).rate == 1.0


def test_what_its_converter_does_not_see_is_refused(source):
    check = source.adc.check_setup
    check(ChannelSetup("V1", 0.0, 4.9), 2.0)
    check(ChannelSetup("I2", -100e-6, 250e-6))
    for wrong in (
        ChannelSetup("V1", -1.0, 2.0),
        ChannelSetup("I1", 0.0, 1e-3),
        ChannelSetup("V1", 0, 2, attenuation=10.0),
    ):
        with pytest.raises(LimitError, match=wrong.channel):
            check(wrong)
    with pytest.raises(LimitError, match="never crosses 6 V"):
        check(ChannelSetup("V1", 0.0, 4.9), 6.0)


def test_as_an_oscilloscope_it_triggers_on_its_own_stream(source, bench):
    bench.out[1].volts = lambda times: np.where(times % 1.0 > 0.5, 3.0, 1.0)
    scope = StreamedScope(source.adc)
    scope.configure([ChannelSetup("V1", 0, 4)], scope.plan(("V1",), 0.2, 1000.0, 0.05))
    scope.trigger_on("V1", 2.0)
    scope.arm()
    while not scope.finished():
        pass
    trace = scope.fetch("V1")
    assert (trace.between(-0.05, 0.0).values < 1.1).all()
    assert (trace.between(0.0, 0.2).values > 2.9).all()


def test_a_stream_that_ended_behind_its_back_is_no_stream(source, bench):
    source.adc.stream(("V1",), 1e-3)
    for _ in range(3):
        source.adc.read()
    bench.ok("ADC:STAT OFF")
    with pytest.raises(InstrumentError, match="Did it restart"):
        source.adc.read()


def test_a_source_of_an_older_contract_plays_and_stamps_but_cannot_stream():
    with scripted(lambda line: answered(line, **START)) as server:
        source = connected(server.port)
        with pytest.raises(PlanError, match=r"speaks protocol 1.0, which cannot stream"):
            source.adc.stream(("V1",), 1e-3)
        source.report(("1",), ())
        assert source.warnings == [
            "arduino_source: its firmware speaks protocol 1.0 and streams no read-backs; 1.1 does."
        ]
        assert source.adc.settings() == {}
        assert not any(line.startswith("ADC") for line in server.heard)


def test_a_play_is_reported_by_its_source(source, bench):
    """The current of each step, and the spikes, on the source's own clock; more than 44 spikes and 144 samples."""
    program = Program((Hold(50e-6, 400 * MS), Hold(-20e-6, 400 * MS), Hold(0, MS)))
    source.load({"1": program})
    source.report(("1",), ("1",))
    source.arm()
    source.fire()
    (rise,) = bench.sync.crossings(2.5, 0.0, bench.world.now + 1)
    spikes = np.arange(1, 400) * 2e-3
    bench.comparator.times = rise + spikes
    while source.running():
        pass
    source.off()
    report = source.reported()
    assert report.lost_scans == 0
    assert report.stamps["1"].lost == 0
    assert report.stamps["1"].times[: len(spikes)] == pytest.approx(spikes[: len(report.stamps["1"])], abs=1e-6)
    assert len(report.stamps["1"]) >= 398
    current, volts = report.read_backs["I1"], report.read_backs["V1"]
    assert current.between(0.001, 0.399).values == pytest.approx(819 * LSB, abs=2.2 * current.scale)
    assert current.between(0.401, 0.799).values == pytest.approx(-328 * LSB, abs=2.2 * current.scale)
    assert current.t0 < 0
    assert volts.t0 == pytest.approx(current.t0 - 125e-6)
    assert (volts.rate, volts.unit, current.unit) == (1000.0, "V", "A")
    edge = current.times[np.flatnonzero(current.values > 25e-6)[0]]
    assert 0 <= edge <= 1e-3
    with pytest.raises(InstrumentError, match="no report"):
        source.reported()
    source.load({"1": program})


def test_a_report_that_nobody_took_does_not_stand_in_the_way(source):
    program = Program((Hold(50e-6, 40 * MS), Hold(0, MS)))
    source.load({"1": program})
    source.report(("1",), ("1",))
    source.arm()
    source.safe()
    source.load({"1": program})
    source.arm()
    source.fire()
    while source.running():
        pass
    with pytest.raises(InstrumentError, match="no report"):
        source.reported()


def test_lost_scans_are_told_and_nothing_is_made_up_for_them(source, bench):
    source.load({"1": Program((Hold(50e-6, 3000 * MS), Hold(0, MS)))})
    source.report(("1",), ())
    source.arm()
    source.fire()
    source.running()
    bench.world.advance_to(bench.world.now + 0.5)
    while source.running():
        pass
    source.off()
    report = source.reported()
    assert report.lost_scans == pytest.approx(450, abs=100)
    assert len(report.read_backs["I1"]) < 400
    assert len(report.read_backs["I1"]) == len(report.read_backs["V1"])


def test_both_channels_are_read_back_half_as_often(source):
    source.load({c: Program((Hold(50e-6, 300 * MS), Hold(0, MS))) for c in ("1", "2")})
    source.report(("1", "2"), ())
    source.arm()
    source.fire()
    while source.running():
        pass
    source.off()
    report = source.reported()
    assert set(report.read_backs) == {"V1", "I1", "V2", "I2"}
    assert {t.rate for t in report.read_backs.values()} == {500.0}
    assert report.lost_scans == 0


def test_in_a_long_program_there_is_twice_the_time_to_fetch(source, bench):
    """It is read back half as often, and what it tells says how often; nothing is lost in 135 ms without a question."""
    source.load({"1": Program((Loop(2, (Hold(10e-6, 5001 * MS),)), Hold(0, MS)))})
    source.report(("1",), ())
    source.arm()
    source.fire()
    while source.running():
        bench.world.advance_to(bench.world.now + 0.135)
    source.off()
    report = source.reported()
    assert {t.rate for t in report.read_backs.values()} == {500.0}
    assert report.lost_scans == 0
    assert 5001 <= len(report.read_backs["I1"]) < 5500


@pytest.mark.timeout(180)
def test_a_hundred_thousand_spikes_at_each_input_are_all_reported_while_the_stream_runs(source, bench, monkeypatch):
    """Each by its own edge, but for edges at both inputs at once: the one capture unit holds the later."""
    monkeypatch.setattr(arduino_report, "LONG", math.inf)  # 1000 read-backs a second for all of the 140 s
    rng = np.random.default_rng(7)
    spikes = {n: np.cumsum(rng.exponential(0.4e-3, 100_000) + 0.9e-3) for n in (1, 2)}  # 770 a second each: 130 s
    source.load({"1": Program((Loop(14, (Hold(10e-6, 10_000 * MS),)), Hold(0, MS)))})
    source.report(("1",), ("1", "2"))
    source.arm()
    source.fire()
    (rise,) = bench.sync.crossings(2.5, 0.0, bench.world.now + 1)
    for n, times in spikes.items():
        bench.comparators[n].times = rise + times
    while source.running():
        pass
    source.off()
    report = source.reported()
    assert report.lost_scans == 0
    assert len(report.read_backs["I1"]) == pytest.approx(140_000, rel=1e-3)
    for n, times in spikes.items():
        stamps = report.stamps[str(n)]
        assert stamps.lost == 0
        assert len(stamps) == len(times)
        late = stamps.times - times
        others = np.concatenate([[-1.0], spikes[3 - n], [1e9]])
        nearest = np.abs(times[:, None] - others[np.searchsorted(others, times)[:, None] - [1, 0]]).min(axis=1)
        alone = nearest > AT_ONCE
        assert np.all(np.abs(late[alone] + 0.25e-6) < 0.32e-6), "halves of microseconds, rounded down; a cycle"
        assert np.all(np.abs(late) < AT_ONCE)
        assert np.mean(alone) > 0.95


@pytest.mark.parametrize("brain", ["python"])  # of the real program: test_firmware_in_the_loop.py
def test_stamps_go_on_beyond_the_wrap_of_the_counter(source, bench):
    source.inputs["1"].switch(True)
    source.inputs["1"].begin()
    raw = [[10, 2**32 - 5], [3, 2**31], [7], [2**32 - 1, 0]]
    expected = [10, 2**32 - 5, 2**32 + 3, 2**32 + 2**31, 2 * 2**32 + 7, 3 * 2**32 - 1, 3 * 2**32]
    found: list[int] = []
    for counts in raw:
        bench.source.machine.spikes[1].add(counts)
        found += source.inputs["1"].take().counts.tolist()
    assert found == expected
