"""How a simulated Keysight DSO-X 3024T is set up: channels, time base, acquisition and trigger, and the plan they make.

What the guide says and what is assumed: see `keysight_infiniivision`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from ..arguments import Kind, ScpiError, boolean, choice, integer, number, string
from ..converter import FrontEnd, Input, OpenConnector, Sampling
from ..device import ScpiDevice, Setting, Settings
from ..digitiser import DEAD_TIME, Digitiser, Plan
from ..grammar import on
from ..triggering import Slope, Trigger

if TYPE_CHECKING:
    from ..world import World

CHANNELS = (1, 2, 3, 4)
ACROSS, DOWN = 10, 8
STEPS = 199
"""Codes on the screen's eight divisions: YINCrement = 8 x scale / 199; the converter reaches a little further."""
MIDDLE = 128
FASTEST = 5e9
"""Samples a second of one channel of a pair (1 and 2, 3 and 4); both share it."""
MEMORY = 4_000_000
"""Points of one channel of a pair; both share it, and a running acquisition has half of it."""
REARM = 1e-6
BANDWIDTH, LIMITED = 200e6, 20e6
REFERENCES = {"LEFT": 0.1, "CENT": 0.5, "RIGH": 0.9}
SOURCES = tuple(f"CHANnel{channel}" for channel in CHANNELS)
SHAPING = (
    *("display", "coupling", "bandwidth_limit", "invert", "impedance", "acquisition_type", "acquisition_mode"),
    *("averages", "segments", "reference", "trigger_source", "slope", "trigger_coupling", "reject", "high_frequency"),
    *("noise_reject", "holdoff", "sweep", "external_probe"),
)
"""Settings that shape a record."""


def nr3(value: float) -> str:
    """A number as this maker writes it: a sign, nine digits, an exponent of three."""
    if value == 0:
        return "+0.0E+000"
    mantissa, exponent = f"{value:+.8E}".split("E")
    return f"{mantissa}E{int(exponent):+04d}"


def real(unit: str = "", low: float | None = None, high: float | None = None) -> Kind[float]:
    """A decimal number."""
    return number(unit, low, high, show=nr3)


def whole(low: int, high: int) -> Kind[int]:
    """A whole number, shown with its sign."""
    return Kind(integer(low, high).read, lambda value: f"{value:+d}")


