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
AREF      -           2.500 V behind 100 ohm (a 32k input: reads 0.3 % high): select EXTERNAL reference, no other
========  ==========  ===========================================================================================

A converter's output A is the source leg, B the sink leg; write gain 1 (GA = 1), unbuffered reference, SHDN bit 1.
The current of code c is (c - 8.2) steps for c above 8, and 0 below: CAL:OFFS of about 8.2 x 256 = 2097 and CAL:GAIN of
about 130 (0.2 %) straighten it, in both ranges alike. After OE high wait 2 ms (relay) before the level is set.
"""

from neurorig.hardware.kicad.tools.circuit import Circuit
from neurorig.hardware.kicad.tools.drawing import Sheet

from . import current_source_channel as one_channel
from . import current_source_logic as inputs
from . import current_source_parts as own
from . import parts
from .current_source_layout import layout
from .pen import Pen

LEFT = {  # pin of the Arduino at its left side, or right -> net
    "17": "trig",
    "18": "sync",
    "19": "spike1",
    "20": "spike2",
    "21": "oe1",
    "22": "oe2",
    "23": "icp",
    "24": "ldac",
    "25": "cs1",
    "26": "mosi",
    "27": "range_pin1",
    "28": "sck",
}
RIGHT = {"9": "v_out1", "10": "v_out2", "11": "i_sense1", "12": "i_sense2", "13": "cs2", "14": "range_pin2"}
OPEN = ("2", "3", "4", "8", "15", "16", "31", "32")
"""Pins that the shield leaves to the Arduino: IOREF, RESET, 3V3, VIN, UART, and the doubles of A4, A5."""

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
    _arduino(Pen(sheet, (10, 10)))
    _supply(Pen(sheet, (10, 96)))
    _reference(Pen(sheet, (10, 146)))
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
    uno = pen.part("MCU_Module:Arduino_UNO_R3", "A1", "Arduino_UNO_R3", (44, 40), own.UNO)
    for pin, net in (LEFT | RIGHT).items():
        x, y = uno.pins[pin]
        out = -8 if pin in LEFT else 8
        pen.sheet.wire((x, y), (x + out, y))
        pen.sheet.label(net, (x + out, y), 180 if out < 0 else 0)
    for pin in OPEN:
        pen.sheet.no_connect(uno.pins[pin])
    x, y = uno.pins["5"]
    pen.sheet.wire((x, y), (x, y - 2))
    pen.sheet.power("+5V", (x, y - 2))
    pen.wire((42, 62), (42, 64), (44, 64))
    pen.wire((44, 64), (46, 64), (46, 62))
    pen.wire((44, 62), (44, 66))
    pen.ground((44, 66))
    pen.sheet.power("PWR_FLAG", pen.at(46, 64), 180)
    pen.wire((54, 36), (70, 36))
    pen.resistor("R7", "100", (73, 36), 90)
    pen.wire((76, 36), (82, 36))
    pen.label("v_ref", (82, 36))
    pen.label("aref", (58, 36))
    pen.capacitor("C7", "100n", (66, 30), parts.CERAMIC)
    pen.wire((66, 33), (66, 36))
    pen.wire((66, 27), (70, 27), (70, 29))
    pen.ground((70, 29))
    pen.resistor("R5", "10k", (20, 56))
    pen.wire((20, 50), (20, 53))
    pen.label("ldac", (20, 50), 90)
    pen.sheet.power("+5V", pen.at(20, 59), 180)
    pen.frame(
        (0, 2),
        (92, 78),
        "Arduino Uno",
        "The shield takes its supply from USB through the Arduino: 90 mA, both outputs on.",
    )


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
    pen.sheet.power("PWR_FLAG", pen.at(52, 14))
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
    pen.wire((16, 16), (16, 20))
    pen.part("Reference_Voltage:LM4040LP-2.5", "U1", "LM4040AIZ-2.5", (16, 25), own.REFERENCE, turn=90, sim=own.ZENER)
    pen.wire((16, 20), (16, 22))
    pen.wire((16, 28), (16, 30))
    pen.ground((16, 30))
    pen.wire((16, 18), (46, 18))
    pen.capacitor("C6", "100n", (28, 24), parts.CERAMIC)
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
