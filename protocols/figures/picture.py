"""Draw a `Figure`: one picture for each kind of abscissa, a panel for each kind of ordinate, the published curves behind."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import cycle
from pathlib import Path

import numpy as np

from neurorig.analysis.published import Curve as Published
from neurorig.analysis.published import list_published, published
from neurorig.analysis.report import Axis, Panel, Series, draw
from neurorig.analysis.report import Figure as Picture

from .figure import Curve, Figure, Floats

_COLOURS = ("blue", "red", "green", "orange", "purple", "ink")
_SCALES = (("", 1.0), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9))
_SCATTERED = 60
"""A curve of fewer points was measured point by point and is drawn so."""


def draw_figure(figure: Figure, folder: Path) -> list[Path]:
    """Write PNG and SVG into `folder` (which exists); returns their paths."""
    return [path for picture in pictures(figure) for path in draw(picture, folder)]


def pictures(figure: Figure) -> list[Picture]:
    """The figure as pictures: curves over the same quantity share one."""
    groups: dict[tuple[str, str], dict[str, Curve]] = defaultdict(dict)
    for key, curve in figure.curves.items():
        groups["time" if curve.x_name == "begin" else curve.x_name, curve.x_unit][key] = curve
    made = []
    for k, ((name, unit), curves) in enumerate(groups.items(), 1):
        panels = _panels(figure.name, curves)
        made.append(
            Picture(
                name=figure.name if k == 1 else f"{figure.name}-{k}",
                title=figure.title if k == 1 else "",
                caption="; ".join(figure.remarks),
                x=Axis(name, _shown_unit([c.x for c in curves.values()], unit)),
                panels=panels,
                width=8.0,
                height=1.2 + 1.8 * sum(panel.height for panel in panels),
            )
        )
    return made


def _panels(figure: str, curves: Mapping[str, Curve]) -> tuple[Panel, ...]:
    trains = {key: curve for key, curve in curves.items() if not len(curve.y) or curve.x_name == "begin"}
    rows: dict[tuple[str, str], dict[str, Curve]] = defaultdict(dict)
    for key, curve in curves.items():
        if key not in trains:
            rows[_kind(curve), curve.y_unit][key] = curve
    panels = [_raster(figure, trains)] if trains else []
    for (name, unit), members in rows.items():
        shown = [curve.y for curve in members.values()]
        label = name if len({curve.y_name for curve in members.values()}) == 1 else ""
        panels.append(Panel(f"{name or unit}", Axis(label, _shown_unit(shown, unit)), tuple(_series(figure, members))))
    return tuple(panels)


def _kind(curve: Curve) -> str:
    """What shares a panel: all currents, all voltages; rates and plain numbers by their name."""
    return "" if curve.y_unit in {"A", "V"} else curve.y_name


def _series(figure: str, curves: Mapping[str, Curve]) -> Iterable[Series]:
    for (key, curve), colour in zip(curves.items(), cycle(_COLOURS), strict=False):
        behind = _published(figure, key)
        if behind is not None and len(behind.y) and behind.kind != "schematic":
            yield Series("published", "points", behind.x, behind.y - behind.offset, colour="published", width=1.0)
        kind = "points" if len(curve.x) < _SCATTERED else "line"
        yield Series(curve.label or key, kind, curve.x, curve.y, colour=colour, width=1.1)  # type: ignore[arg-type]


def _raster(figure: str, trains: Mapping[str, Curve]) -> Panel:
    """Spikes as ticks and bursts as bars, one row each; a published train lies in the lower half of its row."""
    series: list[Series] = []
    for row, ((key, curve), colour) in enumerate(zip(reversed(trains.items()), cycle(_COLOURS), strict=False)):
        behind = _published(figure, key)
        split = 0.45 if behind is not None else 0.1
        series += _train(curve.label or key, curve.x, curve.y, (row + split, row + 0.9), colour)
        if behind is not None:
            series += _train("published", behind.x, behind.y, (row + 0.1, row + split), "published")
    height = min(2.0, 0.35 * len(trains) + 0.3)
    return Panel("events", Axis("", "", (0.0, float(len(trains)))), tuple(series), height=height)


def _train(name: str, x: Floats, y: Floats, rows: tuple[float, float], colour: str) -> list[Series]:
    if not len(y):
        return [Series(name, "raster", x, np.array(rows), colour=colour, width=0.7)]  # type: ignore[arg-type]
    low, high = rows
    at = np.column_stack([x, x, y, y]).ravel()
    bars = np.tile([low, high, high, low], len(x))
    gaps = np.column_stack([at.reshape(-1, 4), np.full(len(x), np.nan)]).ravel()
    tops = np.column_stack([bars.reshape(-1, 4), np.full(len(x), np.nan)]).ravel()
    return [Series(name, "line", gaps, tops, colour=colour, width=1.0)]  # type: ignore[arg-type]


def _published(figure: str, key: str) -> Published | None:
    name = f"{figure}_{key}"
    return published(name) if name in list_published() else None


def _shown_unit(values: Iterable[Floats], unit: str) -> str:
    """The unit with the prefix that makes the largest value readable."""
    largest = max((float(np.nanmax(np.abs(v))) for v in values if len(v)), default=0.0)
    if unit not in {"A", "V", "s", "C"} or largest == 0.0:
        return unit
    prefix = next((name for name, one in _SCALES if largest >= 0.5 * one), "n")
    return prefix + unit
