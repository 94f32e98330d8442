"""A run as it is written: it exists from the start, it is whole after every sweep, it says how it ended."""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from neurorig.records import Channel, Run, RunWriter, SweepRecord
from neurorig.records import writer as writer_module
from neurorig.signals import RecordError, RunInterrupted, Steps

STARTED = "2026-11-20T06:45:12Z"


def test_a_run_is_on_disk_before_the_first_output_is_enabled(tmp_path):
    writer = RunWriter.create(tmp_path / "new" / "runs", {"protocol": {"name": "bump"}, "seed": 7})

    assert re.fullmatch(r"\d{8}T\d{6}Z_bump_[0-9a-f]{4}", writer.id)
    on_disk = json.loads((writer.path / "run.json").read_text())
    assert on_disk["status"] == "running" and on_disk["seed"] == 7 and on_disk["schema"] == 1
    assert on_disk["software"]["packages"]["h5py"] == h5py.__version__
    assert Run.open(writer.path).log()[0]["event"] == "run created"
    assert Run.open(writer.path).status == "running"
    writer.finish("failed", error="the source did not answer")


def test_runs_begun_in_the_same_second_have_folders_of_their_own(tmp_path):
    writers = [RunWriter.create(tmp_path, {"protocol": {"name": "bump"}}) for _ in range(20)]
    assert len({w.path for w in writers}) == 20
    for w in writers:
        w.finish("done")


def test_a_run_begins_within_20_ms(tmp_path):
    took = []
    for _ in range(20):  # the quickest counts: a busy computer is not what is tried here
        start = time.perf_counter()
        writer = RunWriter.create(tmp_path, {"protocol": {"name": "bump"}})
        took.append(time.perf_counter() - start)
        writer.finish("done")
    assert min(took) < 0.020


def test_what_was_measured_comes_back_bit_for_bit(writer, take, trace, kick):
    take(writer, 3)
    writer.finish("done")

    sweep = Run.open(writer.path).sweeps[2]
    back, measured = sweep.traces["n1.v_ap"], trace(2)
    assert back.samples.dtype == measured.samples.dtype
    np.testing.assert_array_equal(back.samples, measured.samples)
    for field in ("name", "scale", "offset", "unit", "t0", "dt", "error", "clipped"):
        assert getattr(back, field) == getattr(measured, field)
    assert sweep.commanded["n1.i0"] == kick and sweep.reported["n1.i0"] == kick
    assert (sweep.label, sweep.started) == ("kick 2", "2026-11-20T06:45:12.250Z")
    assert (sweep.state, sweep.params, sweep.acquired) == ({"from": "rest"}, {"kick": 22.9e-6}, {"rate": 40e3})


def test_a_reader_follows_the_run_while_it_is_written(writer, take, trace):
    run = Run.open(writer.path)
    assert run.sweeps == []
    for k in range(4):
        take(writer, 1)
        assert [s.index for s in run.sweeps] == list(range(k + 1))
        np.testing.assert_array_equal(run.sweeps[k].traces["n1.v_ap"].samples, trace(k).samples)
        assert run.status == "running" and run.problems(deep=True) == []


def test_a_finished_journal_opens_in_any_hdf5_program(writer, take, trace):
    take(writer, 2)
    writer.finish("done")
    with h5py.File(writer.path / "traces.h5", "r") as file:
        row = file["sweeps"][1]["traces"]["n1.v_ap"]
        samples = file["traces/n1.v_ap"][row["first"] : row["first"] + row["count"]]
        np.testing.assert_array_equal(samples, trace(1).samples)
        assert file["traces/n1.v_ap"].attrs["unit"] == "V"
        assert row["scale"] == 0.04
        assert "/traces/<node>" in file.attrs["about"]


