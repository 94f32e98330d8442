"""Every way out of a run, in every phase of it: no current flows afterwards, no sweep is lost, nothing is claimed.

One bench, served by a process of its own, serves all; what physically flows is asked of the witness.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from neurorig.records import Run

from .bench_process import ServedBench, neurorig, served

SHORT = ("rest=0.1s", "kick_duration=0.3s", "settle=0.4s", "stop_duration=0.2s", "after=0.1s", "conditioning=1",
         "probes=no", "repeats=2", "rate_error=20Hz")  # fmt: skip

NTH = {"connecting": 2, "conditioning": 2, "loading": 3, "armed": 3, "running": 3, "fetching": 5, "journaling": 2,
       "switching off": 1, "analysing": 1, "closing": 1}  # fmt: skip
"""Which call of a phase belongs to the second sweep; when connecting, to the second instrument."""

KEPT = {"connecting": 0, "switching off": 2, "analysing": 2, "closing": 2}
"""Sweeps that were taken before a phase; one before all others."""


@dataclass
class Bench:
    """The served bench, and the process whose forks are the programs."""

    served: ServedBench
    programs: "subprocess.Popen[str]"

    def answer(self) -> str:
        assert self.programs.stdout is not None
        return self.programs.stdout.readline().strip()

    def say(self, line: str) -> None:
        assert self.programs.stdin is not None
        self.programs.stdin.write(line + "\n")
        self.programs.stdin.flush()


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with served(tmp_path_factory.mktemp("bench")) as real:
        programs = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("ways_out.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with programs:
            bench = Bench(real, programs)
            assert bench.answer() == "WARM"
            yield bench
            assert programs.stdin is not None
            programs.stdin.close()


@pytest.fixture
def bench(warm: Bench) -> Iterator[Bench]:
    """With nothing wrong, before and after."""
    yield warm
    warm.served.mend()


@dataclass
class Ended:
    """A program that has ended: its exit code, what it said, what it left."""

    code: int
    said: str
    folder: Path

    @property
    def run(self) -> Run:
        (path,) = (self.folder / "runs").iterdir()
        return Run.open(path)

    @property
    def guardian(self) -> str:
        log = self.run.path / "guardian.log"
        return log.read_text() if log.exists() else ""


def run_until(
    bench: Bench, folder: Path, phase: str, end: Callable[[int], str | None], *, unplugged: bool = False,
    file: Path | None = None,
) -> Ended:  # fmt: skip
    """Run to `phase` (when running: till current flows), call `end(pid)` there; the word it gives lets the program go on."""
    arguments = ["run", "bump", "--bench", str(file or bench.served.file), *(a for p in SHORT for a in ("-p", p))]
    case = {
        "phase": phase,
        "nth": NTH.get(phase),
        "folder": str(folder),
        "arguments": arguments,
        "unplugged": unplugged,
    }
    bench.say(json.dumps(case))
    pid = int(bench.answer().removeprefix("PID "))
    if phase:
        assert bench.answer() == "READY", (folder / "said").read_text()
        if phase == "running":
            wait_for(lambda: bench.served.delivered() > 30e-6)
        if word := end(pid):
            bench.say(word)
    code = int(bench.answer().removeprefix("EXIT "))
    return Ended(code, (folder / "said").read_text(), folder)


def by_signals(*numbers: signal.Signals) -> Callable[[int], None]:
    def end(pid: int) -> None:
        for number in numbers:
            os.kill(pid, number)

    return end


def check_sweeps(ended: Ended, phase: str, status: str) -> None:
    """What was acknowledged is all there, and the run does not claim to have ended otherwise."""
    run = ended.run
    assert run.status == status, ended.said
    acknowledged = [e["sweep"] for e in run.log() if e["event"] == "sweep written"]
    assert acknowledged == list(range(KEPT.get(phase, 1)))
    assert [s.index for s in run.sweeps] == acknowledged
    for sweep in run.sweeps:
        assert len(sweep.traces["n1.v_ap"].samples) > 1000


# The matrix: how it ends, and where.


def by(*numbers: signal.Signals) -> Callable[["Bench", int], None]:
    def end(_: Bench, pid: int) -> None:
        for number in numbers:
            os.kill(pid, number)

    return end


def by_a_fault(text: str) -> Callable[["Bench", int], str]:
    def end(bench: Bench, _: int) -> str:
        bench.served.fault(text)
        return "go"

    return end


@dataclass(frozen=True)
class Way:
    """One way out: what ends the run, its exit code and status, words that it must say; whether the source is out of reach."""

    end: Callable[[Bench, int], str | None]
    code: int
    status: str
    says: tuple[str, ...] = ()
    unreachable: bool = False


ALARM = ("NOT SAFE: source (serial+tcp://", "Switch it off by hand", "It began with:")
KEPT_ALL = "The outputs are off; every sweep taken is kept.\nrun     "
NOTHING_ON = "Nothing was switched on.\nrun     "
WAYS = {
    "exception in a driver": Way(lambda *_: "driver", 5, "failed", ("refused 'ANYTHING'",)),
    "exception in the protocol": Way(lambda *_: "protocol", 1, "failed", ("AttributeError", "protocols/bump.py")),
    "exception in the analysis": Way(lambda *_: "analysis", 1, "failed", ("spike times have to increase", "bursts.py")),
    "SIGINT": Way(by(signal.SIGINT), 130, "interrupted", (f"neurorig: Stopped by Ctrl-C. {KEPT_ALL}",)),
    "SIGTERM": Way(by(signal.SIGTERM), 130, "interrupted", (f"neurorig: Stopped by SIGTERM. {KEPT_ALL}",)),
    "SIGKILL": Way(by(signal.SIGKILL), -signal.SIGKILL, "interrupted"),
    "link cut": Way(by_a_fault("source:drop,count=0"), 5, "failed", ALARM, unreachable=True),
    "source dead": Way(by_a_fault("source:dead"), 5, "failed", ALARM, unreachable=True),
}
PHASES = ("connecting", "loading", "armed", "running", "fetching", "journaling")


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", WAYS)
def test_every_way_out_in_every_phase(bench: Bench, tmp_path: Path, name: str, phase: str) -> None:
    way = WAYS[name]
    ended = run_until(bench, tmp_path, phase, lambda pid: way.end(bench, pid))
    # At once, by the program; killed, by the guardian; out of reach, by the source's own watchdog.
    bench.served.wait_until_off(within=3.0 if way.unreachable else 1.0 if name == "SIGKILL" else 0.05)
    assert ended.code == way.code, ended.said
    says = [words.replace(KEPT_ALL, NOTHING_ON) if phase == "connecting" else words for words in way.says]
    assert [words for words in says if words not in ended.said and words != ALARM[2]] == [], ended.said
    if name == "exception in a driver" and phase == "connecting":
        assert list((tmp_path / "runs").iterdir()) == []  # refused before anything began: no run
        return
    if way.unreachable:
        check_guardian_goes_on(bench, ended)
    elif name == "SIGKILL" and phase != "connecting":  # before, nothing was switched on, and nobody was to be guarded
        wait_for(lambda: "was made safe after the program had died, and confirmed it" in ended.guardian)
    else:
        assert not ended.guardian
    if way.unreachable and phase in ("fetching", "journaling"):  # everything was taken; the alarm is still one
        check_sweeps(ended, "closing", "done")
    else:
        assert not way.unreachable or ALARM[2] in ended.said
        check_sweeps(ended, phase, way.status)


def check_guardian_goes_on(bench: Bench, ended: Ended) -> None:
    """It says that it cannot reach the source, and confirms that it is off as soon as it can."""
    wait_for(lambda: "cannot be made safe" in ended.guardian)
    assert "was made safe" not in ended.guardian
    bench.served.mend()
    wait_for(lambda: "was made safe" in ended.guardian)


@pytest.mark.parametrize("phase", [phase for phase in NTH if phase not in PHASES])
def test_ctrl_c_in_the_phases_between(bench: Bench, tmp_path: Path, phase: str) -> None:
    ended = run_until(bench, tmp_path, phase, lambda pid: by(signal.SIGINT)(bench, pid))
    assert bench.served.delivered() == 0
    assert ended.code == 130, ended.said
    assert ended.said == f"neurorig: Stopped by Ctrl-C. {KEPT_ALL}{ended.run.path}\n"
    check_sweeps(ended, phase, "interrupted")
    assert not ended.guardian


@pytest.mark.parametrize("phase", ["connecting", "running", "journaling"])
def test_a_second_ctrl_c_changes_nothing(bench: Bench, tmp_path: Path, phase: str) -> None:
    ended = run_until(bench, tmp_path, phase, lambda pid: by(signal.SIGINT, signal.SIGINT)(bench, pid))
    assert bench.served.delivered() == 0
    assert ended.code == 130, ended.said
    check_sweeps(ended, phase, "interrupted")


@pytest.mark.parametrize("name", ["exception in the analysis", "SIGTERM", "SIGKILL"])
def test_ways_out_of_the_analysis_itself(bench: Bench, tmp_path: Path, name: str) -> None:
    way = WAYS[name]
    ended = run_until(bench, tmp_path, "analysing", lambda pid: way.end(bench, pid))
    bench.served.wait_until_off(within=1.0)
    assert ended.code == way.code
    if name == "SIGKILL":
        wait_for(lambda: "was made safe after the program had died, and confirmed it" in ended.guardian)
    check_sweeps(ended, "analysing", way.status)


@pytest.mark.parametrize("phase", ["loading", "armed", "running"])
def test_a_source_whose_link_drops_once_is_reached_again_and_confirms(bench: Bench, tmp_path: Path, phase: str) -> None:
    ended = run_until(bench, tmp_path, phase, lambda pid: by_a_fault("source:drop,after=1")(bench, pid))
    assert bench.served.delivered() == 0
    assert ended.code == 5
    assert re.search("closed the connection|reset", ended.said)
    assert "NOT SAFE" not in ended.said
    check_sweeps(ended, phase, "failed")


@pytest.mark.parametrize("phase", ["armed", "running"])
def test_an_output_that_is_stuck_is_an_alarm_until_it_is_mended(bench: Bench, tmp_path: Path, phase: str) -> None:
    ended = run_until(bench, tmp_path, phase, lambda pid: by_a_fault("source.1:stuck")(bench, pid))
    assert ended.code == 5
    assert ALARM[0] in ended.said
    assert "was told to be safe, but an output is on" in ended.said
    check_guardian_goes_on(bench, ended)
    assert bench.served.delivered() == 0
    check_sweeps(ended, phase, "failed")


@pytest.mark.parametrize("phase", PHASES)
def test_an_oscilloscope_that_dies_drives_nothing(bench: Bench, tmp_path: Path, phase: str) -> None:
    ended = run_until(bench, tmp_path, phase, lambda pid: by_a_fault("scope:dead")(bench, pid))
    assert bench.served.delivered() == 0
    assert "NOT SAFE" not in ended.said
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").glob("*/guardian.log"))
    if phase == "journaling":  # the last sweep's: it is needed no more
        assert ended.code == 0, ended.said
        check_sweeps(ended, "closing", "done")
    elif phase == "connecting":
        assert ended.code == 5
        assert "instruments.scope" in ended.said
        assert list((tmp_path / "runs").iterdir()) == []
    else:
        assert ended.code == 5
        check_sweeps(ended, phase, "failed")


def test_an_oscilloscope_that_never_triggers_is_told_with_the_line_to_check(bench: Bench, tmp_path: Path) -> None:
    ended = run_until(bench, tmp_path, "", lambda _: None, unplugged=True)
    assert bench.served.delivered() == 0
    assert ended.code == 5
    assert "check the line from the source's SYNC OUT to 4" in ended.said
    assert (ended.run.status, ended.run.sweeps) == ("failed", [])


# What a bench file may say wrongly.


def refused(bench: Bench, folder: Path, change: Callable[[str], str]) -> str:
    """Run with a changed bench file; give what it says, once it is sure that nothing was switched on."""
    file = folder / "changed.toml"
    file.write_text(change(bench.served.file.read_text(encoding="utf-8")), encoding="utf-8")
    ended = run_until(bench, folder, "", lambda _: None, file=file)
    assert bench.served.delivered() == 0
    assert ended.code == 5, ended.said
    assert "Traceback" not in ended.said
    assert list((folder / "runs").iterdir()) == []  # nothing was measured: nothing becomes the last run
    return ended.said


def address(bench: Bench, name: str) -> str:
    return bench.served.addresses[name]["tcp"]


def test_another_model_at_an_address_is_refused(bench: Bench, tmp_path: Path) -> None:
    source, scope = address(bench, "source"), address(bench, "scope")
    said = refused(bench, tmp_path, lambda text: text.replace(f'"{scope}"', f'"{source}"'))
    assert "instruments.scope" in said
    assert "'neurorig/ARDUINO-SOURCE-2' answers" in said


def test_an_oscilloscope_in_place_of_the_source_is_refused(bench: Bench, tmp_path: Path) -> None:
    source, scope = address(bench, "source"), address(bench, "scope")
    said = refused(
        bench,
        tmp_path,
        lambda text: text.replace(f'"{source}"', '"x"').replace(scope, source).replace('"x"', f'"{scope}"'),
    )
    assert "'RIGOL TECHNOLOGIES/DS1104Z' answers" in said


def test_another_serial_number_is_refused_before_anything_is_set(bench: Bench, tmp_path: Path) -> None:
    said = refused(
        bench,
        tmp_path,
        lambda text: text.replace("[instruments.source]", '[instruments.source]\nserial_number = "S-77"'),
    )
    assert re.search(r"SIM-SOURCE-\d+, the bench expects S-77", said)
    assert "nothing was switched on" in said


@pytest.mark.parametrize("name", ["source", "scope"])
def test_something_that_talks_for_ever_is_no_instrument(bench: Bench, tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def chatter() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client, contextlib.suppress(OSError):
                        while True:
                            client.sendall(b"A0=512\n" * 100)

        threading.Thread(target=chatter, daemon=True).start()
        here = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        said = refused(bench, tmp_path, lambda text: text.replace(address(bench, name), here))
        assert f"instruments.{name}" in said
        assert here in said
        listener.shutdown(socket.SHUT_RDWR)


def test_a_second_run_on_the_same_instruments_is_refused_and_does_not_disturb_the_first(
    bench: Bench, tmp_path: Path
) -> None:  # fmt: skip
    def intrude(_: int) -> str:
        second = neurorig("run", "bump", "--bench", str(bench.served.file), "--out", "second", cwd=tmp_path)
        assert second.returncode == 5
        assert "another neurorig on this machine is using it" in second.stderr
        return "go"

    ended = run_until(bench, tmp_path, "loading", intrude)
    assert ended.code == 0, ended.said
    assert (ended.run.status, len(ended.run.sweeps)) == ("done", 2)


def test_simulated_instruments_on_a_port_in_use_say_so(bench: Bench, tmp_path: Path) -> None:
    port = address(bench, "scope").rpartition(":")[2]
    refused = neurorig("simulate", "--port", f"scope={port}", cwd=tmp_path)
    assert refused.returncode == 5
    assert f"cannot listen on 127.0.0.1:{port}" in refused.stderr


def wait_for(condition: Callable[[], bool], within: float = 8.0) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < within
        time.sleep(0.02)
