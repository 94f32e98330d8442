"""Where the parts of each block lie on a board, from the block's top left corner (mm)."""

from collections.abc import Mapping, Sequence

from neurorig.hardware.kicad.tools.layout import Place, Text

PITCH = 2.54
HEADER, TERMINAL, LEADS = 1.7, 6.4, 2.9
"""From a row of pins to the words beside it, mm: pin header, screw terminals, TO-92."""


def neuron_places(k: int, x: float, y: float) -> dict[str, Place]:
    """Neuron `k`: 26 x 33 mm, current in at the left."""
    return moved(
        x,
        y,
        {
            f"R_i{k}": Place(1.3, 14),
            f"C_m{k}": Place(4, 6),
            f"T{k}": Place(14, 8),
            f"R_m{k}": Place(12, 2),
            f"TP{k}_1": Place(15, 13.8),
            f"JP_load{k}": Place(16, 19.2, 90),
            f"R_a{k}": Place(0.8, 19),
            f"R_L{k}": Place(8, 24.5),
            f"D_ap{k}": Place(2, 30.5),
            f"C_L{k}": Place(16, 25.2),
            f"JP_C_L{k}": Place(16, 30.6, 90),
            f"TP{k}_2": Place(25, 19.2),
        },
    )


def buffer_places(k: int, x: float, y: float) -> dict[str, Place]:
    """Buffers of neuron `k`: amplifier at the left, resistors at the right: 24 x 30 mm."""
    return moved(
        x,
        y,
        {
            f"U{k}": Place(7.62, 7.62, 180),  # so that its supply pin is beside the capacitor
            f"C_d{k}": Place(0.5, 12),
            f"R_o{k}_1": Place(10.8, -6),
            f"R_p{k}_1": Place(10.8, 4),
            f"R_p{k}_2": Place(10.8, 12),
            f"R_o{k}_2": Place(10.8, 17),
        },
    )


def supply_places(x: float, y: float) -> dict[str, Place]:
    """Terminals at the upper edge, protection, capacitors: 15 x 34 mm."""
    return moved(
        x,
        y,
        {
            "J1": Place(6, 4, 180),
            "Q1": Place(1, 13.8),
            "R1": Place(-2.5, 20.1),
            "C1": Place(7, 14.8),
            "C2": Place(-2, 23.4),
            "F1": Place(6, 23.5),
            "D1": Place(-2.5, 28.5),
            "TP1": Place(-2, 33),
            "TP2": Place(3, 33),
            "TP3": Place(8, 33),
        },
    )


