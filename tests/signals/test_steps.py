import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurorig.signals import Hold, Loop, Program, Ramp, Steps

lengths = st.lists(st.integers(1, 10**12), min_size=1, max_size=6)


@st.composite
def commands(draw: st.DrawFn) -> Steps:
    ns = draw(lengths)
    levels = draw(st.lists(st.integers(-250_000, 250_000), min_size=len(ns), max_size=len(ns)))
    return Steps(np.cumsum([0, *ns]), np.array(levels) * 1e-9)


@given(commands(), commands(), commands())
def test_concatenation_is_exact_and_associative(a: Steps, b: Steps, c: Steps) -> None:
    assert (a + b) + c == a + (b + c)
    assert (a + b).edges_ns[-1] == a.edges_ns[-1] + b.edges_ns[-1]


@given(commands(), st.integers(1, 5))
def test_a_repetition_is_the_sum_of_its_copies(a: Steps, n: int) -> None:
    total = a
    for _ in range(n - 1):
        total = total + a
    assert a.repeat(n) == total


@given(commands(), st.lists(st.floats(0, 1000), min_size=1, max_size=20))
def test_coalescing_changes_no_level_at_any_time(a: Steps, times: list[float]) -> None:
    twice = a.repeat(2)
    np.testing.assert_array_equal(twice.coalesced().at(times), twice.at(times))


def test_an_overlay_adds_only_where_it_lies() -> None:
    holding = Steps.of([10.0], [44.7e-6])
    kicked = holding.overlay(Steps.of([2.0], [22.9e-6]), 1.0)
    np.testing.assert_allclose(kicked.levels, [44.7e-6, 67.6e-6, 44.7e-6], rtol=1e-15)
    np.testing.assert_array_equal(kicked.edges, [0.0, 1.0, 3.0, 10.0])
    with pytest.raises(ValueError, match="does not lie within"):
        holding.overlay(Steps.of([2.0], [1e-6]), 9.0)


def test_a_command_cannot_be_changed_by_whoever_made_it() -> None:
    levels = np.array([1e-6])
    steps = Steps(np.array([0, 10]), levels)
    levels[0] = 1.0
    assert steps.high == 1e-6
    with pytest.raises(ValueError, match="read-only"):
        steps.levels[0] = 1.0


@pytest.mark.parametrize(
    ("edges", "levels"), [([0, 5, 5], [1, 2]), ([1, 2], [1]), ([0, 1], [np.nan]), ([0, 1, 2], [1]), ([0, -1], [1])]
)
def test_what_is_no_command_is_refused(edges: list[int], levels: list[float]) -> None:
    with pytest.raises(ValueError, match="Steps"):
        Steps(np.array(edges), np.array(levels))


def test_a_theta_burst_unrolls_to_its_pulses() -> None:
    burst = Loop(4, (Hold(50e-6, 2_000_000), Hold(0.0, 8_000_000)))
    program = Program((Loop(5, (burst, Hold(0.0, 160_000_000))),))
    steps = program.steps()
    assert program.duration == steps.duration == 1.0
    assert np.count_nonzero(steps.levels == 50e-6) == 20


def test_a_ramp_passes_through_the_middle_of_each_step() -> None:
    steps = Program((Ramp(0.0, 10e-6, 5, 1_000_000),)).steps()
    np.testing.assert_allclose(steps.levels, [1e-6, 3e-6, 5e-6, 7e-6, 9e-6])


@given(commands())
def test_a_program_of_steps_plays_those_steps(a: Steps) -> None:
    assert Program.of_steps(a).steps() == a.coalesced()
