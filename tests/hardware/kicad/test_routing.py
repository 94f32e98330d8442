"""The router: every net joined, every clearance kept, the same copper each time, and a full board refused by name."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from neurorig.hardware.kicad.tools.routing import Keepout, Pad, Problem, Routes, RoutingError, Track, Via, route

from .boards_at_random import board_at_random
from .copper_check import loose_ends, pieces, ugly, violations

PIN = Pad(0, 0, 0.8, 0.8, shape="circle", hole=0.8)
SMALL, MIDDLE = (50.0, 40.0), (60.0, 50.0)


def faults(problem: Problem, routes: Routes) -> list[str]:
    apart = [f"{net} is in {count} pieces" for net, count in pieces(problem, routes).items() if count != 1]
    return apart + violations(problem, routes) + loose_ends(problem, routes) + ugly(problem, routes)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "problem",
    [
        pytest.param((SMALL, 1, 6), id="small"),
        pytest.param((MIDDLE, 2, 14), id="middle"),
    ],
)
def test_boards_at_random(problem: tuple[tuple[float, float], int, int], seed: int):
    board = board_at_random(seed, *problem, spread=6.0)
    assert faults(board, route(board)) == []


@pytest.mark.parametrize("seed", range(4))
def test_pads_off_the_raster_and_turned(seed: int):
    board = board_at_random(seed, MIDDLE, 1, 8, smd=3, step=0.01)
    assert faults(board, route(board)) == []


@pytest.mark.parametrize("seed", range(2))
def test_nets_across_a_crowded_board(seed: int):
    board = board_at_random(seed, MIDDLE, 3, 14, smd=1, spread=30.0)
    assert faults(board, route(board)) == []


def test_a_large_board():
    board = board_at_random(1, (220.0, 160.0), 12, 138, spread=4.0)
    routes = route(board)
    assert faults(board, routes) == []
    assert len(routes.vias) < 40  # pads go through the board: few vias are needed


def test_an_outline_with_a_notch():
    outline = ((0.0, 0.0), (40.0, 0.0), (40.0, 30.0), (25.0, 30.0), (25.0, 8.0), (15.0, 8.0), (15.0, 30.0), (0.0, 30.0))
    pads = (replace(PIN, x=8.0, y=25.0, net="a", name="J1.1"), replace(PIN, x=32.0, y=25.0, net="a", name="J2.1"))
    board = Problem((40.0, 30.0), pads, outline=outline)
    routes = route(board)
    assert faults(board, routes) == []
    assert min(y for track in routes.tracks for _, y in track.points) < 8.0  # around the notch


def test_a_keepout_on_one_layer_is_crossed_on_the_other():
    pads = (replace(PIN, x=5.0, y=10.0, net="a", name="J1.1"), replace(PIN, x=25.0, y=10.0, net="a", name="J2.1"))
    wall = Keepout(15.0, 10.0, 1.0, 9.9, layers=frozenset("F"))
    (track,) = route(Problem((30.0, 20.0), pads, (wall,))).tracks
    assert track.layer == "B"


def test_a_flat_pad_reaches_the_other_side_by_a_via():
    pads = (
        Pad(5.0, 10.0, 0.8, 0.6, layers=frozenset("F"), net="a", name="R1.1"),
        Pad(25.0, 10.0, 0.8, 0.6, layers=frozenset("B"), net="a", name="R2.1"),
    )
    board = Problem((30.0, 20.0), pads)
    routes = route(board)
    assert faults(board, routes) == []
    assert len(routes.vias) == 1


def test_pads_in_a_line_are_joined_straight():
    pads = tuple(replace(PIN, x=5.08 + 5.08 * k, y=10.16, net="a", name=f"J1.{k}") for k in range(4))
    routes = route(Problem((30.0, 20.0), pads))
    assert [len(track.points) for track in routes.tracks] == [2, 2, 2]
    assert not routes.vias


def test_pads_upon_each_other_are_one():
    places = (5.0, 5.0, 5.9, 20.0)
    pads = tuple(replace(PIN, x=x, y=10.0, net="a", name=f"J1.{k}") for k, x in enumerate(places))
    board = Problem((30.0, 20.0), (*pads, replace(PIN, x=20.0, y=15.0, net="alone", name="J2.1")))
    routes = route(board)
    assert faults(board, routes) == []
    assert len(routes.tracks) == 2


def test_widths_by_net():
    board = board_at_random(0, SMALL, 1, 6)
    assert {(track.net, track.width) for track in route(board).tracks if not track.net.startswith("n")} == {
        ("+5V", 0.6),
        ("GND", 0.5),
    }


def test_the_same_copper_in_another_process_and_with_pads_in_another_order():
    program = (
        "from tests.hardware.kicad.boards_at_random import board_at_random;"
        "from neurorig.hardware.kicad.tools.routing import route;"
        f"print(repr(route(board_at_random(3, {MIDDLE}, 2, 14))))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    board = board_at_random(3, MIDDLE, 2, 14)
    assert told.strip() == repr(route(board))
    assert route(replace(board, pads=board.pads[::-1])) == route(board)


def test_a_pad_that_is_walled_in_is_named():
    pads = (replace(PIN, x=5.0, y=10.0, net="v_m", name="J1.1"), replace(PIN, x=25.0, y=10.0, net="v_m", name="TP3.1"))
    with pytest.raises(RoutingError, match=r"(?s)v_m.*(J1\.1|TP3\.1)"):
        route(Problem((30.0, 20.0), pads, (Keepout(15.0, 10.0, 1.0, 10.0),)))


def test_a_pad_without_room_for_its_track_is_named():
    pads = tuple(
        Pad(5.0 + 0.5 * k, 10.0, 0.12, 0.8, layers=frozenset("F"), net=f"n{k // 2}", name=f"U1.{k}") for k in range(4)
    )
    with pytest.raises(RoutingError, match=r"U1\.\d .* no room for a track of 0\.6 mm"):
        route(Problem((30.0, 20.0), pads, widths={"n0": 0.6}))


def test_a_full_board_is_refused_with_nets_pads_and_places():
    count = 6  # so many nets through a gap of 1.2 mm: two tracks on each layer
    pads = tuple(
        replace(PIN, x=x, y=3.0 + 2.54 * row, net=f"n{(row * 5) % count if x > 20 else row}", name=f"J{x:g}.{row}")
        for x in (4.0, 26.0)
        for row in range(count)
    )
    gap = (Keepout(15.0, 4.7, 1.0, 4.7), Keepout(15.0, 15.3, 1.0, 4.7))
    with pytest.raises(
        RoutingError, match=r"net n\d+: no way to pad J\S+ .*full at \(1\d\.\d, (9|10)\.\d\) mm on [FB](?s:.*)enlarge"
    ):
        route(Problem((30.0, 20.0), pads, gap))


def test_the_checker_sees_what_is_wrong():
    pads = (
        replace(PIN, x=5.0, y=10.0, net="a", name="J1.1"),
        replace(PIN, x=25.0, y=10.0, net="a", name="J2.1"),
        replace(PIN, x=15.0, y=11.0, net="b", name="J3.1"),
    )
    board = Problem((30.0, 20.0), pads)
    through = Routes((Track("a", "F", ((5.0, 10.0), (25.0, 10.0)), 0.3),), ())
    assert violations(board, through)
    assert not violations(board, Routes((), ()))
    assert pieces(board, Routes((), ()))["a"] == 2
    short = Routes((Track("a", "F", ((5.0, 10.0), (10.0, 10.0)), 0.3),), (Via("a", 10.0, 10.0),))
    assert len(loose_ends(board, short)) == 1
    bent = Routes((Track("a", "F", ((5.0, 10.0), (12.0, 5.0), (5.0, 5.0)), 0.3),), ())
    assert any("askew" in told for told in ugly(board, bent))
    assert any("less than 90" in told for told in ugly(board, bent))
