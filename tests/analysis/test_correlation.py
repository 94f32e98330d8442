"""The neural correlation function of trains whose answer is known."""

import numpy as np
import pytest

from neurorig.analysis import neural_correlation


def test_a_regular_train_has_one_at_the_multiples_of_its_interval_and_nothing_between() -> None:
    lags, g = neural_correlation(np.arange(1000) * 0.0103, longest=0.05, width=1e-3)
    peaks = np.isin(np.arange(50), [10, 20, 30, 41])
    assert lags[0] == pytest.approx(0.5e-3)
    assert g[peaks] == pytest.approx(np.ones(4))
    assert np.all(g[~peaks] == 0.0)


def test_a_poisson_train_has_none_but_its_mean() -> None:
    times = np.cumsum(np.random.default_rng(1).exponential(0.01, 40_000))
    _, g = neural_correlation(times, longest=0.05, width=1e-3)
    assert g == pytest.approx(np.full(50, 0.1), abs=0.01)


def test_a_train_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="longer train"):
        neural_correlation(np.array([0.0, 0.01]), longest=0.05, width=1e-3)
