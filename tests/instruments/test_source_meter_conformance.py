"""What every source-meter of the registry owes beyond its role: bounds, honest trains, exact periods, no harm to memristors."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from neurorig.instruments import DRIVERS
from neurorig.instruments.drivers.source_reach import Reach
from neurorig.instruments.guardian import Ward, _make_one_safe
from neurorig.instruments.sourcing import Pulses, SourceSetup, Staircase
from neurorig.signals import InstrumentError, LimitError, LinkError, PlanError

from .doubles import OHMS, double_of
from .fakes import address_of, serving

NAMES = sorted(name for name in DRIVERS if DRIVERS[name].role == "SourceMeter")
TWO_CHANNELS = [name for name in NAMES if len(DRIVERS[name].channels) > 1]
BENCH: Any = {"volts": 1.0, "amperes": 1e-4, "where": 'bench.toml, [terminals."smu.1"]'}


@pytest.fixture(params=NAMES)
def meter(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Every source-meter before the simulated instrument of its model; `puts_out` becomes a record of (time, volts)."""
    double = double_of(request.param)
    with serving(double.world, {"it": double.device}) as ports:
        driver: Any = DRIVERS[request.param].connect(address_of(ports), name="it")
        driver.double = double
        driver.first = next(iter(driver.channels))
        driver.puts_out = recorded(double.world, double.lines[driver.first])
        yield driver
        driver.close()
    assert not any(leads.hot_switched or leads.hot_closed for leads in double.lines.values()), (
        "a memristor dies of that"
    )


def recorded(world: Any, leads: Any) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    held = leads.hold

    def hold(source: str, level: float, compliance: float) -> None:
        if leads.held is None or abs(level - leads.held.level) > 1e-3:
            found.append((world.now, level))
        held(source, level, compliance)

    leads.hold = hold
    return found


def fixed(reach: Reach) -> SourceSetup:
    """Up to 1 V and 100 uA on fixed ranges."""
    volts = next(full for full in reach.volts if full >= 1.0)
    return SourceSetup("V", compliance=1e-4, source_range=volts, measure_range=1e-4, nplc=0.1)


def shortest(meter: Any, *, measured: bool = True) -> float:
    """The shortest level that is admitted, in whole microseconds."""
    least = meter.least_step + (meter._measuring_time(fixed(meter.reach).nplc) if measured else 0.0)
    return float(np.ceil(least * 1e6 - 1e-6) * 1e-6)


def ready(meter: Any, channel: str | None = None) -> str:
    """Configured and on, at 0 V."""
    channel = channel or meter.first
    meter.configure(channel, fixed(meter.reach))
    meter.on(channel)
    return channel


def run(meter: Any) -> None:
    meter.start()
    while meter.running():
        pass


# -- the bench's limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attempt",
    [
        lambda it, c: it.check(c, fixed(it.reach), (0.5, -1.2)),
        lambda it, c: it.check_train(c, fixed(it.reach), Staircase((0.5, 1.2), dwell=0.1)),
        lambda it, c: it.check_train(c, fixed(it.reach), Pulses((0.5,), width=0.1, gap=0.1, base=-1.2)),
        lambda it, c: it.set_level(c, 1.2),
        lambda it, c: it.load(c, Staircase((0.5, 1.2), dwell=0.1)),
        lambda it, c: it.configure(c, SourceSetup("V", compliance=2e-4)),
        lambda it, c: it.configure(c, SourceSetup("A", compliance=1.2)),
        lambda it, c: it.check(c, SourceSetup("A", compliance=0.5), (2e-4,)),
    ],
)
def test_nothing_beyond_the_limits_of_the_terminals_is_ever_sent(
    meter: Any, attempt: Callable[[Any, str], object]
) -> None:
    channel = ready(meter)
    meter.bound(channel, **BENCH)
    sent: list[Any] = []
    meter.link.recorder = lambda *traffic: sent.append(traffic)
    with pytest.raises(
        LimitError, match=r"(1\.2 V|200 uA) exceeds the (1 V|100 uA).*bench.toml, \[terminals"
    ) as refused:
        attempt(meter, channel)
    assert f"it channel {channel}: " in str(refused.value)
    assert sent == []
    meter.set_level(channel, -1.0)
    meter.configure(channel, SourceSetup("A", compliance=1.0))
    meter.set_level(channel, 1e-4)


# -- trains ------------------------------------------------------------------------------------------------------------


def test_only_what_was_started_and_has_ended_is_fetched(meter: Any) -> None:
    channel = ready(meter)
    meter.load(channel, Staircase((0.5, 0.6, 0.7), dwell=0.05))
    run(meter)
    assert meter.fetch(channel).volts == pytest.approx([0.5, 0.6, 0.7], rel=1e-2)
    assert meter.fetch(channel).volts == pytest.approx([0.5, 0.6, 0.7], rel=1e-2), "as often as one likes"
    with pytest.raises(InstrumentError, match="no train to run"):
        meter.start()
    meter.load(channel, Staircase((-0.1, -0.2, -0.3), dwell=0.05))
    with pytest.raises(InstrumentError, match="nothing to fetch"):
        meter.fetch(channel)
    run(meter)
    assert meter.fetch(channel).volts == pytest.approx([-0.1, -0.2, -0.3], rel=1e-2)
    meter.measure(channel, 3)
    with pytest.raises(InstrumentError, match="nothing to fetch"):
        meter.fetch(channel)
    meter.load(channel, Staircase((0.1,), dwell=0.05))
    meter.off()
    for refused in (meter.start, lambda: meter.fetch(channel)):
        with pytest.raises(InstrumentError, match=r"no train|nothing to fetch"):
            refused()


