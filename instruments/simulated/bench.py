"""A bench file with every instrument replaced by a simulated one of the same model, all sharing one world."""

import json
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from neurorig.hardware.memristors import SdcBoard, ThyristorBoard, TwoTerminal
from neurorig.hardware.twin import Twin
from neurorig.signals import ConfigError, show

from ..bench import Bench
from ..delivered import Delivered
from ..drivers import DRIVERS, DriverEntry
from ..sensing import SenseChain
from ..wiring import PortWiring, Terminals
from ..wiring_checks import SOURCES
from .breakdowns import Breakdowns
from .device import Device
from .faults import Fault, read_fault
from .into_resistor import Bypass, IntoLoad, IntoResistor
from .leads import Leads, Resistor
from .lines import Converter, LogicLine, NodeInput, OpenOutput, PortOutput, SpikeWire
from .models.arduino_source import SimulatedArduinoSource
from .world import Clock, World

JUMPERS = {"FULL": 250e-6, "QUARTER": 62.5e-6}
"""Full scale (A) of the current source by its range jumper (hardware/firmware/PROTOCOL.md, section 1)."""


@dataclass
class SimulatedBench:
    """World and simulated instruments of one bench; `devices` are ready to be served."""

    bench: Bench
    seed: int = 0
    paced: bool = False
    bypass: Bypass | None = None
    """A source channel that goes into a resistor instead of the board."""
    into: IntoResistor | None = field(init=False, default=None)
    """That resistor."""
    world: World = field(init=False)
    devices: dict[str, Device] = field(init=False)
    sync: dict[str, LogicLine] = field(init=False, default_factory=dict)
    """SYNC OUT of each source."""
    leads: dict[str, Leads] = field(init=False, default_factory=dict)
    """What holds two leads, by ``instrument.channel``."""
    breakdowns: Breakdowns = field(init=False)
    """What is wrong with which instrument; those of the bench file from the start."""

    def __post_init__(self) -> None:
        self.world = World(self._twin(), paced=self.paced)
        self.breakdowns = Breakdowns(self.world, self.bench.instruments, self.seed)
        # Sources first: their SYNC OUT is what a scope channel looks at.
        names = sorted(self.bench.instruments, key=lambda name: self._driver(name).role not in SOURCES)
        self.devices = {name: self._build(name) for name in names}
        self.breakdowns.devices.update(self.devices)
        for fault in self.bench.faults:
            self.fault(fault)

    def fault(self, fault: Fault) -> None:
        """Let something go wrong, now or later. Raises ConfigError when this bench cannot have it."""
        self.bench.check_fault(fault)
        self.breakdowns.add(fault)

    def mend(self, where: str) -> None:
        """End the faults of an instrument, of one of its channels (``source.1``), or of ``all``. Raises ConfigError."""
        self.breakdowns.mend(where)

    def move_jumper(self, where: str, full_scale: float) -> None:
        """Put the range jumper of a source's channel (``source.1``) as a hand does. Raises ConfigError."""
        name, _, channel = where.partition(".")
        device = self.devices.get(name)
        word = next((word for word, scale in JUMPERS.items() if abs(scale - full_scale) < 1e-3 * scale), None)
        if device is None or word is None or channel not in ("1", "2") or not hasattr(device, "move_jumper"):
            raise ConfigError(f"{where} has no range jumper for {show(full_scale, 'A')}.")
        device.move_jumper(int(channel), word)
        if self.into is not None and self.bypass is not None and self.bypass.channel == where:
            self.into.quartered = word == "QUARTER"

    def _twin(self) -> "Twin | Clock":
        """The board's twin, used once: the first time on a machine it is compiled for some seconds, without an answer."""
        bench = self.bench
        if bench.board_or_none is None:
            return Clock()
        twin = Twin(bench.board, loads=bench.loads)
        for port in bench.ports:
            twin.drive(port, 0.0)
        twin.advance(1e-3)
        for node in bench.nodes:
            twin.sample(node, 0.0, 1e-4, 10)
        return Twin(bench.board, seed=self.seed, loads=bench.loads)

    def _driver(self, name: str) -> DriverEntry:
        return DRIVERS[self.bench.instruments[name].driver]

    def _build(self, name: str) -> Device:
        builders: dict[str, Callable[[str], Device]] = {
            "CurrentSource": self._source,
            "VoltageSource": self._generator,
            "Oscilloscope": self._digitiser,
            "Digitizer": self._digitiser,
            "SourceMeter": self._at_terminals,
            "Multimeter": self._at_terminals,
            "PowerSupply": self._power_supply,
        }
        return builders[self._driver(name).role](name)

    def _source(self, name: str) -> Device:
        wired = {p.channel: p for p in self.bench.ports.values() if p.instrument == name}
        outputs = {n: self._current(name, str(n), wired.get(str(n))) for n in (1, 2)}
        self.sync[name] = LogicLine(self.world)
        jumpers = {n: self._jumper(wired[str(n)]) if str(n) in wired else "FULL" for n in (1, 2)}
        comparators = {
            int(where.partition(".")[2]): SpikeWire(self.world, node.partition(".")[0])
            for where, node in self.bench.comparators.items()
            if where.partition(".")[0] == name
        }
        simulated: Callable[..., Device] = SimulatedArduinoSource
        serial, more = self._serial(name), dict[str, object]()
        if (kind := self.bench.instruments[name].simulate) != "model":
            from .models.firmware_source import BOOT, FirmwareSource, fitting
            from .models.shield import AS_DRAWN, IDEAL

            simulated = FirmwareSource
            more = {"boot_delay": BOOT, "shield": AS_DRAWN if kind == "shield" else IDEAL}
            serial = self.bench.instruments[name].serial_number or fitting(serial)
        return simulated(
            self.world,
            outputs,
            self.sync[name],
            None,
            comparators,
            serial=serial,
            range_jumper=jumpers,
            seed=self._seed(name),
            **more,
        )

    def _current(self, name: str, channel: str, port: PortWiring | None) -> PortOutput | OpenOutput | IntoResistor:
        """What a current output is connected to."""
        if self.bypass is not None and self.bypass.channel == f"{name}.{channel}":
            as_board = self.bypass.like(self.bench.board.ports[port.port] if port is not None else None)
            delivered = port.delivered if port is not None else Delivered()
            self.into = IntoResistor(self.world, as_board, delivered, self._seed(self.bypass.channel))
            self.breakdowns.connect(name, channel, self.into)
            return self.into
        return self._output(port) if port is not None else OpenOutput()

    def _measures(self, name: str, channel: str) -> IntoResistor | None:
        """The resistor, if that is what this channel looks at."""
        bypassed = self.bypass is not None and f"{name}.{channel}" in self.bypass.meters
        return self.into if bypassed else None

    def _generator(self, name: str) -> Device:
        """A generator whose volts become current in the port's converter; a channel without one puts out into nothing."""
        outputs = {
            p.channel: Converter(self._current(name, p.channel, p), p.transconductance, self.world)
            for p in self.bench.ports.values()
            if p.instrument == name and p.transconductance is not None
        }
        self.sync[name] = LogicLine(self.world)
        return self._made(name, outputs, self.sync[name])

    def _digitiser(self, name: str) -> Device:
        """An oscilloscope or a streaming digitiser: `inputs` by channel name, and the probes on them."""
        inputs: dict[str, NodeInput | LogicLine | IntoResistor] = {
            n.channel: self._input(name, n.channel, n.node, n.sense)
            for n in self.bench.nodes.values()
            if n.instrument == name
        }
        marker = self.bench.marker_or_none
        if marker is not None and marker.scope == name:
            inputs[marker.channel] = self.sync[marker.source]
        for channel in self._driver(name).channels:
            if (into := self._measures(name, channel)) is not None:
                into.probes = self.bench.probe(name, channel).probe
                inputs[channel] = into
        probes = {n.channel: n.sense.attenuation for n in self.bench.nodes.values() if n.instrument == name}
        return self._made(name, inputs, probes=probes)

    def _at_terminals(self, name: str) -> Device:
        """A source-meter or a multimeter: what its leads touch, by channel name."""
        wired = {t.channel: t for t in self.bench.terminals.values() if t.instrument == name}
        return self._made(name, {c: self._touched(name, c, wired.get(c)) for c in self._driver(name).channels})

    def _touched(self, name: str, channel: str, wired: Terminals | None) -> Leads | NodeInput | IntoResistor:
        if (into := self._measures(name, channel)) is not None:
            if self._driver(name).role == "Multimeter":
                return into
            return self._held(name, channel, Leads(self.world, IntoLoad(into)))
        if wired is not None and wired.node is not None:
            return self._input(name, channel, wired.node, SenseChain(kind="direct"))
        device = None if wired is None else wired.device
        if isinstance(device, SdcBoard | ThyristorBoard):
            touched: TwoTerminal | None = device.memristor(seed=self._seed(f"{name}.{channel}"))
        else:
            touched = None if device is None else Resistor(device)
        return self._held(name, channel, Leads(self.world, touched, resistance=0.0 if wired is None else wired.leads))

    def _power_supply(self, name: str) -> Device:
        """A bench supply, its outputs open: what the board takes from V+ is not part of the twin."""
        return self._made(name, {c: self._held(name, c, Leads(self.world)) for c in self._driver(name).channels})

    def _held(self, name: str, channel: str, leads: Leads) -> Leads:
        self.leads[f"{name}.{channel}"] = leads
        self.breakdowns.connect(name, channel, leads)
        return leads

    def _output(self, port: PortWiring) -> PortOutput:
        output = PortOutput(self.world, port.port, port.delivered)
        self.breakdowns.connect(port.instrument, port.channel, output)
        return output

    def _input(self, name: str, channel: str, node: str, sense: SenseChain) -> NodeInput:
        found = NodeInput(self.world, node, sense)
        self.breakdowns.connect(name, channel, found)
        return found

    def _made(self, name: str, *connectors: object, **more: object) -> Device:
        simulated: Callable[..., Device] = self._driver(name).load_simulated()
        return simulated(self.world, *connectors, serial=self._serial(name), seed=self._seed(name), **more)

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
    """Tells what physically happens at the ports, and lets things go wrong: one JSON line for each line received.

    It is no instrument of the bench: a test or a curious person asks it whether current really flows, and that must not
    keep the world from following the wall clock in a silence.
    """

    def __init__(self, simulated: SimulatedBench) -> None:
        self._simulated = simulated

    def session(self) -> "Watcher":
        """A conversation with a new client."""
        return Watcher(self)

    def answer(self, line: bytes) -> dict[str, object]:
        """What happens now: ``{"now": s, "ports": {"n1.i0": A}, "leads": {"smu.1": [V, A]}}``; leads in the air are null.

        ``"hot_switched": {"smu.1": 0}``: how often a relay was opened under a level since the start (`Leads.hot_switched`).
        To ``{"fault": {"instrument": "scope", "kind": "late", "value": "1 s"}}`` and to ``{"mend": "scope"}`` it gives
        the faults in force and to come, or what is wrong with the request: ``{"faults": [...]}``, ``{"error": "..."}``.
        ``{"resistor": 47e3}`` puts another resistor where a source channel goes into one, ``{"jumper": {"source.1": 62.5e-6}}``
        moves a range jumper.
        """
        try:
            asked = json.loads(line)
        except ValueError:  # any line will do to be told what happens
            asked = None
        if isinstance(asked, dict):
            return self._done(asked)
        world = self._simulated.world
        world.advance_to(world.now + MOMENT)
        hot_switched = {name: leads.hot_switched for name, leads in self._simulated.leads.items()}
        return {"now": world.now, "ports": self._ports(), "leads": self._leads(), "hot_switched": hot_switched}

    def _done(self, asked: dict[str, object]) -> dict[str, object]:
        try:
            match asked:
                case {"fault": str(text)}:
                    self._simulated.fault(read_fault(text))
                case {"fault": dict(words)}:
                    self._simulated.fault(Fault(**words))
                case {"resistor": float(ohms) | int(ohms)} if self._simulated.into is not None:
                    self._simulated.into.ohms = float(ohms)
                case {"jumper": dict(places)}:
                    for where, full_scale in places.items():
                        self._simulated.move_jumper(where, full_scale)
                case {"mend": str(where)}:
                    self._simulated.mend(where)
                case _ if asked:
                    return {"error": 'Write {"fault": {"instrument": ..., "kind": ...}}, or {"mend": "scope"}.'}
        except (ConfigError, TypeError, AttributeError) as reason:
            return {"error": str(reason)}
        return {"faults": self._simulated.breakdowns.told()}

    def _ports(self) -> dict[str, float]:
        world = self._simulated.world
        return {p: float(world.twin.sample(p, world.now, 1e-6, 1)[0]) for p in self._simulated.bench.ports}

    def _leads(self) -> dict[str, tuple[float, float] | None]:
        return {
            name: (None if leads.held is None else leads.look()[:2]) for name, leads in self._simulated.leads.items()
        }


class Watcher:
    """One client of the witness."""

    only_watches = True

    def __init__(self, witness: Witness) -> None:
        self._witness, self._held = witness, b""

    def receive(self, data: bytes) -> bytes:
        """Answer each line with one line of JSON."""
        *lines, self._held = (self._held + data).split(b"\n")
        return b"".join(json.dumps(self._witness.answer(line)).encode() + b"\n" for line in lines)

    def close(self) -> None:
        """The client has gone."""
        self._held = b""
