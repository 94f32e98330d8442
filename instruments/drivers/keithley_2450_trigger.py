"""How the 2450 runs a train: blocks of its trigger model and its four trigger timers (2450-901-01 Rev. B, section 3 and 6).

- the list of levels is a source configuration list; each next block recalls the index after the last one recalled, after
  the last index the first (6-137);
- one timer, started once by a notify block, is the clock of the periods; the others, started by another notify block in each
  period, end its levels but the last; a wait block passes when its timer has expired, and an event that came while another
  block ran is not lost (6-148); so edges stand where the timers say, whatever the blocks take;
- there are four timers (6-166) and up to eight wait blocks (6-148): a period has four levels at most.
"""

from collections.abc import Iterator, Sequence

from neurorig.signals import InstrumentError

from ..commands import Commanded, choice, command, integer, switch
from .source_trains import Step

TIMERS = 4

_RUNNING = ("RUNNING", "WAITING", "BUILDING", "ABORTING")


class TriggerTimer(Commanded):
    """One trigger timer: expires once, `delay` after the notify event."""

    enabled = switch(":TRIG:TIM{n}:STAT", doc="Whether the timer reacts to its stimulus.")
    delay = command(":TRIG:TIM{n}:DEL", unit="s", low=8e-6, high=1e5, doc="Time from the stimulus to the event.")
    count = integer(":TRIG:TIM{n}:COUN", low=0, high=1048575, doc="Events for each stimulus.")
    stimulus = choice(
        ":TRIG:TIM{n}:STAR:STIM", ("NONE", "NOT1", "NOT2"), read_back=False,  # the manual does not say how it answers
        doc="Event that starts the timer.",
    )  # fmt: skip
    at_start = switch(":TRIG:TIM{n}:STAR:GEN", doc="Whether there is an event at the start, too.")

    def tick(self, seconds: float) -> None:
        """Be the clock: an event after each period, without an end, so that one that is missed does not stop the train."""
        self._set(seconds, 0, "NOT1")

    def expire_after(self, seconds: float) -> None:
        """Expire once, this long after each beginning of a period."""
        self._set(seconds, 1, "NOT2")

    def _set(self, seconds: float, count: int, stimulus: str) -> None:
        self.enabled = False  # changed while disabled (8-218)
        self.delay, self.count, self.stimulus, self.at_start = seconds, count, stimulus, False
        self.enabled = True


def blocks(period: Sequence[Step], count: int, levels: str, buffer: str, lead: float) -> Iterator[str]:
    """The commands of a trigger model that runs `period` `count` times through the list `levels`, one index a step.

    The list has one more index, its last: the level to begin from and to return to; the next one after it is the first.
    A measurement begins `lead` seconds before its level ends. The same blocks lie between a timer's event, or the notify
    block that starts it, and the new level in each period, so that levels last as long as the timers say; the block that does
    nothing stands for the branch back to the beginning, in the first period.
    """
    yield f":TRIG:BLOC:CONF:REC 1,{levels},{len(period) * count + 1}"
    yield ":TRIG:BLOC:NOT 2,1"
    yield ":TRIG:BLOC:NOP 3"
    yield ":TRIG:BLOC:NOT 4,2"
    block = 5
    for timer, step in zip([*range(2, len(period) + 1), 1], period, strict=True):
        yield f":TRIG:BLOC:CONF:NEXT {block},{levels}"
        if step.measured:
            yield f":TRIG:BLOC:DEL:CONS {block + 1},{step.seconds - lead:.9G}"
            yield f":TRIG:BLOC:MEAS {block + 2},{buffer}"
            block += 2
        yield f":TRIG:BLOC:WAIT {block + 1},TIM{timer}"
        block += 2
    yield f":TRIG:BLOC:BRAN:COUN {block},{count},4"
    yield f":TRIG:BLOC:CONF:NEXT {block + 1},{levels}"


def running(state: str, name: str) -> bool:
    """Whether an answer to ``:TRIGger:STATe?`` (``IDLE;IDLE;9``, 6-166) says that the model is under way.

    Raises InstrumentError when it failed or was aborted.
    """
    word = state.partition(";")[0].strip().upper()
    if word in _RUNNING:
        return True
    if word != "IDLE":
        raise InstrumentError(f"{name}: the trigger model did not run to its end: {state}.")
    return False
