"""What is hard to read on a sheet: texts that cover wires, symbols or each other. KiCad's own check does not look at them."""

from itertools import combinations

from .drawing import PAPERS, Sheet
from .occupied import Covered, drawn, overlap, remarks_of
from .symbols import STEP, Box
from .text_places import text_boxes, text_places

LEAST = 0.3  # square steps: less is a touch
MARGIN = 12 / STEP  # steps between paper and drawing: KiCad's own frame
TITLE_BLOCK = (120 / STEP, 44 / STEP)  # steps from the paper's lower right corner


def crowding(sheet: Sheet) -> list[str]:
    """Sentences on each text that covers something, frames that meet, and what lies on the sheet's border or title block.

    Sub-sheets are looked at as well.
    """
    items = [*drawn(sheet, sheet.wires), *remarks_of(sheet)]
    for placed, pair in text_places(sheet, sheet.wires):
        names = (f"the reference {placed.part.ref}", f"the value {placed.part.value} of {placed.part.ref}")
        items += [Covered(name, box, True) for name, box in zip(names, text_boxes(placed, pair), strict=False)]
    found = [
        f"{one.what} and {other.what} cover each other"
        for one, other in combinations(items, 2)
        if (one.is_text or other.is_text) and overlap(one.box, other.box) > LEAST
    ]
    frames = [Covered(f"the frame {frame.title!r}", Box(*frame.corner, *frame.opposite)) for frame in sheet.frames]
    found += [
        f"{one.what} and {other.what} cover each other"
        for one, other in combinations(frames, 2)
        if overlap(one.box, other.box) > 0
    ]
    width, height = (side / STEP for side in PAPERS[sheet.paper])
    inside = Box(MARGIN, MARGIN, width - MARGIN, height - MARGIN)
    title = Box(width - TITLE_BLOCK[0], height - TITLE_BLOCK[1], width, height)
    for item in [*items, *frames]:
        if overlap(item.box, title) > LEAST:
            found.append(f"{item.what} lies on the title block")
        if _beyond(item.box, inside):
            found.append(f"{item.what} crosses the border of the paper {sheet.paper}")
    below = [sentence for sub in sheet.subs for sentence in crowding(sub.sheet)]
    return [f"{sheet.name}: {sentence}" for sentence in found] + below


def _beyond(box: Box, inside: Box) -> bool:
    return box.left < inside.left or box.top < inside.top or box.right > inside.right or box.bottom > inside.bottom
