"""What a person reads of a run: which current is meant, what was not measured and why, what repeats and marks change."""

import json
from pathlib import Path
from typing import Any

import pytest

from neurorig.instruments import Bench, load_bench
from neurorig.protocols import Protocol, get_protocol, run_protocol, summarise, write_run_report
from neurorig.protocols.request import Request, opening
from neurorig.records import Run, RunWriter

from .twin_rig import TwinRig


def taken(folder: Path, name: str = "bump", bench: Bench | None = None, **parameters: Any) -> Run:
    rig = TwinRig(bench or load_bench())
    protocol: Protocol = get_protocol(name).make(parameters)
    writer = RunWriter.create(folder, opening(protocol, rig.bench, Request(name)))
    run_protocol(protocol, rig, writer)  # type: ignore[arg-type]  # the fakes fulfil the roles
    return Run.open(writer.path)


def rows(run: Run) -> dict[str, dict[str, Any]]:
    return {v["quantity"]: v for v in summarise(run)["verdicts"]}


def page(run: Run) -> str:
    return write_run_report(run).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return taken(tmp_path_factory.mktemp("printed"), probes=False)


# Which current is meant


def test_rheobase_tells_the_commanded_current_from_the_delivered_one(tmp_path: Path) -> None:
    run = taken(tmp_path, "rheobase")
    found = rows(run)
    assert [r["label"] for r in found.values()] == [
        "I_min, commanded", "I_min, delivered (measured at the port)",
        "I_max, commanded", "I_max, delivered (from the bench's table)",
    ]  # fmt: skip
    board = load_bench().board
    assert found["i_min_delivered"]["value"] == pytest.approx(board.i_min("n1.i0"), abs=0.2e-6)
    assert found["i_max_delivered"]["value"] == pytest.approx(board.i_max("n1.i0"), abs=0.1e-6)
    assert found["i_max"]["value"] > found["i_max_delivered"]["value"] + 5e-6  # the source falls short by that much
    assert "beyond what the oscilloscope shows" in found["i_max_delivered"]["note"]
    text = page(run)
    for words in (
        "<th>commanded</th>",
        "<th>measured at the port</th>",
        "Measured, where there is a dash: not observed",
    ):
        assert words in text


def test_without_a_table_an_unmeasured_current_is_not_given(tmp_path: Path) -> None:
    path = tmp_path / "bench.toml"
    text = load_bench().path.read_text(encoding="utf-8")
    path.write_text("\n".join(x for x in text.splitlines() if not x.startswith("delivered =")), encoding="utf-8")
    found = rows(taken(tmp_path, "rheobase", load_bench(path), block=False, delivered=False))
    assert found["i_min_delivered"]["value"] is None
    assert found["i_min_delivered"]["verdict"] == "not measured"
    assert "n1.i0 was not recorded; the bench has no table" in found["i_min_delivered"]["note"]


def test_a_relative_run_prints_i_min_in_both_scales_its_drift_and_what_the_margin_is_made_of(tmp_path: Path) -> None:
    found = rows(taken(tmp_path, preset="relative", probes=False))
    assert found["i_min"]["label"] == "I_min, commanded"
    assert found["i_min_delivered"]["label"].startswith("I_min, delivered (measured at the port")
    assert found["i_min_drift"]["error"] > 0
    delivered = f"I_min {1e6 * found['i_min_delivered']['value']:.3f} uA"
    assert delivered in found["stop_margin"]["note"]
    assert f"{1e6 * found['delivered_holding']['value']:.3f} uA" in found["stop_margin"]["note"]


# What was not measured


def test_levels_beyond_the_screen_come_from_the_benchs_table_or_not_at_all(tmp_path: Path) -> None:
    run = taken(tmp_path, holding="90 uA", probes=False)
    values = run.meta["results"]
    true = load_bench().port("n1.i0").delivered(112.9e-6)
    assert values["delivered_kick"] == pytest.approx(float(true), abs=0.1e-6)
    assert values["delivered_kick_error"] is None
    assert values["delivered_kick_from"].startswith("from the bench's table, beyond its rows")
    assert 'widen low/high of [nodes."n1.i0"]' in values["delivered_kick_from"]
    assert values["delivered_stop_from"] == "measured at the port"


def test_a_neuron_that_fires_before_the_kick_is_no_bump(tmp_path: Path) -> None:
    run = taken(tmp_path, holding="60 uA", probes=False)
    found, text = rows(run), page(run)
    for name in ("dead_time", "i_sse_max", "stop_margin", "i_sse_rmse"):
        assert found[name]["value"] is None
        assert "fires before the kick" in found[name]["note"]
    assert (found["sustained"]["value"], found["sustained"]["error"]) == (None, None)
    assert any(n.startswith("The bump sustains itself: unknown, the neuron fires") for n in run.meta["notes"])
    assert "is drawn as read" in text
    assert "never rose" not in text


def test_the_drift_of_f_star_is_said(printed: Run) -> None:
    found = rows(printed)
    assert found["f_star_drift"]["value"] < -0.5
    assert "still falling by" in found["f_star"]["note"]
    assert any(n.startswith("f* is still falling by") for n in printed.meta["notes"])


# Against what is printed


