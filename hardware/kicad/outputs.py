"""What a board house, a buyer and a person with a soldering iron need of a board, made by kicad-cli from one project."""

import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from neurorig.signals import ConfigError

from .bom import Bom, as_csv, bill_of_materials
from .checks import Checks, check_copy
from .fabrication import measure
from .layout_file import read_layout
from .program import KicadError, Workspace, workspace
from .projects import Project
from .schematic import natural, read_schematic

_INCLUDE = re.compile(r'^(\.(?:include|lib)\s+)"([^"]+)"', re.MULTILINE)
_NO_MODEL = re.compile(r"Could not add 3D model for (\S+?)\.?\s*$", re.MULTILINE)
_FRONT = "F.Cu,F.Mask,F.SilkS,Edge.Cuts"
_BACK = "B.Cu,B.Mask,B.SilkS,Edge.Cuts"
_THEME = {
    "meta": {"name": "neurorig", "version": 5},
    "board": {
        "copper": {"f": "rgb(250, 205, 180)", "b": "rgb(190, 215, 245)"},
        "f_mask": "rgb(215, 150, 110)", "b_mask": "rgb(120, 165, 215)",
        "f_silks": "rgb(0, 0, 0)", "b_silks": "rgb(0, 0, 0)", "edge_cuts": "rgb(0, 0, 0)",
    },
}  # fmt: skip
"""Colours in which the silkscreen is read over copper and beside it, on a screen and on paper; KiCad's own are for black."""


class BoardRefusedError(KicadError):
    """KiCad's checks found something, so nothing was written; `checks` says what."""

    def __init__(self, checks: Checks) -> None:
        counts = ", ".join(f"{kind} {count}" for kind, count in checks.counts.items())
        first = "".join(f"\n  {v}" for v in checks.violations[:20])
        more = f"\n  ... and {len(checks.violations) - 20} more" if len(checks.violations) > 20 else ""
        super().__init__(f"{checks.board}: {counts}; nothing is written for a board that fails.{first}{more}")
        self.checks = checks


@dataclass(frozen=True)
class Built:
    """What was written for one board: `files` in `folder`, by name, with what each is; `size` of the board (mm)."""

    board: str
    title: str
    folder: Path
    checks: Checks
    files: Mapping[str, str]
    size: tuple[float, float]
    bom: Bom
    remarks: tuple[str, ...]

    def index(self) -> dict[str, Any]:
        """As it stands in index.json."""
        return {
            "board": self.board,
            "title": self.title,
            "kicad": self.checks.kicad,
            "checks": self.checks.counts,
            "violations": [asdict(v) for v in self.checks.violations],
            "rules_switched_off": list(self.checks.ignored),
            "size_mm": list(self.size),
            "parts_fitted": sum(item.quantity for item in self.bom.fitted),
            "parts_not_fitted": sum(item.quantity for item in self.bom.not_fitted),
            "parts_estimate_eur": round(self.bom.cost, 2),
            "parts_without_number": [" ".join(item.designators) for item in self.bom.described],
            "files": dict(self.files),
            "remarks": list(self.remarks),
        }


def build(project: Project, folder: Path, *, anyway: bool = False) -> Built:
    """Check the board, then write everything into `folder`, which must be new or empty.

    Raises ConfigError for a folder that is not, BoardRefusedError when a check fails and `anyway` is not set, and
    KicadError when kicad-cli fails; then nothing is written.
    """
    writable(folder)
    with workspace(project) as copy:
        checks = check_copy(copy)
        if not checks.passed and not anyway:
            raise BoardRefusedError(checks)
        made = copy.root / "made"
        made.mkdir()
        maker = _Maker(copy, made)
        maker.everything()
        built = maker.built(folder, checks)
        (made / "index.json").write_text(json.dumps(built.index(), indent=2) + "\n", encoding="utf-8")
        shutil.copytree(made, folder, dirs_exist_ok=True)
    return built


def spice_netlist(copy: Workspace) -> tuple[str, tuple[Path, ...]]:
    """The schematic as SPICE text whose .include lines name the library alone, and the libraries that it names."""
    answer = copy.root / "netlist.cir"
    copy.run("sch", "export", "netlist", "--format", "spice", "--output", answer, copy.project.schematic)
    text = answer.read_text(encoding="utf-8")
    libraries = tuple(dict.fromkeys(Path(m[2]) for m in _INCLUDE.finditer(text)))
    return _INCLUDE.sub(lambda m: f'{m[1]}"{Path(m[2]).name}"', text), libraries


