from .figure import Curve, Figure, Value, events
from .registry import figure, list_figures

__all__ = ["Curve", "Figure", "Value", "events", "figure", "list_figures"]
