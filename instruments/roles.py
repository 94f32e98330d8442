"""What the runner knows of an instrument: roles as `typing.Protocol`, never a base class.

A driver fulfils a role by having its methods; the conformance suite walks every driver.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import Program, Stamps, Steps, Trace

from .sourcing import Readings, SourceSetup, Train


@dataclass(frozen=True)
class Identity:
    """What an instrument says it is (the four fields of ``*IDN?``)."""

    maker: str
    model: str
    serial: str
    version: str


@dataclass(frozen=True)
class ChannelSetup:
    """How one digitiser channel is to be set: the volts at the probe tip that must fit, and the probe.

    `bandwidth_limit`: the instrument's own low-pass (20 or 25 MHz). With `coupling` AC, `low` and `high` are volts without
    the mean.
    """

    channel: str
    low: float
    high: float
    attenuation: float = 1.0
    bandwidth_limit: bool = False
    coupling: Literal["DC", "AC"] = "DC"


Mode = Literal["normal", "average", "high_resolution"]
"""How samples become points: as they are, the mean of several triggered records, or the mean of neighbouring samples."""


@dataclass(frozen=True)
class Acquisition:
    """One single acquisition as the instrument will really take it (rates and depths come in steps).

    It needs `count` triggers when it averages, `segments` triggers when it fills segmented memory, else one.
    `points` and `pretrigger` are those of one segment.
    """

    rate: float
    points: int
    pretrigger: float
    channels: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = "normal"
    count: int = 1
    segments: int = 1

    @property
    def duration(self) -> float:
        """Recorded length of one segment in seconds, pre-trigger included."""
        return self.points / self.rate


@runtime_checkable
class Instrument(Protocol):
    """Everything on a bench: it says who it is, tells its settings, and can be made safe."""

    identity: Identity
    warnings: list[str]

    def settings(self) -> dict[str, Any]:
        """Every declared command as read back, for the run's record."""
        ...

    def safe(self) -> None:
        """Send the safe state: short lines that need no answer, each on its own, never raising before the last."""
        ...

    def close(self) -> None:
        """Release the link. Does not touch outputs."""
        ...


@runtime_checkable
class CurrentSource(Instrument, Protocol):
    """Drives ports with programs of current. `ranges`: the full scales (A) that its range jumper selects."""

    ranges: ClassVar[tuple[float, ...]]

    def full_scale(self, channel: str) -> float:
        """Largest current (A) of the range that the channel stands at, as read back from the instrument."""
        ...

    def resolution(self, channel: str) -> float:
        """Amperes of one step of the converter in the present range."""
        ...

    def fit(self, channel: str, program: Program) -> Steps:
        """Say what the source would play for `program`, no I/O. Raises PlanError (with the alternatives) if it does not fit,
        LimitError if a level is outside its range."""
        ...

    def load(self, programs: Mapping[str, Program]) -> dict[str, Steps]:
        """Upload one program a channel and give back the quantised command each will play."""
        ...

    def arm(self) -> None:
        """Enable the outputs of the loaded channels, still at zero, and wait for the trigger; confirmed by read-back."""
        ...

    def fire(self) -> None:
        """Start all armed channels now; SYNC OUT goes high with the first tick. Never repeated by the link."""
        ...

    def running(self) -> bool:
        """Whether a program is still playing (a progress query). Raises InstrumentError on trip or overrun."""
        ...

    def off(self) -> None:
        """Zero and disable all outputs, and confirm it."""
        ...

    def confirm_safe(self) -> None:
        """Ask, with patience, whether nothing plays and every output is off. Raises BenchError when that is not told."""
        ...

    def read_back(self, channel: str) -> float | None:
        """The source's own inner measurement of its current (amperes), if it has one: reported, not measured."""
        ...


@dataclass(frozen=True)
class SelfReport:
    """What a source told of itself during one play: reported, not measured. Times count from its own start, on its own clock.

    `read_backs` (int16) by quantity (``V1``: volts at terminal 1, ``I1``: amperes of its driven leg), without a gap: when scans
    were lost (`lost_scans`), what came before the first of them. `stamps` by comparator input.
    """

    read_backs: Mapping[str, Trace] = field(default_factory=dict)
    stamps: Mapping[str, Stamps] = field(default_factory=dict)
    lost_scans: int = 0


@runtime_checkable
class SelfReporting(Protocol):
    """A current source that can tell, while it plays, what it reads back and when its comparators saw spikes."""

    def report(self, channels: Sequence[str], inputs: Sequence[str]) -> None:
        """Keep read-backs of these channels and stamps of these comparator inputs while what is loaded plays, from `arm` on."""
        ...

    def reported(self) -> SelfReport:
        """End the report and give it; for after `off`. InstrumentError when nothing was played since `report`."""
        ...