class _Maker:
    """Makes the files of one board in `made`."""

    def __init__(self, copy: Workspace, made: Path) -> None:
        self.copy, self.made, self.project = copy, made, copy.project
        self.layout = read_layout(self.project.board)
        self.schematic = read_schematic(self.project.schematic)
        self.bom = bill_of_materials(self.schematic)
        self.files: dict[str, str] = {}
        self.remarks: list[str] = []

    def everything(self) -> None:
        """All files, those that one orders with first."""
        self._fabrication()
        self._pcb("positions.csv", "where each part lies: pick and place, mm", "pos", "--format", "csv", "--units", "mm",
                  "--side", "both", "--exclude-dnp")  # fmt: skip
        self._text("bom.csv", "parts to buy and to fit, and what goes with them", as_csv(self.bom.bought))
        self._text("not-fitted.csv", "places that stay empty", as_csv(self.bom.not_fitted))
        self._sheets()
        self._pictures()
        self._solid()
        self._netlist()

    def built(self, folder: Path, checks: Checks) -> Built:
        """What was made, as it will lie in `folder`."""
        size = (self.layout.width, self.layout.height)
        remarks = list(self.remarks)
        if self.bom.unpriced:
            remarks.append(f"No price is known of {_designators(i.designators for i in self.bom.unpriced)}.")
        if not checks.passed:
            remarks.append("The checks fail: do not order this board.")
        return Built(self.project.name, self.schematic.title or self.project.title, folder, checks, self.files, size,
                     self.bom, tuple(remarks))  # fmt: skip

    def _file(self, ending: str, meaning: str) -> Path:
        name = self.project.name + (ending if ending.startswith(".") else f"-{ending}")
        self.files[name] = meaning
        return self.made / name

    def _text(self, ending: str, meaning: str, text: str) -> None:
        self._file(ending, meaning).write_text(text, encoding="utf-8")

    def _pcb(self, ending: str, meaning: str, command: str, *options: str) -> str:
        path = self._file(ending, meaning)
        return self.copy.run("pcb", "export", command, "--output", path, *options, self.project.board).stdout

    def _fabrication(self) -> None:
        """Copper, mask, paste, silkscreen, outline and drill files, flat in one zip: what a board house asks for."""
        folder = self.copy.root / "fabrication"
        folder.mkdir()
        layers = [*self.layout.copper, "F.Mask", "B.Mask", "F.Paste", "B.Paste", "F.SilkS", "B.SilkS", "Edge.Cuts"]
        if all(f.through_hole for f in self.layout.footprints):
            layers = [layer for layer in layers if not layer.endswith(".Paste")]
        board = self.project.board
        self.copy.run("pcb", "export", "gerbers", "--output", folder, "--layers", ",".join(layers),
                      "--subtract-soldermask", board)  # fmt: skip
        self.copy.run("pcb", "export", "drill", "--output", f"{folder}/", "--excellon-separate-th", board)
        archive = self._file("gerbers.zip", "for the board house: Gerber X2 and Excellon drill files")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(folder.iterdir()):
                packed.write(path, path.name)
        self._text("fabrication.txt", "for the board house's order form: layers, thickness, finest track and hole",
                   measure(self.project).text(self.project.name))  # fmt: skip

    def _sheets(self) -> None:
        path = self._file("schematic.pdf", "the schematic, all sheets")
        self.copy.run("sch", "export", "pdf", "--output", path, "--no-background-color", self.project.schematic)

    def _pictures(self) -> None:
        # KiCad 9 fits the longer side of the board to the height of the picture (measured); here 3 mm stay free around it.
        wide, high = self.layout.width + 6, self.layout.height + 6
        zoom = max(self.layout.width, self.layout.height) / high
        pixels = [round(1600 * side / max(wide, high)) for side in (wide, high)]
        size = ("--width", str(pixels[0]), "--height", str(pixels[1]), "--zoom", f"{zoom:.4f}")
        for side, name in (("top", "front"), ("bottom", "back")):
            path = self._file(f"{name}.png", f"the board from the {name}")
            self.copy.run(
                "pcb", "render", "--output", path, "--side", side, "--quality", "basic", *size, self.project.board
            )
        colours = self.copy.settings / "colors"
        colours.mkdir(exist_ok=True)
        (colours / "neurorig.json").write_text(json.dumps(_THEME), encoding="utf-8")
        plain = ("--theme", "neurorig", "--mode-single", "--page-size-mode", "2", "--exclude-drawing-sheet")
        self._pcb("front.svg", "layers of the front, to scale", "svg", "--layers", _FRONT, *plain)
        self._pcb("back.svg", "layers of the back, seen from the back", "svg", "--layers", _BACK, "--mirror", *plain)
        self._assembly("assembly.pdf", "front", "F")
        if any(f.back for f in self.layout.footprints):
            self._assembly("assembly-back.pdf", "back", "B", "--mirror")

    def _assembly(self, ending: str, name: str, side: str, *options: str) -> None:
        layers = f"{side}.SilkS,{side}.Mask,Edge.Cuts"  # texts of the Fab layer would lie over those of the silkscreen
        meaning = f"where each part goes, to scale, black on white: the {name}"
        self._pcb(ending, meaning, "pdf", "--layers", layers, "--mode-single", "--black-and-white", *options)

    def _solid(self) -> None:
        told = self._pcb(".step", "the board as a solid, for the box around it", "step", "--subst-models", "--no-dnp")
        shown = sum(bool(f.models) for f in self.layout.footprints)
        if missing := set(_NO_MODEL.findall(told)):
            self.remarks.append(
                f"{len(missing)} of {shown} 3D models are not on this machine, so these parts are absent from the pictures "
                f"and the solid ({_designators([sorted(missing)])}). KiCad's models are a package of their own "
                "(kicad-packages3d), large and not needed for anything else."
            )

    def _netlist(self) -> None:
        text, libraries = spice_netlist(self.copy)
        self._text("netlist.cir", "the schematic for SPICE", text)
        for library in libraries:
            if library.name in self.files:
                raise KicadError(f"{self.project.name}: two SPICE libraries are called {library.name}; rename one.")
            self.files[library.name] = "SPICE models that the netlist includes"
            shutil.copyfile(library, self.made / library.name)


def _designators(groups: Iterable[Iterable[str]]) -> str:
    names = sorted((name for group in groups for name in group), key=natural)
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def writable(folder: Path) -> None:
    """Raise ConfigError unless `folder` is empty, or can be made; nothing is made yet."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "is not empty" if folder.is_dir() else "is a file"
        raise ConfigError(f"{folder} {what}: choose another folder with --out, or move what is in it away.")
    place = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise ConfigError(f"{folder} cannot be made: {place} is not writable. Choose another folder with --out.")
