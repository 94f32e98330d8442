"""The trigger model of a simulated Keithley 2400: arm and trigger layer, fixed levels, sweeps and lists.

Pages of 2400S-900-01 Rev. K: what waits for the idle state 16-3, sweeps 10-2 to 10-23, trigger model 11-10, sweeps and
lists 18-84 to 18-92, ``:TRIGger`` 18-116, control sources 18-119, the arm layer's timer 14-8; the trigger link as
2600BS-901-01 Rev. F lists it for this model, 14-14. What is assumed: see `keithley_2400`.
"""

import math
from typing import ClassVar

import numpy as np

from ..arguments import Kind, ScpiError, choice, integer, number
from ..device import Setting, Waiting
from ..functions import Attribute, Family, for_each
from ..grammar import Call, on
from ..source_measure import Job, Work
from ..world import POLL
from .keithley_2400_limits import LEVELS
from .keithley_2400_setup import CONFIGURATION, FIRMWARE, LATENCY, SECOND_FUNCTION, KeithleySetup, Row
from .keithley_2400_states import QUANTITIES, SOURCE, nr3, num
from .keithley_2400_status import error

MOST_READINGS, LONGEST_LIST, GROUP = 2500, 2500, 100
AT_ONCE = ("*RST", "*TRG", ":ABORt", ":SYSTem:PRESet")
"""What is done while the trigger model is running (page 16-3)."""
LISTS = Family(tuple(root + ":LIST" for root in SOURCE.roots), SOURCE.words, lambda device: {})
a_number = number()


def _count(text: str) -> float:
    return math.inf if text.upper() in ("INF", "INFINITE") else float(integer(1, MOST_READINGS, 1).read(text))


counts: Kind[float] = Kind(_count, lambda count: "+9.900000E+37" if count == math.inf else str(int(count)))


