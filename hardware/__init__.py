"""What lies on the table: the boards (description, components, calibration), their numerical twin, and the firmware of
our own current source.

A `Board` says what a circuit is made of and what to expect of it; it never talks to an instrument.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
