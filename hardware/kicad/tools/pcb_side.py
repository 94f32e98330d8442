"""What needs KiCad's own Python (`pcbnew`): footprints measured, a board drawn, its pours filled.

A program of its own, run by the Python that KiCad is installed in: ``python3 pcb_side.py measure|draw|fill`` with a
JSON request on standard input and a JSON answer on standard output. Standard library and pcbnew only. Lengths are
millimetres from the board's top left corner, angles degrees counter-clockwise.

KiCad 9 ends with a segmentation fault when a board without a project is filled or saved by `SaveBoard`: a board is
drawn by `draw` through `PCB_IO_MGR.Save`, the project file is laid beside it, and `fill` loads both.
"""

import functools
import json
import sys
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pcbnew  # type: ignore[import-not-found]  # comes with KiCad, for its own Python

SHEET_CORNER = 50.0
"""Where the board's corner lies on KiCad's drawing sheet, mm from its left and upper edge: clear of the frame."""

COPPER = {"F": pcbnew.F_Cu, "B": pcbnew.B_Cu}
SILK = {"F": pcbnew.F_SilkS, "B": pcbnew.B_SilkS}
SHAPES = {pcbnew.PAD_SHAPE_CIRCLE: "circle", pcbnew.PAD_SHAPE_OVAL: "oval"}
ALIGN = {
    "left": pcbnew.GR_TEXT_H_ALIGN_LEFT,
    "center": pcbnew.GR_TEXT_H_ALIGN_CENTER,
    "right": pcbnew.GR_TEXT_H_ALIGN_RIGHT,
}


def point(x: float, y: float) -> Any:
    """The point of the sheet where (x, y) of the board lies."""
    return pcbnew.VECTOR2I(pcbnew.FromMM(x + SHEET_CORNER), pcbnew.FromMM(y + SHEET_CORNER))


def mm(value: int) -> float:
    """KiCad's nanometres as millimetres."""
    return float(round(pcbnew.ToMM(value), 4))


def place_of(vector: Any) -> tuple[float, float]:
    """A point of the sheet in the board's millimetres."""
    return round(mm(vector.x) - SHEET_CORNER, 4), round(mm(vector.y) - SHEET_CORNER, 4)


def box_of(box: Any) -> list[float]:
    """A box of KiCad's as [left, top, right, bottom]."""
    return [*place_of(box.GetOrigin()), *place_of(box.GetEnd())]


@functools.cache
def load(folder: str, name: str) -> Any:
    """A footprint as its library has it. KiCad reads the whole library each time: it is kept."""
    return pcbnew.FootprintLoad(folder, name)


def footprint(board: Any, part: dict[str, Any], folders: dict[str, str]) -> Any:
    """Put the footprint of a part on the board where it lies; an unknown one is named."""
    library, _, name = part["footprint"].partition(":")
    original = load(folders[library], name) if library in folders else None
    if original is None:
        raise SystemExit(f"{part['ref']}: no footprint {part['footprint']!r} in {folders.get(library, 'any library')}")
    found = pcbnew.FOOTPRINT(original)
    found.SetFPID(pcbnew.LIB_ID(library, name))
    board.Add(found)  # first: without a board, turning it over is a segmentation fault
    found.SetPosition(point(part["x"], part["y"]))
    if part["back"]:
        found.Flip(found.GetPosition(), pcbnew.FLIP_DIRECTION_LEFT_RIGHT)
    found.SetOrientationDegrees(part["turn"])
    return found


def write(text: Any, spec: dict[str, Any]) -> None:
    """Put a text or field where and how the request says."""
    text.SetPosition(point(spec["x"], spec["y"]))
    text.SetTextSize(pcbnew.VECTOR2I(pcbnew.FromMM(spec["size"]), pcbnew.FromMM(spec["size"])))
    text.SetTextThickness(pcbnew.FromMM(spec["thickness"]))
    text.SetHorizJustify(ALIGN[spec["align"]])
    text.SetVertJustify(pcbnew.GR_TEXT_V_ALIGN_CENTER)
    text.SetMirrored(spec["back"])
    text.SetTextAngleDegrees(spec["turn"])
    text.SetKeepUpright(False)
    text.SetVisible(True)
    side = "B" if spec["back"] else "F"
    text.SetLayer(SILK[side] if spec["silk"] else {"F": pcbnew.F_Fab, "B": pcbnew.B_Fab}[side])


# --- measure


def pad_facts(pad: Any) -> dict[str, Any]:
    """What the router and the silkscreen need of one pad."""
    layers = [side for side, layer in COPPER.items() if pad.IsOnLayer(layer)]
    shape_at = pad.ShapePos(COPPER[layers[0]] if layers else pcbnew.F_Cu)
    x, y = place_of(shape_at)
    size = pad.GetSize()
    return {
        "number": pad.GetNumber(),
        "x": x,
        "y": y,
        "half_x": mm(size.x) / 2,
        "half_y": mm(size.y) / 2,
        "turn": pad.GetOrientation().AsDegrees() % 360,
        "shape": SHAPES.get(pad.GetShape(), "rect"),
        "layers": layers if pad.GetAttribute() != pcbnew.PAD_ATTRIB_NPTH else [],
        "hole": max(mm(pad.GetDrillSizeX()), mm(pad.GetDrillSizeY())),
        "box": box_of(pad.GetBoundingBox()),
    }


