"""The motif board: two neurons and all four synapses between them (Wu 2025, Figs 7 to 16)."""

from collections.abc import Mapping

from neurorig.hardware.kicad.tools.circuit import Circuit
from neurorig.hardware.kicad.tools.drawing import Sheet
from neurorig.hardware.kicad.tools.layout import Layout, Place, Table, Text

from .neuron_blocks import buffers, delta, digital_weight, membrane
from .pen import spoken
from .places import (
    buffer_places,
    neuron_places,
    pin_words,
    printed_words,
    supply_places,
    synapse_places,
    terminal_words,
)
from .settings import NEURONS, SYNAPSES, motifs
from .supply_blocks import SUPPLY_WIDTHS, decoupling, headers, ports, spi, supply, thermometer
from .synapse_blocks import control, first_stage, last_stage, order

NAME, TITLE = "motif", "Two neurons and four synapses"
SYNAPSE_PAIRS = ("11", "22", "12", "21")


def schematic() -> Sheet:
    """A map of who projects on whom, and a page for each neuron and synapse."""
    sheet = Sheet(NAME, TITLE)
    neurons = {k: _neuron(sheet, k, at) for k, at in ((1, (56, 78)), (2, (206, 78)))}
    s11 = _synapse(sheet, "11", (50, 30), "right")
    s22 = _synapse(sheet, "22", (200, 30), "right")
    s12 = _synapse(sheet, "12", (118, 78), "left")
    s21 = _synapse(sheet, "21", (118, 112), "right")
    for own, k in ((s11, 1), (s22, 2)):
        ap, m = f"n{k}.v_ap", f"n{k}.v_m"
        right, left = neurons[k][ap][0] + 24, neurons[k][m][0] - 22
        sheet.wire(own[ap], (right, own[ap][1]), (right, neurons[k][ap][1]), neurons[k][ap])
        sheet.wire(own[m], (left, own[m][1]), (left, neurons[k][m][1]), neurons[k][m])
        sheet.label(ap, (neurons[k][ap][0] + 2, neurons[k][ap][1]))
        sheet.label(m, (neurons[k][m][0] - 10, neurons[k][m][1]))
    sheet.wire(neurons[1]["n1.v_ap"], s12["n1.v_ap"])
    sheet.wire(s12["n2.v_m"], neurons[2]["n2.v_m"])
    x, y = neurons[2]["n2.v_ap"]
    sheet.wire((x + 24, y), (x + 24, s21["n2.v_ap"][1]), s21["n2.v_ap"])
    x, y = neurons[1]["n1.v_m"]
    sheet.wire((x - 22, y), (x - 22, s21["n1.v_m"][1]), s21["n1.v_m"])
    for place, (name, ending) in enumerate(
        (("coupled", "coupled"), ("discharge", "discharge"), ("out", "out"), ("i_out", "i_out"))
    ):
        nets = [f"s{index}.{ending}" for index in SYNAPSE_PAIRS] + ["GND"]
        headers(sheet, f"J_{name}1", name, nets, (276, 20 + 14 * place))
    nets = [f"s{index}.cs" for index in SYNAPSE_PAIRS] + ["sck", "sdi", "GND"]
    headers(sheet, "J_spi1", "CS, SPI", nets, (276, 78), fitted=False)
    spi(sheet, (274, 104))
    supply(sheet, (22, 152))
    thermometer(sheet, (122, 154))
    sheet.table(motifs(), (14, 188), (20, 10, 26, 26, 26, 26))
    sheet.table(SYNAPSES, (164, 140), (16, 15, 13, 11, 11))
    sheet.table(NEURONS, (164, 162), (28, 10, 13, 12))
    return sheet


