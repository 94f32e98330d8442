"""The simulated Keithley 2450, met through its socket by a client written from the reference manual alone (2450-901-01)."""

import contextlib
import re
import struct

import numpy as np
import pytest

from neurorig.hardware.memristors import SdcBoard, load_memristor_board
from neurorig.instruments.simulated.leads import Leads, Resistor
from neurorig.instruments.simulated.models.keithley_2450 import SimulatedKeithley2450

from .fakes import Client, quiet_world, serving


@contextlib.contextmanager
def keithley(device=None, resistance=0.0, **options):
    world = quiet_world()
    leads = Leads(world, device, resistance=resistance)
    smu = SimulatedKeithley2450(world, {"1": leads}, **{"serial": "04412345", "seed": 3, **options})
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
    assert smu.query(":SYSTem:ERRor:COUNt?") == "0", lines


def numbers(text):
    return [float(field) for field in text.split(",")]


# Command (after *RST and the lines before it), the form of the answer, page of Rev. B.
DIALOGUES = [
    ((), "*IDN?", r"KEITHLEY INSTRUMENTS,MODEL 2450,\d+,\S+", "B-5"),
    ((), "*LANG?", "SCPI", "B-5"),
    (("*ESE 145",), "*ESE?", "145", "B-2"),
    ((":VOLT:RANG:AUTO:LLIM 15",), ":VOLT:RANG:AUTO:LLIM?", "20", "6-51"),
    (("SOUR:FUNC VOLT", "SOUR:VOLT 1"), "SOUR:VOLT?", "1", "6-70"),
    (("SOUR:FUNC CURR", "SOUR:CURR:VLIM 15"), "SOUR:CURR:VLIM?", "15", "6-71"),
    ((), "SOUR:VOLT:ILIM:TRIP?", "0", "6-72"),
    (("SENS:FUNC 'VOLT'",), "SENS:FUNC?", '"VOLT:DC"', "6-49"),
    (("SENS:CURR:RANG 50e-3",), "SENS:CURR:RANG?", "0.1", "6-54"),
    (("SENS:VOLT:RANG 0.05",), "SENS:VOLT:RANG?;:SENS:VOLT:RANG:AUTO?", "0.2;0", "6-54"),
    ((), "SENS:CURR:RANG? DEF", "0.0001", "6-53"),
    ((), "SENS:CURR:RANG? MIN;:SENS:CURR:RANG? MAX", "1E-08;1", "6-53"),
    ((":OUTP:SMOD HIMP",), ":OUTP:SMOD?", "HIMP", "6-31"),
    (("FORM REAL",), "FORM?", "REAL", "6-30"),
    ((), "FORM:BORD?", "SWAP", "6-29"),
    (('TRACe:MAKE "testData", 100', 'TRACe:POINts 300, "testData"'), 'TRACe:POINts? "testData"', "300", "6-115"),
    (('TRACe:MAKE "testData", 100',), 'TRACe:FILL:MODE? "testData";MODE?', "ONCE;CONT", "6-112"),
    (
        ('TRAC:MAKE "MyBuffer", 100', *['TRAC:TRIG "MyBuffer"'] * 5), 'TRACe:DATA? 1,5, "MyBuffer", rel',
        r"0\.000000,0\.\d{6},0\.\d{6},0\.\d{6},0\.\d{6}", "6-124",
    ),
    ((":STAT:OPER:MAP 0, 4917, 4918",), ":STAT:OPER:MAP? 0", "4917,4918", "6-91"),
    (("TRIG:LOAD:EMPT",), "TRIG:STAT?", "EMPTY;EMPTY;0", "6-166"),
    (("SOUR:LIST:VOLT 1, 5, 1, 5, 1, 5", "SOUR:LIST:VOLT:APP 1, 5"), "SOUR:LIST:VOLT?", "1,5,1,5,1,5,1,5", "6-78"),
    (('SOUR:CONF:LIST:CRE "L"', 'SOUR:CONF:LIST:STOR "L"'), 'SOUR:CONF:LIST:SIZE? "L"', "1", "3-33"),
    ((":OUTP ON",), ":OUTP?;:OUTP:INT:STAT?", "1;1", "6-33"),
    (("ROUT:TERM REAR",), "ROUT:TERM?", "REAR", "6-35"),
    ((":DIG:LINE3:MODE DIG,OUT", ":DIG:LINE3:STAT 1"), ":DIG:LINE3:STAT?;:DIG:LINE3:MODE?", "1;DIG,OUT", "6-20"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "query", "answer", "page"), DIALOGUES)
