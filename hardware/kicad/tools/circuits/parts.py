"""Parts of the neuron and synapse boards: what is bought, with its footprint, alternative and price.

Prices are estimates for one piece (EUR, 2026, without tax). Makers' numbers that no data sheet confirmed say "assumed".
"""

from typing import NamedTuple

from neurorig.signals import parse

YEAR = 2026


class Bought(NamedTuple):
    """A part of a shop: footprint of KiCad's libraries, maker, maker's number, what may replace it, price of one (EUR)."""

    footprint: str
    maker: str
    number: str
    alternative: str
    price: float
    note: str = ""
    accessories: str = ""
    """What is bought along with each: "<count> x <maker> <number> (<description>) @<price>", joined by "; "."""

    @property
    def fields(self) -> dict[str, str]:
        """Fields of the schematic, which become columns of the bill of materials."""
        fields = {
            "Manufacturer": self.maker,
            "MPN": self.number,
            "Alternative": self.alternative,
            "Price": f"{self.price:.2f} EUR ({YEAR}, one)",
        }
        more = {"Note": self.note, "Accessories": self.accessories}
        return fields | {name: text for name, text in more.items() if text}


CAP = "1 x Wuerth Elektronik 60900213421 (jumper cap, 2.54 mm) @0.10"


def dip_socket(pins: int) -> str:
    """The turned-pin socket of a chip in DIP with `pins` pins, as `accessories`."""
    code, price = {8: ("308", 0.70), 14: ("314", 1.00), 16: ("316", 1.10)}[pins]
    return f"1 x Mill-Max 110-43-{code}-41-001000 (socket DIP-{pins}, turned pins) @{price:.2f}"


CONTACTS_2 = "1 x Mill-Max 310-43-102-41-001000 (socket strip of 2 turned contacts) @0.40"
CONTACTS_3 = "1 x Mill-Max 310-43-103-41-001000 (socket strip of 3 turned contacts) @0.60"

FILM_BODY = "Capacitor_THT:C_Rect_L7.2mm_W11.0mm_P5.00mm_FKS2_FKP2_MKS2_MKP2"  # takes all MKS 2, 10 nF to 10 uF
FILM_NOTE = "socketed: two turned contacts; metallised polyester, RC above 1000 s (data sheet of MKS 2)"

