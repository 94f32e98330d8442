"""The ARM-TRIGger model of a simulated Keysight B2902A: two device actions for each channel, transient and acquire.

User's Guide Edition 2 page 6-27, Edition 5 pages 6-5 to 6-7 and 6-27. What is assumed: see `keysight_b2900a`.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..arguments import ScpiError
from ..source_measure import Job, Work
from .keysight_b2900a_channel import Channel, Row
from .keysight_b2900a_settings import levels_of

if TYPE_CHECKING:
    from ..world import Event

LAYERS = ("ARM", "TRIG")
IDLE, WAITING = 1 << 1, {"": 0, "TRIG": 1 << 2, "ARM": 1 << 3}
"""Bits of the operation register, of the first action of the first channel."""
MOST_ROWS = 100_000
EXACT = 1e-9
"""Seconds by which two times that are the same may differ."""


@dataclass
class Layer:
    """What one layer waits for, and how often."""

    source: str = "AINT"
    count: int = 1
    timer: float = 20e-6
    delay: float = 0.0


@dataclass
class Action:
    """One device action of one channel, and where it stands in its layers."""

    layers: dict[str, Layer] = field(default_factory=lambda: {name: Layer() for name in LAYERS})
    waits: str = ""
    """The layer whose event it waits for."""
    job: Job | None = None

    @property
    def idle(self) -> bool:
        """Whether it is not initiated."""
        return self.job is None or not self.job.running

    @property
    def condition(self) -> int:
        """What the operation register shows of it."""
        return IDLE if self.idle else WAITING[self.waits]

    @property
    def total(self) -> int:
        """How often it is done."""
        return self.layers["ARM"].count * self.layers["TRIG"].count

    @property
    def automatic(self) -> bool:
        """Whether nothing from outside tells it when."""
        return all(layer.source == "AINT" for layer in self.layers.values())


class Timer:
    """The events of a layer: every interval, beginning now; those that come while nobody waits are lost."""

    def __init__(self, start: float, interval: float) -> None:
        self.start, self.interval, self.ticks = start, interval, 0

    def next(self, now: float) -> tuple[float, bool]:
        """When the next event comes, and whether one was lost before."""
        due = self.start + self.ticks * self.interval
        lost = now > due + EXACT
        if lost:
            self.ticks = math.ceil((now - self.start - EXACT) / self.interval)
            due = self.start + self.ticks * self.interval
        self.ticks += 1
        return due, lost


class Trigger:
    """Both actions of one channel. Calls `noticed` whenever something has changed."""

    def __init__(self, channel: Channel, noticed: Callable[[], None], taken: Callable[[Channel, Row], None]) -> None:
        self.channel, self.noticed, self.taken = channel, noticed, taken
        self.world = channel.world
        self.rows: deque[Row] = deque(maxlen=MOST_ROWS)
        self.origin = self.world.now
        """When the time of readings is zero."""
        self._changes: list[Event] = []
        self.actions: dict[str, Action] = {}
        self.reset()

    def reset(self) -> None:
        """Idle, with the layers as after ``*RST``; no readings."""
        self.abort(tuple(self.actions))
        self.actions = {"TRAN": Action(), "ACQ": Action()}
        self.lost: set[str] = set()
        self.rows.clear()

    @property
    def idle(self) -> bool:
        """Whether neither action is initiated."""
        return all(action.idle for action in self.actions.values())

    # Beginning and ending

    def initiate(self, names: Iterable[str]) -> None:
        """Leave the idle state. Raises ScpiError -213 if one has already, -221 for levels that do not go with the limit."""
        asked = {name: self.actions[name] for name in names}
        if not all(action.idle for action in asked.values()):
            raise ScpiError(-213)
        channel = self.channel
        levels: tuple[float, ...] = ()
        if "TRAN" in asked:
            levels = levels_of(channel.settings, channel.source)
            channel.verify(levels)
            channel.prepare(levels)
        if channel.settings.on_auto:
            channel.switch(True)
        if "ACQ" in asked:
            self.rows.clear()
        self.origin = self.world.now
        self.lost -= set(asked)
        together = len(asked) == 2 and all(action.automatic for action in asked.values())
        if together:
            job = Job(self.world, self._both(levels))
            for action in asked.values():
                action.job = job if job.running else None
        else:
            for name, action in asked.items():
                act = (lambda k: self._step(levels, k)) if name == "TRAN" else (lambda _: self._measure())
                action.job = Job(self.world, self._alone(name, action, act))
        self.noticed()

    def abort(self, names: Iterable[str]) -> None:
        """Back to the idle state."""
        jobs = [action.job for name, action in self.actions.items() if name in set(names) and action.job is not None]
        if not jobs:
            return
        for action in self.actions.values():
            if action.job in jobs:
                action.job.stop()
                action.waits = ""
        if self.actions["TRAN"].idle:
            for change in self._changes:
                change.cancel()
        self._rest()

    def event(self, layer: str, names: Iterable[str]) -> None:
        """An event for a layer, whatever its source: goes on with what waits for it; for what does not, it is lost."""
        for name in names:
            self._come(name, self.actions[name].waits == layer)

    def bus(self) -> None:
        """An event from the bus, for the layers that listen to it."""
        for name, action in self.actions.items():
            if any(layer.source == "BUS" for layer in action.layers.values()):
                self._come(name, action.waits != "" and action.layers[action.waits].source == "BUS")

    def _come(self, name: str, awaited: bool) -> None:
        job = self.actions[name].job
        if awaited and job is not None:
            job.wake()
        elif not self.actions[name].idle:
            self.lost.add(name)
        self.noticed()

    def _rest(self) -> None:
        """When both actions are idle, the output goes back to its immediate level, or off."""
        channel, settings = self.channel, self.channel.settings
        if self.idle:
            self._changes.clear()
            channel.fixed, channel.least_range = False, 0.0
            if settings.keeps and not channel.pulsed:
                channel.source.level = channel.level
            elif channel.level != channel.source.level:
                channel.put(channel.source.level)
            if settings.off_auto:
                channel.switch(False)
        self.noticed()

    # The layers

    def _both(self, levels: tuple[float, ...]) -> Work:
        """Transient and acquire, step by step: each step's readings before the next step."""
        tran, acq = self.actions["TRAN"], self.actions["ACQ"]
        arms = max(tran.layers["ARM"].delay, acq.layers["ARM"].delay)
        for k in range(max(tran.total, acq.total)):
            if k % tran.layers["TRIG"].count == 0 and arms:
                yield arms
            end = self._play(levels, k, tran.layers["TRIG"].delay) if k < tran.total else self.world.now
            if k < acq.total:
                yield from self._measure()
            yield max(end - self.world.now, 0.0)
        tran.job = acq.job = None
        self._rest()

    def _alone(self, name: str, action: Action, act: Callable[[int], Work]) -> Work:
        """One action by its own layers' events."""
        arm, trigger = action.layers["ARM"], action.layers["TRIG"]
        arms = Timer(self.world.now, arm.timer)
        k = 0
        for _ in range(arm.count):
            yield from self._event(name, "ARM", arms)
            yield arm.delay
            triggers = Timer(self.world.now, trigger.timer)
            for _trigger in range(trigger.count):
                yield from self._event(name, "TRIG", triggers)
                yield from act(k)
                k += 1
        if name == "TRAN" and trigger.source == "TIM":  # the last step lasts as long as the others
            yield triggers.next(self.world.now)[0] - self.world.now
        action.job = None
        self._rest()

    def _event(self, name: str, layer: str, timer: Timer) -> Work:
        action = self.actions[name]
        source = action.layers[layer].source
        if source == "AINT":
            return
        action.waits = layer
        self.noticed()
        if source == "TIM":
            due, lost = timer.next(self.world.now)
            if lost:
                self.lost.add(name)
            yield due - self.world.now
        else:
            yield math.inf
        action.waits = ""
        self.noticed()

    # The device actions

    def _step(self, levels: tuple[float, ...], k: int) -> Work:
        yield self._play(levels, k, self.actions["TRAN"].layers["TRIG"].delay) - self.world.now

    def _play(self, levels: tuple[float, ...], k: int, delay: float) -> float:
        """Change the output as step `k` says, `delay` after now; when the next one may begin."""
        channel, settings = self.channel, self.channel.settings
        level, start = levels[k % len(levels)], self.world.now + delay
        wait = settings.source_wait.seconds(0.0)
        self._changes = [change for change in self._changes if change.when > self.world.now]
        if not channel.pulsed:
            self._at(start, lambda: channel.put(level))
            return start + wait
        start += settings.pulse_delay
        end = start + settings.width
        self._at(start, lambda: channel.put(level, peak=True))
        self._at(end, lambda: channel.put(channel.source.level))
        return end + wait

    def _at(self, when: float, change: Callable[[], None]) -> None:
        if when <= self.world.now:
            change()
        else:
            self._changes.append(self.world.at(when, change))

    def _measure(self) -> Work:
        yield self.actions["ACQ"].layers["TRIG"].delay
        row = yield from self.channel.reading(self.origin)
        self.rows.append(row)
        self.taken(self.channel, row)
        self.noticed()

    def spot(self) -> Work:
        """One reading at once, whatever the layers say."""
        self.rows.clear()
        row = yield from self.channel.reading(self.origin)
        self.rows.append(row)
        self.taken(self.channel, row)
