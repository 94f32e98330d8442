"""The board as a grid: where the centre of a track of each width, and of a via, may lie.

A node is `layer * n + row * nx + column` (layer 0 the front, 1 the back; n nodes on a layer). The kinds of copper are the
widths of the tracks, ascending, and last the via.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .copper import Area, Pad, Point, Problem

# 18 steps to 0.1 inch: pins on their raster lie on nodes, the middle between two pins too, and tracks of 0.3 mm with
# 0.25 mm between them lie 4 steps apart with next to nothing lost.
PITCH = 2.54 / 18
FREE, NOBODY = 0, -1  # values of `Board.owner`; others are 1 + the index of the net that alone may pass
LAYERS = "FB"
_HALF_STEP = PITCH / math.sqrt(2)  # half of the longest step
_VIA_TO_OWN_PAD = 0.1  # mm; solder would run down a hole in a pad

Nodes = NDArray[np.int32]


class Board(NamedTuple):
    """What the search reads, by node: whose each place is for each kind of copper, and who has taken it."""

    owner: NDArray[np.int16]  # (kinds, nodes): FREE, NOBODY or 1 + net
    taken: NDArray[np.int16]  # (kinds, nodes): how many nets have copper too near for this kind
    history: NDArray[np.int32]  # (nodes,): what a place costs because it was fought over
    nx: int
    n: int


class Grid:
    """The raster of a problem: its nodes, its kinds of copper and the `Board` of its obstacles."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self.x0 = _phase(pad.x for pad in problem.pads)
        self.y0 = _phase(pad.y for pad in problem.pads)
        self.nx = math.ceil((problem.size[0] - self.x0) / PITCH) + 1
        self.ny = math.ceil((problem.size[1] - self.y0) / PITCH) + 1
        self.nets = tuple(sorted({pad.net for pad in problem.pads if pad.net}))
        self.widths = tuple(sorted({self.width(net) for net in self.nets} or {problem.width}))
        self.halves = tuple(width / 2 for width in (*self.widths, problem.via))
        self.board = Board(*self._empty(), self.nx, self.nx * self.ny)
        self._paint_edge()
        self._paint_areas()
        self._discs = [[self._disc(a, b) for b in range(len(self.halves))] for a in range(len(self.halves))]

    def width(self, net: str) -> float:
        """Width of a net's tracks, mm."""
        return self.problem.widths.get(net, self.problem.width)

    @property
    def via(self) -> int:
        """The kind of copper that is a via."""
        return len(self.widths)

    def node(self, x: float, y: float, layer: int = 0) -> int:
        """The node nearest to a point."""
        column = min(max(round((x - self.x0) / PITCH), 0), self.nx - 1)
        row = min(max(round((y - self.y0) / PITCH), 0), self.ny - 1)
        return layer * self.board.n + row * self.nx + column

    def point(self, node: int) -> Point:
        """Where a node is, mm."""
        row, column = divmod(node % self.board.n, self.nx)
        return self.x0 + column * PITCH, self.y0 + row * PITCH

    def inside(self, area: Area, margin: float) -> Nodes:
        """Nodes of the front whose distance to an area is less than `margin` (negative: that deep inside it)."""
        reach = math.hypot(area.half_x, area.half_y) + max(margin, 0) + PITCH
        left, right = (min(max(int((area.x + s * reach - self.x0) / PITCH), 0), self.nx - 1) for s in (-1, 1))
        top, bottom = (min(max(int((area.y + s * reach - self.y0) / PITCH), 0), self.ny - 1) for s in (-1, 1))
        rows, columns = np.mgrid[top : bottom + 1, left : right + 1]
        distance = _distance(area, self.x0 + columns * PITCH, self.y0 + rows * PITCH)
        near = np.round(distance, 6) < round(margin, 6)  # the same on machines whose hypot differs in the last place
        nodes: Nodes = (rows[near] * self.nx + columns[near]).astype(np.int32)
        return nodes

    def discs(self, kind: int) -> list[NDArray[np.int64]]:
        """For each kind of copper, the offsets (rows, columns) that copper of `kind` at a node forbids to other nets."""
        return self._discs[kind]

    def _empty(self) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int32]]:
        shape = (len(self.halves), 2 * self.nx * self.ny)
        return np.zeros(shape, np.int16), np.zeros(shape, np.int16), np.zeros(shape[1], np.int32)

    def _paint(self, kind: int, layers: Iterable[str], nodes: Nodes, owner: int) -> None:
        for layer in layers:
            places = nodes + LAYERS.index(layer) * self.board.n
            now = self.board.owner[kind, places]
            self.board.owner[kind, places] = np.where((now == FREE) | (now == owner), owner, NOBODY)

    def _paint_edge(self) -> None:
        width, height = self.problem.size
        corners = self.problem.outline or ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
        x = np.asarray(self.x0 + np.arange(self.nx)[None, :] * PITCH, np.float64)
        y = np.asarray(self.y0 + np.arange(self.ny)[:, None] * PITCH, np.float64)
        depth = _depth(corners, x, y)
        for kind, half in enumerate(self.halves):
            self._paint(
                kind, LAYERS, np.flatnonzero(depth < round(self.problem.edge + half, 6)).astype(np.int32), NOBODY
            )
            frame = self.board.owner[kind].reshape(2, self.ny, self.nx)
            frame[:, [0, -1], :] = NOBODY  # the search never looks past the border
            frame[:, :, [0, -1]] = NOBODY

    def _paint_areas(self) -> None:
        number = {net: 1 + index for index, net in enumerate(self.nets)}
        problem = self.problem
        for kind, half in enumerate(self.halves):
            for area in problem.keepouts:
                self._paint(kind, area.layers, self.inside(area, apart(half)), NOBODY)
            for pad in problem.pads:
                owner = number.get(pad.net, NOBODY)
                self._paint(kind, pad.layers, self.inside(pad, apart(half + problem.clearance)), owner)
                if pad.hole:
                    nodes = self.inside(_hole(pad), apart(half + problem.hole_clearance))
                    self._paint(kind, LAYERS, nodes, owner)
        for pad in problem.pads:
            self._paint(self.via, LAYERS, self.inside(pad, problem.via / 2 + _VIA_TO_OWN_PAD), NOBODY)
            if pad.hole:
                nodes = self.inside(_hole(pad), problem.via_hole / 2 + problem.hole_clearance)
                self._paint(self.via, LAYERS, nodes, NOBODY)

    def _disc(self, a: int, b: int) -> NDArray[np.int64]:
        radius = apart(self.halves[a] + self.halves[b] + self.problem.clearance)
        if a == b == self.via:
            radius = max(radius, self.problem.via_hole + self.problem.hole_clearance)
        return disc(radius)


