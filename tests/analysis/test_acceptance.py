"""A current source's figures out of records that were made with known ones."""

import math

import numpy as np
import pytest

from neurorig.analysis.acceptance import drift, line, noise, sag, settling, spectrum

RATE, SECONDS = 20e3, 10.0


def record(rms: float, seed: int, ripple: float = 0.0, frequency: float = 50.0) -> np.ndarray:
    """White noise with `rms` (A) below 1 kHz, and a sine."""
    n = round(RATE * SECONDS)
    white = np.random.default_rng(seed).normal(0.0, rms * math.sqrt(RATE / 2 / 1e3), n)
    return white + ripple * np.sin(2 * math.pi * frequency * np.arange(n) / RATE + 0.4)


def test_noise_is_found_beside_the_mains_and_above_the_instruments_own() -> None:
    on, off = record(20e-9, 1, ripple=500e-9) + record(5e-9, 2), record(5e-9, 3)
    found = noise(spectrum(on, RATE), spectrum(off, RATE))
    assert found.value == pytest.approx(20e-9, abs=3 * found.error)
    assert 0.02e-9 < found.error < 0.6e-9
    raw = noise(spectrum(on, RATE))
    assert raw.value == pytest.approx(math.hypot(20e-9, 5e-9), abs=3 * raw.error)


def test_the_stated_error_of_the_noise_is_its_scatter() -> None:
    found = [noise(spectrum(record(20e-9, seed), RATE)) for seed in range(20)]
    scatter = np.std([m.value for m in found])
    assert scatter == pytest.approx(np.mean([m.error for m in found]), rel=0.5)


def test_no_noise_above_the_instruments_own_is_none() -> None:
    found = noise(spectrum(record(5e-9, 1), RATE), spectrum(record(5e-9, 2), RATE))
    assert found.value < 3 * found.error < 6e-9


@pytest.mark.parametrize("frequency", [50.0, 60.0])
def test_the_line_of_the_mains(frequency: float) -> None:
    values = record(20e-9, 4, ripple=50e-9, frequency=frequency)
    density = spectrum(values, RATE)
    found = line(values, RATE, frequency, density)
    assert found.value == pytest.approx(50e-9, abs=3 * found.error)
    other = line(values, RATE, 110.0 - frequency, density)
    assert other.value < 4 * other.error


def test_settling_of_an_exponential_step() -> None:
    times = np.arange(-1e-4, 1e-3, 1e-7)
    values = np.where(times < 0, 0.0, 45e-6 * (1 - np.exp(-np.maximum(times, 0) / 5e-6)))
    found = settling(times, values, 0.0)
    assert found.value == pytest.approx(5e-6 * math.log(50), abs=2 * found.error)  # to 2 %
    assert not settling(times, np.zeros_like(times), 0.0).known


def test_sag_over_the_compliance() -> None:
    volts = np.linspace(0.5, 3.6, 8)
    errors = np.full(8, 2e-9)
    amperes = 44.7e-6 * (1 - 0.016 * volts) + np.random.default_rng(5).normal(0, 2e-9, 8)
    relative, free = sag(volts, amperes, errors)
    assert relative.value == pytest.approx(0.016, abs=3 * relative.error)
    assert free.value == pytest.approx(44.7e-6, abs=3 * free.error)
    assert relative.error < 1e-4
    assert not sag(volts[:1], amperes[:1], errors[:1])[0].known


def test_drift_of_a_minute() -> None:
    times = np.arange(60.0)
    found = drift(times, 45e-6 + 0.1e-9 * times + np.random.default_rng(6).normal(0, 1e-9, 60))
    assert found.value == pytest.approx(0.1e-9, abs=3 * found.error)
