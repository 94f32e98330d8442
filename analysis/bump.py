"""The activity bump of a self-excited neuron (Wu 2025, Figs 9 and 10): what one sweep says, in numbers with errors.

A subthreshold holding current, a kick that starts the spiking, feedback current I_sse that builds up and keeps it
going after the kick, probes that perturb it, a stop pulse that ends it. Every function copes with a neuron that
stayed silent.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from neurorig.signals import Trace

from .decay import fit_tau
from .measure import Measure
from .rates import drift, instantaneous_rate, mean_rate
from .smooth import Binned, bin_means
from .spikes import SpikeTrain

if TYPE_CHECKING:
    import pandas as pd

BIN = 0.02
"""Seconds: several spikes per bin, a thirtieth of tau_s."""

DEAD_TIME_RISE = 0.3e-6
"""Amperes above the baseline at which I_sse counts as visible (the reading error of Fig. 9a is 0.15 uA)."""

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
    "last_spike": "Last spike",
    "spikes_after_release": "Spikes after the stop pulse",
    "i_sse_at_release": "Feedback current when the stop pulse ends",
    "stop_margin": "Margin of the stop",
    "tau_decay": "Decay of I_sse, τ_s",
}
"""What the measures are called in tables."""


@dataclass(frozen=True)
class Pulse:
    """From `start` to `stop` (s after the trigger), `amperes` on top of the holding current."""

    start: float
    stop: float
    amperes: float


@dataclass(frozen=True)
class BumpEpochs:
    """What was commanded when: holding current throughout, a kick, perhaps probes and a stop pulse, the end (s)."""

    kick: Pulse
    end: float
    probes: tuple[Pulse, ...] = ()
    stop: Pulse | None = None

    @property
    def hold_end(self) -> float:
        """The end of the hold: the stop pulse, or the end of the sweep."""
        return self.end if self.stop is None else self.stop.start


@dataclass(frozen=True)
class BumpMeasures:
    """Measures and verdicts of one sweep by name; a verdict is None where the sweep cannot tell.

    Verdicts: `silent_before` (no spike before the kick), `sustained` (still spiking at the end of the hold),
    `recovered` (back after every probe), `probe<k>_halted` (silent for more than half of probe k), `stopped` (no
    spike after the stop pulse was released; None if there was no bump to stop).
    """

    measures: dict[str, Measure]
    verdicts: dict[str, bool | None]
    rate_at: dict[float, Measure] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Measure:
        return self.measures[name]

    def table(self) -> "pd.DataFrame":
        """One row per measure: ``quantity``, ``value``, ``error`` (SI), ``unit``, ``note``."""
        import pandas as pd  # noqa: PLC0415  (heavy, and only tables need it)

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
    current; by default the mean reading before the kick, and it is subtracted from every current given here.
    `rate_times`: seconds at which the rate is wanted. `settled`: length of the window at the end of the hold that
    defines f*. `tolerance`: relative distance from the rate before a probe that counts as back.
    """
    binned = bin_means(i_sse, BIN)
    baseline = _baseline(binned, epochs)
    offset = zero if zero is not None else baseline
    current = binned.minus(offset.value) if offset.known else binned
    accuracy = math.hypot(i_sse.error, offset.error if offset.known else 0.0)
    window = (max(epochs.hold_end - settled, *(p.stop for p in (epochs.kick, *epochs.probes))), epochs.hold_end)
    sustained = _spiking_throughout(spikes, *window)
    measures = {
        "spikes_before_kick": Measure(spikes.count(-math.inf, epochs.kick.start), 0.0, ""),
        "i_sse_baseline": baseline,
        "f_kick": _rate(spikes, epochs.kick.start + 0.1, min(epochs.kick.start + 0.5, epochs.kick.stop)),
        "dead_time": _dead_time(current, epochs, accuracy),
        "build_up": _build_up(current, epochs),
        "i_sse_max": _highest(current, epochs, accuracy),
        "f_star": _rate(spikes, *window),
        "f_star_drift": drift(spikes.between(*window), *window),
        "i_sse": _level(current, *window, accuracy),
    }
    verdicts: dict[str, bool | None] = {
        "silent_before": spikes.count(-math.inf, epochs.kick.start) == 0,
        "sustained": sustained,
    }
    if epochs.probes:
        back = [_recovery(spikes, epochs, k, tolerance, measures) for k in range(len(epochs.probes))]
        verdicts["recovered"] = False if False in back else None if None in back else True
        for k, probe in enumerate(epochs.probes, 1):
            verdicts[f"probe{k}_halted"] = measures[f"probe{k}_silence"].value > (probe.stop - probe.start) / 2
    if epochs.stop is not None:
        left = _at_release(current, epochs.stop, accuracy)
        measures |= _stop(spikes, epochs.stop)
        measures |= {"i_sse_at_release": left, "stop_margin": _margin(left, holding, i_min)}
        measures["tau_decay"] = _decay(current, spikes, epochs.stop)
        verdicts["stopped"] = _stopped(spikes, epochs.stop) if sustained else None
    rates = {t: mean_rate(spikes, t - 0.025, t + 0.025) for t in rate_times}
    return BumpMeasures(measures, verdicts, rates)


