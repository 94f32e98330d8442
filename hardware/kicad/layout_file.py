"""Reads a layout without KiCad: how large the board is, its copper layers, and what stands on it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from neurorig.signals import ConfigError

from .expressions import Expression, child, children, numbers, properties, read, word


@dataclass(frozen=True)
class Footprint:
    """A part on the board; `through_hole` if its pins go through, `models`: the files that show it in three dimensions."""

    reference: str
    through_hole: bool
    back: bool
    models: tuple[str, ...]


@dataclass(frozen=True)
class LayoutFile:
    """A .kicad_pcb: `width` and `height` (mm) of the outline, copper layers from front to back, footprints."""

    path: Path
    width: float
    height: float
    copper: tuple[str, ...]
    footprints: tuple[Footprint, ...]


def read_layout(path: Path) -> LayoutFile:
    """Read a .kicad_pcb. Raises ConfigError for a file that is missing, no layout, or has no outline."""
    board = read(path)
    if board[0] != "kicad_pcb":
        raise ConfigError(f"{path}: not a KiCad layout; it begins with '{board[0]}'.")
    corners = list(_outline(board))
    if not corners:
        raise ConfigError(f"{path}: nothing is drawn on Edge.Cuts, so the board has no outline.")
    width, height = (max(c[k] for c in corners) - min(c[k] for c in corners) for k in (0, 1))
    copper = [str(layer[1]) for layer in child(board, "layers")[1:] if str(layer[1]).endswith(".Cu")]
    copper.sort(key=lambda name: (name == "B.Cu", name != "F.Cu", len(name), name))
    footprints = tuple(_footprint(f) for f in children(board, "footprint"))
    return LayoutFile(path, round(width, 3), round(height, 3), tuple(copper), footprints)


def _footprint(drawn: Expression) -> Footprint:
    return Footprint(
        properties(drawn).get("Reference", ""), "through_hole" in child(drawn, "attr"), word(drawn, "layer") == "B.Cu",
        tuple(str(model[1]) for model in children(drawn, "model")),
    )  # fmt: skip


def _outline(board: Expression) -> Iterator[tuple[float, ...]]:
    """Corners of what is drawn on Edge.Cuts: ends of lines and arcs, extremes of circles."""
    for shape in board:
        if isinstance(shape, str) or not str(shape[0]).startswith("gr_") or word(shape, "layer") != "Edge.Cuts":
            continue
        if shape[0] == "gr_circle":
            centre, end = numbers(shape, "center"), numbers(shape, "end")
            radius = math.dist(centre, end)
            yield (centre[0] - radius, centre[1] - radius)
            yield (centre[0] + radius, centre[1] + radius)
            continue
        yield from (place for name in ("start", "mid", "end") if (place := numbers(shape, name)))
        yield from ((float(str(xy[1])), float(str(xy[2]))) for xy in children(child(shape, "pts"), "xy"))
