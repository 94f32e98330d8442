"""`published("wu2025_fig9a_f")`: a digitised curve in SI units, with what its file says of source and reading error."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import RecordError, nearest

if TYPE_CHECKING:
    import pandas as pd

_SUFFIXES = {
    "s": ("s", 1.0), "ms": ("s", 1e-3), "Hz": ("Hz", 1.0), "V": ("V", 1.0), "mV": ("V", 1e-3), "uA": ("A", 1e-6),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve read from a published figure: `x` and `y` in SI units, shape (n,); mere events have no `y` (shape (0,)).

    `more` holds further columns by name, such as the lower edge of an envelope or the spikes of each burst.

    `error` is the reading error as stated with the data. `offset` is what the printed `y` reads where the true value
    is zero; `y` is as printed, `y - offset` is the quantity.
    """

    name: str
    source: str
    figure: str
    quantity: str
    kind: str
    error: str
    calibration: str
    offset: float
    x_name: str
    x_unit: str
    x: NDArray[np.float64]
    y_name: str
    y_unit: str
    y: NDArray[np.float64]
    more: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def frame(self) -> "pd.DataFrame":
        """Columns named after the quantity and the SI unit, such as ``time_s`` and ``f_Hz``; the rest in ``attrs``."""
        import pandas as pd  # heavy, and only tables need it

        table = pd.DataFrame({f"{self.x_name}_{self.x_unit}": self.x})
        if len(self.y):
            table[f"{self.y_name}_{self.y_unit}"] = self.y
        table.attrs = {k: getattr(self, k) for k in ("name", "source", "figure", "quantity", "kind", "error")}
        return table


def list_published() -> list[str]:
    """Names of all curves, sorted."""
    return sorted(f.name[:-4] for f in resources.files(__package__).iterdir() if f.name.endswith(".csv"))


@functools.cache
def published(name: str) -> Curve:
    """Read a published curve by name. Raises RecordError, with the nearest name, if there is none."""
    if name not in list_published():
        raise RecordError(f"There is no published curve '{name}'.{nearest(name, list_published())}")
    lines = resources.files(__package__).joinpath(f"{name}.csv").read_text(encoding="utf-8").splitlines()
    said = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    columns, *rows = [line for line in lines if line and not line.startswith("#")]
    table = np.array([row.split(",") for row in rows], dtype=np.float64)
    (x_name, x_unit, x), *rest = [_column(c, table[:, k]) for k, c in enumerate(columns.split(","))]
    y_name, y_unit, y = rest[0] if rest else ("", "", np.empty(0))
    offset = float(said.get(f"reading offset in {y_unit}", "0").split()[0])
    return Curve(
        name=name,
        source=said["source"],
        figure=said["figure"],
        quantity=said["quantity"],
        kind=said["kind"],
        error=said["digitization error"],
        calibration=said["calibration"],
        offset=offset,
        x_name=x_name,
        x_unit=x_unit,
        x=x,
        y_name=y_name,
        y_unit=y_unit,
        y=y,
        more=MappingProxyType({name: values for name, _, values in rest[1:]}),
    )


def _column(heading: str, values: NDArray[np.float64]) -> tuple[str, str, NDArray[np.float64]]:
    """Name, SI unit and SI values of a column; a heading that ends in no unit is a plain number."""
    name, _, suffix = heading.rpartition("_")
    if suffix not in _SUFFIXES:
        return heading, "", values
    unit, factor = _SUFFIXES[suffix]
    return name, unit, values * factor
