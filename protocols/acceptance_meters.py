"""Playing a source while something measures what it delivers: an oscilloscope, a multimeter, or a source-meter as the load."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from neurorig.analysis import standing
from neurorig.signals import BenchError, ConfigError, LimitError, Trace, nearest, show

from .stimuli import Stimulus, hold

if TYPE_CHECKING:
    from neurorig.instruments import CurrentSource, Multimeter, Oscilloscope, SourceMeter
    from neurorig.instruments.bench import Bench
    from neurorig.instruments.connection import Rig

Floats = NDArray[np.float64]
GRACE, POLL = 10.0, 0.02
"""Seconds beyond a program after which waiting is given up; seconds between two questions to real instruments."""
SETTLE, MEANS = 0.1, 0.1
"""Seconds of a level before its mean is taken, and of that mean: whole periods of the mains at 50 and 60 Hz."""
WINDOW, LEAST = 0.12, 0.05
"""Half of the screen around what is expected: in parts of it, and at least, in volts."""
SLOW, AFTER = 0.006, 1e-3
"""A source's resonator may run slow; its marker has to be seen to fall."""


@dataclass(frozen=True)
class Delivered:
    """One level as it was measured: amperes with the error that is its own, and volts at the channel."""

    amperes: float
    error: float
    volts: float


class Player:
    """Plays programs on one channel; whoever measures does it between `fire` and the end."""

    def __init__(self, rig: "Rig", channel: str) -> None:
        self.rig, (self.name, _, self.channel) = rig, channel.partition(".")
        self.source: CurrentSource = rig.source(self.name)

    def play(self, stimulus: Stimulus, busy: Callable[[], bool] | None = None, *, channel: str | None = None) -> None:
        """Play to the end; `busy` is asked as long as it says so (and measures meanwhile). Outputs off at the end.

        Raises BenchError when it does not end.
        """
        self.load(stimulus, channel)
        self.source.arm()
        self.source.fire()
        begun, more = time.monotonic(), True
        while (playing := self.source.running()) or more:
            more = busy() if busy is not None else False
            if time.monotonic() - begun > stimulus.duration + GRACE:
                what = "source" if playing else "oscilloscope: it was not triggered; check the line from SYNC OUT"
                raise BenchError(
                    f"A program of {show(stimulus.duration, 's')} did not end; what still waits is the {what}."
                )
            if not self.rig.virtual_time:
                time.sleep(POLL)
        self.source.off()

    def load(self, stimulus: Stimulus, channel: str | None = None) -> None:
        """Check against the port's limits, and upload."""
        for port in self.rig.bench.ports.values():
            if (port.instrument, port.channel) == (self.name, channel or self.channel):
                self.rig.bench.check_limits({port.port: stimulus.program})
        self.source.load({channel or self.channel: stimulus.program})


class Meter(Protocol):
    """Measures what the channel delivers."""

    gain_error: float
    """Relative error that all its values have in common, the resistor's included."""

    def level(self, amperes: float, ohms: float) -> Delivered:
        """One commanded level, into `ohms`."""
        ...

    def over(self, amperes: float, ohms: float, seconds: float) -> tuple[Floats, Floats]:
        """The same for a long time: times (s) and means (A)."""
        ...


