"""The simulated Keysight B2902A, met through its socket by a client written from the command reference alone (B2910-90030)."""

import re

import numpy as np
import pytest

from neurorig.instruments.simulated.leads import Resistor
from neurorig.instruments.simulated.models.keysight_b2900a_channel import Row

from .fakes import Client
from .keysight_smu import NAN, OHMS, keysight, numbers, tell


@pytest.fixture
def smu():
    with keysight(Resistor(OHMS), Resistor(1e3)) as client:
        yield client


NR3 = r"[+-]\d\.\d{6}E[+-]\d\d"
# Commands (after *RST), the query, the form of the answer, page of B2910-90030 Edition 2 (of B2961-90030 where it says so).
DIALOGUES = [
    ((), "*IDN?", r"Keysight Technologies,B2902A,MY\d+,3\.\S+", "published programs"),
    ((), ":SYST:ERR?", r'\+0,"No error"', "5-2"),
    ((":VOLT 3",), ":VOLT?", r"\+3\.000000E\+00", "4-93"),
    (
        (":SOUR2:FUNC:MODE CURR", ":SOUR2:CURR 1E-6"), ":SOUR2:CURR:LEV:IMM:AMPL?;:SOUR2:FUNC:MODE?",
        r"\+1\.000000E-06;CURR", "4-93",
    ),
    ((":VOLT:TRIG 2",), ":SOUR1:VOLT:LEV:TRIG:AMPL?;:VOLT?", r"\+2\.000000E\+00;\+0\.000000E\+00", "4-93"),
    ((":VOLT:RANG 5",), ":VOLT:RANG?;:VOLT:RANG:AUTO?", r"\+2\.000000E\+01;0", "4-95, B2961 4-132"),
    ((":CURR:RANG:AUTO:LLIM 1E-6",), ":SOUR:CURR:RANG:AUTO:LLIM?", r"\+1\.000000E-06", "4-97"),
    ((":VOLT:STOP 10", ":SOUR2:CURR:STAR 1E-3"), ":VOLT:STOP?;:SOUR2:CURR:STAR?", r"\+1\.000000E\+01;\+1\.000000E-03", "4-97"),
    (
        (":VOLT:STOP 5", ":VOLT:POIN 51"), ":VOLT:STEP?;:VOLT:SPAN?;:VOLT:CENT?",
        r"\+1\.000000E-01;\+5\.000000E\+00;\+2\.500000E\+00", "4-95",
    ),
    ((":VOLT:STOP 1", ":VOLT:STEP 0.3"), ":VOLT:POIN?", "4", "4-95"),
    ((":CURR:CENT 2E-3", ":CURR:SPAN 2E-3"), ":CURR:STAR?;:CURR:STOP?", r"\+1\.000000E-03;\+3\.000000E-03", "4-97"),
    ((":LIST:VOLT 0.1,0.2,0.3", ":LIST:VOLT:APP 1.1,1.2"), ":LIST:VOLT?;:LIST:VOLT:POIN?", rf"({NR3},){{4}}{NR3};5", "4-105"),
    ((":SWE:DIR DOWN", ":SWE:POIN 11"), ":SWE:DIR?;:SOUR:SWE:POIN?;:VOLT:POIN?", "DOWN;11;11", "4-108"),
    ((), ":SWE:POIN? MAX;:SWE:POIN? DEF", "2500;1", "4-108"),
    ((":SWE:STA DOUB", ":SWE:SPAC LOG", ":SWE:RANG AUTO"), ":SWE:STA?;SPAC?;RANG?", "DOUB;LOG;AUTO", "User's Guide 4-29"),
    (
        (":FUNC PULS", ":PULS:WIDT 1E-3", ":PULS:DEL 2E-3"), ":FUNC:SHAP?;:PULS:WIDT?;DEL?",
        r"PULS;\+1\.000000E-03;\+2\.000000E-03", "User's Guide 6-7",
    ),
    ((), ":PULS:WIDT? MIN;WIDT? MAX", r"\+5\.000000E-05;\+1\.000000E\+05", "User's Guide 6-7"),
    (
        (":SOUR:WAIT OFF", ":SENS2:WAIT:OFFS 0.1"), ":SOUR:WAIT:STAT?;GAIN?;:SENS:WAIT?;:SENS2:WAIT:OFFS?",
        r"0;\+1\.000000E\+00;1;\+1\.000000E-01", "2-14, 4-91",
    ),
    ((":SENS:CURR:APER 2E-3",), ":SENS:CURR:DC:APER?;:SENS:VOLT:NPLC?", r"\+2\.000000E-03;\+1\.000000E-01", "4-73"),
    ((":SENS:CURR:APER 3",), ":SENS:CURR:APER?;:SENS:CURR:APER? MIN", r"\+2\.000000E\+00;\+8\.000000E-06", "4-73"),
    ((":SENS:CURR:NPLC 0.0001",), ":SENS:CURR:NPLC?;:SENS:CURR:NPLC? MAX", r"\+4\.000000E-04;\+1\.000000E\+02", "B2961 4-87"),
    ((), ":SENS:CURR:NPLC? DEF;:SENS2:CURR:NPLC?", r"\+1\.000000E-01;\+1\.000000E-01", "B2961 4-87"),
    ((":SENS:CURR:PROT 1E-3",), ":SENS:CURR:DC:PROT:LEV?;:SENS:VOLT:PROT?", r"\+1\.000000E-03;\+2\.000000E\+00", "B2961 4-90"),
    ((), ":SENS:CURR:PROT? DEF;:SENS:CURR:PROT:TRIP?", r"\+1\.000000E-04;0", "B2961 4-90"),
    ((), ":SENS:CURR:RANG:AUTO:LLIM?;:SENS2:VOLT:RANG:AUTO:LLIM?", r"\+1\.000000E-06;\+2\.000000E-01", "2-17"),
    ((":SENS:CURR:RANG 5E-5",), ":SENS:CURR:RANG:UPP?;:SENS:CURR:RANG:AUTO?", r"\+1\.000000E-04;0", "4-78"),
    ((), ":SENS:FUNC?;:SENS:FUNC:OFF?", '"VOLT","CURR";"RES"', "B2961 4-93"),
    ((":SENS:FUNC:OFF \"volt:dc\",'CURR'", ':SENS:FUNC "RES"'), ':SENS:FUNC:ON?;STAT? "CURR"', '"RES";0', "B2961 4-93"),
    ((":SENS:REM ON",), ":SENS:REM?;:SENS2:REM?", "1;0", "2-17"),
    ((":OUTP:OFF:MODE HIZ",), ":OUTP:OFF:MODE?;:OUTP2:OFF:MODE?", "HIZ;NORM", "B2961 4-67"),
    ((":OUTP:ON:AUTO 0",), ":OUTP:ON:AUTO?;:OUTP2:ON:AUTO?;:OUTP:OFF:AUTO?", "0;1;0", "B2961 4-67"),
    (
        (":OUTP:PROT ON", ":OUTP:LOW FLO", ":OUTP:HCAP ON", ":OUTP2:FILT ON"),
        ":OUTP:PROT?;LOW?;HCAP?;:OUTP2:FILT:LPAS:STAT?",
        "1;FLO;1;1", "B2961 4-67",
    ),
    (
        (":TRIG:COUN 5", ":TRIG2:ACQ:DEL DEF", ":TRIG:TRAN:SOUR TIM"),
        ":TRIG:TRAN:COUN?;:TRIG:ACQ:COUN?;:TRIG:ACQ:SOUR?;:TRIG:TRAN:SOUR:SIGN?",
        "5;5;AINT;TIM", "User's Guide 6-27",
    ),
    ((), ":TRIG:TIM? MIN;:ARM:TIM? MAX;:TRIG:DEL? MIN", r"\+2\.000000E-05;\+1\.000000E\+05;\+0\.000000E\+00", "data sheet 17"),
    ((":FORM REAL,32",), ":FORM?;:FORM:BORD?", "REAL,32;NORM", "4-34, 1-12"),
    ((), ":FORM:ELEM:SENS?", "VOLT,CURR,RES,TIME,STAT,SOUR", "B2961 4-21"),
    ((":FORM:ELEM:SENS SOUR,CURR",), ":FORM:ELEM:SENS?", "CURR,SOUR", "B2961 4-21"),
    ((":FORM:ELEM:SENS CURR,SOUR",), ":MEAS? (@1,2)", rf"({NR3},){{3}}{NR3}", "4-44"),
    ((), ":MEAS:CURR? (@2,1)", rf"{NR3},{NR3}", "4-45"),
    ((), ":FETC:ARR:CURR? (@2,1)", r"\+9\.910000E\+37", "B2961 4-17"),
    ((), ":TRAC:POIN?;:TRAC:FREE?;:TRAC2:FEED:CONT?;:TRAC:POIN:ACT?", "100000;100000,100000;NEV;0", "4-147"),
    (
        (":TRAC:STAT:FORM PKPK", ":TRAC2:TST:FORM DELT"), ":TRAC:STAT:FORM?;:TRAC:TST:FORM?;:TRAC2:TST:FORM?",
        "PKPK;ABS;DELT", "4-149",
    ),
    ((), ":IDLE? (@1,2);:STAT:OPER:COND?", "1;1170", "published programs"),
    ((":SYST:LFR 60",), ":SYST:LFR?;:SENS:CURR:NPLC?", r"60;\+1\.000000E-01", "no page at hand"),
    ((), ":SYST:INT:TRIP?;:SYST:VERS?", "0;1999.0", "no page at hand"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "query", "answer", "page"), DIALOGUES)
