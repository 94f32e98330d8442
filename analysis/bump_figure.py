"""The pictures of Wu 2025, Figs 9(a) and 10, from a bump sweep, with the published curves behind."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import Steps, Trace

from .epochs import BumpEpochs, Pulse
from .feedback import BIN
from .published import published
from .rates import instantaneous_rate
from .report import Axis, Figure, Line, Panel, Series, Span, envelope
from .smooth import Binned, bin_means
from .spikes import SpikeTrain

_NO_EDGE = 3.0
"""Intervals longer than this many typical ones are gaps: f(t) is not drawn across them."""


@dataclass(frozen=True, eq=False)
class BumpTraces:
    """What one bump sweep delivered, in SI units and seconds after the trigger.

    `commanded` at the port, `delivered` as a sense chain measured it there (None if it was not observed). `zero` is
    the reading of the I_sse channel without current (A), `i_min` the board's rheobase (A); None if unknown.
    """

    spikes: SpikeTrain
    v_ap: Trace
    i_sse: Trace
    epochs: BumpEpochs
    commanded: Steps
    delivered: Trace | None = None
    zero: float | None = None
    i_min: float | None = None


def fig9a(traces: BumpTraces, *, compare: bool = True) -> Figure:
    """The activity bump as in Fig. 9(a), at its axes (0 to 10 s); with the published curves if `compare`."""
    window = (0.0, 10.0) if compare else (0.0, traces.epochs.end)
    panels = (
        _stimulus(traces, window),
        _spikes(traces, window, compare),
        _rate(traces, window, "wu2025_fig9a_f" if compare else None),
        _current(traces, window, "wu2025_fig9a_Isse" if compare else None),
    )
    grey = " Grey: digitised from the published figure" if compare else ""
    offset = ", its reading offset of 0.36 µA in I_sse subtracted." if compare else ""
    caption = (
        "Activity bump of a self-excitatory neuron. From top to bottom: current at the port, commanded and measured; "
        "spikes (envelope of the trace, every tenth spike drawn); rate 1/ISI; feedback current in bins of 20 ms."
        f"{grey}{offset}{_as_read(traces)}"
    )
    return Figure("fig9a", "Activity bump", caption, Axis("Time", "s", window), panels, _spans(traces.epochs), 8.0, 7.4)


def fig10(traces: BumpTraces, probe: Pulse, name: str, *, before: float = 1.0, after: float = 3.0) -> Figure:
    """A perturbation of the running bump as in Fig. 10: stimulus, f(t) and I_sse(t) around `probe`."""
    window = (max(0.0, probe.start - before), min(traces.epochs.end, probe.stop + after))
    sign = "excitatory" if probe.amperes > 0 else "inhibitory"
    panels = (_stimulus(traces, window, height=0.7), _rate(traces, window, None), _current(traces, window, None))
    length = f"{probe.stop - probe.start:.3f} s"
    caption = (
        f"An {sign} perturbation of {length} during the bump: stimulus, rate and feedback current.{_as_read(traces)}"
    )
    spans = tuple(s for s in _spans(traces.epochs) if s.start < window[1] and s.stop > window[0])
    return Figure(
        name, f"{sign.capitalize()} perturbation", caption, Axis("Time", "s", window), panels, spans, 5.4, 5.2
    )


def _as_read(traces: BumpTraces) -> str:
    return "" if traces.zero is not None else " I_sse is drawn as read: its reading without current is not known."


def _spans(epochs: BumpEpochs) -> tuple[Span, ...]:
    spans = [Span(epochs.kick.start, epochs.kick.stop, "kick", "orange")]
    for k, probe in enumerate(epochs.probes, 1):
        name = "probe" if len(epochs.probes) == 1 else f"probe {k}"
        spans.append(Span(probe.start, probe.stop, name, "orange" if probe.amperes > 0 else "blue"))
    if epochs.stop is not None:
        spans.append(Span(epochs.stop.start, epochs.stop.stop, "stop", "blue"))
    return tuple(spans)


def _stimulus(traces: BumpTraces, window: tuple[float, float], height: float = 0.8) -> Panel:
    series = [Series("commanded", "step", traces.commanded.edges, traces.commanded.levels, colour="ink", width=1.4)]
    low, high = min(0.0, traces.commanded.low), traces.commanded.high
    if traces.delivered is not None:
        seen = bin_means(traces.delivered, (window[1] - window[0]) / 500).between(*window)
        series.append(Series("measured at the port", "line", seen.times, _known(seen), colour="green", width=1.1))
    limits = [low, high]
    relative = None
    lines: tuple[Line, ...] = ()
    if traces.i_min:
        relative = Axis("I / I_min", "", scale=traces.i_min)
        lines = (Line(traces.i_min, "I_min", "red"),)
        limits = [min(low, traces.i_min), max(high, traces.i_min)]
    room = 0.35 * (limits[1] - limits[0])  # for the legend, and the name of I_min
    axis = Axis("I_0", "uA", (limits[0], limits[1] + room))
    return Panel("stimulus", axis, tuple(series), lines=lines, right=relative, height=height)


def _known(binned: Binned) -> NDArray[np.float64]:
    """The means with gaps where the digitiser was at the ends of its range."""
    return np.where(binned.clipped, np.nan, binned.values)


def _spikes(traces: BumpTraces, window: tuple[float, float], compare: bool) -> Panel:
    seen = envelope(traces.v_ap, *window)
    top = max(1.0, float(seen.high.max())) if seen.high is not None and len(seen.high) else 1.0
    tenth = traces.spikes.times[::10]
    series = [
        Series("V_ap", "band", seen.x, seen.y, seen.high, colour="blue", faint=True, legend=False),
        Series("every tenth spike", "raster", tenth, np.array([0.0, 0.92 * top]), colour="blue", width=0.9),
    ]
    if compare:
        drawn = published("wu2025_fig9a_spikes_every10th")
        height = np.array([1.08, 1.22]) * top
        series.append(Series("published, every tenth", "raster", drawn.x, height, colour="published", width=0.9))
    return Panel("spikes", Axis("V_ap", "V", (-0.08 * top, 1.62 * top if compare else 1.4 * top)), tuple(series))


def _rate(traces: BumpTraces, window: tuple[float, float], curve: str | None) -> Panel:
    times, rate = _with_gaps(traces.spikes)
    series = [Series("measured, 1/ISI", "line", times, rate, colour="ink", width=1.3)]
    if curve:
        known = published(curve)
        series.insert(0, Series("published, Fig. 9(a)", "line", known.x, known.y, colour="published", width=3.2))
    shown = rate[(times >= window[0]) & (times <= window[1]) & np.isfinite(rate)]
    top = float(np.percentile(shown, 99.5)) if len(shown) else 0.0
    return Panel(
        "rate", Axis("Rate f", "Hz", (0.0, 1.28 * max(top, 160.0 if curve else 1.0))), tuple(series), height=1.2
    )


def _with_gaps(spikes: SpikeTrain) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rate over time with a NaN where an interval is a silence, so that the line is interrupted there."""
    rate = instantaneous_rate(spikes)
    if len(rate) < 2:
        return rate.times, rate.rate
    silent = rate.rate < float(np.median(rate.rate)) / _NO_EDGE
    return rate.times, np.where(silent, np.nan, rate.rate)


def _current(traces: BumpTraces, window: tuple[float, float], curve: str | None) -> Panel:
    binned = bin_means(traces.i_sse, BIN).minus(traces.zero or 0.0)
    series = [Series("measured, mean of 20 ms", "line", binned.times, _known(binned), colour="red", width=1.5)]
    top = float(binned.between(*window).values.max(initial=1e-6))
    if curve:
        known = published(curve)
        y = known.y - known.offset
        series.insert(0, Series("published, Fig. 9(a)", "line", known.x, y, colour="published", width=3.2))
        top = max(top, float(y.max()))
    return Panel("i_sse", Axis("I_sse", "uA", (-0.04 * top, 1.28 * top)), tuple(series), height=1.2)
