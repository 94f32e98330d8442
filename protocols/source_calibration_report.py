"""The report of a source's calibration: what each leg was, what corrects it, what is left."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorig.analysis.report import (
    Axis,
    Document,
    Figure,
    Line,
    Notice,
    Page,
    Panel,
    Series,
    Table,
    Verdict,
    value_error,
)
from neurorig.instruments.drivers.arduino_calibration import LEG_NAMES, Correction
from neurorig.signals import show

from .source_calibration import HALF_STEP, CalibratedLeg, CalibratedSource, Point

if TYPE_CHECKING:
    from neurorig.analysis.report.panel import Colour

COLUMNS = ("leg", "gain", "offset, steps", "corrected by", "worst before", "worst after", "correction was")


def calibration_document(record: dict[str, Any], result: CalibratedSource) -> Document:
    """One page with everything on it."""
    source, meter = record["source"], record["meter"]
    into = record["plan"]["ohms"]
    return Document(
        title="Source calibration",
        subtitle=f"{source['maker']} {source['model']}, serial number {source['serial']}, channel {record['plan']['source']}",
        status="done",
        simulated=record["simulated"],
        facts={
            "Taken": record["taken"],
            "Measured with": f"{record['plan']['meter']} ({meter['model']}, {meter['serial']})",
            "Into": "the source-meter" if into is None else show(into, "ohm"),
            "Ranges": ", ".join(show(r, "A") for r in result.ranges),
            "Bench": record["bench"]["name"],
        },
        verdicts=[
            Verdict(
                f"{LEG_NAMES[leg.leg]} within half a step",
                leg.within,
                f"at worst off by (nA, steps): {said_off(leg.after)}",
            )
            for leg in result.legs
        ],
        pages=[
            Page(
                "What was found, and what is left",
                "Errors are standard errors of the lines, without the ammeter's own. A step is a 4096th of the range. A "
                "correction is gain in 1/65536 and offset in 1/256 step; what is off is in nA and in steps.",
                list(_figures(result)),
                tables=[Table("Legs", COLUMNS, [cells(leg) for leg in result.legs]), _points(result)],
                notices=[Notice("note", n) for n in result.notes] + [Notice("warning", w) for w in record["warnings"]],
            )
        ],
    )


def cells(leg: CalibratedLeg) -> tuple[str, ...]:
    """One leg as a row of `COLUMNS`."""
    line = leg.line
    return (
        LEG_NAMES[leg.leg],
        value_error(line.gain, line.gain_error, ""),
        value_error(line.offset, line.offset_error, ""),
        _text(leg.new),
        said_off(leg.before),
        said_off(leg.after),
        _text(leg.old),
    )


def said_off(points: tuple[Point, ...]) -> str:
    """The worst of them, in nA and in steps."""
    p = max(points, key=lambda p: abs(p.off))
    return f"{p.off * p.step * 1e9:+.0f} nA = {p.off:+.2f}"


def _text(correction: Correction) -> str:
    return f"{correction.gain:+d}, {correction.offset:+d}"


def _points(result: CalibratedSource) -> Table:
    rows = [
        (
            when,
            LEG_NAMES[p.leg],
            show(p.full_scale, "A"),
            str(p.code),
            value_error(p.amperes, p.error, "A"),
            f"{p.off:+.3f}",
        )
        for leg in result.legs
        for when, points in (("before", leg.before), ("after", leg.after))
        for p in points
    ]
    return Table("Levels", ("sweep", "leg", "range", "code", "delivered", "off by, steps"), rows)


def _figures(result: CalibratedSource) -> Iterator[Figure]:
    sweeps: tuple[tuple[str, Colour], ...] = (("before", "orange"), ("after", "blue"))
    for name, shown in (("both", ("before", "after")), ("left", ("after",))):
        series = []
        for when, colour in sweeps:
            if when in shown:
                points = sorted((p for leg in result.legs for p in getattr(leg, when)), key=_signed)
                x, y = np.array([_signed(p) for p in points], float), np.array([p.off for p in points])
                series.append(Series(when, "points", x, y, colour=colour, width=3.0, legend=False))
        lines = (Line(HALF_STEP, ""), Line(-HALF_STEP, "")) if name == "left" else (Line(0.0, ""),)
        panel = Panel(name, Axis("steps off", ""), tuple(series), lines=lines)
        title = "Before and after" if name == "both" else "What is left"
        caption = "Steps delivered too much, in the leg's own direction; all ranges. Orange: before, blue: after."
        yield Figure(name, title, caption, Axis("nominal code", ""), (panel,), width=6.0, height=3.0)


def _signed(p: Point) -> int:
    return p.code if p.leg == "SOUR" else -p.code
