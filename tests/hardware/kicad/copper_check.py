"""Looks at routed copper as a board house does: shapes in the plane, their distances and what touches what.

Shares nothing with the router but the types: every shape is a convex core (a point, a segment, a rectangle) grown by a
radius; distances are those of the cores less the radii.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurorig.hardware.kicad.tools.routing import Keepout, Pad, Point, Problem, Routes

Floats = NDArray[np.float64]
TOLERANCE = 2e-4  # mm; coordinates are rounded to 1e-4


@dataclass(frozen=True, eq=False)
class Shape:
    name: str
    net: str
    layers: frozenset[str]
    corners: Floats  # (k, 2) of the core, k = 1, 2 or 4
    radius: float

    @property
    def edges(self) -> Floats:
        """(k, 4): from x, y to x, y."""
        return np.hstack((self.corners, np.roll(self.corners, -1, axis=0)))


def shapes(problem: Problem, routes: Routes) -> list[Shape]:
    found = [_area(pad, pad.name, pad.net) for pad in problem.pads]
    both = frozenset("FB")
    for number, track in enumerate(routes.tracks):
        for a, b in zip(track.points[:-1], track.points[1:], strict=True):
            name = f"track {number} {a}-{b}"
            found.append(Shape(name, track.net, frozenset(track.layer), np.array((a, b)), track.width / 2))
    found += [Shape(f"via {v.x, v.y}", v.net, both, np.array(((v.x, v.y),)), problem.via / 2) for v in routes.vias]
    return found


def holes(problem: Problem, routes: Routes) -> list[Shape]:
    both = frozenset("FB")
    found = [
        Shape(f"hole of {p.name}", p.net, both, np.array(((p.x, p.y),)), p.hole / 2) for p in problem.pads if p.hole
    ]
    found += [Shape(f"hole of via {v.x, v.y}", v.net, both, np.array(((v.x, v.y),)), 0.2) for v in routes.vias]
    return found


def violations(problem: Problem, routes: Routes) -> list[str]:
    """Everything that KiCad's DRC would tell, with the clearances of the problem itself."""
    copper, drilled = shapes(problem, routes), holes(problem, routes)
    laid = [shape for shape in copper if shape.name.startswith(("track", "via"))]
    found = [
        f"{a.name} ({a.net}) is {gap:.3f} mm from {b.name} ({b.net})"
        for a, b, gap in _near(copper, problem.clearance)
        if (a in laid or b in laid) and a.layers & b.layers and (a.net != b.net or not a.net)
    ]
    for a, b, gap in _near(laid + drilled, problem.hole_clearance):
        hole_and_copper = (a in drilled) != (b in drilled) and a.net != b.net
        two_holes = a in drilled and b in drilled and "via" in a.name + b.name
        if hole_and_copper or two_holes:
            found.append(f"{a.name} is {gap:.3f} mm from {b.name}")
    for keepout in problem.keepouts:
        area = _area(keepout, "keepout", "")
        found += [f"{s.name} touches {area}" for s in laid if s.layers & area.layers and _gap(s, area) < -TOLERANCE]
    return found + _over_the_edge(problem, laid)


