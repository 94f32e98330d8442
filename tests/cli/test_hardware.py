"""``neurorig hardware`` as a person or a script meets it."""

import json
import shutil
from pathlib import Path

import pytest

from neurorig.cli.app import run
from neurorig.hardware.kicad.projects import PROJECTS, Project


@pytest.fixture
def mine(tmp_path: Path) -> Project:
    """A copy of the neuron board under a name of its own."""
    original = PROJECTS["neuron"]
    shutil.copytree(original.folder.parent / "library", tmp_path / "library")
    folder = tmp_path / "mine"
    folder.mkdir()
    for path in original.folder.iterdir():
        name = path.name.replace("neuron.kicad", "mine.kicad")
        shutil.copyfile(path, folder / name)
    return Project("mine", "Mine", folder)


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = run(["hardware", *map(str, arguments)])
    return code, *capsys.readouterr()


def test_boards_are_listed_without_kicad(capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    code, out, _ = said(capsys, "list")
    assert code == 0
    for project in PROJECTS.values():
        assert project.name in out and project.title in out
    code, out, _ = said(capsys, "list", "--json")
    assert {row["name"] for row in json.loads(out)} == PROJECTS.keys()
    assert all(row["width"] > 20 and row["height"] > 20 and row["parts"] > 5 for row in json.loads(out))


def test_parts_are_listed_without_kicad(capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    code, out, _ = said(capsys, "bom", "neuron")
    assert code == 0
    assert "C_m1" in out and " EUR" in out.splitlines()[-1] + out
    code, out, _ = said(capsys, "bom", "neuron", "--json")
    bom = json.loads(out)
    assert any("T1" in item["designators"] for item in bom["fitted"])
    assert bom["cost_eur"] > 1.0


def test_a_board_that_is_misspelt_is_guessed(capsys):
    code, _, error = said(capsys, "bom", "neurom")
    assert (code, error) == (2, error)
    assert "Did you mean 'neuron'?" in error


def test_a_project_that_is_called_as_a_board_that_ships(capsys, tmp_path, monkeypatch):
    shutil.copytree(PROJECTS["neuron"].folder, tmp_path / "neuron")
    monkeypatch.chdir(tmp_path)
    code, _, error = said(capsys, "bom", "neuron")
    assert code == 2
    assert "write ./neuron for the project" in error
    assert said(capsys, "bom", "./neuron")[0] == 0
    monkeypatch.chdir(PROJECTS["neuron"].folder.parent)
    assert said(capsys, "bom", "neuron")[0] == 0


@pytest.mark.needs("kicad")
def test_a_board_of_ones_own_is_checked_and_built(capsys, mine, tmp_path):
    code, out, _ = said(capsys, "check", mine.settings)
    assert code == 0, out
    assert "mine" in out and "fine" in out
    code, out, _ = said(capsys, "build", mine.folder, "--out", tmp_path / "out")
    assert code == 0, out
    assert "mine-gerbers.zip" in out
    assert (tmp_path / "out" / "mine" / "mine-gerbers.zip").is_file()
    code, _, error = said(capsys, "build", mine.folder, "--out", tmp_path / "out")
    assert code == 2
    assert "mine is not empty" in error


@pytest.mark.needs("kicad")
def test_a_board_that_fails_is_refused_with_a_table(capsys, mine, tmp_path):
    text = mine.schematic.read_text()
    mine.schematic.write_text(text.replace('(property "Value" "680k"', '(property "Value" "68k"', 1))
    code, out, _ = said(capsys, "build", mine.settings, "--out", tmp_path / "out")
    assert code == 1
    assert "footprint_symbol_mismatch" in out and "R_m1 is 680k on the board, 68k in the schematic." in out
    assert "Nothing was written for mine" in out
    assert not (tmp_path / "out").exists()
    code, out, _ = said(capsys, "check", mine.settings, "--json")
    (checks,) = json.loads(out)
    assert (code, checks["counts"]["parity"], checks["passed"]) == (1, 1, False)
    assert checks["violations"][0]["parts"] == ["R_m1"]


def test_two_projects_of_one_name_are_refused(capsys, mine):
    code, _, error = said(capsys, "check", mine.folder, mine.settings)
    assert code == 2
    assert "mine: named twice" in error


def test_without_kicad_it_says_what_to_install(capsys, monkeypatch, mine):
    from neurorig.hardware.kicad.program import kicad_cli

    monkeypatch.setenv("PATH", "")
    kicad_cli.cache_clear()
    code, _, error = said(capsys, "check", mine.folder)
    kicad_cli.cache_clear()
    assert code == 1
    assert "kicad-cli is not found on this machine. Install KiCad 9" in error
