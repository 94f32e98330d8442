"""Inputs and outputs of the current source: spike comparators, TRIG IN, SYNC OUT, range, buffers of the terminals' voltage."""

from neurorig.hardware.kicad.tools.drawing import Sheet, Sim

from . import current_source_parts as own
from . import parts
from .measuring_parts import c0g, precise
from .pen import Pen

PORTS = {
    "sync": "left",
    "v_ref": "left",
    "range1": "left",
    "range2": "left",
    "v_tap1": "left",
    "v_tap2": "left",
    "trig": "right",
    "spike1": "right",
    "spike2": "right",
    "icp": "right",
    "quarter1": "right",
    "quarter2": "right",
    "v_out1": "right",
    "v_out2": "right",
}

CHANNELS = (1, 2)


def logic() -> Sheet:
    """The sheet."""
    sheet = Sheet("logic", "Current source: inputs and outputs")
    _spikes(Pen(sheet, (13, 13)))
    _trigger(Pen(sheet, (182, 13)))
    _sync(Pen(sheet, (182, 61)))
    _ranges(Pen(sheet, (182, 105)))
    _terminals(Pen(sheet, (13, 143)))
    _supplies(Pen(sheet, (132, 153)))
    return sheet


def _spikes(pen: Pen) -> None:
    for n, y in ((1, 20), (2, 74)):
        _spike(pen, n, y)
    pen.part("74xx:74LS132", "U4", "74HC132", (144, 48), own.NAND, unit=1, sim=own.NANDS, hide_value=True)
    pen.wire((130, 22), (134, 22), (134, 46), (138, 46))
    pen.wire((130, 76), (134, 76), (134, 50), (138, 50))
    pen.wire((150, 48), (154, 48))
    pen.port("icp", (154, 48), shape="output")
    pen.part("74xx:74LS132", "U4", "74HC132", (144, 100), own.NAND, unit=4, sim=own.NANDS, hide_value=True)
    pen.wire((138, 98), (136, 98), (136, 104))
    pen.wire((138, 102), (136, 102))
    pen.ground((136, 104))
    pen.sheet.no_connect(pen.at(150, 100))
    pen.frame(
        (0, 2),
        (162, 124),
        "SPIKE IN 1 and 2",
        "High while V > threshold (0 to 2.5 V, hysteresis 50 mV). Each rise pulls its gate low for 1 to 2 us "
        "(4.7 kohm x 470 pF): icp pulses high, and the levels tell which input it was.\n"
        "An input takes 0.5 uA at 5 V (10 Mohm); 10 kohm and two diodes protect it to 15 V. A membrane at 3.6 V is beyond the\n"
        "comparator's 3.25 V (supply 4.75 V), its threshold of 2.5 V at most is not: one input within is enough.",
    )


def _spike(pen: Pen, n: int, y: int) -> None:
    """Input `n`: protection, comparator, level, pulse."""
    base = 30 * n - 20  # designators from 11 and from 41
    _spike_input(pen, n, base, y)
    _threshold(pen, n, base, y)
    comparator = "Comparator:LM393"
    pen.part(comparator, "U3", "TLC372", (68, y + 6), own.COMPARATOR, unit=n, sim=own.COMPARATORS, hide_value=True)
    pen.wire((56, y + 8), (62, y + 8))
    pen.wire((74, y + 6), (96, y + 6))
    pen.resistor(f"R{base + 5}", "2.2k", (84, y))
    pen.wire((84, y + 3), (84, y + 6))
    pen.supply((84, y - 3))
    pen.label(f"below{n}", (88, y + 6))
    pen.part("74xx:74LS132", "U4", "74HC132", (110, y + 22), own.NAND, unit=n + 1, sim=own.NANDS, hide_value=True)
    pen.wire((96, y + 6), (96, y + 22), (102, y + 22))
    pen.wire((104, y + 20), (102, y + 20), (102, y + 24), (104, y + 24))
    pen.wire((116, y + 22), (122, y + 22))
    pen.port(f"spike{n}", (122, y + 22), shape="output")
    _pulse(pen, base, y)


