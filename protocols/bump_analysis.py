"""What a bump run says: the measures of every sweep, the results, and the verdicts against Fig. 9a of Wu 2025.

Works on whatever sweeps are there: a run that was interrupted after the first one still gives f* and the stop margin.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurorig.analysis import (
    LABELS,
    BumpEpochs,
    BumpMeasures,
    Measure,
    Pulse,
    SpikeTrain,
    bin_means,
    compare,
    detect,
    distance,
    instantaneous_rate,
    mean_level,
    measure_bump,
    spike_decay,
)
from neurorig.analysis.published import published, published_targets
from neurorig.signals import Trace

from .bump_repeats import repeats_of
from .delivered import AT_THE_PORT, by_the_table, delivered_row
from .protocol import Result

if TYPE_CHECKING:
    from neurorig.analysis.published import Target
    from neurorig.records import Run, Sweep

    from .bump import Bump

PROBES = ("probe_plus", "probe_minus")
FIGURE = "wu2025_fig9a"
BOARD = "wu2025_bump"
RECOVERY = 0.1
"""A probe is over when the rate stays within this part of the rate before it."""

RATE_TIMES = (1.3, 2.95, 3.4, 6.4)
"""Seconds on the axis of Fig. 9a at which the published rate is read."""

SETTLED = 0.1
"""Seconds after a step that are left out of a mean current."""

SAME_CHAIN = "measured at the port, before the run"

MAIN = ("holding", "kick", "stop", "rest", "kick_duration", "settle", "stop_duration")
"""Parameters that make the first sweep that of Fig. 9a."""


@dataclass(frozen=True)
class Measured:
    """One sweep measured: traces, spikes, epochs, the delivered levels by epoch, and the measures of the bump."""

    sweep: "Sweep"
    role: str
    v_ap: Trace
    i_sse: Trace
    i0: Trace
    spikes: SpikeTrain
    epochs: BumpEpochs
    delivered: dict[str, Measure]
    i_min: Measure
    decay: Measure
    bump: BumpMeasures


def analyse_bump(protocol: "Bump", run: "Run") -> Result:
    """Measure every good sweep; results are those of the first good one of each role. `detail`: list of Measured."""
    meta = run.meta
    measured = _measured_sweeps(protocol, run)
    first = first_of_each_role(measured)
    left_out = {s.params["role"]: f"sweep {s.index} is marked bad" for s in run.sweeps if s.bad}
    i_min, drift = _i_min(protocol, run)
    delivered = _i_min_delivered(protocol, run)
    values: dict[str, Any] = {"sweeps": len(measured)}
    rows: list[dict[str, Any]] = []
    unlike: dict[str, tuple[str, tuple[str, ...]]] = {}
    notes = [f"Sweep {s.index} ({s.label}) is marked bad and left out." for s in run.sweeps if s.bad]
    values |= _number("i_min", i_min) | {"i_min_from": i_min.note} | _number("i_min_drift", drift)
    values |= _number("i_min_delivered", delivered) | {"i_min_delivered_from": delivered.note}
    if "bump" in first:
        main = first["bump"]
        values |= _values(main)
        why = not_comparable(protocol, meta, main)
        rows += _verdicts(main, why)
        unlike["Fig. 9a"] = why, MAIN
        said = (("f* is", main.bump["f_star"]), ("Margin of the stop:", main.bump["stop_margin"]))
        notes += [f"{name} {measure.note}." for name, measure in said if measure.known and measure.note]
    elif "bump" in left_out:
        rows += _left_out(left_out["bump"])
    if i_min.note.startswith("measured"):
        rows += _i_min_rows(i_min, delivered, drift)
    recovered = {role: first[role].bump.verdicts["recovered"] for role in PROBES if role in first}
    answers = [recovered.get(role) for role in PROBES]
    values["recovered"] = False if False in answers else None if None in answers else True
    for role, answer in recovered.items():
        values |= {f"{role}_recovered": answer, **_probe_values(role, first[role])}
        fields = (*PROBED, role, f"{role}_duration")
        why = unlike_printed(protocol, meta, fields)
        rows.append(_yes_no(f"{role}_recovered", answer, why, first[role].bump.reasons.get("recovered", "")))
        unlike[f"the {QUESTIONED[role]} of Fig. 10"] = why, fields
    notes += _not_compared(protocol, unlike)
    rows += [_yes_no(f"{r}_recovered", None, "", left_out[r]) for r in PROBES if r in left_out and r not in first]
    values |= {row["quantity"]: None for row in rows if "question" in row and row["quantity"] not in values}
    unknown = (row for row in rows if "question" in row and row["value"] is None)
    notes += [f"{r['label']}: unknown, {r['note']}." for r in unknown if r["note"] not in left_out.values()]
    repeats = repeats_of(run.sweeps, measured)
    values |= repeats.values
    notes += repeats.notes
    tables = _tables(measured) | ({"repeats": repeats.table} if len(repeats.table) else {})
    return Result(values=values, verdicts=rows, tables=tables, notes=notes, detail=measured)


def _measured_sweeps(protocol: "Bump", run: "Run") -> list[Measured]:
    """Every bump sweep that is not marked bad, measured; sweeps of a search for I_min are left out."""
    i_min = _i_min_delivered(protocol, run)
    if i_min.note == SAME_CHAIN:
        i_min = replace(i_min, error=_i_min(protocol, run)[0].error)
    wanted = [s for s in run.sweeps if s.params["role"] in ("bump", *PROBES) and not s.bad]
    return [_measure(s, i_min, run.meta) for s in wanted]


def first_of_each_role(measured: Iterable[Measured]) -> dict[str, Measured]:
    """The first sweep of each role."""
    first: dict[str, Measured] = {}
    for m in measured:
        first.setdefault(m.role, m)
    return first


def _measure(sweep: "Sweep", i_min: Measure, meta: dict[str, Any]) -> Measured:
    params = sweep.params
    nodes, port = params["nodes"], params["port"]
    v_ap, i_sse, i0 = (sweep.traces[nodes[name]] for name in ("v_ap", "i_sse", "i0"))
    spikes = detect(v_ap)
    spans = {name: (start, stop) for name, start, stop, _ in params["epochs"][port]}
    played, asked = sweep.reported[port], sweep.commanded[port]
    delivered = {name: _mean_current(i0, *span) for name, span in spans.items()}
    for name, level in delivered.items():
        if not level.known:
            delivered[name] = by_the_table(meta, port, float(played.at(_middle(spans[name]))), level.note)
    holding = delivered["bump"]
    # Measured by one sense chain, I_min and the holding current share its error: it cancels in their difference.
    at_margin = replace(holding, error=0.0) if i_min.note == SAME_CHAIN and holding.note == AT_THE_PORT else holding

    def pulse(name: str) -> Pulse:
        return Pulse(*spans[name], float(asked.at(_middle(spans[name])) - asked.at(_middle(spans["bump"]))))

    epochs = BumpEpochs(
        kick=pulse("kick"),
        end=asked.duration,
        probes=(pulse("probe"),) if "probe" in spans else (),
        stop=pulse("stop") if "stop" in spans else None,
    )
    bump = measure_bump(
        spikes, i_sse, epochs, holding=at_margin, i_min=i_min, rate_times=RATE_TIMES, tolerance=RECOVERY
    )
    decay = spike_decay(v_ap, spikes)
    return Measured(sweep, params["role"], v_ap, i_sse, i0, spikes, epochs, delivered, i_min, decay, bump)


def _middle(span: tuple[float, float]) -> float:
    return (span[0] + span[1]) / 2


def _mean_current(i0: Trace, start: float, stop: float) -> Measure:
    """The current as it was delivered in an epoch, without the first moments after the step."""
    level = mean_level(i0.between(min(start + SETTLED, (start + stop) / 2), stop))
    return replace(level, note=AT_THE_PORT) if level.known else level


def _i_min(protocol: "Bump", run: "Run") -> tuple[Measure, Measure]:
    """I_min in the source's own scale, as measured before the run or predicted; and its drift over the run."""
    found = run.meta.get("i_min", {}).get(protocol.port, {})
    drift = Measure.missing("A", "I_min was not measured before and after the run")
    if "before" in found and "after" in found:
        error = math.hypot(found["before"]["error"], found["after"]["error"])
        drift = Measure(found["after"]["value"] - found["before"]["value"], error, "A", "after - before")
    if "before" in found:
        return Measure(found["before"]["value"], found["before"]["error"], "A", "measured before the run"), drift
    for sweep in run.sweeps:
        return Measure(float(sweep.params["i_min"]), 0.0, "A", "predicted from the board"), drift
    return Measure.missing("A", "no sweep was taken"), drift


