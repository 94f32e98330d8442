"""What every source-meter driver shares: ranges checked before anything is sent, trains as steps, readings, safe switching.

A driver of a model says what the model reaches (`Reach`) and how it is told; the order of things is kept here: output off
and level 0 before a setup, level 0 before the relay, nothing sent that was not checked, errors asked for after each setup.

Why the output-off mode is high impedance: `off` and the safe state bring the level to 0 first, so the relay opens and
closes at 0 V (a memristor is never hot-switched), and from then on nothing is connected: no leakage of an off state that
still holds 0 V, no kick when a source changes over between volts and amperes, nothing on the leads when a hand changes the
device. The makers' advice against it (relay wear) is for tests that switch at every point.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import InstrumentError, LimitError, PlanError, show

from ..commands import Commanded
from ..scpi import IdentifiedInstrument
from ..sourcing import Pulses, Quantity, Readings, SourceSetup, Staircase, Train

OVERFLOW = 9.8e37
"""Keithley's number for a reading beyond its range is 9.9e37, for one that was not made 9.91e37."""

C = TypeVar("C", bound=Commanded)


@dataclass(frozen=True)
class Reach:
    """What a model sources, limits and measures; SI units.

    `volts`, `amperes`: the full scales of its ranges, rising. `together`: pairs (volts, amperes) that it gives at once.
    `over`: how many times the full scale of a range can be set and measured. `least`: smallest compliance (volts, amperes).
    `nplc`: shortest and longest measuring time, in periods of the mains.
    """

    volts: tuple[float, ...]
    amperes: tuple[float, ...]
    together: tuple[tuple[float, float], ...]
    over: float
    least: tuple[float, float]
    nplc: tuple[float, float]

    def ranges(self, quantity: Quantity) -> tuple[float, ...]:
        """The full scales of one quantity."""
        return self.volts if quantity == "V" else self.amperes


@dataclass(frozen=True)
class Step:
    """One level of a train, held for `seconds`, measured at its end or not."""

    level: float
    seconds: float
    measured: bool


def period_of(train: Train) -> list[Step]:
    """The steps of one period of a train, the first with its first level."""
    if isinstance(train, Staircase):
        return [Step(train.levels[0], train.dwell, True)]
    rest = Step(train.base, train.gap, False)
    pulse = Step(train.levels[0], train.width, train.read is None)
    if train.read is None:
        return [pulse, rest]
    return [pulse, rest, Step(train.read, train.read_width, True), rest]


def levels_in_order(train: Train) -> list[float]:
    """Every level of a train in the order in which it is put out."""
    others = [step.level for step in period_of(train)[1:]]
    return [level for first in train.levels for level in (first, *others)]


def measured_levels(train: Train) -> NDArray[np.float64]:
    """The level at each measurement of a train; shape (number of levels,)."""
    read = train.read if isinstance(train, Pulses) else None
    return np.array(train.levels) if read is None else np.full(len(train.levels), read)


def check_setup(where: str, reach: Reach, setup: SourceSetup, levels: Sequence[float] = ()) -> None:
    """Raise LimitError, naming the value and the limit, for a setup or levels that a model does not reach."""
    _check_range(where, reach, setup.source, setup.source_range, "source_range")
    _check_range(where, reach, setup.measures, setup.measure_range, "measure_range")
    _within(where, "nplc", setup.nplc, reach.nplc)
    full = reach.ranges(setup.source)[-1] if setup.source_range is None else setup.source_range
    for level in levels:
        _within(where, "level", level, (-full * reach.over, full * reach.over), setup.source)
    most = reach.ranges(setup.measures)[-1] * reach.over
    _within(where, "compliance", setup.compliance, (reach.least[setup.measures == "A"], most), setup.measures)
    if setup.measure_range is not None and setup.compliance > setup.measure_range * reach.over * (1 + 1e-9):
        raise LimitError(
            f"{where}: a compliance of {show(setup.compliance, setup.measures)} lies beyond the fixed measure_range of "
            f"{show(setup.measure_range, setup.measures)}: what lies between cannot be measured. "
            "Lower the compliance or choose a larger range."
        )
    _check_together(where, reach, setup, max((setup.source_range or 0.0, *map(abs, levels))))


def _check_range(where: str, reach: Reach, quantity: Quantity, wanted: float | None, name: str) -> None:
    known = reach.ranges(quantity)
    if wanted is not None and not any(math.isclose(wanted, full, rel_tol=1e-6) for full in known):
        raise LimitError(
            f"{where}: {name} {show(wanted, quantity)} is none of its ranges: {', '.join(show(r, quantity) for r in known)}."
        )


def _within(where: str, name: str, value: float, limits: tuple[float, float], unit: str = "") -> None:
    low, high = limits
    if not low * (1 + math.copysign(1e-9, -low)) <= value <= high * (1 + 1e-9):  # also catches NaN
        raise LimitError(f"{where}: {name} {show(value, unit)} lies outside {show(low, unit)} .. {show(high, unit)}.")


def _check_together(where: str, reach: Reach, setup: SourceSetup, level: float) -> None:
    volts, amperes = (level, setup.compliance) if setup.source == "V" else (setup.compliance, level)
    if not any(
        volts <= v * reach.over * (1 + 1e-9) and amperes <= a * reach.over * (1 + 1e-9) for v, a in reach.together
    ):
        corners = " or ".join(f"{show(v, 'V')} at {show(a, 'A')}" for v, a in reach.together)
        raise LimitError(
            f"{where}: {show(volts, 'V')} together with {show(amperes, 'A')} is more than it gives: {corners}."
        )


