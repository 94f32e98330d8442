"""What a source tells of itself is kept beside the traces, exactly, and never among them."""

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorig.records import Channel, Run, RunWriter, SweepRecord, Told, export
from neurorig.signals import RecordError, Stamps, Trace

STARTED = "2026-11-20T06:45:12Z"
READ_BACKS = [Channel("source.V1", "V", np.int16), Channel("source.I1", "A", np.int16)]


def read_back(name: str, unit: str, n: int = 500) -> Trace:
    codes = np.random.default_rng(n).integers(-1023, 1024, n).astype(np.int16)
    return Trace(name, codes, 5 / 1024, 0.0, unit, -0.0123, 1e-3, 5e-3)


def told(counts=(3, 70, 2**33), lost: int = 2) -> Told:
    return Told(
        {"source.V1": read_back("source.V1", "V"), "source.I1": read_back("source.I1", "A", 499)},
        {"source.1": Stamps(np.array(counts, np.int64), 0.5e-6, lost)},
    )


def opened(folder) -> RunWriter:
    writer = RunWriter.create(folder, {"protocol": {"name": "x"}})
    writer.open_journal([Channel("n1.v_ap", "V", np.uint8)], [], READ_BACKS, ["source.1"])
    return writer


def test_it_comes_back_bit_for_bit_beside_the_traces(tmp_path, trace):
    with opened(tmp_path) as writer:
        writer.add_sweep(SweepRecord(0, "a", STARTED), {"n1.v_ap": trace(1)}, told=told())
        writer.add_sweep(SweepRecord(1, "nothing told", STARTED), {"n1.v_ap": trace(2)})
        writer.add_sweep(SweepRecord(2, "b", STARTED), {}, told=told((), 0))
        live = Run.open(writer.path).sweeps[0].stamps["source.1"]
        assert live.counts.tolist() == [3, 70, 2**33]
    run = Run.open(writer.path)
    assert run.problems(deep=True) == []
    first, second, third = run.sweeps
    assert (list(first.traces), list(first.read_backs), list(first.stamps)) == (
        ["n1.v_ap"], ["source.V1", "source.I1"], ["source.1"],
    )  # fmt: skip
    for name, kept in told().read_backs.items():
        back = first.read_backs[name]
        assert np.array_equal(back.samples, kept.samples) and back.samples.dtype == np.int16
        assert (back.unit, back.t0, back.dt, back.scale) == (kept.unit, kept.t0, kept.dt, kept.scale)
    stamps = first.stamps["source.1"]
    assert (stamps.unit, stamps.lost) == (0.5e-6, 2)
    assert stamps.times == pytest.approx([1.5e-6, 35e-6, 2**32 * 1e-6])
    assert not second.read_backs and not second.stamps
    assert len(third.stamps["source.1"]) == 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2**62), max_size=300), st.integers(0, 2**40))
def test_any_stamps_are_kept(tmp_path_factory, counts, lost):
    with opened(tmp_path_factory.mktemp("run")) as writer:
        writer.add_sweep(SweepRecord(0, "a", STARTED), {}, told=told(counts, lost))
    back = Run.open(writer.path).sweeps[0].stamps["source.1"]
    assert (back.counts.tolist(), back.lost) == (counts, lost)


def test_what_was_not_announced_is_refused_and_nothing_is_written(tmp_path):
    with opened(tmp_path) as writer:
        for wrong in (
            Told({"source.V2": read_back("source.V2", "V")}),
            Told({"source.V1": read_back("source.V1", "A")}),
            Told(stamps={"source.2": Stamps(np.array([1]), 0.5e-6)}),
        ):
            with pytest.raises(RecordError, match=r"source\.(V1|V2|2)"):
                writer.add_sweep(SweepRecord(0, "a", STARTED), {}, told=wrong)
        assert writer.sweeps == 0


def test_damaged_stamps_are_told(tmp_path):
    with opened(tmp_path) as writer:
        writer.add_sweep(SweepRecord(0, "a", STARTED), {}, told=told())
    with h5py.File(writer.path / "traces.h5", "r+") as file:
        file["stamps/source.1"][1] += 1
    run = Run.open(writer.path)
    assert any("source.1 are damaged" in problem for problem in run.problems(deep=True))
    with pytest.raises(RecordError, match=r"source\.1 are damaged"):
        run.sweeps[0].stamps["source.1"]


def test_it_is_exported_under_its_own_names(tmp_path, trace):
    with opened(tmp_path) as writer:
        writer.add_sweep(SweepRecord(0, "a", STARTED), {"n1.v_ap": trace(1)}, told=told())
    files = {f.stem: f for f in export(Run.open(writer.path), "parquet")}
    assert {"stamps", "sweep_000", "sweep_000_reported", "sweep_000_reported_2"} <= set(files)
    stamps = pd.read_parquet(files["stamps"])
    assert stamps["input"].tolist() == ["source.1"] * 3
    assert stamps["time"].tolist() == pytest.approx([1.5e-6, 35e-6, 2**32 * 1e-6])
    assert "source.V1" in pd.read_parquet(files["sweep_000_reported"]).columns
