"""The list of runs in a folder, kept in SQLite so that a thousand runs list at once.

Disposable: it is made from the runs, looks again at what changed since, and may be deleted at any time.
"""

import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from neurorig.signals import RecordError, nearest

from .folder import LOCK, NOTES, RUN, TRACES, read_meta, read_state
from .notes import is_bad, read_notes
from .run import Run

DATABASE = ".catalogue.sqlite"


@dataclass(frozen=True)
class RunEntry:
    """One line of the list; `status` is a run's status or ``damaged``, then `problem` says why."""

    id: str
    status: str
    protocol: str | None = None
    board: str | None = None
    bench: str | None = None
    simulated: bool | None = None
    created: str | None = None
    ended: str | None = None
    sweeps: int = 0
    comments: int = 0
    bad: bool = False
    problem: str | None = None


Entries = list[RunEntry]

COLUMNS = tuple(f.name for f in fields(RunEntry))


class Catalogue:
    """The runs below `root`, which need not exist yet."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()
        self.path = self.root / DATABASE

    def list(self) -> Entries:
        """Give all runs, oldest first, after a look at those that are new or changed."""
        if not self.root.is_dir():
            return []
        try:
            return self._refreshed(str(self.path))
        except sqlite3.DatabaseError:
            return self._afresh()

    def rebuild(self) -> Entries:
        """Throw the data base away and read every run again."""
        return self._afresh() if self.root.is_dir() else []

    def find(self, text: str) -> Path:
        """Give the folder of the run meant: a path, ``last`` (the newest readable one), or the unique start or part of an id."""
        if (Path(text) / RUN).exists():
            return Path(text).absolute()
        ids = sorted(folder for folder, _ in self._folders())
        if text == "last" and ids:
            return self._newest(reversed(ids))
        meant = [i for i in ids if i.startswith(text)] or [i for i in ids if text in i]
        if len(meant) == 1:
            return self.root / meant[0]
        if meant:
            raise RecordError(f"'{text}' could be any of {len(meant)} runs in {self.root}: {', '.join(meant[:5])} ...")
        hint = nearest(text, ids) if len(ids) < 1000 else ""
        raise RecordError(f"No run '{text}' in {self.root}.{hint}" if ids else f"There are no runs in {self.root}.")

    def _newest(self, ids: Iterable[str]) -> Path:
        """The first that is a run; a folder whose program was killed while it made it is not."""
        for folder in (self.root / i for i in ids):
            with suppress(RecordError):
                read_meta(folder)
                return folder
        raise RecordError(f"There are no readable runs in {self.root}; see: neurorig list")

    def _afresh(self) -> Entries:
        try:
            self.path.unlink(missing_ok=True)
            return self._refreshed(str(self.path))
        except (OSError, sqlite3.DatabaseError):
            return self._refreshed(":memory:")  # the folder cannot be written, or is a disk without locks

    def _folders(self) -> Iterable[tuple[str, str]]:
        """Every run folder with a stamp that changes whenever its entry may."""
        if not self.root.is_dir():
            return
        with os.scandir(self.root) as found:
            for item in found:
                stamps = [_stamp(Path(item.path) / name) for name in (RUN, NOTES, TRACES)]
                if any(stamps) or (Path(item.path) / LOCK).exists():
                    yield item.name, " ".join(stamps)

    def _refreshed(self, database: str) -> Entries:
        names = ", ".join(COLUMNS)
        with closing(sqlite3.connect(database, timeout=5)) as base, base:
            base.execute("PRAGMA synchronous = OFF")  # nothing here that the runs do not know better
            base.execute(f"CREATE TABLE IF NOT EXISTS runs (stamp, {names.replace('id', 'id PRIMARY KEY', 1)})")
            known = dict(base.execute("SELECT id, stamp FROM runs WHERE status != 'running'"))
            present = dict(self._folders())
            base.executemany(
                "DELETE FROM runs WHERE id = ?",
                [(i,) for (i,) in base.execute("SELECT id FROM runs").fetchall() if i not in present],
            )
            stale = [(i, stamp) for i, stamp in present.items() if known.get(i) != stamp]
            changed = [(stamp, *astuple(summary(self.root / i))) for i, stamp in stale]
            marks = ", ".join("?" * (len(COLUMNS) + 1))
            base.executemany(f"INSERT OR REPLACE INTO runs (stamp, {names}) VALUES ({marks})", changed)
            rows = base.execute(f"SELECT {names} FROM runs ORDER BY id").fetchall()
        return [_entry(row) for row in rows]


def summary(folder: Path) -> RunEntry:
    """Read the entry of one run from its folder; a damaged one is described, not raised."""
    try:
        meta, status = read_state(folder)
        run = Run(folder)
        notes = read_notes(folder)[0]
        problems = run.data_problems() if status != "running" else []
        return RunEntry(
            folder.name, "damaged" if problems and status != "interrupted" else status,
            _name(meta, "protocol"), _name(meta, "board"), _name(meta, "bench"), meta.get("simulated"),
            meta.get("times", {}).get("created"), meta.get("times", {}).get("ended"),
            meta["sweeps"] if "sweeps" in meta else len(run.sweeps), len(notes), is_bad(notes, None),
            "; ".join(problems) or None,
        )  # fmt: skip
    except (RecordError, AttributeError, TypeError) as reason:
        return RunEntry(folder.name, "damaged", problem=str(reason))


def _name(meta: dict[str, Any], section: str) -> str | None:
    value = meta.get(section)
    name = value.get("name") if isinstance(value, dict) else value
    return name if name is None or isinstance(name, str) else json.dumps(name)


def _stamp(file: Path) -> str:
    try:
        seen = file.stat()
    except OSError:
        return ""
    return f"{seen.st_mtime_ns}:{seen.st_size}"


def _entry(row: tuple[Any, ...]) -> RunEntry:
    values = dict(zip(COLUMNS, row, strict=True))
    for key in ("simulated", "bad"):
        values[key] = None if values[key] is None else bool(values[key])
    return RunEntry(**values)