def _i_min_delivered(protocol: "Bump", run: "Run") -> Measure:
    """I_min as the current that really flows: measured by the same sense chain as the holding current, or predicted."""
    found = run.meta.get("i_min", {}).get(protocol.port, {}).get("before", {})
    if "delivered" in found:
        return Measure(found["delivered"], found["delivered_error"], "A", SAME_CHAIN)
    i_min, _ = _i_min(protocol, run)
    if i_min.note.startswith("measured"):
        return by_the_table(run.meta, protocol.port, i_min.value, "the port's current was not measured", i_min.error)
    return i_min


def _values(main: Measured) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, measure in main.bump.measures.items():
        values |= _number(name, measure)
    values |= _number("v_ap_decay", main.decay)
    for time, rate in main.bump.rate_at.items():
        values |= _number(f"rate_at_{time:g}_s", rate)
    values |= main.bump.verdicts
    for name in ("holding", "kick", "stop"):
        level = main.delivered["bump" if name == "holding" else name]
        values |= _number(f"delivered_{name}", level) | {f"delivered_{name}_from": level.note}
    return values


def _probe_values(role: str, probe: Measured) -> dict[str, Any]:
    values = {f"{role}_halted": probe.bump.verdicts["probe1_halted"]}
    for name, measure in probe.bump.measures.items():
        if name.startswith("probe1_"):
            values |= _number(name.replace("probe1", role), measure)
    return values | _number(f"{role}_delivered", probe.delivered["probe"])


