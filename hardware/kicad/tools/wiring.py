"""Wires as KiCad wants them in a file: cut wherever something joins them, with a dot where three or more meet.

KiCad does not cut wires when it reads a sheet: a tap on the middle of one would not be connected.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from .symbols import DrawingError, Point

Segment = tuple[Point, Point]


def segments_of(points: tuple[Point, ...]) -> list[Segment]:
    """Straight pieces of a polyline; a point given twice in a row counts once. Raises `DrawingError` if one slants."""
    pieces = [(start, end) for start, end in pairwise(points) if start != end]
    for start, end in pieces:
        if start[0] != end[0] and start[1] != end[1]:
            raise DrawingError(f"a wire slants from {start} to {end}: give the corner, or use join")
    return pieces


def touches(segment: Segment, point: Point) -> bool:
    """Whether a point lies on a segment, ends included."""
    (x1, y1), (x2, y2) = segment
    x, y = point
    return min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2)


def cut(segments: Iterable[Segment], points: Iterable[Point]) -> list[Segment]:
    """Segments cut at each other's ends and at `points` (pins, labels, ports); no piece twice. Sorted."""
    wires = list(segments)
    stops = {end for wire in wires for end in wire} | set(points)
    pieces: set[Segment] = set()
    for wire in wires:
        on_wire = sorted(stop for stop in stops if touches(wire, stop))
        pieces.update(pairwise(on_wire))
    return sorted(pieces)


def junctions(pieces: Iterable[Segment], pins: Iterable[Point]) -> list[Point]:
    """Where three or more ends of pieces and pins meet, at least two of them wires. Sorted.

    Two wires that cross without an end there are no junction: `cut` has not cut them.
    """
    ends = Counter(end for piece in pieces for end in piece)
    pin_count = Counter(pins)
    return sorted(point for point, count in ends.items() if count >= 2 and count + pin_count[point] >= 3)
