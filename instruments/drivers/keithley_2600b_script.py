"""The script that a 2600B is given once, and the lines that have it prepare a train (2600BS-901-01, sections 4 and 6).

It only sets up the trigger model: the sweep itself runs on the trigger model and three timers, and can be asked about.

- the clock starts when the model is armed, gives an event at once (pass-through) and one after each period;
- for periods of several levels the edges timer, started by each event of the clock, gives one at once and one after each
  level but the last (``delaylist``);
- the look timer, started by the clock too, starts the measurement of the period.

A staircase measures within the trigger model. Pulses measure asynchronously (``smuX.ASYNC``, 9-264): only where the look
timer says, while the levels go on.
"""

from collections.abc import Iterator, Sequence

from ..sourcing import Staircase, Train
from .source_meter import levels_in_order, period_of

TIMERS = 3  # for each channel; the instrument has eight (4-14)
_LIST = 40  # levels of one line

SCRIPT = """\
loadscript neurorig
neurorig_levels, neurorig_size = {}, 0
function neurorig_clear()
  neurorig_levels, neurorig_size = {}, 0
end
function neurorig_add(more)
  for _, level in ipairs(more) do
    neurorig_size = neurorig_size + 1
    neurorig_levels[neurorig_size] = level
  end
end
function neurorig_load(smu, list, first, period, periods, widths, edges_count, offset, action)
  local clock, edges, look = trigger.timer[first], trigger.timer[first + 1], trigger.timer[first + 2]
  list(neurorig_levels)
  smu.trigger.source.action = smu.ENABLE
  smu.trigger.measure.iv(smu.nvbuffer1, smu.nvbuffer2)
  smu.trigger.measure.action = action
  smu.trigger.endpulse.action = smu.SOURCE_HOLD
  smu.trigger.endpulse.stimulus = 0
  smu.trigger.endsweep.action = smu.SOURCE_IDLE
  smu.trigger.arm.count = 1
  smu.trigger.arm.stimulus = 0
  smu.trigger.count = neurorig_size
  clock.delay = period
  clock.count = periods
  clock.passthrough = true
  clock.stimulus = smu.trigger.ARMED_EVENT_ID
  smu.trigger.source.stimulus = clock.EVENT_ID
  if edges_count > 0 then
    edges.delaylist = widths
    edges.count = edges_count
    edges.passthrough = true
    edges.stimulus = clock.EVENT_ID
    smu.trigger.source.stimulus = edges.EVENT_ID
  end
  look.delay = offset
  look.count = 1
  look.passthrough = false
  look.stimulus = clock.EVENT_ID
  smu.trigger.measure.stimulus = look.EVENT_ID
end
endscript
neurorig()"""


def loading(channel: str, function: str, train: Train, rest: float, lead: float) -> Iterator[str]:
    """The lines that prepare a train on a channel ("a" or "b") that sources `function` ("v" or "i").

    A measurement begins `lead` seconds before its level ends. Pulses end with the level `rest` as a step of its own, so
    that the last gap is as long as the others; after a staircase the instrument goes back to it by itself.
    """
    staircase = isinstance(train, Staircase)
    period, count = period_of(train), len(train.levels)
    levels = levels_in_order(train) if staircase else [*levels_in_order(train), rest]
    yield "neurorig_clear()"
    for first in range(0, len(levels), _LIST):
        yield f"neurorig_add({_table(levels[first : first + _LIST])})"
    smu = f"smu{channel}"
    arguments = (
        smu,
        f"{smu}.trigger.source.list{function}",
        1 if channel == "a" else 1 + TIMERS,
        f"{sum(step.seconds for step in period):.10G}",
        max(count - 1, 1) if staircase else count,
        _table([step.seconds for step in period[:-1]]),
        len(period) - 1,
        f"{_end_of_measured(train) - lead:.10G}",
        f"{smu}.{'ENABLE' if staircase else 'ASYNC'}",
    )
    yield f"neurorig_load({', '.join(map(str, arguments))})"


def _end_of_measured(train: Train) -> float:
    """When the measured level of a period ends."""
    end = 0.0
    for step in period_of(train):
        end += step.seconds
        if step.measured:
            break
    return end


def _table(values: Sequence[float]) -> str:
    return "{" + ",".join(f"{value:.10G}" for value in values) + "}"
