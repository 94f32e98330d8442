from .csvfile import write_csv
from .document import Document, Notice, Page, Table, Verdict
from .draw import draw
from .panel import Axis, Colour, Figure, Kind, Line, Panel, Series, Span, envelope
from .text import pretty_unit, value_error
from .wiring import Wire, wiring_svg
from .write import write_report

__all__ = [
    "Axis", "Colour", "Document", "Figure", "Kind", "Line", "Notice", "Page", "Panel", "Series", "Span", "Table",
    "Verdict", "Wire", "draw", "envelope", "pretty_unit", "value_error", "wiring_svg", "write_csv", "write_report",
]  # fmt: skip
