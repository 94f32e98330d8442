"""A bench file with every instrument replaced by a simulated one of the same model, all sharing one world."""

import json
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from neurorig.hardware.twin import Twin
from neurorig.signals import ConfigError, show

from ..bench import Bench, PortWiring
from .arduino_source import SimulatedArduinoSource
from .device import Device
from .lines import LogicLine, NodeInput, OpenInput, OpenOutput, PortOutput, SpikeWire
from .rigol_ds1000z import SimulatedRigolDS1000Z
from .world import World

JUMPERS = {"FULL": 250e-6, "QUARTER": 62.5e-6}
"""Full scale (A) of the current source by its range jumper (hardware/firmware/PROTOCOL.md, section 1)."""


@dataclass
class SimulatedBench:
    """World and simulated instruments of one bench; `devices` are ready to be served."""

    bench: Bench
    seed: int = 0
    paced: bool = False
    world: World = field(init=False)
    devices: dict[str, Device] = field(init=False)
    sync: dict[str, LogicLine] = field(init=False, default_factory=dict)
    """SYNC OUT of each source."""

    def __post_init__(self) -> None:
        self._compile()
        self.world = World(Twin(self.bench.board, seed=self.seed, loads=self.bench.loads), paced=self.paced)
        # Sources first: their SYNC OUT is what a scope channel looks at.
        entries = sorted(self.bench.instruments.items(), key=lambda item: item[1].driver != "arduino_source")
        self.devices = {name: self._build(name, entry.driver) for name, entry in entries}

    def _compile(self) -> None:
        """Use a twin once: the first time on a machine it is compiled for some seconds, in which no instrument answers."""
        twin = Twin(self.bench.board, loads=self.bench.loads)
        for port in self.bench.ports:
            twin.drive(port, 0.0)
        twin.advance(1e-3)
        for node in self.bench.nodes:
            twin.sample(node, 0.0, 1e-4, 10)

    def _build(self, name: str, driver: str) -> Device:
        builders: dict[str, Callable[[str], Device]] = {"arduino_source": self._source, "rigol_ds1000z": self._scope}
        if driver not in builders:
            raise ConfigError(f"{self.bench.path}: instruments.{name}: there is no simulated '{driver}' yet.")
        return builders[driver](name)

    def _source(self, name: str) -> Device:
        wired = {p.channel: p for p in self.bench.ports.values() if p.instrument == name}
        outputs = {
            n: PortOutput(self.world, wired[str(n)].port, wired[str(n)].delivered) if str(n) in wired else OpenOutput()
            for n in (1, 2)
        }
        self.sync[name] = LogicLine(self.world)
        jumpers = {n: self._jumper(wired[str(n)]) if str(n) in wired else "FULL" for n in (1, 2)}
        comparators = {
            int(where.partition(".")[2]): SpikeWire(self.world, node.partition(".")[0])
            for where, node in self.bench.comparators.items()
            if where.partition(".")[0] == name
        }
        return SimulatedArduinoSource(
            self.world,
            outputs,
            self.sync[name],
            None,
            comparators,
            serial=self._serial(name),
            range_jumper=jumpers,
            seed=self._seed(name),
        )

    def _scope(self, name: str) -> Device:
        inputs: dict[str, NodeInput | LogicLine | OpenInput] = {f"CHAN{n}": OpenInput() for n in (1, 2, 3, 4)}
        for node in self.bench.nodes.values():
            if node.instrument == name:
                inputs[f"CHAN{node.channel}"] = NodeInput(self.world, node.node, node.sense)
        marker = self.bench.marker
        if marker.scope == name:
            inputs[f"CHAN{marker.channel}"] = self.sync[marker.source]
        probes = {f"CHAN{n.channel}": n.sense.attenuation for n in self.bench.nodes.values() if n.instrument == name}
        return SimulatedRigolDS1000Z(
            self.world, inputs, serial=self._serial(name), seed=self._seed(name), probes=probes
        )

    def _jumper(self, port: PortWiring) -> str:
        """The jumper as the bench says it stands."""
        for jumper, full_scale in JUMPERS.items():
            if abs(port.full_scale - full_scale) < 1e-3 * full_scale:
                return jumper
        ranges = " or ".join(show(full_scale, "A") for full_scale in JUMPERS.values())
        raise ConfigError(
            f'{self.bench.path}: ports."{port.port}".full_scale: {show(port.full_scale, "A")} is no range of this source '
            f"({ranges})."
        )

    def _serial(self, name: str) -> str:
        """The one that the bench expects, or one of this process alone: nobody takes another world's instrument for it."""
        return self.bench.instruments[name].serial_number or f"SIM-{name.upper()}-{os.getpid()}"

    def _seed(self, name: str) -> int:
        return zlib.crc32(f"{self.seed}/{name}".encode())


MOMENT = 1e-6
"""Seconds that pass when the witness is asked: at the very moment of a change the twin still gives the value before it."""


class Witness:
    """Tells what physically happens at the ports: one JSON line for each line received.

    It is no instrument of the bench: a test or a curious person asks it whether current really flows, and that must not
    keep the world from following the wall clock in a silence.
    """

    only_watches = True

    def __init__(self, simulated: SimulatedBench) -> None:
        self._simulated = simulated

    def session(self) -> "Witness":
        """One for all connections: it has no state."""
        return self

    def receive(self, data: bytes) -> bytes:
        """Answer each line with ``{"now": s, "ports": {"n1.i0": A}}``."""
        world, twin = self._simulated.world, self._simulated.world.twin
        world.advance_to(world.now + MOMENT)
        ports = {port: float(twin.sample(port, twin.now, 1e-6, 1)[0]) for port in self._simulated.bench.ports}
        answer = json.dumps({"now": twin.now, "ports": ports}).encode() + b"\n"
        return answer * data.count(b"\n")

    def close(self) -> None:
        """Nothing to release."""
