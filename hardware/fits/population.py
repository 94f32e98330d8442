"""The median device of the measured population and how devices differ from it.

Measured by H. Du on 35 devices P0118MA with R_m = 680 kohm, R_a = 2.2 kohm, C_m = 0.1 uF (public repository
haoran215/Brain2Simulator, MIT): peak of V_ap 1.73 +- 0.56 V (mean, sd), I_max 77.4 +- 16.8 uA, I_min with median 33 uA,
highest rate with median 245 Hz. A two-transistor model of the median device has I_min 33.4 uA, V_th 2.60 V, I_max
79.1 uA and a peak of 1.90 V.

What the table of the median device lacks is taken from device M, the only one whose f(I) was published point by point:
the shape of its leak, its dead time and its capacitance. The highest rate is then a prediction. Spreads and medians
follow from mean and sd of a lognormal distribution. Run: ``python -m neurorig.hardware.fits.population``
"""

import math

import numpy as np

from neurorig.hardware.devices import Device, load_device
from neurorig.hardware.parts import NeuronComponents
from neurorig.hardware.rate import firing_rate

V_TH, PEAK, I_MIN, I_MAX = 2.60, 1.90, 33.4e-6, 79.1e-6
"""The median device, V and A."""
PEAKS, I_MAXIMA = (1.73, 0.56), (77.4e-6, 16.8e-6)
"""Mean and sd of the population, V and A."""


def median_device() -> Device:
    """The median device as a set of its own."""
    shape = load_device("M").calibration
    components = NeuronComponents(C_m=0.1e-6, R_m=680e3, R_a=2.2e3)
    stretch = (V_TH - shape.V0) / (shape.V_th - shape.V0)
    calibration = shape.model_copy(
        update={
            "V_F": round(V_TH - PEAK * (components.R_a + shape.r) / components.R_a, 4),
            "V1": round(shape.V0 + stretch * (shape.V1 - shape.V0), 4),
            "I1": round(shape.I1 / shape.I_off * I_MIN, 9),
            "V_th": V_TH,
            "I_off": I_MIN,
            "I_H": I_MAX,
        }
    )
    return Device(title="median", components=components, calibration=calibration)


def spreads() -> dict[str, float]:
    """Medians relative to the median device, and standard deviations of the logarithm."""
    (peak, peak_sd), (i_max, i_max_sd) = _lognormal(*PEAKS), _lognormal(*I_MAXIMA)
    found = {
        "current_median": i_max / I_MAX,
        "current_sd": i_max_sd,
        "voltage_median": peak / PEAK,
        "voltage_sd": peak_sd,
    }
    return {name: round(value, 4) for name, value in found.items()}


def highest_rate(device: Device) -> float:
    """Highest firing rate (Hz) over all currents."""
    i_min, i_max = device.neuron.i_min, device.neuron.i_max
    return float(firing_rate(device.neuron, np.linspace(i_min, i_max, 2000)).max())


def _lognormal(mean: float, sd: float) -> tuple[float, float]:
    """Median and standard deviation of the logarithm."""
    variance = math.log(1.0 + (sd / mean) ** 2)
    return mean * math.exp(-variance / 2), math.sqrt(variance)


if __name__ == "__main__":
    device = median_device()
    for name in ("V1", "I1", "V_th", "I_off", "V_F", "I_H", "dead_time", "C"):
        print(f"{name:10s} {getattr(device.calibration, name):.6g}")
    print(f"predicted highest rate {highest_rate(device):.1f} Hz, measured median 245 Hz")
    for name, value in spreads().items():
        print(f"{name:15s} {value}")
