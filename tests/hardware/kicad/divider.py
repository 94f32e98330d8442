"""A board small enough to be generated in a test: a divider and a follower, on two sheets, parts on both sides."""

from neurorig.hardware.kicad.tools.circuit import Circuit
from neurorig.hardware.kicad.tools.drawing import Sheet
from neurorig.hardware.kicad.tools.layout import Layout, Place, Table, Text

RESISTOR = "Resistor_THT:R_Axial_DIN0207_L6.3mm_D2.5mm_P10.16mm_Horizontal"
CAPACITOR = "Capacitor_SMD:C_1206_3216Metric"
SOCKET = "Package_DIP:DIP-8_W7.62mm_Socket"
HEADER = "Connector_PinHeader_2.54mm:PinHeader_1x03_P2.54mm_Vertical"


def schematic() -> Sheet:
    root = Sheet("divider", "Divider with follower", paper="A4")
    follower = _follower()
    upper = root.place("Device:R", "R1", "100k", (60, 50), footprint=RESISTOR)
    lower = root.place("Device:R", "R2", "10k", (60, 65), footprint=RESISTOR)
    smooth = root.place("Device:C", "C1", "1u", (70, 65), footprint=CAPACITOR)
    ports = root.sub(follower, (90, 56), (12, 10), {"in": "left", "out": "right"})
    root.wire(upper.pin("2"), (60, 58), lower.pin("1"))
    root.wire((60, 58), (70, 58), smooth.pin("1"))
    root.label("mid", (65, 58))
    root.power("+5V", upper.pin("1"))
    root.power("GND", lower.pin("2"))
    root.power("GND", smooth.pin("2"))
    root.label("mid", ports["in"])
    root.label("out", ports["out"])
    socket = root.place("Connector_Generic:Conn_01x03", "J1", "divider", (140, 60), footprint=HEADER)
    root.power("+5V", socket.pin("1"))
    root.power("PWR_FLAG", socket.pin("1"))
    root.label("out", socket.pin("2"))
    root.power("GND", socket.pin("3"))
    root.power("PWR_FLAG", socket.pin("3"))
    return root


def _follower() -> Sheet:
    sheet = Sheet("follower", "Follower", paper="A4")
    first, second, supply = (
        sheet.place("Amplifier_Operational:LM358", "U1", "LM358", (60 + 30 * i, 60), unit=1 + i, footprint=SOCKET)
        for i in range(3)
    )
    sheet.port("in", first.pin("3"))
    sheet.port("out", first.pin("1"))
    sheet.label("out", first.pin("2"))
    sheet.label("spare", second.pin("7"))
    sheet.label("spare", second.pin("6"))
    sheet.power("GND", second.pin("5"))
    sheet.power("+5V", supply.pin("8"))
    sheet.power("GND", supply.pin("4"))
    return sheet


PLACES = {
    "R1": Place(8, 9),
    "R2": Place(22, 20, 90),
    "C1": Place(12, 18, 90, back=True),
    "U1": Place(28, 12),
    "J1": Place(45, 10),
}
SETTINGS = Table((("JP1", "gain"), ("1-2", "x1"), ("2-3", "x10")), 8, 24, (6, 6))


def layout() -> Layout:
    return Layout(
        size=(50, 34),
        places=PLACES,
        holes=((4, 30), (46, 30)),
        texts=(Text("divides by 11", 25, 30, align="center"), Text("upright", 3, 25, turn=90)),
        tables=(SETTINGS, Table((("JP1", "gain"), ("1-2", "x1")), 42, 25, (6, 6), back=True)),
        notes={"J1": "5 V, OUT, GND"},
    )


DIVIDER = Circuit("divider", "Divider with follower", schematic, layout)
