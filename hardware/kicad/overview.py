"""A board in one line, read from its files without KiCad."""

from dataclasses import dataclass

from .layout_file import read_layout
from .projects import Project
from .schematic import read_schematic


@dataclass(frozen=True)
class Overview:
    """`width` and `height` in mm; `parts`: how many are soldered on; `sheets`: of the schematic."""

    name: str
    title: str
    width: float
    height: float
    parts: int
    sheets: int


def overview(project: Project) -> Overview:
    """Read schematic and layout. Raises ConfigError for a project that cannot be read."""
    schematic, layout = read_schematic(project.schematic), read_layout(project.board)
    parts = sum(c.fitted and c.on_board and c.in_bom for c in schematic.components.values())
    title = schematic.title or project.title
    return Overview(project.name, title, layout.width, layout.height, parts, len(schematic.sheets))
