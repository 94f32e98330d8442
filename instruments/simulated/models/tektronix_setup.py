"""How a simulated Tektronix MSO24 is set up: channels, horizontal, acquisition and trigger, and the plan they make.

What the manual says and what is assumed: see `tektronix_mso2`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..arguments import Kind, boolean, choice, integer, number, string
from ..converter import FrontEnd, Input, OpenConnector, Sampling
from ..device import ScpiDevice, Setting, Settings
from ..digitiser import Digitiser, Plan
from ..grammar import Command, make_command, on
from ..triggering import Slope, Trigger

if TYPE_CHECKING:
    from ..world import World

T = TypeVar("T")

CHANNELS = (1, 2, 3, 4)
ACROSS, DOWN, CODES_PER_DIVISION, MIDDLE = 10, 10, 25, 128
FASTEST, MEMORY = 1.25e9, 10_000_000
"""Samples a second (twice that with one channel of a pair, which is not simulated) and points, of every channel."""
BANDWIDTH, LIMITED = 200e6, 20e6
SOURCES = tuple(f"CH{channel}" for channel in CHANNELS)
SHAPING = (
    *("display", "coupling", "bandwidth", "invert", "attenuation", "scale", "position", "offset", "timebase", "record"),
    *("place", "delayed", "delay", "acquisition", "averages", "trigger_source", "slope", "trigger_coupling", "holdoff"),
    *("levels", "external_level", "trigger_mode"),
)
"""Settings that shape a record."""


def nr3(value: float) -> str:
    """Four decimals and an exponent in threes, left out when it is 0: ``100.0000E-3``, ``1.0000``, ``0.0E+0``."""
    if value == 0:
        return "0.0E+0"
    power = 3 * math.floor(math.log10(abs(value)) / 3 + 1e-12)
    return f"{value / 10.0**power:.4f}" + (f"E{power:+d}" if power else "")


def real(unit: str = "", low: float = -math.inf, high: float = math.inf) -> Kind[float]:
    """A decimal number, forced to what is valid (manual 2-8)."""
    plain = number(unit, show=nr3)
    return Kind(lambda text: min(max(plain.read(text), low), high), nr3)


def whole(low: int, high: int) -> Kind[int]:
    """A whole number, forced to what is valid."""
    return Kind(lambda text: min(max(integer().read(text), low), high), str)


def _read_bandwidth(text: str) -> float:
    """Hertz, or ``FULl``."""
    return BANDWIDTH if text.upper() in ("FUL", "FULL") else real("Hz").read(text)


@dataclass(frozen=True)
class Keyword(Kind[str]):
    """One of some mnemonics; the value is the short form, answers give the long one unless ``VERBose`` is off."""

    long: Mapping[str, str] = field(default_factory=dict)


def keyword(*words: str) -> Keyword:
    """One of these mnemonics."""
    known = choice(*words)
    return Keyword(known.read, known.show, long={known.read(word): word.upper() for word in words})


class Headed(Setting[T]):
    """A setting whose answer repeats the header, unless ``HEADer`` is off."""

    def commands(self) -> tuple[Command, ...]:
        """The command that stores it and the query that shows it."""
        store, _ = super().commands()

        def tell(device: "TektronixSetup") -> str:
            return device.headed(self.pattern, device.worded(self.kind, device.values[self.name]))

        return store, make_command(self.pattern + "?", (), tell)


class HeadedOfChannel(Settings[T]):
    """The same for each channel."""

    def commands(self) -> tuple[Command, ...]:
        """The command that stores one of them and the query that shows it."""
        store, _ = super().commands()

        def tell(device: "TektronixSetup", channel: int) -> str:
            text = device.worded(self.kind, device.values[self.name][channel])
            return device.headed(self.pattern, text, channel)

        return store, make_command(self.pattern + "?", (), tell)


def _all(value: T) -> dict[int, T]:
    return dict.fromkeys(CHANNELS, value)


class TektronixSetup(ScpiDevice):
    """Everything that shapes a record; a change of it begins a running acquisition anew."""

    header = Headed("HEADer", boolean, True)
    verbose = Headed("VERBose", boolean, True)

    display = HeadedOfChannel("DISplay:GLObal:CH<1-4>:STATE", boolean, {1: True, 2: False, 3: False, 4: False})
    coupling = HeadedOfChannel("CH<1-4>:COUPling", keyword("AC", "DC"), _all("DC"))
    bandwidth = HeadedOfChannel("CH<1-4>:BANdwidth", Kind(_read_bandwidth, real("Hz").show), _all(BANDWIDTH))
    invert = HeadedOfChannel("CH<1-4>:INVert", boolean, _all(False))
    attenuation = HeadedOfChannel("CH<1-4>:PROBEFunc:EXTAtten", real("", 1e-10, 1e10), _all(1.0))
    label = HeadedOfChannel("CH<1-4>:LABel:NAMe", string, _all(""))
    scale = HeadedOfChannel("CH<1-4>:SCAle", real("V"), _all(0.1))
    position = HeadedOfChannel("CH<1-4>:POSition", real("", -5.0, 5.0), _all(0.0))
    offset = HeadedOfChannel("CH<1-4>:OFFSet", real("V"), _all(0.0))

    timebase = Headed("HORizontal:SCAle", real("s", 1e-9, 1000.0), 40e-6)
    record = Headed("HORizontal:RECOrdlength", whole(1000, MEMORY), 10_000)
    place = Headed("HORizontal:POSition", real("", 0.0, 100.0), 50.0)
    delayed = Headed("HORizontal:DELay:MODe", boolean, False)
    delay = Headed("HORizontal:DELay:TIMe", real("s", -1e4, 5e3), 0.0)

    acquisition = Headed("ACQuire:MODe", keyword("SAMple", "PEAKdetect", "HIRes", "AVErage"), "SAM")
    averages = Headed("ACQuire:NUMAVg", whole(2, 10240), 16)
    stop_after = Headed("ACQuire:STOPAfter", keyword("RUNSTop", "SEQuence"), "RUNST")

    trigger_type = Headed("TRIGger:A:TYPe", keyword("EDGE"), "EDGE")
    trigger_mode = Headed("TRIGger:A:MODe", keyword("AUTO", "NORMal"), "AUTO")
    trigger_source = Headed("TRIGger:A:EDGE:SOUrce", keyword(*SOURCES, "AUX", "LINE"), "CH1")
    slope = Headed("TRIGger:A:EDGE:SLOpe", keyword("RISe", "FALL", "EITher"), "RIS")
    trigger_coupling = Headed("TRIGger:A:EDGE:COUPling", keyword("DC", "HFRej", "LFRej", "NOISErej"), "DC")
    holdoff = Headed("TRIGger:A:HOLDoff:TIMe", real("s", 0.0, 10.0), 0.0)
    levels = HeadedOfChannel("TRIGger:A:LEVel:CH<1-4>", real("V"), _all(0.0))
    external_level = Headed("TRIGger:AUXLevel", real("V", -8.0, 8.0), 0.0)

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
        super().__init__(world, f"TEKTRONIX,MSO24,{serial},CF:91.1CT FV:1.44.3.433")
        self._inputs, self._noise, self._probes = inputs, noise, probes or {}
        self.digitiser = Digitiser(world, f"scope {serial}", seed)
        self.reset()

    def reset(self) -> None:
        """The default setup: channel 1 on, running."""
        headers = self.values["header"], self.values["verbose"]
        super().reset()
        self.header, self.verbose = headers
        self._attenuated = dict(self.attenuation)
        self.digitiser.clear()
        self.begin()

    def worded(self, kind: Kind[Any], value: Any) -> str:
        """A value as text, keywords in full or short."""
        return kind.long[value] if isinstance(kind, Keyword) and self.verbose else kind.show(value)

    def headed(self, pattern: str, text: str, *suffixes: int) -> str:
        """An answer with its header in front, in the long or the short form, or without."""
        if not self.header:
            return text
        words = pattern.removesuffix("?").replace("[", "").replace("]", "").lstrip(":")
        for suffix in suffixes:
            words = words.replace("<1-4>", str(suffix), 1)
        if not self.verbose:
            words = "".join(letter for letter in words if not letter.islower())
        return f":{words.upper()} {text}"

    def changed(self, name: str) -> None:
        """Force what was set to what is possible; a setting that shapes the record begins the acquisition anew."""
        for n in CHANNELS:
            ratio = self.attenuation[n]
            if ratio != self._attenuated[n]:  # what is shown at the screen stays in its place
                for each in (self.scale, self.offset, self.levels):
                    each[n] *= ratio / self._attenuated[n]
            self.scale[n] = min(max(self.scale[n], 1e-3 * ratio), 10.0 * ratio)
            most = ratio * (
                1.0 if self.scale[n] / ratio <= 0.063 else 10.0 if self.scale[n] / ratio <= 0.999 else 100.0
            )
            self.offset[n] = min(max(self.offset[n], -most), most)
        self._attenuated = dict(self.attenuation)
        if name in SHAPING and self.digitiser.state != "STOP":
            self.begin()

    @on("SELect:CH<1-4>", boolean)
    def _select(self, channel: int, shown: bool) -> None:
        self.display[channel] = shown
        self.changed("display")

    @on("SELect:CH<1-4>?")
    def _selected(self, channel: int) -> str:
        return self.headed("SELect:CH<1-4>", str(int(self.display[channel])), channel)

    @on("CH<1-4>:PRObe:GAIN?")
    def _gain(self, channel: int) -> str:
        return self.headed("CH<1-4>:PRObe:GAIN", nr3(1 / self.attenuation[channel]), channel)

    # What is acquired

    @property
    def span(self) -> float:
        """Seconds across the screen."""
        return ACROSS * self.timebase

    def memory(self) -> tuple[int, float]:
        """Points of each channel, and samples a second: the record spans the screen, up to the fastest rate."""
        rate = min(FASTEST, self.record / self.span)
        return max(1, round(rate * self.span)), rate

    def front_end(self, channel: int) -> FrontEnd:
        """One channel as it is set."""
        name = str(channel)
        step = self.scale[channel] / CODES_PER_DIVISION
        width = min(self.bandwidth[channel], BANDWIDTH)
        way = {"PEAK": "PEAK", "HIR": "HRES"}.get(self.acquisition, "NORM")
        return FrontEnd(
            signal=self._inputs.get(name) or OpenConnector(),
            volts_per_code=step,
            zero_code=MIDDLE + self.position[channel] * CODES_PER_DIVISION - self.offset[channel] / step,
            gain=(-1.0 if self.invert[channel] else 1.0) * self.attenuation[channel] / self._probes.get(name, 1.0),
            coupling=self.coupling[channel],
            bandwidth=width,
            noise=self._noise * DOWN * CODES_PER_DIVISION * (width / BANDWIDTH) ** 0.5,
            sampling=cast(Sampling, way),
            oversampling=round(FASTEST / self.memory()[1]),
        )

    def trigger(self) -> Trigger:
        """What is waited for."""
        name = self.trigger_source
        if name == "LINE":
            return Trigger(None, 0.0, 0.0, holdoff=self.holdoff)
        if name == "AUX":
            source = FrontEnd(self._inputs.get("EXT") or OpenConnector(), 1.0, 0, gain=1 / self._probes.get("EXT", 1.0))
            level, hysteresis = self.external_level, 0.1
        else:
            channel = int(name[-1])
            source, level = self.front_end(channel), self.levels[channel]
            hysteresis = (1.0 if self.trigger_coupling == "NOISE" else 0.3) * self.scale[channel]
        return Trigger(
            source=source,
            level=level,
            hysteresis=hysteresis,
            slope=cast(Slope, {"RIS": "POS", "FALL": "NEG", "EIT": "RFAL"}[self.slope]),
            holdoff=self.holdoff,
            noise=source.noise * source.volts_per_code,
        )

    def plan(self) -> Plan:
        """The acquisition as it is set."""
        depth, rate = self.memory()
        return Plan(
            depth=depth,
            rate=rate,
            centre=self.delay if self.delayed else depth / rate * (0.5 - self.place / 100),
            screen=self.span,
            front_ends={channel: self.front_end(channel) for channel in CHANNELS if self.display[channel]},
            trigger=self.trigger(),
            auto=self.trigger_mode == "AUTO",
            single=self.stop_after == "SEQ",
            averages=self.averages if self.acquisition == "AVE" else 1,
        )

    def begin(self) -> None:
        """Begin an acquisition with what is set."""
        self.digitiser.start(self.plan())