class KeysightSetup(ScpiDevice):
    """Everything that shapes a record; a change of it begins a running acquisition anew."""

    display = Settings(":CHANnel<1-4>:DISPlay", boolean, {1: True, 2: False, 3: False, 4: False})
    coupling = Settings(":CHANnel<1-4>:COUPling", choice("AC", "DC"), dict.fromkeys(CHANNELS, "DC"))
    bandwidth_limit = Settings(":CHANnel<1-4>:BWLimit", boolean, dict.fromkeys(CHANNELS, False))
    invert = Settings(":CHANnel<1-4>:INVert", boolean, dict.fromkeys(CHANNELS, False))
    impedance = Settings(":CHANnel<1-4>:IMPedance", choice("ONEMeg", "FIFTy"), dict.fromkeys(CHANNELS, "ONEM"))
    units = Settings(":CHANnel<1-4>:UNITs", choice("VOLT", "AMPere"), dict.fromkeys(CHANNELS, "VOLT"))
    label = Settings(":CHANnel<1-4>:LABel", string, {channel: str(channel) for channel in CHANNELS})
    vernier = Settings(":CHANnel<1-4>:VERNier", boolean, dict.fromkeys(CHANNELS, False))
    skew = Settings(":CHANnel<1-4>:PROBe:SKEW", real("s", -100e-9, 100e-9), dict.fromkeys(CHANNELS, 0.0))
    labels_shown = Setting(":DISPlay:LABel", boolean, False)

    timebase_mode = Setting(":TIMebase:MODE", choice("MAIN"), "MAIN")
    reference = Setting(":TIMebase:REFerence", choice("LEFT", "CENTer", "RIGHt"), "CENT")
    timebase_vernier = Setting(":TIMebase:VERNier", boolean, False)

    acquisition_type = Setting(":ACQuire:TYPE", choice("NORMal", "AVERage", "HRESolution", "PEAK"), "NORM")
    averages = Setting(":ACQuire:COUNt", whole(2, 65536), 8)
    completeness = Setting(":ACQuire:COMPlete", whole(0, 100), 100)
    segments = Setting(":ACQuire:SEGMented:COUNt", whole(2, 1000), 2)
    acquisition_mode = Setting(":ACQuire:MODE", choice("RTIMe", "SEGMented"), "RTIM")

    trigger_mode = Setting(":TRIGger:MODE", choice("EDGE"), "EDGE")
    sweep = Setting(":TRIGger:SWEep", choice("AUTO", "NORMal"), "AUTO")
    holdoff = Setting(":TRIGger:HOLDoff", real("s", 40e-9, 10.0), 40e-9)
    noise_reject = Setting(":TRIGger:NREJect", boolean, False)
    high_frequency = Setting(":TRIGger:HFReject", boolean, False)
    trigger_source = Setting(":TRIGger[:EDGE]:SOURce", choice(*SOURCES, "EXTernal", "LINE"), "CHAN1")
    slope = Setting(":TRIGger[:EDGE]:SLOPe", choice("POSitive", "NEGative", "EITHer"), "POS")
    trigger_coupling = Setting(":TRIGger[:EDGE]:COUPling", choice("AC", "DC", "LFReject"), "DC")
    reject = Setting(":TRIGger[:EDGE]:REJect", choice("OFF", "LFReject", "HFReject"), "OFF")
    external_probe = Setting(":EXTernal:PROBe", real("", 0.1, 10_000), 1.0)
    external_units = Setting(":EXTernal:UNITs", choice("VOLT", "AMPere"), "VOLT")

    def __init__(
        self,
        world: "World",
        inputs: Mapping[str, Input],
        *,
        serial: str,
        seed: int,
        noise: float = 0.002,
        probes: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(world, f"KEYSIGHT TECHNOLOGIES,DSO-X 3024T,{serial},07.20.2017102615")
        self._inputs, self._noise, self._probes = inputs, noise, probes or {}
        self.digitiser = Digitiser(world, f"scope {serial}", seed)
        self.reset()

    def reset(self) -> None:
        """The default setup: channel 1 on, sweeping automatically."""
        super().reset()
        self.probe = dict.fromkeys(CHANNELS, 1.0)
        self.scale = dict.fromkeys(CHANNELS, 5.0)
        self.offset = dict.fromkeys(CHANNELS, 0.0)
        self.timebase, self.position = 100e-6, 0.0
        self.levels = dict.fromkeys((*(f"CHAN{channel}" for channel in CHANNELS), "EXT"), 0.0)
        self.single, self.only = False, tuple[int, ...]()
        self.digitiser.clear()
        self.begin()

    def changed(self, name: str) -> None:
        """A setting that shapes the record begins the acquisition anew."""
        if name == "impedance":
            self.scale = {n: min(self.scale[n], self._largest_scale(n)) for n in CHANNELS}
        if name in SHAPING:
            self._restart()

    # Channels

    @on(":CHANnel<1-4>:PROBe", real("", 0.001, 10_000))
    def _set_probe(self, channel: int, ratio: float) -> None:
        change = ratio / self.probe[channel]
        self.probe[channel] = ratio
        self.scale[channel] *= change
        self.offset[channel] *= change
        self.levels[f"CHAN{channel}"] *= change
        self._restart()

    @on(":CHANnel<1-4>:PROBe?")
    def _get_probe(self, channel: int) -> str:
        return nr3(self.probe[channel])

    @on(":CHANnel<1-4>:SCALe", real("V"))
    def _set_scale(self, channel: int, volts: float) -> None:
        if not 1e-3 * self.probe[channel] * (1 - 1e-9) <= volts <= self._largest_scale(channel) * (1 + 1e-9):
            raise ScpiError(-222)
        self.scale[channel] = volts
        limit = self._largest_offset(channel)
        self.offset[channel] = min(max(self.offset[channel], -limit), limit)
        self._restart()

    @on(":CHANnel<1-4>:SCALe?")
    def _get_scale(self, channel: int) -> str:
        return nr3(self.scale[channel])

    @on(":CHANnel<1-4>:RANGe", real("V"))
    def _set_range(self, channel: int, volts: float) -> None:
        self._set_scale(channel, volts / DOWN)

    @on(":CHANnel<1-4>:RANGe?")
    def _get_range(self, channel: int) -> str:
        return nr3(self.scale[channel] * DOWN)

    @on(":CHANnel<1-4>:OFFSet", real("V"))
    def _set_offset(self, channel: int, volts: float) -> None:
        if abs(volts) > self._largest_offset(channel) * (1 + 1e-9):
            raise ScpiError(-222)
        self.offset[channel] = volts
        self._restart()

    @on(":CHANnel<1-4>:OFFSet?")
    def _get_offset(self, channel: int) -> str:
        return nr3(self.offset[channel])

    def _largest_scale(self, channel: int) -> float:
        """5 V a division at 1 Mohm, 1 V at 50 ohm, times the probe ratio."""
        return (5.0 if self.impedance[channel] == "ONEM" else 1.0) * self.probe[channel]

    def _largest_offset(self, channel: int) -> float:
        """2 V up to 200 mV a division, then 50 V, times the probe ratio."""
        ratio = self.probe[channel]
        return (2.0 if self.scale[channel] / ratio <= 0.2 * (1 + 1e-9) else 50.0) * ratio

    # Time base

    @on(":TIMebase:SCALe", real("s", 2e-9, 50.0))
    def _set_timebase(self, seconds: float) -> None:
        self.timebase = seconds
        self.position = max(self.position, self._earliest)
        self._restart()

    @on(":TIMebase:SCALe?")
    def _get_timebase(self) -> str:
        return nr3(self.timebase)

    @on(":TIMebase[:MAIN]:RANGe", real("s", 20e-9, 500.0))
    def _set_span(self, seconds: float) -> None:
        self._set_timebase(seconds / ACROSS)

    @on(":TIMebase[:MAIN]:RANGe?")
    def _get_span(self) -> str:
        return nr3(self.span)

    @on(":TIMebase[:MAIN]:POSition", real("s", None, 500.0))
    @on(":TIMebase:DELay", real("s", None, 500.0))
    def _set_position(self, seconds: float) -> None:
        if seconds < self._earliest * (1 + 1e-9):
            raise ScpiError(-222)
        self.position = seconds
        self._restart()

    @on(":TIMebase[:MAIN]:POSition?")
    @on(":TIMebase:DELay?")
    def _get_position(self) -> str:
        return nr3(self.position)

    @property
    def span(self) -> float:
        """Seconds across the screen."""
        return ACROSS * self.timebase

    @property
    def _earliest(self) -> float:
        """The reference may stand as long before the trigger as a screen, or 250 us."""
        return -max(self.span, 250e-6)

    # Trigger level

    @on(":TRIGger[:EDGE]:LEVel", real("V"), choice(*SOURCES, "EXTernal"))
    def _set_level(self, volts: float, source: str | None = None) -> None:
        source = source or self.trigger_source
        if source == "LINE":
            raise ScpiError(-221)
        if source == "EXT":
            centre, reach = 0.0, 8.0 * self.external_probe
        else:
            centre, reach = self.offset[int(source[-1])], 0.75 * DOWN * self.scale[int(source[-1])]
        if abs(volts - centre) > reach * (1 + 1e-9):
            raise ScpiError(-222)
        self.levels[source] = volts
        self._restart()

    @on(":TRIGger[:EDGE]:LEVel?", choice(*SOURCES, "EXTernal"))
    def _get_level(self, source: str | None = None) -> str:
        return nr3(self.levels.get(source or self.trigger_source, 0.0))

    @on(":EXTernal:RANGe", real("V", 8.0, 8.0))
    def _set_external_range(self, volts: float) -> None:
        """There is one range."""

    @on(":EXTernal:RANGe?")
    def _get_external_range(self) -> str:
        return nr3(8.0 * self.external_probe)

    # What is acquired

    def shown(self) -> tuple[int, ...]:
        """The channels that are acquired."""
        return self.only or tuple(channel for channel in CHANNELS if self.display[channel])

    def memory(self) -> tuple[int, float]:
        """Points of each channel (in each segment), and samples a second."""
        shown = self.shown()
        share = 2 if any({a, b} <= set(shown) for a, b in ((1, 2), (3, 4))) else 1
        points = MEMORY // share // (1 if self.single else 2)
        if self.acquisition_mode == "SEGM":
            points = MEMORY // share // self.segments
        rate = min(FASTEST / share, points / self.span)
        return max(1, round(rate * self.span)), rate

    def front_end(self, channel: int) -> FrontEnd:
        """One channel as it is set."""
        name = str(channel)
        step = DOWN * self.scale[channel] / STEPS
        limited = self.bandwidth_limit[channel]
        sign = -1.0 if self.invert[channel] else 1.0
        return FrontEnd(
            signal=self._inputs.get(name) or OpenConnector(),
            volts_per_code=step,
            zero_code=MIDDLE - self.offset[channel] / step,
            gain=sign * self.probe[channel] / self._probes.get(name, 1.0),
            coupling=self.coupling[channel],
            bandwidth=LIMITED if limited else BANDWIDTH,
            noise=self._noise * STEPS * ((LIMITED / BANDWIDTH) ** 0.5 if limited else 1.0),
            bottom=1,
            sampling=cast(Sampling, self.acquisition_type) if self.acquisition_type in ("HRES", "PEAK") else "NORM",
            oversampling=round(FASTEST / 2 / self.memory()[1]),
        )

    def trigger(self) -> Trigger:
        """What is waited for."""
        name = self.trigger_source
        if name == "LINE":
            return Trigger(None, 0.0, 0.0, holdoff=self.holdoff)
        if name == "EXT":
            gain = self.external_probe / self._probes.get("EXT", 1.0)
            source = FrontEnd(self._inputs.get("EXT") or OpenConnector(), 1.0, 0, gain=gain)
            division, noise = 1.0, 0.0
        else:
            source = self.front_end(int(name[-1]))
            division, noise = self.scale[int(name[-1])], source.noise * source.volts_per_code
        return Trigger(
            source=source,
            level=self.levels[name],
            hysteresis=(0.6 if self.noise_reject else 0.3) * division,
            slope=cast(Slope, {"EITH": "RFAL"}.get(self.slope, self.slope)),
            holdoff=self.holdoff,
            noise=noise,
        )

    def plan(self) -> Plan:
        """The acquisition as it is set."""
        depth, rate = self.memory()
        segmented = self.acquisition_mode == "SEGM"
        return Plan(
            depth=depth,
            rate=rate,
            centre=self.position + self.span * (0.5 - REFERENCES[self.reference]),
            screen=self.span,
            front_ends={channel: self.front_end(channel) for channel in self.shown()},
            trigger=self.trigger(),
            auto=self.sweep == "AUTO",
            single=self.single,
            averages=self.averages if self.acquisition_type == "AVER" and not segmented else 1,
            segments=self.segments if segmented else 0,
            dead_time=REARM if segmented else DEAD_TIME,
        )

    def begin(self) -> None:
        """Begin an acquisition with what is set."""
        self.digitiser.start(self.plan())

    def _restart(self) -> None:
        if self.digitiser.state != "STOP":
            self.begin()
