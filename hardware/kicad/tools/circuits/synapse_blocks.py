"""Blocks of a synapse: order of the synapse, stages with their mirrors, output, discharge of C_s."""

from neurorig.hardware.kicad.fitting import figures, printed
from neurorig.hardware.kicad.tools.drawing import Sheet

from . import parts
from .pen import SWITCH_14, Pen, Point

SWITCH = parts.SWITCHES.number
STAGE = "tau_s dI_s{k}/dt = -I_s{k} + {source}   ({equation})\ntau_s = R_s C_s,  I_s{k} = (V_C{k} - 0.75 V) / R_s"


def order(sheet: Sheet, index: str, origin: Point) -> None:
    """Where I_delta goes: stage 1, the last stage, or straight to the output. 36 wide, 34 high."""
    pen, s = Pen(sheet, origin), f"s{index}"
    pen.frame((-12, -10), (24, 30), f"Order of {s}", "One cap: alpha, exp or delta synapse\n(Wu 2025, Appendix).")
    pen.label(f"{s}.i_delta", (-2, 0), 180)
    pen.wire((-2, 0), (2, 0), (2, 16), (4, 16))
    pen.wire((2, 0), (4, 0))
    pen.wire((2, 8), (4, 8))
    for row, (stages, text, net) in enumerate(((2, "alpha", "v_c1"), (1, "exp", "v_c2"), (0, "delta", "out"))):
        pen.jumper(f"JP_stages{index}_{stages}", text, (8, 8 * row), closed=stages == 2, caps=int(stages == 2))
        pen.wire((12, 8 * row), (14, 8 * row))
        pen.label(f"{s}.{net}", (14, 8 * row))


def first_stage(sheet: Sheet, project: str, index: str, origin: Point) -> None:
    """Stage 1, whose copy always flows into C_s of the last stage (Fig. 19). 66 wide, 60 high."""
    pen, s = Pen(sheet, origin), f"s{index}"
    pen.frame(
        (-10, -32),
        (56, 29),
        f"Stage 1 of {s}",
        STAGE.format(k=1, source="I_delta H(V_pre - Omega)", equation=11)
        + f"\nWu 2025, Figs 17 and 19: Q1 to Q4 of the paper are one ALD1105, Q{index}_2.",
    )
    _leaky_integrator(pen, project, index, 1)
    _mirrors(pen, f"Q{index}_2")
    pen.wire((46, -12), (46, 0), (48, 0))
    pen.label(f"{s}.v_c2", (48, 0))


def last_stage(sheet: Sheet, project: str, index: str, post: str, origin: Point) -> None:
    """Last stage with source and sink leg, replica, output jumper and switch (Fig. 20). 116 wide, 60 high.

    `post`: net that the output flows into.
    """
    pen, s = Pen(sheet, origin), f"s{index}"
    pen.frame(
        (-10, -32),
        (106, 29),
        f"Last stage and output of {s}",
        STAGE.format(k=2, source="I_s1", equation=12)
        + "\nWu 2025, Fig. 20: either leg is the partner of its diode in one chip. Delta inhibitory: JP_stages_1, C_s open, "
        "R_s closed.\nReplica: 10 mV for 1 uA, of another chip: off by 20 % (exc) to 80 % (inh) for 20 mV between them. "
        "Exact: (v_c2 - v_g2) / R_s.",
    )
    _leaky_integrator(pen, project, index, 2)
    pen.label(f"{s}.v_g2", (25, 0))
    pen.test_point(f"TP{index}_5", f"{s}.v_g2", (21, 0))
    _mirrors(pen, f"Q{index}_3", joined=False)
    pen.wire((32, 4), (32, 3), (34, 3))
    pen.label(f"{s}.down", (34, 3))
    pen.wire((32, -9), (32, -5), (34, -5))
    pen.label(f"{s}.diode", (34, -5))
    # replica of the N mirror, which feeds the P mirror while the sink leg is the output
    pen.wire((26, 8), (26, 17), (42, 17), (42, 14), (44, 14))
    pen.transistor(f"Q{index}_1", 2, (48, 14))
    pen.ground((50, 18))
    pen.wire((50, 10), (50, 8), (52, 8))
    pen.label(f"{s}.copy", (52, 8))
    # replica leg, on the gates of the P mirror
    pen.wire((38, -16), (38, -26), (56, -26), (56, -16), (58, -16))
    pen.transistor(f"Q{index}_1", 4, (62, -16))
    pen.supply((64, -20))
    pen.resistor(f"R_rep{index}", "10k", (64, -8))
    pen.ground((64, -5))
    pen.wire((64, -12), (64, -11))
    pen.wire((64, -12), (76, -12))
    pen.test_point(f"TP{index}_4", f"{s}.i_out", (73, -12))
    pen.label(f"{s}.i_out", (76, -12))
    # sign
    pen.wire((46, -12), (46, -5), (48, -5))
    pen.label(f"{s}.up", (48, -5))
    pen.double_selector(f"JP_sign{index}", "exc | inh", (89, 13))
    for row, (left, right) in enumerate((("up", "down"), ("out", "diode"), ("down", "copy"))):
        pen.wire((84, 11 + 2 * row), (85, 11 + 2 * row))
        pen.label(f"{s}.{left}", (84, 11 + 2 * row), 180)
        pen.wire((95, 11 + 2 * row), (96, 11 + 2 * row))
        pen.label(f"{s}.{right}", (96, 11 + 2 * row))
    # output
    pen.wire((58, 3), (68, 3))
    pen.label(f"{s}.out", (58, 3), 180)
    pen.test_point(f"TP{index}_3", f"{s}.out", (63, 3))
    pen.selector(f"JP_output{index}", "membrane | 10k", (71, 3), turn=270)
    pen.wire((71, 8), (71, 10))
    pen.resistor(f"R_out{index}", "10k", (71, 13))
    pen.ground((71, 16))
    pen.wire((71, -2), (71, -5), (78, -5))
    pen.part("Analog_Switch:CD4066BE", f"U{index}_1", SWITCH, (84, -5), parts.SWITCHES, unit=1, sim=SWITCH_14)
    pen.wire((90, -5), (93, -5))
    pen.label(post, (93, -5))
    pen.wire((84, -1), (84, 3), (86, 3))
    pen.label(f"{s}.couple", (86, 3))


