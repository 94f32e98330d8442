"""`Sweep`: one triggered episode, what to drive and what to observe; `Taken`: what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neurorig.records import Told
from neurorig.signals import Steps, Trace

from .stimuli import Stimulus


@dataclass(frozen=True)
class Sweep:
    """Stimuli on ports and nodes to observe; recorded from `pretrigger` seconds before the stimulus to its end.

    `rate` is the sampling rate wanted (samples a second, at least). `conditioning` is played before, unrecorded, so
    that the sweep starts from the state that `state` puts in words. `params` is kept with the sweep for the analysis.
    `screens`: what must fit on the screen (low and high, in the node's unit) where that is not the node's whole range.
    """

    label: str
    drive: Mapping[str, Stimulus]
    observe: tuple[str, ...]
    rate: float
    conditioning: Mapping[str, Stimulus] = field(default_factory=dict)
    pretrigger: float = 0.02
    state: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    screens: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def duration(self) -> float:
        """Seconds from the trigger to the end of the longest stimulus."""
        return max(s.duration for s in self.drive.values())

    @property
    def record(self) -> dict[str, Any]:
        """`params` with the named epochs of every stimulus (seconds after the trigger), for the run's record."""
        epochs = {port: [[e.name, e.start, e.stop, e.seed] for e in s.epochs] for port, s in self.drive.items()}
        return {**self.params, "epochs": epochs}


@dataclass(frozen=True)
class Taken:
    """A sweep as it was taken: traces in the nodes' units, commands as asked for and as the source reported them.

    `told`: what the source read back of itself and when its comparators saw spikes, by its own clock.
    """

    sweep: Sweep
    traces: Mapping[str, Trace]
    commanded: Mapping[str, Steps]
    reported: Mapping[str, Steps]
    told: Told = field(default_factory=Told)