def test_while_a_train_runs_nothing_else_is_done(meter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = ready(meter)
    meter.load(channel, Staircase((0.5,) * 5, dwell=0.05))
    meter.start()
    with monkeypatch.context() as patched:
        patched.setattr(meter, "_running", lambda: True)
        for attempt in (
            lambda: meter.measure(channel),
            lambda: meter.fetch(channel),
            lambda: meter.set_level(channel, 0.1),
            lambda: meter.load(channel, Staircase((0.1,), dwell=0.05)),
        ):
            with pytest.raises(InstrumentError, match="its train is running"):
                attempt()
    while meter.running():
        pass
    assert len(meter.fetch(channel)) == 5


def test_with_the_output_off_nothing_is_measured(meter: Any) -> None:
    meter.configure(meter.first, fixed(meter.reach))
    for doing in (
        lambda: meter.measure(meter.first),
        lambda: (meter.load(meter.first, Staircase((0.1,), 0.05)), meter.start()),
    ):
        with pytest.raises(InstrumentError, match=r"its output is off; switch it on before"):
            doing()


@pytest.mark.parametrize("disturbed", [False, True], ids=["untouched", "measured_between"])
@pytest.mark.parametrize("dwell", [None, 0.02], ids=["shortest", "20_ms"])
def test_levels_last_as_long_as_they_were_told_to(meter: Any, dwell: float | None, disturbed: bool) -> None:
    channel = ready(meter)
    seconds = dwell or shortest(meter)
    levels = (0.1, 0.2, 0.3, 0.4, 0.5)
    meter.load(channel, Staircase(levels, seconds))
    if disturbed:
        meter.measure(channel, 2)
    del meter.puts_out[:]
    run(meter)
    seen = meter.fetch(channel)
    lasted = [until - since for (since, volts), (until, _) in pairwise(meter.puts_out) if volts > 0.05]
    assert lasted == pytest.approx([seconds] * len(levels), rel=1e-2)
    assert np.diff(seen.times) == pytest.approx([seconds] * 4, rel=1e-2, abs=meter.tick)
    assert seen.volts == pytest.approx(levels, rel=1e-2)
    assert meter.warnings == []


def test_pulses_last_as_long_as_they_were_told_to_also_the_shortest(meter: Any) -> None:
    channel = ready(meter)
    seconds = shortest(meter)
    train = Pulses((0.8, -0.8, 0.8), width=seconds, gap=seconds, base=0.1)
    meter.load(channel, train)
    meter.measure(channel)
    del meter.puts_out[:]
    run(meter)
    lasted = [until - since for (since, volts), (until, _) in pairwise(meter.puts_out) if abs(volts) > 0.5]
    begun = [since for since, volts in meter.puts_out if abs(volts) > 0.5]
    assert lasted == pytest.approx([seconds] * 3, rel=1e-2)
    assert np.diff(begun) == pytest.approx([2 * seconds] * 2, rel=1e-2)
    assert meter.fetch(channel).volts == pytest.approx([0.8, -0.8, 0.8], rel=1e-2)
    assert meter.warnings == []


def test_a_period_that_was_not_kept_is_told(meter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = ready(meter)
    meter.load(channel, Staircase((0.1,) * 5, 0.05))
    run(meter)
    monkeypatch.setattr(type(meter._loaded[channel]), "period", 0.048)
    meter.fetch(channel)
    assert len(meter.warnings) == 1
    assert "it was to measure every 48 ms; by its time stamps it did every " in meter.warnings[0]


def test_a_train_returns_to_the_level_of_its_start(meter: Any) -> None:
    channel = ready(meter)
    meter.set_level(channel, 0.4)
    meter.load(channel, Staircase((0.1, 0.2), 0.05))
    meter.off()
    meter.on(channel)
    meter.load(channel, Staircase((0.1, 0.2), 0.05))
    meter.set_level(channel, 0.3)
    run(meter)
    meter.fetch(channel)
    assert meter.puts_out[-1][1] == pytest.approx(0.3, rel=1e-2)
    assert meter.measure(channel).volts == pytest.approx([0.3], rel=1e-2)


@pytest.mark.parametrize("meter", TWO_CHANNELS, indirect=True)
def test_a_start_runs_what_was_loaded_since_the_last_one(meter: Any) -> None:
    first, second = tuple(meter.channels)[:2]
    ready(meter, second)
    ready(meter, first)
    meter.load(first, Pulses((0.8,) * 3, width=0.02, gap=0.02))
    run(meter)
    meter.load(second, Staircase((0.1, 0.2), dwell=0.05))
    run(meter)
    assert len([1 for _, volts in meter.puts_out if volts > 0.5]) == 3
    assert len(meter.fetch(second)) == 2 and len(meter.fetch(first)) == 3
    meter.off()
    meter.on(second)
    meter.load(second, Staircase((0.1, 0.2), dwell=0.05))
    meter.start()  # the other one is off, which does not matter


@pytest.mark.parametrize("dwell", [float("inf"), 1e6])
def test_a_level_that_lasts_longer_than_its_timer_goes_is_refused(meter: Any, dwell: float) -> None:
    with pytest.raises(PlanError, match=r"are too long for a level: its timer goes to \d"):
        meter.check_train(meter.first, fixed(meter.reach), Staircase((0.1,), dwell))


def test_what_it_has_against_the_start_surfaces(meter: Any) -> None:
    channel = ready(meter)
    meter.load(channel, Staircase((0.1,), 0.05))
    write = meter.write

    def spoilt(line: str, *rest: Any) -> None:
        write("THIS_IS_NO_COMMAND 1" if "INIT" in line or "initiate" in line or line == "ME1" else line, *rest)

    meter.write = spoilt
    with pytest.raises(InstrumentError, match=r"while (starting|running) a train"):
        run(meter)
    assert not meter.running()


# -- switching ---------------------------------------------------------------------------------------------------------


def test_the_relay_closes_at_zero_and_then_goes_to_the_level(meter: Any) -> None:
    meter.configure(meter.first, fixed(meter.reach))
    meter.set_level(meter.first, 0.5)
    del meter.puts_out[:]
    meter.on(meter.first)
    closing, *_, level = [volts for _, volts in meter.puts_out]
    assert closing == pytest.approx(0.0, abs=5e-3) and level == pytest.approx(0.5, rel=1e-2)
    begun = len(meter.puts_out)
    meter.on(meter.first)
    assert len(meter.puts_out) == begun, "on already: nothing moves"


def by_the_guardian(meter: Any) -> None:
    """This process is gone."""
    who, entry = meter.identity, DRIVERS[meter.driver]
    meter.link.close()
    _make_one_safe(Ward("it", meter.link.resource, entry.name, entry.safe_lines, (who.maker, who.model, who.serial)))


WAYS = [
    pytest.param(lambda it: it.off(), id="off"),
    pytest.param(lambda it: it.safe(), id="safe"),
    pytest.param(by_the_guardian, id="guardian"),
]


def interrupted(
    meter: Any, monkeypatch: pytest.MonkeyPatch, doing: Callable[[], object], after: int, call: str
) -> None:
    """Ctrl-C in the midst of `doing`: when the link sends (or receives) for the so many-th time."""
    left = [after]
    real = getattr(meter.link, call)

    def stopped(*arguments: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(meter.link, call, stopped)
        doing()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("call", ["_send", "_receive"])
def test_ctrl_c_in_the_middle_of_a_train_leaves_the_output_off(
    meter: Any, way: Callable[[Any], None], call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = ready(meter)
    seconds = shortest(meter)
    meter.load(channel, Pulses((0.8,) * 50, width=seconds, gap=seconds, base=0.3))
    meter.start()
    interrupted(meter, monkeypatch, lambda: all(iter(meter.running, None)), 0, call)
    way(meter)
    assert_off(meter)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("after", [0, 3, 9])
def test_ctrl_c_while_a_train_is_loaded_leaves_the_output_off(
    meter: Any, way: Callable[[Any], None], after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = ready(meter)
    meter.set_level(channel, 0.5)
    train = Staircase(tuple(np.linspace(0.1, 0.9, 150)), 0.05)

    def load_and_start() -> None:
        meter.load(channel, train)
        meter.start()

    interrupted(meter, monkeypatch, load_and_start, after, "_send")
    way(meter)
    assert_off(meter)


def assert_off(meter: Any) -> None:
    for _ in range(200):  # until the lines that need no answer have arrived
        if meter.double.putting_out() == 0:
            break
        try:
            meter.confirm_safe()
        except (LinkError, InstrumentError):
            continue
    assert meter.double.putting_out() == 0


def test_after_a_train_that_was_broken_off_another_one_runs(meter: Any) -> None:
    channel = ready(meter)
    meter.load(channel, Staircase((0.5,) * 200, dwell=0.05))
    meter.start()
    meter.off()
    meter.on(channel)
    meter.load(channel, Staircase((0.1, 0.2), dwell=0.05))
    run(meter)
    assert meter.fetch(channel).volts == pytest.approx([0.1, 0.2], rel=1e-2)


def test_a_link_that_was_dropped_needs_a_new_setup(meter: Any) -> None:
    channel = ready(meter)
    meter.set_level(channel, 0.5)
    meter.link.close()
    meter.reconnect()
    assert meter.double.putting_out() == 0
    with pytest.raises(InstrumentError, match="configure it first"):
        meter.on(channel)
    ready(meter)
    meter.set_level(channel, 0.5)
    assert meter.measure(channel).amperes == pytest.approx([0.5 / OHMS], rel=1e-2)
