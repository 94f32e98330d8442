"""How a simulated Rigol DHO804 is set up: channels, time base, memory and trigger, and the plan they make.

What the guide says and what is assumed: see `rigol_dho800`.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from ..arguments import Kind, ScpiError, boolean, choice, integer, number
from ..converter import FrontEnd, Input, OpenConnector
from ..device import ScpiDevice, Setting, Settings
from ..digitiser import AUTO_PATIENCE, DEAD_TIME, Digitiser, Plan
from ..grammar import on
from ..triggering import Slope, Trigger
from .rigol_setup import step_up

if TYPE_CHECKING:
    from ..world import World

CHANNELS = (1, 2, 3, 4)
ACROSS, DOWN = 10, 8
WORDS_PER_DIVISION = 7500
"""Of 16 bits, of which the converter gives the upper 12."""
STEP = 16
FASTEST = 1.25e9
BANDWIDTH, LIMITED = 70e6, 20e6
PROBES = tuple(float(f"{digit}e{power}") for power in range(-3, 5) for digit in (1, 2, 5))
SCALES = tuple(float(f"{digit}e{power}") for power in range(-4, 2) for digit in (1, 2, 5))[2:-2]  # probe 1X
TIMEBASES = tuple(float(f"{digit}e{power}") for power in range(-9, 3) for digit in (1, 2, 5))[2:]
DEPTHS = {"1k": 1_000, "10k": 10_000, "100k": 100_000, "1M": 1_000_000, "5M": 5_000_000, "10M": 10_000_000,
          "25M": 25_000_000}  # fmt: skip
DEEPEST = {1: 25_000_000, 2: 10_000_000, 4: 5_000_000}
"""Points of each of so many channels."""
ROLLS = 50e-3
"""Seconds a division from which on the time base rolls, if it may."""
OFFSETS = ((65e-3, 1.0), (260e-3, 8.0), (2.65, 20.0), (10.0, 100.0))
"""Up to which scale the offset reaches how far, volts, with a 1X probe."""
SHAPING = (
    *("display", "coupling", "bandwidth_limit", "invert", "acquisition_type", "trigger_mode", "roll"),
    *("trigger_source", "trigger_slope", "trigger_coupling", "holdoff", "noise_reject"),
)
"""Settings that shape a record."""


def nr3(value: float) -> str:
    """Six decimals and an exponent without zeros in front."""
    mantissa, exponent = f"{value:.6E}".split("E")
    return f"{mantissa}E{int(exponent):+d}"


def real(low: float | None = None, high: float | None = None) -> Kind[float]:
    """A decimal number; this maker's instruments know no units."""
    return number("", low, high, show=nr3)


def _read_ratio(text: str) -> float:
    value = number().read(text)
    ratio = next((ratio for ratio in PROBES if math.isclose(ratio, value)), None)
    if ratio is None:
        raise ScpiError(-224, text)
    return ratio


RATIO = Kind(_read_ratio, lambda ratio: f"{ratio:g}")


def _read_depth(text: str) -> int:
    """A memory depth; 0 stands for AUTO."""
    named = {"AUTO": 0} | {name.upper(): points for name, points in DEPTHS.items()}
    if text.upper() in named:
        return named[text.upper()]
    points = round(number().read(text))
    if points not in DEPTHS.values():
        raise ScpiError(-224, text)
    return points


DEPTH = Kind(_read_depth, str)


