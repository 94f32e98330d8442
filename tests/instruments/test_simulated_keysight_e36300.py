"""A simulated Keysight E36312A against its programming guide (E36311-90008), and what it does to what it feeds."""

import re

import numpy as np
import pytest

from neurorig.instruments.simulated.leads import Leads, Resistor
from neurorig.instruments.simulated.models.keysight_e36300 import SimulatedKeysightE36300

from .fakes import Client, quiet_world, serving

OHMS = {"1": 10.0, "2": 1000.0}


class Bench:
    """A supply with 10 ohms on its first output, 1 kohm on its second one, and nothing on its third one."""

    def __init__(self, seed=2, **ohms):
        self.world = quiet_world()
        self.leads = {n: Leads(self.world, Resistor(r)) for n, r in (OHMS | ohms).items()}
        self.leads["3"] = Leads(self.world)
        self.device = SimulatedKeysightE36300(self.world, self.leads, serial="MY1", seed=seed)
        self.session = self.device.session()

    def __call__(self, message):
        return self.session.receive(message.encode() + b"\n").decode("latin-1").removesuffix("\n")

    def error(self):
        return self("SYST:ERR?")

    def number(self, question):
        return float(self(question))


@pytest.fixture
def bench():
    return Bench()


REAL = r"[+-]\d\.\d{8}E[+-]\d\d"
GUIDE = (
    # (message, answer, page; None: a published extract of the guide, without pages)
    ("VOLT 5.0,(@1);:VOLT 12.0,(@2,3);:VOLT? (@1,2,3)", r"\+5\.0+E\+00,\+1\.20+E\+01,\+1\.20+E\+01", 16),
    ("VOLT? MAX", r"\+6\.18000000E\+00", 16),
    ("VOLT? MAX,(@2,3)", r"\+2\.57500000E\+01,\+2\.57500000E\+01", 16),
    ("CURR? MAX,(@1:3)", r"\+5\.15000000E\+00,\+1\.03000000E\+00,\+1\.03000000E\+00", 16),
    ("CURR? MIN", r"\+1\.00000000E-03", 16),
    ("CURR 0.5,(@2);CURR? (@2)", r"\+5\.00000000E-01", 16),
    ("OUTP ON,(@1,2);:OUTP? (@1,2,3)", "1,1,0", 71),
    ("OUTP OFF,(@1:3);:OUTP?", "0", 71),
    ("INST:NSEL 2;NSEL?", r"\+2", 16),
    ("INST P25V;:INST:NSEL?", r"\+2", 16),
    ("INST:SEL CH3;SEL?", "CH3", 16),
    ("APPL CH1,3.0,1.0;:APPL? CH1", r'"\+3\.0+E\+00,\+1\.0+E\+00"', 39),
    ("APPL P25V,MAX,MIN;:APPL? CH2", r'"\+2\.5750+E\+01,\+1\.0+E-03"', 39),
    ("MEAS:VOLT? (@1,2)", f"{REAL},{REAL}", None),
    ("MEAS:CURR?", REAL, None),
    ("VOLT:PROT 5,(@1);PROT? (@1)", r"\+5\.0+E\+00", None),
    ("VOLT:PROT:STAT? (@1);:CURR:PROT:STAT? (@1)", "1;0", None),
    ("CURR:PROT:DEL 0.1,(@2);DEL? (@2)", r"\+1\.0+E-01", None),
    ("OUTP:DEL:RISE 0.5,(@3);RISE? (@3)", r"\+5\.0+E-01", None),
    ("VOLT:SENS:SOUR EXT,(@1);SOUR? (@1)", "EXT", None),
    ("OUTP:PAIR SER;PAIR?", "SER", None),
    ("STAT:QUES:INST:ISUM2:COND?", r"\+0", 31),
    ("SYST:REM;:SYST:ERR?", r'\+0,"No error"', 17),
)


