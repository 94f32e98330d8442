"""Simulated devices and their f-I charts, for the tests of the calibration."""

import math

import numpy as np

from neurorig.analysis.calibration import (
    Chart,
)
from neurorig.hardware import Neuron, load_board
from neurorig.hardware.devices import scaled
from neurorig.hardware.rate import firing_rate

BOARD = load_board("wu2025_neuron")
NEURON = BOARD.neurons["n1"]
CURRENT_ERROR, RATE_ERROR = 20e-9, 0.5


def with_device(neuron: Neuron, **changes: float) -> Neuron:
    return neuron.model_copy(update={"calibration": neuron.calibration.model_copy(update=changes)})


def another(neuron: Neuron, seed: int) -> Neuron:
    """A device of the same kind: currents differ by 15 %, the dead time by half."""
    rng = np.random.default_rng(seed)
    device = scaled(neuron.calibration, math.exp(0.15 * rng.standard_normal()), 1.0)
    device = device.model_copy(update={"dead_time": device.dead_time * rng.uniform(0.6, 1.6)})
    return neuron.model_copy(update={"calibration": device})


def measured(neuron: Neuron, seed: int, points: int = 16, noise: float = RATE_ERROR) -> Chart:
    """A chart of `points` firing currents, three silent ones below and two above, with noise on rates and currents."""
    rng = np.random.default_rng([seed, 1])
    low, high = neuron.i_min, neuron.i_max
    firing = np.linspace(1.01 * low, 0.99 * high, points)
    currents = np.concatenate([low * np.array([0.9, 0.96, 0.99]), firing, high * np.array([1.01, 1.05])])
    rates = firing_rate(neuron, currents + rng.normal(0.0, CURRENT_ERROR, len(currents)))
    rates = np.where(rates > 0.0, rates + rng.normal(0.0, noise, len(rates)), 0.0)
    return Chart.of("simulated", currents, rates, current_error=CURRENT_ERROR, rate_error=RATE_ERROR)


def truth(neuron: Neuron, name: str) -> float:
    value = float(getattr(neuron.calibration, name))
    return value * neuron.calibration.scale if name.startswith("I") else value
