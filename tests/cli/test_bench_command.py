"""``neurorig instruments`` and ``neurorig bench`` as a person or a script meets them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from neurorig.instruments import load_bench

from .bench_process import COMMAND, ServedBench, answered, neurorig, served
from .terminal import Terminal


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBench]:
    with served(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


def addresses(bench: ServedBench) -> list[str]:
    return [bench.addresses["source"]["serial"], bench.addresses["scope"]["tcp"]]


def made(*arguments: str, cwd: Path, answers: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "bench", "new", *arguments]
    return subprocess.run(command, input=answers, capture_output=True, text=True, timeout=60, check=False, cwd=cwd)


def test_instruments_are_told_with_driver_and_lines_to_paste(bench: ServedBench, tmp_path: Path) -> None:
    done = neurorig("instruments", *addresses(bench), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "rigol_ds1000z" in done.stdout
    pasted = 'schema = 1\ntitle = "pasted"\n' + done.stdout[done.stdout.index("[instruments.") :]
    (tmp_path / "pasted.toml").write_text(pasted, encoding="utf-8")
    drivers = {e.driver for e in load_bench(tmp_path / "pasted.toml").instruments.values()}
    assert drivers == {"arduino_source", "rigol_ds1000z"}


def test_a_script_gets_one_document(bench: ServedBench, tmp_path: Path) -> None:
    document = json.loads(neurorig("instruments", *addresses(bench), "--json", cwd=tmp_path).stdout)
    assert {f["name"] for f in document["found"]} == {"source", "scope"}
    assert document["troubles"] == document["left"] == []
    assert "[instruments.scope]" in document["bench"]


def test_nobody_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    done = neurorig("instruments", "tcp://127.0.0.1:1", cwd=tmp_path)
    assert "No instrument has answered" in done.stdout
    assert "neurorig simulate" in done.stdout
    assert answered("instruments", "--timeout", "0", cwd=tmp_path).returncode == 2
    assert answered("instruments", "ttyACM0", cwd=tmp_path).returncode == 2


def test_a_bench_is_made_from_what_answers_and_runs_the_wiring_it_draws(bench: ServedBench, tmp_path: Path) -> None:
    options = [part for address in addresses(bench) for part in ("--resource", address)]
    done = made("mine.toml", *options, cwd=tmp_path, answers="\n" * 60)
    assert done.returncode == 0, done.stderr
    assert "Written: mine.toml" in done.stdout
    picture = answered("bench", "show", "mine.toml", cwd=tmp_path).stdout
    assert picture in done.stdout
    checked = answered("bench", "check", "mine.toml", cwd=tmp_path)
    assert (checked.returncode, checked.stdout.startswith("fine")) == (0, True)
    assert load_bench(tmp_path / "mine.toml").instruments["scope"].serial_number.startswith("SIM-SCOPE")


def test_a_planned_bench_runs_its_dry_run(tmp_path: Path) -> None:
    assert made("plan.toml", "--simulate", cwd=tmp_path, answers="\n" * 60).returncode == 0
    run = neurorig("run", "bump", "--bench", "plan.toml", "--simulate", "--json", "-p", "probes=no", cwd=tmp_path)
    assert json.loads(run.stdout)["status"] == "done", run.stderr


def test_input_that_ends_too_early_is_an_error_and_writes_nothing(tmp_path: Path) -> None:
    done = made("plan.toml", "--simulate", cwd=tmp_path, answers="My bench\n\n")
    assert done.returncode == 2
    assert "The input ended at question 3: 'Name of the arduino_source" in done.stderr
    assert not (tmp_path / "plan.toml").exists()


def test_a_wrong_line_of_a_script_is_named_and_writes_nothing(tmp_path: Path) -> None:
    done = made("plan.toml", "--simulate", cwd=tmp_path, answers="My bench\nardiuno_source\n")
    assert done.returncode == 2
    assert "Answer 2, 'ardiuno_source'" in done.stderr
    assert "Did you mean 'arduino_source'" in done.stderr
    assert not (tmp_path / "plan.toml").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_person_is_asked_again(tmp_path: Path) -> None:
    terminal = Terminal("bench", "new", "plan.toml", "--simulate", cwd=tmp_path)
    terminal.wait_for("Title of the bench [My bench]: ")
    terminal.type("\n")
    terminal.wait_for("[arduino_source]: ")
    terminal.type("ardiuno_source\n")
    terminal.wait_for("Did you mean 'arduino_source'?")
    terminal.wait_for("[arduino_source]: ")
    terminal.type("\x04")
    terminal.wait_for("Nothing was written")
    assert terminal.end() == 2


def test_an_existing_file_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("mine", encoding="utf-8")
    done = made("mine.toml", "--simulate", cwd=tmp_path, answers="")
    assert (done.returncode, "never overwritten" in done.stderr, done.stdout) == (2, True, "")


def test_check_tells_a_script_all_that_is_wrong(tmp_path: Path) -> None:
    text = load_bench().path.read_text(encoding="utf-8")
    text = text.replace('[ports."n1.i0"]', '[ports."n1.i1"]').replace("source.sync", "source.synk")
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    done = answered("bench", "check", "wrong.toml", "--json", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert (done.returncode, document["fine"], len(document["wrong"])) == (2, False, 2)
    told = answered("bench", "check", "wrong.toml", cwd=tmp_path).stdout
    assert told.count("wrong   ") == 2
    assert answered("bench", "check", "nowhere.toml", cwd=tmp_path).returncode == 2


def test_a_terminal_that_cannot_show_lines_gets_plain_characters(tmp_path: Path) -> None:
    command = [*COMMAND, "bench", "show"]
    environment = {"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert b"-->" in done.stdout
