"""Comments and bad marks: added at any time, never edited."""

import subprocess

import pytest

from neurorig.records import Catalogue, Run
from neurorig.signals import RecordError


def test_a_sweep_is_marked_bad_and_its_data_stay(writer, take):
    take(writer, 3)
    run = Run.open(writer.path)
    run.mark_bad(1, reason="probe slipped off R_s")
    run.comment("ΔT after 20 min: 3 K", sweep=2)
    writer.finish("done")
    run.comment("shown at the group meeting")

    assert [s.bad for s in run.sweeps] == [False, True, False]
    assert len(run.sweeps[1].traces["n1.v_ap"]) == 3000
    assert [n.text for n in run.sweeps[2].comments] == ["ΔT after 20 min: 3 K"]
    assert [n.kind for n in run.comments] == ["bad", "comment", "comment"]
    assert not run.bad


def test_a_mark_is_overruled_not_erased(writer, take):
    take(writer, 1)
    run = Run.open(writer.path)
    run.mark_bad(reason="wrong trimmer?")
    assert run.bad
    before = (writer.path / "notes.jsonl").read_bytes()
    run.mark_good(reason="trimmer was right")
    assert not run.bad
    assert (writer.path / "notes.jsonl").read_bytes().startswith(before)
    assert [n.text for n in run.comments] == ["wrong trimmer?", "trimmer was right"]


def test_an_interrupted_run_takes_comments(tmp_path, recording_process):
    process: subprocess.Popen[str] = recording_process(tmp_path, 1000)
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.wait()
    (entry,) = Catalogue(tmp_path).list()
    run = Run.open(tmp_path / entry.id)
    run.comment("power cut")
    run.mark_bad(0, reason="cut short")
    assert run.status == "interrupted" and run.sweeps[0].bad
    (again,) = Catalogue(tmp_path).list()
    assert again.comments == 2 and again.status == "interrupted"


def test_a_comment_survives_the_torn_line_before_it(writer):
    (writer.path / "notes.jsonl").write_bytes(b'{"time": "2026-11-20T06:4')
    run = Run.open(writer.path)
    run.comment("after the crash")
    assert [n.text for n in run.comments] == ["after the crash"]
    assert any("notes.jsonl: line 1 is damaged" in p for p in run.problems())


def test_notes_on_nothing_are_refused(writer, take):
    run = Run.open(writer.path)
    with pytest.raises(RecordError, match="no sweep 0; it has no sweeps"):
        run.mark_bad(0, reason="x")
    take(writer, 2)
    with pytest.raises(RecordError, match="no sweep 2; its sweeps are 0 to 1"):
        run.comment("x", sweep=2)
    with pytest.raises(RecordError, match="empty"):
        run.comment("  ")
    assert run.comments == []
