"""What the drawing of a sheet covers, box by box: so that texts keep clear of it, and what is crowded can be told.

Boxes are in steps; those of texts are estimated from the width of KiCad's letters.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .drawing import Label, Placed, Power, Sheet
from .remarks import ROW, TITLE_LIFT, TITLE_SIZE
from .symbols import STEP, Box
from .text import SIZE, TextPlace
from .wiring import Segment

GAP = 0.6  # steps between body and text
LETTER = 0.9  # steps, width of a letter of KiCad's font
HALF = 0.6  # steps, half the height of a line
NUMBER = 1.2  # steps beside a pin that its number takes: above it, or at its left
LABEL_LIFT = 0.25  # steps between a wire and the label on it
LINES = 1.62  # distance from line to line of a text, in heights of its letters


class Covered(NamedTuple):
    """A box, what covers it, and whether that is to be read."""

    what: str
    box: Box
    is_text: bool = False


def drawn(sheet: Sheet, wires: Iterable[Segment]) -> Iterator[Covered]:
    """What is on a sheet whose wires are `wires`, before references and values are."""
    for start, end in wires:
        yield Covered(f"a wire from {start} to {end}", _line(start, end))
    for placed in sheet.placed:
        yield from _symbol(placed)
    for power in sheet.powers:
        yield Covered(f"{power.name} at {power.pose.at}", power.symbol.body(1, power.pose))
        if power.name != "PWR_FLAG":
            yield Covered(f"the name {power.name} at {power.pose.at}", text_box(supply_text(power), power.name), True)
    for label in sheet.labels:
        yield Covered(f"label {label.net} at {label.at}", _label(label), True)
    for sub in sheet.subs:
        yield Covered(f"the block {sub.sheet.name}", Box(*sub.at, sub.at[0] + sub.size[0], sub.at[1] + sub.size[1]))


def remarks_of(sheet: Sheet) -> Iterator[Covered]:
    """What the notes, tables, and titles and notes of the frames of a sheet cover."""
    for note in sheet.notes:
        width, height = _lines(note.text, note.size)
        yield Covered(f"the note at {note.at}", Box(*note.at, note.at[0] + width, note.at[1] + height), True)
    for table in sheet.tables:
        (x, y), rows = table.at, len(table.rows)
        yield Covered(f"the table at {table.at}", Box(x, y, x + sum(table.widths), y + rows * ROW), True)
    for frame in sheet.frames:
        (left, top), bottom = frame.corner, frame.opposite[1]
        width, height = _lines(frame.title, TITLE_SIZE)
        yield Covered(
            f"the title {frame.title!r}", Box(left, top - TITLE_LIFT - height, left + width, top - TITLE_LIFT), True
        )
        if frame.note:
            width, height = _lines(frame.note, SIZE)
            yield Covered(
                f"the note of {frame.title!r}", Box(left + 1, bottom - 1 - height, left + 1 + width, bottom - 1), True
            )


def text_box(place: TextPlace, text: str) -> Box:
    """Box of one line of text."""
    width = len(text) * LETTER
    left = place.x - {"left": 0.0, "center": width / 2, "right": width}[place.side]
    return Box(left, place.y - HALF, left + width, place.y + HALF)


def overlap(one: Box, other: Box) -> float:
    """Area that two boxes share, square steps."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return width * height if width > 0 and height > 0 else 0.0


def _symbol(placed: Placed) -> Iterator[Covered]:
    body = placed.part.symbol.body(placed.unit, placed.pose)
    yield Covered(f"the symbol of {placed.part.ref}", body)
    for number, (x, y) in placed.pins.items():
        inner = min(max(x, body.left), body.right), min(max(y, body.top), body.bottom)
        pin = _line((x, y), inner)
        numbered = NUMBER * placed.part.symbol.shows_numbers
        pin = pin._replace(left=pin.left - numbered) if x == inner[0] else pin._replace(top=pin.top - numbered)
        yield Covered(f"pin {number} of {placed.part.ref}", pin)


def _line(start: tuple[float, float], end: tuple[float, float]) -> Box:
    (x1, y1), (x2, y2) = start, end
    return Box(min(x1, x2) - 0.2, min(y1, y2) - 0.2, max(x1, x2) + 0.2, max(y1, y2) + 0.2)


def _label(label: Label) -> Box:
    x, y = label.at
    length = len(label.net) * LETTER + (1.5 if label.shape else 0)
    near, far = (HALF, HALF) if label.shape else (-LABEL_LIFT, 2 * HALF)  # a local label stands on its wire
    return {
        0: Box(x + 0.2, y - far, x + length, y + near),
        90: Box(x - far, y - length, x + near, y - 0.2),
        180: Box(x - length, y - far, x - 0.2, y + near),
        270: Box(x - far, y + 0.2, x + near, y + length),
    }[label.turn]


def _lines(text: str, size: float) -> tuple[float, float]:
    """Width and height of a text of several lines, steps."""
    lines = text.split("\n")
    height = size / STEP
    return max(map(len, lines)) * LETTER * height, (len(lines) - 1) * LINES * height + height


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
