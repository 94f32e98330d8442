"""`Stamps`: when something happened, as an instrument stamped it, whole units of its own clock."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Stamps:
    """Times of events since a start: `counts` (int64, shape (n,), in order) of `unit` seconds each; `lost` more are missing."""

    counts: NDArray[np.int64]
    unit: float
    lost: int = 0

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def times(self) -> NDArray[np.float64]:
        """Seconds since the start by that clock, shape (n,)."""
        return np.asarray(self.counts * self.unit, dtype=np.float64)
