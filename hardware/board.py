"""`Board`: a neurosynaptic circuit as data. Components, device calibration, ports, nodes, and the state at rest.

A board is one TOML file; the files that ship are in ``hardware/boards``. Nothing here computes a trajectory: that is
the twin's part, and the twin takes every number from here.
"""

import hashlib
import math
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from neurorig.signals import (
    Capacitance,
    Charge,
    ConfigError,
    Current,
    Number,
    Resistance,
    Time,
    Voltage,
    nearest,
    parse,
)

NEURON_NODES = {"v_m": "V", "v_ap": "V", "i0": "A"}
SYNAPSE_NODES = {"v_c1": "V", "v_c2": "V", "i_s1": "A", "i_s2": "A", "i_out": "A"}

PositiveResistance = Annotated[Resistance, Field(gt=0)]
PositiveCapacitance = Annotated[Capacitance, Field(gt=0)]
PositiveVoltage = Annotated[Voltage, Field(gt=0)]
PositiveCurrent = Annotated[Current, Field(gt=0)]
PositiveTime = Annotated[Time, Field(gt=0)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NeuronComponents(_Model):
    """What is soldered in the neuron block (Fig. 18 of Wu 2025)."""

    C_m: PositiveCapacitance
    R_m: PositiveResistance
    R_a: PositiveResistance


class NeuronCalibration(_Model):
    """The thyristor with `R_m` as measured, with the components of the file in place.

    Leak: 0 up to `V0`, straight to (`V1`, `I1`), straight to (`V_th`, `I_off`). `noise` is the rms of a current that is
    drawn anew every millisecond; a neuron that charges with less than `quiescence` needs `hysteresis` more to fire.
    `I1`, `I_off`, `I_H` and `I_max` are chart values; what holds in the experiment is `scale` times them.
    """

    source: str
    scale: Annotated[Number, Field(gt=0)] = 1.0
    C: PositiveCapacitance
    V0: PositiveVoltage
    V1: PositiveVoltage
    I1: PositiveCurrent
    V_th: PositiveVoltage
    I_off: PositiveCurrent
    V_F: PositiveVoltage
    r: Annotated[Resistance, Field(ge=0)]
    I_H: PositiveCurrent
    I_max: PositiveCurrent | None = None
    dead_time: Annotated[Time, Field(ge=0)]
    fire_delay: Annotated[Time, Field(ge=0)] = 0.0
    hysteresis: Annotated[Current, Field(ge=0)] = 0.0
    noise: Annotated[Current, Field(ge=0)] = 0.0
    quiescence: PositiveCurrent = 50e-9

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.V0 < self.V1 < self.V_th:
            raise ValueError("the leak needs V0 < V1 < V_th")
        if self.I_off <= self.I1:
            raise ValueError("the leak needs I1 < I_off")
        if self.I_max is not None and self.I_max > self.I_H:
            raise ValueError("I_max cannot exceed I_H: with more than I_H the thyristor never opens")
        return self


class NeuronRest(_Model):
    """Where a neuron is before anything is driven."""

    v_m: Voltage


class Neuron(_Model):
    """A neuron and the numbers its model runs on, all in SI units."""

    title: str
    components: NeuronComponents
    parts: dict[str, str] = {}
    calibration: NeuronCalibration
    at_rest: NeuronRest
    fitted_with: NeuronComponents

    @model_validator(mode="before")
    @classmethod
    def _remember_fit(cls, data: Any) -> Any:
        return _with_fit(data)

    @property
    def capacitance(self) -> float:
        """Effective membrane capacitance, F: the calibrated one, in proportion to `C_m`."""
        return self.calibration.C * self.components.C_m / self.fitted_with.C_m

    @property
    def on_resistance(self) -> float:
        """Discharge resistance R_a + r, ohm."""
        return self.components.R_a + self.calibration.r

    @property
    def tau_a(self) -> float:
        """Time constant of the discharge, s: sets the length of a spike."""
        return self.on_resistance * self.capacitance

    @property
    def i_min(self) -> float:
        """Rheobase of the silent neuron, A."""
        return self.calibration.scale * self.calibration.I_off + self.calibration.hysteresis

    @property
    def i_max(self) -> float:
        """Current above which the neuron latches (depolarisation block), A."""
        return self.calibration.scale * (self.calibration.I_max or self.calibration.I_H)


class SynapseComponents(_Model):
    """What is soldered in a synapse; its stages are alike (Figs 18 to 20 of Wu 2025)."""

    R_W: Annotated[Resistance, Field(ge=0)]
    C_s: PositiveCapacitance
    R_s: PositiveResistance


class SynapseCalibration(_Model):
    """The synapse as measured, with the components of the file in place.

    `Q_N` is the charge per spike into stage 1, drawn at constant current while V_ap is above `omega`; it follows
    C_m / (R_W + R_drive) when these components change.
    """

    source: str
    Q_N: Annotated[Charge, Field(gt=0)]
    R_drive: PositiveResistance
    omega: PositiveVoltage = 0.7
    tau: PositiveTime
    V_T: PositiveVoltage
    m1: Annotated[Number, Field(gt=0)] = 1.0
    m2: Annotated[Number, Field(gt=0)] = 1.0
    offset: Annotated[Current, Field(ge=0)] = 0.0
    headroom: Annotated[Voltage, Field(ge=0)] = 0.1


class SynapseRest(_Model):
    """Charge left on the capacitors of the stages before anything is driven."""

    v_c1: Annotated[Voltage, Field(ge=0)] = 0.0
    v_c2: Annotated[Voltage, Field(ge=0)] = 0.0


class Synapse(_Model):
    """A synapse of 0 (delta), 1 (exponential) or 2 (alpha) stages from neuron `pre` into the membrane of `post`."""

    title: str
    pre: str
    post: str
    kind: Literal["excitatory", "inhibitory"]
    stages: Literal[0, 1, 2]
    components: SynapseComponents
    parts: dict[str, str] = {}
    calibration: SynapseCalibration
    at_rest: SynapseRest = SynapseRest()
    fitted_with: SynapseComponents

    @model_validator(mode="before")
    @classmethod
    def _remember_fit(cls, data: Any) -> Any:
        return _with_fit(data)

    @property
    def sign(self) -> int:
        """+1 when the output charges the membrane of `post`, -1 when it discharges it."""
        return 1 if self.kind == "excitatory" else -1

    @property
    def tau(self) -> float:
        """Time constant of a stage, s: the calibrated one, in proportion to R_s C_s."""
        now, then = self.components, self.fitted_with
        return self.calibration.tau * (now.R_s * now.C_s) / (then.R_s * then.C_s)

    @property
    def capacitance(self) -> float:
        """Effective capacitance of a stage tau / R_s, F."""
        return self.tau / self.components.R_s

    @property
    def gain(self) -> float:
        """Mirror gain from the last stage into the membrane."""
        return self.calibration.m2


class Port(_Model):
    """A place where current goes into the board, and the range (A) that the circuit is meant for."""

    name: str
    title: str
    low: Current
    high: Current

    @property
    def neuron(self) -> str:
        """The neuron whose membrane it feeds."""
        return self.name.split(".")[0]


class Node(_Model):
    """A quantity that can be observed, and the range where it is expected."""

    name: str
    title: str
    unit: Literal["V", "A"]
    low: float
    high: float

    @field_validator("low", "high", mode="before")
    @classmethod
    def _in_unit(cls, value: Any, info: Any) -> Any:
        if isinstance(value, str) and "unit" in info.data:
            try:
                return parse(value, info.data["unit"])
            except ConfigError as reason:
                raise ValueError(str(reason)) from reason
        return value

    @property
    def owner(self) -> str:
        """The neuron or synapse it belongs to."""
        return self.name.split(".")[0]

    @property
    def quantity(self) -> str:
        """What it is: ``v_m``, ``v_ap``, ``i0``, ``v_c1``, ``v_c2``, ``i_s1``, ``i_s2`` or ``i_out``."""
        return self.name.split(".")[1]


class Board(_Model):
    """A circuit of neurons and synapses. Immutable; `with_components` gives a changed copy."""

    format: Literal[1]
    name: str
    title: str
    source: str
    supply: PositiveVoltage
    errata: dict[str, str] = {}
    neurons: Annotated[dict[str, Neuron], Field(min_length=1)]
    synapses: dict[str, Synapse] = {}
    ports: dict[str, Port]
    nodes: dict[str, Node]
    path: Path
    sha256: str

    @model_validator(mode="before")
    @classmethod
    def _name_entries(cls, data: Any) -> Any:
        named = {}
        for table in ("ports", "nodes"):
            entries = data.get(table)
            if isinstance(entries, dict):
                named[table] = {k: {**v, "name": k} if isinstance(v, dict) else v for k, v in entries.items()}
        return {**data, **named}

    @model_validator(mode="after")
    def _connected(self) -> Self:
        if clash := self.neurons.keys() & self.synapses.keys():
            raise ValueError(f"'{min(clash)}' names both a neuron and a synapse")
        for key, synapse in self.synapses.items():
            for end in ("pre", "post"):
                if getattr(synapse, end) not in self.neurons:
                    wrong = getattr(synapse, end)
                    raise ValueError(f"[synapses.{key}] {end} = '{wrong}' is no neuron.{nearest(wrong, self.neurons)}")
            self._check_spike_edge(key, synapse)
        for name in self.ports:
            owner, _, quantity = name.partition(".")
            if owner not in self.neurons or quantity != "i0":
                known = [f"{n}.i0" for n in self.neurons]
                raise ValueError(f"[ports] '{name}' is no input of this board.{nearest(name, known)}")
        units = self._quantities()
        for name, node in self.nodes.items():
            if name not in units:
                raise ValueError(f"[nodes] '{name}' is no quantity of this board.{nearest(name, units)}")
            if node.unit != units[name]:
                raise ValueError(f"[nodes] '{name}' is measured in {units[name]}, not {node.unit}")
        return self

    def _check_spike_edge(self, key: str, synapse: Synapse) -> None:
        pre = self.neurons[synapse.pre]
        opening = pre.calibration.scale * pre.calibration.I_H * pre.components.R_a
        peak = (pre.calibration.V_th - pre.calibration.V_F) * pre.components.R_a / pre.on_resistance
        if not opening < synapse.calibration.omega < peak:
            raise ValueError(
                f"[synapses.{key}.calibration] omega = {synapse.calibration.omega:.3g} V does not lie between V_ap "
                f"when the thyristor opens ({opening:.3g} V) and its peak ({peak:.3g} V): no spike would end"
            )

    def _quantities(self) -> dict[str, str]:
        units = {f"{n}.{q}": unit for n in self.neurons for q, unit in NEURON_NODES.items()}
        for key, synapse in self.synapses.items():
            present = [f"{q}{k}" for k in range(1, synapse.stages + 1) for q in ("v_c", "i_s")] + ["i_out"]
            units |= {f"{key}.{q}": SYNAPSE_NODES[q] for q in present}
        return units

    @property
    def components(self) -> dict[str, float]:
        """Every component value by its full name, such as ``s11.R_W``, in SI units."""
        return {
            f"{key}.{name}": value
            for key, part in (self.neurons | self.synapses).items()
            for name, value in part.components.model_dump().items()
        }

    def with_components(self, changes: Mapping[str, float | str]) -> "Board":
        """Give the board with other component values (SI, or text with a unit), such as ``{"s11.R_W": 7000.0}``.

        The charge per spike follows C_m / (R_W + R_drive), a stage's time constant R_s C_s, and the effective membrane
        capacitance C_m. Raises ConfigError for an unknown component, a bad value, or ``R_m``, for which the calibration
        has no law.
        """
        data = self.model_dump()
        for name, value in changes.items():
            if name not in self.components:
                raise ConfigError(f"{self.path}: the board has no component '{name}'.{nearest(name, self.components)}")
            owner, part = name.split(".")
            if part == "R_m" and value != self.components[name]:
                raise ConfigError(
                    f"{name}: the thyristor was calibrated with this R_m and no law is known for another."
                )
            data["neurons" if owner in self.neurons else "synapses"][owner]["components"][part] = (
                value if isinstance(value, str) else float(value)
            )
        return _validated(data, self.path)

    def charge(self, synapse: str) -> float:
        """Charge per spike into the first stage of `synapse`, C."""
        link = self.synapses[synapse]
        pre = self.neurons[link.pre]
        drive = link.calibration.R_drive
        weight = (link.fitted_with.R_W + drive) / (link.components.R_W + drive)
        return link.calibration.Q_N * weight * pre.components.C_m / pre.fitted_with.C_m

    def pulse(self, synapse: str) -> float:
        """Length of the current pulse of one spike, s: the undisturbed time of V_ap above omega."""
        link = self.synapses[synapse]
        pre = self.neurons[link.pre]
        peak = (pre.calibration.V_th - pre.calibration.V_F) * pre.components.R_a / pre.on_resistance
        return pre.tau_a * math.log(peak / link.calibration.omega)

    def i_min(self, port: str) -> float:
        """Current (A) at `port` above which a silent neuron fires: the rheobase, less what the synapses leak in."""
        neuron = self._fed_by(port)
        leaked = sum(s.sign * s.calibration.offset for s in self.synapses.values() if s.post == neuron)
        return self.neurons[neuron].i_min - leaked

    def i_max(self, port: str) -> float:
        """Current (A) into the membrane behind `port` above which the neuron latches; synaptic current counts in it."""
        return self.neurons[self._fed_by(port)].i_max

    def tau_a(self, neuron: str) -> float:
        """Time constant of the neuron's discharge, s."""
        if neuron not in self.neurons:
            raise ConfigError(f"{self.path}: the board has no neuron '{neuron}'.{nearest(neuron, self.neurons)}")
        return self.neurons[neuron].tau_a

    def _fed_by(self, port: str) -> str:
        if port not in self.ports:
            raise ConfigError(f"{self.path}: the board has no port '{port}'.{nearest(port, self.ports)}")
        return self.ports[port].neuron


def _with_fit(data: Any) -> Any:
    """The components of the file are those the calibration was made with."""
    return {"fitted_with": data["components"], **data} if isinstance(data, dict) and "components" in data else data


def list_boards() -> list[str]:
    """Names of the boards that ship with neurorig."""
    return sorted(file.stem for file in _SHIPPED.glob("*.toml"))


def load_board(name_or_path: str | Path) -> Board:
    """Read a board: one that ships, by name, or any TOML file, by path.

    Raises ConfigError naming the file and the key when the description is wrong.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = _SHIPPED / f"{name_or_path}.toml"
        if not path.is_file():
            hint = nearest(str(name_or_path), list_boards())
            raise ConfigError(f"There is no board '{name_or_path}' and it is no .toml file.{hint}")
    try:
        text = path.read_bytes()
    except OSError as reason:
        raise ConfigError(f"{path}: cannot read the board: {reason.strerror}.") from reason
    return _read(path, text)


@cache
def _read(path: Path, text: bytes) -> Board:
    try:
        data = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as reason:
        raise ConfigError(f"{path}: not TOML: {reason}.") from reason
    return _validated({**data, "path": path, "sha256": hashlib.sha256(text).hexdigest()}, path)


def _validated(data: dict[str, Any], path: Path) -> Board:
    try:
        return Board.model_validate(data)
    except ValidationError as reason:
        raise ConfigError(f"{path}: " + "; ".join(_explain(e, data) for e in reason.errors()[:3])) from reason


def _explain(error: Any, data: dict[str, Any]) -> str:
    """One pydantic error as a sentence: the key, what is wrong, and the name that may have been meant."""
    where = [str(part) for part in error["loc"]]
    key = ".".join(f'"{part}"' if "." in part else part for part in where)
    if error["type"] == "extra_forbidden":
        return f"[{key}] is not a key of a board.{nearest(where[-1], _keys_beside(where))}"
    if error["type"] == "missing":
        return f"[{key}] is missing"
    message = error["msg"].removeprefix("Value error, ").rstrip(".")
    return f"[{key}] {message}" if key else message


def _keys_beside(where: list[str]) -> list[str]:
    """The keys allowed where an unknown one was found."""
    model: Any = Board
    for part in where[:-1]:
        if isinstance(model, type) and issubclass(model, _Model) and part in model.model_fields:
            model = model.model_fields[part].annotation
        else:  # an entry of a table: its value type
            model = model.__args__[1]
    hidden = {"path", "sha256", "fitted_with", "name"} if model is not Board else {"path", "sha256"}
    return [key for key in model.model_fields if key not in hidden]


_SHIPPED = Path(__file__).parent / "boards"
