"""The trigger model of one channel of the simulated Keithley 2600B: how a sweep goes through its layers.

2600BS-901-01 Rev. F, 4-3 to 4-6 and 9-255 to 9-276; figure of the model: 2651A-901-01 Rev. A, 3-35. What a pass of the
trigger layer does takes no time of its own, except the source's and the meter's delays, the measurement, and `PASS`
where nothing else does.
"""

import math
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from .keithley_2600b_buffers import Buffer
from .keithley_2600b_ranges import amperes_level, amperes_limit, settling, volts_level, volts_limit
from .keithley_2600b_smu import Smu, refusal
from .keithley_2600b_tree import Attribute, Check, Table, TspError, choice, function, number, whole
from .keithley_2600b_trigger import Detector, Events

if TYPE_CHECKING:
    from ..world import Event, World
    from .keithley_2600b_status import Status

PASS = 10e-6
"""Seconds of a pass in which nothing takes time."""
MOST_POINTS = 100_000
"""Points of a list (assumed)."""
NAMES = ("SWEEPING", "ARMED", "SOURCE_COMPLETE", "MEASURE_COMPLETE", "PULSE_COMPLETE", "SWEEP_COMPLETE", "IDLE")
"""Events (9-255), each a constant such as ``smuX.trigger.SWEEPING_EVENT_ID``."""

Walk = Generator[float | Detector, None, None]


class Layer(Detector):
    """A detector with ``set()``."""

    @function
    def set(self) -> None:
        """Its event has as good as happened."""
        self.detect()


class Arm(Layer):
    """``smuX.trigger.arm``."""

    count = Attribute(1, whole(0, 1_048_575))


class EndPulse(Layer):
    """``smuX.trigger.endpulse``."""

    action = Attribute(1, choice(0, 1))

    def changed(self, name: str) -> None:
        """Only another stimulus makes it forget."""
        if name == "stimulus":
            self.forget()


class EndSweep(Table):
    """``smuX.trigger.endsweep``."""

    action = Attribute(1, choice(0, 1))


def _or_auto(check: Check) -> Check:
    return lambda value: 0.0 if value == 0 else check(value)


class SweepSource(Layer):
    """``smuX.trigger.source``."""

    action = Attribute(0, choice(0, 1))
    limitv = Attribute(0.0, _or_auto(volts_limit))
    limiti = Attribute(0.0, _or_auto(amperes_limit))

    def __init__(self, events: Events) -> None:
        super().__init__(events)
        self._func, self.levels = 1, list[float]()

    def changed(self, name: str) -> None:
        """Only another stimulus makes it forget."""
        if name == "stimulus":
            self.forget()

    def of(self, func: int) -> list[float]:
        """The levels for a source function; none if they are for the other."""
        return self.levels if func == self._func else []

    @function
    def linearv(self, start: Any = None, stop: Any = None, points: Any = None) -> None:
        """Volts in equal steps."""
        self._keep(1, _linear(start, stop, points))

    @function
    def lineari(self, start: Any = None, stop: Any = None, points: Any = None) -> None:
        """Amperes in equal steps."""
        self._keep(0, _linear(start, stop, points))

    @function
    def logv(self, start: Any = None, stop: Any = None, points: Any = None, asymptote: Any = None) -> None:
        """Volts in equal ratios."""
        self._keep(1, _logarithmic(start, stop, points, asymptote))

    @function
    def logi(self, start: Any = None, stop: Any = None, points: Any = None, asymptote: Any = None) -> None:
        """Amperes in equal ratios."""
        self._keep(0, _logarithmic(start, stop, points, asymptote))

    @function
    def listv(self, levels: Any = None) -> None:
        """Volts one by one."""
        self._keep(1, levels)

    @function
    def listi(self, levels: Any = None) -> None:
        """Amperes one by one."""
        self._keep(0, levels)

    def _keep(self, func: int, levels: Any) -> None:
        if not isinstance(levels, list) or not levels:
            raise TspError(-104)
        if len(levels) > MOST_POINTS:
            raise TspError(1101)
        check = volts_level if func else amperes_level
        self._func, self.levels = func, [check(level) for level in levels]


