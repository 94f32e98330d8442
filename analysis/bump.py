"""The activity bump of a self-excited neuron (Wu 2025, Figs 9 and 10): what one sweep says, in numbers with errors.

A subthreshold holding current, a kick that starts the spiking, feedback current I_sse that builds up and keeps it
going after the kick, probes that perturb it, a stop pulse that ends it. Every function copes with a neuron that
stayed silent.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from neurorig.signals import Trace

from . import feedback
from .epochs import BumpEpochs, Pulse
from .feedback import BIN, Feedback
from .measure import Measure
from .rates import drift, instantaneous_rate, mean_rate
from .smooth import bin_means
from .spikes import SpikeTrain

if TYPE_CHECKING:
    import pandas as pd

SIGNIFICANT = 3.0
"""Standard errors from which on a drift of the rate is said aloud."""

LABELS = {
    "spikes_before_kick": "Spikes before the kick",
    "i_sse_baseline": "Reading of I_sse before the kick",
    "f_kick": "Rate before feedback sets in",
    "dead_time": "Dead time of I_sse",
    "build_up": "Build-up of I_sse",
    "i_sse_max": "Highest feedback current",
    "f_star": "Self-consistent rate f*",
    "f_star_drift": "Drift of the rate at f*",
    "i_sse": "Feedback current at f*",
    "last_spike": "Last spike before the release",
    "spikes_after_release": "Spikes after the stop pulse",
    "i_sse_at_release": "Feedback current when the stop pulse ends",
    "stop_margin": "Margin of the stop",
    "tau_decay": "Decay of I_sse, τ_s",
}
"""What the measures are called in tables."""


@dataclass(frozen=True)
class BumpMeasures:
    """Measures and verdicts of one sweep by name; a verdict is None where the sweep cannot tell, `reasons` says why.

    Verdicts: `silent_before` (no spike before the kick), `sustained` (still spiking at the end of the hold; None if it
    did so before the kick), `recovered` (back after every probe), `probe<k>_halted` (silent for more than half of
    probe k), `stopped` (no spike after the stop pulse was released; None if there was no bump to stop).
    """

    measures: dict[str, Measure]
    verdicts: dict[str, bool | None]
    rate_at: dict[float, Measure] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Measure:
        return self.measures[name]

    def table(self) -> "pd.DataFrame":
        """One row per measure: ``quantity``, ``value``, ``error`` (SI), ``unit``, ``note``."""
        import pandas as pd  # heavy, and only tables need it

        rows = [(name, m.value, m.error, m.unit, m.note) for name, m in self._all()]
        return pd.DataFrame(rows, columns=["quantity", "value", "error", "unit", "note"])

    def _all(self) -> Iterator[tuple[str, Measure]]:
        yield from self.measures.items()
        for time, rate in self.rate_at.items():
            yield f"rate_at_{time:g}_s", rate


def measure_bump(
    spikes: SpikeTrain,
    i_sse: Trace,
    epochs: BumpEpochs,
    *,
    holding: Measure | None = None,
    i_min: Measure | None = None,
    zero: Measure | None = None,
    rate_times: tuple[float, ...] = (),
    settled: float = 0.5,
    tolerance: float = 0.1,
) -> BumpMeasures:
    """Measure one bump sweep.

    `spikes` of V_ap; `i_sse` the feedback current in A; `holding` the holding current as delivered and `i_min` the
    board's rheobase (both A), needed for the stop margin only. `zero` is the reading of the I_sse channel without
    current; by default the mean reading while the neuron is silent before the kick, and it is subtracted from every
    current given here: without it no current is given.
    `rate_times`: seconds at which the rate is wanted. `settled`: length of the window at the end of the hold that
    defines f*. `tolerance`: relative distance from the rate before a probe that counts as back.
    """
    binned = bin_means(i_sse, BIN)
    baseline = feedback.baseline(binned, spikes, epochs)
    offset = zero if zero is not None else baseline
    current = Feedback(binned.minus(offset.value if offset.known else 0.0), i_sse.shared_error, offset)
    window = (max(epochs.hold_end - settled, *(p.stop for p in (epochs.kick, *epochs.probes))), epochs.hold_end)
    before = spikes.count(-math.inf, epochs.kick.start)
    reasons: dict[str, str] = {}
    sustained: bool | None = _spiking_throughout(spikes, *window)
    if before:
        sustained = None
        reasons["sustained"] = f"the neuron fires before the kick ({before} spike{'' if before == 1 else 's'})"
    measures = {
        "spikes_before_kick": Measure(before, 0.0, ""),
        "i_sse_baseline": baseline,
        "f_kick": _rate(spikes, epochs.kick.start + 0.1, min(epochs.kick.start + 0.5, epochs.kick.stop)),
        "dead_time": feedback.dead_time(current, epochs),
        "build_up": feedback.build_up(current, epochs),
        "i_sse_max": feedback.highest(current, epochs),
        **_self_consistent_rate(spikes, *window, sustained),
        "i_sse": feedback.level(current, *window),
    }
    verdicts: dict[str, bool | None] = {"silent_before": before == 0, "sustained": sustained}
    if epochs.probes:
        back = [_recovery(spikes, epochs, k, tolerance, measures) for k in range(len(epochs.probes))]
        verdicts["recovered"] = False if False in back else None if None in back else True
        reasons["recovered"] = "no spikes before the probe"
        for k, probe in enumerate(epochs.probes, 1):
            verdicts[f"probe{k}_halted"] = measures[f"probe{k}_silence"].value > (probe.stop - probe.start) / 2
    if epochs.stop is not None:
        left = feedback.at_release(current, epochs.stop)
        measures |= _stop(spikes, epochs.stop)
        measures |= {"i_sse_at_release": left, "stop_margin": _margin(left, holding, i_min)}
        measures["tau_decay"] = feedback.decay(current, spikes, epochs.stop)
        verdicts["stopped"] = _stopped(spikes, epochs.stop) if sustained else None
        reasons["stopped"] = "nothing was recorded after the stop pulse" if sustained else "there was no bump to stop"
    rates = {t: mean_rate(spikes, t - 0.025, t + 0.025) for t in rate_times}
    unknown = {name: reason for name, reason in reasons.items() if verdicts[name] is None}
    return BumpMeasures(measures, verdicts, rates, unknown)


def _self_consistent_rate(spikes: SpikeTrain, start: float, stop: float, sustained: bool | None) -> dict[str, Measure]:
    """f* with its drift: a rate that is still moving is not known as well as its statistical error says."""
    rate, slope = _rate(spikes, start, stop), drift(spikes.between(start, stop), start, stop)
    if rate.known and not sustained:
        rate = replace(rate, note="mean rate only: there is no bump that sustains itself")
    elif rate.known and slope.known and abs(slope.value) > SIGNIFICANT * slope.error:
        moving = "falling" if slope.value < 0 else "rising"
        rate = replace(rate, note=f"still {moving} by {abs(slope.value):.2g} Hz/s; the error is statistical")
    return {"f_star": rate, "f_star_drift": slope}


def _rate(spikes: SpikeTrain, start: float, stop: float) -> Measure:
    """Mean rate from the spikes within the window only: an interval that reaches over its end is another epoch's."""
    return mean_rate(spikes.between(start, stop), start, stop)


