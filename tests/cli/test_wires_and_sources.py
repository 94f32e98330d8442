"""``wiring-check`` and ``accept-source`` as a person or a script meets them."""

import json
from pathlib import Path

import pytest

from neurorig.instruments import load_bench

from .bench_process import neurorig

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "accept-source.md"


@pytest.fixture
def miswired(tmp_path: Path) -> Path:
    text = load_bench().path.read_text(encoding="utf-8")
    for old, new in (('"scope.2"', '"scope.9"'), ('"scope.3"', '"scope.2"'), ('"scope.9"', '"scope.3"')):
        text = text.replace(old, new)
    file = tmp_path / "miswired.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_mistake_is_told_in_words_with_exit_code_5(tmp_path: Path, miswired: Path) -> None:
    done = neurorig("wiring-check", "--simulate", "--wired-as", str(miswired), cwd=tmp_path)
    assert done.returncode == 5, done.stderr
    assert "no signal" in done.stdout
    assert "wrong: scope.3 and scope.2 seem to be exchanged" in done.stdout
    assert "report  " in done.stdout


def test_one_json_document_for_a_script(tmp_path: Path, miswired: Path) -> None:
    done = neurorig("wiring-check", str(miswired), "--simulate", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["results"]["right"] is True


def test_a_real_table_is_not_described_by_a_second_file(tmp_path: Path, miswired: Path) -> None:
    done = neurorig("wiring-check", "--wired-as", str(miswired), cwd=tmp_path)
    assert done.returncode == 2
    assert "Add --simulate" in done.stderr


def test_a_source_is_accepted_as_the_page_says_and_its_table_written(tmp_path: Path) -> None:
    (command,) = [line for line in HOWTO.read_text(encoding="utf-8").splitlines() if line.startswith("neurorig accept")]
    assert (
        command == 'neurorig accept-source --simulate --resistor "10 kohm" --with scope.3 --needs bump --drift "20 s"'
    )
    file = tmp_path / "mine.toml"
    file.write_text(load_bench().path.read_text(encoding="utf-8"), encoding="utf-8")
    words = ["--resistor", "10 kohm", "--with", "scope.3", "--needs", "bump", "--drift", "0 s"]
    done = neurorig("accept-source", str(file), "--simulate", *words, "--write", cwd=tmp_path)
    assert done.returncode == 5, done.stderr  # neither sag nor drift was measured
    assert done.stdout.startswith(f"bench   mine ({file}), simulated: no hardware is touched\n")
    assert 'it delivers by [ports."n1.i0"].delivered of the bench file, which is what was found' in done.stdout
    assert "noise, rms 1 Hz to 1 kHz" in done.stdout
    assert "+delivered = [" in done.stdout
    assert (
        "\nverdict not accepted for bump, because of change from 0.5 V to 3.5 V: not told (not measured: needs a"
        in done.stdout
    )
    assert f"the old one is {file}.1.old" in done.stdout
    assert len(load_bench(file).port("n1.i0").delivered.commanded) > 8
    assert list((tmp_path / "sources").glob("*/*/acceptance.json"))


@pytest.mark.parametrize("words", [["--write"], ["--out", "file/sources"]])
def test_what_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = neurorig("accept-source", "--resistor", "10 kohm", "--with", "scope.3", "--simulate", *words, cwd=tmp_path)
    assert done.returncode == (2 if "--write" in words else 6)
    assert (
        "stays as it is" if "--write" in words else "file/sources: cannot be written (Not a directory)"
    ) in done.stderr
    assert "hands" not in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_nothing_is_played_before_it_was_said_that_the_resistor_is_there(tmp_path: Path) -> None:
    done = neurorig("accept-source", "--resistor", "10 kohm", "--with", "scope.4", cwd=tmp_path)
    assert done.returncode == 2
    assert "where the marker arrives" in done.stderr
    assert not (tmp_path / "sources").exists()
