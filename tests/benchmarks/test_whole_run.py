"""The profile of a whole run still follows what a run does."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_parts_of_a_run_are_timed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.whole_run", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    parts = json.loads(done.stdout)
    assert [name for name, _ in parts][-1] == "report"
    assert all(seconds > 0 for _, seconds in parts)
