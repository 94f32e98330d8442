"""The report of a bump run: Figs 9a and 10 of Wu 2025 drawn anew, with the published curves behind them."""

import math
from typing import TYPE_CHECKING, Any

from neurorig.analysis.bump_figure import BumpTraces, fig9a, fig10
from neurorig.analysis.report import Document, Page, Table, Verdict, value_error
from neurorig.signals import show

from .bump_analysis import NOT_COMPARED, PROBES, RECOVERY, Measured, first_of_each_role, not_comparable
from .bump_repeats import REPEATED
from .delivered import briefly
from .protocol import Result
from .record_page import facts, record_page, rows

if TYPE_CHECKING:
    from neurorig.analysis.report import Figure
    from neurorig.records import Run

    from .bump import Bump


def bump_document(protocol: "Bump", run: "Run", result: Result) -> Document:
    """The pages of a bump run; what was not taken is left out."""
    first = first_of_each_role(result.detail)
    figures: list[Figure] = []
    if "bump" in first:
        printed = not not_comparable(protocol, run.meta, first["bump"])
        figures.append(fig9a(_traces(first["bump"]), compare=printed))
    for role in (r for r in PROBES if r in first):
        traces = _traces(first[role])
        figures.append(fig10(traces, traces.epochs.probes[0], f"fig10_{role}"))
    remark = " ".join(note for note in result.notes if note.startswith(NOT_COMPARED))
    page = Page("What was measured", _text(result.values), figures, remark, rows(result), _repeats(result))
    return Document(
        title=protocol.title,
        subtitle=protocol.source,
        status=run.status,
        simulated=run.meta["simulated"],
        facts=facts(run),
        verdicts=_questions(result),
        pages=[page, record_page(run, result)],
    )


def _text(values: dict[str, Any]) -> str:
    """I_min in the scale of the source and in that of the port, and the currents that were delivered."""
    text = f"I_min = {_value(values, 'i_min', 'A')}, {values['i_min_from']}"
    if values["i_min_from"].startswith("measured"):
        text = (
            f"I_min, measured before the run: {_value(values, 'i_min', 'A')} commanded, "
            f"{_value(values, 'i_min_delivered', 'A')} delivered ({briefly(values['i_min_delivered_from'])})"
        )
    levels: dict[str, list[str]] = {}
    for name in ("holding", "kick", "stop"):
        if values.get(key := f"delivered_{name}") is not None:
            levels.setdefault(briefly(values[f"{key}_from"]), []).append(f"{name} {_value(values, key, 'A')}")
    delivered = [f"{', '.join(found)} ({known})" for known, found in levels.items()]
    return f"{text}. " + (f"Delivered: {'; '.join(delivered)}." if delivered else "")


def _repeats(result: Result) -> list[Table]:
    """One line per repeat, if there were several."""
    if "repeats" not in result.tables:
        return []
    units = result.tables["repeats"].attrs["units"]
    lines = []
    for row in result.tables["repeats"].to_dict("records"):
        numbers = [value_error(row[name], row[f"{name}_error"], units[name]) for name in REPEATED]
        lines.append([str(row["repeat"]), row["state"], *numbers, row["stopped"], "bad" if row["bad"] else ""])
    values = result.values
    means = [
        value_error(_known(values[f"{name}_mean"]), _known(values[f"{name}_sd"]), units[name]) for name in REPEATED
    ]
    lines.append(["mean ± standard deviation", f"rested, n = {values['repeats_rested']}", *means, "", ""])
    columns = ("repeat", "started", "f*", "I_sse at f*", "dead time", "margin of the stop", "stopped", "remarks")
    return [Table("Repeats", columns, lines)]


def _known(value: float | None) -> float:
    return math.nan if value is None else value


def _traces(m: Measured) -> BumpTraces:
    params = m.sweep.params
    baseline = m.bump["i_sse_baseline"]
    return BumpTraces(
        spikes=m.spikes,
        v_ap=m.v_ap,
        i_sse=m.i_sse,
        epochs=m.epochs,
        commanded=m.sweep.commanded[params["port"]],
        delivered=m.i0,
        zero=baseline.value if baseline.known else None,
        i_min=m.i_min.value if m.i_min.known else None,
    )


def _questions(result: Result) -> list[Verdict]:
    values = result.values
    reasons = {row["quantity"]: row["note"] for row in result.verdicts if "question" in row}
    sustained = values.get("sustained")
    back = f"back within {100 * RECOVERY:g} % of the rate before"

    def after(role: str) -> str:
        seconds = values.get(f"{role}_return")
        return f"criterion: {back}" if seconds is None else f"{back} after {show(seconds, 's', 3)}"

    def verdict(name: str, label: str, detail: str = "") -> Verdict:
        answer = values.get(name)
        unknown = reasons.get(name, "this sweep was not taken") if answer is None else ""
        return Verdict(label, answer, "; ".join(filter(None, (unknown, detail))))

    return [
        verdict("silent_before", "silent before the kick"),
        verdict("sustained", "the bump sustains itself", f"f* = {_value(values, 'f_star', 'Hz')}" if sustained else ""),
        verdict("probe_plus_recovered", "recovers from the positive probe", after("probe_plus")),
        verdict("probe_minus_recovered", "recovers from the negative probe", after("probe_minus")),
        verdict(
            "stopped",
            "the stop pulse ends it",
            f"margin I_min - (I_0 + I_sse) at the release: {_value(values, 'stop_margin', 'A')}",
        ),
    ]


def _value(values: dict[str, Any], name: str, unit: str) -> str:
    if values.get(name) is None:
        return "not measured"
    return value_error(values[name], values.get(f"{name}_error") or 0.0, unit)
