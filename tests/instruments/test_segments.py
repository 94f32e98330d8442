"""Programs of current as the source plays them: exact in time, quantised in level, and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorig.instruments.drivers.segments import MOST_SEGMENTS, STEPS, code_of, encode, played
from neurorig.signals import Hold, LimitError, Loop, PlanError, Program, Ramp, Steps

MS = 1_000_000
FULL = 250e-6
LSB = FULL / STEPS

levels = st.floats(-200e-6, 200e-6)
holds = st.builds(Hold, levels, st.integers(1, 2000).map(lambda k: k * 100_000))
ramps = st.builds(Ramp, levels, levels, st.integers(1, 50), st.integers(1, 30).map(lambda k: k * 100_000))
segments = st.recursive(
    holds | ramps, lambda inner: st.builds(Loop, st.integers(1, 4), st.lists(inner, min_size=1, max_size=3).map(tuple)),
    max_leaves=8,
)  # fmt: skip
programs = st.lists(segments, min_size=1, max_size=4).map(lambda s: Program(tuple(s)))


def test_the_theta_burst_of_the_protocol_page():
    burst = Loop(4, (Hold(50e-6, 2 * MS), Hold(0, 8 * MS)))
    (encoded,) = encode([Program((Loop(5, (burst, Hold(0, 160 * MS))),))], [FULL])
    assert encoded.data.hex(" ", 4) == "05000010 04000010 33630240 00e00940 00000000 00e0c740 00000000"
    assert (encoded.crc, encoded.ticks, encoded.tick) == (0xBDD8, 10_000, 100)


def test_the_ramp_of_the_protocol_page():
    ramp = Ramp(-10e-6, 10e-6, 8, MS // 2)
    (encoded,) = encode([Program((ramp, Hold(1 * LSB, 39_321_600_000), Hold(0, 100_000)))], [FULL])
    assert encoded.data[:8].hex(" ") == "5c 9f 00 20 a4 e0 00 80"
    assert np.round(encoded.steps.levels[:8] / LSB).tolist() == [-143, -102, -61, -20, 21, 62, 103, 144]
    assert encoded.steps.duration == pytest.approx(39.3257)


@given(programs)
@settings(deadline=None)
def test_what_is_played_is_what_was_asked_to_within_a_step(program):
    (encoded,) = encode([program], [FULL])
    asked = program.steps()
    assert encoded.steps.edges_ns[-1] == asked.edges_ns[-1]
    assert encoded.ticks * encoded.tick * 1000 == program.ns
    middles = (asked.edges[:-1] + asked.edges[1:]) / 2
    assert np.max(np.abs(encoded.steps.at(middles) - asked.levels)) <= 1.01 * LSB


@given(programs, st.integers(1, 6))
@settings(deadline=None, max_examples=50)
def test_a_flat_program_plays_the_same_as_its_loops(program, times):
    codes = [round(v / LSB) for v in encode([program], [FULL])[0].steps.levels]
    steps = encode([program], [FULL])[0].steps
    flat = Program.of_steps(Steps(steps.edges_ns, np.array(codes) * LSB).repeat(times))
    try:
        (encoded,) = encode([flat], [FULL])
    except PlanError:
        assert len(flat.segments) > MOST_SEGMENTS
        return
    assert encoded.steps == flat.steps()


def test_a_long_train_is_rolled_up():
    train = Steps.of([0.002, 0.008] * 3000, [50e-6, 0.0] * 3000)
    (encoded,) = encode([Program.of_steps(train)], [FULL])
    assert len(encoded.words) <= 6
    assert encoded.steps.edges_ns[-1] == train.edges_ns[-1]
    assert len(encoded.steps) == 6000


def test_an_hour_is_a_loop():
    (encoded,) = encode([Program((Hold(1e-6, 3_600_000 * MS), Hold(0, 100_000)))], [FULL])
    assert len(encoded.words) <= 6
    assert encoded.ticks == 36_000_001


@pytest.mark.parametrize("seconds", [10**9, 10**12])
def test_what_the_source_cannot_count_is_refused_before_it_is_played_out(seconds):
    with pytest.raises(PlanError, match=rf"takes {seconds}0000 ticks of 100 us, the source counts to"):
        encode([Program((Hold(1e-6, seconds * 1000 * MS), Hold(0, 0)))], [FULL])


@pytest.mark.parametrize(("ns", "tick"), [(100_000, 100), (150_000, 150), (50_000, 50), (77_000, 77), (5_000_000, 100)])
def test_the_tick_is_the_default_or_what_divides_every_duration(ns, tick):
    assert encode([Program((Hold(1e-6, ns),))], [FULL])[0].tick == tick


def test_a_duration_that_no_tick_divides_is_refused_with_the_nearest():
    with pytest.raises(PlanError, match=r"123.45 us \(nearest: 100 us or 150 us\)"):
        encode([Program((Hold(1e-6, MS), Hold(1e-6, 123_450)))], [FULL])


def test_two_channels_share_one_tick():
    first, second = encode([Program((Hold(1e-6, MS),)), Program((Hold(1e-6, 150_000),))], [FULL, FULL / 4])
    assert first.tick == second.tick == 50


def test_a_program_that_is_too_long_is_refused_with_what_to_do():
    noise = np.random.default_rng(7).integers(0, 4000, 500) * LSB
    with pytest.raises(PlanError, match=r"needs \d{3} segments, the source holds 96. Use"):
        encode([Program(tuple(Hold(float(v), MS) for v in noise))], [FULL])
    with pytest.raises(PlanError, match="empty"):
        encode([Program(())], [FULL])


def test_a_level_beyond_the_range_is_refused_not_clipped():
    with pytest.raises(LimitError, match=r"300 uA is beyond the source's range of -249.9 uA .. 249.9 uA"):
        encode([Program((Hold(300e-6, MS),))], [FULL])
    with pytest.raises(LimitError, match=r"62.48 uA"):
        encode([Program((Hold(63e-6, MS),))], [FULL / 4])


@given(st.integers(-4095, 4095))
def test_codes_are_exact(code):
    assert code_of(code * LSB, FULL) == code


def test_nested_deeper_than_the_source_can():
    program: Program = Program((Hold(50e-6, MS), Hold(0, MS)))
    for _ in range(6):
        program = Program((Loop(2, program.segments),))
    (encoded,) = encode([program], [FULL])
    assert encoded.steps.edges_ns[-1] == program.ns
    assert encoded.steps == played(encoded.words, encoded.tick, FULL)
    assert len(encoded.steps) == 128