def test_dialogues_of_the_manual(smu, before, query, answer, page):
    tell(smu, "*RST", *before)
    assert re.fullmatch(answer, smu.query(query)), f"page {page}"
    assert smu.query(":SYST:ERR:COUN?") == "+0"


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        (":VOLT", -109, "Missing parameter"),
        (":VOLTS 1", -113, "Undefined header"),
        (":SOUR3:VOLT 1", -114, "Header suffix out of range"),
        (":VOLT 1,2", -108, "Parameter not allowed"),
        (":VOLT one", -104, "Data type error"),
        (":VOLT 1 A", -131, "Invalid suffix"),
        (":VOLT 211", -222, "Data out of range"),
        (":LIST:VOLT 1,211", -222, "Data out of range"),
        (":VOLT:SPAN 1000", -222, "Data out of range"),
        (":VOLT:RANG 2;:VOLT 3", -222, "Data out of range"),
        (":CURR 3.1", -222, "Data out of range"),
        (":PULS:WIDT 49e-6", -222, "Data out of range"),
        (":TRIG:TIM 10e-6", -222, "Data out of range"),
        (":TRIG:COUN 100001", -222, "Data out of range"),
        (":TRAC:POIN 100001", -222, "Data out of range"),
        (":SENS:CURR:PROT 4;:VOLT 7", -221, "Settings conflict"),
        (":SENS:CURR:PROT 1;:VOLT 100", -221, "Settings conflict"),
        (":VOLT:STAR -1;:VOLT:STOP 1;:SWE:SPAC LOG;:VOLT:MODE SWE;:INIT", -221, "Settings conflict"),
        (":VOLT:STOP 1;:VOLT:STEP -0.1", -221, "Settings conflict"),
        (":LIST:VOLT 0,1;:LIST:VOLT:STAR 3", -222, "Data out of range"),
        (":SWE:DIR SIDEWAYS", -224, "Illegal parameter value"),
        (":FETC? (@3)", -224, "Illegal parameter value"),
        (':SENS:FUNC "POWER"', -224, "Illegal parameter value"),
        (":TRAC:FEED:CONT NEXT;:TRAC:CLE", -221, "Settings conflict"),
        (":OUTP ON;:OUTP:LOW FLO", 211, "Cannot switch low sense terminal with output on"),
        (":OUTP ON;:OUTP:HCAP ON", 213, "Output relay must be off"),
        (":TRIG:SOUR BUS;:INIT;:INIT:ACQ", -213, "Init ignored"),
        (":TRIG:SOUR BUS;:INIT;:MEAS?", 203, "Not able to execute while instrument is measuring"),
    ],
)  # fmt: skip
def test_wrong_input_has_the_instruments_own_numbers(smu, line, code, text):
    smu.write("*RST;" + line)
    assert smu.query(":SYST:ERR?") == f'{code:+d},"{text}"'
    assert smu.query(":SYST:ERR?") == '+0,"No error"'


