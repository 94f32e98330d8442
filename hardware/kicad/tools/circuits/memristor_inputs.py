"""Inputs of the memristor fixture: spike and back-spike from a generator, the switches they pass, the TTL lines."""

from . import memristor_parts as own
from . import parts
from .pen import Pen

LOGIC = ("w1", "w2", "w3", "w4", "dep", "reset")
GATES = (("U1", 1), ("U1", 2), ("U3", 1), ("U3", 2))
"""Chip and unit of the gate of each synapse."""


def spike_input(pen: Pen) -> None:
    """From the BNC to the four gates."""
    y = 22
    _clamped(pen, "J2", "spike", y, resistor=("R3", "47"), first=4, termination=True)
    _switch(pen, ("U2", 1), (84, y + 2), ("spike", "GND"), "gate.block")
    pen.wire((64, y), (80, y))
    pen.wire((88, y + 2), (98, y + 2))
    pen.label("spike.on", (89, y + 2))
    pen.wire((98, 12), (98, 57))
    for n, gate in enumerate(GATES, 1):
        centre = 10 + 15 * (n - 1)
        _switch(pen, gate, (112, centre), ("GND", ""), f"gate.w{n}")
        pen.wire((98, centre + 2), (108, centre + 2))
        pen.wire((116, centre), (124, centre))
        pen.label(f"w{n}.pre", (124, centre))
    pen.frame(
        (-2, 0),
        (132, 72),
        "Spike and its four gates",
        "w_n.pre = spike while TTL w_n is high and dep is low, else 0 V (Benatti 2023, Figs 2(a), 3(b)).\n"
        "The diodes hold spike below 2 V with 10 V at the BNC: through 10 kohm a device of 45 kohm gets less than 40 uA.",
    )


def back_spike_input(pen: Pen) -> None:
    """What the summing node is held at."""
    y = 12
    _clamped(pen, "J3", "back_spike", y, resistor=("R4", "470"), first=8)
    pen.wire((64, y), (74, y), (74, y + 4), (84, y + 4))
    _switch(pen, ("U2", 2), (88, y + 2), ("GND", ""), "gate.dep")
    pen.wire((92, y + 2), (100, y + 2))
    pen.label("sum.ref", (100, y + 2))
    pen.frame(
        (-2, 0),
        (108, 46),
        "Back-spike",
        "dep high: sum follows back_spike, so that each device sees -back_spike (Benatti 2023, Fig. 2(c)).",
    )


def _clamped(
    pen: Pen, ref: str, net: str, y: int, *, resistor: tuple[str, str], first: int, termination: bool = False
) -> None:
    pen.part("Connector:Conn_Coaxial", ref, net, (10, y), parts.BNC, mirror="y")
    pen.ground((10, y + 4))
    pen.wire((14, y), (29, y))
    pen.label(f"{net}.in", (15, y))
    if termination:
        pen.jumper("JP64", "50 ohm", (21, y + 6), turn=270)
        pen.wire((21, y), (21, y + 2))
        pen.resistor("R5", "49.9", (21, y + 14))
        pen.wire((21, y + 10), (21, y + 11))
        pen.ground((21, y + 17))
    pen.resistor(*resistor, (32, y), 90)
    pen.wire((35, y), (64, y))
    clamp(pen, first, 40, y)
    pen.test_point(f"TP{first // 4}", net, (60, y))
    pen.label(net, (65, y))
    pen.wire((64, y), (65, y))


def clamp(pen: Pen, first: int, x: int, y: int, to: str = "GND") -> None:
    """Two diodes in series either way, to ground or to another net: D_first to D_first+3."""
    for column, turn in ((0, 90), (12, 270)):
        for row in (0, 1):
            name = f"D{first + row + column // 6}"
            pen.part(
                "Device:D", name, "1N4148", (x + column, y + 5 + 8 * row), own.SIGNAL_DIODE, turn=turn, sim=own.CLAMP
            )
        pen.wire((x + column, y), (x + column, y + 2))
        pen.wire((x + column, y + 8), (x + column, y + 10))
        if to == "GND":
            pen.ground((x + column, y + 16))
    if to != "GND":
        pen.wire((x - 4, y + 16), (x + 12, y + 16))
        pen.label(to, (x - 4, y + 16), 180)