@pytest.mark.parametrize(("message", "answer", "page"), GUIDE, ids=[f"{m} p{p}" for m, _, p in GUIDE])
def test_dialogues_of_the_guide(bench, message, answer, page):
    assert re.fullmatch(answer, bench(message)), page
    assert bench.error() == '+0,"No error"'


def test_identity_and_settings_after_reset(bench):
    assert re.fullmatch(r"Keysight Technologies,E36312A,MY1,\d.*", bench("*IDN?"))
    bench("VOLT 5,(@1:3);:CURR 0.1,(@1:3);:OUTP ON,(@1:3);:INST CH3;*RST")
    assert bench("VOLT? (@1:3);:OUTP? (@1:3);:INST:NSEL?") == ",".join(["+0.00000000E+00"] * 3) + ";0,0,0;+1"
    assert bench("CURR? (@1:3)") == "+5.00000000E+00,+1.00000000E+00,+1.00000000E+00"


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("VOLT 6.2,(@1)", '-222,"Data out of range"'),
        ("CURR 1.04,(@2)", '-222,"Data out of range"'),
        ("CURR 0,(@2)", '-222,"Data out of range"'),
        ("VOLT -1", '-222,"Data out of range"'),
        ("VOLT:PROT 7,(@1)", '-222,"Data out of range"'),
        ("CURR:PROT:DEL 1", '-222,"Data out of range"'),
        ("VOLT 1,(@4)", '-222,"Data out of range; (@4)"'),
        ("VOLT 1,(@)", '-102,"Syntax error; (@)"'),
        ("VOLT 1,(1)", '-102,"Syntax error; (1)"'),
        ("VOLT 1,2", '-108,"Parameter not allowed; [:SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude]"'),
        ("VOLT (@1)", '-109,"Missing parameter; [:SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude]"'),
        ("VOLT 1 A", '-131,"Invalid suffix; A"'),
        ("VOLT x", '-104,"Data type error; x"'),
        ("VOLT? NOW", '-108,"Parameter not allowed; NOW"'),
        ("OUTP MAYBE", '-224,"Illegal parameter value; MAYBE"'),
        ("INST CH4", '-224,"Illegal parameter value; CH4"'),
        ("APPL CH1,7", '-222,"Data out of range"'),
        ("*RCL 3", '-221,"Settings conflict"'),
        ("OUTP:PAIR SER;:VOLT 1,(@3)", '-221,"Settings conflict; outputs 2 and 3 are a pair"'),
        ("LIST:VOLT 1,2", '-113,"Undefined header; LIST"'),
    ],
)  # fmt: skip
def test_wrong_input_has_its_number_and_changes_nothing(bench, message, error):
    bench("VOLT 1,(@1:3);:CURR 0.5,(@1:3)")
    before = bench("APPL? CH1;:APPL? CH2") if "PAIR" not in message else None
    bench(message)
    assert bench.error() == error
    assert bench.error() == '+0,"No error"'
    if before is not None:
        assert bench("APPL? CH1;:APPL? CH2") == before


def test_it_feeds_a_resistor_and_measures_what_it_gives(bench):
    bench("VOLT 5,(@1);:CURR 1,(@1)")
    assert bench.leads["1"].look().volts == 0.0, "not before it is on"
    bench("OUTP ON,(@1)")
    assert bench.leads["1"].look().volts == pytest.approx(5.0, abs=5e-3)
    assert bench.number("MEAS:VOLT? (@1)") == pytest.approx(5.0, abs=10e-3)
    assert bench.number("MEAS:CURR? (@1)") == pytest.approx(0.5, abs=5e-3)
    assert bench("STAT:QUES:INST:ISUM1:COND?") == "+2", "constant voltage"
    assert bench.leads["2"].held is None and bench.leads["3"].held is None
    bench("OUTP OFF,(@1)")
    assert bench.leads["1"].held is None and bench.leads["1"].hot_switched == 0
    assert bench("STAT:QUES:INST:ISUM1:COND?") == "+0"