def _linear(start: Any, stop: Any, points: Any) -> list[float]:
    first, last, count = number()(start), number()(stop), whole(1, MOST_POINTS)(points)
    return [first + (last - first) * k / max(count - 1, 1) for k in range(count)]


def _logarithmic(start: Any, stop: Any, points: Any, asymptote: Any) -> list[float]:
    first, last, count = number()(start), number()(stop), whole(1, MOST_POINTS)(points)
    end = number()(asymptote)
    if (first - end) * (last - end) <= 0.0 or not math.isfinite(first + last + end):
        raise TspError(1401, 4)
    ratio = (last - end) / (first - end)
    return [end + (first - end) * ratio ** (k / max(count - 1, 1)) for k in range(count)]


class SweepMeasure(Layer):
    """``smuX.trigger.measure``."""

    action = Attribute(0, choice(0, 1, 2))

    def __init__(self, events: Events) -> None:
        super().__init__(events)
        self.kinds, self.stores = "", list[Buffer]()

    def changed(self, name: str) -> None:
        """Only another stimulus makes it forget."""
        if name == "stimulus":
            self.forget()

    @function
    def v(self, buffer: Any = None) -> None:
        """Measure volts in the sweep."""
        self._keep("v", buffer)

    @function
    def i(self, buffer: Any = None) -> None:
        """Measure amperes in the sweep."""
        self._keep("i", buffer)

    @function
    def r(self, buffer: Any = None) -> None:
        """Measure ohms in the sweep."""
        self._keep("r", buffer)

    @function
    def p(self, buffer: Any = None) -> None:
        """Measure watts in the sweep."""
        self._keep("p", buffer)

    @function
    def iv(self, amperes: Any = None, volts: Any = None) -> None:
        """Measure amperes and volts in the sweep."""
        self._keep("iv", amperes, volts)

    def _keep(self, kinds: str, *buffers: Any) -> None:
        if not all(isinstance(buffer, Buffer) for buffer in buffers):
            raise TspError(-104)
        self.kinds, self.stores = kinds, list(buffers)


