"""`Board`: a neurosynaptic circuit as data. Components, device calibration, ports, nodes, and the state at rest.

A board is one TOML file; the files that ship are in ``hardware/boards``. Nothing here computes a trajectory: that is
the twin's part, and the twin takes every number from here.
"""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from neurorig.signals import ConfigError, Current, nearest, show

from .description import Shelf, explain, message, sentences
from .driver_circuits import Pulse, Spike, pulse, sink_voltage
from .fitted import remember_fits
from .parts import NEURON_NODES, OPEN, SYNAPSE_NODES, Neuron, Node, Part, Port, PositiveVoltage, Synapse

DRIVE_DROP = 1.0
"""V of the supply that the transistors keep: what drives a weight is V+ - 1 V (Wu 2025, appendix: 4 V at 5 V)."""


class Board(Part):
    """A circuit of neurons and synapses. Immutable; `with_components` gives a changed copy."""

    format: Literal[1]
    name: str
    title: str
    source: str
    figures: tuple[str, ...] = ()
    like: str | None = None
    supply: PositiveVoltage
    fitted_supply: PositiveVoltage
    errata: dict[str, str] = Field(default_factory=dict)
    neurons: Annotated[dict[str, Neuron], Field(min_length=1)]
    synapses: dict[str, Synapse] = Field(default_factory=dict)
    ports: dict[str, Port]
    nodes: dict[str, Node]
    presets: dict[str, dict[str, Current]] = Field(default_factory=dict)
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
        supply = {"fitted_supply": data["supply"]} if "supply" in data else {}
        return {**supply, **data, **named, **_fitted_synapses(data)}

    @model_validator(mode="after")
    def _connected(self) -> Self:
        if clash := self.neurons.keys() & self.synapses.keys():
            raise ValueError(f"'{min(clash)}' names both a neuron and a synapse")
        if OPEN in self.neurons:
            raise ValueError(f"no neuron can be called '{OPEN}': as post of a synapse it says that none is behind it")
        for key, synapse in self.synapses.items():
            for end, wrong in (("pre", synapse.pre), ("post", synapse.post)):
                if wrong not in self.neurons and (end, wrong) != ("post", OPEN):
                    raise ValueError(f"[synapses.{key}] {end} = '{wrong}' is no neuron.{nearest(wrong, self.neurons)}")
            self._check_spike_edge(key, synapse)
            self._check_supply(key, synapse)
            self._check_rest(key, synapse)
            self._check_drive(key)
        for name in self.ports:
            owner, _, quantity = name.partition(".")
            if owner not in self.neurons or quantity != "i0":
                known = [f"{n}.i0" for n in self.neurons]
                raise ValueError(f"[ports] '{name}' is no input of this board.{nearest(name, known)}")
        units = self.quantities
        for name, node in self.nodes.items():
            if name not in units:
                raise ValueError(f"[nodes] '{name}' is no quantity of this board.{nearest(name, units)}")
            if node.unit != units[name]:
                raise ValueError(f"[nodes] '{name}' is measured in {units[name]}, not {node.unit}")
        for preset, currents in self.presets.items():
            if strange := currents.keys() - self.ports.keys():
                port = min(strange)
                raise ValueError(f"[presets.{preset}] '{port}' is no port of this board.{nearest(port, self.ports)}")
        return self

    def _check_spike_edge(self, key: str, synapse: Synapse) -> None:
        pre = self.neurons[synapse.pre]
        if not pre.opening < synapse.calibration.omega < pre.peak:
            raise ValueError(
                f"[synapses.{key}.calibration] omega = {synapse.calibration.omega:.3g} V does not lie between V_ap "
                f"when the thyristor opens ({pre.opening:.3g} V) and its peak ({pre.peak:.3g} V): no spike would end"
            )

    def _check_supply(self, key: str, synapse: Synapse) -> None:
        least = max(synapse.calibration.V_T + synapse.calibration.headroom, DRIVE_DROP)
        if self.supply <= least:
            raise ValueError(
                f"supply = {show(self.supply, 'V')} gives synapse '{key}' no charge: it needs more than {show(least, 'V')}"
            )

    def _check_rest(self, key: str, synapse: Synapse) -> None:
        most = self.supply - synapse.calibration.headroom
        for name, volts in (("v_c1", synapse.at_rest.v_c1), ("v_c2", synapse.at_rest.v_c2)):
            if volts > most:
                raise ValueError(
                    f"[synapses.{key}.at_rest] {name} = {show(volts, 'V')} is more than the supply can charge it to: "
                    f"give at most {show(most, 'V')}, the supply less the headroom"
                )

    def _check_drive(self, key: str) -> None:
        try:
            self.drive(key)
        except ValueError as reason:
            raise ValueError(f"[synapses.{key}] {reason}") from reason

    @property
    def quantities(self) -> dict[str, str]:
        """Everything that the circuit has a value for, with its unit: a node is one of them that a person wants to see."""
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
            for name, value in part.components.model_dump(exclude_none=True).items()
        }

    def with_components(self, changes: Mapping[str, float | str]) -> "Board":
        """Give the board with other component values (SI, or text with a unit), such as ``{"s11.R_W": 7000.0}``.

        The charge per spike follows C_m / (R_W + R_drive), a stage's time constant R_s C_s, and the effective membrane
        capacitance C_m. Raises ConfigError, which begins with the component, for an unknown component, a bad value, or
        ``R_m``, for which the calibration has no law.
        """
        data = self.model_dump()
        for name, value in changes.items():
            if name not in self.components:
                raise ConfigError(f"{name}: board '{self.name}' has no such component.{nearest(name, self.components)}")
            owner, part = name.split(".")
            if part == "R_m" and value != self.components[name]:
                raise ConfigError(
                    f"{name}: the thyristor was calibrated with this R_m and no law is known for another."
                )
            data["neurons" if owner in self.neurons else "synapses"][owner]["components"][part] = (
                value if isinstance(value, str) else float(value)
            )
        try:
            return Board.model_validate(data)
        except ValidationError as reason:
            raise ConfigError("; ".join(_of_component(e, changes) for e in reason.errors()[:3])) from None

    def with_supply(self, supply: float | str) -> "Board":
        """Give the board at another supply V+ (V, or text with a unit), which sets every synaptic weight.

        Raises ConfigError for a supply from which no synapse gets charge.
        """
        return self._changed({**self.model_dump(), "supply": supply if isinstance(supply, str) else float(supply)})

    def with_charges(self, charges: Mapping[str, tuple[float, float]]) -> "Board":
        """Give the board with other voltages (V) left on the stages: ``{"s11": (v_c1, v_c2)}``, the rest as it was.

        Raises ConfigError for an unknown synapse, or a voltage that the supply cannot give.
        """
        data = self.model_dump()
        for name, (v_c1, v_c2) in charges.items():
            if name not in self.synapses:
                raise ConfigError(f"{self.path}: the board has no synapse '{name}'.{nearest(name, self.synapses)}")
            data["synapses"][name]["at_rest"] = {"v_c1": float(v_c1), "v_c2": float(v_c2)}
        return self._changed(data)

    def with_ports(self, changes: Mapping[str, Mapping[str, float | str]]) -> "Board":
        """Give the board with other ports, such as ``{"n1.i0": {"ripple": "50 nA", "noise": 2e-8}}`` (SI or text with a unit).

        Raises ConfigError for an unknown port or key, or a bad value.
        """
        data = self.model_dump()
        for name, change in changes.items():
            if name not in self.ports:
                raise ConfigError(f"{self.path}: the board has no port '{name}'.{nearest(name, self.ports)}")
            data["ports"][name] |= {k: v if isinstance(v, str) else float(v) for k, v in change.items()}
        return self._changed(data)

    def without(self, synapses: Iterable[str]) -> "Board":
        """Give the board with these synapses and their nodes taken out: the uncoupled neurons of a network.

        Raises ConfigError for an unknown synapse.
        """
        gone = {synapses} if isinstance(synapses, str) else set(synapses)
        for name in sorted(gone - self.synapses.keys()):
            hint = nearest(name, self.synapses)
            raise ConfigError(f"{self.path}: the board has no synapse '{name}'.{hint}")
        data = self.model_dump()
        data["synapses"] = {k: v for k, v in data["synapses"].items() if k not in gone}
        data["nodes"] = {k: v for k, v in data["nodes"].items() if self.nodes[k].owner not in gone}
        return self._changed(data)

    def preset(self, name: str) -> dict[str, float]:
        """Currents (A) by port with which the board was run in the paper; ConfigError, with the nearest name, if unknown."""
        if name not in self.presets:
            raise ConfigError(f"{self.path}: the board has no preset '{name}'.{nearest(name, self.presets)}")
        return dict(self.presets[name])

    def _changed(self, data: dict[str, Any]) -> "Board":
        try:
            return Board.model_validate(data)
        except ValidationError as reason:
            raise ConfigError(f"{self.path}: {sentences(reason, Board, 'board')}") from None

    def drive(self, synapse: str) -> Pulse:
        """Give the current pulse of one spike, drawn into the first stage of `synapse` (a membrane, if it has no stage).

        ``constant``: charge Q_N C_m / (R_W + R_drive), in proportion to V+ - 1 V (the paper's "V+ = 4 V" at a supply of
        5 V), while V_ap is above omega in a free discharge. Input current changes the true time by a few percent; the
        model keeps length and amplitude constant, so that every spike delivers its measured charge, whatever the rate
        (I_s(f) of Figs 6(b), 9(b) is a straight line). ``pcb`` and ``fig18``: see `driver_circuits`.
        """
        if synapse not in self.synapses:
            raise ConfigError(f"{self.path}: the board has no synapse '{synapse}'.{nearest(synapse, self.synapses)}")
        link = self.synapses[synapse]
        pre, fit = self.neurons[link.pre], link.calibration
        if fit.drive != "constant":
            rest = pre.components.R_a * pre.calibration.scale * math.sqrt(pre.calibration.I_off * pre.calibration.I_H)
            spike = Spike(pre.peak, pre.tau_a, rest, pre.opening)  # amid the currents at which the neuron fires
            return pulse(fit.drive, spike, link.components.R_W, self.supply, self._driven(link, spike))
        assert fit.Q_N is not None and fit.R_drive is not None and link.C_m_fitted is not None
        weight = (link.fitted_with.R_W + fit.R_drive) / (link.components.R_W + fit.R_drive)
        swing = (self.supply - DRIVE_DROP) / (self.fitted_supply - DRIVE_DROP)
        charge = fit.Q_N * weight * swing * pre.components.C_m / link.C_m_fitted
        width = pre.tau_a * math.log(pre.peak / fit.omega)
        return Pulse(charge / width, 0.0, width)

    def _driven(self, link: Synapse, spike: Spike) -> tuple[float, float] | None:
        """Give the range of the voltage that a pulse without a stage meets: a membrane, or the diode of a mirror."""
        if link.stages > 0 or link.post == OPEN or link.calibration.drive == "constant":
            return None
        if link.kind == "inhibitory":
            met = sink_voltage(link.calibration.drive, spike, link.components.R_W, self.supply)
            return met, met
        return self.neurons[link.post].calibration.V_F, self.neurons[link.post].calibration.V_th

    def charge(self, synapse: str) -> float:
        """Charge per spike into the first stage of `synapse` while that just begins to conduct (V_C = V_T), C."""
        return self.drive(synapse).charge(self.synapses[synapse].calibration.V_T)

    def pulse(self, synapse: str) -> float:
        """Length of the current pulse of one spike, s."""
        return self.drive(synapse).width

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


