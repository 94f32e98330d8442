"""What a person calls a figure, and the boards that it was made with: `wu2025_fig5` has three panels, each with its own."""

import re

from neurorig.hardware import Board, list_boards, load_board


def panels(figure: str) -> dict[str, Board]:
    """Give the boards that ship by the names of the panels of `figure`: itself, or itself and a letter; empty if unknown.

    ``wu2025_fig5`` gives those of ``wu2025_fig5a``, ``wu2025_fig5b`` and ``wu2025_fig5c``, ``wu2025_fig7b`` its own.
    """
    found = {name: board for name, board in _by_figure().items() if re.fullmatch(re.escape(figure) + "[a-z]?", name)}
    return {figure: found[figure]} if figure in found else dict(sorted(found.items()))


def _by_figure() -> dict[str, Board]:
    """``wu2025_fig7b`` for a board that says of itself "Wu 2025 Fig. 7(b)"."""
    boards = [load_board(name) for name in list_boards()]
    return {_short(label): board for board in boards for label in board.figures}


def _short(label: str) -> str:
    paper, _, number = label.partition(" Fig. ")
    return f"{paper.lower().replace(' ', '')}_fig{re.sub('[()]', '', number)}"
