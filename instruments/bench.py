"""The bench: a board, the instruments around it, the wiring between ports, nodes and channels, and the limits. One TOML.

Everything is checked when the file is loaded, so that a mistake is told before any instrument is touched.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from neurorig.hardware import Board, load_board
from neurorig.signals import ConfigError, Current, LimitError, Program, Voltage, nearest, parse, show

from .delivered import Delivered
from .drivers import DRIVERS
from .roles import ChannelSetup
from .sensing import SenseChain

SHIPPED = Path(__file__).with_name("benches")
PUBLISHED = "wu2025_bump"
"""The bench of the published figures, used when no other is named."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InstrumentEntry(_Table):
    """One instrument: which driver speaks to it, where, and whose serial number must answer."""

    driver: str
    resource: str
    serial_number: str | None = None


class PortEntry(_Table):
    """A port's source channel, the range its jumper must select, and its delivered-current table where it is known."""

    channel: str
    full_scale: Current = 250e-6
    delivered: tuple[tuple[Current, Current], ...] = ()


class LimitEntry(_Table):
    """What may never be exceeded at a port of this bench."""

    low: Current
    high: Current


class NodeEntry(_Table):
    """A node's scope channel, its sense chain, and the range to fit on the screen (in the node's unit)."""

    channel: str
    sense: SenseChain
    low: str | None = None
    high: str | None = None


class MarkerEntry(_Table):
    """The TTL that ties source and digitiser together: a logic level, never a current pulse (it would kick the neuron)."""

    source: str
    channel: str
    level: Voltage = 2.5


class BenchFile(_Table):
    """The tables of a bench file."""

    schema_version: int = Field(alias="schema")
    title: str
    board: str
    notes: str = ""
    components: dict[str, str] = {}
    instruments: dict[str, InstrumentEntry]
    ports: dict[str, PortEntry]
    limits: dict[str, LimitEntry]
    nodes: dict[str, NodeEntry]
    marker: MarkerEntry
    comparators: dict[str, str] = {}


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

    def setup(self) -> ChannelSetup:
        """How the scope channel has to be set to see the node's whole range."""
        ends = sorted((self.sense.to_volts(self.low), self.sense.to_volts(self.high)))
        return ChannelSetup(self.channel, ends[0], ends[1], self.sense.attenuation)


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


class Bench:
    """A checked bench. `path` is its file; `ports`, `nodes` and `marker` are the wiring."""

    def __init__(self, path: Path, content: BenchFile, board: Board, sha256: str) -> None:
        self.path, self.content, self.board, self.sha256 = path, content, board, sha256
        self.name = path.stem
        self.title = content.title
        self.instruments = dict(content.instruments)
        self.ports = {name: self._port(name, entry) for name, entry in content.ports.items()}
        self.nodes = {name: self._node(name, entry) for name, entry in content.nodes.items()}
        self.marker = self._marker(content.marker)
        self.comparators = {k: self._known_node(v, f'comparators."{k}"') for k, v in content.comparators.items()}
        self._no_channel_twice()

    def with_components(self, components: Mapping[str, str]) -> "Bench":
        """The same bench with components as a person set them (``{"s11.R_W": "7 kohm"}``)."""
        merged = {**self.content.components, **components}
        content = self.content.model_copy(update={"components": merged})
        return Bench(self.path, content, _as_built(self.path, content), self.sha256)

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

    @cached_property
    def loads(self) -> dict[str, float]:
        """Input resistance of the probes on voltage nodes (ohm to ground): what the twin has to carry, too."""
        return {n.node: n.sense.probe for n in self.nodes.values() if n.sense.kind == "direct"}

    def loading(self, margin: float) -> list[str]:
        """Warn about every probe that takes more than a tenth of `margin`, the current (A) the protocol lives on."""
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
            elif quantity.startswith("v_c"):
                synapse = self.board.synapses[owner]
                warnings.append(
                    f"{node}: a {show(probe, 'ohm')} probe discharges C_s below its threshold with "
                    f"{show(probe * synapse.capacitance, 's')}: it sets the initial charge, hence the dead time."
                )
        return warnings

    # -- checks on load ------------------------------------------------------------------------------------------

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
        instrument, channel = self._channel(entry.channel, f'ports."{name}".channel', "CurrentSource")
        delivered = self._delivered(name, entry)
        return PortWiring(name, instrument, channel, limit.low, limit.high, entry.full_scale, delivered)

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
        if sense.kind == "open":
            post = self.board.synapses[node.owner].post if node.owner in self.board.synapses else node.owner
            raise self._wrong(
                f"{where}.sense.kind",
                f"'open' takes {name} off the membrane of {post}, which on board "
                f"'{self.board.name}' it feeds. Use a 'replica' leg, or sense 'across' the stage's resistor.",
            )
        instrument, channel = self._channel(entry.channel, f"{where}.channel", "Oscilloscope")
        low = node.low if entry.low is None else self._quantity(entry.low, node.unit, f"{where}.low")
        high = node.high if entry.high is None else self._quantity(entry.high, node.unit, f"{where}.high")
        if low >= high:
            raise self._wrong(where, f"low ({show(low, node.unit)}) must lie below high ({show(high, node.unit)}).")
        return NodeWiring(name, node.unit, instrument, channel, sense, low, high)

    def _marker(self, entry: MarkerEntry) -> Marker:
        source, _ = self._channel(entry.source, "marker.source", "CurrentSource")
        scope, channel = self._channel(entry.channel, "marker.channel", "Oscilloscope")
        return Marker(source, scope, channel, entry.level)

    def _known_node(self, name: str, where: str) -> str:
        if name not in self.board.nodes:
            raise self._wrong(where, f"board '{self.board.name}' has no such node.{nearest(name, self.board.nodes)}")
        return name

    def _quantity(self, text: str, unit: str, where: str) -> float:
        try:
            return parse(text, unit)
        except ConfigError as reason:
            raise self._wrong(where, str(reason)) from reason

    def _channel(self, text: str, where: str, role: str) -> tuple[str, str]:
        instrument, _, channel = text.partition(".")
        if instrument not in self.instruments or not channel:
            raise self._wrong(where, f"'{text}' is not instrument.channel.{nearest(instrument, self.instruments)}")
        driver = DRIVERS[self.instruments[instrument].driver]
        if driver.role != role:
            raise self._wrong(where, f"'{instrument}' ({driver.model}) is no {role}.")
        if channel not in driver.channels and channel != "sync":
            raise self._wrong(where, f"{driver.model} has no channel '{channel}'. Known: {', '.join(driver.channels)}.")
        return instrument, channel

    def _no_channel_twice(self) -> None:
        used = {(self.marker.scope, self.marker.channel): "the marker"}
        wired = [(p.port, p.instrument, p.channel) for p in self.ports.values()]
        wired += [(n.node, n.instrument, n.channel) for n in self.nodes.values()]
        for name, *channel in wired:
            key = (channel[0], channel[1])
            if key in used:
                raise self._wrong(f'"{name}".channel', f"{'.'.join(key)} is already wired to {used[key]}.")
            used[key] = name

    def _wrong(self, where: str, what: str) -> ConfigError:
        return ConfigError(f"{self.path}: {where}: {what}")


