"""Rates, their errors and their drift, against trains with known answers."""

import math

import numpy as np
import pytest

from neurorig.analysis import (
    SpikeTrain,
    Thresholds,
    bin_means,
    cv,
    cv2,
    drift,
    instantaneous_rate,
    mean_rate,
    rate_table,
)
from neurorig.signals import Trace

LEVELS = Thresholds(1.3, 0.65, 0.0, 0.01, 2.6)


def train(times: np.ndarray, time_error: float = 1e-6) -> SpikeTrain:
    return SpikeTrain(
        times, time_error, 0.0, float(times[-1]) + 0.01 if len(times) else 1.0, LEVELS, np.full(len(times), 2.6)
    )


def test_a_regular_train_has_one_rate() -> None:
    rate = instantaneous_rate(train(np.arange(100) * 0.008))
    assert rate.rate == pytest.approx(np.full(99, 125.0))
    assert rate.times[0] == pytest.approx(0.004)
    assert rate.error == pytest.approx(np.full(99, math.sqrt(2) * 1e-6 * 125**2))


def test_the_error_of_the_rate_is_what_timing_errors_make_of_it() -> None:
    times = np.arange(4000) / 462 + np.random.default_rng(0).normal(0, 8e-6, 4000)
    rate = instantaneous_rate(train(times, 8e-6))
    assert rate.rate.std() == pytest.approx(rate.error.mean(), rel=0.05)


def test_mean_and_drift_of_a_falling_rate() -> None:
    # phase = 110 t - t^2/2: the rate falls by 1 Hz/s from 110 Hz
    times = np.array([110 - math.sqrt(110**2 - 2 * n) for n in range(300)])
    times += np.random.default_rng(1).normal(0, 2e-6, 300)
    found, slope = mean_rate(train(times, 2e-6), 1.0, 2.0), drift(train(times, 2e-6), 1.0, 2.0)
    assert found.value == pytest.approx(108.5, abs=0.02)
    assert found.error < 0.02
    assert slope.value == pytest.approx(-1.0, abs=4 * slope.error)
    assert slope.error < 0.05


def test_too_few_spikes_give_a_reason_instead_of_a_number() -> None:
    nothing = mean_rate(train(np.empty(0)), 0.0, 1.0)
    assert not nothing.known
    assert "0 spikes" in nothing.note
    assert not drift(train(np.array([0.1, 0.2])), 0.0, 1.0).known


def test_irregularity() -> None:
    gaps = np.random.default_rng(2).exponential(1.0, 20_000)
    assert cv(np.cumsum(gaps)) == pytest.approx(1.0, abs=0.02)
    assert cv2(np.cumsum(gaps)) == pytest.approx(1.0, abs=0.02)
    assert cv(np.arange(9.0)) == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(cv(np.array([1.0, 2.0])))


def test_the_table_names_its_units() -> None:
    table = rate_table(train(np.array([0.0, 0.01, 0.03])))
    assert list(table.columns) == ["time_s", "isi_s", "rate_hz", "rate_error_hz"]
    assert table["rate_hz"].tolist() == pytest.approx([100.0, 50.0])


def test_bin_means_and_their_errors() -> None:
    rng = np.random.default_rng(3)
    codes = np.round(100.3 + rng.normal(0, 1.5, 200_000)).astype(np.uint8)
    binned = bin_means(Trace("s11.i_out", codes, 0.1e-6, -1e-6, "A", 0.0, 1e-5), 0.01)
    assert len(binned) == 200
    assert binned.times[0] == pytest.approx(0.00500, abs=1e-5)
    assert binned.values.mean() == pytest.approx(9.03e-6, abs=1e-9)
    assert binned.values.std() == pytest.approx(binned.errors.mean(), rel=0.15)


def test_a_quiet_trace_keeps_the_whole_error_of_its_step() -> None:
    flat = bin_means(Trace("s11.i_out", np.full(1000, 7, np.uint8), 0.1e-6, 0.0, "A", 0.0, 1e-4), 0.02)
    assert flat.errors == pytest.approx(np.full(5, 0.1e-6 / math.sqrt(12)))
