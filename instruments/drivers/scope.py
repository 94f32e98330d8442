"""What drivers of oscilloscopes share: planning from a model's tables, one record after the other, waiting with patience.

A model's driver declares its commands and its tables, and says in a few short methods how it starts, what state it is in
and how a record is read.
"""

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import InstrumentError, LimitError, PlanError, Trace

from ..commands import Commanded
from ..links import Link
from ..roles import Acquisition, ChannelSetup, Mode
from ..scpi import ScpiInstrument
from . import DRIVERS
from .preamble import Preamble
from .scope_tables import Memory, Screen

PATIENCE = 5.0
"""Seconds that a change of state may take to show."""
MOST_AVERAGED = 10_000
"""Records to add up; their sum stays far inside 32 bits."""
PNG = b"\x89PNG\r\n\x1a\n"

State = Literal["filling", "waiting", "triggered", "stopped"]
"""Of a single acquisition; ``filling``: the pre-trigger memory is not yet full."""
Progress = Callable[[int, int], None]


@dataclass
class Mean:
    """Records of one channel added up: exact, and finer than the converter by the number of them."""

    first: Trace
    total: NDArray[np.int64]
    clipped: int
    records: int = 1

    @classmethod
    def of(cls, trace: Trace) -> "Mean":
        """Begin with a first record."""
        return cls(trace, trace.samples.astype(np.int64), trace.clipped)

    def add(self, trace: Trace) -> None:
        """One more. Raises InstrumentError when it is not scaled as the first."""
        if (trace.scale, trace.offset, len(trace)) != (self.first.scale, self.first.offset, len(self.first)):
            raise InstrumentError(f"{trace.name}: the settings changed while records were averaged; take it again.")
        self.total += trace.samples
        self.clipped += trace.clipped
        self.records += 1

    def trace(self) -> Trace:
        """The mean; `clipped` counts the samples of all records, the error is that of one."""
        samples = self.total.astype(np.int32)
        return replace(self.first, samples=samples, scale=self.first.scale / self.records, clipped=self.clipped)


