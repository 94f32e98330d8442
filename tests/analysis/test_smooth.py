"""Levels from an 8-bit trace: what lies beyond the screen is no number."""

from dataclasses import replace

import numpy as np
import pytest

from neurorig.analysis import bin_means, mean_level
from neurorig.signals import Trace


def at_the_port(amperes: np.ndarray) -> Trace:
    """A current on a screen from -5 to 75 uA, 1 kS/s."""
    codes = np.clip(np.round((amperes + 5e-6) / (80e-6 / 255)), 0, 255).astype(np.uint8)
    clipped = int(np.count_nonzero((codes == 0) | (codes == 255)))
    return Trace("n1.i0", codes, 80e-6 / 255, -5e-6, "A", 0.0, 1e-3, 0.2e-6, clipped)


def test_a_level_on_the_screen_is_measured() -> None:
    level = mean_level(at_the_port(np.full(1000, 44.7e-6)))
    assert level.value == pytest.approx(44.7e-6, abs=0.2e-6)
    assert level.error == 0.2e-6


@pytest.mark.parametrize("beyond", [107e-6, -24.4e-6])
def test_a_level_beyond_the_screen_is_not_and_says_what_to_widen(beyond: float) -> None:
    level = mean_level(at_the_port(np.full(1000, beyond)))
    assert not level.known
    assert 'widen low/high of [nodes."n1.i0"]' in level.note


def test_one_epoch_beyond_the_screen_does_not_spoil_the_others() -> None:
    trace = at_the_port(np.repeat([44.7e-6, 107e-6, 44.7e-6], 1000))
    assert [mean_level(trace.between(k, k + 1)).known for k in range(3)] == [True, False, True]
    binned = bin_means(trace, 0.1)
    np.testing.assert_array_equal(binned.clipped, np.repeat([False, True, False], 10))
    assert binned.between(0.0, 1.0).beyond == ""
    assert "n1.i0" in binned.between(0.5, 1.5).beyond


def test_a_code_at_the_end_of_the_type_counts_only_if_the_digitiser_ends_there() -> None:
    trace = replace(at_the_port(np.full(1000, 107e-6)), clipped=0)
    assert mean_level(trace).known
    assert not mean_level(trace.between(5.0, 6.0)).known  # nothing there
