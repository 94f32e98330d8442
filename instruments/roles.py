"""What the runner knows of an instrument: roles as `typing.Protocol`, never a base class.

A driver fulfils a role by having its methods; the conformance suite walks every driver.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

from neurorig.signals import Program, Steps, Trace


@dataclass(frozen=True)
class Identity:
    """What an instrument says it is (the four fields of ``*IDN?``)."""

    maker: str
    model: str
    serial: str
    version: str


@dataclass(frozen=True)
class ChannelSetup:
    """How one digitiser channel is to be set: the volts at the probe tip that must fit, and the probe."""

    channel: str
    low: float
    high: float
    attenuation: float = 1.0
    bandwidth_limit: bool = False


@dataclass(frozen=True)
class Acquisition:
    """One single acquisition as the instrument will really take it (rates and depths come in steps)."""

    rate: float
    points: int
    pretrigger: float
    channels: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def duration(self) -> float:
        """Recorded length in seconds, pre-trigger included."""
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


@runtime_checkable
class Oscilloscope(Instrument, Protocol):
    """Takes single triggered records of several channels. `probes`: the attenuations of probes that it can be set to."""

    probes: ClassVar[tuple[float, ...]]

    @staticmethod
    def check_setup(setup: ChannelSetup, level: float | None = None) -> None:
        """Raise LimitError when a channel cannot be set so, or cannot trigger at `level` (V) when it is; no I/O: a bench file is
        judged by it when it is loaded."""
        ...

    def plan(self, channels: Sequence[str], duration: float, rate: float, pretrigger: float) -> Acquisition:
        """The smallest acquisition that covers `pretrigger` before and `duration` after the trigger at `rate` samples a second
        or more; no I/O. Raises PlanError listing what would fit."""
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

    def fetch(self, channel: str, progress: Callable[[int, int], None] | None = None) -> Trace:
        """The whole record of one channel in volts at the probe tip, time counted from the trigger."""
        ...

    def stop(self) -> None:
        """End an acquisition that never triggered."""
        ...
