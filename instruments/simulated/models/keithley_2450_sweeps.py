"""The sweeps of a simulated Keithley 2450: each makes a source configuration list and a trigger model that walks it.

Pages of 2450-901-01 Rev. B: ``:SOURce:LIST`` 6-78 and 6-79, ``:SOURce:SWEep`` 6-81 to 6-88; of 2470-901-01 Rev. A: 12-88
to 12-92. What is assumed: see `keithley_2450`.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import ScpiError, boolean, choice, integer, number, string
from ..functions import Family, for_each
from ..source_measure import HEADROOM
from .keithley_2450_buffers import SOURCE_LIMITED
from .keithley_2450_lists import Point
from .keithley_2450_setup import QUANTITIES
from .keithley_2450_states import SOURCE, plain
from .keithley_2450_trigger import Block, KeithleyTrigger, doing

MOST = {"VOLT": 210.0, "CURR": 1.05}
LONGEST_LIST, GROUP = 2500, 100
SHORTEST_DELAY, LONGEST_DELAY = 50e-6, 1e4
NAMES = {"VOLT": "Volt", "CURR": "Curr"}
LEVEL_LISTS = Family(tuple(root + ":LIST" for root in SOURCE.roots), SOURCE.words, lambda device: {})
SWEEPS = Family(tuple(root + ":SWEep" for root in SOURCE.roots), SOURCE.words, lambda device: {})

a_number = number()
delays = number("s", -1.0, LONGEST_DELAY)
counts = integer(0, 268_435_455)
POINTS = integer(2, 1_000_000)
HOW = (delays, counts, choice("AUTO", "BEST", "FIXed"), boolean, boolean, string)
"""Delay, count, range type, stop at the limit, there and back, buffer."""


@dataclass(frozen=True)
class How:
    """What a sweep command may say after its levels, in its order."""

    delay: float = -1.0
    count: int = 1
    ranging: str = "BEST"
    abort: bool = True
    dual: bool = False
    buffer: str = "defbuffer1"


class KeithleySweeps(KeithleyTrigger):
    """Staircases and lists."""

    def reset(self) -> None:
        """No lists of levels."""
        self.custom: dict[str, list[float]] = {"VOLT": [], "CURR": []}
        super().reset()

    @for_each(LEVEL_LISTS, "", *(a_number,) * GROUP, required=1)
    def _set_list(self, function: str, *levels: float) -> None:
        self._keep_list(function, list(levels))

    @for_each(LEVEL_LISTS, ":APPend", *(a_number,) * GROUP, required=1)
    def _append_to_list(self, function: str, *levels: float) -> None:
        self._keep_list(function, [*self.custom[function], *levels])

    @for_each(LEVEL_LISTS, "?")
    def _told_list(self, function: str) -> str:
        return ",".join(plain(level) for level in self.custom[function])

    @for_each(SWEEPS, ":LINear", a_number, a_number, POINTS, *HOW, required=3)
    def _linear(self, function: str, start: float, stop: float, points: int, *how: Any) -> None:
        self._staircase(function, "Linear", np.linspace(start, stop, points), How(*how))

    @for_each(SWEEPS, ":LINear:STEP", a_number, a_number, a_number, *HOW, required=3)
    def _linear_step(self, function: str, start: float, stop: float, step: float, *how: Any) -> None:
        if not step:
            raise ScpiError(-222)
        steps = int(abs(stop - start) / abs(step) + 1e-9)
        self._staircase(function, "Linear", start + np.arange(steps + 1) * np.copysign(step, stop - start), How(*how))

    @for_each(SWEEPS, ":LOG", a_number, a_number, POINTS, *HOW, required=3)
    def _logarithmic(self, function: str, start: float, stop: float, points: int, *how: Any) -> None:
        if start * stop <= 0:
            raise ScpiError(-222)
        self._staircase(function, "Log", np.copysign(np.geomspace(abs(start), abs(stop), points), start), How(*how))

    @for_each(SWEEPS, ":LIST", integer(1), delays, counts, boolean, string, string, required=1)
    def _list_sweep(self, function: str, start: int, *how: Any) -> None:
        defaults: tuple[Any, ...] = (0.0, 1, True, "defbuffer1", "")
        delay, count, abort, buffer, name = how + defaults[len(how) :]
        name = name or f"{NAMES[function]}CustomSweepList"
        points = len(self.points_of(name)) - start + 1
        if points < 1:
            raise ScpiError(-222)
        self._make_model(name, start, points, How(delay, count, abort=abort, buffer=buffer))

    def _staircase(self, function: str, kind: str, levels: NDArray[np.float64], how: How) -> None:
        name = f"{NAMES[function]}{kind}SweepList"
        run = [*levels, *levels[::-1]] if how.dual else list(levels)
        self.ensure_idle()
        self.lists[name] = self._points(function, run, how.ranging)
        self._make_model(name, 1, len(run), how)

    def _keep_list(self, function: str, levels: list[float]) -> None:
        if len(levels) > LONGEST_LIST:
            raise ScpiError(-223, text="Too much data")
        self.lists[f"{NAMES[function]}CustomSweepList"] = self._points(function, levels, "FIX")
        self.custom[function] = levels

    def _points(self, function: str, levels: Sequence[float], ranging: str) -> list[Point]:
        """The settings at each level. Raises ScpiError for a level that cannot be sourced."""
        present = self.sources[function]
        largest = max(abs(level) for level in levels)
        most = present.range * HEADROOM if ranging == "FIX" and not present.auto else MOST[function]
        if largest > most * (1 + 1e-9):
            raise ScpiError(-222)
        best = self.terminals.sources[QUANTITIES[function]].of(largest).full_scale
        points: list[Point] = []
        for level in levels:
            state = copy.copy(present)
            state.level = float(level)
            if ranging != "FIX":
                state.auto, state.range = ranging == "AUTO", best
            points.append((function, state))
        return points

    def _make_model(self, name: str, start: int, points: int, how: How) -> None:
        if how.delay < SHORTEST_DELAY and how.delay not in (0.0, -1.0):
            raise ScpiError(-222)
        if how.delay < 0:
            for _, state in self.points_of(name):
                state.auto_delay = True  # type: ignore[union-attr]  # a list of source settings
        nothing = Block("NOP", "", doing(lambda: None))
        again = self.branch_block("BRANCH_ALWAYS", 2) if how.count == 0 else self.counter_block(how.count, 2)
        self.load([
            self.clear_block(how.buffer),
            self.recall_block(name, start),
            self.output_block(True),
            self.branch_block("BRANCH_ALWAYS", 6),
            self.step_block(name, 1),
            self.delay_block(how.delay) if how.delay > 0 else nothing,
            self.measure_block(how.buffer),
            self.branch_block("BRANCH_ON_SOURCE_LIMIT", 11, lambda _: self._was_limited()) if how.abort else nothing,
            self.counter_block(points, 5),
            again,
            self.output_block(False),
        ])  # fmt: skip

    def _was_limited(self) -> bool:
        return self.last_row is not None and bool(self.last_row.source_status & SOURCE_LIMITED)
