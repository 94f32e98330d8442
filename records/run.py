"""`Run`: a run as it lies on disk, while it is being written or long after."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from neurorig.signals import RecordError, Stamps, Steps, Trace, nearest

from . import notes
from .folder import LOG, TRACES, read_meta, read_state
from .jsonfile import read_lines
from .tables import load_table, save_table

if TYPE_CHECKING:
    import pandas as pd

    from .journal_reader import JournalReader, Row

T = TypeVar("T")


class Lazy(Mapping[str, T], Generic[T]):
    """What a sweep holds under each name, read from disk when asked for."""

    def __init__(self, what: str, names: tuple[str, ...], load: Callable[[str], T]) -> None:
        self._what, self._names, self._load = what, names, load

    def __getitem__(self, name: str) -> T:
        if name not in self._names:
            raise KeyError(f"no {self._what} '{name}' in this sweep.{nearest(name, self._names)}")
        return self._load(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Sweep:
    """One triggered episode. Traces and steps are read when asked for; the rest is here."""

    def __init__(self, row: "Row", journal: "JournalReader", run_notes: list[notes.Note]) -> None:
        head = row.record
        self.index = head.index
        self.label = head.label
        self.started = head.started
        self.state = dict(head.state)
        self.params = dict(head.params)
        self.acquired = dict(head.acquired)
        self.traces: Mapping[str, Trace] = Lazy("trace", row.channels, lambda name: journal.trace(row, name))
        self.commanded: Mapping[str, Steps] = Lazy(
            "command at", row.commanded, lambda port: journal.steps(row, "commanded", port)
        )
        self.reported: Mapping[str, Steps] = Lazy(
            "report from", row.reported, lambda port: journal.steps(row, "reported", port)
        )
        self.read_backs: Mapping[str, Trace] = Lazy(
            "read-back", row.read_backs, lambda name: journal.trace(row, name, "read_backs")
        )
        """What the source read back of itself, by its own clock from its own start: reported, not measured."""
        self.stamps: Mapping[str, Stamps] = Lazy("stamps", row.stamps, lambda name: journal.stamps(row, name))
        """When the source's comparators saw spikes, by its own clock from its own start."""
        self.comments = [n for n in run_notes if n.sweep == self.index]
        self.bad = notes.is_bad(run_notes, self.index)

    def __repr__(self) -> str:
        return f"<Sweep {self.index} '{self.label}': {', '.join(self.traces) or 'no traces'}>"


class Run:
    """A run folder, opened with `open`. Every property looks at the disk anew, so a live run grows under the reader."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """Open a run folder in any state; raises RecordError when it is no run or its ``run.json`` is damaged."""
        run = cls(Path(path).absolute())
        read_meta(run.path)
        return run

    @property
    def id(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def meta(self) -> dict[str, Any]:
        """What ``run.json`` says."""
        return read_meta(self.path)

    @property
    def status(self) -> str:
        """One of running, interrupted (its writer is gone), done, failed, stopped."""
        return read_state(self.path)[1]

    @property
    def sweeps(self) -> list[Sweep]:
        """Every sweep that is whole; what is damaged is told by `problems`."""
        journal = self._journal()
        run_notes = self.comments
        return [Sweep(row, journal, run_notes) for row in journal.rows()[0]] if journal else []

    @property
    def comments(self) -> list[notes.Note]:
        """All comments and marks, oldest first."""
        return notes.read_notes(self.path)[0]

    @property
    def bad(self) -> bool:
        """Whether the whole run is marked bad."""
        return notes.is_bad(self.comments, None)

    def problems(self, *, deep: bool = False) -> list[str]:
        """Say what is damaged or missing in this folder; `deep` also reads every sample."""
        return notes.read_notes(self.path)[1] + read_lines(self.path / LOG)[1] + self.data_problems(deep=deep)

    def data_problems(self, *, deep: bool = False) -> list[str]:
        """Say what is damaged in the journal. One that still has the size of its end is looked into only if `deep`."""
        meta, status = read_state(self.path)
        closed_size = meta.get("files", {}).get(TRACES)
        journal = self._journal()
        if journal is None:
            return [f"{TRACES}: is missing"] if closed_size is not None else []
        size = journal.path.stat().st_size
        found = []
        if closed_size == size and not deep:
            return []
        if closed_size not in (None, size):
            found.append(f"{TRACES}: has {size} bytes, {closed_size} when the run ended")
        try:
            rows, torn = journal.rows()
        except RecordError as reason:
            return [*found, str(reason)]
        found += torn
        if status != "running" and len(rows) < meta.get("sweeps", 0):
            found.append(f"{TRACES}: {len(rows)} of {meta['sweeps']} sweeps are readable")
        if deep:
            found += [p for row in rows for p in _unreadable(Sweep(row, journal, []))]
        return found

    def results(self, name: str = "results") -> "pd.DataFrame | None":
        """Read the table ``<name>.parquet`` with its units in ``attrs["units"]``; None when there is none."""
        return load_table(self.path / f"{name}.parquet")

    def keep(self, frame: "pd.DataFrame", name: str = "results") -> None:
        """Keep a result table as ``<name>.parquet``: what was analysed later, on a run that never came to its end."""
        save_table(self.path / f"{name}.parquet", frame)

    def tables(self) -> list[str]:
        """Names of the tables that `results` can read."""
        return sorted(p.stem for p in self.path.glob("*.parquet"))

    def log(self) -> list[dict[str, Any]]:
        """The events of ``log.jsonl``, oldest first."""
        return read_lines(self.path / LOG)[0]

    def comment(self, text: str, sweep: int | None = None) -> notes.Note:
        """Add a comment to the run or to one sweep; works on a run in any state."""
        return self._note("comment", text, sweep)

    def mark_bad(self, sweep: int | None = None, *, reason: str) -> notes.Note:
        """Mark a sweep (None: the run) as bad; its data stay."""
        return self._note("bad", reason, sweep)

    def mark_good(self, sweep: int | None = None, *, reason: str) -> notes.Note:
        """Overrule an earlier bad mark; both stay on record."""
        return self._note("good", reason, sweep)

    def _note(self, kind: notes.Kind, text: str, sweep: int | None) -> notes.Note:
        if sweep is not None and sweep not in (known := [s.index for s in self.sweeps]):
            span = f"its sweeps are 0 to {known[-1]}" if known else "it has no sweeps"
            raise RecordError(f"{self.id}: there is no sweep {sweep}; {span}.")
        return notes.add_note(self.path, kind, text, sweep)

    def _journal(self) -> "JournalReader | None":
        from .journal_reader import JournalReader  # h5py and its filters cost 0.1 s

        file = self.path / TRACES
        return JournalReader(file) if file.exists() else None

    def __repr__(self) -> str:
        return f"<Run {self.id}>"


def _unreadable(sweep: Sweep) -> list[str]:
    problems = []
    parts: tuple[Mapping[str, object], ...] = (
        sweep.traces, sweep.commanded, sweep.reported, sweep.read_backs, sweep.stamps,
    )  # fmt: skip
    for part in parts:
        for name in part:
            try:
                part[name]
            except RecordError as reason:
                problems.append(str(reason))
    return problems
