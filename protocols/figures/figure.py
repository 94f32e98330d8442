"""What a figure shows, as numbers: curves, single values, and remarks on what they rest on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .basis import Basis

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve in SI units: `x` and `y` of shape (n,); mere events have no `y` (shape (0,))."""

    x_name: str
    x_unit: str
    x: Floats
    y_name: str
    y_unit: str
    y: Floats
    label: str = ""

    def __post_init__(self) -> None:
        for axis in ("x", "y"):
            object.__setattr__(self, axis, np.asarray(getattr(self, axis), dtype=np.float64))
        if self.x.ndim != 1 or self.y.shape not in {(0,), self.x.shape}:
            raise ValueError(f"{self.label or self.y_name}: x {self.x.shape} and y {self.y.shape} do not fit")

    def frame(self) -> "pd.DataFrame":
        """Columns named after quantity and SI unit, such as ``time_s`` and ``f_Hz``."""
        import pandas as pd  # heavy, and only tables need it

        table = pd.DataFrame({f"{self.x_name}_{self.x_unit}".rstrip("_"): self.x})
        if len(self.y):
            table[f"{self.y_name}_{self.y_unit}".rstrip("_")] = self.y
        return table


@dataclass(frozen=True)
class Value:
    """One number in the SI unit `unit`; `label` says in words what it is."""

    value: float
    unit: str
    label: str


@dataclass(frozen=True, eq=False)
class Figure:
    """Every quantity that one figure shows. A curve that was also digitised has the key of its file:

    `curves["f"]` of ``wu2025_fig11a`` has the axes of ``published("wu2025_fig11a_f")``. `basis` says what was fitted; it
    is empty for a board of one's own.
    """

    name: str
    title: str
    boards: tuple[str, ...]
    curves: Mapping[str, Curve]
    numbers: Mapping[str, Value] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    basis: Basis = field(default_factory=Basis)


def events(times: Floats, label: str, *, name: str = "time") -> Curve:
    """Moments (s), such as spike times, as a curve without ordinate."""
    return Curve(name, "s", times, "", "", np.empty(0), label)
