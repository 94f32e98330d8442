"""What is wired to what on a bench: ports, nodes, the marker, the leads of meters, the supply. Plain data, checked before."""

from dataclasses import dataclass, replace
from typing import Literal

from neurorig.hardware.memristors import SdcBoard, ThyristorBoard

from .bench_file import TransconductanceEntry
from .delivered import Delivered
from .roles import ChannelSetup
from .sensing import SenseChain


@dataclass(frozen=True)
class PortWiring:
    """A port of the board, the source channel that drives it and the limits of this bench."""

    port: str
    instrument: str
    channel: str
    low: float
    high: float
    full_scale: float
    delivered: Delivered
    transconductance: TransconductanceEntry | None = None


@dataclass(frozen=True)
class NodeWiring:
    """A node of the board, the scope channel that sees it and the sense chain in between."""

    node: str
    unit: str
    instrument: str
    channel: str
    sense: SenseChain
    low: float
    high: float

    def showing(self, low: float | None = None, high: float | None = None) -> "NodeWiring":
        """The same with another range to fit on the screen (in the node's unit)."""
        return replace(self, low=self.low if low is None else low, high=self.high if high is None else high)

    def setup(self) -> ChannelSetup:
        """How the scope channel has to be set to see the node's whole range."""
        ends = sorted((self.sense.to_volts(self.low), self.sense.to_volts(self.high)))
        return ChannelSetup(self.channel, ends[0], ends[1], self.sense.attenuation)


@dataclass(frozen=True)
class DerivedNode:
    """A quantity computed from nodes that are observed: the sum of `plus` minus the sum of `minus`."""

    name: str
    unit: str
    plus: tuple[str, ...]
    minus: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """All nodes that it is computed from."""
        return (*self.plus, *self.minus)

    @property
    def formula(self) -> str:
        """``n1.i0 + s11.i_out - s21.i_out``."""
        return " - ".join((" + ".join(self.plus), *self.minus))


@dataclass(frozen=True)
class Marker:
    """Where the source's SYNC OUT arrives."""

    source: str
    scope: str
    channel: str
    level: float

    def setup(self) -> ChannelSetup:
        """A 5 V logic level on the screen."""
        return ChannelSetup(self.channel, -0.5, 5.5)


@dataclass(frozen=True)
class Terminals:
    """What the leads of a source-meter's or multimeter's channel touch, and what must not be exceeded there.

    `device` is a resistance (ohm) or a memristor board, `node` a node of the board (multimeter only), both None: open.
    """

    instrument: str
    channel: str
    device: float | SdcBoard | ThyristorBoard | None
    node: str | None
    leads: float
    voltage: float
    current: float


@dataclass(frozen=True)
class Supply:
    """The bench supply's channel that feeds the board with V+."""

    instrument: str
    channel: str
    voltage: float
    current_limit: float
    wires: Literal[2, 4] = 2
