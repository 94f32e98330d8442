"""The feedback current I_sse of a bump sweep: its baseline, dead time, build-up, levels and decay.

A current is given only where the reading without current is known and no sample was clipped; else the reason is.
"""

import math
from dataclasses import dataclass

import numpy as np

from .decay import fit_tau
from .epochs import BumpEpochs, Pulse
from .measure import Measure
from .smooth import Binned
from .spikes import SpikeTrain

BIN = 0.02
"""Seconds: several spikes per bin, a thirtieth of tau_s."""

DEAD_TIME_RISE = 0.3e-6
"""Amperes above the baseline at which I_sse counts as visible (the reading error of Fig. 9a is 0.15 uA)."""

UP_ALREADY = "I_sse was already up when the kick began"

SILENCE = 0.2
"""Seconds without current and spikes that show the reading of I_sse without current, if spikes follow before the kick."""


@dataclass(frozen=True, eq=False)
class Feedback:
    """I_sse in bins, its reading without current subtracted; `error` of the sense chain, `zero` that reading (A)."""

    binned: Binned
    error: float
    zero: Measure

    @property
    def accuracy(self) -> float:
        """Standard error (A) that all values share."""
        return math.hypot(self.error, self.zero.error)

    def between(self, start: float, stop: float) -> Binned:
        """The bins in [start, stop)."""
        return self.binned.between(start, stop)

    def why_not(self, inside: Binned) -> str:
        """Why a current cannot be given from these bins; empty if it can."""
        if not self.zero.known:
            return f"the reading without current is not known: {self.zero.note}"
        return inside.beyond


def baseline(binned: Binned, spikes: SpikeTrain, epochs: BumpEpochs) -> Measure:
    """Mean reading before the first spike: from then on there may be feedback in it."""
    early = spikes.times[spikes.times < epochs.kick.start]
    before = binned.between(-math.inf, min([epochs.kick.start, *early[:1]]) - BIN / 2)
    if len(early) and len(before) * BIN < SILENCE:
        return Measure.missing("A", f"the neuron fires before the kick, from {early[0]:.3f} s on")
    if len(before) == 0:
        return Measure.missing("A", "nothing was recorded before the kick")
    if before.beyond:
        return Measure.missing("A", before.beyond)
    scatter = float(before.values.std()) / math.sqrt(len(before))
    return Measure(
        float(before.values.mean()), math.hypot(scatter, float(before.errors.min())), "A", "subtracted below"
    )


def level(current: Feedback, start: float, stop: float) -> Measure:
    """Mean I_sse in a window."""
    inside = current.between(start, stop)
    if len(inside) == 0:
        return Measure.missing("A", f"nothing recorded between {start:.3f} and {stop:.3f} s")
    if why := current.why_not(inside):
        return Measure.missing("A", why)
    scatter = float(inside.values.std()) / math.sqrt(len(inside))
    return Measure(float(inside.values.mean()), math.hypot(scatter, current.accuracy), "A")


def highest(current: Feedback, epochs: BumpEpochs) -> Measure:
    """Highest bin between the kick and the end of the hold."""
    inside = current.between(epochs.kick.start, epochs.hold_end)
    if len(inside) == 0:
        return Measure.missing("A", "nothing recorded during the bump")
    if why := current.why_not(inside):
        return Measure.missing("A", why)
    k = int(inside.values.argmax())
    error = math.hypot(float(inside.errors[k]), current.accuracy)
    return Measure(float(inside.values[k]), error, "A", f"at {inside.times[k]:.2f} s")


def _crossing(current: Binned, level: float) -> tuple[float, float] | None:
    """Time of the first upward crossing of `level`, and the slope there in A/s."""
    above = np.flatnonzero(current.values >= level)
    if len(above) == 0 or above[0] == 0:
        return None
    k = int(above[0])
    slope = float((current.values[k] - current.values[k - 1]) / (current.times[k] - current.times[k - 1]))
    return float(current.times[k] - (current.values[k] - level) / slope), slope


