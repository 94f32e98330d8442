"""The cheapest way for one track from a tree of copper to the nearest pad: A* over both layers, in whole numbers.

Steps go in eight directions (0 along x, then by 45 degrees) or through the board. Costs are whole numbers and ties are
broken by the number of the node, so that the same board gives the same tracks on every machine.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from .grid import FREE, Board, Nodes

_Function = TypeVar("_Function", bound=Callable[..., Any])

STRAIGHT, DIAGONAL = 10, 14  # a step, at its least: 10 per 0.141 mm
_AGAINST = 4  # more, for a straight step against the layer's direction
_ASKEW = 2  # more, for a diagonal step
_BEND = np.array([0, 3, 12], np.int64)  # turns of 0, 45 and 90 degrees
_VIA = 350  # as much as 5 mm of track
_NONE = 8  # no direction: at a pad, at a via
_DX = np.array([1, 1, 0, -1, -1, -1, 0, 1], np.int64)
_DY = np.array([0, 1, 1, 1, 0, -1, -1, -1], np.int64)
_INDEX_BITS = 24


class Scratch(NamedTuple):
    """What a search notes by node; valid where `seen` (or `done`) holds the number of the search."""

    cost: NDArray[np.int64]
    came: Nodes
    way: NDArray[np.int8]
    seen: Nodes
    done: Nodes


class Tree(NamedTuple):
    """What a net has so far: by node where its open pads are (`goal`) and which ways its tracks go (`mask`, a bit each);
    by place, whatever the layer, where changing layers is free (`through`) and where its vias leave no room (`crowded`).
    """

    goal: NDArray[np.int16]  # 1 + index of the pad
    mask: NDArray[np.uint8]
    through: NDArray[np.bool_]
    crowded: NDArray[np.bool_]


class Errand(NamedTuple):
    """What is searched for: the net, its kind of copper and how it is to treat places that others have taken."""

    net: int
    kind: int
    present: int  # cost of a place per net that has taken it; negative: such a place is barred
    left: int  # the box of nodes in which the next pad lies
    top: int
    right: int
    bottom: int
    number: int  # of the search


class Tally(NamedTuple):
    """A count of places: by node the number of the last tally that counted it, the number of this one, and what it adds."""

    mark: Nodes
    number: int
    by: int


def scratch(nodes: int) -> Scratch:
    """Room for searches on a board of so many nodes."""
    return Scratch(
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int32),
        np.zeros(nodes, np.int8),
        np.zeros(nodes, np.int32),
        np.zeros(nodes, np.int32),
    )


def _compiled(function: _Function) -> _Function:
    njit: Any = numba.njit(cache=True, nogil=True)  # its own types do not know that a function stays what it was
    compiled: _Function = njit(function)
    return compiled


@_compiled
def _push(heap: NDArray[np.int64], size: int, key: int) -> NDArray[np.int64]:
    if size == len(heap):
        larger = np.empty(2 * size, np.int64)
        larger[:size] = heap
        heap = larger
    at = size
    while at > 0 and heap[(at - 1) >> 1] > key:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = key
    return heap


@_compiled
def _pop(heap: NDArray[np.int64], size: int) -> int:
    """Takes the least key; the heap is then one shorter."""
    least, last = heap[0], heap[size - 1]
    at, child = 0, 1
    while child < size - 1:
        if child + 1 < size - 1 and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= last:
            break
        heap[at] = heap[child]
        at, child = child, 2 * child + 1
    heap[at] = last
    return int(least)


@_compiled
def _left_to_go(node: int, nx: int, n: int, errand: Errand) -> int:
    """The least that is still to be paid; a quarter more while nets bargain, for a quick way that will be looked at again."""
    y, x = divmod(node % n, nx)
    dx = max(errand.left - x, 0, x - errand.right)
    dy = max(errand.top - y, 0, y - errand.bottom)
    least = STRAIGHT * max(dx, dy) + (DIAGONAL - STRAIGHT) * min(dx, dy)
    return least + (least >> 2 if errand.present >= 0 else 0)


@_compiled
def place_cost(board: Board, node: int, errand: Errand) -> int:
    """What it costs to be at a node; -1 where the net may not be."""
    owner = board.owner[errand.kind, node]
    if owner not in (FREE, errand.net + 1):
        return -1
    taken = board.taken[errand.kind, node]
    if taken == 0:
        return int(board.history[node])
    if errand.present < 0:
        return -1
    return int(board.history[node] + taken * errand.present)


@_compiled
def _via_cost(board: Board, node: int, errand: Errand) -> int:
    """What a via at a node costs; -1 where there is no room for it."""
    kind, under, cost = len(board.owner) - 1, node % board.n, _VIA
    for place in (under, under + board.n):
        owner, taken = board.owner[kind, place], board.taken[kind, place]
        if owner not in (FREE, errand.net + 1) or (taken > 0 and errand.present < 0):
            return -1
        cost += taken * errand.present + board.history[place]
    return int(cost)


@_compiled
def _step_cost(direction: int, layer: int, way: int) -> int:
    """What a step costs in its direction after a step in the direction `way`; -1 for a turn of more than 90 degrees."""
    turn = 0
    if way != _NONE:
        turn = (direction - way) & 7
        turn = min(turn, 8 - turn)
    if turn > 2:
        return -1
    if direction & 1:
        return int(DIAGONAL + _ASKEW + _BEND[turn])
    against = (direction & 3 == 0) == (layer == 1)
    return int(STRAIGHT + (_AGAINST if against else 0) + _BEND[turn])


@_compiled
def leaves(mask: int, direction: int) -> bool:
    """Whether a branch leaves tracks in the directions of `mask` (a bit each) at no less than 90 degrees."""
    return ((mask >> ((direction + 7) & 7)) | (mask >> direction) | (mask >> ((direction + 1) & 7))) & 1 == 0


@_compiled
def _enter(notes: Scratch, number: int, node: int, by: tuple[int, int], cost: int) -> bool:
    """Notes a way to a node, by a node and in a direction, if it is the best so far."""
    if notes.done[node] == number or (notes.seen[node] == number and notes.cost[node] <= cost):
        return False
    notes.seen[node] = number
    notes.cost[node] = cost
    notes.came[node], notes.way[node] = by
    return True


@_compiled
def _walked(notes: Scratch, node: int) -> Nodes:
    """The way to a node, from where it began."""
    length, at = 1, node
    while notes.came[at] != at:
        at = notes.came[at]
        length += 1
    path = np.empty(length, np.int32)
    at = node
    for index in range(length - 1, -1, -1):
        path[index] = at
        at = notes.came[at]
    return path


@_compiled
def search(board: Board, errand: Errand, tree: Tree, starts: Nodes, notes: Scratch) -> Nodes:
    """The cheapest way from one of the nodes `starts` to a pad that is not joined yet; empty if there is none."""
    nx, n, number = board.nx, board.n, errand.number
    heap = np.empty(1 << 14, np.int64)
    size = 0
    for start in starts:
        if _enter(notes, number, start, (start, _NONE), 0):
            heap = _push(heap, size, (_left_to_go(start, nx, n, errand) << _INDEX_BITS) | start)
            size += 1
    while size > 0:
        node = _pop(heap, size) & ((1 << _INDEX_BITS) - 1)
        size -= 1
        if notes.done[node] == number:
            continue
        notes.done[node] = number
        if tree.goal[node] > 0:
            return _walked(notes, int(node))
        cost, way, layer = notes.cost[node], notes.way[node], node // n
        mask = tree.mask[node] if way == _NONE and notes.came[node] == node else 0
        for direction in range(_NONE):
            step = _step_cost(direction, layer, way)
            if step < 0 or not leaves(mask, direction):
                continue
            after = node + _DY[direction] * nx + _DX[direction]
            place = place_cost(board, after, errand)
            if place >= 0 and _enter(notes, number, after, (node, direction), cost + step + place):
                ahead = cost + step + place + _left_to_go(after, nx, n, errand)
                heap = _push(heap, size, (ahead << _INDEX_BITS) | after)
                size += 1
        under = node % n
        through = 0 if tree.through[under] else -1 if tree.crowded[under] else _via_cost(board, node, errand)
        after = under if layer else under + n
        if through >= 0 and _enter(notes, number, after, (node, _NONE), cost + through):
            heap = _push(heap, size, ((cost + through + _left_to_go(after, nx, n, errand)) << _INDEX_BITS) | after)
            size += 1
    return np.empty(0, np.int32)


@_compiled
def is_clear(board: Board, errand: Errand, start: int, step: int, length: int) -> bool:
    """Whether the net may lie on a straight track: `length` nodes after `start`, `step` apart."""
    along = 1
    while along <= length and place_cost(board, start + along * step, errand) >= 0:
        along += 1
    return along > length


@_compiled
def take(board: Board, nodes: Nodes, kind: int, discs: NDArray[np.int64], tally: Tally) -> None:
    """Enters in `taken` of one kind every place that copper at `nodes` forbids, once in each tally."""
    nx, n = board.nx, board.n
    for node in nodes:
        layer = node // n
        y, x = divmod(node - layer * n, nx)
        for row, column in discs:
            if 0 <= x + column < nx and 0 <= (y + row) * nx < n:
                place = node + row * nx + column
                if tally.mark[place] != tally.number:
                    tally.mark[place] = tally.number
                    board.taken[kind, place] += tally.by


@_compiled
def fought(board: Board, nodes: Nodes, kind: int, discs: NDArray[np.int64], by: int) -> int:
    """How many of a net's own nodes others claim too; the neighbourhood of these gets dearer by `by`."""
    nx, n, count = board.nx, board.n, 0
    for node in nodes:
        if board.taken[kind, node] > 1:
            count += 1
            layer = node // n
            y, x = divmod(node - layer * n, nx)
            for row, column in discs:
                if 0 <= x + column < nx and 0 <= (y + row) * nx < n:
                    board.history[node + row * nx + column] += by
    return count
