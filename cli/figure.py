"""``neurorig figure``: play a published figure on the twin, compare, draw, and write its numbers down."""

import dataclasses
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from .options import JsonOption

if TYPE_CHECKING:
    from neurorig.protocols.figures import Figure
    from neurorig.protocols.figures.residuals import Residual


def figure_command(
    name: Annotated[str | None, Parameter(help="Figure, such as wu2025_fig13; without one, they are listed.")] = None,
    /,
    *,
    board: Annotated[
        str | None, Parameter(help="Board to play it with: a name or a .toml file, with the ports of the figure's own.")
    ] = None,
    out: Annotated[
        Path | None, Parameter(help="Folder for pictures and one CSV per curve; made if it is not there.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Play a published figure on the twin: its curves and numbers, and how far they lie from what was published."""
    from neurorig.protocols.figures import list_figures, make_figure

    if name is None:
        print(json.dumps(list_figures()) if as_json else "\n".join([*list_figures(), "", "Use: neurorig figure NAME"]))
        return 0
    from neurorig.protocols.figures.residuals import residuals

    made = make_figure(name) if board is None else make_figure(name, board=board)
    found = residuals(made)
    if out is not None:
        _write(made, out)
    if as_json:
        print(json.dumps(_finite(_plain(made, found)), allow_nan=False))
        return 0
    from .tables import print_figure

    print_figure(made, found)
    if out is not None:
        print(f"\nPictures and tables are in {out}")
    return 0


def _plain(made: "Figure", found: "list[Residual]") -> dict[str, object]:
    from neurorig.protocols.figures.targets import compare_numbers

    compared = compare_numbers(made)

    def number(key: str) -> dict[str, object]:
        plain = dataclasses.asdict(made.numbers[key]) | {"basis": made.basis.word(key)}
        if key not in compared:
            return plain
        c = compared[key]
        return plain | {"published": c.published, "tolerance": c.tolerance, "target": c.target, "within": c.within}

    return {
        "name": made.name,
        "title": made.title,
        "boards": list(made.boards),
        "basis": made.basis.said,
        "numbers": {key: number(key) for key in made.numbers},
        "curves": {key: curve.frame().to_dict(orient="list") for key, curve in made.curves.items()},
        "residuals": [
            dataclasses.asdict(r) | {"within": r.within, "of_signal": r.of_signal, "loose": r.loose} for r in found
        ],
        "remarks": list(made.remarks),
    }


def _finite(data: Any) -> Any:
    """The same with null for what JSON has no number for: infinite, or not a number."""
    match data:
        case dict():
            return {key: _finite(value) for key, value in data.items()}
        case list() | tuple():
            return [_finite(value) for value in data]
        case float():
            return data if math.isfinite(data) else None
        case _:
            return data


def _write(made: "Figure", out: Path) -> None:
    from neurorig.protocols.figures.picture import draw_figure
    from neurorig.signals import RecordError

    try:
        out.mkdir(parents=True, exist_ok=True)
        for key, curve in made.curves.items():
            curve.frame().to_csv(out / f"{made.name}_{key}.csv", index=False)
        draw_figure(made, out)
    except OSError as reason:
        raise RecordError(f"{out}: cannot write the figure: {reason.strerror}.") from reason
