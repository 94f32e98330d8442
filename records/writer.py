"""`RunWriter`: the run as it happens."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from neurorig.signals import RecordError, Steps, Trace

from .folder import LOCK, LOG, RUN, SCHEMA, STATUSES, TRACES, check_space, make_folder, merge, now, write_meta
from .jsonfile import append_line, encode
from .lock import WriterLock
from .provenance import software
from .sweep import Channel, SweepRecord, Told
from .tables import save_table

if TYPE_CHECKING:
    import pandas as pd

    from .journal import Journal


class RunWriter:
    """Fills the folder of one run; made with `create`, before the first output is enabled.

    As a context manager it finishes the run when that was not done: ``failed`` after an error, ``interrupted`` after
    Ctrl-C or SIGTERM, ``done`` otherwise. What was added is on disk at once, whatever happens to the process.
    """

    def __init__(self, path: Path, meta: dict[str, Any], lock: WriterLock) -> None:
        self.path = path
        self.meta = meta
        self._lock = lock
        self._log = (path / LOG).open("ab", buffering=0)
        self._journal: Journal | None = None
        self.begun = False
        """Whether an output may have been enabled in this run."""

    @classmethod
    def create(cls, root: Path, meta: Mapping[str, Any], *, expected_bytes: int = 0) -> Self:
        """Make a run in `root`, named after the protocol in `meta`, with ``run.json`` and ``log.jsonl`` in it.

        Raises RecordError when `root` cannot be written, or has no room for `expected_bytes` of samples.
        """
        protocol = meta.get("protocol")
        name = protocol.get("name", "run") if isinstance(protocol, Mapping) else "run"
        path = make_folder(Path(root).absolute(), str(name))
        try:
            check_space(path, expected_bytes)
            lock = WriterLock(path / LOCK)
            created = {
                "schema": SCHEMA, "id": path.name, "status": "running", "software": software(),
                "times": {"created": now(), "started": None, "ended": None}, "error": None, "warnings": [],
            }  # fmt: skip
            writer = cls(path, merge(created, dict(meta)), lock)
            write_meta(path, writer.meta)
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)  # nothing was started: leave nothing behind
            raise
        writer.log("run created", id=path.name)
        return writer

    @property
    def id(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def finished(self) -> bool:
        """Whether `finish` was called."""
        return bool(self.meta["status"] != "running")

    @property
    def sweeps(self) -> int:
        """Sweeps written so far; the index of the next one."""
        return self._journal.count if self._journal else 0

    def begin(self) -> None:
        """Say that the first output is about to be enabled: from here on the folder stays, whatever happens."""
        if not self.begun:
            self.begun = True
            self.log("first output")

    def discard(self) -> None:
        """Remove the folder of a run that was refused before anything began. RecordError once it has begun."""
        if self.begun or self._journal:
            raise RecordError(f"{self.path}: this run has begun; its folder stays.")
        self.finish("failed")
        shutil.rmtree(self.path, ignore_errors=True)

    def open_journal(
        self,
        channels: Sequence[Channel],
        ports: Sequence[str],
        read_backs: Sequence[Channel] = (),
        stamped: Sequence[str] = (),
    ) -> None:
        """Make ``traces.h5`` for these channels, ports, read-backs and comparator inputs; all fixed from here on."""
        from .journal import Journal  # h5py and its filters cost 0.1 s

        if self._journal or self.finished:
            raise RecordError(f"{self.path}: the journal is already open, or the run has ended.")
        self._journal = Journal(self.path / TRACES, channels, ports, read_backs, stamped)

    def add_sweep(
        self,
        record: SweepRecord,
        traces: Mapping[str, Trace],
        commanded: Mapping[str, Steps] | None = None,
        reported: Mapping[str, Steps] | None = None,
        told: Told | None = None,
    ) -> None:
        """Append a sweep; when this returns, the sweep survives the end of the process.

        `traces` by node (kept under that name), `commanded` and `reported` by port, `told` by the
        source of itself. A sweep is either there or not.
        Raises RecordError, with nothing written, when it does not match the journal or the disk is nearly full.
        """
        if self._journal is None or self.finished:
            raise RecordError(f"{self.path}: a sweep needs an open journal; the run has ended or it was never opened.")
        self._journal.append(record, traces, commanded or {}, reported or {}, told or Told())
        self.log("sweep written", sweep=record.index, label=record.label)

    def log(self, event: str, level: str = "info", **fields: Any) -> None:
        """Append an event to ``log.jsonl``, also after the end; a field that is no JSON is written as its text."""
        line = {"time": now(), "level": level, "event": event, **fields}
        try:
            if self._log.closed:
                append_line(self.path / LOG, line, default=_loggable)
            else:
                self._log.write(encode(line, default=_loggable) + b"\n")
        except OSError as reason:
            raise RecordError(f"{self.path / LOG}: cannot be written ({reason.strerror}).") from reason

    def update(self, **meta: Any) -> None:
        """Lay more over ``run.json`` (sections are merged) and write it."""
        if self.finished:
            raise RecordError(f"{self.path / RUN}: the run has ended; add a comment instead.")
        self.meta = merge(self.meta, meta)
        write_meta(self.path, self.meta)

    def results(self, frame: "pd.DataFrame", name: str = "results") -> None:
        """Keep a table as ``<name>.parquet``; units of its columns in ``frame.attrs["units"]``."""
        save_table(self.path / f"{name}.parquet", frame)

    def finish(self, status: str, **meta: Any) -> None:
        """Close the journal and say in ``run.json`` how the run ended (`status`: done, failed, stopped or interrupted).

        A second call changes nothing. Raises RecordError when the disk fails; the run then reads as interrupted.
        """
        if status not in STATUSES or status == "running":
            raise ValueError(f"RunWriter.finish: '{status}' is not how a run ends")
        if self.finished:
            return
        try:
            if self._journal:
                self._journal.close()
                size = (self.path / TRACES).stat().st_size
                meta = merge({"sweeps": self._journal.count, "files": {TRACES: size}}, meta)
            self.log("run ended", status=status)
            ended = merge({"status": status, "times": {"ended": now()}}, meta)
            write_meta(self.path, merge(self.meta, ended))
            self.meta = merge(self.meta, ended)
        finally:
            self._log.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.finish("done")
        elif isinstance(error, KeyboardInterrupt):
            self.finish("interrupted", error=str(error) or "stopped from the keyboard")
        else:
            self.finish("failed", error=str(error) or type(error).__name__)


def _loggable(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
