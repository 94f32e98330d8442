"""The report of a wiring check: what is wrong and what to do, every channel's answer to every step, zero offsets."""

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorig.analysis.report import Axis, Document, Figure, Line, Page, Panel, Series, Table, Verdict, value_error
from neurorig.signals import show

from .protocol import Result
from .record_page import facts, record_page

if TYPE_CHECKING:
    from neurorig.records import Run, Sweep

SHOWN = 200
"""Points of a trace in the figure."""
COLUMNS = ("port", "step", "node", "channel", "expected", "measured", "answer")


def wiring_document(run: "Run", result: Result) -> Document:
    """Findings first, then the table they come from, and the record."""
    values = result.values
    findings = values["findings"]
    answers = Table("Answers", COLUMNS, [cells(s) for s in values["seen"]])
    zeros = Table("At zero current", ZERO_COLUMNS, [zero_cells(n, z) for n, z in values["zeros"].items()], ZERO_NOTE)
    return Document(
        title="Wiring check",
        subtitle="A small step of current at each port; which channel moved, and by how much",
        status=run.status,
        simulated=run.meta["simulated"],
        facts=facts(run),
        verdicts=[Verdict("wired as the bench file says", values["right"], "; ".join(findings))],
        pages=[
            Page(
                "Channels",
                "Expected is what the board's twin does with this step. Grey: the expected level.",
                [_figure(s) for s in run.sweeps if s.params["role"] == "nudge" and not s.bad],
                tables=[Table("What to do", ("finding",), [(f,) for f in findings]), answers, zeros],
            ),
            record_page(run, result),
        ],
    )


ZERO_COLUMNS = ("node", "stands at", "zero in the bench file", "zero as measured")
ZERO_NOTE = "With the source on at zero; what the board itself shows at rest is subtracted."


def zero_cells(node: str, z: dict[str, Any]) -> tuple[str, ...]:
    """One line of the table of zeros."""
    unit = "V" if node.rpartition(".")[2].startswith("v") else "A"
    return (
        node, value_error(z["offset"], z["offset_error"], unit), show(z["stated"], "V"),
        value_error(z["zero"], z["zero_error"], "V"),
    )  # fmt: skip


def cells(seen: dict[str, Any]) -> tuple[str, ...]:
    """One line of the table of answers."""
    unit = seen["unit"]
    at_least = "> " if seen["clipped"] else ""
    measured = at_least + value_error(seen["found"], seen["error"], unit)
    expected = show(seen["expected"] if abs(seen["expected"]) > 1e-12 else 0.0, unit, 3)
    what = "" if seen["role"] == "nudge" else ", swing of the spikes"
    return (
        seen["port"], show(seen["step"], "A") + what, seen["node"], seen["channel"], expected, measured, seen["answer"],
    )  # fmt: skip


def _figure(sweep: "Sweep") -> Figure:
    params, panels = sweep.params, []
    for node, expected in params["expected"].items():
        trace = sweep.traces[node]
        size = max(1, len(trace) // SHOWN)
        n = len(trace) // size
        times = trace.times[: n * size].reshape(n, size).mean(axis=1)
        values = trace.values[: n * size].reshape(n, size).mean(axis=1)
        level = params["zero"][node] + expected
        panels.append(
            Panel(
                node,
                Axis(node, "mV" if trace.unit == "V" else "uA"),
                (Series(node, "line", times, np.asarray(values), colour="blue", legend=False),),
                lines=(Line(level, "", "published"),),
            )
        )
    return Figure(
        name=f"nudge_{sweep.index}",
        title=sweep.label,
        caption=f"Every channel while {sweep.label} was commanded from 0 s on; means of {size} samples.",
        x=Axis("time", "s"),
        panels=tuple(panels),
        width=6.0,
        height=1.2 + 1.1 * len(panels),
    )
