"""Blocks of a neuron: membrane with thyristor, buffers for the scope, and the I_delta block that follows it."""

from neurorig.hardware.kicad.fitting import END_STOP, figures, printed
from neurorig.hardware.kicad.tools.drawing import Sheet, Sim

from . import parts
from .pen import DUAL_8, OPEN_SOCKET, Pen, Point

THYRISTOR = Sim("thyristor", "1=cathode 2=gate 3=anode")


def membrane(sheet: Sheet, project: str, k: int, origin: Point) -> None:
    """Neuron `k` of Fig. 18 (left): C_m, thyristor with R_m, load R_a or R_L, C_L. 64 wide, 42 high."""
    pen, n = Pen(sheet, origin), f"n{k}"

    def value(part: str) -> tuple[str, str]:
        return printed(part, project), figures(part, project)

    pen.frame(
        (-18, -8),
        (68, 42),
        f"Neuron {n}",
        "C_m dV_m/dt = -V_m / (R_m[S] + R_a) + I_s2 + I_0   (9)\n"
        "V_ap = R_a V_m / (R_m[S] + R_a)   (10)\n"
        "Wu 2025, Figs 17 and 18. Bursting neuron of Wu 2023: load on R_L, C_L closed.\n"
        f"R_i{k}, against wrong poles, leaks nothing, unlike a diode. Compliance of the source: 5 V at most;\n"
        f"D_ap{k} then keeps the gate that follows below 6.5 V; at the threshold it sees 0.1 V.",
    )
    pen.part("Connector:Conn_Coaxial", f"J_i0_{k}", f"{n}.i0", (-10, 0), parts.BNC, mirror="y")
    pen.ground((-10, 4))
    pen.wire((-6, 0), (3, 0))
    pen.label(f"{n}.i0", (-4, 0))
    pen.resistor(f"R_i{k}", "470", (6, 0), turn=90)
    pen.wire((9, 0), (48, 0))
    pen.label(f"{n}.v_m", (48, 0))
    pen.capacitor(f"C_m{k}", value(f"C_m{k}")[0], (14, 5), figures=value(f"C_m{k}")[1])
    pen.wire((14, 0), (14, 2))
    pen.ground((14, 8))
    pen.test_point(f"TP{k}_1", f"{n}.v_m", (42, 0))
    pen.resistor(f"R_m{k}", value(f"R_m{k}")[0], (24, 5), figures=value(f"R_m{k}")[1])
    pen.wire((24, 0), (24, 2))
    pen.wire((24, 8), (24, 9), (31, 9))
    pen.label(f"{n}.gate", (24, 9), 180)
    pen.part("Device:Q_SCR_KGA", f"T{k}", "P0118MA", (34, 7), parts.THYRISTOR, sim=THYRISTOR)
    pen.wire((34, 0), (34, 4))
    pen.wire((34, 10), (34, 14), (60, 14))
    pen.label(f"{n}.v_ap", (60, 14))
    pen.test_point(f"TP{k}_2", f"{n}.v_ap", (44, 14))
    pen.wire((34, 14), (34, 17))
    pen.clamp(f"D_ap{k}", "BZX79-C5V6", (49, 17), parts.CLAMP_GATE)
    pen.ground((49, 20))
    pen.selector(f"JP_load{k}", "R_a | R_L", (34, 20), mirror="x")
    pen.wire((29, 20), (22, 20), (22, 23))
    pen.resistor(f"R_a{k}", value(f"R_a{k}")[0], (22, 26), figures=value(f"R_a{k}")[1])
    pen.ground((22, 29))
    pen.wire((39, 20), (42, 20), (42, 23))
    load = value(f"R_L{k}")
    pen.rheostat(f"R_L{k}", load[0], (42, 26), parts.TRIMMER_LOAD, "5k", mirror="y", figures=load[1])
    pen.wire((39, 26), (38, 26), (38, 29), (42, 29))
    pen.ground((42, 29))
    pen.wire((56, 14), (56, 15))
    pen.jumper(f"JP_C_L{k}", "C_L on", (56, 19), turn=270)
    pen.capacitor(f"C_L{k}", value(f"C_L{k}")[0], (56, 26), parts.FILM_LOAD, figures=value(f"C_L{k}")[1])
    pen.ground((56, 29))


def buffers(sheet: Sheet, k: int, origin: Point) -> None:
    """Voltage followers for V_m and V_ap with their BNC sockets. 56 wide, 42 high."""
    pen, n = Pen(sheet, origin), f"n{k}"
    pen.frame(
        (-10, -8),
        (54, 42),
        f"Buffers of {n} for the scope",
        "Input current 1 pA (typical), below 1 nA in any laboratory:\n"
        "nothing of the 45 uA that decide whether the neuron fires.\n"
        "100 ohm: so that the cable does not make it oscillate.",
    )
    for unit, (net, y) in enumerate((("v_m", 0), ("v_ap", 16)), start=1):
        pen.label(f"{n}.{net}", (-4, y - 2), 180)
        pen.wire((-4, y - 2), (-3, y - 2))
        pen.resistor(f"R_p{k}_{unit}", "10k", (0, y - 2), turn=90)
        pen.wire((3, y - 2), (6, y - 2))
        pen.part("Amplifier_Operational:MCP6022", f"U{k}", "MCP6022", (12, y), parts.AMPLIFIER, unit=unit, sim=DUAL_8)
        pen.wire((6, y + 2), (6, y + 6), (20, y + 6), (20, y), (18, y))
        pen.wire((20, y), (23, y))
        pen.resistor(f"R_o{k}_{unit}", "100", (26, y), turn=90)
        pen.wire((29, y), (38, y))
        pen.part("Connector:Conn_Coaxial", f"J_{net}_{k}", f"{n}.{net}", (42, y), parts.BNC)
        pen.ground((42, y + 4))


