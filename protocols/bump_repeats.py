"""The repeats of a bump beside each other: what changes from one to the next, and what comes out again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurorig.analysis import Measure
from neurorig.signals import show

if TYPE_CHECKING:
    from neurorig.records import Sweep

    from .bump_analysis import Measured

REPEATED = ("f_star", "i_sse", "dead_time", "stop_margin")
"""What is averaged over the repeats."""

UNITS = {"f_star": "Hz", "i_sse": "A", "dead_time": "s", "stop_margin": "A"}


@dataclass(frozen=True)
class Repeats:
    """Values for the results, remarks, and one row per repeat (empty if there was one only)."""

    values: dict[str, Any]
    notes: list[str]
    table: pd.DataFrame


def repeats_of(sweeps: Iterable["Sweep"], measured: Iterable["Measured"]) -> Repeats:
    """Mean and standard deviation over the good repeats that started rested.

    The first sweep after power-up starts from another charge on the synapse, so it is none of them.
    """
    taken = [s for s in sweeps if s.params["role"] == "bump"]
    good = {m.sweep.index: m for m in measured if m.role == "bump"}
    values: dict[str, Any] = {"repeats": len(good)}
    if len(taken) < 2:
        return Repeats(values, [], pd.DataFrame())
    rested = [m for m in good.values() if not m.sweep.params["first"]]
    values["repeats_rested"] = len(rested)
    for name in REPEATED:
        found = [m.bump[name].value for m in rested if m.bump[name].known]
        values[f"{name}_mean"] = float(np.mean(found)) if found else None
        values[f"{name}_sd"] = float(np.std(found, ddof=1)) if len(found) > 1 else None
    table = pd.DataFrame([_row(s, good.get(s.index)) for s in taken])
    table.attrs["units"] = {u: unit for name, unit in UNITS.items() for u in (name, f"{name}_error")}
    return Repeats(values, list(_notes(taken, list(good.values()), values)), table)


def state(sweep: "Sweep") -> str:
    """The state a repeat started from, in short."""
    return "as powered" if sweep.params["first"] else "rested"


def _row(sweep: "Sweep", measured: "Measured | None") -> dict[str, Any]:
    row: dict[str, Any] = {"repeat": sweep.params["repeat"] + 1, "sweep": sweep.index, "state": state(sweep)}
    for name, unit in UNITS.items():
        measure = measured.bump[name] if measured else Measure.missing(unit, "bad")
        row |= {name: measure.value, f"{name}_error": measure.error}
    stopped = measured.bump.verdicts.get("stopped") if measured else None
    return row | {"stopped": {True: "yes", False: "no", None: "unknown"}[stopped], "bad": sweep.bad}


def _notes(taken: Sequence["Sweep"], good: Sequence["Measured"], values: dict[str, Any]) -> Iterator[str]:
    """Which repeat the numbers are from, and what the rested ones agree on."""
    if not good:
        return
    first = good[0].sweep
    text = f"The numbers are those of repeat {first.params['repeat'] + 1} of {len(taken)}, {state(first)}"
    if values["f_star_mean"] is not None:
        spread = values["f_star_sd"]
        text += f"; rested repeats: mean f* = {show(values['f_star_mean'], 'Hz', 7)}"
        text += f", standard deviation {show(spread, 'Hz', 2)}" if spread is not None else ""
        text += f" (n = {values['repeats_rested']})"
    yield text + "."
