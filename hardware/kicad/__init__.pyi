from .bom import Bom, bill_of_materials
from .checks import Checks, Violation, check
from .fabrication import Fabrication, measure
from .fitting import Setup, setup
from .instructions import Instructions, instruct
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
    "Fabrication",
    "Instructions",
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
    "instruct",
    "measure",
    "read_layout",
    "read_schematic",
    "setup",
]
