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
