"""Blocks that every board has: supply with protection, decoupling of the chips, thermometer, pin headers."""

from collections.abc import Sequence

from neurorig.hardware.kicad.tools.drawing import Sheet, Sim

from . import parts
from .pen import DUAL_8, PACKAGE_14, SWITCH_14, Pen, Point

SUPPLY_WIDTHS = {"/supply_in": 0.6, "/fused": 0.6}
"""Net to width of its tracks, mm: as that of +5 V."""

FUSE = Sim("", "1=+ 2=-", "r=1", "R")
PROTECTION = Sim("pmos_protection", "1=gate 2=source 3=drain")


def supply(sheet: Sheet, origin: Point) -> None:
    """Terminals, P channel MOSFET against reversed poles, capacitors, test points. 66 wide, 34 high."""
    pen = Pen(sheet, origin)
    pen.frame(
        (-8, -10),
        (70, 26),
        "Supply: +5.0 V, 50 mA",
        "Reversed poles: the MOSFET stays off. More than 5.6 V: D1 holds +5 V below 6.5 V until F1 trips.\n"
        "F1 and Q1 cost 1.5 ohm: 15 mV at 10 mA. Work at 4.9 to 5.2 V.",
    )
    pen.part("Connector:Screw_Terminal_01x02", "J1", "supply", (0, 0), parts.TERMINALS, mirror="y")
    pen.wire((4, 0), (14, 0))
    pen.label("supply_in", (6, 0))
    pen.part("Device:Fuse", "F1", "MF-RHT050-0", (17, 0), parts.FUSE, turn=90, sim=FUSE)
    pen.wire((20, 0), (26, 0))
    pen.label("fused", (21, 0))
    pen.wire((4, 2), (6, 2), (6, 8))
    pen.wire((6, 6), (9, 6))
    pen.ground((6, 8))
    pen.part("Transistor_FET:AO3401A", "Q1", "AO3401A", (30, 2), parts.PROTECTION, turn=90, sim=PROTECTION)
    pen.resistor("R1", "100k", (30, 9))
    pen.ground((30, 12))
    pen.wire((34, 0), (60, 0))
    sheet.power("PWR_FLAG", pen.at(5, 0))
    sheet.power("PWR_FLAG", pen.at(9, 6))
    sheet.power("PWR_FLAG", pen.at(39, 0))
    pen.supply((36, 0))
    pen.part("Device:C_Polarized", "C1", "47u", (43, 4), parts.BULK)
    pen.part("Device:C", "C2", "100n", (49, 4), parts.CERAMIC)
    pen.clamp("D1", "1N5339B", (55, 4), parts.CLAMP_SUPPLY)
    for x in (43, 49, 55):
        pen.wire((x, 0), (x, 1))
    pen.ground((43, 7), (49, 7), (55, 7))
    pen.test_point("TP1", "+5V", (60, 0))
    pen.test_point("TP2", "GND", (46, 14))
    pen.test_point("TP3", "GND", (53, 14))
    pen.wire((46, 14), (53, 14))
    pen.ground((49, 14))


def decoupling(sheet: Sheet, chips: Sequence[str], origin: Point) -> None:
    """Supply pins of `chips`, each with 100 nF beside it. 28 wide per chip, 30 high.

    Designators tell the chip: Q an ALD1105, U with one number an MCP6022, U with an underscore a quad analog switch.
    """
    pen = Pen(sheet, origin)
    pen.frame((-4, -10), (28 * len(chips), 16), "Supply of the chips", "")
    for row, chip in enumerate(chips):
        x = 28 * row
        if chip.startswith("Q"):
            unit = pen.part(
                "neurorig:ALD1105",
                chip,
                "ALD1105PBL",
                (x + 3, 0),
                parts.TRANSISTORS,
                unit=5,
                sim=PACKAGE_14,
                hide_value=True,
            )
            high, low, name = "11", "4", f"C_d{chip[1:]}"
        elif "_" in chip:
            unit = pen.part(
                "Analog_Switch:CD4066BE", chip, parts.SWITCHES.number, (x + 3, 0), parts.SWITCHES, unit=5, sim=SWITCH_14
            )
            high, low, name = "14", "7", f"C_d{chip[1:-2]}_4"
        else:
            unit = pen.part(
                "Amplifier_Operational:MCP6022", chip, "MCP6022", (x + 5, 0), parts.AMPLIFIER, unit=3, sim=DUAL_8
            )
            high, low, name = "8", "4", f"C_d{chip[1:]}"
        top, bottom = unit.pin(high), unit.pin(low)
        at = pen.at(x + 16, 0)
        pen.part("Device:C", name, "100n", (x + 16, 0), parts.CERAMIC)
        sheet.wire(top, (at[0], top[1]), (at[0], at[1] - 3))
        sheet.wire(bottom, (at[0], bottom[1]), (at[0], at[1] + 3))
        sheet.power("+5V", top)
        sheet.power("GND", bottom)


