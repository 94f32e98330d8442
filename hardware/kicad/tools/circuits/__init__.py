"""The boards as descriptions: what is drawn where in the schematic, and where each part lies on the board.

Each board is a module of its name here with a `CIRCUIT`.
"""

from importlib import import_module

from neurorig.signals import ConfigError, nearest

from ...projects import PROJECTS
from ..circuit import Circuit

BOARDS = tuple(PROJECTS)


def find_circuit(name: str) -> Circuit:
    """The description of a board. Raises ConfigError for a name that no board has."""
    if name not in BOARDS:
        raise ConfigError(f"There is no board '{name}'.{nearest(name, BOARDS)}")
    circuit = import_module(f".{name}", __name__).CIRCUIT
    if not isinstance(circuit, Circuit) or circuit.name != name:
        raise ConfigError(f"{name}.py: its CIRCUIT is to be a Circuit(name='{name}', ...).")
    return circuit
