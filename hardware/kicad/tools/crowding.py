"""What is hard to read on a sheet: texts that cover wires, symbols or each other. KiCad's own check does not look at them."""

from itertools import combinations

from .drawing import Sheet
from .occupied import Covered, drawn, overlap, remarks_of
from .text_places import text_boxes, text_places

LEAST = 0.3  # square steps: less is a touch


def crowding(sheet: Sheet) -> list[str]:
    """Sentences on each text that covers something else; sub-sheets are looked at as well."""
    items = [*drawn(sheet, sheet.wires), *remarks_of(sheet)]
    for placed, pair in text_places(sheet, sheet.wires):
        names = (f"the reference {placed.part.ref}", f"the value {placed.part.value} of {placed.part.ref}")
        items += [Covered(name, box, True) for name, box in zip(names, text_boxes(placed, pair), strict=False)]
    found = [
        f"{sheet.name}: {one.what} and {other.what} cover each other"
        for one, other in combinations(items, 2)
        if (one.is_text or other.is_text) and overlap(one.box, other.box) > LEAST
    ]
    return found + [sentence for sub in sheet.subs for sentence in crowding(sub.sheet)]
