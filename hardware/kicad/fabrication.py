"""What a board house asks for besides gerbers: material, thickness, and the finest that it has to make, read from the layout."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from neurorig.signals import ConfigError

from .expressions import Expression, child, children, numbers, read, word
from .layout_file import read_layout
from .projects import Project

COPPER = 0.035
"""mm (1 oz): what every house makes unless told otherwise, and what a layout without a stack-up is meant for."""


@dataclass(frozen=True)
class Fabrication:
    """Millimetres, each the smallest on the board: `track` (of tracks and poured copper), `hole`, `ring` (copper around it).

    `clearance` and `edge`, copper to copper and to the outline, are the project's rules, which its check (DRC) has enforced.
    None: the board has no such thing, or the project no such rule.
    """

    layers: int
    width: float
    height: float
    thickness: float
    copper: float
    track: float | None
    hole: float | None
    ring: float | None
    plated: int
    unplated: int
    clearance: float | None
    edge: float | None

    def text(self, name: str) -> str:
        """A page to be sent along, or to fill in an order form from."""
        rows = {
            "files": f"{name}-gerbers.zip: Gerber X2, Excellon (mm)",
            "layers": f"{self.layers}",
            "size": f"{self.width:g} x {self.height:g} mm",
            "material": f"FR-4, {self.thickness:g} mm",
            "copper": f"{self.copper * 1000:g} um on each layer",
            "solder mask": "both sides, any colour",
            "silkscreen": "both sides",
            "finish": "any that is lead-free: HASL or ENIG",
            "narrowest copper": _mm(self.track),
            "clearance": f"{_mm(self.clearance)} (rule of the project)",
            "copper to edge": f"{_mm(self.edge)} (rule of the project)",
            "smallest hole": _mm(self.hole),
            "smallest ring": _mm(self.ring),
            "holes": f"{self.plated} plated, {self.unplated} not plated",
            "impedance": "not controlled",
        }
        return "".join(f"{key:18s}{value}\n" for key, value in rows.items())


def measure(project: Project) -> Fabrication:
    """Measure a layout. Raises ConfigError for one that cannot be read."""
    board, layout = read(project.board), read_layout(project.board)
    drilled = [*_pads(board), *_vias(board)]
    rings = [ring for _, ring, plated in drilled if plated]
    rules = _rules(project)
    thickness = numbers(child(board, "general"), "thickness")
    return Fabrication(
        len(layout.copper), layout.width, layout.height, thickness[0] if thickness else 1.6, _copper(board),
        min(_widths(board), default=None), min((hole for hole, _, _ in drilled), default=None),
        min(rings, default=None), sum(plated for *_, plated in drilled), sum(not plated for *_, plated in drilled),
        rules.get("min_clearance"), rules.get("min_copper_edge_clearance"),
    )  # fmt: skip


def _widths(board: Expression) -> Iterator[float]:
    for kind in ("segment", "arc"):
        yield from (numbers(track, "width")[0] for track in children(board, kind))
    for zone in children(board, "zone"):
        if width := numbers(zone, "min_thickness"):
            yield width[0]


def _vias(board: Expression) -> Iterator[tuple[float, float, bool]]:
    for via in children(board, "via"):
        hole, size = numbers(via, "drill")[0], numbers(via, "size")[0]
        yield hole, round((size - hole) / 2, 4), True


def _pads(board: Expression) -> Iterator[tuple[float, float, bool]]:
    """Hole, copper around it, and whether it is plated; of a slot its width."""
    for footprint in children(board, "footprint"):
        for pad in children(footprint, "pad"):
            drill = [float(size) for size in child(pad, "drill")[1:] if isinstance(size, str) and size[0].isdigit()]
            if drill:
                sizes = numbers(pad, "size")
                rings = [
                    (size - hole) / 2 for size, hole in zip(sizes, drill if len(drill) > 1 else drill * 2, strict=True)
                ]
                yield min(drill), round(min(rings), 4), pad[2] == "thru_hole"


def _copper(board: Expression) -> float:
    layers = children(child(child(board, "setup"), "stackup"), "layer")
    thick = [numbers(layer, "thickness") for layer in layers if word(layer, "type") == "copper"]
    return min((t[0] for t in thick if t), default=COPPER)


def _rules(project: Project) -> dict[str, Any]:
    """Design rules of the project file; none, if it says nothing of them."""
    try:
        settings = json.loads(project.settings.read_text(encoding="utf-8"))
    except (OSError, ValueError) as reason:
        raise ConfigError(f"{project.settings}: cannot be read: {reason}") from reason
    rules = settings.get("board", {}).get("design_settings", {}).get("rules", {})
    return dict(rules) if isinstance(rules, dict) else {}


def _mm(value: float | None) -> str:
    return "not told" if value is None else f"{value:g} mm"
