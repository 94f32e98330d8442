"""One channel of the current source: converter, source leg, sink leg, output, read-back, range.

Designators end in the channel's number twice over: R101 is the resistor 01 of channel 1, R201 that of channel 2.
"""

from typing import NamedTuple

from neurorig.hardware.kicad.tools.drawing import Placed, Sheet

from . import current_source_parts as own
from . import parts
from .measuring_parts import c0g
from .measuring_parts import precise as precise_resistor
from .parts import Bought
from .pen import Pen

PORTS = {  # port of the sheet -> side of its block
    "sck": "left",
    "mosi": "left",
    "cs": "left",
    "ldac": "left",
    "oe": "left",
    "v_ref": "left",
    "quarter": "left",
    "range": "right",
    "range_pin": "right",
    "v_tap": "right",
    "i_sense": "right",
}


class Draw(NamedTuple):
    """A pen in the sheet of channel `n`, which counts designators by channel."""

    pen: Pen
    n: int

    def ref(self, kind: str, number: int) -> str:
        """Designator of part `number` of the channel."""
        return f"{kind}{self.n}{number:02d}" if kind in "RCD" else f"{kind}{self.n}{number}"

    def resistor(
        self, number: int, value: str, at: tuple[int, int], *, across: bool = False, precise: bool = False
    ) -> Placed:
        """A resistor, upright or `across`; `precise`: 0.1 %."""
        bought = precise_resistor(value) if precise else parts.resistor(value)
        return self.pen.part("Device:R", self.ref("R", number), value, at, bought, turn=90 * across)

    def capacitor(self, number: int, value: str, at: tuple[int, int], bought: Bought | None = None) -> Placed:
        """A capacitor, upright; C0G if nothing else is said."""
        return self.pen.part("Device:C", self.ref("C", number), value, at, bought or c0g(value))

    def amplifier(self, chip: int, unit: int, at: tuple[int, int], *, swapped: bool = False) -> Placed:
        """One of four amplifiers; `swapped`: the inverting input is above. Unit 5: the supply of the chip."""
        return self.pen.part(
            "Amplifier_Operational:LM324",
            self.ref("U", chip),
            "OPA4388",
            at,
            own.QUAD,
            unit=unit,
            sim=own.AMPLIFIERS,
            mirror="x" if swapped else "",
            hide_value=unit != 5,
        )

    def nmos(self, number: int, at: tuple[int, int], *, gate_right: bool = False) -> Placed:
        """N-channel transistor, drain above."""
        mirror = "y" if gate_right else ""
        ref = self.ref("Q", number)
        return self.pen.part("Transistor_FET:Q_NMOS_SGD", ref, "TN0104", at, own.NMOS, sim=own.N_CHANNEL, mirror=mirror)

    def analog_supply(self, at: tuple[int, int]) -> None:
        """+5 V, filtered."""
        self.pen.sheet.power("+5VA", self.pen.at(*at))


def channel(n: int) -> Sheet:
    """Sheet of channel `n`."""
    sheet = Sheet(
        f"channel_{n}",
        f"Current source: channel {n}",
        comments=("+-250 uA at the terminal; a quarter with the range jumper",),
    )
    for corner, block in (
        ((13, 13), _converter),
        ((13, 65), _range),
        ((78, 13), _source_leg),
        ((188, 13), _sink_leg),
        ((13, 109), _output),
        ((102, 109), _read_back),
        ((252, 109), _supplies),
    ):
        block(Draw(Pen(sheet, corner), n))
    return sheet


