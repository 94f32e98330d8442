from .bom import Bom, bill_of_materials
from .checks import Checks, Violation, check
from .fitting import Setup, setup
from .layout_file import LayoutFile, read_layout
from .netlist import Netlist, export
from .outputs import BoardRefusedError, Built, build
from .program import KicadError
from .projects import PROJECTS, Project, find_project
from .schematic import Component, Schematic, read_schematic

__all__ = [
    "PROJECTS",
    "BoardRefusedError",
    "Bom",
    "Built",
    "Checks",
    "Component",
    "KicadError",
    "LayoutFile",
    "Netlist",
    "Project",
    "Schematic",
    "Setup",
    "Violation",
    "bill_of_materials",
    "build",
    "check",
    "export",
    "find_project",
    "read_layout",
    "read_schematic",
    "setup",
]
