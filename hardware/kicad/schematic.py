"""Reads a schematic without KiCad: its parts with their fields, and which net each pin is on.

Coordinates and orientations are those of KiCad's file format 20250114. Sub-sheets are followed, one instance at a time.
Buses and alternate pins are not: these boards have none.
"""

import math
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from neurorig.signals import ConfigError, nearest

from .connections import Connections, Point, SheetConnections, point
from .expressions import Expression, child, children, numbers, properties, read, word


@dataclass(frozen=True)
class Component:
    """A part, all its units together. `fields`: every field of its symbol; `pins`: number to name of the net."""

    reference: str
    value: str
    library_id: str
    footprint: str
    fields: Mapping[str, str]
    fitted: bool
    in_bom: bool
    on_board: bool
    simulated: bool
    sheet: str
    pins: Mapping[str, str]


@dataclass(frozen=True)
class Schematic:
    """Title of the root sheet, names of the sheets, parts by designator, nets by name with pins (designator, number)."""

    path: Path
    title: str
    sheets: tuple[str, ...]
    components: Mapping[str, Component]
    nets: Mapping[str, frozenset[tuple[str, str]]]

    def __getitem__(self, reference: str) -> Component:
        if reference not in self.components:
            raise ConfigError(f"{self.path.name} has no part '{reference}'.{nearest(reference, self.components)}")
        return self.components[reference]


def read_schematic(path: Path) -> Schematic:
    """Read the root sheet and all below it. Raises ConfigError for a file that is missing or is no schematic."""
    reader = _Reader()
    root = reader.file(path)
    reader.sheet(path, f"/{word(root, 'uuid')}", "/")
    names = _names(reader)
    nets: dict[str, set[tuple[str, str]]] = {}
    components = {}
    for reference in sorted(reader.units, key=natural):
        units = reader.units[reference]
        pins = {number: names[reader.connections.root(key)] for unit in units for number, key in unit.pins.items()}
        for number, net in pins.items():
            nets.setdefault(net, set()).add((reference, number))
        components[reference] = _component(reference, units[0], pins)
    title = word(child(root, "title_block"), "title")
    return Schematic(path, title, tuple(reader.sheets), components, {n: frozenset(nets[n]) for n in sorted(nets)})


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts R2 before R10."""
    return tuple((0, int(s), "") if s.isdigit() else (1, 0, s) for s in re.split(r"(\d+)", text) if s)


@dataclass(frozen=True)
class _Unit:
    symbol: Expression
    sheet: str
    pins: Mapping[str, Hashable]  # number to place


@dataclass
class _Reader:
    """What has been read so far."""

    connections: Connections = field(default_factory=Connections)
    units: dict[str, list[_Unit]] = field(default_factory=dict)
    sheets: list[str] = field(default_factory=list)
    files: dict[Path, Expression] = field(default_factory=dict)

    def file(self, path: Path) -> Expression:
        if path not in self.files:
            self.files[path] = read(path)
            if self.files[path][0] != "kicad_sch":
                raise ConfigError(f"{path}: not a KiCad schematic; it begins with '{self.files[path][0]}'.")
        return self.files[path]

    def sheet(self, path: Path, identity: str, name: str) -> None:
        """One instance of a sheet: wires and labels, the symbols' pins, and the sheets in it."""
        drawn = self.file(path)
        self.sheets.append(name)
        joined = SheetConnections(name, drawn, self.connections)
        library = {str(s[1]): s for s in children(child(drawn, "lib_symbols"), "symbol")}
        for symbol in children(drawn, "symbol"):
            kind = library.get(word(symbol, "lib_name") or word(symbol, "lib_id"), [])
            reference, unit = _instance(symbol, identity)
            pins = list(_pins(kind, symbol, unit))
            power = bool(child(kind, "power"))
            for pin in pins:
                if pin.supply and (power or pin.hidden):
                    joined.power(pin.at, properties(symbol)["Value"] if power else pin.name)
            if not reference.startswith("#"):
                placed = {pin.number: joined.pin(pin.at) for pin in pins}
                self.units.setdefault(reference, []).append(_Unit(symbol, name, placed))
        for below in children(drawn, "sheet"):
            fields = properties(below)
            inner = f"{name}{fields.get('Sheetname', '')}/"
            for port in children(below, "pin"):
                joined.port(point(numbers(port, "at")), inner, str(port[1]))
            self.sheet(path.parent / fields["Sheetfile"], f"{identity}/{word(below, 'uuid')}", inner)


@dataclass(frozen=True)
class _Pin:
    number: str
    name: str
    at: Point
    supply: bool
    hidden: bool


def _instance(symbol: Expression, identity: str) -> tuple[str, str]:
    """Designator and unit number that the symbol has in this instance of its sheet."""
    for project in children(child(symbol, "instances"), "project"):
        for path in children(project, "path"):
            if path[1] == identity:
                return word(path, "reference"), word(path, "unit", "1")
    return properties(symbol).get("Reference", "?"), word(symbol, "unit", "1")


def _pins(kind: Expression, symbol: Expression, unit: str) -> Iterator[_Pin]:
    """The pins of one unit, where they are on the sheet."""
    style = word(symbol, "convert", word(symbol, "body_style", "1"))
    for drawing in children(kind, "symbol"):
        of_unit, of_style = str(drawing[1]).rsplit("_", 2)[1:]
        if of_unit not in {"0", unit} or of_style not in {"0", style}:
            continue
        for pin in children(drawing, "pin"):
            hidden = word(pin, "hide") == "yes" or "hide" in pin
            at = _placed(symbol, numbers(pin, "at"))
            yield _Pin(word(pin, "number"), word(pin, "name"), at, pin[1] == "power_in", hidden)


def _placed(symbol: Expression, at: tuple[float, ...]) -> Point:
    """Where a point of a symbol's drawing (y up) comes to lie on the sheet (y down): turned, then mirrored."""
    x0, y0, *turn = numbers(symbol, "at")
    cosine, sine = (round(f(math.radians(sum(turn)))) for f in (math.cos, math.sin))
    x, y = at[0] * cosine - at[1] * sine, -(at[0] * sine + at[1] * cosine)
    mirror = child(symbol, "mirror")
    return point((x0 + (-x if "y" in mirror else x), y0 + (-y if "x" in mirror else y)))


def _component(reference: str, unit: _Unit, pins: Mapping[str, str]) -> Component:
    fields = properties(unit.symbol)
    yes = {name: word(unit.symbol, name) == "yes" for name in ("dnp", "in_bom", "on_board", "exclude_from_sim")}
    return Component(
        reference, fields.get("Value", ""), word(unit.symbol, "lib_id"), fields.get("Footprint", ""), fields,
        not yes["dnp"], yes["in_bom"], yes["on_board"], not yes["exclude_from_sim"], unit.sheet, pins,
    )  # fmt: skip


def _names(reader: _Reader) -> Mapping[Hashable, str]:
    """The name of every net: that of its labels, or one made of the first of its pins, much as KiCad does."""
    names = dict(reader.connections.names())
    pins: dict[Hashable, set[tuple[str, str]]] = {}
    for reference, units in reader.units.items():
        for unit in units:
            for number, key in unit.pins.items():
                pins.setdefault(reader.connections.root(key), set()).add((reference, number))
    for root, members in pins.items():
        first, number = min(members, key=lambda pin: (natural(pin[0]), natural(pin[1])))
        names.setdefault(root, f"{'unconnected' if len(members) == 1 else 'Net'}-({first}-Pad{number})")
    return names
