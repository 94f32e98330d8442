"""The Arduino source's calibration memory: gain and offset of each leg (hardware/firmware/PROTOCOL.md, section 12)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from neurorig.signals import InstrumentError

Leg = Literal["SOUR", "SINK"]
LEGS: tuple[Leg, ...] = ("SOUR", "SINK")
LEG_NAMES = {"SOUR": "source leg", "SINK": "sink leg"}
KEY = 4922
TOP = 4095
GAIN_UNIT, MOST_GAIN = 65536, 3276
OFFSET_UNIT, MOST_OFFSET = 256, 8192


@dataclass(frozen=True)
class Correction:
    """What the firmware does to one leg's codes: `gain` in 1/65536, `offset` in 1/256 step."""

    gain: int = 0
    offset: int = 0

    @property
    def possible(self) -> bool:
        """Whether the firmware takes it."""
        return abs(self.gain) <= MOST_GAIN and abs(self.offset) <= MOST_OFFSET

    def __call__(self, code: int) -> int:
        """The converter's code for the magnitude of a nominal one; may be beyond the converter."""
        if code == 0:
            return 0
        return max(0, (code * (GAIN_UNIT + self.gain) + OFFSET_UNIT * self.offset + GAIN_UNIT // 2) // GAIN_UNIT)

    @property
    def highest(self) -> int:
        """The highest nominal code that the converter can deliver with this correction."""
        return next(code for code in range(TOP, 0, -1) if self(code) <= TOP)


class Corrections:
    """Reads, writes and stores them, each confirmed; `ask` and `command` are the source's own lines.

    Nothing may be played and both outputs must be off to write: the source refuses otherwise. Writing drops its programs.
    """

    def __init__(self, name: str, ask: Callable[[str], str], command: Callable[[str], None]) -> None:
        self._name, self._ask, self._command = name, ask, command

    def state(self) -> str:
        """DEFAULT, STORED, CHANGED or LOST (section 4, ``CAL:STAT?``)."""
        return self._ask("CAL:STAT?")

    def read(self, channel: str) -> dict[Leg, Correction]:
        """Both legs of a channel."""
        return {
            leg: Correction(int(self._ask(f"CAL:GAIN? {channel},{leg}")), int(self._ask(f"CAL:OFFS? {channel},{leg}")))
            for leg in LEGS
        }

    def write(self, channel: str, corrections: Mapping[Leg, Correction], *, store: bool = False) -> None:
        """Use these from now on, until the next restart or, with `store`, for good. Raises InstrumentError."""
        self._command(f"CAL:UNL {KEY}")
        try:
            for leg, correction in corrections.items():
                self._command(f"CAL:GAIN {channel},{leg},{correction.gain}")
                self._command(f"CAL:OFFS {channel},{leg},{correction.offset}")
            if store:
                self._command("CAL:STOR")
        finally:
            self._command("CAL:LOCK")
        found = {leg: c for leg, c in self.read(channel).items() if leg in corrections}
        if found != dict(corrections):
            raise InstrumentError(f"{self._name}: its calibration reads back as {found}, {corrections} was written.")
        if store and (state := self.state()) != "STORED":
            raise InstrumentError(f"{self._name}: its calibration is {state} after it was told to store it.")
