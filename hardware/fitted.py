"""What a calibration was made with, when a file laid over another board changes parts but not the calibration.

A changed part then follows the laws (charge per spike, time constants, capacitance) as with `Board.with_components`. A
number that the upper file restates was measured with the parts of that file; a `source` restates them all.
"""

from collections.abc import Mapping
from typing import Any

ANCHORS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "neurons": {"C": ("C_m",)},
    "synapses": {"Q_N": ("R_W",), "tau": ("C_s", "R_s")},
}
"""Calibrated numbers, and the parts that they go with."""

Tables = dict[str, Any]


def remember_fits(below: Tables, above: Tables, merged: Tables) -> Tables:
    """Write into `merged` what the calibrations of `below` were made with, as far as `above` does not restate them."""
    kept = dict(merged)
    if "supply" in below and "supply" in above:
        kept.setdefault("fitted_supply", below["supply"])
    for table, anchors in ANCHORS.items():
        parts = {**_table(merged, table)}
        for name, was in _table(below, table).items():
            if name in parts and isinstance(was, dict) and isinstance(parts[name], dict):
                now = _table(_table(above, table), name)
                parts[name] = {**parts[name], **_remembered(was, now, anchors)}
                if table == "synapses" and not _restated(now, "Q_N"):
                    parts[name].setdefault("C_m_fitted", _membrane(below, was))
        if parts:
            kept[table] = parts
    if "nodes" in kept:
        kept["nodes"] = _observable(below, above, kept)
    return kept


def _observable(below: Tables, above: Tables, kept: Tables) -> Tables:
    """The nodes, without those of a neuron or synapse that the upper file took away."""
    gone = {name for table in ANCHORS for name in _table(below, table).keys() - _table(kept, table).keys()}
    inherited = _table(kept, "nodes").keys() - _table(above, "nodes").keys()
    return {k: v for k, v in _table(kept, "nodes").items() if k not in inherited or k.split(".")[0] not in gone}


def _remembered(was: Tables, now: Tables, anchors: Mapping[str, tuple[str, ...]]) -> Tables:
    """``fitted_with`` of a part, if its components changed; empty if they did not."""
    soldered = _table(now, "components")
    if not soldered and "fitted_with" not in was:
        return {}
    fitted = {**_table(was, "components"), **_table(was, "fitted_with")}
    for number, parts in anchors.items():
        if _restated(now, number):
            fitted |= {part: soldered[part] for part in parts if part in soldered}
    if _restated(now, "source"):
        fitted |= soldered
    return {"fitted_with": fitted}


def _restated(now: Tables, number: str) -> bool:
    calibration = _table(now, "calibration")
    return number in calibration or "source" in calibration


def _membrane(below: Tables, synapse: Tables) -> Any:
    """C_m of the neuron whose spikes gave the charge."""
    return _table(_table(_table(below, "neurons"), str(synapse.get("pre"))), "components").get("C_m")


def _table(tables: Any, key: str) -> Tables:
    """A table of the file, empty if it is not there or no table: what is wrong is told when the board is validated."""
    value = tables.get(key) if isinstance(tables, dict) else None
    return value if isinstance(value, dict) else {}
