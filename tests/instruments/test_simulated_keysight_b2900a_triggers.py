"""The ARM-TRIGger model of the simulated Keysight B2902A: sweeps, lists, pulses, two channels, memristors (B2910-90030)."""

import numpy as np
import pytest

from neurorig.hardware.memristors import SdcBoard, load_memristor_board
from neurorig.instruments.simulated.leads import Resistor

from .keysight_smu import NAN, OHMS, keysight, numbers, tell


@pytest.fixture
def smu():
    with keysight(Resistor(OHMS), Resistor(1e3)) as client:
        yield client


def test_a_staircase_measured_step_by_step(smu):
    tell(
        smu, "*RST", ":VOLT:MODE SWE", ":VOLT:STAR 0", ":VOLT:STOP 1", ":VOLT:POIN 5", ':SENS:FUNC "CURR"', ":SENS:CURR:NPLC 0.1",
        ":SENS:CURR:PROT 0.1", ":TRIG:SOUR AINT", ":TRIG:COUN 5", ":OUTP ON", ":INIT (@1)",
    )  # fmt: skip
    amperes = numbers(smu.query(":FETC:ARR:CURR? (@1)"))
    np.testing.assert_allclose(amperes, np.linspace(0, 1e-4, 5), atol=2e-7)
    np.testing.assert_allclose(numbers(smu.query(":FETC:ARR:SOUR?")), np.linspace(0, 1, 5), atol=1e-6)
    assert smu.leads["1"].held.level == pytest.approx(0.0, abs=1e-3)  # back at the immediate level
    tell(smu, ":SWE:STA DOUB", ":SWE:DIR DOWN", ":TRIG:COUN 10")
    levels = numbers(smu.query(":READ:ARR:SOUR?"))
    np.testing.assert_allclose(levels, [1, 0.75, 0.5, 0.25, 0, 0, 0.25, 0.5, 0.75, 1], atol=1e-6)


def test_a_logarithmic_sweep_and_the_last_level_kept(smu):
    tell(
        smu,
        "*RST",
        ":FUNC:MODE CURR",
        ":CURR:MODE SWE",
        ":CURR:STAR 1E-7",
        ":CURR:STOP 1E-4",
        ":CURR:POIN 4",
        ":SWE:SPAC LOG",
    )
    tell(smu, ":TRIG:COUN 4", ":SENS:VOLT:PROT 2", ":FUNC:TRIG:CONT ON", ":INIT")
    np.testing.assert_allclose(numbers(smu.query(":FETC:ARR:SOUR?")), [1e-7, 1e-6, 1e-5, 1e-4], rtol=1e-5)
    assert smu.leads["1"].held.level == pytest.approx(1e-4, rel=1e-2)
    assert smu.query(":CURR?") == "+1.000000E-04"


def test_pulses_come_and_go_to_the_microsecond(smu):
    tell(
        smu, "*RST", ":FUNC:SHAP PULS", ":VOLT 0.05", ":VOLT:MODE LIST", ":LIST:VOLT 0.5,-0.4,0.3", ":PULS:DEL 20E-6",
        ":PULS:WIDT 137E-6", ":TRIG:SOUR TIM", ":TRIG:TIM 1E-3", ":TRIG:COUN 3", ":TRIG:ACQ:DEL 100E-6", ":SENS:CURR:APER 50E-6",
        ":SENS:CURR:RANG 1E-4", ":VOLT:RANG 2", ":OUTP ON", ":SYST:TIME:TIM:COUN:RES",
    )  # fmt: skip
    smu.leads["1"].steps.clear()
    smu.write(":INIT (@1)")
    rows = numbers(smu.query(":FETC:ARR? (@1)")).reshape(3, 6)
    steps = np.array(smu.leads["1"].steps)
    assert len(steps) == 6
    begun = steps[0, 0] - 20e-6
    edges = np.array([(k * 1e-3 + 20e-6, k * 1e-3 + 157e-6) for k in range(3)]).ravel()
    np.testing.assert_allclose(steps[:, 0] - begun, edges, rtol=0, atol=1e-9)
    np.testing.assert_allclose(steps[:, 1], [0.5, 0.05, -0.4, 0.05, 0.3, 0.05], atol=1e-3)
    np.testing.assert_allclose(rows[:, 3], [100e-6, 1.1e-3, 2.1e-3], atol=1e-9)  # the time of each trigger's reading
    np.testing.assert_allclose(rows[:, 1], np.array([0.5, -0.4, 0.3]) / OHMS, rtol=0.02)
    np.testing.assert_allclose(rows[:, 5], [0.5, -0.4, 0.3])


