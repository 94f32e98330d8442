"""A run for other programs: tidy tables in CSV (a row of names, a row of units) or Parquet.

``sweeps`` one row per sweep; ``stimulus`` one row per step of a port, commanded and reported; ``sweep_000`` ... the
traces of a sweep over their common time; ``sweep_000_reported`` ... what its source read back of itself and ``stamps`` when its
comparators saw spikes, both by the source's own clock; and the run's result tables (spikes among them) under their own names.
"""

import csv
import json
from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from neurorig.signals import RecordError, Steps, Trace, nearest

from .run import Run, Sweep
from .tables import save_table

if TYPE_CHECKING:
    import pandas as pd

Table = tuple[str, "pd.DataFrame"]


def export(run: Run, format: str, folder: str | Path | None = None) -> list[Path]:
    """Write the run's tables into `folder` (default: ``csv`` or ``parquet`` in the run) and give the files.

    Raises RecordError for an unknown format, a damaged sweep, or a folder that cannot be written.
    """
    if format not in FORMATS:
        raise RecordError(f"'{format}' is no export format.{nearest(format, FORMATS)}")
    target = Path(folder) if folder is not None else run.path / format
    files = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, frame in _tables(run):
            files.append(target / f"{name}.{format}")
            FORMATS[format](files[-1], frame)
    except OSError as reason:
        raise RecordError(f"{target}: cannot be written ({reason.strerror}).") from reason
    return files


def write_csv(path: Path, frame: "pd.DataFrame") -> None:
    """Write a table as CSV: names, units (from ``frame.attrs["units"]``), then numbers that read back exactly."""
    import pyarrow as pa
    import pyarrow.csv

    units = frame.attrs.get("units", {})
    with path.open("w", newline="", encoding="utf-8") as text:
        head = csv.writer(text, lineterminator="\n")
        head.writerow(frame.columns)
        head.writerow([units.get(name, "") for name in frame.columns])
    with path.open("ab") as file:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        pa.csv.write_csv(table, file, pa.csv.WriteOptions(include_header=False))


FORMATS: dict[str, Callable[[Path, "pd.DataFrame"], None]] = {"csv": write_csv, "parquet": save_table}


def _tables(run: Run) -> Iterator[Table]:
    sweeps, derived = run.sweeps, run.meta.get("derived", {})
    yield "sweeps", _sweep_table(sweeps)
    yield "stimulus", _stimulus_table(sweeps)
    if any(sweep.stamps for sweep in sweeps):
        yield "stamps", _stamp_table(sweeps)
    for sweep in sweeps:
        yield from _trace_tables(f"sweep_{sweep.index:03d}", sweep.traces, derived)
        yield from _trace_tables(f"sweep_{sweep.index:03d}_reported", sweep.read_backs)
    for name in run.tables():
        frame = run.results(name)
        if frame is not None:
            yield name, frame


def _frame(columns: dict[str, object], units: dict[str, str]) -> "pd.DataFrame":
    import pandas as pd

    frame = pd.DataFrame(columns)
    frame.attrs["units"] = units
    return frame


def _sweep_table(sweeps: list[Sweep]) -> "pd.DataFrame":
    columns: dict[str, object] = {
        "sweep": [s.index for s in sweeps],
        "label": [s.label for s in sweeps],
        "started": [s.started for s in sweeps],
        "bad": [s.bad for s in sweeps],
        "comments": ["; ".join(n.text for n in s.comments) for s in sweeps],
        "state": [json.dumps(s.state) for s in sweeps],
        "params": [json.dumps(s.params) for s in sweeps],
        "acquired": [json.dumps(s.acquired) for s in sweeps],
    }
    return _frame(columns, {"started": "UTC"})


def _stimulus_table(sweeps: list[Sweep]) -> "pd.DataFrame":
    names = ("sweep", "port", "source", "start", "stop", "level", "unit")
    columns: dict[str, list[object]] = {name: [] for name in names}
    units = {"start": "s", "stop": "s"}

    def add(sweep: Sweep, source: str, port: str, steps: Steps) -> None:
        for start, stop, level in zip(steps.edges[:-1], steps.edges[1:], steps.levels, strict=True):
            row = (sweep.index, port, source, float(start), float(stop), float(level), steps.unit)
            for name, value in zip(names, row, strict=True):
                columns[name].append(value)

    for sweep in sweeps:
        for source, ports in (("commanded", sweep.commanded), ("reported", sweep.reported)):
            for port, steps in ports.items():
                add(sweep, source, port, steps)
    level_units = set(columns["unit"])
    if len(level_units) == 1:  # one unit for all: it belongs into the unit row
        units["level"] = str(level_units.pop())
        del columns["unit"]
    return _frame(dict(columns), units)


def _stamp_table(sweeps: list[Sweep]) -> "pd.DataFrame":
    import numpy as np

    found = [(s.index, name, s.stamps[name].times) for s in sweeps for name in s.stamps]
    columns: dict[str, object] = {
        "sweep": np.concatenate([np.full(len(times), index) for index, _, times in found]),
        "input": np.concatenate([np.full(len(times), name) for _, name, times in found]),
        "time": np.concatenate([times for _, _, times in found]),
    }
    return _frame(columns, {"time": "s"})


def _trace_tables(title: str, given: Mapping[str, Trace], derived: Container[str] = ()) -> Iterator[Table]:
    """One table per time base; traces of one oscilloscope share it. What was computed from other traces says so."""
    names = {name: f"{name} (derived)" if name in derived else name for name in given}
    bases: dict[tuple[float, float, int], list[Trace]] = {}
    for trace in given.values():
        bases.setdefault((trace.t0, trace.dt, len(trace)), []).append(trace)
    for number, traces in enumerate(bases.values()):
        name = title + (f"_{number + 1}" if number else "")
        columns: dict[str, object] = {"time": traces[0].times}
        columns |= {names[trace.name]: trace.values for trace in traces}
        yield name, _frame(columns, {"time": "s"} | {names[trace.name]: trace.unit for trace in traces})
