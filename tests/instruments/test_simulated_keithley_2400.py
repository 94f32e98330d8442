"""The simulated Keithley 2400, met through its socket by a client written from the user's manual alone (2400S-900-01)."""

import contextlib
import re
import struct

import numpy as np
import pytest

from neurorig.hardware.memristors import SdcBoard, load_memristor_board
from neurorig.instruments.simulated.leads import Leads, Resistor
from neurorig.instruments.simulated.models.keithley_2400 import SimulatedKeithley2400

from .fakes import Client, quiet_world, serving

COMPLIANCE, RANGE_COMPLIANCE, FRONT, OVERFLOWED, FOUR_WIRES = 1 << 3, 1 << 16, 1 << 2, 1, 1 << 22
"""Bits of the status word (pages 18-50, 18-51)."""


@contextlib.contextmanager
def keithley(device=None, resistance=0.0, **options):
    world = quiet_world()
    leads = Leads(world, device, resistance=resistance)
    smu = SimulatedKeithley2400(world, {"1": leads}, **{"serial": "1234567", "seed": 3, **options})
    with serving(world, {"smu": smu}) as addresses, Client(addresses["smu"]) as client:
        client.world, client.leads, client.port = world, leads, addresses["smu"]
        yield client


@pytest.fixture
def smu():
    with keithley(Resistor(10e3)) as client:
        yield client


def tell(smu, *lines):
    for line in lines:
        smu.write(line)
    assert smu.query(":SYST:ERR?") == '0,"No error"', lines


def numbers(text):
    return [float(field) for field in text.split(",")]


def read(smu, query="READ?"):
    """Readings as rows of volts, amperes, ohms, time and status."""
    return np.array(numbers(smu.query(query))).reshape(-1, 5)


NR3 = r"[+-]?\d\.\d{6}E[+-]\d\d"
# Command (after *RST and the lines before it), the form of the answer, page of Rev. K.
DIALOGUES = [
    ((), "*IDN?", r"KEITHLEY INSTRUMENTS INC\.,MODEL 2400,\d{7},C\d\d .*", "16-3"),
    ((), ":SYST:VERS?", r"1996\.0", "18-112"),
    ((":SENS:CURR:PROT 50E-3",), ":SENS:CURR:PROT?", r"5\.000000E-02", "3-8"),
    ((":SENS:VOLT:PROT 4",), ":SENS:VOLT:PROT?", r"4\.000000E\+00", "3-8"),
    ((":SOURce:VOLTage:RANGe 3",), ":SOUR:VOLT:RANG?", r"2\.000000E\+01", "18-75"),
    ((":SOUR:FUNC CURR", ":SENS:VOLT:RANG 0.05"), ":SENS:VOLT:RANG?", r"2\.100000E-01", "18-64"),
    ((), ":SENS:CURR:RANG?", r"1\.050000E-04", "18-12"),
    ((), ":SENS:VOLT:PROT? DEF;:SENS:CURR:PROT? DEF", r"2\.100000E\+01;1\.050000E-04", "18-67"),
    ((), ":SENS:CURR:NPLC?;NPLC? MIN;NPLC? MAX", r"1\.000000E\+00;1\.000000E-02;1\.000000E\+01", "18-12"),
    (("FORM:ELEM CURR, VOLT",), "FORM:ELEM?", "VOLT,CURR", "18-49"),
    ((), "FORM:ELEM?", "VOLT,CURR,RES,TIME,STAT", "18-9"),
    ((":OUTP:SMOD HIMP",), ":OUTP:SMOD?", "HIMP", "18-56"),
    ((":SOURce1:LIST:CURRent 0.01, 0.13, 0.005",), ":SOUR:LIST:CURR:POIN?;:SOUR:LIST:CURR?", rf"3;{NR3},{NR3},{NR3}", "18-91"),
    ((":SOUR:LIST:VOLT 1,2", ":SOUR:LIST:VOLT:APP 3,4"), ":SOUR:LIST:VOLT:POIN?", "4", "18-92"),
    (
        (":SOUR:VOLT:STAR 1", ":SOUR:VOLT:STOP 10", ":SOUR:VOLT:STEP 1"), ":SOUR:SWE:POIN?", "10", "18-87",
    ),
    ((), ":SOUR:SWE:SPAC?;RANG?;DIR?;CAB?;POIN?", "LIN;BEST;UP;NEV;2500", "18-18"),
    ((":SENS:FUNC:CONC OFF", ":SENS:FUNC 'CURR:DC'"), ":SENS:FUNC?", '"CURR:DC"', "10-21"),
    ((":CONF:VOLT",), ":CONF?;:OUTP?", '"VOLT:DC";1', "17-2"),
    ((":TRAC:POIN 10",), ":TRAC:POIN?;:TRAC:POIN:ACT?", "10;0", "18-115"),
    (("TRIG:COUN 10", "ARM:COUN 2"), "TRIG:COUN?;:ARM:COUN?", "10;2", "18-118"),
    ((), ":SOUR:DEL:AUTO?;:SOUR:DEL?", rf"1;{NR3}", "18-82"),
    ((), ":STAT:OPER:COND?", "1024", "15-13"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "query", "answer", "page"), DIALOGUES)
