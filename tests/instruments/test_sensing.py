import numpy as np
import pytest

from neurorig.instruments import SenseChain
from neurorig.signals import Trace

RECORD = Trace("1", np.array([0, 100, 200], dtype=np.uint8), 1e-3, -0.1, "V", 0.0, 1e-4, error=1e-3)


def test_a_replica_leg_turns_volts_over_its_loaded_resistor_into_current() -> None:
    chain = SenseChain(kind="replica", resistance=10e3, probe=1e6, gain_error=0.005)
    current = chain.apply(RECORD, "s11.i_out", "A")
    loaded = 10e3 * 1e6 / (10e3 + 1e6)
    np.testing.assert_allclose(current.values, RECORD.values / loaded)
    assert current.unit == "A"
    assert np.shares_memory(current.samples, RECORD.samples)
    assert current.error == pytest.approx(np.hypot(1e-3 / loaded, 0.005 * 0.1 / loaded))


def test_what_a_quantity_makes_at_the_tip_is_read_back_as_that_quantity() -> None:
    for chain in (
        SenseChain(kind="direct", gain=0.98, zero=0.003),
        SenseChain(kind="across", resistance=1e3, gain=1.01, zero=-0.002),
    ):
        volts = chain.to_volts(0.05)
        trace = Trace("1", np.array([1], dtype=np.uint8), volts, 0.0, "V", 0.0, 1.0)
        assert chain.apply(trace, "x", "V").values[0] == pytest.approx(0.05)


@pytest.mark.parametrize("scatter", [0.7, 2.0, 10.0])
def test_the_noise_of_a_record_is_told_from_its_samples_whatever_spikes_in_it(scatter: float) -> None:
    random = np.random.default_rng(8)
    values = 60 + scatter * random.normal(size=30_000) + 0.001 * np.arange(30_000)
    values[::500] += 120
    trace = Trace("1", np.rint(values).astype(np.uint8), 2e-3, 0.0, "V", 0.0, 1e-4)
    assert trace.noise == pytest.approx(scatter * 2e-3, rel=0.1)


def test_what_is_finer_than_the_converter_is_left_to_its_resolution() -> None:
    assert Trace("1", np.full(100, 7, np.uint8), 2e-3, 0.0, "V", 0.0, 1e-4).noise == 0.0
    assert RECORD.noise == 0.0


def test_an_error_bar_adds_resolution_noise_and_gain() -> None:
    chain = SenseChain(kind="across", resistance=1e3, gain_error=0.01)
    samples = np.rint(100 + 3 * np.random.default_rng(9).normal(size=10_000)).astype(np.uint8)
    trace = Trace("1", samples, 1e-3, 0.0, "V", 0.0, 1e-4, error=0.3e-3)
    found = chain.apply(trace, "n1.i0", "A").error
    assert found == pytest.approx(np.sqrt(0.3e-6**2 + 3e-6**2 + (0.01 * samples.max() * 1e-6) ** 2), rel=0.02)