def test_dialogues_of_the_manual(smu, before, query, answer, page):
    tell(smu, "*RST", *before)
    assert re.fullmatch(answer, smu.query(query)), f"page {page}"
    assert smu.query(":SYST:ERR:COUN?") == "0"


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("SOUR:VOLT", -109, "Missing parameter"),
        ("SOUR:VOLTS 1", -113, "Undefined header"),
        ("SOUR:VOLT 211", -222, "Parameter data out of range"),
        ("SOUR:CURR 1.06", -222, "Parameter data out of range"),
        ("SENS:CURR:NPLC 11", -222, "Parameter data out of range"),
        ("SENS:CURR:NPLC 0.001", -222, "Parameter data out of range"),
        ("SOUR:CURR:VLIM 0.01", -222, "Parameter data out of range"),
        ("SENS:VOLT:RSEN MAYBE", -224, "Illegal parameter value"),
        ("SOUR:VOLT 1,2", -108, "Parameter not allowed"),
        ("SOUR:VOLT one", -104, "Data type error"),
        ('TRAC:MAKE "defbuffer1", 100', 1115, "Parameter error: TRACe:MAKE cannot take an existing reading buffer name"),
        ("FORM REAL;:TRAC:DATA? 1,1,'defbuffer1',UNIT", 1133, "Parameter 4, Syntax error, expected valid name parameters"),
        ("INIT", -221, "Settings conflict"),
        ("TRAC:DATA? 1, 2", -222, "Parameter data out of range"),
        ("SOUR:VOLT:RANG 2;:SOUR:VOLT 3", -222, "Parameter data out of range"),
        ("SENS:CURR:RANG 1;:SOUR:VOLT:ILIM 1e-4", -222, "Parameter data out of range"),
        ("SOUR:VOLT:RANG 200;:SOUR:VOLT:ILIM 0.5", -222, "Parameter data out of range"),
        ("SOUR:SWE:VOLT:LIN 0, 300, 5", -222, "Parameter data out of range"),
        ("SOUR:SWE:VOLT:LIN 0, 1, 5, 1e-6", -222, "Parameter data out of range"),
        ("DIG:LINE1:STAT 1", -221, "Settings conflict"),
        ("FETC?", -230, "Data corrupt or stale"),
    ],
)  # fmt: skip
def test_wrong_input_has_the_instruments_own_numbers(smu, line, code, text):
    smu.write(line)
    # SYST:EVEN:NEXT? page 6-101, its form 2461-901-01 page 6-151
    form = rf'{code},"{re.escape(text)};1;\d{{4}}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{{3}}"'
    assert re.fullmatch(form, smu.query(":SYST:ERR?"))
    assert smu.query(":SYST:ERR?") == '0,"No error;0;0 0"'


def test_a_resistor_is_measured_within_the_data_sheet(smu):
    tell(smu, "*RST", "SOUR:VOLT:RANG 2", "SOUR:VOLT 1", "SOUR:VOLT:ILIM 1e-3", "SENS:CURR:RANG 1e-4", "OUTP ON")
    for line, aperture, noise in (
        ("SENS:CURR:NPLC 1", 0.02, 2e-9),
        ("SENS:CURR:NPLC 0.01", 2e-4, 1e-7),
        ("SENS:CURR:NPLC 10", 0.2, 1e-9),
    ):
        tell(smu, line, "SENS:CURR:AZER ON")
        before = smu.world.now
        rows = np.array([numbers(smu.query('READ? "defbuffer1", READ, SOUR')) for _ in range(20)])
        # The source read back and the reading, three apertures each (autozero).
        assert (smu.world.now - before) / 20 == pytest.approx(6 * aperture + 2 * 4e-4 + 1e-3, rel=0.05)
        assert np.all(abs(rows[:, 1] - 1.0) <= 2e-4 * 1 + 3e-4 + 1.2e-4 + 3e-4)
        assert abs(rows[:, 0].mean() - 1e-4) <= 2e-4 * 1e-4 + 6e-9 + (2e-4 + 3e-4) * 1e-4
        assert 0 < rows[:, 0].std() < 2 * noise


def test_the_same_seed_is_the_same_instrument():
    def once(seed):
        with keithley(Resistor(10e3), seed=seed) as smu:
            tell(smu, "SOUR:VOLT 0.5", "OUTP ON")
            return smu.query("READ?")

    assert once(1) == once(1) != once(2)


