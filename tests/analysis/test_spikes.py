"""Spikes are counted exactly: none invented in noise, none doubled by it, none lost."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorig.analysis import Thresholds, detect
from neurorig.signals import Trace

from .synthetic import digitise, v_ap


def jittered(rate_hz: float, duration: float, seed: int, cv: float = 0.3) -> np.ndarray:
    """Times at roughly `rate_hz` with intervals of at least 1.2 ms, away from the ends."""
    intervals = np.random.default_rng(seed).normal(1 / rate_hz, cv / rate_hz, round(2 * duration * rate_hz))
    times = 0.001 + np.cumsum(np.maximum(intervals, 1.2e-3))
    return times[times < duration - 0.002]


@settings(max_examples=40, deadline=None)
@given(
    st.floats(5, 500),
    st.sampled_from([40e3, 100e3, 250e3]),
    st.floats(0.0, 0.15),
    st.floats(1.1, 2.9),
    st.integers(0, 99),
)
def test_every_spike_is_counted_once(rate_hz: float, sampling: float, noise: float, peak: float, seed: int) -> None:
    true = jittered(rate_hz, 1.0, seed)
    noise = min(noise, peak / 20)
    train = detect(v_ap(true, 1.0, sampling, noise=noise, seed=seed, peak=peak))
    assert len(train) == len(true)
    assert np.abs(train.times - true).max(initial=0) < 1.5 / sampling


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(1, 8), st.integers(2, 9), st.integers(1, 6))
def test_it_is_what_a_sample_by_sample_reading_gives(codes: list[int], rearm: int, fire: int, dead: int) -> None:
    rearm = min(rearm, fire - 1)
    expected, armed, last = [], False, -dead
    for k, code in enumerate(codes):
        if armed and code >= fire:
            armed = False
            if k - last >= dead:
                expected.append(k - 1 + (fire - codes[k - 1]) / (code - codes[k - 1]))
                last = k
        elif code < rearm:
            armed = True
    trace = Trace("v", np.array(codes, np.uint8), 1.0, 0.0, "V", 0.0, 1.0)
    levels = Thresholds(fire, rearm, 0.0, 0.1, 9.0)
    assert detect(trace, thresholds=levels, refractory=dead).times.tolist() == pytest.approx(expected)


@pytest.mark.parametrize("noise", [0.0, 0.002, 0.01, 0.05, 0.2])
def test_a_silent_trace_has_no_spikes(noise: float) -> None:
    assert len(detect(v_ap(np.empty(0), 2.0, 250e3, noise=noise))) == 0


def test_a_subthreshold_step_and_mains_are_not_spikes() -> None:
    t = np.arange(500_000) / 250e3
    values = 0.08 * (t > 1) + 0.03 * np.sin(2 * np.pi * 50 * t)
    assert len(detect(digitise("n1.v_ap", "V", values, dt=4e-6, low=-0.3, high=3.7))) == 0


def test_one_single_spike_is_found() -> None:
    train = detect(v_ap(np.array([1.234567]), 3.0, 250e3, noise=0.02))
    assert len(train) == 1
    assert train.times[0] == pytest.approx(1.234567, abs=4e-6)
    assert train.peaks[0] == pytest.approx(2.6, abs=0.1)


def test_one_artefact_of_twice_the_height_does_not_hide_the_spikes() -> None:
    true = jittered(100, 1.0, 3)
    trace = v_ap(true, 1.0, 100e3, noise=0.02, peak=1.3)
    spoiled = trace.samples.copy()
    spoiled[50_000:50_003] = 255
    train = detect(dataclasses.replace(trace, samples=spoiled))
    # 0.5 s may fall into a spike or its refractory time
    assert len(true) <= len(train) <= len(true) + 1
    assert all(np.abs(train.times - time).min() < 2e-5 for time in true if abs(time - 0.5) > 1e-3)


def test_the_stated_time_error_is_the_real_one() -> None:
    true = jittered(120, 8.0, 5)
    train = detect(v_ap(true, 8.0, 250e3, noise=0.03))
    assert np.std(train.times - true) == pytest.approx(train.time_error, rel=0.15)


def test_a_trace_that_begins_within_a_spike_does_not_count_it() -> None:
    trace = v_ap(np.array([0.1, 0.2]), 0.3, 250e3, noise=0.01)
    assert len(detect(trace.between(0.1001, 0.3))) == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_any_integer_samples_will_do(dtype: type[np.integer]) -> None:
    trace = v_ap(np.array([0.05, 0.1]), 0.2, 100e3, noise=0.01)
    assert len(detect(dataclasses.replace(trace, samples=trace.samples.astype(dtype)))) == 2


def test_nothing_recorded_is_nothing_found() -> None:
    assert len(detect(Trace("n1.v_ap", np.empty(0, np.uint8), 0.01, 0.0, "V", 0.0, 1e-5))) == 0


def test_a_threshold_beyond_the_converter_is_never_crossed() -> None:
    trace = v_ap(np.array([0.05]), 0.1, 100e3, noise=0.01, peak=9.0)  # clipped at 3.7 V
    assert len(detect(trace, thresholds=Thresholds(4.0, 1.0, 0.0, 0.01, 5.0))) == 0


def test_an_inverted_channel_is_refused() -> None:
    trace = v_ap(np.array([0.05]), 0.1, 100e3, noise=0.01)
    with pytest.raises(ValueError, match=r"n1\.v_ap"):
        detect(dataclasses.replace(trace, scale=-trace.scale))


def test_a_part_of_a_train_knows_its_limits() -> None:
    train = detect(v_ap(np.array([0.1, 0.2, 0.3]), 0.4, 100e3, noise=0.01)).between(0.15, 0.9)
    assert (len(train), train.start, train.stop) == (2, 0.15, pytest.approx(0.4))
    assert train.count(0.15, 0.25) == 1
