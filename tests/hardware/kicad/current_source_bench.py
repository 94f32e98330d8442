"""A bench around the exported netlist of the current-source shield: codes, supply, lines of the Arduino, a load."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from neurorig.hardware.kicad.netlist import Netlist
from neurorig.hardware.spice.deck import models
from neurorig.hardware.spice.simulator import simulate

FULL = 250e-6  # A
STEP = FULL / 4096
WORST = 4.75  # V of USB
READY = 4e-3  # s until the filter of the supply is at rest
OTHER_CHANNEL = re.compile(r"[RCD]2\d\d|[UQ]2\d|K2|JP2\d")

Points = tuple[tuple[float, float], ...]
"""Times (s) and volts, joined by straight lines."""


ZERO: Points = ((0.0, 0.0),)


def held(volts: float) -> Points:
    """A voltage that stays."""
    return ((0.0, volts),)


def code(steps: float) -> float:
    """Part of full scale that the model of the converter takes."""
    return steps / 4096


def step(start: float, end: float, at: float = READY) -> Points:
    """A change of code, latched at `at` (s)."""
    return ((0.0, code(start)), (at, code(start)), (at + 10e-9, code(end)))


@dataclass(frozen=True)
class Bench:
    """Channel 1 of the shield, at work: full range, output on, both codes 0, the terminal held at 1 V."""

    circuit: Netlist
    source: Points = ZERO
    sink: Points = ZERO
    supply: Points = ((0.0, WORST),)
    lines: Mapping[str, Points] = field(default_factory=lambda: {"oe1": held(WORST), "ldac": ZERO})
    load: tuple[str, ...] = ("V_load out 0 1",)
    """What is connected to the terminal (`out`), in SPICE."""

    @classmethod
    def of(cls, circuit: Netlist) -> "Bench":
        """The bench without what belongs to channel 2 alone."""
        return cls(circuit.without([name for name in circuit.elements if OTHER_CHANNEL.fullmatch(name)]))

    def held_at(self, volts: float) -> "Bench":
        """The terminal on a voltage source."""
        return replace(self, load=(f"V_load out 0 {volts:g}",))

    def run(self, until: float, nodes: tuple[str, ...] = (), *, since: float = 0.0, largest: float = 1e-6) -> "Seen":
        """Let it run. Current out of the terminal (A) and the voltages of `nodes`, on SPICE's own times after `since`."""
        volts = {"+5V": self.supply, "code_1a": self.source, "code_1b": self.sink} | dict(self.lines)
        volts |= {"code_2a": ZERO, "code_2b": ZERO}
        saved = ["i(v_amperes)", *(f"v({self._net(node)})" for node in nodes)]
        deck = [
            "shield",
            ".option method=gear reltol=1e-4 abstol=1e-12 vntol=1e-7 itl1=500 itl4=200 rshunt=1e12",
            models("ref"),
            self.circuit.libraries,
            *(element.line for element in self.circuit.elements.values()),
            *(f"V_{k} {self._net(net)} 0 {_wave(points)}" for k, (net, points) in enumerate(volts.items())),
            f"V_amperes {self._net('out')} out 0",
            *self.load,
            f".ic v(+5VA)={self.supply[0][1]:g} v({self._net('v_ref')})={min(self.supply[0][1], 2.5):g}",
            ".save " + " ".join(saved),
            f".tran {largest:g} {until:g} {since:g} {largest:g} uic",
            ".end",
        ]
        seen = simulate("shield", "\n".join(deck) + "\n", str, deadline=100.0)
        return Seen(
            seen.time,
            seen.trace("i(v_amperes)"),
            {node: seen.trace(name) for node, name in zip(nodes, saved[1:], strict=True)},
        )

    def at_rest(self, node: str = "") -> float:
        """The current (A) once nothing changes any more, or the voltage of `node`."""
        seen = self.run(READY, (node,) if node else (), largest=20e-6)
        return float((seen.volts[node] if node else seen.amperes)[-1])

    def _net(self, node: str) -> str:
        leaves = {net.rpartition("/")[2] for net in self.circuit.nets}
        return self.circuit.net(node) if node in leaves else node


@dataclass(frozen=True)
class Seen:
    """What a run gave: `time` (s), `amperes` out of the terminal, `volts` by node."""

    time: NDArray[np.float64]
    amperes: NDArray[np.float64]
    volts: Mapping[str, NDArray[np.float64]]

    def settled(self, within: float, since: float) -> float:
        """Time (s) after `since` from which the current stays `within` (A) of its last value."""
        away = np.flatnonzero(np.abs(self.amperes - self.amperes[-1]) > within)
        return float(self.time[away[-1] + 1] - since) if len(away) else 0.0


def _wave(points: Points) -> str:
    return "pwl(" + " ".join(f"{time:.9g} {volts:.9g}" for time, volts in points) + ")"
