"""How a simulated Rigol DS1104Z is set up: channels, time base, memory and edge trigger, and the plan they make.

What the guide says and what is assumed: see `rigol_ds1000z`.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from ..arguments import Kind, ScpiError, boolean, choice, integer, nr3, number
from ..converter import FrontEnd, Input, OpenConnector, Sampling
from ..device import ScpiDevice, Setting, Settings
from ..digitiser import DEAD_TIME, Digitiser, Plan
from ..grammar import on
from ..triggering import Slope, Trigger

if TYPE_CHECKING:
    from ..world import World

T = TypeVar("T")

CHANNELS = (1, 2, 3, 4)
DIVISIONS = 12
CODES_PER_DIVISION = 25  # YINCrement = scale / 25
MIDDLE = 127  # YREFerence
PROBES = tuple(float(f"{digit}e{power}") for power in range(-2, 4) for digit in (1, 2, 5))[:-2]
SCALES = tuple(float(f"{digit}e{power}") for power in range(-3, 2) for digit in (1, 2, 5))[:-2]  # probe 1X
TIMEBASES = tuple(float(f"{digit}e{power}") for power in range(-9, 2) for digit in (1, 2, 5))[2:]
DEPTHS = (12_000, 120_000, 1_200_000, 12_000_000, 24_000_000)  # of one channel alone; the last one is an option
FASTEST = 1e9
MOST_FRAMES = 65_000
SHAPING = (
    *("display", "coupling", "bandwidth_limit", "invert", "acquisition_type", "trigger_mode"),
    *("trigger_source", "trigger_slope", "trigger_coupling", "holdoff", "noise_reject"),
    *("pulse_source", "pulse_when", "pulse_width", "pulse_upper", "pulse_lower"),
)
"""Settings that shape a record."""


def _all(value: T) -> dict[int, T]:
    return dict.fromkeys(CHANNELS, value)


def step_up(value: float, steps: tuple[float, ...]) -> float:
    """The smallest step not below `value`. Raises ScpiError -222 outside the steps."""
    if not steps[0] * (1 - 1e-9) <= value <= steps[-1] * (1 + 1e-9):
        raise ScpiError(-222, nr3(value))
    return steps[bisect_left(steps, value * (1 - 1e-9))]


def _listed(values: tuple[float, ...]) -> Kind[float]:
    """One of a list of numbers."""
    plain = number()

    def read(text: str) -> float:
        value = plain.read(text)
        if not any(abs(value - each) <= 1e-9 * each for each in values):
            raise ScpiError(-224, text)
        return value

    return Kind(read, nr3)


class RigolSetup(ScpiDevice):
    """Everything that shapes a record; a change of it begins a running acquisition anew."""

    display = Settings(":CHANnel<1-4>:DISPlay", boolean, {1: True, 2: False, 3: False, 4: False})
    coupling = Settings(":CHANnel<1-4>:COUPling", choice("AC", "DC", "GND"), _all("DC"))
    bandwidth_limit = Settings(":CHANnel<1-4>:BWLimit", choice("20M", "OFF"), _all("OFF"))
    invert = Settings(":CHANnel<1-4>:INVert", boolean, _all(False))
    vernier = Settings(":CHANnel<1-4>:VERNier", boolean, _all(False))
    units = Settings(":CHANnel<1-4>:UNITs", choice("VOLTage", "WATT", "AMPere", "UNKNown"), _all("VOLT"))
    delay_calibration = Settings(":CHANnel<1-4>:TCAL", number("s", -1e-7, 1e-7), _all(0.0))

    acquisition_type = Setting(":ACQuire:TYPE", choice("NORMal", "AVERages", "PEAK", "HRESolution"), "NORM")
    timebase_mode = Setting(":TIMebase:MODE", choice("MAIN"), "MAIN")
    trigger_mode = Setting(":TRIGger:MODE", choice("EDGE", "PULSe"), "EDGE")
    trigger_coupling = Setting(":TRIGger:COUPling", choice("AC", "DC", "LFReject", "HFReject"), "DC")
    trigger_source = Setting(
        ":TRIGger:EDGe:SOURce", choice("CHANnel1", "CHANnel2", "CHANnel3", "CHANnel4", "AC"), "CHAN1"
    )
    trigger_slope = Setting(":TRIGger:EDGe:SLOPe", choice("POSitive", "NEGative", "RFALl"), "POS")
    holdoff = Setting(":TRIGger:HOLDoff", number("s", 16e-9, 10.0), 16e-9)
    noise_reject = Setting(":TRIGger:NREJect", boolean, False)

    pulse_source = Setting(":TRIGger:PULSe:SOURce", choice("CHANnel1", "CHANnel2", "CHANnel3", "CHANnel4"), "CHAN1")
    pulse_when = Setting(
        ":TRIGger:PULSe:WHEN", choice("PGReater", "PLESs", "NGReater", "NLESs", "PGLess", "NGLess"), "PGR"
    )
    pulse_width = Setting(":TRIGger:PULSe:WIDTh", number("s", 8e-9, 10.0), 1e-6)
    pulse_upper = Setting(":TRIGger:PULSe:UWIDth", number("s", 16e-9, 10.0), 2e-6)
    pulse_lower = Setting(":TRIGger:PULSe:LWIDth", number("s", 8e-9, 9.99), 1e-6)

    frame_interval = Setting(":FUNCtion:WRECord:FINTerval", number("s", 100e-9, 10.0), 100e-9)

    def __init__(
        self,
        world: "World",
        inputs: Mapping[str, Input],
        *,
        serial: str,
        seed: int,
        noise: float = 0.002,
        probes: Mapping[str, float] | None = None,
        memory_option: bool = True,
    ) -> None:
        super().__init__(world, f"RIGOL TECHNOLOGIES,DS1104Z,{serial},00.04.04")
        self._inputs, self._noise, self._probes = inputs, noise, probes or {}
        self._depths = DEPTHS if memory_option else DEPTHS[:-1]
        self.digitiser = Digitiser(world, f"scope {serial}", seed)
        self.reset()

    def reset(self) -> None:
        """The default state: channel 1 on, sweeping automatically."""
        super().reset()
        self.probe = dict.fromkeys(CHANNELS, 10.0)
        self.scale = dict.fromkeys(CHANNELS, 1.0)
        self.offset = dict.fromkeys(CHANNELS, 0.0)
        self.timebase, self.delay = 1e-6, 0.0
        self.depth: int | None = None
        self.averages, self.level, self.pulse_level = 2, 0.0, 0.0
        self.frames: int | None = None
        self.recording = False
        self.sweep = self.sweep_before = "AUTO"
        self.digitiser.clear()
        self.begin()

    def changed(self, name: str) -> None:
        """A setting that shapes the record begins the acquisition anew."""
        if name in SHAPING:
            self._restart()

    # Channels

    @on(":CHANnel<1-4>:PROBe", _listed(PROBES))
    def _set_probe(self, channel: int, ratio: float) -> None:
        change = ratio / self.probe[channel]
        self.probe[channel] = ratio
        self.scale[channel] *= change
        self.offset[channel] *= change
        self._restart()

    @on(":CHANnel<1-4>:PROBe?")
    def _get_probe(self, channel: int) -> float:
        return self.probe[channel]

    @on(":CHANnel<1-4>:SCALe", number("V"))
    def _set_scale(self, channel: int, volts: float) -> None:
        at_connector = volts / self.probe[channel]
        step = step_up(at_connector, SCALES)
        scale = volts if self.vernier[channel] else step * self.probe[channel]
        self.offset[channel] *= scale / self.scale[channel]
        self.scale[channel] = scale
        limit = self._largest_offset(channel)
        self.offset[channel] = min(max(self.offset[channel], -limit), limit)
        self._restart()

    @on(":CHANnel<1-4>:SCALe?")
    def _get_scale(self, channel: int) -> float:
        return self.scale[channel]

    @on(":CHANnel<1-4>:RANGe", number("V"))
    def _set_range(self, channel: int, volts: float) -> None:
        self._set_scale(channel, volts / 8)

    @on(":CHANnel<1-4>:RANGe?")
    def _get_range(self, channel: int) -> float:
        return self.scale[channel] * 8

    @on(":CHANnel<1-4>:OFFSet", number("V"))
    def _set_offset(self, channel: int, volts: float) -> None:
        if abs(volts) > self._largest_offset(channel):
            raise ScpiError(-222, nr3(volts))
        self.offset[channel] = volts
        self._restart()

    @on(":CHANnel<1-4>:OFFSet?")
    def _get_offset(self, channel: int) -> float:
        return self.offset[channel]

    def _largest_offset(self, channel: int) -> float:
        """100 V from 500 mV a division on, else 2 V, times the probe ratio."""
        ratio = self.probe[channel]
        return (100.0 if self.scale[channel] / ratio >= 0.5 * (1 - 1e-9) else 2.0) * ratio

    # Time base and memory

    @on(":TIMebase[:MAIN]:SCALe", number("s"))
    def _set_timebase(self, seconds: float) -> None:
        self.timebase = step_up(seconds, TIMEBASES)
        self.delay = max(self.delay, -self._screen / 2)
        self._restart()

    @on(":TIMebase[:MAIN]:SCALe?")
    def _get_timebase(self) -> float:
        return self.timebase

    @on(":TIMebase[:MAIN]:OFFSet", number("s"))
    def _set_delay(self, seconds: float) -> None:
        # The guide gives two upper ends and not when which holds; here: 5000 s where half a screen exceeds 1 s.
        latest = 5000.0 if self._screen / 2 > 1 else 1.0
        if not -self._screen / 2 * (1 + 1e-9) <= seconds <= latest:
            raise ScpiError(-222, nr3(seconds))
        self.delay = seconds
        self._restart()

    @on(":TIMebase[:MAIN]:OFFSet?")
    def _get_delay(self) -> float:
        return self.delay

    @on(":ACQuire:MDEPth", choice("AUTO", *(str(depth // share) for depth in DEPTHS for share in (1, 2, 4))))
    def _set_depth(self, depth: str) -> None:
        if self.digitiser.state == "STOP":
            raise ScpiError(-221, "stopped")
        offered = [str(points // self._share) for points in self._depths]
        if depth != "AUTO" and depth not in offered:
            raise ScpiError(-224, depth)
        self.depth = None if depth == "AUTO" else offered.index(depth)
        self._restart()

    @on(":ACQuire:MDEPth?")
    def _get_depth(self) -> str:
        return "AUTO" if self.depth is None else str(self._depths[self.depth] // self._share)

    @on(":ACQuire:AVERages", integer(2, 1024))
    def _set_averages(self, count: int) -> None:
        if count & (count - 1):
            raise ScpiError(-224, str(count))
        self.averages = count
        self._restart()

    @on(":ACQuire:AVERages?")
    def _get_averages(self) -> int:
        return self.averages

    @on(":ACQuire:SRATe?")
    def _sample_rate(self) -> float:
        return self._memory()[1]

    @property
    def _screen(self) -> float:
        return DIVISIONS * self.timebase

    @property
    def _share(self) -> int:
        """Between how many the converter and the memory are shared: 1, 2, or 4 with three or four channels on."""
        return {0: 1, 1: 1, 2: 2}.get(sum(self.display.values()), 4)

    def _memory(self) -> tuple[int, float]:
        """Points of each channel, and samples a second: depth = rate x screen, up to the fastest rate (2-7)."""
        fastest = FASTEST / self._share
        if self.depth is None:
            depth = max(1, round(min(self._depths[-1] / self._share, fastest * self._screen)))
        else:
            depth = self._depths[self.depth] // self._share
        return depth, min(fastest, depth / self._screen)

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

    @on(":TRIGger:EDGe:LEVel", number("V"))
    def _set_level(self, volts: float) -> None:
        self._check_level(self.trigger_source, volts)
        self.level = volts
        self._restart()

    @on(":TRIGger:EDGe:LEVel?")
    def _get_level(self) -> float:
        return self.level

    @on(":TRIGger:PULSe:LEVel", number("V"))
    def _set_pulse_level(self, volts: float) -> None:
        self._check_level(self.pulse_source, volts)
        self.pulse_level = volts
        self._restart()

    @on(":TRIGger:PULSe:LEVel?")
    def _get_pulse_level(self) -> float:
        return self.pulse_level

    def _check_level(self, source: str, volts: float) -> None:
        if source == "AC":
            return
        channel = int(source[-1])
        reach, offset = 5 * self.scale[channel] * (1 + 1e-9), self.offset[channel]
        if not -reach - offset <= volts <= reach - offset:
            raise ScpiError(-222, nr3(volts))

    # What is acquired

    def front_end(self, channel: int) -> FrontEnd:
        """One channel as it is set."""
        name = str(channel)
        step = self.scale[channel] / CODES_PER_DIVISION
        limited = self.bandwidth_limit[channel] == "20M"
        sign = -1.0 if self.invert[channel] else 1.0
        return FrontEnd(
            signal=self._inputs.get(name) or OpenConnector(),
            volts_per_code=step,
            zero_code=MIDDLE + round(self.offset[channel] / step),
            gain=sign * self.probe[channel] / self._probes.get(name, 1.0),
            coupling=self.coupling[channel],
            bandwidth=20e6 if limited else 100e6,
            noise=self._noise * 8 * CODES_PER_DIVISION * (0.2 if limited else 1.0) ** 0.5,
            sampling=cast(Sampling, self.acquisition_type) if self.acquisition_type in ("HRES", "PEAK") else "NORM",
            oversampling=round(FASTEST / self._share / self._memory()[1]),
        )

    def trigger(self) -> Trigger:
        """What is waited for."""
        pulse = self.trigger_mode == "PULS"
        name = self.pulse_source if pulse else self.trigger_source
        channel = None if name == "AC" else int(name[-1])
        source = None if channel is None else self.front_end(channel)
        return Trigger(
            source=source,
            level=self.pulse_level if pulse else self.level,
            hysteresis=0.0 if channel is None else (0.6 if self.noise_reject else 0.3) * self.scale[channel],
            slope=("POS" if self.pulse_when[0] == "P" else "NEG") if pulse else cast(Slope, self.trigger_slope),
            holdoff=self.holdoff,
            width=self._pulse_widths() if pulse else None,
            noise=0.0 if source is None else source.noise * source.volts_per_code,
        )

    def _pulse_widths(self) -> tuple[float, float]:
        return {
            "GR": (self.pulse_width, math.inf),
            "LES": (0.0, self.pulse_width),
            "GL": (self.pulse_lower, self.pulse_upper),
        }[self.pulse_when[1:]]

    def most_frames(self) -> int:
        """Frames of the present depth that the memory holds."""
        depth, _ = self._memory()
        return max(1, min(MOST_FRAMES, self._depths[-1] // self._share // depth))

    def plan(self) -> Plan:
        """The acquisition as it is set."""
        depth, rate = self._memory()
        return Plan(
            depth=depth,
            rate=rate,
            centre=self.delay,
            screen=self._screen,
            front_ends={channel: self.front_end(channel) for channel in CHANNELS if self.display[channel]},
            trigger=self.trigger(),
            auto=self.sweep == "AUTO",
            single=self.sweep == "SING",
            averages=self.averages if self.acquisition_type == "AVER" and not self.recording else 1,
            segments=min(self.frames or MOST_FRAMES, self.most_frames()) if self.recording else 0,
            dead_time=self.frame_interval if self.recording else DEAD_TIME,
        )

    def plan_of_record(self) -> Plan:
        """What the record on the screen was taken with; what is set if there is none."""
        record = self.digitiser.record
        return self.plan() if record is None else record.plan

    def begin(self) -> None:
        """Begin an acquisition with what is set."""
        self.digitiser.start(self.plan())

    def _restart(self) -> None:
        if self.digitiser.state != "STOP":
            self.begin()
