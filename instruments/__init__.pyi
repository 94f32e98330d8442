from .commands import Commanded, command
from .drivers import DRIVERS, DriverEntry
from .links import Link, open_link
from .roles import Acquisition, ChannelSetup, CurrentSource, Identity, Instrument, Oscilloscope

__all__ = [
    "DRIVERS", "Acquisition", "ChannelSetup", "Commanded", "CurrentSource", "DriverEntry", "Identity", "Instrument",
    "Link", "Oscilloscope", "command", "open_link",
]