def _converter(draw: Draw) -> None:
    pen = draw.pen
    chip = pen.part(
        "Analog_DAC:MCP4922", draw.ref("U", 1), "MCP4922", (32, 20), own.CONVERTER, sim=own.CONVERTERS[draw.n]
    )
    for pin, net in (("9", "oe"), ("4", "sck"), ("8", "ldac"), ("5", "mosi"), ("3", "cs")):
        y = chip.pin(pin)[1] - pen.origin[1]
        pen.wire((10, y), (22, y))
        pen.port(net, (10, y), 180, "input")
    draw.resistor(39, "10k", (16, 31))
    pen.wire((16, 26), (16, 28))
    pen.sheet.power("+5V", pen.at(16, 34), 180)
    draw.analog_supply((32, 12))
    pen.ground((32, 30))
    for y, net in ((16, "v_ref"), (26, "v_ref")):
        pen.wire((42, y), (46, y))
        pen.label(net, (46, y))
    for y, net, number in ((18, "v_a", 1), (24, "v_b", 2)):
        pen.wire((42, y), (56, y))
        pen.label(net, (56, y))
        pen.test_point(f"TP{draw.n}{number}", f"v_{'ab'[number - 1]}{draw.n}", (52, y))
    pen.frame(
        (0, 2),
        (62, 46),
        "Converter",
        "V_A, V_B = 2.5 V code / 4096 (gain 1); OE low: both off.\nSource leg: A, sink leg: B. LDAC latches both channels.",
    )


def _range(draw: Draw) -> None:
    pen = draw.pen
    draw.resistor(37, "10k", (12, 12))
    pen.sheet.power("+5V", pen.at(12, 8))
    pen.wire((12, 8), (12, 9))
    pen.wire((12, 15), (12, 20))
    pen.jumper(draw.ref("JP", 1), "quarter", (12, 24), turn=270)
    pen.ground((12, 28))
    pen.wire((12, 18), (40, 18))
    pen.port("range", (40, 18), shape="output")
    draw.resistor(38, "1k", (28, 24), across=True)
    pen.wire((20, 18), (20, 24), (25, 24))
    pen.wire((31, 24), (40, 24))
    pen.port("range_pin", (40, 24), shape="output")
    pen.frame(
        (0, 2),
        (62, 40),
        "Range",
        "Jumper off: range high, 250 uA. On: low, 62.5 uA: R1, R_N and the\ngain of the read-back are four times as large.",
    )


def _source_leg(draw: Draw) -> None:
    pen = draw.pen
    pen.label("v_a", (4, 28), 180)
    pen.wire((4, 28), (9, 28))
    draw.resistor(2, "100k", (6, 32))
    pen.wire((6, 28), (6, 29))
    pen.ground((6, 35))
    draw.resistor(1, "4.99k", (12, 28), across=True)
    pen.wire((15, 28), (24, 28))
    # 1.1 us: what a step charges below the transistor (100 pF with the range switch) passes through it, too. In quarter
    # range, where the current is small, that was a fifth of the step with 100p.
    draw.capacitor(1, "220p", (18, 32))
    pen.wire((18, 28), (18, 29))
    pen.ground((18, 35))
    draw.amplifier(2, 1, (30, 30))
    pen.wire((24, 32), (22, 32), (22, 40), (52, 40))
    draw.resistor(3, "100", (40, 30), across=True)
    pen.wire((36, 30), (37, 30))
    draw.nmos(1, (50, 30))
    pen.wire((43, 30), (46, 30))
    pen.wire((52, 34), (52, 41))
    draw.resistor(4, "10k", (52, 44), precise=True)
    pen.wire((52, 47), (52, 50))
    draw.resistor(5, "20k", (52, 53), precise=True)
    pen.wire((52, 56), (52, 57))
    draw.resistor(6, "10k", (52, 60), precise=True)
    draw.nmos(4, (70, 56), gate_right=True)
    pen.wire((52, 48), (68, 48), (68, 52))
    pen.wire((68, 60), (68, 64), (52, 64))
    pen.wire((74, 56), (78, 56))
    pen.label("range", (78, 56))
    pen.wire((52, 63), (52, 68))
    _dead_zone(draw, 7, "10", (52, 66))
    draw.resistor(9, "2k", (52, 16), precise=True)
    pen.wire((52, 19), (52, 26))
    pen.wire((52, 11), (52, 13))
    draw.analog_supply((52, 11))
    draw.amplifier(2, 2, (74, 24), swapped=True)
    pen.wire((52, 22), (62, 22), (62, 26), (68, 26))
    pen.wire((68, 22), (66, 22), (66, 18), (94, 18))
    draw.resistor(10, "100", (84, 24), across=True)
    pen.wire((80, 24), (81, 24))
    pen.part("Transistor_FET:Q_PMOS_SGD", draw.ref("Q", 2), "TP2104", (92, 24), own.PMOS, sim=own.P_CHANNEL, mirror="x")
    pen.wire((87, 24), (88, 24))
    draw.resistor(11, "2k", (94, 14), precise=True)
    pen.wire((94, 17), (94, 20))
    draw.analog_supply((94, 11))
    pen.wire((94, 28), (94, 34), (98, 34))
    pen.label("leg", (98, 34))
    pen.frame(
        (0, 2),
        (104, 90),
        "Source leg",
        f"I = (V_A - 5 mV) / R1 = V_A / 10 kohm less 0.5 uA (8 codes); R1 = R{draw.n}04, in quarter range to R{draw.n}06.\n"
        f"R{draw.n}09 = R{draw.n}11. Up to 0.65 V below the supply. R{draw.n}07, R{draw.n}08: 5 mV, so that the leg is off\n"
        "at code 0 whatever the offset of the converter.",
    )