def test_a_pulse_that_ends_within_the_aperture_is_averaged(smu):
    tell(
        smu,
        "*RST",
        ":FUNC:SHAP PULS",
        ":VOLT:TRIG 1",
        ":PULS:WIDT 1E-3",
        ":SENS:CURR:APER 2E-3",
        ":SENS:CURR:RANG 1E-4",
    )
    assert float(smu.query(":READ:CURR?")) == pytest.approx(0.5e-4, rel=5e-3)


def test_events_of_a_timer_that_nobody_waits_for_are_lost(smu):
    tell(
        smu,
        "*RST",
        ":TRIG:ACQ:SOUR TIM",
        ":TRIG:ACQ:TIM 1E-3",
        ":TRIG:ACQ:COUN 4",
        ":SENS:CURR:APER 2E-3",
        ":SENS:WAIT OFF",
    )
    tell(smu, ":SENS:CURR:RANG 1E-4", ":INIT:ACQ (@1)")
    np.testing.assert_allclose(numbers(smu.query(":FETC:ARR:TIME?")), [0, 3e-3, 6e-3, 9e-3], atol=1e-8)
    assert smu.query(":STAT:QUES?;:STAT:QUES:COND?") == "4096;4096"  # page 4-116
    tell(smu, ":TRIG:ACQ:TIM 20E-6", ":SENS:CURR:APER 8E-6", ":TRIG:ACQ:COUN 1000", ":INIT:ACQ")
    times = numbers(smu.query(":FETC:ARR:TIME?"))
    np.testing.assert_allclose(np.diff(times), 20e-6, rtol=0, atol=2e-9)
    assert smu.query(":STAT:QUES:COND?") == "0"


def test_the_measurement_waits_for_the_source_unless_told_otherwise(smu):
    def first(*lines):
        tell(smu, "*RST", ":VOLT:TRIG 1", ":SENS:CURR:RANG 1E-4", *lines)
        return float(smu.query(":READ:TIME?"))

    assert first() == pytest.approx(250e-6)  # User's Guide 2-20
    assert first(":SENS:WAIT:GAIN 2", ":SENS:WAIT:OFFS 1E-3") == pytest.approx(1.5e-3)  # page 4-91
    assert first(":SENS:WAIT:AUTO OFF", ":SENS:WAIT:OFFS 1E-3") == pytest.approx(1e-3)
    assert first(":SENS:WAIT OFF") == 0.0


def test_two_channels_run_together_and_answer_row_by_row(smu):
    tell(smu, "*RST", ":FORM:ELEM:SENS CURR,SOUR", ":VOLT:MODE LIST", ":LIST:VOLT 0.1,0.2,0.3", ":SOUR2:VOLT:MODE LIST")
    tell(smu, ":SOUR2:LIST:VOLT 0.4,0.5", ":SENS2:CURR:PROT 1E-3", ":TRIG1:COUN 3", ":TRIG2:COUN 2")
    for n in (1, 2):
        tell(smu, f":TRIG{n}:SOUR TIM", f":TRIG{n}:TIM 10E-3", f":TRIG{n}:ACQ:DEL 5E-3", f":SENS{n}:CURR:RANG 1E-3")
    smu.write(":INIT (@1,2)")
    rows = numbers(smu.query(":FETC:ARR? (@1,2)")).reshape(3, 4)
    np.testing.assert_allclose(rows[:, 1], [0.1, 0.2, 0.3])
    np.testing.assert_allclose(rows[:2, 3], [0.4, 0.5])
    np.testing.assert_allclose(rows[:2, 2], [0.4e-3, 0.5e-3], rtol=5e-3)
    assert list(rows[2, 2:]) == [NAN, NAN]  # page 4-68
    np.testing.assert_array_equal(
        numbers(smu.query(":FETC:ARR:TIME? (@1)"))[:2], numbers(smu.query(":FETC:ARR:TIME? (@2)"))
    )


