"""Make the two CSV files of this folder on the twin: simulated, not measured. Run: python make.py

The device is `med` (median of 35 measured ones), 8 % stronger in all currents, on the board wu2025_neuron; the rates have
0.4 Hz of noise and one of them is a misreading.
"""

from pathlib import Path

import numpy as np

from neurorig.hardware import load_board
from neurorig.hardware.devices import load_device, scaled, with_devices
from neurorig.hardware.twin import Twin

HERE = Path(__file__).parent
MICROAMPERES = [30, 33, 35.5, 36.5, 37.5, 39, 41, 44, 47, 50, 54, 58, 62, 66, 70, 74, 78, 81, 83.5, 85, 86.5, 90]
LABEL = "# simulated on the twin by examples/calibration/make.py, not measured"

median = load_device("med")
device = median.model_copy(update={"calibration": scaled(median.calibration, current=1.08, voltage=1.0)})
board = with_devices(load_board("wu2025_neuron"), {"n1": device})


def rate(microamperes: float) -> float:
    """Spikes in the last two of three seconds, per second, from whole intervals."""
    twin = Twin(board)
    twin.drive("n1.i0", 1e-6 * microamperes)
    twin.advance(3.0)
    spikes = twin.spikes("n1", 1.0)
    return (len(spikes) - 1) / (spikes[-1] - spikes[0]) if len(spikes) > 1 else 0.0


rng = np.random.default_rng(2025)
rates = np.array([rate(i) for i in MICROAMPERES])
rates = np.where(rates > 0, rates + rng.normal(0.0, 0.4, len(rates)), 0.0)
rates[11] += 25.0  # a misreading
rows = [f"{i},{f:.1f}" for i, f in zip(MICROAMPERES, rates, strict=True)]
(HERE / "fi.csv").write_text("\n".join([LABEL, "I_uA,f_Hz", *rows]) + "\n", encoding="utf-8")

twin = Twin(board)
twin.drive("n1.i0", 60e-6)
twin.advance(0.2)
start = twin.spikes("n1")[-4] - 0.5e-3
times = 8e-6 * np.arange(2000)
volts = twin.sample("n1.v_ap", start, 8e-6, len(times)) + rng.normal(0.0, 0.004, len(times))
rows = [f"{1e6 * t:.0f},{v:.4f}" for t, v in zip(times, volts, strict=True)]
(HERE / "spikes.csv").write_text("\n".join([LABEL + "; 60 uA", "t_us,V_ap_V", *rows]) + "\n", encoding="utf-8")
