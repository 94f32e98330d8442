"""The numerical twin of a board: an exact hybrid automaton, advanced from event to event and sampled on demand."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
