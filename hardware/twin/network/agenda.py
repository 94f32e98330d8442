"""What comes next: a binary heap of everything that has a due time. Ties go to the lower number."""

from ..compiled import helper, routine
from ..layout import Floats, Ints
from .layout import ORDER, PLACE, State


@helper
def earlier(due: Floats, a: int, b: int) -> bool:
    """Whether entry a is before entry b."""
    return due[a] < due[b] or (due[a] == due[b] and a < b)


@helper
def schedule(state: State, entry: int, when: float) -> None:
    """Set when `entry` is due."""
    if state.due[entry] != when:
        sift(state.due, state.heap, entry, when)


@routine
def sift(due: Floats, heap: Ints, entry: int, when: float) -> None:
    """Move `entry` to where it belongs."""
    order, place = heap[ORDER], heap[PLACE]
    due[entry] = when
    k = place[entry]
    while k > 0 and earlier(due, entry, order[(k - 1) // 2]):
        order[k] = order[(k - 1) // 2]
        place[order[k]] = k
        k = (k - 1) // 2
    while True:
        child = 2 * k + 1
        if child >= order.shape[0]:
            break
        if child + 1 < order.shape[0] and earlier(due, order[child + 1], order[child]):
            child += 1
        if not earlier(due, order[child], entry):
            break
        order[k] = order[child]
        place[order[k]] = k
        k = child
    order[k] = entry
    place[entry] = k
