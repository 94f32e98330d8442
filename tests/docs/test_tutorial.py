"""What a reader pastes works: the tutorial from top to bottom, and the README's first changes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from neurorig.instruments import load_bench

from .blocks import ROOT, blocks

SHELL = shutil.which("bash")
pytestmark = [
    pytest.mark.skipif(SHELL is None, reason="needs bash"),
    pytest.mark.timeout(300),  # about 35 s when the machine is idle
]


def pasted(script: str, folder: Path) -> str:
    """Run a script in `folder` with this Python's commands first on the path; give what it printed."""
    assert SHELL is not None
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [SHELL, "-e", "-o", "pipefail", "-c", script],
        cwd=folder, env={**os.environ, "PATH": path}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def test_the_tutorial_from_top_to_bottom(tmp_path: Path) -> None:
    parts = ["trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for block in blocks("docs/tutorial.md", "sh", "python"):
        parts.append(f"echo '== line {block.line}'")
        parts.append(block.text if block.language == "sh" else f"python - <<'PASTED'\n{block.text}PASTED")
    said = pasted("\n".join(parts), tmp_path)
    assert "The bump sustains itself" in said
    assert "interrupted" in said
    assert "RIGOL TECHNOLOGIES" in said


def test_the_first_changes_of_the_readme(tmp_path: Path) -> None:
    safe = [line for line in commands("README.md") if not ("--bench" in line and "--simulate" not in line)]
    new = [line for line in safe if line not in commands("docs/tutorial.md")]  # those are run there
    assert len(new) > 5
    shutil.copy(load_bench().path, tmp_path / "mybench.toml")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    assert "report.html" in pasted("\n".join(new), tmp_path)


def commands(page: str) -> list[str]:
    """What is pasted to run neurorig, without remarks."""
    lines = (line for block in blocks(page, "sh") for line in block.text.splitlines())
    return [line.partition("  #")[0].strip() for line in lines if line.startswith("neurorig")]