def pieces(problem: Problem, routes: Routes) -> dict[str, int]:
    """Into how many pieces each net falls: 1 if all of its pads are joined."""
    copper = shapes(problem, routes)
    parent = list(range(len(copper)))

    def root(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    place = {id(shape): index for index, shape in enumerate(copper)}
    for a, b, _ in _near(copper, 0.0):
        if a.net == b.net and a.layers & b.layers:
            parent[root(place[id(a)])] = root(place[id(b)])
    nets = {pad.net for pad in problem.pads if pad.net}
    return {net: len({root(place[id(s)]) for s in copper if s.net == net}) for net in nets}


def loose_ends(problem: Problem, routes: Routes) -> list[str]:
    """Ends of tracks that lie on nothing of their net, and vias that do not join two layers."""
    found = []
    for number, track in enumerate(routes.tracks):
        others = [
            t for i, t in enumerate(routes.tracks) if i != number and (t.net, t.layer) == (track.net, track.layer)
        ]
        for end in (track.points[0], track.points[-1]):
            lands = _in_pad(problem, track.net, track.layer, end) or any((v.x, v.y) == end for v in routes.vias)
            if not lands and not any(end in other.points for other in others):
                found.append(f"track of {track.net} ends at {end}")
    for via in routes.vias:
        layers = {t.layer for t in routes.tracks if t.net == via.net and (via.x, via.y) in (t.points[0], t.points[-1])}
        if layers != {"F", "B"}:
            found.append(f"via of {via.net} at {via.x, via.y} joins only {layers}")
    return found


def ugly(problem: Problem, routes: Routes) -> list[str]:
    """Directions that are no multiple of 45 degrees, and corners and branches sharper than 90, outside pads and vias."""
    ways: dict[tuple[str, str, Point], list[Floats]] = {}
    found = []
    for track in routes.tracks:
        for a, b in zip(track.points[:-1], track.points[1:], strict=True):
            for at, to in ((a, b), (b, a)):
                ways.setdefault((track.net, track.layer, at), []).append(np.subtract(to, at) / math.dist(a, b))
    for (net, layer, at), leaving in ways.items():
        if any((via.x, via.y) == at for via in routes.vias) or _in_pad(problem, net, layer, at):
            continue
        found += [
            f"track of {net} at {at} goes askew"
            for way in leaving
            if abs(math.remainder(math.degrees(math.atan2(way[1], way[0])), 45)) > 0.2
        ]
        found += [
            f"tracks of {net} at {at} meet at less than 90 degrees"
            for index, way in enumerate(leaving)
            for other in leaving[:index]
            if way @ other > 0.01
        ]
    return found


def _in_pad(problem: Problem, net: str, layer: str, at: Point) -> bool:
    spot = Shape("spot", net, frozenset(layer), np.array((at,)), 0.0)
    own = (p for p in problem.pads if p.net == net and layer in p.layers)
    return any(_gap(spot, _area(pad, pad.name, net)) <= 0 for pad in own)


def _area(area: Pad | Keepout, name: str, net: str) -> Shape:
    radius = min(area.half_x, area.half_y) if area.shape != "rect" else area.corner
    x, y = area.half_x - radius, area.half_y - radius
    angle = math.radians(area.turn)
    cos, sin = math.cos(angle), math.sin(angle)
    corners = [
        (area.x + u * cos + v * sin, area.y - u * sin + v * cos) for u, v in ((-x, -y), (x, -y), (x, y), (-x, y))
    ]
    return Shape(name, net, area.layers, np.array(corners), radius)


def _near(all_shapes: list[Shape], limit: float) -> Iterator[tuple[Shape, Shape, float]]:
    """Pairs whose distance is less than the limit."""
    low = np.array([s.corners.min(axis=0) - s.radius for s in all_shapes])
    high = np.array([s.corners.max(axis=0) + s.radius for s in all_shapes])
    for index, shape in enumerate(all_shapes[:-1]):
        rest = slice(index + 1, None)
        close = np.all((low[rest] < high[index] + limit) & (high[rest] > low[index] - limit), axis=1)
        for other in np.flatnonzero(close) + index + 1:
            gap = _gap(shape, all_shapes[other])
            if gap < limit - TOLERANCE:
                yield shape, all_shapes[other], gap


def _gap(a: Shape, b: Shape) -> float:
    """Distance of two shapes; negative where they overlap."""
    if _inside(a.corners, b.corners[0]) or _inside(b.corners, a.corners[0]):
        return -a.radius - b.radius
    apart = min(_segments_apart(p, q) for p in a.edges for q in b.edges)
    return apart - a.radius - b.radius


def _inside(corners: Floats, point: Floats) -> bool:
    """Whether a point lies in a convex polygon (of any sense of rotation)."""
    if len(corners) < 4:
        return False
    ahead, to_point = np.roll(corners, -1, axis=0) - corners, point - corners
    cross = ahead[:, 0] * to_point[:, 1] - ahead[:, 1] * to_point[:, 0]
    return bool(np.all(cross > 0) or np.all(cross < 0))


def _segments_apart(p: Floats, q: Floats) -> float:
    a, b, c, d = p[:2], p[2:], q[:2], q[2:]
    if _crosses(a, b, c, d):
        return 0.0
    return min(_from_segment(a, c, d), _from_segment(b, c, d), _from_segment(c, a, b), _from_segment(d, a, b))


def _from_segment(point: Floats, a: Floats, b: Floats) -> float:
    ahead = b - a
    square = float(ahead @ ahead)
    along = min(max(float((point - a) @ ahead) / square, 0.0), 1.0) if square else 0.0
    return math.dist(point, a + along * ahead)


def _crosses(a: Floats, b: Floats, c: Floats, d: Floats) -> bool:
    def side(p: Floats, q: Floats, r: Floats) -> float:
        return float((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def _over_the_edge(problem: Problem, laid: list[Shape]) -> list[str]:
    width, height = problem.size
    outline = np.array(problem.outline or ((0, 0), (width, 0), (width, height), (0, height)), float)
    edges = np.hstack((outline, np.roll(outline, -1, axis=0)))
    found = []
    for shape in laid:
        gap = min(_segments_apart(edge, own) for edge in edges for own in shape.edges) - shape.radius
        if gap < problem.edge - TOLERANCE or not _in_polygon(edges, shape.corners[0]):
            found.append(f"{shape.name} is {gap:.3f} mm from the edge")
    return found


def _in_polygon(edges: Floats, point: Floats) -> bool:
    x, y = point
    right = [(ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay) for ax, ay, bx, by in edges if ay != by]
    return sum(right) % 2 == 1
