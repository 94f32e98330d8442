from .bench import Bench, list_benches, load_bench
from .commands import Commanded, command
from .connection import Rig, connect
from .delivered import Delivered
from .drivers import DRIVERS, DriverEntry
from .links import Link, open_link
from .roles import Acquisition, ChannelSetup, CurrentSource, Identity, Instrument, Multimeter, Oscilloscope, SourceMeter
from .sensing import SenseChain
from .sourcing import SourceSetup
from .wiring import NodeWiring, PortWiring

__all__ = [
    "DRIVERS", "Acquisition", "Bench", "ChannelSetup", "Commanded", "CurrentSource", "Delivered", "DriverEntry",
    "Identity", "Instrument", "Link", "Multimeter", "NodeWiring", "Oscilloscope", "PortWiring", "Rig", "SenseChain",
    "SourceMeter", "SourceSetup", "command", "connect", "list_benches", "load_bench", "open_link",
]  # fmt: skip
