"""Draw a `Figure`: one picture for each kind of abscissa, a panel for each kind of ordinate, the published curves behind."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Literal

import numpy as np

from neurorig.analysis.published import Curve as Published
from neurorig.analysis.published import list_published, published
from neurorig.analysis.report import Axis, Colour, Kind, Panel, Series, draw
from neurorig.analysis.report import Figure as Picture

from .figure import Curve, Figure, Floats
from .residuals import counted, residuals

_COLOURS: tuple[Colour, ...] = ("blue", "red", "green", "orange", "purple", "ink")
_SCALES = (("", 1.0), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9))
_SCATTERED = 60
"""A curve of fewer points was measured point by point and is drawn so."""
_KILO = {"ohm"}
"""Units that are drawn in thousands from one thousand on."""
_NOT_DRAWN = {"raster_darkness"}
"""Curves that are compared, and too many lines to be looked at."""
_SIGNS: dict[str, Colour] = {"plus": "blue", "minus": "red"}
"""Probes of either sign, by the begin of the key: one colour each, in all panels."""
_LEGEND, _COLUMNS = 0.15, 3
"""Part of a panel's height that a row of the legend takes, and names in a row."""
_VISIBLE = 0.3
"""Curves share a scale if the smaller one still fills this part of it."""


def draw_figure(
    figure: Figure, folder: Path, *, dpi: int = 200, kinds: Sequence[Literal["png", "svg"]] = ("png", "svg")
) -> list[Path]:
    """Write the pictures of the figure into `folder` (which exists); returns their paths."""
    return [path for picture in pictures(figure) for path in draw(picture, folder, dpi=dpi, kinds=kinds)]


def pictures(figure: Figure) -> list[Picture]:
    """The figure as pictures: curves over the same quantity share one.

    Where an oscillation begins is nobody's prediction: all curves over time are shifted together to where they come
    closest to the published ones.
    """
    groups: dict[tuple[str, str], dict[str, Curve]] = defaultdict(dict)
    for key, curve in figure.curves.items():
        if key in _NOT_DRAWN:
            continue
        groups[_abscissa(curve)][key] = curve
    made = []
    for k, ((name, unit), curves) in enumerate(groups.items(), 1):
        lag = _common_lag(figure, curves)
        panels = _panels(figure.name, {key: _shifted(curve, lag) for key, curve in curves.items()})
        made.append(
            Picture(
                name=figure.name if k == 1 else f"{figure.name}-{k}",
                title=figure.title if k == 1 else "",
                caption="; ".join(figure.remarks),
                x=Axis(_indexed(name), _shown_unit([c.x for c in curves.values()], unit)),
                panels=panels,
                width=8.0,
                height=1.2 + 1.8 * sum(panel.height for panel in panels),
            )
        )
    return made


def _abscissa(curve: Curve) -> tuple[str, str]:
    return ("time" if curve.x_name == "begin" else curve.x_name, curve.x_unit)


def _is_train(curve: Curve) -> bool:
    """Spikes, or bursts with begin and end."""
    return not len(curve.y) or (curve.x_name, curve.y_name) == ("begin", "end")


def _common_lag(figure: Figure, curves: Mapping[str, Curve]) -> float:
    lags = [r.lag for r in residuals(figure) if r.lag and r.curve.removeprefix(f"{figure.name}_") in curves]
    return float(np.median(lags)) if lags else 0.0


def _shifted(curve: Curve, lag: float) -> Curve:
    if not lag:
        return curve
    y = curve.y + lag if curve.y_name == "end" else curve.y
    return replace(curve, x=curve.x + lag, y=y)


def _panels(figure: str, curves: Mapping[str, Curve]) -> tuple[Panel, ...]:
    trains = {key: curve for key, curve in curves.items() if _is_train(curve)}
    decimated = {key.split("_every")[0] for key in trains if "_every" in key}
    drawn = {key: curve for key, curve in trains.items() if key not in decimated}
    panels = [_raster(figure, drawn)] if drawn else []
    for members in _together({key: curve for key, curve in curves.items() if key not in trains}):
        shown = [curve.y for curve in members.values()]
        names = {curve.y_name: None for curve in members.values()}
        label = _indexed(next(iter(names))) if len(names) == 1 else ""
        unit = next(iter(members.values())).y_unit
        height = 0.6 if unit == "V" else 1.0
        series = _series(figure, members)
        axis = Axis(label, _shown_unit(shown, unit), _room(series, height))
        title = next(iter(members.values())).label if unit == "V" else ""
        panels.append(Panel(next(iter(members)), axis, series, title=title, height=height))
    return tuple(panels)


