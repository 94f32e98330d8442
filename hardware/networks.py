"""Boards with many neurons, made in one line: copies of a calibrated neuron, wired by copies of calibrated synapses."""

import hashlib
import json
from collections.abc import Iterable
from operator import index
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from pydantic import ValidationError

from neurorig.signals import ConfigError, nearest

from .board import Board, load_board
from .description import sentences
from .parts import NEURON_NODES, Synapse
from .seeds import checked_count, checked_seed

Kind = Literal["excitatory", "inhibitory"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Wire = tuple[int, int, Kind]
"""From neuron, to neuron (counted from 0), and what it does there: ``(0, 1, "excitatory")`` is n1 onto n2."""


def random_network(
    neuron: Board | str,
    n: int,
    connectivity: float,
    *,
    inhibitory: float = 0.2,
    excites: Board | str = "wu2025_bump",
    inhibits: Board | str = "wu2025_fig11a",
    R_W: float | str | None = None,
    seed: int = 0,
) -> Board:
    """Give a board with `n` copies of a neuron, of which every ordered pair is connected with probability `connectivity`.

    `neuron`: its first neuron and that neuron's port are copied. Each neuron either excites all its targets, through
    copies of the first excitatory synapse of `excites`, or, with probability `inhibitory`, inhibits them, through copies
    of the first inhibitory synapse of `inhibits`. `R_W` (ohm, or text with a unit) is the weight of them all, instead of
    those of the two boards; with many inputs it takes more than the 20 kohm of the trimmer. A neuron is never connected
    to itself. `seed` decides who inhibits and who is connected.

    Neurons are called n1, n2, ..., the synapse of n1 onto n2 s1_2. A synapse keeps the law of the board it is copied
    from: its charge follows C_m of the neuron it is now driven by. Raises ConfigError for a bad number.
    """
    n = _checked_size(n)
    for name, share in (("connectivity", connectivity), ("inhibitory", inhibitory)):
        if not _is_probability(share):
            raise ConfigError(f"{name} = {share!r} is no probability: it lies between 0 and 1.")
    rng = np.random.default_rng(checked_seed(seed))
    inhibiting = rng.random(n) < inhibitory
    linked = rng.random((n, n)) < connectivity
    np.fill_diagonal(linked, False)
    wires: list[Wire] = [
        (int(pre), int(post), "inhibitory" if inhibiting[pre] else "excitatory") for pre, post in np.argwhere(linked)
    ]
    title = f"{n} neurons, connected at random with probability {connectivity:g} (seed {seed})"
    return wired(neuron, n, wires, title, excites=excites, inhibits=inhibits, R_W=R_W)


def ring(
    neuron: Board | str,
    n: int,
    kind: Kind = "inhibitory",
    *,
    excites: Board | str = "wu2025_bump",
    inhibits: Board | str = "wu2025_fig11a",
    R_W: float | str | None = None,
) -> Board:
    """Give a board with `n` copies of a neuron, each connected to the next, the last to the first: see `random_network`.

    `kind`: "inhibitory" or "excitatory". Raises ConfigError for another kind or a bad number.
    """
    n = _checked_size(n)
    _check_kind(kind, f"kind = {kind!r}")
    wires: list[Wire] = [(i, (i + 1) % n, kind) for i in range(n)]
    return wired(neuron, n, wires, f"A ring of {n} neurons", excites=excites, inhibits=inhibits, R_W=R_W)


def wired(
    neuron: Board | str,
    n: int,
    wires: Iterable[Wire],
    title: str,
    *,
    excites: Board | str = "wu2025_bump",
    inhibits: Board | str = "wu2025_fig11a",
    R_W: float | str | None = None,
) -> Board:
    """Give a board with `n` copies of a neuron and a synapse for each wire: see `random_network`.

    `wires`: one ``(pre, post, kind)`` for each synapse, neurons counted from 0, kind "excitatory" or "inhibitory", at
    most one from a neuron to another; ``[(0, 1, "excitatory"), (1, 0, "inhibitory")]`` gives s1_2 and s2_1. `title`: of
    the board. Raises ConfigError for a wire of another form, and for a bad number.
    """
    n = _checked_size(n)
    pattern = _board(neuron)
    first = next(iter(pattern.neurons))
    port = next((port for port in pattern.ports.values() if port.neuron == first), None)
    if port is None:
        raise ConfigError(f"{pattern.path}: neuron '{first}' has no port, so its copies could not be driven.")
    templates = {"excitatory": _synapse(excites, "excitatory"), "inhibitory": _synapse(inhibits, "inhibitory")}
    synapses = {}
    for pre, post, kind in (_checked_wire(wire, n) for wire in wires):
        entry = templates[kind].model_dump() | {"pre": f"n{pre + 1}", "post": f"n{post + 1}"}
        if R_W is not None:
            entry["components"] |= {"R_W": R_W}
        if (key := f"s{pre + 1}_{post + 1}") in synapses:
            raise ConfigError(f"wire {(pre, post, kind)}: neuron {pre} has a synapse onto neuron {post} already.")
        synapses[key] = entry
    names = [f"n{i + 1}" for i in range(n)]
    entries: dict[str, Any] = {
        "format": 1,
        "name": f"{pattern.name}_x{n}",
        "title": title,
        "source": f"Copies of {pattern.name}: {pattern.source}",
        "supply": pattern.supply,
        "fitted_supply": pattern.fitted_supply,
        "neurons": dict.fromkeys(names, pattern.neurons[first].model_dump()),
        "synapses": synapses,
        "ports": {f"{name}.i0": port.model_dump(exclude={"name"}) for name in names},
        "nodes": {
            f"{name}.{quantity}": node.model_dump(exclude={"name"})
            for name in names
            for quantity in NEURON_NODES
            if (node := pattern.nodes.get(f"{first}.{quantity}")) is not None
        },
    }
    digest = hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()
    try:
        return Board.model_validate({**entries, "path": Path(entries["name"]), "sha256": digest})
    except ValidationError as reason:
        raise ConfigError(f"{entries['name']}: {sentences(reason, Board, 'board')}") from None


def _checked_size(n: int) -> int:
    return checked_count(n, "n", 1, "a network has at least one neuron, and a whole number of them")


def _is_probability(share: float) -> bool:
    try:
        return 0.0 <= share <= 1.0
    except TypeError:  # a text
        return False


def _checked_wire(wire: Wire, n: int) -> Wire:
    """Give the wire with plain integers. Raises ConfigError if it is no (pre, post, kind) on n neurons."""
    try:
        pre, post, kind = wire
        pre, post = index(pre), index(post)
    except (TypeError, ValueError):
        raise ConfigError(f'wire {wire!r}: a wire is (pre, post, kind), such as (0, 1, "excitatory").') from None
    if not (0 <= pre < n and 0 <= post < n):
        raise ConfigError(f"wire {pre} -> {post}: there are neurons 0 to {n - 1}.")
    _check_kind(kind, f"wire {wire!r}")
    return pre, post, kind


def _check_kind(kind: str, where: str) -> None:
    if kind not in KINDS:
        word = str(kind).lower()
        meant = next((known for known in KINDS if word and known.startswith(word)), word)  # "inh" is an abbreviation
        raise ConfigError(f"{where}: a synapse is excitatory or inhibitory.{nearest(meant, KINDS)}")


def _board(name: Board | str) -> Board:
    return name if isinstance(name, Board) else load_board(name)


def _synapse(name: Board | str, kind: Kind) -> Synapse:
    board = _board(name)
    for synapse in board.synapses.values():
        if synapse.kind == kind:
            return synapse
    raise ConfigError(f"{board.path}: this board has no {kind} synapse to copy.")
