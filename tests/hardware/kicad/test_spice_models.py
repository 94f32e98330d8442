"""Models of the parts, library/neurorig.lib: the same numbers as the twin's, and what each does on its own."""

import pytest

from neurorig.hardware.ald1105 import N, P
from neurorig.hardware.kicad.netlist import read_netlist
from neurorig.hardware.spice.deck import PARTS
from neurorig.signals import Steps

LIBRARY = PARTS.read_text(encoding="utf-8")
NGSPICE = pytest.mark.needs("ngspice")


def volts(lines: str, held: dict, nodes: list[str], at: float = 0.9e-3) -> list[float]:
    """Voltages (V) of `nodes` after a millisecond with the nets `held`."""
    circuit = read_netlist("bench", lines)
    recording = circuit.run({}, 1e-3, nodes, volts=held)
    return [float(recording.trace(node, [at])[0]) for node in nodes]


def test_transistors_are_those_of_the_twin():
    assert f".model ald_n {N.model}\n" in LIBRARY
    assert f".model ald_p {P.model}\n" in LIBRARY


@NGSPICE
def test_pins_of_the_ald1105():
    """One resistor on each drain: both pairs conduct with 2 V between gate and source, as the equations say."""
    lines = """
        XQ1 dn1 vdd GND GND dp1 GND vdd vdd GND dp2 vdd GND vdd dn2 ALD1105
        R1 vdd dn1 100k
        R2 vdd dn2 100k
        R3 dp1 GND 100k
        R4 dp2 GND 100k
    """
    low_1, low_2, high_1, high_2 = volts(lines, {"vdd": 2.0}, ["dn1", "dn2", "dp1", "dp2"])
    for low in (low_1, low_2):
        assert (2.0 - low) / 100e3 == pytest.approx(float(N.current(2.0, low)), rel=1e-4)
    for high in (high_1, high_2):
        assert high / 100e3 == pytest.approx(float(P.current(2.0, 2.0 - high)), rel=1e-4)


@NGSPICE
@pytest.mark.parametrize(("position", "ends"), [("open", (0.0, 0.0)), ("1-2", (2.0, 0.0)), ("2-3", (0.0, 2.0))])
def test_a_jumper_of_three_pins(position, ends):
    circuit = read_netlist("bench", "XJP1 left in right jumper3 position=1\nR1 left GND 10k\nR2 right GND 10k")
    recording = circuit.jumpers({"JP1": position}).run({}, 1e-3, ["left", "right"], volts={"in": 2.0})
    assert (recording.trace("left")[-1], recording.trace("right")[-1]) == pytest.approx(ends, abs=1e-4)


@NGSPICE
def test_a_jumper_and_a_rheostat():
    lines = "XJP1 in a jumper closed=1\nR_1 a b 3k\nXR_W1 b GND GND trimmer r=2k total=20k"
    a, b = volts(lines, {"in": 5.0}, ["a", "b"])
    assert (a, b) == pytest.approx((5.0, 2.0), abs=1e-3)


@NGSPICE
def test_a_follower_follows_between_its_supplies():
    lines = "XU1 slow slow in GND in fast fast vdd opamp_dual\nR1 slow GND 10k\nR2 fast vdd 10k"
    for level, expected in ((2.5, 2.5), (6.0, 5.0), (-1.0, 0.0)):
        found = volts(lines, {"in": level, "vdd": 5.0}, ["slow", "fast"])
        assert found == pytest.approx([expected, expected], abs=0.001 if level == 2.5 else 0.1)


@NGSPICE
def test_pins_of_the_switches():
    """Each of the four passes a voltage to its resistor of 10 kohm while its own control is high, less what 50 ohm take."""
    lines = "XU1 in o1 o2 in c2 c3 GND in o3 o4 in c4 c1 vdd analog_switch_4066\n" + "\n".join(
        f"R{k} o{k} GND 10k" for k in range(1, 5)
    )
    for closed in range(1, 5):
        held = {"in": 3.0, "vdd": 5.0} | {f"c{k}": 5.0 if k == closed else 0.0 for k in range(1, 5)}
        found = volts(lines, held, ["o1", "o2", "o3", "o4"])
        assert found == pytest.approx([3.0 * 10e3 / 10.05e3 if k == closed else 0.0 for k in range(1, 5)], abs=1e-3)


@NGSPICE
@pytest.mark.parametrize(("supply", "behind", "tolerance"), [(5.0, 5.0, 0.005), (-5.0, 0.0, 0.001)])
def test_a_reversed_supply_does_not_pass_the_protection(supply, behind, tolerance):
    recording = read_netlist("bench", "XQ1 GND out in pmos_protection\nR1 out GND 100").run(
        {}, 1e-3, ["out"], volts={"in": supply}
    )
    assert recording.trace("out")[-1] == pytest.approx(behind, abs=tolerance)


@NGSPICE
def test_a_step_on_a_held_net():
    recording = read_netlist("bench", "R1 in out 1k\nC1 out GND 100n").run(
        {}, 2e-3, ["out"], volts={"in": Steps.of([1e-3, 1e-3], [0.0, 1.0])}
    )
    before, after = recording.trace("out", [0.99e-3, 1.1e-3])
    assert (before, after) == pytest.approx((0.0, 0.632), abs=0.005)
