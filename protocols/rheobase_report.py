"""The report of a rheobase run: every trial of the two bisections, and what they enclose."""

from typing import TYPE_CHECKING

import numpy as np

from neurorig.analysis.report import Axis, Document, Figure, Line, Page, Panel, Series, Table, Verdict, value_error
from neurorig.signals import show

from .delivered import briefly
from .protocol import Result
from .record_page import facts, record_page, rows
from .rheobase_analysis import unmeasured

if TYPE_CHECKING:
    import pandas as pd

    from neurorig.analysis.report.panel import Colour
    from neurorig.records import Run

    from .rheobase import Rheobase

NAMES = {"i_min": "I_min", "i_max": "I_max"}
BELOW: "Colour" = "blue"
ABOVE: "Colour" = "red"
ANSWERS = {"i_min": ("silent", "fires"), "i_max": ("fires on", "stops firing")}


def rheobase_document(protocol: "Rheobase", run: "Run", result: Result) -> Document:
    """One figure per threshold, a table of trials, and the record."""
    trials = result.tables["results"]
    roles = [role for role in NAMES if (trials["quantity"] == role).any()]
    text = "; ".join(_said(result, r) for r in roles)
    return Document(
        title=protocol.title,
        subtitle=f"Port {protocol.port}, each trial from rest",
        status=run.status,
        simulated=run.meta["simulated"],
        facts=facts(run),
        verdicts=[Verdict(f"{NAMES[r]} enclosed", result.values[r] is not None, _said(result, r)) for r in roles],
        pages=[
            Page(
                "Bisection",
                f"{text}. The error is that of a value anywhere in the last bracket.",
                [_figure(role, trials[trials["quantity"] == role], result) for role in roles],
                rows=rows(result),
                tables=[_table(protocol, run, role, trials[trials["quantity"] == role]) for role in roles],
            ),
            record_page(run, result),
        ],
    )


def _said(result: Result, role: str) -> str:
    delivered = f"{role}_delivered"
    text = f"{NAMES[role]} = {_value(result, role)} commanded"
    if result.values[delivered] is not None:
        text += f", {_value(result, delivered)} delivered, {briefly(result.values[f'{delivered}_from'])}"
    return f"{text}, after {result.values[f'{role}_trials']} trials"


def _value(result: Result, role: str) -> str:
    value = result.values[role]
    return "not enclosed" if value is None else value_error(value, result.values[f"{role}_error"], "A")


def _figure(role: str, trials: "pd.DataFrame", result: Result) -> Figure:
    no, yes = ANSWERS[role]
    series = []
    for name, colour, part in ((no, BELOW, trials[~trials["yes"]]), (yes, ABOVE, trials[trials["yes"]])):
        x, y = part["trial"].to_numpy(dtype=np.float64), part["current"].to_numpy()
        series.append(Series(name, "points", x, y, colour=colour, width=2.5))
    value = result.values[role]
    lines = () if value is None else (Line(value, NAMES[role], "ink"),)
    return Figure(
        name=role,
        title=f"Bisection of {role}",
        caption=f"Trials of {NAMES[role]}: {no} or {yes}.",
        x=Axis("trial", ""),
        panels=(Panel("trials", Axis("I_0, commanded", "uA"), tuple(series), lines=lines),),
        width=5.6,
        height=3.6,
    )


def _table(protocol: "Rheobase", run: "Run", role: str, trials: "pd.DataFrame") -> Table:
    currents = [_shown(trials[name]) for name in ("commanded", "current", "delivered")]
    answers = [ANSWERS[role][int(yes)] for yes in trials["yes"]]
    cells = list(zip(map(str, trials["trial"]), *currents, answers, strict=True))
    note = ""
    if trials["delivered"].isna().any():
        sweeps = [s for s in run.sweeps if s.params["role"] == role and not s.bad]
        note = f"Measured, where there is a dash: {unmeasured(protocol, role, sweeps)}."
    columns = ("trial", "commanded", "reported by the source", "measured at the port", "answer")
    return Table(f"Trials of {NAMES[role]}", columns, cells, note)


def _shown(currents: "pd.Series[float]") -> list[str]:
    return ["—" if np.isnan(value) else show(value, "A", 6) for value in currents.astype(float)]
