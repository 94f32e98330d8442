"""The page about a current source that was accepted or calibrated: what both reports have in common."""

from collections.abc import Mapping
from typing import Any

from neurorig.analysis.report import Axis, Document, Figure, Notice, Page, Panel, Verdict


def source_document(
    record: Mapping[str, Any], title: str, facts: Mapping[str, str], verdicts: list[Verdict], page: Page
) -> Document:
    """The page about a source: who it is, when and with what it was measured, and `facts`."""
    source, meter = record["source"], record["meter"]
    return Document(
        title=title,
        subtitle=f"{source['maker']} {source['model']}, serial number {source['serial']}, channel {record['plan']['source']}",
        status="done",
        simulated=record["simulated"],
        facts={
            "Taken": record["taken"],
            "Measured with": f"{record['plan']['meter']} ({meter['model']}, {meter['serial']})",
            "Bench": record["bench"]["file"],
            **facts,
        },
        verdicts=verdicts,
        pages=[page],
    )


def notices(notes: list[str], record: Mapping[str, Any]) -> list[Notice]:
    """What the measurement and the instruments had to remark."""
    return [Notice("note", n) for n in notes] + [Notice("warning", w) for w in record["warnings"]]


def source_figure(title: str, caption: str, x: Axis, *panels: Panel) -> Figure:
    """A picture of the size that such a page has, named by its first panel."""
    return Figure(panels[0].name, title, caption, x, panels, width=6.0, height=3.0 * len(panels))