def test_dialogues_of_the_manual(smu, before, query, answer, page):
    tell(smu, "*RST", *before)
    assert re.fullmatch(answer, smu.query(query)), f"page {page}"
    assert smu.query(":SYST:ERR:COUN?") == "0"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("SOUR:VOLT", '-109,"Missing parameter"'),
        ("SOUR:VOLTS 1", '-113,"Undefined header"'),
        ("SOUR:VOLT 211", '-222,"Parameter data out of range"'),
        ("SENS:CURR:NPLC 11", '-222,"Parameter data out of range"'),
        ("SOUR:VOLT:RANG 2;:SOUR:VOLT 3", '-222,"Parameter data out of range"'),
        ("SYST:RSEN MAYBE", '-224,"Illegal parameter value"'),
        ("READ?", '803,"Not permitted with OUTPUT off"'),
        ("INIT", '803,"Not permitted with OUTPUT off"'),
        ("OUTP ON;:SOUR:VOLT:MODE LIST;:INIT", '-221,"Settings conflict"'),
        ("FETC?", '-230,"Data corrupt or stale"'),
        ("TRAC:DATA?", '-230,"Data corrupt or stale"'),
        ("SENS:CURR:RANG 1e-3", '824,"Cannot exceed compliance range"'),
        ("SENS:VOLT:RANG 2", '823,"Invalid with source read-back on"'),
        ("SENS:CURR:PROT 1e-1;:SENS:CURR:RANG 1e-1;:SENS:CURR:PROT 1e-5", '822,"Too small for sense range"'),
        ("SENS:CURR:PROT 1;:SOUR:VOLT:RANG 200", '826,"Attempt to exceed power limit"'),
        ("SOUR:VOLT 100;:SENS:CURR:PROT 0.5", '826,"Attempt to exceed power limit"'),
        ("TRAC:FEED:CONT NEXT;:TRAC:POIN 50", '800,"Illegal with storage active"'),
        ("OUTP ON;:ARM:COUN INF;:READ?", '830,"Invalid with INF ARM:COUNT"'),
        ("SOUR:LIST:VOLT 1,2,300", '-222,"Parameter data out of range"'),
    ],
)  # fmt: skip
def test_wrong_input_has_the_instruments_own_numbers(smu, line, answer):
    smu.write(line)
    assert smu.query(":SYST:ERR?") == answer  # appendix B, pages B-2 to B-7
    assert smu.query(":STAT:QUE?") == '0,"No error"'


def test_the_output_enable_line_blocks_the_output():
    with keithley(Resistor(10e3), enabled=False) as smu:
        tell(smu, "OUTP ON")  # the line is not looked at after *RST
        tell(smu, "OUTP OFF", "OUTP:ENAB ON")
        smu.write("OUTP ON")
        assert smu.query("SYST:ERR?") == '802,"OUTPUT blocked by output enable"'  # page B-6
        assert smu.query("OUTP?;:OUTP:ENAB:TRIP?") == "0;0"


