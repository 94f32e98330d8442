"""Current source: a shield for the Arduino Uno, two channels of -250 to +250 uA, fulfilling firmware/PROTOCOL.md.

What the firmware is written from (the same table stands in the schematic):

========  ==========  ===========================================================================================
pin       net         meaning
========  ==========  ===========================================================================================
D0, D1    -           UART, 500 000 baud
D2        trig        TRIG IN: INT0, rising edge (not inverted; 0.1 us late)
D3        sync        SYNC OUT (not inverted); 100k to ground
D4        spike1      high while SPIKE IN 1 is above its threshold: pin change (PCINT20)
D5        spike2      the same of SPIKE IN 2 (PCINT21)
D6        oe1         output enable of channel 1: SHDN of its converter and its relay; 10k to ground
D7        oe2         the same of channel 2
D8        icp         ICP1: a pulse of 1 to 2 us, rising edge at each rise of either spike input
D9        ldac        OC1A: LDAC of both converters, active low; 10k to +5 V
D10       cs1         chip select of channel 1, active low; 10k to +5 V
D11       mosi        SPI
D12       range_pin1  input without pull-up (MISO of the SPI master): HIGH full range, LOW quarter (jumper JP11 on)
D13       sck         SPI
A0, A1    v_out1, 2   terminal voltage / 2: a step of the converter is 4.883 mV; also while OE is low
A2, A3    i_sense1, 2 magnitude of the delivered current: 10 kohm (quarter range: 40 kohm), so a step is FS / 1024
A4        cs2         chip select of channel 2, as cs1
A5        range_pin2  as D12, jumper JP21
AREF      -           2.500 V within 0.05 % (R7, R8 for an input of 32 kohm): select EXTERNAL reference, no other
========  ==========  ===========================================================================================

A converter's output A is the source leg, B the sink leg; write gain 1 (GA = 1), unbuffered reference, SHDN bit 1.
After OE high wait 2 ms (relay) before the level is set. The read-back's sign is that of the driven leg.

Before calibration the current of code c is (c - 8.2) steps for c above 8, and 0 below, in both ranges: at code 0 a leg is
off whatever its converter's offset. CAL:OFFS of about 2100, CAL:GAIN of about 70 (source leg) and 180 (sink leg) straighten
it; what is beyond code 4070 (248 uA) is refused then. Errors before calibration, at most: gain 1 % of the converter, 0.1 %
of the reference, 0.4 % of resistors and switches; offset +-1.6 codes of the converter (0.02 % typical). What calibration
leaves: the converter's linearity (2 steps typical, 12 at most). Resistors of 15 ppm/K, reference 100 ppm/K at most.
Noise in 1 kHz, computed: reference 3.5 nA at full scale, converter 1 nA, amplifiers and resistors 0.2 nA.

Supply: USB, 60 mA with both relays. At 4.75 V the source leg gives 250 uA up to 4.05 V at the terminal, at 5.0 V up to
4.25 V; the sink leg from 0.65 V, 116 uA and more at 0.3 V. Without supply a terminal sees 10 Mohm to about 0.5 V.
"""

from neurorig.hardware.kicad.tools.circuit import Circuit
from neurorig.hardware.kicad.tools.drawing import Sheet

from . import current_source_channel as one_channel
from . import current_source_logic as inputs
from . import current_source_parts as own
from . import parts
from .current_source_layout import layout
from .pen import Pen

HEADERS = {  # designator: the Arduino's pins from pin 1 on, each with its net; "" where the shield takes none
    "J8": {"SCL": "", "SDA": "", "AREF": "aref", "GND": "GND", "D13": "sck", "D12": "range_pin1", "D11": "mosi"}
    | {"D10": "cs1", "D9": "ldac", "D8": "icp"},
    "J7": {"D7": "oe2", "D6": "oe1", "D5": "spike2", "D4": "spike1", "D3": "sync", "D2": "trig", "D1": "", "D0": ""},
    "J5": {"NC": "", "IOREF": "", "RESET": "", "3V3": "", "5V": "+5V", "GND": "GND", "GND ": "GND", "VIN": ""},
    "J6": {"A0": "v_out1", "A1": "v_out2", "A2": "i_sense1", "A3": "i_sense2", "A4": "cs2", "A5": "range_pin2"},
}
"""The headers as they lie on the Uno, from the left: J8 and J7 above, J5 and J6 below."""

