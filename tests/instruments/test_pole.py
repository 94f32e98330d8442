"""One pole in plain numpy against the filter of a library."""

import numpy as np
import pytest
from scipy.signal import lfilter

from neurorig.instruments.simulated.pole import smooth


@pytest.mark.parametrize("decay", [1.1e-3, 0.1, 0.9, 0.99, 0.99999])
@pytest.mark.parametrize("n", [1, 3, 1000, 50_000])
def test_it_is_the_recursion(decay: float, n: int) -> None:
    volts = 3.0 + np.random.default_rng(n).normal(size=n)
    expected, _ = lfilter([1 - decay], [1, -decay], volts, zi=[decay * 2.0])
    assert np.allclose(smooth(volts, decay, 2.0), expected, rtol=0, atol=2e-8)
    assert len(smooth(volts[:0], decay, 2.0)) == 0
