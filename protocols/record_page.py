"""What every report has: the facts under its title, and the page that says how it was measured."""

import math
import re
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from neurorig.analysis import Row
from neurorig.analysis.report import Notice, Page, Table, Wire, value_error
from neurorig.signals import show

from .protocol import Result

if TYPE_CHECKING:
    from neurorig.records import Run


def facts(run: "Run") -> dict[str, str]:
    """Board, bench, time and identity of a run."""
    meta = run.meta
    components = ", ".join(f"{name} = {value}" for name, value in meta["board"]["components"].items())
    return {
        "Board": meta["board"]["name"] + (f" with {components}" if components else ""),
        "Bench": meta["bench"]["name"],
        "Started": meta["times"]["started"] or meta["times"]["created"],
        "Run": run.id,
        "Protocol": f"{meta['protocol']['name']} {meta['protocol']['sha256'][:12]}",
        "Seed": str(meta["seed"]),
    }


def rows(result: Result) -> list[Row]:
    """The numbers as the report's table wants them; what is yes or no stands above it, in the page's verdicts."""
    return [_row(v) for v in result.verdicts if "question" not in v]


def _row(verdict: dict[str, Any]) -> Row:
    known: dict[str, Any] = {key: math.nan if value is None else value for key, value in verdict.items()}
    return Row(**known)


def record_page(run: "Run", result: Result) -> Page:
    """Drift, wiring, sweeps, parameters, settings, provenance; everything refused, clipped, repeated or warned."""
    meta = run.meta
    tables = [
        *_drift(meta),
        _sweeps(run),
        _table("Derived, no channel sees them", ("quantity", "computed from"), meta.get("derived", {}).items()),
        _table("Parameters", ("parameter", "value"), meta["protocol"]["shown"].items()),
        _instruments(meta),
        *_settings(meta),
        _table("Software", ("what", "version"), _software(meta["software"])),
    ]
    return Page(
        title="How it was measured",
        wires=[_wire(w) for w in meta["wiring"]],
        tables=tables,
        notices=list(_notices(run, result)),
    )


def _table(title: str, columns: tuple[str, ...], rows: Any, note: str = "") -> Table:
    return Table(title, columns, [tuple(str(cell) for cell in row) for row in rows], note)


def _drift(meta: Mapping[str, Any]) -> Iterator[Table]:
    for port, found in meta.get("i_min", {}).items():
        measured = [(when, value_error(m["value"], m["error"], "A")) for when, m in found.items()]
        if "before" in found and "after" in found:
            change = found["after"]["value"] - found["before"]["value"]
            error = math.hypot(found["before"]["error"], found["after"]["error"])
            measured.append(("drift", f"{value_error(change, error, 'A')} ({change / found['before']['value']:+.2%})"))
        yield _table(f"I_min at {port}", ("when", "value"), measured)


def _sweeps(run: "Run") -> Table:
    found = []
    for s in run.sweeps:
        remarks = "; ".join([*(["bad"] if s.bad else []), *(n.text for n in s.comments)])
        rate = show(s.acquired["rate"], "Hz") if "rate" in s.acquired else ""
        found.append((s.index, s.label, s.started, s.state.get("assumed", ""), rate, _clock(s.acquired), remarks))
    columns = ("sweep", "label", "started", "state assumed", "samples a second", "source's clock", "remarks")
    return _table("Sweeps", columns, found)


def _clock(acquired: Mapping[str, Any]) -> str:
    """How fast the source's clock runs by the digitiser's, from the marker."""
    clock = acquired.get("clock", {})
    if clock.get("ppm") is None:
        return ""
    return f"{-clock['ppm']:+.1f} ± {clock['ppm_error']:.1f} ppm"


def _instruments(meta: Mapping[str, Any]) -> Table:
    found = []
    for name, entry in meta.get("instruments", {}).items():
        i = entry["identity"]
        found.append((name, f"{i['maker']} {i['model']}", i["serial"], i["version"], entry["resource"]))
    return _table("Instruments", ("name", "model", "serial number", "version", "address"), found)


def _settings(meta: Mapping[str, Any]) -> Iterator[Table]:
    for name, entry in meta.get("instruments", {}).items():
        settings = entry.get("settings")
        if settings:
            yield _table(f"Settings of {name}", ("setting", "read back"), _flat(settings, _units(entry["identity"])))


def _flat(settings: Mapping[str, Any], units: Mapping[str, str], of: str = "") -> Iterator[tuple[str, str]]:
    """One line per setting, a channel's under its name; numbers with their unit."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, units, f"{key.replace('_', ' ')}: ")
        else:
            yield of + key.replace("_", " "), _setting(value, units.get(key, ""))


def _setting(value: Any, unit: str) -> str:
    match value:
        case None:
            return "not answered"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return show(float(value), unit, 6)
        case _:
            return str(value)


def _units(identity: Mapping[str, str]) -> dict[str, str]:
    """Units of an instrument's settings, as its driver declares them; none if no driver knows the model any more."""
    from neurorig.instruments.commands import Commanded  # only a report needs them
    from neurorig.instruments.drivers import DRIVERS

    model = f"{identity['maker']}/{identity['model']}"
    drivers = [d for d in DRIVERS.values() if re.fullmatch(d.identity, model, re.IGNORECASE)]
    modules = [sys.modules[d.load().__module__] for d in drivers]
    parts = [p for m in modules for p in vars(m).values() if isinstance(p, type) and issubclass(p, Commanded)]
    return {command.name: command.unit for part in parts for command in part.commands()}


def _software(software: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "neurorig", software["neurorig"]
    git = software.get("git")
    if git:
        yield "source tree", f"{git['commit']}{' with changes' if git['changed'] else ''}"
    yield "Python", software["python"]
    yield "system", software["system"]
    yield from software["packages"].items()


def _wire(wiring: Mapping[str, Any]) -> Wire:
    kind = {"port": "drives", "node": "senses", "marker": "marker"}[wiring["kind"]]
    span = f"{show(wiring['low'], wiring['unit'])} to {show(wiring['high'], wiring['unit'])}"
    what = {"drives": f"limits {span}", "senses": f"on screen {span}", "marker": span}[kind]
    if wiring.get("delivered"):
        what += ", delivered current from a table"
    return Wire(wiring["instrument"], wiring["channel"], wiring["name"], kind, wiring["how"], what)  # type: ignore[arg-type]


def _notices(run: "Run", result: Result) -> Iterator[Notice]:
    meta = run.meta
    if meta["error"]:
        yield Notice("error", meta["error"])
    for warning in meta["warnings"]:
        kind = "clipped" if "lie beyond" in warning else "repeated" if "fetched again" in warning else "warning"
        yield Notice(kind, warning)  # type: ignore[arg-type]  # one of the three
    for problem in run.problems():
        yield Notice("warning", problem)
    for note in result.notes:
        yield Notice("note", note)
    for comment in run.comments:
        where = "" if comment.sweep is None else f"sweep {comment.sweep}: "
        yield Notice("bad" if comment.kind == "bad" else "comment", where + comment.text)
