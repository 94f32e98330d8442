"""Supply of the memristor fixture: +5 V, and -5 V made of it."""

from . import memristor_parts as own
from . import parts
from .pen import Pen

CHIPS = (("U1", "MAX4053A"), ("U2", "MAX4053A"), ("U3", "MAX4053A"), ("U5", "OPA134"))


def supply(pen: Pen) -> None:
    """+5 V behind a Schottky diode, and -5 V made of it: signals are of both polarities around the instruments' ground."""
    y = 10
    pen.part("Connector:Screw_Terminal_01x02", "J1", "+5 V, GND", (10, y), parts.TERMINALS, mirror="y")
    pen.wire((14, y), (19, y))
    pen.wire((14, y), (14, y - 3))
    pen.label("supply_in", (14, y - 3))
    pen.wire((14, y + 2), (14, y + 5))
    pen.ground((14, y + 5))
    pen.wire((14, y + 3), (18, y + 3))
    pen.sheet.power("PWR_FLAG", pen.at(18, y + 3))
    pen.part("Device:D_Schottky", "D1", "1N5817", (22, y), own.SCHOTTKY, turn=180, sim=own.RECTIFIER)
    pen.wire((25, y), (66, y))
    pen.supply((29, y))
    pen.sheet.power("PWR_FLAG", pen.at(58, y))
    _bulk(pen, "C10", 33, y)
    _ceramic(pen, "C11", 42, y)
    pen.resistor("R1", "2.2k", (51, y + 4))
    pen.wire((51, y), (51, y + 1))
    pen.part("Device:LED", "D2", "on", (51, y + 11), own.LED, turn=90)
    pen.wire((51, y + 7), (51, y + 8))
    pen.ground((51, y + 14))
    _inverter(pen, y)
    _decoupling(pen, 40)
    pen.frame(
        (-2, 0),
        (128, 60),
        "Supply",
        "-5 V from +5 V: the virtual ground is the instruments' ground, so that BNC shields, USB and supply share one earth.\n"
        "D1 stops a reversed supply. 4.5 to 5.5 V, 15 mA.",
    )


def _inverter(pen: Pen, y: int) -> None:
    pump = pen.part("Regulator_SwitchedCapacitor:LTC660", "U4", "LTC660", (74, y + 6), own.INVERTER, sim=own.PUMP)
    pen.wire((66, y), (66, y + 2))
    pen.sheet.no_connect(pump.pin("7"))
    pen.wire((66, y + 10), (64, y + 10), (64, y + 14))
    pen.ground((64, y + 14), (74, y + 16))
    pen.part("Device:C_Polarized", "C12", "100u", (88, y + 8), own.BULK)
    pen.wire((82, y + 4), (88, y + 4), (88, y + 5))
    pen.wire((82, y + 12), (88, y + 12), (88, y + 11))
    pen.wire((82, y), (103, y))
    _bulk(pen, "C13", 98, y, negative=True)
    pen.resistor("R2", "10", (106, y), 90)
    pen.wire((109, y), (122, y))
    _bulk(pen, "C14", 113, y, negative=True)
    pen.sheet.power("-5V", pen.at(122, y))
    pen.wire((119, y), (119, y + 1))
    pen.sheet.power("PWR_FLAG", pen.at(119, y + 1), 180)


def _bulk(pen: Pen, ref: str, x: int, y: int, *, negative: bool = False) -> None:
    pen.part("Device:C_Polarized", ref, "100u", (x, y + 4), own.BULK, turn=180 * negative)
    pen.wire((x, y), (x, y + 1))
    pen.ground((x, y + 7))


def _ceramic(pen: Pen, ref: str, x: int, y: int) -> None:
    pen.part("Device:C", ref, "100n", (x, y + 4), parts.CERAMIC)
    pen.wire((x, y), (x, y + 1))
    pen.ground((x, y + 7))


def _decoupling(pen: Pen, y: int) -> None:
    """The supply pins of the switches, and 100 nF from each rail of each chip to ground."""
    for place, (chip, name) in enumerate(CHIPS):
        x = 10 + 30 * place
        for rail, voltage in enumerate(("+5V", "-5V")):
            column = x + 10 * rail
            _ceramic(pen, f"C{15 + 2 * place + rail}", column, y - 6)
            pen.sheet.power(voltage, pen.at(column, y - 6))
        if name == "MAX4053A":
            _supplied(pen, chip, (x + 20, y - 1))
        else:
            pen.note(f"at {chip}", (x + 2, y - 10))


def _supplied(pen: Pen, chip: str, at: tuple[int, int]) -> None:
    x, y = at
    pen.part("neurorig:MAX4053A", chip, "MAX4053A", at, own.SWITCHES, unit=4, sim=own.CHANGEOVER, hide_value=True)
    pen.supply((x, y - 6))
    pen.sheet.power("-5V", pen.at(x + 2, y + 6), 180)
    pen.wire((x - 6, y), (x - 6, y + 8), (x - 2, y + 8), (x - 2, y + 6))
    pen.ground((x - 2, y + 8))
