"""What comes next: a binary heap of everything that has a due time. Ties go to the lower number."""

from ..compiled import helper
from .layout import State


@helper
def earlier(state: State, a: int, b: int) -> bool:
    """Whether entry a is before entry b."""
    return state.due[a] < state.due[b] or (state.due[a] == state.due[b] and a < b)


@helper
def schedule(state: State, entry: int, when: float) -> None:
    """Set when `entry` is due."""
    heap, place = state.heap, state.place
    if state.due[entry] == when:
        return
    state.due[entry] = when
    k = place[entry]
    while k > 0 and earlier(state, entry, heap[(k - 1) // 2]):
        heap[k] = heap[(k - 1) // 2]
        place[heap[k]] = k
        k = (k - 1) // 2
    while True:
        child = 2 * k + 1
        if child >= heap.shape[0]:
            break
        if child + 1 < heap.shape[0] and earlier(state, heap[child + 1], heap[child]):
            child += 1
        if not earlier(state, heap[child], entry):
            break
        heap[k] = heap[child]
        place[heap[k]] = k
        k = child
    heap[k] = entry
    place[entry] = k