class Sweep(Table):
    """``smuX.trigger``. `ended` is called when a sweep is over."""

    constants: ClassVar[Mapping[str, float]] = {}
    count = Attribute(1, whole(0, 1_048_575))
    autoclear = Attribute(0, choice(0, 1))

    def __init__(
        self, world: "World", smu: Smu, events: Events, status: "Status", ended: Callable[[], None]
    ) -> None:  # fmt: skip
        super().__init__()
        self._world, self._smu, self._events, self._status, self._ended = world, smu, events, status, ended
        self._ids = {name: events.new() for name in NAMES}
        self.arm, self.source, self.measure = Arm(events), SweepSource(events), SweepMeasure(events)
        self.endpulse, self.endsweep = EndPulse(events), EndSweep()
        self._walkers: list[Walker] = []

    def fixed(self) -> Mapping[str, float]:
        """Its events."""
        return {f"{name}_EVENT_ID": number for name, number in self._ids.items()}

    @property
    def running(self) -> bool:
        """Whether a sweep is on."""
        return bool(self._walkers)

    @function
    def initiate(self) -> None:
        """Begin a sweep, an overlapped operation. Raises TspError where it is not configured for it."""
        self._check()
        for detector in self._detectors():
            detector.forget()
        self._smu.sweep_limit = (self.source.limiti if self._smu.source.func else self.source.limitv) or None
        if self.measure.action:
            for store in self.measure.stores:
                store.begin()
        self._status.show(self._smu.letter, "sweeping", True)
        walks = [self._walk()] + ([self._measurements()] if self.measure.action == 2 else [])
        self._walkers = [Walker(self._world, walk, self._over) for walk in walks]
        for walker in tuple(self._walkers):
            walker.go_on()

    def end(self) -> None:
        """Go idle where it stands; the source goes back to its programmed level."""
        if self.running:
            for walker in self._walkers:
                walker.stop()
            self._walkers = []
            for detector in self._detectors():
                detector.waiting = None
            self._idle(hold=False)

    def forget(self) -> None:
        """No levels and no measurements are configured."""
        self.source.levels, self.measure.kinds, self.measure.stores = [], "", []
        for detector in self._detectors():
            detector.forget()

    def _detectors(self) -> tuple[Layer, ...]:
        return self.arm, self.source, self.measure, self.endpulse

    def _check(self) -> None:
        smu, source = self._smu, self._smu.source
        if self.running or smu.measuring:
            raise refusal(smu, 5042)
        if self.source.action:
            levels = self.source.of(int(source.func))
            if not levels:
                raise refusal(smu, 5059)
            if not smu.output_on:
                raise refusal(smu, 5061)
            for level in (min(levels), max(levels)):
                smu.check(level, (self.source.limiti if source.func else self.source.limitv) or smu.limit)
        if self.measure.action and not self.measure.kinds:
            raise refusal(smu, 5060)
        if self.measure.action == 2:
            measure = smu.measure
            for fault, code in ((measure.autorangev, 5043), (measure.autorangei, 5044), (measure.autozero == 2, 5063)):
                if fault:
                    raise refusal(smu, code)

    def _happens(self, name: str) -> None:
        self._events.emit(self._ids[name])

    def _walk(self) -> Walk:
        self._happens("SWEEPING")
        arms = 0
        while arms < self.arm.count or not self.arm.count:
            arms += 1
            yield self.arm
            if self.autoclear:
                for detector in (self.source, self.measure, self.endpulse):
                    detector.detected = False
            self._happens("ARMED")
            points = 0
            while points < self.count or not self.count:
                yield from self._point(points)
                points += 1
            if not self.endsweep.action:
                self._source(None)
            self._happens("SWEEP_COMPLETE")

    def _point(self, k: int) -> Walk:
        begun, smu = self._world.now, self._smu
        yield self.source
        if self.source.action:
            levels = self.source.levels
            self._source(levels[k % len(levels)])
        delay = smu.source.delay
        yield delay if delay >= 0 else settling(smu.source.quantity, smu.source.full_scale)
        self._happens("SOURCE_COMPLETE")
        if self.measure.action != 2:
            yield self.measure
            if self.measure.action:
                yield from self._measured()
        yield self.endpulse
        if not self.endpulse.action:
            self._source(None)
        self._happens("PULSE_COMPLETE")
        if self._world.now == begun:
            yield PASS

    def _measurements(self) -> Walk:
        """Beside the source: a measurement at each measure event, as many as there are points."""
        made, total = 0, self.count * self.arm.count
        while made < total or not total:
            made += 1
            begun = self._world.now
            yield self.measure
            yield from self._measured()
            if self._world.now == begun:
                yield PASS

    def _measured(self) -> Walk:
        smu, measure = self._smu, self.measure
        yield smu.measure_delay(measure.kinds)
        first = self._world.now
        for k in range(int(smu.measure.count)):
            yield max(0.0, first + k * smu.measure.interval - self._world.now)
            yield from smu.reading(measure.kinds, measure.stores)
        self._happens("MEASURE_COMPLETE")

    def _source(self, level: float | None) -> None:
        self._smu.given = level
        self._smu.put_out()

    def _over(self, walker: "Walker") -> None:
        self._walkers.remove(walker)
        if not self._walkers:
            self._idle(hold=bool(self.endsweep.action))
            self._happens("IDLE")

    def _idle(self, *, hold: bool) -> None:
        self._smu.sweep_limit = None
        if not hold:
            self._source(None)
        self._status.show(self._smu.letter, "sweeping", False)
        self._ended()


class Walker:
    """Takes a sweep through its layers: waits for times and for detectors."""

    def __init__(self, world: "World", walk: Walk, over: Callable[["Walker"], None]) -> None:
        self._world, self._walk, self._over = world, walk, over
        self._next: Event | None = None

    def go_on(self) -> None:
        """Go on until there is something to wait for."""
        while True:
            try:
                wait = next(self._walk)
            except StopIteration:
                self._over(self)
                return
            if isinstance(wait, Detector):
                if not wait.passed():
                    wait.waiting = self._soon
                    return
            elif wait > 0.0:
                self._next = self._world.at(self._world.now + wait, self.go_on)
                return

    def stop(self) -> None:
        """Go no further."""
        if self._next is not None:
            self._next.cancel()
        self._walk.close()

    def _soon(self) -> None:
        self._next = self._world.at(self._world.now, self.go_on)
