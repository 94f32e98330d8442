"""What every driver of the registry owes, old or new: walk them all."""

import inspect
import itertools
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from neurorig.instruments import DRIVERS, CurrentSource, Identity, Oscilloscope, roles
from neurorig.instruments.commands import Command, Commanded, integer
from neurorig.instruments.commands import command as declared
from neurorig.instruments.roles import ChannelSetup
from neurorig.instruments.sourcing import SourceSetup, Staircase
from neurorig.signals import InstrumentError, LimitError, LinkError, PlanError, Program, Steps

from .doubles import OHMS, double_of
from .fakes import address_of, serving
from .scripted import scripted

NAMES = sorted(DRIVERS)


@pytest.fixture(params=[*NAMES, pytest.param("arduino_source/firmware", marks=pytest.mark.needs("simavr"))])
def instrument(request) -> Iterator[Any]:
    """Every driver, connected to the simulated instrument of its model; the current source's to its real firmware, too."""
    name, _, brain = request.param.partition("/")
    double = double_of(name, brain or "python")
    world, device = double.world, double.device
    with serving(world, {"it": device}) as ports:
        driver = DRIVERS[name].connect(address_of(ports), name="it")
        driver.double = double  # what the world behind it looks like, for the tests below
        yield driver
        driver.close()


def command_sets(name: str) -> list[type[Commanded]]:
    """The driver's class and those of its channels and parts, wherever among the drivers they stand."""
    module = sys.modules[DRIVERS[name].load().__module__]
    return [
        c
        for _, c in inspect.getmembers(module, inspect.isclass)
        if issubclass(c, Commanded) and c.__module__.rpartition(".")[0] == module.__package__
    ]


COMMANDS = [
    pytest.param(c, id=f"{n}-{s.__name__}-{c.name}") for n in NAMES for s in command_sets(n) for c in s.commands()
]


WITHOUT_DIMENSION = {
    "a count": ("count", "cycles", "precision"),
    "periods of the mains": ("nplc", "volts_nplc", "amperes_nplc"),
    "a ratio": ("probe", "external_probe"),
    "degrees of arc": ("phase",),
    "divisions of the screen, or percent of the record": ("position",),
    "in the unit of whatever function is measured": ("range",),
    "bits of a register": ("status", "condition", "sweeping"),
    "a version": ("product", "hardware", "firmware"),
}
"""What is no quantity with a unit though it reads as a number with a point: why, and the names of such commands."""


def lacking(command: Command[Any]) -> list[str]:
    """What a declared command owes and does not tell."""
    missing = [] if re.match(r"[A-Z:].*\.$", command.doc, re.DOTALL) else ["a sentence that says what it is"]
    if not command.header.isprintable():
        missing.append("a header that can be sent")
    if command.choices or command.is_switch:
        return missing
    try:
        kind = type(command.read("1"))
    except (ValueError, KeyError):  # it reads words
        kind = str
    bounded = math.isfinite(command.low + command.high) and command.low < command.high
    if (command.write is not None or kind in (int, float)) and not bounded:
        missing.append("bounds")
    measured = kind is float and command.name not in itertools.chain(*WITHOUT_DIMENSION.values())
    if measured and command.unit not in ("V", "A", "s", "Hz", "ohm", "degC", "K", "%"):
        missing.append("a unit")
    return missing


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_with_unit_and_bounds(command: Command[Any]):
    assert lacking(command) == []


def test_a_command_without_unit_bounds_or_words_would_be_noticed():
    class Careless(Commanded):
        level = declared(":LEV", unit="V", low=0, high=1, doc="A good one.")
        count = declared(":COUN", unit="", low=0, high=1, doc="One without a dimension.")
        unitless = declared(":A", unit="", low=0, high=1, doc="No unit.")
        boundless = declared(":B", unit="V", low=0, high=math.inf, doc="No upper bound.")
        read_only = declared(":C", unit="furlong", low=0, high=math.inf, doc="Only read.", query_only=True)
        counted = integer(":D", low=5, high=5, doc="Bounds that leave nothing.")
        silent = declared(":E", unit="V", low=0, high=1, doc="what")

    assert {c.name: lacking(c) for c in Careless.commands()} == {
        "level": [],
        "count": [],
        "unitless": ["a unit"],
        "boundless": ["bounds"],
        "read_only": ["bounds", "a unit"],
        "counted": ["bounds"],
        "silent": ["a sentence that says what it is"],
    }


