"""What the tables of the command line say, and what they leave out."""

from typing import Any

import pytest

from neurorig.cli.tables import print_runs, print_summary, print_verdicts
from neurorig.records import RunEntry


def row(**fields: Any) -> dict[str, Any]:
    return {"quantity": "x", "label": "Drift", "value": 0.0, "error": 1e-9, "unit": "A", "published": None,
            "ratio": None, "verdict": "no published value", "note": ""} | fields  # fmt: skip


def summary(**fields: Any) -> dict[str, Any]:
    return {"run": "runs/a", "status": "failed", "bad": None, "sweeps": [], "verdicts": [], "results": {}, "notes": [],
            "warnings": [], "comments": []} | fields  # fmt: skip


def test_nothing_has_no_sign(capsys: pytest.CaptureFixture[str]) -> None:
    print_verdicts([row(value=-0.0), row(unit="", value=-0.0, error=0.0)], {})
    assert "-0" not in capsys.readouterr().out


@pytest.mark.parametrize(("answer", "shown"), [(True, "yes"), (False, "no"), (None, "unknown")])
def test_a_question_is_answered_in_words(answer: bool | None, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_verdicts([row(label="Stopped", value=None, error=None, question=True, verdict="-")], {"x": answer})
    assert capsys.readouterr().out.splitlines()[-1].split() == ["Stopped", shown, "-"]


def test_empty_tables_are_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(summary(error="no answer"))
    said = capsys.readouterr().out
    assert "no answer" in said
    assert "quantity" not in said
    assert "sweep" not in said


def test_a_bad_run_says_so_on_top(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(summary(bad="wrong board", verdicts=[row()]))
    said = capsys.readouterr().out
    assert said.index("the whole run is marked bad: wrong board") < said.index("quantity")


@pytest.mark.parametrize(("count", "shown"), [(0, ""), (1, "1 comment"), (2, "2 comments")])
def test_comments_are_counted(count: int, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    fields: dict[str, Any] = dict.fromkeys(RunEntry.__dataclass_fields__)
    print_runs([RunEntry(**fields | {"id": "a", "status": "done", "sweeps": 1, "board": "b", "comments": count})])
    assert capsys.readouterr().out.splitlines()[-1].split("b", 1)[1].strip() == shown
