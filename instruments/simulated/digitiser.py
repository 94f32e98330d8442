"""The inside of a digital oscilloscope: run control and acquisition memory, around `converter` and `triggering`.

Everything is a function of the signals at the inputs and of the world's clock, so records are the same however the time
is cut. A record is digitised when it is first read; until then the world is asked to remember.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from .converter import FrontEnd
from .triggering import GRID, Trigger

if TYPE_CHECKING:
    from .world import World

AUTO_PATIENCE = 0.1
"""Seconds an automatic sweep waits for a trigger before it goes without."""
DEAD_TIME = 0.02
"""Seconds between two acquisitions of a running sweep: fifty pictures a second."""
UNREAD = 30.0
"""Seconds after which a record nobody has read yet is digitised, so that the world may forget."""


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
    auto: bool
    """Goes without a trigger after `patience` seconds."""
    single: bool
    """Stops when the record is complete."""
    averages: int = 1
    """Triggered records of which the mean is taken."""
    segments: int = 0
    """Triggered records that are kept one beside the other, then it stops; 0: none."""
    patience: float = AUTO_PATIENCE
    dead_time: float = DEAD_TIME

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
    """One triggered record."""

    plan: Plan
    trigger: float
    triggered: bool
    """False if nothing but impatience or a command triggered it."""
    seed: tuple[int, ...]
    count = 1
    """Records of which it is the mean."""
    _levels: dict[int, NDArray[Any]] = field(default_factory=dict)

    @property
    def start(self) -> float:
        """World time of the first sample."""
        return self.trigger - self.plan.before

    @property
    def unread_since(self) -> float | None:
        """From when on the signals are still needed; None when every channel is digitised."""
        return self.start if len(self._levels) < len(self.plan.front_ends) else None

    def levels(self, channel: int) -> NDArray[Any]:
        """One channel in codes or fractions of codes, shape (depth,); digitised at the first call. Raises KeyError."""
        if channel not in self._levels:
            self._levels[channel] = self.digitised(channel)
        return self._levels[channel]

    def codes(self, channel: int) -> NDArray[Any]:
        """The same, rounded to whole codes of the converter."""
        levels = self.levels(channel)
        if levels.dtype != np.float32:
            return levels
        whole: NDArray[Any] = np.rint(levels).astype(np.uint8 if self.plan.front_ends[channel].top < 256 else np.uint16)
        return whole

    def digitised(self, channel: int) -> NDArray[Any]:
        """Digitise one channel anew."""
        plan, rng = self.plan, np.random.default_rng((*self.seed, channel))
        return plan.front_ends[channel].record(self.start, 1 / plan.rate, plan.depth, rng)

    def digitise(self) -> None:
        """Digitise what is left."""
        for channel in self.plan.front_ends:
            self.levels(channel)


class Average(Record):
    """The mean of triggered records: of all while they are fewer than the plan's number, then each pushes the older ones back."""

    def __init__(self, first: Record) -> None:
        super().__init__(first.plan, first.trigger, first.triggered, first.seed)
        self.count, self._folded = 0, 0
        # What comes before the last few averages weighs next to nothing.
        self._pending: deque[Record] = deque(maxlen=8 * self.plan.averages)
        self.add(first)

    def add(self, record: Record) -> None:
        """Take one more record into the mean."""
        if len(self._pending) == self._pending.maxlen:
            self._folded, self._levels = 0, {}
        self._pending.append(record)
        self.trigger, self.triggered = record.trigger, record.triggered
        self.count = min(self.count + 1, self.plan.averages)

    @property
    def unread_since(self) -> float | None:
        """From when on the signals are still needed; None when all is folded into the mean."""
        return self._pending[0].start if self._pending else None

    def levels(self, channel: int) -> NDArray[Any]:
        """The mean of one channel, in fractions of codes; shape (depth,). Raises KeyError."""
        self.digitise()
        return self._levels[channel]

    def digitise(self) -> None:
        """Fold every record that waits into the mean."""
        while self._pending:
            record = self._pending.popleft()
            self._folded += 1
            for channel in self.plan.front_ends:
                taken = record.digitised(channel).astype(np.float32)
                mean = self._levels.setdefault(channel, np.zeros_like(taken))
                mean += (taken - mean) / np.float32(min(self._folded, self.plan.averages))


