"""The neurosynaptic unit: neuron, I_delta block, two stages, closed onto itself or open (Wu 2025, Figs 3, 17 to 20)."""

from neurorig.hardware.kicad.tools.circuit import Circuit
from neurorig.hardware.kicad.tools.drawing import Sheet
from neurorig.hardware.kicad.tools.layout import Layout, Place, Table

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
from .settings import NEURONS, SYNAPSES, figures
from .supply_blocks import SUPPLY_WIDTHS, decoupling, headers, spi, supply, thermometer
from .synapse_blocks import control, first_stage, last_stage, order

NAME, TITLE = "ns_unit", "Neurosynaptic unit"


def schematic() -> Sheet:
    """One page, A3."""
    sheet = Sheet(NAME, TITLE)
    membrane(sheet, NAME, 1, (30, 22))
    buffers(sheet, 1, (114, 22))
    delta(sheet, NAME, "11", (188, 34))
    digital_weight(sheet, "11", (282, 30))
    headers(sheet, "J_spi11", "SPI", ("s11.cs", "sck", "sdi", "GND"), (282, 62), fitted=False)
    spi(sheet, (300, 64))
    order(sheet, "11", (24, 88))
    first_stage(sheet, NAME, "11", (64, 110))
    last_stage(sheet, NAME, "11", "n1.v_m", (136, 110))
    headers(sheet, "J_out11", "s11.out GND", ("s11.out", "GND"), (268, 88))
    headers(sheet, "J_i_out11", "s11.i_out GND", ("s11.i_out", "GND"), (268, 100))
    headers(sheet, "J_logic11", "coupled discharge GND", ("s11.coupled", "s11.discharge", "GND"), (268, 112))
    control(sheet, "11", (24, 155))
    supply(sheet, (102, 155))
    decoupling(sheet, ("Q11_1", "Q11_2", "Q11_3", "U11_1", "U1"), (178, 155))
    thermometer(sheet, (116, 199))
    sheet.table(SYNAPSES, (12, 200), (16, 15, 13, 11, 11))
    sheet.table(NEURONS, (160, 199), (28, 10, 13, 12))
    return sheet


def layout() -> Layout:
    """110 x 100 mm: the neuron above, its synapse below; current in at the left, scope at the right, supply above."""
    places = {
        "J_i0_1": Place(13, 18, 90, overhang=True),
        **neuron_places(1, 16.5, 2),
        **buffer_places(1, 72, 14.5),
        "J_v_m_1": Place(97, 16, 270, overhang=True),
        "J_v_ap_1": Place(97, 36.5, 270, overhang=True),
        **supply_places(50, 2),
        "U9": Place(38.5, 9.2),
        "C9": Place(38.5, 13),
        "J9": Place(41.5, 4, 90),
        **synapse_places("11", 8, 36),
        "J_out11": Place(106, 46.5),
        "J_i_out11": Place(106, 53.5),
        "J_logic11": Place(106, 61),
        "J_spi11": Place(92, 61),
        "R_sck1": Place(89, 74),
        "R_sdi1": Place(89, 78),
    }
    words = printed_words(places) + terminal_words(places["J1"], "below")
    for name in ("out", "i_out"):
        words += pin_words(places[f"J_{name}11"], (name, "GND"), "left")
    words += pin_words(places["J_logic11"], ("coupled", "discharge", "GND"), "left")
    words += pin_words(places["J_spi11"], ("CS", "SCK", "SDI", "GND"), "left")
    return Layout(
        (110, 100),
        places,
        holes=((4, 4), (106, 4), (4, 96), (106, 96)),
        texts=tuple(words),
        widths=SUPPLY_WIDTHS,
        notes=spoken(schematic()),
        tables=(
            Table(SYNAPSES, 10, 85, (10, 10, 9, 9, 9)),
            Table(NEURONS, 61, 85, (19, 7, 9, 8)),
            Table(figures(), 88, 83, (20, 7, 20, 7, 12), 0.8, back=True),
        ),
    )


CIRCUIT = Circuit(NAME, TITLE, schematic, layout)
