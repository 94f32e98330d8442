"""Where the reference and the value of a symbol are read best: beside its body, on a side without pins."""

from .drawing import Placed, Power
from .symbols import Box, Pin, Pose
from .text import TextPlace

GAP = 0.6  # steps between body and text
LINE = 1.6  # steps from line to line


def text_places(placed: Placed) -> tuple[TextPlace, TextPlace]:
    """Places of reference and value: right of the body, else left, else above and below, by where its pins are."""
    box = placed.part.symbol.body(placed.unit, placed.pose)
    pins = placed.part.symbol.unit_pins(placed.unit)
    sides = [_side(pin, placed.pose, box) for pin in pins]
    if len(sides) == 1:  # a test point, a flag: clear of what is written at its only pin
        away = {"top": LINE / 2, "bottom": -LINE / 2}.get(sides[0], 0.0)
        box = box._replace(top=box.top + away, bottom=box.bottom + away)
    ref, value = _beside(box, set(sides), alone=placed.hide_value)
    if placed.ref_at is not None:
        ref = TextPlace(*placed.ref_at, "left")
    if placed.value_at is not None:
        value = TextPlace(*placed.value_at, "left")
    return ref, value


def _side(pin: Pin, pose: Pose, box: Box) -> str:
    """The side of the body at which a pin ends."""
    x, y = pose.place(pin.x, pin.y)
    beyond = {"left": box.left - x, "right": x - box.right, "top": box.top - y, "bottom": y - box.bottom}
    return max(beyond, key=lambda side: beyond[side])


def _beside(box: Box, taken: set[str], *, alone: bool) -> tuple[TextPlace, TextPlace]:
    middle_x, middle_y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    above, below = (middle_y, middle_y) if alone else (middle_y - LINE / 2, middle_y + LINE / 2)
    if "right" not in taken:
        return TextPlace(box.right + GAP, above, "left"), TextPlace(box.right + GAP, below, "left")
    if "left" not in taken:
        return TextPlace(box.left - GAP, above, "right"), TextPlace(box.left - GAP, below, "right")
    top, bottom = box.top - GAP - 0.4, box.bottom + GAP + 0.4
    if not taken & {"top", "bottom"}:
        return TextPlace(middle_x, top, "center"), TextPlace(middle_x, bottom, "center")
    if "top" not in taken:
        return TextPlace(middle_x, top - (0 if alone else LINE), "center"), TextPlace(middle_x, top, "center")
    if "bottom" not in taken:
        return TextPlace(middle_x, bottom, "center"), TextPlace(middle_x, bottom + LINE, "center")
    return TextPlace(box.left, top, "left"), TextPlace(box.left, bottom, "left")  # pins all around: at the corners


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
