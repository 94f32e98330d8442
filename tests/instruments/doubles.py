"""The simulated double of any driver of the registry, alone in a quiet world, with a witness of what it puts out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurorig.instruments import DRIVERS
from neurorig.instruments.simulated.leads import Leads, Resistor
from neurorig.instruments.simulated.lines import LogicLine
from neurorig.signals import Steps

from .fakes import Signal, quiet_world
from .source_bench import SourceBench

OHMS = 10e3
"""What the leads of every source-meter, supply and multimeter touch here."""


@dataclass
class Output:
    """A generator's output: what was put on it last."""

    volts: float = 0.0
    played: list[tuple[float, Steps]] = field(default_factory=list)
    stuck: bool = False

    def drive(self, volts: float) -> None:
        if volts or not self.stuck:
            self.volts = volts

    def play(self, steps: Steps, start: float) -> None:
        self.volts = float(steps.levels[-1])
        self.played.append((start, steps))


@dataclass
class Double:
    """`putting_out()` tells the largest current or voltage that really leaves it; 0 when everything is off.

    `lines`: what each channel reaches the world by.
    """

    world: Any
    device: Any
    putting_out: Callable[[], float]
    lines: dict[str, Any] = field(default_factory=dict)


def double_of(driver: str, brain: str = "python") -> Double:
    """A fresh one, built as `neurorig.instruments.simulated.bench` builds it; `brain`: of a current source, see `BRAINS`."""
    entry = DRIVERS[driver]
    if entry.role == "CurrentSource":
        bench = SourceBench(brain=brain)
        lines = {str(n): out for n, out in bench.out.items()}
        return Double(bench.world, bench.source, lambda: max(abs(out.now) for out in bench.out.values()), lines)
    world = quiet_world()
    made = entry.load_simulated()
    if entry.role == "VoltageSource":
        outputs = {channel: Output() for channel in entry.channels}
        device = made(world, outputs, LogicLine(world), serial="A1", seed=1)
        return Double(world, device, lambda: max(abs(out.volts) for out in outputs.values()), outputs)
    if entry.role in ("Oscilloscope", "Digitizer"):
        inputs = {c: Signal(world, lambda t: np.sin(2 * np.pi * t)) for c in entry.channels[:1]}
        return Double(world, made(world, inputs, serial="A1", seed=1, probes={}), lambda: 0.0)
    leads = {channel: Leads(world, Resistor(OHMS)) for channel in entry.channels}
    device = made(world, leads, serial="A1", seed=1)
    return Double(world, device, lambda: max(abs(x.look().volts) for x in leads.values()), leads)
