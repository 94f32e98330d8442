"""Boards with many neurons, made in one line: copies of a calibrated neuron, wired by copies of calibrated synapses."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from neurorig.signals import ConfigError

from .board import Board, load_board
from .description import sentences
from .parts import NEURON_NODES, Synapse

Kind = Literal["excitatory", "inhibitory"]
Wire = tuple[int, int, Kind]
"""From neuron, to neuron (counted from 0), and what it does there."""


def random_network(
    neuron: Board | str,
    n: int,
    connectivity: float,
    *,
    inhibitory: float = 0.2,
    excites: Board | str = "wu2025_bump",
    inhibits: Board | str = "wu2025_fig11a",
    R_W: float | str | None = None,  # noqa: N803  (the name of the part)
    seed: int = 0,
) -> Board:
    """Give a board with `n` copies of a neuron, of which every ordered pair is connected with probability `connectivity`.

    `neuron`: its first neuron and that neuron's port are copied. Each neuron either excites all its targets, through
    copies of the first excitatory synapse of `excites`, or, with probability `inhibitory`, inhibits them, through copies
    of the first inhibitory synapse of `inhibits`. `R_W` (ohm, or text with a unit) is the weight of them all, instead of
    those of the two boards; with many inputs it takes more than the 20 kohm of the trimmer. A neuron is never connected
    to itself. `seed` decides who inhibits and who is connected.

    Neurons are called n1, n2, ..., the synapse of n1 onto n2 s1_2. Raises ConfigError for a bad number.
    """
    _check_size(n)
    for name, share in (("connectivity", connectivity), ("inhibitory", inhibitory)):
        if not 0.0 <= share <= 1.0:
            raise ConfigError(f"{name} = {share} is no probability: it lies between 0 and 1.")
    rng = np.random.default_rng(seed)
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
    R_W: float | str | None = None,  # noqa: N803
) -> Board:
    """Give a board with `n` copies of a neuron, each connected to the next, the last to the first: see `random_network`."""
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
    R_W: float | str | None = None,  # noqa: N803
) -> Board:
    """Give a board with `n` copies of a neuron and a synapse for each wire: see `random_network`."""
    _check_size(n)
    pattern = _board(neuron)
    first = next(iter(pattern.neurons))
    port = next((port for port in pattern.ports.values() if port.neuron == first), None)
    if port is None:
        raise ConfigError(f"{pattern.path}: neuron '{first}' has no port, so its copies could not be driven.")
    templates = {"excitatory": _synapse(excites, "excitatory"), "inhibitory": _synapse(inhibits, "inhibitory")}
    synapses = {}
    for pre, post, kind in wires:
        if not (0 <= pre < n and 0 <= post < n):
            raise ConfigError(f"wire {pre} -> {post}: there are neurons 0 to {n - 1}.")
        entry = templates[kind].model_dump() | {"pre": f"n{pre + 1}", "post": f"n{post + 1}"}
        if R_W is not None:
            entry["components"] |= {"R_W": R_W}
        synapses[f"s{pre + 1}_{post + 1}"] = entry
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
        raise ConfigError(f"{entries['name']}: {sentences(reason, Board, 'board')}") from reason


def _check_size(n: int) -> None:
    if n < 1:
        raise ConfigError(f"n = {n}: a network has at least one neuron.")


def _board(name: Board | str) -> Board:
    return name if isinstance(name, Board) else load_board(name)


def _synapse(name: Board | str, kind: Kind) -> Synapse:
    board = _board(name)
    for synapse in board.synapses.values():
        if synapse.kind == kind:
            return synapse
    raise ConfigError(f"{board.path}: this board has no {kind} synapse to copy.")
