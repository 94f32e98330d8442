"""Read-out of the memristor fixture: trans-impedance amplifier, or leaky integrator (membrane), on the summing node."""

from . import memristor_parts as own
from . import parts
from .measuring_parts import c0g, precise
from .memristor_inputs import clamp
from .pen import Pen

X, Y = 62, 20  # of the amplifier
LEFT, RIGHT = X - 24, X + 18  # of the feedback


def readout(pen: Pen) -> None:
    """`sum` is held at `sum.ref` by U5, whose output is `v`."""
    pen.part("Amplifier_Operational:OPA134", "U5", "OPA134", (X, Y), own.AMPLIFIER, sim=own.OPA134, mirror="")
    pen.sheet.power("+5V", pen.at(X - 2, Y - 6))
    pen.sheet.power("-5V", pen.at(X - 2, Y + 6), 180)
    pen.wire((X - 6, Y - 2), (X - 14, Y - 2))
    pen.label("sum.ref", (X - 14, Y - 2), 180)
    _offset(pen)
    pen.wire((6, Y + 2), (X - 6, Y + 2))
    pen.label("sum", (6, Y + 2))
    pen.test_point("TP3", "sum", (12, Y + 2))
    # hold `sum` within 1 V if the amplifier lies at a rail: R_f1 is no less than 20k for that; to sum.ref, since to ground
    # they would draw 3 uA from `sum` during a back-spike of 0.6 V
    clamp(pen, 12, 18, Y + 2, "sum.ref")
    pen.wire((LEFT, Y + 2), (LEFT, Y + 54))
    pen.wire((RIGHT, Y), (RIGHT, Y + 74))
    _gain(pen, Y + 28, ("R_f1", "20k", "C_f1", "22p", "JP61"))
    _gain(pen, Y + 41, ("R_f2", "100k", "C_f2", "4.7p", "JP62"))
    _membrane(pen, Y + 54)
    _output(pen)
    pen.frame(
        (0, 0),
        (116, 112),
        "Read-out",
        "Gain: v = sum.ref - R_f I, R_f = 20k (JP61) or 100k (JP62, as delivered). One of the three caps.\n"
        "Membrane (JP63): C_m dv/dt = -I - v/R_m; 20 nF, 10 ms, threshold -0.6 V; TTL reset discharges it (Fig. 2(a)).\n"
        "Offset: turn RV1 until v = 0 with all TTL lines low.",
    )


def _offset(pen: Pen) -> None:
    pen.part(
        "Device:R_Potentiometer_Trim", "RV1", "100k", (X + 6, Y + 13), own.OFFSET, turn=270, mirror="y", sim=own.MIDDLE
    )
    pen.wire((X, Y + 6), (X, Y + 13), (X + 3, Y + 13))
    pen.wire((X + 2, Y + 6), (X + 2, Y + 9), (X + 9, Y + 9), (X + 9, Y + 13))
    pen.wire((X + 6, Y + 16), (X + 6, Y + 18))
    pen.sheet.power("+5V", pen.at(X + 6, Y + 18), 180)


def _gain(pen: Pen, y: int, names: tuple[str, str, str, str, str]) -> None:
    resistor, ohms, capacitor, farads, jumper = names
    middle = LEFT + 14
    pen.part("Device:R", resistor, ohms, (middle, y), precise(ohms), turn=90)
    pen.part("Device:C", capacitor, farads, (middle, y + 6), c0g(farads), turn=90)
    pen.wire((LEFT, y), (middle - 3, y))
    pen.wire((middle - 5, y), (middle - 5, y + 6), (middle - 3, y + 6))
    pen.wire((middle + 3, y + 6), (middle + 5, y + 6), (middle + 5, y))
    pen.jumper(jumper, f"gain {ohms}", (middle + 16, y), closed=jumper == "JP62")
    pen.wire((middle + 3, y), (middle + 12, y))
    pen.wire((middle + 20, y), (RIGHT, y))


def _membrane(pen: Pen, y: int) -> None:
    pen.jumper("JP63", "membrane", (LEFT + 8, y))
    pen.wire((LEFT, y), (LEFT + 4, y))
    pen.wire((LEFT + 12, y), (LEFT + 22, y))
    pen.label("m", (LEFT + 13, y))
    middle = LEFT + 25
    pen.part("Device:R", "R_m1", "499k", (middle, y), precise("499k"), turn=90)
    pen.part("Device:C", "C_m1", "10n", (middle, y + 6), own.MEMBRANE, turn=90)
    pen.part("Device:C", "C_m2", "10n", (middle, y + 12), own.MEMBRANE, turn=90)
    pen.resistor("R7", "100", (middle, y + 20), 90)
    pen.wire((LEFT + 18, y), (LEFT + 18, y + 12))
    for row in (6, 12):
        pen.wire((LEFT + 18, y + row), (middle - 3, y + row))
    for row in (0, 6, 12, 20):
        pen.wire((middle + 3, y + row), (RIGHT, y + row))
    pen.part(
        "neurorig:MAX4053A",
        "U2",
        "MAX4053A",
        (LEFT + 14, y + 20),
        own.SWITCHES,
        mirror="y",
        unit=3,
        sim=own.CHANGEOVER,
        hide_value=True,
    )
    pen.sheet.no_connect(pen.at(LEFT + 18, y + 18))
    pen.wire((LEFT + 18, y + 22), (LEFT + 20, y + 22), (LEFT + 20, y + 20), (middle - 3, y + 20))
    pen.wire((LEFT + 10, y + 20), (LEFT + 8, y + 20), (LEFT + 8, y + 14), (LEFT + 14, y + 14), (LEFT + 14, y))
    pen.wire((LEFT + 14, y + 25), (LEFT + 14, y + 26), (LEFT + 12, y + 26))
    pen.label("gate.reset", (LEFT + 12, y + 26), 180)


def _output(pen: Pen) -> None:
    pen.wire((X + 6, Y), (RIGHT + 7, Y))
    pen.wire((RIGHT - 5, Y), (RIGHT - 5, Y - 1))
    pen.test_point("TP4", "v", (RIGHT - 5, Y - 1))
    pen.label("v", (RIGHT + 2, Y))
    pen.resistor("R8", "100", (RIGHT + 10, Y), 90)
    pen.part("Connector:Conn_Coaxial", "J5", "v", (RIGHT + 24, Y), parts.BNC)
    pen.wire((RIGHT + 13, Y), (RIGHT + 20, Y))
    pen.label("v.out", (RIGHT + 14, Y))
    pen.ground((RIGHT + 24, Y + 4))
