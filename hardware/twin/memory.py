"""What the twin remembers (the log of events) and what it still expects (the queue of input levels)."""

import numpy as np

from .layout import Floats, Log, Queue, Scratch, State


def new_log(state: State, room: int = 1024) -> Log:
    """A log that begins with `state` at t = 0."""
    log = _blank(room, len(state.values), len(state.codes), 1, 0)
    log.time[0], log.values[0], log.codes[0] = 0.0, state.values, state.codes
    return log


def moved(log: Log, first: int, gone: int, room: int) -> Log:
    """The log from row `first` and spike `gone` on, in new arrays of `room` rows."""
    rows, spikes = int(log.size[0]) - first, int(log.size[1]) - gone
    new = _blank(room, log.values.shape[1], log.codes.shape[1], rows, spikes)
    new.time[:rows] = log.time[first : first + rows]
    new.values[:rows] = log.values[first : first + rows]
    new.codes[:rows] = log.codes[first : first + rows]
    new.spike_time[:spikes] = log.spike_time[gone : gone + spikes]
    new.spike_neuron[:spikes] = log.spike_neuron[gone : gone + spikes]
    return new


def _blank(room: int, values: int, codes: int, rows: int, spikes: int) -> Log:
    return Log(
        time=np.empty(room),
        values=np.empty((room, values)),
        codes=np.empty((room, codes), np.int8),
        spike_time=np.empty(room),
        spike_neuron=np.empty(room, np.int64),
        size=np.array([rows, spikes], np.int64),
    )


def new_scratch(synapses: int, values: int) -> Scratch:
    """Room for the kernels to work in."""
    return Scratch(
        np.zeros((synapses + 1, 6)), np.zeros((synapses + 1, 6)), np.zeros((synapses + 2, 2)), np.zeros(values)
    )


def roomier(state: State) -> State:
    """The same state with room for twice as many spikes on their way to each synapse."""
    synapses, room = state.flight.shape
    flight, flying = np.zeros((synapses, 2 * room)), state.flying.copy()
    for s, (begin, count) in enumerate(state.flying):
        flight[s, :count] = state.flight[s, (begin + np.arange(count)) % room]
    flying[:, 0] = 0
    return state._replace(flight=flight, flying=flying)


def new_queue(streams: int) -> Queue:
    """Nothing to come in any stream."""
    return Queue(np.empty(0), np.empty(0), np.zeros(streams, np.int64), np.zeros(streams, np.int64))


def appended(queue: Queue, stream: int, times: Floats, levels: Floats) -> Queue:
    """The queue with levels appended to one stream, where they replace what was to come later than their start."""
    begin = queue.stop[stream - 1] if stream > 0 else 0
    head, stop = queue.head[stream], queue.stop[stream]
    kept = head + int(queue.time[head:stop].searchsorted(times[0]))
    grown = len(times) - (head - begin) - (stop - kept)
    heads, stops = queue.head.copy(), queue.stop.copy()
    heads[stream] = begin
    heads[stream + 1 :] += grown
    stops[stream:] += grown
    return Queue(
        np.concatenate((queue.time[:begin], queue.time[head:kept], times, queue.time[stop:])),
        np.concatenate((queue.level[:begin], queue.level[head:kept], levels, queue.level[stop:])),
        heads,
        stops,
    )