class ScopeMeter:
    """An oscilloscope over the resistor, triggered by the source's marker."""

    def __init__(self, player: Player, channel: str, resistor_error: float) -> None:
        bench = player.rig.bench
        self.player, self.bench, (name, _, self.channel) = player, bench, channel.partition(".")
        self.scope: Oscilloscope = player.rig.scope(name)
        self.probe = bench.probe(name, self.channel)
        self.gain_error = math.hypot(self.probe.gain_error, resistor_error)

    def loaded(self, ohms: float) -> float:
        """The resistor with the probe in parallel."""
        return 1 / (1 / ohms + 1 / self.probe.probe)

    def level(self, amperes: float, ohms: float) -> Delivered:
        """Mean of 0.1 s, on a screen close around what is expected; once more on a wider one if it is not there."""
        volts = amperes * self.loaded(ohms)
        for wider in (1.0, 5.0, 25.0):
            half = max(WINDOW * abs(volts), LEAST) * wider
            trace = self.record(hold(amperes, SETTLE + MEANS), 5e3, (volts - half, volts + half))
            found = standing(trace, (SETTLE, SETTLE + MEANS))
            if not found.clipped:
                break
        else:
            raise BenchError(
                f"{show(amperes, 'A')} into {show(ohms, 'ohm')}: {show(volts, 'V')} were expected, far beyond which the "
                "oscilloscope ends. Check the resistor, and that the channel is off the board."
            )
        return Delivered(found.value / self.loaded(ohms), found.error / self.loaded(ohms), found.value)

    def over(self, amperes: float, ohms: float, seconds: float) -> tuple[Floats, Floats]:
        """Means over seconds of one long record."""
        volts = amperes * self.loaded(ohms)
        half = max(WINDOW * abs(volts), LEAST)
        trace = self.record(hold(amperes, SETTLE + seconds), 1e3, (volts - half, volts + half)).between(
            SETTLE, SETTLE + seconds
        )
        size = max(1, round(seconds / 60 / trace.dt))
        n = min(len(trace), round(seconds / trace.dt)) // size
        means = trace.values[: n * size].reshape(n, size).mean(axis=1) / self.loaded(ohms)
        return trace.times[: n * size].reshape(n, size).mean(axis=1), np.asarray(means)

    def record(
        self, stimulus: Stimulus, rate: float, screen: tuple[float, float], *, ac: bool = False,
        before: float = 0.01, channel: str | None = None, seconds: float | None = None,
    ) -> Trace:  # fmt: skip
        """The channel (V at the probe's tip) from `before` the program to its end, or for `seconds`."""
        from neurorig.instruments import ChannelSetup

        marker, scope = self.bench.marker, self.scope
        length = stimulus.duration * (1 + SLOW) + AFTER if seconds is None else seconds
        acquisition = scope.plan([self.channel, marker.channel], length, rate, before)
        setup = ChannelSetup(
            self.channel, *screen, self.probe.attenuation, bandwidth_limit=rate < 1e7, coupling="AC" if ac else "DC"
        )
        setups: Sequence[ChannelSetup] = (setup, marker.setup())
        scope.configure(setups, acquisition)
        scope.trigger_on(marker.channel, marker.level)
        scope.arm()
        self.player.play(stimulus, lambda: not scope.finished(), channel=channel)
        return scope.fetch(self.channel)


class DmmMeter:
    """A multimeter over the resistor."""

    def __init__(self, player: Player, channel: str, resistor_error: float) -> None:
        self.player = player
        self.meter: Multimeter = player.rig.instruments[channel.partition(".")[0]]  # type: ignore[assignment]  # its role
        self.gain_error = math.hypot(DMM_ERROR, resistor_error)

    def level(self, amperes: float, ohms: float) -> Delivered:
        """Mean of readings of ten periods of the mains."""
        self.meter.configure("V", full_scale=_range(amperes * ohms), nplc=1.0)
        _, volts = self._while_playing(amperes, 1.0)
        return Delivered(float(volts.mean()) / ohms, _scatter(volts) / ohms, float(volts.mean()))

    def over(self, amperes: float, ohms: float, seconds: float) -> tuple[Floats, Floats]:
        """Readings for a long time, evenly spread over it."""
        self.meter.configure("V", full_scale=_range(amperes * ohms), nplc=10.0)
        times, volts = self._while_playing(amperes, seconds)
        return times, volts / ohms

    def _while_playing(self, amperes: float, seconds: float) -> tuple[Floats, Floats]:
        return _gather(self.player, amperes, seconds, lambda: float(self.meter.measure(1)[0]))