def _dead_zone(draw: Draw, number: int, ohms: str, node: tuple[int, int]) -> None:
    """A few millivolts at the foot of a leg, from the reference: `ohms` to ground, 4.99k from the reference."""
    pen, (x, y) = draw.pen, node
    draw.resistor(number, "4.99k", (x - 10, y), across=True)
    pen.wire((x - 7, y), (x, y))
    pen.wire((x - 16, y), (x - 13, y))
    pen.label("v_ref", (x - 16, y), 180)
    draw.resistor(number + 1, ohms, (x, y + 5))
    pen.wire((x, y), (x, y + 2))
    pen.ground((x, y + 8))


def _sink_leg(draw: Draw) -> None:
    pen = draw.pen
    pen.label("v_b", (6, 14), 180)
    pen.wire((6, 14), (9, 14))
    draw.resistor(12, "20k", (12, 14), across=True, precise=True)
    pen.wire((15, 14), (40, 14))
    for number, x in ((13, 18), (14, 25)):
        draw.resistor(number, "10k", (x, 19), precise=True)
        pen.wire((x, 14), (x, 16))
        pen.ground((x, 22))
    draw.capacitor(2, "100p", (33, 19))
    pen.wire((33, 14), (33, 16))
    pen.ground((33, 22))
    draw.amplifier(2, 3, (46, 16))
    pen.wire((40, 18), (38, 18), (38, 26), (66, 26))
    draw.resistor(15, "100", (56, 16), across=True)
    pen.wire((52, 16), (53, 16))
    draw.nmos(3, (64, 16))
    pen.wire((59, 16), (60, 16))
    pen.wire((66, 20), (66, 27))
    draw.resistor(16, "2k", (66, 30), precise=True)
    pen.wire((66, 33), (66, 36))
    for number, y in ((17, 39), (18, 46), (19, 53)):
        draw.resistor(number, "2k", (66, y), precise=True)
        pen.wire((66, y + 3), (66, y + 4))
    draw.nmos(5, (76, 46), gate_right=True)
    pen.wire((66, 34), (74, 34), (74, 42))
    pen.wire((74, 50), (74, 58), (66, 58))
    pen.wire((80, 46), (84, 46))
    pen.label("range", (84, 46))
    pen.wire((66, 57), (66, 62))
    _dead_zone(draw, 20, "2", (66, 60))
    pen.wire((66, 12), (66, 8), (72, 8))
    pen.label("leg", (72, 8))
    pen.frame(
        (0, 2),
        (94, 90),
        "Sink leg",
        f"I = -(V_B / 5 - 1 mV) / R_N = -V_B / 10 kohm less 0.5 uA; R_N = R{draw.n}16, in quarter range to R{draw.n}19.\n"
        f"From (R_N + R{draw.n}22) I upwards, 0.61 V at 250 uA; it cannot pull below ground.",
    )