class Digitiser:
    """Runs acquisitions in world time. `state` is FILL, WAIT, TD (triggered, recording on) or STOP."""

    def __init__(self, world: "World", name: str, seed: int) -> None:
        self.world, self._name, self._seed = world, name, seed
        self.state: Literal["FILL", "WAIT", "TD", "STOP"] = "STOP"
        self.history: list[tuple[float, str]] = [(-math.inf, "STOP")]
        self.record: Record | None = None
        self.segments: list[Record] = []
        """The triggered records of a segmented acquisition, in order."""
        self.arms = self.triggers = self.completed = 0
        """Times the trigger was armed, triggers of the signal, acquisitions completed: since power on."""
        self._count = 0
        self._ready = self._forced = math.inf
        self._average: Average | None = None
        world.listen(self._listen, self._name)

    def start(self, plan: Plan) -> None:
        """Begin acquiring; a single sweep stops after one acquisition, the others go on."""
        self.plan, self._free_running, self._average = plan, False, None
        if plan.segments:
            self.segments = []
        self._fill(self.world.now, self.world.now)
        self._remember()

    def stop(self) -> None:
        """Stop; the last complete record stays."""
        self._enter("STOP", self.world.now)
        self._remember()

    def clear(self) -> None:
        """Drop what was recorded."""
        self.record, self._average, self.segments = None, None, []
        self._remember()

    def force(self) -> None:
        """Trigger now, or as soon as the pre-trigger memory is full."""
        if self.state in ("FILL", "WAIT"):
            self._forced = max(self.world.now, self._ready)

    def codes(self, channel: int) -> NDArray[Any]:
        """The last record of a channel; shape (depth,). Raises KeyError if it was off, LookupError if there is none."""
        codes = self._last().codes(channel)
        self._remember()
        return codes

    def levels(self, channel: int) -> NDArray[Any]:
        """The same in fractions of codes, where averages or high resolution have them."""
        levels = self._last().levels(channel)
        self._remember()
        return levels

    def select(self, segment: int) -> None:
        """Make one of the `segments` (from 0) the record that is read. Raises IndexError."""
        self.record = self.segments[segment]

    def shown(self, lag: float) -> str:
        """What the screen says the instrument was doing `lag` seconds ago: RUN, WAIT, TD, AUTO or STOP."""
        when = self.world.now - lag
        return next((state for since, state in reversed(self.history) if since <= when), self.history[0][1])

    def _last(self) -> Record:
        if self.record is None:
            raise LookupError("nothing was acquired")
        return self.record

    def _kept(self) -> list[Record]:
        """Every record that may still be read."""
        return [r for r in (self.record, self._average, *self.segments) if r is not None]

    def _listen(self, start: float, stop: float) -> None:
        while self.state != "STOP" and self._step(stop):
            pass
        for record in self._kept():
            if record.unread_since is not None and stop - record.unread_since - record.plan.before > UNREAD:
                record.digitise()
        self._remember()

    def _step(self, stop: float) -> bool:
        """Go through the next change of state if it comes not later than `stop`."""
        if self.state == "FILL" and self._ready <= stop:
            noise = np.random.default_rng((self._seed, self._count + 1, 0))
            self.arms += 1
            self._finder = self.plan.trigger.finder(self._ready, noise)
            self._enter("WAIT", self._ready)
        elif self.state == "WAIT" and (found := self._find(stop)) is not None:
            self._triggered_at, self._free_running = found
            self.triggers += not self._free_running
            self._enter("TD", self._triggered_at)
        elif self.state == "TD" and self._triggered_at + self.plan.after <= stop:
            self._complete(self._triggered_at + self.plan.after)
        else:
            return False
        return True

    def _find(self, stop: float) -> tuple[float, bool] | None:
        """When the trigger comes, and whether it is none of the signal's."""
        impatient = self._ready + self.plan.patience if self.plan.auto else math.inf
        limit = min(self._forced, impatient)
        edge = self._finder.find(min(stop, limit))
        if edge is not None:
            return edge, False
        return (limit, True) if limit <= stop else None

    def _complete(self, when: float) -> None:
        plan = self.plan
        self._count += 1
        record = Record(plan, self._triggered_at, not self._free_running, (self._seed, self._count))
        if plan.averages > 1:
            if self._average is None:
                self._average = Average(record)
            else:
                self._average.add(record)
            done, record = self._average.count == plan.averages, self._average
        else:
            done = True
        if plan.segments:
            self.segments.append(record)
            done = len(self.segments) == plan.segments
        if not plan.single or plan.segments or done:
            self.record = record
        self.completed += done
        if done and (plan.single or plan.segments):
            self._enter("STOP", when)
        else:
            self._fill(when + plan.dead_time, self._triggered_at + plan.trigger.holdoff)

    def _fill(self, begin: float, not_before: float) -> None:
        self._forced = math.inf
        self._ready = max(begin + max(0.0, self.plan.before), not_before)
        self._enter("FILL", begin)

    def _enter(self, state: Literal["FILL", "WAIT", "TD", "STOP"], when: float) -> None:
        self.state = state
        shown: str = {"FILL": "RUN"}.get(state, state)
        if state != "STOP" and self.plan.auto and (self._free_running or state != "TD"):
            shown = "AUTO"
        # What was to come after this moment did not happen.
        self.history = [*(entry for entry in self.history[-16:] if entry[0] <= when), (when, shown)]

    def _remember(self) -> None:
        """Say how far back the signals are still needed."""
        since = [record.unread_since for record in self._kept() if record.unread_since is not None]
        if self.state != "STOP":
            trigger = self._triggered_at if self.state == "TD" else self.world.now
            since.append(trigger - max(0.0, self.plan.before))
        # The edge finder looks back by one step of its grid, the bandwidth filter by one sample.
        self.world.remember(self._name, min(since) - 2e-9 * GRID if since else None)
