"""What flows through the house: commands (`Program`, `Steps`), measurements (`Trace`), units and the base errors.

This room imports no other room and does no input or output.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
