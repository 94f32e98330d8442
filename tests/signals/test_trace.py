import numpy as np

from neurorig.signals import Trace

TRACE = Trace("n1.v_ap", np.arange(0, 250, dtype=np.uint8), 0.02, -0.5, "V", t0=-0.01, dt=1e-4, error=0.01)


def test_a_sample_means_its_scale_and_offset() -> None:
    assert TRACE.values[100] == 100 * 0.02 - 0.5
    assert TRACE.times[100] == -0.01 + 100e-4
    assert TRACE.code(1.5) == 100.0


def test_a_part_keeps_the_time_of_its_samples_and_copies_nothing() -> None:
    part = TRACE.between(0.0, 0.005)
    assert part.t0 == 0.0
    assert len(part) == 50
    assert np.shares_memory(part.samples, TRACE.samples)
    assert len(TRACE.between(5.0, 6.0)) == 0
