"""The tables of a bench file, and how one is read: keys, units and types. What belongs together is for `Bench` to check."""

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from neurorig.signals import AS_WRITTEN, ConfigError, Current, Resistance, Time, Transconductance, Voltage, nearest

from .sensing import SenseChain

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


SIMULATIONS = ("model", "firmware", "shield")
"""What an instrument can be simulated by: a model of it; the program that runs in the real one, with all around it ideal; that
program with the shield as it is drawn, before it is calibrated."""


class InstrumentEntry(_Table):
    """One instrument: which driver speaks to it, where, and whose serial number must answer."""

    driver: str
    resource: str
    serial_number: str | None = None
    simulate: str = "model"
    """What stands for it on the simulated bench, see `SIMULATIONS`."""


class TransconductanceEntry(_Table):
    """A voltage-to-current converter between a generator and a port: ``I = gain * V + offset``."""

    gain: Annotated[Transconductance, Field(gt=0)]
    offset: Current = 0.0
    compliance: Annotated[Voltage, Field(gt=0)] = 5.0
    """Largest voltage at the port up to which it delivers its current."""
    time_constant: Annotated[Time, Field(ge=0)] = 0.0


class PortEntry(_Table):
    """A port's source channel, the range its jumper must select, and its delivered-current table where it is known."""

    channel: str
    full_scale: Current = 250e-6
    delivered: tuple[tuple[Current, Current], ...] = ()
    transconductance: TransconductanceEntry | None = None


class TerminalsEntry(_Table):
    """What the leads of a source-meter or multimeter channel touch: a resistor, a memristor board, or a node of the board.

    `voltage` and `current` may never be exceeded, as level or as compliance, whatever a protocol asks for.
    """

    device: str = ""
    """A resistance (``"10 kohm"``), or the name or file of a memristor board."""
    node: str = ""
    """Of a multimeter: the node whose voltage it measures."""
    leads: Annotated[Resistance, Field(ge=0)] = 0.0
    voltage: Annotated[Voltage, Field(gt=0)] | None = None
    current: Annotated[Current, Field(gt=0)] | None = None


class SupplyEntry(_Table):
    """The channel of a bench supply that feeds the board; the voltage is the board's unless it stands here."""

    channel: str
    voltage: Annotated[Voltage, Field(gt=0)] | None = None
    current_limit: Annotated[Current, Field(gt=0)]
    wires: Literal[2, 4] = 2


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


class DerivedEntry(_Table):
    """A quantity computed from measured nodes after each sweep, sum of `plus` minus sum of `minus`; no channel sees it."""

    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()


class MarkerEntry(_Table):
    """The TTL that ties source and digitiser together: a logic level, never a current pulse (it would kick the neuron)."""

    source: str
    channel: str
    level: Voltage = 2.5


class FaultEntry(_Table):
    """One thing that goes wrong on the simulated double of this bench; real instruments know nothing of it."""

    instrument: str
    kind: str
    after: int | str = 0
    count: int | None = None
    value: str | float | None = None


class SimulationEntry(_Table):
    """What only the simulated double of this bench looks at."""

    faults: tuple[FaultEntry, ...] = ()


class BenchFile(_Table):
    """The tables of a bench file."""

    schema_version: int = Field(alias="schema")
    title: str
    board: str | None = None
    notes: str = ""
    components: dict[str, str] = {}
    instruments: dict[str, InstrumentEntry]
    ports: dict[str, PortEntry] = {}
    limits: dict[str, LimitEntry] = {}
    nodes: dict[str, NodeEntry] = {}
    derived: dict[str, DerivedEntry] = {}
    marker: MarkerEntry | None = None
    comparators: dict[str, str] = {}
    terminals: dict[str, TerminalsEntry] = {}
    supply: SupplyEntry | None = None
    simulation: SimulationEntry = SimulationEntry()


def read_bench_file(path: Path) -> tuple[BenchFile, str]:
    """The tables of a file and its SHA-256. Raises ConfigError naming file and key."""
    tables, sha256 = read_tables(path)
    return checked_tables(path, tables), sha256


