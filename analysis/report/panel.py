"""`Panel`, `Figure`: a picture as data. Everything is in SI units; an `Axis` says in which unit it is drawn."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import Trace

_PREFIXES = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6}
_PLAIN = {"Hz", "ohm"}

Kind = Literal["line", "step", "points", "raster", "band"]
Colour = Literal["published", "ink", "blue", "red", "green", "orange", "purple"]


@dataclass(frozen=True)
class Axis:
    """A label, the unit that is drawn ("uA", "ms", "Hz", "" for a plain number), and limits in SI units.

    `scale` is the SI value that is drawn as one; it follows from the unit unless it is given (such as I_min for
    I/I_min).
    """

    label: str
    unit: str
    limits: tuple[float, float] | None = None
    scale: float | None = None

    @property
    def one(self) -> float:
        """SI value of one on the axis."""
        if self.scale is not None:
            return self.scale
        return _PREFIXES[self.unit[0]] if len(self.unit) > 1 and self.unit not in _PLAIN else 1.0


@dataclass(frozen=True, eq=False)
class Series:
    """One thing to draw, in SI units.

    `x`, shape (n,), increasing. `y`, shape (n,): values of a line, points, or levels of a step that hold from x[k] to
    x[k+1]. A band lies between `y` and `high`, shape (n,). A raster marks its `x` between the two values of `y`,
    shape (2,).
    """

    name: str
    kind: Kind
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    high: NDArray[np.float64] | None = None
    colour: Colour = "ink"
    width: float = 1.3
    dashed: bool = False
    faint: bool = False
    legend: bool = True


@dataclass(frozen=True)
class Line:
    """A horizontal reference line at `value` (SI) with its name written on it."""

    value: float
    name: str
    colour: Colour = "ink"


@dataclass(frozen=True)
class Span:
    """A stretch of the x axis shaded over all panels, such as a kick."""

    start: float
    stop: float
    name: str
    colour: Colour = "orange"


@dataclass(frozen=True, eq=False)
class Panel:
    """One set of axes. `name` makes the file name of its CSV; `right` is a second scale of y; `height` is relative.

    `rows` names what is drawn in rows (between 0 and 1, 1 and 2, ..., from below) instead of a scale of y and a legend.
    """

    name: str
    y: Axis
    series: tuple[Series, ...]
    title: str = ""
    lines: tuple[Line, ...] = ()
    right: Axis | None = None
    height: float = 1.0
    notes: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Figure:
    """Panels above each other over one x axis; `name` makes the file names, `width` and `height` are in inches."""

    name: str
    title: str
    caption: str
    x: Axis
    panels: tuple[Panel, ...]
    spans: tuple[Span, ...] = ()
    width: float = 8.0
    height: float = 7.0


def envelope(trace: Trace, start: float, stop: float, columns: int = 900) -> Series:
    """Lowest and highest value of `trace` in each of `columns` equal stretches: what a screen shows of it."""
    part = trace.between(start, stop)
    size = max(1, len(part) // columns)
    n = len(part) // size
    blocks = part.samples[: n * size].reshape(n, size)
    low = blocks.min(axis=1) * part.scale + part.offset if n else np.empty(0)
    high = blocks.max(axis=1) * part.scale + part.offset if n else np.empty(0)
    x = part.t0 + part.dt * size * (np.arange(n, dtype=np.float64) + 0.5)
    return Series(trace.name, "band", x, low, high)