def _spike_input(pen: Pen, n: int, base: int, y: int) -> None:
    pen.part("Connector:Conn_Coaxial", f"J{n + 2}", f"SPIKE IN {n}", (16, y + 8), parts.BNC, mirror="y")
    pen.ground((16, y + 12))
    pen.wire((20, y + 8), (29, y + 8))
    pen.resistor(f"R{base + 1}", "10M", (24, y + 14))
    pen.wire((24, y + 8), (24, y + 11))
    pen.ground((24, y + 17))
    pen.resistor(f"R{base + 2}", "10k", (32, y + 8), 90)
    pen.wire((35, y + 8), (56, y + 8))
    for number, x, row in ((1, 42, 3), (2, 47, 13)):
        pen.part("Diode:1N4148", f"D{base + number}", "1N4148", (x, y + row), own.SIGNAL_DIODE, turn=270, sim=own.DIODE)
    pen.supply((42, y))
    pen.wire((42, y + 6), (42, y + 8))
    pen.wire((47, y + 8), (47, y + 10))
    pen.ground((47, y + 16))


def _threshold(pen: Pen, n: int, base: int, y: int) -> None:
    trimmer = "Device:R_Potentiometer_Trim"
    model = Sim("trimmer", "1=a 2=wiper 3=b", "r=7k total=10k")
    pen.part(trimmer, f"RV{n}", "10k", (48, y - 6), own.THRESHOLD, sim=model)
    pen.wire((48, y - 11), (48, y - 9))
    pen.label("v_ref", (48, y - 11), 90)
    pen.ground((48, y - 3))
    pen.resistor(f"R{base + 3}", "10k", (56, y - 6), 90)
    pen.wire((51, y - 6), (53, y - 6))
    pen.wire((59, y - 6), (60, y - 6), (60, y + 4), (62, y + 4))
    pen.test_point(f"TP{n}", f"threshold{n}", (52, y - 6))
    pen.resistor(f"R{base + 4}", "1M", (68, y - 6), 90)
    pen.wire((60, y - 6), (65, y - 6))
    pen.wire((71, y - 6), (78, y - 6), (78, y + 6))


def _pulse(pen: Pen, base: int, y: int) -> None:
    """Low for 1 to 2 us after a fall."""
    pen.part("Device:C", f"C{base + 1}", "470p", (105, y + 6), c0g("470p"), turn=90)
    pen.wire((96, y + 6), (102, y + 6))
    pen.wire((108, y + 6), (130, y + 6), (130, 22 if y < 50 else 76))
    pen.resistor(f"R{base + 6}", "4.7k", (114, y - 1))
    pen.wire((114, y + 2), (114, y + 6))
    pen.supply((114, y - 4))
    pen.part("Diode:BAT85", f"D{base + 3}", "BAT85", (122, y - 1), own.SCHOTTKY, turn=270, sim=own.SCHOTTKY_DIODE)
    pen.wire((122, y + 2), (122, y + 6))
    pen.supply((122, y - 4))


def _inverter(pen: Pen, unit: int, at: tuple[int, int]) -> None:
    pen.part("74xx:74HC14", "U5", "74HC14", at, own.SCHMITT, unit=unit, sim=own.INVERTERS, hide_value=True)


def _trigger(pen: Pen) -> None:
    pen.part("Connector:Conn_Coaxial", "J1", "TRIG IN", (8, 14), parts.BNC, mirror="y")
    pen.ground((8, 18))
    pen.wire((12, 14), (27, 14))
    pen.resistor("R1", "100k", (20, 20))
    pen.wire((20, 14), (20, 17))
    pen.ground((20, 23))
    pen.resistor("R2", "10k", (30, 14), 90)
    pen.wire((33, 14), (42, 14))
    _inverter(pen, 1, (48, 14))
    _inverter(pen, 2, (64, 14))
    pen.wire((54, 14), (58, 14))
    pen.wire((70, 14), (78, 14))
    pen.port("trig", (78, 14), shape="output")
    pen.frame(
        (-2, 2),
        (86, 36),
        "TRIG IN",
        "Rising edge of 5 V logic, 2 us at least; 10 kohm protect it to 25 V. Nothing connected: low.",
    )


