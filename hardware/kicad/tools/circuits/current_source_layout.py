"""Where the parts of the current-source shield lie.

The Uno lies below the left half, USB and barrel jack beyond the edge: nothing of the shield stands above them. Inputs at
the top edge, logic above and between the Arduino's headers, supply and reference below them; a channel is a band from left
(converter) to right (terminal).
"""

from neurorig.hardware.kicad.tools.layout import Layout, Place, Table, Text

SIZE = (178.0, 122.0)
ARDUINO = (16.0, 93.0)  # pin 1; the digital header lies 48.26 mm above
BANDS = {1: 20.0, 2: 70.0}
ROW = 4.1


def layout() -> Layout:
    """The board."""
    places = {**_arduino(), **_inputs(), **_spikes(), **_terminals(), **_supply()}
    for n, y in BANDS.items():
        places |= {f"{kind}{n}{number}": place for (kind, number), place in _channel(y).items()}
        places[f"K{n}"] = Place(136.6, y + 5)
    return Layout(
        SIZE,
        places,
        holes=((4.5, 4.5), (173.5, 4.5), (4.5, 117.5), (173.5, 117.5)),
        texts=_texts(),
        tables=(Table(JUMPERS, 90.0, 5.5, (15.0, 30.0, 28.0)),),
        notes=_notes(),
        widths={"+5VA": 0.6},
    )


def _arduino() -> dict[str, Place]:
    """The headers, where KiCad's Module:Arduino_UNO_R3 has them; that shows the Uno from below, mirrored."""
    x, y = ARDUINO
    return {
        "J5": Place(x, y, 90),
        "J6": Place(x + 22.86, y, 90),
        "J7": Place(x + 17.78, y - 48.26, 90),
        "J8": Place(x - 9.14, y - 48.26, 90),
    }


def _column(x: float, top: float, refs: str, pitch: float = ROW) -> dict[str, Place]:
    return {ref: Place(x, top + pitch * row) for row, ref in enumerate(refs.split()) if ref != "-"}


def _sockets() -> dict[str, Place]:
    """20 mm apart: room for fingers and T pieces."""
    return {ref: Place(17.0 + 20.0 * k, 13.5, overhang=True) for k, ref in enumerate(("J2", "J1", "J3", "J4"))}


def _inputs() -> dict[str, Place]:
    """Sockets at the top edge; TRIG IN, SYNC OUT, the gates of the spike inputs."""
    return {
        **_sockets(),
        "U5": Place(4, 20),
        "C5": Place(15.0, 20.5),
        **_column(15.5, 24.6, "R4 R3 R2 R1"),
        "U4": Place(29.5, 20),
        "C4": Place(41.2, 20, 270),
        "U3": Place(45.3, 20),
        "C3": Place(57.0, 20, 270),
    }


def _spikes() -> dict[str, Place]:
    return {
        **_column(3.5, 50, "R11 R12 R13 R14 R15 R16"),
        **_column(17.5, 50, "R41 R42 R43 R44 R45 R46"),
        **_column(31.5, 50, "D11 D12 D13 D41 D42 D43"),
        "C11": Place(43.5, 50),
        "C41": Place(43.5, 54.1),
        "RV1": Place(52, 60),
        "RV2": Place(52, 67),
        "TP1": Place(42.5, 73),
        "TP2": Place(49.5, 73),
    }


def _terminals() -> dict[str, Place]:
    return {
        "U2": Place(4, 79),
        "C2": Place(13.5, 74.6, 180),
        **_column(17.5, 76, "R20 R21 R50 R51"),
        **_column(31.5, 76, "C20 C50"),
        "TP3": Place(42.5, 80),
        "TP4": Place(49.5, 80),
    }


def _supply() -> dict[str, Place]:
    return {
        "C10": Place(13, 101),
        "L1": Place(21, 101),
        "C8": Place(40, 101),
        "C9": Place(47, 101),
        "R6": Place(12, 107),
        "U1": Place(27, 107),
        "C6": Place(34, 107),
        "R7": Place(44, 107),
        "R8": Place(44, 110),
        "R5": Place(12, 113),
        "C7": Place(27, 113),
        "TP7": Place(37, 115),
        "TP5": Place(44, 115),
        "TP6": Place(51, 115),
    }