def test_the_queue_holds_ten_errors(smu):
    for _ in range(12):
        smu.write("FOO")
    answers = [smu.query("SYST:ERR:CODE?") for _ in range(11)]
    assert answers == ["-113"] * 9 + ["-350", "0"]  # page 15-18


def test_a_resistor_is_measured_within_the_data_sheet(smu):
    tell(smu, "*RST", "SOUR:VOLT:RANG 2", "SOUR:VOLT 1", "SENS:CURR:PROT 1e-3", "SENS:CURR:RANG 1e-4")
    tell(smu, "SENS:FUNC 'VOLT','CURR','RES'", "TRIG:COUN 20", "SOUR:DEL 0", "OUTP ON")
    for periods, noise in ((1, 3e-9), (0.01, 1e-7), (10, 1e-9)):
        tell(smu, f"SENS:CURR:NPLC {periods}", f"SENS:VOLT:NPLC {periods}")
        rows = read(smu)
        # Two functions, three conversions each (autozero).
        steps = np.diff(rows[:, 3])
        assert np.mean(steps) == pytest.approx(6 * periods / 50 + 4.7e-4, rel=0.05)
        assert abs(rows[:, 0].mean() - 1.0) <= 2e-4 + 6e-4 + 1.2e-4 + 3e-4
        assert abs(rows[:, 1].mean() - 1e-4) <= 2.5e-4 * 1e-4 + 6e-9 + 8e-4 * 1e-4
        assert rows[:, 2].mean() == pytest.approx(10e3, rel=2e-3)
        assert 0 < rows[:, 1].std() < 2 * noise
        # Front, auto-ohms, V, I and ohms measured, volts sourced.
        assert set(rows[:, 4]) == {FRONT + (1 << 10) + (1 << 11) + (1 << 12) + (1 << 13) + (1 << 14)}


def test_the_example_reading_of_page_18_53(smu):
    """10 kohm, 100 uA sourced, volts measured: 1.000236 V, status 48132."""
    tell(smu, "*RST", "SOUR:FUNC CURR", "SOUR:CURR 1e-4", "SENS:VOLT:PROT 10", "SENS:FUNC:ALL", "OUTP ON")
    text = smu.query("READ?")
    assert re.fullmatch(rf"{NR3},{NR3},{NR3},{NR3},{NR3}", text)
    volts, amperes, ohms, _, status = numbers(text)
    assert volts == pytest.approx(1.0, rel=1e-3) and amperes == pytest.approx(1e-4, rel=1e-3)
    assert ohms == pytest.approx(10e3, rel=2e-3) and status == 48132


def test_what_is_not_measured_is_no_number(smu):
    tell(smu, "*RST", "SOUR:VOLT 1", "OUTP ON")
    volts, amperes, ohms, _, status = read(smu)[0]
    assert volts == 1.0 and amperes == pytest.approx(1e-4, rel=1e-2)  # the programmed level, the reading
    assert ohms == 9.91e37
    assert int(status) == FRONT + (1 << 12) + (1 << 14)


def test_compliance_is_flagged_and_read_back(smu):
    tell(smu, "*RST", "SOUR:VOLT 2", "SENS:CURR:PROT 1e-4", "OUTP ON")
    assert smu.query("SENS:CURR:PROT?;:SENS:CURR:PROT:TRIP?") == "1.000000E-04;1"
    row = read(smu)[0]
    assert row[1] == pytest.approx(1e-4, rel=2e-3) and int(row[4]) & COMPLIANCE
    assert int(smu.query("STAT:MEAS:COND?")) & 1 << 14
    tell(smu, "SOUR:VOLT 0.5")
    assert not int(read(smu)[0][4]) & COMPLIANCE
    assert smu.query("SENS:CURR:PROT:TRIP?") == "0"


