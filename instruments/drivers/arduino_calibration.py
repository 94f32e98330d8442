"""The Arduino source's calibration memory: gain and offset of each leg (hardware/firmware/PROTOCOL.md, section 12)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from neurorig.signals import InstrumentError, show

from .segments import FULL_SCALE

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

    Each leg has its own in each range. Read and written are those of the range that the channel's jumper selects; `full_scale`
    (A) says which is meant, and InstrumentError is raised when the jumper stands in the other place. Nothing may be played and
    both outputs must be off to write: the source refuses otherwise. Writing drops its programs.
    """

    def __init__(self, name: str, contract: str, ask: Callable[[str], str], command: Callable[[str], None]) -> None:
        self._name, self._contract, self._ask, self._command = name, contract, ask, command

    @property
    def by_range(self) -> bool:
        """Whether each range has its own: contract 1.2 or later. Before, one set held in both."""
        return int(self._contract.partition(".")[2]) >= 2

    def state(self) -> str:
        """DEFAULT, STORED, CHANGED or LOST (section 4, ``CAL:STAT?``)."""
        return self._ask("CAL:STAT?")

    def read(self, channel: str, full_scale: float) -> dict[Leg, Correction]:
        """Both legs of a channel."""
        found = FULL_SCALE[self._ask(f"SOUR{channel}:RANG?").partition(",")[0]]
        if abs(found - full_scale) > 1e-3 * full_scale:
            raise InstrumentError(
                f"{self._name}: the range jumper of channel {channel} selects {show(found, 'A')}, {show(full_scale, 'A')} was "
                "expected."
            )
        return {
            leg: Correction(int(self._ask(f"CAL:GAIN? {channel},{leg}")), int(self._ask(f"CAL:OFFS? {channel},{leg}")))
            for leg in LEGS
        }

    def write(
        self, channel: str, full_scale: float, corrections: Mapping[Leg, Correction], *, store: bool = False
    ) -> None:
        """Use these from now on, until the next restart or move of the jumper or, with `store`, for good.

        What the other range has stored stays; if nothing was ever stored, it gets the same. Raises InstrumentError.
        """
        self.read(channel, full_scale)
        self._command(f"CAL:UNL {KEY}")
        try:
            for leg, correction in corrections.items():
                self._command(f"CAL:GAIN {channel},{leg},{correction.gain}")
                self._command(f"CAL:OFFS {channel},{leg},{correction.offset}")
            if store:
                self._command("CAL:STOR")
        finally:
            self._command("CAL:LOCK")
        found = {leg: c for leg, c in self.read(channel, full_scale).items() if leg in corrections}
        if found != dict(corrections):
            raise InstrumentError(f"{self._name}: its calibration reads back as {found}, {corrections} was written.")
        if store and (state := self.state()) != "STORED":
            raise InstrumentError(f"{self._name}: its calibration is {state} after it was told to store it.")