def _spiking_throughout(spikes: SpikeTrain, start: float, stop: float) -> bool:
    """Whether the train goes on right through the window: no silence longer than three typical intervals."""
    inside = spikes.between(start, stop).times
    if len(inside) < 3:
        return False
    typical = float(np.median(np.diff(inside)))
    silences = np.diff(np.concatenate([[start], inside, [stop]]))
    return bool(silences.max() <= 3 * typical)


def _recovery(
    spikes: SpikeTrain, epochs: BumpEpochs, index: int, tolerance: float, measures: dict[str, Measure]
) -> bool | None:
    """Add what probe number `index` did to the rate; say whether the bump came back (None: too little was recorded)."""
    probe = epochs.probes[index]
    until = epochs.probes[index + 1].start if index + 1 < len(epochs.probes) else epochs.hold_end
    name = f"probe{index + 1}"
    before = _rate(spikes, probe.start - 0.3, probe.start)
    during = spikes.between(probe.start, probe.stop)
    silence = float(np.diff(np.concatenate([[probe.start], during.times, [probe.stop]])).max())
    after = _rate(spikes, max(probe.stop, until - 0.3), until)
    measures[f"{name}_rate_before"] = before
    measures[f"{name}_rate_during"] = _rate(spikes, probe.start, probe.stop)
    measures[f"{name}_silence"] = Measure(
        silence, math.sqrt(2) * spikes.time_error, "s", "longest silence during the probe"
    )
    measures[f"{name}_rate_after"] = after
    rate = instantaneous_rate(spikes.between(probe.stop, until))
    if not before.known:
        measures[f"{name}_return"] = Measure.missing("s", "no spikes before the probe")
        return None
    off = np.flatnonzero(np.abs(rate.rate / before.value - 1) > tolerance)
    first_good = int(off[-1]) + 1 if len(off) else 0
    if (
        not after.known
        or first_good >= len(rate)
        or not _spiking_throughout(spikes, max(probe.stop, until - 0.3), until)
    ):
        why = f"not back within {tolerance:.0%} of the rate before by {until:.3f} s"
        measures[f"{name}_return"] = Measure.missing("s", why)
        return False
    interval = 1.0 / float(rate.rate[first_good])
    back = float(rate.times[first_good]) - probe.stop
    note = f"until the rate stays within {tolerance:.0%} of that before"
    measures[f"{name}_return"] = Measure(back, interval / math.sqrt(12), "s", note)
    return True


def _stop(spikes: SpikeTrain, pulse: Pulse) -> dict[str, Measure]:
    """When the spiking ended, and what came after the release."""
    ended = spikes.times[spikes.times < pulse.stop]
    last = Measure.missing("s", "no spike before the release")
    again = spikes.count(pulse.stop, math.inf)
    if len(ended):
        note = "last spike before the release"
        if again:
            note += f", but not the last one: {again} follow after it"
        last = Measure(float(ended[-1]), spikes.time_error, "s", note)
    after = Measure(again, 0.0, "", f"in {max(0.0, spikes.stop - pulse.stop):.2f} s")
    return {"last_spike": last, "spikes_after_release": after}


def _stopped(spikes: SpikeTrain, pulse: Pulse) -> bool | None:
    return None if spikes.stop <= pulse.stop else spikes.count(pulse.stop, math.inf) == 0


def _margin(left: Measure, holding: Measure | None, i_min: Measure | None) -> Measure:
    """I_min - (delivered holding + I_sse) at the release: positive ends the bump, negative lets it start again."""
    for name, needed in (("delivered holding current", holding), ("I_min", i_min), ("I_sse", left)):
        if needed is None or not needed.known:
            return Measure.missing("A", f"needs {name}" + (f": {needed.note}" if needed and needed.note else ""))
    assert holding is not None
    assert i_min is not None
    error = math.sqrt(left.error**2 + holding.error**2 + i_min.error**2)
    parts = (f"{1e6 * m.value:.3f} uA" for m in (i_min, holding, left))
    note = "I_min {} - (holding {} + I_sse {}) at the release, all as delivered".format(*parts)
    return Measure(i_min.value - holding.value - left.value, error, "A", note)
