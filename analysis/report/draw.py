"""Drawing a `Figure` with matplotlib (Agg and SVG, no windows): one look for all, made for paper and for a talk.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart; what was published is grey and lies
behind.
"""

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .panel import Axis, Figure, Panel, Series
from .text import SYMBOL, pretty_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

COLOURS = {
    "published": "#9aa0a6", "ink": "#1f2933", "blue": "#0072B2", "red": "#D55E00", "green": "#009E73",
    "orange": "#E69F00", "purple": "#AA4499",
}  # fmt: skip

_INDICES = dict(zip("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))

_SPAN_NAMES = COLOURS | {"orange": "#7a5200"}
"""Orange letters are too pale to read on orange."""

_STYLE: Any = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 9.0,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8, "axes.edgecolor": "#4a5560",
    "axes.labelcolor": "#1f2933", "axes.titlesize": 9.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "xtick.color": "#4a5560", "ytick.color": "#4a5560", "xtick.direction": "out", "ytick.direction": "out",
    "xtick.major.size": 3.5, "ytick.major.size": 3.5, "xtick.major.width": 0.8, "ytick.major.width": 0.8,
    "legend.frameon": False, "legend.fontsize": 8.0, "legend.handlelength": 1.8, "legend.borderaxespad": 0.2,
    "svg.fonttype": "none", "svg.hashsalt": "neurorig", "path.simplify": True, "figure.facecolor": "white",
}  # fmt: skip

_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP, _TITLE = 0.72, 0.68, 0.45, 0.50, 0.17, 0.1
"""Margins in inches: a fixed layout is much faster than one that matplotlib has to find by drawing."""


def draw(
    figure: Figure, folder: Path, dpi: int = 200, kinds: Sequence[Literal["png", "svg"]] = ("png", "svg")
) -> tuple[Path, ...]:
    """Write ``<name>.png`` and ``<name>.svg``, or one of them, into `folder` (which exists); returns the paths."""
    from matplotlib import rc_context  # 0.3 s that only drawing needs
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    paths = tuple(folder / f"{figure.name}.{kind}" for kind in kinds)
    options: dict[str, Any] = {"png": {"pil_kwargs": {"compress_level": 3}}, "svg": {"metadata": {"Date": None}}}
    with rc_context(_STYLE):
        canvas = Canvas(figsize=(figure.width, figure.height))
        FigureCanvasAgg(canvas)
        _compose(canvas, figure)
        for kind, path in zip(kinds, paths, strict=True):
            canvas.savefig(path, dpi=dpi, **options[kind])
    return paths


def _compose(canvas: "Canvas", figure: Figure) -> None:
    gaps = [_GAP + (_TITLE if panel.title else 0.0) for panel in figure.panels[1:]]
    spare = figure.height - _TOP - _BOTTOM - sum(gaps)
    share = spare / sum(panel.height for panel in figure.panels)
    right = _RIGHT if any(panel.right for panel in figure.panels) else 0.2
    left = _LEFT + 0.05 * max((len(name) for panel in figure.panels for name in panel.rows), default=0)
    width = (figure.width - left - right) / figure.width
    top, first = figure.height - _TOP, None
    for panel, gap in zip(figure.panels, [*gaps, 0.0], strict=True):
        height = share * panel.height
        box = (left / figure.width, (top - height) / figure.height, width, height / figure.height)
        axes = canvas.add_axes(box, sharex=first)
        first = first or axes
        _draw_panel(axes, panel, figure)
        top -= height + gap
        last = panel is figure.panels[-1]
        axes.tick_params(labelbottom=last)
        if last:
            axes.set_xlabel(_axis_label(figure.x))
        axes.yaxis.set_label_coords(-0.53 / (figure.width * width), 0.5)
    if figure.title:
        canvas.text(left / figure.width, 1 - 0.18 / figure.height, figure.title, weight="bold", size=10.5, va="center")


def _draw_panel(axes: "Axes", panel: Panel, figure: Figure) -> None:
    x, y = figure.x.one, panel.y.one
    for series in sorted(panel.series, key=lambda s: s.colour != "published"):
        _draw_series(axes, series, x, y)
    for line in panel.lines:
        axes.axhline(line.value / y, color=COLOURS[line.colour], lw=0.9, ls=(0, (4, 3)), zorder=3.5)
        low, high = panel.y.limits or (-math.inf, math.inf)
        under = line.value > low + 0.6 * (high - low)  # where the legend is
        axes.annotate(
            _math(line.name), (1.0, line.value / y), (-2, -2 if under else 2), xycoords=axes.get_yaxis_transform(),
            textcoords="offset points", ha="right", va="top" if under else "bottom", size=8.5,
            color=COLOURS[line.colour], zorder=4,
        )  # fmt: skip
    for span in figure.spans:
        axes.axvspan(span.start / x, span.stop / x, color=COLOURS[span.colour], alpha=0.10, lw=0, zorder=0)
    if panel is figure.panels[0]:
        _name_spans(axes, figure)
    if figure.x.limits:
        axes.set_xlim(*(v / x for v in figure.x.limits))
    if panel.y.limits:
        axes.set_ylim(*(v / y for v in panel.y.limits))
    if panel.rows:
        _name_rows(axes, panel.rows)
        return
    axes.set_ylabel(_axis_label(panel.y))
    axes.grid(axis="y", color="#e3e7eb", lw=0.6, zorder=-1)
    axes.set_axisbelow(True)
    axes.locator_params(axis="y", nbins=max(3, round(4 * panel.height + 1)))
    if panel.title:
        axes.set_title(panel.title, pad=3)
    _legend(axes, panel.series)
    if panel.right:
        _second_scale(axes, panel.right, y)


def _name_rows(axes: "Axes", rows: tuple[str, ...]) -> None:
    axes.set_yticks([], [])
    for k, name in enumerate(rows):
        axes.annotate(
            _math(name), (0.0, (k + 0.5) / len(rows)), (-6, 0), xycoords="axes fraction", textcoords="offset points",
            ha="right", va="center", size=7.5, color="#4a5560",
        )  # fmt: skip
    for edge in range(1, len(rows)):
        axes.axhline(edge, color="#e3e7eb", lw=0.6, zorder=0)


def _draw_series(axes: "Axes", series: Series, x: float, y: float) -> None:
    colour = COLOURS[series.colour]
    style: dict[str, Any] = {
        "color": colour,
        "lw": series.width,
        "label": _math(series.name) if series.legend else "_",
        "ls": "--" if series.dashed else "-",
        "alpha": 0.55 if series.faint else 1.0,
        "zorder": 1.5 if series.colour == "published" else 2.5,
    }
    match series.kind:
        case "line":
            axes.plot(series.x / x, series.y / y, **style)
        case "step":
            axes.step(series.x / x, np.append(series.y, series.y[-1:]) / y, where="post", **style)
        case "points":
            style |= {"ls": "none", "marker": "o", "ms": 2.2 * series.width, "mew": 0}
            axes.plot(series.x / x, series.y / y, **style)
        case "raster":
            # One path with gaps: a line object for every spike makes slow figures and huge SVGs.
            axes.plot(np.repeat(series.x, 3) / x, np.tile([*series.y / y, np.nan], len(series.x)), **style)
        case "band":
            assert series.high is not None
            alpha = 0.30 if series.faint else 0.85
            axes.fill_between(
                series.x / x, series.y / y, series.high / y, color=colour, alpha=alpha, lw=0, label=style["label"],
                zorder=style["zorder"] - 0.2,
            )  # fmt: skip


def _name_spans(axes: "Axes", figure: Figure) -> None:
    for span in figure.spans:
        axes.annotate(
            span.name, ((span.start + span.stop) / 2 / figure.x.one, 1.0), (0, 2), xycoords=axes.get_xaxis_transform(),
            textcoords="offset points", ha="center", va="bottom", size=8.0, color=_SPAN_NAMES[span.colour],
        )  # fmt: skip


def _legend(axes: "Axes", series: Iterable[Series]) -> None:
    named = [s for s in series if s.legend]
    if len(named) > 1 or any(s.colour == "published" for s in named):
        axes.legend(loc="upper right", ncols=min(3, len(named)))


def _second_scale(axes: "Axes", right: Axis, scale: float) -> None:
    from matplotlib.ticker import MaxNLocator

    # Twice as fast as matplotlib's secondary axis, which would follow a zoom that paper does not have.
    second = axes.twinx()
    second.set_ylim(*(v * scale / right.one for v in axes.get_ylim()))
    second.xaxis.set_visible(False)
    second.set_ylabel(_axis_label(right))
    second.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    second.spines["right"].set_visible(True)
    second.spines["right"].set_color("#4a5560")


def _axis_label(axis: Axis) -> str:
    return f"{_math(axis.label)} ({pretty_unit(axis.unit)})" if axis.unit else _math(axis.label)


def _math(text: str) -> str:
    """Set names such as I_sse with an index: in Unicode where it has the letters, else as a formula (which is slow)."""
    return SYMBOL.sub(_indexed, text)


def _indexed(name: "re.Match[str]") -> str:
    letter, index = name.groups()
    if set(index) <= set(_INDICES):
        return letter + "".join(_INDICES[sign] for sign in index)
    return f"${letter}_{{\\mathrm{{{index}}}}}$"
