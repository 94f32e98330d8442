"""Where the parts of the current-source shield lie."""

from neurorig.hardware.kicad.tools.layout import Layout


def layout() -> Layout:
    """The board."""
    return Layout((120.0, 90.0), {})
