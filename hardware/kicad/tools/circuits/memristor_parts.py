"""Parts that only the memristor fixture has. Prices are estimates for one piece (EUR, 2026, without tax)."""

from neurorig.hardware.kicad.tools.drawing import Sim

from .measuring_parts import precise
from .parts import Bought, dip_socket
from .pen import pins

DIP_8, DIP_16 = "Package_DIP:DIP-8_W7.62mm_Socket", "Package_DIP:DIP-16_W7.62mm_Socket"

SDC = Bought(
    "Socket:DIP_Socket-16_W4.3mm_W5.08mm_W7.62mm_W10.16mm_W10.9mm_3M_216-3340-00-0602J",
    "3M",
    "216-3340-00-0602J",
    "any turned-pin socket DIP-16, 7.62 mm",
    14.00,
    "ZIF socket for Knowm M+SDC (carbon), 8 discrete, 16 DIP. "
    "Device k lies between pins k and 17-k, as Knowm's own Memristor Discovery draws the chip; assumed: pins 1 to 8 are the "
    "top electrodes (a chip turned by 180 degrees has device 9-k there with its polarity reversed)",
)
SWITCHES = Bought(
    DIP_16,
    "Analog Devices (Maxim)",
    "MAX4053ACPE+",
    "CD74HCT4053E (same pins; leakage not guaranteed)",
    5.50,
    "at +-5 V: 100 ohm, 0.1 nA, 10 pC at most, TTL thresholds (data sheet 19-0463); in a socket",
    dip_socket(16),
)
AMPLIFIER = Bought(
    DIP_8,
    "Texas Instruments",
    "OPA134PA",
    "OPA132PA (same pins and trimmer, from +-2.5 V, assumed); not OPA604, LF411, which want more than +-4.5 V",
    4.50,
    "FET inputs, 8 MHz, from +-2.5 V (data sheet SBOS058; numbers assumed from it); in a socket",
    dip_socket(8),
)
INVERTER = Bought(
    DIP_8,
    "Analog Devices (Linear)",
    "LTC660CN8#PBF",
    "MAX660CPA+; ICL7660, whose 55 ohm leave 0.25 V less",
    6.00,
    "-5 V from +5 V, 6.5 ohm; pin 1 at V+: 80 kHz; in a socket",
    dip_socket(8),
)
SIGNAL_DIODE = Bought(
    "Diode_THT:D_DO-35_SOD27_P7.62mm_Horizontal", "Vishay", "1N4148", "any 1N4148; 1N3595 leaks less", 0.05
)
SCHOTTKY = Bought(
    "Diode_THT:D_DO-41_SOD81_P10.16mm_Horizontal", "onsemi", "1N5817G", "1N5818, 1N5819", 0.30, "drops 0.2 V at 10 mA"
)
LED = Bought("LED_THT:LED_D3.0mm", "Kingbright", "WP710A10LGD", "any LED of 3 mm", 0.15)
MEMBRANE = Bought(
    "Capacitor_THT:C_Rect_L7.2mm_W3.5mm_P5.00mm_FKS2_FKP2_MKS2_MKP2",
    "WIMA",
    "FKP 2, 10 nF, 63 V, 2.5 %",
    "any polypropylene 10n, pitch 5 mm",
    0.60,
    "two make 20 nF; polypropylene neither leaks nor remembers",
)
BULK = Bought(
    "Capacitor_THT:CP_Radial_D6.3mm_P2.50mm", "Panasonic", "EEUFR1E101", "any 100 uF 16 V, pitch 2.5 mm", 0.25
)
NETWORK = Bought(
    "Resistor_THT:R_Array_SIP7", "Bourns", "4607X-101-104LF", "any SIP-7 of six 100k with a common pin", 0.40
)
OFFSET = Bought(
    "Potentiometer_THT:Potentiometer_Bourns_3296W_Vertical",
    "Bourns",
    "3296W-1-104LF",
    "any 25-turn 100k of this shape",
    2.50,
)

MIDDLE = Sim("trimmer", "1=a 2=wiper 3=b", "r=50k total=100k")
OWN = "memristor_fixture"
CHANGEOVER = Sim("changeover_3", pins(16), library=OWN)
OPA134 = Sim("amplifier_opa134", pins(8), library=OWN)
PUMP = Sim("inverter_660", pins(8), library=OWN)
CLAMP = Sim("diode_1n4148", "1=cathode 2=anode", library=OWN)
RECTIFIER = Sim("diode_1n5817", "1=cathode 2=anode", library=OWN)
PULL_DOWNS = Sim("resistors_6", pins(7), "r=100k", library=OWN)


def surrogate(value: str) -> Bought:
    """A resistor in the place of a device."""
    return precise(value, "E96 value next to the resistance of Benatti 2023: within 0.6 %")
