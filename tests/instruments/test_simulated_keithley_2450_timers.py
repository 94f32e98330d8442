"""The trigger timers of the simulated 2450 (2450-901-01, 6-166 to 6-173), and the events that a wait block takes (6-148)."""

import numpy as np
import pytest

from neurorig.instruments.simulated.leads import Resistor

from .test_simulated_keithley_2450 import keithley, numbers, tell


@pytest.fixture
def smu():
    with keithley(Resistor(10e3)) as client:
        yield client


def timed(smu, *blocks: str, count: int = 1) -> list[float]:
    """Run a model of these blocks, numbered from 1, and give the times of its readings."""
    tell(smu, "*RST", ":SENS:CURR:NPLC 0.01", ":SENS:CURR:AZER OFF", ":SENS:CURR:RANG 1e-3", ":OUTP ON")
    tell(smu, ":TRIG:TIM1:DEL 0.02", f":TRIG:TIM1:COUN {count}", ":TRIG:TIM1:STAR:STIM NOT1", ":TRIG:TIM1:STAT ON")
    tell(smu, ":TRIG:LOAD:EMPT", *(f":TRIG:BLOC:{block}" for block in blocks), ":INIT")
    assert smu.query("*OPC?") == "1"
    return numbers(smu.query(f':TRAC:DATA? 1,{smu.query(":TRAC:ACT?")},"defbuffer1",REL'))


def test_settings_of_a_timer_are_told_and_bounded(smu):
    for setting, value in (
        ("DEL", "2.000000e-02"),
        ("COUN", "4"),
        ("STAT", "1"),
        ("STAR:STIM", "NOT2"),
        ("STAR:GEN", "1"),
    ):
        smu.write(f":TRIG:TIM3:{setting} {value}")
        assert smu.query(f":TRIG:TIM3:{setting}?") == value
    smu.write(":TRIG:TIM5:DEL 1")
    assert smu.query(":SYST:ERR?").startswith("-1")
    smu.write(":TRIG:TIM1:DEL 1e-6")
    assert smu.query(":SYST:ERR?").startswith("-222")


def test_a_timer_spaces_readings_whatever_they_take(smu):
    times = timed(smu, "NOT 1,1", "MEAS 2", "WAIT 3,TIM1", "BRAN:COUN 4,5,1")
    assert list(np.diff(times)) == pytest.approx([0.02] * 4, abs=3e-4)


def test_an_event_that_came_before_the_wait_block_is_not_lost(smu):
    times = timed(smu, "NOT 1,1", "DEL:CONS 2,0.05", "MEAS 3", "WAIT 4,TIM1", "MEAS 5")
    assert times[1] < 5e-3


def test_a_count_repeats_the_event(smu):
    """One start, three expirations: the loop does not notify again."""
    times = timed(smu, "NOT 1,1", "WAIT 2,TIM1", "MEAS 3", "BRAN:COUN 4,3,2", count=3)
    assert list(np.diff(times)) == pytest.approx([0.02] * 2, abs=3e-4)


def test_a_timer_that_is_not_enabled_never_comes(smu):
    tell(smu, "*RST", ":OUTP ON", ":TRIG:TIM1:STAR:STIM NOT1", ":TRIG:LOAD:EMPT")
    tell(smu, ":TRIG:BLOC:NOT 1,1", ":TRIG:BLOC:WAIT 2,TIMER1", ":INIT")
    states = {smu.query(":TRIG:STAT?").partition(";")[0] for _ in range(20)}
    assert "WAITING" in states and "IDLE" not in states
    smu.write(":ABOR")
    assert smu.query(":TRIG:STAT?").startswith("ABORTED")
