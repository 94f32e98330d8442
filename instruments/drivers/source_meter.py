"""What every source-meter driver shares: ranges checked before anything is sent, trains as steps, readings, safe switching.

A driver of a model says what the model reaches (`Reach`) and how it is told; the order of things is kept here: output off
and level 0 before a setup, level 0 whenever the relay moves, nothing sent that was not checked, errors asked for after each
setup and initiation. Of each channel's train it is known whether it was loaded, started, or has ended, so that no reading is
ever taken for another train's.

Why the output-off mode is high impedance: `off` and the safe state bring the level to 0 first, so the relay opens and
closes at 0 V (a memristor is never hot-switched), and from then on nothing is connected: no leakage of an off state that
still holds 0 V, no kick when a source changes over between volts and amperes, nothing on the leads when a hand changes the
device. The makers' advice against it (relay wear) is for tests that switch at every point.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import InstrumentError, PlanError, show

from ..commands import Commanded
from ..scpi import IdentifiedInstrument
from ..sourcing import Pulses, Readings, SourceSetup, Train
from .source_reach import Bound, Reach, check_setup
from .source_trains import Loaded, Progress, Step, period_of

OVERFLOW = 9.8e37
"""Keithley's number for a reading beyond its range is 9.9e37, for one that was not made 9.91e37."""
LATE = 0.01
"""Part of a period by which measurements may be early or late without a warning."""

C = TypeVar("C", bound=Commanded)


