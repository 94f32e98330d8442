"""A streaming digitiser in the oscilloscope's role: the edge is found in the stream, and nothing is made up."""

import numpy as np
import pytest

from neurorig.instruments.roles import Acquisition, ChannelSetup, Chunk, Identity, Oscilloscope, Scaling
from neurorig.instruments.streamed import StreamedScope
from neurorig.signals import InstrumentError, PlanError

RATE, POINTS, PRETRIGGER = 1000.0, 300, 0.05
TRIGGERED = 400
"""Sample of the stream at which the marker rises."""


class Streamer:
    """Codes in millivolts, delivered in pieces of uneven length: a ramp on A, the marker on B (0 or 5 V)."""

    probes = (1.0,)
    identity = Identity("maker", "streamer", "1", "1")

    def __init__(self, pieces=(37, 1, 0, 90, 13), lost_at=None, marker_from=TRIGGERED, high_before=0):
        self.pieces, self.lost_at, self.marker_from, self.high_before = pieces, lost_at, marker_from, high_before
        self.warnings, self.streaming, self.sent, self.calls = [], False, 0, 0

    def configure(self, setups, acquisition):
        self.acquisition = acquisition

    def start(self):
        self.streaming, self.sent, self.calls = True, 0, 0

    def stop(self):
        self.streaming = False

    def scaling(self, channel):
        return Scaling(1e-3, 0.0, 1e-3, -10_000, 10_000)

    def read(self):
        assert self.streaming
        n = self.pieces[self.calls % len(self.pieces)]
        self.calls += 1
        k = np.arange(self.sent, self.sent + n, dtype=np.int32)
        lost = 7 if self.lost_at is not None and self.sent <= self.lost_at < self.sent + n else 0
        marker = np.where((k >= self.marker_from) | (k < self.high_before), 5000, 0).astype(np.int32)
        self.sent += n
        return Chunk(int(k[0]) if n else self.sent, {"A": k, "B": marker}, lost)


def streamed(**options):
    streamer = Streamer(**options)
    scope = StreamedScope(streamer)
    assert isinstance(scope, Oscilloscope)
    scope.configure([ChannelSetup("A", -10, 10), ChannelSetup("B", -1, 6)],
                    Acquisition(RATE, POINTS, PRETRIGGER, ("A", "B")))  # fmt: skip
    scope.trigger_on("B", 2.5)
    return streamer, scope


def take(scope):
    scope.arm()
    while not scope.finished():
        pass
    return scope.fetch("A"), scope.fetch("B")


def test_the_record_lies_around_the_edge_to_the_sample():
    streamer, scope = streamed()
    ramp, marker = take(scope)
    assert not streamer.streaming
    assert len(ramp) == POINTS
    assert ramp.samples[0] == TRIGGERED - 50
    assert ramp.t0 == pytest.approx(-PRETRIGGER + 0.5 / RATE)  # the edge is somewhere in the sample before
    assert marker.values[49] == 0 and marker.values[50] == 5
    assert ramp.values[50] == pytest.approx(TRIGGERED * 1e-3)


@pytest.mark.parametrize("pieces", [(1,), (350,), (399, 1, 1), (400, 1)])
def test_it_does_not_matter_how_the_stream_is_cut(pieces):
    assert take(streamed(pieces=pieces)[1])[0].samples[50] == TRIGGERED


def test_channels_that_are_sampled_later_than_the_marker_say_so():
    _, scope = streamed()
    scope.configure([], Acquisition(RATE, POINTS, PRETRIGGER, ("A", "B"), {"delays": {"A": 1e-4, "B": 3e-4}}))
    ramp, marker = take(scope)
    assert ramp.t0 - marker.t0 == pytest.approx(-2e-4)
    assert marker.t0 == pytest.approx(-PRETRIGGER + 0.5 / RATE)


def test_a_marker_that_is_high_when_armed_is_no_edge():
    assert take(streamed(high_before=200)[1])[0].samples[50] == TRIGGERED


def test_it_can_be_taken_again():
    _, scope = streamed()
    assert np.array_equal(take(scope)[0].samples, take(scope)[0].samples)


def test_lost_samples_end_the_record_and_are_counted():
    streamer, scope = streamed(lost_at=500)
    with pytest.raises(InstrumentError, match="lost 7 samples"):
        take(scope)
    assert not streamer.streaming


def test_what_is_not_streamed_cannot_trigger_and_what_is_not_complete_cannot_be_fetched():
    _, scope = streamed()
    with pytest.raises(PlanError, match="channel C"):
        scope.trigger_on("C", 1.0)
    with pytest.raises(InstrumentError, match="no complete record"):
        scope.fetch("A")
    scope.arm()
    with pytest.raises(InstrumentError, match="no complete record"):
        scope.fetch("A")
    scope.stop()


def test_while_it_waits_only_the_pretrigger_is_kept():
    _, scope = streamed(pieces=(40,), marker_from=100_000)
    scope.arm()
    for _ in range(2000):
        assert not scope.finished()
    assert sum(len(piece) for piece in scope._pieces["A"]) < 200
    while not scope.finished():
        pass
    assert scope.fetch("A").samples[50] == 100_000
