"""kicad-cli is found, works on a copy, and says what is wrong."""

import os
import shutil
import stat
import time
from dataclasses import replace as changed
from pathlib import Path

import pytest

from neurorig.hardware.kicad import program
from neurorig.hardware.kicad.checks import check
from neurorig.hardware.kicad.program import KicadError, kicad_cli, workspace
from neurorig.hardware.kicad.projects import PROJECTS, Project, find_project
from neurorig.hardware.kicad.schematic import read_schematic
from neurorig.signals import ConfigError


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The only folder on the PATH; what was found before is forgotten, and again afterwards."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    kicad_cli.cache_clear()
    yield folder
    kicad_cli.cache_clear()


def script(folder: Path, text: str) -> None:
    file = folder / "kicad-cli"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


@pytest.fixture
def empty(tmp_path: Path) -> Project:
    """A project of empty files."""
    project = Project("mine", "Mine", tmp_path / "mine")
    project.folder.mkdir()
    for file in (project.settings, project.schematic, project.board):
        file.write_text("()")
    return project


@pytest.mark.usefixtures("programs")
def test_without_kicad_the_message_says_how_to_get_it(empty: Project):
    with pytest.raises(KicadError, match=r"kicad-cli is not found.*Install KiCad 9 or later.*bookworm-backports"):
        check(empty)


@pytest.mark.parametrize(
    ("version", "told"), [("6.0.11", "version 6.0.11"), ("8.0.9", "version 8.0.9"), ("", "of no known version")]
)
def test_a_kicad_that_is_too_old_is_named(empty: Project, programs: Path, version: str, told: str):
    script(programs, f"echo {version}")
    with pytest.raises(KicadError, match=rf"kicad-cli is {told}.*; these boards need 9 or later\. Install KiCad 9"):
        check(empty)


def test_what_a_killed_run_left_behind_goes_the_next_day(empty, programs, tmp_path, monkeypatch):
    script(programs, "echo 9.0.8")
    monkeypatch.setattr(program, "_configure", lambda folder, *, shipped: None)  # no templates of KiCad needed
    temporary = tmp_path / "temporary"
    names = ("neurorig-kicad-old", "neurorig-kicad-new", "neurorig-else")
    for name in names:
        (temporary / name / "files").mkdir(parents=True)
    for name in ("neurorig-kicad-old", "neurorig-else"):
        os.utime(temporary / name, (time.time() - 90_000,) * 2)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with workspace(empty):
        pass
    assert {path.name for path in temporary.iterdir()} == {"neurorig-kicad-new", "neurorig-else"}


@pytest.mark.parametrize("version", ["9.0.8", "10.0.1", "9.0.8-1~bpo12+1"])
def test_a_kicad_that_is_new_enough_is_taken(programs: Path, version: str):
    script(programs, f"echo '{version}'")
    assert kicad_cli() == (programs / "kicad-cli", version)


def test_kicad_without_its_libraries_is_told(empty: Project, programs: Path):
    script(programs, "echo 9.0.8")
    with pytest.raises(KicadError, match=r"template/sym-lib-table is missing: KiCad's symbols and footprints are not"):
        check(empty)


@pytest.mark.needs("kicad")
def test_the_original_is_left_alone(divider: Project):
    def state() -> dict[str, tuple[int, bytes]]:
        return {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in divider.folder.iterdir()}

    before = state()
    check(divider)
    assert state() == before


@pytest.mark.needs("kicad")
def test_a_machine_where_kicad_was_never_started(divider: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "home"
    home.mkdir()
    for name in ("KICAD_CONFIG_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert check(divider).passed
    assert list(home.iterdir()) == []


@pytest.mark.needs("kicad")
def test_a_home_folder_is_not_needed(divider: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HOME")
    assert check(divider).passed


@pytest.mark.needs("kicad")
def test_a_project_that_may_only_be_read(divider: Project, tmp_path: Path):
    folder = shutil.copytree(divider.folder, tmp_path / "archive")
    for path in [*folder.iterdir(), folder]:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    try:
        with workspace(changed(divider, folder=folder)) as copy:
            assert all(os.access(p, os.W_OK) and p.stat().st_mode & stat.S_IWUSR for p in copy.project.folder.iterdir())
            assert copy.run("sch", "erc", copy.project.schematic, "--output", copy.root / "report").returncode == 0
    finally:
        folder.chmod(0o755)


@pytest.mark.needs("kicad")
def test_libraries_and_sheets_elsewhere_are_copied_too(tmp_path: Path):
    lab = tmp_path / "lab"
    files = {
        "boards/mine/mine.kicad_pro": "{}",
        "boards/mine/mine.kicad_pcb": '(kicad_pcb (model "${KIPRJMOD}/../../models/part.step"))',
        "boards/mine/mine.kicad_sch": '(kicad_sch (property "Sheetfile" "sheets/inner.kicad_sch"))',
        "boards/mine/sheets/inner.kicad_sch": '(kicad_sch (property "Sim.Library" "../../spice/lab.lib"))',
        "boards/mine/sym-lib-table": '(lib (name "lab")(uri "${KIPRJMOD}/../../symbols/lab.kicad_sym"))',
        "boards/mine/fp-lib-table": '(lib (name "lab")(uri "${KIPRJMOD}/../../lab.pretty"))',
        "boards/mine/thesis.pdf": "large",
        "models/part.step": "", "spice/lab.lib": "", "symbols/lab.kicad_sym": "", "lab.pretty/part.kicad_mod": "",
    }  # fmt: skip
    for name, text in files.items():
        (lab / name).parent.mkdir(parents=True, exist_ok=True)
        (lab / name).write_text(text)
    with workspace(find_project(str(lab / "boards" / "mine"))) as copy:
        top = copy.project.folder.parent.parent
        copied = {str(p.relative_to(top)) for p in top.rglob("*") if p.is_file()}
    assert copied == files.keys() - {"boards/mine/thesis.pdf"}


@pytest.mark.needs("kicad")
def test_what_kicad_refuses_is_told(empty: Project):
    with pytest.raises(
        KicadError, match=r"mine: kicad-cli sch erc .*failed \(exit code 3\): .*Failed to load schematic"
    ):
        check(empty)


@pytest.mark.parametrize(("wrong", "told"), [("neurn", "'neuron'"), ("current_shield", "'current_source_shield'")])
def test_a_board_that_is_misspelt_is_guessed(wrong: str, told: str):
    with pytest.raises(ConfigError, match=rf"no board '{wrong}'\. Did you mean {told}\?"):
        find_project(wrong)


def test_a_project_of_ones_own_is_found_by_file_or_folder(empty: Project, tmp_path: Path):
    assert find_project(str(empty.folder)).settings == empty.settings
    assert find_project(str(empty.board)).schematic == empty.schematic
    (empty.folder / "second.kicad_pro").write_text("{}")
    with pytest.raises(ConfigError, match=r"one \.kicad_pro is needed, here: mine\.kicad_pro, second\.kicad_pro"):
        find_project(str(empty.folder))
    empty.board.unlink()
    with pytest.raises(ConfigError, match=r"mine\.kicad_pcb is missing"):
        find_project(str(empty.settings))
    with pytest.raises(ConfigError, match=r"other\.kicad_pro: no such file"):
        find_project(str(tmp_path / "other.kicad_pro"))


@pytest.mark.parametrize("name", PROJECTS)
def test_a_title_is_that_of_the_schematic(name: str):
    assert read_schematic(PROJECTS[name].schematic).title == PROJECTS[name].title