class Dho800Setup(ScpiDevice):
    """Everything that shapes a record; a change of it begins a running acquisition anew."""

    display = Settings(":CHANnel<1-4>:DISPlay", boolean, {1: True, 2: False, 3: False, 4: False})
    coupling = Settings(":CHANnel<1-4>:COUPling", choice("AC", "DC", "GND"), dict.fromkeys(CHANNELS, "DC"))
    bandwidth_limit = Settings(":CHANnel<1-4>:BWLimit", choice("20M", "OFF"), dict.fromkeys(CHANNELS, "OFF"))
    invert = Settings(":CHANnel<1-4>:INVert", boolean, dict.fromkeys(CHANNELS, False))
    vernier = Settings(":CHANnel<1-4>:VERNier", boolean, dict.fromkeys(CHANNELS, False))
    units = Settings(
        ":CHANnel<1-4>:UNITs", choice("VOLTage", "WATT", "AMPere", "UNKNown"), dict.fromkeys(CHANNELS, "VOLT")
    )
    delay_calibration = Settings(":CHANnel<1-4>:TCALibrate", real(-1e-7, 1e-7), dict.fromkeys(CHANNELS, 0.0))

    acquisition_type = Setting(":ACQuire:TYPE", choice("NORMal", "PEAK", "AVERages"), "NORM")
    timebase_mode = Setting(":TIMebase:MODE", choice("MAIN"), "MAIN")
    timebase_vernier = Setting(":TIMebase:VERNier", boolean, False)
    roll = Setting(":TIMebase:ROLL", boolean, True)
    trigger_mode = Setting(":TRIGger:MODE", choice("EDGE"), "EDGE")
    trigger_coupling = Setting(":TRIGger:COUPling", choice("AC", "DC", "LFReject", "HFReject"), "DC")
    trigger_source = Setting(":TRIGger:EDGE:SOURce", choice(*(f"CHANnel{n}" for n in CHANNELS)), "CHAN1")
    trigger_slope = Setting(":TRIGger:EDGE:SLOPe", choice("POSitive", "NEGative", "RFALl"), "POS")
    holdoff = Setting(":TRIGger:HOLDoff", real(8e-9, 10.0), 8e-9)
    noise_reject = Setting(":TRIGger:NREJect", boolean, False)
    frame_interval = Setting(":RECord:WRECord:FINTerval", real(10e-9, 1.0), 10e-9)

    def __init__(
        self,
        world: "World",
        inputs: Mapping[str, Input],
        *,
        serial: str,
        seed: int,
        noise: float = 0.0005,
        probes: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(world, f"RIGOL TECHNOLOGIES,DHO804,{serial},00.01.05")
        self._inputs, self._noise, self._probes = inputs, noise, probes or {}
        self.digitiser = Digitiser(world, f"scope {serial}", seed)
        self.reset()

    def reset(self) -> None:
        """The default state: channel 1 on, sweeping automatically."""
        super().reset()
        self.probe = dict.fromkeys(CHANNELS, 1.0)
        self.scale = dict.fromkeys(CHANNELS, 0.05)
        self.offset = dict.fromkeys(CHANNELS, 0.0)
        self.timebase, self.delay = 5e-9, 0.0
        self.depth: int | None = 10_000
        self.averages, self.level = 2, 0.0
        self.frames, self.recording = 1000, False
        self.sweep = self.sweep_before = "AUTO"
        self.digitiser.clear()
        self.begin()

    def changed(self, name: str) -> None:
        """A setting that shapes the record begins the acquisition anew; the memory has room for fewer points of more channels."""
        if self.depth is not None:
            self.depth = min(self.depth, DEEPEST[self._share])
        if name in SHAPING:
            self._restart()

    # Channels

    @on(":CHANnel<1-4>:PROBe", RATIO)
    def _set_probe(self, channel: int, ratio: float) -> None:
        change = ratio / self.probe[channel]
        self.probe[channel] = ratio
        self.scale[channel] *= change
        self.offset[channel] *= change
        self._restart()

    @on(":CHANnel<1-4>:PROBe?")
    def _get_probe(self, channel: int) -> str:
        return RATIO.show(self.probe[channel])

    @on(":CHANnel<1-4>:SCALe", real())
    def _set_scale(self, channel: int, volts: float) -> None:
        step = step_up(volts / self.probe[channel], SCALES)
        scale = volts if self.vernier[channel] else step * self.probe[channel]
        self.offset[channel] *= scale / self.scale[channel]
        self.scale[channel] = scale
        limit = self._largest_offset(channel)
        self.offset[channel] = min(max(self.offset[channel], -limit), limit)
        self._restart()

    @on(":CHANnel<1-4>:SCALe?")
    def _get_scale(self, channel: int) -> str:
        return nr3(self.scale[channel])

    @on(":CHANnel<1-4>:OFFSet", real())
    def _set_offset(self, channel: int, volts: float) -> None:
        if abs(volts) > self._largest_offset(channel) * (1 + 1e-9):
            raise ScpiError(-222, nr3(volts))
        self.offset[channel] = volts
        self._restart()

    @on(":CHANnel<1-4>:OFFSet?")
    def _get_offset(self, channel: int) -> str:
        return nr3(self.offset[channel])

    def _largest_offset(self, channel: int) -> float:
        ratio = self.probe[channel]
        return ratio * next(most for top, most in OFFSETS if self.scale[channel] / ratio <= top * (1 + 1e-9))

    # Time base and memory

    @on(":TIMebase[:MAIN]:SCALe", real())
    def _set_timebase(self, seconds: float) -> None:
        step = step_up(seconds, TIMEBASES)
        self.timebase = seconds if self.timebase_vernier else step
        self.delay = min(max(self.delay, -self.span / 2), self._latest)
        self._restart()

    @on(":TIMebase[:MAIN]:SCALe?")
    def _get_timebase(self) -> str:
        return nr3(self.timebase)

    @on(":TIMebase[:MAIN][:OFFSet]", real())
    def _set_delay(self, seconds: float) -> None:
        if not -self.span / 2 * (1 + 1e-9) <= seconds <= self._latest * (1 + 1e-9):
            raise ScpiError(-222, nr3(seconds))
        self.delay = seconds
        self._restart()

    @on(":TIMebase[:MAIN][:OFFSet]?")
    def _get_delay(self) -> str:
        return nr3(self.delay)

    @property
    def _latest(self) -> float:
        scale = self.timebase
        return 1.0 if scale <= 10e-3 else 100 * scale if scale < 10 else 1e3 if scale < 200 else 5 * scale

    @property
    def span(self) -> float:
        """Seconds across the screen."""
        return ACROSS * self.timebase

    @property
    def rolling(self) -> bool:
        """Whether the time base rolls: then nothing triggers."""
        return self.roll and self.timebase >= ROLLS * (1 - 1e-9)

    @property
    def _share(self) -> int:
        return {0: 1, 1: 1, 2: 2}.get(sum(self.display.values()), 4)

    @on(":ACQuire:MDEPth", DEPTH)
    def _set_depth(self, points: int) -> None:
        if self.digitiser.state == "STOP":
            raise ScpiError(-221, "stopped")
        if points > DEEPEST[self._share]:
            raise ScpiError(-224, str(points))
        self.depth = points or None
        self._restart()

    @on(":ACQuire:MDEPth?")
    def _get_depth(self) -> str:
        mantissa, exponent = f"{self.depth or self.memory()[0]:.3E}".split("E")
        return f"{mantissa}E{int(exponent):+d}"

    @on(":ACQuire:AVERages", integer(2, 65536))
    def _set_averages(self, count: int) -> None:
        self.averages = 1 << (count.bit_length() - 1)  # the power of two below
        self._restart()

    @on(":ACQuire:AVERages?")
    def _get_averages(self) -> int:
        return self.averages

    @on(":ACQuire:SRATe?")
    def _sample_rate(self) -> str:
        return nr3(self.memory()[1])

    def memory(self) -> tuple[int, float]:
        """Points of each channel, and samples a second: the record spans the screen, up to the fastest rate."""
        rate = min(FASTEST / self._share, (self.depth or DEEPEST[self._share]) / self.span)
        return max(1, round(rate * self.span)), rate

    def most_frames(self) -> int:
        """Frames of the present depth that the memory holds."""
        return max(1, DEEPEST[self._share] // self.memory()[0])

    # Trigger

    @on(":TRIGger:SWEep", choice("AUTO", "NORMal", "SINGle"))
    def set_sweep(self, sweep: str) -> None:
        """Choose the sweep mode; SINGle begins one acquisition at once."""
        if self.sweep != "SING":
            self.sweep_before = self.sweep
        self.sweep = sweep
        self.begin() if sweep == "SING" else self._restart()

    @on(":TRIGger:SWEep?")
    def _get_sweep(self) -> str:
        return self.sweep

    @on(":TRIGger:EDGE:LEVel", real())
    def _set_level(self, volts: float) -> None:
        channel = int(self.trigger_source[-1])
        reach, offset = 4.5 * self.scale[channel] * (1 + 1e-9), self.offset[channel]
        if not -reach - offset <= volts <= reach - offset:
            raise ScpiError(-222, nr3(volts))
        self.level = volts
        self._restart()

    @on(":TRIGger:EDGE:LEVel?")
    def _get_level(self) -> str:
        return nr3(self.level)

    # What is acquired

    def front_end(self, channel: int) -> FrontEnd:
        """One channel as it is set."""
        name = str(channel)
        word = self.scale[channel] / WORDS_PER_DIVISION
        limited = self.bandwidth_limit[channel] == "20M"
        return FrontEnd(
            signal=self._inputs.get(name) or OpenConnector(),
            volts_per_code=word * STEP,
            zero_code=(0x8000 + round(self.offset[channel] / word)) / STEP,
            gain=(-1.0 if self.invert[channel] else 1.0) * self.probe[channel] / self._probes.get(name, 1.0),
            coupling=self.coupling[channel],
            bandwidth=LIMITED if limited else BANDWIDTH,
            noise=self._noise * DOWN * WORDS_PER_DIVISION / STEP * ((LIMITED / BANDWIDTH) ** 0.5 if limited else 1.0),
            top=0xFFF,
            sampling="PEAK" if self.acquisition_type == "PEAK" else "NORM",
            oversampling=round(FASTEST / self._share / self.memory()[1]),
        )

    def plan(self) -> Plan:
        """The acquisition as it is set."""
        depth, rate = self.memory()
        channel = int(self.trigger_source[-1])
        source = self.front_end(channel)
        trigger = Trigger(
            source=source,
            level=self.level,
            hysteresis=(0.6 if self.noise_reject else 0.3) * self.scale[channel],
            slope=cast(Slope, self.trigger_slope),
            holdoff=self.holdoff,
            noise=source.noise * source.volts_per_code,
        )
        return Plan(
            depth=depth,
            rate=rate,
            centre=0.0 if self.rolling else self.delay,
            screen=self.span,
            front_ends={channel: self.front_end(channel) for channel in CHANNELS if self.display[channel]},
            trigger=trigger,
            auto=self.sweep == "AUTO" or self.rolling,
            single=self.sweep == "SING",
            averages=self.averages if self.acquisition_type == "AVER" and not (self.rolling or self.recording) else 1,
            patience=0.0 if self.rolling else AUTO_PATIENCE,
            segments=min(self.frames, self.most_frames()) if self.recording else 0,
            dead_time=self.frame_interval if self.recording else DEAD_TIME,
        )

    def plan_of_record(self) -> Plan:
        """What the record was taken with; what is set if there is none."""
        record = self.digitiser.record
        return self.plan() if record is None else record.plan

    def begin(self) -> None:
        """Begin an acquisition with what is set."""
        self.digitiser.start(self.plan())

    def _restart(self) -> None:
        if self.digitiser.state != "STOP":
            self.begin()
