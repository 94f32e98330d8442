"""The driver of the 2450 against answers as its manual prints them: what it sends, reads, and refuses."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from neurorig.instruments.drivers import DRIVERS
from neurorig.instruments.drivers.keithley_2450 import Keithley2450
from neurorig.instruments.drivers.keithley_2450_trigger import blocks
from neurorig.instruments.drivers.source_trains import period_of
from neurorig.instruments.sourcing import Pulses, SourceSetup, Staircase
from neurorig.signals import BenchError, InstrumentError, LimitError

from .obedient import Obedient
from .scripted import Scripted, scripted

ANSWERS = {
    "*IDN?": "KEITHLEY INSTRUMENTS,MODEL 2450,04000001,1.7.0b",
    "*LANG?": "SCPI",
    ":SYST:LFR?": "50",
    ":OUTP:INT:TRIP?": "0",
    ":OUTP?": "0",
    ":TRIG:STAT?": "IDLE;IDLE;9",
}
MEMRISTOR = SourceSetup("V", compliance=10e-6, source_range=2.0, measure_range=10e-6, nplc=0.1)


@contextmanager
def connected(script: Obedient) -> Iterator[tuple[Keithley2450, Scripted]]:
    with scripted(script) as server:
        driver = DRIVERS["keithley_2450"].connect(f"tcp://127.0.0.1:{server.port}", name="smu", timeout=1.0)
        server.heard.clear()
        yield driver, server
        driver.close()


def sent(server: Scripted) -> list[str]:
    return [line for line in server.heard if line and not line.endswith("?")]


def test_connecting_brings_the_level_to_zero_before_the_output_goes_off():
    script = Obedient(ANSWERS)
    with scripted(script) as server:
        DRIVERS["keithley_2450"].connect(f"tcp://127.0.0.1:{server.port}").close()
        told = sent(server)
    assert told[:6] == [":ABOR", ":SOUR:VOLT 0", ":SOUR:CURR 0", ":OUTP OFF", "*RST", "*CLS"]
    assert {":OUTP:VOLT:SMOD HIMP", ":OUTP:CURR:SMOD HIMP", ":FORM:BORD SWAP"} < set(told)
    assert ":OUTP ON" not in told


def test_a_2450_that_speaks_tsp_is_not_used():
    with (
        pytest.raises(BenchError, match=r"set to speak TSP. Set it to SCPI"),
        connected(Obedient({**ANSWERS, "*LANG?": "TSP"})),
    ):
        pass


def test_a_setup_is_sent_in_the_order_that_its_limits_need_and_read_back():
    script = Obedient(ANSWERS)
    with connected(script) as (driver, server):
        driver.configure("1", MEMRISTOR)
        told = sent(server)
    assert told[:4] == list(driver.safe_state)
    limit, fixed = ":SOUR:VOLT:ILIM 1E-05", ":SENS:CURR:RANG 1E-05"
    assert told.index(":SENS:CURR:RANG:AUTO ON") < told.index(limit) < told.index(fixed)
    assert told[-1] == limit
    assert {":SOUR:FUNC VOLT", ':SENS:FUNC "CURR:DC"', ":SOUR:VOLT:RANG 2", ":SENS:CURR:NPLC 0.1"} < set(told)
    assert {":SOUR:VOLT:READ:BACK ON", ":SENS:CURR:RSEN OFF", ":SENS:CURR:AZER ON"} < set(told)


def test_a_limit_that_the_instrument_changes_is_an_error():
    with (
        connected(Obedient({**ANSWERS, ":SOUR:VOLT:ILIM?": "1.05E-4"})) as (driver, _),
        pytest.raises(InstrumentError, match=r"amperes_limit was set to 10 uA but reads back 105 uA"),
    ):
        driver.configure("1", MEMRISTOR)


def test_what_the_instrument_has_against_a_setup_surfaces():
    script = Obedient(ANSWERS)
    with connected(script) as (driver, _):
        script.errors = ['5076,"Parameter error;1;2026/01/01 10:00:00.000"']
        with pytest.raises(InstrumentError, match=r"smu .*: while setting up channel 1: 5076,"):
            driver.configure("1", MEMRISTOR)
        with pytest.raises(InstrumentError, match="configure it first"):
            driver.on("1")


def test_two_hundred_volts_need_the_interlock():
    setup = SourceSetup("V", compliance=1e-3, source_range=200.0)
    with connected(Obedient(ANSWERS)) as (driver, server):
        driver.configure("1", setup)
        with pytest.raises(BenchError, match="200 V need the interlock, which is not asserted"):
            driver.on("1")
        assert ":OUTP ON" not in server.heard
    script = Obedient({**ANSWERS, ":OUTP:INT:TRIP?": "1"})
    del script.answers[":OUTP?"]
    with connected(script) as (driver, server):
        driver.configure("1", setup)
        driver.on("1")
        assert ":OUTP ON" in server.heard


def test_a_staircase_is_a_list_and_a_trigger_model_timed_by_a_timer():
    script = Obedient({**ANSWERS, ":OUTP?": "1"})
    with connected(script) as (driver, server):
        script.answers[":OUTP?"] = "0"
        driver.configure("1", MEMRISTOR)
        script.answers[":OUTP?"] = "1"
        levels = tuple(round(0.004 * k, 3) for k in range(150))
        script.answers[":SOUR:LIST:VOLT?"] = ", ".join(f"{level:.6E}" for level in (*levels, 0.0))
        server.heard.clear()
        driver.load("1", Staircase(levels, dwell=0.01))
        told = sent(server)
    first, second = (
        next(line for line in told if line.startswith(h)) for h in (":SOUR:LIST:VOLT ", ":SOUR:LIST:VOLT:APP ")
    )
    assert first.count(",") == 99 and second.count(",") == 50
    assert second.endswith(",0.596,0")
    assert {":TRIG:TIM1:DEL 0.01", ":TRIG:TIM1:COUN 0", ":TRIG:TIM1:STAR:STIM NOT1", ":TRIG:TIM1:STAT ON"} < set(told)
    assert told[-11:] == [
        ':TRIG:LOAD "Empty"',
        ':TRIG:BLOC:CONF:REC 1,"VoltCustomSweepList",151',  # the level to return to, on from before
        ":TRIG:BLOC:NOT 2,1",
        ":TRIG:BLOC:NOP 3",
        ":TRIG:BLOC:NOT 4,2",
        ':TRIG:BLOC:CONF:NEXT 5,"VoltCustomSweepList"',
        ":TRIG:BLOC:DEL:CONS 6,0.005",  # 10 ms less two apertures of 2 ms and 0.5 ms each
        ':TRIG:BLOC:MEAS 7,"defbuffer1"',
        ":TRIG:BLOC:WAIT 8,TIM1",
        ":TRIG:BLOC:BRAN:COUN 9,150,4",
        ':TRIG:BLOC:CONF:NEXT 10,"VoltCustomSweepList"',
    ]
    assert not any(line.startswith((":SOUR:VOLT ", ":OUTP ", ":INIT")) for line in told), "nothing is sourced yet"


def test_a_list_that_does_not_read_back_is_not_run():
    script = Obedient({**ANSWERS, ":SOUR:LIST:VOLT?": "0.1,0.3,0"})
    with connected(script) as (driver, _):
        driver.configure("1", MEMRISTOR)
        with pytest.raises(InstrumentError, match="list of 3 levels does not read back"):
            driver.load("1", Staircase((0.1, 0.2), dwell=0.01))
        with pytest.raises(InstrumentError, match="no train to run"):
            driver.start()


def test_a_pulse_with_a_read_pulse_measures_only_the_read():
    train = Pulses((0.6,) * 20, width=1e-3, gap=2e-3, read=0.05, read_width=10e-3)
    told = list(blocks(period_of(train), 20, '"L"', '"b"', 4.5e-3))
    assert told == [
        ':TRIG:BLOC:CONF:REC 1,"L",81', ":TRIG:BLOC:NOT 2,1", ":TRIG:BLOC:NOP 3", ":TRIG:BLOC:NOT 4,2",
        ':TRIG:BLOC:CONF:NEXT 5,"L"', ":TRIG:BLOC:WAIT 6,TIM2",
        ':TRIG:BLOC:CONF:NEXT 7,"L"', ":TRIG:BLOC:WAIT 8,TIM3",
        ':TRIG:BLOC:CONF:NEXT 9,"L"', ":TRIG:BLOC:DEL:CONS 10,0.0055", ':TRIG:BLOC:MEAS 11,"b"', ":TRIG:BLOC:WAIT 12,TIM4",
        ':TRIG:BLOC:CONF:NEXT 13,"L"', ":TRIG:BLOC:WAIT 14,TIM1",
        ":TRIG:BLOC:BRAN:COUN 15,20,4", ':TRIG:BLOC:CONF:NEXT 16,"L"',
    ]  # fmt: skip


def running(script: Obedient, driver: Keithley2450, levels: tuple[float, ...]) -> None:
    """Configured, on, with a staircase started."""
    driver.configure("1", MEMRISTOR)
    script.answers[":SOUR:LIST:VOLT?"] = ",".join(map(str, (*levels, 0.0)))
    driver.load("1", Staircase(levels, dwell=0.01))
    with pytest.raises(InstrumentError, match="its output is off"):
        driver.start()
    script.answers[":OUTP?"] = "1"
    driver.start()


def test_readings_come_in_binary_and_their_compliance_as_text():
    script = Obedient({**ANSWERS, ":TRAC:ACT?": "3"})
    rows = [(1e-6, 0.1, 5.0), (1.05e-5, 0.15, 5.01), (9.9e37, 0.2, 5.02)]
    script.answers[':TRAC:DATA? 1,3,"defbuffer1",READ,SOUR,REL'] = b"#0" + struct.pack("<9d", *np.ravel(rows))
    script.answers[':TRAC:DATA? 1,3,"defbuffer1",SOURSTAT'] = "+1.360000E+02,+1.680000E+02,128"
    with connected(script) as (driver, _):
        running(script, driver, (0.1, 0.2, 0.3))
        assert not driver.running()
        readings = driver.fetch("1")
        assert len(driver.warnings) == 1 and "1 readings lie beyond the measuring range" in driver.warnings[0]
    assert readings.limited.tolist() == [False, True, False]
    assert readings.times == pytest.approx([0.0, 0.01, 0.02])
    assert readings.levels.tolist() == [0.1, 0.2, 0.3]
    assert readings.volts.tolist() == [0.1, 0.15, 0.2]
    assert readings.amperes[:2].tolist() == [1e-6, 1.05e-5] and np.isnan(readings.amperes[2])


@pytest.mark.parametrize(
    ("state", "count", "said"),
    [
        ("RUNNING;EMPTY;3", "1", None),
        ("WAITING;EMPTY;5", "1", None),
        ("IDLE;IDLE;0", "0", None),  # it is looked at every 100 ms only
        ("FAILED;FAILED;4", "1", "did not run to its end: FAILED"),
        ("ABORTED;ABORTED;4", "1", "did not run to its end: ABORTED"),
    ],
)
def test_states_of_the_trigger_model(state, count, said):
    script = Obedient({**ANSWERS, ":TRIG:STAT?": state, ":TRAC:ACT?": count})
    with connected(script) as (driver, _):
        running(script, driver, (0.1, 0.2))
        if said is None:
            assert driver.running()
        else:
            with pytest.raises(InstrumentError, match=said):
                driver.running()


def test_a_train_that_ended_early_is_told():
    script = Obedient({**ANSWERS, ":TRAC:ACT?": "1"})
    with connected(script) as (driver, _):
        running(script, driver, (0.1, 0.2))
        driver._begun -= 10
        with pytest.raises(InstrumentError, match=r"the train ended after 1 of 2 readings \(IDLE;IDLE;9\)"):
            driver.running()
        with pytest.raises(InstrumentError, match="there is nothing to fetch"):
            driver.fetch("1")


def test_an_output_that_stays_on_is_told():
    with (
        connected(Obedient({**ANSWERS, ":OUTP?": "1"})) as (driver, _),
        pytest.raises(InstrumentError, match="was told to be safe, but answers '1'"),
    ):
        driver.off()


def test_levels_are_checked_against_the_range_before_anything_is_sent():
    with connected(Obedient(ANSWERS)) as (driver, server):
        driver.configure("1", MEMRISTOR)
        server.heard.clear()
        with pytest.raises(LimitError, match=r"level 2.2 V lies outside -2.1 V .. 2.1 V"):
            driver.set_level("1", 2.2)
        assert server.heard == []
        driver.set_level("1", 2.0)
        assert server.heard == [":SOUR:VOLT 2", ":SOUR:VOLT?"]