def test_an_input_that_was_refused_changes_nothing(smu):
    tell(smu, "*RST", ":VOLT 1", ":SENS:CURR:PROT 1E-3")
    smu.write(":SENS:CURR:PROT 3.03;:VOLT 100")
    assert smu.query(":SYST:ERR:CODE?;:VOLT?") == "-221;+1.000000E+00"


@pytest.mark.parametrize(
    ("periods", "part"), [(1, (0.0, 0.0)), (0.1, (1e-4, 1e-4)), (0.01, (2e-4, 5e-4)), (0.001, (2e-3, 5e-3))]
)
def test_a_resistor_is_measured_within_the_data_sheet(smu, periods, part):
    tell(smu, "*RST", ":VOLT:RANG 2", ":VOLT 1", ":SENS:CURR:PROT 1E-3", ":SENS:CURR:RANG 1E-4", ":OUTP ON")
    tell(smu, f":SENS:CURR:NPLC {periods}", ":FORM:ELEM:SENS VOLT,CURR,STAT")
    before = smu.world.now
    rows = np.array([numbers(smu.query(":MEAS?")) for _ in range(20)])
    assert (smu.world.now - before) / 20 == pytest.approx(periods / 50 + 10e-6 + 1e-3, rel=0.05)
    assert np.all(abs(rows[:, 0] - 1.0) <= 2 * (2e-4 + 350e-6) + part[0] * 2.0 + 1e-5)
    within = 2e-4 * 1e-4 + 25e-9 + 1e-4 * (2e-4 + 350e-6) + part[1] * 1e-4 + 1e-9
    assert np.all(abs(rows[:, 1] - 1e-4) <= within)
    assert rows[:, 1].std() > 0 and not rows[:, 2].any()


