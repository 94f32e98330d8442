"""The neuron board: one neuron with its I_delta block (Wu 2025, Fig. 18), also as bursting neuron (Wu 2023)."""

from neurorig.hardware.kicad.tools.circuit import Circuit
from neurorig.hardware.kicad.tools.drawing import Sheet
from neurorig.hardware.kicad.tools.layout import Layout, Place, Table

from .neuron_blocks import buffers, delta, membrane
from .pen import spoken
from .places import moved, pin_words, printed_words, terminal_words
from .settings import NEURONS
from .supply_blocks import SUPPLY_WIDTHS, decoupling, headers, spare_pair, supply, thermometer

NAME, TITLE = "neuron", "Neuron with I_delta block"


def schematic() -> Sheet:
    """One page, A3."""
    sheet = Sheet(NAME, TITLE)
    membrane(sheet, NAME, 1, (34, 30))
    delta(sheet, NAME, "11", (122, 42), digital=False)
    headers(sheet, "J_delta11", "I_delta, GND", ("s11.i_delta", "GND"), (204, 39))
    buffers(sheet, 1, (238, 30))
    supply(sheet, (24, 98))
    decoupling(sheet, ("Q11_1", "U1"), (108, 98))
    spare_pair(sheet, "Q11_1", 2, (180, 98))
    thermometer(sheet, (250, 98))
    sheet.table(NEURONS, (20, 140), (28, 10, 13, 12))
    return sheet


def layout() -> Layout:
    """80 x 70 mm: current in at the left, scope at the right, supply below, table above."""
    places = {
        "J_i0_1": Place(13, 30, 90, overhang=True),
        "R_i1": Place(17.3, 30),
        "C_m1": Place(20, 22),
        "T1": Place(30, 24),
        "R_m1": Place(28, 18),
        "TP1_1": Place(31, 29.8),
        "JP_load1": Place(30.4, 35.2, 90),
        "R_a1": Place(16.8, 35),
        "R_L1": Place(24, 40.5),
        "D_ap1": Place(24.6, 45.3, 180),
        "C_L1": Place(32, 41.2),
        "JP_C_L1": Place(32, 46.6, 90),
        "TP1_2": Place(39, 31),
        "Q11_1": Place(42.5, 5),
        "C_d11_1": Place(43, 25),
        "R_pull11": Place(28, 6),
        "R_W11": Place(24, 4.5),
        "R_Wp11": Place(28, 10.5),
        "JP_weight11": Place(35, 14, 90),
        "TP11_6": Place(20, 12),
        "TP11_7": Place(25, 12),
        "J_delta11": Place(76, 47.8),
        "U1": Place(50.12, 37.12, 180),
        "C_d1": Place(43, 41.5),
        "R_p1_1": Place(53, 27),
        "R_o1_1": Place(53, 17),
        "J_v_m_1": Place(67, 16, 270, overhang=True),
        "R_p1_2": Place(53, 40),
        "R_o1_2": Place(53, 36),
        "J_v_ap_1": Place(67, 36.5, 270, overhang=True),
        "U9": Place(40, 47),
        "J9": Place(46, 57, 90),
        "C9": Place(43.5, 52.8),
        "F1": Place(22, 57),
        "D1": Place(52, 55.5),
        "J1": Place(12, 54.3),
        "Q1": Place(24, 51),
        "R1": Place(30, 58),
        "C1": Place(29, 52.8),
        "C2": Place(36, 53),
        "TP1": Place(52, 50),
        "TP2": Place(58, 50),
        "TP3": Place(15, 16),
    }
    places = moved(0, 10, places)
    words = printed_words(places) + pin_words(places["J_delta11"], ("I_delta", "GND"), "left")
    words += terminal_words(places["J1"], "above")
    return Layout(
        (80, 70),
        places,
        holes=((4, 4), (76, 4), (4, 66), (76, 66)),
        texts=tuple(words),
        widths=SUPPLY_WIDTHS,
        notes=spoken(schematic()),
        tables=(Table(NEURONS, 10, 2, (19, 7, 9, 8)),),
    )


CIRCUIT = Circuit(NAME, TITLE, schematic, layout)
