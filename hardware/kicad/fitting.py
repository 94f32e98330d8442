"""How the board of a figure is made on a printed circuit: which values go into which parts, and where the jumpers go.

Nothing is listed by hand: all of it follows from the description of the board. The parts of neuron K of a board are
`C_mK`, `R_mK`, `R_aK`, `C_LK` and `R_LK`; those of the synapse from neuron I to neuron J are `R_WIJ` (trimmer) or `R_WpIJ`
(socket), `C_sIJ_1`, `R_sIJ_1` (stage 1) and `C_sIJ_2`, `R_sIJ_2` (last stage). Jumpers set the load and C_L of a neuron
(`JP_loadK`, `JP_C_LK`), and of a synapse its order (`JP_stagesIJ_2`, `_1`, `_0`), `JP_signIJ`, `JP_outputIJ`, C_s and R_s of
its last stage (`JP_C_sIJ`, `JP_R_sIJ`) and where its weight is set (`JP_weightIJ`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Literal

from neurorig.hardware import Board, Synapse, list_boards, load_board
from neurorig.hardware.parts import OPEN
from neurorig.signals import ConfigError, show

Position = Literal["open", "closed", "1-2", "2-3"]
"""A jumper without its cap, a jumper of two pins with it, and the pins that it joins of one with three."""

PRINTED = ("wu2025_bump", "bursting_reference")
"""The boards whose values are printed on every circuit; the second has the parts that the first lacks (C_L, R_L)."""

TRIMMERS = {"R_W": 20e3, "R_L": 5e3}
"""Ohm; of R_W the Bourns 3296P-1-203 of Table I of Wu 2025."""
END_STOP = 200.0
"""Ohm: a weight below it is a resistor in the socket beside the trimmer (0.4 ohm: a wire). At its end stop a 3296 keeps up to
1 % of its range ("absolute minimum resistance", Bourns)."""
WIRE = 1.0
"""Ohm: a resistor below it is a wire; the switch before it has more than 100 ohm."""

LARGEST_FILM = 10e-6
"""F: what the places of C_m and C_s take; a larger one is an electrolytic capacitor on wires."""

SIZES = {"neuron": (1, 1), "synapse": (0, 1), "ns_unit": (1, 1), "motif": (2, 4)}
"""Neurons and synapses of each project. `neuron` has the I_delta block of a synapse, with R_W, and `synapse` its stages."""


@dataclass(frozen=True)
class Setup:
    """What the bench does to a board out of the box: `parts` gives values (ohm, F) by designator, `jumpers` positions."""

    project: str
    parts: Mapping[str, float]
    jumpers: Mapping[str, Position]


def setup(board: Board, project: str | None = None) -> Setup:
    """Say how `board` is made on the circuit `project`, by default on the smallest that can hold it.

    Raises ConfigError if no circuit holds it: three neurons, two synapses between the same neurons, R_W beyond its trimmer.
    """
    project = project or smallest(board)
    _check_size(board, project)
    names = designators(board, project)
    parts = {part: board.components[name] for name, found in names.items() for part in found}
    _check_trimmers(board, parts)
    jumpers: dict[str, Position] = {}
    for name, index in _neurons(board, project).items():
        jumpers |= _neuron_jumpers(index, bursting=board.neurons[name].components.C_L is not None)
    placed = {index: board.synapses[name] for name, index in _synapses(board, project).items()}
    for index in ("11", "12", "21", "22") if project == "motif" else ("11",):
        if project != "synapse":
            jumpers |= _weight_jumper(index, placed.get(index), project)
        if project != "neuron":
            jumpers |= _stage_jumpers(index, placed.get(index))
    return Setup(project, parts, jumpers)


def smallest(board: Board) -> str:
    """Project of the smallest circuit that holds the board: ``neuron``, ``ns_unit`` or ``motif``."""
    if len(board.neurons) > 1 or len(board.synapses) > 1:
        return "motif"
    return "ns_unit" if board.synapses else "neuron"


def blocks(board: Board, project: str | None = None) -> dict[str, str]:
    """Give the names on the circuit by those of the board's neurons and synapses: ``{"n1": "n1", "s1": "s11"}``.

    On `synapse` there is no neuron. Raises ConfigError if the circuit does not hold the board.
    """
    project = project or smallest(board)
    _check_size(board, project)
    neurons = {name: f"n{index}" for name, index in _neurons(board, project).items()}
    return neurons | {name: f"s{index}" for name, index in _synapses(board, project).items()}


def loose(made: Setup) -> dict[tuple[str, str], tuple[str, ...]]:
    """Say what a setup needs beside a board with its printed values: kind ("C", "R", "wire") and value to the places.

    A value that a trimmer is set to needs no part.
    """
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for part, value in made.parts.items():
        if part.rstrip("0123456789") in TRIMMERS or written(value) == printed(part, made.project):
            continue
        key = ("wire", "") if part.startswith("R") and value < WIRE else (part[0], written(value))
        found[key] = (*found.get(key, ()), part)
    return found


def designators(board: Board, project: str | None = None) -> dict[str, tuple[str, ...]]:
    """Give the parts on the circuit by the components of the board: ``{"n1.C_m": ("C_m1",), "s11.C_s": ("C_s11_1", ...)}``.

    A component that the circuit of the board has no use for, such as C_s of a synapse without a stage, has no part.
    Raises ConfigError if the circuit does not hold the board.
    """
    project = project or smallest(board)
    found: dict[str, tuple[str, ...]] = {}
    for name, index in _neurons(board, project).items():
        bursting = board.neurons[name].components.C_L is not None
        load = "R_L" if bursting else "R_a"
        found |= {f"{name}.C_m": (f"C_m{index}",), f"{name}.R_m": (f"R_m{index}",), f"{name}.R_a": (f"{load}{index}",)}
        if bursting:
            found[f"{name}.C_L"] = (f"C_L{index}",)
    for name, index in _synapses(board, project).items():
        stages = {0: (), 1: (2,), 2: (1, 2)}[board.synapses[name].stages]
        if project != "synapse":
            found[f"{name}.R_W"] = (f"R_W{'p' if _in_socket(board.synapses[name]) else ''}{index}",)
        for part in ("C_s", "R_s"):
            found[f"{name}.{part}"] = tuple(f"{part}{index}_{k}" for k in stages if project != "neuron")
    return found


def figures(designator: str, project: str) -> str:
    """Say which figures need another value than the printed one: ``33n: Wu 2025 Figs 11(a), 12; 10u: Wu 2023 Fig. 3``.

    Computed from the boards that ship, so that it cannot disagree with them. Empty if every figure takes the printed one.
    """
    wanted: dict[float, list[str]] = {}
    for board, value in _uses(designator, project):
        if written(value) != printed(designator, project):
            wanted.setdefault(value, []).extend(board.figures or (board.name,))
    return "; ".join(f"{written(value)}: {_listed(names)}" for value, names in sorted(wanted.items()))


def printed(designator: str, project: str) -> str:
    """Value in the schematic: that of the bump board, ``100n``; of a trimmer, where it is set; of a socket, nothing.

    Raises ConfigError for a part of which the boards know nothing.
    """
    if designator.startswith("R_Wp"):
        return ""
    known = {board.name: value for board, value in _uses(designator, project)}
    for name in PRINTED:
        if name in known:
            return written(known[name])
    # parts of the second neuron, and of synapses that the bump lacks, are printed as those of the first
    first = re.sub(r"^(C_s|R_s|R_W)\d\d", r"\g<1>11", re.sub(r"^([CR]_[maL])\d$", r"\g<1>1", designator))
    if first == designator:
        raise ConfigError(f"{project}: no board of a figure has a part '{designator}'.")
    return printed(first, project)


def written(value: float) -> str:
    """Give a value (ohm, F) as a schematic has it: ``100n``, ``4.7u``, ``680k``, ``0.4``."""
    for factor, prefix in ((1e3, "k"), (1.0, ""), (1e-6, "u"), (1e-9, "n"), (1e-12, "p")):
        if abs(value) >= factor * 0.9999999 or (prefix == "" and abs(value) >= 0.01):
            return f"{value / factor:.6g}{prefix}"
    return f"{value:g}"


def _neuron_jumpers(index: str, *, bursting: bool) -> dict[str, Position]:
    return {f"JP_load{index}": "2-3" if bursting else "1-2", f"JP_C_L{index}": "closed" if bursting else "open"}


def _weight_jumper(index: str, synapse: Synapse | None, project: str) -> dict[str, Position]:
    """Open for a resistor in the socket; else on the trimmer, of two pins where the circuit has no digital one."""
    on_trimmer: Position = "closed" if project == "neuron" else "1-2"
    return {f"JP_weight{index}": "open" if synapse is not None and _in_socket(synapse) else on_trimmer}


def _stage_jumpers(index: str, synapse: Synapse | None) -> dict[str, Position]:
    """Jumpers of one synapse; None: the board has none there, and it works into its resistor to ground.

    So does one whose output is measured; a sink can draw nothing from ground and is read at its replica.
    """
    stages = 2 if synapse is None else synapse.stages
    inhibits = synapse is not None and synapse.kind == "inhibitory"
    turned = stages == 0 and inhibits  # the diode of the last stage turns the pulse around: without C_s, R_s shorted
    entry = 1 if turned else stages
    orders: dict[str, Position] = {f"JP_stages{index}_{k}": "closed" if entry == k else "open" for k in (2, 1, 0)}
    return orders | {
        f"JP_sign{index}": "2-3" if inhibits else "1-2",
        f"JP_output{index}": "2-3" if synapse is None or synapse.post == OPEN else "1-2",
        f"JP_C_s{index}": "open" if turned else "closed",
        f"JP_R_s{index}": "closed" if turned else "open",
    }


def _in_socket(synapse: Synapse) -> bool:
    return synapse.components.R_W < END_STOP


def _neurons(board: Board, project: str) -> dict[str, str]:
    """Indices on the circuit by the neurons of the board."""
    if project == "synapse":
        return {}
    if project == "neuron":  # any neuron of a board can be made on one
        return dict.fromkeys(board.neurons, "1")
    return {name: str(k) for k, name in enumerate(board.neurons, start=1)}


def _synapses(board: Board, project: str) -> dict[str, str]:
    """Indices on the circuit by the synapses of the board: pre and post; an open output counts as one onto itself."""
    if project in ("neuron", "synapse"):  # likewise
        return dict.fromkeys(board.synapses, "11")
    number = _neurons(board, project)
    found: dict[str, str] = {}
    for name, synapse in board.synapses.items():
        index = number[synapse.pre] + number[synapse.pre if synapse.post == OPEN else synapse.post]
        if index in found.values():
            first = next(key for key, other in found.items() if other == index)
            raise ConfigError(
                f"{board.path}: synapses {first} and {name} both need s{index} of the circuit '{project}'."
            )
        found[name] = index
    return found


def _check_size(board: Board, project: str) -> None:
    if project not in SIZES:
        raise ConfigError(f"'{project}' is no circuit for neurons; there are {', '.join(SIZES)}.")
    neurons, synapses = SIZES[project]
    for what, found, most in (("neurons", board.neurons, neurons), ("synapses", board.synapses, synapses)):
        if len(found) > most > 0:
            raise ConfigError(
                f"{board.path}: {len(found)} {what}, and the circuit '{project}' has {most}: build it of several circuits"
            )


def _check_trimmers(board: Board, parts: Mapping[str, float]) -> None:
    for part, value in parts.items():
        most = TRIMMERS.get(part[:3], inf)
        if value > most:
            raise ConfigError(
                f"{board.path}: {part} = {show(value, 'ohm')} is more than its trimmer has, {show(most, 'ohm')}: "
                "choose a smaller value, or solder a resistor in series with the trimmer"
            )


def _uses(designator: str, project: str) -> Iterator[tuple[Board, float]]:
    """Boards that ship and that the circuit holds, with the value (ohm, F) that they want in a part."""
    for board in _shipped():
        if project == "ns_unit" and smallest(board) == "motif":
            continue
        for name in (name for name, parts in designators(board, project).items() if designator in parts):
            yield board, board.components[name]


@cache
def _shipped() -> tuple[Board, ...]:
    return tuple(load_board(name) for name in list_boards())


def _listed(names: list[str]) -> str:
    """Join figures of one paper: ``Wu 2025 Figs 11(a), 12 and time matter Fig. 4``; boards of no figure give way to them."""
    papers: dict[str, list[str]] = {}
    for name in sorted(dict.fromkeys(names), key=_figure_order):
        paper, _, number = name.partition(" Fig. ")
        if number or not papers:
            papers.setdefault(paper, []).append(number)
    return " and ".join(
        f"{paper} Fig{'s' if len(numbers) > 1 else '.'} {', '.join(numbers)}" if numbers[0] else paper
        for paper, numbers in papers.items()
    )


def _figure_order(name: str) -> tuple[bool, str, int, str]:
    """Figures by paper and number, and after them boards of no figure."""
    paper, _, number = name.partition(" Fig. ")
    digits = re.match(r"\d*", number)
    return not number, paper, int(digits[0] or 0) if digits else 0, number