def read_tables(path: Path) -> tuple[dict[str, Any], str]:
    """What stands in a file, unchecked, and its SHA-256. Raises ConfigError when it is no TOML."""
    try:
        raw = path.read_bytes()
        return tomllib.loads(raw.decode()), hashlib.sha256(raw).hexdigest()
    except (OSError, UnicodeDecodeError) as reason:
        raise ConfigError(f"{path}: cannot be read ({reason}).") from reason
    except tomllib.TOMLDecodeError as reason:
        raise ConfigError(f"{path}: not valid TOML: {reason}.") from reason


def checked_tables(path: Path, tables: Mapping[str, Any]) -> BenchFile:
    """The tables of what was read from `path`, or will be written there. Raises ConfigError naming file and key."""
    try:
        content = BenchFile.model_validate(tables, context=AS_WRITTEN)
    except ValidationError as reason:
        raise ConfigError(_explained(path, reason)[0]) from reason
    if content.schema_version != 1:
        raise ConfigError(f"{path}: schema {content.schema_version} is not known; this neurorig reads schema 1.")
    return content


def mistakes(path: Path, tables: Mapping[str, Any]) -> list[str]:
    """All keys, units and types that are wrong in the tables read from `path`, one sentence each."""
    try:
        BenchFile.model_validate(tables, context=AS_WRITTEN)
    except ValidationError as reason:
        return _explained(path, reason)
    return []


def _explained(path: Path, error: ValidationError) -> list[str]:
    # A misspelt key is both unknown and missing: name the one that stands in the file.
    unknown = [e for e in error.errors() if e["type"] == "extra_forbidden"]
    within = {e["loc"][:-1] for e in unknown}
    others = [
        e for e in error.errors()
        if e["type"] != "extra_forbidden" and not (e["type"] == "missing" and e["loc"][:-1] in within)
    ]  # fmt: skip
    return [_explain(path, e) for e in (*unknown, *others)]


def _explain(path: Path, first: "ErrorDetails") -> str:
    place = ".".join(f'"{p}"' if "." in str(p) else str(p) for p in first["loc"])
    if first["type"] == "extra_forbidden":
        key, known = str(first["loc"][-1]), _siblings(first["loc"])
        return f"{path}: {place}: no such key.{nearest(key, known)}{_elsewhere(key)}"
    if first["type"] == "missing":
        return f"{path}: {place}: this key is missing."
    if first["type"] == "string_type":
        return f"{path}: {place}: {first['input']!r} is to be written as a text, a quantity with its unit."
    given = f", not {first['input']}" if first["type"].startswith(("greater_than", "less_than")) else ""
    return f"{path}: {place}: {first['msg'].removeprefix('Value error, ')}{given}"


_TABLES: dict[str, type[BaseModel]] = {
    "instruments": InstrumentEntry, "ports": PortEntry, "limits": LimitEntry, "nodes": NodeEntry,
    "derived": DerivedEntry,
    "marker": MarkerEntry, "terminals": TerminalsEntry, "supply": SupplyEntry, "simulation": SimulationEntry,
}  # fmt: skip


def _elsewhere(key: str) -> str:
    """The tables that know a key which stood in another one."""
    once = ("marker", "supply", "simulation")  # the others hold one table a name
    tables = {(t if t in once else f"{t}.NAME"): model for t, model in _TABLES.items()}
    tables |= {"nodes.NAME.sense": SenseChain, "ports.NAME.transconductance": TransconductanceEntry}
    places = [f"[{table}]" for table, model in tables.items() if key in model.model_fields]
    return f" '{key}' belongs into {' or '.join(places)}." if places else ""


def _siblings(loc: tuple[int | str, ...]) -> list[str]:
    """The keys allowed where an unknown one stood."""
    if len(loc) == 1:
        model: type[BaseModel] = BenchFile
    else:
        model = SenseChain if "sense" in loc[:-1] else _TABLES.get(str(loc[0]), BenchFile)
        model = FaultEntry if "faults" in loc[:-1] else model
    return [f.alias or name for name, f in model.model_fields.items()]