def _verdicts(main: Measured, why: str) -> list[dict[str, Any]]:
    """Every quantity that Fig. 9a has a number for; without those numbers where the run is another experiment."""
    measures = dict(main.bump.measures)
    measures |= {f"rate_at_{time:g}_s": rate for time, rate in main.bump.rate_at.items()}
    measures["v_ap_decay"] = main.decay
    rate = instantaneous_rate(main.spikes)
    measures["f_rmse"] = distance(rate.times, rate.rate, published(f"{FIGURE}_f"))
    measures["i_sse_rmse"] = _distance_of_current(main)
    targets = published_targets(FIGURE)
    shown = ("f_star_drift", "stop_margin")
    rows = [_row(name, m, targets.get(name), why) for name, m in measures.items() if name in targets or name in shown]
    rows.append(delivered_row("delivered_holding", "Holding current", main.delivered["bump"]).as_json())
    said = main.bump.verdicts, main.bump.reasons
    return rows + [
        _yes_no(name, said[0].get(name), why, said[1].get(name, ""))
        for name in ("silent_before", "sustained", "stopped")
    ]


def _distance_of_current(main: Measured) -> Measure:
    """Of I_sse(t) from the published curve; a course without its baseline, or one that is cut off, has none."""
    current, baseline = bin_means(main.i_sse), main.bump["i_sse_baseline"]
    why = f"the reading without current is not known: {baseline.note}" if not baseline.known else current.beyond
    if why:
        return Measure.missing("A", why)
    return distance(current.times, current.values - baseline.value, published(f"{FIGURE}_Isse"))


def _left_out(why: str) -> list[dict[str, Any]]:
    """The rows of the figure without their numbers."""
    targets = published_targets(FIGURE)
    rows = [_row(quantity, Measure.missing(t.unit, why), t, "") for quantity, t in targets.items()]
    return rows + [_yes_no(name, None, "", why) for name in ("silent_before", "sustained", "stopped")]


def _i_min_rows(i_min: Measure, delivered: Measure, drift: Measure) -> list[dict[str, Any]]:
    """I_min in both scales, as it was measured around the run, and how far it moved."""
    rows = [
        compare("i_min", i_min, None, "I_min, commanded"),
        delivered_row("i_min_delivered", "I_min", delivered),
    ]
    if drift.known:
        rows.append(compare("i_min_drift", drift, None, "Drift of I_min over the run"))
    return [row.as_json() for row in rows]


def _row(quantity: str, measure: Measure, target: "Target | None", why: str) -> dict[str, Any]:
    label = LABELS.get(quantity, target.label if target else "")
    row = compare(quantity, measure, None if why else target, label).as_json()
    return row | {"verdict": "not comparable"} if why and target and measure.known else row


NOT_COMPARED = "Not compared"
QUESTIONED = {"probe_plus": "positive probe", "probe_minus": "negative probe"}
QUESTIONS = {
    "silent_before": "Silent before the kick",
    "sustained": "The bump sustains itself",
    "stopped": "The stop pulse ends it",
    **{f"{role}_recovered": f"Back within {100 * RECOVERY:g} % after the {name}" for role, name in QUESTIONED.items()},
}


