"""Where the reference and the value of each symbol are read best: beside its body, clear of wires and other texts."""

from collections.abc import Iterable, Iterator
from itertools import chain

from .drawing import Placed, Sheet
from .occupied import GAP, NUMBER, drawn, overlap, text_box
from .symbols import Box
from .text import TextPlace
from .wiring import Segment

LINE = 1.6  # steps from line to line

Pair = tuple[TextPlace, TextPlace]


def text_places(sheet: Sheet, wires: Iterable[Segment]) -> Iterator[tuple[Placed, Pair]]:
    """The places of reference and value of every symbol on a sheet whose wires are `wires`.

    Each takes the place of `_choices` that covers least of what is already there. What the circuit chose itself stays.
    """
    covered = [item.box for item in drawn(sheet, wires)]
    for placed in sorted(sheet.placed, key=lambda placed: not (placed.ref_at or placed.value_at)):
        choices = [_chosen(placed, pair) for pair in _choices(placed)]
        best = min(
            choices, key=lambda pair: sum(overlap(box, other) for box in text_boxes(placed, pair) for other in covered)
        )
        covered += text_boxes(placed, best)
        yield placed, best


def _chosen(placed: Placed, pair: Pair) -> Pair:
    ref = TextPlace(*placed.ref_at, "left") if placed.ref_at else pair[0]
    return ref, TextPlace(*placed.value_at, "left") if placed.value_at else pair[1]


def _choices(placed: Placed) -> Iterator[Pair]:
    """Right, left, above and below, both above, both below the body where no pins are; then beside the pins there."""
    left, top, right, bottom = box = placed.part.symbol.body(placed.unit, placed.pose)
    ends = [placed.pose.place(pin.x, pin.y) for pin in placed.part.symbol.unit_pins(placed.unit)]
    sides = [_side(end, box) for end in ends]
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    if len(sides) == 1:  # a test point: clear of what is written at its only pin
        middle_y += {"top": LINE / 2, "bottom": -LINE / 2}.get(sides[0], 0.0)
    stack = 0 if placed.hide_value else LINE
    above, below = middle_y - stack / 2, middle_y + stack / 2
    over, under = top - GAP - 0.4, bottom + GAP + 0.4
    places: dict[str, Pair] = {
        "right": (TextPlace(right + GAP, above, "left"), TextPlace(right + GAP, below, "left")),
        "left": (TextPlace(left - GAP, above, "right"), TextPlace(left - GAP, below, "right")),
        "top bottom": (TextPlace(middle_x, over, "center"), TextPlace(middle_x, under, "center")),
        "top": (TextPlace(middle_x, over - stack, "center"), TextPlace(middle_x, over, "center")),
        "bottom": (TextPlace(middle_x, under, "center"), TextPlace(middle_x, under + stack, "center")),
    }
    free = [pair for side, pair in places.items() if not set(side.split()) & set(sides)]
    corners = (  # above and below beside a pin there
        (TextPlace(middle_x + GAP, over - stack, "left"), TextPlace(middle_x + GAP, over, "left")),
        (TextPlace(middle_x - NUMBER - GAP, over - stack, "right"), TextPlace(middle_x - NUMBER - GAP, over, "right")),
        (TextPlace(middle_x + GAP, under, "left"), TextPlace(middle_x + GAP, under + stack, "left")),
        (TextPlace(right + GAP, over - stack, "left"), TextPlace(right + GAP, over, "left")),
        (TextPlace(right + GAP, under, "left"), TextPlace(right + GAP, under + stack, "left")),
        (TextPlace(left, over, "left"), TextPlace(left, under, "left")),
    )
    return chain(free, corners)


def _side(end: tuple[float, float], box: Box) -> str:
    """The side of the body at which a pin ends."""
    x, y = end
    beyond = {"left": box.left - x, "right": x - box.right, "top": box.top - y, "bottom": y - box.bottom}
    return max(beyond, key=lambda side: beyond[side])


def text_boxes(placed: Placed, pair: Pair) -> list[Box]:
    """What the shown texts of a symbol cover: the reference, then the value."""
    texts = [text_box(pair[0], placed.part.ref + "A" * (placed.part.symbol.units > 1))]
    return texts if placed.hide_value else [*texts, text_box(pair[1], placed.part.value)]
