"""The page on calibration: its commands work when they are pasted."""

import shutil
from pathlib import Path

import pytest

from .blocks import ROOT, blocks
from .test_tutorial import SHELL, pasted


@pytest.mark.skipif(SHELL is None, reason="needs bash")
def test_the_commands_of_the_page(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "calibration", tmp_path / "examples" / "calibration")
    said = pasted("\n".join(b.text for b in blocks("docs/howto/calibrate.md", "sh")), tmp_path)
    assert "n1: fi.csv, 22 points, 17 rates used, 1 outlier" in said
    assert "I_min 36." in said
    assert "board   from_run.toml" in said