def test_the_list_of_what_has_no_dimension_holds_nothing_that_is_not_there():
    assert set(itertools.chain(*WITHOUT_DIMENSION.values())) <= {p.values[0].name for p in COMMANDS}


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
    double = double_of(name)
    world, device = double.world, double.device
    with serving(world, {"it": device}) as ports, scripted(lambda line: []) as mute:
        driver = DRIVERS[name].connect(address_of(ports))
        driver.link.close()
        driver.link._address = ("127.0.0.1", mute.port)
        driver.safe()
        with pytest.raises(LinkError):
            driver.link.query("anything?", timeout=0.5)
        assert mute.receives(driver.link._blind(driver.safe_state[-1]))


def test_links_and_registry_are_light_enough_for_the_guardian():
    code = (
        "import sys, neurorig.instruments.drivers; from neurorig.instruments.links import open_link; open_link; "
        "print([m for m in ('numpy', 'serial', 'pyvisa', 'pydantic', 'pint') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


# -- what each role owes ---------------------------------------------------------------------------------------------


def connected(*roles_wanted: str) -> pytest.MarkDecorator:
    """Every driver of these roles, connected."""
    names = [name for name in NAMES if DRIVERS[name].role in roles_wanted]
    return pytest.mark.parametrize("instrument", names, indirect=True)


@connected("SourceMeter")
def test_a_source_meter_sources_what_it_is_told_and_says_what_it_measured(instrument):
    channel = next(iter(instrument.channels))
    instrument.configure(channel, SourceSetup("V", compliance=1e-3))
    assert instrument.double.putting_out() == 0
    instrument.set_level(channel, 1.0)
    instrument.on(channel)
    seen = instrument.measure(channel, 3)
    assert len(seen) == 3
    assert seen.volts == pytest.approx(1.0, rel=5e-3)
    assert seen.amperes == pytest.approx(1.0 / OHMS, rel=5e-3)
    assert not seen.limited.any()
    assert (np.diff(seen.times) > 0).all()


@connected("SourceMeter")
def test_compliance_is_flagged_and_the_rows_are_kept(instrument):
    channel = next(iter(instrument.channels))
    instrument.configure(channel, SourceSetup("A", compliance=0.5))
    instrument.on(channel)
    instrument.load(channel, Staircase((1e-5, 2e-5, 1e-4, 2e-5), dwell=0.05))
    instrument.start()
    while instrument.running():
        pass
    seen = instrument.fetch(channel)
    assert seen.limited.tolist() == [False, False, True, False]
    assert seen.volts == pytest.approx([0.1, 0.2, 0.5, 0.2], rel=1e-2)
    assert seen.levels == pytest.approx([1e-5, 2e-5, 1e-4, 2e-5])
    assert np.diff(seen.times) == pytest.approx(np.full(3, 0.05 + 0.02), abs=0.04)


@connected("SourceMeter")
@pytest.mark.parametrize("bad", [1e4, float("nan"), float("inf")])
def test_a_level_or_a_compliance_beyond_the_ranges_is_refused_and_nothing_is_sent(instrument, bad):
    channel = next(iter(instrument.channels))
    instrument.configure(channel, SourceSetup("V", compliance=1e-3))
    sent: list[Any] = []
    instrument.link.recorder = lambda *traffic: sent.append(traffic)
    with pytest.raises(LimitError):
        instrument.set_level(channel, bad)
    with pytest.raises(LimitError):
        instrument.configure(channel, SourceSetup("V", compliance=bad))
    with pytest.raises(LimitError):
        instrument.load(channel, Staircase((0.0, bad), dwell=0.1))
    with pytest.raises(PlanError):
        instrument.load(channel, Staircase((0.0,) * 1_000_000, dwell=0.1))
    assert sent == []


@connected("SourceMeter", "PowerSupply")
def test_every_way_of_switching_off_reaches_the_world(instrument):
    channel = next(iter(instrument.channels))
    for switch_off in (instrument.off, instrument.safe):
        if DRIVERS[instrument.driver].role == "SourceMeter":
            instrument.configure(channel, SourceSetup("V", compliance=1e-3))
            instrument.set_level(channel, 1.0)
        else:
            instrument.configure(channel, 1.0, 0.1)
        instrument.on(channel)
        assert instrument.double.putting_out() == pytest.approx(1.0, rel=1e-2)
        switch_off()
        instrument.confirm_safe()
        assert instrument.double.putting_out() == 0
    assert not any(leads.hot_switched for leads in instrument.double.lines.values()), "a memristor dies of that"
    if DRIVERS[instrument.driver].role == "SourceMeter":
        assert not any(leads.hot_closed for leads in instrument.double.lines.values())


@connected("SourceMeter", "PowerSupply", "VoltageSource", "CurrentSource")
def test_connecting_asserts_that_nothing_is_put_out(instrument):
    assert instrument.double.putting_out() == 0
    instrument.confirm_safe()


@connected("PowerSupply")
def test_a_supply_gives_its_voltage_and_says_when_it_is_limited(instrument):
    channel = next(iter(instrument.channels))
    instrument.configure(channel, 2.0, 0.1)
    assert instrument.double.putting_out() == 0
    instrument.on(channel)
    volts, amperes = instrument.measure(channel)
    assert (volts, amperes) == pytest.approx((2.0, 2.0 / OHMS), rel=5e-2, abs=2e-3)
    assert not instrument.limiting(channel)
    with pytest.raises(LimitError):
        instrument.configure(channel, 1e4, 0.1)


@connected("Multimeter")
def test_a_multimeter_measures_the_resistor(instrument):
    instrument.configure("ohm")
    assert instrument.measure(2) == pytest.approx([OHMS, OHMS], rel=1e-3)
    with pytest.raises(LimitError):
        instrument.configure("ohm", full_scale=1e15)


@connected("Digitizer")
def test_a_digitiser_streams_what_is_at_its_input_without_a_gap(instrument):
    channels = tuple(instrument.channels)[:2]
    plan = instrument.plan(channels, 1.0, 1e3, 0.0)
    instrument.configure([ChannelSetup(channel, -1.0, 1.0) for channel in channels], plan)
    instrument.start()
    seen: list[Any] = []
    while sum(map(len, seen)) < plan.points:
        chunk = instrument.read()
        assert (chunk.first, chunk.lost) == (sum(map(len, seen)), 0)
        assert chunk.samples.keys() == set(channels)
        seen.append(chunk.samples[channels[0]])
    instrument.stop()
    meaning = instrument.scaling(channels[0])
    volts = np.concatenate(seen)[: plan.points] * meaning.scale + meaning.offset
    assert volts.max() == pytest.approx(1.0, abs=0.01)  # the double has a sine of 1 Hz there
    assert volts.min() == pytest.approx(-1.0, abs=0.01)
    with pytest.raises(PlanError):
        instrument.plan(channels, 1.0, 1e9, 0.0)


@connected("VoltageSource")
def test_a_generator_plays_the_program_that_it_says(instrument):
    channel = next(iter(instrument.channels))
    program = Program.of_steps(Steps.of([0.1, 0.2, 0.1, 0.1], [0.0, 1.0, -0.5, 0.0], "V"))
    promised = instrument.load({channel: program})[channel]
    assert promised.levels == pytest.approx(program.steps().levels, abs=2 * instrument.resolution(channel))
    instrument.arm()
    instrument.fire()
    while instrument.running():
        pass
    instrument.off()
    instrument.confirm_safe()
    with pytest.raises(LimitError):
        instrument.load({channel: Program.of_steps(Steps.of([0.1], [1e4], "V"))})


@connected("Oscilloscope", "SourceMeter", "VoltageSource", "PowerSupply", "Multimeter")
def test_an_error_in_the_queue_surfaces_with_the_next_setting(instrument):
    instrument.write("THIS_IS_NO_COMMAND 1")
    if not instrument.error_question:  # it has no queue: only what reads back is believed
        assert all(c.read_back for c in instrument.commands() if c.write is not None and c.header != "TRMD")
        return
    with pytest.raises(InstrumentError, match="while testing"):
        instrument.check_errors("testing")
    instrument.check_errors("testing again")
