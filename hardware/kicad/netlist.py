"""The SPICE netlist that KiCad exports from a schematic, as a circuit that ngspice runs: parts fitted, jumpers set, driven.

Models are those of library/neurorig.lib. The transistors are level 1, without subthreshold conduction.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from pathlib import Path

from neurorig.hardware.spice.deck import (
    BURSTING_OPTIONS,
    BURSTING_STEP,
    MAX_STEP,
    OPTIONS,
    PARTS,
    Thyristor,
    models,
    wave,
)
from neurorig.hardware.spice.simulator import Recording, simulate
from neurorig.signals import ConfigError, Steps, nearest, show

from .program import KicadError, workspace
from .projects import Project

SUPPLY = 5.0  # V
SUPPLY_NETS = ("supply_in", "+5V")
"""Where the supply is connected: before the protection against reversed polarity, on boards that have one."""

CAPACITIVE = (".v_m", ".v_c1", ".v_c2")
"""Nets with a capacitor that remembers."""

SHUNT = "rshunt=1e12"  # ohm from every node to ground: parts that a jumper cuts off have a voltage, too

_POSITIONS = {
    "jumper": ("closed", ("open", "closed")),
    "jumper3": ("position", ("open", "1-2", "2-3")),
    "jumper3x2": ("position", ("open", "1-2", "2-3")),  # two caps: rows 1 and 2, or 2 and 3
}
_PLAIN = {"R": "resistor", "C": "capacitor"}


@dataclass(frozen=True)
class Element:
    """A part in the netlist. `model`: name of its subcircuit, or the value of a resistor or capacitor."""

    designator: str
    nets: tuple[str, ...]
    model: str
    parameters: Mapping[str, str]
    plain: bool = False
    """Whether it is a resistor or capacitor of SPICE itself, rather than a subcircuit."""

    @property
    def line(self) -> str:
        """Its line in a deck."""
        settings = (f"{name}={value}" for name, value in self.parameters.items())
        return " ".join([self.designator if self.plain else f"X{self.designator}", *self.nets, self.model, *settings])


@dataclass(frozen=True)
class Netlist:
    """A circuit as exported: its elements by designator, and the text of model libraries other than ours.

    Nothing changes in place: `fitted`, `jumpers` and `without` give another circuit.
    """

    name: str
    elements: Mapping[str, Element]
    libraries: str = ""

    @cached_property
    def nets(self) -> frozenset[str]:
        """Names of all nets, such as ``/s11/s11.v_c1``, ``+5V``."""
        return frozenset(net for element in self.elements.values() for net in element.nets)

    def net(self, node: str) -> str:
        """Net of a node of the board, ``s11.v_c1``, in whatever sheet it is. Raises ConfigError if none or several are."""
        found = sorted(net for net in self.nets if net == node or net.rpartition("/")[2] == node)
        if len(found) != 1:
            leaves = {net.rpartition("/")[2] for net in self.nets}
            told = f"several nets '{node}': {', '.join(found)}" if found else f"no net '{node}'.{nearest(node, leaves)}"
            raise ConfigError(f"{self.name}: the schematic has {told}")
        return found[0]

    def fitted(self, parts: Mapping[str, float]) -> "Netlist":
        """Give the circuit with other values (ohm, F) of resistors, capacitors and trimmers, by designator.

        Raises ConfigError for a part that it lacks or that takes no value, and for a trimmer that has not so much.
        """
        changed: dict[str, Element] = {}
        for part, value in parts.items():
            element = self._element(part)
            if element.plain:
                changed[part] = replace(element, model=f"{value:.10g}")
            elif element.model == "trimmer":
                total = element.parameters.get("total", "20k")
                if value > _ohms(total):
                    raise ConfigError(
                        f"{self.name}: {part} is a trimmer of {total}, it cannot be set to {show(value, 'ohm')}."
                    )
                changed[part] = replace(element, parameters={**element.parameters, "r": f"{value:.10g}"})
            else:
                raise ConfigError(f"{self.name}: {part} is a {element.model} and takes no value.")
        return replace(self, elements={**self.elements, **changed})

    def jumpers(self, positions: Mapping[str, str]) -> "Netlist":
        """Give the circuit with its jumpers set: "open", "closed", "1-2", "2-3", ... by designator.

        Raises ConfigError for a jumper that it lacks, or a position that it has not.
        """
        changed: dict[str, Element] = {}
        for part, position in positions.items():
            element = self._element(part)
            if element.model not in _POSITIONS:
                raise ConfigError(f"{self.name}: {part} is a {element.model} and no jumper.")
            name, allowed = _POSITIONS[element.model]
            if position not in allowed:
                raise ConfigError(f"{self.name}: {part} cannot be '{position}'; it can be {', '.join(allowed)}.")
            setting = str(allowed.index(position))
            changed[part] = replace(element, parameters={**element.parameters, name: setting})
        return replace(self, elements={**self.elements, **changed})

    def without(self, parts: Iterable[str]) -> "Netlist":
        """Give the circuit without these parts. Raises ConfigError for a part that it lacks."""
        gone = {self._element(part).designator for part in parts}
        return replace(self, elements={name: e for name, e in self.elements.items() if name not in gone})

    def vector(self, node: str) -> str:
        """What ngspice calls a node: voltage of a net (``n1.v_m``), or current (A) through a part (``R_s11_1``).

        Of a jumper or trimmer, that from its first pin to its second. Raises ConfigError for neither.
        """
        if node not in self.elements:
            return f"v({self.net(node)})"
        element = self.elements[node]
        if element.plain and node[0].upper() == "R":
            return f"i(@{node}[i])"
        if element.model in (*_POSITIONS, "trimmer"):
            return f"i(@r.x{node}.r_1[i])"
        raise ConfigError(
            f"{self.name}: the current through {node} cannot be seen; take a resistor or jumper beside it."
        )

    def deck(
        self,
        drive: Mapping[str, Steps | float],
        until: float,
        nodes: Iterable[str] = (),
        *,
        charges: Mapping[str, float] | None = None,
        volts: Mapping[str, Steps | float] | None = None,
        bursting: bool = False,
        thyristor: Thyristor = "ref",
    ) -> str:
        """Write the deck of the circuit, from 0 to `until` (s), on a supply of 5 V.

        `drive`: currents (A) by port. `volts`: voltages (V) that hold a net, such as ``s11.coupled``. `charges`: voltages
        (V) that nets start from; membranes and stages that are not named start empty. `nodes` (see `vector`) are saved
        besides V_ap of every neuron. A neuron with C_L is `bursting` and takes shorter steps.
        Raises ConfigError for an unknown port, net or node, and an end that is not after 0 s.
        """
        if not 0.0 < until < inf:
            raise ConfigError(f"until = {show(until, 's')}: ngspice runs from 0 s to a later time, such as 1 s.")
        options, step = (BURSTING_OPTIONS, BURSTING_STEP) if bursting else (OPTIONS, MAX_STEP)
        spikes = sorted(net.rpartition("/")[2] for net in self.nets if net.endswith(".v_ap"))
        saved = dict.fromkeys(self.vector(node) for node in [*spikes, *nodes])
        lines = [
            f"{self.name}, exported by KiCad",
            f".option {options} {SHUNT}",
            models(thyristor),
            self.libraries,
            *(element.line for element in self.elements.values()),
            *self._sources(drive, volts or {}),
            *self._rest(charges or {}),
            ".save "
            + " ".join(re.sub(r"^i\((@.*)\)$", r"\1", vector) for vector in saved),  # asked for so, called i(...)
            f".tran {step:g} {until:.12g} 0 {step:g}",
            ".end",
        ]
        return "\n".join(lines) + "\n"

    def run(
        self,
        drive: Mapping[str, Steps | float],
        until: float,
        nodes: Iterable[str] = (),
        *,
        charges: Mapping[str, float] | None = None,
        volts: Mapping[str, Steps | float] | None = None,
        bursting: bool = False,
        deadline: float = 120.0,
    ) -> Recording:
        """Have ngspice simulate `deck`. Raises ConfigError as `deck` does, SpiceError if ngspice is absent or fails."""
        text = self.deck(drive, until, nodes, charges=charges, volts=volts, bursting=bursting)
        return simulate(self.name, text, self.vector, deadline=deadline)

    def _rest(self, charges: Mapping[str, float]) -> list[str]:
        empty = {net: 0.0 for net in self.nets if net.endswith(CAPACITIVE)}
        named = {self.net(node): value for node, value in charges.items()}
        return [f".ic v({net})={value:.10g}" for net, value in sorted({**empty, **named}.items())]

    def _sources(self, drive: Mapping[str, Steps | float], volts: Mapping[str, Steps | float]) -> list[str]:
        leaves = {net.rpartition("/")[2] for net in self.nets}
        lines = []
        if supply := next((net for net in SUPPLY_NETS if net in leaves), None):
            lines.append(f"V_supply {self.net(supply)} 0 {SUPPLY:g}")
        for k, (port, command) in enumerate(drive.items()):
            neuron, _, quantity = port.partition(".")
            # a port without a net of its own is the membrane itself
            node = f"{neuron}.v_m" if quantity == "i0" and port not in leaves else port
            lines.append(f"I_port{k} 0 {self.net(node)} {wave(command)}")
        lines += [f"V_held{k} {self.net(node)} 0 {wave(command)}" for k, (node, command) in enumerate(volts.items())]
        return lines

    def _element(self, part: str) -> Element:
        if part not in self.elements:
            raise ConfigError(f"{self.name}: the netlist has no part '{part}'.{nearest(part, self.elements)}")
        return self.elements[part]


def export(project: Project) -> Netlist:
    """Have KiCad export the netlist of a project. Raises KicadError if it is absent or finds a part without its model."""
    with workspace(project) as copy:
        copy.run("sch", "export", "netlist", "--format", "spice", "-o", "netlist.cir", copy.project.schematic.name)
        text = (copy.project.folder / "netlist.cir").read_text(encoding="utf-8")
        return read_netlist(project.name, text)


def read_netlist(name: str, text: str) -> Netlist:
    """Take an exported netlist apart. Raises KicadError for a line that none of our models explains."""
    elements: dict[str, Element] = {}
    libraries = []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("*"):
            continue
        if words[0] == ".include":
            path = Path(line.split('"')[1])
            if path.name != PARTS.name:  # ours is written into every deck
                libraries.append(path.read_text(encoding="utf-8"))
        elif not words[0].startswith("."):
            element = _read(name, words)
            elements[element.designator] = element
    return Netlist(name, elements, "\n".join(libraries))


def _read(name: str, words: list[str]) -> Element:
    """One line: a subcircuit (X), a resistor or a capacitor."""
    kind, designator = words[0][0].upper(), words[0]
    if kind in _PLAIN and len(words) == 4:
        return Element(designator, tuple(words[1:3]), words[3], {}, plain=True)
    if kind == "X" and len(words) > 2:
        settings = dict(word.split("=", 1) for word in words if "=" in word)
        *nets, model = (word for word in words[1:] if "=" not in word)
        return Element(designator[1:], tuple(nets), model, settings)
    raise KicadError(
        f"{name}: the exported netlist has a line that is no part of ours: '{' '.join(words)}'. Give the symbol a model "
        "of neurorig.lib in its Sim fields, or exclude it from simulation."
    )


def _ohms(text: str) -> float:
    match = re.fullmatch(r"([\d.]+)([kM]?)", text)
    if match is None:
        raise ConfigError(f"'{text}' is no resistance; write it as 20k or 500.")
    return float(match[1]) * {"": 1.0, "k": 1e3, "M": 1e6}[match[2]]
