"""What the commands print for a person: plain tables, the same in a terminal and in a file."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from neurorig.signals import show

if TYPE_CHECKING:
    from neurorig.protocols import Parameter
    from neurorig.records import RunEntry

_MARKS = {"agrees": "[green]agrees[/]", "differs": "[red]differs[/]"}


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in ("value", "+-", "published", "ratio", "sweeps") else "left")
    return table


def _number(value: Any, unit: str) -> str:
    return "" if value is None else show(float(value), unit)


def print_verdicts(verdicts: Sequence[Mapping[str, Any]]) -> None:
    """Quantity, value, error, published value, ratio, verdict: one line each."""
    table = _table("quantity", "value", "+-", "published", "ratio", "verdict")
    for v in verdicts:
        unit = v.get("unit") or ""
        ratio = "" if v.get("ratio") is None else f"{v['ratio']:.3f}"
        table.add_row(
            v["quantity"], _number(v["value"], unit), _number(v.get("error"), unit), _number(v.get("published"), unit),
            ratio, _MARKS.get(v["verdict"], v["verdict"]),
        )  # fmt: skip
    Console().print(table)


def print_lines(title: str, lines: Sequence[str]) -> None:
    """A list of remarks under a title, if there are any."""
    for line in lines:
        print(f"{title}: {line}")


def print_parameters(parameters: Sequence["Parameter"]) -> None:
    """The parameters of a protocol."""
    table = _table("parameter", "default", "meaning")
    for p in parameters:
        choices = f" ({' | '.join(p.choices)})" if p.choices else ""
        table.add_row(p.name, p.default, p.description + choices)
    Console().print(table)


def print_runs(rows: Sequence["RunEntry"]) -> None:
    """The catalogue."""
    table = _table("run", "status", "sweeps", "board", "remarks")
    for r in rows:
        remarks = [
            "simulated" if r.simulated else "", "bad" if r.bad else "", f"{r.comments} comments" if r.comments else "",
            r.problem or "",
        ]  # fmt: skip
        table.add_row(r.id, r.status, str(r.sweeps), r.board or "", ", ".join(filter(None, remarks)))
    Console().print(table)


def print_summary(summary: Mapping[str, Any]) -> None:
    """One run: head, sweeps, verdicts, remarks."""
    for key in ("run", "status", "protocol", "board", "bench", "started", "error", "report"):
        if summary.get(key):
            print(f"{key:10s} {summary[key]}")
    table = _table("sweep", "label", "started", "state", "remarks")
    for s in summary["sweeps"]:
        remarks = "; ".join([*(["bad"] if s["bad"] else []), *s["comments"]])
        table.add_row(str(s["index"]), s["label"], s["started"], s["state"], remarks)
    Console().print(table)
    print_verdicts(summary["verdicts"])
    print_lines("note", summary["notes"])
    print_lines("warning", summary["warnings"])
    print_lines("comment", summary["comments"])