def test_compliance_is_flagged_and_read_back(smu):
    tell(smu, "*RST", "SOUR:VOLT 2", "SOUR:VOLT:ILIM 1e-4", "OUTP ON")
    assert smu.query("SOUR:VOLT:ILIM?;:SOUR:VOLT:ILIM:TRIP?") == "0.0001;1"
    amperes, volts, status = numbers(smu.query('READ? "defbuffer1", READ, SOUR, SOURSTAT'))
    assert amperes == pytest.approx(1e-4, rel=1e-3) and volts == pytest.approx(1.0, rel=2e-3)
    assert int(status) == 128 | 32 | 8  # output on, limited, source read back (8-29, 2461 6-161)
    tell(smu, "SOUR:VOLT 0.5", "SOUR:VOLT:READ:BACK OFF", "SENS:CURR:RSEN ON")
    amperes, volts, status = numbers(smu.query('READ? "defbuffer1", READ, SOUR, SOURSTAT'))
    assert volts == 0.5 and int(status) == 128 | 64
    assert smu.query("SOUR:VOLT:ILIM:TRIP?") == "0"


def test_four_wires_do_not_see_the_leads():
    with keithley(Resistor(100.0), resistance=10.0) as smu:
        tell(smu, "SOUR:FUNC CURR", "SOUR:CURR 1e-3", "SENS:FUNC 'VOLT'", "OUTP ON")
        assert float(smu.query("READ?")) == pytest.approx(0.110, rel=5e-3)
        tell(smu, "SENS:VOLT:RSEN ON")
        assert float(smu.query("READ?")) == pytest.approx(0.100, rel=5e-3)
        tell(smu, "SENS:FUNC 'RES'", "SENS:RES:RSEN ON")
        assert float(smu.query("READ?")) == pytest.approx(100.0, rel=5e-3)
        assert smu.query('FETC? "defbuffer1", UNIT, SOURUNIT') == "Ohm,Amp DC"


def test_a_fixed_range_overflows_and_autorange_takes_longer_on_its_way(smu):
    tell(smu, "*RST", "SOUR:VOLT 1", "SOUR:VOLT:ILIM 1e-3", "SENS:CURR:RANG 1e-5", "OUTP ON")
    assert numbers(smu.query('READ? "defbuffer1", READ, STAT')) == [9.9e37, 8 + 1]
    tell(smu, "SENS:CURR:RANG:AUTO ON")
    spent = []
    for _ in range(2):
        before = smu.world.now
        smu.query("READ?")
        spent.append(smu.world.now - before)
    assert smu.query("SENS:CURR:RANG?") == "0.0001"
    assert spent[0] > spent[1] + 0.06


def test_averaging_calms_the_noise(smu):
    tell(smu, "*RST", "SOUR:VOLT 1", "OUTP ON", "SENS:CURR:NPLC 0.01", "SENS:CURR:RANG 1e-4")

    def noise():
        return np.std([float(smu.query("READ?")) for _ in range(30)])

    alone = noise()
    tell(smu, "SENS:CURR:AVER:COUN 25", "SENS:CURR:AVER:TCON REP", "SENS:CURR:AVER ON")
    assert noise() < alone / 2.5


def test_the_list_sweep_of_page_6_78(smu):
    tell(
        smu,
        "*RST", 'SENS:FUNC "CURR"', "SENS:CURR:RANG:AUTO ON", "SENS:CURR:RSEN OFF", "SOUR:FUNC VOLT", "SOUR:VOLT:RANG 20",
        "SOUR:VOLT:ILIM 1", "SOUR:LIST:VOLT 1, 5, 1, 5, 1, 5", "SOUR:SWE:VOLT:LIST 1, 0.2", "INIT", "*WAI",
    )  # fmt: skip
    rows = np.array(numbers(smu.query('TRAC:DATA? 1, 6, "defbuffer1", SOUR, READ, REL'))).reshape(6, 3)
    np.testing.assert_allclose(rows[:, 0], [1, 5] * 3, atol=6e-3)
    np.testing.assert_allclose(rows[:, 1], [1e-4, 5e-4] * 3, rtol=3e-3)
    assert np.all(np.diff(rows[:, 2]) > 0.2)
    assert smu.query("OUTP?;:SOUR:CONF:LIST:SIZE? 'VoltCustomSweepList'") == "0;6"


