"""When not to believe: units that cannot be right, and a fit that describes nothing."""

import math
from typing import TYPE_CHECKING

import numpy as np

from neurorig.hardware import Neuron
from neurorig.hardware.rate import firing_rate
from neurorig.signals import ConfigError, show

from .chart import Chart
from .model import FREE, highest_block
from .problem import RARE, Problem

if TYPE_CHECKING:
    from .fit import ChartFit

FAR_CURRENT = 5.0
"""Factor between the currents of a chart and those of the board beyond which they are of another unit, or another board."""
FAR_RATE = 10.0
"""The same for rates."""
MISSED = 0.15
"""Part of the mean rate by which a fit may miss the rates (rms)."""
EXPLAINED = 0.5
"""Part of the standard deviation of the rates by which it may miss them: else a constant would do nearly as well."""
_OTHER_C = (0.5, 2.0, 1 / 3, 3.0, 0.2, 5.0, 0.1, 10.0)  # the likeliest first
LONG = 2e-3
"""s; the dead times of the calibrated devices are 0.1 to 0.7 ms (`hardware/devices.toml`)."""


def refuse_other_units(neuron: Neuron, chart: Chart) -> None:
    """Raise ConfigError for currents and rates that no device like this one could have."""
    firing, rates = chart.currents[chart.fires], chart.rates[chart.fires & np.isfinite(chart.rates)]
    if not len(rates):
        return
    low, high = neuron.i_min, neuron.i_max
    if firing[0] > FAR_CURRENT * high or firing[-1] < low / FAR_CURRENT or firing[-1] >= highest_block(neuron):
        raise ConfigError(
            f"{chart.name}: currents of {show(float(firing[0]), 'A')} to {show(float(firing[-1]), 'A')}; this neuron fires "
            f"from {show(low, 'A', 3)} to {show(high, 'A', 3)}: is the unit of column {chart.columns[0]} right, and the board?"
        )
    most = float(firing_rate(neuron, np.linspace(low, high, 200)).max())
    if np.median(rates) > FAR_RATE * most or rates.max() < most / FAR_RATE:
        raise ConfigError(
            f"{chart.name}: rates of {show(float(rates.min()), 'Hz')} to {show(float(rates.max()), 'Hz')}; this neuron fires "
            f"with up to {show(most, 'Hz', 3)}: is the unit of column {chart.columns[1]} right, and {_c_m(neuron)}?"
        )


def doubt(fit: "ChartFit", neuron: Neuron) -> str:
    """Why a fit of `neuron` describes nothing, with the likely reasons; empty if it does describe its chart."""
    missed, mean, deviation = _missed(fit)
    if missed <= min(MISSED * mean, EXPLAINED * deviation):
        return ""
    told = f"{fit.chart.name}: the fit misses the rates by {missed:.3g} Hz rms; their mean is {mean:.3g} Hz"
    if deviation < 0.02 * mean:
        told += f" and they hardly differ ({deviation:.2g} Hz), which no f(I) does"
    current, rate = fit.chart.columns
    suits = _c_that_suits(fit, neuron, missed)
    return (
        f"{told}. It describes nothing. {suits}Likely reasons: another board than that of these data, another C_m "
        f"({_c_m(neuron)}?), or a wrong column ({current} was read as the current, {rate} as the rate)."
    )


def odd_device(fit: "ChartFit", neuron: Neuron) -> list[str]:
    """What to ask when the chart is met only by a device unlike all others."""
    now, was, asked = fit.neuron.calibration, neuron.calibration, list[str]()
    ratio = (now.V_th - now.V_F) / (was.V_th - was.V_F)
    if not 0.6 < ratio < 1.0 / 0.6:
        asked.append(
            f"the chart wants {ratio:.2g} times the board's C (V_th - V_F), and V_th took it: {_c_m(neuron)}? --spike "
            "tells the two apart"
        )
    if now.dead_time > LONG >= was.dead_time:
        asked.append(
            f"a dead time of {show(now.dead_time, 's', 2)} is longer than any known device's: the rates are lower than the "
            f"C of the board allows: {_c_m(neuron)}?"
        )
    return asked


def _c_m(neuron: Neuron) -> str:
    return f"is C_m of the board {show(neuron.components.C_m, 'F')}"


def _missed(fit: "ChartFit") -> tuple[float, float, float]:
    """Residuals (Hz rms), mean and standard deviation of the rates, between the flanks if enough points lie there."""
    good = fit.used & ~fit.outliers
    core = good & fit.core
    counted = core if core.sum() >= 0.5 * good.sum() else good
    rates = fit.chart.rates[counted]
    return math.sqrt(float(np.mean(fit.residuals[counted] ** 2))), float(rates.mean()), float(rates.std())


def _c_that_suits(fit: "ChartFit", neuron: Neuron, missed: float) -> str:
    """Whether the rates would be met with another capacitance."""
    names = [name for name in FREE if name not in RARE]
    for factor in _OTHER_C:
        device = neuron.calibration.model_copy(update={"C": factor * neuron.calibration.C})
        problem = Problem.of(neuron.model_copy(update={"calibration": device}), fit.chart).solved(names)
        rest = float(np.median(np.abs(problem.model() - fit.chart.rates)[problem.used]))
        if rest < 0.25 * missed:
            farad = show(factor * neuron.components.C_m, "F", 2)
            return f"With the board's V_th and {factor:.2g} times the board's C_m, about {farad}, it would. "
    return ""
