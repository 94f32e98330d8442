"""The bench: a board, the instruments around it, the wiring between ports, nodes and channels, and the limits. One TOML.

Everything is checked when the file is loaded, so that a mistake is told before any instrument is touched.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from neurorig.hardware import Board, load_board
from neurorig.hardware.memristors import SdcBoard, ThyristorBoard, load_memristor_board
from neurorig.hardware.parts import OPEN
from neurorig.signals import ConfigError, LimitError, Program, nearest, parse, show

from .bench_file import (
    BenchFile,
    DerivedEntry,
    FaultEntry,
    InstrumentEntry,
    MarkerEntry,
    NodeEntry,
    PortEntry,
    SupplyEntry,
    TerminalsEntry,
    TransconductanceEntry,
    read_bench_file,
)
from .delivered import Delivered
from .drivers import DRIVERS, DriverEntry
from .links import check_resource
from .roles import ChannelSetup
from .sensing import SenseChain
from .simulated.faults import Fault

SHIPPED = Path(__file__).with_name("benches")
PUBLISHED = "wu2025_bump"
"""The bench of the published figures, used when no other is named."""


LIGHT = 100
"""A probe of this many times R_a changes a spike by 1 %, within what its other parts scatter."""
SYNC_HIGH = 5.0
"""Volts of a source's logic output when it is high."""
SOURCES = ("CurrentSource", "VoltageSource")
DIGITISERS = ("Oscilloscope", "Digitizer")
"""The roles that drive a port, and those that observe a node."""


@dataclass(frozen=True)
class PortWiring:
    """A port of the board, the source channel that drives it and the limits of this bench."""

    port: str
    instrument: str
    channel: str
    low: float
    high: float
    full_scale: float
    delivered: Delivered
    transconductance: TransconductanceEntry | None = None


@dataclass(frozen=True)
class NodeWiring:
    """A node of the board, the scope channel that sees it and the sense chain in between."""

    node: str
    unit: str
    instrument: str
    channel: str
    sense: SenseChain
    low: float
    high: float

    def showing(self, low: float | None = None, high: float | None = None) -> "NodeWiring":
        """The same with another range to fit on the screen (in the node's unit)."""
        return replace(self, low=self.low if low is None else low, high=self.high if high is None else high)

    def setup(self) -> ChannelSetup:
        """How the scope channel has to be set to see the node's whole range."""
        ends = sorted((self.sense.to_volts(self.low), self.sense.to_volts(self.high)))
        return ChannelSetup(self.channel, ends[0], ends[1], self.sense.attenuation)


@dataclass(frozen=True)
class DerivedNode:
    """A quantity computed from nodes that are observed: the sum of `plus` minus the sum of `minus`."""

    name: str
    unit: str
    plus: tuple[str, ...]
    minus: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """All nodes that it is computed from."""
        return (*self.plus, *self.minus)

    @property
    def formula(self) -> str:
        """``n1.i0 + s11.i_out - s21.i_out``."""
        return " - ".join((" + ".join(self.plus), *self.minus))


@dataclass(frozen=True)
class Marker:
    """Where the source's SYNC OUT arrives."""

    source: str
    scope: str
    channel: str
    level: float

    def setup(self) -> ChannelSetup:
        """A 5 V logic level on the screen."""
        return ChannelSetup(self.channel, -0.5, 5.5)


@dataclass(frozen=True)
class Terminals:
    """What the leads of a source-meter's or multimeter's channel touch, and what must not be exceeded there.

    `device` is a resistance (ohm) or a memristor board, `node` a node of the board (multimeter only), both None: open.
    """

    instrument: str
    channel: str
    device: float | SdcBoard | ThyristorBoard | None
    node: str | None
    leads: float
    voltage: float
    current: float


@dataclass(frozen=True)
class Supply:
    """The bench supply's channel that feeds the board with V+."""

    instrument: str
    channel: str
    voltage: float
    current_limit: float
    wires: Literal[2, 4] = 2