def layout() -> Layout:
    """200 x 150 mm: sockets above, neurons below them, then the synapses; tables and supply at the right."""
    places: dict[str, Place] = {}
    words: list[Text] = []
    for k, x in ((1, 8.0), (2, 68.0)):
        places |= {
            f"J_i0_{k}": Place(x + 7.5, 13, overhang=True),
            f"J_v_m_{k}": Place(x + 27.5, 13, overhang=True),
            f"J_v_ap_{k}": Place(x + 47.5, 13, overhang=True),
            **neuron_places(k, x - 1, 16.5),
            **buffer_places(k, x + 29, 27),
        }
    for index, x, y in (("11", 7, 51), ("12", 85, 51), ("21", 7, 99), ("22", 85, 99)):
        places |= synapse_places(index, x, y, pitch=4.65)
        words.append(Text(f"s{index}: n{index[0]} > n{index[1]}", x + 66, y + 0.2))
    places |= supply_places(169, 53)
    places["J1"] = Place(194, 66, 90)
    places |= {
        f"J_{name}1": Place(196, 87 + 13.9 * row) for row, name in enumerate(("coupled", "discharge", "out", "i_out"))
    }
    places |= {"J_spi1": Place(172, 98), "R_sck1": Place(168.5, 120), "R_sdi1": Place(168.5, 124)}
    places |= {"U9": Place(61, 20), "C9": Place(61, 24.5), "J9": Place(62, 30, 90)}  # between the thyristors
    words += printed_words(places) + terminal_words(places["J1"], "left")
    for name in ("coupled", "discharge", "out", "i_out"):
        words += pin_words(places[f"J_{name}1"], (*SYNAPSE_PAIRS, "GND"), "left")
    words += pin_words(places["J_spi1"], (*SYNAPSE_PAIRS, "SCK", "SDI", "GND"), "left")
    return Layout(
        (200, 150),
        places,
        holes=((4, 4), (196, 4), (4, 146), (196, 146)),
        texts=tuple(words),
        widths=SUPPLY_WIDTHS,
        notes=spoken(schematic()),
        tables=(
            Table(motifs(), 123.8, 8, (11, 5, 15, 15, 15, 13), 0.9),
            Table(SYNAPSES, 123.8, 26, (10, 10, 9, 9, 9)),
            Table(NEURONS, 123.8, 42, (19, 7, 9, 8)),
        ),
    )


def _neuron(root: Sheet, k: int, at: tuple[int, int]) -> Mapping[str, tuple[int, int]]:
    """The page of neuron `k`, and its block on the map."""
    n = f"n{k}"
    sheet = Sheet(n, f"Neuron {n}", paper="A4")
    membrane(sheet, NAME, k, (30, 22))
    buffers(sheet, k, (114, 22))
    decoupling(sheet, (f"U{k}",), (18, 84))
    nets = {f"{n}.v_m": "left", f"{n}.v_ap": "right"}
    ports(sheet, tuple(nets), (114, 78))
    return root.sub(sheet, at, (26, 10), nets)


def _synapse(root: Sheet, index: str, at: tuple[int, int], entry: str) -> Mapping[str, tuple[int, int]]:
    """The page of a synapse, and its block on the map, entered from the left or from the right."""
    s = f"s{index}"
    pre, post = f"n{index[0]}.v_ap", f"n{index[1]}.v_m"
    sheet = Sheet(s, f"Synapse {s}: from n{index[0]} onto n{index[1]}")
    delta(sheet, NAME, index, (26, 34))
    digital_weight(sheet, index, (122, 30))
    order(sheet, index, (174, 24))
    control(sheet, index, (218, 24))
    first_stage(sheet, NAME, index, (22, 112))
    last_stage(sheet, NAME, index, post, (96, 112))
    decoupling(sheet, [f"Q{index}_1", f"Q{index}_2", f"Q{index}_3", f"U{index}_1"], (206, 100))
    entries = (pre, f"{s}.coupled", f"{s}.discharge", f"{s}.cs", "spi.sck", "spi.sdi")
    exits = (post, f"{s}.out", f"{s}.i_out")
    ports(sheet, entries + exits, (24, 160))
    leave = "right" if entry == "left" else "left"
    pins = root.sub(sheet, at, (38, 14), dict.fromkeys(entries, entry) | dict.fromkeys(exits, leave))
    for nets, side in ((entries[1:], entry), (exits[1:], leave)):
        for net in nets:
            x, y = pins[net]
            step = 2 if side == "right" else -2
            root.wire((x, y), (x + step, y))
            root.label(net, (x + step, y), 0 if side == "right" else 180)
    return pins


CIRCUIT = Circuit(NAME, TITLE, schematic, layout)
