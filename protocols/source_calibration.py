"""Calibration of a current source's channel: both legs are swept into an ammeter, straightened, and swept once more.

Each range is calibrated by itself, from its first sweep to what is stored. The correction is tried from the source's working
memory first. Only when a second sweep has shown it right is it stored; on every other way out the old one is put back, so
neither a wrong wire nor a Ctrl-C leaves a bad calibration behind.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from neurorig.analysis.source_legs import LegLine, leg_line
from neurorig.instruments.drivers.arduino_calibration import GAIN_UNIT, LEG_NAMES, LEGS, OFFSET_UNIT, Correction, Leg
from neurorig.instruments.drivers.segments import FULL_SCALE
from neurorig.signals import BenchError, say_too, show

from .acceptance_meters import DmmMeter, Meter, Player, SmuMeter, meter_for
from .calibration_plan import STEPS, CalibrationPlan, check_calibration, highest_code, other_range, ranges_of
from .hands import Do

if TYPE_CHECKING:
    from neurorig.instruments.connection import Rig
    from neurorig.instruments.drivers.arduino_source import ArduinoSource

Tell = Callable[[float, str], None]
"""Called with the fraction done and what is being done."""

FITTED = (0.03, 0.06, 0.1, 0.16, 0.25, 0.35, 0.47, 0.6, 0.73, 0.87, 1.0)
"""Levels of the first sweep, in parts of the highest code."""
CHECKED = (0.02, 0.045, 0.08, 0.13, 0.2, 0.3, 0.41, 0.53, 0.66, 0.8, 0.95)
"""Those of the second: none was fitted."""
LOWEST = 64
"""The first code that is measured: a leg may need up to 32 before it delivers anything."""
PROBE, WRONG = 0.02, 0.5
"""Part of the range that is played first, and by which part of it something else than the ammeter shows."""
RESOLVED = 0.02
"""Steps: no ammeter is believed to repeat itself better."""
BENT = 12.0
"""Steps from a straight line within which a converter lies (MCP4922, DS22250, integral nonlinearity, -12 to 12 LSb)."""
HALF_STEP = 0.55
"""Steps: half of one of the converter's own, which are up to 5 % larger than nominal, and the rounding of its gain."""
SIGMAS = 4.0


@dataclass(frozen=True)
class Point:
    """One level as it was measured: its leg, its nominal code, amperes with their own error, the range (A)."""

    leg: Leg
    code: int
    amperes: float
    error: float
    full_scale: float

    @property
    def step(self) -> float:
        """Amperes of one step."""
        return self.full_scale / STEPS

    @property
    def delivered(self) -> float:
        """Steps in the leg's own direction."""
        return (self.amperes if self.leg == "SOUR" else -self.amperes) / self.step

    @property
    def off(self) -> float:
        """Steps delivered too much."""
        return self.delivered - self.code

    @property
    def uncertain(self) -> float:
        """The error in steps."""
        return max(self.error / self.step, RESOLVED)


def worst(points: tuple[Point, ...]) -> Point:
    """The point that is off by most steps."""
    return max(points, key=lambda p: abs(p.off))


@dataclass(frozen=True)
class CalibratedLeg:
    """What was found of a leg in one range (A), and made of it: its line before, the corrections, the line that is left."""

    leg: Leg
    full_scale: float
    line: LegLine
    """Against the converter's codes, whatever the old correction made of the nominal ones."""
    old: Correction
    new: Correction
    left: LegLine
    """Against the nominal codes, with the new correction."""
    before: tuple[Point, ...]
    after: tuple[Point, ...]

    @property
    def within(self) -> bool:
        """Whether every level of the second sweep is within half a step of the converter, as far as can be told."""
        return all(abs(p.off) <= HALF_STEP + SIGMAS * p.uncertain for p in self.after)


@dataclass(frozen=True)
class CalibratedSource:
    """Both legs of a channel in each range, stored. `gain_error`: relative, of the ammeter itself; no sweep can see it."""

    legs: tuple[CalibratedLeg, ...]
    gain_error: float
    notes: list[str] = field(default_factory=list)

    @property
    def ranges(self) -> list[float]:
        """Those that were calibrated (A), the largest first."""
        return sorted({leg.full_scale for leg in self.legs}, reverse=True)