def dead_time(current: Feedback, epochs: BumpEpochs) -> Measure:
    """From the kick to I_sse 0.3 uA above its baseline (the charge that each stage swallows before V_C reaches V_T)."""
    during = current.between(epochs.kick.start - BIN, epochs.hold_end)
    if why := _no_rise(current, during):
        return Measure.missing("s", why)
    found = _crossing(during, DEAD_TIME_RISE)
    if found is None:
        return Measure.missing("s", UP_ALREADY)
    time, slope = found
    error = math.hypot(current.accuracy / slope, BIN / math.sqrt(12))
    return Measure(time - epochs.kick.start, error, "s", "kick to I_sse 0.3 uA above baseline")


def _no_rise(current: Feedback, during: Binned) -> str:
    """Why there is no rise of I_sse to be timed; empty if there is one. What is clipped has risen all the same."""
    if not current.zero.known:
        return current.why_not(during)
    if len(during) == 0 or during.values.max() < DEAD_TIME_RISE:
        return during.beyond or "I_sse never rose 0.3 uA above its baseline"
    return ""


def build_up(current: Feedback, epochs: BumpEpochs) -> Measure:
    """Rise time of I_sse from 10 to 90 % of its highest value before the stop pulse or the first probe."""
    end = epochs.probes[0].start if epochs.probes else epochs.hold_end
    during = current.between(epochs.kick.start - BIN, end)
    if why := _no_rise(current, during) or during.beyond:
        return Measure.missing("s", why)
    top = float(during.values.max())
    low, high = _crossing(during, 0.1 * top), _crossing(during, 0.9 * top)
    if low is None or high is None:
        return Measure.missing("s", UP_ALREADY)
    return Measure(high[0] - low[0], BIN * math.sqrt(2 / 12), "s", "10 to 90 % of the highest I_sse")


def at_release(current: Feedback, pulse: Pulse) -> Measure:
    """I_sse when the stop pulse is released: a straight line through the last 0.2 s of the pulse, taken at its end."""
    tail = current.between(max(pulse.start, pulse.stop - 0.2), pulse.stop - BIN / 2)
    if len(tail) < 3 or tail.times[-1] < pulse.stop - 2 * BIN:
        return Measure.missing("A", "the stop pulse was not recorded to its end")
    if why := current.why_not(tail):
        return Measure.missing("A", why)
    before = tail.times - pulse.stop
    centred = before - before.mean()
    spread = float((centred**2).sum())
    slope = float((centred * tail.values).sum()) / spread
    scatter = float((tail.values - tail.values.mean() - slope * centred).std(ddof=2))
    fit = scatter * math.sqrt(1 / len(tail) + float(before.mean()) ** 2 / spread)
    return Measure(float(tail.values.mean() - slope * before.mean()), math.hypot(fit, current.accuracy), "A")


def decay(current: Feedback, spikes: SpikeTrain, pulse: Pulse) -> Measure:
    """Time constant of I_sse after the last spike: (a + b t) exp(-t/tau), two equal stages (eq. A3)."""
    quiet = spikes.between(pulse.start, pulse.stop).times
    begin = float(quiet[-1]) if len(quiet) else pulse.start
    tail = current.between(begin + BIN, pulse.stop)
    if why := current.why_not(tail):
        return Measure.missing("s", why)
    if len(tail) < 20 or tail.values[:5].mean() < 5 * DEAD_TIME_RISE:
        return Measure.missing("s", "too little of the decay of I_sse was recorded")
    t = tail.times - tail.times[0]
    found = fit_tau(
        tail.values, lambda tau: np.exp(-t / tau)[:, None] * np.column_stack([np.ones_like(t), t]), 0.05, 5.0
    )
    if found is None:
        return Measure.missing("s", "the decay of I_sse is not that of two equal stages")
    return Measure(*found, "s", "(a + b t) exp(-t/tau) after the last spike")
