"""The InfiniiVision driver with answers as the programmer's guides give them: other models, licences, spoilt records."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from neurorig.instruments import DRIVERS, ChannelSetup
from neurorig.instruments.drivers.keysight_infiniivision import KeysightInfiniiVision
from neurorig.signals import InstrumentError, LimitError, PlanError

from .remembering import Remembering, block
from .scripted import scripted


class Guide(Remembering):
    """Answers of a scope that triggers as soon as a test says so."""

    def __init__(self, model: str = "DSO-X 3024A", options: str = "0,0,0,SGM,MEMUP") -> None:
        super().__init__(
            {
                "*IDN?": f"AGILENT TECHNOLOGIES,{model},MY50000001,02.41",
                "*OPT?": options,
                ":SYST:ERR?": '+0,"No error"',
                ":OPER:COND?": lambda: "+40" if self.running else "+0",
                ":AER?": lambda: f"{int(self.running):+d}",
                ":TER?": lambda: f"{int(self.triggered):+d}",
                ":ACQ:SRAT?": "+4.00000E+09",
                ":TRIG:EDGE:REJ?": "OFF",
            }
        )
        self.running = self.triggered = False

    def __call__(self, line):
        if line in (":SING", ":STOP"):
            self.running, self.triggered = line == ":SING", False
        return super().__call__(line)

    def trigger(self) -> None:
        self.running, self.triggered = False, True

    def holds(self, samples: np.ndarray, dt: float, start: float, form: int = 0) -> None:
        """What is read next."""
        self.answers[":WAV:PRE?"] = f"{form},0,{len(samples)},1,{dt:E},{start:E},0,2.0E-02,2.0,{(128, 32768)[form]}"
        self.answers[":WAV:DATA?"] = block(samples.tobytes())


@contextmanager
def connected(guide: Guide) -> Iterator[KeysightInfiniiVision]:
    with scripted(guide) as server:
        scope = DRIVERS["keysight_infiniivision"].connect(f"tcp://127.0.0.1:{server.port}", name="scope", timeout=0.5)
        yield scope
        scope.close()


def recorded(scope: KeysightInfiniiVision, guide: Guide, **plan) -> None:
    """Set up 0.1 s on channel 1, armed and triggered."""
    scope.configure([ChannelSetup("1", 0, 4, 10)], scope.plan(["1"], 0.09, 5e4, 0.01, **plan))
    scope.trigger_on("1", 2.0)
    scope.arm()
    guide.trigger()


def test_codes_become_volts_and_seconds_as_the_preamble_says():
    guide = Guide()
    with connected(guide) as scope:
        recorded(scope, guide)
        guide.holds(np.array([128] * 9998 + [1, 255], np.uint8), 1e-5, -0.01)
        trace = scope.fetch("1")
        assert trace.values[0] == pytest.approx(2.0)
        assert (trace.t0, trace.dt, trace.clipped) == (-0.01, 1e-5, 2)


def test_high_resolution_comes_in_words():
    guide = Guide()
    with connected(guide) as scope:
        recorded(scope, guide, mode="high_resolution")
        guide.holds(np.full(10_000, 32768 + 50, "<u2"), 1e-5, -0.01, form=1)
        trace = scope.fetch("1")
        assert trace.samples.dtype == np.uint16
        assert trace.values[0] == pytest.approx(3.0)


def test_points_that_were_not_acquired_are_no_volts():
    guide = Guide()
    with connected(guide) as scope:
        recorded(scope, guide)
        guide.holds(np.array([128] * 9990 + [0] * 10, np.uint8), 1e-5, -0.01)
        with pytest.raises(InstrumentError, match=r"10 points of channel 1 were not acquired"):
            scope.fetch("1")


@pytest.mark.parametrize(("points", "dt", "start"), [(5000, 1e-5, -0.01), (10_000, 1e-5, 0.0), (1000, 1e-4, -0.01)])
def test_a_record_that_is_shorter_later_or_slower_than_asked_for_is_refused(points, dt, start):
    guide = Guide()
    with connected(guide) as scope:
        recorded(scope, guide)
        guide.holds(np.full(points, 128, np.uint8), dt, start)
        with pytest.raises(InstrumentError, match="not the one that was planned"):
            scope.fetch("1")


def test_a_rate_too_slow_is_told_when_it_is_armed_before_anything_is_started():
    guide = Guide()
    guide.answers[":ACQ:SRAT?"] = "+1.00000E+04"
    with connected(guide) as scope:
        scope.configure([ChannelSetup("1", 0, 4)], scope.plan(["1"], 0.09, 5e4, 0.01))
        with pytest.raises(InstrumentError, match="samples at 10 kHz, 50 kHz was asked for"):
            scope.arm()
        assert not guide.running


@pytest.mark.parametrize(
    ("model", "options", "alone", "pair", "segments"),
    [
        ("DSO-X 2024A", "0,0,0", 100_000, 50_000, 1),
        ("DSO-X 2024A", "0,0,SGM,MEMUP", 1_000_000, 500_000, 250),
        ("MSO-X 3054A", "0,0,0", 2_000_000, 1_000_000, 1),
        ("DSO-X 3024T", "0,0,0", 4_000_000, 2_000_000, 1000),
    ],
)
def test_the_memory_is_that_of_the_model_and_its_licences(model, options, alone, pair, segments):
    with connected(Guide(model, options)) as scope:
        assert scope.memory.depths[1][-1] == alone
        assert scope.memory.depths[2][-1] == pair
        assert scope.most_segments == segments
        assert scope.plan(["1", "3"], 1.0, alone / 1.01, 0).points == alone
        with pytest.raises(PlanError, match=r"on 2 channel\(s\) of a pair"):
            scope.plan(["1", "2"], 1.0, alone / 1.01, 0)


def test_segments_that_were_not_triggered_are_told():
    guide = Guide()
    with connected(guide) as scope:
        recorded(scope, guide, segments=5)
        guide.answers[":WAV:SEGM:COUN?"] = "+3"
        with pytest.raises(InstrumentError, match="3 of 5 segments were triggered"):
            scope.fetch("1", segment=0)
        with pytest.raises(PlanError, match="segments are not averaged"):
            scope.plan(["1"], 0.1, 1e4, 0, mode="average", count=4, segments=2)


def test_the_trigger_input_takes_eight_volts_times_its_probe():
    KeysightInfiniiVision.check_setup(ChannelSetup("EXT", -0.5, 5.5), 2.5)
    KeysightInfiniiVision.check_setup(ChannelSetup("EXT", -50, 55, 10), 25.0)
    with pytest.raises(LimitError, match=r"-8 V .. 8 V, not -500 mV .. 9 V"):
        KeysightInfiniiVision.check_setup(ChannelSetup("EXT", -0.5, 9))
    guide = Guide()
    with connected(guide) as scope:
        plan = scope.plan(["1", "EXT"], 0.1, 1e4, 0)
        scope.configure([ChannelSetup("1", 0, 4), ChannelSetup("EXT", -0.5, 5.5)], plan)
        scope.trigger_on("EXT", 2.5, rising=False)
        assert guide.settings[":TRIG:EDGE:SOUR"] == "EXT"
        assert guide.settings[":TRIG:EDGE:SLOP"] == "NEG"
        assert float(guide.settings[":EXT:RANG"]) == 8.0
