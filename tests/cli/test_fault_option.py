"""``--fault``: read before anything starts, told in the run, and what follows is what the page says."""

import json
from pathlib import Path

import pytest

from neurorig.cli.app import run

SHORT = ("rest=0.1s", "kick_duration=0.3s", "settle=0.4s", "stop_duration=0.2s", "after=0.1s", "conditioning=0",
         "probes=no", "repeats=1", "rate_error=20Hz")  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--simulate", "--fault", "scope:laet"), "Did you mean 'late'? Kinds: mute, late"),
        (("--simulate", "--fault", "scoop:late"), "Did you mean 'scope'"),
        (("--simulate", "--fault", "scope:stuck"), "scope (Oscilloscope) cannot have it"),
        (("--fault", "scope:late"), "Add --simulate"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_before_anything_starts(
    arguments: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(["run", "bump", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_late_answer_within_the_deadline_changes_nothing_and_the_run_tells_that_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    faults = ["scope:late,value=100ms,after=20", "scope:split,after=30"]
    options = [word for fault in faults for word in ("--fault", fault)]
    assert run(["run", "bump", "--simulate", "--json", *options, *(w for p in SHORT for w in ("-p", p))]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["warnings"] == []
    assert json.loads((Path(outcome["run"]) / "run.json").read_text())["faults"] == faults
