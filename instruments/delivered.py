"""What a source really delivers where it is known not to be ideal: a table of commanded and delivered currents."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Delivered:
    """Commanded -> delivered current, linear between the points of the table and along its end segments beyond it."""

    commanded: tuple[float, ...] = (0.0, 1.0)
    delivered: tuple[float, ...] = (0.0, 1.0)

    @property
    def ideal(self) -> bool:
        """Whether the table says nothing but 'what is commanded is delivered'."""
        return self.commanded == self.delivered

    def __call__(self, amperes: ArrayLike) -> NDArray[np.float64]:
        """Delivered current for commanded `amperes` (any shape)."""
        x = np.asarray(amperes, float)
        xs, ys = np.array(self.commanded), np.array(self.delivered)
        inside = np.interp(x, xs, ys)
        below = ys[0] + (x - xs[0]) * (ys[1] - ys[0]) / (xs[1] - xs[0])
        above = ys[-1] + (x - xs[-1]) * (ys[-1] - ys[-2]) / (xs[-1] - xs[-2])
        return np.asarray(np.where(x < xs[0], below, np.where(x > xs[-1], above, inside)), dtype=np.float64)