def disc(radius: float) -> NDArray[np.int64]:
    """Offsets (rows, columns) of the nodes nearer than `radius` mm."""
    steps = math.ceil(radius / PITCH)
    rows, columns = np.mgrid[-steps : steps + 1, -steps : steps + 1]
    near = np.hypot(rows, columns) * PITCH < radius - 1e-9
    return np.stack((rows[near], columns[near]), axis=1)


def apart(distance: float) -> float:
    """How far nodes must be from an obstacle so that the straight steps between them, too, keep `distance`, mm."""
    return math.hypot(distance, _HALF_STEP)


def _phase(coordinates: Iterable[float]) -> float:
    """The place of the first node on an axis that puts most pads on nodes, mm."""
    rests = Counter(round(value % PITCH, 3) % round(PITCH, 3) for value in coordinates)
    return min(rests, key=lambda rest: (-rests[rest], rest)) if rests else 0.0


def _hole(pad: Pad) -> Area:
    return Area(pad.x, pad.y, pad.hole / 2, pad.hole / 2, shape="circle")


def _distance(area: Area, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of points to an area, mm; negative inside."""
    angle = math.radians(area.turn)
    across, along = x - area.x, y - area.y
    local_x = np.abs(across * math.cos(angle) - along * math.sin(angle)) - area.half_x + area.radius
    local_y = np.abs(across * math.sin(angle) + along * math.cos(angle)) - area.half_y + area.radius
    outside = np.hypot(np.maximum(local_x, 0), np.maximum(local_y, 0))
    distance: NDArray[np.float64] = outside + np.minimum(np.maximum(local_x, local_y), 0) - area.radius
    return distance


def _depth(corners: tuple[Point, ...], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """How deep points lie inside a polygon: distance to its edge, mm; -1 outside."""
    nearest = np.full(np.broadcast_shapes(x.shape, y.shape), np.inf)
    inside = np.zeros(nearest.shape, bool)
    for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
        dx, dy = bx - ax, by - ay
        along = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - ax - along * dx, y - ay - along * dy))
        if ay != by:
            inside ^= ((y < ay) != (y < by)) & (x < ax + (y - ay) * dx / dy)
    return np.where(inside, np.round(nearest, 6), -1.0)
