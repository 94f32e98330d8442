"""The driver of the 4200A over KXCI: strings that end with NUL, each answered once; user mode, lists, and what is refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurorig.instruments import DRIVERS
from neurorig.instruments.drivers.keithley_4200a import Keithley4200A, read
from neurorig.instruments.guardian import Ward, _make_one_safe
from neurorig.instruments.links import TrafficLog
from neurorig.instruments.sourcing import Pulses, SourceSetup, Staircase
from neurorig.signals import InstrumentError, LimitError, PlanError

from .doubles import OHMS, Double, double_of
from .fakes import serving

ENTRY = DRIVERS["keithley_4200a"]
SETUP = SourceSetup("V", compliance=1e-3, nplc=0.1)


@dataclass
class Table:
    """The instrument on its table: the driver, what was sent to it, what it does to the world."""

    driver: Keithley4200A
    double: Double
    heard: list[str]
    port: int

    def starts(self, *words: str) -> list[str]:
        return [line for line in self.heard if line.startswith(words)]


@pytest.fixture
def table() -> Iterator[Table]:
    double = double_of("keithley_4200a")
    heard: list[str] = []
    execute = double.device.execute

    def listen(message: str) -> str:
        heard.append(message)
        answer: str = execute(message)
        return answer

    double.device.execute = listen
    with serving(double.world, {"it": double.device}) as ports:
        driver = ENTRY.connect(f"tcp://127.0.0.1:{ports['it']}", name="smu")
        heard.clear()
        yield Table(driver, double, heard, ports["it"])
        driver.close()


def run(driver: Any, channel: str, train: Staircase | Pulses) -> Any:
    driver.load(channel, train)
    driver.start()
    while driver.running():
        pass
    return driver.fetch(channel)


def on(driver: Any, channel: str, level: float, setup: SourceSetup = SETUP) -> None:
    driver.configure(channel, setup)
    driver.set_level(channel, level)
    driver.on(channel)


def test_a_level_is_told_only_when_the_output_is_on_and_comes_from_zero(table):
    table.driver.configure("2", SETUP)
    table.driver.set_level("2", 0.5)
    assert table.starts("DV2,") == []
    table.driver.on("2")
    assert table.starts("DV2,") == ["DV2,0,0,0.001", "DV2,0,0.5,0.001"]
    table.driver.off()
    assert table.starts("DV2")[-2:] == ["DV2,0,0,0.001", "DV2"]


def test_a_current_source_goes_off_as_a_current_source(table):
    on(table.driver, "1", 1e-5, SourceSetup("A", compliance=1.0))
    assert table.double.putting_out() == pytest.approx(1e-5 * OHMS, rel=0.01)
    table.driver.off()
    assert table.starts("DI1")[-1] == "DI1,0,0,1"
    assert not any(leads.hot_switched or leads.hot_closed for leads in table.double.lines.values())


def test_while_one_channel_steps_through_a_list_the_others_hold_their_level(table):
    on(table.driver, "3", 0.3)
    on(table.driver, "1", 0.1)
    held = table.double.lines["3"]
    seen_there: list[float] = []
    table.double.world.listen(lambda start, stop: seen_there.append(held.look().volts))
    readings = run(table.driver, "1", Staircase((0.2, 0.4, 0.2), dwell=0.02))
    assert readings.volts == pytest.approx([0.2, 0.4, 0.2], abs=2e-3)
    assert np.array(seen_there) == pytest.approx(0.3, abs=2e-3)
    assert table.double.lines["1"].look().volts == pytest.approx(0.1, abs=2e-3)
    assert table.double.lines["2"].held is None
    assert table.driver.measure("3").volts == pytest.approx(0.3, abs=2e-3)


def test_one_list_at_a_time_and_nothing_else_until_its_end(table):
    driver = table.driver
    for channel in ("1", "2"):
        on(driver, channel, 0.0)
    driver.load("1", Staircase((0.1,) * 50, dwell=1.0))
    with pytest.raises(PlanError, match="channel 1 is loaded already"):
        driver.load("2", Staircase((0.1,), dwell=0.02))
    driver.start()
    for refused in (
        lambda: driver.load("2", Staircase((0.1,), dwell=0.02)),
        lambda: driver.set_level("2", 0.2),
        lambda: driver.measure("2"),
        lambda: driver.configure("3", SETUP),
    ):
        table.heard.clear()
        with pytest.raises(InstrumentError, match="the train of channel 1 is running"):
            refused()
        assert set(table.heard) == {"SP"}
    while driver.running():
        pass
    assert len(driver.fetch("1")) == 50


def test_a_channel_that_is_configured_anew_ends_its_list_at_zero(table):
    on(table.driver, "1", 0.0)
    table.driver.load("1", Staircase((0.5,) * 100, dwell=1.0))
    table.driver.start()
    table.driver.configure("1", SourceSetup("A", compliance=1.0))
    assert table.double.putting_out() == 0
    assert table.double.device.running() is False
    assert not table.double.lines["1"].hot_switched


def test_a_list_is_ended_and_everything_off_in_the_middle_of_it(table):
    on(table.driver, "1", 0.0)
    table.driver.load("1", Staircase((0.5,) * 100, dwell=1.0))
    table.driver.start()
    assert table.driver.running()
    table.driver.off()
    assert table.double.putting_out() == 0
    assert table.double.device.running() is False
    with pytest.raises(InstrumentError, match="nothing to fetch"):
        table.driver.fetch("1")


def test_pulses_are_lists_of_equally_long_levels(table):
    train = Pulses((0.4, 0.5), width=0.02, gap=0.02, read=0.1, read_width=0.02)
    on(table.driver, "1", 0.0, SourceSetup("V", 1e-4, measure_range=1e-4, nplc=0.1))
    readings = run(table.driver, "1", train)
    assert readings.levels.tolist() == [0.1, 0.1]
    assert readings.amperes == pytest.approx(0.1 / OHMS, rel=0.05)
    assert np.diff(readings.times) == pytest.approx(0.08, rel=0.01)
    with pytest.raises(PlanError, match="take width = gap = read_width"):
        table.driver.load("1", Pulses((0.4,), width=10e-6, gap=0.02, read=0.1, read_width=0.02))


@pytest.mark.parametrize(
    ("setup", "why"),
    [
        (SourceSetup("V", 1e-3, wires=4), "two wires"),
        (SourceSetup("V", 1e-6, measure_range=1e-3), "above that of the compliance"),
        (SourceSetup("A", 1.0, source_range=1e-3), "source_range of a current source"),
        (SourceSetup("A", 1.0, measure_range=2.0), "voltmeter cannot be fixed"),
        (SourceSetup("V", 0.1, source_range=200.0), "together with"),
    ],
)
def test_what_kxci_cannot_be_told_is_refused(table, setup, why):
    with pytest.raises(LimitError, match=why):
        table.driver.configure("1", setup)
    assert table.heard == []


@pytest.mark.parametrize(("volts", "code"), [(0.2, 4), (2.0, 5), (20.0, 1), (200.0, 2)])
def test_the_range_that_is_told_is_the_one_that_is_used(table, volts, code):
    on(table.driver, "1", 0.1, SourceSetup("V", 1e-3, source_range=volts))
    assert table.starts("DV1,")[-1] == f"DV1,{code},0.1,0.001"
    assert table.driver.measure("1").volts == pytest.approx(0.1, abs=0.02 if volts == 200.0 else 2e-3)


def test_a_refused_string_is_told_once(table):
    table.driver.write("DV9,0,1,1E-3")  # acknowledged like any other
    with pytest.raises(InstrumentError, match=r"while looking: .*\(-992\)"):
        table.driver.check_errors("looking")
    table.driver.check_errors("looking again")


def test_a_string_that_has_another_answer_than_the_acknowledgement_is_no_command(table):
    with pytest.raises(InstrumentError, match="is no answer to TV1: 'ACK' was expected"):
        table.driver.write("TV1")
    table.driver.write("US")


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [  # pages 9-52 and 9-53
        ("NAI+1.2345E-06", ("N", 1.2345e-6)),
        ("CAV -1.0000 E-01", ("C", -0.1)),
        ("T 1.5E+00", ("T", 1.5)),
        ("0.25", ("", 0.25)),
    ],
)
def test_readings_carry_their_letter(answer, meaning):
    assert read(answer) == meaning


def test_an_overflow_is_no_number():
    assert read("VAI 1.0E-03")[0] == "V"
    assert np.isnan(read("VAI 1.0E-03")[1])
    with pytest.raises(ValueError, match="ACK"):
        read("ACK")


def test_a_record_of_its_traffic_answers_as_the_instrument_did(table, tmp_path: Path):
    def dialogue(driver: Any) -> tuple[list[float], list[bool]]:
        on(driver, "1", 0.0, SourceSetup("V", compliance=2e-5, nplc=0.1))
        readings = run(driver, "1", Staircase((0.1, 0.5), dwell=0.02))
        driver.off()
        driver.close()
        return readings.amperes.tolist(), readings.limited.tolist()

    log = TrafficLog(tmp_path / "traffic.jsonl")
    first = dialogue(ENTRY.connect(f"tcp://127.0.0.1:{table.port}", traffic=log))
    log.close()
    assert first[1] == [False, True]
    again = ENTRY.connect(f"replay://{tmp_path / 'traffic.jsonl'}?match=command")
    assert dialogue(again) == first


def test_the_guardian_makes_it_safe_in_the_middle_of_a_list(table):
    """Over its own connection, with the framing of the registry."""
    on(table.driver, "1", 0.2)
    table.driver.load("1", Staircase((0.5,) * 100, dwell=1.0))
    table.driver.start()
    who = table.driver.identity
    ward = Ward(
        "smu", f"tcp://127.0.0.1:{table.port}", ENTRY.name, ENTRY.safe_lines, (who.maker, who.model, who.serial)
    )
    _make_one_safe(ward)
    assert table.double.putting_out() == 0
    assert not table.double.device.running()
