"""What was commanded when in a bump sweep."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pulse:
    """From `start` to `stop` (s after the trigger), `amperes` on top of the holding current."""

    start: float
    stop: float
    amperes: float


@dataclass(frozen=True)
class BumpEpochs:
    """What was commanded when: holding current throughout, a kick, perhaps probes and a stop pulse, the end (s)."""

    kick: Pulse
    end: float
    probes: tuple[Pulse, ...] = ()
    stop: Pulse | None = None

    @property
    def hold_end(self) -> float:
        """The end of the hold: the stop pulse, or the end of the sweep."""
        return self.end if self.stop is None else self.stop.start
