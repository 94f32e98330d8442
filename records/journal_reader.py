"""``traces.h5`` read: while it is written, after a crash, or closed. What is damaged is said, never left out."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin  # noqa: F401  (registers the filter that the samples are packed with)
import numpy as np
from numpy.typing import NDArray

from neurorig.signals import RecordError, Stamps, Steps, Trace

from .layout import ABSENT, row_crc, samples_check
from .sweep import SweepRecord


@dataclass(frozen=True, eq=False)
class Row:
    """One sweep as the table holds it, and what it points to."""

    record: SweepRecord
    table: NDArray[np.void]
    channels: tuple[str, ...]
    commanded: tuple[str, ...]
    reported: tuple[str, ...]
    read_backs: tuple[str, ...]
    stamps: tuple[str, ...]


class JournalReader:
    """Opens the file anew for every question, so it never stands in a writer's way and always sees the latest sweep."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def _open(self) -> Iterator[h5py.File]:
        try:
            with h5py.File(self.path, "r", swmr=True, libver="latest", locking="best-effort") as file:
                yield file
        except (OSError, RuntimeError, KeyError) as reason:
            raise RecordError(f"{self.path}: cannot be read ({reason}).") from reason

    def rows(self) -> tuple[list[Row], list[str]]:
        """Give every whole sweep, and a sentence for each row that is damaged."""
        with self._open() as file:
            table = file["sweeps"][:]
            documents = file["documents"][:].tobytes()
        rows: list[Row] = []
        problems: list[str] = []
        for k in range(len(table)):
            row = table[k : k + 1]
            first, count = int(row["document_first"][0]), int(row["document_count"][0])
            document = documents[max(first, 0) : max(first + count, 0)]
            if row_crc(row, document) == row["crc"][0]:
                rows.append(_row(row, document))
            else:
                problems.append(f"{self.path.name}: sweep {k} is damaged: its row in the table or its document is torn")
        return rows, problems

    def trace(self, row: Row, name: str, group: str = "traces") -> Trace:
        """Read one trace, bit for bit as it was measured; raises RecordError when its samples are damaged."""
        column = row.table[group][name][0]
        samples, unit = self._whole(row, f"{group}/{name}", column)
        scale, offset, t0, dt, error = (float(column[key]) for key in ("scale", "offset", "t0", "dt", "error"))
        return Trace(name, samples, scale, offset, unit, t0, dt, error, int(column["clipped"]))

    def stamps(self, row: Row, name: str) -> Stamps:
        """Read the stamps of one comparator input; raises RecordError when they are damaged."""
        column = row.table["stamps"][name][0]
        counts, _ = self._whole(row, f"stamps/{name}", column)
        return Stamps(counts, float(column["unit"]), int(column["lost"]))

    def _whole(self, row: Row, dataset: str, column: NDArray[np.void]) -> tuple[NDArray[Any], str]:
        """The numbers that a column of the row points to, and their unit."""
        first, count = int(column["first"]), int(column["count"])
        with self._open() as file:
            samples = file[dataset][first : first + count]
            unit = str(file[dataset].attrs.get("unit", ""))
        if len(samples) != count or samples_check(samples) != column["check"]:
            raise RecordError(
                f"{self.path}: sweep {row.record.index}: the samples of {dataset.partition('/')[2]} are damaged "
                f"({len(samples)} of {count} read, checksum differs)."
            )
        return samples, unit

    def steps(self, row: Row, kind: str, port: str) -> Steps:
        """Read the commanded or reported steps of a port."""
        column = row.table[kind][port][0]
        first, count = int(column["first"]), int(column["count"])
        with self._open() as file:
            points = file[f"{kind}/{port}"][first : first + count]
        try:
            return Steps(points["edge_ns"], points["level"][:-1], column["unit"].decode("ascii"))
        except (ValueError, IndexError) as reason:
            where = f"{self.path}: sweep {row.record.index}"
            raise RecordError(f"{where}: {kind} {port} is damaged ({reason}).") from reason


def _row(table: NDArray[np.void], document: bytes) -> Row:
    head: dict[str, Any] = json.loads(document)
    record = SweepRecord(int(table["index"][0]), head["label"], table["started"][0].decode("ascii"), head["state"],
                         head["params"], head["acquired"])  # fmt: skip
    kinds = ("traces", "commanded", "reported", "read_backs", "stamps")
    return Row(record, table, *(_present(table, kind) for kind in kinds))


def _present(table: NDArray[np.void], kind: str) -> tuple[str, ...]:
    if kind not in (table.dtype.names or ()):
        return ()
    names = table[kind].dtype.names or ()
    return tuple(name for name in names if table[kind][name]["first"][0] != ABSENT)
