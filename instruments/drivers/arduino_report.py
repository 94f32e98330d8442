"""What the Arduino source tells of itself while a program plays, kept: read-backs of channels and stamps of inputs."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import Stamps, Trace

from ..roles import Chunk, SelfReport
from .arduino_stream import STAMP, ArduinoAdc, SpikeInput

SAMPLE, LONG = 0.5e-3, 10.0
"""Seconds of a read-back's period for each quantity streamed: two are taken 1000 times a second, four 500 times, and 72 ms
may always pass between two fetches (144 samples are kept). While a program plays that is longer than `LONG` seconds they are
taken half as often, and 144 ms may pass: a simulated bench took up to 53 ms where twice as many programs as processors were
busy."""


class Recorder:
    """One report of a program of `duration` s: `begin` before the start, `take` while it runs, `finish` after the end."""

    def __init__(
        self, adc: ArduinoAdc, quantities: Sequence[str], inputs: Mapping[str, SpikeInput], duration: float
    ) -> None:
        self._adc, self._quantities, self._inputs = adc, tuple(quantities), dict(inputs)
        self._stamps: dict[str, list[Stamps]] = {name: [] for name in inputs}
        self._pieces: list[Chunk] = []
        self._lost = 0
        self._period = SAMPLE * len(quantities) * (2 if duration > LONG else 1)
        self.begun = False

    def begin(self) -> None:
        """Switch stamps and stream on; nothing plays yet."""
        for spikes in self._inputs.values():
            spikes.switch(True)
            spikes.begin()
        if self._quantities:
            self._rate = self._adc.stream(self._quantities, self._period).rate
        self.begun = True

    def take(self) -> None:
        """Fetch what is there. Stamps come last: the source keeps the fewest of them."""
        if self._adc.streaming:
            chunk = self._adc.read()
            self._lost += chunk.lost
            if not self._lost:
                self._pieces.append(chunk)
        for name, spikes in self._inputs.items():
            self._stamps[name].append(spikes.take())

    def finish(self) -> SelfReport:
        """Fetch the rest, end the stream, and put it all together."""
        self.take()
        traces: dict[str, Trace] = {}
        if self._adc.streaming:
            zero = self._adc.zero()
            self._adc.stop()
            joined = {q: np.concatenate([c.samples[q] for c in self._pieces]) for q in self._quantities}
            traces = {q: self._trace(q, zero[k], joined[q]) for k, q in enumerate(self._quantities)}
        return SelfReport(traces, {name: _joined(pieces) for name, pieces in self._stamps.items()}, self._lost)

    def _trace(self, quantity: str, start: float, samples: NDArray[np.integer]) -> Trace:
        means = self._adc.scaling(quantity)
        unit = "V" if quantity.startswith("V") else "A"
        beyond = int(np.count_nonzero(samples >= means.highest)) if unit == "V" else 0
        return Trace(
            quantity, np.ascontiguousarray(samples), means.scale, means.offset, unit, start, 1.0 / self._rate, means.error, beyond
        )  # fmt: skip


def _joined(pieces: Sequence[Stamps]) -> Stamps:
    counts = np.concatenate([np.empty(0, np.int64), *(p.counts for p in pieces)])
    return Stamps(counts, STAMP, sum(p.lost for p in pieces))
