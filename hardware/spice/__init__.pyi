from .counterpart import spice_twin
from .deck import circuit_of, deck
from .simulator import Recording, SpiceError, run

__all__ = ["Recording", "SpiceError", "circuit_of", "deck", "run", "spice_twin"]