def test_probes_on_another_board_are_not_compared_and_the_reason_stands_once(tmp_path: Path) -> None:
    run = taken(tmp_path, bench=load_bench().with_components({"s11.R_W": "7 kohm"}))
    found = rows(run)
    for name in ("f_star", "sustained", "probe_plus_recovered", "probe_minus_recovered"):
        assert found[name]["verdict"] == "not comparable"
    said = [n for n in run.meta["notes"] if "s11.R_W" in n]
    assert len(said) == 1
    assert not any("s11.R_W" in r["note"] for r in found.values())
    assert found["dead_time"]["note"] == "kick to I_sse 0.3 uA above baseline"
    text = page(run)
    assert f'<p class="remark">{said[0]}'.split("Fig")[0] in text
    assert "back within 10 % of the rate before" in text


def test_every_parameter_that_differs_is_named_once(tmp_path: Path) -> None:
    notes = taken(tmp_path, stop="-20 uA", probe_plus="15 uA").meta["notes"]
    assert [n for n in notes if n.startswith("Not compared")] == [
        "Not compared with Fig. 9a and the positive probe of Fig. 10: stop, probe_plus differ from what is printed."
    ]


def test_only_the_probe_that_was_changed_is_another_experiment(tmp_path: Path) -> None:
    found = rows(taken(tmp_path, probe_plus="15 uA"))
    assert found["probe_plus_recovered"]["verdict"] == "not comparable"
    assert found["probe_minus_recovered"]["verdict"] == "agrees"
    assert found["f_star"]["verdict"] == "agrees"


# Repeats


def test_repeats_are_shown_beside_each_other_and_the_rested_ones_averaged(tmp_path: Path) -> None:
    run = taken(tmp_path, repeats="3", probes=False)
    values, table = run.meta["results"], run.results("repeats")
    assert table is not None
    assert table["state"].tolist() == ["as powered", "rested", "rested"]
    assert values["f_star"] == pytest.approx(table["f_star"][0])
    assert (values["repeats"], values["repeats_rested"]) == (3, 2)
    assert values["f_star_mean"] == pytest.approx(table["f_star"][1:].mean())
    assert values["dead_time_sd"] == pytest.approx(table["dead_time"][1:].std())
    assert abs(values["f_star_mean"] - values["f_star"]) > 0.2
    assert any(n.startswith("The numbers are those of repeat 1 of 3, as powered; rested") for n in run.meta["notes"])
    text = page(run)
    assert "<h3>Repeats</h3>" in text
    assert "rested, n = 2" in text
    run.mark_bad(1, reason="a lorry passed")
    assert summarise(run)["results"]["repeats_rested"] == 1
    assert summarise(run)["results"]["f_star_sd"] is None


# Marks


def test_show_and_report_follow_marks_that_came_later(tmp_path: Path) -> None:
    run = taken(tmp_path, probes=False)
    assert rows(run)["f_star"]["value"] is not None
    run.comment("a remark changes nothing")
    assert rows(run)["f_star"]["value"] == next(v["value"] for v in run.meta["verdicts"] if v["quantity"] == "f_star")
    run.mark_bad(0, reason="somebody walked by")
    f_star = rows(run)["f_star"]
    assert (f_star["value"], f_star["verdict"]) == (None, "not measured")
    assert f_star["note"].startswith("sweep 0 is marked bad")
    text = page(run)
    assert "sweep 0 is marked bad" in text
    assert "Self-consistent rate f*" in text
    run.mark_good(0, reason="it was the other room")
    assert rows(run)["f_star"]["value"] is not None


def test_a_bad_run_has_a_banner(tmp_path: Path) -> None:
    run = taken(tmp_path, "rheobase", block=False)
    assert summarise(run)["bad"] is None
    run.mark_bad(reason="wrong board")
    assert summarise(run)["bad"] == "wrong board"
    text = page(run)
    assert '<p class="banner">This whole run is marked bad: wrong board</p>' in text
    assert '<li class="good">' not in text


# The record


def test_settings_are_a_line_each_with_their_unit(printed: Run) -> None:
    meta = json.loads((printed.path / "run.json").read_text(encoding="utf-8"))
    meta["instruments"]["source"]["settings"] = {
        "watchdog": 2.0, "trigger": "IMM", "channel_1": {"tick": 9.999999999999999e-05, "output": False, "level": None},
    }  # fmt: skip
    meta["instruments"]["source"]["identity"] |= {"maker": "neurorig", "model": "ARDUINO-SOURCE-2"}
    (printed.path / "run.json").write_text(json.dumps(meta), encoding="utf-8")
    text = page(printed)
    for line in (("watchdog", "2 s"), ("channel 1: tick", "100 µs"), ("channel 1: output", "no"),
                 ("channel 1: level", "not answered")):  # fmt: skip
        assert "<td>{}</td><td>{}</td>".format(*line) in text
    assert "{" not in text.partition("Settings of source")[2].partition("</table>")[0]


def test_parameters_are_shown_as_they_were_written(tmp_path: Path) -> None:
    run = taken(tmp_path, holding="0.98 Imin", probes=False)
    assert "<td>holding</td><td>0.98 Imin</td>" in page(run)
