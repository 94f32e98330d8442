"""Parts that only the current-source shield has. Prices are estimates for one piece (EUR, 2026, without tax).

Pins of the small transistors: source, gate, drain (data sheets of TN2106 and TN0106, same maker and package "N3"); those
of the quad amplifier: the usual ones of a quad in SO-14, as TI's OPA4188 (SBOS641D, pin functions) and KiCad's LM324 have
them; a public pin map that cites the sheet of the OPA4388 itself (OPAx388, page 5, Fig. 5-4) has the same.
"""

from neurorig.hardware.kicad.tools.drawing import Sim

from .parts import Bought, dip_socket, header
from .pen import pins

DIP_8, DIP_14 = "Package_DIP:DIP-8_W7.62mm_Socket", "Package_DIP:DIP-14_W7.62mm_Socket"
LIBRARY = "current_source"

CONVERTER = Bought(
    DIP_14,
    "Microchip",
    "MCP4922-E/P",
    "MCP4922-I/P",
    3.60,
    "two 12-bit converters; INL 2 LSB typical, 12 LSB at most, gain error 1 % at most (assumed from DS22250); in a socket",
    dip_socket(14),
)
QUAD = Bought(
    "Package_SO:SOIC-14_3.9x8.7mm_P1.27mm",
    "Texas Instruments",
    "OPA4388ID",
    "OPA4388 is the only quad that keeps offset and speed; AD8630ARZ settles in 40 us instead",
    8.50,
    "10 MHz, 5 V/us, 8 uV, rail to rail at both ends, no change-over within (SBOS777; numbers assumed from it); pins as "
    "OPA4188 (SBOS641D)",
)
BUFFER = Bought(
    DIP_8,
    "Microchip",
    "MCP6022-I/P",
    "MCP6002-I/P (slower)",
    2.20,
    "input current 1 pA (typical), 0.5 mV, rail to rail; in a socket",
    dip_socket(8),
)
NMOS = Bought(
    "Package_TO_SOT_THT:TO-92_Inline_Wide",
    "Microchip",
    "TN0104N3-G",
    "TN0106N3-G (2 V); not the 2N7000, whose 3 V leave no room",
    0.66,
    "threshold 0.6 to 1.6 V, 1.5 ohm, 50 pF",
)
PMOS = Bought(
    "Package_TO_SOT_THT:TO-92_Inline_Wide",
    "Microchip",
    "TP2104N3-G",
    "TP0604N3-G; ZVP2106A has other pins",
    0.60,
    "threshold 1 to 2 V, 6 ohm, 35 pF",
)
RELAY = Bought(
    "Relay_THT:Relay_SPST_StandexMeder_SIL_Form1A",
    "Standex-Meder",
    "SIL05-1A72-71L",
    "Littelfuse HE3621A0510 (same pins)",
    3.40,
    "500 ohm, pulls at 3.5 V, 0.5 ms with bounce, 10 Gohm when open (assumed from the data sheet)",
)
REFERENCE = Bought(
    "Package_TO_SOT_THT:TO-92_Inline",
    "Texas Instruments",
    "LM4040AIZ-2.5/NOPB",
    "LM4040BIZ-2.5 (0.2 %)",
    1.90,
    "2.500 V, 0.1 %, 100 ppm/K at most, 0.1 to 15 mA. In TO-92 the cathode is the middle lead; which outer one is the anode "
    "the sheets in print tell in two ways (the other one is not connected inside), so both pads are on GND",
)
COMPARATOR = Bought(
    DIP_8,
    "Texas Instruments",
    "TLC372CP",
    "LM393P loads the input with 0.1 uA",
    1.00,
    "5 pA, 0.2 us; inputs from 0 to 1.5 V below the supply (SLCS114): the threshold always is within, and one input within "
    "is enough; in a socket",
    dip_socket(8),
)
SCHMITT = Bought(DIP_14, "Texas Instruments", "SN74HC14N", "any 74HC14, DIP", 0.50, "in a socket", dip_socket(14))
NAND = Bought(DIP_14, "Texas Instruments", "SN74HC132N", "any 74HC132, DIP", 0.60, "in a socket", dip_socket(14))
SIGNAL_DIODE = Bought("Diode_THT:D_DO-35_SOD27_P7.62mm_Horizontal", "Vishay", "1N4148", "any 1N4148", 0.05)
SCHOTTKY = Bought("Diode_THT:D_DO-35_SOD27_P7.62mm_Horizontal", "Vishay", "BAT85S", "BAT42, BAT43", 0.15)
CHOKE = Bought(
    "Inductor_THT:L_Axial_L9.5mm_D4.0mm_P12.70mm_Horizontal_Fastron_SMCC",
    "Fastron",
    "SMCC-101K-02",
    "any axial 100 uH, below 1 ohm, 0.2 A",
    0.40,
)
BULK = Bought(
    "Capacitor_THT:CP_Radial_D6.3mm_P2.50mm", "Panasonic", "EEUFR1C101", "any 100 uF 16 V, pitch 2.5 mm", 0.25
)
THRESHOLD = Bought(
    "Potentiometer_THT:Potentiometer_Bourns_3296W_Vertical",
    "Bourns",
    "3296W-1-103LF",
    "any 25-turn 10k of this shape",
    2.50,
)


STANDOFFS = (
    "4 x Ettinger 05.03.181 (standoff M3, 18 mm, cut to the height of the Uno: number assumed) @0.60; "
    "8 x Wuerth Elektronik 97790603211 (screw M3, 6 mm: number assumed) @0.10"
)


def plug(count: int) -> Bought:
    """A pin header that plugs into the Arduino, soldered from below."""
    return header(1, count)._replace(note="pins point down: soldered from below, into the Arduino's socket")


def model(name: str, pads: str, params: str = "") -> Sim:
    """A model of library/current_source.lib."""
    return Sim(name, pads, params, library=LIBRARY)


CONVERTERS = {n: model(f"MCP4922_{n}", pins(14)) for n in (1, 2)}
AMPLIFIERS = model("OPA4388", pins(14))
N_CHANNEL = model("TN0104", "1=source 2=gate 3=drain")
P_CHANNEL = model("TP2104", "1=source 2=gate 3=drain")
REED = model("reed", "1=a 3=coil 5=coil_b 7=b")
ZENER = model("LM4040", "1=nc 2=k 3=a")
BUFFERS = model("MCP6022_cs", pins(8))
COMPARATORS = model("TLC372", pins(8))
INVERTERS = model("SN74HC14", pins(14))
NANDS = model("SN74HC132", pins(14))
DIODE = model("diode_cs", "1=k 2=a")
SCHOTTKY_DIODE = model("schottky_cs", "1=k 2=a")
INDUCTOR = model("choke", "1=a 2=b")
