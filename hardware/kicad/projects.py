"""Which boards there are, and where the KiCad project of each lies."""

from dataclasses import dataclass
from pathlib import Path

from neurorig.signals import ConfigError, nearest

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Project:
    """A KiCad project: `folder` holds ``NAME.kicad_pro``, ``NAME.kicad_sch`` and ``NAME.kicad_pcb``."""

    name: str
    title: str
    folder: Path

    @property
    def schematic(self) -> Path:
        """The root sheet."""
        return self.folder / f"{self.name}.kicad_sch"

    @property
    def board(self) -> Path:
        """The layout."""
        return self.folder / f"{self.name}.kicad_pcb"

    @property
    def settings(self) -> Path:
        """The project file: design rules, net classes, severities."""
        return self.folder / f"{self.name}.kicad_pro"


_TITLES = {
    "neuron": "Neuron with I_delta block",
    "synapse": "Synapse: two stages",
    "ns_unit": "Neurosynaptic unit",
    "motif": "Two neurons and four synapses",
    "current_source_shield": "Current source, shield for Arduino Uno",
    "memristor_fixture": "Memristor fixture",
}
PROJECTS = {name: Project(name, title, HERE / name) for name, title in _TITLES.items()}
"""The boards that neurorig ships, by name."""


def find_project(name: str) -> Project:
    """A board that ships, by its name, or somebody's own project, by the path of its .kicad_pro or its folder.

    Raises ConfigError for a name that no board has, or that means two, and a project without schematic or layout.
    """
    if name in PROJECTS and _is_another(Path(name), PROJECTS[name]):
        raise ConfigError(
            f"'{name}' is a board that ships, and a project in this folder: write ./{name} for the project, or go to another "
            "folder for the board."
        )
    project = PROJECTS.get(name) or _own(name)
    for path in (project.settings, project.schematic, project.board):
        if not path.is_file():
            raise ConfigError(
                f"{project.name}: {path} is missing; a project is a .kicad_pro, .kicad_sch and .kicad_pcb."
            )
    return project


def _is_another(path: Path, shipped: Project) -> bool:
    """Whether `path` is a folder with a project other than `shipped`."""
    return path.is_dir() and any(path.glob("*.kicad_pro")) and path.resolve() != shipped.folder.resolve()


def _own(name: str) -> Project:
    path = Path(name).expanduser().absolute()
    if path.is_dir():
        found = sorted(path.glob("*.kicad_pro"))
        if len(found) != 1:
            told = ", ".join(p.name for p in found) or "none"
            raise ConfigError(f"{name}: a folder with one .kicad_pro is needed, here: {told}. Name the file itself.")
        path = found[0]
    if path.suffix in {".kicad_pro", ".kicad_sch", ".kicad_pcb"}:
        if not path.is_file():
            raise ConfigError(f"{name}: no such file.")
        return Project(path.stem, path.stem, path.parent)
    raise ConfigError(
        f"There is no board '{name}'.{nearest(name, PROJECTS)} Or give the path of a .kicad_pro of your own."
    )
