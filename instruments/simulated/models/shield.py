"""What the current-source shield makes of its converters' codes: ideally, or as it is drawn, before it is calibrated."""

from collections.abc import Mapping
from dataclasses import dataclass

from .arduino_channel import FULL_SCALE_NA

STEPS = 4096


@dataclass(frozen=True)
class Leg:
    """A leg delivers ``gain * code - dead`` steps, and nothing where that is below 0."""

    gain: float = 1.0
    dead: float = 0.0

    def steps(self, code: int) -> float:
        """What it delivers of its converter's code."""
        return max(0.0, self.gain * code - self.dead)


@dataclass(frozen=True)
class Shield:
    """Source and sink leg of a channel by the place of its range jumper; seconds until its relay has closed (0: none)."""

    legs: Mapping[str, tuple[Leg, Leg]]
    closing: float = 0.0

    def amperes(self, jumper: str, source: int, sink: int) -> float:
        """What flows out of a terminal whose converter holds these codes."""
        pushes, pulls = self.legs[jumper]
        return (pushes.steps(source) - pulls.steps(sink)) * FULL_SCALE_NA[jumper] / STEPS * 1e-9


IDEAL = Shield({jumper: (Leg(), Leg()) for jumper in FULL_SCALE_NA})
AS_DRAWN = Shield(
    {"FULL": (Leg(0.99890, 8.24), Leg(0.99729, 8.12)), "QUARTER": (Leg(0.99991, 8.43), Leg(0.99931, 8.11))},
    closing=2e-3,
)
"""Lines fitted to what ngspice makes of the netlist of hardware/kicad/current_source_shield (codes 40 to 4095), every part
at its nominal value. Relay: PROTOCOL.md, section 13. A real board lies beside it, each leg by its own parts."""
