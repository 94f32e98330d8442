"""What every driver of the registry owes, old or new: walk them all."""

import inspect
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from neurorig.instruments import DRIVERS, CurrentSource, Identity, Oscilloscope, roles
from neurorig.instruments.commands import Command, Commanded
from neurorig.instruments.simulated import SimulatedRigolDS1000Z
from neurorig.signals import LinkError, PlanError

from .fakes import quiet_world, serving
from .scripted import scripted
from .source_bench import SourceBench

NAMES = sorted(DRIVERS)


def simulated(driver: str) -> tuple[Any, Any]:
    """A world with one simulated instrument of the driver's model in it, with nothing connected."""
    if driver == "arduino_source":
        bench = SourceBench()
        return bench.world, bench.source
    world = quiet_world()
    return world, {"rigol_ds1000z": lambda: SimulatedRigolDS1000Z(world, {}, serial="DS1ZA1", seed=1)}[driver]()


@pytest.fixture(params=NAMES)
def instrument(request) -> Iterator[Any]:
    """Every driver, connected to the simulated instrument of its model."""
    world, device = simulated(request.param)
    with serving(world, {"it": device}) as ports:
        driver = DRIVERS[request.param].connect(f"tcp://127.0.0.1:{ports['it']}", name="it")
        yield driver
        driver.close()


def command_sets(name: str) -> list[type[Commanded]]:
    """The driver's class and those of its channels."""
    driver = DRIVERS[name].load()
    module = sys.modules[driver.__module__]
    return [
        c
        for _, c in inspect.getmembers(module, inspect.isclass)
        if issubclass(c, Commanded) and c.__module__ == driver.__module__
    ]


COMMANDS = [
    pytest.param(c, id=f"{n}-{s.__name__}-{c.name}") for n in NAMES for s in command_sets(n) for c in s.commands()
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_with_unit_and_bounds(command: Command[Any]):
    assert re.match(r"[A-Z:].*\.$", command.doc, re.DOTALL), "a sentence"
    assert re.fullmatch(r":?[*A-Za-z0-9:{}]+", command.header)
    if command.write is not None and not command.choices and not command.header.endswith(("DISP", "INV", "VERN")):
        assert math.isfinite(command.low)
        assert math.isfinite(command.high)
        assert command.low < command.high
    if command.read is float:
        assert command.unit in ("V", "A", "s", "Hz", "") and math.isfinite(command.low + command.high)
    assert command.question.count("?") == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_registry_tells_the_truth(name):
    entry = DRIVERS[name]
    driver = entry.load()
    assert driver.driver == name
    assert hasattr(roles, entry.role)
    assert driver.__doc__ and entry.role in driver.__doc__
    re.compile(entry.identity)


@pytest.mark.parametrize("name", NAMES)
def test_the_safe_state_is_short_lines_that_need_no_answer(name):
    lines = DRIVERS[name].safe_lines
    assert any(lines)
    for line in lines:
        assert "?" not in line
        assert len(line) < 32
        assert line.isascii() and "\n" not in line


def test_it_fulfils_its_role_with_the_same_parameters(instrument):
    entry = DRIVERS[instrument.driver]
    role = getattr(roles, entry.role)
    assert isinstance(instrument, role)
    for name, wanted in inspect.getmembers(role, inspect.isfunction):
        if not name.startswith("_"):
            assert (
                inspect.signature(getattr(type(instrument), name)).parameters.keys()
                == inspect.signature(wanted).parameters.keys()
            )


def test_it_knows_who_it_is_and_has_the_channels_it_is_said_to_have(instrument):
    assert isinstance(instrument.identity, Identity)
    assert all(instrument.identity.__dict__.values())
    assert tuple(instrument.channels) == DRIVERS[instrument.driver].channels


def test_every_command_is_answered_within_its_own_bounds(instrument):
    for part in (instrument, *instrument.channels.values()):
        for command in part.commands():
            value = command.ask(part)
            command.check(part, value)
    assert instrument.settings().keys() >= {c.name for c in instrument.commands()}
    assert instrument.warnings == []


def test_every_setting_can_be_set_to_what_it_is(instrument):
    for part in (instrument, *instrument.channels.values()):
        for command in part.commands():
            if command.write is not None:
                setattr(part, command.name, command.ask(part))


def test_planning_does_no_input_or_output(instrument):
    sent = []
    instrument.link.recorder = lambda *traffic: sent.append(traffic)
    match instrument:
        case Oscilloscope():
            instrument.plan(["1"], 1.0, 1e3, 0.1)
            with pytest.raises(PlanError):
                instrument.plan(["1"], 1e6, 1e9, 0.0)
        case CurrentSource():
            assert instrument.resolution("1") > 0
            with pytest.raises(PlanError):
                instrument.resolution("none")
    assert sent == []


def test_safe_can_be_sent_twice_and_to_a_link_out_of_step(instrument):
    instrument.safe()
    instrument.safe()
    instrument.link._surplus = b"garbage"
    instrument.safe()
    assert instrument.settings()


@pytest.mark.parametrize("name", NAMES)
def test_safe_reaches_an_instrument_that_does_not_answer(name):
    world, device = simulated(name)
    with serving(world, {"it": device}) as ports, scripted(lambda line: []) as mute:
        driver = DRIVERS[name].connect(f"tcp://127.0.0.1:{ports['it']}")
        driver.link.close()
        driver.link._address = ("127.0.0.1", mute.port)
        driver.safe()
        with pytest.raises(LinkError):
            driver.link.query("anything?", timeout=0.5)
        assert [line for line in mute.heard if line in driver.safe_state]


def test_links_and_registry_are_light_enough_for_the_guardian():
    code = (
        "import sys, neurorig.instruments.drivers; from neurorig.instruments.links import open_link; open_link; "
        "print([m for m in ('numpy', 'serial', 'pyvisa', 'pydantic', 'pint') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
