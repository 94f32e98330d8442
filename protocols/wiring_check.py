"""`WiringCheck`: nudges each port with a small subthreshold step and sees which channel moves, by how much.

What should move is known from the board's twin: the port's own current by the step, V_m by what the leak makes of it,
V_ap by the step times R_a. Nothing else, and no spike. Synaptic currents appear only with spikes: `fire` adds them.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field

from neurorig.signals import ConfigError, Current, LimitError, Steps, show

from .planning import sampling_rate
from .protocol import Context, Protocol, Result, Sweeps
from .stimuli import Stimulus, hold
from .sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from neurorig.analysis.report import Document
    from neurorig.hardware import Board
    from neurorig.hardware.twin import Twin
    from neurorig.instruments.bench import Bench
    from neurorig.records import Run

SAFE = 0.3
"""No nudge is more than this part of I_min: boards of one design differ by 20 %, and a nudge must not make spikes."""
WINDOW = 0.1
"""Seconds of each mean: whole periods of the mains at 50 and 60 Hz."""
BASE = (-WINDOW, 0.0)
REST, BEFORE, LONG, BURST = 1.0, 0.12, 0.4, 2.0
"""Seconds of rest before a sweep, of record before the step, of the step, and of the spikes: longer than a synapse is dead."""
RATE = 20e3
BRISK = 1.5
"""Times I_min that make every neuron of a design fire."""
WIDER, LEAST, MOST = 15.0, 0.1, 5.0
"""The screen of a nudge: times what should be seen, so that a wrong probe factor still fits; at least and at most (V)."""


def _names(value: object) -> object:
    return tuple(part for part in value.replace(",", " ").split()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class WiringCheck(Protocol):
    """Small steps of current at each port; every channel is recorded each time and compared with the twin."""

    name: ClassVar[str] = "wiring_check"
    title: ClassVar[str] = "Wiring check"
    source: ClassVar[str] = "what should move is computed from the board"

    step: Current = Field(5e-6, description="the nudge; never above 0.3 I_min", gt=0)
    fire: bool = Field(False, description="also let each neuron fire for 2 s at 1.5 I_min: spikes reach every channel")
    ports: Names = Field((), description="ports to nudge, separated by commas; all that the bench drives if empty")
    nodes: Names = Field((), description="nodes to look at, separated by commas; all that the bench sees if empty")

    def on(self, bench: "Bench") -> Self:
        """All ports and nodes between which the marker ties. Raises ConfigError when there are none."""
        marker = bench.marker
        ports = self.ports or tuple(p.port for p in bench.ports.values() if p.instrument == marker.source)
        nodes = self.nodes or tuple(n.node for n in bench.nodes.values() if n.instrument == marker.scope)
        if not ports or not nodes:
            raise ConfigError(
                f"{bench.path}: there is no port on {marker.source} or no node on {marker.scope}, the two that the marker "
                "ties together: nothing can be nudged and seen."
            )
        return self.model_copy(update={"ports": ports, "nodes": nodes})

    def driven(self) -> tuple[str, ...]:
        """Every port, one after the other."""
        return self.ports

    def observed(self) -> tuple[str, ...]:
        """Every node, each time."""
        return self.nodes

    def sweeps(self, board: "Board", context: Context) -> Sweeps:
        """Up and down at each port, as far as its limits allow; then spikes, if they are wanted."""
        if context.bench is None:
            raise ConfigError(f"{self.name} is about the wires of a bench; give it one.")
        planned = [
            self._nudge(board, context, port, step) for port in self.ports for step in self._steps(port, context)
        ]
        screens = _screens(context.bench, self.nodes, planned)
        for sweep in planned:
            yield replace(sweep, screens=screens)
        if self.fire:
            for port in self.ports:
                yield self._burst(board, context, port)

    def analyse(self, run: "Run") -> Result:
        """What moved, what should have, and what to do about the difference."""
        from .wiring_analysis import analyse_wiring

        return analyse_wiring(self, run)

    def document(self, run: "Run", result: Result) -> "Document":
        """The findings, every channel's answer to every nudge, and where each channel stands at zero."""
        from .wiring_report import wiring_document

        return wiring_document(run, result)

    def _steps(self, port: str, context: Context) -> "Iterator[float]":
        """The nudges (A) of a port. The default is made smaller where it must be; one that was chosen is refused."""
        assert context.bench is not None
        wiring, highest = context.bench.port(port), SAFE * context.i_min[port]
        chosen = self.step != type(self).model_fields["step"].default
        if chosen and self.step > highest:
            raise LimitError(
                f"{port}: a nudge of {show(self.step, 'A')} is more than {SAFE:g} I_min = {show(highest, 'A')} of this board: "
                "it could make spikes. Nothing was switched on. Choose a smaller --step."
            )
        yield self.step if chosen else min(self.step, highest, wiring.high)
        if (down := min(self.step, highest, -wiring.low)) >= 0.5 * min(self.step, highest):
            yield -down

    def _nudge(self, board: "Board", context: Context, port: str, step: float) -> Sweep:
        during = (LONG - WINDOW, LONG)
        expected = _expected(board, context, self.nodes, (port, hold(step, LONG)), during)
        return Sweep(
            label=f"{port} by {show(step, 'A')}",
            drive={port: hold(step, LONG, "nudge")},
            observe=self.nodes,
            rate=RATE,
            conditioning={port: hold(0.0, REST, "rest")},
            pretrigger=BEFORE,
            state=f"rested: {show(REST, 's')} at zero current",
            params={
                "role": "nudge", "port": port, "step": step, "before": BASE, "during": during,
                "expected": {n: e - b for n, (b, e, _) in expected.items()}, "zero": {n: b for n, (b, _, _) in expected.items()},
            },
        )  # fmt: skip

    def _burst(self, board: "Board", context: Context, port: str) -> Sweep:
        neuron, level = port.partition(".")[0], BRISK * context.i_min[port]
        during = (-WINDOW, BURST)
        expected = _expected(board, context, self.nodes, (port, hold(level, BURST)), during)
        return Sweep(
            label=f"{neuron} fires at {show(level, 'A')}",
            drive={port: hold(level, BURST, "fire")},
            observe=self.nodes,
            rate=sampling_rate(board.tau_a(neuron), 200.0, 2.0),
            conditioning={port: hold(0.0, REST, "rest")},
            pretrigger=BEFORE,
            state=f"rested: {show(REST, 's')} at zero current",
            params={
                "role": "fire", "port": port, "step": level, "before": BASE, "during": during,
                "expected": {n: s for n, (_, _, s) in expected.items()},
            },
        )  # fmt: skip


