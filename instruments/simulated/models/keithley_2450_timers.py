"""The four trigger timers of a simulated Keithley 2450: events on the world's clock, for the wait blocks of the trigger model.

Pages of 2450-901-01 Rev. B: ``:TRIGger:TIMer<n>`` 6-166 to 6-173, events of a wait block 6-148; of 2461-901-01 Rev. A: the
count 6-236, start times 6-241. A timer is started by a notify block; starts at a time of day and by other events are not
simulated. Assumed: it answers ``NOT1`` to the question for its stimulus; a stimulus while it runs is ignored (overrun).
"""

from ..arguments import boolean, choice, integer, number
from ..device import Settings
from ..grammar import on
from .keithley_2450_traces import KeithleyTraces

TIMERS = range(1, 5)
NOTIFICATIONS = tuple(f"NOTify{n}" for n in range(1, 9))
_SAME = 1e-9  # seconds


class KeithleyTimers(KeithleyTraces):
    """Timers, and the events that happened since the model started and no wait block has taken yet."""

    timer_delays = Settings(":TRIGger:TIMer<1-4>:DELay", number("s", 8e-6, 1e5), dict.fromkeys(TIMERS, 10e-6))
    timer_counts = Settings(":TRIGger:TIMer<1-4>:COUNt", integer(0, 1_048_575), dict.fromkeys(TIMERS, 1))
    timer_states = Settings(":TRIGger:TIMer<1-4>:STATe", boolean, dict.fromkeys(TIMERS, False))
    timer_stimuli = Settings(
        ":TRIGger:TIMer<1-4>:STARt:STIMulus", choice("NONE", *NOTIFICATIONS), dict.fromkeys(TIMERS, "NONE")
    )
    timers_tell_start = Settings(":TRIGger:TIMer<1-4>:STARt:GENerate", boolean, dict.fromkeys(TIMERS, False))

    def reset(self) -> None:
        """Timers stopped."""
        self._happened: set[str] = set()
        self._due: dict[int, tuple[float, int]] = {}  # when a timer expires next, and how often still (0: for ever)
        super().reset()

    def forget_events(self) -> None:
        """As at the start of the model (6-148)."""
        self._happened, self._due = set(), {}

    def notify(self, which: int) -> None:
        """A notify block was passed: its event, and the timers that it starts."""
        self._happened.add(f"NOT{which}")
        for n in TIMERS:
            self._expire(n)
            if self.timer_states[n] and self.timer_stimuli[n] == f"NOT{which}" and n not in self._due:
                self._due[n] = (self.world.now + self.timer_delays[n], self.timer_counts[n])
                if self.timers_tell_start[n]:
                    self._happened.add(f"TIM{n}")

    def take(self, event: str) -> float | None:
        """Take an event if it has happened (None); else the seconds until it may."""
        timer = int(event[3:]) if event.startswith("TIM") else 0
        if timer:
            self._expire(timer)
        if event in self._happened:
            self._happened.discard(event)
            return None
        return self._due[timer][0] - self.world.now if timer in self._due else 1e-3

    def _expire(self, timer: int) -> None:
        """Let a timer's events happen up to now."""
        while timer in self._due and self._due[timer][0] <= self.world.now + _SAME:
            due, left = self._due.pop(timer)
            self._happened.add(f"TIM{timer}")
            if left != 1:
                self._due[timer] = (due + self.timer_delays[timer], max(left - 1, 0))

    @on(":TRIGger:TIMer<1-4>:CLEar")
    def _clear_timer(self, timer: int) -> None:
        self._expire(timer)
        self._happened.discard(f"TIM{timer}")
