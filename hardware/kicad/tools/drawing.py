"""What a circuit draws on: a sheet on which symbols are placed, wired, named, framed and explained.

Coordinates are whole steps of 1.27 mm, x to the right, y down, from the paper's top left corner; angles in degrees
counter-clockwise, as in KiCad. `sheet_file.write_schematic` makes the KiCad files of it.

Designators such as `C_m1`, `C_s11_1`, `Q11_2` are what KiCad takes: they must end in a number.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from .symbols import DrawingError, Pin, Point, Pose, Symbol, find_symbol
from .wiring import Segment, segments_of

NO_FIELDS: Mapping[str, str] = MappingProxyType({})
_PASSIVE = {  # symbols that ngspice has a device for
    "Device:R": "R",
    "Device:R_Small": "R",
    "Device:C": "C",
    "Device:C_Small": "C",
    "Device:C_Polarized": "C",
}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?[pnumkM]?)(?:\s|$)")
REVISION = "A"  # of all boards, printed on them and in the title blocks
PAPERS = {"A4": (297, 210), "A3": (420, 297), "A2": (594, 420)}  # mm, landscape
_SHAPES = ("input", "output", "bidirectional", "tri_state", "passive")


class Sim(NamedTuple):
    """The model of a part in SPICE: `pins` "1=cathode 2=gate 3=anode" (symbol = model), `params` "r=5k".

    `name` is that of a model in `library`.lib; without one, `device` is SPICE's own ("R", "C", "V").
    """

    name: str
    pins: str
    params: str = ""
    device: str = "SUBCKT"
    library: str = "neurorig"


@dataclass(frozen=True)
class Part:
    """What all units of a part share: what is bought, and what it is in SPICE (None: not simulated)."""

    symbol: Symbol
    ref: str
    value: str
    fields: Mapping[str, str]
    sim: Sim | None
    fitted: bool
    in_bom: bool
    on_board: bool


@dataclass(frozen=True)
class Placed:
    """A unit of a part on a sheet."""

    part: Part
    unit: int
    pose: Pose
    ref_at: Point | None = None
    value_at: Point | None = None
    hide_value: bool = False

    @property
    def pins(self) -> Mapping[str, Point]:
        """Where each pin of the unit ends, by number. Raises `DrawingError` if one is off the grid of 1.27 mm."""
        return {pin.number: self._on_grid(pin) for pin in self.part.symbol.unit_pins(self.unit)}

    def pin(self, name: str) -> Point:
        """Where the pin of this number or name ends. Raises `DrawingError` if none or several are called so."""
        pins = self.part.symbol.unit_pins(self.unit)
        found = [pin for pin in pins if pin.number == name] or [pin for pin in pins if pin.name == name]
        if len(found) == 1:
            return self._on_grid(found[0])
        known = ", ".join(f"{pin.number} ({pin.name})" for pin in pins)
        why = "several pins" if found else "no pin"
        raise DrawingError(
            f"unit {self.unit} of {self.part.ref} ({self.part.symbol.name}) has {why} {name!r}: it has {known}"
        )

    def _on_grid(self, pin: Pin) -> Point:
        x, y = self.pose.place(pin.x, pin.y)
        if abs(x - round(x)) > 1e-6 or abs(y - round(y)) > 1e-6:
            raise DrawingError(
                f"pin {pin.number} of {self.part.ref} ({self.part.symbol.name}) is off the grid of 1.27 mm: take another symbol"
            )
        return round(x), round(y)


class Power(NamedTuple):
    """A symbol that names a supply net."""

    name: str
    symbol: Symbol
    pose: Pose


class Label(NamedTuple):
    """Name of a net: the text runs right (turn 0), up (90), left (180) or down (270)."""

    net: str
    at: Point
    turn: int
    shape: str = ""  # of a port; a local label has none


class Frame(NamedTuple):
    """A block of the circuit with its title above, and a note inside at the bottom."""

    corner: Point
    opposite: Point
    title: str
    note: str


class Note(NamedTuple):
    """Free text; `size` in mm."""

    text: str
    at: Point
    size: float


class Table(NamedTuple):
    """Rows of cells, the first of them the head; `widths` of the columns in steps."""

    rows: tuple[tuple[str, ...], ...]
    at: Point
    widths: tuple[int, ...]


class SubSheet(NamedTuple):
    """The block that stands for another sheet; `pins`: net -> (side, end)."""

    sheet: "Sheet"
    at: Point
    size: Point
    pins: Mapping[str, tuple[str, Point]]


@dataclass
class Sheet:
    """One page of a schematic; `name` is that of its file, `title` what its title block says."""

    name: str
    title: str
    paper: str = field(default="A3", kw_only=True)
    comments: tuple[str, ...] = field(default=(), kw_only=True)
    parts: dict[str, Part] = field(default_factory=dict, init=False)
    placed: list[Placed] = field(default_factory=list, init=False)
    wires: list[Segment] = field(default_factory=list, init=False)
    labels: list[Label] = field(default_factory=list, init=False)
    powers: list[Power] = field(default_factory=list, init=False)
    no_connects: list[Point] = field(default_factory=list, init=False)
    frames: list[Frame] = field(default_factory=list, init=False)
    notes: list[Note] = field(default_factory=list, init=False)
    tables: list[Table] = field(default_factory=list, init=False)
    subs: list[SubSheet] = field(default_factory=list, init=False)

    def place(
        self,
        symbol: str,
        ref: str,
        value: str,
        at: Point,
        *,
        turn: int = 0,
        mirror: str = "",
        unit: int = 1,
        footprint: str = "",
        fields: Mapping[str, str] = NO_FIELDS,
        sim: Sim | None = None,
        fitted: bool = True,
        in_bom: bool = True,
        on_board: bool = True,
        ref_at: Point | None = None,
        value_at: Point | None = None,
        hide_value: bool = False,
    ) -> Placed:
        """Put a part, or one unit of it, on the sheet: turned by `turn`, then mirrored ("x": up and down swapped).

        Units of one part are placed one by one under the same `ref`; those after the first take its fields and model.
        Resistors and capacitors are simulated with their value; other parts by `sim`, or not at all. What is not
        fitted is not simulated. Reference and value find a place beside the symbol unless `ref_at`, `value_at` say
        where they begin. `fields` appear in the bill of materials; "Datasheet" and "Description" replace the symbol's.
        Raises `DrawingError`: no such symbol or unit, a unit placed twice, units that differ, a `ref` without number,
        a value of a resistor or capacitor that is no number such as 680k or 4.7u.
        """
        drawn = find_symbol(symbol)
        drawn.unit_pins(unit)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*?\d+", ref):
            raise DrawingError(
                f"{self.name}: designator {ref!r} must begin with a letter and end in a number, as in C_m1"
            )
        details = dict(fields) | ({"Footprint": footprint} if footprint else {})
        part = Part(drawn, ref, value, details, sim or _passive(drawn, ref, value), fitted, in_bom, on_board)
        known = self.parts.setdefault(ref, part)
        if (known.symbol.name, known.value) != (symbol, value) or any(
            known.fields.get(key) != details[key] for key in details
        ):
            raise DrawingError(
                f"{self.name}: {ref} is placed with different symbols, values or fields: give each unit the same"
            )
        if any(other.part.ref == ref and other.unit == unit for other in self.placed):
            raise DrawingError(f"{self.name}: unit {unit} of {ref} is placed twice: take another designator or unit")
        placed = Placed(known, unit, Pose(at, turn, mirror), ref_at, value_at, hide_value)
        self.placed.append(placed)
        return placed

    def wire(self, *points: Point) -> None:
        """A wire along `points`. Where another wire, a pin or a label ends on it, they are joined."""
        self.wires.extend(segments_of(points))

    def join(self, a: Point, b: Point, first: str = "x") -> None:
        """A wire from `a` to `b` with one corner: first along x, or first along y."""
        if first not in ("x", "y"):
            raise DrawingError(f"{self.name}: a wire goes first along 'x' or 'y', not {first!r}")
        corner = (b[0], a[1]) if first == "x" else (a[0], b[1])
        self.wire(*((a, b) if corner in (a, b) else (a, corner, b)))

    def label(self, net: str, at: Point, turn: int = 0) -> None:
        """Name the net at `at`: equal names on this sheet are joined."""
        self.labels.append(Label(net, at, turn))

    def port(self, net: str, at: Point, turn: int = 0, shape: str = "bidirectional") -> None:
        """Name the net at `at`, and hand it to the sheet above, whose block has a pin of this name."""
        if shape not in _SHAPES:
            raise DrawingError(f"{self.name}: port {net} is of shape {shape!r}: take one of {', '.join(_SHAPES)}")
        self.labels.append(Label(net, at, turn, shape))

    def power(self, name: str, at: Point, turn: int = 0) -> None:
        """Join the net at `at` to a supply: "+5V", "GND", ... of KiCad's library `power`; or "PWR_FLAG". Twice is once."""
        power = Power(name, find_symbol(f"power:{name}"), Pose(at, turn))
        if not any((other.name, other.pose.at) == (name, at) for other in self.powers):
            self.powers.append(power)

    def no_connect(self, at: Point) -> None:
        """A cross: the pin that ends here is left open on purpose."""
        self.no_connects.append(at)

    def frame(self, corner: Point, opposite: Point, title: str, note: str = "") -> None:
        """Frame a block between two corners."""
        left, right = sorted((corner[0], opposite[0]))
        top, bottom = sorted((corner[1], opposite[1]))
        self.frames.append(Frame((left, top), (right, bottom), title, note))

    def note(self, text: str, at: Point, size: float = 1.27) -> None:
        """Text to the right of and below `at`."""
        self.notes.append(Note(text, at, size))

    def table(self, rows: Sequence[Sequence[str]], at: Point, widths: Sequence[int]) -> None:
        """A table with its top left corner at `at`; the first row is the head. `widths` of the columns in steps."""
        if not rows or any(len(row) != len(widths) for row in rows):
            raise DrawingError(f"{self.name}: every row of the table at {at} needs {len(widths)} cells, one per width")
        self.tables.append(Table(tuple(tuple(row) for row in rows), at, tuple(widths)))

    def sub(self, sheet: "Sheet", at: Point, size: Point, ports: Mapping[str, str]) -> Mapping[str, Point]:
        """Draw a block for a sub-sheet (a file of its own). `ports`: net -> "left" or "right", from top to bottom.

        Returns where the pins of the block are. Raises `DrawingError` if they do not find room.
        """
        pins: dict[str, tuple[str, Point]] = {}
        for side, x in (("left", at[0]), ("right", at[0] + size[0])):
            nets = [net for net, where in ports.items() if where == side]
            pins |= {net: (side, (x, at[1] + 2 * (row + 1))) for row, net in enumerate(nets)}
            if 2 * len(nets) + 1 > size[1]:
                raise DrawingError(
                    f"{self.name}: {len(nets)} ports at the {side} of {sheet.name} need a block {2 * len(nets) + 2} high"
                )
        if wrong := sorted(set(ports) - set(pins)):
            raise DrawingError(f"{self.name}: ports {', '.join(wrong)} of {sheet.name} are neither 'left' nor 'right'")
        self.subs.append(SubSheet(sheet, at, size, pins))
        return {net: end for net, (_, end) in pins.items()}


def _passive(symbol: Symbol, ref: str, value: str) -> Sim | None:
    device = _PASSIVE.get(symbol.name)
    if device is None:
        return None
    quantity = _QUANTITY.match(value)
    if quantity is None:
        raise DrawingError(f"value {value!r} of {ref}: write it as 680k, 100n or 4.7u, so that it can be simulated")
    return Sim("", "1=+ 2=-", f"{device.lower()}={quantity[1]}", device)