def test_the_current_limit_holds_and_is_told(bench):
    bench("VOLT 5,(@1);:CURR 0.2,(@1);:OUTP ON,(@1)")
    assert bench.number("MEAS:VOLT? (@1)") == pytest.approx(2.0, abs=40e-3)
    assert bench.number("MEAS:CURR? (@1)") == pytest.approx(0.2, abs=5e-3)
    assert bench("STAT:QUES:INST:ISUM1:COND?") == "+1", "constant current"
    bench("CURR 1,(@1)")
    assert bench("STAT:QUES:INST:ISUM1:COND?") == "+2"
    assert bench("STAT:QUES:INST:ISUM1?;ISUM1?") == "+3;+2", "both have been, then only what is"


def test_summaries_of_what_is_enabled(bench):
    bench("VOLT 5,(@1);:CURR 0.2,(@1);:OUTP ON,(@1);*CLS")
    bench("STAT:QUES:INST:ISUM1:ENAB 1;:STAT:QUES:INST:ENAB 14;:STAT:QUES:ENAB 8192")
    assert bench("STAT:QUES:INST?;:STAT:QUES:COND?;*STB?") == "+2;+8192;8"
    bench("CURR 1,(@1);*CLS")
    assert bench("STAT:QUES:COND?;*STB?") == "+0;0"


def test_a_measurement_takes_a_cycle_of_the_mains_and_is_a_mean(bench):
    bench("VOLT 1,(@2);:OUTP ON,(@2)")
    before = bench.world.now
    bench.world.at(before + 0.015, lambda: bench.device.session().receive(b"VOLT 3,(@2)\n"))
    seen = bench.number("MEAS:VOLT? (@2)")
    assert bench.world.now - before >= 0.02
    assert 1.05 < seen < 2.95, "the voltage changed while it was measured"


def test_remote_sense_leaves_out_the_leads(bench):
    world = bench.world
    leads = Leads(world, Resistor(10.0), resistance=1.0)
    session = SimulatedKeysightE36300(world, {"1": leads}, serial="MY2", seed=1).session()
    session.receive(b"VOLT 5,(@1);:CURR 2,(@1);:OUTP ON,(@1)\n")
    assert leads.device is not None
    at_device = [leads.look().amperes * 10.0]
    session.receive(b"VOLT:SENS:SOUR EXT,(@1)\n")
    at_device.append(leads.look().amperes * 10.0)
    assert at_device == pytest.approx([5 * 10 / 11, 5.0], rel=2e-3)


def test_overvoltage_protection_trips_and_comes_back_when_cleared(bench):
    bench("VOLT:PROT 3,(@1);:VOLT 2,(@1);:OUTP ON,(@1)")
    assert bench("VOLT:PROT:TRIP? (@1)") == "0"
    bench("VOLT 4,(@1)")
    assert bench.leads["1"].held is None
    assert bench("VOLT:PROT:TRIP? (@1);:CURR:PROT:TRIP? (@1);:OUTP? (@1)") == "1;0;0"
    bench("OUTP ON,(@1)")
    assert bench.leads["1"].held is None, "not before it is cleared"
    bench("VOLT 2,(@1);:VOLT:PROT:CLE (@1)")
    assert bench("VOLT:PROT:TRIP? (@1);:OUTP? (@1)") == "0;1"
    assert bench.leads["1"].look().volts == pytest.approx(2.0, abs=5e-3)
    bench("VOLT:PROT:STAT OFF,(@1);:VOLT 4,(@1)")
    assert bench("OUTP? (@1)") == "1"


def test_overcurrent_protection_trips_after_its_delay():
    bench = Bench()
    bench("VOLT 5,(@1);:CURR 0.2,(@1);:CURR:PROT:STAT ON,(@1);:CURR:PROT:DEL 0.2,(@1);:OUTP ON,(@1)")
    on = bench.world.now
    bench.world.advance_to(on + 0.19)
    assert bench.leads["1"].look().volts > 1.9
    bench.world.advance_to(on + 0.21)
    assert bench.leads["1"].held is None
    assert bench("CURR:PROT:TRIP? (@1);:VOLT:PROT:TRIP? (@1)") == "1;0"
    bench("OUTP OFF,(@1);:CURR:PROT:CLE (@1)")
    assert bench.leads["1"].held is None, "off stays off"