def test_a_sweep_goes_on_while_the_client_polls(smu):
    tell(
        smu,
        "*RST",
        "SOUR:VOLT:ILIM 1e-3",
        "SENS:CURR:NPLC 0.1",
        "SOUR:SWE:VOLT:LIN:STEP 0, 1, 0.1, 0.05, 1, BEST, OFF, ON",
    )
    smu.write("INIT")
    states = [smu.query("TRIG:STAT?").split(";")[0] for _ in range(8)]
    assert set(states) == {"RUNNING"}
    halfway = int(smu.query("TRAC:ACT?"))
    assert 0 < halfway < 22
    smu.write("INIT;:READ?")
    assert [smu.query("SYST:ERR?").split(",")[0] for _ in range(3)] == ["-213", "-221", "0"]
    assert smu.query("*OPC?") == "1"
    assert smu.query("TRIG:STAT?") == "IDLE;IDLE;11"
    levels = np.array(numbers(smu.query('TRAC:DATA? 1, 22, "defbuffer1", SOUR')))
    np.testing.assert_allclose(levels, [*np.linspace(0, 1, 11), *np.linspace(1, 0, 11)], atol=1e-3)


def test_a_sweep_stops_at_the_limit_if_told_so(smu):
    tell(smu, "*RST", "SOUR:VOLT:ILIM 5e-5", "SOUR:SWE:VOLT:LIN 0, 1, 11", "INIT", "*WAI")
    status = numbers(smu.query(f'TRAC:DATA? 1, {smu.query("TRAC:ACT?")}, "defbuffer1", SOURSTAT'))
    assert 5 <= len(status) <= 7
    assert [bool(int(s) & 32) for s in status] == [False] * (len(status) - 1) + [True]


def test_an_aborted_model_leaves_the_output_as_it_is(smu):
    tell(
        smu, "*RST", "*CLS", "STAT:OPER:MAP 4, 2731, 2732", "SOUR:VOLT 0.5", 'TRIG:LOAD "SimpleLoop", 100, 0.1', "INIT"
    )
    smu.query("TRIG:STAT?")
    assert smu.query("STAT:OPER:COND?") == "16"
    smu.write("ABOR")
    assert smu.query("TRIG:STAT?").startswith("ABORTED;ABORTED;")
    assert smu.query("OUTP?") == "1"
    assert [smu.query("SYST:EVEN:NEXT? INF").split(",")[0] for _ in range(3)] == ["2731", "4916", "2728"]  # 2461 C-10


def test_the_loops_of_page_6_144_take_fifteen_readings(smu):
    tell(
        smu,
        "*RST", "SENS:CURR:NPLC 0.1", "SENS:CURR:RANG 1e-4", "TRIG:BLOC:BUFF:CLEAR 1", "TRIG:BLOC:MEAS 2",
        "TRIG:BLOC:BRAN:COUN 3, 5, 2", "TRIG:BLOC:DEL:CONS 4, 1", "TRIG:BLOC:BRAN:COUN 5, 3, 2",
    )  # fmt: skip
    assert smu.query("TRIG:STAT?").startswith("BUILDING;")
    tell(smu, "INIT", "*WAI")
    assert smu.query("TRAC:ACT?") == "15"
    times = np.array(numbers(smu.query('TRAC:DATA? 1, 15, "defbuffer1", REL')))
    assert list(np.flatnonzero(np.diff(times) > 1.0)) == [4, 9]


def test_a_duration_loop_measures_for_its_time(smu):
    tell(smu, "*RST", "SOUR:FUNC VOLT", "SOUR:VOLT 5", "SOUR:VOLT:ILIM 1e-3", 'SENS:FUNC "CURR"')  # page 6-163
    tell(smu, "TRIG:LOAD:LOOP:DUR 10, 0.01", "INIT", "*WAI")
    count = int(smu.query("TRAC:ACT?"))
    times = numbers(smu.query(f'TRAC:DATA? 1, {count}, "defbuffer1", REL'))
    assert times[-1] == pytest.approx(10.0, abs=0.5) and count == pytest.approx(10 / 0.132, rel=0.05)