class ScopeDriver(ScpiInstrument):
    """An oscilloscope that takes single triggered records.

    `screen`, `memory` are the model's tables, `most_segments` the segments that it can take; `channels` are its declared
    channels by name. An average is the mean of single records, each of them waited for, read and verified: what the
    models' own averaging keeps is the screen's thousand points (Keysight), or its end is not told (Rigol).
    """

    screen: ClassVar[Screen]
    memory: Memory
    most_segments: int = 1
    channels: Mapping[str, Commanded]

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        if self.error_question:
            link.write("*CLS")  # errors of whoever was here before
        self._acquisition: Acquisition | None = None
        self._means: dict[str, Mean] = {}
        self._averaging = False

    def settings(self) -> dict[str, Any]:
        """Every declared command as read back, the channels' under ``channel_1`` and so on."""
        return super().settings() | {f"channel_{n}": c.settings() for n, c in self.channels.items()}

    # What a model does in its own way.

    @abstractmethod
    def _shared(self, channels: Sequence[str]) -> int:
        """How many channels share the memory when these are on: a key of the memory's tables."""

    @abstractmethod
    def _prepare(self, acquisition: Acquisition) -> None:
        """Bring it into the state in which it can be set; modes that hold for all channels."""

    @abstractmethod
    def _show(self, channel: str, shown: bool) -> None:
        """Switch a channel on or off."""

    @abstractmethod
    def _set_channel(self, setup: ChannelSetup, scale: float, middle: float) -> None:
        """Set a channel: volts a division and volts in the middle of the screen, at the tip."""

    @abstractmethod
    def _set_time(self, acquisition: Acquisition) -> None:
        """Set time base, delay and depth, read back."""

    @abstractmethod
    def _lies(self, channel: str) -> tuple[float, float]:
        """Volts a division and volts in the middle of a channel, as read back."""

    @abstractmethod
    def _set_trigger(self, channel: str, level: float, rising: bool) -> None:
        """Edge trigger, every setting of it read back."""

    @abstractmethod
    def _single(self) -> None:
        """Start a single acquisition."""

    @abstractmethod
    def _state(self) -> State:
        """Where the acquisition is (a progress query)."""

    @abstractmethod
    def _triggered(self) -> bool:
        """Whether the acquisition that has stopped holds a triggered record."""

    @abstractmethod
    def _record(self, channel: str, acquisition: Acquisition, segment: int, progress: Progress | None) -> Trace:
        """Read one record, verified to be the one that was planned."""

    def _check_armed(self, acquisition: Acquisition) -> None:
        """What can only be seen now, before anything is started."""

    def _set_trigger_input(self, setup: ChannelSetup) -> None:
        """Set the external trigger input, where there is one."""

    # Planning: no input or output.

    def plan(
        self, channels: Sequence[str], duration: float, rate: float, pretrigger: float, *, mode: Mode = "normal",
        count: int = 1, segments: int = 1,
    ) -> Acquisition:  # fmt: skip
        """Find the smallest record: `pretrigger` seconds before the trigger, `duration` after it, at `rate` or more.

        Time bases and depths come in steps, so both come out larger than asked for. Raises PlanError, with what would fit.
        """
        self._known(channels)
        recorded = self._recorded(channels)
        if not recorded:
            raise PlanError(f"{self.name}: {', '.join(channels)} gives no record; add a channel to observe.")
        if not (duration > 0 and rate > 0 and pretrigger >= 0):
            raise PlanError(f"{self.name}: duration and rate must be positive, the pre-trigger time not negative.")
        self._check_mode(mode, count, segments)
        memory = self._memory(segments)
        try:
            timebase, points, got = memory.fit(self._shared(recorded), duration + pretrigger, rate)
        except PlanError as reason:
            raise PlanError(f"{self.name} ({self.identity.model}): {reason}") from reason
        delay = memory.divisions / 2 * timebase - pretrigger
        settings = {"timebase": timebase, "delay": delay, "asked": rate, "until": duration}
        return Acquisition(got, points, pretrigger, tuple(dict.fromkeys(channels)), settings, mode, count, segments)

    def _memory(self, segments: int) -> Memory:
        """The memory of one of so many segments."""
        return self.memory

    def _check_mode(self, mode: Mode, count: int, segments: int) -> None:
        if mode not in ("normal", "average", "high_resolution"):
            raise PlanError(f"{self.name}: no mode '{mode}'; it offers normal, average and high_resolution.")
        if mode == "average" and not 2 <= count <= MOST_AVERAGED:
            raise PlanError(f"{self.name}: an average is of 2 to {MOST_AVERAGED:,} records, not {count}.")
        if mode != "average" and count != 1:
            raise PlanError(f"{self.name}: {count} records are only averaged in mode 'average', not '{mode}'.")
        if segments != 1 and self.most_segments == 1:
            raise PlanError(
                f"{self.name}: the {self.identity.model} has no segmented memory; it offers one record at a time, "
                "or the average of several."
            )
        if not 1 <= segments <= self.most_segments:
            raise PlanError(f"{self.name}: {segments} segments; it offers 1 to {self.most_segments}.")
        if segments > 1 and mode == "average":
            raise PlanError(
                f"{self.name}: segments are not averaged; take them and average afterwards, or no segments."
            )

    def _recorded(self, channels: Sequence[str]) -> tuple[str, ...]:
        return tuple(c for c in dict.fromkeys(channels) if c in DRIVERS[self.driver].channels)

    def _known(self, channels: Sequence[str]) -> None:
        known = DRIVERS[self.driver].channels + DRIVERS[self.driver].trigger_inputs
        for channel in channels or ("none",):
            if channel not in known:
                raise PlanError(f"{self.name}: no channel '{channel}'. Known: {', '.join(known)}.")

    # Setting up.

    @classmethod
    def check_setup(cls, setup: ChannelSetup, level: float | None = None) -> None:
        """Raise LimitError when a channel cannot be set so, or cannot trigger at `level` (V) when it is; no I/O."""
        scale, middle = cls.screen.fit(setup)
        if level is not None:
            cls.screen.check_level(level, scale, middle)

    def configure(self, setups: Sequence[ChannelSetup], acquisition: Acquisition) -> None:
        """Set channels, time base and memory, every one read back.

        Raises LimitError when a channel's range does not fit, InstrumentError when something does not read back.
        """
        wanted = {s.channel: s for s in setups}
        self._known(tuple(wanted))
        if set(wanted) != set(acquisition.channels):
            raise PlanError(
                f"{self.name}: the acquisition was planned for channels {', '.join(acquisition.channels)}, "
                f"but {', '.join(wanted)} are to be set."
            )
        recorded = self._recorded(tuple(wanted))
        lies = {channel: self._fitted(wanted[channel]) for channel in recorded}
        for channel in wanted.keys() - lies.keys():
            self.check_setup(wanted[channel])
        self._acquisition = None
        self._prepare(acquisition)
        for channel in self.channels:
            self._show(channel, channel in lies)
        for channel, setup in wanted.items():
            if channel in lies:
                self._set_channel(setup, *lies[channel])
            else:
                self._set_trigger_input(setup)
        self._set_time(acquisition)
        self.check_errors("setting it up")
        self._acquisition = acquisition

    def _fitted(self, setup: ChannelSetup) -> tuple[float, float]:
        try:
            return self.screen.fit(setup)
        except LimitError as reason:
            raise LimitError(f"{self.name} channel {setup.channel}: {reason}") from reason

    def trigger_on(self, channel: str, level: float, rising: bool = True) -> None:
        """Edge trigger on a channel at a level (volts at the probe tip), read back.

        Raises LimitError when the level is out of the reach that scale and offset leave.
        """
        self._known((channel,))
        if channel in self.channels:
            try:
                self.screen.check_level(level, *self._lies(channel))
            except LimitError as reason:
                raise LimitError(f"{self.name} channel {channel}: {reason}") from reason
        self._set_trigger(channel, level, rising)
        self.check_errors("setting the trigger")

    # One record, or several to be averaged.

    def arm(self) -> None:
        """Start a single acquisition; return when the instrument says that it waits: its pre-trigger memory is full.

        It is stopped first, and seen to be: the state lags behind, and one of before must not count. Raises
        InstrumentError when it triggers before it was to, or does not come to wait in time.
        """
        acquisition = self._planned()
        self.stop()
        self._means = {}
        self._averaging = acquisition.mode == "average"
        self._arm(acquisition)

    def _arm(self, acquisition: Acquisition) -> None:
        self._single()
        state = self._awaited(("waiting", "triggered"), acquisition.pretrigger)
        if state == "waiting":
            self._check_armed(acquisition)
            state = self._state()  # a signal that triggers by itself has done it by now
        if state != "waiting":
            early = state == "triggered" or (state == "stopped" and self._triggered())
            happened = "was triggered before anything was started" if early else f"is still {state}"
            self.stop()
            raise InstrumentError(
                f"{self.name}: asked to wait for a trigger, it {happened}. Check what is connected to its trigger source "
                f"{self._trigger()}."
            )

    @abstractmethod
    def _trigger(self) -> str:
        """Source and level of the trigger as read back, for a person."""

    def finished(self) -> bool:
        """Whether the acquisition is complete (a progress query).

        When it averages, a record that is complete is read and the next one armed, until all were triggered.
        """
        if self._state() != "stopped":
            return False
        if self._averaging and not self._triggered():
            self._averaging = False  # somebody has stopped it
        if self._averaging:
            self._add_record(self._planned())
        return not self._averaging

    def _add_record(self, acquisition: Acquisition) -> None:
        channels = self._recorded(acquisition.channels)
        for channel in channels:
            trace = self._record(channel, acquisition, 0, None)
            if channel in self._means:
                self._means[channel].add(trace)
            else:
                self._means[channel] = Mean.of(trace)
        self.check_errors("reading a record to average")
        if self._mean(channels[0]).records == acquisition.count:
            self._averaging = False
        else:
            self._arm(acquisition)

    def stop(self) -> None:
        """End an acquisition; returns when the instrument says that it has stopped."""
        self._averaging = False
        self._halt()
        if (state := self._awaited(("stopped",), 0.0)) != "stopped":
            raise InstrumentError(f"{self.name}: it does not stop; it is still {state}.")

    @abstractmethod
    def _halt(self) -> None:
        """Stop."""

    def _awaited(self, states: Sequence[State], longer: float) -> State:
        """The first of `states` that it comes to, or where it is after `longer` and the time that any change takes."""
        deadline = time.monotonic() + longer + PATIENCE
        while (state := self._state()) not in states and time.monotonic() < deadline:
            pass  # the question itself takes its time
        return state

    def fetch(self, channel: str, progress: Progress | None = None, segment: int = 0) -> Trace:
        """The whole record of one channel: integer codes with the scale, offset and time of this very record.

        Volts at the probe tip; t = 0 at the trigger; `clipped` counts the codes at the converter's ends.
        `progress(bytes, total)` is called as they arrive. InstrumentError when there is no triggered record, LinkError
        when it is cut short.
        """
        acquisition = self._planned()
        if channel not in self._recorded(acquisition.channels):
            raise InstrumentError(f"{self.name}: channel {channel} was not recorded.")
        if not 0 <= segment < acquisition.segments:
            raise PlanError(f"{self.name}: no segment {segment}; there are 0 to {acquisition.segments - 1}.")
        if not self.finished():
            raise InstrumentError(f"{self.name}: the record is not complete; memory is only read when it has stopped.")
        if acquisition.mode == "average":
            return self._mean(channel, acquisition.count).trace()
        if not self._triggered():
            raise InstrumentError(f"{self.name}: it was stopped without having been triggered; there is no record.")
        trace = self._record(channel, acquisition, segment, progress)
        self.check_errors(f"reading channel {channel}")
        return trace

    def _mean(self, channel: str, needed: int = 0) -> Mean:
        found = self._means.get(channel)
        if found is None or found.records < needed:
            had = 0 if found is None else found.records
            raise InstrumentError(f"{self.name}: it was stopped after {had} of {needed} records to average.")
        return found

    def segment_times(self) -> tuple[float, ...]:
        """When each segment was triggered, in seconds since the first."""
        self._planned()
        return (0.0,)

    def _planned(self) -> Acquisition:
        if self._acquisition is None:
            raise InstrumentError(f"{self.name}: configure it first.")
        return self._acquisition

    def _ask_preamble(self) -> Preamble:
        answer = self.query(":WAV:PRE?")
        try:
            return Preamble.parse(answer)
        except ValueError as reason:
            raise InstrumentError(f"{self.name}: '{answer}' is no waveform preamble.") from reason

    def _picture(self, question: str) -> bytes:
        """The block that answers a question for the screen, which must be a PNG file."""
        data = bytes(self.link.query_block(question, timeout=self.link.timeout + PATIENCE))
        if not data.startswith(PNG):
            raise InstrumentError(f"{self.name}: '{question}' gave no PNG file, but {data[:8]!r}...")
        return data