def test_the_same_seed_is_the_same_instrument():
    def once(seed):
        with keysight(Resistor(OHMS), seed=seed) as smu:
            tell(smu, ":VOLT 0.5", ":OUTP ON")
            return smu.query(":MEAS?")

    assert once(1) == once(1) != once(2)


def test_compliance_stands_in_the_status_element(smu):
    tell(smu, "*RST", ":VOLT 2", ":SENS:CURR:PROT 1E-4", ":OUTP ON", ":FORM:ELEM:SENS VOLT,CURR,STAT,SOUR")
    assert smu.query(":SENS:CURR:PROT:TRIP?;:SENS:VOLT:PROT:TRIP?") == "1;0"
    volts, amperes, status, source = numbers(smu.query(":MEAS?"))
    assert volts == pytest.approx(1.0, rel=2e-3) and amperes == pytest.approx(1e-4, rel=2e-3)
    assert (int(status), source) == (2, 2.0)  # bits 1 and 2, page 1-14
    tell(smu, ":VOLT 0.5")
    assert int(numbers(smu.query(":MEAS?"))[2]) == 0
    tell(smu, ":SOUR2:FUNC:MODE CURR", ":SOUR2:CURR 5E-3", ":SENS2:VOLT:PROT 3", ":OUTP2 ON")
    volts, amperes, status, _ = numbers(smu.query(":MEAS? (@2)"))
    assert volts == pytest.approx(3.0, rel=2e-3) and amperes == pytest.approx(3e-3, rel=2e-3)
    assert int(status) == 2 + 1


def test_a_fixed_range_overflows_and_autorange_takes_longer_on_its_way(smu):
    tell(
        smu, "*RST", ":VOLT 1", ":SENS:CURR:PROT 1E-3", ":SENS:CURR:RANG 1E-5", ":OUTP ON", ":FORM:ELEM:SENS CURR,STAT"
    )
    assert smu.query(":MEAS?") == "+9.900000E+37,+8.192000E+03"
    assert int(smu.query(":STAT:MEAS:COND?")) & 6 == 4  # page 4-116
    tell(smu, ":SENS:CURR:RANG:AUTO ON")
    spent = []
    for _ in range(2):
        before = smu.world.now
        assert numbers(smu.query(":MEAS?"))[0] == pytest.approx(1e-4, rel=5e-3)
        spent.append(smu.world.now - before)
    assert smu.query(":SENS:CURR:RANG?") == "+1.000000E-04"
    assert spent[0] > spent[1] + 2e-3