def calibrate(plan: CalibrationPlan, rig: "Rig", do: Do, tell: Tell) -> CalibratedSource:
    """Sweep, correct, sweep again, store, in each range. Raises BenchError when what is found is no leg of this source, or does
    not become right; the old calibration of that range is in force then, and what is raised says so, a Ctrl-C too."""
    return _Calibration(plan, rig, do, tell).run()


class _Calibration:
    def __init__(self, plan: CalibrationPlan, rig: "Rig", do: Do, tell: Tell) -> None:
        self.port = check_calibration(plan, rig.bench)
        self.plan, self.do, self.tell = plan, do, tell
        self.player = Player(rig, plan.source)
        self.channel = self.player.channel
        self.source: ArduinoSource = rig.source(self.player.name)  # type: ignore[assignment]  # by its driver
        self.ranges = ranges_of(plan, self.port.full_scale)
        self.stands = self.port.full_scale
        """The range that the jumper selects, as far as it was said."""
        self.moving = False
        """Whether a person is just told to move it."""
        self.at_rail = False
        self.old: dict[Leg, Correction] = {}
        """What the present range had before; nothing while it was not asked."""
        self.tried = self.storing = False
        """Whether a new correction may be in the source's memory, and in its EEPROM."""
        self.done, self.all = 0, 2 * len(self.ranges) * len(LEGS) * len(FITTED)
        self.meter = self._meter()

    def _meter(self) -> Meter:
        if meter_for(self.plan.meter, self.player.rig.bench) == "SourceMeter":
            return SmuMeter(self.player, self.plan.meter, max(self.ranges))
        return DmmMeter(self.player, self.plan.meter, self.plan.resistor_error)

    def run(self) -> CalibratedSource:
        """All of it, range by range."""
        state = self._state()
        legs: list[CalibratedLeg] = []
        for k, full_scale in enumerate(self.ranges):
            try:
                legs += self._calibrated(full_scale)
            except BaseException as reason:
                for done in self.ranges[:k]:
                    say_too(
                        reason,
                        f"{self._where(done)}: its new calibration is stored and in force there; only its record is missing.",
                    )
                whose = "that of the other range" if k and state != "STORED" else "the one from before"
                say_too(reason, f"{self._where(full_scale)}: {self._restored(full_scale, whose)}")
                if jumper := self._jumper():
                    say_too(reason, jumper)
                raise
        legs.sort(key=lambda leg: -leg.full_scale)
        return CalibratedSource(tuple(legs), self.meter.gain_error, self._notes(legs, state))

    def _where(self, full_scale: float) -> str:
        return f"{self.plan.source}, range of {show(full_scale, 'A')}"

    def _state(self) -> str:
        """Of the calibration before. Raises BenchError where it could not be put back."""
        corrections = self.source.corrections
        if self.plan.both_ranges and not corrections.by_range:
            raise BenchError(
                f"{self.player.name}: its firmware (protocol {self.source.contract}) has one calibration for both ranges. "
                "Write the new one (neurorig firmware flash), or leave out --both-ranges and calibrate in the range that you use."
            )
        if (state := corrections.state()) == "CHANGED":
            raise BenchError(
                f"{self.player.name}: its calibration was changed and not stored ({state}). Switch it off and on, and begin "
                "again."
            )
        return state

    def _calibrated(self, full_scale: float) -> list[CalibratedLeg]:
        self.old, self.tried, self.storing = {}, False, False
        if full_scale == self.ranges[0]:
            self._wire()
        self._put_jumper(full_scale)
        corrections = self.source.corrections
        old = self.old = corrections.read(self.channel, full_scale)
        before = list(self._sweep(FITTED, old))
        lines = {leg: self._line(leg, before, old[leg]) for leg in LEGS}
        new = {leg: correction_of(line) for leg, line in lines.items()}
        self._check(lines, new)
        self.tried = True
        corrections.write(self.channel, full_scale, new)
        after = list(self._sweep(CHECKED, new))
        legs = [self._judged(leg, lines[leg], (old[leg], new[leg]), before, after) for leg in LEGS]
        self.tell(min(1.0, self.done / self.all), "storing")
        self.storing = True
        corrections.write(self.channel, full_scale, new, store=True)
        return legs

    def _restored(self, full_scale: float, whose: str) -> str:
        """Put back what was in force before, in the source's EEPROM as well if the new one may have got there; what is now."""
        words = "; ".join(f"{LEG_NAMES[leg]} {c.gain:+d}, {c.offset:+d}" for leg, c in self.old.items())
        now = f"its calibration is {whose}" + (f" (gain, offset: {words})." if words else ".")
        if not self.tried:
            return f"nothing was tried, {now}"
        try:
            self.source.off()
            stored = self.storing and self.source.corrections.state() == "STORED"
            self.source.corrections.write(self.channel, full_scale, self.old, store=stored)
        except BenchError as trouble:
            return (
                f"its old calibration could not be put back ({trouble}); it was (gain, offset): {words}. Switch the source off "
                "and on: unless the new one was stored, the old one is in force then."
            )
        return f"{'the new one, just stored, was written over again' if stored else 'nothing was stored'}, {now}"

    # Measuring.

    def _wire(self) -> None:
        plan = self.plan
        if plan.ohms is None:
            what = f"connect it to the terminals of {plan.meter}"
        else:
            what = f"connect it through {show(plan.ohms, 'ohm')} to ground, {plan.meter} across, HI at the channel"
        self.do(f"Take {plan.source} off the board and {what}.", _resistor(plan.ohms))

    def _put_jumper(self, full_scale: float) -> None:
        if full_scale != self.stands:
            word = {"jumper": {self.plan.source: full_scale}}
            self.moving = True
            self.do(f"Put the range jumper of {self.plan.source} {_place(full_scale)}.", word)
            self.stands, self.moving = full_scale, False

    def _jumper(self) -> str:
        """Where it is left by what ends the calibration; nothing if it stayed where it was."""
        first = self.port.full_scale
        if not self.moving and self.stands == first:
            return ""
        now = (
            f"was just to be put {_place(other_range(self.stands))}" if self.moving else f"is {_place(self.stands)} now"
        )
        return f"The range jumper of {self.plan.source} {now}; at the beginning it was {_place(first)}: leave it so."

    def _sweep(self, parts: tuple[float, ...], corrections: Mapping[Leg, Correction]) -> Iterator[Point]:
        """Both legs in the present range."""
        for leg in LEGS[::-1] if self.at_rail else LEGS:  # the resistor is moved as seldom as can be
            self._to_rail(leg == "SINK")
            self._recognise(leg)
            top = min(highest_code(self.port, self.stands, leg), corrections[leg].highest)
            for code in sorted({max(LOWEST, round(part * top)) for part in parts}):
                yield self._point(leg, code)

    def _to_rail(self, wanted: bool) -> None:
        """A sink leg draws its current from the supply: into a resistor to ground it delivers nothing."""
        if self.plan.ohms is None or wanted == self.at_rail:
            return
        where = "+5 V of the shield" if wanted else "ground"
        self.do(f"Put the resistor's other end to {where}; {self.plan.meter} stays across.", _resistor(self.plan.ohms))
        self.at_rail = wanted

    def _point(self, leg: Leg, code: int) -> Point:
        self.done += 1
        level = code * self.stands / STEPS * (1 if leg == "SOUR" else -1)
        self.tell(min(0.99, self.done / self.all), f"{LEG_NAMES[leg]} at {show(level, 'A')}")
        seen = self.meter.level(level, self.plan.ohms or 0.0)
        return Point(leg, code, seen.amperes, seen.error, self.stands)

    def _recognise(self, leg: Leg) -> None:
        """A small current first: does it arrive at the ammeter?"""
        seen = self._point(leg, round(PROBE * STEPS))
        self.done -= 1
        if abs(seen.off) > WRONG * seen.code + SIGMAS * seen.uncertain:
            told = show(seen.code * seen.step * (1 if leg == "SOUR" else -1), "A", 3)
            raise BenchError(
                f"{told} from {self.plan.source} show {show(seen.amperes, 'A', 3)} at {self.plan.meter}. Nothing more was "
                "played. Is the channel off the board and on this meter, the right way round, the resistor the right one?"
            )

    # Judging.

    def _line(self, leg: Leg, points: list[Point], correction: Correction) -> LegLine:
        of_leg = [p for p in points if p.leg == leg]
        return _fitted(of_leg, [correction(p.code) for p in of_leg])

    def _check(self, lines: Mapping[Leg, LegLine], new: Mapping[Leg, Correction]) -> None:
        """Refuse what is no straight leg, or farther off than the firmware can correct. Nothing was changed so far."""
        for leg, line in lines.items():
            where = f"{self._where(self.stands)}, {LEG_NAMES[leg]}"
            if line.bend > BENT:
                raise BenchError(
                    f"{where}: misses a straight line by {line.bend:.1f} steps, more than the {BENT:g} of a sound converter. "
                    "Does it run into its compliance (too large a resistor), does something else draw current, was the jumper "
                    "moved?"
                )
            if not new[leg].possible:
                raise BenchError(
                    f"{where}: delivers {line.gain - 1:+.2%} in gain and {line.offset:+.1f} steps in offset; its firmware "
                    f"corrects 5 % and 32 steps. Is the resistor what it is said to be, its reference 2.5 V?"
                )

    def _judged(
        self, leg: Leg, line: LegLine, corrections: tuple[Correction, Correction], before: list[Point], after: list[Point]
    ) -> CalibratedLeg:  # fmt: skip
        """The leg, if the second sweep says that it became right. Raises BenchError."""
        mine, then = ([p for p in points if p.leg == leg] for points in (after, before))
        left = _fitted(mine, [p.code for p in mine])
        for code in (mine[0].code, max(p.code for p in mine)):
            off = left.offset + (left.gain - 1) * code
            allowed = HALF_STEP + SIGMAS * max(left.offset_error, left.gain_error * code)
            if abs(off) > allowed or left.bend > BENT:
                raise BenchError(
                    f"{self._where(self.stands)}, {LEG_NAMES[leg]}: with its new correction it is still off by {off:.2f} steps "
                    f"at code {code} (bent by {left.bend:.1f}); {allowed:.2f} would pass. Something changed between the two "
                    "sweeps: a loose lead, a source that was not warm?"
                )
        return CalibratedLeg(leg, self.stands, line, *corrections, left, tuple(then), tuple(mine))

    def _notes(self, legs: list[CalibratedLeg], state: str) -> list[str]:
        """What a person should know beside the numbers."""
        notes = [
            f"The ammeter's own error, {self.meter.gain_error:.2%} of each current, is common to all values and not in theirs."
        ]
        if not all(leg.within for leg in legs):
            notes.append("What is left is the bend of the converter itself: gain and offset cannot straighten it.")
        notes.append(
            f"Within {HALF_STEP:g} steps is half of one of the converter's own, up to 5 % larger than nominal, and the "
            f"rounding of its gain; {SIGMAS:g} standard errors of a level may be added."
        )
        notes.append(self._of_order(state) if self.plan.both_ranges else self._of_other(state))
        if not self.port.delivered.ideal:
            notes.append(
                f'[ports."{self.port.port}"].delivered in the bench file was measured with the old calibration: remove it, or '
                "measure it anew with neurorig accept-source --write."
            )
        return notes

    def _of_order(self, state: str) -> str:
        """Which range was first, and what that did to the other; `state` of what was stored before."""
        first, second = (f"the range of {show(full_scale, 'A')}" for full_scale in self.ranges)
        order = f"Measured first was {first}, then {second}."
        if state == "STORED":
            return order
        return (
            f"{order} Nothing had been stored before, so what was found for the first held in both: errors before of {second} "
            "are those with that correction, not of a source without any."
        )

    def _of_other(self, state: str) -> str:
        """What became of the range that was not calibrated; `state` of what was stored before."""
        other = f"The range of {show(other_range(self.stands), 'A')}"
        if not self.source.corrections.by_range:
            return (
                f"{other} got the same: this firmware (protocol {self.source.contract}) has one calibration for both."
            )
        if state == "STORED":
            return f"{other} keeps what it had. Before it is used it needs a calibration of its own: --both-ranges."
        return f"{other} got the same, since nothing was stored before. It needs one of its own: --both-ranges."


def _place(full_scale: float) -> str:
    """Of the range jumper."""
    return "on (quarter range)" if full_scale < max(FULL_SCALE.values()) else "off (full range)"


def _resistor(ohms: float | None) -> dict[str, float]:
    return {} if ohms is None else {"resistor": ohms}


def _fitted(points: list[Point], codes: list[int]) -> LegLine:
    return leg_line(
        np.array(codes, float), np.array([p.delivered for p in points]), np.array([p.uncertain for p in points])
    )


def correction_of(line: LegLine) -> Correction:
    """What makes a leg with this line deliver its nominal codes (section 12): ``code -> (code - offset) / gain``.

    The offset takes up what the rounding of the gain leaves in the middle of the range.
    """
    gain = round((1 / line.gain - 1) * GAIN_UNIT)
    lost = (1 / line.gain - 1 - gain / GAIN_UNIT) * STEPS / 2
    return Correction(gain, round((lost - line.offset / line.gain) * OFFSET_UNIT))
