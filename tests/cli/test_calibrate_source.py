"""The command line of calibrate-source: what it prints, what it refuses, and a person who walks away."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from neurorig.cli.app import run
from neurorig.cli.hands import Hands
from neurorig.signals import ConfigError

BENCH = str(Path(__file__).parents[2] / "examples" / "source_calibration" / "bench.toml")
COMMAND = ["calibrate-source", BENCH, "--with", "dmm.1", "--simulate"]


def test_every_wired_channel_is_calibrated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*COMMAND, "--resistor", "10 kohm", "--out", str(tmp_path), "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert [r["plan"]["source"] for r in records] == ["source.1", "source.2"]
    for record in records:
        assert record["result"]["within_half_a_step"] is True
        for leg in record["result"]["legs"]:
            assert leg["new"]["offset"] == pytest.approx(2100, abs=110)
            assert abs(leg["worst_after"]) < 0.6 < abs(leg["worst_before"])
        assert (Path(record["folder"]) / "calibration.json").exists()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--resistor", "10 kohm", "--source", "source.3"], 2, "wires no port to it"),
        (["--resistor-error", "much"], 2, '--resistor-error much: write a part such as "0.1 %"'),
        (["--resistor", "10 volts"], 2, "volts"),
        ([], 2, "--resistor: name the resistance"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*COMMAND, *words]) == code
    assert told in capsys.readouterr().err


def test_a_bench_whose_source_has_no_calibration_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path(BENCH).read_text(encoding="utf-8").split("[limits", 1)[0]
    (tmp_path / "bench.toml").write_text(text, encoding="utf-8")
    assert run(["calibrate-source", str(tmp_path / "bench.toml"), "--with", "smu.1", "--simulate"]) == 2
    assert "no port is wired to a source whose calibration" in capsys.readouterr().err


def test_an_input_that_ends_is_no_answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    hands = Hands(simulate=False, quiet=False)
    hands("Connect it.")
    assert "Connect it. Then press Enter." in capsys.readouterr().err
    with pytest.raises(ConfigError, match="Nothing more was played"):
        hands("Disconnect it.")


# A program of its own, into which Ctrl-C is pressed.

PRESSED = """
import contextlib, os, signal, sys
from neurorig.cli import app, calibrate_source
from neurorig.protocols import source_calibration_report

signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a terminal, however the tests were started
when, *arguments = sys.argv[1:]
asked = []

def press(*_):
    if not asked:
        asked.append(True)
        os.kill(os.getpid(), signal.SIGINT)

def progress(part, what):
    if when in what or part > float(when if when[0].isdigit() else 2):
        press()

calibrate_source.progress_bar = lambda quiet: contextlib.nullcontext(progress)
if when == "report":
    drawn = source_calibration_report.calibration_document
    source_calibration_report.calibration_document = lambda *said: (press(), drawn(*said))[1]
sys.exit(app.run(arguments))
"""
WHERE = "source.1, range of 250 uA"
BEFORE = "its calibration is the one from before (gain, offset: source leg +0, +0; sink leg +0, +0). The outputs are off; what "
OFF_AND_GONE = f"{BEFORE}was measured is not kept."


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("0.2", f"{WHERE}: nothing was tried, {OFF_AND_GONE}"),
        ("0.7", f"{WHERE}: nothing was stored, {OFF_AND_GONE}"),
        ("report", "source.1: its new calibration is stored and in force; only its record is missing."),
    ],
)
def test_ctrl_c_says_which_calibration_is_in_force_and_what_is_kept(tmp_path: Path, when: str, told: str) -> None:
    words = [*COMMAND, "--resistor", "10 kohm", "--source", "source.1", "--out", str(tmp_path), "--json"]
    ended = subprocess.run(
        [sys.executable, "-c", PRESSED, when, *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stderr == f"neurorig: Stopped by Ctrl-C. {told}\n"
    assert (ended.returncode, json.loads(ended.stdout)["exit_code"]) == (130, 130)
    assert list(tmp_path.iterdir()) == []


def test_a_stop_at_the_second_channel_names_the_first(tmp_path: Path) -> None:
    """It was calibrated, stored and recorded; also for a script, which gets no other word of it."""
    words = [*COMMAND, "--resistor", "10 kohm", "--source", "source.1", "--source", "source.2", "--out", str(tmp_path)]
    second = PRESSED.replace("if not asked:", "asked.append(False)\n    if asked.count(False) == 2:")
    ended = subprocess.run(
        [sys.executable, "-c", second, "storing", *words, "--json"], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    (folder,) = tmp_path.glob("*/*_calibration_channel_1")
    assert "source.2, range of 250 uA: nothing was stored" in ended.stderr
    assert f"Calibrated and stored before: source.1 ({folder})." in json.loads(ended.stdout)["error"]