@runtime_checkable
class Oscilloscope(Instrument, Protocol):
    """Takes single triggered records of several channels. `probes`: the attenuations of probes that it can be set to.

    Where it has an external trigger input, that is the channel ``EXT`` (`trigger_inputs` of the registry): it is planned, set
    and triggered on as the others are, but takes no memory and gives no record.
    """

    probes: ClassVar[tuple[float, ...]]

    @staticmethod
    def check_setup(setup: ChannelSetup, level: float | None = None) -> None:
        """Raise LimitError when a channel cannot be set so, or cannot trigger at `level` (V) when it is; no I/O: a bench file is
        judged by it when it is loaded."""
        ...

    def plan(
        self, channels: Sequence[str], duration: float, rate: float, pretrigger: float, *, mode: Mode = "normal", count: int = 1,
        segments: int = 1,
    ) -> Acquisition:  # fmt: skip
        """The smallest acquisition that covers `pretrigger` before and `duration` after the trigger at `rate` samples a second
        or more; no I/O. `count`: records to average; `segments`: records to take one after the other, each with its trigger.
        Raises PlanError listing what would fit, and what of this the model offers."""
        ...

    def configure(self, setups: Sequence[ChannelSetup], acquisition: Acquisition) -> None:
        """Set channels, timebase and memory, read every one back."""
        ...

    def trigger_on(self, channel: str, level: float, rising: bool = True) -> None:
        """Edge trigger on a channel at a level (volts at the probe tip)."""
        ...

    def arm(self) -> None:
        """Start a single acquisition and return when the instrument confirms that it waits for the trigger with its
        pre-trigger memory filled."""
        ...

    def finished(self) -> bool:
        """Whether the single acquisition is complete (a progress query)."""
        ...

    def fetch(self, channel: str, progress: Callable[[int, int], None] | None = None, segment: int = 0) -> Trace:
        """The whole record of one channel in volts at the probe tip, time counted from the trigger of its segment (the
        first is 0)."""
        ...

    def segment_times(self) -> tuple[float, ...]:
        """When each segment was triggered, in seconds since the first; ``(0.0,)`` for a record without segments."""
        ...

    def screenshot(self) -> bytes:
        """What the screen shows, as a PNG file."""
        ...

    def stop(self) -> None:
        """End an acquisition that never triggered."""
        ...


@dataclass(frozen=True)
class Chunk:
    """A piece of a gap-free stream: sample number `first` and those after it, codes by channel, integer arrays of shape (n,).

    `lost` samples are missing just before `first`: the instrument said so, and they are not made up.
    """

    first: int
    samples: Mapping[str, NDArray[np.integer[Any]]]
    lost: int = 0


@dataclass(frozen=True)
class Scaling:
    """What the codes of one channel mean: volts at the probe tip = code * scale + offset, with a standard error (V).

    `lowest` and `highest` are the codes at the ends of the converter.
    """

    scale: float
    offset: float
    error: float
    lowest: int
    highest: int


@runtime_checkable
class Digitizer(Instrument, Protocol):
    """Streams several channels without gaps for as long as it is read. `probes`: as of an oscilloscope."""

    probes: ClassVar[tuple[float, ...]]

    @staticmethod
    def check_setup(setup: ChannelSetup, level: float | None = None) -> None:
        """Raise LimitError when a channel cannot be set so; no I/O."""
        ...

    def plan(self, channels: Sequence[str], duration: float, rate: float, pretrigger: float) -> Acquisition:
        """The slowest stream at `rate` or more; no I/O. Raises PlanError listing what would fit."""
        ...

    def configure(self, setups: Sequence[ChannelSetup], acquisition: Acquisition) -> None:
        """Set ranges, scan list and rate, read every one back."""
        ...

    def start(self) -> None:
        """Start streaming. Never repeated by the link."""
        ...

    def read(self) -> Chunk:
        """What has arrived since the last call, possibly nothing (a progress query).

        Raises InstrumentError on an overrun whose length the instrument cannot tell.
        """
        ...

    def scaling(self, channel: str) -> Scaling:
        """What the codes of this channel mean, as configured."""
        ...

    def stop(self) -> None:
        """End the stream."""
        ...


