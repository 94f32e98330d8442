"""Memristor fixture: four TTL-gated synapses of Knowm SDC devices into the virtual ground of a membrane (Benatti 2023).

First sheet: supply, inputs, switches, read-out. Second sheet (`memristor_synapses`): devices, surrogates, source-meter.

A synapse's input is at `spike` while its gate is high, else at ground. The summing node `sum` is held by the amplifier
at `sum.ref`: ground, or `back_spike` while `dep` is high, which also takes the inputs to ground, as in Fig. 2(a, c).
So no switch lies in the path that is measured: what the switches leak flows into sources, not into `sum`.
"""

from neurorig.hardware.kicad.tools.circuit import Circuit
from neurorig.hardware.kicad.tools.drawing import Sheet

from .memristor_board import layout
from .memristor_inputs import back_spike_input, logic_inputs, spare_switches, spike_input
from .memristor_readout import readout
from .memristor_supply import supply
from .memristor_synapses import SYNAPSES, synapses
from .memristor_tables import EXPERIMENTS
from .pen import Pen


def schematic() -> Sheet:
    """Both sheets."""
    sheet = Sheet(
        "memristor_fixture",
        "Memristor fixture",
        comments=("Benatti et al., Nano Futures 7:2 (2023), Figs 1, 2, 4", "The devices are on the second sheet"),
    )
    supply(Pen(sheet, (14, 18)))
    spike_input(Pen(sheet, (14, 86)))
    back_spike_input(Pen(sheet, (14, 166)))
    logic_inputs(Pen(sheet, (124, 166)))
    spare_switches(Pen(sheet, (150, 134)))
    _synapses(sheet)
    readout(Pen(sheet, (204, 78)))
    sheet.table(EXPERIMENTS, (146, 20), (32, 18, 18, 18, 22, 12, 52))
    sheet.note(
        "Synapse n = 1 to 4; of those that are not used, take the cap off JPn7: their R_s amplifies the offset.\n"
        "A cap belongs on each JP5k before a chip is put in or taken out. Power first, generator second.",
        (146, 38),
    )
    return sheet


def _synapses(sheet: Sheet) -> None:
    pins = sheet.sub(synapses(), (166, 98), (24, 14), {f"w{n}.pre": "left" for n in SYNAPSES} | {"sum": "right"})
    for n in SYNAPSES:
        x, y = pins[f"w{n}.pre"]
        sheet.wire((x - 10, y), (x, y))
        sheet.label(f"w{n}.pre", (x - 10, y))
    x, y = pins["sum"]
    sheet.wire((x, y), (x + 6, y))
    sheet.label("sum", (x + 6, y))


CIRCUIT = Circuit("memristor_fixture", "Memristor fixture", schematic, layout)
