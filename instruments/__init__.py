"""What talks to the hardware: links, drivers that declare their commands, and the roles by which the rest of the house
knows a source from a digitiser.

Everything here is loaded when it is first used, so that the guardian process and ``--help`` stay light.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
