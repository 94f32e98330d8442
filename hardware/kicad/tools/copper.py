"""What the router is given and what it gives back: pads, places to keep out of, tracks and vias, in millimetres.

The origin is the board's top left corner, x to the right, y down, angles in degrees counter-clockwise as in KiCad.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Point = tuple[float, float]
Shape = Literal["circle", "rect", "oval"]
BOTH = frozenset("FB")  # the copper layers: F the front, B the back


@dataclass(frozen=True)
class Area:
    """A convex area: a rectangle, with corners rounded to the radius `corner`; an oval and a circle are rounded in full."""

    x: float
    y: float
    half_x: float
    half_y: float
    turn: float = 0.0
    shape: Shape = "rect"
    corner: float = 0.0  # mm, of a "rect"
    layers: frozenset[str] = BOTH

    @property
    def radius(self) -> float:
        """Radius of the corners, mm."""
        return self.corner if self.shape == "rect" else min(self.half_x, self.half_y)


@dataclass(frozen=True)
class Pad(Area):
    """A pad: its copper, the diameter of its hole (0: none) in mm, its net ("": none) and its name for messages ("R1.2").

    A hole without copper (mounting) is a pad without net whose copper is no larger than its hole.
    """

    net: str = ""
    name: str = ""
    hole: float = 0.0


@dataclass(frozen=True)
class Keepout(Area):
    """No track and no via may touch this area on its layers."""


@dataclass(frozen=True)
class Problem:
    """A board to be routed. Lengths in mm."""

    size: Point
    pads: tuple[Pad, ...]
    keepouts: tuple[Keepout, ...] = ()
    outline: tuple[Point, ...] = ()  # of a board that is not a rectangle; any simple polygon inside `size`
    widths: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))  # net -> width of its tracks
    poured: frozenset[str] = frozenset()  # nets that also have a pour: routed last
    width: float = 0.3
    clearance: float = 0.25  # between the copper of two nets
    hole_clearance: float = 0.25  # from a hole to the copper of other nets, and between two holes
    edge: float = 0.5  # from copper to the board's edge
    via: float = 0.8
    via_hole: float = 0.4


@dataclass(frozen=True)
class Track:
    """A polyline of copper on one layer."""

    net: str
    layer: str
    points: tuple[Point, ...]
    width: float


@dataclass(frozen=True)
class Via:
    """A plated hole that joins the two layers."""

    net: str
    x: float
    y: float


@dataclass(frozen=True)
class Routes:
    """The copper that joins every net."""

    tracks: tuple[Track, ...]
    vias: tuple[Via, ...]


class RoutingError(Exception):
    """The board cannot be routed: the nets and pads that could not be joined, and where it is full."""