def test_a_sweep_goes_on_while_the_client_polls_and_can_be_aborted(smu):
    tell(
        smu,
        "*RST",
        ":VOLT 0.1",
        ":VOLT:MODE SWE",
        ":VOLT:STOP 1",
        ":VOLT:POIN 101",
        ":TRIG:SOUR TIM",
        ":TRIG:TIM 10E-3",
    )
    tell(smu, ":TRIG:COUN 101", ":TRIG:ACQ:DEL 5E-3", ":SENS:CURR:RANG 1E-4", ":INIT (@1)")
    seen = {int(smu.query(":STAT:OPER:COND?")) for _ in range(30)}
    assert not any(value & (2 | 16) for value in seen) and any(value & 4 for value in seen)
    assert 0 < len(numbers(smu.query(":SENS:DATA?")).reshape(-1, 6)) < 101  # no waiting
    smu.write(":ABOR (@1)")
    assert smu.query(":IDLE? (@1);:OUTP?;:STAT:OPER:COND?") == "1;1;1170"
    assert smu.leads["1"].held.level == pytest.approx(0.1, abs=1e-3)
    tell(smu, ":INIT (@1)")
    assert smu.query("*OPC?") == "1"
    np.testing.assert_allclose(numbers(smu.query(":FETC:ARR:TIME?")), 5e-3 + 10e-3 * np.arange(101), atol=1e-6)


def test_triggers_from_the_bus(smu):
    tell(
        smu, "*RST", ":ARM:SOUR BUS", ":TRIG:SOUR BUS", ":TRIG:COUN 2", ":VOLT:MODE LIST", ":LIST:VOLT 0.1,0.2", ":INIT"
    )
    assert int(smu.query(":STAT:OPER:COND?")) & 0b1111110 == 8 | 64  # both wait for their arm event
    smu.write("*TRG")
    assert int(smu.query(":STAT:OPER:COND?")) & 0b1111110 == 4 | 32
    smu.write("*TRG")
    while int(smu.query(":STAT:OPER:COND?")) & 0b1111110 != 4 | 32:
        pass
    assert smu.leads["1"].held.level == pytest.approx(0.1, abs=1e-3)
    smu.write(":TRIG (@1)")
    assert smu.query("*OPC?") == "1"
    np.testing.assert_allclose(numbers(smu.query(":FETC:ARR:SOUR?")), [0.1, 0.2])


def test_an_event_that_nobody_waits_for_is_lost(smu):
    tell(smu, "*RST", ":TRIG:SOUR BUS", ":TRIG:COUN 2", ":SENS:CURR:APER 0.1", ":INIT", "*TRG", "*TRG")
    assert smu.query(":STAT:QUES:COND?") == "4096"  # the source was ready for both, the meter was not
    while int(smu.query(":STAT:OPER:COND?")) & 32 == 0:
        pass
    smu.write("*TRG")
    assert smu.query("*OPC?") == "1"
    assert len(numbers(smu.query(":FETC:ARR:CURR?"))) == 2


def test_the_arm_layer_repeats_the_trigger_layer(smu):
    tell(
        smu, "*RST", ":VOLT:MODE LIST", ":LIST:VOLT 0.1,0.2", ":SENS:CURR:RANG 1E-4", ":SENS:WAIT OFF", ":TRIG:SOUR TIM"
    )
    tell(
        smu, ":TRIG:TIM 5E-3", ":TRIG:COUN 2", ":ARM:SOUR TIM", ":ARM:TIM 0.1", ":ARM:COUN 3", ":ARM:DEL 1E-3", ":INIT"
    )
    times = numbers(smu.query(":FETC:ARR:TIME?"))
    np.testing.assert_allclose(times, [k * 0.1 + t for k in range(3) for t in (1e-3, 6e-3)], atol=1e-9)
    np.testing.assert_allclose(numbers(smu.query(":FETC:ARR:SOUR?")), [0.1, 0.2] * 3)


