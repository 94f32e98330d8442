"""Where the reference and the value of each symbol are read best: beside its body, clear of wires and other texts."""

from collections.abc import Iterable, Iterator
from itertools import chain

from .drawing import Label, Placed, Power, Sheet
from .symbols import Box, Point
from .text import TextPlace
from .wiring import Segment

GAP = 0.6  # steps between body and text
LINE = 1.6  # steps from line to line
LETTER = 0.9  # steps, width of a letter of KiCad's font
HALF = 0.6  # steps, half the height of a line
NUMBER = 1.2  # steps beside a pin that its number takes: above it, or at its left

Pair = tuple[TextPlace, TextPlace]


def text_places(sheet: Sheet, wires: Iterable[Segment]) -> Iterator[tuple[Placed, Pair]]:
    """The places of reference and value of every symbol on a sheet whose wires are `wires`.

    Each takes the place of `_choices` that covers least of what is already there. What the circuit chose itself stays.
    """
    fixed = [placed for placed in sheet.placed if placed.ref_at or placed.value_at]
    covered = list(_drawn(sheet, wires))
    for placed in [*fixed, *(placed for placed in sheet.placed if placed not in fixed)]:
        choices = [_chosen(placed, pair) for pair in _choices(placed)]
        best = min(
            choices, key=lambda pair: sum(_overlap(box, other) for box in _boxes(placed, pair) for other in covered)
        )
        covered += _boxes(placed, best)
        yield placed, best


def _chosen(placed: Placed, pair: Pair) -> Pair:
    ref = TextPlace(*placed.ref_at, "left") if placed.ref_at else pair[0]
    return ref, TextPlace(*placed.value_at, "left") if placed.value_at else pair[1]


def _choices(placed: Placed) -> Iterator[Pair]:
    """Right, left, above and below, both above, both below the body; sides without pins first."""
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


def _boxes(placed: Placed, pair: Pair) -> list[Box]:
    texts = [_text_box(pair[0], placed.part.ref + "A" * (placed.part.symbol.units > 1))]
    return texts if placed.hide_value else [*texts, _text_box(pair[1], placed.part.value)]


def _text_box(place: TextPlace, text: str) -> Box:
    width = len(text) * LETTER
    left = place.x - {"left": 0.0, "center": width / 2, "right": width}[place.side]
    return Box(left, place.y - HALF, left + width, place.y + HALF)


def _drawn(sheet: Sheet, wires: Iterable[Segment]) -> Iterator[Box]:
    """What is on the sheet before references and values are."""
    for (x1, y1), (x2, y2) in wires:
        yield _line((x1, y1), (x2, y2))
    for placed in sheet.placed:
        body = placed.part.symbol.body(placed.unit, placed.pose)
        yield body
        for x, y in placed.pins.values():
            inner = min(max(x, body.left), body.right), min(max(y, body.top), body.bottom)
            pin = _line((x, y), inner)
            numbered = NUMBER * placed.part.symbol.shows_numbers
            yield pin._replace(left=pin.left - numbered) if x == inner[0] else pin._replace(top=pin.top - numbered)
    for power in sheet.powers:
        yield power.symbol.body(1, power.pose)
        yield _text_box(supply_text(power), power.name)
    yield from (_label_box(label) for label in sheet.labels)
    for sub in sheet.subs:
        yield Box(sub.at[0], sub.at[1], sub.at[0] + sub.size[0], sub.at[1] + sub.size[1])


def _line(start: tuple[float, float] | Point, end: tuple[float, float] | Point) -> Box:
    (x1, y1), (x2, y2) = start, end
    return Box(min(x1, x2) - 0.2, min(y1, y2) - 0.2, max(x1, x2) + 0.2, max(y1, y2) + 0.2)


def _label_box(label: Label) -> Box:
    x, y = label.at
    length = len(label.net) * LETTER + (1.5 if label.shape else 0)
    up, down = (HALF, HALF) if label.shape else (2 * HALF, 0.0)  # a local label stands on its wire
    return {
        0: Box(x, y - up, x + length, y + down),
        90: Box(x - up, y - length, x + down, y),
        180: Box(x - length, y - up, x, y + down),
        270: Box(x - up, y, x + down, y + length),
    }[label.turn]


def _overlap(one: Box, other: Box) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return width * height if width > 0 and height > 0 else 0.0


def supply_text(power: Power) -> TextPlace:
    """Where the name of a supply stands: beyond its symbol."""
    box = power.symbol.body(1, power.pose)
    x, y = power.pose.at
    middle_x, middle_y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    reach = {"top": y - box.top, "bottom": box.bottom - y, "left": x - box.left, "right": box.right - x}
    side = max(reach, key=lambda way: reach[way])
    return {
        "top": TextPlace(middle_x, box.top - 1, "center"),
        "bottom": TextPlace(middle_x, box.bottom + 1, "center"),
        "left": TextPlace(box.left - GAP, middle_y, "right"),
        "right": TextPlace(box.right + GAP, middle_y, "left"),
    }[side]