class Bench:
    """A checked bench. `path` is its file; `ports`, `nodes`, `marker`, `terminals` and `supply` are the wiring."""

    def __init__(self, path: Path, content: BenchFile, board: Board | None, sha256: str) -> None:
        self.path, self.content, self.sha256 = path, content, sha256
        self.board_or_none = board
        self.name = path.stem
        self.title = content.title
        self.instruments = dict(content.instruments)
        for name, entry in self.instruments.items():
            self._check_instrument(name, entry)
        self.ports = {name: self._port(name, entry) for name, entry in content.ports.items()}
        self.nodes = {name: self._node(name, entry) for name, entry in content.nodes.items()}
        self.derived = {name: self._derived(name, entry) for name, entry in content.derived.items()}
        self.marker_or_none = None if content.marker is None else self._marker(content.marker)
        self.terminals = {name: self._terminals(name, entry) for name, entry in content.terminals.items()}
        self.supply = None if content.supply is None else self._supply(content.supply)
        self.comparators = {k: self._comparator(k, v) for k, v in content.comparators.items()}
        self.faults = [self._fault(k, entry) for k, entry in enumerate(content.simulation.faults, 1)]
        self._no_channel_twice()

    @property
    def board(self) -> Board:
        """The board on the table. Raises ConfigError when this bench has none."""
        if self.board_or_none is None:
            raise self._wrong("board", "is missing: this needs a board. Name one of: neurorig boards.")
        return self.board_or_none

    @property
    def marker(self) -> Marker:
        """Where the source's SYNC OUT arrives. Raises ConfigError when this bench has no marker line."""
        if self.marker_or_none is None:
            raise self._wrong("marker", "is missing: a protocol needs the TTL that ties source and digitiser together.")
        return self.marker_or_none

    def with_components(self, components: Mapping[str, str]) -> "Bench":
        """The same bench with components as a person set them (``{"s11.R_W": "7 kohm"}``).

        Raises ConfigError, which names the option that they come by and the component.
        """
        if not components:
            return self
        try:
            board = self.board.with_components(components)
        except ConfigError as reason:
            raise ConfigError(f"--set {reason}") from reason
        merged = {**self.content.components, **components}
        return Bench(self.path, self.content.model_copy(update={"components": merged}), board, self.sha256)

    def check_limits(self, programs: Mapping[str, Program]) -> None:
        """Refuse any program with a level outside its port's limits.

        Raises LimitError naming port, value, limit and file; nothing is ever clipped.
        """
        for port, program in programs.items():
            wiring, steps = self.port(port), program.steps()
            beyond = np.flatnonzero((steps.levels > wiring.high) | (steps.levels < wiring.low))
            if len(beyond):
                first = float(steps.levels[beyond[0]])
                word, limit, worst = (
                    ("exceeds", wiring.high, steps.high) if first > 0 else ("is below", wiring.low, steps.low)
                )
                more = f" (and {show(worst, 'A')} later)" if worst != first else ""
                raise LimitError(
                    f"{port}: {show(first, 'A')} at {show(float(steps.edges[beyond[0]]), 's')}{more} {word} this bench's "
                    f'limit of {show(limit, "A")} ({self.path}, [limits."{port}"]). Nothing was switched on. '
                    f"Lower the current, or change the limit if the board stands it."
                )

    def port(self, name: str) -> PortWiring:
        """The wiring of a port; ConfigError if this bench does not drive it."""
        if name not in self.ports:
            wired = ", ".join(self.ports)
            raise ConfigError(
                f"{self.path}: no source channel is wired to port '{name}', only to {wired}. "
                "Wire it, or name another neuron or synapse (-p neuron=...)."
            )
        return self.ports[name]

    def node(self, name: str) -> NodeWiring:
        """The wiring of a node; ConfigError if this bench does not observe it."""
        if name not in self.nodes:
            wired = ", ".join(self.nodes)
            raise ConfigError(
                f"{self.path}: no scope channel is wired to node '{name}', only to {wired}. "
                "Wire it, or name another neuron or synapse (-p neuron=..., -p synapse=...)."
            )
        return self.nodes[name]

    def probe(self, instrument: str, channel: str) -> SenseChain:
        """The probe on a digitiser's channel: that of its node, or a plain cable (x1, 1 Mohm, 2 %) where none is wired."""
        wired = [n.sense for n in self.nodes.values() if (n.instrument, n.channel) == (instrument, channel)]
        return wired[0] if wired else SenseChain(kind="direct", probe=1e6, gain_error=0.02)

    def check_fault(self, fault: Fault) -> None:
        """Raise ConfigError when no instrument here can have it; what of it is wired is told when it is simulated."""
        if fault.name not in self.instruments:
            raise ConfigError(f"{fault}: no such instrument.{nearest(fault.name, self.instruments)}")
        fault.check_role(DRIVERS[self.instruments[fault.name].driver].role)

    @cached_property
    def loads(self) -> dict[str, float]:
        """Input resistance of the probes on voltage nodes (ohm to ground): what the twin has to carry, too."""
        return {n.node: n.sense.probe for n in self.nodes.values() if n.sense.kind == "direct"}

    def loading(self, margin: float) -> list[str]:
        """Warn about every probe that changes what it looks at, or takes more than a tenth of `margin`, the current (A) that
        the protocol lives on."""
        warnings = []
        for node, probe in self.loads.items():
            owner, _, quantity = node.partition(".")
            if quantity == "v_m":
                taken = self.board.nodes[node].high / probe
                if taken > 0.1 * abs(margin):
                    warnings.append(
                        f"{node}: a {show(probe, 'ohm')} probe takes {show(taken, 'A')} from the membrane of {owner}, "
                        f"{taken / abs(margin):.0%} of the margin of {show(abs(margin), 'A')} this protocol lives on. "
                        f"Use a buffer (input current below 1 nA) or do not observe {node}."
                    )
            elif quantity == "v_ap" and probe < LIGHT * (r_a := self.board.neurons[owner].components.R_a):
                warnings.append(
                    f"{node}: a {show(probe, 'ohm')} probe lies in parallel with R_a = {show(r_a, 'ohm')} and makes the spikes "
                    f"of {owner} shorter and lower. Use one of {show(LIGHT * r_a, 'ohm')} or more."
                )
            elif quantity.startswith("v_c"):
                synapse = self.board.synapses[owner]
                warnings.append(
                    f"{node}: a {show(probe, 'ohm')} probe discharges C_s below its threshold with "
                    f"{show(probe * synapse.capacitance, 's')}: it sets the initial charge, hence the dead time."
                )
        return warnings

    # -- checks on load ------------------------------------------------------------------------------------------

    def _check_instrument(self, name: str, entry: InstrumentEntry) -> None:
        try:
            check_resource(entry.resource)
        except ConfigError as reason:
            raise self._wrong(f"instruments.{name}.resource", str(reason)) from reason
        if entry.serial_number is not None and not entry.serial_number.strip():
            raise self._wrong(f"instruments.{name}.serial_number", "is empty. Leave the line out to accept any.")

    def _port(self, name: str, entry: PortEntry) -> PortWiring:
        if name not in self.board.ports:
            raise self._wrong(
                f'ports."{name}"', f"board '{self.board.name}' has no such port.{nearest(name, self.board.ports)}"
            )
        if name not in self.content.limits:
            raise self._wrong(f'limits."{name}"', "is missing: every driven port needs its limits, low and high.")
        limit = self.content.limits[name]
        if not limit.low <= 0 <= limit.high:
            raise self._wrong(f'limits."{name}"', "must allow 0 A: low <= 0 A <= high.")
        instrument, channel = self._channel(entry.channel, f'ports."{name}".channel', *SOURCES)
        driver = DRIVERS[self.instruments[instrument].driver]
        self._check_conversion(name, entry, driver)
        delivered = self._delivered(name, entry)
        return PortWiring(
            name, instrument, channel, limit.low, limit.high, entry.full_scale, delivered, entry.transconductance
        )

    def _check_conversion(self, name: str, entry: PortEntry, driver: DriverEntry) -> None:
        """A source of volts needs its transconductance, a source of current one of its ranges."""
        if driver.role == "VoltageSource":
            if entry.transconductance is None:
                raise self._wrong(
                    f'ports."{name}".transconductance',
                    f"is missing: {driver.model} gives volts. Say what makes current of them, with its gain in A/V.",
                )
            return
        if entry.transconductance is not None:
            raise self._wrong(f'ports."{name}".transconductance', f"{driver.model} gives current by itself.")
        ranges = driver.load().ranges
        if not any(abs(entry.full_scale - r) < 1e-3 * r for r in ranges):
            known = " or ".join(show(r, "A") for r in ranges)
            raise self._wrong(
                f'ports."{name}".full_scale',
                f"{show(entry.full_scale, 'A')} is no range of {entry.channel.partition('.')[0]}: {known}.",
            )

    def _delivered(self, name: str, entry: PortEntry) -> Delivered:
        if not entry.delivered:
            return Delivered()
        commanded, delivered = zip(*entry.delivered, strict=True)
        if len(commanded) < 2 or any(b <= a for a, b in pairwise(commanded)):
            raise self._wrong(f'ports."{name}".delivered', "needs two or more rows, commanded currents rising.")
        return Delivered(commanded, delivered)

    def _node(self, name: str, entry: NodeEntry) -> NodeWiring:
        where = f'nodes."{name}"'
        node = self.board.nodes[self._known_node(name, where)]
        sense = entry.sense
        if sense.kind == "direct" and node.unit != "V":
            raise self._wrong(f"{where}.sense.kind", f"'{name}' is a current; sense it 'across' or by a 'replica'.")
        if sense.kind != "direct" and (node.unit != "A" or sense.resistance is None):
            raise self._wrong(f"{where}.sense", f"'{sense.kind}' is for a current and needs its resistance.")
        post = self.board.synapses[node.owner].post if node.owner in self.board.synapses else node.owner
        if sense.kind == "open" and (post != OPEN or node.quantity != "i_out"):
            why = f"'open' takes {name} off the membrane of {post}, which on board '{self.board.name}' it feeds"
            if post == OPEN:
                why = f"'open' is for the output {node.owner}.i_out, and {name} is within the synapse"
            raise self._wrong(
                f"{where}.sense.kind", f"{why}. Use a 'replica' leg, or sense 'across' the stage's resistor."
            )
        instrument, channel = self._channel(entry.channel, f"{where}.channel", *DIGITISERS)
        low = node.low if entry.low is None else self._quantity(entry.low, node.unit, f"{where}.low")
        high = node.high if entry.high is None else self._quantity(entry.high, node.unit, f"{where}.high")
        if low >= high:
            raise self._wrong(where, f"low ({show(low, node.unit)}) must lie below high ({show(high, node.unit)}).")
        probes = DRIVERS[self.instruments[instrument].driver].load().probes
        if sense.attenuation not in probes:
            raise self._wrong(
                f"{where}.sense.attenuation",
                f"{sense.attenuation:g} is not one that {instrument} can be set to: {', '.join(f'{p:g}' for p in probes)}.",
            )
        wiring = NodeWiring(name, node.unit, instrument, channel, sense, low, high)
        self._check_setup(f"{where}: low .. high", instrument, wiring.setup())
        return wiring

    def _derived(self, name: str, entry: DerivedEntry) -> DerivedNode:
        where = f'derived."{name}"'
        if name in self.board.nodes or name in self.content.nodes:
            raise self._wrong(
                where, f"'{name}' is a node of board '{self.board.name}' and is measured, not derived. Rename it."
            )
        if not entry.plus:
            raise self._wrong(f"{where}.plus", "needs at least one node.")
        for key, names in (("plus", entry.plus), ("minus", entry.minus)):
            for part in names:
                if part not in self.nodes:
                    raise self._wrong(
                        f"{where}.{key}",
                        f"'{part}' is not observed on this bench.{nearest(part, self.nodes)} Give it a channel.",
                    )
        parts = (*entry.plus, *entry.minus)
        if len(set(parts)) < len(parts):
            raise self._wrong(where, "names a node twice: its error would be counted as if it were two measurements.")
        units = {self.nodes[part].unit for part in parts}
        if len(units) > 1:
            raise self._wrong(where, f"adds quantities of different units ({' and '.join(sorted(units))}).")
        return DerivedNode(name, units.pop(), entry.plus, entry.minus)

    def _marker(self, entry: MarkerEntry) -> Marker:
        source, _ = self._channel(entry.source, "marker.source", *SOURCES, known=("sync",))
        scope, channel = self._channel(entry.channel, "marker.channel", *DIGITISERS, trigger=True)
        marker = Marker(source, scope, channel, entry.level)
        if not 0 < entry.level < SYNC_HIGH:
            raise self._wrong(
                "marker.level",
                f"SYNC OUT is a logic level of 0 or {show(SYNC_HIGH, 'V')} and never crosses {show(entry.level, 'V')}.",
            )
        self._check_setup("marker.level", scope, marker.setup(), entry.level)
        return marker

    def _comparator(self, text: str, node: str) -> str:
        where = f'comparators."{text}"'
        self._channel(text, where, "CurrentSource")
        _, _, quantity = self._known_node(node, where).partition(".")
        if quantity != "v_ap":
            outputs = ", ".join(f"'{n}.v_ap'" for n in self.board.neurons)
            raise self._wrong(where, f"'{node}' is no spike output; a comparator stamps the spikes of {outputs}.")
        return node

    def _check_setup(self, where: str, scope: str, setup: ChannelSetup, level: float | None = None) -> None:
        """Refuse now what the oscilloscope's driver would refuse when everything is connected."""
        try:
            DRIVERS[self.instruments[scope].driver].load().check_setup(setup, level)
        except LimitError as reason:
            raise self._wrong(where, f"{scope}.{setup.channel}: {reason}") from reason

    def _known_node(self, name: str, where: str) -> str:
        if name not in self.board.nodes:
            raise self._wrong(where, f"board '{self.board.name}' has no such node.{nearest(name, self.board.nodes)}")
        return name

    def _quantity(self, text: str, unit: str, where: str) -> float:
        try:
            return parse(text, unit)
        except ConfigError as reason:
            raise self._wrong(where, str(reason)) from reason

    def _terminals(self, name: str, entry: TerminalsEntry) -> Terminals:
        where = f'terminals."{name}"'
        instrument, channel = self._channel(name, where, "SourceMeter", "Multimeter")
        role = DRIVERS[self.instruments[instrument].driver].role
        if bool(entry.device) and bool(entry.node):
            raise self._wrong(where, "touches a device or a node, not both.")
        if entry.node and role != "Multimeter":
            raise self._wrong(f"{where}.node", "is for a multimeter; a source-meter's leads touch a device.")
        if role == "SourceMeter" and (entry.voltage is None or entry.current is None):
            raise self._wrong(where, "needs its limits: voltage and current that may never be exceeded there.")
        node = self._known_node(entry.node, f"{where}.node") if entry.node else None
        if node is not None and self.board.nodes[node].unit != "V":
            raise self._wrong(f"{where}.node", f"'{node}' is a current; a multimeter here measures a voltage.")
        most = (entry.voltage or math.inf, entry.current or math.inf)
        return Terminals(instrument, channel, self._device(entry.device, where), node, entry.leads, *most)

    def _device(self, text: str, where: str) -> float | SdcBoard | ThyristorBoard | None:
        if not text:
            return None
        if text[0].isdigit():
            ohms = self._quantity(text, "ohm", f"{where}.device")
            if not 0 < ohms < math.inf:
                raise self._wrong(f"{where}.device", f"{text} is no resistance; leave the line out for open leads.")
            return ohms
        beside = self.path.parent / text
        try:
            board = load_memristor_board(beside if beside.is_file() else text)
        except ConfigError as reason:
            raise self._wrong(f"{where}.device", f'is no resistance such as "10 kohm", and: {reason}') from reason
        if not isinstance(board, SdcBoard | ThyristorBoard):
            raise self._wrong(f"{where}.device", f"'{text}' has more than two terminals.")
        return board

    def _supply(self, entry: SupplyEntry) -> Supply:
        instrument, channel = self._channel(entry.channel, "supply.channel", "PowerSupply")
        voltage = self.board.supply if entry.voltage is None else entry.voltage
        if abs(voltage - self.board.supply) > 1e-6:
            raise self._wrong(
                "supply.voltage",
                f"{show(voltage, 'V')} is not the {show(self.board.supply, 'V')} that board '{self.board.name}' is "
                "described at, and V+ sets every weight. Correct one of them (supply in the board file).",
            )
        return Supply(instrument, channel, voltage, entry.current_limit, entry.wires)

    def _channel(
        self, text: str, where: str, *roles: str, known: tuple[str, ...] = (), trigger: bool = False
    ) -> tuple[str, str]:
        """Instrument and channel of ``instrument.channel``.

        `known`: the names allowed instead of the driver's channels; `trigger`: its trigger inputs are allowed as well.
        """
        instrument, dot, channel = text.partition(".")
        drivers = {name: DRIVERS[entry.driver] for name, entry in self.instruments.items()}
        names = {n: known or (*d.channels, *(d.trigger_inputs if trigger else ())) for n, d in drivers.items()}
        if instrument not in names or not channel:
            complete = [
                f"{name}.{c}"
                for name in names
                for c in names[name]
                if DRIVERS[self.instruments[name].driver].role in roles
            ]
            meant = nearest(instrument, names) if dot else nearest(text, complete)
            raise self._wrong(where, f"'{text}' is not instrument.channel.{meant}")
        driver = DRIVERS[self.instruments[instrument].driver]
        if driver.role not in roles:
            raise self._wrong(where, f"'{instrument}' ({driver.model}) is no {' or '.join(roles)}.")
        if channel not in names[instrument]:
            raise self._wrong(
                where, f"{driver.model} has no channel '{channel}' here. Known: {', '.join(names[instrument])}."
            )
        return instrument, channel

    def _fault(self, number: int, entry: FaultEntry) -> Fault:
        try:
            fault = Fault(entry.instrument, entry.kind, entry.after, entry.count, entry.value)
            self.check_fault(fault)
        except ConfigError as reason:
            raise self._wrong(f"simulation.faults, number {number}", str(reason)) from reason
        return fault

    def _no_channel_twice(self) -> None:
        marker = self.marker_or_none
        used = {} if marker is None else {(marker.scope, marker.channel): "the marker"}
        wired = [("ports", p.port, (p.instrument, p.channel)) for p in self.ports.values()]
        wired += [("nodes", n.node, (n.instrument, n.channel)) for n in self.nodes.values()]
        wired += [("terminals", name, (t.instrument, t.channel)) for name, t in self.terminals.items()]
        for table, name, channel in wired:
            if channel in used:
                raise self._wrong(
                    f'{table}."{name}".channel', f"{'.'.join(channel)} is already wired to {used[channel]}."
                )
            used[channel] = name

    def _wrong(self, where: str, what: str) -> ConfigError:
        return ConfigError(f"{self.path}: {where}: {what}")


