"""Spike detection against one pass of numpy over the same samples."""

from collections.abc import Iterator

import numpy as np

from neurorig.analysis import detect

from .harness import Figure, Race, repeated
from .recording import recording


def run() -> Iterator[Figure]:
    """Every race of this page."""
    trace = recording("n1.v_ap")
    samples, level = trace.samples, np.uint8(trace.code(1.0))

    def crossings() -> None:
        high = samples >= level
        np.flatnonzero(high[1:] > high[:-1])

    race = Race(
        f"{len(detect(trace))} spikes in {len(trace):.0e} samples", "Msamples/s", lambda s: len(trace) / s / 1e6
    )
    race.add("numpy, crossings of one level", repeated(crossings, 5))
    race.add("spike detection", repeated(lambda: detect(trace), 5))
    yield from race.run()
