"""Two-layer router: every net of a board joined by tracks and vias that keep their clearance."""

from .copper import Keepout, Pad, Point, Problem, Routes, RoutingError, Track, Via

__all__ = ["Keepout", "Pad", "Point", "Problem", "Routes", "RoutingError", "Track", "Via"]
