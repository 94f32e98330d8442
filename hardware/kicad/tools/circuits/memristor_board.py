"""Where the parts of the memristor fixture lie: inputs and supply at the top, synapses below them, the read-out at the right.

A synapse is a row from left to right: input jumper, R_s, device jumper, surrogates, output jumper; the socket stands at
the end of the rows, within reach of a hand, and the caps that short its devices stand in a column beside it.
"""

from collections.abc import Mapping

from neurorig.hardware.kicad.tools.layout import Layout, Place, Table, Text

from .memristor_synapses import SYNAPSES
from .memristor_tables import EXPERIMENTS, JUMPERS

SIZE = (176.0, 142.0)
ROW = 18.0  # mm from synapse to synapse
TOP = 48.0  # of the first
SOCKET = (103.0, 76.0)


def layout() -> Layout:
    """The board."""
    places = {**_inputs(), **_switches(), **_logic(), **_supply(), **_source_meter(), **_readout(), **_devices()}
    for n in SYNAPSES:
        places |= _synapse(n)
    return Layout(
        SIZE,
        places,
        holes=((4, 4), (172, 4), (4, 138), (172, 138)),
        texts=_texts(),
        tables=_tables(),
        notes=_notes(),
    )


def _across(x: float, y: float) -> Place:
    """Of a header: pin 1 at the left."""
    return Place(x, y, 90)


def _clamped(y: float, resistor: str, first: int) -> dict[str, Place]:
    return {
        resistor: Place(24, y, 0),
        **{f"D{first + k}": Place(38, y - 3 + 4 * k, 0) for k in range(4)},
    }


def _inputs() -> dict[str, Place]:
    return {
        "J2": Place(14, 16, 90, overhang=True),
        "J3": Place(14, 38, 90, overhang=True),
        **_clamped(10, "R3", 4),
        **_clamped(29, "R4", 8),
        "TP1": Place(50, 12),
        "TP2": Place(50, 32),
        "JP64": _across(25, 15),
        "R5": Place(24, 20),
    }


def _switches() -> dict[str, Place]:
    places: dict[str, Place] = {}
    for k, (chip, plus, minus) in enumerate((("U2", 17, 18), ("U1", 15, 16), ("U3", 19, 20))):
        x = 60.0 + 18 * k
        places |= {chip: Place(x, 10), f"C{plus}": Place(x + 7.6, 5, 180), f"C{minus}": Place(x - 3.5, 26, 90)}
    return places


