"""A small board of its own for the tests, and copies of boards to break."""

import shutil
from pathlib import Path

import pytest

from neurorig.hardware.kicad.projects import PROJECTS, Project
from neurorig.hardware.kicad.tools.generate import generate

from .divider import DIVIDER


@pytest.fixture(scope="session")
def divider(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Generated with KiCad: two sheets, parts on both sides, a chip of three units. Not to be written to."""
    return generate(DIVIDER, tmp_path_factory.mktemp("generated") / "divider")


@pytest.fixture
def neuron(tmp_path: Path) -> Project:
    """A copy of the neuron board to do as one likes with."""
    return copied("neuron", tmp_path)


def copied(name: str, tmp_path: Path) -> Project:
    """A copy of a board that ships, with the library beside it."""
    original = PROJECTS[name]
    shutil.copytree(original.folder.parent / "library", tmp_path / "library")
    shutil.copytree(original.folder, tmp_path / original.name)
    return Project(original.name, original.title, tmp_path / original.name)