def test_a_configuration_list_walked_by_trigger_blocks(smu):
    tell(smu, "*RST", "SOUR:VOLT:ILIM 1e-3", 'SOUR:CONF:LIST:CRE "STEPS"')
    for level in (0.1, 0.3, 0.2):
        tell(smu, f"SOUR:VOLT {level}", 'SOUR:CONF:LIST:STOR "STEPS"')
    tell(
        smu,
        'TRIG:BLOC:CONF:REC 1, "STEPS"', "TRIG:BLOC:SOUR:STAT 2, ON", "TRIG:BLOC:MDIG 3", "TRIG:BLOC:DIG:IO 4, 5, 7",
        'TRIG:BLOC:CONF:NEXT 5, "STEPS"', "TRIG:BLOC:BRAN:COUN 6, 4, 3", "TRIG:BLOC:NOP 7", "TRIG:BLOC:SOUR:STAT 8, OFF",
        "INIT", "*WAI",
    )  # fmt: skip
    levels = numbers(smu.query('TRAC:DATA? 1, 4, "defbuffer1", SOUR'))
    np.testing.assert_allclose(levels, [0.1, 0.3, 0.2, 0.1], atol=1e-3)
    assert smu.query("DIG:LINE1:STAT?;:DIG:LINE2:STAT?;:DIG:LINE3:STAT?") == "1;0;1"
    lines = smu.query("TRIG:BLOC:LIST?").split("\r")
    assert [line.split()[1] for line in lines][:3] == ["CONFIG_RECALL", "SOURCE_OUTPUT", "MEASURE_DIGITIZE"]


def test_readings_in_binary(smu):
    tell(smu, "*RST", "SOUR:VOLT 1", "OUTP ON", "SENS:COUN 3")
    smu.query("READ?")
    shown = np.array(numbers(smu.query('TRAC:DATA? 1, 3, "defbuffer1", READ, SOUR')))
    for form, order, code in (("REAL", "SWAP", "<d"), ("REAL", "NORM", ">d"), ("SRE", "SWAP", "<f")):
        tell(smu, f"FORM {form}", f"FORM:BORD {order}")
        smu.write('TRAC:DATA? 1, 3, "defbuffer1", READ, SOUR')
        size = 3 * 2 * struct.calcsize(code)
        while len(smu._held) < size + 3:
            smu._more()
        answer, smu._held = smu._held, b""
        assert answer[:2] == b"#0" and answer[-1:] == b"\n"  # page 6-30
        values = [v for (v,) in struct.iter_unpack(code, answer[2:-1])]
        np.testing.assert_allclose(values, shown, rtol=1e-6)


@pytest.mark.parametrize(
    ("mode", "held"),
    [("NORM", ("V", 0.0, 1e-4)), ("ZERO", ("V", 0.0, 1e-3)), ("GUAR", ("A", 0.0, 2.0)), ("HIMP", None)],
)
def test_output_off_states(smu, mode, held):
    tell(smu, "*RST", f"OUTP:VOLT:SMOD {mode}", "SOUR:VOLT 0.5", "SOUR:VOLT:ILIM 1e-3", "OUTP ON")
    assert smu.leads.held.level == pytest.approx(0.5, abs=1e-3)
    tell(smu, "OUTP OFF")
    stands = smu.leads.held
    assert (stands and (stands.source, stands.level, pytest.approx(stands.compliance))) == held  # pages 2-82, 6-32


def test_another_function_or_other_terminals_switch_the_output_off(smu):
    tell(smu, "*RST", "OUTP ON", "SOUR:FUNC CURR")
    assert smu.query("OUTP?") == "0"
    tell(smu, "OUTP ON", "ROUT:TERM REAR")
    assert smu.query("OUTP?") == "0"


def test_overvoltage_protection_holds_the_source_back(smu):
    tell(smu, "*RST", "SOUR:VOLT:ILIM 1e-3", "SOUR:VOLT:PROT PROT2", "SOUR:VOLT 5", "OUTP ON")
    assert smu.query("SOUR:VOLT:PROT:TRIP?") == "1"
    assert float(smu.query("READ?")) == pytest.approx(2e-4, rel=2e-2)
    tell(smu, "SOUR:VOLT 1")
    assert smu.query("SOUR:VOLT:PROT:TRIP?") == "0"


def test_a_limit_that_the_range_cannot_give_is_changed_with_a_warning(smu):
    tell(smu, "*RST", "*CLS", "SOUR:VOLT:ILIM 1", "SOUR:VOLT 100")  # 20 W; page 6-71
    assert smu.query("SOUR:VOLT:ILIM?") == "0.105"
    assert smu.query("SYST:EVEN:NEXT? WARN").split(";")[1] == "2"


