"""One world: the clock and the twin that all simulated instruments of a bench share.

Time is virtual: it moves only inside transactions. Every query costs its typical time (`spend`), a progress query
advances to the next event but by at most 50 ms (`progress`), so that polls also act as a watchdog's pings. When no client
has spoken for 0.3 s and something is due (a watchdog, the end of a program or of a record), the world follows the wall clock,
so that watchdogs bite; while one client waits for a slow instrument and others are there, it keeps to the wall clock, too, so
that they do not bite those who are fed; with nothing due it stands still, so that a slow computer gives the same samples as
a fast one. Paced, it always follows the wall clock. For an instrument that streams of its own accord see `outlet`.

The twin is advanced when somebody looks at it: its results do not depend on how its time is cut, and most queries look at
nothing.
"""

import copy
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from neurorig.hardware.twin import Twin

POLL = 0.05
"""Longest advance of one progress query, seconds."""
SILENCE = 0.3
"""Wall-clock seconds without a word from any client after which the world follows the wall clock."""
TIDY = 0.5
"""Seconds of the world between two times of forgetting: it costs as much as a short advance."""
LEAP = 0.25
"""Longest wall-clock step followed at once: a suspended computer does not make the world jump."""

Action = Callable[[], None]
Listener = Callable[[float, float], None]


@dataclass(order=True)
class Event:
    """Something that happens at a time of the world; `cancel` makes it not happen."""

    when: float
    order: int
    action: Action | None = field(compare=False)

    def cancel(self) -> None:
        """Forget it."""
        self.action = None


@dataclass
class Clock:
    """What stands in for a twin on a bench without a board: it keeps the time."""

    now: float = 0.0

    def advance(self, until: float) -> None:
        """Let the time be `until`."""
        self.now = until

    def forget(self, before: float) -> None:
        """Nothing to forget."""


class Machine(Protocol):
    """A processor that runs in step with the world."""

    def run(self, until: float) -> float:
        """Go on to `until` (s), or until something is put out, which is done at that moment; the time that was reached.

        It sets the world's `now` whenever it looks at the world or acts on it.
        """
        ...

    def watch(self) -> Callable[[], bool]:
        """What tells whether something happened since, that a host who waits wants to know."""
        ...


class World:
    """Clock and twin; the instruments schedule events on it and listen to its advances."""

    def __init__(self, twin: "Twin | Clock", *, paced: bool = False) -> None:
        self._twin, self.paced = twin, paced
        self.now = twin.now
        """Seconds of the world's clock."""
        self._events: list[Event] = []
        self._orders = itertools.count()
        self._listeners: list[tuple[Listener, str | None]] = []
        self._attentive: list[Listener] = []  # those to be told
        self._remembered: dict[str, float] = {}
        self.lookback = 0.0
        """Seconds by which more is remembered than anybody asks for: what a slow chain still knows of."""
        self.machine: Machine | None = None
        """A processor that is simulated cycle by cycle."""
        self._tidied = 0.0
        self._heard: float | None = None
        self._ticked: float | None = None

    @property
    def twin(self) -> "Twin":
        """The board's twin: only what is wired to the board asks for it."""
        twin = self._twin
        assert not isinstance(twin, Clock), "nothing is wired to a board that is not there"
        if twin.now != self.now:
            twin.advance(self.now)
        return twin

    def ahead(self, until: float) -> "Twin":
        """A twin of the twin, run on to `until` (s): what will happen if nobody changes what drives the board."""
        twin = self.twin
        scout = copy.deepcopy(twin, {id(twin.board): twin.board})
        scout.advance(until)
        return scout

    @property
    def due(self) -> bool:
        """Whether something is to happen of itself."""
        self._drop_cancelled()
        return bool(self._events)

    def at(self, when: float, action: Action) -> Event:
        """Call `action` when the clock reaches `when` (at once on the next advance if that is past)."""
        event = Event(max(when, self.now), next(self._orders), action)
        heapq.heappush(self._events, event)
        return event

    def listen(self, listener: Listener, key: str | None = None) -> None:
        """Call ``listener(start, stop)`` after each advance; everything up to `stop` can then be sampled.

        With `key`, only while something is remembered for it.
        """
        self._listeners.append((listener, key))
        self._choose_attentive()

    def _choose_attentive(self) -> None:
        self._attentive = [told for told, key in self._listeners if key is None or key in self._remembered]

    def remember(self, key: str, since: float | None) -> None:
        """Keep the twin's history from `since` on, for `key`; infinity: it only listens; None: it needs nothing any more."""
        changed = (key in self._remembered) == (since is None)
        if since is None:
            self._remembered.pop(key, None)
        else:
            self._remembered[key] = since
        if changed:
            self._choose_attentive()

    def spend(self, seconds: float) -> None:
        """Let a transaction cost its time."""
        if self.paced:
            return
        when = self.now + seconds
        listened = self._attentive or self.machine is not None
        if listened or when > self._tidied + TIDY or (self._events and self._events[0].when <= when):
            self.advance_to(when)
        else:  # nobody is interested
            self.now = max(self.now, when)

    def progress(self, most: float = POLL) -> None:
        """Advance to the next event, by at most 50 ms or `most` seconds."""
        if not self.paced:
            self._drop_cancelled()
            soon = self.now + most
            enough = None if self.machine is None else self.machine.watch()
            self.advance_to(min(soon, self._events[0].when) if self._events else soon, enough)

    def heard(self, wall: float) -> None:
        """A client has spoken at this wall-clock time."""
        if self.paced or self._heard is None or wall - self._heard > SILENCE:
            self.tick(wall)
        self._heard = self._ticked = wall

    def tick(self, wall: float) -> None:
        """Follow the wall clock if paced, or if nobody has spoken for a while and something is due."""
        previous, self._ticked = self._ticked, wall
        silent = self._heard is None or wall - self._heard > SILENCE
        self._drop_cancelled()
        if previous is not None and (self.paced or (silent and self._events)):
            self.advance_to(self.now + min(wall - previous, LEAP))

    def lead(self, seconds: float) -> None:
        """The world, paced, went so far ahead of the wall clock: it waits for it."""
        if self.paced and self._ticked is not None:
            self._ticked += seconds

    def advance_to(self, when: float, enough: Callable[[], bool] | None = None) -> None:
        """Advance the twin, doing every event on the way at its time; not further than until it is `enough`."""
        arrived = False
        while not arrived:
            while self._events and self._events[0].when <= when:
                event = heapq.heappop(self._events)
                if event.action is None:
                    continue
                if not self._step(event.when):  # the machine did something before it
                    heapq.heappush(self._events, event)
                elif event.action is not None:
                    event.action()
                if enough is not None and enough():
                    when = self.now
            arrived = self._step(when) or (enough is not None and enough())
        if self.now > self._tidied + TIDY:
            self._tidied = self.now
            self._twin.advance(self.now)
            self._twin.forget(min((self.now, *self._remembered.values())) - self.lookback)

    def _step(self, when: float) -> bool:
        """Go on to a time; whether it was reached, or the machine put out something before."""
        start = self.now
        if when > start:
            self.now = when if self.machine is None else self.machine.run(when)
            for listener in self._attentive:
                listener(start, self.now)
        return self.now >= when

    def _drop_cancelled(self) -> None:
        while self._events and self._events[0].action is None:
            heapq.heappop(self._events)