def test_a_sweep_may_observe_fewer_nodes_than_the_run(tmp_path, trace, kick):
    with RunWriter.create(tmp_path, {}) as writer:
        writer.open_journal([Channel("n1.v_ap", "V", "u1"), Channel("s11.i_s2", "A", "i2")], ["n1.i0", "n2.i0"])
        writer.add_sweep(SweepRecord(0, "only spikes", STARTED), {"n1.v_ap": trace(0)}, {"n2.i0": kick})
    sweep = Run.open(writer.path).sweeps[0]
    assert list(sweep.traces) == ["n1.v_ap"] and list(sweep.commanded) == ["n2.i0"] and not sweep.reported
    with pytest.raises(KeyError, match=r"s11\.i_s2"):
        sweep.traces["s11.i_s2"]


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (None, "done", None),
        (ValueError("scope did not trigger"), "failed", "scope did not trigger"),
        (KeyboardInterrupt(), "interrupted", "stopped from the keyboard"),
        (RunInterrupted("SIGTERM"), "interrupted", "SIGTERM"),
    ],
)
def test_leaving_the_block_says_how_the_run_ended(tmp_path, take, error, status, said):
    try:
        with RunWriter.create(tmp_path, {}) as writer:
            writer.open_journal([Channel("n1.v_ap", "V", np.uint8)], ["n1.i0"])
            take(writer, 2)
            if error:
                raise error
    except (ValueError, KeyboardInterrupt, RunInterrupted) as raised:
        assert raised is error
    run = Run.open(writer.path)
    assert run.status == status and run.meta["error"] == said
    assert len(run.sweeps) == 2 and run.problems(deep=True) == []


def test_updates_are_laid_over_what_is_there(writer):
    writer.update(times={"started": STARTED}, instruments={"scope": {"identity": "RIGOL"}})
    writer.update(instruments={"scope": {"settings": {"range": np.float64(0.5)}}, "source": {}})
    meta = Run.open(writer.path).meta
    assert meta["times"]["started"] == STARTED and meta["times"]["created"]
    assert meta["instruments"] == {"scope": {"identity": "RIGOL", "settings": {"range": 0.5}}, "source": {}}


