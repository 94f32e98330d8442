"""A run in a few lines, for `neurorig show`: works on a run in any state, on the sweeps that are there."""

from typing import TYPE_CHECKING, Any

from .protocol import Protocol
from .registry import get_protocol

if TYPE_CHECKING:
    from neurorig.records import Note, Run


def protocol_of(run: "Run") -> Protocol:
    """The protocol of a run, rebuilt from its record. Raises ConfigError if this neurorig does not know it."""
    recorded = run.meta["protocol"]
    return get_protocol(recorded["name"]).make(recorded["parameters"])


def summarise(run: "Run") -> dict[str, Any]:
    """Head, sweeps, values, verdicts and remarks, as plain JSON values."""
    meta, status = run.meta, run.status
    report = run.path / "report.html"
    marked = any(note.kind != "comment" for note in run.comments)
    if "results" in meta and not marked:
        results, verdicts, notes = meta["results"], meta["verdicts"], meta["notes"]
    else:  # it never came to its end, or marks were made since: what is there is analysed now
        result = protocol_of(run).analyse(run)
        results, verdicts, notes = result.values, result.verdicts, result.notes
    return {
        "run": str(run.path),
        "status": status,
        "protocol": meta["protocol"]["name"],
        "board": meta["board"]["name"],
        "bench": meta["bench"]["name"],
        "simulated": meta["simulated"],
        "started": meta["times"]["started"],
        "error": meta["error"],
        "bad": why_bad(run),
        "report": str(report) if report.exists() else None,
        "sweeps": [
            {
                "index": s.index,
                "label": s.label,
                "started": s.started,
                "state": s.state.get("assumed", ""),
                "bad": s.bad,
                "comments": [n.text for n in s.comments],
            }
            for s in run.sweeps
        ],
        "results": results,
        "verdicts": verdicts,
        "notes": notes,
        "warnings": meta["warnings"] + run.problems(),
        "comments": [_remark(n) for n in run.comments if n.sweep is None],
    }


def _remark(note: "Note") -> str:
    return note.text if note.kind == "comment" else f"marked {note.kind}: {note.text}"


def why_bad(run: "Run") -> str | None:
    """The reason for which the whole run is marked bad; None if it is not."""
    reasons = [n.text for n in run.comments if n.kind == "bad" and n.sweep is None]
    return reasons[-1] if run.bad else None
