"""A rig in memory: a source and an oscilloscope that write down what was asked of them, around a neuron of two lines.

The neuron fires regularly between I_MIN and I_MAX, and latches after one spike above I_MAX.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neurorig.instruments import Acquisition, Bench, ChannelSetup, Identity
from neurorig.signals import BenchError, Program, Steps, Trace

I_MIN, I_MAX = 45.27e-6, 102.66e-6
LSB = 61e-9


def rate(amperes: float) -> float:
    """Spikes a second at a constant current."""
    return 75.0 + 2.6e6 * (amperes - I_MIN) if I_MIN <= amperes < I_MAX else 0.0


class Diary(list[str]):
    """What happened, in order; `fail` makes something fail when it happens."""

    def __init__(self) -> None:
        super().__init__()
        self.fail: dict[str, BaseException] = {}

    def note(self, what: str) -> None:
        self.append(what)
        if what in self.fail:
            raise self.fail.pop(what)


class FakeSource:
    ranges = (250e-6, 62.5e-6)
    identity = Identity("Fake", "Source", "S1", "1")

    def __init__(self, diary: Diary) -> None:
        self.diary, self.warnings, self.output = diary, [], False
        self.playing: Steps | None = None
        self._polls = 0

    def settings(self) -> dict[str, Any]:
        return {"range": "250 uA"}

    def safe(self) -> None:
        self.output = False

    def close(self) -> None: ...

    def full_scale(self, channel: str) -> float:
        return 250e-6

    def resolution(self, channel: str) -> float:
        return LSB

    def fit(self, channel: str, program: Program) -> Steps:
        steps = program.steps()
        return Steps(steps.edges_ns, np.round(steps.levels / LSB) * LSB)

    def load(self, programs: Mapping[str, Program]) -> dict[str, Steps]:
        self.diary.note("load")
        played = {channel: self.fit(channel, program) for channel, program in programs.items()}
        self.playing = next(iter(played.values()))
        return played

    def arm(self) -> None:
        self.diary.note("source.arm")
        self.output = True

    def fire(self) -> None:
        self.diary.note("fire")
        self._polls = 0

    def running(self) -> bool:
        self.diary.note("running?")
        self._polls += 1
        return self._polls < 3

    def off(self) -> None:
        self.diary.note("off")
        self.output = False

    def confirm_safe(self) -> None: ...

    def read_back(self, channel: str) -> float | None:
        return None


class FakeScope:
    identity = Identity("Fake", "Scope", "O1", "1")

    def __init__(self, diary: Diary, source: FakeSource, bench: Bench) -> None:
        self.diary, self.source, self.warnings = diary, source, []
        self.nodes = {wiring.channel: wiring for wiring in bench.nodes.values()}
        self.setups: dict[str, ChannelSetup] = {}
        self.acquisition: Acquisition | None = None

    def settings(self) -> dict[str, Any]:
        return {"memory": "auto"}

    def safe(self) -> None: ...

    def close(self) -> None: ...

    def plan(self, channels: Sequence[str], duration: float, rate: float, pretrigger: float) -> Acquisition:
        return Acquisition(rate, int(np.ceil((duration + pretrigger) * rate)), pretrigger, tuple(channels))

    def configure(self, setups: Sequence[ChannelSetup], acquisition: Acquisition) -> None:
        self.diary.note("configure")
        self.setups = {s.channel: s for s in setups}
        self.acquisition = acquisition

    def trigger_on(self, channel: str, level: float, rising: bool = True) -> None: ...

    def arm(self) -> None:
        self.diary.note("scope.arm")

    def finished(self) -> bool:
        self.diary.note("finished?")
        return True

    def fetch(self, channel: str, progress: Callable[[int, int], None] | None = None) -> Trace:
        self.diary.note("fetch")
        assert self.acquisition is not None
        assert self.source.playing is not None
        if channel not in self.nodes:
            return self.marker(channel, self.source.playing.duration)
        wiring, setup, taken = self.nodes[channel], self.setups[channel], self.acquisition
        times = np.arange(taken.points) / taken.rate - taken.pretrigger
        quantity = {"v_ap": v_ap, "i0": current, "i_out": nothing}[wiring.node.partition(".")[2]]
        volts = quantity(self.source.playing, times) * wiring.sense.volts_per_unit
        scale = (setup.high - setup.low) / 250
        samples = np.clip(np.round((volts - setup.low) / scale), 0, 255).astype(np.uint8)
        return Trace(channel, samples, scale, setup.low, "V", -taken.pretrigger, 1 / taken.rate, scale / 12**0.5)

    def marker(self, channel: str, duration: float) -> Trace:
        """SYNC OUT: 5 V while the program plays."""
        taken = self.acquisition
        assert taken is not None
        times = np.arange(taken.points) / taken.rate - taken.pretrigger
        samples = (200 * ((times >= 0) & (times < duration))).astype(np.uint8)
        return Trace(channel, samples, 0.025, 0.0, "V", -taken.pretrigger, 1 / taken.rate)

    def stop(self) -> None: ...


def current(steps: Steps, times: np.ndarray) -> np.ndarray:
    return np.where((times >= 0) & (times < steps.duration), steps.at(times), 0.0)


def nothing(steps: Steps, times: np.ndarray) -> np.ndarray:
    return np.zeros_like(times)


def v_ap(steps: Steps, times: np.ndarray) -> np.ndarray:
    """Spikes of 2.6 V that decay with 223 us; after a latch a plateau of 0.2 V."""
    volts = np.zeros_like(times)
    for start, stop, level in zip(steps.edges[:-1], steps.edges[1:], steps.levels, strict=True):
        if level >= I_MAX:
            volts[(times >= start + 5e-3) & (times < stop)] += 0.2
        period = 1 / rate(level) if rate(level) else stop - start - 5e-3
        fires = np.arange(start + 5e-3, stop, period) if rate(level) or level >= I_MAX else []
        for spike in fires:
            first = np.searchsorted(times, spike)
            part = slice(first, first + 100)
            volts[part] += 2.4 * np.exp(-(times[part] - spike) / 223e-6)
    return volts


class FakeRig:
    virtual_time = True

    def __init__(self, bench: Bench) -> None:
        self.bench, self.diary = bench, Diary()
        self._source = FakeSource(self.diary)
        self._scope = FakeScope(self.diary, self._source, bench)
        self.resources = {"source": "memory", "scope": "memory"}
        self.supplied: dict[str, float] = {}

    def source(self, name: str) -> FakeSource:
        assert name == "source"
        return self._source

    def scope(self, name: str) -> FakeScope:
        assert name == "scope"
        return self._scope

    def identities(self) -> dict[str, Identity]:
        return {"source": self._source.identity, "scope": self._scope.identity}

    def settings(self) -> dict[str, dict[str, Any]]:
        return {"source": self._source.settings(), "scope": self._scope.settings()}

    def warnings(self) -> list[str]:
        return []

    def safe(self) -> None:
        self.diary.append("safe")
        self._source.safe()


LOST = BenchError("the instrument went away")
