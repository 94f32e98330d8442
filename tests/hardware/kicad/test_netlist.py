"""Netlists as KiCad exports them: read, fitted, jumpers set, driven. The one below has the form that KiCad 9 writes."""

import numpy as np
import pytest

from neurorig.hardware.kicad.netlist import read_netlist
from neurorig.hardware.kicad.program import KicadError
from neurorig.signals import ConfigError, Steps

EXPORTED = """.title KiCad schematic
.include "/somewhere/else/library/neurorig.lib"
XJP_C_L1 /n1.v_ap Net-_C_L1-Pad1_ jumper closed=0
C_L1 Net-_C_L1-Pad1_ GND 200n
XT1 /n1.v_m /n1/n1.gate /n1.v_ap thyristor
XJP_load1 Net-_JP_load1-A_ /n1.v_ap Net-_JP_load1-B_ jumper3 position=1
R_a1 Net-_JP_load1-A_ GND 2k
XR_L1 Net-_JP_load1-B_ GND GND trimmer r=2k total=5k
C_m1 /n1.v_m GND 100n
R_m1 /n1.v_m /n1/n1.gate 680k
R_Wp11 +5V /s11/s11.v_c1 1T
R_s11_1 /s11/s11.v_c1 GND 100k
.end
"""


@pytest.fixture
def neuron():
    return read_netlist("neuron", EXPORTED)


def test_a_netlist_is_parts_by_designator(neuron):
    assert neuron.elements["T1"].nets == ("/n1.v_m", "/n1/n1.gate", "/n1.v_ap")
    assert neuron.elements["R_L1"].parameters == {"r": "2k", "total": "5k"}
    assert neuron.net("n1.gate") == "/n1/n1.gate"
    assert neuron.net("+5V") == "+5V"


def test_parts_are_fitted_in_a_copy(neuron):
    other = neuron.fitted({"C_m1": 33e-9, "R_L1": 3e3, "R_Wp11": 0.4})
    assert other.elements["C_m1"].line == "C_m1 /n1.v_m GND 3.3e-08"
    assert other.elements["R_L1"].line == "XR_L1 Net-_JP_load1-B_ GND GND trimmer r=3000 total=5k"
    assert other.elements["R_Wp11"].line == "R_Wp11 +5V /s11/s11.v_c1 0.4"
    assert neuron.elements["C_m1"].model == "100n"


def test_jumpers_are_set_in_a_copy(neuron):
    other = neuron.jumpers({"JP_load1": "2-3", "JP_C_L1": "closed"})
    assert other.elements["JP_load1"].parameters == {"position": "2"}
    assert other.elements["JP_C_L1"].parameters == {"closed": "1"}
    assert neuron.elements["JP_C_L1"].parameters == {"closed": "0"}


def test_a_part_that_is_not_fitted_is_no_line_of_the_deck(neuron):
    assert "XT1 " in neuron.deck({}, 1.0)
    assert "XT1 " not in neuron.without(["T1"]).deck({}, 1.0)


def test_the_deck_supplies_drives_and_remembers(neuron):
    steps = Steps.of([0.1, 0.2], [0.0, 60e-6])
    text = neuron.deck(
        {"n1.i0": steps}, 0.3, ["R_s11_1", "JP_load1"], charges={"s11.v_c1": 1.5}, volts={"n1.gate": 0.0}
    )
    assert "/somewhere" not in text
    assert "V_supply +5V 0 5" in text
    assert "I_port0 0 /n1.v_m PWL(" in text
    assert "V_held0 /n1/n1.gate 0 0" in text
    assert ".ic v(/s11/s11.v_c1)=1.5" in text
    assert ".save v(/n1.v_ap) @R_s11_1[i] @r.xJP_load1.r_1[i]" in text
    assert "method=trap" in text and ".tran 1e-05 0.3 0 1e-05" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda n: n.fitted({"C_m2": 1e-9}), r"neuron: the netlist has no part 'C_m2'. Did you mean 'C_m1'"),
        (lambda n: n.fitted({"T1": 1.0}), r"T1 is a thyristor and takes no value"),
        (lambda n: n.fitted({"R_L1": 6e3}), r"R_L1 is a trimmer of 5k, it cannot be set to 6 kohm"),
        (lambda n: n.jumpers({"JP_load1": "closed"}), r"JP_load1 cannot be 'closed'; it can be open, 1-2, 2-3"),
        (lambda n: n.jumpers({"R_a1": "open"}), r"R_a1 is a 2k and no jumper"),
        (lambda n: n.without(["R_7"]), r"no part 'R_7'"),
        (lambda n: n.deck({"n2.i0": 1e-6}, 1.0), r"no net 'n2.v_m'"),
        (lambda n: n.deck({}, 1.0, ["s11.v_c2"]), r"no net 's11.v_c2'. Did you mean 's11.v_c1'"),
        (lambda n: n.deck({}, 1.0, ["C_m1"]), r"the current through C_m1 cannot be seen"),
        (lambda n: n.deck({}, 0.0), r"until = 0 s: ngspice runs from 0 s"),
    ],
)
def test_what_a_person_gets_wrong_is_named(neuron, change, said):
    with pytest.raises(ConfigError, match=said):
        change(neuron)


def test_a_node_in_two_sheets_is_no_node():
    twice = read_netlist("motif", "R1 /s11/out GND 1k\nR2 /s12/out GND 1k")
    with pytest.raises(ConfigError, match=r"several nets 'out': /s11/out, /s12/out"):
        twice.net("out")


@pytest.mark.parametrize("line", ["U1 __U1", "AR_W1 pot", "R_1 a b"])
def test_a_part_without_a_model_of_ours_is_refused(line):
    with pytest.raises(KicadError, match=r"no part of ours: '.*Give the symbol a model of neurorig.lib"):
        read_netlist("neuron", line)


@pytest.mark.needs("ngspice")
def test_the_neuron_fires_as_in_the_deck_of_the_model(neuron):
    """110.7 Hz at 50 uA, 158.1 Hz at 62 uA: table rate_spice_reference.csv."""
    for amperes, rate in ((50e-6, 110.7), (62e-6, 158.1)):
        recording = neuron.run({"n1.i0": amperes}, 0.15, ["n1.v_m", "R_a1"])
        spikes = recording.spikes("n1")
        assert 1 / np.diff(spikes[spikes > 0.05]).mean() == pytest.approx(rate, rel=0.01)
        np.testing.assert_allclose(recording.trace("R_a1") * 2e3, recording.trace("n1.v_ap"), atol=1e-3)


@pytest.mark.needs("ngspice")
def test_c_l_lowers_the_spike(neuron):
    """0.2 uF beside the load take two thirds of the charge of 0.1 uF."""
    loaded = neuron.jumpers({"JP_C_L1": "closed", "JP_load1": "2-3"})
    alone, shared = (n.run({"n1.i0": 80e-6}, 0.05, bursting=True).trace("n1.v_ap").max() for n in (neuron, loaded))
    assert shared == pytest.approx(alone / 3, rel=0.1)
