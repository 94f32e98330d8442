"""Sampling follows the spike and the wanted error of f(t); whether it fits the digitiser is asked beforehand."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from neurorig.signals import ConfigError, PlanError, show

from .sweep import Sweep

if TYPE_CHECKING:
    from neurorig.instruments import Acquisition, Oscilloscope
    from neurorig.instruments.bench import Bench


def sampling_rate(tau_a: float, highest_rate: float, rate_error: float) -> float:
    """Samples a second needed for an instantaneous rate f(t) with a standard error of `rate_error` (Hz).

    Two conditions, the stricter one counts:

    - a spike time known to one sample interval has a standard error dt / sqrt(12); two of them make an interval 1/f, so
      f is known to ``f**2 * sqrt(2) * dt / sqrt(12)``, largest at the highest rate expected (Hz);
    - the spike decays with `tau_a` (s), and its peak is not missed when ``dt <= tau_a / 8`` (at most 12 % low).
    """
    if min(tau_a, highest_rate, rate_error) <= 0:
        raise ConfigError("tau_a, the highest rate and the wanted error of f(t) are all positive.")
    dt_rate = rate_error * math.sqrt(6.0) / highest_rate**2
    return 1.0 / min(dt_rate, tau_a / 8.0)


def plan_sweep(sweep: Sweep, bench: "Bench", scope: "Oscilloscope") -> "Acquisition":
    """The acquisition that records `sweep` with its marker. PlanError with the alternatives when it does not fit."""
    channels = [bench.node(node).channel for node in sweep.observe] + [bench.marker.channel]
    try:
        return scope.plan(channels, sweep.duration, sweep.rate, sweep.pretrigger)
    except PlanError as reason:
        raise PlanError(
            f"Sweep '{sweep.label}' ({show(sweep.duration, 's')} of {', '.join(sweep.observe)} at "
            f"{show(sweep.rate, 'Hz')}) does not fit the oscilloscope: {reason} On the side of the protocol: "
            f"allow a larger rate_error, shorten the sweep, observe fewer nodes, or split it into several sweeps."
        ) from reason


def check_wiring(sweep: Sweep, bench: "Bench") -> None:
    """Refuse a sweep that this bench cannot drive or see.

    One source starts with the marker and one oscilloscope is triggered by it; a sweep must be on those two.
    Raises ConfigError naming the port or node.
    """
    wanted: Mapping[str, tuple[str, str]] = {
        **{port: (bench.port(port).instrument, bench.marker.source) for port in (*sweep.drive, *sweep.conditioning)},
        **{node: (bench.node(node).instrument, bench.marker.scope) for node in sweep.observe},
    }
    for name, (wired, marked) in wanted.items():
        if wired != marked:
            raise ConfigError(
                f"{bench.path}: '{name}' is wired to '{wired}', but the marker ties '{marked}' to the sweep; "
                f"wire it to '{marked}'."
            )