def _rate(spikes: SpikeTrain, start: float, stop: float) -> Measure:
    """Mean rate from the spikes within the window only: an interval that reaches over its end is another epoch's."""
    return mean_rate(spikes.between(start, stop), start, stop)


def _baseline(binned: Binned, epochs: BumpEpochs) -> Measure:
    before = binned.between(-math.inf, epochs.kick.start - BIN / 2)
    if len(before) == 0:
        return Measure.missing("A", "nothing recorded before the kick: I_sse is taken as read")
    scatter = float(before.values.std()) / math.sqrt(len(before))
    return Measure(
        float(before.values.mean()), math.hypot(scatter, float(before.errors.min())), "A", "subtracted below"
    )


def _level(current: Binned, start: float, stop: float, accuracy: float) -> Measure:
    inside = current.between(start, stop)
    if len(inside) == 0:
        return Measure.missing("A", f"nothing recorded between {start:.3f} and {stop:.3f} s")
    scatter = float(inside.values.std()) / math.sqrt(len(inside))
    return Measure(float(inside.values.mean()), math.hypot(scatter, accuracy), "A")


def _highest(current: Binned, epochs: BumpEpochs, accuracy: float) -> Measure:
    inside = current.between(epochs.kick.start, epochs.hold_end)
    if len(inside) == 0:
        return Measure.missing("A", "nothing recorded during the bump")
    k = int(inside.values.argmax())
    return Measure(
        float(inside.values[k]), math.hypot(float(inside.errors[k]), accuracy), "A", f"at {inside.times[k]:.2f} s"
    )


def _crossing(current: Binned, level: float) -> tuple[float, float] | None:
    """Time of the first upward crossing of `level`, and the slope there in A/s."""
    above = np.flatnonzero(current.values >= level)
    if len(above) == 0 or above[0] == 0:
        return None
    k = int(above[0])
    slope = float((current.values[k] - current.values[k - 1]) / (current.times[k] - current.times[k - 1]))
    return float(current.times[k] - (current.values[k] - level) / slope), slope


def _dead_time(current: Binned, epochs: BumpEpochs, accuracy: float) -> Measure:
    """From the kick to I_sse 0.3 uA above its baseline (the charge that each stage swallows before V_C reaches V_T)."""
    during = current.between(epochs.kick.start - BIN, epochs.hold_end)
    found = _crossing(during, DEAD_TIME_RISE)
    if found is None:
        return Measure.missing("s", "I_sse never rose 0.3 uA above its baseline")
    time, slope = found
    error = math.hypot(accuracy / slope, BIN / math.sqrt(12))
    return Measure(time - epochs.kick.start, error, "s", "kick to I_sse 0.3 uA above baseline")


