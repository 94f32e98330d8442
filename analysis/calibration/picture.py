"""The picture of a calibration: data, fit and its confidence band above, residuals below."""

import numpy as np

from neurorig.analysis.report import Axis, Figure, Line, Panel, Series

from .fit import ChartFit

_POINTS = 600


def calibration_figure(fit: ChartFit, name: str) -> Figure:
    """Data, fitted curve with its 95 % band, and residuals; outliers in red. `name` makes the file names."""
    chart = fit.chart
    currents = np.linspace(0.97 * chart.currents[0], 1.03 * chart.currents[-1], _POINTS)
    low, high = fit.band(currents)
    far, known = fit.outliers, np.isfinite(chart.rates)
    plain = known & ~far
    points = (
        Series("measured", "points", chart.currents[plain], chart.rates[plain], colour="ink"),
        Series("outlier", "points", chart.currents[far], chart.rates[far], colour="red"),
    )
    curve = (
        Series("95 % band", "band", currents, low, high, colour="blue", faint=True),
        Series("fit", "line", currents, fit.rate(currents), colour="blue"),
    )
    kept = tuple(s for s in points if len(s.x))
    core = fit.used & ~far
    rest = Series("measured - fit", "points", chart.currents[core], fit.residuals[core], colour="ink")
    most = 1.3 * max(float(np.abs(fit.residuals[core]).max(initial=0.0)), 1e-3)
    top = 1.25 * float(np.nanmax(chart.rates))
    count = int(far.sum())
    beyond = (f"{count} outlier{'' if count == 1 else 's'} not shown",) if count else ()
    neuron = f"{chart.neuron}: " if chart.neuron else ""
    span = (float(currents[0]), float(currents[-1]))
    return Figure(
        name=name,
        title=f"{neuron}f(I) of {chart.name}, {fit.rms:.2g} Hz rms between its flanks",
        caption="Measured rates, the closed-form rate of the fitted device with its 95 % confidence band, residuals.",
        x=Axis("current into the membrane", "uA", span),
        panels=(
            Panel("rate", Axis("rate", "Hz", (-0.04 * top, top)), (*curve, *kept), height=2.2),
            Panel(
                "residuals", Axis("residual", "Hz", (-most, most)), (rest,), lines=(Line(0.0, "", "ink"),), notes=beyond
            ),
        ),
        height=5.5,
    )
