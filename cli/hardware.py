"""``neurorig hardware``: the boards in KiCad; what they are, whether they are right, and what to send to whom."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from neurorig.signals.errors import ConfigError

from .options import JsonOption

if TYPE_CHECKING:
    from neurorig.hardware import Board
    from neurorig.hardware.kicad.bom import Item
    from neurorig.hardware.kicad.checks import Checks
    from neurorig.hardware.kicad.outputs import Built
    from neurorig.hardware.kicad.projects import Project

BoardsArgument = Annotated[str, Parameter(help="Names of boards, or paths of a .kicad_pro of your own (default: all).")]
FolderOption = Annotated[Path, Parameter(name="--out", help="Folder that gets one folder per board.")]
AnywayOption = Annotated[
    bool,
    Parameter(name="--anyway", negative=(), show_default=False, help="Write a board that fails its checks, too; its "
              "index says so."),
]  # fmt: skip

FiguresOption = Annotated[
    tuple[str, ...],
    Parameter(name="--for", negative=(), show_default=False, help="Add the loose parts that this figure needs, such as "
              "wu2025_fig15, or wu2025_fig5 for all its panels (again for another)."),
]  # fmt: skip


def list_command(*, as_json: JsonOption = False) -> int:
    """The boards, read without KiCad."""
    from neurorig.hardware.kicad.overview import overview
    from neurorig.hardware.kicad.projects import PROJECTS

    rows = [overview(project) for project in PROJECTS.values()]
    if as_json:
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    from .tables import print_boards

    print_boards(rows)
    print("\nOrder one: neurorig hardware build NAME; its parts: neurorig hardware bom NAME")
    return 0


def bom_command(
    board: Annotated[str, Parameter(help="Name of a board, or path of a .kicad_pro of your own.")],
    /,
    *,
    figures: FiguresOption = (),
    as_json: JsonOption = False,
) -> int:
    """The parts of a board, read without KiCad."""
    from neurorig.hardware.kicad.bom import bill_of_materials
    from neurorig.hardware.kicad.projects import find_project
    from neurorig.hardware.kicad.schematic import read_schematic

    project = find_project(board)
    bom = bill_of_materials(read_schematic(project.schematic))
    more = _figure_parts(figures, project)
    if as_json:
        document = asdict(bom) | {"board": project.name, "cost_eur": round(bom.cost, 2)}
        document |= {"described": [" ".join(item.designators) for item in bom.described]}
        document |= {"for": list(figures), "for_figures": [asdict(item) for item in more]}
        print(json.dumps(document))
    else:
        from .bom_page import print_bom, print_figure_parts

        print_bom(bom)
        if figures:
            print_figure_parts(figures, more)
    return 0


def _figure_parts(figures: tuple[str, ...], project: "Project") -> "tuple[Item, ...]":
    if not figures:
        return ()
    from neurorig.hardware.kicad.figure_parts import figure_parts
    from neurorig.hardware.kicad.fitting import setup

    boards = [board for figure in figures for board in _boards_of(figure).values()]
    return figure_parts(setup(board, project.name) for board in boards)


def setup_command(
    figure: Annotated[
        str,
        Parameter(
            help="A figure or board description that ships, such as wu2025_fig15 or wu2025_fig5b, or a TOML file."
        ),
    ],
    /,
    *,
    on: Annotated[str | None, Parameter(help="Make it on this circuit rather than on the smallest: motif.")] = None,
    as_json: JsonOption = False,
) -> int:
    """What a hand does to a circuit so that it is the board of a figure: parts, caps, supply, currents, where to look."""
    from neurorig.hardware.kicad.instructions import instruct
    from neurorig.protocols.figures import list_figures
    from neurorig.protocols.figures.fitting import own_board

    made = instruct(_board_of(figure), on)
    figures = [name for name in list_figures() if own_board(name) == made.board]
    if as_json:
        plain = asdict(made)
        print(json.dumps(plain.pop("setup") | plain | {"figures": figures}))
        return 0
    from .setup_page import setup_page

    print(setup_page(made, figures))
    return 0


def _board_of(figure: str) -> "Board":
    """The board of one figure. Raises ConfigError for one of several panels, which it names."""
    boards = _boards_of(figure)
    if len(boards) > 1:
        told = "".join(f"\n  {name}: {board.title}" for name, board in boards.items())
        raise ConfigError(f"{figure} has {len(boards)} panels, each on a board of its own; name one:{told}")
    (board,) = boards.values()
    return board


def _boards_of(figure: str) -> "dict[str, Board]":
    """The board of a figure, or of its own name or file; of a figure that is named without its letter those of all panels.

    Raises ConfigError for a figure of no neurons.
    """
    from neurorig.hardware import list_boards, load_board
    from neurorig.hardware.kicad.figure_names import panels
    from neurorig.hardware.kicad.projects import PROJECTS
    from neurorig.protocols.figures import list_figures
    from neurorig.protocols.figures.fitting import own_board

    if figure in list_figures() and own_board(figure) not in list_boards():
        raise ConfigError(
            f"{figure} needs none of the circuits with neurons. Memristors go into the board 'memristor_fixture', whose "
            "jumpers are printed on it; a single thyristor is measured by itself."
        )
    if figure in PROJECTS:
        raise ConfigError(f"'{figure}' is a circuit, not a figure. {_settings_of(figure)}")
    if figure in list_boards():
        return {figure: load_board(figure)}
    return panels(figure) or {figure: load_board(figure)}


def _settings_of(circuit: str) -> str:
    """Where it is said how a hand sets one of our circuits, which is no board of a figure."""
    from neurorig.hardware.kicad.fitting import SIZES

    if circuit in SIZES:
        return (
            f"Name the figure that it is to be, such as wu2025_fig4; '--on {circuit}' makes it on this one if it fits."
        )
    if circuit == "current_source_shield":
        return (
            "Nothing on it is set for a figure; the caps of JP11 and JP21 choose the quarter range. Its voltages at bring-up "
            "are in docs/howto/bring-up.md (The shield); then neurorig calibrate-source."
        )
    return "Its jumpers for each experiment are printed on it; its voltages at bring-up are in hardware/README.md, section 6."


def check_command(*boards: BoardsArgument, as_json: JsonOption = False) -> int:
    """Run every check of KiCad on every board; exit code 1 if something is found."""
    from neurorig.hardware.kicad.checks import check

    found = []
    for project in _chosen(boards):
        _say(f"{project.name} ...", quiet=as_json)
        found.append(check(project))
    _say("", quiet=as_json)
    if as_json:
        print(json.dumps([asdict(checks) | {"counts": checks.counts, "passed": checks.passed} for checks in found]))
    else:
        from .tables import print_checks

        print_checks(found)
    return int(not all(checks.passed for checks in found))


def build_command(
    *boards: BoardsArgument,
    out: FolderOption = Path("boards"),
    anyway: AnywayOption = False,
    as_json: JsonOption = False,
) -> int:
    """Check boards and write everything that one orders and assembles them from; exit code 1 if one is refused."""
    from neurorig.hardware.kicad.outputs import BoardRefusedError, build, writable

    projects = _chosen(boards)
    for project in projects:  # before minutes of work on the first of them
        writable(out / project.name)
    built: list[Built] = []
    refused: list[Checks] = []
    for project in projects:
        _say(f"{project.name} ...", quiet=as_json)
        try:
            built.append(build(project, out / project.name, anyway=anyway))
        except BoardRefusedError as error:
            refused.append(error.checks)
    _say("", quiet=as_json)
    if as_json:
        document = {
            "built": [b.index() | {"folder": str(b.folder)} for b in built],
            "refused": [asdict(c) for c in refused],
        }
        print(json.dumps(document))
    else:
        _print_built(built, refused)
    return int(bool(refused))


def _print_built(built: "list[Built]", refused: "list[Checks]") -> None:
    from .tables import print_checks, print_files, print_lines

    for b in built:
        print(f"{b.board}: {b.title}, {b.size[0]:g} x {b.size[1]:g} mm")
        print(f"in {b.folder}:")
        print_files(b.files)
        print_lines("note", b.remarks)
        print()
    print_checks([*(b.checks for b in built), *refused])
    if refused:
        print(
            f"\nNothing was written for {', '.join(c.board for c in refused)}: see above what is wrong; --anyway writes it."
        )


def _chosen(boards: tuple[str, ...]) -> "list[Project]":
    from neurorig.hardware.kicad.projects import PROJECTS, find_project

    projects = [find_project(name) for name in boards or PROJECTS]
    names = [p.name for p in projects]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"{', '.join(twice)}: named twice, or two projects of one name; do them one after the other.")
    return projects


def _say(text: str, *, quiet: bool) -> None:
    if not quiet and sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
