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
from .pen import Pen

EXPERIMENTS = (
    ("Experiment (Benatti 2023)", "JPn1 input", "JPn2 R_s", "JPn7 out", "Read-out", "JP65", "How"),
    ("I-V loop, Fig. 1(b)", "2-3 SMU", "on: none", "2-3 SMU", "-", "-", "SMU: 0, 0.4, 0, -0.8, 0 V; limit 10 uA"),
    ("LTP/LTD pulses, Fig. 1(d)", "1-2 gate", "off: 10k", "1-2 sum", "JP62: 100k", "on", "TTL wn high, pulses on spike"),
    ("Read, Fig. 1(c)", "1-2 gate", "off: 10k", "1-2 sum", "JP62: 100k", "on", "50 mV, 50 us: R = -50 mV 100k/v - R_s"),
    ("Theta burst, Figs 2, 4", "1-2 gate", "on: none", "1-2 sum", "JP63: C_m", "on", "spike 0.2 V; TTL w1..w4, dep, reset"),
    ("Overlap of the spikes", "1-2 gate", "off: 10k", "1-2 sum", "JP62: 100k", "off", "device: spike - back_spike"),
    ("Surrogate check", "1-2 gate", "off: 10k", "1-2 sum", "JP62: 100k", "on", "JPn3 off; one of JPn4, JPn5, JPn6 on"),
    ("Blank: R_s and switches", "1-2 gate", "off: 10k", "1-2 sum", "JP61: 10k", "on", "JP5n on: the device is shorted"),
)
"""Jumpers of synapse n for each experiment; out of the box: LTP/LTD and read with device n, all devices shorted."""


def schematic() -> Sheet:
    """Both sheets."""
    sheet = Sheet(
        "memristor_fixture",
        "Memristor fixture",
        comments=("Benatti et al., Nano Futures 7:2 (2023), Figs 1, 2, 4", "The devices are on the second sheet"),
    )
    supply(Pen(sheet, (10, 18)))
    spike_input(Pen(sheet, (10, 86)))
    back_spike_input(Pen(sheet, (10, 166)))
    logic_inputs(Pen(sheet, (124, 166)))
    spare_switches(Pen(sheet, (146, 134)))
    _synapses(sheet)
    readout(Pen(sheet, (206, 78)))
    sheet.table(EXPERIMENTS, (146, 20), (32, 18, 18, 18, 22, 12, 52))
    sheet.note("Jumpers of synapse n = 1 to 4. A cap belongs on each JP5k before a chip is put in or taken out.", (146, 38))
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