def _room(series: Sequence[Series], height: float) -> tuple[float, float] | None:
    """Limits (SI) that leave room for the legend above the data; None where there is no legend."""
    named = sum(s.legend for s in series)
    if named < 2:
        return None
    low, high = min(float(np.nanmin(s.y)) for s in series), max(float(np.nanmax(s.y)) for s in series)
    margin = 0.05 * (high - low)
    return low - margin, high + margin + _LEGEND / height * -(-named // _COLUMNS) * (high - low)


def _indexed(name: str) -> str:
    """The name of a column as a symbol with an index: Isse is I_sse."""
    return re.sub(r"^([IVR])([A-Za-z0-9]+)$", r"\1_\2", name)


def _colour(key: str, otherwise: Colour) -> Colour:
    return _SIGNS.get(key.split("_", maxsplit=1)[0], otherwise)


def _pair(key: str, other: str) -> bool | None:
    """Whether two probes of either sign show the same quantity; None if neither is a probe."""
    stems = [name.split("_", 1) for name in (key, other)]
    if not any(sign in _SIGNS for sign, *_ in stems):
        return None
    return stems[0][1:] == stems[1][1:]


def _together(curves: Mapping[str, Curve]) -> list[dict[str, Curve]]:
    """What shares a panel: the same unit (of plain numbers and rates, the same name), and ranges that overlap.

    Voltages never do: they are traces with spikes, which hide each other.
    """
    panels: list[dict[str, Curve]] = []
    for key, curve in curves.items():
        for panel in panels:
            first, other = next(iter(panel.items()))
            if (pair := _pair(key, first)) is not None:
                if pair:
                    panel[key] = curve
                    break
                continue
            alike = (
                curve.y_unit == other.y_unit
                and (curve.y_unit == "A" or curve.y_name == other.y_name)
                and curve.y_unit != "V"
            )
            if (
                alike
                and len(panel) < len(_COLOURS)
                and _overlap(curve.y, np.concatenate([c.y for c in panel.values()]))
            ):
                panel[key] = curve
                break
        else:
            panels.append({key: curve})
    return panels


def _overlap(one: Floats, other: Floats) -> bool:
    """Whether a scale for both would still show both."""
    both = np.nanmax([np.nanmax(one), np.nanmax(other)]) - np.nanmin([np.nanmin(one), np.nanmin(other)])
    return bool(min(np.ptp(one), np.ptp(other)) >= _VISIBLE * both)


def _series(figure: str, curves: Mapping[str, Curve]) -> tuple[Series, ...]:
    series: list[Series] = []
    for (key, curve), colour in zip(curves.items(), _COLOURS, strict=False):
        behind = _published(figure, key)
        if behind is not None and len(behind.y) and behind.kind != "schematic":
            legend = not any(s.colour == "published" for s in series)
            y = behind.y - behind.offset
            series.append(Series("published", "points", behind.x, y, colour="published", width=1.0, legend=legend))
        kind: Kind = "points" if len(curve.x) < _SCATTERED else "line"
        series.append(Series(curve.label or key, kind, curve.x, curve.y, colour=_colour(key, colour), width=1.1))
    return tuple(series)


def _raster(figure: str, trains: Mapping[str, Curve]) -> Panel:
    """Spikes as ticks and bursts as bars, one row each; a published train lies in the lower half of its row."""
    series: list[Series] = []
    keys = list(trains)[::-1]
    for row, (key, turn) in enumerate(zip(keys, cycle(_COLOURS), strict=False)):
        curve, behind, colour = trains[key], _published(figure, key), _colour(key, turn)
        split = 0.5 if behind is not None else 0.15
        series.append(_train(curve.x, curve.y, (row + split, row + 0.9), colour))
        if behind is not None:
            series.append(_train(behind.x, behind.y, (row + 0.1, row + split), "published"))
    names = tuple(key.replace("_", " ") for key in keys)
    height = 0.14 * len(trains) + 0.1
    return Panel("events", Axis("", "", (0.0, float(len(trains)))), tuple(series), height=height, rows=names)


def _train(x: Floats, y: Floats, rows: tuple[float, float], colour: Colour) -> Series:
    if not len(y):
        return Series("", "raster", x, np.array(rows), colour=colour, width=0.7, legend=False)
    middle = (rows[0] + rows[1]) / 2
    gap = np.full(len(x), np.nan)
    bars = np.column_stack([x, y, gap]).ravel()
    return Series("", "line", bars, np.full(len(bars), middle), colour=colour, width=4.0, legend=False)


def _published(figure: str, key: str) -> Published | None:
    name = f"{figure}_{key}"
    return counted(published(name)) if name in list_published() else None


def _shown_unit(values: Iterable[Floats], unit: str) -> str:
    """The unit with the prefix that makes the largest value readable."""
    largest = max((float(np.nanmax(np.abs(v))) for v in values if len(v)), default=0.0)
    if unit in _KILO and largest >= 1e3:
        return f"k{unit}"
    if unit not in {"A", "V", "s", "C"} or largest == 0.0:
        return unit
    prefix = next((name for name, one in _SCALES if largest >= 0.5 * one), "n")
    return prefix + unit