def thermometer(sheet: Sheet, origin: Point) -> None:
    """Temperature of the board, which the thresholds follow. 50 wide, 30 high."""
    pen = Pen(sheet, origin)
    pen.frame((-22, -12), (36, 18), "Temperature of the thyristors", "0.5 V + 10 mV/K; beside them on the board.")
    pen.part("Sensor_Temperature:LM35-LP", "U9", "MCP9700A-E/TO", (0, 0), parts.THERMOMETER)
    pen.supply((0, -6))
    pen.ground((0, 6))
    pen.part("Connector:Conn_01x02_Pin", "J9", "temperature", (24, 0), parts.header(1, 2), mirror="y")
    pen.wire((8, 0), (20, 0))
    pen.label("temperature", (10, 0))
    pen.wire((20, 2), (18, 2), (18, 4))
    pen.ground((18, 4))
    pen.part("Device:C", "C9", "100n", (-14, 0), parts.CERAMIC)
    pen.supply((-14, -3))
    pen.ground((-14, 3))


def spi(sheet: Sheet, origin: Point) -> None:
    """Resistors between the header of the digital potentiometers and their common lines, not fitted. 30 wide."""
    pen = Pen(sheet, origin)
    for row, net in enumerate(("sck", "sdi")):
        part = parts.resistor("10k")
        pen.part("Device:R", f"R_{net}1", "10k", (4, 6 * row), part, turn=90, fitted=False)
        pen.label(net, (1, 6 * row), 180)
        pen.label(f"spi.{net}", (7, 6 * row))


def headers(sheet: Sheet, ref: str, text: str, nets: Sequence[str], origin: Point, *, fitted: bool = True) -> None:
    """A row of pins for `nets` ("GND" and "+5V" are the supplies). 24 wide."""
    pen, count = Pen(sheet, origin), len(nets)
    header = pen.part(
        f"Connector:Conn_01x{count:02d}_Pin", ref, text, (12, 0), parts.header(1, count), mirror="y", fitted=fitted
    )
    for number, net in enumerate(nets, start=1):
        x, y = header.pin(str(number))
        sheet.wire((x, y), (x - 2, y))
        if net in ("GND", "+5V"):
            sheet.power(net, (x - 2, y), 270 if net == "GND" else 90)
        else:
            sheet.label(net, (x - 2, y), 180)


def spare_pair(sheet: Sheet, chip: str, pair: int, origin: Point) -> None:
    """Pair 1 (N1, P1) or 2 (N2, P2) of an ALD1105 that the board does not use, tied off. 34 wide, 26 high."""
    pen = Pen(sheet, origin)
    pen.frame((-10, -10), (30, 16), f"Not used: pair {pair} of {chip}")
    for unit, x, net in ((pair, 0, "GND"), (pair + 2, 18, "+5V")):
        transistor = pen.transistor(chip, unit, (x, 0))
        gate, drain, source = (transistor.pin(name) for name in "GDS")
        left = gate[0] - 1
        sheet.wire(gate, (left, gate[1]), (left, drain[1]), drain)
        sheet.wire((left, gate[1]), (left, source[1]), source)
        sheet.power(net, source)


def ports(sheet: Sheet, nets: Sequence[str], origin: Point) -> None:
    """What the sheet shares with the one above. 40 wide, 3 per net high."""
    pen = Pen(sheet, origin)
    pen.frame((-12, -6), (28, 3 * len(nets) + 2), "Shared with the map")
    for row, net in enumerate(nets):
        pen.port(net, (4, 3 * row), 180)
        pen.wire((4, 3 * row), (8, 3 * row))
        pen.label(net, (8, 3 * row))
