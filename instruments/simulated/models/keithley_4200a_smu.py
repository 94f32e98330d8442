"""One source-measure unit of a simulated Keithley 4200A: what stands at its terminals, and one reading."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..source_measure import Quantity, Range, Seen, Terminals
from .keithley_4200a_ranges import LEAST_AMPERES, LEAST_VOLTS, MEASURED, MOST_AMPERES, SOURCED, scales, settling

if TYPE_CHECKING:
    from ..leads import Leads

MAINS = 50.0
NOT_BELOW = 1e-9
"""The smallest range that an automatic range goes down to, unless ``RG`` says otherwise, amperes."""


@dataclass(frozen=True)
class Timing:
    """Integration: periods of the mains, and the factors for the delay before and the filter of a reading."""

    periods: float = 1.0
    delay: float = 1.0
    filter: float = 1.0

    @property
    def aperture(self) -> float:
        """Seconds of a reading."""
        return self.averaged / MAINS

    @property
    def averaged(self) -> float:
        """Periods of the mains that a reading averages."""
        return self.periods * max(self.filter, 1.0)


TIMINGS = {1: Timing(0.1, 0.7, 0.2), 2: Timing(), 3: Timing(10.0, 1.3, 3.0)}


class Value(NamedTuple):
    """One reading with the letter of its status."""

    letter: str
    value: float


class Smu:
    """A source and a meter on `leads`."""

    def __init__(self, leads: "Leads", random: np.random.Generator) -> None:
        self.terminals = Terminals(leads, scales(SOURCED, random), scales(MEASURED, random))
        self.on = False
        self.quantity: Quantity = "V"
        self.limit = MOST_AMPERES
        self.reset()

    def reset(self) -> None:
        """Off, ranges automatic."""
        self.off()
        self.lowest = NOT_BELOW
        self._present: dict[Quantity, Range] = {q: self.terminals.meters[q].ranges[-1] for q in self.terminals.meters}

    def source(self, quantity: Quantity, level: float, limit: float, full_scale: float = 0.0) -> None:
        """Give `level` from now on; the range is that of `full_scale`, 0: the most sensitive that carries the level."""
        self.quantity, self.on = quantity, True
        self.limit = max(limit, LEAST_AMPERES if quantity == "V" else LEAST_VOLTS)
        scale = self.terminals.sources[quantity]
        present = scale.named(full_scale) if full_scale else scale.of(level)
        self.terminals.source(quantity, level, present, self.limit, remote=False)
        self._present[quantity] = self.terminals.meters[quantity].named(present.full_scale)

    def off(self) -> None:
        """Zero first, then the relay."""
        if self.on:
            self.terminals.hold("V", 0.0, MOST_AMPERES)
        self.terminals.open()
        self.on, self.quantity = False, "V"

    def common(self) -> None:
        """The output at the potential of the common."""
        self.source("V", 0.0, MOST_AMPERES)

    def change_range(self, quantity: Quantity, full_scale: float) -> None:
        """Begin the next reading in this range."""
        self._present[quantity] = self.terminals.meters[quantity].named(full_scale)

    @property
    def limited(self) -> bool:
        """Whether its source is held back now."""
        return self.on and self.terminals.limited()

    def read(self, wanted: str, timing: Timing) -> Generator[float, None, dict[str, Seen]]:
        """Read the current, the voltage or both ("VA") in the same time."""
        found: dict[str, Seen] = {}
        first: Quantity = "A" if "A" in wanted else "V"
        yield settling(self._present["A"].full_scale) * timing.delay
        found[first] = yield from self._measured(first, timing)
        if wanted == "VA":
            mean = self.terminals.leads.mean()
            scale = self.terminals.meters["V"]
            own = self._present["V"] if self.quantity == "V" else scale.of(mean.volts)
            over = abs(mean.volts) > scale.reach(own)
            found["V"] = Seen(scale.shown(mean.volts, own, timing.averaged), own, mean.limited, over)
        return found

    def _measured(self, quantity: Quantity, timing: Timing) -> Generator[float, None, Seen]:
        if quantity == self.quantity and self.on:  # the range is that of the source
            own = self._present[quantity]
            return (yield from self.terminals.measure(quantity, own, timing.aperture, timing.averaged))
        lowest = self.lowest if quantity == "A" else 0.2
        present = self._present[quantity]
        seen = yield from self.terminals.measure(
            quantity,
            present if present.full_scale >= lowest else self.terminals.meters[quantity].named(lowest),
            timing.aperture,
            timing.averaged,
            auto=lambda r: settling(r.full_scale if quantity == "A" else 1.0) * timing.delay,
            lowest=lowest,
        )
        self._present[quantity] = seen.range
        return seen
