"""Stimuli are an algebra: what is joined, repeated and overlaid plays exactly what it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorig.protocols import Stimulus, burst_train, hold, noise, pulse, ramp, train
from neurorig.signals import Hold, Loop, Steps

levels = st.integers(-30_000, 250_000).map(lambda na: na * 1e-9)
lengths = st.integers(1, 500_000).map(lambda us: us * 1e-6)


@st.composite
def pulse_trains(draw: st.DrawFn) -> Stimulus:
    width, rest = draw(lengths), draw(lengths)
    return train(draw(levels), width, width + rest, draw(st.integers(1, 4)), base=draw(levels))


pieces = st.one_of(
    st.builds(hold, levels, lengths),
    pulse_trains(),
    st.builds(lambda a, b, n: ramp(a, b, n * 1e-3), levels, levels, st.integers(1, 20)),
    st.builds(lambda rms, n, s: noise(rms, n * 1e-3, seed=s), levels.map(abs), st.integers(1, 5), st.integers(0, 9)),
)
stimuli = st.recursive(
    pieces,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner), st.builds(lambda a, n: a.repeat(n), inner, st.integers(1, 3))
    ),
    max_leaves=4,
)


@given(stimuli, stimuli, stimuli)
def test_joining_is_associative(a: Stimulus, b: Stimulus, c: Stimulus) -> None:
    assert (a + b) + c == a + (b + c)


@given(stimuli, stimuli)
def test_durations_add_and_epochs_move(a: Stimulus, b: Stimulus) -> None:
    both = a + b
    assert both.program.ns == a.program.ns + b.program.ns
    assert both.epochs[: len(a.epochs)] == a.epochs
    assert [m.start - a.program.ns for m in both.marks[len(a.marks) :]] == [m.start for m in b.marks]


@given(stimuli, stimuli)
def test_joined_programs_play_the_joined_steps(a: Stimulus, b: Stimulus) -> None:
    assert (a + b).steps() == (a.steps() + b.steps()).coalesced()


@given(stimuli, st.integers(1, 4))
def test_repeating_is_adding_to_itself(a: Stimulus, n: int) -> None:
    summed = a
    for _ in range(n - 1):
        summed = summed + a
    assert a.repeat(n).steps() == summed.steps()
    assert a.repeat(n).epochs == summed.epochs


@settings(max_examples=60)
@given(stimuli, stimuli)
def test_overlay_commutes(a: Stimulus, b: Stimulus) -> None:
    short, long = sorted((a, b), key=lambda s: s.program.ns)
    if short.program.ns < long.program.ns:
        short = short + hold(0.0, (long.program.ns - short.program.ns) / 1e9, "rest")
    assert long.overlay(short).steps() == short.overlay(long).steps()
    assert long.overlay(short).epochs == short.overlay(long).epochs


@settings(max_examples=60)
@given(stimuli, stimuli, st.floats(0, 1))
def test_overlay_adds_levels(a: Stimulus, b: Stimulus, where: float) -> None:
    top, base = sorted((a, b), key=lambda s: s.program.ns)
    start = round(where * (base.program.ns - top.program.ns)) / 1e9
    both, wanted = base.overlay(top, start).steps(), base.steps().overlay(top.steps(), start)
    middles = np.unique(np.concatenate([both.edges, wanted.edges]))
    middles = (middles[1:] + middles[:-1]) / 2
    assert both.duration == base.duration
    np.testing.assert_allclose(both.at(middles), wanted.at(middles), rtol=1e-12, atol=1e-18)


def test_theta_burst_on_a_holding_current_keeps_its_loops() -> None:
    burst = burst_train("100 uA", "2 ms", "10 ms", 4, burst_period="200 ms", bursts=5)
    program = hold("40 uA", "3 s").overlay(burst, "1 s").program
    on, off, gap = Hold(40e-6 + 100e-6, 2_000_000), Hold(40e-6, 8_000_000), Hold(40e-6, 160_000_000)
    before, inside, after = program.segments
    assert (before, after) == (Hold(40e-6, 1_000_000_000), Hold(40e-6, 1_000_000_000))
    assert inside == Loop(5, (Loop(4, (on, off)), gap))


def test_the_kick_is_found_by_its_name() -> None:
    stimulus = hold("44.7 uA", "0.99 s", "rest") + hold("67.6 uA", "1.99 s", "kick") + hold("44.7 uA", "3.5 s")
    assert stimulus.epoch("kick") == ("kick", 0.99, 2.98, None)
    assert stimulus.duration == 6.48
    with pytest.raises(KeyError, match="stop"):
        stimulus.epoch("stop")


def test_noise_is_reproduced_by_its_seed() -> None:
    one, same, other = (noise("20 nA", "0.1 s", seed=seed, mean="40 uA") for seed in (7, 7, 8))
    assert one == same
    assert one.steps() != other.steps()
    assert one.epochs[0].seed == 7
    assert len(one.steps()) == 100
    assert one.steps().levels.std() == pytest.approx(20e-9, rel=0.3)


def test_pulse_stands_on_its_base() -> None:
    made = pulse("10 uA", "1 ms", base="1 uA", before="2 ms", after="3 ms")
    assert made.steps() == Steps.of([2e-3, 1e-3, 3e-3], [1e-6, 10e-6, 1e-6])
    assert made.epochs == (("pulse", 0.002, 0.003, None),)


def test_ramp_is_a_staircase_of_middles() -> None:
    np.testing.assert_allclose(ramp(0.0, 4e-6, 4e-3).steps().levels, [0.5e-6, 1.5e-6, 2.5e-6, 3.5e-6])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: hold(1e-6, 0.0),
        lambda: train(1e-6, 2e-3, 1e-3, 3),
        lambda: train(1e-6, 1e-3, 2e-3, 0),
        lambda: hold(1e-6, 1.0).repeat(0),
        lambda: hold(1e-6, 1.0).overlay(hold(1e-6, 1.0), 0.5),
        lambda: burst_train(1e-6, 1e-3, 2e-3, 4, burst_period=7e-3, bursts=2),
        lambda: ramp(0.0, 1e-6, 1e-3, 0.3e-9),
    ],
)
def test_what_cannot_be_played_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()  # type: ignore[operator]
