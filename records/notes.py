"""Comments and bad marks: added to a run at any time, each a line of its own, never edited.

A later mark of the same sweep overrules an earlier one; both stay in the file.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from neurorig.signals import RecordError

from .folder import NOTES, now
from .jsonfile import append_line, read_lines

Kind = Literal["comment", "bad", "good"]


@dataclass(frozen=True)
class Note:
    """A comment, or a mark with its reason, on a sweep or (`sweep` None) on the whole run."""

    time: str
    kind: Kind
    text: str
    sweep: int | None = None


def add_note(run: Path, kind: Kind, text: str, sweep: int | None) -> Note:
    """Append one note to the run at `run`; raises RecordError when it is empty or cannot be written."""
    if not text.strip():
        raise RecordError(f"{run.name}: the text of a comment or the reason of a mark is empty; write one.")
    note = Note(now(), kind, text, sweep)
    try:
        append_line(run / NOTES, vars(note))
    except OSError as reason:
        raise RecordError(f"{run / NOTES}: cannot be written ({reason.strerror}).") from reason
    return note


def read_notes(run: Path) -> tuple[list[Note], list[str]]:
    """Give all notes in the order they were made, and a sentence for each damaged line."""
    lines, problems = read_lines(run / NOTES)
    notes: list[Note] = []
    for line in lines:
        try:
            notes.append(Note(**line))
        except TypeError:
            problems.append(f"{NOTES}: a line is no note: {line}")
    return notes, problems


def is_bad(notes: Iterable[Note], sweep: int | None) -> bool:
    """Whether the latest mark of this sweep (None: of the run) says bad."""
    marks = [n.kind for n in notes if n.kind != "comment" and n.sweep == sweep]
    return bool(marks) and marks[-1] == "bad"
