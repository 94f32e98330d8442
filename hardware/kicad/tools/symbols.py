"""Symbols of KiCad's libraries and of our own: where their pins are, turned and mirrored, and what a sheet embeds.

Positions in a library are millimetres with y upwards; on a sheet they are whole steps of 1.27 mm with y downwards.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, cast

from neurorig.signals import ConfigError, nearest

from ..expressions import Expression, Text, child, children, numbers, read, word

Point = tuple[int, int]

STEP = 1.27  # mm
OWN_LIBRARY = "neurorig"
LIBRARY_FOLDER = Path(__file__).parents[1] / "library"


class DrawingError(ConfigError):
    """A schematic that cannot be drawn: what is wrong, and what to do."""


class Pin(NamedTuple):
    """A pin of a symbol as in the library: `x`, `y` of its free end in mm (y up), `unit` 0 if every unit has it."""

    number: str
    name: str
    kind: str
    x: float
    y: float
    unit: int


class Box(NamedTuple):
    """A rectangle, in steps on the sheet (y down)."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Pose:
    """How a symbol lies on a sheet: turned counter-clockwise by `turn` degrees, then mirrored.

    `mirror`: "x" swaps up and down, "y" left and right, "" neither (KiCad's `(mirror x)`, `(mirror y)`).
    """

    at: Point
    turn: int = 0
    mirror: str = ""

    def __post_init__(self) -> None:
        if self.turn not in (0, 90, 180, 270):
            raise DrawingError(f"a symbol at {self.at} is turned by {self.turn} degrees: take 0, 90, 180 or 270")
        if self.mirror not in ("", "x", "y"):
            raise DrawingError(f"a symbol at {self.at} is mirrored {self.mirror!r}: take '', 'x' or 'y'")

    def direction(self, x: float, y: float) -> tuple[float, float]:
        """A vector of the library (mm, y up) as it lies on the sheet (mm, y down)."""
        for _ in range(self.turn // 90):
            x, y = -y, x
        if self.mirror == "x":
            y = -y
        if self.mirror == "y":
            x = -x
        return x, -y

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A point of the library (mm, y up) in steps on the sheet."""
        right, down = self.direction(x, y)
        return self.at[0] + right / STEP, self.at[1] + down / STEP


@dataclass(frozen=True)
class Symbol:
    """A symbol of a library without its ancestors: `expression` is what a sheet embeds under `name` ("Device:R")."""

    name: str
    expression: Expression
    pins: tuple[Pin, ...]
    properties: Mapping[str, str]
    units: int

    @property
    def is_power(self) -> bool:
        """Whether it names a net (GND, +5V) rather than being a part."""
        return bool(child(self.expression, "power"))

    @property
    def shows_numbers(self) -> bool:
        """Whether the numbers of its pins are drawn."""
        return word(child(self.expression, "pin_numbers"), "hide") != "yes"

    def unit_pins(self, unit: int) -> tuple[Pin, ...]:
        """Pins of a unit, with those that all units share. Raises `DrawingError` if there is no such unit."""
        if not 1 <= unit <= self.units:
            raise DrawingError(f"symbol {self.name} has {self.units} units, not a unit {unit}")
        return tuple(pin for pin in self.pins if pin.unit in (0, unit))

    def body(self, unit: int, pose: Pose) -> Box:
        """Rectangle around what is drawn of a unit, without its pins, in steps on the sheet."""
        points = [pose.place(x, y) for x, y in _outline(self.expression, unit)] or [
            (float(pose.at[0]), float(pose.at[1]))
        ]
        across, down = [x for x, _ in points], [y for _, y in points]
        return Box(min(across), min(down), max(across), max(down))


def library_file(library: str) -> Path:
    """File of a library: our own, or one in $KICAD9_SYMBOL_DIR (/usr/share/kicad/symbols unless set)."""
    folder = (
        LIBRARY_FOLDER
        if library == OWN_LIBRARY
        else Path(os.environ.get("KICAD9_SYMBOL_DIR", "/usr/share/kicad/symbols"))
    )
    return folder / f"{library}.kicad_sym"


def find_symbol(name: str) -> Symbol:
    """The symbol `Library:Name`. Raises `DrawingError` if the library or the symbol is not there."""
    return _find(name, library_file(name.partition(":")[0]))


@cache
def _find(name: str, file: Path) -> Symbol:
    symbol = name.partition(":")[2]
    if not symbol:
        raise DrawingError(f"symbol {name!r} has no library: write it as in 'Device:R'")
    entries = _read_library(file)
    expression = _flatten(entries, symbol, file)
    properties = {str(item[1]): str(item[2]) for item in children(expression, "property")}
    embedded: Expression = ["symbol", Text(name), *expression[2:]]
    units = max((_unit_style(part)[0] for part in children(expression, "symbol")), default=1)
    return Symbol(name, embedded, tuple(_pins(expression)), MappingProxyType(properties), max(units, 1))


@cache
def _read_library(file: Path) -> dict[str, Expression]:
    if not file.is_file():
        raise DrawingError(
            f"there is no symbol library {file}: install KiCad's symbols (kicad-symbols), or set KICAD9_SYMBOL_DIR to "
            "their folder, or correct the library's name"
        )
    return {str(entry[1]): entry for entry in children(read(file), "symbol")}


def _flatten(entries: dict[str, Expression], name: str, file: Path) -> Expression:
    """A symbol with the drawing of the one it extends, and its own properties (KiCad embeds no `extends`)."""
    if name not in entries:
        raise DrawingError(f"{file} has no symbol {name!r}.{nearest(name, entries)}")
    own = entries[name]
    parent_name = word(own, "extends")
    if not parent_name:
        return own
    base = _flatten(entries, parent_name, file)
    properties = {str(item[1]): item for item in children(base, "property")}
    properties |= {str(item[1]): item for item in children(own, "property")}
    flags = {str(item[0]) for item in own[2:] if isinstance(item, list)} - {"property", "extends"}
    kept = [item for item in base[2:] if isinstance(item, list) and item[0] not in flags | {"property", "symbol"}]
    own_flags = [item for item in own[2:] if isinstance(item, list) and item[0] in flags]
    drawing: list[Expression] = []
    for part in children(base, "symbol"):
        drawing.append(["symbol", Text(name + str(part[1])[len(parent_name) :]), *part[2:]])
    return ["symbol", Text(name), *kept, *own_flags, *properties.values(), *drawing]


def _unit_style(part: Expression) -> tuple[int, int]:
    unit, style = str(part[1]).split("_")[-2:]
    return int(unit), int(style)


def _drawn(expression: Expression, unit: int | None = None) -> Iterator[tuple[int, Expression]]:
    """What is drawn in the usual body style, with its unit (0: in all)."""
    for part in children(expression, "symbol"):
        owner, style = _unit_style(part)
        if style in (0, 1) and (unit is None or owner in (0, unit)):
            for item in part[2:]:
                if isinstance(item, list):
                    yield owner, item


def _pins(expression: Expression) -> Iterator[Pin]:
    for unit, item in _drawn(expression):
        if item[0] == "pin":
            x, y, _ = numbers(item, "at")
            yield Pin(word(item, "number"), word(item, "name"), str(item[1]), x, y, unit)


def _outline(expression: Expression, unit: int) -> Iterator[tuple[float, float]]:
    """Points whose box holds the drawing of a unit, mm; of an arc its ends and its middle."""
    for _, item in _drawn(expression, unit):
        if item[0] == "circle":
            (x, y), (radius,) = numbers(item, "center"), numbers(item, "radius")
            yield from ((x - radius, y - radius), (x + radius, y + radius))
        elif item[0] == "text":
            x, y, _ = numbers(item, "at")
            height, width = numbers(child(child(item, "effects"), "font"), "size")
            reach = len(str(item[1])) * width / 2
            yield from ((x - reach, y - height / 2), (x + reach, y + height / 2))
        else:
            for kind in ("start", "mid", "end"):
                yield from (cast(tuple[float, float], point) for point in [numbers(item, kind)] if point)
            yield from (
                cast(tuple[float, float], numbers([point], "xy")) for point in children(child(item, "pts"), "xy")
            )
