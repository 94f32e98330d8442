"""What a rheobase run says: I_min and I_max as they were commanded and as they were delivered, from the trials on disk."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from neurorig.analysis import Measure, beyond_range, compare
from neurorig.signals import show

from .bisection import Bracket
from .delivered import AT_THE_PORT, by_the_table, delivered_row
from .protocol import Result

if TYPE_CHECKING:
    from neurorig.records import Run, Sweep

    from .rheobase import Rheobase

WORDS = {"i_min": "I_min", "i_max": "I_max"}


def analyse_rheobase(protocol: "Rheobase", run: "Run") -> Result:
    """I_min and I_max with their errors, in the source's scale and in that of the port."""
    values: dict[str, Any] = {}
    parts, rows = [], []
    notes = [f"Sweep {s.index} ({s.label}) is marked bad and left out." for s in run.sweeps if s.bad]
    for role, word in WORDS.items():
        sweeps = [s for s in run.sweeps if s.params["role"] == role and not s.bad]
        trials = [protocol.trial(role, s.traces, s.reported) for s in sweeps]
        if not trials:
            continue
        found = Bracket.of(trials)
        commanded = Measure(found.value, found.error, "A", "in the source's own steps, as it reported them")
        if not commanded.known:
            commanded = Measure.missing("A", _open_side(found))
            notes.append(f"{word} is not enclosed: {commanded.note}.")
        delivered = _delivered(protocol, run, role, found, unmeasured(protocol, role, sweeps))
        values |= {f"{role}_trials": len(trials), f"{role}_delivered_from": delivered.note}
        for name, measure in ((role, commanded), (f"{role}_delivered", delivered)):
            values |= {name: _json(measure.value), f"{name}_error": _json(measure.error)}
        rows.append(compare(role, commanded, None, f"{word}, commanded"))
        if commanded.known:
            rows.append(delivered_row(f"{role}_delivered", word, delivered))
        table = pd.DataFrame([asdict(t) for t in trials]).assign(quantity=role, trial=range(len(trials)))
        parts.append(table.assign(commanded=[s.commanded[protocol.port].high for s in sweeps]))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["quantity"])
    table.attrs["units"] = dict.fromkeys(("commanded", "current", "delivered", "delivered_error"), "A")
    return Result(values=values, verdicts=[row.as_json() for row in rows], tables={"results": table}, notes=notes)


def unmeasured(protocol: "Rheobase", role: str, sweeps: Sequence["Sweep"]) -> str:
    """Why a trial has no measured current."""
    if any(protocol.port in s.traces for s in sweeps):
        return beyond_range(protocol.port)
    if protocol.delivered and role == "i_max":
        return f"not observed: the trials of I_max lie beyond what the oscilloscope shows of {protocol.port}"
    return f"not observed: {protocol.port} was not recorded"


def _delivered(protocol: "Rheobase", run: "Run", role: str, found: Bracket, why: str) -> Measure:
    if math.isnan(found.value):
        return Measure.missing("A", f"{WORDS[role]} is not enclosed")
    if math.isnan(found.delivered):
        return by_the_table(run.meta, protocol.port, found.value, why, found.error)
    return Measure(found.delivered, found.delivered_error, "A", AT_THE_PORT)


def _open_side(bracket: Bracket) -> str:
    if bracket.above is not None:
        return f"already exceeded at {show(bracket.above.current, 'A')}"
    reached = "nothing was tried" if bracket.below is None else f"not reached up to {show(bracket.below.current, 'A')}"
    return f"{reached}; raise the ceiling, or check the supply and the wiring"


def _json(value: float) -> float | None:
    return None if math.isnan(value) else value
