"""The journal against a raw file and against the same filter used by hand, and what a run and a catalogue cost."""

import contextlib
import itertools
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np

from neurorig.records import Catalogue, Channel, Run, RunWriter, SweepRecord
from neurorig.signals import Trace

from .harness import Figure, Race, at_most, repeated
from .recording import KICK, SPANS, recording

SWEEPS = 6
RUNS = 1000
CHUNK = 2**19
STARTED = "2025-01-01T00:00:00Z"
Writing = tuple[Path, Callable[[int], None]]
Opened = Callable[[Path, dict[str, Trace]], AbstractContextManager[Writing]]
META = {
    "protocol": {"name": "bump", "parameters": {}},
    "board": {"name": "wu2025_bump"},
    "bench": {"name": "benchmark"},
}


def run() -> Iterator[Figure]:
    """Every race of this page."""
    traces = {node: recording(node) for node in SPANS}
    with tempfile.TemporaryDirectory() as folder:
        yield from _writing(Path(folder), traces)
    with tempfile.TemporaryDirectory() as folder:
        yield from _registering(Path(folder))


def _writing(folder: Path, traces: dict[str, Trace]) -> Iterator[Figure]:
    payload = SWEEPS * sum(t.samples.nbytes for t in traces.values())
    numbers = itertools.count()
    written: dict[str, Path] = {}

    def timed(kind: str, opened: Opened) -> Callable[[], float]:
        """Seconds of all sweeps, each in the hands of the operating system; opening and closing are not counted."""

        def go() -> float:
            with opened(folder / f"{kind}{next(numbers)}", traces) as (path, append):
                written[kind] = path
                start = time.perf_counter()
                for k in range(SWEEPS):
                    append(k)
                return time.perf_counter() - start

        go()
        return go

    race = Race(f"{SWEEPS} sweeps of {payload / SWEEPS / 1e6:g} MB", "MB/s", lambda s: payload / s / 1e6, rounds=15)
    race.add("raw file", timed("raw", _raw))
    race.add("h5py, lz4 + bitshuffle", timed("h5py", _h5py))
    race.add("journal", timed("journal", _journal), 1.1, "h5py, lz4 + bitshuffle")
    yield from race.run()
    size = (written["journal"] / "traces.h5").stat().st_size
    yield at_most("journal: size on disk over payload", size / payload, "x", 0.60)
    yield Figure("h5py: size on disk over payload", written["h5py"].stat().st_size / payload, "x")

    race = Race("reading one trace", "ms", lambda s: s * 1e3, rounds=15)
    race.add("h5py", repeated(lambda: _read_h5py(written["h5py"]), 5))
    sweep = Run.open(written["journal"]).sweeps[3]
    race.add("journal, checksum compared", repeated(lambda: sweep.traces["n1.v_ap"], 5), 1.2)
    race.add(
        "the same from the run's path", repeated(lambda: Run.open(written["journal"]).sweeps[3].traces["n1.v_ap"], 5)
    )
    yield from race.run()


@contextlib.contextmanager
def _raw(path: Path, traces: dict[str, Trace]) -> Iterator[Writing]:
    def append(k: int) -> None:
        for trace in traces.values():
            file.write(trace.samples.data)

    with path.open("wb", buffering=0) as file:
        yield path, append


@contextlib.contextmanager
def _h5py(path: Path, traces: dict[str, Trace]) -> Iterator[Writing]:
    packing = hdf5plugin.Blosc(cname="lz4", clevel=5, shuffle=hdf5plugin.Blosc.BITSHUFFLE)

    def append(k: int) -> None:
        for name, trace in traces.items():
            sets[name].resize(k + 1, axis=0)
            sets[name][k] = trace.samples
        file.flush()

    with h5py.File(path, "w", libver="latest") as file:
        sets = {
            name: file.create_dataset(
                name, (0, len(t)), t.samples.dtype, maxshape=(None, len(t)), chunks=(1, CHUNK), **packing
            )
            for name, t in traces.items()
        }
        yield path, append


@contextlib.contextmanager
def _journal(path: Path, traces: dict[str, Trace]) -> Iterator[Writing]:
    def append(k: int) -> None:
        writer.add_sweep(SweepRecord(k, f"sweep {k}", STARTED), traces, {"n1.i0": KICK}, {"n1.i0": KICK})

    with RunWriter.create(path, META) as writer:
        writer.open_journal([Channel(name, t.unit, t.samples.dtype) for name, t in traces.items()], ["n1.i0"])
        yield writer.path, append


def _read_h5py(path: Path) -> np.ndarray:
    with h5py.File(path) as file:
        samples: np.ndarray = file["n1.v_ap"][3]
    return samples


def _registering(root: Path) -> Iterator[Figure]:
    def register() -> None:
        with RunWriter.create(root, META):
            pass

    one = repeated(register, RUNS - 1)()
    yield Figure("a new run, made and finished", one * 1e3, "ms")
    catalogue = Catalogue(root)
    start = time.perf_counter()
    catalogue.rebuild()
    yield Figure(f"catalogue of {RUNS} runs: rebuilt", (time.perf_counter() - start) * 1e3, "ms")
    race = Race(f"listing {RUNS} runs", "ms", lambda s: s * 1e3)
    race.add("sqlite alone", repeated(lambda: _select(catalogue.path), 3))
    race.add(
        "reading every run.json", repeated(lambda: [json.loads(f.read_bytes()) for f in root.glob("*/run.json")], 1)
    )
    race.add("catalogue, every folder looked at", repeated(catalogue.list, 3))
    yield from race.run()


def _select(path: Path) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as base:
        return base.execute("SELECT * FROM runs").fetchall()