def control(sheet: Sheet, index: str, origin: Point) -> None:
    """Logic inputs: coupled (pulled up), discharge of both C_s (pulled down). 78 wide, 42 high."""
    pen, s = Pen(sheet, origin), f"s{index}"
    pen.frame(
        (-12, -10),
        (70, 32),
        f"Logic of {s}: coupled, discharge",
        "Left open: coupled, and no discharge. 10 kohm: logic feeds no board without supply.\n"
        "Discharge: 1 kohm on each C_s, 5 R C = 50 ms for 10 uF.\n"
        "MAX4066A: 0.1 nA at most at 25 degC, logic of 3.3 V or 5 V. 74HC4066: 100 nA\n"
        "at 25 degC, 5 uA over temperature at most, 5 V logic: not where it is to burst.",
    )
    for unit, (row, net) in enumerate(((0, "v_c1"), (11, "v_c2")), start=2):
        pen.label(f"{s}.{net}", (-2, row), 180)
        pen.wire((-2, row), (2, row))
        pen.part("Analog_Switch:CD4066BE", f"U{index}_1", SWITCH, (8, row), parts.SWITCHES, unit=unit, sim=SWITCH_14)
        pen.wire((14, row), (15, row))
        pen.resistor(f"R_dis{index}_{unit - 1}", "1k", (18, row), turn=90)
        pen.wire((21, row), (22, row))
        pen.ground((22, row))
        pen.wire((8, row + 4), (8, row + 5), (10, row + 5))
        pen.label(f"{s}.empty", (10, row + 5))
    pen.resistor(f"R_up{index}", "100k", (36, 3))
    pen.supply((36, 0))
    pen.wire((36, 6), (36, 8))
    pen.label(f"{s}.coupled", (36, 8), 180)
    pen.wire((36, 8), (40, 8))
    pen.resistor(f"R_cp{index}", "10k", (43, 8), turn=90)
    pen.wire((46, 8), (48, 8))
    pen.label(f"{s}.couple", (48, 8))
    pen.resistor(f"R_down{index}", "100k", (36, 17))
    pen.ground((36, 20))
    pen.wire((36, 14), (36, 13))
    pen.wire((36, 13), (40, 13))
    pen.label(f"{s}.discharge", (36, 13), 180)
    pen.resistor(f"R_dc{index}", "10k", (43, 13), turn=90)
    pen.wire((46, 13), (48, 13))
    pen.label(f"{s}.empty", (48, 13))
    spare = pen.part("Analog_Switch:CD4066BE", f"U{index}_1", SWITCH, (61, 2), parts.SWITCHES, unit=4, sim=SWITCH_14)
    for analog in ("10", "11"):
        sheet.no_connect(spare.pin(analog))
    sheet.power("GND", spare.pin("12"))


def _leaky_integrator(pen: Pen, project: str, index: str, stage: int) -> None:
    """C_s beside R_s, which ends on the diode of the mirror at (16, 0); at the last stage with the jumpers for delta."""
    last = stage == 2
    net, c_s, r_s = f"s{index}.v_c{stage}", f"C_s{index}_{stage}", f"R_s{index}_{stage}"
    pen.label(net, (-2, 0), 180)
    pen.wire((-2, 0), (10, 0))
    pen.test_point(f"TP{index}_{stage}", net, (2, 0))
    pen.capacitor(c_s, printed(c_s, project), (6, 4), figures=figures(c_s, project))
    pen.wire((6, 0), (6, 1))
    pen.resistor(r_s, printed(r_s, project), (13, 0), turn=90, figures=figures(r_s, project))
    if last:
        pen.jumper(f"JP_C_s{index}", "C_s on", (6, 12), closed=True, turn=270)
        pen.wire((6, 7), (6, 8))
        pen.ground((6, 16))
        pen.jumper(f"JP_R_s{index}", "R_s short", (13, -6))
        pen.wire((9, 0), (9, -6))
        pen.wire((17, 0), (17, -6))
    else:
        pen.ground((6, 7))


def _mirrors(pen: Pen, chip: str, *, joined: bool = True) -> None:
    """N mirror and P mirror of one ALD1105: current into (16, 0), its copy out of (46, -12).

    `joined`: the N mirror, which ends at (32, 4), feeds the P mirror at (32, -9).
    """
    pen.transistor(chip, 1, (20, 8), mirror="y")
    pen.transistor(chip, 2, (30, 8))
    pen.wire((16, 0), (25, 0), (25, 8))
    pen.wire((18, 0), (18, 4))
    pen.wire((24, 8), (26, 8))
    pen.ground((18, 12), (32, 12))
    pen.transistor(chip, 3, (34, -16), mirror="y")
    pen.transistor(chip, 4, (44, -16))
    pen.wire((32, -9), (32, -12))
    if joined:
        pen.wire((32, 4), (32, -9))
    pen.wire((32, -9), (39, -9), (39, -16))
    pen.wire((38, -16), (40, -16))
    pen.supply((32, -20), (46, -20))
