"""Faults on demand: every driver of the registry meets each of them, says what it is, and goes on afterwards."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from neurorig.instruments import DRIVERS
from neurorig.instruments.commands import Command, Commanded
from neurorig.instruments.drivers import DRIVING
from neurorig.instruments.simulated.breakdowns import Breakdowns
from neurorig.instruments.simulated.faults import Fault
from neurorig.instruments.sourcing import SourceSetup
from neurorig.signals import BenchError, Hold, InstrumentError, LinkError, Program

from .doubles import Double, double_of
from .fakes import address_of, serving

NAMES = sorted(DRIVERS)
DRIVES = [name for name in NAMES if DRIVERS[name].role in DRIVING]
QUEUES = [name for name in NAMES if getattr(DRIVERS[name].load(), "error_question", "")]
"""Some have none; the Arduino source answers each line with OK or ERR."""
PATIENCE = 0.3
"""Seconds of a link's deadline here: a test waits for it to pass."""
TOO_LATE = "0.7 s"
LONG = 20.0
"""The same where an answer must come, however busy the computer is."""


@dataclass
class Patient:
    """One driver, its double, and what can be done to it."""

    name: str
    double: Double
    breakdowns: Breakdowns
    resource: str
    driver: Any = None

    def connect(self) -> Any:
        self.driver = DRIVERS[self.name].connect(self.resource, name="it")
        self.ask()  # everything sent on connecting has been done
        self.driver.link.timeout = PATIENCE
        return self.driver

    def suffer(self, kind: str, **words: Any) -> None:
        self.breakdowns.add(Fault("it", kind, **words))

    def ask(self) -> Any:
        """A setting whose answer is checked: text is taken as it comes."""
        part, command = self.commands()[0]
        return command.ask(part)

    def settings(self) -> list[Any]:
        """What can be set, as it reads back: it does not change by itself."""
        return [command.ask(part) for part, command in self.commands()]

    def commands(self) -> list[tuple[Commanded, Command[Any]]]:
        """Those whose answer is checked (a text is taken as it comes) and that can be set; where none can, the others."""
        parts = (self.driver, *self.driver.channels.values())
        found = [(part, command) for part in parts for command in part.commands()]
        checked = [(p, c) for p, c in found if c.read is not str and not c.optional]
        return [(p, c) for p, c in checked if c.write is not None] or checked


@pytest.fixture
def patient(request: pytest.FixtureRequest) -> Iterator[Patient]:
    double = double_of(request.param)
    breakdowns = Breakdowns(double.world, ["it"])
    breakdowns.devices["it"] = double.device
    for channel, line in double.lines.items():
        breakdowns.connect("it", channel, line)
    with serving(double.world, {"it": double.device}, wires=breakdowns.wires) as ports:
        found = Patient(request.param, double, breakdowns, address_of(ports))
        found.connect()
        yield found
        found.driver.close()


every_driver = pytest.mark.parametrize("patient", NAMES, indirect=True)
every_driver_that_drives = pytest.mark.parametrize("patient", DRIVES, indirect=True)


# What travels.


@every_driver
@pytest.mark.parametrize("fault", [("mute", None), ("late", TOO_LATE), ("cut", None)])
def test_an_answer_that_does_not_come_whole_in_time_is_told_and_never_taken_for_a_later_one(
    patient: Patient, fault: tuple[str, str | None]
) -> None:
    before = patient.settings()
    kind, value = fault
    patient.suffer(kind, value=value)
    with pytest.raises(LinkError, match="no answer in time") as told:
        patient.ask()
    assert patient.resource in str(told.value)
    assert patient.commands()[0][1].question.partition("{")[0] in str(told.value)
    assert (kind == "cut") == bool(told.value.partial)
    assert patient.breakdowns.told() == []
    time.sleep(0.6 if kind == "late" else 0.0)  # the answer to the failed question arrives now
    patient.driver.link.timeout = LONG
    assert patient.settings() == before


@every_driver
def test_an_answer_in_pieces_is_an_answer(patient: Patient) -> None:
    before = patient.settings()
    patient.suffer("split", count=0, value=4)
    assert patient.settings() == before


@every_driver
def test_an_answer_that_is_spoilt_is_no_value(patient: Patient) -> None:
    before = patient.settings()
    patient.suffer("garbled", value=1.0)
    with pytest.raises(BenchError, match=r"no answer to|damaged|had arrived"):
        patient.ask()
    patient.driver.link.timeout = LONG
    assert patient.settings() == before


@every_driver
def test_a_link_that_drops_is_told_and_the_safe_lines_go_over_a_new_one(patient: Patient) -> None:
    before = patient.settings()
    patient.suffer("drop", after=1)
    patient.ask()
    with pytest.raises(LinkError, match=r"closed the connection|reset"):
        patient.ask()
    patient.driver.link.timeout = LONG
    patient.driver.safe()
    assert len(patient.settings()) == len(before)