def _output(draw: Draw) -> None:
    pen, n = draw.pen, draw.n
    pen.label("leg", (6, 10), 180)
    pen.wire((6, 10), (21, 10))
    pen.test_point(f"TP{n}3", f"leg{n}", (12, 10))
    draw.resistor(22, "402", (24, 10), across=True, precise=True)
    pen.wire((27, 10), (48, 10), (48, 20))
    pen.label("sense", (34, 10))
    pen.part("Relay:SILxx-1Axx-71x", f"K{n}", "SIL05-1A72-71L", (44, 26), own.RELAY, sim=own.REED)
    pen.wire((40, 16), (40, 20))
    pen.sheet.power("+5V", pen.at(40, 16))
    pen.part("Diode:1N4148", draw.ref("D", 3), "1N4148", (31, 26), own.SIGNAL_DIODE, turn=270, sim=own.DIODE)
    pen.wire((31, 23), (31, 18), (40, 18))
    pen.wire((31, 29), (31, 34), (40, 34))
    draw.nmos(7, (38, 40))
    pen.wire((40, 32), (40, 36))
    pen.ground((40, 44))
    pen.wire((12, 40), (34, 40))
    pen.label("oe", (12, 40), 180)
    draw.resistor(36, "10k", (20, 44))
    pen.wire((20, 40), (20, 41))
    pen.ground((20, 47))
    pen.wire((48, 32), (48, 38), (70, 38))
    pen.test_point(f"TP{n}4", f"out{n}", (54, 38))
    pen.label("out", (50, 38))
    draw.resistor(23, "10M", (60, 32))
    pen.wire((60, 35), (60, 38))
    pen.wire((60, 29), (60, 26), (66, 26))
    pen.port("v_tap", (66, 26), shape="output")
    pen.part("Connector:Conn_Coaxial", f"J{n}1", f"OUT {n}", (74, 38), parts.BNC)
    pen.ground((74, 42))
    pen.part("Connector:Screw_Terminal_01x02", f"J{n}2", f"OUT {n}", (74, 48), parts.TERMINALS)
    pen.wire((66, 38), (66, 48), (70, 48))
    pen.wire((70, 50), (68, 50), (68, 52))
    pen.ground((68, 52))
    pen.frame(
        (0, 2),
        (84, 68),
        "Output",
        "OE low, floating, or no supply: the contact is open, no current, below 1 nA.\n"
        "Raise OE with the converter at 0, wait 2 ms, then set the level. The 10 Mohm guard\n"
        "the terminal from a buffer without supply.",
    )


