"""Links: one honest transaction at a time with whatever stands behind a resource string.

Only the standard library is imported here, so that the guardian process starts in an instant; pyserial and pyvisa are
imported by the link that needs them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