def test_a_number_that_is_not_known_is_null_in_run_json(writer):
    writer.update(results={"f_star": float("nan"), "rates": np.array([1.0, np.inf])})
    text = (writer.path / "run.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)["results"] == {"f_star": None, "rates": [1.0, None]}


def test_nothing_is_added_to_a_run_that_has_ended_but_events(writer, take):
    writer.finish("stopped")
    writer.finish("done")
    with pytest.raises(RecordError, match="has ended"):
        writer.update(seed=8)
    with pytest.raises(RecordError, match="has ended"):
        take(writer, 1)
    writer.log("report written", path=Path("report.html"), level="info")
    run = Run.open(writer.path)
    assert run.status == "stopped"
    assert [e["event"] for e in run.log()][-2:] == ["run ended", "report written"]
    assert run.log()[-1]["path"] == "report.html"


def test_results_keep_their_units(writer):
    frame = pd.DataFrame({"f_star": [106.2], "verdict": ["sustained"]})
    frame.attrs["units"] = {"f_star": "Hz"}
    writer.results(frame)
    writer.results(pd.DataFrame({"time": [0.1, 0.2]}), name="spikes")
    run = Run.open(writer.path)
    pd.testing.assert_frame_equal(run.results(), frame)
    assert run.results().attrs["units"] == {"f_star": "Hz"}
    assert run.tables() == ["results", "spikes"] and len(run.results("spikes")) == 2
    assert run.results("drift") is None


def test_a_sweep_that_does_not_match_is_refused_and_nothing_is_written(writer, take, trace, kick):
    take(writer, 1)
    head = SweepRecord(1, "next", STARTED)
    volts = Steps.of([1.0], [1.0], "a unit of seventeen")
    refusals = {
        "no channel of this run": lambda: writer.add_sweep(head, {"n2.v_ap": trace(1)}),
        "no port of this run": lambda: writer.add_sweep(head, {}, {"n2.i0": kick}),
        "16 plain letters": lambda: writer.add_sweep(head, {}, {"n1.i0": volts}),
        "next sweep of this run is number 1": lambda: writer.add_sweep(SweepRecord(5, "x", STARTED), {}),
        "what JSON can hold": lambda: writer.add_sweep(SweepRecord(1, "x", STARTED, params={"a": object()}), {}),
    }
    for reason, attempt in refusals.items():
        with pytest.raises(RecordError, match=reason):
            attempt()
    assert len(Run.open(writer.path).sweeps) == 1
    take(writer, 1)
    assert Run.open(writer.path).problems(deep=True) == []


def test_a_trace_of_another_type_or_unit_is_refused(tmp_path, trace):
    with RunWriter.create(tmp_path, {}) as writer:
        writer.open_journal([Channel("n1.v_ap", "A", np.uint8)], [])
        with pytest.raises(RecordError, match=r"n1\.v_ap is uint8 in V; the journal was opened for uint8 in A"):
            writer.add_sweep(SweepRecord(0, "x", STARTED), {"n1.v_ap": trace(0)})
    with pytest.raises(RecordError, match="integers with a scale"):
        Channel("n1.v_ap", "V", np.float64)


@pytest.mark.parametrize("names", [["n1/v"], [""], ["."], ["a", "a"]])
def test_names_that_cannot_be_datasets_are_refused(tmp_path, names):
    with RunWriter.create(tmp_path, {}) as writer, pytest.raises(RecordError, match="cannot name a channel"):
        writer.open_journal([Channel(n, "V", np.uint8) for n in names], [])


@pytest.mark.parametrize("started", ["yesterday", "2026-11-20T06:45:12", "2026-11-20T06:45:12+01:00"])
def test_sweeps_start_in_utc(started):
    with pytest.raises(RecordError, match="not a UTC time"):
        SweepRecord(0, "x", started)


AS_NOBODY = """
import os, sys
from neurorig.records import RunWriter
from neurorig.records import folder, jsonfile, lock, provenance, tables, writer  # before the rights to read them go
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
RunWriter.create(sys.argv[1], {})
"""


def test_a_folder_that_is_a_file_is_refused_with_its_path(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(RecordError, match=r"notes\.txt.*--out"):
        RunWriter.create(tmp_path / "notes.txt", {})
    with pytest.raises(RecordError, match=r"notes\.txt.*Not a directory.*--out"):
        RunWriter.create(tmp_path / "notes.txt" / "runs", {})


def test_a_folder_without_permission_is_refused(tmp_path):
    """In a process that gives its rights away first: root may write anywhere."""
    tmp_path.chmod(0o500)
    tried = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert "RecordError" in tried.stderr
    assert "Permission denied" in tried.stderr


def test_a_nearly_full_disk_is_refused_with_numbers(tmp_path, monkeypatch, writer, take):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12 - 10**8, 10**8))
    with pytest.raises(RecordError, match=r"100 MB free, 2000 MB to be written.*--out"):
        RunWriter.create(tmp_path / "full", {}, expected_bytes=2 * 10**9)
    assert list((tmp_path / "full").iterdir()) == []

    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, 0))
    with pytest.raises(RecordError, match="nearly full: 0 MB free"):
        take(writer, 1)
    monkeypatch.undo()
    take(writer, 1)
    assert len(Run.open(writer.path).sweeps) == 1


def test_a_run_that_cannot_be_begun_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(writer_module, "write_meta", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        RunWriter.create(tmp_path, {})
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_was_refused_is_discarded_and_one_that_has_begun_is_not(tmp_path):
    refused = RunWriter.create(tmp_path, {})
    refused.finish("failed", error="another model answers")
    refused.discard()
    assert list(tmp_path.iterdir()) == []
    begun = RunWriter.create(tmp_path, {})
    begun.begin()
    with pytest.raises(RecordError, match="has begun"):
        begun.discard()
    begun.finish("failed")
    assert [e["event"] for e in Run.open(begun.path).log()] == ["run created", "first output", "run ended"]
