"""The guardian and the other things that hold when the program does not: claims, deadlines, the end of the keep-alive."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from neurorig.instruments import connect, guardian, links, load_bench
from neurorig.instruments.claim import Claim
from neurorig.instruments.connection import Rig
from neurorig.instruments.drivers.arduino_source import crc8
from neurorig.instruments.guardian import Guardian, Ward
from neurorig.instruments.interrupts import Interrupts
from neurorig.instruments.links import KeepAlive, SocketLink
from neurorig.instruments.simulated.launch import SimulatedProcess
from neurorig.instruments.simulated.process import Settings
from neurorig.signals import BenchError, LinkError, RunInterrupted

from .scripted import Register, Scripted, scripted

SAFE = ("SYST:SAFE",)
OURS = ("neurorig", "ARDUINO-SOURCE-2", "N-1")


class Source:
    """Answers as the current source does; `status` is what it says of its outputs."""

    def __init__(self, serial: str = "N-1") -> None:
        self.status, self.serial = 0, serial

    def __call__(self, line: str) -> list[bytes]:
        body, star, _ = line.rpartition("*")
        answer = {
            "STAT?": str(self.status),
            "SYST:VERS?": "1.0",
            "*IDN?": f"neurorig,ARDUINO-SOURCE-2,{self.serial},1.0.0",
        }.get(body or line, "OK").encode()
        return [] if self.serial == "deaf" and "*IDN?" in line else self._lines(line, star, answer)

    @staticmethod
    def _lines(line: str, star: str, answer: bytes) -> list[bytes]:
        return [b"%s*%02X\n" % (answer, crc8(answer)) if star and line[0] != "*" else answer + b"\n"] if line else []


def ward(server: Scripted) -> Ward:
    return Ward("source", f"serial+tcp://127.0.0.1:{server.port}", "arduino_source", SAFE, OURS)


def soon(condition: Any, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())


DIES = """
import os, signal, sys, time
from pathlib import Path
from neurorig.instruments.claim import Claim
from neurorig.instruments.guardian import Guardian, Ward
guard = Guardian()
claim = Claim(sys.argv[1]).__enter__()
ours = ("neurorig", "ARDUINO-SOURCE-2", "N-1")
guard.watch([Ward("source", sys.argv[1], "arduino_source", ("SYST:SAFE",), ours)], Path(sys.argv[2]))
if os.fork() == 0:
    time.sleep(20)  # holds the pipe open, but not the claim
    os._exit(0)
os.kill(guard._process.pid, signal.SIGTERM)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_acts_though_a_child_holds_the_pipe_and_somebody_wants_to_terminate_it(tmp_path: Path) -> None:
    log = tmp_path / "guardian.log"
    with scripted(Source()) as server:
        quiet = subprocess.DEVNULL
        dying = subprocess.Popen([sys.executable, "-c", DIES, ward(server).resource, str(log)], stderr=quiet,
                                 start_new_session=True)  # fmt: skip
        assert dying.wait(20) == -signal.SIGKILL
        assert soon(lambda: log.exists() and "was made safe after the program had died" in log.read_text())
        os.killpg(dying.pid, signal.SIGKILL)
    assert "SYST:SAFE" in server.heard


def test_it_believes_no_source_that_still_says_on(tmp_path: Path) -> None:
    log, source = tmp_path / "guardian.log", Source()
    source.status = 8
    with scripted(source) as server:
        guard = Guardian()
        guard.watch([ward(server)], log)
        guard.release()  # the program lives on, but it has let go without a word that all is safe
        assert soon(lambda: log.exists() and "an output is on (status 8)" in log.read_text())
        assert "was made safe" not in log.read_text()
        source.status = 0
        assert soon(
            lambda: "was made safe after the program had ended without a confirmed switch-off" in log.read_text()
        )
        assert guard._process.wait(5) == 0
    assert ".." not in log.read_text()


def test_it_does_not_touch_another_instrument_that_answers_at_the_address_now(tmp_path: Path) -> None:
    log, source = tmp_path / "guardian.log", Source("N-2")
    with scripted(source) as server:
        guard = Guardian()
        guard.watch([ward(server)], log)
        guard.release()
        assert soon(lambda: log.exists() and "was not reached" in log.read_text())
        assert (
            "neurorig ARDUINO-SOURCE-2 with serial number N-2 answers there, not neurorig ARDUINO-SOURCE-2 with serial number N-1"
            in log.read_text()
        )
        assert set(server.heard) == {"*IDN?"}
        source.serial = "N-1"
        assert soon(lambda: "was made safe" in log.read_text())
        assert guard._process.wait(5) == 0
    assert "SYST:SAFE" in server.heard
    assert len(log.read_text().splitlines()) == 2  # each hindrance is told once


def test_it_waits_for_another_program_that_has_claimed_the_address(tmp_path: Path) -> None:
    log = tmp_path / "guardian.log"
    with scripted(Source()) as server:
        with Claim(ward(server).resource):
            guard = Guardian()
            guard.watch([ward(server)], log)
            guard.release()
            assert soon(lambda: log.exists() and "another neurorig on this machine is using" in log.read_text())
            assert server.heard == []
        assert soon(lambda: "was made safe" in log.read_text())
        assert guard._process.wait(5) == 0


def test_a_source_that_does_not_say_who_it_is_is_made_safe_blindly(tmp_path: Path) -> None:
    log = tmp_path / "guardian.log"
    with scripted(Source("deaf")) as server:
        guard = Guardian()
        guard.watch([ward(server)], log)
        guard.release()
        assert soon(lambda: log.exists() and "was made safe" in log.read_text(), within=8)
        assert guard._process.wait(5) == 0
    assert "SYST:SAFE" in server.heard


