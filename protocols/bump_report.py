"""The report of a bump run: Figs 9a and 10 of Wu 2025 drawn anew, with the published curves behind them."""

from typing import TYPE_CHECKING, Any

from neurorig.analysis.bump_figure import BumpTraces, fig9a, fig10
from neurorig.analysis.report import Document, Page, Verdict, value_error
from neurorig.signals import show

from .bump_analysis import PROBES, Measured, first_of_each_role, not_comparable
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
    values = result.values
    text = (
        f"I_min = {_value(values, 'i_min', 'A')} ({values['i_min_from']}); delivered: holding "
        f"{_value(values, 'delivered_holding', 'A')}, kick {_value(values, 'delivered_kick', 'A')}, stop "
        f"{_value(values, 'delivered_stop', 'A')}."
    )
    return Document(
        title=protocol.title,
        subtitle=protocol.source,
        status=run.status,
        simulated=run.meta["simulated"],
        facts=facts(run),
        verdicts=_questions(values),
        pages=[Page("What was measured", text, figures, rows(result)), record_page(protocol, run, result)],
    )


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
        zero=baseline.value if baseline.known else 0.0,
        i_min=m.i_min.value if m.i_min.known else None,
    )


def _questions(values: dict[str, Any]) -> list[Verdict]:
    def back(role: str) -> str:
        seconds = values.get(f"{role}_return")
        return "" if seconds is None else f"back after {show(seconds, 's', 3)}"

    return [
        Verdict("silent before the kick", values.get("silent_before")),
        Verdict("the bump sustains itself", values.get("sustained"), f"f* = {_value(values, 'f_star', 'Hz')}"),
        Verdict("recovers from the positive probe", values.get("probe_plus_recovered"), back("probe_plus")),
        Verdict("recovers from the negative probe", values.get("probe_minus_recovered"), back("probe_minus")),
        Verdict(
            "the stop pulse ends it",
            values.get("stopped"),
            f"margin I_min - (I_0 + I_sse) at the release: {_value(values, 'stop_margin', 'A')}, with "
            f"{_value(values, 'delivered_holding', 'A')} delivered",
        ),
    ]


def _value(values: dict[str, Any], name: str, unit: str) -> str:
    if values.get(name) is None:
        return "not measured"
    return value_error(values[name], values.get(f"{name}_error") or 0.0, unit)