def _channel(y: float) -> dict[tuple[str, str], Place]:
    """Parts of a channel, by kind and number within it; `y` is the top of the band."""
    columns = {
        **_column(63, y + 27, "R39 R37 R38"),
        **_column(77, y + 2, "R01 R02 R04 R05 R06 R07 R08 R12 R13 R14 R20 R21"),
        **_column(91, y + 2, "R09 R11 R03 R10"),
        **_column(91, y + 37.3, "R15 R16 R17"),
        **_column(105, y + 38, "R18 R19"),
        **_column(119.5, y + 2, "R24 R25 R26 R27"),
        **_column(119.5, y + 30, "R28 R29 R30 R31 R40"),
        **_column(133.5, y + 32, "R33 R34"),
        **_column(147, y + 12, "R22 R23"),
        "R32": Place(133.5, y + 18.2),
        "R35": Place(133.5, y + 46.4),
        "R36": Place(147, y + 29),
        "C01": Place(92, y + 18),
        "C02": Place(92, y + 33),
        "C03": Place(148, y + 46.4),
        "C04": Place(64.5, y + 0.5),
        "C05": Place(105, y + 21),
        "C06": Place(133.5, y + 22.5),
        "D01": Place(134, y + 14),
        "D02": Place(134, y + 27.5),
        "D03": Place(147, y + 25),
    }
    others = {
        "U1": Place(64.5, y + 5),
        "U2": Place(97, y + 25.2),
        "U3": Place(124, y + 22.2),
        "Q1": Place(106, y + 9),
        "Q2": Place(106, y + 3.2),
        "Q4": Place(106, y + 15),
        "Q3": Place(106, y + 26.5),
        "Q5": Place(106, y + 32.5),
        "Q6": Place(135, y + 41.2),
        "Q7": Place(149, y + 20.5),
        "JP1": Place(66, y + 42, 90),
        "TP1": Place(106, y + 46.8),
        "TP2": Place(112, y + 46.8),
        "TP3": Place(149, y + 34),
        "TP4": Place(156, y + 34),
        "TP5": Place(149, y + 40),
        "J1": Place(164.5, y + 20, 270, overhang=True),
        "J2": Place(170, y + 40, 90),
    }
    return {(ref[0], ref[1:]): place for ref, place in columns.items()} | {
        (ref.rstrip("0123456789"), ref.lstrip("ACDJKPQRTU")): place for ref, place in others.items()
    }


def _notes() -> dict[str, str]:
    notes = {
        "J1": "5 V logic",
        "J2": "5 V logic",
        "J3": "0 to 5 V",
        "J4": "0 to 5 V",
        "RV1": "threshold 1",
        "RV2": "threshold 2",
        "TP1": "threshold1",
        "TP2": "threshold2",
        "TP3": "v_out1",
        "TP4": "v_out2",
        "TP5": "+5VA",
        "TP6": "GND",
        "TP7": "2.5 V",
    }
    for n in BANDS:
        notes |= {
            f"J{n}1": f"OUT {n}",
            f"JP{n}1": "on: quarter",
            f"TP{n}1": "v_a",
            f"TP{n}2": "v_b",
            f"TP{n}3": "leg",
            f"TP{n}4": "out",
            f"TP{n}5": "i_sense",
        }
    return notes


def _texts() -> tuple[Text, ...]:
    terminals = [
        Text(text, 162.5, y + 40 + row, align="right") for y in BANDS.values() for text, row in (("I", 0), ("GND", -5))
    ]
    sockets = [
        Text(text, place.x, 17.3, 1.0, align="center")
        for text, place in zip(("SYNC OUT", "TRIG IN", "SPIKE IN 1", "SPIKE IN 2"), _sockets().values(), strict=True)
    ]
    return (*terminals, *sockets, Text("for Arduino Uno R3: CAL before use", 90, 14.5))


JUMPERS = (
    ("Jumper", "off", "on"),
    ("JP11, JP21", "-250 to 250 uA", "-62.5 to 62.5 uA"),
)
