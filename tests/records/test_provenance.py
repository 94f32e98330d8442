"""What a run says about the software that made it, and what that costs."""

import importlib.metadata
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from neurorig import records
from neurorig.records import software
from neurorig.records.provenance import git_state


def git(tree, *arguments):
    who = ["-c", "user.name=x", "-c", "user.email=x@y.z"]
    return subprocess.run(["git", "-C", str(tree), *who, *arguments], check=True, capture_output=True, text=True).stdout


def test_versions_of_what_neurorig_requires_are_written_down():
    said = software()
    assert said["packages"]["numpy"] == np.__version__
    assert said["python"] == ".".join(map(str, sys.version_info[:3]))
    assert "pynwb" not in said["packages"]  # extras are not part of every run


def test_the_source_tree_tells_its_commit_and_whether_it_was_changed(tmp_path):
    assert git_state(tmp_path) is None
    git(tmp_path, "init", "-q")
    (tmp_path / "model.py").write_text("a = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    commit = git(tmp_path, "rev-parse", "HEAD").strip()
    assert git_state(tmp_path) == {"commit": commit, "changed": False}
    (tmp_path / "model.py").write_text("a = 2\n")
    assert git_state(tmp_path) == {"commit": commit, "changed": True}


def test_it_costs_less_than_20_ms():
    software()
    took = []
    for _ in range(10):  # the quickest counts: a busy computer is not what is tried here
        start = time.perf_counter()
        software()
        took.append(time.perf_counter() - start)
    assert min(took) < 0.020


def test_looking_at_records_does_not_load_the_heavy_libraries():
    program = (
        "import sys; from neurorig.records import Catalogue, Run, RunWriter, export\n"
        "heavy = {'h5py', 'hdf5plugin', 'pandas', 'pyarrow', 'pydantic', 'pint'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_python_may_be_started_beside_the_source_tree(tmp_path):
    """There the tree's own folder is taken for the package, as a namespace without a version."""
    tree = Path(records.__file__).parents[1]
    if not (tree / "pyproject.toml").exists():
        pytest.skip("installed, not run from its source tree")
    (tmp_path / "neurorig").symlink_to(tree)
    program = "from neurorig.records import software; print(software()['neurorig'])"
    said = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert said.stdout.strip() == importlib.metadata.version("neurorig")
