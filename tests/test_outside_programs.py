"""A run without an outside program says which checks it left out, and fails where that program is required."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHECKS = """
import pytest

@pytest.mark.needs("kicad")
@pytest.mark.parametrize("board", ["one", "two"])
def test_board(board):
    assert False, "cannot be reached without kicad-cli"

@pytest.fixture(scope="module")
def simulated():
    raise RuntimeError("ngspice was started")

@pytest.mark.needs("ngspice")
def test_simulation(simulated):
    pass

def test_plain():
    pass
"""


def outcome(folder: Path, programs: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
    """A pytest run with nothing on the PATH but `programs`, shell scripts by name."""
    tests = folder / "tests"
    tests.mkdir()
    for name in ("conftest.py", "outside_programs.py"):
        shutil.copy(HERE / name, tests)
    (tests / "test_boards.py").write_text(CHECKS)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers --import-mode=importlib\n")
    path = folder / "bin"
    path.mkdir()
    for name, text in programs.items():
        (path / name).write_text(f"#!/bin/sh\n{text}\n")
        (path / name).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name != "NEURORIG_REQUIRE"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    return subprocess.run(
        command, cwd=folder, env=kept | {"PATH": str(path)} | environment, capture_output=True, text=True, check=False
    )


def test_what_was_not_verified_is_counted(tmp_path):
    done = outcome(tmp_path, {})
    assert done.returncode == 0, done.stdout
    assert "1 passed, 3 skipped" in done.stdout
    assert "NOT VERIFIED: kicad-cli not found: 2 checks\n" in done.stdout
    assert "NOT VERIFIED: ngspice not found: 1 check\n" in done.stdout


def test_a_required_program_that_is_missing_is_a_failure(tmp_path):
    done = outcome(tmp_path, {}, NEURORIG_REQUIRE="kicad")
    assert done.returncode == 1
    assert "1 passed, 1 skipped, 2 errors" in done.stdout
    assert "kicad-cli not found, and NEURORIG_REQUIRE asks for it" in done.stdout


def test_a_kicad_that_is_too_old_verifies_nothing(tmp_path):
    done = outcome(tmp_path, {"kicad-cli": "echo 6.0.11", "ngspice": ""})
    assert "NOT VERIFIED: kicad-cli is 6.0.11, 9 or later is needed: 2 checks\n" in done.stdout
    assert "RuntimeError: ngspice was started" in done.stdout  # where it is found, its tests run


@pytest.mark.parametrize("wrong", ["kikad", "kicad,spice"])
def test_a_misspelt_requirement_is_refused(tmp_path, wrong):
    assert "is none of avr, kicad, ngspice, simavr" in outcome(tmp_path, {}, NEURORIG_REQUIRE=wrong).stderr
