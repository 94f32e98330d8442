"""The report of an acceptance: figures against what is needed, the delivered currents, spectrum, step, sag and drift."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorig.analysis import Measure
from neurorig.analysis.acceptance import spectrum
from neurorig.analysis.report import Axis, Document, Figure, Line, Page, Panel, Series, Table, Verdict, value_error
from neurorig.signals import show

from .acceptance import Measured
from .acceptance_result import LABELS, Accepted
from .source_page import notices, source_document, source_figure

if TYPE_CHECKING:
    from neurorig.analysis.report.panel import Colour

    from .acceptance import Floats

MORE = {
    "sag_per_volt": "sag, relative, a volt", "line_50_Hz": "line at 50 Hz", "line_60_Hz": "line at 60 Hz",
    "meter_noise": "noise of the instrument itself",
}  # fmt: skip
SHOWN_TO = 300.0
"""Hz up to which the spectrum is drawn."""


def acceptance_document(record: dict[str, Any], result: Accepted, found: Measured) -> Document:
    """One page with everything on it, and the settings."""
    facts = {
        "Into": ", ".join(show(r, "ohm") for r in record["plan"]["resistors"]) or "the source-meter",
        "Needed by": result.needs or "nobody in particular",
    }
    verdicts = [Verdict(f"{LABELS[n]}: {limit}", answer, detail) for n, answer, limit, detail in said(result)]
    page = Page(
        "What it delivers",
        "Errors are standard errors; those of the table hold what all its rows have in common.",
        list(_figures(found)),
        tables=[figure_table(result), _rows(result)],
        notices=notices(result.notes, record),
    )
    return source_document(record, "Source acceptance", facts, verdicts, page)


def said(result: Accepted) -> Iterator[tuple[str, bool | None, str, str]]:
    """By figure that is needed: its name, the answer, the limit, and what was found."""
    for name, answer in result.passed.items():
        figure = result.figures[name]
        yield name, answer, f"at most {show(result.limits[name], figure.unit)}", text_of(figure)


def closing(result: Accepted) -> str:
    """One sentence: accepted or not, and because of what; nothing where nothing was needed."""
    if not result.needs:
        return ""
    if result.accepted:
        return f"accepted for {result.needs}"
    words = {False: "too much", None: "not told"}
    why = [
        f"{LABELS[name]}: {words[answer]} ({text}; {limit} is needed)"
        for name, answer, limit, text in said(result)
        if not answer
    ]
    return f"not accepted for {result.needs}, because of {'; '.join(why)}"


def text_of(figure: Measure) -> str:
    """A figure with its error, or why there is none."""
    if not figure.known:
        return f"not measured: {figure.note}"
    note = f" ({figure.note})" if figure.note else ""
    if figure.unit == "1/V":
        return _percent(figure) + note
    return value_error(figure.value, figure.error, figure.unit) + note


def _percent(figure: Measure) -> str:
    digits = max(0, 1 - math.floor(math.log10(max(100 * figure.error, 1e-9))))
    return f"{100 * figure.value:.{digits}f} ± {100 * figure.error:.{digits}f} % a volt"


def figure_table(result: Accepted) -> Table:
    """Every figure, whether it is needed or not."""
    rows = [(({**LABELS, **MORE})[name], text_of(figure)) for name, figure in result.figures.items()]
    return Table("Figures", ("figure", "found"), rows)


def _rows(result: Accepted) -> Table:
    cells = [
        (show(c, "A", 5), value_error(d, e, "A"), f"{(d - c) / c:+.2%}" if c else "", show(v, "V", 3))
        for c, d, e, v in result.table
    ]
    return Table("Delivered currents", ("commanded", "delivered", "off by", "at"), cells)


def _figures(found: Measured) -> Iterator[Figure]:
    yield _accuracy(found)
    if found.noise is not None:
        yield _spectrum(found)
    if found.step is not None:
        times, values = found.step
        part = (times > -2e-5) & (times < 2e-4)
        panel = Panel(
            "step",
            Axis("current", "uA"),
            (Series("", "line", times[part], values[part], colour="blue", legend=False),),
            lines=(Line(found.working, "commanded"),),
        )
        yield source_figure("Step", "The current after the marker.", Axis("time", "ms"), panel)
    if found.sag:
        volts, amperes, _ = np.array(sorted(found.sag)).T
        yield source_figure("Sag", _at(found), Axis("at the channel", "V"), _points("sag", volts, amperes))
    if found.drift is not None:
        yield source_figure("Drift", _at(found), Axis("time", "s"), _points("drift", *found.drift))


def _accuracy(found: Measured) -> Figure:
    commanded, delivered, errors, _ = np.array(found.rows).T
    off = delivered - commanded
    series = (
        Series("", "band", commanded, off - 2 * errors, off + 2 * errors, colour="blue", legend=False),
        Series("", "points", commanded, off, colour="blue", width=3.0, legend=False),
    )
    panel = Panel("accuracy", Axis("off by", "uA"), series, lines=(Line(0.0, ""),))
    caption = "Delivered minus commanded as measured, with twice the error that each has of its own."
    return source_figure("Delivered minus commanded", caption, Axis("commanded", "uA"), panel)


def _spectrum(found: Measured) -> Figure:
    on: Colour = "blue"
    off: Colour = "orange"
    curves = []
    for name, record, colour in (("source on", found.noise, on), ("source off", found.quiet, off)):
        if record is not None:
            of = spectrum(*record)
            keep = (of.frequencies >= 1.0) & (of.frequencies <= SHOWN_TO)
            curves.append(
                Series(name, "line", of.frequencies[keep], np.sqrt(of.density[keep]), colour=colour, width=0.9)
            )
    caption = "Amplitude density of an AC-coupled record of 10 s, half a hertz resolved."
    panel = Panel("spectrum", Axis("nA/√Hz", "", scale=1e-9), tuple(curves))
    return source_figure("Spectrum", caption, Axis("frequency", "Hz"), panel)


def _points(name: str, x: "Floats", y: "Floats") -> Panel:
    series = Series("", "points", x, y - y.mean(), colour="blue", width=2.5, legend=False)
    return Panel(name, Axis("off the mean", "nA"), (series,), lines=(Line(0.0, ""),))


def _at(found: Measured) -> str:
    return f"At {show(found.working, 'A')} commanded."
