from .figure import Curve, Figure, Value, events
from .registry import list_figures, make_figure

__all__ = ["Curve", "Figure", "Value", "events", "list_figures", "make_figure"]