def outlines(found: Any, layers: tuple[int, int]) -> Iterator[Any]:
    """The graphics of a footprint on these layers, without its texts."""
    for item in found.GraphicalItems():
        if item.GetLayer() in layers and item.Type() == pcbnew.PCB_SHAPE_T:
            yield item


def around(boxes: list[list[float]]) -> list[float]:
    """The box around boxes."""
    return [min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)]


def inked(shape: Any) -> list[list[float]]:
    """The boxes that a drawn shape covers: of an empty rectangle its four sides."""
    left, top, right, bottom = box_of(shape.GetBoundingBox())
    if shape.GetShape() != pcbnew.SHAPE_T_RECT or shape.IsFilled():
        return [[left, top, right, bottom]]
    pen = mm(shape.GetWidth())
    sides = [[left, top, right, top + pen], [left, bottom - pen, right, bottom]]
    return [*sides, [left, top, left + pen, bottom], [right - pen, top, right, bottom]]


def part_facts(found: Any) -> dict[str, Any]:
    """Pads, body (fabrication outline and pads), courtyard, and what the footprint itself prints."""
    pads = [pad_facts(pad) for pad in found.Pads()]
    fab = [box_of(item.GetBoundingBox()) for item in outlines(found, (pcbnew.F_Fab, pcbnew.B_Fab))]
    yard = [box_of(item.GetBoundingBox()) for item in outlines(found, (pcbnew.F_CrtYd, pcbnew.B_CrtYd))]
    body = around(fab + [pad["box"] for pad in pads])
    printed = {}
    for side, layer in SILK.items():
        texts = [t for t in found.GraphicalItems() if t.GetLayer() == layer and t.Type() == pcbnew.PCB_TEXT_T]
        printed[side] = [box_of(text.GetBoundingBox()) for text in texts]
        printed[side] += [box for shape in outlines(found, (layer, layer)) for box in inked(shape)]
    return {"pads": pads, "body": body, "courtyard": around([*yard, body]) if yard else body, "printed": printed}