class KeithleySweeps(KeithleySetup):
    """Source, delay, measure: as often as the arm and the trigger layer say."""

    trigger_count = Setting(":TRIGger:COUNt", integer(1, MOST_READINGS, 1), 1)
    trigger_delay = Setting(":TRIGger:DELay", num("s", 0, 999.9999, 0), 0.0)
    trigger_source = Setting(":TRIGger:SOURce", choice("IMMediate", "TLINk"), "IMM")
    arm_count = Setting(":ARM:COUNt", counts, 1.0)
    arm_source = Setting(
        ":ARM:SOURce",
        choice("IMMediate", "TLINk", "TIMer", "MANual", "BUS", "NSTest", "PSTest", "BSTest"),
        "IMM",
    )
    arm_timer = Setting(":ARM:TIMer", num("s", 1e-3, 99999.99, 0.1), 0.1)
    arm_input = Setting(":ARM:ILINe", integer(1, 4, 1), 1)
    arm_output_line = Setting(":ARM:OLINe", integer(1, 4, 2), 2)
    arm_output = Setting(":ARM:OUTPut", choice("NONE", "TENTer", "TEXit"), "NONE")
    arm_direction = Setting(":ARM:DIRection", choice("SOURce", "ACCeptor"), "ACC")
    trigger_input_line = Setting(":TRIGger:ILINe", integer(1, 4, 1), 1)
    trigger_output_line = Setting(":TRIGger:OLINe", integer(1, 4, 2), 2)
    trigger_input = Setting(":TRIGger:INPut", choice("SOURce", "DELay", "SENSe", "NONE"), "SOUR")
    trigger_output = Setting(":TRIGger:OUTPut", choice("SOURce", "DELay", "SENSe", "NONE"), "NONE")
    trigger_direction = Setting(":TRIGger:DIRection", choice("SOURce", "ACCeptor"), "ACC")
    spacing = Setting("[:SOURce]:SWEep:SPACing", choice("LINear", "LOGarithmic"), "LIN")
    points = Setting("[:SOURce]:SWEep:POINts", integer(1, MOST_READINGS, MOST_READINGS), MOST_READINGS)
    direction = Setting("[:SOURce]:SWEep:DIRection", choice("UP", "DOWN"), "UP")
    ranging = Setting("[:SOURce]:SWEep:RANGing", choice("BEST", "AUTO", "FIXed"), "BEST")
    abort_when_limited = Setting("[:SOURce]:SWEep:CABort", choice("NEVer", "EARLy", "LATE"), "NEV")
    start = Attribute(SOURCE, ":STARt", LEVELS, "start")
    stop = Attribute(SOURCE, ":STOP", LEVELS, "stop")

    at_once: ClassVar[tuple[str, ...]] = AT_ONCE
    _job: Job | None = None

    def reset(self) -> None:
        """Idle, no lists."""
        self._abort()
        self.lists: dict[str, list[float]] = {"VOLT": [], "CURR": []}
        self.readings: list[Row] = []
        self._triggered = False
        super().reset()

    def keep(self, row: Row) -> None:
        """A reading has been taken."""
        self.readings = [*self.readings[-MOST_READINGS + 1 :], row]

    @property
    def running(self) -> bool:
        """Whether the trigger model is being gone through."""
        return self._job is not None and self._job.running

    def complete(self) -> bool:
        """Idle."""
        return not self.running

    def _waits(self, step: Call | ScpiError) -> bool:
        """Everything waits for the idle state, unless that does not come by itself."""
        return self.running and not self._endless

    def idle(self) -> Waiting[None]:
        """Wait for the idle state."""
        while self.running and not self._endless:
            yield

    @property
    def _endless(self) -> bool:
        """Whether it only ends when it is told to."""
        signals = self.arm_source not in ("IMM", "TIM", "BUS") or self.trigger_source != "IMM"
        return signals or self.arm_count == math.inf

    @on(":ABORt")
    def _abort(self) -> None:
        if self._job is not None:
            self._job.stop()

    @on("*TRG")
    def _trg(self) -> None:
        self._triggered = True

    @on(":TRIGger:CLEar")
    def _clear_triggers(self) -> None:
        self._triggered = False

    # The trigger model

    @on(":INITiate[:IMMediate]")
    def initiate(self) -> None:
        """Leave the idle state. Raises ScpiError +803 with the output off, -221 without a list to go through."""
        if not self.output and not self.clear_auto:
            raise error(803)
        if self.trigger_count * self.arm_count > MOST_READINGS and self.arm_count != math.inf:
            raise error(-221)
        levels = self._levels()
        if levels is not None and not levels:
            raise error(-221)
        self.readings = []
        self._triggered = False
        self._job = Job(self.world, self._run(levels))

    def _levels(self) -> list[float] | None:
        """What is sourced one after the other; None: a fixed level."""
        state = self.sources[self.function]
        if state.mode == "LIST":
            return self.lists[self.function]
        if state.mode == "FIX":
            return None
        start, stop = (state.start, state.stop) if self.direction == "UP" else (state.stop, state.start)
        if self.spacing == "LIN":
            return [float(level) for level in np.linspace(start, stop, self.points)]
        if start * stop <= 0:
            raise error(-221)
        return [float(np.copysign(v, start)) for v in np.geomspace(abs(start), abs(stop), self.points)]

    def _run(self, levels: list[float] | None) -> Work:
        if levels is not None:
            self._choose_range(levels)
        done = armed = 0
        self._next_armed = self.world.now
        while armed < self.arm_count:
            yield from self._arm()
            armed += 1
            for _ in range(self.trigger_count):
                if self.trigger_source == "TLIN":
                    yield from self._nothing_comes()
                yield LATENCY + self.trigger_delay
                if self.clear_auto:
                    self.set_output(True)
                if levels is not None:
                    self.sources[self.function].level = levels[done % len(levels)]
                    self.apply()
                    yield CONFIGURATION
                row = yield from self.reading()
                self.keep(row)
                if levels is not None:
                    yield FIRMWARE[self.function] + SECOND_FUNCTION * (len(self.functions) > 1)
                done += 1
                if self.clear_auto:
                    self.set_output(False)
                if self.abort_when_limited != "NEV" and levels is not None and row.status & (1 << 3 | 1 << 16):
                    return

    def _arm(self) -> Work:
        """Wait for what the arm layer is set to."""
        if self.arm_source == "TIM":  # the first pass goes at once
            yield max(0.0, self._next_armed - self.world.now)
            self._next_armed = self.world.now + self.arm_timer
        elif self.arm_source == "BUS":
            while not self._triggered:
                yield 1e-3
        elif self.arm_source != "IMM":
            yield from self._nothing_comes()
        self._triggered = False

    def _nothing_comes(self) -> Work:
        """Nobody presses TRIG, and nothing is connected to the trigger link and the digital port: until ``:ABORt``."""
        while True:
            yield POLL

    def _choose_range(self, levels: list[float]) -> None:
        """One range for all points, each its own, or the one that is there."""
        state = self.sources[self.function]
        if self.ranging == "BEST":
            largest = max(abs(level) for level in levels)
            state.auto, state.range = False, self.terminals.sources[QUANTITIES[self.function]].of(largest).full_scale
        elif self.ranging == "AUTO":
            state.auto = True

    # Lists and steps

    @for_each(LISTS, "", *(a_number,) * GROUP, required=1)
    def _set_list(self, function: str, *levels: float) -> None:
        self._keep_list(function, list(levels))

    @for_each(LISTS, ":APPend", *(a_number,) * GROUP, required=1)
    def _append_to_list(self, function: str, *levels: float) -> None:
        self._keep_list(function, [*self.lists[function], *levels])

    @for_each(LISTS, ":POINts?")
    def _points_of_list(self, function: str) -> int:
        return len(self.lists[function])

    @for_each(LISTS, "?")
    def _told_list(self, function: str) -> str:
        return ",".join(nr3(level) for level in self.lists[function])

    def _keep_list(self, function: str, levels: list[float]) -> None:
        if max(abs(level) for level in levels) > {"VOLT": 210.0, "CURR": 1.05}[function]:
            raise error(-222)
        if len(levels) > LONGEST_LIST:
            raise error(-223)
        self.lists[function] = levels

    @for_each(SOURCE, ":STEP", a_number)
    def _set_step(self, function: str, step: float) -> None:
        """Step and number of points belong together (page 18-87)."""
        span = self.sources[function].stop - self.sources[function].start
        if step * span <= 0 or span / step + 1 > MOST_READINGS:
            raise error(-222)
        self.points = round(span / step) + 1

    @for_each(SOURCE, ":STEP?")
    def _step(self, function: str) -> str:
        state = self.sources[function]
        return nr3((state.stop - state.start) / max(self.points - 1, 1))
