"""A simulated Keysight B2902A precision source/measure unit with two channels, from its SCPI command reference.

B2910-90030 Edition 2 (July 2011); the parts name its pages. Where a page of it was not at hand, that of the same
command of the sister B2961A/B2962A (B2961-90030 Edition 6). Behaviour: User's Guide Edition 2 (output-off states page
6-13, trigger system 6-27, settling 2-20), Edition 5 (measuring time 6-5, pulses 6-7, ranges 2-14, level after a sweep
4-29). Data sheet: accuracy page 16, timer page 17. `keysight_b2900a_status` (errors, registers),
`keysight_b2900a_setup` and `keysight_b2900a_sense` (commands of the channels), `keysight_b2900a_channel` (one
channel), `keysight_b2900a_settings` (settings, sweeps), `keysight_b2900a_trigger` (ARM-TRIGger model),
`keysight_b2900a_data` (answers, trace buffers), `keysight_b2900a_ranges`.

Facts of published programs for real ones: the form of ``*IDN?`` and of ``+0,"No error"``; idle actions of channel 1
are bits 1 and 4 of the operation condition, ``:FETCh?`` is asked for right after ``:INITiate`` and waits, a double
sweep needs twice the triggers; the texts of errors 201 to 216.

Not simulated, their headers are undefined (-113): limit tests and calculations, ``:SENSe:RESistance:MODE`` and its
ranges, offset compensation, one-sided compliance, upper limits, modes and thresholds of autorange, digital pins, LXI
events, trigger outputs, groups, programs, memory, the display. ``INT``, ``LAN`` and ``EXT`` are taken as trigger
sources, but nothing ever comes from there. Low terminal, high-capacitance mode and filter are kept and change
nothing: the output is at its level at once. What both channels may give together (B2961-90030 table 2-5), the duty
cycle of pulses beyond 3.03 A and what heats up are not watched.

Assumed, where no page says it:

- of the answers: numbers have six decimals as in the example of page 1-12; functions are told as ``"VOLT","CURR"``; a
  channel list is one or both of the channels (-224 else), without one it is ``(@1)``; what ARM and TRIGger have for
  ALL is told as for ACQuire; 30 errors are kept; status byte: 1 measurement, 8 questionable, 128 operation; bits of
  the operation register after those two;
- a level beyond the source's fixed range, or a current beyond 3.03 A that is no pulse, is -222; a level and a limit
  that do not go together -221, and so is more than 42 V without the interlock; 203 answers ``:MEASure?`` while a
  channel is not idle;
- a limit is at least 1 nA or 2 mV; limits have the accuracy of sources, whose steps are a hundred-thousandth of a
  decade (half of that for volts); a meter's noise is a millionth of the range at one period of the mains; errors of
  this instrument are at most half of what the data sheet allows;
- without automatic waiting, sources change again at once; what the instrument waits for before it measures is the
  settling time of the current range; a reading takes 10 us besides its aperture, a change of range 1 ms; a voltage
  source measures volts in its own range;
- times are multiples of a microsecond; the timer's event that comes while nobody waits is lost, sets its questionable
  bit, and the next one counts; the last step of a timer lasts an interval too; ``TRIGger:COUNt`` may be INFinity, the
  last 100 000 readings are kept;
- ``AINT`` for both actions: each step is measured before the next one, whichever count is larger; time is zero at
  ``:INITiate``;
- the immediate level comes back when both actions are idle, unless ``:FUNCtion:TRIGgered:CONTinuous`` is on; another
  function or level is put out at once; ``:SENSe:FUNCtion`` adds to what is measured; a new step of the wrong sign is
  -221;
- in the output-off mode HIZ the relay opens under the level that stands there; with AINT, stopping one of both actions
  stops the other; ``:READ?`` that waits for the bus is not answered, and
  what ends it is done at once, also behind it;
- the protection looks at the output whenever the world's time passes.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from ..arguments import boolean, number
from ..device import Setting
from ..grammar import Call, on
from .keysight_b2900a_channel import OVERFLOWED
from .keysight_b2900a_commands import for_actions, nr3
from .keysight_b2900a_data import KeysightData

if TYPE_CHECKING:
    from ..arguments import ScpiError
    from ..leads import Leads
    from ..world import World

FIRMWARE = "3.4.2011.5100"
READING, READING_OVERFLOW, STORED, FULL = 1 << 1, 1 << 2, 1 << 3, 1 << 4
"""The first channel's bits of the measurement register (page 4-116)."""
TRIPPED, INTERLOCK, LOST = 1 << 2, 1 << 10, 1 << 11
"""The first channel's bits of the questionable register (B2961-90030 page 4-152, B2910-90030 page 4-116)."""