def list_benches() -> list[str]:
    """Names of the benches that come with neurorig."""
    return sorted(p.stem for p in SHIPPED.glob("*.toml"))


def load_bench(name_or_path: str | Path = PUBLISHED) -> Bench:
    """Load and check a bench file, or a shipped bench by its name. Raises ConfigError naming file and key."""
    path = _find(name_or_path)
    try:
        raw = path.read_bytes()
        tables = tomllib.loads(raw.decode())
    except (OSError, UnicodeDecodeError) as reason:
        raise ConfigError(f"{path}: cannot be read ({reason}).") from reason
    except tomllib.TOMLDecodeError as reason:
        raise ConfigError(f"{path}: not valid TOML: {reason}.") from reason
    try:
        content = BenchFile.model_validate(tables)
    except ValidationError as reason:
        raise ConfigError(_explain(path, tables, reason)) from reason
    if content.schema_version != 1:
        raise ConfigError(f"{path}: schema {content.schema_version} is not known; this neurorig reads schema 1.")
    for name, entry in content.instruments.items():
        if entry.driver not in DRIVERS:
            raise ConfigError(
                f"{path}: instruments.{name}.driver: '{entry.driver}' is not known.{nearest(entry.driver, DRIVERS)}"
            )
    return Bench(path, content, _as_built(path, content), hashlib.sha256(raw).hexdigest())


def _as_built(path: Path, content: BenchFile) -> Board:
    beside = path.parent / content.board
    try:
        board = load_board(beside if beside.is_file() else content.board)
        return board.with_components(content.components) if content.components else board
    except ConfigError as reason:
        raise ConfigError(f"{path}: its board or components: {reason}") from reason


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.is_file():
        return path
    shipped = SHIPPED / f"{name_or_path}.toml"
    if shipped.is_file():
        return shipped
    raise ConfigError(f"No bench file '{name_or_path}'.{nearest(str(name_or_path), list_benches())}")


def _explain(path: Path, tables: Mapping[str, Any], error: ValidationError) -> str:
    # A misspelt key is both unknown and missing: name the one that stands in the file.
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    place = ".".join(f'"{p}"' if "." in str(p) else str(p) for p in first["loc"])
    if first["type"] == "extra_forbidden":
        known = _siblings(first["loc"])
        return f"{path}: {place}: no such key.{nearest(str(first['loc'][-1]), known)}"
    if first["type"] == "missing":
        return f"{path}: {place}: this key is missing."
    return f"{path}: {place}: {first['msg'].removeprefix('Value error, ')}"


def _siblings(loc: tuple[int | str, ...]) -> list[str]:
    """The keys allowed where an unknown one stood."""
    tables: dict[str, type[BaseModel]] = {
        "instruments": InstrumentEntry, "ports": PortEntry, "limits": LimitEntry, "nodes": NodeEntry,
        "marker": MarkerEntry,
    }  # fmt: skip
    if len(loc) == 1:
        model: type[BaseModel] = BenchFile
    else:
        model = SenseChain if "sense" in loc[:-1] else tables.get(str(loc[0]), BenchFile)
    return [f.alias or name for name, f in model.model_fields.items()]
