"""A source of volts and the converter behind it, as a current source: ``I = gain * V + offset``."""

from collections.abc import Mapping
from typing import Any, ClassVar

from neurorig.signals import ConfigError, LimitError, Program, Steps, show

from .bench_file import TransconductanceEntry
from .roles import Identity, VoltageSource


class ConvertedSource:
    """Fulfils the role `CurrentSource` with a generator; `converters` by channel name."""

    ranges: ClassVar[tuple[float, ...]] = ()

    def __init__(self, generator: VoltageSource, converters: Mapping[str, TransconductanceEntry]) -> None:
        self.generator, self.converters = generator, converters

    @property
    def identity(self) -> Identity:
        """The generator's."""
        return self.generator.identity

    @property
    def warnings(self) -> list[str]:
        """The generator's."""
        return self.generator.warnings

    def full_scale(self, channel: str) -> float:
        """Largest current (A) either way, at the generator's largest voltage."""
        made = self._converter(channel)
        return made.gain * self.generator.full_scale(channel) - abs(made.offset)

    def resolution(self, channel: str) -> float:
        """Amperes of one step of the generator's converter."""
        return self._converter(channel).gain * self.generator.resolution(channel)

    def fit(self, channel: str, program: Program) -> Steps:
        """Say what current would be played, no I/O. Raises PlanError or LimitError as the generator does."""
        return self._amperes(channel, self.generator.fit(channel, self._volts(channel, program)))

    def load(self, programs: Mapping[str, Program]) -> dict[str, Steps]:
        """Upload one program (A) a channel; the quantised current that each will play."""
        loaded = self.generator.load({c: self._volts(c, program) for c, program in programs.items()})
        return {channel: self._amperes(channel, steps) for channel, steps in loaded.items()}

    def arm(self) -> None:
        """As the generator."""
        self.generator.arm()

    def fire(self) -> None:
        """As the generator."""
        self.generator.fire()

    def running(self) -> bool:
        """As the generator."""
        return self.generator.running()

    def off(self) -> None:
        """As the generator: its outputs are off; what the converter makes of 0 V is its offset."""
        self.generator.off()

    def safe(self) -> None:
        """As the generator."""
        self.generator.safe()

    def confirm_safe(self) -> None:
        """As the generator."""
        self.generator.confirm_safe()

    def read_back(self, channel: str) -> float | None:
        """Neither the generator nor the converter measures its current."""
        return None

    def settings(self) -> dict[str, Any]:
        """The generator's."""
        return self.generator.settings()

    def close(self) -> None:
        """The generator's link."""
        self.generator.close()

    def _converter(self, channel: str) -> TransconductanceEntry:
        if channel not in self.converters:
            raise ConfigError(f"No transconductance is given for channel {channel} of {self.identity.model}.")
        return self.converters[channel]

    def _volts(self, channel: str, program: Program) -> Program:
        made, steps = self._converter(channel), program.steps()
        most = self.generator.full_scale(channel)
        for amperes in (steps.low, steps.high):
            volts = (amperes - made.offset) / made.gain
            if abs(volts) > most:
                raise LimitError(
                    f"{show(amperes, 'A')} through {show(made.gain, 'A/V')} needs {show(volts, 'V')}; "
                    f"{self.identity.model} gives up to {show(most, 'V')}. Lower the current, or use a larger gain."
                )
        return program.converted(1.0 / made.gain, -made.offset / made.gain, "V")

    def _amperes(self, channel: str, steps: Steps) -> Steps:
        made = self._converter(channel)
        return Steps(steps.edges_ns, made.gain * steps.levels + made.offset, "A")
