"""What is written down for one sweep, for one channel of the journal, and what a source told of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from neurorig.signals import RecordError, Stamps, Trace


@dataclass(frozen=True)
class Channel:
    """A node whose traces the journal will hold: its SI unit, the integer type of its samples, and, of what is computed from
    other nodes, how."""

    name: str
    unit: str
    dtype: DTypeLike
    derived: str = ""

    def __post_init__(self) -> None:
        kind = np.dtype(self.dtype)
        if kind.kind not in "iu":
            raise RecordError(f"{self.name}: samples of type {kind} cannot be kept; a trace is integers with a scale.")


@dataclass(frozen=True)
class Told:
    """What a source told of itself during a sweep: reported, not measured, its times by its own clock from its own start.

    `read_backs` by ``source.quantity`` (``source.I1``), `stamps` by comparator input (``source.1``).
    """

    read_backs: Mapping[str, Trace] = field(default_factory=dict)
    stamps: Mapping[str, Stamps] = field(default_factory=dict)


@dataclass(frozen=True)
class SweepRecord:
    """The head of one sweep.

    `index` counts from 0 in the order taken. `started` is UTC in ISO 8601. `state` is the board state that was assumed
    (rest or conditioned), `params` what the protocol varied, `acquired` how it was measured (rate, settings that vary);
    the three hold values that JSON can hold.
    """

    index: int
    label: str
    started: str
    state: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    acquired: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            offset = datetime.fromisoformat(self.started).utcoffset()
        except ValueError:
            offset = None
        if offset is None or offset.total_seconds() != 0 or not self.started.isascii() or len(self.started) > 32:
            raise RecordError(
                f"sweep {self.index}: started is '{self.started}', not a UTC time such as 2026-11-20T06:45:12Z."
            )
