"""Paths on the grid become tracks: cut where they branch, end in pads or change layers, and with few corners."""

import math
from collections import defaultdict
from itertools import pairwise

import numpy as np

from .copper import Point, Routes, Track, Via
from .grid import LAYERS, Grid, Nodes
from .maze import DIAGONAL, STRAIGHT, Errand, is_clear, leaves
from .negotiation import DIRECTIONS, Negotiation, Wire

Chain = list[int]  # the corners of a track from one fixed node (pad, via, branch) to the next

_TURN = (0, 25, 80, 400, 1000)  # what a turn by 0, 45 ... 180 degrees costs; a step costs 10
_LOOK_AGAIN = 10  # a chain is straightened in no more rounds than this


def straighten(negotiation: Negotiation) -> None:
    """Takes corners out of all tracks where the board leaves room for a straighter way."""
    n = negotiation.board.n
    for wire in negotiation.wires:
        negotiation.claim(wire, -1)
        vias = negotiation.vias(wire)[: len(negotiation.vias(wire)) // 2]
        found = chains(negotiation, wire)
        for index, chain in enumerate(found):
            found[index] = _straighter(negotiation, wire, chain, found[:index] + found[index + 1 :])
        wire.paths = [_nodes(chain, negotiation.board.nx, n) for chain in found]
        wire.paths += [np.array((via, via + n), np.int32) for via in vias]
        negotiation.claim(wire, 1)


def drawn(negotiation: Negotiation) -> Routes:
    """The tracks and vias of all nets."""
    grid = negotiation.grid
    tracks: list[Track] = []
    vias: list[Via] = []
    for wire in negotiation.wires:
        width = grid.widths[wire.kind]
        for chain in chains(negotiation, wire):
            layer = LAYERS[chain[0] // grid.board.n]
            tracks.append(Track(wire.name, layer, _points(grid, wire, chain), width))
        through = negotiation.vias(wire)
        vias += [Via(wire.name, *_rounded(grid.point(int(via)))) for via in through[: len(through) // 2]]
    return Routes(tuple(tracks), tuple(vias))


def chains(negotiation: Negotiation, wire: Wire) -> list[Chain]:
    """A net's tracks, each from one fixed node to the next."""
    n = negotiation.board.n
    ways: dict[int, set[int]] = defaultdict(set)
    for path in wire.paths:
        for a, b in zip(path[:-1].tolist(), path[1:].tolist(), strict=True):
            if a % n != b % n:
                ways[a].add(b)
                ways[b].add(a)
    fixed = {node for node, ends in ways.items() if len(ends) != 2} | _landings(negotiation, wire)
    found: list[Chain] = []
    for start in sorted(fixed & ways.keys()):
        for first in sorted(ways[start]):
            chain = [start, first]
            while chain[-1] not in fixed:
                chain.append(next(node for node in ways[chain[-1]] if node != chain[-2]))
            if (start, first) <= (chain[-1], chain[-2]):
                found.append(_corners(chain, negotiation.board.nx))
    return found


def _landings(negotiation: Negotiation, wire: Wire) -> set[int]:
    """Where a net's tracks end in a pad or a via."""
    homes = {int(home) for terminal in wire.terminals for home in terminal.homes}
    return homes | {int(via) for via in negotiation.vias(wire)}


def _leg(a: int, b: int, nx: int) -> tuple[int, int, int]:
    """From node to node on one layer: rows, columns, and how many steps that is."""
    (ya, xa), (yb, xb) = divmod(a, nx), divmod(b, nx)
    return yb - ya, xb - xa, max(abs(yb - ya), abs(xb - xa))


def _direction(a: int, b: int, nx: int) -> int:
    rows, columns, steps = _leg(a, b, nx)
    return DIRECTIONS[rows // steps, columns // steps]


def _corners(nodes: Chain, nx: int) -> Chain:
    """The ends of a chain and the nodes where it turns."""
    nodes = [nodes[0], *(b for a, b in pairwise(nodes) if a != b)]
    triples = zip(nodes[:-2], nodes[1:-1], nodes[2:], strict=True)
    return [nodes[0], *(b for a, b, c in triples if _direction(a, b, nx) != _direction(b, c, nx)), nodes[-1]]


def _nodes(chain: Chain, nx: int, n: int) -> Nodes:
    """Every node of a chain."""
    nodes = [chain[0]]
    for a, b in pairwise(chain):
        step = (b - a) // _leg(a, b, nx)[2]
        nodes += range(a + step, b + step, step)
    return np.array(nodes, np.int32)


def _price(chain: Chain, nx: int) -> int:
    """Length and turns of a chain."""
    price, before = 0, -1
    for a, b in pairwise(chain):
        direction = _direction(a, b, nx)
        price += _leg(a, b, nx)[2] * (DIAGONAL if direction & 1 else STRAIGHT)
        if before >= 0:
            turn = (direction - before) & 7
            price += _TURN[min(turn, 8 - turn)]
        before = direction
    return price


def _bends(a: int, b: int, nx: int) -> list[Chain]:
    """The corners of the two shortest ways from node to node: obliquely first, and straight first."""
    rows, columns, _ = _leg(a, b, nx)
    oblique = min(abs(rows), abs(columns)) * (int(np.sign(rows)) * nx + int(np.sign(columns)))
    return [[a + oblique], [b - oblique]]


def _straighter(negotiation: Negotiation, wire: Wire, chain: Chain, others: list[Chain]) -> Chain:
    """The chain with stretches replaced by shorter or straighter ones that are clear and leave branches squarely."""
    nx, landings = negotiation.board.nx, _landings(negotiation, wire)
    masks = {
        end: 0 if end in landings else sum(1 << d for d in {_direction(*way, nx) for way in _ways(end, others)})
        for end in (chain[0], chain[-1])
    }
    errand = Errand(wire.index, wire.kind, -1, 0, 0, 0, 0, 0)

    def allowed(old: Chain, new: Chain) -> bool:
        legs = set(pairwise(new)) - set(pairwise(old))
        if not all(
            leaves(masks[end], _direction(end, then, nx)) for end, then in ((new[0], new[1]), (new[-1], new[-2]))
        ):
            return False
        return all(
            is_clear(negotiation.board, errand, a, (b - a) // _leg(a, b, nx)[2], _leg(a, b, nx)[2]) for a, b in legs
        )

    for _ in range(_LOOK_AGAIN):
        options = [
            _corners([*chain[: i + 1], *bend, *chain[j:]], nx)
            for i in range(len(chain))
            for j in range(i + 2, len(chain))
            for bend in _bends(chain[i], chain[j], nx)
        ]
        now = _price(chain, nx)
        cheaper = sorted((price, option) for option in options if (price := _price(option, nx)) < now)
        better = next((option for _, option in cheaper if allowed(chain, option)), None)
        if better is None:
            break
        chain = better
    return chain


def _ways(end: int, others: list[Chain]) -> list[tuple[int, int]]:
    """The first legs of the chains that begin or end at a node."""
    return [(end, chain[1]) for chain in others if chain[0] == end] + [
        (end, chain[-2]) for chain in others if chain[-1] == end
    ]


def _points(grid: Grid, wire: Wire, chain: Chain) -> tuple[Point, ...]:
    """A chain in millimetres; in a pad it ends at the centre, on its own line as far as that goes."""
    points = [grid.point(node) for node in chain]
    centres = {int(home): (t.pad.x, t.pad.y) for t in wire.terminals for home in t.homes}
    if chain[0] in centres:
        points = _to_centre(points[::-1], centres[chain[0]])[::-1]
    if chain[-1] in centres:
        points = _to_centre(points, centres[chain[-1]])
    return tuple(_rounded(point) for point in points)


def _to_centre(points: list[Point], centre: Point) -> list[Point]:
    (x0, y0), (x1, y1) = points[-2:]
    length = math.hypot(x1 - x0, y1 - y0)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    along = max((centre[0] - x0) * ux + (centre[1] - y0) * uy, 0.0)
    foot = (x0 + along * ux, y0 + along * uy)
    if along < 1e-3 or math.dist(foot, centre) < 1e-3:
        return [*points[:-1], centre]
    return [*points[:-1], foot, centre]


def _rounded(point: Point) -> Point:
    return round(point[0], 4), round(point[1], 4)
