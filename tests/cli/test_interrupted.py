"""Whatever ends the program, no current flows afterwards and no sweep that was taken is lost.

The instruments live in a process of their own, as on a bench; their physical output is asked of the witness.
"""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .bench_process import COMMAND, ServedBench, answered, served


def start_run(bench: ServedBench, folder: Path) -> subprocess.Popen[str]:
    arguments = ["run", "bump", "--bench", str(bench.file), "-p", "repeats=40", "--out", "runs"]
    return subprocess.Popen(
        [*COMMAND, *arguments, "--json"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_sweeps(folder: Path, count: int, process: subprocess.Popen[str]) -> list[int]:
    """Indices of the sweeps acknowledged in the log, once there are enough."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        events = [json.loads(line) for log in folder.glob("runs/*/log.jsonl") for line in log.read_text().splitlines()]
        taken = [e["sweep"] for e in events if e["event"] == "sweep written"]
        if len(taken) >= count:
            return taken
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError("no sweep was taken in a minute")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_ended_by_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with served(tmp_path) as bench:
        process = start_run(bench, tmp_path)
        taken = wait_for_sweeps(tmp_path, 2, process)
        process.send_signal(number)
        if number == signal.SIGINT:
            process.send_signal(number)  # a second Ctrl-C changes nothing
        process.wait(timeout=30)
        bench.wait_until_off(within=5.0)
        if number != signal.SIGKILL:
            assert process.returncode == 130
            assert process.stdout is not None
            document = json.loads(process.stdout.read())
            assert (document["status"], document["exit_code"]) == ("interrupted", 130)
            assert Path(document["run"]).parent == tmp_path / "runs"
    (row,) = json.loads(answered("list", "--json", cwd=tmp_path).stdout)
    assert row["status"] == "interrupted"
    shown = json.loads(answered("show", "last", "--json", cwd=tmp_path).stdout)
    indices = [s["index"] for s in shown["sweeps"]]
    assert set(taken) <= set(indices)
    assert shown["results"]["sustained"] is True
    written = answered("report", "last", cwd=tmp_path)
    assert Path(written.stdout.strip()).is_file(), written.stderr
    note = answered("comment", "last", "lamp was on", "--sweep", "1", cwd=tmp_path)
    assert note.returncode == 0, note.stderr
    again = json.loads(answered("show", "last", "--json", cwd=tmp_path).stdout)
    assert again["sweeps"][1]["comments"] == ["lamp was on"]


def test_a_program_that_hangs_is_caught_by_the_watchdog(tmp_path: Path) -> None:
    """Stopped, not killed: the guardian sees a living parent, so it is the source's own watchdog that acts."""
    with served(tmp_path) as bench:
        process = start_run(bench, tmp_path)
        wait_for_sweeps(tmp_path, 1, process)
        process.send_signal(signal.SIGSTOP)
        bench.wait_until_off(within=6.0)
        process.send_signal(signal.SIGKILL)
        process.send_signal(signal.SIGCONT)
        process.wait(timeout=30)
