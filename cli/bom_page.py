"""What ``neurorig hardware bom`` prints: the parts to order, in lines as long as the terminal, or of 80 characters in a file."""

import itertools
import re
import shutil
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurorig.hardware.kicad.bom import Bom, Item

_HEAD = ("pieces", "EUR", "order", "value", "place")
_NUMBERS = 2  # columns on the left that are numbers and stay whole; the others fold at spaces
_GAP = 2


def print_bom(bom: "Bom") -> None:
    """What is to be bought, one line per part to order, and the places that stay empty."""
    _print_items(bom.bought)
    pieces = sum(item.quantity for item in bom.accessories)
    along = f" and {pieces} pieces that go with them" if pieces else ""
    parts = sum(item.quantity for item in bom.fitted)
    _say("", f"{parts} parts{along}, about {bom.cost:.2f} EUR{_unpriced(bom.unpriced)}", _choose_yourself(bom.bought))
    _say(*(f"not fitted: {' '.join(item.designators)} ({item.value})" for item in bom.not_fitted))


def print_figure_parts(figures: Sequence[str], items: "Sequence[Item]") -> None:
    """What figures need beside the board, in lines as those of `print_bom`."""
    _say("", f"More for {', '.join(figures)}, one after the other:")
    if not items:
        _say("nothing, the printed values are those")
        return
    _print_items(items)
    parts, cost = sum(item.quantity for item in items), sum(item.cost or 0 for item in items)
    unpriced = [item for item in items if item.cost is None]
    _say(
        "",
        f"{parts} part{'' if parts == 1 else 's'}, about {cost:.2f} EUR{_unpriced(unpriced)}",
        _choose_yourself(items),
    )


def _print_items(items: "Sequence[Item]") -> None:
    rows = [_HEAD, *map(_cells, items)]
    widths = _widths(rows, _width())
    for row in rows:
        folded = [_fold(cell, width) for cell, width in zip(row, widths, strict=True)]
        for line in itertools.zip_longest(*folded, fillvalue=""):
            cells = (
                cell.rjust(width) if k < _NUMBERS else cell.ljust(width)
                for k, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            print((" " * _GAP).join(cells).rstrip())
    if years := " and ".join(sorted({year for item in items for year in re.findall(r"\b20\d\d\b", item.price)})):
        _say(f"EUR: estimate for one piece, {years}, without tax")


def _cells(item: "Item") -> tuple[str, ...]:
    one = "" if item.cost is None else f"{item.cost / item.quantity:.2f}"
    order = f"{item.manufacturer} {item.part_number}".strip()
    return str(item.quantity), one, order, item.value, " ".join(item.designators)


def _widths(rows: Sequence[tuple[str, ...]], line: int) -> list[int]:
    """Each column as wide as its longest word; what is left of the line goes, evenly, to those that fold."""
    columns = list(zip(*rows, strict=True))
    widths = [max(len(word) for cell in column for word in cell.split() or [""]) for column in columns]
    whole = [max(map(len, column)) for column in columns]
    left = line - sum(widths) - _GAP * (len(widths) - 1)
    while left > 0 and (short := [k for k, width in enumerate(widths) if width < whole[k]]):
        for k in short[:left]:
            widths[k] += 1
        left -= len(short[:left])
    return widths


def _fold(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _unpriced(items: "Sequence[Item]") -> str:
    return f", without {' '.join(i.designators[0] for i in items)}, of which no price is known" if items else ""


def _choose_yourself(items: "Sequence[Item]") -> str:
    lines = "1 line" if len(items) == 1 else f"{len(items)} lines"
    described = [item for item in items if item.described]
    if not described:
        return f"{'the' if len(items) == 1 else 'all'} {lines} {'has' if len(items) == 1 else 'have'} a part number"
    places = ", ".join(item.designators[0] for item in described)
    return f"without part number, described to choose yourself: {len(described)} of {lines} ({places})"


def _say(*texts: str) -> None:
    for text in texts:
        print("\n".join(_fold(text, _width())))


def _width() -> int:
    return shutil.get_terminal_size().columns  # 80 where there is none
