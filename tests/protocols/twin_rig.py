"""The fake rig around the real twin: delivered currents, the loads of the probes, an 8-bit oscilloscope with noise."""

from collections.abc import Callable, Mapping

import numpy as np

from neurorig.hardware.twin import Twin
from neurorig.instruments import Bench
from neurorig.signals import Program, Steps, Trace

from .fakes import FakeRig, FakeScope, FakeSource

PORT = "n1.i0"


class TwinSource(FakeSource):
    """Plays into the twin what the bench's table says is delivered."""

    def __init__(self, rig: "TwinRig") -> None:
        super().__init__(rig.diary)
        self.rig, self.fired, self.ends = rig, 0.0, 0.0

    def load(self, programs: Mapping[str, Program]) -> dict[str, Steps]:
        played = super().load(programs)
        delivered = self.rig.bench.port(PORT).delivered
        self.steps = Steps(self.playing.edges_ns, delivered(self.playing.levels)) if self.playing else None
        return played

    def fire(self) -> None:
        super().fire()
        assert self.steps is not None
        twin = self.rig.twin
        twin.advance(twin.now + 0.05)
        self.fired, self.ends = twin.now, twin.now + self.steps.duration
        twin.play(PORT, self.steps, twin.now)

    def running(self) -> bool:
        super().running()
        self.rig.twin.advance(min(self.rig.twin.now + 1.0, self.ends))
        return self.rig.twin.now < self.ends

    def off(self) -> None:
        super().off()
        self.rig.twin.drive(PORT, 0.0)


class TwinScope(FakeScope):
    """Samples the twin with 2 mV of noise, 250 steps over the screen."""

    def fetch(self, channel: str, progress: Callable[[int, int], None] | None = None) -> Trace:
        self.diary.note("fetch")
        assert self.acquisition is not None
        source, taken = self.source, self.acquisition
        assert isinstance(source, TwinSource)
        if channel not in self.nodes:
            assert source.steps is not None
            return self.marker(channel, source.steps.duration)
        wiring, setup = self.nodes[channel], self.setups[channel]
        start = source.fired - taken.pretrigger
        rig = source.rig
        rig.twin.advance(max(rig.twin.now, start + taken.points / taken.rate))
        values = rig.twin.sample(wiring.node, start, 1 / taken.rate, taken.points)
        volts = values * wiring.sense.volts_per_unit + rig.noise.normal(0.0, 2e-3, taken.points)
        scale = (setup.high - setup.low) / 250
        samples = np.clip(np.round((volts - setup.low) / scale), 0, 255).astype(np.uint8)
        clipped = int(np.count_nonzero((samples == 0) | (samples == 255)))
        error = scale / 12**0.5
        return Trace(channel, samples, scale, setup.low, "V", -taken.pretrigger, 1 / taken.rate, error, clipped)


class TwinRig(FakeRig):
    """A rig whose board is the twin."""

    def __init__(self, bench: Bench, seed: int = 0) -> None:
        super().__init__(bench)
        self.twin = Twin(bench.board, seed=seed, loads=bench.loads)
        self.noise = np.random.default_rng(seed)
        self._source = TwinSource(self)
        self._scope = TwinScope(self.diary, self._source, bench)
