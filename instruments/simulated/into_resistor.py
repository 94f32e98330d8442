"""A current source's channel taken off the board: into a known resistor, or into the active load of a source-meter."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurorig.hardware.memristors import Reading
from neurorig.hardware.parts import Port
from neurorig.signals import ConfigError, Steps, nearest

from ..delivered import Delivered
from .disturbances import Disturbance, Disturbed
from .world import World

FINE = 25e-6
"""Seconds between two values of the noise, with straight lines between them: white far beyond 1 kHz, and next to nothing
above 40 kHz that a record of 20 kS/s or more could fold down."""
BAND = 1e3
"""Hz up to which the noise has the rms that it is given with."""
BLOCK = 4096
"""Values of the noise drawn at once."""
POINTS = 64
"""Moments at which the current into a load is averaged."""


@dataclass(frozen=True)
class Bypass:
    """Which source channel goes into a resistor of `ohms`, what measures it, and how true that source is.

    `meters` are ``instrument.channel`` of what looks at the resistor; a source-meter is the load itself. `noise`: rms (A)
    from 1 Hz to 1 kHz; `ripple`: amplitude (A) of a sine at `ripple_frequency`; `sag`: relative loss a volt while it
    gives; `settling`: time constant (s) of a step; `drift`: A/s. What is None is as the board's port says.
    """

    channel: str
    ohms: float
    meters: tuple[str, ...] = ()
    noise: float | None = None
    ripple: float | None = None
    ripple_frequency: float | None = None
    sag: float | None = None
    settling: float = 0.0
    drift: float = 0.0

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> "Bypass":
        """From plain values, such as a process is started with. Raises ConfigError for a word that is none."""
        known = [f.name for f in fields(cls)]
        for word in words:
            if word not in known:
                raise ConfigError(f"bypass: no '{word}'.{nearest(word, known)}")
        return cls(**{**words, "meters": tuple(words.get("meters", ()))})

    def like(self, port: Port | None) -> "Bypass":
        """With what is None taken from the board's port."""
        said = {name: getattr(port, name) if port else default for name, default in _PERFECT.items()}
        given = {name: value for name in said if (value := getattr(self, name)) is not None}
        return Bypass(
            self.channel, self.ohms, self.meters, settling=self.settling, drift=self.drift, **{**said, **given}
        )


_PERFECT = {"noise": 0.0, "ripple": 0.0, "ripple_frequency": 50.0, "sag": 0.0}