def test_four_wires_do_not_see_the_leads():
    with keysight(Resistor(100.0), resistance=10.0) as smu:
        tell(smu, ":FUNC:MODE CURR", ":CURR 1E-3", ':SENS:FUNC "RES"', ":OUTP ON")
        assert float(smu.query(":MEAS:RES?")) == pytest.approx(110.0, rel=6e-3)
        tell(smu, ":SENS:REM ON")
        assert float(smu.query(":MEAS:RES?")) == pytest.approx(100.0, rel=6e-3)


def test_what_is_not_measured_is_no_number(smu):
    tell(smu, "*RST", ':SENS:FUNC:OFF "CURR"', ":OUTP ON")
    assert list(numbers(smu.query(":MEAS?"))[1:3]) == [NAN, NAN]


@pytest.mark.parametrize(("mode", "held"), [("NORM", None), ("HIZ", None), ("ZERO", ("V", 0.0, 1e-4))])
def test_output_off_states(smu, mode, held):
    leads = smu.leads["1"]
    tell(smu, "*RST", f":OUTP:OFF:MODE {mode}", ":VOLT 0.5", ":OUTP ON")
    assert leads.held.level == pytest.approx(0.5, abs=1e-3)
    tell(smu, ":OUTP OFF")
    assert (leads.held and (leads.held.source, leads.held.level, leads.held.compliance)) == held  # User's Guide 6-13
    assert leads.hot_switched == (1 if mode == "HIZ" else 0)
    assert smu.query(":OUTP?") == "0"


def test_the_protection_opens_the_output_when_it_is_held_back(smu):
    tell(smu, "*RST", ":OUTP:PROT ON", ":SENS:CURR:PROT 1E-4", ":VOLT 0.5", ":OUTP ON")
    assert smu.query(":OUTP?;:STAT:QUES:COND?") == "1;0"
    tell(smu, ":VOLT 2")
    assert smu.query(":OUTP?;:STAT:QUES:COND?;:STAT:QUES?") == "0;4;4"  # B2961-90030 page 4-152
    assert not smu.leads["1"].closed and smu.leads["1"].hot_switched == 0


def test_without_the_interlock_high_voltage_is_refused():
    with keysight(Resistor(100e3), interlock=False) as smu:
        tell(smu, ":VOLT 100", ":SENS:CURR:PROT 1E-2")
        smu.write(":OUTP ON")
        assert smu.query(":SYST:ERR:CODE?;:OUTP?;:SYST:INT:TRIP?;:STAT:QUES:COND?") == "-221;0;1;1024"
        tell(smu, ":VOLT 42", ":OUTP ON")


def test_several_clients_share_the_instrument(smu):
    with Client(smu.port) as other:
        tell(smu, "*RST", ":VOLT 0.7")
        assert other.query(":VOLT?") == "+7.000000E-01"
        other.write("FOO")
        assert other.query("*STB?") == "4"
        assert smu.query(":SYST:ERR:CODE?") == "-113"
        tell(smu, ":TRIG:SOUR BUS", ":INIT (@1)")
        smu.write(":FETC:ARR:SOUR?")  # waits for its trigger, which the other client sends
        assert int(other.query(":STAT:OPER:COND?")) & 4
        other.write("*TRG")
        assert numbers(smu.query("*OPC?"))[0] == 0.0


def test_a_query_waits_for_its_own_channels_only(smu):
    tell(smu, "*RST", ":TRIG2:SOUR BUS", ":INIT (@2)", ":INIT (@1)")
    assert numbers(smu.query(":FETC:ARR:SOUR? (@1)")) == [0.0]
    assert smu.query(":IDLE? (@1)") == "1"
    tell(smu, ":ABOR (@2)")
    assert smu.query("*OPC?") == "1"


def test_the_status_byte_sums_up(smu):
    tell(smu, "*CLS", "*ESE 32", "*SRE 32", ":STAT:OPER:ENAB 18", ":STAT:MEAS:ENAB 2")
    smu.query(":SYST:VERS?")
    smu.write("FOO")
    assert int(smu.query("*STB?")) == 64 + 32 + 4
    assert smu.query("*ESR?;*ESR?;:SYST:ERR:CODE?") == "32;0;-113"
    tell(smu, ":INIT", "*WAI")
    assert int(smu.query("*STB?")) == 128 + 1
    assert smu.query(":STAT:OPER?;:STAT:OPER?;:STAT:MEAS?") == "18;0;2"
    tell(smu, ":STAT:OPER:PTR 0", ":STAT:OPER:NTR 2", ":STAT:OPER:ENAB 2", ":INIT")
    assert smu.query(":STAT:OPER:EVEN?;:STAT:OPER:PTR?;NTR?") == "2;0;2"
    tell(smu, "*WAI", ":STAT:PRES")
    assert smu.query(":STAT:OPER:PTR?;NTR?;ENAB?") == "32767;0;0"