def test_a_short_limit_does_not_trip(bench):
    bench("VOLT 5,(@1);:CURR 0.2,(@1);:CURR:PROT:STAT ON,(@1);:CURR:PROT:DEL 0.2,(@1);:OUTP ON,(@1)")
    bench.world.advance_to(bench.world.now + 0.1)
    bench("CURR 1,(@1)")
    bench.world.advance_to(bench.world.now + 1.0)
    assert bench("CURR:PROT:TRIP? (@1);:OUTP? (@1)") == "0;1"


def test_delays_of_the_outputs(bench):
    bench("VOLT 5,(@2);:OUTP:DEL:RISE 0.5,(@2);:OUTP:DEL:FALL 0.3,(@2)")
    bench("OUTP ON,(@2)")
    assert bench("OUTP? (@2)") == "1" and bench.leads["2"].held is None
    bench.world.advance_to(bench.world.now + 0.6)
    assert bench.leads["2"].look().volts == pytest.approx(5.0, abs=10e-3)
    bench("OUTP OFF,(@2)")
    assert bench.leads["2"].held is not None
    bench.world.advance_to(bench.world.now + 0.4)
    assert bench.leads["2"].held is None


def test_a_pair_has_twice_the_volts_or_the_amperes():
    bench = Bench(**{"2": 30.0})
    bench("OUTP:PAIR SER;:VOLT 45,(@2);:OUTP ON,(@2)")
    assert bench.error() == '+0,"No error"'
    assert bench.number("MEAS:CURR? (@2)") == pytest.approx(1.0, abs=5e-3), "the limit of one"
    bench("OUTP:PAIR PAR;:VOLT 24,(@2);:CURR 2,(@2);:OUTP ON,(@2)")
    assert bench.number("MEAS:CURR? (@2)") == pytest.approx(0.8, abs=5e-3)
    assert bench("VOLT? MAX,(@2);:CURR? MAX,(@2)") == "+2.57500000E+01;+2.06000000E+00"
    bench("OUTP:PAIR OFF")
    assert bench.leads["2"].held is None and bench("CURR? MAX,(@2)") == "+1.03000000E+00"


def test_states_are_saved_and_recalled(bench):
    bench("VOLT 3,(@1);:CURR 0.5,(@1);:OUTP ON,(@1);*SAV 2;*RST")
    assert bench.leads["1"].held is None
    bench("*RCL 2")
    assert bench("VOLT? (@1);:CURR? (@1);:OUTP? (@1)") == "+3.00000000E+00;+5.00000000E-01;1"
    assert bench.leads["1"].look().volts == pytest.approx(3.0, abs=5e-3)


def test_accuracy_is_that_of_the_data_sheet():
    errors, readings = [], []
    for seed in range(60):
        bench = Bench(seed=seed)
        bench("VOLT 5,(@1);:CURR 5,(@1);:OUTP ON,(@1)")
        true = bench.leads["1"].look().volts
        errors.append(true - 5.0)
        readings.append(bench.number("MEAS:VOLT? (@1)") - true)
    limit = 5 * 0.3e-3 + 3e-3
    assert 0 < np.std(errors) < limit / 2 and np.abs(errors).max() < 1.3 * limit
    assert 0 < np.std(readings) < limit / 2 and np.abs(readings).max() < 1.3 * limit


def test_several_clients_share_it():
    bench = Bench()
    with serving(bench.world, {"psu": bench.device}) as ports, Client(ports["psu"]) as a, Client(ports["psu"]) as b:
        a.write("VOLT 2,(@2);:OUTP ON,(@2)")
        assert a.query("OUTP? (@2)") == "1"
        assert float(b.query("MEAS:VOLT? (@2)")) == pytest.approx(2.0, abs=10e-3)
        b.write("NONSENSE")
        assert a.query("SYST:ERR?").startswith("-113,")
