"""Two-layer router: every net of a board joined by tracks and vias that keep their clearance."""

from .copper import Keepout, Pad, Point, Problem, Routes, RoutingError, Track, Via
from .grid import Grid
from .negotiation import Negotiation
from .tidy import drawn, straighten

__all__ = ["Keepout", "Pad", "Point", "Problem", "Routes", "RoutingError", "Track", "Via", "route"]


def route(problem: Problem) -> Routes:
    """Joins every net. The same problem gives the same routes.

    Raises:
        RoutingError: names the nets and pads that could not be joined, and where the board is full.
    """
    negotiation = Negotiation(Grid(problem))
    negotiation.settle()
    for _ in range(2):  # what the last nets left, the first can use
        negotiation.refine()
    straighten(negotiation)
    return drawn(negotiation)
