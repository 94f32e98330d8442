"""A marker of 0 and 5 V, digitised by a clock that runs differently: the difference comes back, with its error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurorig.analysis.clocks import align, marker_edges
from neurorig.signals import Trace

RATE = 40e3


def marker(edges, t0=-0.1, stop=11.0, rate=RATE):
    """A logic level that toggles at `edges` (seconds of the digitiser), low at first, as 8-bit codes of 25 mV."""
    times = t0 + np.arange(round((stop - t0) * rate)) / rate
    level = np.searchsorted(edges, times, side="right") % 2
    return Trace("marker", (level * 200).astype(np.uint8), 0.025, 0.0, "V", t0, 1 / rate)


@given(ppm=st.floats(-5000, 5000), offset=st.floats(-1e-3, 1e-3), length=st.floats(0.5, 10.0))
def test_a_clock_that_is_off_is_found_within_its_error(ppm, offset, length):
    seen = [offset, offset + length * (1 + ppm * 1e-6)]
    found = align(marker_edges(marker(seen), 2.5), [0.0], [length])
    assert found is not None and found.edges == 2
    assert abs(found.offset - offset) < 4 * found.offset_error
    assert abs(found.ppm - ppm) < 4 * found.ppm_error
    assert found.ppm_error == pytest.approx(1e6 * (2 / 12) ** 0.5 / RATE / length, rel=1e-6)


def test_many_edges_make_it_better():
    rising, falling = np.arange(0, 10, 0.5), np.arange(0.25, 10, 0.5)
    seen = np.sort(np.concatenate([rising, falling])) * (1 + 300e-6)
    many = align(marker_edges(marker(seen), 2.5), rising, falling)
    assert many.edges == 40
    assert many.ppm == pytest.approx(300, abs=4 * many.ppm_error)
    assert many.ppm_error < align(marker_edges(marker(seen), 2.5), [0.0], [9.75]).ppm_error


def test_of_one_edge_only_the_offset_is_known():
    found = align(marker_edges(marker([0.001, 30.0]), 2.5), [0.0], [20.0])
    assert found.ppm is None and found.ppm_error is None
    assert found.offset == pytest.approx(0.001, abs=4 * found.offset_error)


def test_an_edge_far_from_where_it_should_be_is_not_believed():
    assert align(marker_edges(marker([5.0, 6.0]), 2.5), [0.0], []) is None
    assert align(marker_edges(marker([]), 2.5), [0.0], [1.0]) is None


def test_times_go_there_and_back():
    found = align(marker_edges(marker([0.002, 0.002 + 10 * 1.004]), 2.5), [0.0], [10.0])
    times = np.linspace(0, 10, 7)
    assert found.to_source(found.to_digitiser(times)) == pytest.approx(times)
    assert found.to_digitiser(10.0) == pytest.approx(10.042, abs=1e-4)
