"""`fit_spike`: what the shape of spikes says of a neuron: threshold, capacitance, and where the thyristor opens.

V_ap jumps to (V_th - V_F) R_a / (R_a + r), decays with (R_a + r) C, and falls off where the thyristor lets go, at
I_H R_a (Wu 2025, Figs 2(b) and 4(a)).
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurorig.analysis.measure import Measure
from neurorig.analysis.shape import spike_decay
from neurorig.analysis.spikes import SpikeTrain, detect
from neurorig.hardware import Neuron
from neurorig.signals import ConfigError, Trace, show

from .table import Floats, Table

COARSE = 0.2
"""Sampling intervals longer than this part of the decay leave the peak too uncertain."""
_DROP = 0.2
"""Part of V_ap by which it falls faster than its decay, within one sample, when the thyristor opens."""
_FULL_SCALE = 2**15 - 1


@dataclass(frozen=True)
class SpikeFit:
    """Numbers of the device from its spikes, SI; each may be missing, with the reason in its note."""

    spikes: int
    peak: Measure
    tau: Measure
    opening: Measure
    V_th: Measure
    C: Measure
    I_H: Measure


def fit_spike(trace: Trace, neuron: Neuron) -> SpikeFit:
    """Measure V_ap in `trace` and give V_th, C and I_H of the device, with V_F, r and R_a of `neuron`.

    The peak is the first sample after the jump, half a sample of decay later on average. Raises ConfigError if there
    is no spike, or if the sampling is too coarse for its shape.
    """
    train = detect(trace)
    if len(train) == 0:
        raise ConfigError(f"{trace.name}: no spike of V_ap, which is at least 0.3 V high, is in this trace.")
    tau = spike_decay(trace, train)
    if not tau.known or trace.dt > COARSE * tau.value:
        why = tau.note if not tau.known else f"it decays with {show(tau.value, 's')}"
        raise ConfigError(
            f"{trace.name}: {show(trace.dt, 's')} between samples is too coarse for the shape of a spike ({why}); "
            f"sample at least every {show(COARSE * neuron.tau_a, 's')}."
        )
    r_a, ohms = neuron.components.R_a, neuron.on_resistance
    peak, opening = _peak(trace, train, tau.value), _opening(trace, train, tau.value)
    threshold = Measure(neuron.calibration.V_F + peak.value * ohms / r_a, peak.error * ohms / r_a, "V")
    if neuron.calibration.fire_delay > 0.0:
        threshold = Measure.missing("V", "V_m rises on during the fire delay: the peak is not that of the threshold")
    return SpikeFit(
        spikes=len(train), peak=peak, tau=tau, opening=opening, V_th=threshold,
        C=Measure(tau.value / ohms, tau.error / ohms, "F"),
        I_H=Measure(opening.value / r_a, opening.error / r_a, "A", opening.note),
    )  # fmt: skip


def read_spikes(path: Path) -> Trace:
    """Read V_ap from a CSV file with a time column (such as ``t_us``) and a voltage column (such as ``V_ap_V``).

    Raises ConfigError naming the file and the line, also for times that are not equally spaced.
    """
    table = Table.read(path)
    times, volts = table.column("s", "a time such as t_us"), table.column("V", "a voltage such as V_ap_V")
    if len(times) < 20:
        raise ConfigError(f"{path}: {len(times)} samples are no spike.")
    dt = float(times[-1] - times[0]) / (len(times) - 1)
    uneven = np.flatnonzero(np.abs(np.diff(times) - dt) > 0.05 * abs(dt))
    if dt <= 0.0 or len(uneven):
        line = table.lines[int(uneven[0]) + 1] if len(uneven) else table.lines[1]
        raise ConfigError(f"{path}, line {line}: the times are not equally spaced and increasing.")
    scale = float(np.abs(volts).max()) / _FULL_SCALE or 1.0
    return Trace(path.name, np.round(volts / scale).astype(np.int16), scale, 0.0, "V", float(times[0]), dt, scale / 2)


def _peak(trace: Trace, train: SpikeTrain, tau: float) -> Measure:
    """Height right after the jump: each highest sample lies between none and one interval behind it."""
    heights = train.peaks * math.exp(0.5 * trace.dt / tau)
    late = trace.dt / tau / math.sqrt(12) * float(heights.mean())
    error = math.hypot(late, trace.error) / math.sqrt(len(heights))
    return Measure(float(heights.mean()), error, "V", f"over {len(heights)} spikes")


def _opening(trace: Trace, train: SpikeTrain, tau: float) -> Measure:
    """Height at which V_ap begins to fall faster than it decays: between two samples, so half of the last step lower."""
    found = [level for time in train.times if (level := _falls_off(trace, float(time), tau)) is not None]
    if len(found) < max(1, len(train) // 2):
        return Measure.missing("V", "V_ap nowhere falls off faster than it decays")
    levels = np.array(found)
    scatter = float(levels.std(ddof=1)) if len(levels) > 1 else 0.0
    between = trace.dt / tau / math.sqrt(12) * float(levels.mean())
    # Noise makes the fall seem to begin a little early or late, for every spike alike.
    noise = 1.4826 * float(np.median(np.abs(np.diff(trace.samples.astype(np.float64))))) / math.sqrt(2) * trace.scale
    error = math.hypot(math.hypot(scatter, between) / math.sqrt(len(levels)), 0.5 * noise)
    return Measure(float(np.median(levels)), error, "V", f"over {len(levels)} spikes")


def _falls_off(trace: Trace, fired: float, tau: float) -> float | None:
    part = trace.between(fired, fired + 6 * tau)
    volts: Floats = part.values
    if part.duration < 5 * tau:
        return None
    before = max(1, round(0.2 * tau / trace.dt))
    low = volts < 0.4 * volts.max()
    kept = volts[:-1] * math.exp(-trace.dt / tau)
    drops = np.flatnonzero(low[:-1] & (kept - volts[1:] > np.maximum(_DROP * volts[:-1], 4 * trace.error)))
    if len(drops) == 0 or drops[0] < before:
        return None
    at = int(drops[0])
    return float(volts[at] - 0.5 * (volts[at - before] - volts[at]) / before)