def synapse_places(index: str, x: float, y: float, *, delta: bool = True, pitch: float = 4.4) -> dict[str, Place]:
    """Synapse `index`: 78 x 47 mm, from the weight at the left to the output at the right.

    `delta`: whether its I_delta block is on the board. `pitch`: from resistor to resistor at the right.
    """
    weight = {
        f"R_W{index}": Place(9.2, 4),
        f"U{index}_2": Place(2.5, 10),
        f"C_d{index}_5": Place(3, 21.2),
        f"JP_weight{index}": Place(2.8, 25.2),
        f"R_Wp{index}": Place(1.5, 34),
        f"R_pull{index}": Place(1.5, 38),
        f"R_cs{index}": Place(1.5, 42),
        f"R_csup{index}": Place(1.5, 46),
        f"TP{index}_6": Place(17, 41),
        f"TP{index}_7": Place(22, 41),
    }
    stages = {
        f"Q{index}_1": Place(15.5, 3),
        f"C_d{index}_1": Place(16.5, 22),
        f"JP_stages{index}_2": Place(16, 28, 90),
        f"JP_stages{index}_1": Place(16, 32, 90),
        f"JP_stages{index}_0": Place(16, 36, 90),
        f"Q{index}_2": Place(28, 3),
        f"C_d{index}_2": Place(29, 22),
        f"C_s{index}_1": Place(28.5, 31),
        f"R_s{index}_1": Place(26.5, 40),
        f"TP{index}_1": Place(29, 44.5),
        f"Q{index}_3": Place(41, 3),
        f"C_d{index}_3": Place(42, 22),
        f"C_s{index}_2": Place(41.5, 31),
        f"R_s{index}_2": Place(39.5, 40),
        f"TP{index}_2": Place(43, 44.5),
        f"TP{index}_5": Place(36, 44.5),
        f"JP_C_s{index}": Place(51, 24),
        f"JP_R_s{index}": Place(51, 30.5),
    }
    output = {
        f"U{index}_1": Place(62.62, 18.24, 180),  # likewise
        f"C_d{index}_4": Place(56, 22),
        f"JP_sign{index}": Place(58, 29.8, 90),
        f"JP_output{index}": Place(58, 35.8, 90),
        f"R_out{index}": Place(53.5, 40),
        f"R_rep{index}": Place(53.5, 43.6),
        f"TP{index}_3": Place(72, 35.8),
        f"TP{index}_4": Place(72, 43),
    }
    logic = {
        f"R_{name}": Place(66.5, round(3 + pitch * row, 2))
        for row, name in enumerate(
            (f"dis{index}_1", f"dis{index}_2", f"up{index}", f"cp{index}", f"down{index}", f"dc{index}")
        )
    }
    return moved(x, y, (weight if delta else {}) | stages | output | logic)


def pin_words(
    place: Place, words: Sequence[str], side: str, *, pitch: float = PITCH, away: float = HEADER, size: float = 0.9
) -> list[Text]:
    """A word beside each pin of a row ("" for none), on its `side`: left, right, above or below."""
    step = {0: (0.0, 1.0), 90: (1.0, 0.0), 180: (0.0, -1.0), 270: (-1.0, 0.0)}[int(place.turn)]
    dx, dy, align = {
        "left": (-away, 0.0, "right"),
        "right": (away, 0.0, "left"),
        "above": (0.0, -away, "center"),
        "below": (0.0, away, "center"),
    }[side]
    return [
        Text(word, place.x + pitch * n * step[0] + dx, place.y + pitch * n * step[1] + dy, size, align=align)
        for n, word in enumerate(words)
        if word
    ]


def terminal_words(place: Place, side: str) -> list[Text]:
    """What goes to which screw of the supply."""
    across = place._replace(turn=(place.turn + 90) % 360)  # its pins lie along x where those of a header lie along y
    return pin_words(across, ("+5V", "GND"), side, pitch=5.08, away=TERMINAL)


def printed_words(places: Mapping[str, Place]) -> list[Text]:
    """Positions of the jumpers of three pins, and the leads of the thyristors."""
    words: list[Text] = []
    for ref, place in places.items():
        if ref.startswith("JP_weight") and place.turn == 0:
            words += pin_words(place, ("trimmer", "", "digital"), "right")
        elif ref.startswith("JP_load"):
            words += pin_words(place, ("R_a", "", "R_L"), "above", away=2.8)
        elif ref.startswith("JP_output"):
            words += pin_words(place, ("membrane",), "left")
            words += pin_words(place._replace(x=place.x + 2 * PITCH), ("10k",), "right")
        elif ref.startswith("JP_sign"):
            middle = place._replace(y=place.y - PITCH / 2)
            words += pin_words(middle, ("exc",), "left")
            words += pin_words(middle._replace(x=place.x + 2 * PITCH), ("inh",), "right")
        elif ref in ("T1", "T2"):
            words += pin_words(place._replace(turn=90.0), "KGA", "below", away=LEADS)
    return words


def moved(x: float, y: float, places: Mapping[str, Place]) -> dict[str, Place]:
    """The places, all of them shifted by (x, y)."""
    return {ref: place._replace(x=place.x + x, y=place.y + y) for ref, place in places.items()}
