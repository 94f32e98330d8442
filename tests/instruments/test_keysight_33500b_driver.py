"""Keysight 33500B: every edge where the program has it, 0 V before and after, and nothing put out that was not asked for."""

import numpy as np
import pytest

from neurorig.instruments import DRIVERS
from neurorig.instruments.drivers.arbitrary import waveform
from neurorig.instruments.drivers.keysight_33500b import MEMORY
from neurorig.signals import BenchError, InstrumentError, LimitError, PlanError, Program, Steps

from .doubles import double_of
from .fakes import address_of, serving
from .scripted import Register, scripted


def program(*pairs):
    return Program.of_steps(Steps.of([d for d, _ in pairs], [v for _, v in pairs], "V"))


def volts(shape):
    return shape.offset + shape.points / shape.top * shape.span / 2


# -- waveforms -------------------------------------------------------------------------------------------------------


def test_a_program_from_rest_takes_the_longest_period_that_meets_every_edge():
    shape = waveform(program((0.1, 0), (0.35, 1.0), (0.05, -0.5), (0.5, 0)), MEMORY)
    assert (shape.period_ns, shape.lead, shape.tail) == (50_000_000, 0, 0)
    assert volts(shape) == pytest.approx([0, 0] + [1.0] * 7 + [-0.5] + [0] * 10, abs=1e-4)
    assert shape.points.min() == -32767 and shape.points.max() == 32767
    assert shape.played(shape.offset, shape.span).edges_ns.tolist() == [0, *np.multiply([2, 9, 10, 20], 50_000_000)]


def test_one_that_begins_elsewhere_has_a_short_sample_of_rest_before_it_and_holds_its_end():
    asked = program((0.99, 0.894), (1.99, 1.352), (7.02, 0.894))
    shape = waveform(asked, MEMORY)
    assert shape.lead == 1
    assert 10_000_000 % shape.period_ns == 0  # its edges are multiples of 10 ms
    assert shape.period_ns < 20_000
    assert volts(shape)[0] == pytest.approx(0.0, abs=1e-4)
    assert volts(shape)[-1] == pytest.approx(0.894, abs=1e-4)
    assert shape.tail * shape.period_ns == pytest.approx(2.5e9, rel=1e-3)
    assert len(shape.points) <= MEMORY.most
    played = shape.played(shape.offset, shape.span)
    assert (np.diff(played.edges_ns)[1:] == np.diff(asked.steps().edges_ns)).all()
    assert played.edges_ns[1] == shape.period_ns


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            program((10, 0), (1e-6, 1), (1, 0)),
            r"11,000,001 points of the 999,000.* multiples of 11.01.* us or more, or .* 999 ms",
        ),
        (program((1e-8, 0), (1e-8, 1)), "16 ns or more apart"),
        (program((1.0, 1e-3)), r"within 1 mV are too small: at least 2 mV"),
    ],
)
def test_what_the_memory_cannot_hold_is_refused_with_what_would_fit(asked, said):
    with pytest.raises(PlanError, match=said):
        waveform(asked, MEMORY)


def test_few_levels_are_made_of_enough_points():
    shape = waveform(program((3.0, 1.0), (3.0, 0.0)), MEMORY)
    assert len(shape.points) >= MEMORY.least
    assert len(waveform(program((3.0, 0.0), (3.0, 1.0)), MEMORY).points) >= MEMORY.least


def test_nothing_at_all_is_a_waveform_too():
    assert not volts(waveform(program((1.0, 0.0)), MEMORY)).any()


@pytest.mark.parametrize("level", [10.1, -10.1])
def test_beyond_what_it_gives_is_refused(level):
    with pytest.raises(LimitError, match=r"lies outside -10 V \.\. 10 V"):
        waveform(program((1.0, level)), MEMORY)


# -- the driver against the simulated one ----------------------------------------------------------------------------


@pytest.fixture
def bench():
    double = double_of("keysight_33500b")
    with serving(double.world, {"it": double.device}) as ports:
        generator = DRIVERS["keysight_33500b"].connect(address_of(ports), name="generator")
        generator.double = double
        yield generator
        generator.close()


def test_what_is_promised_is_what_the_outputs_play(bench):
    asked = {"1": program((0.1, 0.0), (0.2, 1.0), (0.1, 0.0)), "2": program((0.3, 2.0), (0.1, -1.0))}
    promised = bench.load(asked)
    assert promised["1"].edges == pytest.approx([0, 0.1, 0.3, 0.4])
    assert promised["2"].levels == pytest.approx([0.0, 2.0, -1.0], abs=1e-3)
    outputs = bench.double.lines
    assert not any(out.played for out in outputs.values())
    bench.arm()
    assert bench.double.putting_out() == pytest.approx(0.0, abs=5e-3)
    bench.fire()
    asks = 0
    while bench.running():
        asks += 1
    assert asks
    (start, first), (other, second) = outputs["1"].played[-1], outputs["2"].played[-1]
    assert start == other
    for found, wanted in ((first, promised["1"]), (second, promised["2"])):
        times = wanted.edges[:-1] + np.diff(wanted.edges) / 2
        assert found.at(times) == pytest.approx(wanted.levels, rel=0.02, abs=5e-3)
    bench.off()
    assert bench.double.putting_out() == 0


def test_the_limits_lie_just_beyond_the_program(bench):
    bench.load({"1": program((0.1, 0.0), (0.2, 1.0), (0.1, 0.0))})
    channel = bench.channels["1"]
    assert channel.limited
    assert channel.highest == pytest.approx(1.02, abs=0.02)
    assert channel.lowest == pytest.approx(-0.02, abs=0.02)
    assert (channel.burst, channel.cycles, channel.trigger, channel.load) == (True, 1, "BUS", 9.9e37)


def test_programs_one_after_the_other_and_one_channel_alone(bench):
    for level in (9.0, 0.01, -9.5):
        promised = bench.load({"2": program((0.1, 0.0), (0.1, level), (0.1, 0.0))})
        assert promised["2"].levels[1] == pytest.approx(level, rel=1e-3)
        bench.arm()
        assert not bench.channels["1"].output
        bench.fire()
        while bench.running():
            pass
        bench.off()
    assert not bench.double.lines["1"].played


def test_fitting_does_no_input_or_output(bench):
    sent = []
    bench.link.recorder = lambda *traffic: sent.append(traffic)
    assert bench.fit("1", program((0.1, 0.0), (0.1, 1.0))).levels == pytest.approx([0.0, 1.0], abs=1e-4)
    assert bench.full_scale("1") == 10.0
    for wrong in (lambda: bench.fit("3", program((1, 1))), lambda: bench.resolution("3")):
        with pytest.raises(PlanError, match="no channel '3'"):
            wrong()
    with pytest.raises(LimitError, match=r"generator .* channel 1: .* lies outside"):
        bench.load({"1": program((1.0, 11.0))})
    assert not sent


def test_nothing_is_armed_that_was_not_loaded(bench):
    with pytest.raises(InstrumentError, match="nothing is loaded"):
        bench.arm()


def test_another_model_is_not_used():
    with (
        scripted(
            lambda line: [b"Agilent Technologies,33509B,MY1,1\n"] if line == "*IDN?" else Register()(line)
        ) as other,
        pytest.raises(BenchError, match="33509B"),
    ):
        DRIVERS["keysight_33500b"].connect(f"tcp://127.0.0.1:{other.port}")