def check_range_of_compliance(where: str, reach: Reach, setup: SourceSetup) -> None:
    """Raise LimitError for a fixed measuring range above that of the compliance, which some models do not have."""
    if setup.measure_range is None:
        return
    highest = next(r for r in reach.ranges(setup.measures) if setup.compliance <= r * reach.over * (1 + 1e-9))
    if setup.measure_range > highest * (1 + 1e-6):
        raise LimitError(
            f"{where}: measure_range {show(setup.measure_range, setup.measures)} is above that of the compliance "
            f"({show(setup.compliance, setup.measures)}), {show(highest, setup.measures)}, the highest that this model "
            "allows. Choose that one, or raise the compliance."
        )


@dataclass(frozen=True)
class Loaded:
    """A train in an instrument."""

    train: Train
    seconds: float

    @classmethod
    def of(cls, train: Train) -> "Loaded":
        """How long it runs."""
        return cls(train, sum(step.seconds for step in period_of(train)) * len(train.levels))


class SourceMeterBase(IdentifiedInstrument, ABC, Generic[C]):
    """The role's order of things; a driver says how its model is told.

    `most_steps`: how many levels a train may have, gaps and reads included. `least_step`: seconds that a level which is
    not measured takes at least. Both are of the model, from its manual.
    """

    reach: Reach
    channels: Mapping[str, C]
    most_steps: ClassVar[int]
    most_readings: ClassVar[int]
    least_step: ClassVar[float]

    def _begin(self) -> None:
        """Outputs off whatever was before, level 0 first."""
        self._setups: dict[str, SourceSetup] = {}
        self._levels: dict[str, float] = {}
        self._loaded: dict[str, Loaded] = {}
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
    def _fetch(self, channel: str, train: Train) -> Readings:
        """What the train measured."""

    def _check_model(self, channel: str, setup: SourceSetup) -> None:
        """Limits that only this model has."""

    def _check_model_train(self, channel: str, setup: SourceSetup, train: Train) -> None:
        """Limits of trains that only this model has."""

    # The role.

    def settings(self) -> dict[str, Any]:
        """Every declared command as read back, the channels' under ``channel_1`` and so on."""
        return super().settings() | {f"channel_{n}": c.settings() for n, c in self.channels.items()}

    def check(self, channel: str, setup: SourceSetup, levels: Sequence[float] = ()) -> None:
        """Raise LimitError when the setup or a level is outside the instrument's ranges; no I/O."""
        where = self._known(channel)
        check_setup(where, self.reach, setup, levels)
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
        least = self.least_step + (self._measuring_time(setup.nplc) if step.measured else 0.0)
        if step.seconds >= least * (1 - 1e-9) and math.isfinite(step.seconds):
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
        """Source this level (V or A as configured) from now on, read back. Raises LimitError."""
        self.check(channel, self._setup(channel), (level,))
        self._set_level(channel, level)
        self._levels[channel] = level

    def on(self, channel: str) -> None:
        """Close the output relay, at level 0 unless `set_level` came after `configure`; confirmed by read-back."""
        self._setup(channel)
        self._switch_on(channel)
        self.check_errors(f"switching channel {channel} on")

    def measure(self, channel: str, count: int = 1) -> Readings:
        """Measure `count` times at the present level, volts and amperes."""
        self._setup(channel)
        if not 1 <= count <= self.most_readings:
            raise PlanError(
                f"{self._known(channel)}: it measures 1 to {self.most_readings} times at once, not {count}."
            )
        readings = self._measure(channel, count)
        self.check_errors(f"measuring with channel {channel}")
        return readings

    def load(self, channel: str, train: Train) -> None:
        """Put a train into the instrument; nothing is sourced yet. It ends at the level that it began from."""
        self.check_train(channel, self._setup(channel), train)
        self._loaded.pop(channel, None)
        self._load(channel, train)
        self.check_errors(f"loading a train into channel {channel}")
        self._loaded[channel] = Loaded.of(train)

    def start(self) -> None:
        """Run the loaded trains on the instrument's own timer. Never repeated by the link.

        Raises InstrumentError when there is none, or an output is off: what it would measure is nothing.
        """
        if not self._loaded:
            raise InstrumentError(f"{self.name}: there is no train to run; load one first.")
        for channel in self._loaded:
            if not self._is_on(channel):
                raise InstrumentError(
                    f"{self._known(channel)}: its output is off; switch it on before starting a train."
                )
        self._start(tuple(self._loaded))

    def fetch(self, channel: str) -> Readings:
        """What the last train measured, complete. Raises InstrumentError when it is not."""
        if channel not in self._loaded:
            raise InstrumentError(f"{self._known(channel)}: no train was loaded.")
        readings = self._fetch(channel, self._loaded[channel].train)
        self.check_errors(f"reading channel {channel}")
        return readings

    def off(self) -> None:
        """Level 0 on every channel, then the relays opened (never hot-switched), confirmed."""
        for line in self.safe_state:
            self.write(line)
        self._levels = dict.fromkeys(self._levels, 0.0)
        self.confirm_safe()

    # Parts.

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
