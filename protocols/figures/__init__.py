"""The figures of the papers, played on the twin: one call each gives every quantity that the figure shows."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
