"""From the tables of a bench file to its wiring: everything that the tables say together is checked here.

Raises ConfigError naming file and key, so that a mistake is told before any instrument is touched.
"""

import math
from itertools import pairwise
from pathlib import Path

from neurorig.hardware import Board
from neurorig.hardware.memristors import SdcBoard, ThyristorBoard, load_memristor_board
from neurorig.hardware.parts import OPEN
from neurorig.signals import ConfigError, LimitError, nearest, parse, show

from .bench_file import (
    SIMULATIONS,
    BenchFile,
    DerivedEntry,
    FaultEntry,
    InstrumentEntry,
    MarkerEntry,
    NodeEntry,
    PortEntry,
    SupplyEntry,
    TerminalsEntry,
)
from .delivered import Delivered
from .drivers import DRIVERS, DriverEntry
from .links import check_resource
from .roles import ChannelSetup
from .simulated.faults import Fault
from .wiring import DerivedNode, Marker, NodeWiring, PortWiring, Supply, Terminals

SYNC_HIGH = 5.0
"""Volts of a source's logic output when it is high."""
SOURCES = ("CurrentSource", "VoltageSource")
DIGITISERS = ("Oscilloscope", "Digitizer")
"""The roles that drive a port, and those that observe a node."""
WITH_FIRMWARE = "arduino_source"
"""The driver of the instrument whose program is ours."""