def _read_back(draw: Draw) -> None:
    pen = draw.pen
    for unit, net, y in ((1, "leg", 14), (2, "sense", 42)):
        draw.amplifier(3, unit, (18, y))
        pen.wire((6, y - 2), (12, y - 2))
        pen.label(net, (6, y - 2), 180)
        pen.wire((12, y + 2), (10, y + 2), (10, y + 7), (26, y + 7), (26, y))
        pen.wire((24, y), (28, y))
        pen.label(f"{net}.buffered", (28, y))
    _difference(draw, 3, "sense", "leg", 18)
    _difference(draw, 4, "leg", "sense", 48)
    draw.resistor(40, "93.1", (76, 62))
    pen.wire((76, 57), (76, 59))
    pen.label("foot", (76, 57), 90)
    pen.ground((76, 65))
    pen.wire((90, 18), (90, 52))
    draw.resistor(32, "100k", (90, 55))
    pen.ground((90, 58))
    draw.amplifier(2, 4, (104, 32))
    pen.wire((90, 30), (98, 30))
    pen.wire((98, 34), (96, 34), (96, 40), (112, 40), (112, 32))
    pen.wire((110, 32), (126, 32))
    draw.resistor(33, "301", (118, 37), precise=True)
    pen.wire((118, 32), (118, 34))
    pen.wire((118, 40), (118, 44))
    pen.wire((118, 42), (121, 42))
    pen.label("tap", (121, 42))
    draw.resistor(34, "97.6", (118, 47), precise=True)
    draw.nmos(6, (116, 56))
    pen.wire((118, 50), (118, 52))
    pen.ground((118, 60))
    pen.wire((106, 56), (112, 56))
    pen.port("quarter", (106, 56), 180, "input")
    draw.resistor(35, "1k", (129, 32), across=True)
    pen.wire((132, 32), (142, 32))
    draw.capacitor(3, "10n", (136, 37))
    pen.wire((136, 32), (136, 34))
    pen.ground((136, 40))
    pen.port("i_sense", (142, 32), shape="output")
    pen.test_point(f"TP{draw.n}5", f"i_sense{draw.n}", (139, 32))
    pen.frame(
        (0, 2),
        (146, 74),
        "Read-back of the delivered current",
        "V_I = |I| 402 ohm x 24.9 = |I| 10.0 kohm (2.5 V at 250 uA), and 40 kohm in quarter range. Two differences of the "
        "buffered drop, the larger one wins;\nits sign is that of the leg that is driven. The divider after the last "
        "amplifier (quarter high: 1/4) makes the gain four times as large.",
    )


def _difference(draw: Draw, unit: int, low: str, high: str, y: int) -> None:
    """24.9 (high - low), if that is positive: units 3 and 4 of the second quad with resistors 24 to 27 and 28 to 31."""
    pen, first = draw.pen, 24 if unit == 3 else 28
    for number, net, row in ((first, low, -2), (first + 2, high, 2)):
        draw.resistor(number, "10k", (50, y + row), across=True, precise=True)
        pen.wire((44, y + row), (47, y + row))
        pen.label(f"{net}.buffered", (44, y + row), 180)
        pen.wire((53, y + row), (66, y + row))
    draw.amplifier(3, unit, (72, y), swapped=True)
    draw.resistor(first + 1, "249k", (72, y - 9), across=True, precise=True)
    pen.wire((60, y - 2), (60, y - 9), (69, y - 9))
    pen.wire((75, y - 9), (79, y - 9))
    pen.label("tap", (79, y - 9))
    draw.resistor(first + 3, "249k", (60, y + 7), precise=True)
    pen.wire((60, y + 2), (60, y + 4))
    pen.wire((60, y + 10), (60, y + 12))
    pen.label("foot", (60, y + 12), 270)
    diode = draw.ref("D", unit - 2)
    pen.part("Diode:1N4148", diode, "1N4148", (84, y), own.SIGNAL_DIODE, turn=180, sim=own.DIODE)
    pen.wire((78, y), (81, y))
    pen.wire((87, y), (90, y))


def _supplies(draw: Draw) -> None:
    pen, n = draw.pen, draw.n
    for chip, x in ((2, 14), (3, 34)):
        draw.amplifier(chip, 5, (x, 16))
        draw.analog_supply((x - 2, 10))
        pen.ground((x - 2, 22))
    for number, chip, x in ((4, 1, 6), (5, 2, 22), (6, 3, 38)):
        draw.capacitor(number, "100n", (x, 38), parts.CERAMIC)
        pen.wire((x, 33), (x, 35))
        draw.analog_supply((x, 33))
        pen.ground((x, 41))
        pen.note(f"at U{n}{chip}", (x + 3, 41))
    pen.label("v_ref", (16, 52))
    pen.wire((12, 52), (16, 52))
    pen.port("v_ref", (12, 52), 180, "input")
    pen.frame((0, 2), (62, 60), "Supplies", "A channel takes 17 mA, and 10 mA for its relay.")
