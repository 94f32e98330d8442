"""The system mode of a simulated Keithley 4200A: page MD, the test that the other pages have defined, and its readings.

Every point of a test: sources set, the delay time, one reading of each SMU after the other. What the manual says and what is
assumed: see `keithley_4200a`.
"""

from collections.abc import Generator, Iterator

from ..source_measure import Job, Quantity, Work
from .keithley_4200a_language import KxciError, does, whole
from .keithley_4200a_pages import CONSTANT, FOLLOWING, STEPPED, SWEPT, Definition, Pages, Staircase
from .keithley_4200a_smu import Value
from .keithley_4200a_units import MOST, within_power

Point = dict[int, tuple[Quantity, float, float]]
"""What each channel sources: quantity, level, limit."""


class SystemMode(Pages):
    """Runs a test and hands its readings out."""

    def reset(self) -> None:
        """Nothing measured."""
        super().reset()
        self.rows: dict[str, list[Value]] = {}

    @does("BC", always=True)
    def _clear_buffer(self) -> None:
        self.rows = {}
        self.data_ready = False

    # page MD

    @does("ME", page="MD", always=True)
    def _measure(self, what: str) -> None:
        action = whole(what, 1, 4)
        if action == 4:
            self.stop()
            return
        if self.running():
            raise KxciError("A test is running")
        points = self._points()
        if action != 3:
            self.rows = {}
        self.data_ready = False
        self.test = Job(self.world, self._run(points, repeated=action == 2))

    @does("DO")
    def _output(self, what: str) -> str:
        if not (len(what) > 2 and what[0] == what[-1] == "'"):
            raise KxciError(f"Illegal name {what[:40]!a}")
        if what[1:-1] not in self.rows:
            raise KxciError(f"There is no reading with the name {what[1:-1][:40]}")
        return ",".join(self.shown(value) for value in self.rows[what[1:-1]])

    # the test

    def _points(self) -> list[list[Point]]:
        """What is sourced: for each step of VAR2 the points of the sweep. Raises KxciError if something is missing."""
        setup = self.setup
        if not setup.channels:
            raise KxciError("No channel is defined")
        listed = setup.lists.keys() & setup.channels.keys() - self._with(CONSTANT)
        lengths = {len(setup.lists[where].levels) for where in listed}
        if setup.swept is not None and self._with(SWEPT) - set(setup.lists):
            lengths.add(len(setup.swept.levels))
        if len(lengths) > 1:
            raise KxciError(f"Lists and sweeps have different lengths: {sorted(lengths)}")
        sweeps = lengths.pop() if lengths else 1
        steps = len(setup.stepped.levels) if setup.stepped is not None and self._with(STEPPED) else 1
        return [[self._point(k, n) for n in range(sweeps)] for k in range(steps)]

    def _with(self, function: int) -> set[int]:
        return {where for where, definition in self.setup.channels.items() if definition.function == function}

    def _point(self, step: int, index: int) -> Point:
        point: Point = {}
        for where, definition in self.setup.channels.items():
            if definition.quantity is not None:
                stairs, n = self._stairs(where, definition, step, index)
                if stairs is None or stairs.quantity != definition.quantity:
                    raise KxciError(f"The source of channel {where} is not set up")
                level = stairs.levels[n]
                if definition.function == FOLLOWING:
                    level = level * self.setup.ratios.get(where, 1.0) + self.setup.offsets.get(where, 0.0)
                    if abs(level) > MOST[definition.quantity]:
                        raise KxciError(f"Channel {where}: {level:g} is beyond {MOST[definition.quantity]:g}")
                    within_power(definition.quantity, level, stairs.limit)
                point[where] = (definition.quantity, level, stairs.limit)
        return point

    def _stairs(self, where: int, definition: Definition, step: int, index: int) -> tuple[Staircase | None, int]:
        if definition.function == CONSTANT:  # whatever list it may still have
            return self.setup.constants.get(where), 0
        if where in self.setup.lists:
            return self.setup.lists[where], index
        if definition.function == STEPPED:
            return self.setup.stepped, step
        return self.setup.swept, index

    def _run(self, sweeps: list[list[Point]], *, repeated: bool) -> Work:
        try:
            yield from self._all(sweeps)
            while repeated:
                self.rows = {}
                yield from self._all(sweeps)
        finally:
            for where in self.setup.channels:
                if self.setup.standby.get(where, True):
                    self.smus[where].off()
            self.data_ready = True

    def _all(self, sweeps: list[list[Point]]) -> Work:
        begun = self.world.now
        sampled = len(sweeps) == 1 and len(sweeps[0]) == 1 and not self.setup.lists and not self._with(SWEPT)
        for points in sweeps:
            for n, point in enumerate(self._sampled(points[0]) if sampled else points):
                self._put_out(point)
                first = self.setup.wait if sampled else self.setup.hold
                yield first * (n == 0) + self.setup.delay * (not sampled)
                started = self.world.now
                if (yield from self._read_all(begun)) and self.setup.ends_when_limited:
                    return
                if sampled:
                    yield max(self.setup.interval - (self.world.now - started), 0.0)

    def _sampled(self, point: Point) -> Iterator[Point]:
        for _ in range(self.setup.readings):
            yield point

    def _put_out(self, point: Point) -> None:
        for where in self.setup.channels:
            if where in point:
                self.smus[where].source(*point[where])
            else:
                self.smus[where].common()

    def _wanted(self) -> set[str]:
        """The names to be measured: those that are shown; all, if nothing is."""
        shown = self.setup.shown
        names = (
            shown.get("LI", []) if self.setup.lists_shown else [n for x in ("XN", "YA", "YB") for n in shown.get(x, [])]
        )
        return set(names) or {n for d in self.setup.channels.values() for n in (d.volts, d.amperes)}

    def _read_all(self, begun: float) -> Generator[float, None, bool]:
        """Read every SMU that is asked for; whether one was held back."""
        wanted, held = self._wanted(), False
        for where, definition in self.setup.channels.items():
            names = {"V": definition.volts, "A": definition.amperes}
            quantities = "".join(quantity for quantity in "VA" if names[quantity] in wanted)
            if not quantities:
                continue
            smu = self.smus[where]
            when = Value("N", self.world.now - begun)
            for quantity, seen in (yield from smu.read(quantities, self.timing)).items():
                letter = self.letter(smu, limited=seen.limited, overflow=seen.overflow)
                self.rows.setdefault(names[quantity], []).append(Value(letter, seen.value))
                held = held or seen.limited
            self.rows.setdefault(f"CH{where}T", []).append(when)
        return held
