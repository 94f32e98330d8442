"""The Arduino source's stream of read-backs: conversions in their slots, a ring of whole scans, where a start lies in it.

From `hardware/firmware/PROTOCOL.md`, section 14. Assumed, for the page does not say it: scan 0 begins 100 us after its line,
and a conversion has 0.3 counts of noise.
"""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .arduino_channel import Channel
from .arduino_lines import Refused

if TYPE_CHECKING:
    from ..world import Event, World

SLOT = 125e-6
"""Seconds of one conversion."""
QUANTITIES = ((1, "V"), (1, "I"), (2, "V"), (2, "I"))
"""Channel and kind; bit k of a set stands for number k."""
ROOM = 144
"""Samples that are kept."""
MOST_SCANS = 192
"""Of one fetch."""
BEGIN_DELAY = 1e-4
"""Seconds from ``ADC:STAT ON`` to scan 0."""
NOISE = 0.3
"""Counts rms of one conversion."""


class Ring:
    """Whole scans that were not fetched. When it is full, new ones are lost until it has been emptied."""

    def __init__(self, quantities: int) -> None:
        self.room = ROOM // quantities
        self.kept: NDArray[np.int16] = np.empty((0, quantities), np.int16)
        self._first = 0  # number of the first that is kept, or of the next that will be
        self._before = self._after = 0  # lost before that one and not told yet; lost after those that are kept

    def add(self, scans: NDArray[np.int16]) -> bool:
        """Keep scans while there is room; whether any was lost."""
        taken = 0 if self._after else self.room - len(self.kept)
        self.kept = np.concatenate([self.kept, scans[:taken]])
        self._after += len(scans[taken:])
        return len(scans) > taken

    def fetch(self, most: int) -> bytes:
        """Take up to `most` scans: number of the first (uint32), lost just before it (uint16), samples (int16)."""
        taken, self.kept = self.kept[:most], self.kept[most:]
        head = (self._first % 2**32).to_bytes(4, "little") + min(65535, self._before).to_bytes(2, "little")
        self._first, self._before = self._first + len(taken), 0
        if not len(self.kept):
            self._first, self._before, self._after = self._first + self._after, self._after, 0
        return head + taken.astype("<i2").tobytes()


class Stream:
    """Takes scans of the channels' read-backs while it is on. `lossy` is called when scans are lost."""

    def __init__(self, world: "World", channels: Mapping[int, Channel], lossy: Callable[[], None], seed: int) -> None:
        self._world, self._channels, self._lossy = world, channels, lossy
        self._noise = [np.random.default_rng((seed, k)) for k in range(len(QUANTITIES))]
        self._key = f"stream {id(self)}"
        self._half: Event | None = None
        self.on = False
        self.defaults()
        world.listen(self._see, self._key)

    def defaults(self) -> None:
        """Off, with the settings of power-up."""
        self.stop()
        self.selection, self.slots = 3, 8

    @property
    def quantities(self) -> list[int]:
        """Numbers of those in the set."""
        return [k for k in range(len(QUANTITIES)) if self.selection >> k & 1]

    @property
    def period(self) -> float:
        """Seconds from scan to scan."""
        return self.slots * SLOT

    def must_be_off(self) -> None:
        """Raise Refused(-221) while it is on."""
        if self.on:
            raise Refused(-221)

    def start(self) -> None:
        """Begin with scan 0, unless it is on already. Raises Refused(-221) when the slots do not suffice."""
        if self.on:
            return
        count = len(self.quantities)
        if self.slots <= count:
            raise Refused(-221)
        self.on, self.ring, self._begun = True, Ring(count), self._world.now + BEGIN_DELAY
        self._done = [0] * count  # conversions of each quantity so far
        self._codes = [np.empty(0, np.int16)] * count  # those of scans that are not complete
        self._world.remember(self._key, math.inf)
        self._expect()

    def stop(self) -> None:
        """End, and forget what was not fetched."""
        if self._half is not None:
            self._half.cancel()
        self.on, self.ring, self.zero = False, Ring(1), (-1, 0)
        self._world.remember(self._key, None)

    def _expect(self) -> None:
        """Something is due whenever the ring may be half full: no poll leaps over it, and time goes on while it streams."""
        self._half = self._world.at(self._world.now + self.ring.room // 2 * self.period, self._expect)

    def started(self, t0: float) -> None:
        """A start: `zero` is the scan that began last, and the half microseconds from there to t0."""
        since = t0 - self._begun + 1e-9 if self.on else -1.0
        scan = math.floor(since / self.period)
        self.zero = (scan, int((since - scan * self.period) * 2e6)) if since >= 0 else (-1, 0)

    def _see(self, start: float, stop: float) -> None:
        """Convert what fell into (start, stop], each quantity in its own slots."""
        for k, quantity in enumerate(self.quantities):
            begun, done = self._begun + k * SLOT, self._done[k]
            count = math.floor((stop - begun) / self.period + 1e-9) + 1 - done
            if count > 0:
                codes = self._convert(quantity, begun + done * self.period, count)
                self._codes[k] = np.concatenate([self._codes[k], codes])
                self._done[k] += count
        if complete := len(self._codes[-1]):
            scans = np.stack([codes[:complete] for codes in self._codes], axis=1)
            self._codes = [codes[complete:] for codes in self._codes]
            if self.ring.add(scans):
                self._lossy()

    def _convert(self, quantity: int, first: float, count: int) -> NDArray[np.int16]:
        n, kind = QUANTITIES[quantity]
        channel, noise = self._channels[n], self._noise[quantity].normal(0.0, NOISE, count)
        if kind == "V":
            ideal, sign = channel.output.sample(first, self.period, count) / 5 * 1024, np.ones(count)
        elif channel.enabled:
            codes = channel.codes(first + self.period * np.arange(count, dtype=np.float64))
            ideal, sign = np.abs(codes) / 4, np.where(codes < 0, -1, 1)
        else:
            return np.zeros(count, np.int16)
        return (sign * np.round(np.clip(ideal + noise, 0, 1023))).astype(np.int16)