def test_a_fixed_range_below_the_compliance_clamps_the_output(smu):
    tell(smu, "*RST", "SOUR:VOLT 1", "SENS:CURR:PROT 1e-3", "SENS:CURR:RANG 1e-5", "OUTP ON")
    row = read(smu)[0]
    assert row[1] == pytest.approx(1.05e-5, rel=2e-3)  # range compliance, page 6-2
    assert int(row[4]) & RANGE_COMPLIANCE and not int(row[4]) & COMPLIANCE


def test_four_wires_do_not_see_the_leads():
    with keithley(Resistor(100.0), resistance=10.0) as smu:
        tell(smu, "SOUR:FUNC CURR", "SOUR:CURR 1e-3", "SENS:FUNC:OFF:ALL", "SENS:FUNC 'VOLT'", "OUTP ON")
        assert read(smu)[0][0] == pytest.approx(0.110, rel=1e-2)
        tell(smu, "SYST:RSEN ON")
        row = read(smu)[0]
        assert row[0] == pytest.approx(0.100, rel=1e-2) and int(row[4]) & FOUR_WIRES


def test_the_custom_sweep_of_page_10_21(smu):
    tell(
        smu,
        "*RST", ":SENS:FUNC:CONC OFF", ":SOUR:FUNC VOLT", ":SENS:FUNC 'CURR:DC'", ":SENS:CURR:PROT 0.1", ":SOUR:VOLT:MODE LIST",
        ":SOUR:LIST:VOLT 7,1,3,8,2", ":TRIG:COUN 5", ":SOUR:DEL 0.1", ":OUTP ON",
    )  # fmt: skip
    rows = read(smu, ":READ?")
    np.testing.assert_allclose(rows[:, 0], [7, 1, 3, 8, 2])
    np.testing.assert_allclose(rows[:, 1], np.array([7, 1, 3, 8, 2]) / 10e3, rtol=5e-3)
    assert np.all(np.diff(rows[:, 3]) > 0.16)


def test_staircases_up_down_and_logarithmic(smu):
    tell(smu, "*RST", "SENS:CURR:PROT 1e-3", "SOUR:VOLT:MODE SWE", "SOUR:VOLT:STAR 0.1", "SOUR:VOLT:STOP 1")
    tell(smu, "SOUR:SWE:POIN 4", "TRIG:COUN 4", "OUTP ON")
    np.testing.assert_allclose(read(smu)[:, 0], [0.1, 0.4, 0.7, 1.0])
    tell(smu, "SOUR:SWE:DIR DOWN")
    np.testing.assert_allclose(read(smu)[:, 0], [1.0, 0.7, 0.4, 0.1])
    tell(smu, "SOUR:SWE:DIR UP", "SOUR:SWE:SPAC LOG", "SOUR:SWE:POIN 3", "TRIG:COUN 3")
    np.testing.assert_allclose(read(smu)[:, 0], [0.1, 0.1**0.5, 1.0], rtol=1e-5)


def test_a_sweep_stops_at_compliance_if_told_so(smu):
    tell(
        smu, "*RST", "SENS:CURR:PROT 5e-5", "SOUR:VOLT:MODE SWE", "SOUR:VOLT:STOP 1", "SOUR:SWE:POIN 11", "TRIG:COUN 11"
    )
    tell(smu, "SOUR:SWE:CAB LATE", "OUTP ON")
    rows = read(smu)
    assert 5 <= len(rows) <= 7
    assert [bool(int(s) & COMPLIANCE) for s in rows[:, 4]] == [False] * (len(rows) - 1) + [True]


def test_while_it_sweeps_nothing_but_an_abort_is_done(smu):
    tell(smu, "*RST", "SOUR:DEL 1", "SOUR:VOLT:MODE LIST", "SOUR:LIST:VOLT 0.1,0.2,0.3", "TRIG:COUN 3", "OUTP ON")
    smu.write("INIT")
    before = smu.world.now
    assert smu.query("SOUR:VOLT?") == "3.000000E-01"  # waited until the last point (page 16-3)
    assert smu.world.now - before > 2.0
    assert len(read(smu, "FETC?")) == 3
    before = smu.world.now
    smu.write("INIT")
    smu.write(":ABOR")
    assert smu.query("SOUR:VOLT?") == "1.000000E-01"
    assert smu.world.now - before < 0.5


