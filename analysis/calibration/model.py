"""What of a neuron an f(I) chart can determine, as coordinates in which a fit is at ease.

Currents are logarithms; the corner (V1, I1) of the leak is given by its share of the way to the next corner, so that no
step of a fit can leave the allowed order; the dead time is in ms; V_th - V_F is the logarithm of its ratio to the board's.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from neurorig.hardware import Neuron
from neurorig.hardware.parts import NeuronCalibration

from .table import Floats

FREE = ("I_off", "I_max", "V1", "I1", "dead_time", "V_th", "ripple")

UNITS = {"I_off": "A", "I_max": "A", "V1": "V", "I1": "A", "dead_time": "s", "V_th": "V", "ripple": ""}

SPREAD = {"I_off": 10e-6, "I_max": 20e-6, "V1": 0.5, "I1": 15e-6, "dead_time": 0.5e-3, "V_th": 0.6, "ripple": 0.05}
"""How far apart (SI) the calibrated devices of the papers lie: what a chart knows less precisely than that, it does not
know."""

Coordinates = Mapping[str, float]

_LOWEST, _HIGHEST = 0.3, 1.8
_LIMITS = {
    "V1": (0.02, 0.995), "I1": (0.02, 0.995), "dead_time": (0.0, 5.0), "ripple": (0.0, 0.1),
    "V_th": (math.log(_LOWEST), math.log(_HIGHEST)),
}  # fmt: skip


def limits(neuron: Neuron, begin: Coordinates) -> dict[str, tuple[float, float]]:
    """Where each coordinate may go: thresholds not far from where they begin, and I_H below what V_th can hold."""
    i_max = (begin["I_max"] - 0.5, min(begin["I_max"] + 0.5, math.log(highest_block(neuron))))
    return _LIMITS | {"I_off": (begin["I_off"] - 0.5, begin["I_off"] + 0.5), "I_max": i_max}


def highest_block(neuron: Neuron) -> float:
    """Highest current (A) that may end the firing: the thyristor has to open below the lowest threshold of a fit."""
    device = neuron.calibration
    return 0.95 * _LOWEST * (device.V_th - device.V_F) / neuron.on_resistance


def block_name(neuron: Neuron) -> str:
    """The parameter that ends the firing at high currents: `I_max` where the board gives one, else `I_H`."""
    return "I_H" if neuron.calibration.I_max is None else "I_max"


def coordinates(neuron: Neuron) -> dict[str, float]:
    """Those of a neuron as it stands, without ripple."""
    leak = neuron.calibration.leak
    (v_0, _), (v_1, i_1), (v_next, i_next) = leak[:3]
    return {
        "I_off": math.log(leak[-1][1]),
        "I_max": math.log(neuron.i_max),
        "V1": (v_1 - v_0) / (v_next - v_0),
        "I1": i_1 / i_next,
        "dead_time": 1e3 * neuron.calibration.dead_time,
        "V_th": 0.0,
        "ripple": 0.0,
    }


def physical(neuron: Neuron, at: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters themselves, SI; `at` holds floats, or arrays of one shape."""
    device = neuron.calibration
    i_off = np.exp(at["I_off"])
    v_th = device.V_F + (device.V_th - device.V_F) * np.exp(at["V_th"])
    v_next = v_th if device.V2 is None else _moved(device, device.V2, v_th)
    i_next = i_off if device.I2 is None else device.I2 / device.I_off * i_off
    return {
        "I_off": i_off,
        "I_max": np.exp(at["I_max"]),
        "V1": device.V0 + (v_next - device.V0) * at["V1"],
        "I1": i_next * at["I1"],
        "dead_time": 1e-3 * at["dead_time"],
        "V_th": v_th,
        "ripple": at["ripple"],
    }


def _moved(device: NeuronCalibration, corner: float, v_th: Any) -> Any:
    """A corner of the leak where it keeps its share of the way from V0 to threshold."""
    return device.V0 + (corner - device.V0) * (v_th - device.V0) / (device.V_th - device.V0)


def neuron_at(neuron: Neuron, at: Coordinates) -> Neuron:
    """The neuron with these coordinates, its scale 1; the corner (V2, I2) keeps its share of V_th and I_off.

    Not validated: this is the inner loop of a fit.
    """
    device = neuron.calibration
    values = {name: float(value) for name, value in physical(neuron, at).items() if name != "ripple"}
    block = values.pop("I_max")
    entries: dict[str, float | None] = {"scale": 1.0, **values}
    if device.V2 is not None and device.I2 is not None:
        entries["V2"] = _moved(device, device.V2, values["V_th"])
        entries["I2"] = device.I2 / device.I_off * values["I_off"]
    if device.I_max is None:
        entries["I_H"] = block
    else:  # the thyristor opens where it did; only where it latches is in question
        entries |= {"I_H": device.scale * device.I_H, "I_max": block}
    if device.I_H_dyn is not None:
        entries["I_H_dyn"] = device.scale * device.I_H_dyn
    return neuron.model_copy(update={"calibration": device.model_copy(update=entries)})


def drawn(
    at: Coordinates, free: tuple[str, ...], spread: Floats, within: Mapping[str, tuple[float, float]], *,
    count: int, seed: int,
) -> dict[str, Floats]:  # fmt: skip
    """Coordinates drawn from a normal distribution of the free ones, within their limits: shape (count,) each.

    `spread` is a square root of their covariance.
    """
    mean = np.array([at[name] for name in free])
    cloud = mean + np.random.default_rng(seed).standard_normal((count, len(free))) @ spread.T
    columns = {name: np.clip(cloud[:, k], *within[name]) for k, name in enumerate(free)}
    return {name: columns.get(name, np.full(count, value)) for name, value in at.items()}
