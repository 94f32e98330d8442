"""The neurons of the digitised f(I) charts again, by `neurorig calibrate`'s own code: how close it comes to the sets.

The sets A, B, C and M of `devices.toml` come from an earlier fit of the same charts with another program; the boards
keep its numbers. Here each chart is fitted anew from the shape of another device, with C, V_th, V_F and r held at those
of the set, because f(I) does not tell them, and the reading errors as stated with each curve. Printed: every parameter
with its 95 % interval beside the set's, and the rms of both between the flanks.

Run: ``python -m neurorig.hardware.fits.charts`` (10 s)
"""

from dataclasses import dataclass

import numpy as np

from neurorig.analysis.calibration import Chart, ChartFit, fit_chart
from neurorig.analysis.published import published
from neurorig.hardware.devices import load_device
from neurorig.hardware.parts import Neuron
from neurorig.hardware.rate import firing_rate
from neurorig.signals import show


@dataclass(frozen=True)
class Source:
    """A set, its digitised chart with the reading errors (A, Hz), and the device whose shape the fit starts from."""

    device: str
    curve: str
    current_error: float
    rate_error: float
    start: str


SOURCES = (
    Source("M", "du2025_device_M_fI", 0.1e-6, 0.5, "HW"),
    Source("A_fig6", "wu2025_fig6a_f_Iin", 0.15e-6, 0.4, "med"),
    Source("A_fig6_C100", "wu2025_fig6a_f_Iin", 0.15e-6, 0.4, "med"),
    Source("B_fig9b", "wu2025_fig9b_f1", 0.4e-6, 1.0, "M"),
    Source("C_fig11b", "wu2025_fig11b_f1", 0.5e-6, 3.0, "M"),
)


def refitted(source: Source) -> ChartFit:
    """The fit of one chart, not knowing the set's own answer."""
    curve = published(source.curve)
    chart = Chart.of(source.curve, curve.x, curve.y, current_error=source.current_error, rate_error=source.rate_error)
    return fit_chart(_begun(source), chart, hold=["V_th"])


def rms_of_the_set(source: Source, fit: ChartFit) -> float:
    """Root mean square distance (Hz) of the set from the points that count for the fit's own."""
    device, chart, counted = load_device(source.device), fit.chart, fit.core & ~fit.outliers
    rates = firing_rate(device.neuron, chart.currents, ripple=device.chart_ripple)
    return float(np.sqrt(np.mean((chart.rates - rates)[counted] ** 2)))


def of_the_set(source: Source, parameter: str) -> float:
    """The set's number of a parameter, SI; currents as they hold, times scale."""
    device = load_device(source.device)
    if parameter == "ripple":
        return device.chart_ripple
    value = float(getattr(device.calibration, parameter))
    return value * device.calibration.scale if parameter.startswith("I") else value


def _begun(source: Source) -> Neuron:
    """The set's C, V_th, V_F, r and components; currents, dead time and shape of the leak of another device."""
    ours, other = load_device(source.device).neuron, load_device(source.start).calibration
    device = ours.calibration
    share = (other.V1 - other.V0) / (other.V_th - other.V0)
    changes = {name: getattr(other, name) for name in ("I1", "I_off", "I_H", "dead_time")}
    changes["V1"] = device.V0 + share * (device.V_th - device.V0)
    return ours.model_copy(update={"calibration": device.model_copy(update=changes)})


def main() -> None:
    """Print how the fits compare with the sets."""
    for source in SOURCES:
        fit = refitted(source)
        flanks = f"{fit.rms:.2f} Hz rms, the set {rms_of_the_set(source, fit):.2f} Hz"
        print(f"{source.device}: {len(fit.chart)} points of {source.curve}; between the flanks {flanks}")
        for p in fit.parameters:
            now, low, high, old = (show(v, p.unit, 5) for v in (p.value, p.low, p.high, of_the_set(source, p.name)))
            told = f"({p.held})" if p.held else f"{low} ... {high}"
            print(f"  {p.name:10s} {now:>10s}  {told:28s} set {old}")


if __name__ == "__main__":
    main()
