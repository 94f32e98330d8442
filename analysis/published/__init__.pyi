from .curves import Curve, list_published, published
from .targets import Target, published_targets

__all__ = ["Curve", "Target", "list_published", "published", "published_targets"]
