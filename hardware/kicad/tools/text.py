"""Texts of a KiCad file: size, justification, and fields beside a turned symbol that still read from left to right."""

from typing import NamedTuple

from ..expressions import Expression, Text
from .symbols import STEP, Pose

SIZE = 1.27  # mm, height of letters


class TextPlace(NamedTuple):
    """Where a text is anchored (steps) and which of its sides: "left", "right" or "center"."""

    x: float
    y: float
    side: str


def millimetres(steps: float) -> str:
    """Steps of 1.27 mm in the writing of KiCad: "2.54"."""
    return f"{round(steps * STEP, 4):.4f}".rstrip("0").rstrip(".").replace("-0", "0", int(abs(steps) < 1e-6))


def corner(name: str, at: tuple[float, float]) -> Expression:
    """A point called `name`: `(start x y)`."""
    return [name, millimetres(at[0]), millimetres(at[1])]


def at_point(at: tuple[float, float], turn: int = 0) -> Expression:
    """`(at x y turn)`."""
    return [*corner("at", at), str(turn)]


def effects(*, size: float = SIZE, bold: bool = False, justify: tuple[str, ...] = (), hide: bool = False) -> Expression:
    """Font, justification and visibility of a text."""
    font: Expression = ["font", ["size", f"{size:g}", f"{size:g}"]]
    if bold:
        font += [["thickness", f"{size / 5:.3g}"], ["bold", "yes"]]
    style: Expression = ["effects", font]
    if sides := [side for side in justify if side != "center"]:
        style.append(["justify", *sides])
    if hide:
        style.append(["hide", "yes"])
    return style


def turned_text(name: str, text: str, pose: Pose, place: TextPlace, *, hide: bool = False) -> Expression:
    """A field of a symbol that is read from left to right however the symbol lies.

    KiCad turns a field with its symbol, and swaps its sides with it: this undoes both.
    """
    upright = pose.turn in (0, 180)
    along = pose.direction(1, 0) if upright else pose.direction(0, 1)  # where text begun at its left would run
    side = place.side if along[0] > 0 else {"left": "right", "right": "left"}.get(place.side, place.side)
    style = effects(justify=(side,), hide=hide)
    return ["property", Text(name), Text(text), at_point((place.x, place.y), 0 if upright else 90), style]


def hidden_text(name: str, text: str, pose: Pose) -> Expression:
    """A field of a symbol that is not shown."""
    return ["property", Text(name), Text(text), at_point(pose.at), effects(hide=True)]
