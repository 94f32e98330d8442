"""The inside of a digital oscilloscope: trigger, acquisition memory, front ends and an 8-bit converter.

Everything is a function of the signals at the inputs and of the world's clock, so records are the same however the time
is cut. A record is digitised when it is first read; until then the world is asked to remember.

Approximations: an edge is searched on a 5 us grid (shorter pulses can be missed) and then placed to 1 ns; the trigger
sees no noise; the bandwidth is one pole; AC coupling removes the record's mean.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .world import World

GRID = 5_000
"""Nanoseconds between the points at which the trigger looks for an edge."""
CHUNK = 1 << 18
"""Samples converted at once: stays in the processor's cache."""
AUTO_PATIENCE = 0.1
"""Seconds an automatic sweep waits for a trigger before it goes without."""
DEAD_TIME = 0.02
"""Seconds between two acquisitions of a running sweep: fifty pictures a second."""
UNREAD = 30.0
"""Seconds after which a record nobody has read yet is digitised, so that the world may forget."""
MAINS = 0.02
"""Period of the mains, for the line trigger: 50 Hz, in phase with the world's zero of time."""

Sweep = Literal["AUTO", "NORM", "SING"]
Slope = Literal["POS", "NEG", "RFAL"]


class Input(Protocol):
    """A connector: what `lines` offers."""

    def sample(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """Volts at the probe tip at ``t0 + k dt``, not later than now; shape (n,)."""
        ...


@dataclass(frozen=True)
class FrontEnd:
    """One channel between its probe and the converter. Volts are those on the screen, the probe ratio included."""

    signal: Input
    volts_per_code: float
    zero_code: int
    """Code of zero volts; 0 and 255 are the ends of the converter."""
    gain: float = 1.0
    """Volts shown per volt at the probe tip: probe ratio set over attenuation of the probe; negative if inverted."""
    coupling: str = "DC"
    bandwidth: float = 100e6
    noise: float = 0.0
    """Standard deviation in codes."""

    def volts(self, t0: float, dt: float, n: int) -> NDArray[np.float64]:
        """What the trigger sees; shape (n,)."""
        return np.zeros(n) if self.coupling == "GND" else self.signal.sample(t0, dt, n) * self.gain

    def codes(self, t0: float, dt: float, n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Digitise ``n`` samples; shape (n,)."""
        codes = np.empty(n, np.uint8)
        per_volt, zero = 1.0 / self.volts_per_code, self.zero_code + 0.5
        if self.coupling == "AC":
            zero -= float(self.volts(t0, n * dt / 1000, 1000).mean()) * per_volt
        smooth = self._pole(t0, dt)
        for first in range(0, n, CHUNK):
            count = min(CHUNK, n - first)
            level = smooth(self.volts(t0 + first * dt, dt, count))
            level *= per_volt
            level += zero
            if self.noise:
                level += rng.standard_normal(count, dtype=np.float32) * np.float32(self.noise)
            # Truncation after adding one half rounds; the ends of the converter stay the ends.
            codes[first : first + count] = np.clip(level, 0.0, 255.0, out=level)
        return codes

    def _pole(self, t0: float, dt: float) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        """The bandwidth as one pole, where the samples are close enough to see it."""
        decay = math.exp(-2 * math.pi * self.bandwidth * dt)
        if decay < 1e-3:
            return lambda volts: volts
        from scipy.signal import lfilter  # 0.3 s that only fast records need

        memory = decay * self.volts(t0, dt, 1)

        def smooth(volts: NDArray[np.float64]) -> NDArray[np.float64]:
            nonlocal memory
            smoothed, memory = lfilter([1 - decay], [1, -decay], volts, zi=memory)
            return np.asarray(smoothed)

        return smooth


@dataclass(frozen=True)
class Trigger:
    """An edge on one front end (None: the mains); it counts if the signal was `hysteresis` beyond the level before."""

    source: FrontEnd | None
    level: float
    hysteresis: float
    slope: Slope = "POS"
    holdoff: float = 0.0


@dataclass(frozen=True)
class Plan:
    """One acquisition as set up: `depth` samples at `rate`, their middle `centre` seconds after the trigger."""

    depth: int
    rate: float
    centre: float
    screen: float
    """Seconds across the screen, whose middle is the memory's."""
    front_ends: Mapping[int, FrontEnd]
    trigger: Trigger
    sweep: Sweep
    averages: int = 1

    @property
    def before(self) -> float:
        """Seconds from the first sample to the trigger; negative when the record begins after it."""
        return self.depth / self.rate / 2 - self.centre

    @property
    def after(self) -> float:
        """Seconds from the trigger to the last sample, at least 0."""
        return max(0.0, self.depth / self.rate - self.before)


@dataclass
class Record:
    """One completed acquisition."""

    plan: Plan
    trigger: float
    triggered: bool
    """False if nothing but impatience or a command triggered it."""
    seed: tuple[int, ...]
    _codes: dict[int, NDArray[np.uint8]] = field(default_factory=dict)

    @property
    def start(self) -> float:
        """World time of the first sample."""
        return self.trigger - self.plan.before

    @property
    def unread(self) -> bool:
        """Whether some channel is still to be digitised."""
        return len(self._codes) < len(self.plan.front_ends)

    def codes(self, channel: int) -> NDArray[np.uint8]:
        """The memory of one channel, shape (depth,); digitised at the first call."""
        if channel not in self._codes:
            rng = np.random.default_rng((*self.seed, channel))
            front_end = self.plan.front_ends[channel]
            self._codes[channel] = front_end.codes(self.start, 1 / self.plan.rate, self.plan.depth, rng)
        return self._codes[channel]

    def digitise(self) -> None:
        """Digitise what is left."""
        for channel in self.plan.front_ends:
            self.codes(channel)


class EdgeFinder:
    """Looks for the first edge after `start`, called again and again as time goes on."""

    def __init__(self, trigger: Trigger, start: float) -> None:
        self._trigger, self._start = trigger, start
        self._next = math.ceil(start * 1e9 / GRID)
        self._signs = {"POS": (1,), "NEG": (-1,), "RFAL": (1, -1)}[trigger.slope]
        self._armed = dict.fromkeys(self._signs, False)

    def find(self, stop: float) -> float | None:
        """Time of the first edge not later than `stop`, or None so far."""
        source = self._trigger.source
        if source is None:
            line = math.ceil(self._start / MAINS) * MAINS
            return line if line <= stop else None
        last = (math.floor(stop * 1e9) - 1) // GRID  # 1 ns short of now: rounding must not ask for the future
        while self._next <= last:
            count = min(last - self._next + 1, CHUNK)
            volts = source.volts(self._next * GRID * 1e-9, GRID * 1e-9, count)
            edges = [edge for sign in self._signs if (edge := self._first(volts, sign)) is not None]
            if edges:
                return self._place(source, self._next + min(edges)[0], min(edges)[1])
            self._next += count
        return None

    def _first(self, volts: NDArray[np.float64], sign: int) -> tuple[int, int] | None:
        """Index of the first crossing in the direction of `sign`, with the sign; keeps whether that edge is armed."""
        above = sign * (volts - self._trigger.level)
        begin = 0
        if not self._armed[sign]:
            begin = int((above < -self._trigger.hysteresis).argmax())
            if above[begin] >= -self._trigger.hysteresis:
                return None
            self._armed[sign] = True
        index = begin + int((above[begin:] >= 0).argmax())
        return (index, sign) if above[index] >= 0 else None

    def _place(self, source: FrontEnd, index: int, sign: int) -> float:
        """The nanosecond of the crossing that the grid point `index` has seen."""
        begin = (index - 1) * GRID
        volts = source.volts(begin * 1e-9, 1e-9, GRID + 1)
        return (begin + int((sign * (volts - self._trigger.level) >= 0).argmax())) * 1e-9


class Digitiser:
    """Runs acquisitions in world time. `state` is FILL, WAIT, TD (triggered, recording on) or STOP."""

    def __init__(self, world: "World", name: str, seed: int) -> None:
        self.world, self._name, self._seed = world, name, seed
        self.state: Literal["FILL", "WAIT", "TD", "STOP"] = "STOP"
        self.history: list[tuple[float, str]] = [(-math.inf, "STOP")]
        self.record: Record | None = None
        self._count = 0
        self._ready = self._forced = math.inf
        world.listen(self._listen)

    def start(self, plan: Plan) -> None:
        """Begin acquiring; a single sweep stops after one record, the others go on."""
        self.plan, self._free_running = plan, False
        self._fill(self.world.now, self.world.now)
        self._remember()

    def stop(self) -> None:
        """Stop; the last complete record stays."""
        self._enter("STOP", self.world.now)
        self._remember()

    def clear(self) -> None:
        """Drop the last record."""
        self.record = None
        self._remember()

    def force(self) -> None:
        """Trigger now, or as soon as the pre-trigger memory is full."""
        if self.state in ("FILL", "WAIT"):
            self._forced = max(self.world.now, self._ready)

    def codes(self, channel: int) -> NDArray[np.uint8]:
        """The last record of a channel; shape (depth,). Raises KeyError if it was off, LookupError if there is none."""
        if self.record is None:
            raise LookupError("nothing was acquired")
        codes = self.record.codes(channel)
        self._remember()
        return codes

    def shown(self, lag: float) -> str:
        """What the screen says the instrument was doing `lag` seconds ago: RUN, WAIT, TD, AUTO or STOP."""
        when = self.world.now - lag
        return next((state for since, state in reversed(self.history) if since <= when), self.history[0][1])

    def _listen(self, start: float, stop: float) -> None:
        if self.state == "STOP":
            if self.record is not None and self.record.unread and stop - self.record.trigger > UNREAD:
                self.record.digitise()
                self._remember()
            return
        while self._step(stop):
            pass
        self._remember()

    def _step(self, stop: float) -> bool:
        """Go through the next change of state if it comes not later than `stop`."""
        if self.state == "FILL" and self._ready <= stop:
            self._finder = EdgeFinder(self.plan.trigger, self._ready)
            self._enter("WAIT", self._ready)
        elif self.state == "WAIT" and (found := self._find(stop)) is not None:
            self._triggered_at, self._free_running = found
            self._enter("TD", self._triggered_at)
        elif self.state == "TD" and self._triggered_at + self.plan.after <= stop:
            self._complete(self._triggered_at + self.plan.after)
        else:
            return False
        return True

    def _find(self, stop: float) -> tuple[float, bool] | None:
        """When the trigger comes, and whether it is none of the signal's."""
        impatient = self._ready + AUTO_PATIENCE if self.plan.sweep == "AUTO" else math.inf
        limit = min(self._forced, impatient)
        edge = self._finder.find(min(stop, limit))
        if edge is not None:
            return edge, False
        return (limit, True) if limit <= stop else None

    def _complete(self, when: float) -> None:
        self._count += 1
        self.record = Record(self.plan, self._triggered_at, not self._free_running, (self._seed, self._count))
        if self.plan.sweep == "SING":
            self._enter("STOP", when)
        else:
            self._fill(when + DEAD_TIME, self._triggered_at + self.plan.trigger.holdoff)

    def _fill(self, begin: float, not_before: float) -> None:
        self._forced = math.inf
        self._ready = max(begin + max(0.0, self.plan.before), not_before)
        self._enter("FILL", begin)

    def _enter(self, state: Literal["FILL", "WAIT", "TD", "STOP"], when: float) -> None:
        self.state = state
        shown: str = {"FILL": "RUN"}.get(state, state)
        if state != "STOP" and self.plan.sweep == "AUTO" and (self._free_running or state != "TD"):
            shown = "AUTO"
        # What was to come after this moment did not happen.
        self.history = [*(entry for entry in self.history[-16:] if entry[0] <= when), (when, shown)]

    def _remember(self) -> None:
        """Say how far back the signals are still needed."""
        since = []
        if self.state != "STOP":
            trigger = self._triggered_at if self.state == "TD" else self.world.now
            since.append(trigger - max(0.0, self.plan.before))
        if self.record is not None and self.record.unread:
            since.append(self.record.start)
        # The edge finder looks back by one step of its grid, the bandwidth filter by one sample.
        self.world.remember(self._name, min(since) - 2e-9 * GRID if since else None)
