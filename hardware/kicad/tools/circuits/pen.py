"""A pen that draws one block of a schematic from the block's own corner, with the parts of `parts`."""

from collections.abc import Mapping
from dataclasses import dataclass

from neurorig.hardware.kicad.tools.drawing import Placed, Sheet, Sim

from . import parts
from .parts import Bought

Point = tuple[int, int]

WORDED = ("JP_load", "JP_sign", "JP_output", "JP_weight", "J1", "J_delta", "J_post", "J_out11", "J_i_out11", "J_logic")
"""Beside these each pin has its word (see `places`)."""

OPEN_SOCKET = Sim("", "1=+ 2=-", "r=1T", "R")


@dataclass(frozen=True)
class Pen:
    """Draws on `sheet`; every point is counted from `origin` (steps of 1.27 mm)."""

    sheet: Sheet
    origin: Point

    def at(self, x: int, y: int) -> Point:
        """Where a point of the block lies on the sheet."""
        return self.origin[0] + x, self.origin[1] + y

    def part(
        self,
        symbol: str,
        ref: str,
        value: str,
        at: Point,
        bought: Bought,
        *,
        turn: int = 0,
        mirror: str = "",
        unit: int = 1,
        sim: Sim | None = None,
        fitted: bool = True,
        hide_value: bool = False,
        extra: Mapping[str, str] | None = None,
    ) -> Placed:
        """Place a bought part or a unit of it."""
        return self.sheet.place(
            symbol,
            ref,
            value,
            self.at(*at),
            turn=turn,
            mirror=mirror,
            unit=unit,
            footprint=bought.footprint,
            fields=bought.fields | dict(extra or {}),
            sim=sim,
            fitted=fitted,
            hide_value=hide_value,
        )

    def resistor(self, ref: str, value: str, at: Point, turn: int = 0, figures: str = "") -> Placed:
        """A resistor: upright, pin 1 at the top; turned by 90 degrees, pin 1 at the left."""
        extra = {"Figures": figures} if figures else None
        return self.part("Device:R", ref, value, at, parts.resistor(value), turn=turn, extra=extra)

    def capacitor(self, ref: str, value: str, at: Point, bought: Bought = parts.FILM, figures: str = "") -> Placed:
        """A film capacitor in a socket, upright, pin 1 at the top."""
        extra = {"Figures": figures} if figures else None
        return self.part("Device:C", ref, value, at, parts.film(value, bought), extra=extra)

    def rheostat(
        self,
        ref: str,
        value: str,
        at: Point,
        bought: Bought,
        total: str,
        *,
        turn: int = 0,
        mirror: str = "",
        figures: str = "",
    ) -> Placed:
        """A trimmer whose wiper is to be joined to pin 3: `value` lies between pins 1 and 2."""
        extra = {"Range": f"0 to {total}"} | ({"Figures": figures} if figures else {})
        model = Sim("trimmer", "1=a 2=wiper 3=b", f"r={value} total={total}")
        symbol = "Device:R_Potentiometer_Trim"
        return self.part(
            symbol, ref, f"{total} (set {value})", at, bought, turn=turn, mirror=mirror, sim=model, extra=extra
        )

    def jumper(
        self, ref: str, text: str, at: Point, *, closed: bool = False, caps: int = 1, turn: int = 0, mirror: str = ""
    ) -> Placed:
        """Two pins and a cap; `closed`: the cap is on it in the board out of the box. `caps`: 0 if it shares another's."""
        symbol = f"neurorig:Jumper_2_{'Closed' if closed else 'Open'}"
        model = Sim("jumper", "1=a 2=b", f"closed={int(closed)}")
        return self.part(symbol, ref, text, at, parts.header(1, 2, caps), turn=turn, mirror=mirror, sim=model)

    def selector(self, ref: str, text: str, at: Point, *, turn: int = 0, mirror: str = "") -> Placed:
        """Three pins and a cap on 1-2 (as in the board out of the box) or on 2-3."""
        model = Sim("jumper3", "1=a 2=common 3=b", "position=1")
        return self.part("neurorig:Jumper_3", ref, text, at, parts.header(1, 3, 1), turn=turn, mirror=mirror, sim=model)

    def double_selector(self, ref: str, text: str, at: Point) -> Placed:
        """Two rows of three pins and two caps, which move together: on 1-3 and 2-4, as out of the box, or on 3-5 and 4-6."""
        model = Sim("jumper3x2", "1=a1 2=a2 3=common1 4=common2 5=b1 6=b2", "position=1")
        return self.part("Connector_Generic:Conn_02x03_Odd_Even", ref, text, at, parts.header(2, 3, 2), sim=model)

    def clamp(self, ref: str, value: str, at: Point, bought: Bought) -> Placed:
        """A Zener diode of 5.6 V, upright, cathode at the top."""
        model = Sim("zener", "1=cathode 2=anode", "v=5.6")
        return self.part("Device:D_Zener", ref, value, at, bought, turn=270, sim=model)

    def transistor(self, ref: str, unit: int, at: Point, turn: int = 0, mirror: str = "") -> Placed:
        """One of the four transistors of an ALD1105: 1 N1, 2 N2, 3 P1, 4 P2."""
        return self.part(
            "neurorig:ALD1105",
            ref,
            "ALD1105PBL",
            at,
            parts.TRANSISTORS,
            turn=turn,
            mirror=mirror,
            unit=unit,
            sim=PACKAGE_14,
            hide_value=True,
        )

    def test_point(self, ref: str, node: str, at: Point, turn: int = 0, mirror: str = "") -> Placed:
        """A loop for a probe, with the node's name as value."""
        return self.part("Connector:TestPoint", ref, node, at, parts.TEST_POINT, turn=turn, mirror=mirror)

    def wire(self, *points: Point) -> None:
        """A wire along points of the block."""
        self.sheet.wire(*(self.at(*point) for point in points))

    def label(self, net: str, at: Point, turn: int = 0) -> None:
        """Name a net."""
        self.sheet.label(net, self.at(*at), turn)

    def port(self, net: str, at: Point, turn: int = 0, shape: str = "bidirectional") -> None:
        """Name a net that leaves the sheet."""
        self.sheet.port(net, self.at(*at), turn, shape)

    def ground(self, *points: Point) -> None:
        """GND, hanging from each point."""
        for point in points:
            self.sheet.power("GND", self.at(*point))

    def supply(self, *points: Point) -> None:
        """+5 V, standing on each point."""
        for point in points:
            self.sheet.power("+5V", self.at(*point))

    def frame(self, corner: Point, opposite: Point, title: str, note: str = "") -> None:
        """Frame the block."""
        self.sheet.frame(self.at(*corner), self.at(*opposite), title, note)

    def note(self, text: str, at: Point, size: float = 1.27) -> None:
        """Free text."""
        self.sheet.note(text, self.at(*at), size)


def spoken(sheet: Sheet) -> dict[str, str]:
    """What stands beside connectors, jumpers and test points of a sheet and those below it, by designator: their values.

    Those whose pins have words of their own say nothing more; sources of current are told the voltage they may have.
    """
    own = {ref: part.value for ref, part in sheet.parts.items() if ref.startswith(("J", "TP"))}
    own |= {ref: f"{text}, 5 V max" for ref, text in own.items() if ref.startswith("J_i0")}
    own |= {ref: "" for ref in own if ref.startswith(WORDED)}
    for sub in sheet.subs:
        own |= spoken(sub.sheet)
    return own


def pins(count: int) -> str:
    """Pins of a symbol that are those of its model, by number."""
    return " ".join(f"{pin}={pin}" for pin in range(1, count + 1))


PACKAGE_14 = Sim("ALD1105", pins(14))
SWITCH_14 = Sim("analog_switch_4066", pins(14))
DUAL_8 = Sim("opamp_dual", pins(8))