def _build_up(current: Binned, epochs: BumpEpochs) -> Measure:
    """Rise time of I_sse from 10 to 90 % of its highest value before the stop pulse or the first probe."""
    end = epochs.probes[0].start if epochs.probes else epochs.hold_end
    during = current.between(epochs.kick.start - BIN, end)
    if len(during) == 0 or during.values.max() < DEAD_TIME_RISE:
        return Measure.missing("s", "I_sse never rose 0.3 uA above its baseline")
    top = float(during.values.max())
    low, high = _crossing(during, 0.1 * top), _crossing(during, 0.9 * top)
    if low is None or high is None:
        return Measure.missing("s", "I_sse was already up when the kick began")
    return Measure(high[0] - low[0], BIN * math.sqrt(2 / 12), "s", "10 to 90 % of the highest I_sse")


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
    if len(ended):
        last = Measure(float(ended[-1]), spikes.time_error, "s", "last spike before the release")
    after = Measure(spikes.count(pulse.stop, math.inf), 0.0, "", f"in {max(0.0, spikes.stop - pulse.stop):.2f} s")
    return {"last_spike": last, "spikes_after_release": after}


def _stopped(spikes: SpikeTrain, pulse: Pulse) -> bool | None:
    return None if spikes.stop <= pulse.stop else spikes.count(pulse.stop, math.inf) == 0


def _at_release(current: Binned, pulse: Pulse, accuracy: float) -> Measure:
    """I_sse when the stop pulse is released: a straight line through the last 0.2 s of the pulse, taken at its end."""
    tail = current.between(max(pulse.start, pulse.stop - 0.2), pulse.stop - BIN / 2)
    if len(tail) < 3 or tail.times[-1] < pulse.stop - 2 * BIN:
        return Measure.missing("A", "the stop pulse was not recorded to its end")
    before = tail.times - pulse.stop
    centred = before - before.mean()
    spread = float((centred**2).sum())
    slope = float((centred * tail.values).sum()) / spread
    scatter = float((tail.values - tail.values.mean() - slope * centred).std(ddof=2))
    fit = scatter * math.sqrt(1 / len(tail) + float(before.mean()) ** 2 / spread)
    return Measure(float(tail.values.mean() - slope * before.mean()), math.hypot(fit, accuracy), "A")


def _margin(left: Measure, holding: Measure | None, i_min: Measure | None) -> Measure:
    """I_min - (delivered holding + I_sse) at the release: positive ends the bump, negative lets it start again."""
    if holding is None or i_min is None or not (holding.known and i_min.known):
        return Measure.missing("A", "needs the delivered holding current and a measured I_min")
    if not left.known:
        return Measure.missing("A", left.note)
    error = math.sqrt(left.error**2 + holding.error**2 + i_min.error**2)
    note = "I_min - (delivered holding + I_sse) at the release"
    return Measure(i_min.value - holding.value - left.value, error, "A", note)


def _decay(current: Binned, spikes: SpikeTrain, pulse: Pulse) -> Measure:
    """Time constant of I_sse after the last spike: (a + b t) exp(-t/tau), two equal stages (eq. A3)."""
    quiet = spikes.between(pulse.start, pulse.stop).times
    begin = float(quiet[-1]) if len(quiet) else pulse.start
    tail = current.between(begin + BIN, pulse.stop)
    if len(tail) < 20 or tail.values[:5].mean() < 5 * DEAD_TIME_RISE:
        return Measure.missing("s", "too little of the decay of I_sse was recorded")
    t = tail.times - tail.times[0]
    found = fit_tau(
        tail.values, lambda tau: np.exp(-t / tau)[:, None] * np.column_stack([np.ones_like(t), t]), 0.05, 5.0
    )
    if found is None:
        return Measure.missing("s", "the decay of I_sse is not that of two equal stages")
    return Measure(*found, "s", "(a + b t) exp(-t/tau) after the last spike")
