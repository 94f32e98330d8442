"""A leg of a current source as a straight line: what it delivers against its converter's code.

Everything in steps of the converter, magnitudes: code 100 of a perfect leg delivers 100.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LegLine:
    """``delivered = gain * code + offset`` with standard errors; `residuals` (n,) are what it misses, in steps.

    `spread`: by how much the residuals exceed their own errors (rms of their ratio, at least 1); the errors hold it.
    """

    gain: float
    gain_error: float
    offset: float
    offset_error: float
    residuals: Floats
    spread: float

    @property
    def bend(self) -> float:
        """The largest residual (steps)."""
        return float(np.abs(self.residuals).max())


def leg_line(codes: Floats, delivered: Floats, errors: Floats) -> LegLine:
    """The straight line through points with standard `errors`, all arrays (n,), by weighted least squares.

    Residuals larger than their errors make the line's errors larger by as much. ValueError for fewer than three codes.
    """
    if len(np.unique(codes)) < 3:
        raise ValueError("a line with errors needs three codes")
    weights = 1 / errors**2
    centre = float(np.average(codes, weights=weights))
    away = codes - centre
    curvature = float((weights * away**2).sum())
    gain = float((weights * away * delivered).sum() / curvature)
    middle = float(np.average(delivered, weights=weights))
    residuals = delivered - middle - gain * away
    spread = max(1.0, float(np.sqrt((weights * residuals**2).sum() / (len(codes) - 2))))
    gain_error = spread / np.sqrt(curvature)
    offset_error = float(np.hypot(spread / np.sqrt(weights.sum()), centre * gain_error))
    return LegLine(gain, float(gain_error), middle - gain * centre, offset_error, residuals, spread)
