"""The synapse board: two stages on a current I_delta from outside, exponential or alpha, excitatory or inhibitory."""

from neurorig.hardware.kicad.tools.circuit import Circuit
from neurorig.hardware.kicad.tools.drawing import Sheet
from neurorig.hardware.kicad.tools.layout import Layout, Place, Table

from .pen import spoken
from .places import pin_words, printed_words, supply_places, synapse_places, terminal_words
from .settings import SYNAPSES
from .supply_blocks import SUPPLY_WIDTHS, decoupling, headers, spare_pair, supply
from .synapse_blocks import control, first_stage, last_stage, order

NAME, TITLE = "synapse", "Synapse: two stages"


def schematic() -> Sheet:
    """One page, A3."""
    sheet = Sheet(NAME, TITLE)
    headers(sheet, "J_delta11", "s11.i_delta GND", ("s11.i_delta", "GND"), (20, 22))
    order(sheet, "11", (24, 46))
    first_stage(sheet, NAME, "11", (66, 48))
    last_stage(sheet, NAME, "11", "s11.post", (138, 48))
    headers(sheet, "J_post11", "membrane GND", ("s11.post", "GND"), (270, 22))
    headers(sheet, "J_out11", "s11.out GND", ("s11.out", "GND"), (270, 34))
    headers(sheet, "J_i_out11", "s11.i_out GND", ("s11.i_out", "GND"), (270, 46))
    headers(sheet, "J_logic11", "coupled discharge GND", ("s11.coupled", "s11.discharge", "GND"), (270, 58))
    control(sheet, "11", (24, 100))
    supply(sheet, (104, 100))
    decoupling(sheet, ("Q11_1", "Q11_2", "Q11_3", "U11_1"), (188, 100))
    spare_pair(sheet, "Q11_1", 1, (110, 148))
    sheet.table(SYNAPSES, (14, 146), (16, 15, 13, 11, 11))
    return sheet


def layout() -> Layout:
    """100 x 66 mm: I_delta in at the left, output at the right, supply above."""
    places = {
        "J_delta11": Place(3, 24),
        **synapse_places("11", -5, 2, delta=False),
        **supply_places(80, 2),
        "J_post11": Place(97, 12),
        "J_out11": Place(97, 20),
        "J_i_out11": Place(97, 30.5),
        "J_logic11": Place(97, 40),
    }
    words = printed_words(places) + terminal_words(places["J1"], "below")
    words += pin_words(places["J_delta11"], ("I_delta", "GND"), "right")
    for name in ("post", "out", "i_out"):
        words += pin_words(places[f"J_{name}11"], ({"post": "V_m"}.get(name, name), "GND"), "left")
    words += pin_words(places["J_logic11"], ("coupled", "discharge", "GND"), "left")
    return Layout(
        (100, 66),
        places,
        holes=((4, 4), (96, 4), (4, 62), (96, 62)),
        texts=tuple(words),
        widths=SUPPLY_WIDTHS,
        notes=spoken(schematic()),
        tables=(Table(SYNAPSES, 10, 51, (10, 10, 9, 8, 7)),),
    )


CIRCUIT = Circuit(NAME, TITLE, schematic, layout)
