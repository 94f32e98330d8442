"""Second sheet of the memristor fixture: four synapses with the eight devices of the socket, and the source-meter's lines.

What `hardware.memristors` calls `SdcMemristor(R_s=10 kohm)` lies between w1.in and w1.be; the device alone between w1.te
(top electrode) and w1.be (bottom electrode). Synapse n takes device n or n + 4, or surrogate resistors.
"""

from neurorig.hardware.kicad.tools.drawing import Sheet

from . import memristor_parts as own
from . import parts
from .measuring_parts import precise
from .memristor_tables import JUMPERS
from .pen import Pen

SYNAPSES = (1, 2, 3, 4)
SURROGATES = (("4", "73.2k", "13.6 uS"), ("5", "162k", "6.2 uS"), ("6", "383k", "2.6 uS"))
"""Digit of the jumper and of its resistor, value, conductance of Benatti 2023, Fig. 6, that it stands for."""

CENTRE = 15  # steps from the top of a block to its line of current
TOP, BOTTOM = 52, 102  # where top and bottom electrodes meet


def synapses() -> Sheet:
    """The sheet."""
    sheet = Sheet(
        "memristor_synapses",
        "Memristor fixture: synapses and source-meter",
        comments=("Benatti 2023: Knowm C-doped SDC devices behind 10 kohm", "JPnm: jumper m of synapse n"),
    )
    for n in SYNAPSES:
        synapse(Pen(sheet, (12 + 154 * ((n - 1) % 2), 16 + 70 * ((n - 1) // 2))), n)
    source_meter(Pen(sheet, (12, 158)))
    sheet.table(JUMPERS, (128, 160), (12, 26, 44, 44))
    return sheet


def synapse(pen: Pen, n: int) -> None:
    """Gate or source-meter -> R_s -> device, its neighbour or surrogates -> virtual ground or source-meter."""
    _input(pen, n)
    _devices(pen, n)
    _surrogates(pen, n)
    _output(pen, n)
    pen.frame(
        (0, 0),
        (146, 60),
        f"Synapse w{n}",
        "I = (spike - sum) / (R_s + 1/G); R_s = 10 kohm limits it whatever the software says (Benatti 2023, III.A, Fig. 1).\n"
        f"JP{n}2 leaves 0.9 kohm of it: only with spikes up to 0.2 V, or a source-meter limited to 10 uA.\n"
        f"JP5{n} (JP5{n + 4}) with its cap: device {n} ({n + 4}) is shorted. Take the cap off last, put it on first.",
    )


def _input(pen: Pen, n: int) -> None:
    y = CENTRE
    pen.selector(f"JP{n}1", "gate/SMU", (18, y), turn=90, mirror="x")
    pen.port(f"w{n}.pre", (8, y - 5), 180, "input")
    pen.wire((8, y - 5), (18, y - 5))
    pen.label("smu.hi", (12, y + 5), 180)
    pen.wire((12, y + 5), (18, y + 5))
    pen.wire((21, y), (38, y))
    pen.test_point(f"TP{n}1", f"w{n}.in", (25, y))
    pen.label(f"w{n}.in", (27, y))
    pen.part("Device:R", f"R_s{n}", "10k", (41, y), precise("10k"), turn=90)
    pen.jumper(f"JP{n}2", "R_s 0.9k", (41, y - 8))
    pen.wire((36, y), (36, y - 8), (37, y - 8))
    pen.wire((45, y - 8), (46, y - 8))
    pen.resistor(f"R{n}2", "1k", (49, y - 8), 90)
    pen.wire((52, y - 8), (54, y - 8), (54, y))
    pen.wire((44, y), (68, y))


def _devices(pen: Pen, n: int) -> None:
    y = CENTRE
    pen.test_point(f"TP{n}2", f"w{n}.te", (56, y))
    pen.label(f"w{n}.te", (58, y))
    pen.selector(f"JP{n}3", "device", (71, y), turn=270)
    for device, line, short in ((n, y - 5, y - 11), (n + 4, y + 5, y + 11)):
        pen.wire((71, line), (87, line))
        pen.label(f"m{device}.te", (73, line))
        pen.part("neurorig:SDC_8", "M1", "Knowm SDC", (90, line), own.SDC, unit=device, hide_value=True)
        pen.wire((93, line), (BOTTOM, line))
        pen.jumper(f"JP5{device}", "short", (90, short), closed=True)
        pen.wire((82, line), (82, short), (86, short))
        pen.wire((94, short), (98, short), (98, line))
    pen.wire((BOTTOM, y - 5), (BOTTOM, y + 5))


def _surrogates(pen: Pen, n: int) -> None:
    y = CENTRE + 17
    for row, (digit, value, conductance) in enumerate(SURROGATES):
        line = y + 7 * row
        pen.jumper(f"JP{n}{digit}", conductance, (71, line))
        pen.wire((TOP, line), (67, line))
        pen.part("Device:R", f"R{n}{digit}", value, (90, line), own.surrogate(value), turn=90)
        pen.wire((75, line), (87, line))
        pen.wire((93, line), (BOTTOM, line))
    pen.wire((TOP, CENTRE), (TOP, y + 14))
    pen.wire((BOTTOM, CENTRE + 5), (BOTTOM, y + 14))


def _output(pen: Pen, n: int) -> None:
    y = CENTRE
    pen.wire((BOTTOM, y), (122, y))
    pen.label(f"w{n}.be", (BOTTOM + 2, y))
    pen.test_point(f"TP{n}3", f"w{n}.be", (114, y))
    pen.selector(f"JP{n}7", "sum/SMU", (125, y), turn=270)
    pen.wire((125, y - 5), (132, y - 5))
    pen.wire((125, y + 5), (132, y + 5))
    pen.label("smu.lo", (132, y + 5))
    if n == 1:
        pen.port("sum", (132, y - 5), 0, "output")
    else:
        pen.label("sum", (132, y - 5))


def source_meter(pen: Pen) -> None:
    """Force on BNC, sense and guard on a header: two or four wires, loops with the series resistor in or out."""
    _force(pen, "J6", "SMU HI", (14, 8), "smu.hi", shielded=True)
    _force(pen, "J7", "SMU LO", (14, 30), "smu.lo")
    pen.jumper("JP71", "guard = GND", (24, 18), closed=True, turn=270)
    pen.wire((14, 12), (24, 12), (24, 14))
    pen.label("guard", (18, 12))
    pen.ground((24, 22))
    pen.jumper("JP72", "LO = GND", (28, 36), closed=True, turn=270)
    pen.wire((28, 30), (28, 32))
    pen.ground((28, 40))
    sense = pen.part("Connector:Conn_01x04_Pin", "J8", "SMU sense", (58, 20), parts.header(1, 4))
    high, low, guard, ground = (sense.pins[str(pin)][1] - pen.origin[1] for pin in (1, 2, 3, 4))
    pen.jumper("JP73", "2 wires", (84, 8), closed=True)
    pen.jumper("JP74", "2 wires", (84, 32), closed=True)
    pen.wire((76, 8), (80, 8))
    pen.wire((76, 32), (80, 32))
    pen.label("smu.hi", (76, 8), 180)
    pen.label("smu.lo", (76, 32), 180)
    pen.wire((62, high), (92, high), (92, 8), (88, 8))
    pen.wire((62, low), (96, low), (96, 32), (88, 32))
    pen.label("smu.sense_hi", (66, high))
    pen.label("smu.sense_lo", (66, low))
    pen.wire((62, guard), (66, guard))
    pen.label("guard", (66, guard))
    pen.wire((62, ground), (64, ground), (64, ground + 2))
    pen.ground((64, ground + 2))
    pen.frame(
        (0, 0),
        (106, 54),
        "Source-meter",
        "I-V loop of one device: JPn1 and JPn7 on 2-3. The shield of SMU HI is the guard; cap on JP71 for a plain cable.\n"
        "Four wires: caps of JP73, JP74 off, sense leads on J8 or on wn.te and wn.be (Benatti 2023, Fig. 1(b)).",
    )


def _force(pen: Pen, ref: str, name: str, at: tuple[int, int], net: str, *, shielded: bool = False) -> None:
    x, y = at
    pen.part("Connector:Conn_Coaxial", ref, name, at, parts.BNC, mirror="y")
    pen.wire((x + 4, y), (x + 20, y))
    pen.label(net, (x + 20, y))
    if not shielded:
        pen.ground((x, y + 4))