class SmuMeter:
    """A source-meter that holds the channel at a voltage and takes its current: any point of the compliance range."""

    def __init__(self, player: Player, channel: str, highest: float) -> None:
        self.player, (self.name, _, self.channel) = player, channel.partition(".")
        self.smu: SourceMeter = player.rig.instruments[self.name]  # type: ignore[assignment]  # its role
        self.gain_error, self.volts, self.highest = SMU_ERROR, 1.0, highest

    def at(self, volts: float) -> "SmuMeter":
        """From now on hold the channel at this voltage."""
        self.volts = volts
        return self

    def level(self, amperes: float, ohms: float) -> Delivered:
        """Mean of readings of one period of the mains each."""
        _, taken = self._while_playing(amperes, 1.0)
        return Delivered(float(taken.mean()), _scatter(taken), self.volts)

    def over(self, amperes: float, ohms: float, seconds: float) -> tuple[Floats, Floats]:
        """Readings for a long time, evenly spread over it."""
        return self._while_playing(amperes, seconds)

    def _while_playing(self, amperes: float, seconds: float) -> tuple[Floats, Floats]:
        from neurorig.instruments import SourceSetup

        setup = SourceSetup("V", compliance=2 * self.highest, measure_range=None, nplc=1.0)
        self.smu.check(self.channel, setup, [self.volts])
        self.smu.configure(self.channel, setup)
        self.smu.set_level(self.channel, self.volts)
        self.smu.on(self.channel)
        try:
            return _gather(self.player, amperes, seconds, self._taken)
        finally:
            self.smu.off()

    def _taken(self) -> float:
        readings = self.smu.measure(self.channel)
        if readings.limited.any():
            raise BenchError(
                f"{self.name}.{self.channel}: in compliance: more current arrives than the source was asked for."
            )
        return -float(readings.amperes[-1])  # what flows into its terminal


DMM_ERROR = 1e-4
SMU_ERROR = 1e-3
"""Relative, of one year and the ranges in question; what a data sheet gives for the model at hand is smaller."""


def meter_for(channel: str, bench: "Bench") -> str:
    """The role of what measures, by its name ``instrument.channel``. Raises ConfigError when it cannot measure."""
    from neurorig.instruments.drivers import DRIVERS

    name, _, number = channel.partition(".")
    entry = bench.instruments.get(name)
    if entry is None or number not in DRIVERS[entry.driver].channels:
        known = [f"{n}.{c}" for n, e in bench.instruments.items() for c in DRIVERS[e.driver].channels]
        raise ConfigError(f"--with {channel}: no such instrument.channel on this bench.{nearest(channel, known)}")
    role = DRIVERS[entry.driver].role
    if role not in ("Oscilloscope", "Digitizer", "SourceMeter", "Multimeter"):
        raise ConfigError(f"--with {channel}: {DRIVERS[entry.driver].model} measures nothing.")
    if role in ("SourceMeter", "Multimeter"):
        return role
    marker = bench.marker
    if name != marker.scope or number == marker.channel:
        raise ConfigError(
            f"--with {channel}: take a channel of {marker.scope} other than {marker.channel}, where the marker arrives."
        )
    return role


def _gather(player: Player, amperes: float, seconds: float, measure: Callable[[], float]) -> tuple[Floats, Floats]:
    """Readings while one level is played, the first few left out; times (s) evenly over the program."""
    found: list[float] = []

    def again() -> bool:
        found.append(measure())
        return False

    total = SETTLE + seconds
    player.play(hold(amperes, total), again)
    values = np.array(found)
    times = (np.arange(len(values)) + 0.5) * total / len(values)
    within = (times > SETTLE) & (np.arange(len(values)) < len(values) - 1)  # the last one may have seen the end
    if within.sum() < 3:
        raise LimitError(f"{show(seconds, 's')} are too short for three readings.")
    return times[within], values[within]


def _scatter(values: Floats) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values))


def _range(volts: float) -> float:
    return max(0.1, 1.1 * abs(volts))
