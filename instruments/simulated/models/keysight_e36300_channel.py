"""One output of a simulated Keysight E36312A: its ratings, its settings, its errors and its protection.

What the guide says and what is assumed: see `keysight_e36300`.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..leads import Leads

if TYPE_CHECKING:
    from neurorig.hardware.memristors import Reading

    from ..world import Event

CC, CV, OV, OC = 1, 2, 4, 8
"""Bits of an output's questionable status."""


@dataclass(frozen=True)
class Rating:
    """What an output can be set to, and how right it is: (share, volts or amperes) each."""

    volts: float
    amperes: float
    overvoltage: float
    rated_amperes: float
    volts_error: tuple[float, float]
    amperes_error: tuple[float, float]


RATINGS = {
    1: Rating(6.18, 5.15, 6.6, 5.0, (0.3e-3, 3e-3), (0.5e-3, 3e-3)),
    2: Rating(25.75, 1.03, 27.5, 1.0, (0.3e-3, 5e-3), (0.5e-3, 1e-3)),
    3: Rating(25.75, 1.03, 27.5, 1.0, (0.3e-3, 5e-3), (0.5e-3, 1e-3)),
}
LEAST_AMPERES = 1e-3
NOISE = {"V": 50e-6, "A": 20e-6}
"""Standard deviations of a reading."""
LOW_RANGE, LOW_RANGE_ERROR = 20e-3, (2.5e-3, 80e-6)
"""Amperes below which a current is read in the low range, and how right that is."""


class Errors:
    """Gain and offset errors of one output, drawn once: a third of the accuracy is their standard deviation."""

    def __init__(self, rating: Rating, rng: np.random.Generator) -> None:
        self.rng = rng
        self.set_volts = self._draw(rating.volts_error)
        self.read_volts = self._draw(rating.volts_error)
        self.set_amperes = self._draw(rating.amperes_error)
        self.read_amperes = self._draw(rating.amperes_error)
        self.read_low = self._draw(LOW_RANGE_ERROR)

    def _draw(self, accuracy: tuple[float, float]) -> tuple[float, float]:
        return (self.rng.normal(0.0, accuracy[0] / 3), self.rng.normal(0.0, accuracy[1] / 3))

    @staticmethod
    def put(value: float, error: tuple[float, float]) -> float:
        """What a value becomes."""
        return value * (1 + error[0]) + error[1]

    def read(self, quantity: str, value: float) -> float:
        """What is read of volts (``"V"``) or amperes."""
        low = quantity == "A" and abs(value) < LOW_RANGE
        error = self.read_low if low else self.read_volts if quantity == "V" else self.read_amperes
        return self.put(value, error) + float(self.rng.normal(0.0, NOISE[quantity]))


@dataclass
class Settings:
    """What ``*SAV`` keeps and ``*RST`` brings back."""

    volts: float
    amperes: float
    overvoltage: float
    overvoltage_on: bool = True
    overcurrent_on: bool = False
    overcurrent_delay: float = 0.05
    sense: str = "INT"
    rise: float = 0.0
    fall: float = 0.0
    output: bool = False


@dataclass
class Channel:
    """One output on its leads. `scale`: how many outputs it is made of, in volts and in amperes (see ``OUTPut:PAIR``)."""

    number: int
    leads: Leads
    errors: Errors
    settings: Settings = field(init=False)
    scale: tuple[int, int] = (1, 1)
    tripped: int = 0
    """OV or OC while the protection holds it off."""
    limited_since: float | None = None
    switching: "Event | None" = None
    events: int = 0
    enabled: int = 0

    def __post_init__(self) -> None:
        self.reset()

    @property
    def rating(self) -> Rating:
        """Of one output alone."""
        return RATINGS[self.number]

    def reset(self) -> None:
        """As after ``*RST``."""
        rating = self.rating
        self.settings = Settings(0.0, rating.rated_amperes, rating.overvoltage)
        self.scale, self.tripped, self.limited_since = (1, 1), 0, None

    def apply(self, on: bool) -> None:
        """Put the present settings on the leads, or take everything off: first 0 V, then the relay."""
        if not on:
            if self.leads.held is not None:
                self.leads.hold("V", 0.0, self.leads.held.compliance)
            self.leads.release()
            return
        settings, errors = self.settings, self.errors
        self.leads.remote = settings.sense == "EXT"
        volts = max(0.0, errors.put(settings.volts, errors.set_volts))
        self.leads.hold("V", volts, max(0.0, errors.put(settings.amperes, errors.set_amperes)))

    def look(self) -> "Reading":
        """What is at the terminals now."""
        return self.leads.look()

    def condition(self) -> int:
        """Its questionable status now."""
        if self.tripped:
            return self.tripped
        if not self.leads.closed:
            return 0
        return CC if self.look().limited else CV
