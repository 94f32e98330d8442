from .twin import Twin

__all__ = ["Twin"]
