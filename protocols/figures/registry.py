"""All figures by name, and where each is made."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from neurorig.hardware import Board, load_board
from neurorig.signals import ConfigError, nearest

from .basis import basis
from .figure import Figure
from .fitting import board_for, check_fit, own_board

# Name -> module beside this file and function in it.
_MADE_BY: dict[str, tuple[str, str]] = {
    "benatti2023_fig1": ("benatti2023", "fig1"),
    "benatti2023_fig2": ("benatti2023", "fig2"),
    "benatti2023_fig4": ("benatti2023", "fig4"),
    "thyristor_iv": ("thyristor", "thyristor_iv"),
    "timematter_fig3": ("timematter", "fig3"),
    "timematter_fig4": ("timematter_bursting", "fig4"),
    "timematter_fig5": ("timematter_bursting", "fig5"),
    "timematter_fig6": ("timematter", "fig6"),
    "timematter_fig7": ("timematter_bursting", "fig7"),
    "timematter_fig8": ("timematter", "fig8"),
    "wu2023_fig2": ("wu2023", "fig2"),
    "wu2023_fig3": ("wu2023", "fig3"),
    "wu2023_fig4": ("wu2023", "fig4"),
    "wu2023_fig5": ("wu2023", "fig5"),
    "wu2025_fig10": ("wu2025_bump", "fig10"),
    "wu2025_fig11a": ("wu2025_adaptation", "fig11a"),
    "wu2025_fig11b": ("wu2025_adaptation", "fig11b"),
    "wu2025_fig12": ("wu2025_adaptation", "fig12"),
    "wu2025_fig13": ("wu2025_burst", "fig13"),
    "wu2025_fig14": ("wu2025_cpg", "fig14"),
    "wu2025_fig15": ("wu2025_cpg", "fig15"),
    "wu2025_fig16": ("wu2025_cpg", "fig16"),
    "wu2025_fig2b": ("wu2025_neuron", "fig2b"),
    "wu2025_fig4": ("wu2025_synapse", "fig4"),
    "wu2025_fig5a": ("wu2025_synapse", "fig5a"),
    "wu2025_fig5b": ("wu2025_synapse", "fig5b"),
    "wu2025_fig5c": ("wu2025_synapse", "fig5c"),
    "wu2025_fig6a": ("wu2025_neuron", "fig6a"),
    "wu2025_fig6b": ("wu2025_synapse", "fig6b"),
    "wu2025_fig9a": ("wu2025_bump", "fig9a"),
    "wu2025_fig9b": ("wu2025_bump", "fig9b"),
}


def list_figures() -> list[str]:
    """Names of all figures that can be made."""
    return sorted(_MADE_BY)


def make_figure(name: str, **options: Any) -> Figure:
    """Play the protocol of a published figure on the twin and give what the figure shows.

    `options` are those of the function that makes it, such as `board`: a Board of one's own, or the name or path of one.
    Raises ConfigError for an unknown figure or option, and for a board with which the figure cannot be played.
    """
    make = _maker(name)
    taken = inspect.signature(make).parameters
    for option in options:
        if option not in taken:
            raise ConfigError(f"The figure '{name}' takes no '{option}'.{nearest(option, taken)}")
    board = options.get("board")
    if board is None:
        return replace(make(**options), basis=basis(name))
    if isinstance(board, str | Path):
        board = board_for(name, make, board)
    if isinstance(board, Board):
        check_fit(name, board)
    made = make(**options | {"board": board})
    if isinstance(board, Board) and board == load_board(own_board(name)):
        return replace(made, basis=basis(name))
    return replace(made, remarks=tuple(f"Published board: {remark}" for remark in made.remarks))


def _maker(name: str) -> Callable[..., Figure]:
    if name not in _MADE_BY:
        raise ConfigError(f"There is no figure '{name}'.{nearest(name, list_figures())}")
    module, function = _MADE_BY[name]
    make: Callable[..., Figure] = getattr(import_module(f".{module}", __package__), function)
    return make
