"""Schematics that can be read: references and values find a free place, and what is crowded is told."""

import pytest

from neurorig.hardware.kicad.tools.circuits import BOARDS, find_circuit
from neurorig.hardware.kicad.tools.crowding import crowding
from neurorig.hardware.kicad.tools.drawing import Placed, Sheet
from neurorig.hardware.kicad.tools.text import TextPlace
from neurorig.hardware.kicad.tools.text_places import text_places

ALD1105 = "neurorig:ALD1105"


@pytest.fixture
def sheet() -> Sheet:
    return Sheet("test", "A test")


def places(sheet: Sheet) -> list[tuple[TextPlace, TextPlace]]:
    return [pair for _, pair in text_places(sheet, sheet.wires)]


def transistor(sheet: Sheet, ref: str, x: int, y: int, mirror: str = "") -> Placed:
    return sheet.place(ALD1105, ref, "ALD1105", (x, y), mirror=mirror)


def test_reference_and_value_stand_at_the_side_without_pins(sheet: Sheet) -> None:
    transistor(sheet, "Q1", 50, 50)
    transistor(sheet, "Q2", 100, 50, mirror="y")
    (ref, value), (mirrored, _) = places(sheet)
    assert (ref.side, mirrored.side) == ("left", "right")
    assert ref.x == value.x > 52 and mirrored.x < 98
    assert ref.y < 50 < value.y
    assert crowding(sheet) == []


def test_they_make_way_for_a_wire(sheet: Sheet) -> None:
    transistor(sheet, "Q1", 50, 50)
    sheet.wire((56, 30), (56, 70))
    [(ref, value)] = places(sheet)
    assert min(ref.y, value.y) > 52 or max(ref.y, value.y) < 48  # below or above, where there is room
    assert crowding(sheet) == []


def test_a_chosen_place_stays_and_others_make_way_for_it(sheet: Sheet) -> None:
    transistor(sheet, "Q1", 50, 50)
    sheet.place(ALD1105, "Q2", "ALD1105", (80, 50), ref_at=(55, 49), value_at=(55, 51))
    chosen, other = places(sheet)
    assert chosen == (TextPlace(55, 49, "left"), TextPlace(55, 51, "left"))
    assert other[0].y != pytest.approx(49.2) or other[0].x < 50
    assert crowding(sheet) == []


def test_what_is_crowded_is_told(sheet: Sheet) -> None:
    transistor(sheet, "Q1", 50, 50)
    sheet.label("n1.v_m", (46, 50), 0)
    sheet.note("A note\nof two lines", (100, 50))
    sheet.wire((90, 52), (130, 52))
    sheet.frame((150, 20), (180, 60), "One")
    sheet.frame((170, 50), (200, 80), "Other")
    sheet.wire((5, 100), (20, 100))
    sheet.wire((250, 210), (260, 210))
    assert crowding(sheet) == [
        "test: a wire from (90, 52) to (130, 52) and the note at (100, 50) cover each other",
        "test: the symbol of Q1 and label n1.v_m at (46, 50) cover each other",
        "test: pin 2 of Q1 and label n1.v_m at (46, 50) cover each other",
        "test: the frame 'One' and the frame 'Other' cover each other",
        "test: a wire from (5, 100) to (20, 100) crosses the border of the paper A3",
        "test: a wire from (250, 210) to (260, 210) lies on the title block",
    ]


@pytest.mark.needs("kicad")
@pytest.mark.parametrize("board", BOARDS)
def test_nothing_is_crowded_on_the_boards(board: str) -> None:
    assert crowding(find_circuit(board).sheet()) == []
