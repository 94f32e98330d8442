"""The functions that a 2600B is given once, and the lines that have it prepare a train (2600BS-901-01, sections 4 and 6).

They only set up the trigger model: the sweep itself runs on the trigger model and four timers, and can be asked about.
Each is one line: between ``loadscript`` and ``endscript`` the instrument collects whatever it is sent, what would make it safe
too (6-4), so nobody must die or be interrupted there, and it is never brought there.

- the clock starts when the model is armed; it gives an event at once (pass-through) and one after each period;
- a staircase takes a level at each event of the clock; a pulse goes back to the programmed level, its base, when the
  end-pulse event of the fall timer comes (4-17);
- with a read pulse the edges timer, started by the clock, gives two events a period: the pulse and the read;
- the look timer, started by the clock, starts the measurement that ends with its level.

The last gap of a train is an exception: the sweep ends with its last pulse, and the base lasts until `running` sees that.

Staircases and pulses without reads measure within the trigger model. With reads the measurements run beside it
(``smuX.ASYNC``, 9-264), so that a short pulse goes before a slow read; since there are as many measurements as levels, one
more follows each read and is left out. Beside the model nothing may choose its range or zero by itself (errors 5043, 5044, 5063).
"""

from collections.abc import Iterator

from ..sourcing import Pulses, Staircase, Train

TIMERS = 4  # for each channel; the instrument has eight (4-14)
AFTER = 0.2e-3  # seconds from the end of a measurement to the one that is left out
_LIST = 40  # levels of one line

_SCRIPT = """\
neurorig_levels, neurorig_size = {a = {}, b = {}}, {a = 0, b = 0}

function neurorig_clear(channel)
  neurorig_levels[channel], neurorig_size[channel] = {}, 0
end

function neurorig_add(channel, more)
  for _, level in ipairs(more) do
    neurorig_size[channel] = neurorig_size[channel] + 1
    neurorig_levels[channel][neurorig_size[channel]] = level
  end
end

function neurorig_timer(number, stimulus, passthrough, count, delays)
  local timer = trigger.timer[number]
  timer.reset()
  timer.delaylist = delays
  timer.count = count
  timer.passthrough = passthrough
  timer.stimulus = stimulus
  return timer.EVENT_ID
end

function neurorig_model(channel, smu, list, action)
  list(neurorig_levels[channel])
  smu.trigger.source.action = smu.ENABLE
  smu.trigger.measure.iv(smu.nvbuffer1, smu.nvbuffer2)
  smu.trigger.measure.action = action
  smu.trigger.endpulse.action = smu.SOURCE_HOLD
  smu.trigger.endpulse.stimulus = 0
  smu.trigger.endsweep.action = smu.SOURCE_IDLE
  smu.trigger.arm.count = 1
  smu.trigger.arm.stimulus = 0
  smu.trigger.count = neurorig_size[channel]
end

function neurorig_staircase(channel, smu, list, first, periods, dwell, offset)
  neurorig_model(channel, smu, list, smu.ENABLE)
  local clock = neurorig_timer(first, smu.trigger.ARMED_EVENT_ID, true, periods, {dwell})
  smu.trigger.source.stimulus = clock
  smu.trigger.measure.stimulus = neurorig_timer(first + 1, clock, false, 1, {offset})
end

function neurorig_pulses(channel, smu, list, first, periods, period, width, offset)
  neurorig_staircase(channel, smu, list, first, periods, period, offset)
  smu.trigger.endpulse.action = smu.SOURCE_IDLE
  smu.trigger.endpulse.stimulus = neurorig_timer(first + 2, smu.trigger.source.stimulus, false, 1, {width})
end

function neurorig_reads(channel, smu, list, first, periods, period, width, offset, to_read, read_width, to_next)
  neurorig_model(channel, smu, list, smu.ASYNC)
  local clock = neurorig_timer(first, smu.trigger.ARMED_EVENT_ID, true, periods, {period})
  local edges = neurorig_timer(first + 3, clock, true, 1, {to_read})
  smu.trigger.source.stimulus = edges
  smu.trigger.measure.stimulus = neurorig_timer(first + 1, clock, false, 2, {offset, to_next})
  smu.trigger.endpulse.action = smu.SOURCE_IDLE
  smu.trigger.endpulse.stimulus = neurorig_timer(first + 2, edges, false, 1, {width, read_width})
end
"""
FUNCTIONS = tuple(" ".join(part.split()) for part in _SCRIPT.split("\n\n"))


def levels_of_points(train: Train) -> list[float]:
    """The levels of the points of the sweep: a base is none, pulses go back to it by themselves."""
    if isinstance(train, Pulses) and train.read is not None:
        return [level for pulse in train.levels for level in (pulse, train.read)]
    return list(train.levels)


def measurements_of_points(train: Train) -> slice:
    """Which of the readings were asked for."""
    return slice(None, None, 2 if isinstance(train, Pulses) and train.read is not None else 1)


def uploading(channel: str, train: Train) -> Iterator[str]:
    """The lines that put the levels of a train into the script's tables, for channel "a" or "b"."""
    levels = levels_of_points(train)
    yield f'neurorig_clear("{channel}")'
    for first in range(0, len(levels), _LIST):
        values = ",".join(f"{level:.10G}" for level in levels[first : first + _LIST])
        yield f'neurorig_add("{channel}", {{{values}}})'


def preparing(channel: str, function: str, train: Train, lead: float) -> str:
    """The line that prepares the trigger model for the levels of `channel`, which sources `function` ("v" or "i").

    A measurement begins `lead` seconds before its level ends.
    """
    smu, first = f"smu{channel}", 1 if channel == "a" else 1 + TIMERS
    arguments = f'"{channel}", {smu}, {smu}.trigger.source.list{function}, {first}, {max(len(train.levels) - 1, 1)}'
    if isinstance(train, Staircase):
        return f"neurorig_staircase({arguments}, {_seconds(train.dwell, train.dwell - lead)})"
    if train.read is None:
        times = _seconds(train.width + train.gap, train.width, train.width - lead)
        return f"neurorig_pulses({arguments}, {times})"
    to_read = train.width + train.gap
    offset = to_read + train.read_width - lead
    times = _seconds(
        to_read + train.read_width + train.gap, train.width, offset, to_read, train.read_width, lead + AFTER
    )
    return f"neurorig_reads({arguments}, {times})"


def _seconds(*values: float) -> str:
    return ", ".join(f"{value:.10G}" for value in values)