def _fitted_synapses(data: dict[str, Any]) -> dict[str, Any]:
    """The synapses, each with the C_m of the neuron whose spikes gave its charge: that of the file, if nothing else is said."""
    neurons, synapses = data.get("neurons"), data.get("synapses")
    if not isinstance(neurons, dict) or not isinstance(synapses, dict):
        return {}
    made: dict[str, Any] = {}
    for key, entry in synapses.items():
        pre = neurons.get(entry.get("pre")) if isinstance(entry, dict) else None
        components = pre.get("components") if isinstance(pre, dict) else None
        if isinstance(components, dict) and "C_m" in components:
            made[key] = {"C_m_fitted": components["C_m"], **entry}
        else:  # what is wrong there is told when the neuron is validated
            made[key] = entry
    return {"synapses": made}


def list_boards() -> list[str]:
    """Names of the boards that ship with neurorig."""
    return _BOARDS.names()


def load_board(name_or_path: str | Path) -> Board:
    """Read a board: one that ships, by name, or any TOML file, by path.

    Raises ConfigError naming the file and the key when the description is wrong.
    """
    return _BOARDS.load(name_or_path)


def _of_component(error: Any, changes: Mapping[str, float | str]) -> str:
    """One pydantic error as a sentence that begins with the component that was changed."""
    match error["loc"]:
        case (_, owner, "components", part):
            return f"{owner}.{part}: {message(error)}"
        case (_, owner):
            named = [name for name in changes if name.startswith(f"{owner}.")]
            return f"{', '.join(named)}: {message(error)}"
        case _:
            return f"{', '.join(changes)}: {explain(error, Board, 'board')}"


_BOARDS = Shelf("board", Path(__file__).parent / "boards", lambda _: Board, remember_fits)
