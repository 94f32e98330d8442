"""Synthetic recordings with known truth: spike trains as a scope sees them, and the bump of a leaky neuron."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from neurorig.analysis import BumpEpochs, Pulse
from neurorig.signals import Trace

KICK, STOP = Pulse(1.0, 3.0, 20.9e-6), Pulse(6.5, 9.25, -24.4e-6)
HOLDING, I_MIN = 44.7e-6, 45.27e-6


def digitise(name: str, unit: str, values: NDArray[np.float64], *, dt: float, low: float, high: float) -> Trace:
    """What an 8-bit converter makes of `values`."""
    scale = (high - low) / 255
    codes = np.clip(np.round((values - low) / scale), 0, 255).astype(np.uint8)
    return Trace(name, codes, scale, low, unit, 0.0, dt, error=scale / np.sqrt(12))


def v_ap(
    times: NDArray[np.float64], duration: float, rate: float, *, noise: float, seed: int = 1, peak: float = 2.6
) -> Trace:
    """V_ap with a jump to `peak` volts and a decay of 200 us at each of `times`."""
    samples = np.random.default_rng(seed).normal(0.0, noise, round(duration * rate))
    reach = np.arange(int(8 * 200e-6 * rate))
    for time in times:
        first = int(np.ceil(time * rate))
        here = first + reach[: max(0, len(samples) - first)]
        samples[here] += peak * np.exp(-(here / rate - time) / 200e-6)
    return digitise("n1.v_ap", "V", samples, dt=1 / rate, low=-0.3, high=3.7)


@cache
def bump(
    *, probes: tuple[Pulse, ...] = (), feedback: float = 80e-9, stop: Pulse | None = STOP, end: float = 10.0
) -> tuple[NDArray[np.float64], NDArray[np.float64], BumpEpochs]:
    """Spike times, I_sse on a 1 ms grid, and epochs of a neuron whose rate jumps to 80 Hz at I_MIN (Wu 2025, Fig. 9).

    The synapse has two stages of 0.555 s that each swallow charge before they pass any on and lose none of it below
    that.
    """
    dt, tau = 1e-4, 0.555
    pulses = [KICK, *probes] + ([stop] if stop else [])
    first = second = phase = 0.0
    spikes, current = [], np.empty(round(end / dt))
    for k in range(len(current)):
        t = k * dt
        relayed, passed = max(0.0, first - 1.2e-6), max(0.0, second - 1.2e-6)
        drive = HOLDING + passed + sum(p.amperes for p in pulses if p.start <= t < p.stop)
        first -= dt / tau * relayed
        if drive > I_MIN:
            phase += dt * (80 + 2.3e6 * (drive - I_MIN))
            if phase >= 1:
                phase -= 1
                spikes.append(t)
                first += feedback * 1.25 / tau
        else:
            phase = 0.0
        second += dt / tau * (relayed - passed)
        current[k] = passed
    return np.array(spikes), current[::10], BumpEpochs(KICK, end, probes, stop)


def i_sse(current: NDArray[np.float64], *, offset: float = 0.36e-6, noise: float = 0.1e-6, seed: int = 2) -> Trace:
    """The feedback current as an 8-bit scope at 50 kS/s reads it, zero offset included."""
    samples = np.repeat(current, 50) + offset + np.random.default_rng(seed).normal(0, noise, 50 * len(current))
    return digitise("s11.i_out", "A", samples, dt=2e-5, low=-2e-6, high=30e-6)