def test_the_operation_is_complete_when_the_sweep_is(smu):
    tell(smu, "*RST", "*CLS", "SOUR:DEL 0.5", "TRIG:COUN 4", "OUTP ON")
    before = smu.world.now
    smu.write("INIT")
    assert smu.query("*OPC?") == "1"
    assert smu.world.now - before > 2.0
    assert len(read(smu, "FETC?")) == 4


def test_the_data_store_fills_and_closes(smu):
    tell(smu, "*RST", "*CLS", "TRAC:POIN 5", "TRAC:FEED SENS", "TRAC:FEED:CONT NEXT", "TRIG:COUN 8", "OUTP ON", "INIT")
    assert smu.query("TRAC:POIN:ACT?;:TRAC:FEED:CONT?") == "5;NEV"
    assert int(smu.query("STAT:MEAS?")) & 1 << 9  # buffer full, page 15-14
    rows = read(smu, "TRAC:DATA?")
    assert len(rows) == 5 and rows[0, 3] == 0.0 and np.all(np.diff(rows[:, 3]) > 0.06)  # absolute, 18-50
    tell(smu, "TRAC:TST:FORM DELT")
    np.testing.assert_allclose(read(smu, "TRAC:DATA?")[1:, 3], np.diff(rows[:, 3]), atol=2e-6)
    tell(smu, "TRAC:CLE")
    assert smu.query("TRAC:POIN:ACT?") == "0"


def test_readings_in_binary(smu):
    tell(smu, "*RST", "SOUR:VOLT 1", "TRIG:COUN 3", "FORM:ELEM VOLT,CURR", "OUTP ON")
    shown = numbers(smu.query("READ?"))
    for order, code in (("SWAP", "<f"), ("NORM", ">f")):
        tell(smu, "FORM SRE", f"FORM:BORD {order}")
        smu.write("FETC?")
        while len(smu._held) < 2 + 6 * 4 + 1:
            smu._more()
        answer, smu._held = smu._held, b""
        assert answer[:2] == b"#0" and answer[-1:] == b"\n"
        np.testing.assert_allclose([v for (v,) in struct.iter_unpack(code, answer[2:-1])], shown, rtol=1e-6)


@pytest.mark.parametrize(
    ("mode", "held"),
    [("NORM", ("V", 0.0, 5e-6)), ("ZERO", ("V", 0.0, 1e-3)), ("GUAR", ("A", 0.0, 0.1)), ("HIMP", None)],
)
def test_output_off_modes(smu, mode, held):
    tell(smu, "*RST", f"OUTP:SMOD {mode}", "SOUR:VOLT 0.5", "SENS:CURR:PROT 1e-3", "OUTP ON")
    assert smu.leads.held.level == pytest.approx(0.5, abs=2e-3)
    tell(smu, "OUTP OFF")
    stands = smu.leads.held
    assert (stands and (stands.source, stands.level, pytest.approx(stands.compliance))) == held  # page 18-57


def test_another_function_or_other_terminals_switch_the_output_off(smu):
    tell(smu, "*RST", "OUTP ON", "SOUR:FUNC CURR")
    assert smu.query("OUTP?") == "0"
    tell(smu, "OUTP ON", "ROUT:TERM REAR")
    assert smu.query("OUTP?;:ROUT:TERM?") == "0;REAR"


def test_the_output_may_clear_itself(smu):
    tell(smu, "*RST", "SOUR:CLE:AUTO ON", "SOUR:VOLT 1")
    assert read(smu)[0][1] == pytest.approx(1e-4, rel=1e-2)
    assert smu.query("OUTP?") == "0"


