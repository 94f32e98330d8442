"""``traces.h5`` written: HDF5 in single-writer-multiple-readers mode, whole after every sweep.

All datasets are made before SWMR starts. Each sweep's samples begin at a chunk of their own, so a chunk is compressed
once and what was acknowledged is never written again. The layout is in `layout`.
"""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
from numpy.typing import NDArray

from neurorig.signals import RecordError, Stamps, Steps, Trace

from .folder import SCHEMA, check_space
from .jsonfile import encode
from .layout import ABOUT, ABSENT, STEP, row_crc, samples_check, sweep_table
from .sweep import Channel, SweepRecord, Told

CHUNK_BYTES = 2**19
"""Chunk of a trace dataset; smaller ones cost calls, larger ones make a short sweep slow to read."""

SYNC_EVERY = 1.0
"""Seconds: a sweep survives the end of the process at once, and a power cut after this long."""


class Journal:
    """The writer's side; `append` returns when the sweep is in the hands of the operating system."""

    def __init__(
        self,
        path: Path,
        channels: Sequence[Channel],
        ports: Sequence[str],
        read_backs: Sequence[Channel] = (),
        stamped: Sequence[str] = (),
    ) -> None:
        self.path = path
        self.channels = {c.name: c for c in channels}
        self.read_backs = {c.name: c for c in read_backs}
        self.ports, self.stamped = tuple(ports), tuple(stamped)
        self._arrays: dict[str, _Array] = {}
        self._row = sweep_table([c.name for c in channels], self.ports, [c.name for c in read_backs], self.stamped)
        self._synced = time.monotonic()
        new = path.with_name(path.name + ".new")
        try:
            self._file = h5py.File(new, "w", libver="latest", locking="best-effort")
            self._make_datasets()
            self._file.swmr_mode = True
            new.replace(path)  # under its own name it can be read from the first moment on
        except OSError as reason:
            raise RecordError(f"{path}: cannot be made ({reason}).") from reason

    def _make_datasets(self) -> None:
        file = self._file
        file.attrs["schema"] = SCHEMA
        file.attrs["about"] = ABOUT
        self._make("sweeps", self._row, 64)
        self._make("documents", np.dtype(np.uint8), 2**14)
        packing = hdf5plugin.Blosc(cname="lz4", clevel=5, shuffle=hdf5plugin.Blosc.BITSHUFFLE)
        for group, channels in (("traces", self.channels), ("read_backs", self.read_backs)):
            for c in channels.values():
                kind = np.dtype(c.dtype)
                self._make(f"{group}/{c.name}", kind, CHUNK_BYTES // kind.itemsize, compression=packing)
                file[f"{group}/{c.name}"].attrs["unit"] = c.unit
                if c.derived:
                    file[f"{group}/{c.name}"].attrs["derived"] = c.derived
        for name in self.stamped:
            self._make(f"stamps/{name}", np.dtype(np.int64), 2**12, compression=packing)
        for port in self.ports:
            self._make(f"commanded/{port}", STEP, 1024)
            self._make(f"reported/{port}", STEP, 1024)

    def _make(self, name: str, kind: np.dtype[Any], chunk: int, **options: Any) -> None:
        dataset = self._file.create_dataset(name, (0,), kind, maxshape=(None,), chunks=(chunk,), **options)
        self._arrays[name] = _Array(dataset)

    def append(
        self,
        record: SweepRecord,
        traces: Mapping[str, Trace],
        commanded: Mapping[str, Steps],
        reported: Mapping[str, Steps],
        told: Told,
    ) -> None:
        """Write one sweep; raises RecordError, with nothing written, when it does not fit what was declared."""
        document = self._check(record, traces, commanded, reported, told)
        check_space(self.path.parent, len(document) + sum(t.samples.nbytes for t in traces.values()))
        row = np.zeros(1, self._row)
        row["index"], row["started"] = record.index, record.started.encode("ascii")
        try:
            self._fill_traces(row, "traces", self.channels, traces)
            self._fill_traces(row, "read_backs", self.read_backs, told.read_backs)
            self._fill_stamps(row, told.stamps)
            self._fill(row, document, {"commanded": commanded, "reported": reported})
            self._file.flush()
            self._arrays["sweeps"].append(row)
            self._file.flush()
            self._sync()
        except (OSError, RuntimeError) as reason:
            raise RecordError(f"{self.path}: sweep {record.index} cannot be written ({reason}).") from reason

    @property
    def count(self) -> int:
        """Sweeps written."""
        return self._arrays["sweeps"].length

    def _fill_traces(
        self, row: NDArray[np.void], group: str, channels: Mapping[str, Channel], traces: Mapping[str, Trace]
    ) -> None:
        for name in channels:
            column = row[group][name]
            column["first"] = ABSENT
            if name in traces:
                t = traces[name]
                column["first"] = self._arrays[f"{group}/{name}"].append(t.samples, aligned=True)
                column["count"], column["check"] = len(t), samples_check(t.samples)
                column["scale"], column["offset"], column["error"] = t.scale, t.offset, t.error
                column["t0"], column["dt"], column["clipped"] = t.t0, t.dt, t.clipped

    def _fill_stamps(self, row: NDArray[np.void], stamps: Mapping[str, Stamps]) -> None:
        for name in self.stamped:
            column = row["stamps"][name]
            column["first"] = ABSENT
            if name in stamps:
                counts = np.asarray(stamps[name].counts, np.int64)
                column["first"] = self._arrays[f"stamps/{name}"].append(counts, aligned=True)
                column["count"], column["check"] = len(counts), samples_check(counts)
                column["unit"], column["lost"] = stamps[name].unit, stamps[name].lost

    def _fill(self, row: NDArray[np.void], document: bytes, steps: Mapping[str, Mapping[str, Steps]]) -> None:
        for kind, commands in steps.items():
            for port in self.ports:
                column = row[kind][port]
                column["first"] = ABSENT
                if port in commands:
                    points = np.empty(len(commands[port]) + 1, STEP)
                    points["edge_ns"], points["level"] = commands[port].edges_ns, [*commands[port].levels, np.nan]
                    column["first"], column["count"] = self._arrays[f"{kind}/{port}"].append(points), len(points)
                    column["unit"] = commands[port].unit.encode("ascii")
        row["document_first"] = self._arrays["documents"].append(np.frombuffer(document, np.uint8))
        row["document_count"] = len(document)
        row["crc"] = row_crc(row, document)

    def _check(
        self,
        record: SweepRecord,
        traces: Mapping[str, Trace],
        commanded: Mapping[str, Steps],
        reported: Mapping[str, Steps],
        told: Told,
    ) -> bytes:
        where = f"sweep {record.index} ('{record.label}')"
        if record.index != self.count:
            raise RecordError(f"{where}: the next sweep of this run is number {self.count}.")
        _check_traces(where, self.channels, traces)
        _check_traces(where, self.read_backs, told.read_backs)
        for name in told.stamps:
            if name not in self.stamped:
                raise RecordError(
                    f"{where}: '{name}' stamps nothing in this run. What does: {', '.join(self.stamped)}."
                )
        for steps in (commanded, reported):
            for port, command in steps.items():
                if port not in self.ports:
                    raise RecordError(f"{where}: '{port}' is no port of this run. Ports: {', '.join(self.ports)}.")
                if not command.unit.isascii() or len(command.unit) > 16:
                    raise RecordError(f"{where}: the unit '{command.unit}' of {port} does not fit 16 plain letters.")
        head = {"label": record.label, "state": record.state, "params": record.params, "acquired": record.acquired}
        try:
            return encode({k: dict(v) if isinstance(v, Mapping) else v for k, v in head.items()})
        except (TypeError, ValueError) as reason:
            raise RecordError(f"{where}: state, params and acquired hold what JSON can hold ({reason}).") from reason

    def _sync(self) -> None:
        if time.monotonic() - self._synced > SYNC_EVERY:
            os.fsync(self._file.id.get_vfd_handle())
            self._synced = time.monotonic()

    def close(self) -> None:
        """End SWMR mode: from now on any HDF5 program opens the file."""
        try:
            self._arrays["sweeps"].trim()
            self._file.flush()
            os.fsync(self._file.id.get_vfd_handle())
            self._file.close()
        except (OSError, RuntimeError) as reason:
            raise RecordError(f"{self.path}: cannot be closed ({reason}); its sweeps stay readable.") from reason


def _check_traces(where: str, channels: Mapping[str, Channel], traces: Mapping[str, Trace]) -> None:
    for name, trace in traces.items():
        channel = channels.get(name)
        if channel is None:
            raise RecordError(f"{where}: '{name}' is no channel of this run. Channels: {', '.join(channels)}.")
        if trace.unit != channel.unit or trace.samples.dtype != channel.dtype or trace.samples.ndim != 1:
            raise RecordError(
                f"{where}: the trace of {name} is {trace.samples.dtype} in {trace.unit}; the journal was opened "
                f"for {np.dtype(channel.dtype)} in {channel.unit}."
            )


class _Array:
    """A dataset that grows. Written through HDF5's own calls: h5py looks the type up anew at every write (0.3 ms)."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        self._id = dataset.id
        self._type = dataset.id.get_type()
        self._chunk = int(dataset.chunks[0])
        self.length = 0

    def append(self, values: NDArray[Any], *, aligned: bool = False) -> int:
        """Write values at the end, or (`aligned`) at the start of the next chunk; give the index of the first."""
        first = -(-self.length // self._chunk) * self._chunk if aligned else self.length
        count = len(values)
        self._id.set_extent((first + count,))
        if count:
            space = self._id.get_space()
            space.select_hyperslab((first,), (count,))
            self._id.write(h5py.h5s.create_simple((count,)), space, np.ascontiguousarray(values), self._type)
        self.length = first + count
        return first

    def trim(self) -> None:
        """Take back room that was made for values which a Ctrl-C then kept from being written."""
        self._id.set_extent((self.length,))