class IntoResistor(Disturbed):
    """The output as its source sees it, and the resistor as a connector that meters look at. A function of time alone."""

    unit = "A"

    def __init__(self, world: World, bypass: Bypass, delivered: Delivered, seed: int) -> None:
        super().__init__()
        self.world, self.bypass, self.delivered, self.seed = world, bypass, delivered, seed
        self.ohms = bypass.ohms
        self.quartered = False
        """Whether the range jumper was put on since: its stage then delivers a quarter for the same code, errors included."""
        self.probes = math.inf
        """Ohms of the probes on it, all in parallel: they take their part of the current."""
        self._edges = np.array([-math.inf])
        self._levels = np.zeros(1)
        self._noise: dict[int, NDArray[np.float64]] = {}

    # What the source does.

    def drive(self, amperes: float) -> None:
        """Command a constant current from now on. Stuck, it does not go to zero but stays where it is."""
        if not (self.stuck and amperes == 0.0):
            self._command(np.array([self.world.now]), np.array([float(amperes)]))

    def stay(self) -> None:
        """Go on with the level of this moment, whatever was to come."""
        now = self.world.now
        self._command(np.array([now]), self._levels[[np.searchsorted(self._edges, now, side="right") - 1]])

    def play(self, steps: Steps, start: float) -> None:
        """Command `steps` from `start` on; the last level stays."""
        self._command(start + steps.edges[:-1], np.asarray(steps.levels))

    def settle(self, added: Disturbance, now: float) -> None:
        """Let a disturbance end; what was before keeps it."""
        added.until = now

    def voltage(self) -> float:
        """Volts at the terminal now."""
        return float(self.sample(self.world.now, 1e-6, 1)[0])

    def _command(self, edges: NDArray[np.float64], levels: NDArray[np.float64]) -> None:
        kept = int(np.searchsorted(self._edges, edges[0]))
        self._edges = np.concatenate([self._edges[:kept], edges])
        self._levels = np.concatenate([self._levels[:kept], levels])

    # What meters see.

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """Volts over the resistor at ``t0 + k dt``; shape (n,)."""
        return self.current(t0 + dt * np.arange(n, dtype=np.float64)) * self._total

    def current(self, times: NDArray[np.float64], volts: float | None = None) -> NDArray[np.float64]:
        """Amperes that flow at these times, into the resistor or against `volts` that somebody holds."""
        commanded = self._levels[np.searchsorted(self._edges, times, side="right") - 1]
        on = commanded != 0.0
        added = np.where(on, self._noise_at(times) + self._ripple_at(times) + self.bypass.drift * times, 0.0)
        for disturbance in self.disturbances:
            added = added + np.where(on, disturbance.at(times), 0.0)
        free = self._settled(times) + added
        giving = free > 0.0
        sag = self.bypass.sag or 0.0
        against = free / (1 + sag * np.abs(free) * self._total) if volts is None else free * (1 - sag * volts)
        return np.where(giving, against, free)

    @property
    def _total(self) -> float:
        return 1 / (1 / self.ohms + 1 / self.probes)

    def _settled(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """The delivered levels, each reached with the time constant of a step."""
        ranged = 4.0 if self.quartered else 1.0
        levels = self.delivered(ranged * self._levels) / ranged
        index = np.searchsorted(self._edges, times, side="right") - 1
        tau = self.bypass.settling
        if tau <= 0.0:
            return np.asarray(levels[index])
        reached = levels.copy()  # where each edge finds it
        for k in range(1, len(levels)):
            before, since = levels[k - 1], self._edges[k] - self._edges[k - 1]
            reached[k] = before + (reached[k - 1] - before) * math.exp(-since / tau)
        since = np.where(index > 0, times - self._edges[index], math.inf)
        return np.asarray(levels[index] + (reached[index] - levels[index]) * np.exp(-since / tau))

    def _ripple_at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        turn = 2 * math.pi * (self.bypass.ripple_frequency or 0.0)
        return np.asarray((self.bypass.ripple or 0.0) * np.sin(turn * times))

    def _noise_at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same at the same time, however often it is asked for."""
        rms = self.bypass.noise or 0.0
        if rms == 0.0 or not len(times):
            return np.zeros(len(times))
        place = np.maximum(times / FINE, 0.0)
        index = place.astype(np.int64)
        first, last = int(index.min()) // BLOCK, (int(index.max()) + 1) // BLOCK
        for block in range(first, last + 1):
            if block not in self._noise:
                self._noise[block] = np.random.default_rng((self.seed, block)).standard_normal(BLOCK)
        for old in [b for b in self._noise if b < first - 800]:
            del self._noise[old]
        drawn = np.concatenate([self._noise[block] for block in range(first, last + 1)])
        index -= first * BLOCK
        part = place - first * BLOCK - index
        # One-sided density of such values with variance one: 2 FINE, up to well below 1 / FINE.
        scaled: NDArray[np.float64] = drawn * (rms / math.sqrt(2 * FINE * BAND))
        return np.asarray((1 - part) * scaled[index] + part * scaled[index + 1])


class IntoLoad:
    """The same channel as a device between the leads of a source-meter that holds it at a voltage and takes its current."""

    def __init__(self, into: IntoResistor) -> None:
        self.into = into
        self.seed = into.seed

    def apply(self, volts: float, seconds: float, *, compliance: float = math.inf) -> Reading:
        """What the source-meter sees of `volts`, on the average over the last `seconds`: it takes what the source gives."""
        now = self.into.world.now
        times = now - seconds + seconds * (np.arange(POINTS) + 0.5) / POINTS if seconds else np.array([now])
        amperes = -float(self.into.current(times, volts).mean())
        if abs(amperes) <= compliance:
            return Reading(volts, amperes, False)
        return Reading(volts, math.copysign(compliance, amperes), True)

    def force(self, amperes: float, seconds: float, *, compliance: float) -> Reading:
        """Two sources against each other: the stronger one takes the voltage to its limit."""
        return Reading(math.copysign(compliance, amperes), amperes, True)
