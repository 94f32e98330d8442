"""Two-terminal memristors and the neuron that integrates what they let through, as exact numerical twins.

`ThyristorMemristor` is the volatile switch of the spiking neurons, `SdcMemristor` a non-volatile weight. Both are
`TwoTerminal`: a source holds a level, the state moves along in closed form.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
