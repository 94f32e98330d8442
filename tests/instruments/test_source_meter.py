"""What source-meter drivers refuse before anything is sent, and how a train becomes steps; no instrument, no link."""

import numpy as np
import pytest

from neurorig.instruments.drivers.keithley_2400 import REACHES as REACHES_2400
from neurorig.instruments.drivers.keithley_2400 import Keithley2400
from neurorig.instruments.drivers.keithley_2450 import Keithley2450
from neurorig.instruments.drivers.keithley_2600b import REACHES as REACHES_2600B
from neurorig.instruments.drivers.keithley_2600b import Keithley2600B
from neurorig.instruments.drivers.source_trains import levels_in_order, measured_levels, period_of
from neurorig.instruments.sourcing import Pulses, SourceSetup, Staircase
from neurorig.signals import LimitError, PlanError


def unconnected(driver, reach=None):
    """A driver that only knows its model and the mains."""
    meter = driver.__new__(driver)
    meter.name = "smu"
    meter.channels = dict.fromkeys("ab" if driver is Keithley2600B else "1")
    meter._mains = 50.0
    meter._bounds = {}
    if reach is not None:
        meter.reach = reach
    return meter


M2400 = unconnected(Keithley2400, REACHES_2400["2400"])
M2450 = unconnected(Keithley2450)
M2602B = unconnected(Keithley2600B, REACHES_2600B["2602B"])
METERS = [pytest.param(m, next(iter(m.channels)), id=type(m).__name__) for m in (M2400, M2450, M2602B)]
MEMRISTOR = SourceSetup("V", compliance=10e-6, source_range=None, measure_range=10e-6, nplc=0.1)


@pytest.mark.parametrize(("meter", "channel"), METERS)
def test_the_loop_of_a_memristor_is_within_its_reach(meter, channel):
    meter.check(channel, MEMRISTOR, (0.4, -0.8))
    meter.check_train(channel, MEMRISTOR, Staircase((0.0, 0.4, 0.0, -0.8, 0.0), dwell=0.02))


@pytest.mark.parametrize(("meter", "channel"), METERS)
@pytest.mark.parametrize(
    ("setup", "levels", "said"),
    [
        (SourceSetup("V", 1e-3), (300.0,), r"level 300 V lies outside -\d+.* V .. \d+"),
        (SourceSetup("V", 1e-3), (float("nan"),), "level nan V lies outside"),
        (SourceSetup("V", 20.0), (), "compliance 20 A lies outside"),
        (SourceSetup("V", 0.0), (), "compliance 0 A lies outside"),
        (SourceSetup("V", -1e-6), (), "compliance -1 uA lies outside"),
        (SourceSetup("A", 1e4), (), "compliance 10 kV lies outside"),
        (SourceSetup("V", 1e-6, measure_range=3e-5), (), "measure_range 30 uA is none of its ranges: .*10 uA, 100 uA"),
        (SourceSetup("A", 1.0, source_range=3e-5), (), "source_range 30 uA is none of its ranges"),
        (
            SourceSetup("V", 1e-3, measure_range=1e-5),
            (),
            "compliance of 1 mA lies beyond the fixed measure_range of 10 uA",
        ),
        (SourceSetup("V", 1e-3, nplc=100), (), r"nplc 100 lies outside"),
        (SourceSetup("V", 1.0, source_range=None), (30.0,), None),
    ],
)
def test_what_lies_beyond_is_refused_with_the_value_and_the_limit(meter, channel, setup, levels, said):
    if said is None:  # both within their ranges, but not together; the 2602B gives 40 V at 1 A
        if meter is M2602B:
            meter.check(channel, setup, levels)
            return
        said = r"30 V together with 1 A is more than it gives: 20 V at 1 A or 200 V at 100 mA"
    with pytest.raises(LimitError, match=said) as refused:
        meter.check(channel, setup, levels)
    assert f"smu channel {channel}" in str(refused.value)


@pytest.mark.parametrize(("meter", "channel"), METERS)
def test_a_train_that_does_not_fit_says_what_would(meter, channel):
    with pytest.raises(PlanError, match=r"3000000 levels are more than the \d+ of such a train"):
        meter.check_train(channel, MEMRISTOR, Staircase((0.1,) * 3_000_000, dwell=0.1))
    with pytest.raises(PlanError, match=r"1 ms are too short .* 0.1 periods .* takes [45]\.?\d* ms or more") as refused:
        meter.check_train(channel, MEMRISTOR, Staircase((0.1,), dwell=1e-3))
    if meter is M2602B:
        assert "It would fit with nplc 0.0205" in str(refused.value)
    with pytest.raises(PlanError, match="has no levels"):
        meter.check_train(channel, MEMRISTOR, Staircase((), dwell=1.0))
    for dwell, said in (
        (float("nan"), "too short"),
        (-1.0, "too short"),
        (float("inf"), "too long"),
        (2e5, "too long"),
    ):
        with pytest.raises(PlanError, match=f"are {said} for a level"):
            meter.check_train(channel, MEMRISTOR, Staircase((0.1,), dwell=dwell))
    with pytest.raises(LimitError, match="level 500 V"):
        meter.check_train(channel, MEMRISTOR, Staircase((0.1, 500.0), dwell=1.0))
    with pytest.raises(PlanError, match="no channel 'z'"):
        meter.check("z", MEMRISTOR)


