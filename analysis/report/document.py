"""`Document`: a report as data; a protocol fills it, `write_report` sets it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from neurorig.analysis.comparison import Row

from .panel import Figure
from .wiring import Wire


@dataclass(frozen=True)
class Verdict:
    """A question that the run answers: yes, no, or it cannot tell; `good` says which answer was hoped for."""

    label: str
    answer: bool | None
    detail: str = ""
    good: bool | None = True


@dataclass(frozen=True)
class Table:
    """A table of text under a heading; values already written with their units."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Notice:
    """Something a reader must know: a warning, a refusal, samples that were clipped, a step that was repeated."""

    kind: Literal["warning", "refused", "clipped", "repeated", "note", "comment", "bad", "error"]
    text: str


@dataclass(frozen=True)
class Page:
    """One page: figures, the comparison with published values under its `remark`, free tables, the wiring, notices.

    Tables without rows are left out.
    """

    title: str
    text: str = ""
    figures: Sequence[Figure] = ()
    remark: str = ""
    rows: Sequence[Row] = ()
    tables: Sequence[Table] = ()
    wires: Sequence[Wire] = ()
    notices: Sequence[Notice] | None = None


@dataclass(frozen=True)
class Document:
    """A report: what was done (`title`, `subtitle`), on what (`facts`), what came out (`verdicts`), and its pages.

    `status` is that of the run; `simulated` puts a plain notice under the title, `banner` one that cannot be overlooked:
    what it says takes the colour from every verdict.
    """

    title: str
    subtitle: str
    status: str
    simulated: bool
    facts: Mapping[str, str]
    verdicts: Sequence[Verdict]
    pages: Sequence[Page]
    banner: str = ""