def delta(sheet: Sheet, project: str, index: str, origin: Point, *, digital: bool = True) -> None:
    """I_delta block of synapse `index` ("11": from n1 to n1): inverter, switch, R_W. 66 wide, 42 high.

    `digital`: whether the board has a `digital_weight`.
    """
    pen, s, pre = Pen(sheet, origin), f"s{index}", f"n{index[0]}"
    pen.frame(
        (-14, -20),
        (72, 34),
        f"I_delta of {s}",
        "I_delta H(V_ap - Omega) of eq. (11): while V_ap is above 0.75 V,\n"
        f"the P transistor of Q{index}_1 switches +5 V through R_W onto C_s. Circuit of the published synapse board.\n"
        "Width R_a C_m; height 4 V / R_W, less below 5 kohm where the transistors limit.",
    )
    pen.label(f"{pre}.v_ap", (-4, 12), 180)
    pen.wire((-4, 12), (0, 12))
    pen.transistor(f"Q{index}_1", 1, (4, 12))
    pen.ground((6, 16))
    pen.resistor(f"R_pull{index}", "100k", (6, -3))
    pen.supply((6, -6))
    pen.wire((6, 0), (6, 8))
    pen.wire((6, 3), (14, 3), (14, -3), (16, -3))
    pen.transistor(f"Q{index}_1", 3, (20, -3))
    pen.supply((22, -7))
    pen.wire((22, 1), (22, 5), (36, 5))
    pen.label(f"{s}.switch", (23, 5))
    pen.test_point(f"TP{index}_7", f"{s}.switch", (29, 5), turn=180)
    if digital:
        pen.selector(f"JP_weight{index}", "trimmer | digital", (39, 5), turn=270)
        pen.wire((39, 0), (39, -3), (47, -3))
        pen.wire((39, 10), (39, 13), (42, 13))
        pen.label(f"{s}.digital", (42, 13))
    else:
        pen.wire((36, 5), (39, 5))
        pen.jumper(f"JP_weight{index}", "trimmer", (39, 1), closed=True, turn=90)
        pen.wire((39, -3), (47, -3))
    weight = printed(f"R_W{index}", project), figures(f"R_W{index}", project)
    pen.rheostat(f"R_W{index}", weight[0], (50, -3), parts.TRIMMER_WEIGHT, "20k", turn=90, figures=weight[1])
    pen.wire((50, -6), (50, -8), (56, -8), (56, -3), (53, -3))
    pen.wire((33, 5), (33, -13), (47, -13))
    pen.part(
        "Device:R",
        f"R_Wp{index}",
        "socket",
        (50, -13),
        parts.SOCKET,
        turn=90,
        sim=OPEN_SOCKET,
        extra={"Figures": listed} if (listed := figures(f"R_Wp{index}", project)) else None,
    )
    pen.wire((53, -13), (60, -13), (60, -3), (64, -3))
    pen.wire((56, -3), (60, -3))
    pen.test_point(f"TP{index}_6", f"{s}.i_delta", (61, -3), turn=180)
    pen.label(f"{s}.i_delta", (64, -3))
    pen.note(
        f"R_W below {END_STOP:g} ohm: cap off JP_weight,\nresistor or wire in the socket.\n"
        "To set R_W: supply off, caps off JP_weight\nand JP_stages, ohmmeter on its pins 1 and 2.",
        (30, 15),
    )


def digital_weight(sheet: Sheet, index: str, origin: Point) -> None:
    """Option: R_W set by a computer, not fitted. 44 wide, 42 high."""
    pen, s = Pen(sheet, origin), f"s{index}"
    pen.frame(
        (-16, -16),
        (32, 26),
        f"R_W of {s} by computer (not fitted)",
        "R = 75 ohm + 39 ohm x (256 - code).\nJP_weight on digital. SPI up to 100 kHz.",
    )
    pot = pen.part(
        "Potentiometer_Digital:MCP4151-xxxx-P", f"U{index}_2", "MCP4151-103E/P", (0, 0), parts.DIGITAL, fitted=False
    )
    for name, net in (("1", f"{s}.select"), ("2", "spi.sck"), ("3", "spi.sdi")):
        x, y = pot.pin(name)
        sheet.label(net, (x, y), 180)
    for ref, value, at in ((f"R_cs{index}", "10k", (-6, 16)), (f"R_csup{index}", "100k", (9, 16))):
        pen.part("Device:R", ref, value, at, parts.resistor(value), turn=90, fitted=False)
    pen.label(f"{s}.cs", (-9, 16), 180)
    pen.wire((-3, 16), (6, 16))
    pen.label(f"{s}.select", (-2, 16))
    pen.wire((12, 16), (14, 16), (14, 15))
    pen.supply((14, 15))
    pen.supply((0, -8))
    pen.ground((0, 8))
    pen.wire((10, -2), (13, -2))
    pen.label(f"{s}.digital", (13, -2))
    pen.wire((10, 0), (13, 0), (13, 2), (10, 2))
    pen.wire((13, 2), (14, 2))
    pen.label(f"{s}.i_delta", (14, 2))
    pen.part("Device:C", f"C_d{index}_5", "100n", (24, -8), parts.CERAMIC, fitted=False)
    pen.supply((24, -11))
    pen.ground((24, -5))