class WiringChecks:
    """The wiring of one bench file: `ports`, `nodes`, `derived`, `marker`, `terminals`, `supply`, `comparators`, `faults`."""

    def __init__(self, path: Path, content: BenchFile, board: Board | None) -> None:
        self.path, self.content, self.board_or_none = path, content, board
        self.instruments = dict(content.instruments)
        for name, entry in self.instruments.items():
            self._check_instrument(name, entry)
        self.ports = {name: self._port(name, entry) for name, entry in content.ports.items()}
        self.nodes = {name: self._node(name, entry) for name, entry in content.nodes.items()}
        self.derived = {name: self._derived(name, entry) for name, entry in content.derived.items()}
        self.marker = None if content.marker is None else self._marker(content.marker)
        self.terminals = {name: self._terminals(name, entry) for name, entry in content.terminals.items()}
        self.supply = None if content.supply is None else self._supply(content.supply)
        self.comparators = {k: self._comparator(k, v) for k, v in content.comparators.items()}
        self.faults = [self._fault(k, entry) for k, entry in enumerate(content.simulation.faults, 1)]
        self._no_channel_twice()

    @property
    def board(self) -> Board:
        """The board on the table. Raises ConfigError when this bench has none."""
        if self.board_or_none is None:
            raise wrong(
                self.path, "board", "is missing: this needs a board. See docs/reference/boards.md for what ships."
            )
        return self.board_or_none

    def check_fault(self, fault: Fault) -> None:
        """Raise ConfigError when no instrument here can have it; what of it is wired is told when it is simulated."""
        if fault.name not in self.instruments:
            raise ConfigError(f"{fault}: no such instrument.{nearest(fault.name, self.instruments)}")
        fault.check_role(DRIVERS[self.instruments[fault.name].driver].role)

    def _check_instrument(self, name: str, entry: InstrumentEntry) -> None:
        try:
            check_resource(entry.resource)
        except ConfigError as reason:
            raise wrong(self.path, f"instruments.{name}.resource", str(reason)) from reason
        if entry.serial_number is not None and not entry.serial_number.strip():
            raise wrong(self.path, f"instruments.{name}.serial_number", "is empty. Leave the line out to accept any.")
        self._check_simulation(f"instruments.{name}.simulate", entry)

    def _check_simulation(self, key: str, entry: InstrumentEntry) -> None:
        if entry.simulate not in SIMULATIONS:
            hint = f"{nearest(entry.simulate, SIMULATIONS)} Write {' or '.join(SIMULATIONS)}."
            raise wrong(self.path, key, f"'{entry.simulate}' is no way to simulate an instrument.{hint}")
        if entry.simulate != "model" and entry.driver != WITH_FIRMWARE:
            raise wrong(self.path, key, f"only the {WITH_FIRMWARE} has a firmware that can be run, not {entry.driver}.")
        if entry.simulate != "model" and sum(e.simulate != "model" for e in self.instruments.values()) > 1:
            raise wrong(self.path, key, "only one instrument of a bench can run its firmware. Take it out elsewhere.")

    def _port(self, name: str, entry: PortEntry) -> PortWiring:
        if name not in self.board.ports:
            raise wrong(
                self.path,
                f'ports."{name}"',
                f"board '{self.board.name}' has no such port.{nearest(name, self.board.ports)}",
            )
        if name not in self.content.limits:
            raise wrong(self.path, f'limits."{name}"', "is missing: every driven port needs its limits, low and high.")
        limit = self.content.limits[name]
        if not limit.low <= 0 <= limit.high:
            raise wrong(self.path, f'limits."{name}"', "must allow 0 A: low <= 0 A <= high.")
        instrument, channel = self._channel(entry.channel, f'ports."{name}".channel', *SOURCES)
        driver = DRIVERS[self.instruments[instrument].driver]
        self._check_conversion(name, entry, driver)
        if entry.delivered and self.instruments[instrument].simulate == "shield":
            what = f'and [instruments.{instrument}] simulate = "shield" would add up: the drawn shield has errors of its own.'
            raise wrong(self.path, f'ports."{name}".delivered', f"{what} Take one of the two out.")
        delivered = self._delivered(name, entry)
        return PortWiring(
            name, instrument, channel, limit.low, limit.high, entry.full_scale, delivered, entry.transconductance
        )

    def _check_conversion(self, name: str, entry: PortEntry, driver: DriverEntry) -> None:
        """A source of volts needs its transconductance, a source of current one of its ranges."""
        if driver.role == "VoltageSource":
            if entry.transconductance is None:
                raise wrong(
                    self.path,
                    f'ports."{name}".transconductance',
                    f"is missing: {driver.model} gives volts. Say what makes current of them, with its gain in A/V.",
                )
            return
        if entry.transconductance is not None:
            raise wrong(self.path, f'ports."{name}".transconductance', f"{driver.model} gives current by itself.")
        ranges = driver.load().ranges
        if not any(abs(entry.full_scale - r) < 1e-3 * r for r in ranges):
            known = " or ".join(show(r, "A") for r in ranges)
            raise wrong(
                self.path,
                f'ports."{name}".full_scale',
                f"{show(entry.full_scale, 'A')} is no range of {entry.channel.partition('.')[0]}: {known}.",
            )

    def _delivered(self, name: str, entry: PortEntry) -> Delivered:
        if not entry.delivered:
            return Delivered()
        commanded, delivered = zip(*entry.delivered, strict=True)
        if len(commanded) < 2 or any(b <= a for a, b in pairwise(commanded)):
            raise wrong(self.path, f'ports."{name}".delivered', "needs two or more rows, commanded currents rising.")
        return Delivered(commanded, delivered)

    def _node(self, name: str, entry: NodeEntry) -> NodeWiring:
        where = f'nodes."{name}"'
        node = self.board.nodes[self._known_node(name, where)]
        sense = entry.sense
        if sense.kind == "direct" and node.unit != "V":
            raise wrong(
                self.path, f"{where}.sense.kind", f"'{name}' is a current; sense it 'across' or by a 'replica'."
            )
        if sense.kind != "direct" and (node.unit != "A" or sense.resistance is None):
            raise wrong(self.path, f"{where}.sense", f"'{sense.kind}' is for a current and needs its resistance.")
        post = self.board.synapses[node.owner].post if node.owner in self.board.synapses else node.owner
        if sense.kind == "open" and (post != OPEN or node.quantity != "i_out"):
            why = f"'open' takes {name} off the membrane of {post}, which on board '{self.board.name}' it feeds"
            if post == OPEN:
                why = f"'open' is for the output {node.owner}.i_out, and {name} is within the synapse"
            raise wrong(
                self.path, f"{where}.sense.kind", f"{why}. Use a 'replica' leg, or sense 'across' the stage's resistor."
            )
        instrument, channel = self._channel(entry.channel, f"{where}.channel", *DIGITISERS)
        low = node.low if entry.low is None else self._quantity(entry.low, node.unit, f"{where}.low")
        high = node.high if entry.high is None else self._quantity(entry.high, node.unit, f"{where}.high")
        if low >= high:
            raise wrong(
                self.path, where, f"low ({show(low, node.unit)}) must lie below high ({show(high, node.unit)})."
            )
        probes = DRIVERS[self.instruments[instrument].driver].load().probes
        if sense.attenuation not in probes:
            raise wrong(
                self.path,
                f"{where}.sense.attenuation",
                f"{sense.attenuation:g} is not one that {instrument} can be set to: {', '.join(f'{p:g}' for p in probes)}.",
            )
        wiring = NodeWiring(name, node.unit, instrument, channel, sense, low, high)
        self._check_setup(f"{where}: low .. high", instrument, wiring.setup())
        return wiring

    def _derived(self, name: str, entry: DerivedEntry) -> DerivedNode:
        where = f'derived."{name}"'
        if name in self.board.nodes or name in self.content.nodes:
            raise wrong(
                self.path,
                where,
                f"'{name}' is a node of board '{self.board.name}' and is measured, not derived. Rename it.",
            )
        if not entry.plus:
            raise wrong(self.path, f"{where}.plus", "needs at least one node.")
        for key, names in (("plus", entry.plus), ("minus", entry.minus)):
            for part in names:
                if part not in self.nodes:
                    raise wrong(
                        self.path,
                        f"{where}.{key}",
                        f"'{part}' is not observed on this bench.{nearest(part, self.nodes)} Give it a channel.",
                    )
        parts = (*entry.plus, *entry.minus)
        if len(set(parts)) < len(parts):
            raise wrong(
                self.path, where, "names a node twice: its error would be counted as if it were two measurements."
            )
        units = {self.nodes[part].unit for part in parts}
        if len(units) > 1:
            raise wrong(self.path, where, f"adds quantities of different units ({' and '.join(sorted(units))}).")
        return DerivedNode(name, units.pop(), entry.plus, entry.minus)

    def _marker(self, entry: MarkerEntry) -> Marker:
        source, _ = self._channel(entry.source, "marker.source", *SOURCES, known=("sync",))
        scope, channel = self._channel(entry.channel, "marker.channel", *DIGITISERS, trigger=True)
        marker = Marker(source, scope, channel, entry.level)
        if not 0 < entry.level < SYNC_HIGH:
            raise wrong(
                self.path,
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
            raise wrong(self.path, where, f"'{node}' is no spike output; a comparator stamps the spikes of {outputs}.")
        return node

    def _check_setup(self, where: str, scope: str, setup: ChannelSetup, level: float | None = None) -> None:
        """Refuse now what the oscilloscope's driver would refuse when everything is connected."""
        try:
            DRIVERS[self.instruments[scope].driver].load().check_setup(setup, level)
        except LimitError as reason:
            raise wrong(self.path, where, f"{scope}.{setup.channel}: {reason}") from reason

    def _known_node(self, name: str, where: str) -> str:
        if name not in self.board.nodes:
            raise wrong(
                self.path, where, f"board '{self.board.name}' has no such node.{nearest(name, self.board.nodes)}"
            )
        return name

    def _quantity(self, text: str, unit: str, where: str) -> float:
        try:
            return parse(text, unit)
        except ConfigError as reason:
            raise wrong(self.path, where, str(reason)) from reason

    def _terminals(self, name: str, entry: TerminalsEntry) -> Terminals:
        where = f'terminals."{name}"'
        instrument, channel = self._channel(name, where, "SourceMeter", "Multimeter")
        role = DRIVERS[self.instruments[instrument].driver].role
        if bool(entry.device) and bool(entry.node):
            raise wrong(self.path, where, "touches a device or a node, not both.")
        if entry.node and role != "Multimeter":
            raise wrong(self.path, f"{where}.node", "is for a multimeter; a source-meter's leads touch a device.")
        if role == "SourceMeter" and (entry.voltage is None or entry.current is None):
            raise wrong(self.path, where, "needs its limits: voltage and current that may never be exceeded there.")
        node = self._known_node(entry.node, f"{where}.node") if entry.node else None
        if node is not None and self.board.nodes[node].unit != "V":
            raise wrong(self.path, f"{where}.node", f"'{node}' is a current; a multimeter here measures a voltage.")
        most = (entry.voltage or math.inf, entry.current or math.inf)
        return Terminals(instrument, channel, self._device(entry.device, where), node, entry.leads, *most)

    def _device(self, text: str, where: str) -> float | SdcBoard | ThyristorBoard | None:
        if not text:
            return None
        if text[0].isdigit():
            ohms = self._quantity(text, "ohm", f"{where}.device")
            if not 0 < ohms < math.inf:
                raise wrong(
                    self.path, f"{where}.device", f"{text} is no resistance; leave the line out for open leads."
                )
            return ohms
        beside = self.path.parent / text
        try:
            board = load_memristor_board(beside if beside.is_file() else text)
        except ConfigError as reason:
            raise wrong(self.path, f"{where}.device", f'is no resistance such as "10 kohm", and: {reason}') from reason
        if not isinstance(board, SdcBoard | ThyristorBoard):
            raise wrong(self.path, f"{where}.device", f"'{text}' has more than two terminals.")
        return board

    def _supply(self, entry: SupplyEntry) -> Supply:
        instrument, channel = self._channel(entry.channel, "supply.channel", "PowerSupply")
        voltage = self.board.supply if entry.voltage is None else entry.voltage
        if abs(voltage - self.board.supply) > 1e-6:
            raise wrong(
                self.path,
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
            raise wrong(self.path, where, f"'{text}' is not instrument.channel.{meant}")
        driver = DRIVERS[self.instruments[instrument].driver]
        if driver.role not in roles:
            raise wrong(self.path, where, f"'{instrument}' ({driver.model}) is no {' or '.join(roles)}.")
        if channel not in names[instrument]:
            raise wrong(
                self.path,
                where,
                f"{driver.model} has no channel '{channel}' here. Known: {', '.join(names[instrument])}.",
            )
        return instrument, channel

    def _fault(self, number: int, entry: FaultEntry) -> Fault:
        try:
            fault = Fault(entry.instrument, entry.kind, entry.after, entry.count, entry.value)
            self.check_fault(fault)
        except ConfigError as reason:
            raise wrong(self.path, f"simulation.faults, number {number}", str(reason)) from reason
        return fault

    def _no_channel_twice(self) -> None:
        marker = self.marker
        used = {} if marker is None else {(marker.scope, marker.channel): "the marker"}
        wired = [("ports", p.port, (p.instrument, p.channel)) for p in self.ports.values()]
        wired += [("nodes", n.node, (n.instrument, n.channel)) for n in self.nodes.values()]
        wired += [("terminals", name, (t.instrument, t.channel)) for name, t in self.terminals.items()]
        for table, name, channel in wired:
            if channel in used:
                raise wrong(
                    self.path, f'{table}."{name}".channel', f"{'.'.join(channel)} is already wired to {used[channel]}."
                )
            used[channel] = name

    def _wrong(self, where: str, what: str) -> ConfigError:
        return ConfigError(f"{self.path}: {where}: {what}")


def wrong(path: Path, where: str, what: str) -> ConfigError:
    """What is wrong with a bench file, and where."""
    return ConfigError(f"{path}: {where}: {what}")
