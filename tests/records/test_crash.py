"""What is left when a run does not end by itself."""

import contextlib
import random
import signal
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurorig.records import Catalogue, Run
from neurorig.signals import RecordError


def acknowledged(process: subprocess.Popen[str], at_least: int) -> list[int]:
    assert process.stdout is not None
    return [int(process.stdout.readline()) for _ in range(at_least)]


def the_rest(process: subprocess.Popen[str]) -> list[int]:
    """What it still said before it ended; `communicate` would lose the lines that `readline` has buffered."""
    assert process.stdout is not None
    said = [int(line) for line in process.stdout]
    process.wait()
    return said


def press_ctrl_c(process: subprocess.Popen[str]) -> None:
    """Until it ends: Python drops an interrupt that comes while h5py lets go of something, about one in ten."""
    for _ in range(10):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
            return
    raise AssertionError("it goes on after ten times Ctrl-C")


def whole(run: Run, n: int) -> list[int]:
    """The sweeps that read back as they were measured."""
    kept = []
    for s in run.sweeps:
        k = s.index
        np.testing.assert_array_equal(
            s.traces["n1.v_ap"].samples, np.random.default_rng(k).integers(0, 256, n + k % 7).astype(np.uint8)
        )
        np.testing.assert_array_equal(s.traces["n1.v_m"].samples, (np.arange(n // 2) + k).astype(np.int16))
        assert s.commanded["n1.i0"].levels[1] == k * 1e-9 and s.params == {"k": k}
        kept.append(k)
    return kept


@pytest.mark.parametrize("n", [200, 5000, 400_000])
def test_no_acknowledged_sweep_is_lost_when_the_writer_is_killed(tmp_path, recording_process, n):
    moments = random.Random(n)
    for trial in range(3):
        root = tmp_path / str(trial)
        process = recording_process(root, n)
        first = acknowledged(process, moments.randint(1, 8))
        moments_later = moments.random() * 0.05
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(moments_later)
        process.kill()
        said = first + the_rest(process)

        (entry,) = Catalogue(root).list()
        assert entry.status == "interrupted" and entry.problem is None
        run = Run.open(root / entry.id)
        assert run.status == "interrupted"
        kept = whole(run, n)
        assert kept == list(range(len(kept)))
        assert len(said) <= len(kept) <= len(said) + 1
        assert entry.sweeps == len(kept)
        assert run.problems(deep=True) == []


def test_ctrl_c_keeps_every_sweep_and_closes_the_journal(tmp_path, recording_process):
    process = recording_process(tmp_path, 5000)
    first = acknowledged(process, 3)
    press_ctrl_c(process)
    said = first + the_rest(process)

    (entry,) = Catalogue(tmp_path).list()
    run = Run.open(tmp_path / entry.id)
    assert run.status == run.meta["status"] == "interrupted"
    assert len(said) <= len(whole(run, 5000)) <= len(said) + 1
    assert run.problems(deep=True) == []


def test_another_process_reads_along(tmp_path, recording_process):
    process = recording_process(tmp_path, 5000)
    acknowledged(process, 1)
    (folder,) = tmp_path.iterdir()
    run = Run.open(folder)
    seen = []
    for _ in range(10):
        said = acknowledged(process, 3)[-1]
        sweeps = run.sweeps
        seen.append(len(sweeps))
        assert len(sweeps) > said and run.status == "running"
        k = sweeps[-1].index
        expected = np.random.default_rng(k).integers(0, 256, 5000 + k % 7)
        np.testing.assert_array_equal(sweeps[-1].traces["n1.v_ap"].samples, expected)
    assert seen == sorted(seen)


def overwrite(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))


def test_a_torn_sweep_is_reported_and_the_others_are_read(writer, take):
    take(writer, 3)
    writer.finish("done")
    overwrite(writer.path / "traces.h5", b'"label": "kick 1"', b'"label": "kick 7"')
    run = Run.open(writer.path)
    assert [s.index for s in run.sweeps] == [0, 2]
    assert any("sweep 1 is damaged" in p for p in run.problems(deep=True))


def test_damaged_samples_are_reported_not_returned(writer, take, trace):
    take(writer, 2)
    writer.finish("done")
    file = writer.path / "traces.h5"
    with h5py.File(file) as journal:
        chunk = journal["traces/n1.v_ap"].id.get_chunk_info(1)
    content = bytearray(file.read_bytes())
    middle = chunk.byte_offset + chunk.size // 2
    content[middle : middle + 200] = bytes(200)
    file.write_bytes(content)

    run = Run.open(writer.path)
    np.testing.assert_array_equal(run.sweeps[0].traces["n1.v_ap"].samples, trace(0).samples)
    with pytest.raises(RecordError, match=r"traces\.h5"):
        run.sweeps[1].traces["n1.v_ap"]
    (problem,) = run.problems(deep=True)
    assert "traces.h5" in problem


def test_a_truncated_journal_is_reported(writer, take):
    take(writer, 4)
    writer.finish("done")
    file = writer.path / "traces.h5"
    file.write_bytes(file.read_bytes()[:-4000])
    (entry,) = Catalogue(writer.path.parent).list()
    assert entry.status == "damaged" and "when the run ended" in entry.problem


def test_a_line_torn_by_a_crash_costs_no_other_line(writer):
    log = writer.path / "log.jsonl"
    writer.finish("done")
    with log.open("ab") as file:
        file.write(b'{"time": "2026-11-2')
    writer.log("report written")
    run = Run.open(writer.path)
    assert run.log()[-1]["event"] == "report written"
    assert any("log.jsonl: line" in p for p in run.problems())


@pytest.mark.parametrize("stage", ["traces/n1.v_ap", "commanded/n1.i0", "documents", "sweeps"])
def test_a_sweep_cut_short_by_ctrl_c_is_not_there_and_harms_no_other(writer, take, trace, monkeypatch, stage):
    from neurorig.records.journal import _Array

    take(writer, 1)
    append = _Array.append
    broken = writer._journal._arrays[stage]

    def interrupted(array, values, **options):
        first = append(array, values[:-1], **options)
        if array is broken:
            raise KeyboardInterrupt
        return append(array, values[-1:]) and first

    monkeypatch.setattr(_Array, "append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        take(writer, 1)
    monkeypatch.undo()
    assert len(Run.open(writer.path).sweeps) == 1
    take(writer, 2)
    writer.finish("interrupted")
    run = Run.open(writer.path)
    assert [s.index for s in run.sweeps] == [0, 1, 2] and run.problems(deep=True) == []
    for sweep in run.sweeps:
        np.testing.assert_array_equal(sweep.traces["n1.v_ap"].samples, trace(sweep.index).samples)


def test_ctrl_c_between_making_room_for_a_row_and_writing_it_leaves_no_trace(writer, take):
    take(writer, 1)
    writer._journal._arrays["sweeps"]._id.set_extent((2,))
    writer.finish("interrupted")
    run = Run.open(writer.path)
    assert len(run.sweeps) == 1 and run.problems(deep=True) == []