@pytest.mark.parametrize("meter", [M2450, M2602B], ids=["2450", "2602B"])
def test_pulses_with_a_slow_read_after_a_short_write(meter):
    channel = next(iter(meter.channels))
    train = Pulses((0.6, -0.6), width=1e-3, gap=5e-3, read=0.05, read_width=10e-3)
    meter.check_train(channel, MEMRISTOR, train)
    with pytest.raises(PlanError, match="pulses need a fixed measure_range"):
        meter.check_train(channel, SourceSetup("V", 1e-5, nplc=0.1), train)
    with pytest.raises(PlanError, match=r"10 us are too short for a level without a measurement"):
        meter.check_train(channel, MEMRISTOR, Pulses((0.6,), width=10e-6, gap=5e-3, read=0.05, read_width=10e-3))
    with pytest.raises(PlanError, match=r"10 us are too short for a level with a measurement"):
        meter.check_train(channel, MEMRISTOR, Pulses((0.6,), width=10e-6, gap=5e-3))


def test_the_2400_only_lists_levels_that_last_equally_long():
    M2400.check_train("1", MEMRISTOR, Pulses((0.6, -0.6), width=10e-3, gap=10e-3, read=0.05, read_width=10e-3))
    for train, said in (
        (Pulses((0.6,), width=10e-3, gap=20e-3), r"take width = gap, each 5.7\d* ms or more with nplc 0.1"),
        (Pulses((0.6,), width=1e-2, gap=1e-2, read=0.05, read_width=2e-2), "take width = gap = read_width"),
    ):
        with pytest.raises(PlanError, match=said):
            M2400.check_train("1", MEMRISTOR, train)
    with pytest.raises(PlanError, match="too short"):
        M2400.check_train("1", MEMRISTOR, Pulses((0.6,), width=1e-3, gap=1e-3))


def test_the_2400_measures_no_higher_than_its_compliance():
    with pytest.raises(LimitError, match=r"measure_range 1 mA is above that of the compliance \(5 uA\), 10 uA"):
        M2400.check("1", SourceSetup("V", 5e-6, measure_range=1e-3))
    M2450.check("1", SourceSetup("V", 5e-6, measure_range=1e-3))


def test_the_2450_refuses_a_compliance_that_is_too_small_for_its_fixed_range():
    with pytest.raises(
        LimitError, match=r"a compliance of 2 nA is no more than 0.1% of the fixed measure_range of 10 uA"
    ):
        M2450.check("1", SourceSetup("V", 2e-9, measure_range=1e-5))
    M2450.check("1", SourceSetup("V", 2e-9, measure_range=1e-6))
    M2450.check("1", SourceSetup("V", 2e-9))


@pytest.mark.parametrize("name", sorted(REACHES_2400))
def test_every_model_of_the_2400_series_knows_its_own_ranges(name):
    meter = unconnected(Keithley2400, REACHES_2400[name])
    for volts, amperes in meter.reach.together:
        meter.check("1", SourceSetup("V", amperes), (volts, -volts))
        with pytest.raises(LimitError):
            meter.check("1", SourceSetup("V", amperes), (1.1 * meter.reach.volts[-1],))
    assert list(meter.reach.volts) == sorted(meter.reach.volts)
    assert list(meter.reach.amperes) == sorted(meter.reach.amperes)


def test_a_train_as_steps():
    train = Pulses((0.6, -0.6), width=1e-3, gap=2e-3, base=0.01, read=0.05, read_width=3e-3)
    assert [(s.level, s.seconds, s.measured) for s in period_of(train)] == [
        (0.6, 1e-3, False), (0.01, 2e-3, False), (0.05, 3e-3, True), (0.01, 2e-3, False),
    ]  # fmt: skip
    assert levels_in_order(train) == [0.6, 0.01, 0.05, 0.01, -0.6, 0.01, 0.05, 0.01]
    np.testing.assert_array_equal(measured_levels(train), [0.05, 0.05])
    np.testing.assert_array_equal(measured_levels(Pulses((0.6, -0.6), 1e-3, 1e-3)), [0.6, -0.6])
    assert levels_in_order(Staircase((1.0, 2.0), 0.1)) == [1.0, 2.0]
