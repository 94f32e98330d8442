"""The Rigol driver against the simulated oscilloscope, over a socket, and against instruments that misbehave."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurorig.instruments import DRIVERS, ChannelSetup
from neurorig.instruments.drivers.rigol_ds1000z import DEPTHS, DIVISIONS, RigolDS1000Z
from neurorig.instruments.simulated import SimulatedRigolDS1000Z
from neurorig.instruments.simulated.lines import LogicLine
from neurorig.signals import BenchError, InstrumentError, LimitError, LinkError, PlanError

from .fakes import Signal, quiet_world, serving
from .scripted import scripted


@dataclass
class Table:
    """A scope with a 7 Hz sine on channel 1, a slow ramp on 2, 400 Hz on 3, and a logic line on 4."""

    world: Any
    marker: LogicLine
    scope: RigolDS1000Z

    def record(self, *setups: ChannelSetup, duration: float, rate: float, pretrigger: float, at: float = 0.0) -> float:
        """Configure, arm, raise the marker `at` seconds later, wait; gives the time of the trigger."""
        channels = [s.channel for s in setups]
        self.scope.configure(setups, self.scope.plan(channels, duration, rate, pretrigger))
        self.scope.trigger_on("4", 2.5)
        self.scope.arm()
        trigger = self.world.now + 0.0123 + at
        self.marker.play([trigger], False)
        while not self.scope.finished():
            pass
        return float(trigger)


def sine(times):
    return 2 + 1.5 * np.sin(2 * np.pi * 7 * times)


def ramp(times):
    return 0.01 * times


def fast(times):
    return np.sin(2 * np.pi * 400 * times)


@pytest.fixture
def table() -> Iterator[Table]:
    world = quiet_world()
    marker = LogicLine(world)
    inputs = {
        "1": Signal(world, sine), "2": Signal(world, ramp), "3": Signal(world, fast), "4": marker,
    }  # fmt: skip
    device = SimulatedRigolDS1000Z(world, inputs, serial="DS1ZA000000001", seed=3, probes={"1": 10})
    with serving(world, {"scope": device}) as ports:
        scope = DRIVERS["rigol_ds1000z"].connect(f"tcp://127.0.0.1:{ports['scope']}", name="scope")
        yield Table(world, marker, scope)
        scope.close()


SINE = ChannelSetup("1", 0.4, 3.6, attenuation=10)
MARKER = ChannelSetup("4", 0.0, 5.0)


def test_a_record_is_the_signal_in_volts_at_the_tip_counted_from_the_trigger(table):
    trigger = table.record(SINE, MARKER, duration=0.5, rate=40e3, pretrigger=0.1)
    trace = table.scope.fetch("1")
    assert trace.samples.dtype == np.uint8
    assert (trace.unit, trace.clipped) == ("V", 0)
    assert trace.t0 == pytest.approx(-0.1, abs=trace.dt)
    assert trace.rate >= 40e3
    assert trace.t0 + trace.duration >= 0.5
    assert len(trace) == 60_000
    residual = trace.values - sine(trigger + trace.times)
    assert abs(residual.mean()) < trace.scale
    assert residual.std() < 2 * trace.scale
    assert trace.error == pytest.approx(trace.scale / 12**0.5)


def test_the_marker_rises_at_zero(table):
    table.record(SINE, MARKER, duration=0.5, rate=40e3, pretrigger=0.1)
    marker = table.scope.fetch("4")
    rise = marker.times[np.argmax(marker.values > 2.5)]
    assert abs(rise) <= 2 * marker.dt
    assert marker.clipped == 0


def test_a_long_record_comes_in_batches_into_one_buffer(table):
    told: list[tuple[int, int]] = []
    trigger = table.record(SINE, MARKER, duration=1.0, rate=200e3, pretrigger=0.0)
    trace = table.scope.fetch("1", progress=lambda *a: told.append(a))
    assert len(trace) == 600_000
    assert told[-1] == (600_000, 600_000)
    assert [a for a, _ in told] == sorted(a for a, _ in told)
    assert np.abs(trace.values - sine(trigger + trace.times)).max() < 6 * trace.scale


def test_a_slow_time_base_is_triggered_too(table):
    trigger = table.record(ChannelSetup("2", -0.1, 0.6), MARKER, duration=17.0, rate=1e3, pretrigger=0.5)
    trace = table.scope.fetch("2")
    assert np.abs(trace.values - ramp(trigger + trace.times)).max() < 6 * trace.scale


def test_what_leaves_the_range_is_counted(table):
    table.record(ChannelSetup("1", 1.6, 2.4, attenuation=10), MARKER, duration=0.5, rate=40e3, pretrigger=0.0)
    trace = table.scope.fetch("1")
    assert trace.clipped > len(trace) // 4


@given(
    channels=st.integers(1, 4), duration=st.floats(1e-3, 400), rate=st.floats(10, 1e7), part=st.floats(0, 1)
)  # fmt: skip
def test_a_plan_covers_what_was_asked_or_says_what_would(channels, duration, rate, part):
    scope = RigolDS1000Z.__new__(RigolDS1000Z)
    scope.name = "scope"
    scope.identity = type("I", (), {"model": "DS1104Z"})()
    names = ["1", "2", "3", "4"][:channels]
    pretrigger = duration * part
    try:
        plan = scope.plan(names, duration, rate, pretrigger)
    except PlanError as reason:
        span = duration + pretrigger
        assert span * rate * 1.01 > DEPTHS[channels][-1] / 2.5 or span > 599
        assert "fits" in str(reason) or "longest" in str(reason)
        return
    timebase, delay = plan.settings["timebase"], plan.settings["delay"]
    assert plan.points in DEPTHS[channels]
    assert plan.rate == pytest.approx(plan.points / (DIVISIONS * timebase))
    assert plan.rate >= rate * (1 - 1e-6)
    assert delay - 6 * timebase == pytest.approx(-pretrigger, abs=1e-9)
    assert delay + 6 * timebase >= duration * (1 - 1e-6)


def test_a_plan_that_does_not_fit_lists_the_alternatives(table):
    with pytest.raises(PlanError) as caught:
        table.scope.plan(["1", "2", "3"], 10.0, 1e6, 0.5)
    message = str(caught.value)
    assert "10.5 s at 1 MHz on 3 channels" in message
    assert "250 kHz with 3 channels, 500 kHz with 2 channels, 1 MHz with 1 channels" in message
    assert "At this rate and 3 channels: 2.4 s" in message


def test_ranges_that_do_not_fit_are_refused_before_anything_is_set(table):
    plan = table.scope.plan(["1"], 0.1, 1e4, 0)
    for low, high, attenuation in [(-100, 100, 1.0), (3, 3, 1.0), (0, 1, 7.0), (500, 500.1, 1.0)]:
        with pytest.raises(LimitError, match="scope channel 1"):
            table.scope.configure([ChannelSetup("1", low, high, attenuation)], plan)
    with pytest.raises(PlanError, match="planned for channels 1, but 1, 4"):
        table.scope.configure([SINE, MARKER], plan)
    with pytest.raises(PlanError, match="no channel '5'"):
        table.scope.plan(["5"], 1, 1, 0)
    with pytest.raises(InstrumentError, match="configure it first"):
        table.scope.arm()


@given(low=st.floats(-30, 30), span=st.floats(1e-3, 40), attenuation=st.sampled_from([1.0, 10.0]))
def test_the_range_is_on_the_screen(low, span, attenuation):
    scale, middle = RigolDS1000Z.screen.fit(ChannelSetup("1", low, low + span, attenuation))
    assert middle - 4.02 * scale <= low
    assert low + span <= middle + 4.02 * scale


def test_a_trigger_level_off_the_screen_is_refused(table):
    table.scope.configure([SINE, MARKER], table.scope.plan(["1", "4"], 0.1, 1e4, 0))
    with pytest.raises(LimitError, match="channel 4: trigger level 9 V lies outside"):
        table.scope.trigger_on("4", 9.0)


def test_a_trigger_that_comes_too_early_is_told(table):
    table.scope.configure([ChannelSetup("3", -1, 1)], table.scope.plan(["3"], 0.5, 1e4, 0.05))
    table.scope.trigger_on("3", 0.5)
    with pytest.raises(InstrumentError, match=r"triggered before anything was started.*CHAN3 and the level 500 mV"):
        for _ in range(20):  # it waits for 2.5 ms at most
            table.scope.arm()


def test_a_wait_of_before_is_not_taken_for_being_armed(table):
    table.scope.configure([SINE, MARKER], table.scope.plan(["1", "4"], 0.5, 4e4, 0.2))
    table.scope.trigger_on("4", 2.5)
    table.scope.arm()
    begun = table.world.now
    table.scope.arm()
    assert table.world.now - begun > 0.2


def test_a_record_is_only_read_when_it_is_complete(table):
    table.scope.configure([SINE, MARKER], table.scope.plan(["1", "4"], 0.1, 1e4, 0))
    table.scope.trigger_on("4", 2.5)
    table.scope.arm()
    with pytest.raises(InstrumentError, match="not complete"):
        table.scope.fetch("1")
    table.scope.stop()
    with pytest.raises(InstrumentError, match="without having been triggered"):
        table.scope.fetch("1")
    with pytest.raises(InstrumentError, match="channel 2 was not recorded"):
        table.scope.fetch("2")


def test_settings_tell_everything(table):
    table.scope.configure([SINE, MARKER], table.scope.plan(["1", "4"], 0.5, 4e4, 0.1))
    settings = table.scope.settings()
    assert settings["depth"] == "60000"
    assert settings["rate"] == 1e5
    assert settings["channel_1"]["probe"] == 10
    assert settings["channel_1"]["scale"] == 0.5
    assert settings["channel_3"]["shown"] is False
    assert table.scope.warnings == []
    assert table.scope.errors() == []


def test_it_can_be_made_safe_at_any_time(table):
    table.scope.configure([SINE, MARKER], table.scope.plan(["1", "4"], 0.5, 4e4, 0.1))
    table.scope.trigger_on("4", 2.5)
    table.scope.arm()
    table.scope.safe()
    while not table.scope.finished():
        pass


def relay(table: Table, change):
    """A scope that answers as the simulated one, except for what `change(line)` says (a list of pieces, or None)."""
    link = table.scope.link

    def script(line: str):
        if (changed := change(line)) is not None:
            return changed
        if line == ":WAV:DATA?":
            data = bytes(link.query_block(line))
            return [b"#9%09d" % len(data) + data + b"\n"]
        if line.endswith("?"):
            return [link.query(line).encode() + b"\n"]
        link.write(line)
        return []

    return scripted(script)


def connected(port: int) -> RigolDS1000Z:
    driver: RigolDS1000Z = DRIVERS["rigol_ds1000z"].connect(f"tcp://127.0.0.1:{port}", name="scope", timeout=0.5)
    return driver


def test_another_instrument_is_not_taken_for_it(table):
    with (
        relay(table, lambda line: [b"RIGOL TECHNOLOGIES,DP832,DP8A1,1\n"] if line == "*IDN?" else None) as server,
        pytest.raises(BenchError, match=r"'RIGOL TECHNOLOGIES/DP832' answers .*Correct the resource"),
    ):
        connected(server.port)


@pytest.mark.parametrize(
    ("header", "answer", "complaint"),
    [
        (":ACQ:MDEP?", b"AUTO\n", "memory depth was set to 60000 but reads back AUTO"),
        (":ACQ:SRAT?", b"5.0E4\n", "samples at 50 kHz, 100 kHz was planned"),
        (":CHAN1:SCAL?", b"1.0\n", r"scope channel 1: scale was set to 500 mV but reads back 1 V \(:CHAN1:SCAL\)"),
        (":SYST:ERR?", b'-222,"Data out of range"\n', "while setting it up: -222"),
    ],
)
def test_what_does_not_read_back_stops_the_measurement(table, header, answer, complaint):
    with relay(table, lambda line: [answer] if line == header else None) as server:
        scope = connected(server.port)
        with pytest.raises(InstrumentError, match=complaint):
            scope.configure([SINE, MARKER], scope.plan(["1", "4"], 0.5, 4e4, 0.1))


@pytest.mark.parametrize(
    ("header", "answer", "error", "complaint"),
    [
        (":WAV:DATA?", [b"#9000001000" + bytes(1000) + b"\n"], LinkError, "1000 bytes, 60000 were expected"),
        (":WAV:DATA?", [b"#9000060000" + bytes(1000)], LinkError, "1000 bytes had arrived"),
        (":WAV:PRE?", [b"0,0,1200,1,5e-4,-1e-1,0,2e-2,0,127\n"], InstrumentError, "not the one that was planned"),
        (":WAV:PRE?", [b"what\n"], InstrumentError, "is no waveform preamble"),
    ],
)
def test_a_record_that_is_short_or_another_is_refused(table, header, answer, error, complaint):
    with relay(table, lambda line: answer if line == header else None) as server:
        scope = connected(server.port)
        table.scope = scope
        table.record(SINE, MARKER, duration=0.5, rate=4e4, pretrigger=0.1)
        with pytest.raises(error, match=complaint):
            scope.fetch("1")


def shoot(table):
    """One pulse of the marker at a whole 10 ms, where the 400 Hz pass zero; waits until the record must be over."""
    edge = round(table.world.now + 0.01, 2)
    table.marker.play([edge, edge + 0.03], False)
    while table.world.now < edge + 0.5 and not table.scope.finished():
        pass


def test_an_average_is_of_as_many_records_as_triggers_each_armed_anew(table):
    setups = [ChannelSetup("3", -1.2, 1.2), MARKER]
    table.scope.configure(setups, table.scope.plan(["3", "4"], 0.01, 1e5, 0.002))
    table.scope.trigger_on("4", 2.5)
    table.scope.arm()
    shoot(table)
    alone = table.scope.fetch("3")
    table.scope.configure(setups, table.scope.plan(["3", "4"], 0.01, 1e5, 0.002, mode="average", count=4))
    table.scope.arm()
    for _ in range(4):
        assert not table.scope.finished()
        with pytest.raises(InstrumentError, match="not complete"):
            table.scope.fetch("3")
        shoot(table)
    assert table.scope.finished()
    mean = table.scope.fetch("3")
    assert (mean.scale, mean.samples.dtype, mean.t0) == (alone.scale / 4, np.int32, alone.t0)
    noise = [(t.values - fast(t.times)).std() for t in (mean, alone)]
    assert noise[0] < 0.7 * noise[1]


def test_an_average_that_is_stopped_is_no_average(table):
    plan = table.scope.plan(["3", "4"], 0.01, 1e5, 0.002, mode="average", count=4)
    table.scope.configure([ChannelSetup("3", -1.2, 1.2), MARKER], plan)
    table.scope.trigger_on("4", 2.5)
    table.scope.arm()
    table.scope.safe()
    while not table.scope.finished():
        pass
    with pytest.raises(InstrumentError, match="stopped after 0 of 4 records"):
        table.scope.fetch("3")


@pytest.mark.parametrize(
    ("wish", "complaint"),
    [
        ({"segments": 5}, "DS1104Z has no segmented memory; it offers one record at a time"),
        ({"mode": "peak"}, "no mode 'peak'; it offers normal, average and high_resolution"),
        ({"mode": "average"}, "an average is of 2 to 10,000 records, not 1"),
        ({"count": 3}, "3 records are only averaged in mode 'average'"),
    ],
)
def test_what_the_model_does_not_offer_is_refused_with_what_it_offers(table, wish, complaint):
    with pytest.raises(PlanError, match=complaint):
        table.scope.plan(["1"], 0.1, 1e4, 0, **wish)


def test_neighbouring_samples_are_averaged_and_the_mean_is_taken_off_when_asked_for(table):
    setups = [ChannelSetup("1", -1.6, 1.6, 10, bandwidth_limit=True, coupling="AC"), MARKER]
    table.scope.configure(setups, table.scope.plan(["1", "4"], 1.0, 4e4, 0.0, mode="high_resolution"))
    assert table.scope.acquisition_type == "HRES"
    assert (table.scope.channels["1"].coupling, table.scope.channels["1"].limit) == ("AC", "20M")
    table.scope.trigger_on("4", 2.5)
    table.scope.arm()
    table.marker.play([table.world.now + 0.01], False)
    while not table.scope.finished():
        pass
    whole = table.scope.fetch("1").between(0.0, 1.0)
    assert abs(whole.values.mean()) < 0.1
    assert table.scope.segment_times() == (0.0,)


def test_the_screen_comes_as_a_picture(table):
    assert table.scope.screenshot().startswith(b"\x89PNG")
    with relay(table, lambda line: [b"#14BM..\n"] if line.startswith(":DISP:DATA?") else None) as server:
        scope = connected(server.port)
        with pytest.raises(InstrumentError, match=r"gave no PNG file, but b'BM\.\.'"):
            scope.screenshot()
