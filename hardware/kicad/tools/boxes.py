"""Boxes with sides along the axes, (left, top, right, bottom) in millimetres; many at once as arrays of shape (n, 4)."""

from collections.abc import Sequence
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Boxes = NDArray[np.float64]
OUTWARD = np.array([-1.0, -1.0, 1.0, 1.0])
"""Times a distance, and added to boxes: what makes them larger on every side."""


def stack(boxes: Sequence[Box]) -> Boxes:
    """Boxes as an array of shape (n, 4), also when there is none."""
    return np.array(boxes, dtype=float).reshape(-1, 4)


def grown(box: Box, by: float) -> Box:
    """The box with `by` mm more on every side."""
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def around(boxes: Boxes) -> Box:
    """The box around boxes; there must be one."""
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = boxes[:, 2:].max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def overlaps(some: Boxes, others: Boxes) -> NDArray[np.bool_]:
    """Which of `some` (rows) overlap which of `others` (columns)."""
    a, b = some[:, None, :], others[None, :, :]
    across = (a[..., 0] < b[..., 2]) & (b[..., 0] < a[..., 2])
    down = (a[..., 1] < b[..., 3]) & (b[..., 1] < a[..., 3])
    return np.asarray(across & down)


def distances(some: Boxes, box: Box) -> NDArray[np.float64]:
    """Distance of each of `some` from `box`, mm; 0 where they overlap."""
    across = np.maximum(np.maximum(box[0] - some[:, 2], some[:, 0] - box[2]), 0.0)
    down = np.maximum(np.maximum(box[1] - some[:, 3], some[:, 1] - box[3]), 0.0)
    return np.asarray(np.hypot(across, down))


def inside(boxes: Boxes, outline: Sequence[Point]) -> NDArray[np.bool_]:
    """Which boxes lie wholly inside the polygon: their centre does, and no edge of it meets them."""
    ends = np.array([*outline[1:], outline[0]], dtype=float)
    starts = np.array(outline, dtype=float)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.asarray(_holds(centre, starts, ends) & ~_meet(boxes, starts, ends))


def _holds(points: NDArray[np.float64], starts: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each point is in the polygon: a ray to the right crosses its edges an odd number of times."""
    y = points[:, 1:2]
    rises = ends[:, 1] - starts[:, 1]
    crosses = (starts[:, 1] > y) != (ends[:, 1] > y)
    at = starts[:, 0] + (y - starts[:, 1]) * (ends[:, 0] - starts[:, 0]) / np.where(rises == 0, 1.0, rises)
    return np.asarray((crosses & (points[:, 0:1] < at)).sum(axis=1) % 2 == 1)


def _meet(boxes: Boxes, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether an edge meets the box: their boxes overlap, and the box's corners are not all on one side of the edge."""
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    near = (boxes[:, None, :2] <= high).all(axis=2) & (boxes[:, None, 2:] >= low).all(axis=2)
    corners = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    along = ends - starts
    from_start = corners[:, None] - starts[:, None]
    side = along[:, None, 0] * from_start[..., 1] - along[:, None, 1] * from_start[..., 0]
    apart = np.all(side > 0, axis=2) | np.all(side < 0, axis=2)
    return np.asarray(np.any(near & ~apart, axis=1))


def turned(box: Box, turn: float, back: bool = False) -> Box:
    """The box of what is in `box`, turned about the origin by `turn` degrees counter-clockwise, mirrored for the back."""
    c, s = cos(radians(turn)), sin(radians(turn))
    mirrored = -1.0 if back else 1.0
    corners = [(mirrored * x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs = [x * c + y * s for x, y in corners]
    ys = [y * c - x * s for x, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def moved(box: Box, x: float, y: float) -> Box:
    """The box moved by (x, y)."""
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y