def test_a_reset_in_the_middle_of_a_sweep_opens_everything(smu):
    tell(
        smu,
        "*RST",
        ":VOLT:MODE SWE",
        ":VOLT:STOP 1",
        ":VOLT:POIN 11",
        ":TRIG:COUN 11",
        ":TRIG:SOUR TIM",
        ":TRIG:TIM 0.1",
        ":INIT",
    )
    smu.query(":STAT:OPER:COND?")
    assert smu.query("*RST;*OPC?") == "1"
    assert not smu.leads["1"].closed and smu.leads["1"].hot_switched == 0
    assert smu.query(":OUTP?;:VOLT:MODE?;:TRIG:COUN?;:STAT:OPER:COND?") == "0;FIX;1;1170"


@pytest.mark.parametrize(
    ("form", "order", "code"), [("REAL,64", "NORM", ">f8"), ("REAL,64", "SWAP", "<f8"), ("REAL,32", "NORM", ">f4")]
)
def test_readings_in_binary(smu, form, order, code):
    tell(smu, "*RST", ":TRIG:ACQ:COUN 5", ":OUTP ON", ":INIT:ACQ", ":FORM:ELEM:SENS VOLT,CURR,RES,TIME")
    shown = numbers(smu.query(":FETC:ARR?"))
    tell(smu, f":FORM {form}", f":FORM:BORD {order}")
    values = np.frombuffer(smu.query_block(":FETC:ARR?"), code).astype(float)
    np.testing.assert_allclose(np.nan_to_num(values, nan=NAN), shown, rtol=1e-5, atol=1e-12)
    assert np.isnan(values[2])  # page 1-12


def test_the_trace_buffer_fills_and_closes(smu):
    tell(
        smu,
        "*RST",
        ":FORM:ELEM:SENS CURR,TIME",
        ":TRAC:POIN 4",
        ":TRAC:FEED SENS",
        ":TRAC:FEED:CONT NEXT",
        ":VOLT 1",
        ":OUTP ON",
    )
    tell(smu, ":TRIG:ACQ:COUN 6", ":SENS:CURR:RANG 1E-4", ":INIT:ACQ", "*WAI")
    assert smu.query(":TRAC:POIN:ACT?;:TRAC:FREE?;:TRAC:FEED:CONT?") == "4;0,4;NEV"  # page 4-147
    assert int(smu.query(":STAT:MEAS:COND?")) & 24 == 24
    rows = numbers(smu.query(":TRAC:DATA?")).reshape(4, 2)
    assert rows[0, 1] == 0.0 and np.all(np.diff(rows[:, 1]) > 2e-3)
    np.testing.assert_array_equal(numbers(smu.query(":TRAC:DATA? 1,2")), rows[1:3].ravel())
    tell(smu, ":TRAC:TST:FORM DELT", ":TRAC:STAT:FORM MEAN")
    assert numbers(smu.query(":TRAC:DATA?"))[3] == pytest.approx(2.01e-3, rel=0.01)
    assert float(smu.query(":TRAC:STAT:DATA?")) == pytest.approx(rows[:, 0].mean(), rel=1e-5)
    tell(smu, ":TRAC:CLE")
    assert smu.query(":TRAC:POIN:ACT?") == "0"


def test_the_last_hundred_thousand_readings_are_kept(smu):
    rows = smu.device.triggers[1].rows
    rows.extend(Row(0.0, 0.0, 0.0, float(k), 0.0, 0.0) for k in range(100_001))
    tell(smu, ":FORM REAL,32", ":FORM:ELEM:SENS TIME")
    times = np.frombuffer(smu.query_block(":FETC:ARR?"), ">f4")
    assert len(times) == 100_000 and (times[0], times[-1]) == (1.0, 100_000.0)
