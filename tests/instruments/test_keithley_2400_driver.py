"""The driver of the 2400 series against answers as its manual prints them: what it sends, reads, and refuses."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import numpy as np
import pytest

from neurorig.instruments.drivers import DRIVERS
from neurorig.instruments.drivers.keithley_2400 import Keithley2400
from neurorig.instruments.sourcing import Pulses, SourceSetup, Staircase
from neurorig.signals import BenchError, InstrumentError, LimitError, LinkError

from .obedient import Obedient
from .scripted import Piece, Scripted, scripted

ANSWERS = {
    "*IDN?": "KEITHLEY INSTRUMENTS INC.,MODEL 2400,1234567,C30   Mar 17 2006 09:29:29/A02  /K/J",
    ":SYST:LFR?": "50",
    ":OUTP?": "0",
    "*OPC?": "1",
}
MEMRISTOR = SourceSetup("V", compliance=10e-6, source_range=2.0, measure_range=10e-6, nplc=0.1)
COMPLIANCE, RANGE_COMPLIANCE = 1 << 3, 1 << 16


@contextmanager
def connected(script: Obedient, scheme: str = "tcp") -> Iterator[tuple[Keithley2400, Scripted]]:
    with scripted(script) as server:
        driver = DRIVERS["keithley_2400"].connect(f"{scheme}://127.0.0.1:{server.port}", name="smu", timeout=1.0)
        server.heard.clear()
        yield driver, server
        driver.close()


def sent(server: Scripted) -> list[str]:
    return [line for line in server.heard if line and not line.endswith("?")]


def test_connecting_ends_a_list_brings_the_level_to_zero_and_then_the_output_off():
    with scripted(Obedient(ANSWERS)) as server:
        DRIVERS["keithley_2400"].connect(f"tcp://127.0.0.1:{server.port}").close()
        told = sent(server)
    assert told[:8] == [
        ":ABOR", ":SOUR:VOLT:MODE FIX", ":SOUR:CURR:MODE FIX", ":SOUR:VOLT 0", ":SOUR:CURR 0", ":OUTP OFF", "*RST", "*CLS",
    ]  # fmt: skip
    assert {":OUTP:SMOD HIMP", ":SOUR:CLE:AUTO OFF", ':SENS:FUNC "VOLT:DC","CURR:DC"', ":FORM SRE"} < set(told)
    assert ":OUTP ON" not in told


@pytest.mark.parametrize(
    ("model", "volts"), [("MODEL 2400", 200.0), ("MODEL 2401", 20.0), ("MODEL 2400-LV", 20.0), ("MODEL 2410", 1000.0)]
)
def test_each_model_has_its_own_ranges(model, volts):
    with connected(Obedient({**ANSWERS, "*IDN?": f"KEITHLEY INSTRUMENTS INC.,{model},1,C30"})) as (driver, _):
        driver.check("1", SourceSetup("V", 1e-3), (volts,))
        with pytest.raises(LimitError):
            driver.check("1", SourceSetup("V", 1e-3), (1.06 * volts,))


def test_the_pulse_model_is_not_taken():
    with (
        pytest.raises(BenchError, match=r"'KEITHLEY INSTRUMENTS INC./MODEL 2430' answers"),
        connected(Obedient({**ANSWERS, "*IDN?": "KEITHLEY INSTRUMENTS INC.,MODEL 2430,1,C30"})),
    ):
        pass


def test_a_setup_is_sent_in_the_order_that_its_limits_need_and_read_back():
    with connected(Obedient(ANSWERS)) as (driver, server):
        driver.configure("1", MEMRISTOR)
        told = sent(server)
    limit, fixed = ":SENS:CURR:PROT 1E-05", ":SENS:CURR:RANG 1E-05"
    assert told[: len(driver.safe_state)] == list(driver.safe_state)
    assert told.index(":SENS:CURR:RANG:AUTO ON") < told.index(limit) < told.index(fixed)
    assert told[-1] == limit
    assert {":SOUR:VOLT:RANG 2", ":SOUR:SWE:RANG FIX", ":SYST:RSEN OFF", ":SYST:AZER 1"} < set(told)


def test_a_compliance_that_the_instrument_changes_is_an_error():
    with (
        connected(Obedient({**ANSWERS, ":SENS:CURR:PROT?": "1.050000E-04"})) as (driver, _),
        pytest.raises(InstrumentError, match="amperes_limit was set to 10 uA but reads back 105 uA"),
    ):
        driver.configure("1", MEMRISTOR)


def test_an_open_interlock_line_is_told_when_it_is_used():
    script = Obedient({**ANSWERS, ":OUTP:ENAB?": "1", ":OUTP:ENAB:TRIP?": "0"})
    with connected(script) as (driver, server):
        driver.configure("1", MEMRISTOR)
        with pytest.raises(BenchError, match=r"output enable line .interlock. is open"):
            driver.on("1")
        assert ":OUTP ON" not in server.heard


def started(script: Obedient, driver: Keithley2400, train: Staircase | Pulses, points: int) -> None:
    driver.configure("1", MEMRISTOR)
    script.answers[":SOUR:LIST:VOLT:POIN?"] = script.answers[":TRAC:POIN:ACT?"] = str(points)
    driver.load("1", train)
    script.answers[":OUTP?"] = "1"
    driver.start()


def test_a_staircase_is_a_list_with_a_source_delay():
    script = Obedient(ANSWERS)
    with connected(script) as (driver, server):
        started(script, driver, Staircase(tuple(0.01 * k for k in range(101)), dwell=0.01), 102)
        assert not driver.running()
        told = server.heard[: server.heard.index(":INIT") + 1]
        asked = [line for line in server.heard[len(told) :] if line]
    (first,), (second,) = (
        [line for line in told if line.startswith(h)] for h in (":SOUR:LIST:VOLT ", ":SOUR:LIST:VOLT:APP ")
    )
    assert first.count(",") == 99 and second == ":SOUR:LIST:VOLT:APP 1,0"
    delay = 0.01 - 275e-6 - 0.8e-3 - 2 * (0.1 / 50 + 185e-6)
    assert f":SOUR:DEL {delay:.10G}" in told
    assert [line for line in told[told.index(":TRIG:COUN 102") :] if "?" not in line] == [
        ":TRIG:COUN 102", ":TRAC:FEED:CONT NEV", ":TRAC:CLE", ":TRAC:POIN 102", ":TRAC:FEED SENS", ":TRAC:TST:FORM ABS",
        ":TRAC:FEED:CONT NEXT", ":SOUR:VOLT:MODE LIST", ":INIT",
    ]  # fmt: skip
    assert asked == ["*OPC?", ":SYST:ERR?"], "what else is asked waits until it is idle"


@pytest.mark.parametrize("scheme", ["tcp", "serial+tcp"])
def test_of_equal_pulses_with_reads_the_reads_are_kept(scheme):
    """Binary over GPIB or a network, text over RS-232."""
    train = Pulses((0.6, -0.6), width=0.01, gap=0.01, read=0.05, read_width=0.01)
    rows = np.array([(0.1 * k, 1e-6 * k, 0.01 * k, 0) for k in range(9)])
    rows[6, 3] = COMPLIANCE | 1 << 10
    script = Obedient(ANSWERS)

    def data(_: str) -> str | bytes:
        if scheme == "tcp":
            return b"#0" + rows.astype("<f4").tobytes()
        return ",".join(f"{number:+.6E}" for number in rows.ravel())

    script.answers[":TRAC:DATA?"] = data
    with connected(script, scheme) as (driver, server):
        assert (":FORM SRE" in server.heard) is False
        started(script, driver, train, 9)
        readings = driver.fetch("1")
        assert ":SOUR:VOLT:MODE FIX" in server.heard[server.heard.index(":INIT") :]
    assert readings.levels.tolist() == [0.05, 0.05]
    assert readings.volts == pytest.approx([0.2, 0.6])
    assert readings.amperes == pytest.approx([2e-6, 6e-6])
    assert readings.times == pytest.approx([0.0, 0.04])
    assert readings.limited.tolist() == [False, True]


def test_range_compliance_is_compliance():
    script = Obedient(ANSWERS)
    script.answers[":READ?"] = b"#0" + np.array([(1, 1e-5, 0, RANGE_COMPLIANCE), (1, 1e-6, 0.02, 0)], "<f4").tobytes()
    with connected(script) as (driver, server):
        driver.configure("1", MEMRISTOR)
        script.answers[":OUTP?"] = "1"
        readings = driver.measure("1", 2)
        assert {":TRIG:COUN 2", ":ARM:COUN 1", ":SYST:TIME:RES", ":SYST:AZER 1"} < set(server.heard)
    assert readings.limited.tolist() == [True, False]


def test_a_record_that_is_short_is_refused():
    script = Obedient(ANSWERS)
    with connected(script, "serial+tcp") as (driver, _):
        script.answers[":READ?"] = "+1.0E+00,+1.0E-06,+0.0E+00,+0.0E+00,+1.0E+00"
        driver.configure("1", MEMRISTOR)
        script.answers[":OUTP?"] = "1"
        with pytest.raises(InstrumentError, match=r"5 numbers to :READ\?, 8 were expected"):
            driver.measure("1", 2)
    script = Obedient({**ANSWERS, ":TRAC:DATA?": b"#0" + bytes(16)})
    with connected(script) as (driver, _):
        started(script, driver, Staircase((0.1, 0.2), dwell=0.01), 3)
        script.answers[":TRAC:POIN:ACT?"] = "1"
        with pytest.raises(InstrumentError, match="the train ended after 1 of 3 readings"):
            driver.fetch("1")


class Busy(Obedient):
    """While a train runs nothing but ABORt is acted upon (11-11)."""

    busy = False

    def __call__(self, line: str) -> Sequence[Piece]:
        if line in (":INIT", ":ABOR"):
            self.busy = line == ":INIT"
        return [] if self.busy else super().__call__(line)


@pytest.mark.parametrize("way", ["off", "safe"])
def test_in_the_middle_of_a_train_it_is_switched_off_at_once_also_after_ctrl_c(monkeypatch, way):
    answers = {name: answer for name, answer in ANSWERS.items() if name != ":OUTP?"}
    script = Busy({**answers, ":SOUR:LIST:VOLT:POIN?": "3", ":TRAC:POIN:ACT?": "3"})
    monkeypatch.setattr("neurorig.instruments.drivers.keithley_2400.SLICE", 0.02)
    with connected(script) as (driver, server):
        driver.configure("1", MEMRISTOR)
        driver.on("1")
        driver.load("1", Staircase((0.1, 0.2), dwell=600.0))
        driver.start()
        assert driver.running() and driver.running()
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(driver.link, "_receive", raising(KeyboardInterrupt))
            driver.running()
        assert script.held[":OUTP"] == "1"
        begun, told = time.monotonic(), len(server.heard)
        getattr(driver, way)()
        driver.confirm_safe()
        assert time.monotonic() - begun < 1.0
        assert [line for line in server.heard[told:] if line][: len(driver.safe_state)] == list(driver.safe_state)
        assert script.held[":OUTP"] == "0"
        assert not driver.running()
        with pytest.raises(InstrumentError, match="nothing to fetch"):
            driver.fetch("1")


def raising(error: type[BaseException]) -> Callable[..., NoReturn]:
    def stop(*_: object) -> NoReturn:
        raise error

    return stop


@pytest.mark.parametrize(("firmware", "factor"), [("C17", 0.9765625), ("C18", 1.0), ("C30", 1.0)])
def test_the_clock_of_old_firmware_is_put_right(firmware, factor):
    """1 s was counted as 1.024 s up to C17 (9-5)."""
    rows = np.array([(0.1, 1e-6, 0.0, 0), (0.2, 2e-6, 1.024, 0), (0.0, 0.0, 2.048, 0)], "<f4")
    script = Obedient({**ANSWERS, "*IDN?": f"KEITHLEY INSTRUMENTS INC.,MODEL 2400,1,{firmware}   Mar 17 2006"})
    script.answers[":TRAC:DATA?"] = b"#0" + rows.tobytes()
    with connected(script) as (driver, _):
        started(script, driver, Staircase((0.1, 0.2), dwell=1.0), 3)
        assert not driver.running()
        assert driver.fetch("1").times == pytest.approx([0.0, 1.024 * factor])
        assert len(driver.warnings) == (factor == 1.0)


def test_a_train_that_does_not_end_is_told(monkeypatch):
    script = Obedient({**ANSWERS, "*OPC?": None})
    with connected(script) as (driver, server):
        started(script, driver, Staircase((0.1, 0.2), dwell=0.01), 3)
        monkeypatch.setattr("neurorig.instruments.drivers.keithley_2400.PATIENCE", 0.1)
        monkeypatch.setattr("neurorig.instruments.drivers.keithley_2400.SLICE", 0.05)
        assert driver.running()
        with pytest.raises(LinkError, match=r"should have ended long ago, but \*OPC\? is not answered"):
            while driver.running():
                pass
        assert server.heard.count("*OPC?") == 1, "asked once, listened to often"
