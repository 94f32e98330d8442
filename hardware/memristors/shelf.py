"""The memristive circuits that ship, and how any of them is read."""

from pathlib import Path
from typing import Any, TypeVar, overload

from neurorig.hardware.description import Shelf
from neurorig.signals import ConfigError

from .board import MemristorBoard, SdcBoard, ThyristorBoard
from .lif import MemristiveNeuron

KINDS: dict[str, type[MemristorBoard]] = {"sdc": SdcBoard, "thyristor": ThyristorBoard, "neuron": MemristiveNeuron}
Wanted = TypeVar("Wanted", bound=MemristorBoard)


def list_memristor_boards() -> list[str]:
    """Names of the memristive circuits that ship with neurorig."""
    return SHELF.names()


@overload
def load_memristor_board(name_or_path: str | Path) -> MemristorBoard: ...
@overload
def load_memristor_board(name_or_path: str | Path, kind: type[Wanted]) -> Wanted: ...
def load_memristor_board(name_or_path: str | Path, kind: type[MemristorBoard] = MemristorBoard) -> MemristorBoard:
    """Read a memristive circuit: one that ships, by name, or any TOML file, by path.

    Raises ConfigError naming the file and the key when the description is wrong, or not of the `kind` wanted.
    """
    board = SHELF.load(name_or_path)
    if not isinstance(board, kind):
        wanted = next(name for name, model in KINDS.items() if issubclass(model, kind))
        raise ConfigError(f"{board.path}: kind is not '{wanted}', which is needed here.")
    return board


def _model_of(data: dict[str, Any]) -> type[MemristorBoard]:
    kind = data.get("kind")
    if kind not in KINDS:
        known = ", ".join(f"'{name}'" for name in KINDS)
        raise ValueError(f"[kind] is {'missing' if kind is None else repr(kind)}: give one of {known}.")
    return KINDS[kind]


SHELF = Shelf("memristor board", Path(__file__).parent / "boards", _model_of)
