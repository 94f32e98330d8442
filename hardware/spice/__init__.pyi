from .counterpart import spice_twin
from .deck import circuit_of, deck
from .simulator import Recording, SpiceError, run
from .comparison import Witnessed, witness

__all__ = ["Recording", "SpiceError", "Witnessed", "circuit_of", "deck", "run", "spice_twin", "witness"]