def _expected(
    board: "Board", context: Context, nodes: tuple[str, ...], drive: tuple[str, Stimulus], during: tuple[float, float]
) -> dict[str, tuple[float, float, float]]:
    """By node what the twin says: mean before, mean during, and the swing during; V or A."""
    from neurorig.hardware.twin import Twin  # compiled code, only when it runs

    assert context.bench is not None
    twin = Twin(board, loads=context.bench.loads)
    port, steps = drive[0], drive[1].steps()
    twin.play(port, Steps(steps.edges_ns, context.bench.port(port).delivered(steps.levels)), REST)
    twin.advance(REST + steps.duration)
    found = {}
    for node in nodes:
        first, second = (_sampled(twin, node, start, stop) for start, stop in (BASE, during))
        found[node] = (float(first.mean()), float(second.mean()), float(second.max() - second.min()))
    return found


def _sampled(twin: "Twin", node: str, start: float, stop: float) -> "NDArray[np.float64]":
    return twin.sample(node, REST + start, 1 / RATE, round((stop - start) * RATE))


def _screens(bench: "Bench", nodes: tuple[str, ...], sweeps: list[Sweep]) -> dict[str, tuple[float, float]]:
    """By node what the screen shows, in the node's unit: little around zero, the same for all nudges."""
    screens = {}
    for node in nodes:
        per_unit = bench.node(node).sense.volts_per_unit
        largest = max(abs(s.params["expected"][node] * per_unit) for s in sweeps)
        reach = min(max(WIDER * largest, LEAST), MOST) / abs(per_unit)
        screens[node] = (-reach, reach)
    return screens
