"""The list of runs: quick, disposable, never in the way."""

import json
import shutil
import time

import pytest

from neurorig.records import Catalogue, Run, RunWriter
from neurorig.signals import RecordError


def make(root, *names, **meta):
    for name in names:
        with RunWriter.create(root, {"protocol": {"name": name}, "board": {"name": "wu2025_bump"}, **meta}) as writer:
            pass
    return writer.path


def protocols(entries):
    return sorted(e.protocol for e in entries)


def test_every_run_is_listed_with_what_it_was(tmp_path):
    make(tmp_path, "bump", "rheobase", simulated=True, bench={"name": "published"})
    entries = Catalogue(tmp_path).list()
    assert protocols(entries) == ["bump", "rheobase"]
    assert {(e.status, e.board, e.bench, e.simulated, e.sweeps) for e in entries} == {
        ("done", "wu2025_bump", "published", True, 0)
    }


def test_a_folder_without_runs_lists_none(tmp_path):
    assert Catalogue(tmp_path / "nowhere").list() == []
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "wu2025.pdf").write_bytes(b"")
    assert Catalogue(tmp_path).list() == []


def test_the_catalogue_may_be_deleted_or_damaged(tmp_path):
    make(tmp_path, "bump", "rheobase")
    catalogue = Catalogue(tmp_path)
    before = catalogue.list()
    catalogue.path.unlink()
    assert catalogue.list() == before
    catalogue.path.write_bytes(b"not a data base" * 100)
    assert catalogue.list() == before
    assert catalogue.rebuild() == before


def test_only_what_changed_is_read_again(tmp_path, monkeypatch):
    make(tmp_path, "bump", "bump", "rheobase")
    catalogue = Catalogue(tmp_path)
    catalogue.list()
    commented = make(tmp_path, "drift")
    catalogue.list()
    Run.open(commented).comment("look here")

    from neurorig.records import catalogue as module

    read = []
    summary = module.summary
    monkeypatch.setattr(module, "summary", lambda folder: read.append(folder.name) or summary(folder))
    (entry,) = [e for e in catalogue.list() if e.protocol == "drift"]
    assert read == [commented.name] and entry.comments == 1
    shutil.rmtree(commented)
    assert protocols(catalogue.list()) == ["bump", "bump", "rheobase"]


def test_a_run_is_seen_through_its_life(tmp_path, take, writer):
    catalogue = Catalogue(writer.path.parent)
    take(writer, 1)
    assert [(e.status, e.sweeps) for e in catalogue.list()] == [("running", 1)]
    take(writer, 1)
    assert [(e.status, e.sweeps) for e in catalogue.list()] == [("running", 2)]
    writer.finish("failed", error="x")
    assert [(e.status, e.sweeps) for e in catalogue.list()] == [("failed", 2)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda run: (run / "run.json").write_text('{"schema": 1, "status"'),
        lambda run: (run / "run.json").write_text("[]"),
        lambda run: (run / "run.json").unlink(),
        lambda run: (run / "traces.h5").unlink(),
        lambda run: (run / "traces.h5").write_bytes(b"\x89HDF\r\n"),
        lambda run: (run / "run.json").write_text(json.dumps({"schema": 1, "status": "done", "times": 3})),
    ],
)
def test_a_damaged_run_is_listed_as_damaged_beside_the_others(damage, writer, take):
    take(writer, 2)
    writer.finish("done")
    damage(writer.path)
    root = writer.path.parent
    make(root, "rheobase")
    entries = {e.id: e for e in Catalogue(root).list()}
    assert sorted(e.status for e in entries.values()) == ["damaged", "done"]
    assert entries[writer.id].problem


def test_a_run_of_a_newer_neurorig_says_so(tmp_path):
    path = make(tmp_path, "bump")
    meta = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps(meta | {"schema": 99}))
    with pytest.raises(RecordError, match="newer neurorig"):
        Run.open(path)


def test_runs_are_found_by_what_a_person_types(tmp_path):
    first = make(tmp_path, "bump")
    second = make(tmp_path, "rheobase")
    catalogue = Catalogue(tmp_path)
    assert catalogue.find(str(first)) == first
    assert catalogue.find(second.name) == second
    assert catalogue.find("rheo") == second
    assert catalogue.find("last").name == max(first.name, second.name)
    with pytest.raises(RecordError, match="any of 2 runs"):
        catalogue.find("20")
    with pytest.raises(RecordError, match="No run 'rheobasis'"):
        catalogue.find("rheobasis")
    with pytest.raises(RecordError, match="no runs in"):
        Catalogue(tmp_path / "empty").find("last")


def test_five_hundred_runs_list_at_once(tmp_path):
    template = make(tmp_path, "bump")
    for k in range(499):
        shutil.copytree(template, tmp_path / f"20260101T{k:06d}Z_bump_aaaa")
    catalogue = Catalogue(tmp_path)
    assert len(catalogue.list()) == 500
    start = time.perf_counter()
    catalogue.list()
    assert time.perf_counter() - start < 0.2


def test_the_last_run_is_the_newest_that_can_be_read(tmp_path):
    path = make(tmp_path, "bump")
    killed = tmp_path / "29991231T235959Z_bump_ffff"  # its program was killed while it made the folder
    killed.mkdir()
    (killed / "writer.lock").touch()
    catalogue = Catalogue(tmp_path)
    assert {e.id: e.status for e in catalogue.list()} == {path.name: "done", killed.name: "damaged"}
    assert catalogue.find("last") == path
    shutil.rmtree(path)
    with pytest.raises(RecordError, match="no readable runs"):
        catalogue.find("last")