@runtime_checkable
class SourceMeter(Instrument, Protocol):
    """Sources one quantity and measures the other, under a compliance that it reads back. Outputs are off until `on`."""

    def bound(self, channel: str, *, volts: float, amperes: float, where: str) -> None:
        """Never go beyond these at the channel's terminals, as level or as compliance; `where` is named when it is refused."""
        ...

    def check(self, channel: str, setup: SourceSetup, levels: Sequence[float] = ()) -> None:
        """Raise LimitError when the setup or a level is outside the instrument's ranges or its bounds; no I/O."""
        ...

    def check_train(self, channel: str, setup: SourceSetup, train: Train) -> None:
        """Raise PlanError (too many points, too short a width; naming what would fit) or LimitError; no I/O."""
        ...

    def configure(self, channel: str, setup: SourceSetup) -> None:
        """Output off, level 0, then everything of the setup, read back. Never clips a compliance or a range."""
        ...

    def set_level(self, channel: str, level: float) -> None:
        """Source this level (V or A as configured) from now on, read back. InstrumentError while its train runs."""
        ...

    def on(self, channel: str) -> None:
        """Close the output relay at level 0, then go to what `set_level` told since `configure`; confirmed by read-back."""
        ...

    def measure(self, channel: str, count: int = 1) -> Readings:
        """Measure `count` times at the present level. InstrumentError with the output off or while its train runs."""
        ...

    def load(self, channel: str, train: Train) -> None:
        """Put a train into the instrument; nothing is sourced yet. It ends at the level that it begins from."""
        ...

    def start(self) -> None:
        """Run what was loaded since the last start on the instrument's own timer. Never repeated by the link."""
        ...

    def running(self) -> bool:
        """Whether a train is still running (a progress query). Raises InstrumentError on what the instrument reports."""
        ...

    def fetch(self, channel: str) -> Readings:
        """What the last train measured, complete; a period that was not kept is told in `warnings`. InstrumentError unless
        that train was started, has ended, and nothing was loaded or measured since."""
        ...

    def off(self) -> None:
        """Level 0 on every channel, then the relays opened (never hot-switched), confirmed, also in the middle of a train."""
        ...

    def confirm_safe(self) -> None:
        """Ask, with patience, whether every output is off. Raises BenchError when that is not told."""
        ...


@runtime_checkable
class VoltageSource(Instrument, Protocol):
    """Plays programs of volts (an arbitrary generator): a current source's calls with volts for amperes.

    With the transconductance that the bench file gives it becomes a `CurrentSource`.
    """

    def full_scale(self, channel: str) -> float:
        """Largest voltage that the channel can put out into its load."""
        ...

    def resolution(self, channel: str) -> float:
        """Volts of one step of the converter."""
        ...

    def fit(self, channel: str, program: Program) -> Steps:
        """Say what would be played, no I/O. Raises PlanError or LimitError."""
        ...

    def load(self, programs: Mapping[str, Program]) -> dict[str, Steps]:
        """Upload one program a channel; the quantised command that each will play."""
        ...

    def arm(self) -> None:
        """Outputs on at the resting level, waiting for the trigger; confirmed by read-back."""
        ...

    def fire(self) -> None:
        """Start all armed channels now; SYNC goes high with the first sample. Never repeated by the link."""
        ...

    def running(self) -> bool:
        """Whether a program is still playing."""
        ...

    def off(self) -> None:
        """Outputs off, confirmed."""
        ...

    def confirm_safe(self) -> None:
        """Ask whether every output is off. Raises BenchError when that is not told."""
        ...


@runtime_checkable
class PowerSupply(Instrument, Protocol):
    """A bench supply: V+ sets every weight, so it is set, read back and logged."""

    def check(self, channel: str, volts: float, current_limit: float) -> None:
        """Raise LimitError for what the channel does not give; no I/O."""
        ...

    def configure(self, channel: str, volts: float, current_limit: float, wires: Literal[2, 4] = 2) -> None:
        """Output off, voltage and current limit set and read back; with four wires the voltage is held where the sense
        leads end."""
        ...

    def on(self, channel: str) -> None:
        """Output on, confirmed."""
        ...

    def measure(self, channel: str) -> tuple[float, float]:
        """Volts and amperes at the output, measured."""
        ...

    def limiting(self, channel: str) -> bool:
        """Whether the output is in constant current: it does not deliver its voltage."""
        ...

    def off(self) -> None:
        """Every output off, confirmed."""
        ...

    def confirm_safe(self) -> None:
        """Ask whether every output is off. Raises BenchError when that is not told."""
        ...


Measured = Literal["V", "A", "ohm", "ohm4", "degC"]


@runtime_checkable
class Multimeter(Instrument, Protocol):
    """Measures one quantity at a time: a weight resistor, a supply, a temperature."""

    def configure(self, quantity: Measured, *, full_scale: float | None = None, nplc: float = 1.0) -> None:
        """Choose quantity (``ohm4``: four wires), range (None: auto) and measuring time; read back."""
        ...

    def measure(self, count: int = 1) -> NDArray[np.float64]:
        """Measure `count` times; SI units (degrees Celsius for ``degC``), shape (count,). An overload is NaN and a warning."""
        ...