def meeting(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The pairs of parts on one side of the board that stand in each other's courtyard."""
    for layer in (pcbnew.F_CrtYd, pcbnew.B_CrtYd):
        yards = {ref: item.GetCourtyard(layer) for ref, item in found.items()}
        boxes = {ref: yard.BBox() for ref, yard in yards.items() if yard.OutlineCount()}
        for one, other in combinations(boxes, 2):
            if boxes[one].Intersects(boxes[other]):
                shared = pcbnew.SHAPE_POLY_SET(yards[one])
                shared.BooleanIntersection(yards[other])
                if shared.OutlineCount():
                    yield one, other


def text_box(text: str, size: float, thickness: float) -> list[float]:
    """The box of a text of this size whose left end, half way up, is at the origin."""
    written = pcbnew.PCB_TEXT(None)
    written.SetText(text)
    spec = {"x": 0.0, "y": 0.0, "turn": 0.0, "back": False, "align": "left", "silk": True}
    write(written, {**spec, "size": size, "thickness": thickness})
    return box_of(written.GetBoundingBox())


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """Where pads, bodies and prints lie, which parts stand in each other's way, how large the texts are."""
    board = pcbnew.BOARD()
    found = {part["ref"]: footprint(board, part, request["folders"]) for part in request["parts"]}
    return {
        "parts": {ref: part_facts(item) for ref, item in found.items()},
        "meeting": list(meeting(found)),
        "texts": [text_box(*text) for text in request["texts"]],
    }


# --- draw


def add_part(board: Any, part: dict[str, Any], request: dict[str, Any], nets: dict[str, Any]) -> None:
    """One footprint with its fields, its link to the schematic and its nets."""
    item = footprint(board, part, request["folders"])
    item.SetReference(part["ref"])
    item.SetValue(part["value"])
    for name, text in part["fields"].items():
        item.SetField(name, text)
        field = item.GetFieldByName(name)
        field.SetVisible(False)
        field.SetLayer(pcbnew.B_Fab if part["back"] else pcbnew.F_Fab)
    for field, spec in ((item.Reference(), part.get("reference_at")), (item.Value(), part.get("value_at"))):
        if spec:
            write(field, spec)
        elif not part["path"]:
            field.SetVisible(False)  # of a mounting hole; a value stays where libraries have it: on the drawing
    if part["path"]:
        item.SetPath(pcbnew.KIID_PATH(part["path"]))
        item.SetSheetname(part["sheet_name"])
        item.SetSheetfile(part["sheet_file"])
    else:
        item.SetAttributes(item.GetAttributes() | pcbnew.FP_BOARD_ONLY)
    item.SetDNP(not part["fitted"])
    item.SetExcludedFromBOM(not part["in_bom"])
    for pad in item.Pads():
        pin = part["pins"].get(pad.GetNumber())
        if pin:
            pad.SetNet(nets[pin["net"]])
            pad.SetPinFunction(pin["function"])
            pad.SetPinType(pin["type"])


def add_line(board: Any, ends: tuple[Any, Any], layer: int, width: float) -> None:
    """A drawn line."""
    line = pcbnew.PCB_SHAPE(board, pcbnew.SHAPE_T_SEGMENT)
    line.SetStart(point(*ends[0]))
    line.SetEnd(point(*ends[1]))
    line.SetLayer(layer)
    line.SetWidth(pcbnew.FromMM(width))
    board.Add(line)


def add_pour(board: Any, request: dict[str, Any], net: Any, layer: int) -> None:
    """A pour over the whole board; it is filled later."""
    rules = request["rules"]
    zone = pcbnew.ZONE(board)
    zone.SetLayer(layer)
    zone.SetNet(net)
    chain = pcbnew.SHAPE_LINE_CHAIN()
    for corner in request["outline"]:
        chain.Append(point(*corner))
    chain.SetClosed(True)
    zone.AddPolygon(chain)
    zone.SetLocalClearance(pcbnew.FromMM(rules["clearance"]))
    zone.SetMinThickness(pcbnew.FromMM(rules["track"]))
    zone.SetPadConnection(pcbnew.ZONE_CONNECTION_THERMAL)
    zone.SetThermalReliefGap(pcbnew.FromMM(rules["thermal_gap"]))
    zone.SetThermalReliefSpokeWidth(pcbnew.FromMM(rules["thermal_spoke"]))
    zone.SetIslandRemovalMode(pcbnew.ISLAND_REMOVAL_MODE_ALWAYS)
    board.Add(zone)


def add_copper(board: Any, request: dict[str, Any], nets: dict[str, Any]) -> None:
    """Tracks, vias and pours."""
    for track in request["tracks"]:
        for start, end in pairwise(track["points"]):
            item = pcbnew.PCB_TRACK(board)
            item.SetStart(point(*start))
            item.SetEnd(point(*end))
            item.SetWidth(pcbnew.FromMM(track["width"]))
            item.SetLayer(COPPER[track["layer"]])
            item.SetNet(nets[track["net"]])
            board.Add(item)
    for via in request["vias"]:
        item = pcbnew.PCB_VIA(board)
        item.SetPosition(point(via["x"], via["y"]))
        item.SetWidth(pcbnew.FromMM(request["rules"]["via"]))
        item.SetDrill(pcbnew.FromMM(request["rules"]["via_hole"]))
        item.SetNet(nets[via["net"]])
        board.Add(item)
    for net in request["pours"]:
        for layer in COPPER.values():
            add_pour(board, request, nets[net], layer)


def draw(request: dict[str, Any]) -> dict[str, Any]:
    """Write the board file `path`: everything but the filling of its pours."""
    board = pcbnew.BOARD()
    board.SetCopperLayerCount(2)
    board.GetDesignSettings().SetAuxOrigin(point(0, 0))
    board.GetDesignSettings().SetGridOrigin(point(0, 0))
    block = board.GetTitleBlock()
    block.SetTitle(request["title"])
    block.SetRevision(request["revision"])
    board.SetTitleBlock(block)
    nets = {}
    for name in request["nets"]:
        nets[name] = pcbnew.NETINFO_ITEM(board, name)
        board.Add(nets[name])
    for part in request["parts"]:
        add_part(board, part, request, nets)
    outline = request["outline"]
    for ends in pairwise([*outline, outline[0]]):
        add_line(board, ends, pcbnew.Edge_Cuts, 0.1)
    for line in request["lines"]:
        add_line(board, (line["start"], line["end"]), SILK["B" if line["back"] else "F"], line["width"])
    for spec in request["texts"]:
        text = pcbnew.PCB_TEXT(board)
        text.SetText(spec["text"])
        write(text, spec)
        board.Add(text)
    add_copper(board, request, nets)
    pcbnew.PCB_IO_MGR.Save(pcbnew.PCB_IO_MGR.KICAD_SEXP, request["path"], board)
    return {}


# --- fill


def fill(request: dict[str, Any]) -> dict[str, Any]:
    """Fill the pours of the board file `path`, whose project file lies beside it."""
    board = pcbnew.LoadBoard(request["path"])
    board.BuildConnectivity()
    pcbnew.ZONE_FILLER(board).Fill(board.Zones())
    pcbnew.SaveBoard(request["path"], board, True)
    return {}


COMMANDS = {"measure": measure, "draw": draw, "fill": fill}


def main() -> None:
    """Carry out the command of the first argument; the answer goes to the file of the second, as KiCad itself prints."""
    answer = COMMANDS[sys.argv[1]](json.load(sys.stdin))
    Path(sys.argv[2]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
