"""The microcontroller of the current source, simulated: the real program runs, cycle by cycle, in this process.

>>> controller = Controller(Path("current_source.hex"))
>>> controller.send(b"*IDN?\\n")
>>> controller.run(160_000)
>>> controller.received()

Needs libsimavr (Debian: libsimavr-dev) and gcc: the shim is compiled once, into the user's cache.
"""

from .controller import EVENT, HERTZ, Controller, ProcessorHalted

__all__ = ["EVENT", "HERTZ", "Controller", "ProcessorHalted"]
