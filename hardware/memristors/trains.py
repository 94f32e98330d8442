"""Trains of presynaptic spikes: times (s) for `MemristiveNeuron.play`."""

from math import inf, isfinite
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from neurorig.hardware.parts import Part, PositiveTime
from neurorig.hardware.seeds import checked_seed
from neurorig.signals import ConfigError, Frequency, Time, show

Floats = NDArray[np.float64]


class ThetaBurst(Part):
    """Bursts of spikes, one burst every `burst_interval` (theta: 4 to 7 Hz)."""

    bursts: Annotated[int, Field(ge=1)]
    spikes: Annotated[int, Field(ge=1)]
    spike_interval: PositiveTime
    burst_interval: PositiveTime

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.spikes * self.spike_interval > self.burst_interval:
            raise ValueError(
                f"{self.spikes} spikes every {show(self.spike_interval, 's')} do not fit into a burst_interval of "
                f"{show(self.burst_interval, 's')}"
            )
        return self

    @property
    def lasts(self) -> float:
        """From the first spike to the end of the last interval, s."""
        return self.bursts * self.burst_interval

    def times(self, start: Time = 0.0) -> Floats:
        """Spike times (s), the first at `start`."""
        bursts = start + self.burst_interval * np.arange(self.bursts)
        times: Floats = np.add.outer(bursts, self.spike_interval * np.arange(self.spikes)).ravel()
        return times


def poisson_train(rate: Frequency, until: Time, *, seed: int, gap: Time = 0.0) -> Floats:
    """Spike times (s) in [0, `until`) at `rate` (Hz): random intervals, of which none is shorter than `gap` (s).

    Raises ConfigError for a rate that is negative or leaves no room for the gaps, and for a time or seed that is none.
    """
    _check(rate, until)
    if not 0.0 <= gap < inf:
        raise ConfigError(f"gap = {show(gap, 's')}: the shortest interval is 0 or more.")
    if rate * gap >= 1.0:
        raise ConfigError(
            f"{show(rate, 'Hz')} with gaps of {show(gap, 's')}: give a rate from 0 to {show(1 / gap, 'Hz')}."
        )
    seed = checked_seed(seed)
    if rate == 0.0:
        return np.empty(0)
    random, times, last = np.random.default_rng(seed), [np.empty(0)], 0.0
    while last < until:
        # An interval as long as the train ends it; a longer one, as with 1e-308 Hz, would only overflow the sum.
        intervals = np.minimum(gap + random.exponential(1.0 / rate - gap, 256), until)
        block = last + np.cumsum(intervals)
        times.append(block)
        last = float(block[-1])
    train: Floats = np.concatenate(times)
    return train[train < until]


def regular_train(rate: Frequency, until: Time, *, start: Time = 0.0) -> Floats:
    """Spike times (s) in [`start`, `until`) at `rate` (Hz). Raises ConfigError for a negative rate, or a time that is none."""
    _check(rate, until)
    return start + np.arange(np.ceil((until - start) * rate - 1e-9)) / rate if rate > 0.0 else np.empty(0)


def _check(rate: Frequency, until: Time) -> None:
    if not 0.0 <= rate < inf:
        raise ConfigError(f"rate = {show(rate, 'Hz')}: give a rate of 0 Hz or more.")
    if not isfinite(until):
        raise ConfigError(f"until = {show(until, 's')}: a train ends at a finite time.")
