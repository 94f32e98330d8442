"""The board as the program `pcb_side` of KiCad's own Python is asked for it: requests, and what comes back."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..program import KicadError, shared_folder
from ..projects import HERE, Project
from .boxes import Box
from .canonical import canonical
from .circuit import Circuit
from .components import Component
from .layout import Layout, Place, Text, nets
from .project_files import RULES, SCREW, SIGNAL, track_widths
from .routing import Keepout, Pad, Problem, Routes
from .silkscreen import STROKE, Part, Silkscreen

HOLE = "MountingHole:MountingHole_3.2mm_M3"


@dataclass(frozen=True)
class Measured:
    """The placed footprints as KiCad measures them."""

    parts: Mapping[str, Part]
    courtyards: Mapping[str, Box]
    pads: Mapping[str, tuple[dict[str, Any], ...]]
    meeting: tuple[tuple[str, str], ...]
    texts: Mapping[str, Box]
    """Of a text 1 mm high, its left end half way up at the origin."""


def ask(command: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Have pcb_side carry out a command. Raises KicadError with what it said when it does not."""
    with tempfile.TemporaryDirectory(prefix="neurorig-pcb-") as folder:
        answer = Path(folder) / "answer.json"
        done = subprocess.run(
            [python(), str(Path(__file__).with_name("pcb_side.py")), command, str(answer)],
            input=json.dumps(request), capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        if done.returncode or not answer.exists():
            said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            raise KicadError(f"pcbnew, {command}: {' / '.join(said[-3:]) or f'ended with {done.returncode}'}")
        return dict(json.loads(answer.read_text(encoding="utf-8")))


def python() -> str:
    """The Python that has pcbnew: that of the distribution, beside kicad-cli."""
    return shutil.which("python3", path=os.pathsep.join(["/usr/bin", "/usr/local/bin"])) or sys.executable


def measure(layout: Layout, components: Mapping[str, Component], title: str) -> Measured:
    """Where everything of the placed parts lies, and how large the texts are."""
    parts = [_placed(ref, part.footprint, layout.places[ref]) for ref, part in components.items()]
    parts += [_placed(ref, HOLE, Place(*at)) for ref, at in _holes(layout).items()]
    texts = _texts(layout, components, title)
    asked = [[text, 1.0, STROKE] for text in texts]
    found = ask("measure", {"parts": parts, "texts": asked, "folders": _folders(parts)})
    return Measured(
        parts={ref: _part(facts, components.get(ref), layout.places.get(ref)) for ref, facts in found["parts"].items()},
        courtyards={ref: _box(facts["courtyard"]) for ref, facts in found["parts"].items()},
        pads={ref: tuple(facts["pads"]) for ref, facts in found["parts"].items()},
        meeting=tuple((a, b) for a, b in found["meeting"]),
        texts={text: _box(box) for text, box in zip(texts, found["texts"], strict=True)},
    )


def _part(facts: Mapping[str, Any], component: Component | None, place: Place | None) -> Part:
    return Part(
        body=_box(facts["body"] if component else facts["courtyard"]),
        pads=tuple((pad["number"], _box(pad["box"])) for pad in facts["pads"]),
        printed={side: tuple(_box(box) for box in boxes) for side, boxes in facts["printed"].items()},
        back=bool(place and place.back),
        value=component.value if component else "",
        labelled=component is not None,
    )


def _texts(layout: Layout, components: Mapping[str, Component], title: str) -> list[str]:
    found = {title, *components, *layout.notes.values(), *(text.text for text in layout.texts)}
    found |= {part.value for part in components.values()}
    found |= {cell for table in layout.tables for row in table.rows for cell in row}
    return sorted(found - {""})


def _box(values: list[float]) -> Box:
    left, top, right, bottom = values
    return left, top, right, bottom


def _placed(ref: str, footprint: str, place: Place) -> dict[str, Any]:
    return {"ref": ref, "footprint": footprint, "x": place.x, "y": place.y, "turn": place.turn, "back": place.back}


def _holes(layout: Layout) -> dict[str, tuple[float, float]]:
    return {f"MH{i}": at for i, at in enumerate(layout.holes, 1)}


def _folders(parts: list[dict[str, Any]]) -> dict[str, str]:
    shipped = Path(os.environ.get("KICAD9_FOOTPRINT_DIR") or shared_folder() / "footprints")
    libraries = {part["footprint"].partition(":")[0] for part in parts}
    folders = {name: (HERE / "library" if name == "neurorig" else shipped) / f"{name}.pretty" for name in libraries}
    return {name: str(folder) for name, folder in folders.items() if folder.is_dir()}


def problem(layout: Layout, components: Mapping[str, Component], measured: Measured) -> Problem:
    """The task of the router."""
    pads = tuple(
        Pad(
            pad["x"], pad["y"], pad["half_x"], pad["half_y"], pad["turn"], pad["shape"],
            layers=frozenset(pad["layers"] or "FB"), net=_net(components, ref, pad["number"]),
            name=f"{ref}.{pad['number']}", hole=pad["hole"],
        )
        for ref, its in measured.pads.items()
        for pad in its
    )  # fmt: skip
    screws = tuple(Keepout(x, y, SCREW, SCREW, shape="circle") for x, y in layout.holes)
    return Problem(
        size=layout.size,
        pads=pads,
        keepouts=screws,
        outline=layout.outline,
        widths=track_widths(nets(components), layout.widths, layout.pours),
        poured=frozenset(layout.pours),
        width=SIGNAL,
        edge=RULES["edge"],
        via=RULES["via"],
        via_hole=RULES["via_hole"],
    )


def _net(components: Mapping[str, Component], ref: str, number: str) -> str:
    pin = components[ref].pins.get(number) if ref in components else None
    return pin.net if pin else ""


def drawn(
    circuit: Circuit, layout: Layout, components: Mapping[str, Component], routes: Routes, printed: Silkscreen
) -> str:
    """The board file with everything but the filling of its pours."""
    parts = [_drawn_part(part, layout.places[ref], printed) for ref, part in components.items()]
    parts += [_drawn_hole(ref, Place(*at)) for ref, at in _holes(layout).items()]
    widths = track_widths(nets(components), layout.widths, layout.pours)
    with tempfile.TemporaryDirectory(prefix="neurorig-pcb-") as folder:
        path = Path(folder) / f"{circuit.name}.kicad_pcb"
        request = {
            "path": str(path),
            "title": circuit.title,
            "revision": circuit.revision,
            "rules": RULES,
            "folders": _folders(parts),
            "nets": nets(components),
            "parts": parts,
            "outline": layout.corners,
            "lines": [{"start": a, "end": b, "back": back, "width": STROKE} for a, b, back in printed.rules],
            "texts": [_written(text) for text in printed.texts],
            "tracks": [
                {"net": t.net, "layer": t.layer, "points": t.points, "width": t.width or widths.get(t.net, SIGNAL)}
                for t in routes.tracks
            ],
            "vias": [asdict(via) for via in routes.vias],
            "pours": layout.pours,
        }
        ask("draw", request)
        return path.read_text(encoding="utf-8")


def _drawn_part(part: Component, place: Place, printed: Silkscreen) -> dict[str, Any]:
    own = asdict(part) | {"pins": {number: pin._asdict() for number, pin in part.pins.items()}}
    at = {"reference_at": _written(printed.references[part.ref])}
    if part.ref in printed.values:
        at["value_at"] = _written(printed.values[part.ref])
    return {**own, **_placed(part.ref, part.footprint, place), **at}


def _drawn_hole(ref: str, place: Place) -> dict[str, Any]:
    return {
        **_placed(ref, HOLE, place),
        "value": "M3", "fields": {}, "path": "", "fitted": True, "in_bom": False, "pins": {},
    }  # fmt: skip


def _written(text: Text) -> dict[str, Any]:
    return {**text._asdict(), "thickness": round(STROKE * text.size, 3), "silk": True}


def filled(board: str, project: Project) -> str:
    """The board file with its pours filled by the rules of the project's settings."""
    with tempfile.TemporaryDirectory(prefix="neurorig-pcb-") as folder:
        path = Path(folder) / f"{project.name}.kicad_pcb"
        path.write_text(board, encoding="utf-8")
        path.with_suffix(".kicad_pro").write_bytes(project.settings.read_bytes())
        ask("fill", {"path": str(path)})
        return canonical(path.read_text(encoding="utf-8"), project.name)
