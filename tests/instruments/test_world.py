"""Virtual time moves only inside transactions, unless nobody speaks or the world is paced."""

import numpy as np
import pytest

from neurorig.instruments.simulated.lines import LogicLine
from neurorig.instruments.simulated.world import POLL, World


class Clockwork:
    """A twin with nothing in it but time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.forgotten = 0.0

    def advance(self, until: float) -> None:
        assert until >= self.now
        self.now = until

    def forget(self, before: float) -> None:
        self.forgotten = before


@pytest.fixture
def world() -> World:
    return World(Clockwork())  # type: ignore[arg-type]  # a stand-in twin


def test_a_transaction_costs_its_time_and_nothing_else_moves_the_clock(world: World) -> None:
    world.heard(100.0)
    world.tick(100.2)
    assert world.now == 0.0
    world.spend(0.003)
    assert world.now == 0.003


def test_a_progress_query_goes_to_the_next_event_but_not_beyond_50_ms(world: World) -> None:
    done: list[float] = []
    world.at(0.02, lambda: done.append(world.now))
    world.at(0.5, lambda: done.append(world.now))
    world.progress()
    assert (world.now, done) == (0.02, [0.02])
    world.progress()
    assert world.now == pytest.approx(0.02 + POLL)
    world.advance_to(1.0)
    assert done == [0.02, 0.5]


def test_a_cancelled_event_does_not_happen_and_does_not_stop_the_clock(world: World) -> None:
    event = world.at(0.01, lambda: pytest.fail("cancelled"))
    event.cancel()
    world.progress()
    assert world.now == POLL


def test_when_nobody_speaks_the_world_follows_the_wall_clock_so_that_watchdogs_bite(world: World) -> None:
    bitten: list[float] = []
    world.heard(100.0)
    world.at(2.0, lambda: bitten.append(world.now))
    for k in range(1, 221):
        world.tick(100.0 + 0.01 * k)
    assert bitten == []
    assert world.now == pytest.approx(2.2 - 0.3, abs=0.03)
    for k in range(221, 240):
        world.tick(100.0 + 0.01 * k)
    assert bitten == [2.0]


def test_with_nothing_due_a_silent_world_stands_still(world: World) -> None:
    """A slow computer must not change when the next sweep begins: its samples would differ by rounding."""
    world.heard(100.0)
    world.at(1.0, lambda: None).cancel()
    for k in range(1, 300):
        world.tick(100.0 + 0.01 * k)
    assert world.now == 0.0


def test_a_paced_world_follows_the_wall_clock_and_spends_nothing() -> None:
    world = World(Clockwork(), paced=True)  # type: ignore[arg-type]  # a stand-in twin
    world.tick(50.0)
    world.spend(1.0)
    world.progress()
    world.heard(50.1)
    assert world.now == pytest.approx(0.1)


def test_listeners_see_every_stretch_of_time_once(world: World) -> None:
    seen: list[tuple[float, float]] = []
    world.listen(lambda start, stop: seen.append((start, stop)))
    world.at(0.1, lambda: None)
    world.advance_to(0.3)
    world.advance_to(0.3)
    assert seen == [(0.0, 0.1), (0.1, 0.3)]


def test_history_is_kept_as_long_as_one_instrument_needs_it(world: World) -> None:
    world.remember("scope", 0.2)
    world.advance_to(1.0)
    assert world.twin.forgotten == 0.2  # type: ignore[attr-defined]  # the stand-in's
    world.remember("scope", None)
    world.advance_to(2.0)
    assert world.twin.forgotten == 2.0  # type: ignore[attr-defined]  # the stand-in's


def test_a_logic_line_is_seen_as_level_edge_and_volts(world: World) -> None:
    line = LogicLine(world)
    rises: list[float] = []
    line.on_rising(rises.append)
    line.play([0.1, 0.2, 0.3], start_level=False)
    world.advance_to(0.25)
    assert rises == [0.1]
    assert not line.level()
    line.drive(False)  # the edge at 0.3 never comes
    world.advance_to(1.0)
    assert rises == [0.1]
    np.testing.assert_array_equal(line.sample(0.05, 0.1, 3), [0.0, 5.0, 0.0])
    np.testing.assert_array_equal(line.crossings(2.5, 0.0, 1.0), [0.1])
