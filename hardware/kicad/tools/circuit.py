"""A board as its author describes it: the schematic and the layout, made when they are asked for."""

from collections.abc import Callable
from dataclasses import dataclass

from .drawing import REVISION, Sheet
from .layout import Layout


@dataclass(frozen=True)
class Circuit:
    """One KiCad project. `name` is that of its folder and files; `title` and `revision` are printed on the board."""

    name: str
    title: str
    sheet: Callable[[], Sheet]
    layout: Callable[[], Layout]
    revision: str = REVISION
