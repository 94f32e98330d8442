"""Simulated instruments: what stands behind an instrument's address when there is no bench.

Each is written from its maker's programming manual, sees the board through lines of the shared `World`, and is served
on real transports by `Server`, so that a driver cannot tell it from the real one.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