def _switch(pen: Pen, switch: tuple[str, int], at: tuple[int, int], throws: tuple[str, str], select: str) -> None:
    """A changeover switch with its throws at the left (upper: select low); a throw called GND is grounded here."""
    (chip, unit), (x, y) = switch, at
    pen.part("neurorig:MAX4053A", chip, "MAX4053A", at, own.SWITCHES, unit=unit, sim=own.CHANGEOVER, hide_value=True)
    for row, throw in zip((-2, 2), throws, strict=True):
        if throw == "GND":
            pen.wire((x - 4, y + row), (x - 6, y + row))
            pen.sheet.power("GND", pen.at(x - 6, y + row), 270)
    pen.wire((x, y + 5), (x, y + 6), (x + 2, y + 6))
    pen.label(select, (x + 2, y + 6))


def logic_inputs(pen: Pen) -> None:
    """TTL lines on a header, low without one."""
    header = pen.part("Connector:Conn_01x08_Pin", "J4", "TTL", (8, 14), parts.header(1, 8))
    network = pen.part("Device:R_Network06", "RN1", "100k", (28, 36), own.NETWORK, mirror="x", sim=own.PULL_DOWNS)
    for row, name in enumerate(LOGIC):
        x0, y0 = (value - start for value, start in zip(header.pins[str(row + 1)], pen.origin, strict=True))
        pen.wire((x0, y0), (x0 + 2, y0))
        pen.label(f"ttl.{name}", (x0 + 2, y0))
    _series(pen)
    x0, y0 = (value - start for value, start in zip(header.pins["7"], pen.origin, strict=True))
    pen.wire((x0, y0), (x0 + 2, y0), (x0 + 2, y0 + 4))
    pen.wire((x0, y0 + 2), (x0 + 2, y0 + 2))
    pen.ground((x0 + 2, y0 + 4))
    pen.wire((22, 40), (22, 42))
    pen.ground((22, 42))
    for row, name in enumerate(LOGIC, 2):
        x, y = network.pins[str(row)]
        pen.sheet.wire((x, y), (x, y - 1))
        pen.sheet.label(f"gate.{name}", (x, y - 1), 90)
    _overlap(pen)
    pen.frame(
        (0, 0),
        (78, 58),
        "TTL lines",
        "Low: up to 0.8 V; high: from 2.4 V. Without a line: low, all inputs at ground.\n"
        "JP65 off: dep lifts sum while inputs stay at spike: the spikes may overlap.",
    )


def _series(pen: Pen) -> None:
    for row, name in enumerate(LOGIC):
        x, y = 29 + 27 * (row % 2), 6 + 6 * (row // 2)
        pen.resistor(f"R{51 + row}", "1k", (x + 4, y), 90)
        pen.label(f"ttl.{name}", (x + 1, y), 180)
        pen.label(f"gate.{name}", (x + 7, y))


def _overlap(pen: Pen) -> None:
    pen.jumper("JP65", "no overlap", (56, 32), closed=True)
    pen.label("gate.dep", (52, 32), 180)
    pen.resistor("R6", "100k", (63, 38))
    pen.wire((60, 32), (63, 32), (63, 35))
    pen.wire((63, 32), (65, 32))
    pen.label("gate.block", (65, 32))
    pen.ground((63, 41))


def spare_switches(pen: Pen) -> None:
    """The third switch of both gate chips is not used."""
    for column, chip in enumerate(("U1", "U3")):
        x, y = 12 + 26 * column, 8
        pen.part(
            "neurorig:MAX4053A", chip, "MAX4053A", (x, y), own.SWITCHES, unit=3, sim=own.CHANGEOVER, hide_value=True
        )
        pen.wire((x - 4, y - 2), (x - 6, y - 2), (x - 6, y + 7))
        pen.wire((x - 4, y + 2), (x - 6, y + 2))
        pen.wire((x + 4, y), (x + 6, y), (x + 6, y + 7))
        pen.wire((x, y + 5), (x, y + 7))
        pen.wire((x - 6, y + 7), (x + 6, y + 7))
        pen.ground((x - 6, y + 7))
    pen.frame((0, 0), (52, 20), "Not used")
