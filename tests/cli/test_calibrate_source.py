"""The command line of calibrate-source: what it prints, what it refuses, and a person who walks away."""

import io
import json
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
        for leg in record["result"]["legs"].values():
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
