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

NTH = {"connecting": 2, "conditioning": 2, "loading": 3, "armed": 3, "running": 3, "fetching": 4, "journaling": 2,
       "switching off": 1, "analysing": 1, "closing": 1}  # fmt: skip
"""Which call of a phase belongs to the second sweep; when connecting, to the second instrument."""

KEPT = {"connecting": 0, "switching off": 2, "analysing": 2, "closing": 2}
"""Sweeps that were taken before a phase; one before all others."""


class Cable:
    """A TCP cable between program and instrument, that can be cut and plugged in again."""

    def __init__(self, address: str) -> None:
        host, port = address.rpartition("/")[2].split(":")
        self._far = (host, int(port))
        self._ends: list[socket.socket] = []
        self.port = 0
        self.plug()

    def plug(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def unplug(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._far)
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _carry(one: socket.socket, other: socket.socket) -> None:
    with one, other, contextlib.suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
        other.shutdown(socket.SHUT_RDWR)


@dataclass
class Bench:
    """The served bench behind two cables, and the process whose forks are the programs."""

    served: ServedBench
    cables: dict[str, Cable]
    programs: "subprocess.Popen[str]"

    def answer(self) -> str:
        assert self.programs.stdout is not None
        return self.programs.stdout.readline().strip()

    def say(self, line: str) -> None:
        assert self.programs.stdin is not None
        self.programs.stdin.write(line + "\n")
        self.programs.stdin.flush()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bench")
    with served(folder) as real:
        cables = {name: Cable(real.addresses[name]["tcp"]) for name in ("source", "scope")}
        text = real.file.read_text(encoding="utf-8")
        for name, cable in cables.items():
            near = re.sub(r"\d+$", str(cable.port), real.addresses[name]["tcp"])
            text = text.replace(real.addresses[name]["tcp"], near)
        real.file.write_text(text, encoding="utf-8")
        programs = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("ways_out.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with programs:
            bench = Bench(real, cables, programs)
            assert bench.answer() == "WARM"
            yield bench
            assert programs.stdin is not None
            programs.stdin.close()
        for cable in cables.values():
            cable.unplug()


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


CTRL_C, TERMINATE = (signal.SIGINT,), (signal.SIGTERM,)
INTERRUPTED = [
    *((phase, CTRL_C) for phase in NTH),
    *((phase, CTRL_C * 2) for phase in ("connecting", "running", "journaling")),
    *((phase, TERMINATE) for phase in ("armed", "running", "analysing")),
]


@pytest.mark.parametrize(("phase", "signals"), INTERRUPTED)
def test_a_run_that_is_stopped(
    bench: Bench, tmp_path: Path, phase: str, signals: tuple[signal.Signals, ...]
) -> None:  # fmt: skip
    ended = run_until(bench, tmp_path, phase, by_signals(*signals))
    assert bench.served.delivered() == 0
    assert ended.code == 130, ended.said
    name = "Ctrl-C" if signals[0] == signal.SIGINT else "SIGTERM"
    told = f"neurorig: Stopped by {name}. The outputs are off; every sweep taken is kept.\nrun     {ended.run.path}\n"
    assert ended.said == told
    check_sweeps(ended, phase, "interrupted")
    assert not ended.guardian


@pytest.mark.parametrize("phase", ["connecting", "running", "journaling", "analysing"])
def test_a_run_that_fails_by_a_mistake_of_the_program(bench: Bench, tmp_path: Path, phase: str) -> None:
    ended = run_until(bench, tmp_path, phase, lambda _: "raise")
    assert bench.served.delivered() == 0
    assert ended.code == 1
    assert "a mistake of the program" in ended.said
    assert ended.run.meta["error"] == "a mistake of the program"
    check_sweeps(ended, phase, "failed")
    assert not ended.guardian


@pytest.mark.parametrize("phase", ["connecting", "conditioning", "armed", "running", "journaling", "analysing"])
def test_a_run_that_is_killed(bench: Bench, tmp_path: Path, phase: str) -> None:
    ended = run_until(bench, tmp_path, phase, by_signals(signal.SIGKILL))
    bench.served.wait_until_off(within=3.0)
    assert ended.code == -signal.SIGKILL
    if phase != "connecting":  # nothing had been switched on, and nobody was to be guarded
        wait_for(lambda: "was made safe after the program had died, and confirmed it" in ended.guardian)
    check_sweeps(ended, phase, "interrupted")


@pytest.mark.parametrize("phase", ["loading", "armed", "running"])
def test_a_source_whose_link_drops_is_reached_again_and_confirms(bench: Bench, tmp_path: Path, phase: str) -> None:
    ended = run_until(bench, tmp_path, phase, lambda _: bench.cables["source"].cut() or "go")
    assert bench.served.delivered() == 0
    assert ended.code == 5
    assert "closed the connection" in ended.said
    assert "NOT SAFE" not in ended.said
    check_sweeps(ended, phase, "failed")


def test_a_source_that_is_unplugged_is_not_called_safe_and_the_guardian_goes_on(bench: Bench, tmp_path: Path) -> None:
    try:
        ended = run_until(bench, tmp_path, "running", lambda _: bench.cables["source"].unplug() or "go")
        assert ended.code == 5
        for told in (
            "NOT SAFE: source (serial+tcp://",
            "Switch it off by hand",
            "It began with:",
            "closed the connection",
        ):
            assert told in ended.said
        bench.served.wait_until_off(within=3.0)  # the source's own watchdog
        wait_for(lambda: "cannot be made safe" in ended.guardian)
        assert "was made safe" not in ended.guardian
    finally:
        bench.cables["source"].plug()
    wait_for(lambda: "was made safe" in ended.guardian)
    check_sweeps(ended, "running", "failed")


@pytest.mark.parametrize("phase", ["loading", "running", "fetching"])
def test_an_oscilloscope_that_is_unplugged_drives_nothing(bench: Bench, tmp_path: Path, phase: str) -> None:
    try:
        ended = run_until(bench, tmp_path, phase, lambda _: bench.cables["scope"].unplug() or "go")
    finally:
        bench.cables["scope"].plug()
    assert bench.served.delivered() == 0
    assert ended.code == 5
    assert "NOT SAFE" not in ended.said
    check_sweeps(ended, phase, "failed")
    assert not ended.guardian


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
    (found,) = re.findall(rf'resource = "([^"]*:{bench.cables[name].port})"', bench.served.file.read_text())
    return str(found)


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
    refused = neurorig("simulate", "--port", f"scope={bench.cables['scope'].port}", cwd=tmp_path)
    assert refused.returncode == 5
    assert f"cannot listen on 127.0.0.1:{bench.cables['scope'].port}" in refused.stderr


def wait_for(condition: Callable[[], bool], within: float = 8.0) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < within
        time.sleep(0.02)
