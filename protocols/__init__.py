"""What is done to a board: stimuli, protocols, and the runner that plays them on a bench and writes down what came.

A protocol is data: a frozen model of parameters that yields sweeps (`Sweep`), gets each one back as it was taken
(`Taken`), and reads the results from the run on disk. `execute` runs one from request to report; `get_protocol` finds
one by name.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
