"""Bursts, their overlap and phases, against trains with known answers and against the drawn spikes of Wu 2025, Fig. 15."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurorig.analysis import burst_table, choose_gap, find_bursts, overlap, phase
from neurorig.analysis.published import published

INTERVALS = np.concatenate([np.full(30, 6e-3), np.linspace(6e-3, 20e-3, 20)])  # as in Fig. 13: tonic, then slowing


def bursts_of(period: float, n: int = 4, start: float = 0.5) -> np.ndarray:
    one = np.append(0.0, np.cumsum(INTERVALS))
    return np.concatenate([start + k * period + one for k in range(n)])


def test_begin_end_count_and_period_of_every_burst() -> None:
    found = find_bursts(bursts_of(0.83), start=0.0, stop=4.0)
    assert found.begin == pytest.approx(0.5 + 0.83 * np.arange(4))
    assert found.duration == pytest.approx(np.full(4, INTERVALS.sum()))
    assert list(found.spikes) == [51] * 4
    assert found.period[:3] == pytest.approx(np.full(3, 0.83))
    assert math.isnan(found.period[3])
    assert found.whole.all()


def test_the_table_has_one_row_per_burst() -> None:
    table = burst_table(find_bursts(bursts_of(0.83)))
    assert list(table.columns) == ["begin_s", "end_s", "spikes", "duration_s", "period_s", "whole"]
    assert len(table) == 4


def test_a_burst_at_the_edge_of_the_record_is_marked() -> None:
    found = find_bursts(bursts_of(0.83), start=0.7, stop=3.2)
    assert list(found.whole) == [False, True, True, False]


@pytest.mark.parametrize("rate", [[8e-3] * 200, np.linspace(2e-3, 9e-3, 300), [5e-3], []])
def test_a_tonic_a_slowing_and_an_empty_train_have_no_bursts(rate) -> None:
    found = find_bursts(np.cumsum(rate))
    assert len(found) == 0
    assert found.gap == math.inf
    assert len(found.period) == 0


def test_the_gap_lies_between_the_classes_and_any_other_between_them_gives_the_same_bursts() -> None:
    times = bursts_of(0.83)
    silence = 0.83 - INTERVALS.sum()
    assert choose_gap(times) == pytest.approx(math.sqrt(20e-3 * silence))
    for gap in (21e-3, 0.1, 0.999 * silence):
        assert find_bursts(times, gap=gap).begin == pytest.approx(find_bursts(times).begin)


def test_a_lonely_spike_and_a_pair_are_no_burst() -> None:
    times = np.sort(np.append(bursts_of(1.5), [1.2, 2.6, 2.61]))
    assert len(find_bursts(times)) == 4


@pytest.mark.parametrize("train", ["coupled_N1", "coupled_N2", "uncoupled_N1", "uncoupled_N2"])
def test_drawn_spikes_of_fig_15_give_the_bursts_read_by_eye(train: str) -> None:
    found = find_bursts(published(f"wu2025_fig15_{train}_spikes_every5th").x)
    read = published(f"wu2025_fig15_{train}_bursts")
    assert found.begin == pytest.approx(read.x, abs=4e-3)
    assert found.end == pytest.approx(read.y, abs=4e-3)


def test_the_antiphase_of_fig_15_has_no_overlap() -> None:
    one, other = (find_bursts(published(f"wu2025_fig15_coupled_{n}_spikes_every5th").x) for n in ("N1", "N2"))
    assert overlap(one, other) == 0.0
    assert overlap(one, one) == pytest.approx(one.duration.sum())


def test_times_that_go_back_are_refused() -> None:
    with pytest.raises(ValueError, match="increase"):
        find_bursts(np.array([0.0, 2.0, 1.0]))
    with pytest.raises(ValueError, match="separates no bursts"):
        find_bursts(np.array([0.0, 1.0]), gap=0.0)


def test_phases_within_a_reference_train() -> None:
    reference = np.arange(5) * 0.01
    assert phase(np.array([-1.0, 0.0, 0.005, 0.0325, 0.04, 0.05]), reference) == pytest.approx([0.0, 0.5, 0.25])
    with pytest.raises(ValueError, match="two reference times"):
        phase(reference, reference[:1])


@given(st.lists(st.floats(1e-3, 1.0), min_size=1, max_size=60))
def test_bursts_are_in_order_apart_by_the_gap_and_within_the_train(intervals: list[float]) -> None:
    times = np.cumsum(intervals)
    found = find_bursts(times)
    assert found.spikes.sum() <= len(times)
    assert np.all(found.begin >= times[0])
    assert np.all(found.end <= times[-1])
    assert np.all(found.begin[1:] - found.end[:-1] > found.gap)
