"""The boards as ngspice decks: the independent witness of the twin.

`deck` writes the circuit of a board, transistor by transistor; `run` has ngspice simulate it; `spice_twin` gives the
board with which the twin is compared with it. ngspice itself is a program of its own: apt install ngspice.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