TABLE = (
    ("Pin", "Net", "Meaning"),
    ("D2", "trig", "TRIG IN: INT0, rising edge"),
    ("D3", "sync", "SYNC OUT"),
    ("D4, D5", "spike1, 2", "high while SPIKE IN is above its threshold (pin change)"),
    ("D6, D7", "oe1, 2", "output enable: SHDN and relay; low when floating"),
    ("D8", "icp", "ICP1: pulse of 1 to 2 us at each rise of either spike input"),
    ("D9", "ldac", "OC1A: latches both converters, active low"),
    ("D10, A4", "cs1, 2", "chip selects, active low"),
    ("D11, D13", "mosi, sck", "SPI to both converters"),
    ("D12, A5", "range_pin1, 2", "HIGH: full range; LOW: quarter (jumper on)"),
    ("A0, A1", "v_out1, 2", "terminal voltage / 2: 4.883 mV a step"),
    ("A2, A3", "i_sense1, 2", "delivered current, magnitude: FS / 1024 a step"),
    ("AREF", "aref", "2.500 V: only ever the EXTERNAL reference"),
)


def schematic() -> Sheet:
    """The Arduino with its supply and reference, and the sheets of the channels, of inputs and outputs."""
    sheet = Sheet(
        "current_source_shield",
        "Current source, shield for Arduino Uno",
        comments=("Fulfils hardware/firmware/PROTOCOL.md, version 1.1", "Code 0, OE low, no supply: no current"),
    )
    _arduino(Pen(sheet, (13, 13)))
    _supply(Pen(sheet, (13, 100)))
    _reference(Pen(sheet, (13, 150)))
    for n, y in ((1, 20), (2, 60)):
        ports = _block(sheet, one_channel.channel(n), (130, y), 26, one_channel.PORTS)
        for net, (end, turn) in ports.items():
            shared = net in ("sck", "mosi", "ldac", "v_ref")
            sheet.label(net if shared else f"{net}{n}", end, turn)
    for net, (end, turn) in _block(sheet, inputs.logic(), (130, 100), 24, inputs.PORTS).items():
        sheet.label(net, end, turn)
    sheet.table(TABLE, (190, 20), (18, 26, 76))
    return sheet


def _block(
    sheet: Sheet, page: Sheet, at: tuple[int, int], height: int, ports: dict[str, str]
) -> dict[str, tuple[tuple[int, int], int]]:
    """The block of a page with a short wire on each port: port -> its free end, and how a label there is turned."""
    ends = {}
    for net, (x, y) in sheet.sub(page, at, (30, height), ports).items():
        out = -5 if ports[net] == "left" else 5
        sheet.wire((x, y), (x + out, y))
        ends[net] = ((x + out, y), 180 if out < 0 else 0)
    return ends


def _arduino(pen: Pen) -> None:
    for ref, corner in (("J8", (14, 12)), ("J7", (14, 40)), ("J5", (56, 40)), ("J6", (56, 64))):
        _header(pen, ref, corner)
    pen.label("aref", (62, 14), 180)
    pen.wire((62, 14), (69, 14))
    pen.resistor("R7", "100", (72, 14), 90)
    pen.wire((75, 14), (80, 14))
    pen.label("v_ref", (80, 14))
    pen.part("Device:C", "C7", "100n", (66, 20), parts.CERAMIC)
    _aref(pen)
    pen.wire((66, 14), (66, 17))
    pen.ground((66, 23))
    pen.resistor("R5", "10k", (52, 16))
    pen.wire((52, 19), (52, 22))
    pen.label("ldac", (52, 22), 270)
    pen.supply((52, 13))
    pen.sheet.power("PWR_FLAG", pen.at(88, 12))
    pen.wire((88, 12), (88, 14), (94, 14))
    pen.supply((94, 14))
    pen.sheet.power("PWR_FLAG", pen.at(88, 22))
    pen.wire((88, 22), (88, 24), (94, 24))
    pen.ground((94, 24))
    pen.frame(
        (0, 2),
        (104, 84),
        "Arduino Uno",
        "The shield is plugged onto it and takes its supply from USB: 60 mA, both outputs on.",
    )