@every_driver
def test_a_link_that_is_cut_takes_no_connection_until_it_is_mended(patient: Patient) -> None:
    patient.suffer("drop", count=0)
    with pytest.raises(LinkError):
        patient.ask()
    patient.driver.close()
    with pytest.raises(LinkError, match=r"cannot be opened .*refused"):
        patient.connect()
    patient.breakdowns.mend("it")
    eventually(patient.connect)
    assert patient.ask() is not None


@every_driver
def test_a_drop_of_some_seconds_mends_itself(patient: Patient) -> None:
    patient.suffer("drop", value="0.2 s")
    with pytest.raises(LinkError):
        patient.ask()
    patient.driver.close()
    eventually(patient.connect)
    assert patient.ask() is not None
    assert patient.breakdowns.told() == []


@every_driver
def test_another_instrument_than_the_expected_one_is_refused_with_both_names(patient: Patient) -> None:
    patient.suffer("identity", value="ACME,Model 1,S-7,1.0")
    with pytest.raises(BenchError) as told:
        DRIVERS[patient.name].connect(patient.resource)
    assert re.search(r"'ACME/Model 1' answers \(serial number S-7\)|says product \d+", str(told.value))
    assert DRIVERS[patient.name].model in str(told.value) or "is no LabJack" in str(
        told.value
    )  # has a number for a name
    patient.breakdowns.mend("it")
    assert patient.connect().identity.maker != "ACME"


@pytest.mark.parametrize("patient", QUEUES, indirect=True)
def test_an_error_in_the_queue_surfaces_at_the_next_look(patient: Patient) -> None:
    patient.suffer("error", value=-310)
    with pytest.raises(InstrumentError, match=r"while looking: .*310"):
        patient.driver.check_errors("looking")
    patient.driver.check_errors("looking again")


@pytest.mark.parametrize("patient", ["arduino_source"], indirect=True)
def test_an_error_of_the_source_stands_in_its_queue_and_in_its_status(patient: Patient) -> None:
    patient.suffer("error", value=-310, count=2)
    assert int(patient.driver.query("STAT?")) & 1 << 10
    assert [patient.driver.query("SYST:ERR?") for _ in range(2)] == ['-310,"Hardware error"'] * 2


@every_driver
def test_an_instrument_without_power_is_gone_and_starts_anew_when_it_is_back(patient: Patient) -> None:
    patient.suffer("dead")
    with pytest.raises(LinkError):
        patient.ask()
    patient.driver.close()
    with pytest.raises(LinkError, match="cannot be opened"):
        patient.connect()
    assert patient.double.putting_out() == 0
    patient.breakdowns.mend("it")
    eventually(patient.connect)
    assert patient.ask() is not None


def eventually(action: Callable[[], Any], within: float = 3.0) -> None:
    """Try again until it works: a port takes some milliseconds to open."""
    end = time.monotonic() + within
    while True:
        try:
            action()
            return
        except LinkError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


# What is put out.


def switch_on(patient: Patient) -> None:
    """Something flows from the first channel, of a program that would go on for long."""
    driver, role = patient.driver, DRIVERS[patient.name].role
    channel = next(iter(driver.channels))
    match role:
        case "SourceMeter":
            driver.configure(channel, SourceSetup("V", compliance=1e-3))
            driver.set_level(channel, 1.0)
            driver.on(channel)
        case "PowerSupply":
            driver.configure(channel, 1.0, 0.1)
            driver.on(channel)
        case _:
            level = 0.5 * driver.full_scale(channel)
            driver.load({channel: Program((Hold(level, 10_000_000_000), Hold(0.0, 1_000_000)))})
            driver.arm()
            driver.fire()
            driver.running()
    assert patient.double.putting_out() > 0


@every_driver_that_drives
def test_an_output_that_is_stuck_is_never_called_safe(patient: Patient) -> None:
    switch_on(patient)
    patient.suffer("stuck")
    patient.driver.safe()
    with pytest.raises(BenchError, match="was told to be safe, but"):
        patient.driver.confirm_safe()
    assert patient.double.putting_out() > 0
    with pytest.raises(BenchError):
        patient.driver.off()
    patient.breakdowns.mend("it")
    patient.driver.safe()
    patient.driver.confirm_safe()
    assert patient.double.putting_out() == 0


@every_driver_that_drives
def test_an_output_without_power_is_off_and_stays_off_when_power_is_back(patient: Patient) -> None:
    switch_on(patient)
    patient.suffer("dead")
    assert patient.double.putting_out() == 0
    patient.driver.close()
    patient.breakdowns.mend("it")
    eventually(patient.connect)
    patient.driver.confirm_safe()
    assert patient.double.putting_out() == 0