def _yes_no(quantity: str, answer: bool | None, unlike: str, why: str = "") -> dict[str, Any]:
    """The published bump is silent before the kick, sustained, recovers, and is stopped: all of them yes (1).

    `unlike` says why this is another experiment, `why` why there is no answer. `question` marks the row as one.
    """
    verdict = "not measured" if answer is None else "not comparable" if unlike else "agrees" if answer else "differs"
    return {
        "quantity": quantity, "label": QUESTIONS[quantity], "value": None if answer is None else float(answer),
        "error": None if answer is None else 0.0, "unit": "", "published": None if unlike else 1.0,
        "published_error": 0.0, "ratio": None, "verdict": verdict, "note": why, "source": "Wu 2025, Figs 9 and 10",
        "question": True,
    }  # fmt: skip


PROBED = ("holding", "kick", "rest", "kick_duration", "settle", "recovery")
"""Parameters that make the sweeps with a probe those of Fig. 10, with the probe's own."""


def not_comparable(protocol: "Bump", meta: dict[str, Any], main: Measured) -> str:
    """Why this is another experiment than the printed one; empty if it is the same."""
    unlike = unlike_printed(protocol, meta, MAIN)
    return unlike or (
        "" if main.sweep.params["first"] else "the figure was taken from power-up, this sweep after a rest"
    )


def unlike_printed(protocol: "Bump", meta: dict[str, Any], fields: Iterable[str]) -> str:
    """What of these parameters, the board and its components is not as printed; empty if all is."""
    if changed := _changed(protocol, fields):
        return _differ(changed)
    if meta["board"]["name"] != BOARD:
        return f"the board is {meta['board']['name']}, not {BOARD}"
    if meta["board"]["components"]:
        return f"components were changed: {', '.join(meta['board']['components'])}"
    return ""


def _changed(protocol: "Bump", fields: Iterable[str]) -> list[str]:
    printed = type(protocol)()
    return [name for name in fields if getattr(protocol, name) != getattr(printed, name)]


def _differ(changed: list[str]) -> str:
    return f"{', '.join(changed)} {'differ' if len(changed) > 1 else 'differs'} from what is printed"


def _not_compared(protocol: "Bump", unlike: dict[str, tuple[str, tuple[str, ...]]]) -> list[str]:
    """One sentence per reason: by figure the reason and the parameters that count; those that differ told together."""
    fields = dict.fromkeys(name for _, counting in unlike.values() for name in counting)
    together = _differ(_changed(protocol, fields))
    reasons: dict[str, list[str]] = {}
    for figure, (why, counting) in unlike.items():
        if why:
            reasons.setdefault(together if _changed(protocol, counting) else why, []).append(figure)
    return [f"{NOT_COMPARED} with {' and '.join(figures)}: {why}." for why, figures in reasons.items()]


def _tables(measured: Iterable[Measured]) -> dict[str, pd.DataFrame]:
    """Tidy tables: every measure of every sweep, the rate at every interval, the binned synaptic current."""
    results, rates, currents = [], [], []
    for m in measured:
        at: dict[str, Any] = {"sweep": m.sweep.index, "role": m.role}
        results.append(m.bump.table().assign(**at))
        delivered = [(f"delivered_{name}", d.value, d.error, d.unit, d.note) for name, d in m.delivered.items()]
        results.append(pd.DataFrame(delivered, columns=["quantity", "value", "error", "unit", "note"]).assign(**at))
        rate = instantaneous_rate(m.spikes)
        rates.append(pd.DataFrame({"time": rate.times, "rate": rate.rate, "error": rate.error}).assign(**at))
        current = bin_means(m.i_sse)
        currents.append(
            pd.DataFrame({"time": current.times, "i_sse": current.values, "error": current.errors}).assign(**at)
        )
    tables = {
        name: pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        for name, parts in (("results", results), ("rates", rates), ("i_sse", currents))
    }
    tables["rates"].attrs["units"] = {"time": "s", "rate": "Hz", "error": "Hz"}
    tables["i_sse"].attrs["units"] = {"time": "s", "i_sse": "A", "error": "A"}
    return tables


def _number(name: str, measure: Measure) -> dict[str, Any]:
    return {name: _json(measure.value), f"{name}_error": _json(measure.error)}


def _json(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