THYRISTOR = Bought(
    "Package_TO_SOT_THT:TO-92_Inline_Wide",
    "STMicroelectronics",
    "P0118MA 2AL3",
    "Littelfuse S4X8TS1RP (SOT-223, on an adapter)",
    0.60,
    "I_GT 0.5 to 5 uA: presort, so that both neurons of a motif are alike; in turned contacts, printed K G A "
    "(order of the leads as on the published board; check the first one with a diode tester)",
    CONTACTS_3,
)
TRANSISTORS = Bought(
    "Package_DIP:DIP-14_W7.62mm_Socket",
    "Advanced Linear Devices",
    "ALD1105PBL",
    "ALD1105SBL (SOIC-14, on an adapter)",
    6.50,
    "two N and two P channel transistors, matched in pairs; in a socket",
    dip_socket(14),
)
TRIMMER_WEIGHT = Bought(
    "Potentiometer_THT:Potentiometer_Bourns_3296W_Vertical",
    "Bourns",
    "3296W-1-203LF",
    "Vishay T93YA203KT20 or any 20k of this shape, screw on top",
    2.50,
    "set by hand; its end is at 1 % or 2 ohm, whichever is greater: up to 200 ohm",
)
TRIMMER_LOAD = Bought(
    "Potentiometer_THT:Potentiometer_Bourns_3296W_Vertical", "Bourns", "3296W-1-502LF", "any 5k of this shape", 2.50
)
RESISTOR = Bought(
    "Resistor_THT:R_Axial_DIN0207_L6.3mm_D2.5mm_P10.16mm_Horizontal",
    "Vishay",
    "MBB0207",
    "any metal film 0.6 W, 1 %, size 0207",
    0.10,
)
SOCKET = RESISTOR._replace(
    maker="Mill-Max",
    number="310-43-101-41-001000",
    alternative="any turned SIL socket strip, cut",
    price=0.40,
    note="two single contacts, 10.16 mm apart; price of both",
)
FILM = Bought(FILM_BODY, "WIMA", "MKS 2", "KEMET R82, pitch 5 mm", 0.80, FILM_NOTE, CONTACTS_2)
FILM_LOAD = FILM._replace(
    alternative="two in parallel, or the next value of the series",
    footprint="Capacitor_THT:C_Rect_L7.2mm_W5.5mm_P5.00mm_FKS2_FKP2_MKS2_MKP2",
    price=0.50,
)
CERAMIC = Bought(
    "Capacitor_THT:C_Disc_D5.0mm_W2.5mm_P5.00mm", "Vishay", "K104K15X7RF53H5", "any 100 nF X7R 50 V, pitch 5 mm", 0.20
)
BULK = Bought("Capacitor_THT:CP_Radial_D6.3mm_P2.50mm", "Panasonic", "ECA1EM470", "any 47 uF 16 V, pitch 2.5 mm", 0.25)
AMPLIFIER = Bought(
    "Package_DIP:DIP-8_W7.62mm_Socket",
    "Microchip",
    "MCP6022-I/P",
    "MCP6002-I/P (slower)",
    2.20,
    "input current 1 pA (typical), rail to rail; in a socket",
    dip_socket(8),
)
SWITCHES = Bought(
    "Package_DIP:DIP-14_W7.62mm_Socket",
    "Analog Devices (Maxim)",
    "MAX4066ACPD+",
    "MAX4066CPD+ (1 nA); TI SN74HC4066N for synapses that do not burst: 100 nA at 25 degC and 5 uA over temperature at "
    "most, high level 3.5 V",
    6.00,
    "open: 0.1 nA at most at 25 degC; logic of 3.3 V and 5 V (data sheet 19-0439); stock of the DIP not checked; in a socket",
    dip_socket(14),
)
DIGITAL = Bought(
    "Package_DIP:DIP-8_W7.62mm_Socket",
    "Microchip",
    "MCP4151-103E/P",
    "MCP4151-502E/P (5k), MCP4151-503E/P (50k)",
    1.50,
    "option: 257 steps of 39 ohm, wiper 75 ohm, 2.5 mA at most",
    dip_socket(8),
)
PROTECTION = Bought(
    "Package_TO_SOT_SMD:SOT-23",
    "Alpha & Omega",
    "AO3401A",
    "IRLML6402 or DMP2035U (same pins)",
    0.15,
    "drops 1 mV at 20 mA",
)
THERMOMETER = Bought(
    "Package_TO_SOT_THT:TO-92_Inline_Wide",
    "Microchip",
    "MCP9700A-E/TO",
    "TMP36GT9Z (same pins, same formula)",
    0.60,
    "0.5 V + 10 mV/K; beside the thyristors",
)
FUSE = Bought(
    "Fuse:Fuse_Bourns_MF-RHT050",
    "Bourns",
    "MF-RHT050-0",
    "any PTC of 0.5 A for 16 V or more, pitch 5.1 mm",
    0.60,
    "holds 0.5 A, trips at 1 A; below 1.5 ohm: 15 mV at 10 mA (assumed: read in no data sheet)",
)
CLAMP_SUPPLY = Bought(
    "Diode_THT:D_DO-15_P12.70mm_Horizontal",
    "onsemi",
    "1N5339BG",
    "any 1N5339B: 5.6 V, 5 W",
    0.50,
    "takes 0.5 A, which the fuse lets pass, for ever",
)
CLAMP_GATE = Bought(
    "Diode_THT:D_DO-35_SOD27_P7.62mm_Horizontal",
    "Nexperia",
    "BZX79-C5V6",
    "any BZX79C5V6 or BZX55C5V6",
    0.10,
    "below 1 uA at 1 V, of 45 uA (data sheets of BZX79C); 5 % of the current of a spike at most",
)
BNC = Bought(
    "Connector_Coaxial:BNC_Amphenol_B6252HB-NPP3G-50_Horizontal",
    "Amphenol RF",
    "B6252HB-NPP3G-50",
    "a pin header in pads 1 and 2",
    4.50,
)
TERMINALS = Bought(
    "TerminalBlock_Phoenix:TerminalBlock_Phoenix_MKDS-1,5-2-5.08_1x02_P5.08mm_Horizontal",
    "Phoenix Contact",
    "1715721",
    "any screw terminal, pitch 5.08 mm",
    1.20,
)
TEST_POINT = Bought("TestPoint:TestPoint_Keystone_5000-5004_Miniature", "Keystone", "5002", "a loop of wire", 0.35)


def resistor(value: str) -> Bought:
    """Metal film, 1 %; the maker's number ends in three digits of the value and the power of ten that multiplies them
    (680k: 6803), whose code for 0.1 is 9, for 0.01 8 (10 ohm: 1009; Vishay's data sheet 28724)."""
    digits, exponent = f"{parse(value + 'ohm', 'ohm'):.2e}".split("e")
    code = f"{digits.replace('.', '')}{(int(exponent) - 2) % 10}"
    return RESISTOR._replace(number=f"MBB02070C{code}FCT00")


FILM_NUMBERS = {
    "10n": "MKS2D021001A00KSSD",
    "33n": "MKS2D023301A00KSSD",
    "100n": "MKS2C031001A00KSSD",
    "1u": "MKS2C041001F00KSSD",
    "4.7u": "MKS2B044701K00KSSD",
    "10u": "MKS2B051001N00KSSD",
}
"""WIMA's numbers: series, volts, value, size (all but 100n assumed from that pattern: check before ordering)."""


def film(value: str, bought: Bought = FILM) -> Bought:
    """Film capacitor of this value; where the maker's number was not confirmed, it is described instead."""
    if value in FILM_NUMBERS:
        return bought._replace(number=FILM_NUMBERS[value])
    return bought._replace(number=f"MKS 2, {value}F, 50 V or 63 V, pitch 5 mm")


def header(rows: int, pins: int, caps: int = 0) -> Bought:
    """Pin header of 2.54 mm with `rows` rows of `pins`, and so many caps for it as a jumper."""
    return Bought(
        f"Connector_PinHeader_2.54mm:PinHeader_{rows}x{pins:02d}_P2.54mm_Vertical",
        "Wuerth Elektronik",
        f"6130{rows * pins:02d}{rows}1121",
        "any pin header of 2.54 mm",
        0.10 * rows * pins,
        accessories=CAP.replace("1 x", f"{caps} x") if caps else "",
    )
