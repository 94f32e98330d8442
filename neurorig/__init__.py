"""neurorig: neuroscience protocols on analog neurosynaptic circuit boards."""

__version__ = "0.1.0"
