"""Paths on the grid become tracks: cut where they branch, end in pads or change layers, and without idle corners."""

import math
from collections import defaultdict

from .copper import Point, Routes, Track, Via
from .grid import LAYERS, Grid
from .negotiation import Negotiation, Wire

Chain = list[int]


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
    """The corners of a net's tracks, each from one fixed node (pad, via, branch) to the next."""
    n = negotiation.board.n
    ways: dict[int, set[int]] = defaultdict(set)
    for path in wire.paths:
        for a, b in zip(path[:-1].tolist(), path[1:].tolist(), strict=True):
            if a % n != b % n:
                ways[a].add(b)
                ways[b].add(a)
    fixed = {node for node, ends in ways.items() if len(ends) != 2}
    fixed |= {int(home) for terminal in wire.terminals for home in terminal.homes}
    fixed |= {int(via) for via in negotiation.vias(wire)}
    found: list[Chain] = []
    for start in sorted(fixed & ways.keys()):
        for first in sorted(ways[start]):
            chain = [start, first]
            while chain[-1] not in fixed:
                chain.append(next(node for node in ways[chain[-1]] if node != chain[-2]))
            if (start, first) <= (chain[-1], chain[-2]):
                found.append(corners(chain))
    return found


def corners(chain: Chain) -> Chain:
    """The ends of a chain and the nodes where it turns."""
    inner = [b for a, b, c in zip(chain[:-2], chain[1:-1], chain[2:], strict=True) if b - a != c - b]
    return [chain[0], *inner, chain[-1]]


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
    if math.dist(foot, centre) < 1e-3:
        return [*points[:-1], centre]
    return [*points[:-1], foot, centre] if along > 1e-3 else [*points[:-1], centre]


def _rounded(point: Point) -> Point:
    return round(point[0], 4), round(point[1], 4)
