"""The command line as a person or a script meets it; one simulated run serves most of these tests."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from neurorig.records import Run

from .bench_process import answered, neurorig

HEAVY = {"numpy", "h5py", "pydantic", "pint", "PySide6", "pandas", "numba", "matplotlib", "scipy"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def outcome(folder: Path) -> dict[str, Any]:
    done = neurorig("run", "bump", "--simulate", "--json", "--seed", "7", cwd=folder)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_bump_of_fig_9a_comes_out_of_the_whole_chain(outcome: dict[str, Any]) -> None:
    """Targets H3, H4 and H7: through source resolution, delivered current, probe loading, and 8 bits of a scope."""
    results = outcome["results"]
    assert results["spikes_before_kick"] == 0
    assert results["f_kick"] == pytest.approx(125, abs=3)
    for time_s, rate in ((1.3, 125), (2.95, 161), (3.4, 112.6), (6.4, 106)):
        assert results[f"rate_at_{time_s:g}_s"] == pytest.approx(rate, abs=4)
    assert results["dead_time"] == pytest.approx(0.66, abs=0.15)
    assert 195e-6 * 0.85 < results["v_ap_decay"] < 240e-6 * 1.15
    distance = next(v for v in outcome["verdicts"] if v["quantity"] == "i_sse_rmse")
    assert distance["value"] < 0.35e-6
    assert results["sustained"] is results["recovered"] is True


def test_the_stop_is_reported_with_its_margin_and_the_delivered_levels(outcome: dict[str, Any]) -> None:
    results = outcome["results"]
    assert results["delivered_kick"] == pytest.approx(65.6e-6, abs=2 * results["delivered_kick_error"])
    assert results["delivered_holding"] == pytest.approx(44.68e-6, abs=2 * results["delivered_holding_error"])
    assert abs(results["stop_margin"]) < 0.3e-6
    assert results["stop_margin_error"] > 0
    assert isinstance(results["stopped"], bool)


def test_json_is_one_document_with_what_a_script_needs(outcome: dict[str, Any]) -> None:
    assert {"run", "status", "results", "verdicts", "report", "warnings", "notes"} <= outcome.keys()
    assert outcome["status"] == "done"
    assert {"f_star", "i_sse", "sustained", "recovered", "stopped"} <= outcome["results"].keys()
    assert Path(outcome["report"]).read_text(encoding="utf-8").startswith("<!")


def test_the_same_seed_gives_the_same_samples(folder: Path, outcome: dict[str, Any]) -> None:
    again = json.loads(neurorig("run", "bump", "--simulate", "--json", "--seed", "7", cwd=folder).stdout)
    pairs = zip(Run.open(outcome["run"]).sweeps, Run.open(again["run"]).sweeps, strict=True)
    for one, two in pairs:
        for node in one.traces:
            np.testing.assert_array_equal(one.traces[node].samples, two.traces[node].samples, err_msg=node)


def test_the_run_folder_holds_everything(outcome: dict[str, Any]) -> None:
    run = Path(outcome["run"])
    meta = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert meta["protocol"]["parameters"]
    assert meta["instruments"]["scope"]["identity"]["model"] == "DS1104Z"
    assert meta["instruments"]["source"]["settings"]
    assert {"traces.h5", "results.parquet", "log.jsonl", "report.html"} <= {p.name for p in run.iterdir()}
    assert len(pd.read_parquet(run / "results.parquet"))
    figures = {p.suffix for p in (run / "figures").iterdir()}
    assert {".png", ".svg", ".csv"} <= figures


def test_runs_are_listed_shown_exported_and_commented(folder: Path, outcome: dict[str, Any]) -> None:
    name = Path(outcome["run"]).name
    assert name in [r["id"] for r in json.loads(answered("list", "--json", cwd=folder).stdout)]
    assert answered("comment", name, "looks right", "--bad", "--sweep", "2", cwd=folder).returncode == 0
    shown = json.loads(answered("show", name, "--json", cwd=folder).stdout)
    assert [s["bad"] for s in shown["sweeps"]] == [False, False, True]
    note = json.loads(answered("comment", name, "it was not", "--good", "--sweep", "2", "--json", cwd=folder).stdout)
    assert (note["run"], note["kind"], note["sweep"]) == (outcome["run"], "good", 2)
    assert not json.loads(answered("show", name, "--json", cwd=folder).stdout)["sweeps"][2]["bad"]
    assert answered("comment", name, "undecided", "--good", "--bad", cwd=folder).returncode == 2
    exported = json.loads(answered("export", "parquet", name, "--json", cwd=folder).stdout)
    assert all(Path(f).is_file() for f in exported["files"])
    assert name in answered("show", name, cwd=folder).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["-p", "holding=300uA"], 3, ["n1.i0", "300 uA", "limit of 250 uA", "wu2025_bump.toml"]),
        (["-p", "holdin=44uA"], 2, ["no parameter 'holdin'", "Did you mean 'holding'"]),
        (["-p", "holding=44.7V"], 2, ["holding", "44.7V", "44.7 uA"]),
        (["-p", "holding"], 2, ["name=value"]),
        (["-p", "settle=300s"], 4, ["does not fit", "points", "What fits"]),
        (["-p", "settle=1e9 s"], 4, ["n1.i0", "settle", "ticks"]),
        (["--bench", "nowhere.toml"], 2, ["No bench file 'nowhere.toml'"]),
        (["--set", "s11.R_w=7kohm"], 2, ["s11.R_w", "Did you mean 's11.R_W'"]),
        (["--out", "/proc/neurorig"], 6, ["/proc/neurorig", "--out"]),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_paragraph(
    folder: Path, arguments: list[str], code: int, says: list[str]
) -> None:
    refused = answered("run", "bump", "--simulate", "--json", *arguments, cwd=folder)
    assert refused.returncode == code, refused.stderr
    document = json.loads(refused.stdout)
    assert document["exit_code"] == code
    for text in says:
        assert text in document["error"]
    assert "Traceback" not in refused.stderr
    assert {"run", "status"}.isdisjoint(document)


def test_what_was_refused_does_not_become_the_last_run(tmp_path: Path) -> None:
    for arguments in (["--simulate", "-p", "settle=300s"], []):  # does not fit; nobody answers
        assert answered("run", "bump", *arguments, cwd=tmp_path).returncode in {4, 5}
    assert json.loads(answered("list", "--json", cwd=tmp_path).stdout) == []


def test_a_wrong_call_says_what_to_write(folder: Path) -> None:
    assert "Name a protocol: bump, rheobase" in answered("run", cwd=folder).stderr
    for arguments in (["comment", "last"], ["export"]):
        said = answered(*arguments, cwd=folder).stderr
        assert "requires an argument" in said
        assert "--text" not in said
        assert "--format" not in said


def test_an_unknown_protocol_or_command_names_the_nearest(folder: Path) -> None:
    assert "Did you mean 'bump'" in answered("run", "bunp", cwd=folder).stderr
    wrong = answered("rnu", cwd=folder)
    assert (wrong.returncode, "Traceback" in wrong.stderr) == (2, False)


def test_without_hardware_the_error_names_simulate(folder: Path) -> None:
    absent = answered("run", "bump", cwd=folder)
    assert absent.returncode == 5
    assert "--simulate" in absent.stderr
    assert "source" in absent.stderr


def test_help_is_quick_because_it_imports_nothing_heavy(folder: Path) -> None:
    code = (
        "import sys; from neurorig.cli.app import run\n"
        "try: run(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=True)
    assert HEAVY.isdisjoint(done.stderr.split())
    assert "simulate" in done.stdout


def test_doctor_says_what_is_there(folder: Path) -> None:
    findings = json.loads(answered("doctor", "--json", cwd=folder).stdout)
    assert {"Python", "numpy", "free disk"} <= {f["what"] for f in findings}


def test_a_paced_run_takes_as_long_as_on_the_bench(folder: Path) -> None:
    quick = [
        "-p",
        "rest=0.2s",
        "-p",
        "kick_duration=0.4s",
        "-p",
        "settle=0.6s",
        "-p",
        "stop_duration=0.4s",
        "-p",
        "probes=no",
    ]
    begun = time.monotonic()
    done = neurorig("run", "bump", "--simulate", "--paced", "--json", *quick, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begun > 2.3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("redirect", [">/dev/full", ">&-", "| true"])
@pytest.mark.parametrize("arguments", ["list --json", "protocols bump", "run nothing --json"])
def test_an_output_that_is_lost_is_told_in_one_line(folder: Path, arguments: str, redirect: str) -> None:
    script = f"set -o pipefail; sleep 0.01 | {sys.executable} -m neurorig {arguments} {redirect}"
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    if redirect == "| true" and done.returncode in {0, 2}:
        return  # the reader had not gone yet
    assert done.returncode == 1
    assert "neurorig: standard output" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