class SourceMeterBase(IdentifiedInstrument, ABC, Generic[C]):
    """The role's order of things; a driver says how its model is told.

    `most_steps`: how many levels a train may have, gaps and reads included. `least_step`, `longest_step`: seconds that a
    level which is not measured takes at least, and that any level lasts at most. `tick`: seconds of its time stamps. All are
    of the model, from its manual.
    """

    reach: Reach
    channels: Mapping[str, C]
    most_steps: ClassVar[int]
    most_readings: ClassVar[int]
    least_step: ClassVar[float]
    longest_step: ClassVar[float]
    tick: ClassVar[float] = 1e-6

    def _begin(self) -> None:
        """Outputs off whatever was before, level 0 first."""
        self._setups: dict[str, SourceSetup] = {}
        self._levels: dict[str, float] = {}
        self._loaded: dict[str, Loaded] = {}
        self._bounds: dict[str, Bound] = {}
        for line in self.safe_state:
            self.write(line)

    # What a model must say.

    @abstractmethod
    def _measuring_time(self, nplc: float) -> float:
        """Seconds that one measurement of volts and amperes within a train takes; linear in `nplc`."""

    @abstractmethod
    def _configure(self, channel: str, setup: SourceSetup) -> None:
        """Set and read back everything; the output is off, the level 0."""

    @abstractmethod
    def _set_level(self, channel: str, level: float) -> None:
        """Set the level, read back."""

    @abstractmethod
    def _switch_on(self, channel: str) -> None:
        """Close the relay, read back."""

    @abstractmethod
    def _is_on(self, channel: str) -> bool:
        """Ask whether the output is on."""

    @abstractmethod
    def _measure(self, channel: str, count: int) -> Readings:
        """Measure at the present level."""

    @abstractmethod
    def _load(self, channel: str, train: Train) -> None:
        """Put a checked train into the instrument."""

    @abstractmethod
    def _start(self, channels: Sequence[str]) -> None:
        """Run the loaded trains of these channels."""

    @abstractmethod
    def _running(self) -> bool:
        """Whether one of the trains that were `_started` still runs. Raises InstrumentError on what the instrument reports."""

    @abstractmethod
    def _fetch(self, channel: str, train: Train) -> Readings:
        """What the train measured."""

    def _check_model(self, channel: str, setup: SourceSetup) -> None:
        """Limits that only this model has."""

    def _check_model_train(self, channel: str, setup: SourceSetup, train: Train) -> None:
        """Limits of trains that only this model has."""

    def _check_initiated(self) -> None:
        """Ask what the instrument has against the initiation; one that answers nothing meanwhile is asked at the end."""
        self.check_errors("starting a train")

    # The role.

    def bound(self, channel: str, *, volts: float, amperes: float, where: str) -> None:
        """Never go beyond these at the channel's terminals, as level or as compliance; `where` is named when it is refused."""
        self._known(channel)
        self._bounds[channel] = Bound(volts, amperes, where)

    def settings(self) -> dict[str, Any]:
        """Every declared command as read back, the channels' under ``channel_1`` and so on."""
        return super().settings() | {f"channel_{n}": c.settings() for n, c in self.channels.items()}

    def check(self, channel: str, setup: SourceSetup, levels: Sequence[float] = ()) -> None:
        """Raise LimitError when the setup or a level is outside the instrument's ranges or its bounds; no I/O."""
        where = self._known(channel)
        check_setup(where, self.reach, setup, levels)
        if channel in self._bounds:
            self._bounds[channel].check(where, setup, levels)
        self._check_model(channel, setup)

    def check_train(self, channel: str, setup: SourceSetup, train: Train) -> None:
        """Raise PlanError (too many points, too short; naming what would fit) or LimitError; no I/O."""
        where = self._known(channel)
        if not train.levels:
            raise PlanError(f"{where}: the train has no levels.")
        period = period_of(train)
        if (most := self.most_steps // len(period)) < len(train.levels):
            raise PlanError(
                f"{where}: {len(train.levels)} levels are more than the {most} of such a train that it holds "
                f"({self.most_steps} levels, gaps and reads included). Cut it into several."
            )
        self.check(channel, setup, sorted({*train.levels, *(step.level for step in period)}))
        self._check_model_train(channel, setup, train)
        for step in period:
            self._check_step(where, setup, step)
        if isinstance(train, Pulses) and setup.measure_range is None:
            raise PlanError(
                f"{where}: pulses need a fixed measure_range; searching for one takes longer than a pulse. It has "
                f"{', '.join(show(r, setup.measures) for r in self.reach.ranges(setup.measures))}."
            )

    def _check_step(self, where: str, setup: SourceSetup, step: Step) -> None:
        if step.seconds > self.longest_step:
            raise PlanError(
                f"{where}: {show(step.seconds, 's')} are too long for a level: its timer goes to "
                f"{show(self.longest_step, 's')}. Hold a level by set_level and measure as often as you like."
            )
        least = self.least_step + (self._measuring_time(setup.nplc) if step.measured else 0.0)
        if step.seconds >= least * (1 - 1e-9):
            return
        what = (
            f"with a measurement of {setup.nplc:g} periods of the mains" if step.measured else "without a measurement"
        )
        fixed, slope = self._measuring_time(0.0), self._measuring_time(1.0) - self._measuring_time(0.0)
        fitting = (step.seconds - self.least_step - fixed) / slope
        advice = f" It would fit with nplc {fitting:.3g}." if step.measured and fitting >= self.reach.nplc[0] else ""
        raise PlanError(
            f"{where}: {show(step.seconds, 's')} are too short for a level {what}: it takes {show(least, 's')} or more.{advice}"
        )

    def configure(self, channel: str, setup: SourceSetup) -> None:
        """Output off, level 0, then everything of the setup, read back. Never clips a compliance or a range.

        Raises LimitError, InstrumentError when something does not read back or is refused.
        """
        self.check(channel, setup)
        self._setups.pop(channel, None)
        self._loaded.pop(channel, None)
        self._configure(channel, setup)
        self.check_errors(f"setting up channel {channel}")
        self._setups[channel] = setup
        self._levels[channel] = 0.0

    def set_level(self, channel: str, level: float) -> None:
        """Source this level (V or A as configured) from now on, read back. Raises LimitError; InstrumentError during a train."""
        self.check(channel, self._setup(channel), (level,))
        self._ensure_idle(channel)
        self._set_level(channel, level)
        self._levels[channel] = level

    def on(self, channel: str) -> None:
        """Close the output relay at level 0, then go to what `set_level` told since `configure`; confirmed by read-back."""
        self._setup(channel)
        if not self._is_on(channel):
            if self._levels[channel]:
                self._set_level(channel, 0.0)
            self._switch_on(channel)
            if self._levels[channel]:
                self._set_level(channel, self._levels[channel])
        self.check_errors(f"switching channel {channel} on")

    def measure(self, channel: str, count: int = 1) -> Readings:
        """Measure `count` times at the present level, volts and amperes. InstrumentError with the output off or in a train."""
        self._setup(channel)
        if not 1 <= count <= self.most_readings:
            raise PlanError(
                f"{self._known(channel)}: it measures 1 to {self.most_readings} times at once, not {count}."
            )
        self._ensure_idle(channel)
        self._ensure_on(channel, "measuring")
        if channel in self._loaded and self._loaded[channel].progress is Progress.COMPLETE:
            del self._loaded[channel]  # what it measured is written over
        readings = self._measure(channel, count)
        self.check_errors(f"measuring with channel {channel}")
        return readings

    def load(self, channel: str, train: Train) -> None:
        """Put a train into the instrument; nothing is sourced yet. It ends at the level that it begins from."""
        self.check_train(channel, self._setup(channel), train)
        self._ensure_idle(channel)
        self._put(channel, train)

    def start(self) -> None:
        """Run what was loaded since the last start on the instrument's own timer. Never repeated by the link.

        Raises InstrumentError when there is nothing, or an output is off: what it would measure is nothing.
        """
        ready = tuple(n for n, loaded in self._loaded.items() if loaded.progress is Progress.LOADED)
        if not ready:
            raise InstrumentError(f"{self.name}: there is no train to run; load one first.")
        for channel in ready:
            self._ensure_on(channel, "starting a train")
            if self._loaded[channel].level != self._levels[channel]:
                self._put(channel, self._loaded[channel].train)  # it must return to the level of now
        for channel in ready:
            self._loaded[channel].progress = Progress.STARTED
        try:
            self._start(ready)
            self._check_initiated()
        except InstrumentError:  # refused; after anything else it may run
            for channel in ready:
                self._loaded.pop(channel, None)
            raise

    def running(self) -> bool:
        """Whether a train is still running (a progress query). Raises InstrumentError on what the instrument reports."""
        if not self._started:
            return False
        try:
            if self._running():
                return True
        except InstrumentError:
            self._forget()
            raise
        for channel in self._started:
            self._loaded[channel].progress = Progress.COMPLETE
        return False

    def fetch(self, channel: str) -> Readings:
        """What the last train measured, complete; a period that was not kept is told in `warnings`.

        Raises InstrumentError unless that train was started, has ended, and nothing was loaded or measured since.
        """
        where = self._known(channel)
        loaded = self._loaded.get(channel)
        if loaded is None or loaded.progress is Progress.LOADED:
            raise InstrumentError(
                f"{where}: there is nothing to fetch: no train was started since the last load, measurement or switch-off."
            )
        self._ensure_idle(channel)
        readings = self._fetch(channel, loaded.train)
        self.check_errors(f"reading channel {channel}")
        self._check_period(where, loaded.period, readings.times)
        return readings

    def off(self) -> None:
        """Level 0 on every channel, then the relays opened (never hot-switched), confirmed; trains not ended are forgotten.

        Its lines go out before anything is asked: an instrument in the middle of a train may answer nothing.
        """
        if self.link.in_step:
            self._at_rest()
            for line in self.safe_state:
                self.write(line)
        else:
            self.safe()
        self.confirm_safe()

    def safe(self) -> None:
        """Send the safe state, each line on its own. Raises LinkError after the last."""
        self._at_rest()
        super().safe()

    def reconnect(self) -> None:
        """Open a link that was dropped once more; every channel must be configured again."""
        self._setups.clear()
        self._loaded.clear()
        super().reconnect()

    # Parts.

    @property
    def _started(self) -> tuple[str, ...]:
        """The channels whose trains were started and are not known to have ended."""
        return tuple(n for n, loaded in self._loaded.items() if loaded.progress is Progress.STARTED)

    def _at_rest(self) -> None:
        """Every level is 0 from now on, and no train runs."""
        self._forget()
        self._levels = dict.fromkeys(self._levels, 0.0)

    def _forget(self) -> None:
        """No train is in the instrument any more, but those that have ended can be fetched."""
        self._loaded = {n: loaded for n, loaded in self._loaded.items() if loaded.progress is Progress.COMPLETE}

    def _put(self, channel: str, train: Train) -> None:
        self._loaded.pop(channel, None)
        self._load(channel, train)
        self.check_errors(f"loading a train into channel {channel}")
        self._loaded[channel] = Loaded(train, self._levels[channel])

    def _ensure_idle(self, channel: str) -> None:
        """Raise InstrumentError while the channel's train runs."""
        if channel in self._started and self.running():
            raise InstrumentError(
                f"{self._known(channel)}: its train is running; wait until `running` says that it has ended, or switch off."
            )

    def _ensure_on(self, channel: str, doing: str) -> None:
        if not self._is_on(channel):
            raise InstrumentError(f"{self._known(channel)}: its output is off; switch it on before {doing}.")

    def _check_period(self, where: str, period: float, times: NDArray[np.float64]) -> None:
        """Warn when measurements did not come every `period` seconds, as far as the time stamps tell."""
        if len(times) < 2:
            return
        each, mean = np.diff(times), float(times[-1] - times[0]) / (len(times) - 1)
        worst = float(each[np.argmax(np.abs(each - period))])
        if (
            abs(mean - period) > LATE * period + self.tick / (len(times) - 1)
            or abs(worst - period) > LATE * period + self.tick
        ):
            self.warnings.append(
                f"{where}: it was to measure every {show(period, 's')}; by its time stamps it did every {show(mean, 's')} "
                f"on average, once after {show(worst, 's')}. Use the times that come with the readings."
            )

    def _readings(
        self, channel: str, times: NDArray[np.float64], levels: NDArray[np.float64],
        output: tuple[NDArray[np.float64], NDArray[np.float64]], limited: NDArray[np.bool_],
    ) -> Readings:  # fmt: skip
        """Rows of one channel; `output`: volts and amperes. What lies beyond its range is NaN and a warning, not left out."""
        beyond = (np.abs(output[0]) > OVERFLOW) | (np.abs(output[1]) > OVERFLOW)
        if beyond.any():
            self.warnings.append(
                f"{self._known(channel)}: {int(beyond.sum())} readings lie beyond the measuring range (NaN)."
            )
        volts, amperes = (np.where(np.abs(values) > OVERFLOW, np.nan, values) for values in output)
        return Readings(times - times[0], levels, volts, amperes, limited)

    def _setup(self, channel: str) -> SourceSetup:
        where = self._known(channel)
        if channel not in self._setups:
            raise InstrumentError(f"{where}: configure it first.")
        return self._setups[channel]

    def _known(self, channel: str) -> str:
        """How the channel is called in a message. Raises PlanError when there is none of this name."""
        if channel not in self.channels:
            raise PlanError(f"{self.name}: no channel '{channel}'. Known: {', '.join(self.channels)}.")
        return f"{self.name} channel {channel}"
