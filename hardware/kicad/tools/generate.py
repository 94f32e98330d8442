"""From the description of a board to its KiCad project: schematic, netlist, places, tracks, texts, pours, one after another.

Needs KiCad 9 or later: kicad-cli, and the Python that has its `pcbnew`.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from neurorig.signals import ConfigError

from ..program import workspace
from ..projects import HERE, PROJECTS, Project
from . import pcb, project_files
from .boxes import inside, stack
from .canonical import canonical
from .circuit import Circuit
from .components import Component, read_components
from .layout import Layout, check, nets
from .routing import Problem, Routes, route
from .sheet_file import write_schematic
from .silkscreen import Printer, Silkscreen

Router = Callable[[Problem], Routes]


def generate(circuit: Circuit, folder: Path | None = None, *, router: Router = route) -> Project:
    """Write the KiCad project of a board, to the byte the same each time, where neurorig keeps it or into `folder`.

    Beside such a folder comes a copy of the `library` that the project refers to.

    Raises ConfigError for a layout that does not fit the schematic or has no room, naming part and text; RoutingError
    for nets that could not be joined; KicadError when KiCad is missing or refuses.
    """
    project = Project(circuit.name, circuit.title, folder or PROJECTS[circuit.name].folder)
    if folder:
        shutil.copytree(HERE / "library", folder.parent / "library", dirs_exist_ok=True)
    write_schematic(circuit.sheet(), project.folder)
    components = read_components(export_netlist(project))
    layout = circuit.layout()
    write_settings(project, layout, components)
    board = draw_board(circuit, layout, components, router)
    project.board.write_text(pcb.filled(board, project), encoding="utf-8")
    return project


def unrouted(_: Problem) -> Routes:
    """In place of the router: no tracks, for a quick look at places and texts."""
    return Routes((), ())


def export_netlist(project: Project) -> str:
    """The netlist of the schematic in KiCad's own format."""
    with workspace(project) as copy:
        output = copy.root / "netlist"
        copy.run("sch", "export", "netlist", "--output", output, copy.project.schematic)
        return output.read_text(encoding="utf-8")


def write_settings(project: Project, layout: Layout, components: dict[str, Component]) -> None:
    """Project file, own rules and footprint table."""
    widths = project_files.track_widths(nets(components), layout.widths, layout.pours)
    libraries = [part.footprint.partition(":")[0] for part in components.values()]
    libraries += [pcb.HOLE.partition(":")[0]] * bool(layout.holes)
    files = {
        f"{project.name}.kicad_pro": project_files.project(project.name, widths),
        f"{project.name}.kicad_dru": project_files.own_rules(),
        "fp-lib-table": project_files.footprint_table(libraries),
    }
    for name, text in files.items():
        (project.folder / name).write_text(text, encoding="utf-8")


def draw_board(circuit: Circuit, layout: Layout, components: dict[str, Component], router: Router) -> str:
    """The board file, its pours not yet filled."""
    check(circuit.name, layout, components)
    title = f"{circuit.title}  rev {circuit.revision}"
    measured = pcb.measure(layout, components, title)
    check_places(circuit.name, layout, measured)
    printed = _print(circuit.name, layout, measured, title)  # before the long search for tracks: it may have no room
    routes = router(pcb.problem(layout, components, measured))
    if routes.vias:  # a text beside a via reads better than one over it
        printed = _print(circuit.name, layout, measured, title, routes)
    return canonical(pcb.drawn(circuit, layout, components, routes, printed), circuit.name)


def _print(board: str, layout: Layout, measured: pcb.Measured, title: str, routes: Routes | None = None) -> Silkscreen:
    vias = [(via.x, via.y) for via in routes.vias] if routes else []
    return Printer(board, layout, measured.parts, measured.texts, vias).print_all(title)


def check_places(board: str, layout: Layout, measured: pcb.Measured) -> None:
    """Raise ConfigError for parts that stand out over the board's edge or in each other's way, naming them."""
    wrong = []
    for ref, part in measured.parts.items():
        pads = [box for _, box in part.pads]
        place = layout.places.get(ref)
        checked = pads if place and place.overhang else [measured.courtyards[ref], *pads]
        if not inside(stack(checked), layout.corners).all():
            left, top, right, bottom = measured.courtyards[ref]
            wrong.append(f"{ref} reaches from ({left:g}, {top:g}) to ({right:g}, {bottom:g}) mm, beyond the outline")
    wrong += [f"{one} and {other} stand in each other's way" for one, other in measured.meeting]
    if wrong:
        raise ConfigError(f"{board}: {'; '.join(wrong)}. Move them in `places`.")
