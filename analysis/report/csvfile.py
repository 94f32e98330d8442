"""One CSV per panel, as plotting programs like them: a row of names, a row of units, then the numbers as drawn."""

import csv
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .panel import Axis, Panel, Series


def write_csv(panel: Panel, x: Axis, path: Path) -> Path:
    """Write every series of `panel` with its own x column (series need not have the same length)."""
    columns = [column for series in panel.series for column in _columns(series, x, panel.y)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([name for name, _, _ in columns])
        writer.writerow([unit for _, unit, _ in columns])
        writer.writerows(zip_longest(*[[f"{v:.7g}" for v in values] for _, _, values in columns], fillvalue=""))
    return path


def _columns(series: Series, x: Axis, y: Axis) -> list[tuple[str, str, NDArray[np.float64]]]:
    across = (f"{x.label} ({series.name})", x.unit, series.x / x.one)
    match series.kind:
        case "raster":
            return [across]
        case "band":
            assert series.high is not None
            low, high = f"{series.name}, low", f"{series.name}, high"
            return [across, (low, y.unit, series.y / y.one), (high, y.unit, series.high / y.one)]
        case "step":
            return [across, (series.name, y.unit, np.append(series.y, series.y[-1:]) / y.one)]
        case _:
            return [across, (series.name, y.unit, series.y / y.one)]
