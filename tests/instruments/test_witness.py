"""The witness of a simulated bench tells what flows now, also when the last word just changed it."""

import json

import pytest

from neurorig.instruments import load_bench
from neurorig.instruments.simulated.bench import SimulatedBench, Witness


def test_the_witness_sees_a_current_as_soon_as_it_is_on_and_no_current_as_soon_as_it_is_off() -> None:
    bench = SimulatedBench(load_bench())
    source, witness = bench.devices["source"].session(), Witness(bench).session()

    def flows_after(*lines: bytes) -> float:
        for line in lines:
            assert source.receive(line + b"\n") == b"OK\n"
        return float(json.loads(witness.receive(b"\n"))["ports"]["n1.i0"])

    assert flows_after(b"*CLS", b"OUTP1 ON") == 0.0
    assert flows_after(b"SOUR1:CURR 40000") == pytest.approx(40e-6, abs=61e-9)
    assert flows_after(b"OUTP1 OFF") == 0.0
