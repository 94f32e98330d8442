"""The steady firing rate of a neuron and the shape of its spike in closed form, for any number of currents at once.

One period under a constant current: the membrane charges through the straight pieces of the leak up to threshold, waits
the fire delay, discharges through R_a until the thyristor opens, and stays still for the dead time. These are the
twin's own equations, so the two agree to rounding; fits, predictions and population draws need no trajectory.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurorig.signals import ConfigError

from .parts import Neuron

Floats = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)


def firing_range(neuron: Neuron) -> tuple[float, float]:
    """Currents (A) between which a neuron that fires goes on firing: above the first, below the second.

    A silent one needs `neuron.i_min`, which is higher when there is hysteresis: it falls silent where the membrane
    charges with less than `quiescence`, or, if `silence` is given, for longer than that.
    """
    device = neuron.calibration
    if device.silence is not None and device.hysteresis > 0.0:
        return _charging_within(neuron, device.silence), neuron.i_max
    return device.scale * device.I_off + min(device.hysteresis, device.quiescence), neuron.i_max


def firing_rate(neuron: Neuron, currents: ArrayLike, *, ripple: float = 0.0) -> Floats:
    """Rate (Hz) under each of the constant `currents` (A), any shape: 0 outside `firing_range`.

    With `ripple`, the mean over a slow sinusoidal modulation I (1 + ripple sin phi) of the current, much slower than a
    period: that is how charts that were read by hand round off their steep flanks (Wu 2025, Figs 6, 9, 11).
    Raises ConfigError for a bursting neuron (`C_L`, `memory`), which has no single period, for a thyristor that would
    open above its own threshold, and for a ripple outside 0 to 1.
    """
    if not 0.0 <= ripple < 1.0:
        raise ConfigError(f"a ripple of {ripple} is none: it is a fraction of the current, from 0 to below 1.")
    amperes = np.asarray(currents, dtype=np.float64)
    if ripple == 0.0:
        return _steady_rate(neuron, amperes)
    # Only the phases at which it fires count, so that the integrand is smooth and a few nodes are enough.
    low, high = firing_range(neuron)
    with np.errstate(divide="ignore", invalid="ignore"):
        start, stop = (np.arcsin(np.clip((edge / amperes - 1.0) / ripple, -1.0, 1.0)) for edge in (low, high))
    # Squared nodes crowd at both ends, where the rate begins with an infinite slope.
    half = (stop - start)[..., None] / 2
    phases = start[..., None] + half * (1.0 + np.sin(np.pi / 2 * _NODES))
    weights = _WEIGHTS * np.pi / 2 * np.cos(np.pi / 2 * _NODES)
    rates = _steady_rate(neuron, amperes[..., None] * (1.0 + ripple * np.sin(phases)))
    mean: Floats = np.where(amperes > 0.0, (rates * weights * half).sum(axis=-1) / np.pi, 0.0)
    return mean


@dataclass(frozen=True)
class SpikeShape:
    """One spike under a constant current, SI units.

    V_ap jumps to `peak` when V_m reaches `v_fire`, and decays with `tau` towards `floor` = R_a I, until at `opening` the
    thyristor opens: `duration` after the jump, with V_m at `v_open`. During the dead time that follows it is `floor`.
    """

    v_fire: float
    v_open: float
    peak: float
    opening: float
    floor: float
    tau: float
    duration: float

    def width(self, level: float) -> float:
        """How long (s) V_ap is above `level` (V)."""
        if level <= self.opening:
            return self.duration
        return 0.0 if level >= self.peak else self.tau * math.log((self.peak - self.floor) / (level - self.floor))

    @property
    def fwhm(self) -> float:
        """Width (s) at half the peak."""
        return self.width(self.peak / 2)


def spike_shape(neuron: Neuron, current: float) -> SpikeShape:
    """The spikes of `neuron` while it fires steadily with `current` (A).

    Raises ConfigError as `firing_rate`, and for a current with which it does not fire.
    """
    low, high = firing_range(neuron)
    if not low < current < high:
        raise ConfigError(f"with {current:.4g} A this neuron does not fire: it needs {low:.4g} to {high:.4g} A.")
    amperes = np.asarray(current)
    v_fire, v_open = float(_v_fire(neuron, amperes)), _v_open(neuron)
    r_a, share = neuron.components.R_a, neuron.components.R_a / neuron.on_resistance
    return SpikeShape(
        v_fire=v_fire,
        v_open=v_open,
        peak=(v_fire - neuron.calibration.V_F) * share,
        opening=neuron.opening,
        floor=r_a * current,
        tau=neuron.tau_a,
        duration=float(_time_on(neuron, amperes)),
    )


def _steady_rate(neuron: Neuron, amperes: Floats) -> Floats:
    _refuse_without_period(neuron)
    low, high = firing_range(neuron)
    fires = (amperes > low) & (amperes < high)
    rates = np.zeros(amperes.shape)
    current = amperes[fires]
    delays = neuron.calibration.fire_delay + neuron.calibration.dead_time
    charging = _time_charging(neuron, current, _extra_threshold(neuron, current))
    rates[fires] = 1.0 / (charging + _time_on(neuron, current) + delays)
    return rates


def _refuse_without_period(neuron: Neuron) -> None:
    if neuron.components.C_L is not None or neuron.calibration.memory > 0.0:
        raise ConfigError(f"{neuron.title}: a bursting neuron (C_L, memory) has no closed-form rate; run the twin.")
    if _v_open(neuron) >= neuron.calibration.V_th:
        raise ConfigError(
            f"{neuron.title}: the thyristor would open at V_m = {_v_open(neuron):.3g} V, "
            f"above its threshold V_th = {neuron.calibration.V_th:.3g} V: check I_H and R_a."
        )


def _v_open(neuron: Neuron) -> float:
    """V_m where the thyristor opens."""
    device = neuron.calibration
    return device.V_F + device.scale * device.I_H * neuron.on_resistance


def _charging_within(neuron: Neuron, silence: float) -> float:
    """Lowest current (A) with which threshold is reached in `silence` (s), or else with all of the hysteresis."""
    from scipy.optimize import brentq  # only few neurons ask for it

    i_off = neuron.calibration.scale * neuron.calibration.I_off
    most = i_off + neuron.calibration.hysteresis

    def late(current: float) -> float:
        return float(_time_charging(neuron, np.asarray(current))) - silence

    least = math.nextafter(i_off, math.inf)
    if late(least) <= 0.0:
        return i_off
    return most if late(most) > 0.0 else float(brentq(late, least, most, xtol=1e-20, rtol=1e-14))


def _extra_threshold(neuron: Neuron, current: Floats) -> Floats:
    """By how much the threshold of a membrane is raised that charges too slowly (quiescence hysteresis), V."""
    device = neuron.calibration
    (v_a, i_a), (v_th, i_off) = device.leak[-2:]
    if device.hysteresis == 0.0:
        return np.zeros(current.shape)
    return np.where(_falls_silent(neuron, current), device.hysteresis * (v_th - v_a) / (i_off - i_a), 0.0)


def _falls_silent(neuron: Neuron, current: Floats) -> NDArray[np.bool_]:
    """Under which currents the hysteresis sets in between two spikes."""
    device = neuron.calibration
    if device.silence is None:
        quiet: NDArray[np.bool_] = current - device.scale * device.I_off <= device.quiescence
        return quiet
    late: NDArray[np.bool_] = _time_charging(neuron, current) > device.silence
    return late


def _v_fire(neuron: Neuron, current: Floats) -> Floats:
    """V_m at the moment of firing: it rises on during the fire delay, against the leak at threshold."""
    device = neuron.calibration
    rise = (current - device.scale * device.I_off) * device.fire_delay / neuron.capacitance
    return device.V_th + _extra_threshold(neuron, current) + rise


def _time_charging(neuron: Neuron, current: Floats, extra: Floats | float = 0.0) -> Floats:
    """From the end of the dead time to a threshold that is raised by `extra` (V), s."""
    v = _v_open(neuron)
    corners = neuron.calibration.leak
    total = np.full(current.shape, max(0.0, corners[0][0] - v)) / current
    for (v_a, i_a), (v_b, i_b) in pairwise(corners):
        slope = (i_b - i_a) / (v_b - v_a)
        above = extra if (v_b, i_b) == corners[-1] else 0.0  # the last piece goes on to the raised threshold
        rise = np.maximum(v_b + above - max(v_a, v), 0.0)
        total += np.log1p(slope * rise / (current - i_b - slope * above)) / slope
    return neuron.capacitance * total


def _time_on(neuron: Neuron, current: Floats) -> Floats:
    """From firing to the opening of the thyristor, s."""
    towards = neuron.calibration.V_F + neuron.on_resistance * current
    time: Floats = neuron.tau_a * np.log((_v_fire(neuron, current) - towards) / (_v_open(neuron) - towards))
    return time
