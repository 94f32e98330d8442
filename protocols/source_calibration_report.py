"""The report of a source's calibration: what each leg was, what corrects it, what is left."""

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorig.analysis.report import Axis, Document, Figure, Line, Page, Panel, Series, Table, Verdict, value_error
from neurorig.instruments.drivers.arduino_calibration import LEG_NAMES, Correction
from neurorig.signals import show

from .calibration_plan import STEPS
from .source_calibration import HALF_STEP, CalibratedLeg, CalibratedSource, Point, worst
from .source_page import notices, source_document, source_figure

if TYPE_CHECKING:
    from neurorig.analysis.report.panel import Colour

COLUMNS = ("leg", "gain", "offset, steps", "correction", "error before, steps", "after, steps", "correction before")
SWEEPS: tuple[tuple[str, "Colour"], ...] = (("before", "orange"), ("after", "blue"))
TEXT = (
    "Each leg was swept into the ammeter before and after it was corrected, at other levels, in each range by itself. A straight "
    "line through the first sweep says what the leg is: steps delivered = gain x code of the converter + offset, where a step is "
    "a 4096th of the range. The correction undoes that; it is kept in the source, the gain in 1/65536 and the offset in 1/256 of "
    "a step. An error above 0 says that too much is delivered, in either leg's own direction. Errors behind ± are standard "
    "errors, without the ammeter's own."
)
LEFT = (
    "Upper: delivered less commanded, in magnitude; orange before, blue after. Lower: what is left, in steps of its range. "
    f"Between the outer lines, at {HALF_STEP:g}, it is the rounding to whole steps of the converter, up to 5 % larger than "
    "nominal."
)


def calibration_document(record: dict[str, Any], result: CalibratedSource) -> Document:
    """One page with everything on it."""
    into = record["plan"]["ohms"]
    facts = {
        "Into": "the source-meter" if into is None else show(into, "ohm"),
        "Ranges": ", ".join(f"{show(r, 'A')} (a step is {show(r / STEPS, 'A', 4)})" for r in result.ranges),
    }
    verdicts = [
        Verdict(
            f"{show(leg.full_scale, 'A')}, {LEG_NAMES[leg.leg]} within {HALF_STEP:g} steps",
            leg.within,
            f"largest error: {_largest(leg.after)} steps",
        )
        for leg in result.legs
    ]
    tables = [Table("Legs", COLUMNS, [cells(leg) for leg in result.legs]), _points(result)]
    page = Page(
        "What was found, and what is left",
        TEXT,
        [_figure(result)],
        tables=tables,
        notices=notices(result.notes, record),
    )
    return source_document(record, "Source calibration", facts, verdicts, page)


def cells(leg: CalibratedLeg) -> tuple[str, ...]:
    """One leg as a row of `COLUMNS`."""
    line = leg.line
    return (
        f"{show(leg.full_scale, 'A')} {LEG_NAMES[leg.leg].removesuffix(' leg')}",
        value_error(line.gain, line.gain_error, ""),
        value_error(line.offset, line.offset_error, ""),
        _text(leg.new),
        _largest(leg.before),
        _largest(leg.after),
        _text(leg.old),
    )


def _largest(points: tuple[Point, ...]) -> str:
    """Of their errors, in nA and in steps."""
    return f"{_off(worst(points))} nA, {_steps(worst(points))}"


def _off(p: Point) -> str:
    """Too much, in nA."""
    return f"{p.off * p.step * 1e9:+.0f}".replace("-", "−")


def _steps(p: Point) -> str:
    return f"{p.off:+.2f}".replace("-", "−")


def _text(correction: Correction) -> str:
    return f"{correction.gain:+d}, {correction.offset:+d}".replace("-", "−")


def _points(result: CalibratedSource) -> Table:
    rows = [
        (
            when,
            LEG_NAMES[p.leg],
            show(p.full_scale, "A"),
            str(p.code),
            show(_commanded(p), "A", 6),
            value_error(p.amperes, p.error, "A"),
            _off(p),
            _steps(p),
        )
        for leg in result.legs
        for when, points in (("before", leg.before), ("after", leg.after))
        for p in points
    ]
    return Table(
        "Levels", ("sweep", "leg", "range", "code", "commanded", "delivered", "error, nA", "error, steps"), rows
    )


def _figure(result: CalibratedSource) -> Figure:
    points = {
        when: sorted((p for leg in result.legs for p in getattr(leg, when)), key=_commanded) for when, _ in SWEEPS
    }
    amperes = [_series(when, points[when], [p.off * p.step for p in points[when]], colour) for when, colour in SWEEPS]
    steps = _series("after", points["after"], [p.off for p in points["after"]], "blue")
    lines = (Line(HALF_STEP, ""), Line(0.0, ""), Line(-HALF_STEP, ""))
    return source_figure(
        "Before and after", LEFT, Axis("commanded", "uA"),
        Panel("error", Axis("error", "nA"), tuple(amperes), lines=(Line(0.0, ""),)),
        Panel("left", Axis("error left, steps", ""), (steps,), lines=lines),
    )  # fmt: skip


def _series(name: str, points: list[Point], values: list[float], colour: "Colour") -> Series:
    x = np.array([_commanded(p) for p in points])
    return Series(name, "points", x, np.array(values), colour=colour, width=3.0, legend=False)


def _commanded(p: Point) -> float:
    """Amperes, with the sign of its leg."""
    return p.code * p.step * (1 if p.leg == "SOUR" else -1)
