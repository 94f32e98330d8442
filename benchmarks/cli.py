"""What a person waits for at the command line, and where the time of a whole run goes."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from .harness import ROOT, Figure, at_most, median_of


def run() -> Iterator[Figure]:
    """Every figure of this page."""
    python = median_of(_wall("-c", "pass"), 9)
    yield Figure("bare python", python, "s")
    yield at_most(
        "neurorig --help, over bare python", median_of(_wall("-m", "neurorig", "--help"), 9) - python, "s", 0.15
    )
    with tempfile.TemporaryDirectory() as folder:
        whole = _wall("-m", "neurorig", "run", "bump", "--simulate", "--out", folder)
        whole()  # whatever is compiled or cached on a machine's first run
        before, rounds = os.times(), 5
        yield at_most("neurorig run bump --simulate", median_of(whole, rounds), "s", 4.0)
        after = os.times()
        worked = (after.children_user - before.children_user + after.children_system - before.children_system) / rounds
        yield Figure("neurorig run bump --simulate, processor time", worked, "s")
        done = [_python("-m", "benchmarks.whole_run", folder) for _ in range(3)]
    splits = [dict(json.loads(output)) for output in done]
    for name in splits[0]:
        yield Figure(f"  {name}", sorted(s[name] for s in splits)[1], "s")


def _python(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def _wall(*arguments: str) -> Callable[[], float]:
    def go() -> float:
        start = time.perf_counter()
        _python(*arguments)
        return time.perf_counter() - start

    return go