def _sync(pen: Pen) -> None:
    pen.port("sync", (8, 14), 180, "input")
    pen.wire((8, 14), (26, 14))
    pen.resistor("R3", "100k", (16, 20))
    pen.wire((16, 14), (16, 17))
    pen.ground((16, 23))
    _inverter(pen, 3, (32, 14))
    _inverter(pen, 4, (48, 14))
    pen.wire((38, 14), (42, 14))
    pen.wire((54, 14), (57, 14))
    pen.resistor("R4", "100", (60, 14), 90)
    pen.wire((63, 14), (70, 14))
    pen.part("Connector:Conn_Coaxial", "J2", "SYNC OUT", (74, 14), parts.BNC)
    pen.ground((74, 18))
    pen.frame(
        (0, 2), (86, 34), "SYNC OUT", "5 V logic behind 100 ohm, short-circuit proof; low while the Arduino restarts."
    )


def _ranges(pen: Pen) -> None:
    for n, y in ((1, 12), (2, 24)):
        pen.port(f"range{n}", (12, y), 180, "input")
        pen.wire((12, y), (26, y))
        _inverter(pen, 4 + n, (32, y))
        pen.wire((38, y), (50, y))
        pen.port(f"quarter{n}", (50, y), shape="output")
    pen.frame((0, 2), (86, 36), "Quarter range", "quarter = not range: high with the jumper on.")


def _terminals(pen: Pen) -> None:
    for n, y in ((1, 18), (2, 42)):
        chip = "Amplifier_Operational:MCP6022"
        pen.part(chip, "U2", "MCP6022", (30, y), own.BUFFER, unit=n, sim=own.BUFFERS, hide_value=True)
        pen.port(f"v_tap{n}", (14, y - 2), 180, "input")
        pen.wire((14, y - 2), (24, y - 2))
        pen.wire((24, y + 2), (22, y + 2), (22, y + 7), (38, y + 7), (38, y))
        pen.wire((36, y), (45, y))
        for row, (number, x, across) in enumerate(((20, 48, True), (21, 56, False))):
            ref = f"R{number + 30 * (n - 1)}"
            pen.part("Device:R", ref, "10k", (x, y + 6 * row), precise("10k"), turn=90 * across)
        pen.wire((51, y), (74, y))
        pen.wire((56, y), (56, y + 3))
        pen.ground((56, y + 9))
        pen.part("Device:C", f"C{20 + 30 * (n - 1)}", "1n", (64, y + 6), c0g("1n"))
        pen.wire((64, y), (64, y + 3))
        pen.ground((64, y + 9))
        pen.port(f"v_out{n}", (74, y), shape="output")
        pen.test_point(f"TP{n + 2}", f"v_out{n}", (70, y))
    pen.frame(
        (0, 2),
        (110, 66),
        "Voltage at the terminals",
        "V_ADC = V_OUT / 2 (2.5 V at 5 V). The buffer takes 1 pA from the terminal (10 Mohm, 0.1 ms), also while OE is low.",
    )


def _supplies(pen: Pen) -> None:
    for symbol, ref, value, bought, unit, sim, x, rail in (
        ("Amplifier_Operational:MCP6022", "U2", "MCP6022", own.BUFFER, 3, own.BUFFERS, 12, "+5VA"),
        ("Comparator:LM393", "U3", "TLC372", own.COMPARATOR, 3, own.COMPARATORS, 28, "+5V"),
        ("74xx:74LS132", "U4", "74HC132", own.NAND, 5, own.NANDS, 46, "+5V"),
        ("74xx:74HC14", "U5", "74HC14", own.SCHMITT, 7, own.INVERTERS, 66, "+5V"),
    ):
        half = 10 if unit > 3 else 6
        left = 0 if unit > 3 else 2
        pen.part(symbol, ref, value, (x, 20), bought, unit=unit, sim=sim)
        pen.sheet.power(rail, pen.at(x - left, 20 - half))
        pen.ground((x - left, 20 + half))
        pen.part("Device:C", f"C{ref[1:]}", "100n", (x + 7, 39), parts.CERAMIC)
        pen.sheet.power(rail, pen.at(x + 7, 36))
        pen.ground((x + 7, 42))
        pen.note(f"at {ref}", (x, 46))
    pen.label("v_ref", (90, 20))
    pen.wire((86, 20), (90, 20))
    pen.port("v_ref", (86, 20), 180, "input")
    pen.frame((0, 2), (104, 52), "Supplies")
