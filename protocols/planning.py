"""Sampling follows the spike and the wanted error of f(t); whether it fits the digitiser is asked beforehand."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from neurorig.signals import ConfigError, LimitError, PlanError, show

from .stimuli import Stimulus
from .sweep import Sweep

if TYPE_CHECKING:
    from neurorig.instruments import Acquisition, CurrentSource, Oscilloscope
    from neurorig.instruments.bench import Bench
    from neurorig.instruments.wiring import PortWiring

    from .protocol import Protocol


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


SLOW = 0.006
AFTER = 1e-3
"""A source's ceramic resonator may run 0.5 % slow, and its SYNC OUT has to be seen to fall at the end of the program."""


def plan_sweep(sweep: Sweep, bench: "Bench", scope: "Oscilloscope") -> "Acquisition":
    """The acquisition that records `sweep` with its marker. PlanError with the alternatives when it does not fit."""
    channels = [bench.node(node).channel for node in sweep.observe] + [bench.marker.channel]
    try:
        return scope.plan(channels, sweep.duration * (1.0 + SLOW) + AFTER, sweep.rate, sweep.pretrigger)
    except PlanError as reason:
        raise PlanError(
            f"Sweep '{sweep.label}' ({show(sweep.duration, 's')} of {', '.join(sweep.observe)} at "
            f"{show(sweep.rate, 'Hz')}) does not fit the oscilloscope: {reason} On the side of the protocol: "
            f"allow a larger rate_error, shorten the sweep, observe fewer nodes, or split it into several sweeps."
        ) from reason


def whole_milliseconds(seconds: float) -> float:
    """A derived duration, rounded up to what every source can play."""
    return math.ceil(round(seconds * 1e3, 6)) / 1e3


def fit_stimulus(protocol: "Protocol", port: "PortWiring", stimulus: Stimulus, source: "CurrentSource") -> None:
    """Ask the source whether it can play this. PlanError, naming the epochs and the parameters they come from, if not."""
    try:
        source.fit(port.channel, stimulus.program)
    except LimitError as reason:
        raise LimitError(
            f"{port.port}: {reason} Lower the current (-p ...), or give the source its larger range: move its jumper and set "
            f'full_scale of [ports."{port.port}"] in the bench file.'
        ) from reason
    except PlanError as reason:
        epochs = ", ".join(_named(protocol, e.name, e.stop - e.start) for e in stimulus.epochs)
        raise PlanError(
            f"{port.port}: the source cannot play {show(stimulus.duration, 's', 9)} ({epochs}). {reason} "
            "Change the duration in question, or play less in one sweep."
        ) from reason


def _named(protocol: "Protocol", epoch: str, duration: float) -> str:
    """An epoch with its length, and with the parameters that set it."""
    times = [
        p.name for p in protocol.parameters() if p.unit == "s" and abs(getattr(protocol, p.name) - duration) < 1e-9
    ]
    return f"{epoch} {show(duration, 's', 9)}" + (f" from -p {' or '.join(times)}" if times else "")


def beyond_screen(sweeps: Iterable[Sweep], bench: "Bench") -> list[str]:
    """Warn about every current that will be delivered where the oscilloscope does not see it."""
    levels: dict[str, set[float]] = {}
    for sweep in sweeps:
        for port in sweep.drive.keys() & set(sweep.observe):
            delivered = bench.port(port).delivered(sweep.drive[port].steps().levels)
            levels.setdefault(port, set()).update(delivered.tolist())
    return [
        f"{port}: {' and '.join(show(x, 'A') for x in sorted(beyond))} will be delivered, the oscilloscope shows "
        f"{show(node.low, node.unit)} to {show(node.high, node.unit)}: what lies beyond is not measured. "
        f'Widen low/high of [nodes."{port}"] in {bench.path}.'
        for port, seen in levels.items()
        if (node := bench.node(port)) and (beyond := {x for x in seen if not node.low <= x <= node.high})
    ]


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
