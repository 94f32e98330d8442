"""Which board a figure can be played with: as many neurons, synapses and presets as its own, and of the same kind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

from neurorig.hardware import Board, list_boards, load_board
from neurorig.hardware.memristors import MemristorBoard, list_memristor_boards, load_memristor_board
from neurorig.signals import ConfigError

_OWN = {"wu2025_fig2b": "wu2025_fig2", "wu2025_fig6a": "wu2025_neuron", "wu2025_fig9a": "wu2025_bump"}
"""The figures whose board has another name."""

_PRESETS = {
    "wu2025_fig2b": ("pulse",), "wu2025_fig4": ("one_spike",), "wu2025_fig5a": ("clock",), "wu2025_fig5b": ("clock",),
    "wu2025_fig5c": ("clock",), "wu2025_fig9a": ("hold", "kick", "stop"), "wu2025_fig10": ("hold", "kick", "stop"),
    "wu2025_fig11a": ("adapt",), "wu2025_fig12": ("adapt", "plus", "minus"), "wu2025_fig13": ("burst",),
    "wu2025_fig14": ("printed",), "timematter_fig6": ("solid", "melted"),
}  # fmt: skip
"""The currents that a figure takes from its board. Those of Figs 15 and 16 are an option of theirs."""

_BURSTING = {"wu2023_fig3", "wu2023_fig4", "wu2023_fig5", "timematter_fig4", "timematter_fig5", "timematter_fig7"}


def own_board(figure: str) -> str:
    """Name of the board with which `figure` is played if no other is given."""
    return _OWN.get(figure, figure)


def board_for(figure: str, make: Callable[..., Any], name_or_path: str | Path) -> Board | MemristorBoard:
    """Read the board that the option ``board`` of `make` takes. Raises ConfigError if it is of another kind."""
    if Board in _kinds(make):
        if str(name_or_path) in list_memristor_boards():
            raise ConfigError(_wrong_kind(figure, str(name_or_path), "neurons and synapses"))
        return load_board(name_or_path)
    kind = next(kind for kind in _kinds(make) if issubclass(kind, MemristorBoard))
    if str(name_or_path) in list_boards():
        (word,) = get_args(kind.model_fields["kind"].annotation)
        raise ConfigError(_wrong_kind(figure, str(name_or_path), f'kind = "{word}"'))
    return load_memristor_board(name_or_path, kind)


def check_fit(figure: str, board: Board) -> None:
    """Raises ConfigError if `board` lacks what the figure plays or reads."""
    own = load_board(own_board(figure))
    start = f'Start from --board {own.name}, or a file with: like = "{own.name}"'
    for what in ("neurons", "synapses"):
        missing = [name for name in getattr(own, what) if name not in getattr(board, what)]
        if missing:
            names = ", ".join(missing)
            raise ConfigError(f"{board.path}: the figure '{figure}' needs the {what} {names}; there are none. {start}")
    if figure in _BURSTING and board.neurons["n1"].components.C_L is None:
        raise ConfigError(f"{board.path}: the figure '{figure}' needs a bursting neuron; n1 has no C_L. {start}")
    for preset in _PRESETS.get(figure, ()):
        if preset not in board.presets:
            raise ConfigError(
                f"{board.path}: the board has no [presets.{preset}], from which the figure '{figure}' takes its currents. {start}"
            )


def _kinds(make: Callable[..., Any]) -> tuple[type, ...]:
    return get_args(get_type_hints(make)["board"])


def _wrong_kind(figure: str, given: str, needed: str) -> str:
    return (
        f"'{given}' is not the kind of board that the figure '{figure}' is played with: it needs one with {needed}, such as "
        f"--board {own_board(figure)}."
    )
