"""How a simulated Siglent SDS1104X-E is set up: channels, time base, acquisition and trigger, and the plan they make.

What the guide says and what is assumed: see `siglent_sds1000xe`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from ..arguments import Kind, ScpiError, boolean, choice, integer, number, string
from ..converter import FrontEnd, Input, OpenConnector, Sampling
from ..digitiser import Digitiser, Plan
from ..grammar import on
from ..legacy import LegacyDevice, Said, SaidOfChannel, engineering, scientific
from ..triggering import Slope, Trigger

if TYPE_CHECKING:
    from ..world import World

CHANNELS = (1, 2, 3, 4)
ACROSS, DOWN, CODES_PER_DIVISION, MIDDLE = 14, 8, 25, 128
FASTEST = 1e9
SIZES = {1: ("14K", "140K", "1.4M", "14M"), 2: ("7K", "70K", "700K", "7M")}
"""Memory of one channel alone of a pair (1 and 2, 3 and 4), and of each of both."""
POINTS = {"K": 1_000, "M": 1_000_000}
TIMEBASES = tuple(float(f"{digit}e{power}") for power in range(-9, 3) for digit in (1, 2, 5))[:-2]
ATTENUATIONS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0)
BANDWIDTH, LIMITED = 100e6, 20e6
AVERAGES = (4, 16, 32, 64, 128, 256, 512, 1024)
NEW_SIGNAL, TRIGGER_READY = 1 << 0, 1 << 13
"""Bits of ``INR?``."""
SHOWN = {"STOP": "Stop", "RUN": "Arm", "WAIT": "Ready", "TD": "Trig'd", "AUTO": "Auto"}
SWEEPS = choice("AUTO", "NORM", "SINGLE", "STOP")
SWITCH = Kind(boolean.read, lambda on: "ON" if on else "OFF")


def _number(unit: str) -> Kind[float]:
    return number(unit, show=scientific)


class SiglentSetup(LegacyDevice):
    """Everything that shapes a record, and the run control; a change begins a running acquisition anew."""

    display = SaidOfChannel("TRA", "TRACE", SWITCH, {1: True, 2: False, 3: False, 4: False})
    coupling = SaidOfChannel("CPL", "COUPLING", choice("A1M", "D1M", "GND"), dict.fromkeys(CHANNELS, "D1M"))
    bandwidth_limit = SaidOfChannel("BWL", "BANDWIDTH_LIMIT", SWITCH, dict.fromkeys(CHANNELS, False))
    invert = SaidOfChannel("INVS", "INVERTSET", SWITCH, dict.fromkeys(CHANNELS, False))
    units = SaidOfChannel("UNIT", "UNIT", choice("V", "A"), dict.fromkeys(CHANNELS, "V"))
    skew = SaidOfChannel("SKEW", "SKEW", _number("S"), dict.fromkeys(CHANNELS, 0.0), "S")
    probe = SaidOfChannel("ATTN", "ATTENUATION", number(show=lambda ratio: f"{ratio:g}"), dict.fromkeys(CHANNELS, 1.0))
    scale = SaidOfChannel("VDIV", "VOLT_DIV", _number("V"), dict.fromkeys(CHANNELS, 1.0), "V")
    offset = SaidOfChannel("OFST", "OFFSET", _number("V"), dict.fromkeys(CHANNELS, 0.0), "V")
    level = SaidOfChannel("TRLV", "TRIG_LEVEL", _number("V"), dict.fromkeys(CHANNELS, 0.0), "V")
    slope = SaidOfChannel("TRSL", "TRIG_SLOPE", choice("NEG", "POS", "WINDOW"), dict.fromkeys(CHANNELS, "POS"))
    trigger_coupling = SaidOfChannel(
        "TRCP", "TRIG_COUPLING", choice("AC", "DC", "HFREJ", "LFREJ"), dict.fromkeys(CHANNELS, "DC")
    )
    timebase = Said("TDIV", "TIME_DIV", _number("S"), 1e-3, "S")
    delay = Said("TRDL", "TRIG_DELAY", _number("S"), 0.0, "S")

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
        super().__init__(world, f"Siglent Technologies,SDS1104X-E,{serial},8.2.6.1.37R9")
        self._inputs, self._noise, self._probes = inputs, noise, probes or {}
        self.digitiser = Digitiser(world, f"scope {serial}", seed)
        self.reset()

    def reset(self) -> None:
        """The default setup: channel 1 on, sweeping automatically."""
        super().reset()
        self.sweep = "AUTO"
        self._size, self._acquisition, self._averages = 3, "SAMPLING", 16
        self._source, self._holdoff = "C1", 0.0
        self._setup = {"SP": 0, "NP": 0, "FP": 0}
        self._old_probe = dict(self.probe)
        self._seen_complete = self._seen_arms = 0
        self.digitiser.clear()
        self.begin()

    def changed(self, name: str) -> None:
        """Values become possible ones; a setting that shapes the record begins the acquisition anew."""
        if name == "probe":
            for n in CHANNELS:
                self.probe[n] = self.nearest(self.probe[n], ATTENUATIONS)
                change = self.probe[n] / self._old_probe[n]
                self.scale[n], self.offset[n] = self.scale[n] * change, self.offset[n] * change
                self.level[n] *= change
            self._old_probe = dict(self.probe)
        for n in CHANNELS:
            ratio = self.probe[n]
            self.scale[n] = self.adapt(self.scale[n], 500e-6 * ratio, 10.0 * ratio)
            most = next(most for top, most in ((0.15, 1.0), (1.5, 10.0), (11, 100.0)) if self.scale[n] / ratio <= top)
            self.offset[n] = self.adapt(self.offset[n], -most * ratio, most * ratio)
            reach, centre = 4.5 * self.scale[n], -self.offset[n]
            self.level[n] = self.adapt(self.level[n], centre - reach, centre + reach)
        self.timebase = self.nearest(self.timebase, TIMEBASES)
        self.delay = self.adapt(self.delay, -self.span / 2, 5000 * self.timebase)
        if self.digitiser.state != "STOP":
            self.begin()

    # Run control

    @on("TRMD", SWEEPS)
    @on("TRIG_MODE", SWEEPS)
    def _set_sweep(self, sweep: str) -> None:
        self.sweep = sweep
        if sweep == "STOP":
            self.digitiser.stop()
        else:
            self.begin()

    @on("ARM")
    @on("ARM_ACQUISITION")
    def _arm(self) -> None:
        self._set_sweep("SINGLE")

    @on("STOP")
    def _stop(self) -> None:
        self._set_sweep("STOP")

    @on("FRTR")
    @on("FORCE_TRIGGER")
    def _force(self) -> None:
        self.digitiser.force()

    @on("ASET", cost=2.0)
    @on("AUTO_SETUP", cost=2.0)
    def _auto_setup(self) -> None:
        """Accepted and without effect: what it would choose is nowhere said."""

    @on("TRMD?", progress=True)
    @on("TRIG_MODE?", progress=True)
    def _sweep_query(self) -> str:
        if self.sweep == "SINGLE" and self.digitiser.state == "STOP":
            self.sweep = "STOP"
        return self.said("TRMD", "TRIG_MODE", self.sweep)

    @on("INR?", progress=True)
    @on("INTERNAL_STATE_CHANGE?", progress=True)
    def _changes(self) -> str:
        digitiser = self.digitiser
        changes = NEW_SIGNAL * (digitiser.completed > self._seen_complete)
        changes |= TRIGGER_READY * (digitiser.arms > self._seen_arms)
        self._seen_complete, self._seen_arms = digitiser.completed, digitiser.arms
        return self.said("INR", "INTERNAL_STATE_CHANGE", str(changes))

    @on("SAST?", progress=True)
    @on("SAMPLE_STATUS?", progress=True)
    def _status(self) -> str:
        return self.said("SAST", "SAMPLE_STATUS", SHOWN[self.digitiser.shown(0.0)])

    # Trigger

    @on("TRSE", *[string] * 8)
    @on("TRIG_SELECT", *[string] * 8)
    def _select_trigger(self, *words: str) -> None:
        kind, *rest = [word.upper() for word in words] or [""]
        pairs = dict(zip(rest[::2], rest[1::2], strict=False))
        source = pairs.get("SR", self._source)
        if kind != "EDGE" or source not in ("C1", "C2", "C3", "C4", "LINE"):
            raise ScpiError(-224)
        held = pairs.get("HT", "OFF") == "TI"
        self._holdoff = self.adapt(number("S").read(pairs.get("HV", "80NS")), 80e-9, 1.5) if held else 0.0
        self._source = source
        self.changed("trigger")

    @on("TRSE?")
    @on("TRIG_SELECT?")
    def _selected_trigger(self) -> str:
        held = f"TI,HV,{scientific(self._holdoff)}{self.unit('S')}" if self._holdoff else "OFF"
        return self.said("TRSE", "TRIG_SELECT", f"EDGE,SR,{self._source},HT,{held}")

    # Acquisition

    @property
    def span(self) -> float:
        """Seconds across the screen."""
        return ACROSS * self.timebase

    def _share(self) -> int:
        return 2 if any(self.display[a] and self.display[b] for a, b in ((1, 2), (3, 4))) else 1

    def memory(self) -> tuple[int, float]:
        """Points of each channel, and samples a second."""
        share = self._share()
        size = SIZES[share][self._size]
        rate = min(FASTEST / share, float(size[:-1]) * POINTS[size[-1]] / self.span)
        return max(1, round(rate * self.span)), rate

    @on("MSIZ", string)
    @on("MEMORY_SIZE", string)
    def _set_size(self, size: str) -> None:
        place = {each: k for sizes in SIZES.values() for k, each in enumerate(sizes)}.get(size.upper())
        if place is None:
            raise ScpiError(-224)
        self._size = place
        self.changed("size")

    @on("MSIZ?")
    @on("MEMORY_SIZE?")
    def _get_size(self) -> str:
        return self.said("MSIZ", "MEMORY_SIZE", SIZES[self._share()][self._size])

    @on("ACQW", choice("SAMPLING", "PEAK_DETECT", "AVERAGE", "HIGH_RES"), integer())
    @on("ACQUIRE_WAY", choice("SAMPLING", "PEAK_DETECT", "AVERAGE", "HIGH_RES"), integer())
    def _set_way(self, way: str, count: int | None = None) -> None:
        if count is not None:
            self._averages = round(self.nearest(count, AVERAGES))
        self._acquisition = way
        self.changed("way")

    @on("ACQW?")
    @on("ACQUIRE_WAY?")
    def _get_way(self) -> str:
        count = f",{self._averages}" if self._acquisition == "AVERAGE" else ""
        return self.said("ACQW", "ACQUIRE_WAY", self._acquisition + count)

    @on("AVGA", integer())
    @on("AVERAGE_ACQUIRE", integer())
    def _set_averages(self, count: int) -> None:
        self._averages = round(self.nearest(count, AVERAGES))
        self.changed("averages")

    @on("AVGA?")
    @on("AVERAGE_ACQUIRE?")
    def _get_averages(self) -> str:
        return self.said("AVGA", "AVERAGE_ACQUIRE", str(self._averages))

    @on("SARA?")
    @on("SAMPLE_RATE?")
    def _sample_rate(self) -> str:
        rate = self.plan().rate  # as it is set, whatever the last record was taken with
        return self.said("SARA", "SAMPLE_RATE", engineering(rate, "Sa/s") if self.unit("S") else scientific(rate))

    @on("SANU?", choice("C1", "C2", "C3", "C4"))
    @on("SAMPLE_NUM?", choice("C1", "C2", "C3", "C4"))
    def _sample_count(self, channel: str = "C1") -> str:
        depth = self.plan_of_record().depth
        return self.said("SANU", "SAMPLE_NUM", engineering(depth, "pts") if self.unit("S") else scientific(depth))

    def front_end(self, channel: int) -> FrontEnd:
        """One channel as it is set."""
        name = str(channel)
        step = self.scale[channel] / CODES_PER_DIVISION
        limited = self.bandwidth_limit[channel]
        way = {"PEAK_DETECT": "PEAK", "HIGH_RES": "HRES"}.get(self._acquisition, "NORM")
        return FrontEnd(
            signal=self._inputs.get(name) or OpenConnector(),
            volts_per_code=step,
            zero_code=MIDDLE + self.offset[channel] / step,
            gain=(-1.0 if self.invert[channel] else 1.0) * self.probe[channel] / self._probes.get(name, 1.0),
            coupling={"A1M": "AC", "D1M": "DC", "GND": "GND"}[self.coupling[channel]],
            bandwidth=LIMITED if limited else BANDWIDTH,
            noise=self._noise * DOWN * CODES_PER_DIVISION * ((LIMITED / BANDWIDTH) ** 0.5 if limited else 1.0),
            sampling=cast(Sampling, way),
            oversampling=round(FASTEST / self._share() / self.memory()[1]),
        )

    def trigger(self) -> Trigger:
        """What is waited for."""
        if self._source == "LINE":
            return Trigger(None, 0.0, 0.0, holdoff=self._holdoff)
        channel = int(self._source[1])
        source = self.front_end(channel)
        return Trigger(
            source=source,
            level=self.level[channel],
            hysteresis=0.3 * self.scale[channel],
            slope=cast(Slope, {"WINDOW": "RFAL"}.get(self.slope[channel], self.slope[channel])),
            holdoff=self._holdoff,
            noise=source.noise * source.volts_per_code,
        )

    def plan(self) -> Plan:
        """The acquisition as it is set."""
        depth, rate = self.memory()
        return Plan(
            depth=depth,
            rate=rate,
            centre=self.delay,
            screen=self.span,
            front_ends={channel: self.front_end(channel) for channel in CHANNELS if self.display[channel]},
            trigger=self.trigger(),
            auto=self.sweep == "AUTO",
            single=self.sweep == "SINGLE",
            averages=self._averages if self._acquisition == "AVERAGE" else 1,
        )

    def begin(self) -> None:
        """Begin an acquisition with what is set."""
        self.digitiser.start(self.plan())

    def plan_of_record(self) -> Plan:
        """What the record was taken with; what is set if there is none."""
        record = self.digitiser.record
        return self.plan() if record is None else record.plan
