"""The window: the other face of the same calls that the command line makes. It needs the extra ``gui``."""