def _logic() -> dict[str, Place]:
    return {
        "J4": _across(58, 33),
        **{f"R{51 + k}": Place(80 + 12.5 * (k // 3), 33 + 4 * (k % 3)) for k in range(6)},
        "RN1": Place(58, 39),
        "JP65": _across(59, 44),
        "R6": Place(65, 44),
    }


def _supply() -> dict[str, Place]:
    return {
        "J1": Place(164, 8, 180),
        "D1": Place(143, 6.5),
        "C10": Place(150.5, 12.6),
        "R1": Place(114, 8),
        "D2": Place(127, 8),
        "U4": Place(142, 20),  # its capacitors at its pins: V+ and -5 V at the right, CAP+ and CAP- at the left
        "C11": Place(153.4, 17.8, 270),
        "C12": Place(137, 23.8, 270),
        "C13": Place(157.2, 28, 180),
        "R2": Place(130, 33, 180),
        "C14": Place(112, 33, 180),
    }


def _source_meter() -> dict[str, Place]:
    return {
        "J6": Place(14, 70, 90, overhang=True),
        "J7": Place(14, 94, 90, overhang=True),
        "J8": Place(24, 64),
        "JP71": _across(22, 78),
        "JP72": _across(22, 100),
        "JP73": _across(22, 84),
        "JP74": _across(22, 89),
    }


def _synapse(n: int) -> dict[str, Place]:
    y = TOP + ROW * (n - 1)
    surrogates: dict[str, Place] = {}
    for row in range(3):
        surrogates |= {
            f"JP{n}{4 + row}": _across(65, y + 2 + 5 * row),
            f"R{n}{4 + row}": Place(71.5, y + 2 + 5 * row),
        }
    return surrogates | {
        f"JP{n}1": Place(34, y + 4),
        f"TP{n}1": Place(39, y + 3),
        f"JP{n}2": _across(45, y + 3),
        f"R_s{n}": Place(41, y + 9),
        f"R{n}2": Place(41, y + 13),
        f"TP{n}2": Place(54.5, y + 3),
        f"JP{n}3": Place(59.5, y + 4),
        f"TP{n}3": Place(87, y + 3),
        f"JP{n}7": Place(92, y + 4),
    }


def _devices() -> dict[str, Place]:
    places = {"M1": Place(*SOCKET)}
    for k in range(8):
        places[f"JP5{k + 1}"] = _across(119, 66 + 5.2 * k)
    return places


def _readout() -> dict[str, Place]:
    return {
        "TP3": Place(130, 52),
        **{f"D{12 + k}": Place(130, 58 + 4 * k) for k in range(4)},
        "U5": Place(146, 52),
        "C21": Place(156.8, 53.5, 270),
        "C22": Place(142.4, 59.6, 270),
        "RV1": Place(168, 54),
        "R_f1": Place(130, 78),
        "C_f1": Place(144, 78),
        "JP61": _across(153, 78),
        "R_f2": Place(130, 84),
        "C_f2": Place(144, 84),
        "JP62": _across(153, 84),
        "JP63": _across(130, 91),
        "R_m1": Place(137, 91),
        "C_m1": Place(151, 90),
        "C_m2": Place(151, 96),
        "R7": Place(137, 97),
        "TP4": Place(153, 71),
        "R8": Place(146, 66),
        "J5": Place(162, 70, 270, overhang=True),
    }


def _notes() -> Mapping[str, str]:
    notes = {
        "J1": "GND +5V",
        "J2": "spike",
        "J3": "back_spike",
        "J4": "TTL w1 w2 w3 w4 dep reset GND GND",
        "J5": "v",
        "J6": "SMU HI",
        "J7": "SMU LO",
        "J8": "S+ S- G GND",
        "JP61": "20k",
        "JP62": "100k",
        "JP63": "membrane",
        "JP64": "50 ohm",
        "JP65": "no overlap",
        "JP71": "guard=GND",
        "JP72": "LO=GND",
        "JP73": "2 wires",
        "JP74": "2 wires",
        "RV1": "offset",
        "TP1": "spike",
        "TP2": "back_spike",
        "TP3": "sum",
        "TP4": "v",
    }
    for n in SYNAPSES:
        notes |= {f"TP{n}1": f"w{n}.in", f"TP{n}2": f"w{n}.te", f"TP{n}3": f"w{n}.be"}
        notes |= {f"JP{n}2": "R_s 0.9k", f"JP{n}3": f"{n}/{n + 4}"}
        notes |= {f"JP{n}4": "73k", f"JP{n}5": "162k", f"JP{n}6": "383k"}
    return notes | {f"JP5{k}": f"{k}" for k in range(1, 9)}


def _texts() -> tuple[Text, ...]:
    x, y = SOCKET
    numbers = [Text(f"{k + 1}", x - 7.5, y + 2.54 * k, 1.0, align="right") for k in range(8)]
    return (
        *numbers,
        Text("TE", x, y + 28, 1.0, align="center"),
        Text("BE", x + 7.62, y + 28, 1.0, align="center"),
        Text("short", 118, 62, 1.0),
        Text("JPn2 on: only with spikes <= 0.2 V, or an SMU limit of 10 uA", 11, 138.8),
        Text("Synapse not used: no cap on JPn7", 84, 138.8),
        Text("JP5k on before a chip goes in or out", 122, 138.8),
    )


def _tables() -> tuple[Table, ...]:
    return (
        Table(SHORT, 128, 103, (9.0, 15.0, 18.0)),
        Table(EXPERIMENTS, 11, 121, (30.0, 15.0, 15.0, 15.0, 17.0, 9.0, 50.0)),
        Table(JUMPERS, 160, 121, (10.0, 28.0, 45.0, 45.0), back=True),
    )


SHORT = (
    ("n = 1..4", "1-2, on", "2-3, off"),
    ("JPn1", "gate", "SMU HI"),
    ("JPn2", "R_s 0.9k (!)", "R_s 10k"),
    ("JPn3", "device n", "n+4 (off: none)"),
    ("JPn4-6", "surrogate", "-"),
    ("JPn7", "sum", "SMU LO"),
    ("JP5k", "k shorted", "k in use"),
)
