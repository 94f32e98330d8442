"""A run handed to other programs."""

import csv

import numpy as np
import pandas as pd
import pytest

from neurorig.records import Channel, Run, RunWriter, SweepRecord, export
from neurorig.signals import RecordError, Trace

STARTED = "2026-11-20T06:45:12Z"


@pytest.fixture
def run(writer, take) -> Run:
    take(writer, 2)
    spikes = pd.DataFrame({"sweep": [0, 0, 1], "time": [0.1, 0.2, 1 / 3]})
    spikes.attrs["units"] = {"time": "s"}
    writer.results(spikes, name="spikes")
    writer.finish("done")
    run = Run.open(writer.path)
    run.mark_bad(1, reason='said "no", twice')
    return run


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        names, units, *rows = csv.reader(file)
    return names, units, rows


def test_csv_has_a_row_of_names_and_a_row_of_units_and_exact_numbers(run, trace):
    files = {p.name: p for p in export(run, "csv")}
    assert set(files) == {"sweeps.csv", "stimulus.csv", "sweep_000.csv", "sweep_001.csv", "spikes.csv"}

    names, units, rows = read_csv(files["sweep_001.csv"])
    assert (names, units) == (["time", "n1.v_ap"], ["s", "V"])
    values = np.array(rows, dtype=float)
    np.testing.assert_array_equal(values[:, 0], trace(1).times)
    np.testing.assert_array_equal(values[:, 1], trace(1).values)

    names, units, rows = read_csv(files["spikes.csv"])
    assert (names, units) == (["sweep", "time"], ["", "s"])
    assert float(rows[2][1]) == 1 / 3


def test_the_stimulus_is_one_row_per_step(run):
    (path,) = [p for p in export(run, "csv") if p.name == "stimulus.csv"]
    names, units, rows = read_csv(path)
    assert names == ["sweep", "port", "source", "start", "stop", "level"]
    assert units == ["", "", "", "s", "s", "A"]
    assert len(rows) == 2 * 2 * 3
    assert rows[1] == ["0", "n1.i0", "commanded", "1", "3", "0.0000676"] or float(rows[1][5]) == 67.6e-6


def test_bad_marks_and_comments_travel_with_the_sweeps(run, tmp_path):
    (path,) = [p for p in export(run, "csv", tmp_path / "out") if p.name == "sweeps.csv"]
    names, _, rows = read_csv(path)
    second = dict(zip(names, rows[1], strict=True))
    assert second["bad"] == "true" and second["comments"] == 'said "no", twice' and second["label"] == "kick 1"


def test_parquet_keeps_values_and_units(run, trace):
    files = {p.stem: p for p in export(run, "parquet")}
    frame = pd.read_parquet(files["sweep_000"])
    np.testing.assert_array_equal(frame["n1.v_ap"], trace(0).values)
    assert frame.attrs["units"] == {"time": "s", "n1.v_ap": "V"}
    assert pd.read_parquet(files["spikes"])["time"][2] == 1 / 3


def test_traces_with_other_time_bases_get_tables_of_their_own(tmp_path, trace):
    with RunWriter.create(tmp_path, {}) as writer:
        writer.open_journal([Channel("n1.v_ap", "V", "u1"), Channel("s11.i_s2", "A", "i2")], [])
        slow = Trace("s11.i_s2", np.arange(10, dtype=np.int16), 1e-9, 0.0, "A", 0.0, 1e-3)
        writer.add_sweep(SweepRecord(0, "x", STARTED), {"n1.v_ap": trace(0), "s11.i_s2": slow})
    files = {p.stem: p for p in export(Run.open(writer.path), "csv")}
    assert read_csv(files["sweep_000"])[0] == ["time", "n1.v_ap"]
    names, units, rows = read_csv(files["sweep_000_2"])
    assert (names, units, len(rows)) == (["time", "s11.i_s2"], ["s", "A"], 10)


def test_a_run_without_sweeps_exports_its_empty_tables(tmp_path):
    with RunWriter.create(tmp_path, {}) as writer:
        pass
    files = {p.name: p for p in export(Run.open(writer.path), "csv")}
    assert read_csv(files["sweeps.csv"])[2] == []


def test_unknown_formats_and_unwritable_folders_are_refused(run, tmp_path):
    with pytest.raises(RecordError, match=r"'cvs' is no export format\. Did you mean 'csv'"):
        export(run, "cvs")
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecordError, match="cannot be written"):
        export(run, "csv", tmp_path / "file")