def list_benches() -> list[str]:
    """Names of the benches that come with neurorig."""
    return sorted(p.stem for p in SHIPPED.glob("*.toml"))


def load_bench(name_or_path: str | Path = PUBLISHED) -> Bench:
    """Load and check a bench file, or a shipped bench by its name. Raises ConfigError naming file and key."""
    path = find_bench(name_or_path)
    return assemble(path, *read_bench_file(path))


def assemble(path: Path, content: BenchFile, sha256: str = "") -> "Bench":
    """Check what the tables say together, also before they are written to `path`. Raises ConfigError naming file and key."""
    for name, entry in content.instruments.items():
        if entry.driver not in DRIVERS:
            raise ConfigError(
                f"{path}: instruments.{name}.driver: '{entry.driver}' is not known.{nearest(entry.driver, DRIVERS)}"
            )
    return Bench(path, content, _as_built(path, content), sha256)


def _as_built(path: Path, content: BenchFile) -> Board | None:
    if content.board is None:
        return None
    beside = path.parent / content.board
    try:
        board = load_board(beside if beside.is_file() else content.board)
    except ConfigError as reason:
        raise ConfigError(f"{path}: board: {reason}") from reason
    try:
        return board.with_components(content.components) if content.components else board
    except ConfigError as reason:
        raise ConfigError(f"{path}: [components] {reason}") from reason


def find_bench(name_or_path: str | Path) -> Path:
    """Where a bench file is, or the shipped bench of this name. Raises ConfigError."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    shipped = SHIPPED / f"{name_or_path}.toml"
    if shipped.is_file():
        return shipped
    raise ConfigError(f"No bench file '{name_or_path}'.{nearest(str(name_or_path), list_benches())}")
