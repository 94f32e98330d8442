"""`calibrate`: a neuron of a board from what was measured of it: spikes first, then the f(I) chart."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from neurorig import __version__
from neurorig.analysis.measure import Measure
from neurorig.hardware import Neuron
from neurorig.hardware.devices import scaled
from neurorig.signals import ConfigError, Trace, show

from .chart import Chart
from .doubt import doubt, odd_device
from .fit import ChartFit, Parameter, fit_chart
from .spike import SpikeFit, fit_spike

HELD = {"C": "F", "V_F": "V", "r": "ohm", "V0": "V"}
"""What no chart tells, with its unit."""
MISSED = 3.0
"""Errors of a rate by which a fitted curve may miss the points before it has to be said."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """A calibrated neuron: every number with its interval, former value or reason, the fits, and what has to be said."""

    key: str
    neuron: Neuron
    parameters: tuple[Parameter, ...]
    fit: ChartFit
    spike: SpikeFit | None
    notes: tuple[str, ...]
    doubt: str = ""
    """Why the fit describes nothing; empty if it does describe the chart."""

    def source(self, digests: dict[str, str], *, now: datetime | None = None) -> str:
        """Provenance for the board file; `digests` are the SHA-256 of the files by name."""
        fit, date = self.fit, (now or datetime.now(UTC)).date()
        files = ", ".join(f"{name} (sha256 {text})" for name, text in digests.items())
        points = f"{int(fit.used.sum())} firing of {len(fit.chart)} points, {fit.rms:.2g} Hz rms"
        return f"neurorig {__version__} calibrate, {date}: {files or fit.chart.name}; {points}"


def calibrate(
    key: str, neuron: Neuron, chart: Chart, trace: Trace | None = None, *, bootstrap: int = 0, seed: int = 0
) -> Calibration:
    """Fit `neuron`, called `key`, to its chart and, if given, to a trace of its spikes.

    Raises ConfigError if there is too little to fit.
    """
    notes: list[str] = []
    spike = fit_spike(trace, neuron) if trace is not None else None
    begun, measured = (neuron, {}) if spike is None else _with_spike(neuron, spike, notes)
    fit = fit_chart(begun, chart, hold=["V_th"] if "V_th" in measured else [], bootstrap=bootstrap, seed=seed)
    fitted, parameters = fit.neuron, _with_former(fit.parameters, neuron)
    if spike is not None and spike.I_H.known:
        fitted, parameters = _with_opening(fit, parameters, spike.I_H, neuron, notes)
    if "V_th" in measured:
        parameters = [p for p in parameters if p.name != "V_th"] + [_aside("V_th", "V", neuron, measured)]
    told = [*parameters, *(_aside(name, unit, neuron, measured) for name, unit in HELD.items())]
    if fit.rms > MISSED * float(np.median(chart.rate_errors)):
        notes.append(
            f"the curve misses the points by {fit.rms:.2g} Hz rms, far more than their errors: look at the picture; "
            "with --spike threshold and capacitance are measured instead of held"
        )
    if count := int(fit.outliers.sum()):
        notes.append(f"{count} of {len(chart)} points lie more than 5 standard deviations off and hardly count")
    if math.isnan(chart.silent_below):
        notes.append("no silent point below the firing ones: I_off rests on the shape of the curve alone")
    if math.isnan(chart.silent_above):
        notes.append("no silent point above the firing ones: I_max rests on the shape of the curve alone")
    if fit.ripple:
        notes.append(
            f"the flanks are rounded as by a slow ripple of {fit.ripple:.1%} of the current; it belongs to how the "
            "chart was taken and is not part of the board"
        )
    notes += odd_device(fit, begun)
    doubtful = doubt(fit, begun)
    return Calibration(key, fitted, tuple(told), fit, spike, (*notes, *filter(None, [doubtful])), doubtful)


def _with_spike(neuron: Neuron, spike: SpikeFit, notes: list[str]) -> tuple[Neuron, dict[str, Measure]]:
    """The neuron with the threshold and the capacitance of its spikes; the leak keeps its shape."""
    device, measured = neuron.calibration, {"C": spike.C}
    if spike.V_th.known:
        measured["V_th"] = spike.V_th
        if spike.V_th.value <= device.V_F + 0.3:
            raise ConfigError(f"{neuron.title}: spikes of {show(spike.peak.value, 'V')} are too low for a threshold.")
        device = scaled(device, 1.0, (spike.V_th.value - device.V_F) / (device.V_th - device.V_F))
    else:
        notes.append(f"V_th is held: {spike.V_th.note}")
    if not spike.I_H.known:
        notes.append(f"I_H does not follow from the spikes: {spike.opening.note}")
    farad = spike.C.value * neuron.calibration.C / neuron.capacitance
    return neuron.model_copy(update={"calibration": device.model_copy(update={"C": farad})}), measured


def _with_opening(
    fit: ChartFit, parameters: list[Parameter], opening: Measure, board: Neuron, notes: list[str]
) -> tuple[Neuron, list[Parameter]]:
    """The thyristor opens where its spikes say, if that is not below where the chart says that it latches."""
    device = fit.neuron.calibration
    latch = next(p for p in fit.parameters if p.name in {"I_H", "I_max"})
    width = 1.96 * opening.error
    said = f"the spikes break off at {show(opening.value, 'A')} +- {show(width, 'A', 2)}"
    if abs(opening.value - latch.value) <= math.hypot(width, 0.5 * (latch.high - latch.low)):
        notes.append(f"{said}: that agrees with the chart")
        return fit.neuron, parameters
    if opening.value < latch.value:
        notes.append(
            f"{said}, below the I_max of the chart, {show(latch.value, 'A')}: a holding current that is lower while V_m "
            "falls. The model has one; that of the chart is kept"
        )
        return fit.neuron, parameters
    was = board.calibration.scale * board.calibration.I_H
    told = Parameter("I_H", "A", opening.value, opening.value - width, opening.value + width, was)
    renamed = [replace(p, name="I_max") if p.name == "I_H" else p for p in parameters]
    changed = device.model_copy(update={"I_H": opening.value, "I_max": latch.value})
    return fit.neuron.model_copy(update={"calibration": changed}), [*renamed, told]


def _with_former(parameters: tuple[Parameter, ...], board: Neuron) -> list[Parameter]:
    """The former values are those of the board, not of the neuron that the spikes have changed."""
    device = board.calibration
    return [replace(p, was=device.V1) if p.name == "V1" else p for p in parameters]


def _aside(name: str, unit: str, board: Neuron, measured: dict[str, Measure]) -> Parameter:
    """What the chart leaves alone: measured on the spikes, or held at the board's value."""
    was = float(getattr(board.calibration, name))
    if name not in measured:
        return Parameter(name, unit, was, was, was, was, "held: f(I) does not tell it")
    m = measured[name]
    value = m.value * board.calibration.C / board.capacitance if name == "C" else m.value
    width = 1.96 * m.error * value / m.value
    return Parameter(name, unit, value, value - width, value + width, was)
