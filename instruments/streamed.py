"""A streaming digitiser as the oscilloscope that the runner asks for: it streams without gaps and looks for the marker itself.

Nothing has to fit a memory: a record of any length is kept here, from the pre-trigger on.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import InstrumentError, PlanError, Trace, show

from .roles import Acquisition, ChannelSetup, Digitizer, Identity, Mode

PATIENCE = 5.0
"""Seconds beyond the pre-trigger that the first samples may take."""


class StreamedScope:
    """Fulfils the role `Oscilloscope` with a `Digitizer`; the trigger is an edge found in the stream of one channel."""

    def __init__(self, digitizer: Digitizer) -> None:
        self.digitizer = digitizer
        self.probes = digitizer.probes
        self._acquisition: Acquisition | None = None
        self._channel, self._level, self._rising = "", 0.0, True
        self._pieces: dict[str, list[NDArray[np.integer[Any]]]] = {}
        self._count = 0  # samples that have come
        self._first = 0  # number of the first one that is kept
        self._looking = False  # from arming on, until the edge is found
        self._beyond = True  # whether the last sample looked at was beyond the level
        self._edge: int | None = None
        self._streaming = False

    @property
    def identity(self) -> Identity:
        """The digitiser's."""
        return self.digitizer.identity

    @property
    def warnings(self) -> list[str]:
        """The digitiser's."""
        return self.digitizer.warnings

    def check_setup(self, setup: ChannelSetup, level: float | None = None) -> None:
        """As the digitiser."""
        self.digitizer.check_setup(setup, level)

    def plan(
        self, channels: Sequence[str], duration: float, rate: float, pretrigger: float, *, mode: Mode = "normal", count: int = 1,
        segments: int = 1,
    ) -> Acquisition:  # fmt: skip
        """As the digitiser. Raises PlanError for averages and segments too: a stream has none."""
        if (mode, count, segments) != ("normal", 1, 1):
            raise PlanError(
                f"{self.identity.model} streams: it takes one record at a time as it is, no averages, no high resolution "
                "and no segments. Stream everything, and average afterwards."
            )
        return self.digitizer.plan(channels, duration, rate, pretrigger)

    def configure(self, setups: Sequence[ChannelSetup], acquisition: Acquisition) -> None:
        """As the digitiser."""
        self.digitizer.configure(setups, acquisition)
        self._acquisition = acquisition

    def trigger_on(self, channel: str, level: float, rising: bool = True) -> None:
        """Look for this edge in the stream. Raises PlanError when the channel is not streamed."""
        if channel not in self._planned().channels:
            raise PlanError(f"{self.identity.model}: channel {channel} is not streamed, so it cannot trigger.")
        self._channel, self._level, self._rising = channel, level, rising

    def arm(self) -> None:
        """Start the stream; return when the pre-trigger is in. Raises InstrumentError when nothing comes."""
        acquisition = self._planned()
        self.stop()
        self._pieces = {channel: [] for channel in acquisition.channels}
        self._count, self._first, self._edge, self._looking, self._beyond = 0, 0, None, False, True
        before = self._before()
        self.digitizer.start()
        self._streaming = True
        deadline = time.monotonic() + acquisition.pretrigger + PATIENCE
        while self._count <= before:
            if time.monotonic() > deadline:
                raise InstrumentError(
                    f"{self.identity.model}: {self._count} of {before} pre-trigger samples came in "
                    f"{show(acquisition.pretrigger + PATIENCE, 's')}. Look at its connection."
                )
            self._take()
        self._looking = True  # an edge of before arming does not count

    def finished(self) -> bool:
        """Take what has arrived; whether the record is complete. Raises InstrumentError when samples were lost."""
        acquisition = self._planned()
        if self._streaming:
            self._take()
            if self._edge is not None and self._count - self._edge >= acquisition.points - self._before():
                self.stop()
        return not self._streaming and self._edge is not None

    def fetch(self, channel: str, progress: Callable[[int, int], None] | None = None, segment: int = 0) -> Trace:
        """The whole record of one channel in volts at the probe tip, time counted from the edge; there is one segment.

        The edge lies half a sample before the first one beyond the level, give or take as much. Where channels are sampled
        one after the other, `settings["delays"]` of the acquisition (s, by channel) says so.
        """
        if segment != 0:
            raise InstrumentError(f"{self.identity.model}: a stream has no segment {segment}.")
        acquisition, before = self._planned(), self._before()
        if self._edge is None or self._streaming:
            raise InstrumentError(f"{self.identity.model}: there is no complete record.")
        if channel not in self._pieces:
            raise InstrumentError(f"{self.identity.model}: channel {channel} was not streamed.")
        first = self._edge - before - self._first
        samples = self._joined(channel)[first : first + acquisition.points]
        meaning = self.digitizer.scaling(channel)
        clipped = np.count_nonzero(samples <= meaning.lowest) + np.count_nonzero(samples >= meaning.highest)
        if progress is not None:
            progress(len(samples), len(samples))
        delays = acquisition.settings.get("delays", {})
        return Trace(
            name=channel,
            samples=samples,
            scale=meaning.scale,
            offset=meaning.offset,
            unit="V",
            t0=(0.5 - before) / acquisition.rate + delays.get(channel, 0.0) - delays.get(self._channel, 0.0),
            dt=1.0 / acquisition.rate,
            error=meaning.error,
            clipped=int(clipped),
        )

    def segment_times(self) -> tuple[float, ...]:
        """One segment."""
        return (0.0,)

    def screenshot(self) -> bytes:
        """Raises PlanError: it has no screen."""
        raise PlanError(f"{self.identity.model} has no screen to take a picture of.")

    def stop(self) -> None:
        """End the stream."""
        if self._streaming:
            self._streaming = False
            self.digitizer.stop()

    def safe(self) -> None:
        """As the digitiser."""
        self.digitizer.safe()

    def settings(self) -> dict[str, Any]:
        """The digitiser's."""
        return self.digitizer.settings()

    def close(self) -> None:
        """The digitiser's link."""
        self.digitizer.close()

    def _planned(self) -> Acquisition:
        if self._acquisition is None:
            raise InstrumentError(f"{self.identity.model}: configure it first.")
        return self._acquisition

    def _before(self) -> int:
        acquisition = self._planned()
        return round(acquisition.pretrigger * acquisition.rate)

    def _take(self) -> None:
        chunk = self.digitizer.read()
        if chunk.lost or (chunk.samples and chunk.first != self._count and self._length(chunk.samples)):
            self.stop()
            lost = chunk.lost or chunk.first - self._count
            raise InstrumentError(
                f"{self.identity.model}: lost {lost} samples after {self._count}: the computer did not read in time. "
                "Nothing is made up for them. Close other programs, or stream fewer channels or more slowly."
            )
        if self._edge is None and self._channel in chunk.samples:
            self._search(chunk.samples[self._channel])
        self._count += self._length(chunk.samples)
        for channel, samples in chunk.samples.items():
            self._pieces[channel].append(samples)
        if self._edge is None:
            self._forget()

    def _forget(self) -> None:
        """Until the edge has come only the pre-trigger is kept, however long it takes."""
        before = self._before()
        while self._pieces and all(
            pieces and self._count - self._first - len(pieces[0]) > before for pieces in self._pieces.values()
        ):
            self._first += min(len(pieces.pop(0)) for pieces in self._pieces.values())

    @staticmethod
    def _length(samples: Mapping[str, NDArray[np.integer[Any]]]) -> int:
        return min((len(s) for s in samples.values()), default=0)

    def _search(self, samples: NDArray[np.integer[Any]]) -> None:
        """Look for the edge in what is new: the first sample beyond the level whose predecessor is not."""
        meaning = self.digitizer.scaling(self._channel)
        volts = samples * meaning.scale + meaning.offset
        beyond = volts >= self._level if self._rising else volts <= self._level
        before = np.concatenate([[self._beyond], beyond[:-1]])
        found = np.flatnonzero(beyond & ~before)
        if self._looking and len(found):
            self._edge = self._count + int(found[0])
        if len(beyond):
            self._beyond = bool(beyond[-1])

    def _joined(self, channel: str) -> NDArray[np.integer[Any]]:
        """All samples of a channel in one array, joined once."""
        pieces = self._pieces[channel]
        if len(pieces) > 1:
            pieces[:] = [np.concatenate(pieces)]
        return pieces[0]