def _aref(pen: Pen) -> None:
    """R8 gives what the converter's 32 kohm take, so that R7, which limits what another choice of reference can do to both
    chips, drops nothing."""
    pen.resistor("R8", "31.6k", (62, 9))
    pen.wire((62, 12), (62, 14))
    pen.sheet.power("+5VA", pen.at(62, 6))


def _header(pen: Pen, ref: str, corner: tuple[int, int]) -> None:
    """A header with its pins called as on the Arduino."""
    names = HEADERS[ref]
    x, y = corner
    height = y + 2 * ((len(names) - 1) // 2)
    title = f"Arduino {next(iter(names)).strip()} to {list(names)[-1].strip()}"
    symbol = f"Connector:Conn_01x{len(names):02d}_Pin"
    bought = own.plug(len(names))._replace(accessories=own.STANDOFFS if ref == "J8" else "")
    header = pen.part(symbol, ref, title, (x, height), bought, hide_value=True)
    for number, (name, net) in enumerate(names.items(), 1):
        end = header.pins[str(number)]
        pen.sheet.note(name.strip(), (end[0] - 15, end[1] - 1))
        if not net:
            pen.sheet.no_connect(end)
            continue
        far = (end[0] + (16 if net in ("GND", "+5V") else 10), end[1])
        pen.sheet.wire(end, far)
        if net == "GND":
            pen.sheet.power(net, far, 90)
        elif net == "+5V":
            pen.sheet.power(net, far, 270)
        else:
            pen.sheet.label(net, far)


def _supply(pen: Pen) -> None:
    pen.supply((10, 12))
    pen.wire((10, 12), (10, 14), (19, 14))
    pen.part("Device:L", "L1", "100u", (22, 14), own.CHOKE, turn=90, sim=own.INDUCTOR)
    pen.wire((25, 14), (60, 14))
    for ref, value, bought, x in (("C8", "100u", own.BULK, 34), ("C9", "100n", parts.CERAMIC, 44)):
        symbol = "Device:C_Polarized" if bought is own.BULK else "Device:C"
        pen.part(symbol, ref, value, (x, 20), bought)
        pen.wire((x, 14), (x, 17))
        pen.ground((x, 23))
    pen.part("Device:C_Polarized", "C10", "47u", (14, 20), parts.BULK)
    pen.wire((14, 14), (14, 17))
    pen.ground((14, 23))
    pen.sheet.power("+5VA", pen.at(60, 12))
    pen.wire((60, 12), (60, 14))
    pen.sheet.power("PWR_FLAG", pen.at(49, 14))
    pen.test_point("TP5", "+5VA", (56, 14))
    pen.part("Connector:TestPoint", "TP6", "GND", (70, 14), parts.TEST_POINT)
    pen.wire((70, 14), (70, 17))
    pen.ground((70, 17))
    pen.frame(
        (0, 2),
        (92, 40),
        "Analog supply",
        "+5VA = +5 V - 0.02 V; 1.6 kHz: keeps the noise of USB and relays from the legs.",
    )


def _reference(pen: Pen) -> None:
    pen.sheet.power("+5VA", pen.at(16, 8))
    pen.resistor("R6", "470", (16, 13))
    pen.wire((16, 8), (16, 10))
    pen.wire((16, 16), (16, 21))
    pen.part("neurorig:LM4040_TO92", "U1", "LM4040AIZ-2.5", (16, 25), own.REFERENCE, sim=own.ZENER)
    pen.wire((14, 29), (14, 30), (18, 30), (18, 29))
    pen.ground((16, 30))
    pen.wire((16, 18), (46, 18))
    pen.part("Device:C", "C6", "100n", (28, 24), parts.CERAMIC)
    pen.wire((28, 18), (28, 21))
    pen.ground((28, 27))
    pen.test_point("TP7", "v_ref", (38, 18))
    pen.label("v_ref", (46, 18))
    pen.frame(
        (0, 2),
        (92, 46),
        "Reference",
        "2.500 V, 0.1 %, of converters and ADC: (4.73 V - 2.5 V) / 470 ohm = 4.7 mA, of which 2.7 mA are taken.",
    )


CIRCUIT = Circuit("current_source_shield", "Current source", schematic, layout)