@pytest.mark.parametrize(("ranging", "chosen"), [("BEST", 20.0), ("AUTO", 0.2), ("FIX", 200.0)])
def test_a_sweep_finds_its_ranges(smu, ranging, chosen):
    tell(
        smu,
        "*RST",
        ":VOLT:RANG 200",
        ":VOLT:RANG:AUTO ON",
        ":VOLT:MODE SWE",
        ":VOLT:STOP 10",
        ":VOLT:POIN 3",
        f":SWE:RANG {ranging}",
    )
    smu.leads["1"].steps.clear()
    tell(smu, ":TRIG:COUN 3", ":VOLT:STAR 0.012345", ":OUTP ON", ":INIT:TRAN")
    assert smu.query("*OPC?") == "1"
    told = smu.leads["1"].steps[1][1]
    volts = smu.device.channels[1].terminals.sources["V"]
    assert told == volts.made(0.012345, volts.named(chosen))


def test_automatic_output(smu):
    tell(smu, "*RST", ":OUTP:OFF:AUTO ON", ":VOLT:TRIG 0.5")
    assert float(smu.query(":READ:CURR?")) == pytest.approx(0.5 / OHMS, rel=1e-2)
    assert smu.query(":OUTP?") == "0"
    tell(smu, ":OUTP:ON:AUTO OFF")
    assert float(smu.query(":READ:CURR?")) == pytest.approx(0.0, abs=1e-8)


def test_an_sdc_memristor_is_cycled_by_a_list():
    memristor = load_memristor_board("benatti2023_fig1", kind=SdcBoard).memristor(seed=2, R_s=0.0)
    with keysight(memristor) as smu:
        up, down = np.linspace(0, 0.6, 25), np.linspace(0, -0.4, 17)
        loop = np.concatenate([up, up[::-1], down, down[::-1]])
        tell(
            smu,
            "*RST",
            ":VOLT:RANG 2",
            ":SENS:CURR:PROT 1E-4",
            ":SENS:CURR:RANG 1E-4",
            ":SENS:CURR:NPLC 0.1",
            ":VOLT:MODE LIST",
        )
        tell(smu, f":LIST:VOLT {','.join(f'{v:.4f}' for v in loop)}", f":TRIG:COUN {len(loop)}", ":TRIG:SOUR TIM")
        tell(smu, ":TRIG:TIM 4E-3", ":TRIG:ACQ:DEL 1.5E-3", ":FORM:ELEM:SENS CURR,SOUR", ":INIT (@1)")
        rows = numbers(smu.query(":FETC:ARR? (@1)")).reshape(-1, 2)
        conductance = rows[:, 0] / np.where(abs(rows[:, 1]) > 0.04, rows[:, 1], np.nan)
        rising, back = conductance[5:12], conductance[38:45]
        assert np.nanmedian(back) > 3 * np.nanmedian(rising)  # SET
        assert np.nanmedian(conductance[-8:-3]) < np.nanmedian(back) / 3  # RESET
        tell(smu, ":OUTP OFF")
        assert smu.leads["1"].hot_switched == 0


def test_set_pulses_are_held_back_by_compliance_and_say_so():
    memristor = load_memristor_board("benatti2023_fig1", kind=SdcBoard).memristor(seed=2, R_s=0.0)
    with keysight(memristor) as smu:
        tell(
            smu,
            "*RST",
            ":FUNC:SHAP PULS",
            ":VOLT:RANG 2",
            ":SENS:CURR:PROT 5E-6",
            ":SENS:CURR:RANG 1E-5",
            ":VOLT:MODE SWE",
        )
        tell(
            smu,
            ":VOLT:STAR 0.05",
            ":VOLT:STOP 0.6",
            ":VOLT:POIN 12",
            ":PULS:WIDT 5E-3",
            ":TRIG:COUN 12",
            ":TRIG:SOUR TIM",
        )
        tell(smu, ":TRIG:TIM 20E-3", ":TRIG:ACQ:DEL 2E-3", ":FORM:ELEM:SENS CURR,STAT", ":INIT (@1)")
        rows = numbers(smu.query(":FETC:ARR? (@1)")).reshape(-1, 2)
        limited = (rows[:, 1].astype(int) & 6) > 0
        assert not limited[:4].any() and limited[-1]
        assert np.all(rows[:, 0] <= 5e-6 * 1.01)