class SimulatedKeysightB2900A(KeysightData):
    """Two source-meters on the leads ``"1"`` and ``"2"``; a missing one is open. Free of I/O: see `Server`."""

    typical_time: ClassVar[float] = 1e-3
    at_once: ClassVar[tuple[str, ...]] = (":ABORt[:ALL]", ":ABORt:ACQuire", ":ABORt:TRANsient", "*TRG")

    beeper = Setting(":SYSTem:BEEPer:STATe", boolean, True)
    screen = Setting(":DISPlay:ENABle", boolean, True)

    def __init__(
        self, world: "World", leads: "Mapping[str, Leads]", *, serial: str, seed: int, interlock: bool = True
    ) -> None:
        identity = f"Keysight Technologies,B2902A,{serial},{FIRMWARE}"
        super().__init__(world, identity, leads, seed=seed, interlock=interlock)
        self.interlock = interlock
        world.listen(self._watch)
        self.observe()

    # The device actions

    @for_actions(":INITiate[:IMMediate]{a}")
    def _initiate(self, channels: tuple[int, ...], names: tuple[str, ...]) -> None:
        self.initiate(channels, names)

    @for_actions(":ABORt{a}")
    def _abort(self, channels: tuple[int, ...], names: tuple[str, ...]) -> None:
        for n in channels:
            self.triggers[n].abort(names)

    @for_actions(":IDLE{a}?", waits=True)
    def _idle(self, channels: tuple[int, ...], names: tuple[str, ...]) -> bool:
        return all(self.triggers[n].actions[name].idle for n in channels for name in names)

    @for_actions(":ARM<1-2>{a}[:IMMediate]")
    def _arm(self, channels: tuple[int, ...], names: tuple[str, ...]) -> None:
        for n in channels:
            self.triggers[n].event("ARM", names)

    @for_actions(":TRIGger<1-2>{a}[:IMMediate]")
    def _trigger(self, channels: tuple[int, ...], names: tuple[str, ...]) -> None:
        for n in channels:
            self.triggers[n].event("TRIG", names)

    @on("*TRG")
    def _trg(self) -> None:
        for trigger in self.triggers.values():
            trigger.bus()

    def complete(self) -> bool:
        """Every device action is idle."""
        return all(trigger.idle for trigger in self.triggers.values())

    def _waits(self, step: "Call | ScpiError") -> bool:
        """A query of readings waits for the channels that it names, ``*OPC?`` and ``*WAI`` for all."""
        if not isinstance(step, Call) or not step.command.waits:
            return False
        if step.command.pattern.startswith("*"):
            return not self.complete()
        channels = step.arguments[-1] if step.arguments else (1,)
        return not all(self.triggers[n].idle for n in channels)

    # Protection and status

    def _watch(self, start: float, stop: float) -> None:
        for channel in self.channels.values():
            if channel.settings.protection and channel.limited():
                channel.trip()
                self.observe()

    def conditions(self) -> dict[str, int]:
        """Pages 4-116 and 1-20; each channel has its own bits."""
        measured = operating = questionable = 0
        for n, trigger in self.triggers.items():
            rows, trace, own = trigger.rows, self.traces[n], 6 * (n - 1)
            if rows:
                measured |= (READING_OVERFLOW if int(rows[-1].status) & OVERFLOWED else READING) << own
            if trace.rows:
                measured |= (STORED | (FULL if len(trace.rows) >= trace.size else 0)) << own
            for place, (name, action) in enumerate(trigger.actions.items()):
                operating |= action.condition << (3 * place + own)
                questionable |= LOST << (place + 2 * (n - 1)) if name in trigger.lost else 0
            questionable |= TRIPPED << (n - 1) if self.channels[n].tripped else 0
        return {"MEAS": measured, "OPER": operating, "QUES": questionable | (0 if self.interlock else INTERLOCK)}

    # The instrument

    @on(":SYSTem:INTerlock:TRIPped?")
    def _interlocked(self) -> bool:
        """Whether the interlock circuit is open."""
        return not self.interlock

    @on(":SYSTem:VERSion?")
    def _version(self) -> str:
        return "1999.0"

    @on(":SYSTem:PRESet")
    def _preset(self) -> None:
        self.reset()

    @on(":SYSTem:TIME:TIMer:COUNt?")
    def _timer(self) -> str:
        return nr3(self.world.now - self.triggers[1].origin)

    @on(":SYSTem:TIME:TIMer:COUNt:RESet[:IMMediate]")
    def _reset_timer(self) -> None:
        for trigger in self.triggers.values():
            trigger.origin = self.world.now

    @on(":SYSTem:BEEPer[:IMMediate]", number("Hz", 55.0, 6640.0), number("s", 0.05, 12.75))
    def _beep(self, frequency: float, seconds: float) -> None:
        """Nobody hears it."""

    @on("*OPT?")
    def _options(self) -> str:
        return "0"