def test_an_sdc_memristor_is_cycled_by_a_list_sweep():
    board = load_memristor_board("benatti2023_fig1", kind=SdcBoard)
    memristor = board.memristor(seed=2, R_s=0.0)
    with keithley(memristor) as smu:
        up, down = np.linspace(0, 0.6, 25), np.linspace(0, -0.4, 17)
        loop = np.concatenate([up, up[::-1], down, down[::-1]])
        before = memristor.resistance
        tell(
            smu,
            "*RST",
            "SOUR:VOLT:RANG 2",
            "SOUR:VOLT:ILIM 1e-4",
            "SOUR:VOLT:DEL 0",
            "SENS:CURR:NPLC 0.1",
            "SENS:CURR:RANG 1e-4",
        )
        tell(smu, f"SOUR:LIST:VOLT {','.join(f'{v:.4f}' for v in loop)}", "SOUR:SWE:VOLT:LIST 1, 0.001, 1, OFF", "INIT")
        assert smu.query("*OPC?") == "1"
        rows = np.array(numbers(smu.query(f'TRAC:DATA? 1, {len(loop)}, "defbuffer1", SOUR, READ'))).reshape(-1, 2)
        conductance = rows[:, 1] / np.where(abs(rows[:, 0]) > 0.04, rows[:, 0], np.nan)
        rising, back = conductance[5:12], conductance[38:45]
        assert np.nanmedian(back) > 3 * np.nanmedian(rising)  # SET
        assert np.nanmedian(conductance[-8:-3]) < np.nanmedian(back) / 3  # RESET
        assert before > 0


def test_the_memristor_is_held_back_by_compliance_and_says_so():
    memristor = load_memristor_board("benatti2023_fig1", kind=SdcBoard).memristor(seed=2, R_s=0.0)
    with keithley(memristor) as smu:
        tell(
            smu,
            "*RST",
            "SOUR:VOLT:RANG 2",
            "SOUR:VOLT:ILIM 5e-6",
            "SENS:CURR:RANG 1e-5",
            "SOUR:SWE:VOLT:LIN 0, 0.6, 13, 0, 1, FIX, OFF",
        )
        tell(smu, "INIT", "*WAI")
        rows = np.array(numbers(smu.query('TRAC:DATA? 1, 13, "defbuffer1", READ, SOURSTAT'))).reshape(-1, 2)
        limited = (rows[:, 1].astype(int) & 32) > 0
        assert not limited[:5].any() and limited[-1]
        assert np.all(rows[:, 0] <= 5e-6 * 1.01)


def test_several_clients_share_the_instrument(smu):
    with Client(smu.port) as other:
        tell(smu, "*RST", "SOUR:VOLT 0.7")
        assert other.query("SOUR:VOLT?") == "0.7"
        other.write("FOO")
        assert other.query("*STB?") == "4"
        assert smu.query("SYST:ERR:CODE?") == "-113"
        other.write("SOUR:V")
        assert smu.query("*IDN?;SOUR:VOLT?").endswith(";0.7")


def test_the_status_byte_sums_up(smu):
    tell(smu, "*CLS", "*ESE 32", "*SRE 32", "STAT:QUES:MAP 2, 2731, 2732", "STAT:QUES:ENAB 4")
    smu.write("FOO")
    assert int(smu.query("*STB?")) == 64 + 32 + 4
    assert smu.query("*ESR?;*ESR?;:SYST:ERR:CODE?") == "32;0;-113"
    tell(smu, 'TRIG:LOAD "SimpleLoop", 2', "INIT", "*WAI")
    assert int(smu.query("*STB?")) == 8 + 1  # QSB and MSB, page C-11
    assert smu.query("STAT:QUES?;:STAT:QUES?;:STAT:QUES:COND?") == "4;0;0"


def test_without_the_interlock_high_voltage_does_not_come_out():
    with keithley(Resistor(100e3), interlock=False) as smu:
        tell(smu, "*RST", "SOUR:VOLT:ILIM 1e-3", "SOUR:VOLT 100", "OUTP ON")
        assert smu.query("OUTP:INT:STAT?") == "0"
        assert float(smu.query("READ?")) == pytest.approx(21 / 100e3, rel=1e-2)
        assert smu.query("SYST:EVEN:NEXT? WARN").startswith("5074,")


def test_a_model_that_never_ends_can_be_polled_and_aborted(smu):
    tell(smu, "*RST", "SENS:CURR:NPLC 0.1", "SOUR:SWE:VOLT:LIN 0, 1, 3, 0, 0", "INIT")
    before = smu.world.now
    for _ in range(20):
        assert smu.query("TRIG:STAT?").startswith("RUNNING;")
    assert smu.world.now - before == pytest.approx(1.0, abs=0.01)  # 50 ms a poll
    smu.write("ABOR;:OUTP OFF")
    assert smu.query("TRIG:STAT?;:OUTP?").endswith(";0")
