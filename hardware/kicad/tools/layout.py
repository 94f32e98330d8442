"""How a board is described: where each part lies, the outline, the holes, what is printed. Millimetres.

The origin is the board's top left corner, x to the right, y down; angles in degrees counter-clockwise as in KiCad.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from neurorig.signals import ConfigError, nearest

from .components import Component

Point = tuple[float, float]


class Place(NamedTuple):
    """Where the origin of a footprint lies (of most through-hole parts this is pin 1), and how it is turned."""

    x: float
    y: float
    turn: float = 0.0
    back: bool = False
    overhang: bool = False
    """The body may stand out over the board's edge, as a BNC or USB socket does; its pads may not."""


class Text(NamedTuple):
    """A text on the silkscreen, half way up at `y`, `size` mm high. On the back, `left` is where its reader begins."""

    text: str
    x: float
    y: float
    size: float = 1.0
    turn: float = 0.0
    back: bool = False
    align: str = "left"


class Table(NamedTuple):
    """Rows of texts in columns, such as jumper settings; the first row is the heading and is underlined.

    (x, y) is the corner where its reader begins: top left, on the back the top right one as seen from the front.
    """

    rows: tuple[tuple[str, ...], ...]
    x: float
    y: float
    widths: tuple[float, ...]
    size: float = 1.0
    back: bool = False


@dataclass(frozen=True)
class Layout:
    """A board, but for its tracks: those are found by the router."""

    size: Point
    places: Mapping[str, Place]
    holes: tuple[Point, ...] = ()
    """Mounting holes, M3."""
    texts: tuple[Text, ...] = ()
    tables: tuple[Table, ...] = ()
    outline: tuple[Point, ...] = ()
    """Corners of a board that is not a rectangle; within `size`."""
    widths: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Net to width of its tracks; others: supplies (GND, +5V, ...) 0.6 mm, signals 0.3 mm."""
    notes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Designator to a text printed beside the part where it is free: name of a port, function of a jumper.
    Empty: nothing but the designator."""
    pours: tuple[str, ...] = ("GND",)
    """Nets that get what copper is left, on both layers."""

    @property
    def corners(self) -> tuple[Point, ...]:
        """The outline, corner by corner."""
        width, height = self.size
        return self.outline or ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))


def check(board: str, layout: Layout, components: Mapping[str, Component]) -> None:
    """Raise ConfigError when layout and schematic do not speak of the same parts and nets, naming those that differ."""
    wrong = []
    if homeless := sorted(set(components) - set(layout.places)):
        wrong.append(f"no place for {', '.join(homeless)}: add to `places`")
    wrong += [
        f"`{where}` names {name}, which the schematic has not.{nearest(name, known)}"
        for where, names, known in (
            ("places", layout.places, components),
            ("notes", layout.notes, components),
            ("widths", layout.widths, nets(components)),
            ("pours", layout.pours, nets(components)),
        )
        for name in names
        if name not in known
    ]
    wrong += [f"{ref} has no footprint in the schematic" for ref, part in components.items() if not part.footprint]
    if wrong:
        raise ConfigError(f"{board}: the layout does not fit the schematic: {'; '.join(wrong)}.")


def nets(components: Mapping[str, Component]) -> list[str]:
    """The nets, each once, in order of their names."""
    return sorted({pin.net for part in components.values() for pin in part.pins.values()})
