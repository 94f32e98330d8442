"""Trigger objects of the simulated Keithley 2600B: events, detectors, timers and generators.

2600BS-901-01 Rev. F, section 4 (timers: 4-24) and 9-366 to 9-390. An event reaches everything whose `stimulus` it is at the
same moment of the world's time, and a timer's delays add up exactly.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .keithley_2600b_tree import Attribute, Table, TspError, Work, boolean, function, number, readable, whole

if TYPE_CHECKING:
    from ..world import Event, World

TIMERS, GENERATORS = 8, 2
SHORTEST, LONGEST = 1e-6, 100e3
"""Seconds of a timer's delay (assumed)."""
MEAN = 50e-6
"""Least mean of a list of several delays, seconds (2606B-901-01 Rev. C, 15-371)."""
LOOK = 1e-3
"""Seconds between two looks of a script that waits for an event."""

any_event = whole(0, 10_000)


class Events:
    """All events of the instrument, and who waits for them."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._detectors: list[Detector] = []

    def new(self) -> int:
        """The number of another event."""
        return next(self._numbers)

    def join(self, detector: "Detector") -> None:
        """Tell `detector` of events from now on."""
        self._detectors.append(detector)

    def emit(self, number: int) -> None:
        """It happens now."""
        for detector in self._detectors:
            if detector.stimulus == number:
                detector.detect()


class Detector(Table):
    """Remembers that its event has happened until that is used up."""

    stimulus = Attribute(0, any_event)

    def __init__(self, events: Events) -> None:
        super().__init__()
        self._events = events
        self.detected = self.missed = False
        self.waiting: Callable[[], None] | None = None
        events.join(self)

    def changed(self, name: str) -> None:
        """With another stimulus, what was seen before counts no more."""
        self.forget()

    def forget(self) -> None:
        """Nothing was seen."""
        self.detected = self.missed = False

    def detect(self) -> None:
        """Its event has happened."""
        if self.waiting is not None:
            go_on, self.waiting = self.waiting, None
            go_on()
        else:
            self.missed, self.detected = self.missed or self.detected, True

    def passed(self) -> bool:
        """Whether one may go on at once; uses up the event."""
        seen, self.detected = self.detected, False
        return seen or self.stimulus == 0

    def awaited(self, timeout: Any, now: Callable[[], float]) -> Work:
        """Wait for the event; gives whether it came within `timeout` seconds."""
        end = now() + number(0.0, 1e6)(timeout)
        while not self.detected and now() < end:
            yield min(LOOK, end - now())
        seen, self.detected = self.detected, False
        return seen


def _delays(value: Any) -> list[float]:
    if not isinstance(value, list) or not value:
        raise TspError(-104)
    delays = [number(SHORTEST, LONGEST)(delay) for delay in value]
    if len(delays) > 1 and sum(delays) / len(delays) < MEAN:
        raise TspError(1102)
    return delays


class Timer(Detector):
    """``trigger.timer[N]``."""

    delaylist = Attribute([10e-6], _delays)
    count = Attribute(1, whole(0, 1_048_575))
    passthrough = Attribute(False, boolean)

    def __init__(self, world: "World", events: Events) -> None:
        super().__init__(events)
        self._world, self._id = world, events.new()
        self._delays: Iterator[float] = itertools.cycle(self.delaylist)
        self._next: Event | None = None
        self._left = 0

    def fixed(self) -> Mapping[str, float]:
        """Its event."""
        return {"EVENT_ID": self._id}

    def read(self, key: object) -> Any:
        """``delay`` is the first of the list."""
        return self.delaylist[0] if key == "delay" else super().read(key)

    def write(self, key: object, value: Any) -> None:
        """``delay = t`` is the same as ``delaylist = {t}``."""
        if key == "delay":
            super().write("delaylist", [value])
        else:
            super().write(key, value)

    def changed(self, name: str) -> None:
        """A new list begins with its first delay."""
        if name == "delaylist":
            self._delays = itertools.cycle(self.delaylist)
        if name == "stimulus":
            self.forget()

    def detect(self) -> None:
        """Begin the delays, unless they are under way: then the event is lost."""
        if self._next is not None:
            self.missed = True
            return
        self._left = self.count or -1
        if self.passthrough:
            self._events.emit(self._id)
        self._delay(self._world.now)

    def stop(self) -> None:
        """No event of this timer comes any more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _delay(self, begun: float) -> None:
        self._next = self._world.at(begun + next(self._delays), self._expired)

    def _expired(self) -> None:
        assert self._next is not None
        when, self._next = self._next.when, None
        self._left -= 1
        if self._left != 0:
            self._delay(when)
        self.detected = True
        self._events.emit(self._id)

    @readable()
    def overrun(self) -> bool:
        """Whether an event was lost."""
        return self.missed

    @function
    def clear(self) -> None:
        """Forget what was seen."""
        self.forget()

    @function
    def reset(self) -> None:
        """Bring it to its defaults."""
        self.stop()
        self.defaults()
        self.changed("delaylist")
        self.forget()

    @function
    def wait(self, timeout: Any = None) -> Work:
        """Wait for its event; gives whether it came."""
        return self.awaited(timeout, lambda: self._world.now)


class Generator(Table):
    """``trigger.generator[N]``: an event at a script's word."""

    def __init__(self, events: Events) -> None:
        super().__init__()
        self._events, self._id = events, events.new()

    def fixed(self) -> Mapping[str, float]:
        """Its event."""
        return {"EVENT_ID": self._id}

    @function
    def assert_(self) -> None:
        """Let it happen."""
        self._events.emit(self._id)


class Numbered(Table):
    """Tables by number, from 1."""

    def __init__(self, tables: list[Table]) -> None:
        super().__init__()
        self._tables = tables

    def children(self) -> Mapping[str | int, Table]:
        """By number."""
        return dict(enumerate(self._tables, start=1))


class Trigger(Table):
    """``trigger``: timers, generators and the event of ``*TRG``."""

    def __init__(self, world: "World", events: Events) -> None:
        super().__init__()
        self._world, self._events, self._id = world, events, events.new()
        self._seen = Detector(events)
        self._seen.stimulus = self._id
        self._timers = [Timer(world, events) for _ in range(TIMERS)]
        self.timer = Numbered(list[Table](self._timers))
        self.generator = Numbered([Generator(events) for _ in range(GENERATORS)])

    def fixed(self) -> Mapping[str, float]:
        """The event of the command interface."""
        return {"EVENT_ID": self._id}

    def command(self) -> None:
        """``*TRG`` has come."""
        self._events.emit(self._id)

    def reset(self) -> None:
        """Every timer at its defaults."""
        for timer in self._timers:
            timer.reset()

    @function
    def clear(self) -> None:
        """Forget that ``*TRG`` has come."""
        self._seen.forget()

    @function
    def wait(self, timeout: Any = None) -> Work:
        """Wait for ``*TRG``; gives whether it came."""
        return self._seen.awaited(timeout, lambda: self._world.now)
