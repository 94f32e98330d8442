"""Transistors of the ALD1105 (two complementary pairs): the level-1 model that the driver circuits and ngspice share.

Parameters: values measured in the teaching laboratory of Utah State University, published on its course pages.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Mosfet(NamedTuple):
    """A level-1 (Shichman-Hodges) transistor, with voltages taken as positive for both polarities.

    `k_p`: transconductance parameter, A/V^2, for W/L = 1. `v_to`: threshold, V. `channel`: channel-length modulation
    lambda, 1/V.
    """

    polarity: str
    k_p: float
    v_to: float
    channel: float

    def current(self, v_gs: Floats | float, v_ds: Floats | float) -> Floats:
        """Drain current (A) at gate-source and drain-source voltages (V); 0 below the threshold and for v_ds < 0."""
        over = np.maximum(np.asarray(v_gs) - self.v_to, 0.0)
        v_ds = np.maximum(v_ds, 0.0)
        linear = np.minimum(v_ds, over)  # beyond `over` the channel is pinched off
        return np.asarray(self.k_p * (over - linear / 2) * linear * (1 + self.channel * v_ds), dtype=float)

    @property
    def model(self) -> str:
        """Parameters of its SPICE .model line."""
        sign = 1 if self.polarity == "nmos" else -1
        return f"{self.polarity} (level=1 kp={self.k_p:g} vto={sign * self.v_to:g} lambda={self.channel:g})"


N = Mosfet("nmos", 0.70e-3, 0.75, 0.042)
P = Mosfet("pmos", 0.19e-3, 0.74, 0.017)
