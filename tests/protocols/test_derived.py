"""A derived quantity: computed after each sweep from what was measured, with its error, and called derived everywhere."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurorig.instruments import load_bench
from neurorig.instruments.wiring import DerivedNode
from neurorig.protocols import Rheobase, run_protocol, write_run_report
from neurorig.protocols.derived import derive
from neurorig.protocols.request import Request, opening
from neurorig.records import Run, RunWriter, export
from neurorig.signals import Trace

from .twin_rig import TwinRig


def trace(name: str, values: list[float], scale: float, error: float) -> Trace:
    samples = np.rint(np.array(values) / scale).astype(np.int16)
    return Trace(name, samples, scale, 0.0, "A", 0.0, 1e-4, error)


def test_sums_and_differences_with_their_errors() -> None:
    traces = {
        "a": trace("a", [40e-6, 41e-6], 1e-9, 30e-9),
        "b": trace("b", [10e-6, 5e-6], 7e-9, 40e-9),
        "c": trace("c", [1e-6, 2e-6], 2e-9, 120e-9),
    }
    found = derive(DerivedNode("n1.i_in", "A", ("a", "b"), ("c",)), traces)
    expected = traces["a"].values + traces["b"].values - traces["c"].values
    assert np.abs(found.values - expected).max() < 1e-10
    assert found.error == pytest.approx(130e-9)
    assert (found.name, found.unit, found.t0, found.dt) == ("n1.i_in", "A", 0.0, 1e-4)


def test_it_says_where_a_part_was_beyond_its_range() -> None:
    clipped = Trace("a", np.array([0, 5, 255], np.uint8), 1e-6, 0.0, "A", 0.0, 1e-4, clipped=2)
    other = Trace("b", np.array([0, 5, 200], np.uint8), 1e-6, 0.0, "A", 0.0, 1e-4)
    assert derive(DerivedNode("x", "A", ("a", "b"), ()), {"a": clipped, "b": other}).clipped == 2


def test_it_is_in_the_journal_the_report_and_the_exports(tmp_path: Path) -> None:
    text = load_bench().path.read_text(encoding="utf-8")
    file = tmp_path / "bench.toml"
    table = '[derived."n1.again"]\nplus = ["n1.i0"]\n\n[derived."n1.i_in"]\nplus = ["n1.i0", "s11.i_out"]\n\n'
    file.write_text(text.replace("[marker]", f"{table}[marker]"), encoding="utf-8")
    rig = TwinRig(load_bench(file))
    protocol = Rheobase.make({"block": False, "dwell": "0.1 s", "conditioning": 1, "step": "2 uA"})
    with RunWriter.create(tmp_path, opening(protocol, rig.bench, Request("rheobase"))) as writer:
        run_protocol(protocol, rig, writer)  # type: ignore[arg-type]  # the fakes fulfil the roles
    run = Run.open(writer.path)
    sweep = run.sweeps[0]
    # rheobase does not observe s11.i_out, so what needs it is not there
    assert set(sweep.traces) == {"n1.v_ap", "n1.i0", "n1.again"}
    again, once = sweep.traces["n1.again"], sweep.traces["n1.i0"]
    assert np.allclose(again.values, once.values, atol=once.scale / 8)
    assert again.error == pytest.approx(once.error)
    assert run.meta["derived"]["n1.i_in"] == "n1.i0 + s11.i_out"
    with h5py.File(run.path / "traces.h5") as journal:
        assert journal["traces/n1.again"].attrs["derived"] == "n1.i0"
    assert "n1.again (derived)" in next(f for f in export(run, "csv") if f.stem == "sweep_000").read_text()
    assert "no channel sees them" in write_run_report(run).read_text(encoding="utf-8")
    json.dumps(run.meta)
