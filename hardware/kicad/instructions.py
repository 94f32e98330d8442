"""What a person does at the bench so that a printed circuit is the board of a figure: parts, caps, supply, currents, nodes.

Values and positions come from `fitting`; the words beside a jumper, the places to measure at and the connectors are read from
the schematic of the circuit. KiCad is not needed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from neurorig.hardware import Board
from neurorig.signals import parse, show

from .fitting import LARGEST_FILM, TRIMMERS, WIRE, Position, Setup, blocks, designators, loose, printed, setup, written
from .projects import PROJECTS
from .schematic import Component, Schematic, natural, read_schematic


class Compliance(NamedTuple):
    """Voltages (V) of a current source: the `least` that it has to reach, the `limit` to set, the `most` that it may go to."""

    least: float
    limit: float
    most: float


THRESHOLD = 3.6
"""V: the highest threshold of a thyristor that hardware/README.md has kept."""
COMPLIANCE = Compliance(least=4.0, limit=4.5, most=5.0)
"""`least`: THRESHOLD, what `R_i` (470 ohm) takes of 250 uA, and a quarter of a volt; the shield reaches 4.05 V on the poorest
USB. `most`: the supply, above which no input of a chip may stand. `limit` lies between, for sources that can be set."""

INSTEAD = {
    "printed": ("corrected", "as Table III of the paper prints them, most likely in exchanged rows"),
    "commanded": ("corrected", "as commanded; the measured currents balance with the others"),
    "kick_as_printed": ("kick", "as the paper prints it; its own curves need the smaller one"),
    "plus_if_sagging": ("plus", "for a source that sags by 2 uA, as that of Fig. 9 did"),
}
"""Presets that are on record but not to be used where the board has the other one, and what they are."""
SUPPLY_LIMIT = 0.05
"""A: no circuit for neurons draws more; its supply block says so."""

PAIRS = {"1-2": "1-3, 2-4", "2-3": "3-5, 4-6"}
"""Pins of a header of two rows, numbered odd and even, by the position of both of its caps."""


@dataclass(frozen=True)
class Fit:
    """A value of the board (ohm, F) and its place. `do`: "leave", "plug", "solder", "wire" or "turn"; `how`: in words."""

    part: str
    component: str
    value: float
    written: str
    printed: str
    do: str
    how: str


@dataclass(frozen=True)
class Cap:
    """Where the cap of a jumper goes: position, pins, the word on the silkscreen. `used`: False if the figure lacks this synapse.

    Of two rows of three pins, which has two caps that move together, `pins` names both pairs.
    """

    jumper: str
    block: str
    position: Position
    pins: str
    word: str
    used: bool


@dataclass(frozen=True)
class Loose:
    """Something to have ready: so many pieces, and where they go."""

    count: int
    what: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Drive:
    """A current (A) of a preset, the port, and the connector that it enters at ("": another circuit has it).

    `of_i_min`: the same as a multiple of the I_min of the board. `instead`: the preset to take instead of this one, and
    `what`: what this one is; empty for one to be used.
    """

    preset: str
    port: str
    current: float
    of_i_min: float
    connector: str
    instead: str
    what: str


@dataclass(frozen=True)
class Look:
    """A node of the board, and every place where it is seen; `remark`: its scale, or what it is computed from."""

    node: str
    places: tuple[str, ...]
    remark: str


@dataclass(frozen=True)
class Instructions:
    """Everything for one board on one circuit. `ports`: the range (A) of each and its connector, ("" if on another circuit).

    `i_min`: the rheobase (A) at each port.
    `remarks`: what a hand has to mind; `differs`: what the paper prints otherwise, and how the board takes it.
    """

    board: str
    title: str
    setup: Setup
    fit: tuple[Fit, ...]
    loose: tuple[Loose, ...]
    caps: tuple[Cap, ...]
    open: tuple[str, ...]
    supply: str
    compliance: Compliance
    ports: dict[str, tuple[float, float, str]]
    i_min: dict[str, float]
    drives: tuple[Drive, ...]
    nodes: tuple[Look, ...]
    remarks: tuple[str, ...]
    differs: tuple[str, ...]


def instruct(board: Board, project: str | None = None) -> Instructions:
    """Say how `board` is made on the circuit `project`, by default on the smallest. Raises ConfigError as `setup` does."""
    made = setup(board, project)
    drawn = read_schematic(PROJECTS[made.project].schematic)
    bench = _Bench(board, made, drawn, blocks(board, made.project))
    return Instructions(
        board.name, board.title, made, tuple(bench.fit()), tuple(bench.loose()), tuple(bench.caps()),
        tuple(bench.left_open()), bench.supply(), COMPLIANCE, bench.ports(), bench.i_min(), tuple(bench.drives()),
        tuple(bench.looks()), tuple(bench.remarks()), tuple(board.errata.values()),
    )  # fmt: skip


@dataclass(frozen=True)
class _Bench:
    board: Board
    made: Setup
    drawn: Schematic
    blocks: dict[str, str]

    def fit(self) -> Iterator[Fit]:
        for component, parts in designators(self.board, self.made.project).items():
            for part in parts:
                value, usual = self.made.parts[part], printed(part, self.made.project)
                do, how = self._how(part, value, usual)
                yield Fit(part, component, value, written(value), usual, do, how)

    def _how(self, part: str, value: float, usual: str) -> tuple[str, str]:
        if part.rstrip("0123456789") in TRIMMERS:
            return "turn", self._trim(part, written(value))
        if part.startswith("R_Wp"):
            what = "a wire" if value < WIRE else f"a resistor of {written(value)}"
            return ("wire" if value < WIRE else "plug"), f"{what} into the socket"
        if written(value) == usual:
            return "leave", "as printed"
        if part.startswith("R"):
            return "solder", f"solder {written(value)} in place of {usual}"
        if value > LARGEST_FILM:
            return "plug", "no film capacitor of this value fits: electrolytic on wires, minus to GND"
        return "plug", f"plug {written(value)} in place of {usual}"

    def _trim(self, part: str, value: str) -> str:
        """Measured between the ends of the trimmer, one of which hangs on nothing but the pin of a jumper without cap."""
        ends = self.drawn[part].pins
        alone, other = sorted((ends["1"], ends["2"]), key=lambda net: len(self.drawn.nets[net]))
        caps = [name for name in self._on(alone) if name.startswith("JP")]
        off = f", cap off {' and '.join(caps)}" if caps else ""
        return f"supply off{off}: turn until {value} ohm from {self._probe(alone)} to {self._probe(other)}"

    def _probe(self, net: str) -> str:
        """Where a probe reaches a net: a test point, else a pin of a jumper or connector, else of any part."""
        order = ("TP", "JP", "J")
        names = sorted(
            self._on(net), key=lambda n: next((k for k, p in enumerate(order) if n.startswith(p)), len(order))
        )
        name = names[0]
        if name.startswith("TP"):
            return f"{name} ({self.drawn[name].value})"
        return f"{name} pin {next(pin for pin, on in self.drawn[name].pins.items() if on == net)}"

    def _on(self, net: str) -> list[str]:
        return sorted({name for name, _ in self.drawn.nets[net]}, key=natural)

    def loose(self) -> Iterator[Loose]:
        what = {"C": "{}F film capacitor", "R": "{} ohm resistor, 1 %", "wire": "wire link"}
        for (kind, value), places in loose(self.made).items():
            large = kind == "C" and self.made.parts[places[0]] > LARGEST_FILM
            text = "{}F electrolytic capacitor" if large else what[kind]
            yield Loose(len(places), text.format(value), places)

    def caps(self) -> Iterator[Cap]:
        used = {name[1:] for name in self.blocks.values()}
        for jumper, position in self.made.jumpers.items():
            index = index_of(jumper)
            block = ("n" if len(index) == 1 else "s") + index
            part = self.drawn[jumper]
            pins = PAIRS.get(position, position) if len(part.pins) == 6 else position
            here = index in used or self.made.project == "neuron"
            yield Cap(jumper, block, position, pins, printed_word(part, position), here)

    def left_open(self) -> Iterator[str]:
        meaning = {
            "coupled": "coupled (0 V would uncouple)",
            "discharge": "C_s keeps its charge (5 V would empty it)",
        }
        for part in self._connectors():
            said = [
                text
                for name, text in meaning.items()
                if name in {_node(n).partition(".")[2] for n in part.pins.values()}
            ]
            if said:
                yield f"{part.reference}: {', '.join(said)}"

    def supply(self) -> str:
        for part in self._connectors():
            for pin, net in part.pins.items():
                if _node(net) == "supply_in":
                    ground = next(p for p, n in part.pins.items() if n == "GND")
                    square = " (square pad)" if pin == "1" else ""
                    volts, limit = show(self.board.supply, "V"), show(SUPPLY_LIMIT, "A")
                    return f"{part.reference}: +{volts} to pin {pin}{square}, GND to pin {ground}; limit {limit}"
        return ""

    def ports(self) -> dict[str, tuple[float, float, str]]:
        return {name: (port.low, port.high, self.connector(name)) for name, port in self.board.ports.items()}

    def i_min(self) -> dict[str, float]:
        return {name: self.board.i_min(name) for name in self.board.ports}

    def drives(self) -> Iterator[Drive]:
        for preset, currents in self.board.presets.items():
            instead, what = INSTEAD.get(preset, ("", ""))
            if instead not in self.board.presets:
                instead = what = ""
            for port, current in currents.items():
                of_i_min = current / self.board.i_min(port)
                yield Drive(preset, port, current, of_i_min, self.connector(port), instead, what)

    def connector(self, port: str) -> str:
        """The connector on the net of a port."""
        wanted = self._named(port)
        return next((p.reference for p in self._connectors() if wanted in map(_node, p.pins.values())), "")

    def looks(self) -> Iterator[Look]:
        for node in self.board.nodes:
            owner, _, quantity = node.partition(".")
            if owner not in self.blocks or quantity == "i0":
                continue
            seen, remark = self._named(node), ""
            if quantity == "i_out":
                remark = self._replica(owner)
            elif match := re.fullmatch(r"i_s(\d)", quantity):
                seen, remark = self._stage(owner, int(match[1]))
            elif match := re.fullmatch(r"v_c(\d)", quantity):
                seen, _ = self._stage(owner, int(match[1]))
            if places := self._places(seen):
                yield Look(node, places, remark)

    def _stage(self, name: str, stage: int) -> tuple[str, str]:
        """The node of the circuit that shows a stage of a synapse, of which the last is stage 2, and its current."""
        synapse = self.board.synapses[name]
        place = 2 if stage == synapse.stages else stage
        seen, resistor = f"{self.blocks[name]}.v_c{place}", f"{written(synapse.components.R_s)} ohm"
        if gates := self._places(f"{self.blocks[name]}.v_g{place}"):
            return seen, f"({self._places(seen)[0]} - {gates[0]}) / {resistor}"
        return seen, f"(V - {show(synapse.calibration.V_T, 'V')}) / {resistor}"

    def _replica(self, name: str) -> str:
        """Volts over the resistor below the replica; its transistor may be of another chip than those of the output."""
        index = self.blocks[name][1:]
        resistor = self.drawn.components.get(f"R_rep{index}")
        if resistor is None:
            return ""
        roughly = ", roughly" if self._places(f"s{index}.v_g2") else ""
        return f"{show(parse(resistor.value + 'ohm', 'ohm') * 1e-6, 'V')} for 1 uA{roughly}"

    def _places(self, node: str) -> tuple[str, ...]:
        """BNC sockets, then test points, then pins of headers."""
        found = []
        for name, part in self.drawn.components.items():
            if not part.fitted or not re.match(r"J_|J\d|TP", name):
                continue
            pins = [pin for pin, net in part.pins.items() if _node(net) == node]
            if part.library_id.endswith("Conn_Coaxial"):
                if part.value == node:
                    found.append((0, f"BNC {name}"))
            elif name.startswith("TP") and pins:
                found.append((1, name))
            elif pins:
                found.append((2, f"{name} pin {pins[0]}"))
        return tuple(place for _, place in sorted(found, key=lambda f: (f[0], natural(f[1]))))

    def remarks(self) -> Iterator[str]:
        if self.made.project == "motif" and len(self.board.neurons) > 1:
            yield "T1 and T2 have to be alike: sort thyristors first (hardware/README.md, section 2)"
        if any(name.startswith("s") for name in self.blocks.values()) and self.made.project != "neuron":
            yield "C_s keeps the charge of the run before: 5 V on its discharge pin for 0.1 s empties it"
        if self.made.project == "neuron" and self.board.synapses:
            yield "this circuit has R_W alone: the stages are on the board 'synapse', joined at J_delta11"
        if self.made.project == "synapse":
            yield "the neuron and R_W are on the board 'neuron', joined at J_delta11; currents enter there"

    def _connectors(self) -> Iterator[Component]:
        for name, part in self.drawn.components.items():
            if re.match(r"J_|J\d", name) and part.fitted:
                yield part

    def _named(self, node: str) -> str:
        """A node or port of the board as the circuit calls it."""
        owner, _, quantity = node.partition(".")
        return f"{self.blocks.get(owner, owner)}.{quantity}"


def printed_word(jumper: Component, position: Position) -> str:
    """What the silkscreen says at a position: ``inh`` of ``exc | inh``; nothing without a cap."""
    if position == "open":
        return ""
    left, divided, right = jumper.value.partition(" | ")
    return right if divided and position == "2-3" else left


def index_of(jumper: str) -> str:
    """``1`` of JP_load1 and JP_C_L1, ``12`` of JP_sign12 and JP_stages12_2."""
    match = re.fullmatch(r"JP_.*?[A-Za-z](\d{1,2})(?:_\d)?", jumper)
    assert match is not None, jumper
    return match[1]


def _node(net: str) -> str:
    """A net of a sub-sheet as a person calls it: s11.v_c1 of /s11/s11.v_c1."""
    return net.rpartition("/")[2]