def test_dismissed_it_touches_nothing() -> None:
    with scripted(Source()) as server:
        guard = Guardian()
        guard.watch([ward(server)])
        guard.dismiss()
        guard.release()
        assert guard._process.wait(5) == 0
    assert server.heard == []


def test_without_a_guardian_nothing_is_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guardian.sys, "executable", "/bin/true")
    guard = Guardian()
    with pytest.raises(BenchError, match=r"guardian.*does not run.*Nothing was switched on"):
        guard.watch([])
    guard.release()


def test_a_serial_port_is_opened_at_the_rate_of_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: dict[str, Any] = {}

    def refuse(resource: str, **options: Any) -> None:
        opened.update(options)
        raise LinkError("no such port")

    monkeypatch.setattr(links, "open_link", refuse, raising=False)
    with pytest.raises(LinkError):
        guardian._make_one_safe(Ward("source", "serial:///dev/ttyACM0", "arduino_source", SAFE, OURS))
    assert opened["baud"] == 500_000


def test_one_program_at_a_time_for_an_instrument() -> None:
    with Claim("tcp://scope:5555"):
        with (
            pytest.raises(BenchError, match=r"tcp://scope:5555: another neurorig .* is using it"),
            Claim("tcp://scope:5555"),
        ):
            pass
        with Claim("tcp://scope:5556"):
            pass
    with Claim("tcp://scope:5555"):
        pass


# Ctrl-C.


def test_a_ctrl_c_is_never_taken_for_a_fault_of_the_link() -> None:
    """It comes while the link asks its sentinel questions, where every other exception is an instrument out of step."""
    with scripted(lambda line: []) as server, SocketLink("127.0.0.1", server.port, timeout=5.0) as link:
        with pytest.raises(LinkError):
            link.query("*IDN?", timeout=0.05)
        with Interrupts(), pytest.raises(RunInterrupted, match="Ctrl-C"):
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
            link.query("*IDN?")


def test_a_second_ctrl_c_changes_nothing_unless_the_first_was_lost() -> None:
    with Interrupts() as interrupts:
        with pytest.raises(RunInterrupted):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        Interrupts._deaf_until = time.monotonic()
        with pytest.raises(RunInterrupted):
            os.kill(os.getpid(), signal.SIGINT)
        Interrupts._deaf_until, interrupts.shielded = 0.0, True
        os.kill(os.getpid(), signal.SIGINT)


# The rig.


class Broken:
    """An instrument that cannot be made safe."""

    def safe(self) -> None:
        raise LinkError("gone")


def test_every_instrument_is_made_safe_though_the_first_one_fails() -> None:
    called: list[str] = []
    source = SimpleNamespace(safe=lambda: called.append("safe"), confirm_safe=lambda: called.append("confirmed"))
    instruments: dict[str, Any] = {"scope": Broken(), "source": source}
    rig = Rig(load_bench(), instruments, {"scope": "tcp://a:1", "source": "tcp://b:2"}, virtual_time=False)
    rig.safe()
    rig.confirm_safe()
    assert called == ["safe", "confirmed"]
    assert rig.unsafe == {}  # an oscilloscope drives nothing
    rig.instruments["source"] = Broken()  # type: ignore[assignment]
    rig.safe()
    rig.confirm_safe()
    assert rig.unsafe == {"source": "source (tcp://b:2): gone"}


def test_a_simulated_bench_that_has_failed_is_no_hardware_to_switch_off(tmp_path: Path) -> None:
    log = tmp_path / "guardian.log"
    with (
        pytest.raises(BenchError, match="No hardware was connected, so there is nothing to switch off") as told,
        SimulatedProcess(Settings("wu2025_bump")) as double,
        connect(load_bench(), double=double, log=log) as rig,
    ):
        serial = rig.identities()["source"].serial
        assert serial == f"SIM-SOURCE-{double._process.pid}"
        double._process.kill()
        double._process.wait()
    assert "by hand" not in str(told.value)
    assert "NOT SAFE" not in str(told.value)
    assert not log.exists()


# Links.


def test_the_deadline_holds_for_an_instrument_that_never_stops_talking() -> None:
    """An Arduino with another sketch: it prints for ever, with or without line ends."""
    for chatter in (b"0123456789", b"512\n"):
        stop = threading.Event()

        def talk(line: str, chatter: bytes = chatter, stop: threading.Event = stop) -> Any:
            while not stop.is_set():
                yield chatter * 50

        with scripted(talk) as server, SocketLink("127.0.0.1", server.port, timeout=0.4) as link:
            begun = time.monotonic()
            if chatter.endswith(b"\n"):
                link.query("*IDN?")  # the first line of the chatter; the next question is out of step
            with pytest.raises(LinkError):
                link.query("*IDN?")
            assert time.monotonic() - begun < 2.0
            stop.set()


def test_the_keep_alive_of_a_program_that_hangs_stops() -> None:
    with scripted(Register()) as server, SocketLink("127.0.0.1", server.port) as link:
        alive = KeepAlive(link, lambda quiet: quiet.query("*IDN?"), 0.05, patience=0.5)
        time.sleep(0.4)
        link.query("*ESE?")  # the program speaks: it is well
        time.sleep(0.4)
        pings = server.heard.count("*IDN?")
        assert pings > 4
        time.sleep(0.4)
        stopped = server.heard.count("*IDN?")
        time.sleep(0.3)
        assert server.heard.count("*IDN?") == stopped
        alive.stop()
