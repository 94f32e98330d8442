import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from neurorig.records import Channel, RunWriter, SweepRecord
from neurorig.signals import Steps, Trace

META = {
    "protocol": {"name": "bump", "parameters": {"holding": 44.7e-6}, "sha256": "0" * 64},
    "board": {"name": "wu2025_bump"},
    "bench": {"name": "published"},
    "simulated": True,
    "seed": 7,
}
STARTED = "2026-11-20T06:45:12.250Z"


def spiking(seed: int, n: int = 3000) -> Trace:
    """A trace as an 8-bit oscilloscope sends it, with samples that tell which sweep they belong to."""
    samples = np.random.default_rng(seed).integers(0, 256, n).astype(np.uint8)
    return Trace("n1.v_ap", samples, 0.04, -5.12, "V", -0.1, 2.5e-5, 0.02, 3)


KICK = Steps.of([1.0, 2.0, 1.0], [44.7e-6, 67.6e-6, 44.7e-6])


@pytest.fixture
def trace() -> Callable[..., Trace]:
    return spiking


@pytest.fixture
def kick() -> Steps:
    return KICK


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[RunWriter]:
    """A run that has just begun, with its journal open for one node and one port."""
    run = RunWriter.create(tmp_path / "runs", META)
    run.open_journal([Channel("n1.v_ap", "V", np.uint8)], ["n1.i0"])
    yield run
    run.finish("done")


@pytest.fixture
def take() -> Callable[..., None]:
    """Take the next sweeps of a run; the seed of a trace is the number of its sweep."""

    def sweeps(run: RunWriter, count: int) -> None:
        for k in range(run.sweeps, run.sweeps + count):
            run.add_sweep(
                SweepRecord(k, f"kick {k}", STARTED, {"from": "rest"}, {"kick": 22.9e-6}, {"rate": 40e3}),
                {"n1.v_ap": spiking(k)},
                {"n1.i0": KICK},
                {"n1.i0": KICK},
            )

    return sweeps


@pytest.fixture
def recording_process() -> Iterator[Callable[[Path, int], subprocess.Popen[str]]]:
    """Start a process that records sweeps of `n` samples without end, and says the number of each once it is kept."""
    started: list[subprocess.Popen[str]] = []
    program = textwrap.dedent("""
        import sys
        import numpy as np
        from pathlib import Path
        from neurorig.records import Channel, RunWriter, SweepRecord
        from neurorig.signals import Steps, Trace

        n = int(sys.argv[2])
        with RunWriter.create(Path(sys.argv[1]), {"protocol": {"name": "bump"}}) as run:
            run.open_journal([Channel("n1.v_ap", "V", np.uint8), Channel("n1.v_m", "V", np.int16)], ["n1.i0"])
            for k in range(10**6):
                fast = np.random.default_rng(k).integers(0, 256, n + k % 7).astype(np.uint8)
                slow = (np.arange(n // 2) + k).astype(np.int16)
                run.add_sweep(
                    SweepRecord(k, f"sweep {k}", "2026-11-20T06:45:12Z", params={"k": k}),
                    {"n1.v_ap": Trace("n1.v_ap", fast, 0.04, 0.0, "V", 0.0, 1e-5),
                     "n1.v_m": Trace("n1.v_m", slow, 1e-3, 0.0, "V", 0.0, 2e-5)},
                    {"n1.i0": Steps.of([1.0, 1.0], [1e-6, k * 1e-9])},
                )
                print(k, flush=True)
    """)

    def start(root: Path, n: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(root), str(n)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
