"""The console as a script and a person meet it, against instruments that answer, lie, or stay silent."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from neurorig.instruments.claim import Claim

from ..instruments.scripted import Script, scripted
from .bench_process import COMMAND, ServedBench, served
from .terminal import Terminal

BLOCK = bytes(range(256))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBench]:
    with served(tmp_path_factory.mktemp("console")) as bench:
        yield bench


def console(resource: str, *lines: str, cwd: Path, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "console", resource, *options], input="\n".join(lines) + "\n", capture_output=True, text=True,
        timeout=60, check=False, cwd=cwd,
    )  # fmt: skip


def scope(bench: ServedBench) -> str:
    return bench.addresses["scope"]["tcp"]


def source(bench: ServedBench) -> str:
    return bench.addresses["source"]["serial"]


def test_a_script_gets_the_answers_and_nothing_else(bench: ServedBench, tmp_path: Path) -> None:
    done = console(scope(bench), "*IDN?", "# a remark", "", ":CHAN1:SCAL 0.5", ":CHAN1:SCAL?", cwd=tmp_path)
    identity, scale = done.stdout.splitlines()
    assert identity.startswith("RIGOL TECHNOLOGIES,DS1104Z")
    assert float(scale) == 0.5
    assert done.returncode == 0
    assert "driver rigol_ds1000z" in done.stderr


def test_what_the_instrument_has_against_a_line_is_echoed(bench: ServedBench, tmp_path: Path) -> None:
    done = console(scope(bench), ":CHAN1:SCALE 1", "FOO", cwd=tmp_path)
    (complaint,) = [line for line in done.stderr.splitlines() if line.startswith("!")]
    assert "-113" in complaint
    assert (done.stdout, done.returncode) == ("", 5)


def test_the_echo_can_be_switched_off_and_asked_by_hand(bench: ServedBench, tmp_path: Path) -> None:
    done = console(scope(bench), ".errors off", "FOO", ":SYST:ERR?", cwd=tmp_path)
    assert "-113" in done.stdout
    assert done.returncode == 0


def test_a_question_that_is_not_understood_says_why_nothing_came(bench: ServedBench, tmp_path: Path) -> None:
    done = console(scope(bench), ".timeout 0.5", "BAR?", "*IDN?", cwd=tmp_path)
    assert "'BAR?' failed (no answer in time; deadline 0.5 s)" in done.stderr
    assert "-113" in done.stderr
    assert done.stdout.startswith("RIGOL")  # and the session goes on, in step


def test_a_screenshot_is_described_and_saved_byte_by_byte(bench: ServedBench, tmp_path: Path) -> None:
    done = console(scope(bench), ":DISP:DATA?", ".save screen.bmp", ".save screen.bmp", cwd=tmp_path)
    saved = (tmp_path / "screen.bmp").read_bytes()
    assert f"block of {len(saved)} bytes" in done.stdout
    assert saved[:2] == b"BM"
    assert "0000  42 4d" in done.stdout
    assert "File exists" in done.stderr


def test_the_arduino_answers_every_line_and_is_left_as_it_is(bench: ServedBench, tmp_path: Path) -> None:
    lines = ("SOUR1:CURR 50000", "OUTP1 ON", "NONSENSE", "SOUR1:CURR?", "OUTP1?")
    done = console(source(bench), *lines, cwd=tmp_path)
    assert done.stdout.splitlines() == ["OK", "OK", 'ERR -113,"Undefined header"', "49988", "ON"]
    assert done.returncode == 5, "it had an error to report"
    assert "can drive an output" in done.stderr
    assert "left as they are" in done.stderr


def test_the_safe_lines_of_a_driver_can_be_sent(bench: ServedBench, tmp_path: Path) -> None:
    done = console(source(bench), "SOUR1:CURR 50000", "OUTP1 ON", ".safe", ".timeout 2", "OUTP1?", cwd=tmp_path)
    assert "sent: SYST:SAFE" in done.stderr
    assert done.stdout.splitlines()[-1] == "OFF"


def test_raw_shows_every_byte_until_silence(tmp_path: Path) -> None:
    with scripted(answering({"DATA?": b"\x00\x01\nmore\n", "*IDN?": b"ACME,X,1,1\n", ":SYST:ERR?": b"0\n"})) as server:
        done = console(f"tcp://127.0.0.1:{server.port}", ".raw on", "DATA?", cwd=tmp_path)
    assert done.stdout == "\\x00\\x01\\nmore\\n\n"


@pytest.mark.parametrize("head", [b"#3256", b"#0"])
def test_blocks_of_known_and_unknown_length_keep_every_byte(tmp_path: Path, head: bytes) -> None:
    answers = {"DATA?": head + BLOCK + b"\n", "*IDN?": b"ACME,X,1,1\n", ":SYST:ERR?": b"0,none\n"}
    with scripted(answering(answers)) as server:
        done = console(f"tcp://127.0.0.1:{server.port}", "DATA?", ".save block", cwd=tmp_path)
    assert (tmp_path / "block").read_bytes() == BLOCK
    assert "block of 256 bytes" in done.stdout


def test_a_tsp_instrument_prints_and_its_error_queue_is_asked_in_its_language(tmp_path: Path) -> None:
    def tsp(line: str) -> list[bytes | float | None]:
        answers = {"*IDN?": b"Keithley Instruments Inc., Model 2602B, 1234, 3.2.1\n", "print(1+1)": b"2.00000e+00\n"}
        if line == "print(errorqueue.next())":
            return [errors.pop(0) if errors else b"0.00000e+00\tQueue Is Empty\t0.00000e+00\t1.00000e+00\n"]
        if line == "nonsense":
            errors.append(b"-2.85000e+02\tTSP Syntax error at line 1\t2.00000e+01\t1.00000e+00\n")
        return [answers[line]] if line in answers else []

    errors: list[bytes] = []
    with scripted(tsp) as server:
        done = console(f"tcp://127.0.0.1:{server.port}", "x = 1", "print(1+1)", "nonsense", cwd=tmp_path)
    assert "language tsp" in done.stderr
    assert done.stdout == "2.00000e+00\n"
    assert "TSP Syntax error" in done.stderr
    assert "SYST:ERR" not in "".join(server.heard)


def test_an_answer_of_several_lines_is_shown_whole(tmp_path: Path) -> None:
    answers = {"*IDN?": [b"Keithley Instruments Inc., Model 2602B, 1234, 3.2.1\n"],
               "for i=1,2 do print(i) end": [b"1\n", 0.01, b"2\n"],
               "print(errorqueue.next())": [b"0.00000e+00\tQueue Is Empty\t0\t1\n"], "print(3)": [b"3\n"]}  # fmt: skip
    with scripted(lambda line: answers.get(line, [])) as server:
        done = console(f"tcp://127.0.0.1:{server.port}", "for i=1,2 do print(i) end", "print(3)", cwd=tmp_path)
    assert done.stdout.splitlines() == ["1", "2", "3"]


def test_of_an_instrument_that_says_nothing_nothing_is_assumed(tmp_path: Path) -> None:
    with scripted(lambda line: [b"pong\n"] if line == "ping?" else []) as server:
        done = console(f"tcp://127.0.0.1:{server.port}", "set 1", "ping?", cwd=tmp_path)
    assert "nobody answers *IDN?" in done.stderr
    assert done.stdout == "pong\n"
    assert [line for line in server.heard if line not in ("*IDN?", "")] == ["set 1", "ping?"]


def test_what_cannot_be_done_is_refused(bench: ServedBench, tmp_path: Path) -> None:
    assert console("tcp://127.0.0.1:1", cwd=tmp_path).returncode == 5
    wrong = console(scope(bench), cwd=tmp_path, options=("--driver", "rigol_ds100z"))
    assert (wrong.returncode, "Did you mean 'rigol_ds1000z'" in wrong.stderr) == (2, True)
    assert "There is no .tiemout. Did you mean '.timeout'?" in console(scope(bench), ".tiemout 3", cwd=tmp_path).stderr
    with Claim(scope(bench)):
        assert "another neurorig" in console(scope(bench), cwd=tmp_path).stderr


def answering(answers: dict[str, bytes]) -> Script:
    return lambda line: [answers[line]] if line in answers else []


# By hand.


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_ctrl_c_cancels_the_question_and_ctrl_d_ends_the_session(tmp_path: Path) -> None:
    answers = {"*IDN?": b"ACME,X,1,1\n", ":SYST:ERR?": b'0,"none"\n', "*ESE?": b"1\n"}
    ese = ["0"]

    def script(line: str) -> list[bytes | float | None]:
        if line.startswith("*ESE "):
            ese[0] = line[5:]
        if line == "*ESE?":
            return [ese[0].encode() + b"\n"]
        return [answers[line]] if line in answers else []

    with scripted(script) as server:
        terminal = Terminal("console", f"tcp://127.0.0.1:{server.port}", "--timeout", "60", cwd=tmp_path)
        terminal.wait_for("X> ")
        terminal.type("SLOW?\n")
        terminal.wait_for("SLOW?")
        while "SLOW?" not in server.heard:
            time.sleep(0.01)
        terminal.process.send_signal(signal.SIGINT)
        terminal.wait_for("cancelled")
        terminal.type("*IDN?\n")
        terminal.wait_for("ACME,X,1,1")
        terminal.wait_for("X> ")
        terminal.type("\x04")
        assert terminal.end() == 0
    history = (tmp_path / "state" / "neurorig" / "console_history").read_text(encoding="utf-8")
    assert "SLOW?" in history
