"""neurorig in the peers' waveform store: a run's journal, checksums and flush after every sweep included."""

from pathlib import Path
from typing import Any

import numpy as np

from neurorig.records import Channel, Run, RunWriter, SweepRecord
from neurorig.signals import Trace

NODES = ("n1.v_ap", "s11.i_out")
STARTED = "2025-01-01T00:00:00Z"


def register(bench: Any, *, kind: str, add: Any, waves: Any = None, **_: Any) -> None:
    if kind != "store":
        return

    def write(path: Path) -> None:
        with RunWriter.create(path, {"protocol": {"name": "bump"}}) as run:
            run.open_journal([Channel(node, "V", np.int16) for node in NODES], [])
            for k, pair, meta in waves():
                traces = {n: Trace(n, s, 0.05, 0.0, "V", 0.0, 1e-5) for n, s in zip(NODES, pair, strict=True)}
                run.add_sweep(SweepRecord(k, f"wave {k}", STARTED, params=meta), traces)

    def read(path: Path, k: int) -> np.ndarray[Any, Any]:
        sweep = Run.open(next(path.iterdir())).sweeps[k]
        return np.stack([sweep.traces[node].samples for node in NODES])

    add("neurorig journal", write, read)