def test_voltage_protection_holds_the_source_back(smu):
    tell(smu, "*RST", "SENS:CURR:PROT 0.1", "SOUR:VOLT:PROT 20", "SOUR:VOLT 50", "OUTP ON")
    assert smu.query("SOUR:VOLT:PROT:TRIP?") == "1"
    row = read(smu)[0]
    assert row[1] == pytest.approx(2e-3, rel=1e-2) and int(row[4]) & 1 << 4


def test_bus_triggers(smu):
    tell(smu, "*RST", "SOUR:VOLT 1", "ARM:SOUR BUS", "ARM:COUN 1", "OUTP ON")
    smu.write("INIT")
    smu.write("*TRG")
    assert len(read(smu, "FETC?")) == 1


def test_an_sdc_memristor_is_cycled_by_a_list_sweep():
    memristor = load_memristor_board("benatti2023_fig1", kind=SdcBoard).memristor(seed=2, R_s=0.0)
    with keithley(memristor) as smu:
        up, down = np.linspace(0, 0.6, 25), np.linspace(0, -0.4, 17)
        loop = np.concatenate([up, up[::-1], down, down[::-1]])
        tell(
            smu,
            "*RST",
            "SOUR:VOLT:RANG 2",
            "SENS:CURR:PROT 1e-4",
            "SENS:CURR:RANG 1e-4",
            "SENS:CURR:NPLC 0.1",
            "SOUR:DEL 0",
        )
        tell(smu, f"SOUR:LIST:VOLT {','.join(f'{v:.4f}' for v in loop)}", "SOUR:SWE:RANG FIX", "SOUR:VOLT:MODE LIST")
        tell(smu, f"TRIG:COUN {len(loop)}", "OUTP ON")
        rows = read(smu)
        conductance = rows[:, 1] / np.where(abs(rows[:, 0]) > 0.04, rows[:, 0], np.nan)
        rising, back = conductance[5:12], conductance[38:45]
        assert np.nanmedian(back) > 3 * np.nanmedian(rising)  # SET
        assert np.nanmedian(conductance[-8:-3]) < np.nanmedian(back) / 3  # RESET


def test_the_memristor_is_held_back_by_compliance_and_says_so():
    memristor = load_memristor_board("benatti2023_fig1", kind=SdcBoard).memristor(seed=2, R_s=0.0)
    with keithley(memristor) as smu:
        tell(smu, "*RST", "SENS:CURR:PROT 5e-6", "SENS:CURR:RANG 1e-5", "SOUR:VOLT:MODE SWE", "SOUR:VOLT:STOP 0.6")
        tell(smu, "SOUR:SWE:POIN 13", "TRIG:COUN 13", "OUTP ON")
        rows = read(smu)
        limited = (rows[:, 4].astype(int) & COMPLIANCE) > 0
        assert not limited[:5].any() and limited[-1]
        assert np.all(rows[:, 1] <= 5e-6 * 1.01)


def test_several_clients_share_the_instrument(smu):
    with Client(smu.port) as other:
        tell(smu, "*RST", "SOUR:VOLT 0.7")
        assert other.query("SOUR:VOLT?") == "7.000000E-01"
        other.write("FOO")
        assert other.query("*STB?") == "4"
        assert smu.query("SYST:ERR?") == '-113,"Undefined header"'


def test_the_same_seed_is_the_same_instrument():
    def once(seed):
        with keithley(Resistor(10e3), seed=seed) as smu:
            tell(smu, "SOUR:VOLT 0.5", "OUTP ON")
            return smu.query("READ?")

    assert once(1) == once(1) != once(2)


def test_what_never_ends_is_not_waited_for_and_can_be_aborted(smu):
    tell(smu, "*RST", "ARM:COUN INF", "SOUR:DEL 0.1", "OUTP ON")
    smu.write("INIT")
    before = smu.world.now
    assert smu.query("*OPC?") == "0"
    assert smu.world.now - before < 0.5
    smu.write(":ABOR")
    assert smu.query("STAT:OPER:COND?") == "1024"
