"""KiCad's own checks of a board: electrical rules, design rules, missing tracks, schematic against layout."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neurorig.signals import ConfigError

from .program import Workspace, workspace
from .projects import Project
from .schematic import read_schematic

KINDS = ("ERC", "DRC", "unconnected", "parity")
"""Electrical rules of the schematic; design rules of the layout; tracks that are missing; schematic = layout."""
_SECTIONS = {"DRC": "violations", "unconnected": "unconnected_items", "parity": "schematic_parity"}
_VIOLATED = 5  # kicad-cli's exit code with --exit-code-violations
_ERC_SCALE = 100.0  # kicad-cli 9 gives the positions of ERC in units of 100 mm, whatever it says
_PART = re.compile(r"(?:\bof|\b[Ff]ootprint|\b[Ss]ymbol|\b[Rr]eference) '?([A-Za-z_][A-Za-z_.]*\d[\w.]*)")
_NET = re.compile(r"\[([^\]]+)\]")
_NUMBER = re.compile(r"(\d+(?:\.\d+)?) ?([pnumkMGT]?)")
_FACTORS = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_VALUE = re.compile(r"Value \((\S+)\) doesn't match symbol value \((.*)\)")


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong: what, where (mm, as the editor shows it), and the parts and nets that it touches."""

    kind: str
    rule: str
    severity: str
    text: str
    where: str
    items: tuple[str, ...]
    parts: tuple[str, ...]
    nets: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {self.rule}: {self.text} {'; '.join(self.items)} ({self.where})"


@dataclass(frozen=True)
class Checks:
    """What KiCad found on one board, and which rules the project switches off, so that nobody looked at them."""

    board: str
    kicad: str
    violations: tuple[Violation, ...]
    ignored: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Violations of each of `KINDS`."""
        return {kind: sum(v.kind == kind for v in self.violations) for kind in KINDS}

    @property
    def passed(self) -> bool:
        """Nothing was found."""
        return not self.violations


def check(project: Project) -> Checks:
    """ERC, and DRC with parity, at every severity, exclusions too. Raises KicadError when they cannot be run."""
    with workspace(project) as copy:
        return check_copy(copy)


def check_copy(copy: Workspace) -> Checks:
    """The same on a copy that is there already."""
    project = copy.project
    erc = _report(copy, "sch", "erc", project.schematic)
    drc = _report(copy, "pcb", "drc", project.board, "--schematic-parity")
    found = [
        *(_violation("ERC", v, f"sheet {s['path']}", _ERC_SCALE) for s in erc["sheets"] for v in s["violations"]),
        *(_violation(kind, v, "board") for kind, section in _SECTIONS.items() for v in drc[section]),
    ]
    found = [_with_both_values(v, project) for v in found] + list(_other_models(project))
    return Checks(project.name, str(drc["kicad_version"]), tuple(found), tuple(_ignored(project)))


def _report(copy: Workspace, editor: str, name: str, file: Path, *more: str) -> dict[str, Any]:
    answer = copy.root / f"{name}.json"
    options = ("--severity-all", "--exit-code-violations", "--format", "json", "--units", "mm", "--output", answer)
    copy.run(editor, name, *options, *more, file, accept=(0, _VIOLATED))
    report: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return report


def _violation(kind: str, found: dict[str, Any], place: str, scale: float = 1.0) -> Violation:
    items = [item["description"] for item in found["items"]]
    spots = [f"x {i['pos']['x'] * scale:.2f} y {i['pos']['y'] * scale:.2f}" for i in found["items"] if "pos" in i]
    told = [found["description"], *items]
    nets = [] if kind == "ERC" else [net for text in items for net in _NET.findall(text)]
    return Violation(
        kind, found["type"], found["severity"], found["description"],
        f"{place}, {spots[0]}" if spots else place, tuple(items),
        tuple(dict.fromkeys(part for text in told for part in _PART.findall(text))), tuple(dict.fromkeys(nets)),
    )  # fmt: skip


def _with_both_values(violation: Violation, project: Project) -> Violation:
    """KiCad 9 prints the designator where a value belongs, and the board's value as the schematic's: put it right."""
    match = _VALUE.match(violation.text)
    if match is None or match[1] not in violation.parts:
        return violation
    drawn = read_schematic(project.schematic).components.get(match[1])
    text = f"{match[1]} is {match[2]} on the board, {drawn.value if drawn else 'absent'} in the schematic."
    return replace(violation, text=text)


def _other_models(project: Project) -> Iterator[Violation]:
    """Resistors and capacitors that SPICE would be told another value of than the schematic shows."""
    for name, part in read_schematic(project.schematic).components.items():
        simulated = part.fields.get("Sim.Params", "").removeprefix("r=").removeprefix("c=")
        if part.fields.get("Sim.Device") not in {"R", "C"} or _number(part.value) in {None, _number(simulated)}:
            continue
        text = (
            f"{name} is {part.value} in the schematic and {simulated} in SPICE (field Sim.Params): give both the same."
        )
        yield Violation("ERC", "model_value", "error", text, "schematic", (), (name,), ())


def _number(text: str) -> float | None:
    """The value that a text such as "4.7u" stands for; None for a text that is no number."""
    match = _NUMBER.fullmatch(text)
    return float(f"{float(match[1]) * _FACTORS[match[2]]:.9g}") if match else None


def _ignored(project: Project) -> Iterator[str]:
    """Rules whose severity the project sets to "ignore": KiCad does not even look."""
    try:
        settings = json.loads(project.settings.read_text(encoding="utf-8"))
    except ValueError as reason:
        raise ConfigError(f"{project.settings.name}: not a KiCad project: {reason}") from reason
    for rules in (settings.get("erc", {}), settings.get("board", {}).get("design_settings", {})):
        yield from sorted(rule for rule, severity in rules.get("rule_severities", {}).items() if severity == "ignore")
