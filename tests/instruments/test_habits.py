"""Drivers of SCPI-like instruments before simulators that are not ours: no driver depends on the spelling of one simulator."""

from collections.abc import Iterator
from typing import Any

import pytest

from neurorig.instruments import DRIVERS
from neurorig.instruments.scpi import IdentifiedInstrument

from . import test_conformance as conformance
from . import test_oscilloscopes as oscilloscopes
from .doubles import double_of
from .fakes import address_of, serving
from .habits import HABITS, Foreign

NAMES = [name for name in sorted(DRIVERS) if issubclass(DRIVERS[name].load(), IdentifiedInstrument)]


@pytest.fixture(params=HABITS)
def habit(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=NAMES)
def instrument(request: pytest.FixtureRequest, habit: str) -> Iterator[Any]:
    """Every such driver, connected to a simulator with another habit."""
    double = double_of(request.param)
    with serving(double.world, {"it": Foreign(double.device, HABITS[habit])}) as ports:
        driver: Any = DRIVERS[request.param].connect(address_of(ports), name="it")
        driver.double = double
        yield driver
        driver.close()


@pytest.fixture(params=oscilloscopes.SCOPES)
def table(request: pytest.FixtureRequest, habit: str) -> Iterator[oscilloscopes.Table]:
    """Every oscilloscope, its simulator with another habit."""
    with oscilloscopes.laid(request.param, lambda device: Foreign(device, HABITS[habit])) as table:
        yield table


# What every driver owes, and what its role owes, once more.
test_identity = conformance.test_it_knows_who_it_is_and_has_the_channels_it_is_said_to_have
test_answers = conformance.test_every_command_is_answered_within_its_own_bounds
test_settings = conformance.test_every_setting_can_be_set_to_what_it_is
test_source_meters = conformance.test_a_source_meter_sources_what_it_is_told_and_says_what_it_measured
test_compliance = conformance.test_compliance_is_flagged_and_the_rows_are_kept
test_off = conformance.test_every_way_of_switching_off_reaches_the_world
test_supplies = conformance.test_a_supply_gives_its_voltage_and_says_when_it_is_limited
test_multimeters = conformance.test_a_multimeter_measures_the_resistor
test_generators = conformance.test_a_generator_plays_the_program_that_it_says
test_errors = conformance.test_an_error_in_the_queue_surfaces_with_the_next_setting
test_records = oscilloscopes.test_a_record_is_the_signal_in_volts_at_the_tip_counted_from_the_trigger
test_averages = oscilloscopes.test_an_average_has_less_noise_and_as_many_triggers_as_asked_for
test_segments = oscilloscopes.test_segments_are_told_apart_and_timed
test_what_stands_before_it = oscilloscopes.test_settings_tell_everything_and_the_screen_is_a_picture
