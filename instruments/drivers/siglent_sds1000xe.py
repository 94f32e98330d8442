"""Siglent SDS1000X-E oscilloscopes with four channels, from the *Digital Oscilloscopes Programming Guide* (EN02).

Facts that this file rests on, as users of the guide quote them:

- ``INR?`` gives bit 0 once a new signal has been acquired, bit 13 when the trigger is ready, and is cleared by reading it;
  ``SAST?`` tells Stop, Arm, Ready or Trig'd;
- ``TRIG_DELAY`` (``TRDL``) is the time from the trigger to the horizontal centre of the screen, which has 14 divisions;
- volts = code x VDIV / 25 - OFST, codes being signed bytes, and points lie 1 / ``SARA?`` apart from the screen's left edge on;
  ``<channel>:WF? DAT2`` gives them all in one block after ``WFSU SP,0,NP,0,FP,0``;
- with ``CHDR OFF`` answers have no header, but the block still comes after ``DAT2,``, and two line feeds follow it.

Assumed, because no page at hand says it: the depths by channels of a pair (14 M alone, 7 M each of two) and the offsets'
reach (data sheet); levels reach 4.5 divisions from the middle; what INR? and SAST? say of a single acquisition. The guide
for this series has no error queue, so every setting is read back. The picture of the screen comes as bytes without a length
and is not offered.
"""

import re
from collections.abc import Sequence
from typing import ClassVar, NoReturn

import numpy as np

from neurorig.signals import InstrumentError, PlanError, Trace, show

from ..commands import Command, Commanded, choice, command, plain, switch, text, whole
from ..links import Link, Resync
from ..roles import Acquisition, ChannelSetup, Identity
from .scope import Progress, ScopeDriver, State
from .scope_tables import Memory, Screen, steps_125

DIVISIONS = 14
DEPTHS = {
    1: {14_000: "14K", 140_000: "140K", 1_400_000: "1.4M", 14_000_000: "14M"},
    2: {7_000: "7K", 70_000: "70K", 700_000: "700K", 7_000_000: "7M"},
}
"""Words of the memory depth by points, for one channel of a pair and for two."""
STATES: dict[str, State] = {
    "STOP": "stopped", "ARM": "filling", "AUTO": "filling", "ROLL": "filling", "READY": "waiting", "TRIG'D": "triggered",
}  # fmt: skip
PREFIXES = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9}
_RESYNC = Resync(lambda _: [("*IDN?", r"(?i)siglent[^,]*, *SDS.*")])  # it has no registers to write numbers into


def number(answer: str) -> float:
    """A number, with or without a prefix and what it counts: ``1.00E+09``, ``1.00GSa/s``, ``7Mpts``. Raises ValueError."""
    found = re.fullmatch(r"(?i)([-+.\dE]+?)([KMG]?)(Sa/s|pts)?", answer.strip())
    if found is None:
        raise ValueError(answer)
    return float(found[1]) * PREFIXES[found[2].upper()]


def seconds(value: float) -> str:
    """A time as the guide writes it: ``500US``."""
    return _written(value, {"S": 1.0, "MS": 1e-3, "US": 1e-6, "NS": 1e-9})


def volts(value: float) -> str:
    """A voltage as the guide writes it: ``-20MV``."""
    return _written(value, {"V": 1.0, "MV": 1e-3, "UV": 1e-6})


def _written(value: float, units: dict[str, float]) -> str:
    unit = next((u for u, size in units.items() if abs(value) >= size * (1 - 1e-9)), next(iter(units)))
    return f"{value / units[unit]:.7g}{unit}"


class SiglentChannel(Commanded):
    """One analog channel (``C<n>``); every voltage is at the probe's tip."""

    shown = switch("C{n}:TRA", doc="Whether the channel is on; channels of a pair share the memory.")
    coupling = choice("C{n}:CPL", ("D1M", "A1M", "GND"), doc="Input coupling, into 1 Mohm.")
    limited = switch("C{n}:BWL", doc="Low-pass of 20 MHz.")
    inverted = switch("C{n}:INVS", doc="Whether the waveform is inverted.")
    unit = choice("C{n}:UNIT", ("V", "A"), doc="Unit shown on the screen.")
    probe = command("C{n}:ATTN", unit="", low=0.1, high=10_000, doc="Attenuation of the probe.")
    scale = Command("C{n}:VDIV", "Volts a division; 8 divisions on the screen.", number, volts, "V", 5e-5, 1e5)
    offset = Command("C{n}:OFST", "Volts added to the signal before the screen's middle.", number, volts, "V", -2e6, 2e6,
                     tolerance=0.02, resolution=2e-3)  # fmt: skip
    level = Command("C{n}:TRLV", "Level of the edge trigger.", number, volts, "V", -2e6, 2e6,
                    tolerance=0.02, resolution=2e-3)  # fmt: skip
    slope = choice("C{n}:TRSL", ("POS", "NEG", "WINDOW"), doc="Edge that triggers.")
    trigger_coupling = choice("C{n}:TRCP", ("DC", "AC", "HFREJ", "LFREJ"), doc="Trigger coupling.")


class SiglentSDS1000XE(ScopeDriver):
    """Siglent SDS1000X-E with four channels: single triggered records from the memory.

    Fulfils the role `Oscilloscope`. Channels are named ``"1"`` to ``"4"``. BenchError when another model answers.
    """

    driver: ClassVar[str] = "siglent_sds1000xe"
    error_question: ClassVar[str] = ""
    probes: ClassVar[tuple[float, ...]] = steps_125(0.1, 10_000)
    safe_state: ClassVar[tuple[str, ...]] = ("STOP",)
    screen: ClassVar[Screen] = Screen(
        scales=steps_125(5e-4, 10),
        divisions=8,
        furthest=lambda scale: 200 if scale > 1.18 else 20 if scale > 0.118 else 2,
        level_divisions=4.5,
        probes=steps_125(0.1, 10_000),
    )
    memory = Memory(
        DIVISIONS,
        steps_125(1e-9, 100),
        {n: tuple(words) for n, words in DEPTHS.items()},
        {1: 1e9, 2: 5e8},
        "{} channel(s) of a pair",
    )

    timebase = Command("TDIV", "Seconds a division; 14 on the screen.", number, seconds, "s", 1e-9, 100.0)
    delay = Command("TRDL", "Time from the trigger to the middle of the screen.", number, seconds, "s", -1e4, 1e4,
                    tolerance=0.01, resolution=1e-9)  # fmt: skip
    depth = choice("MSIZ", tuple(w for words in DEPTHS.values() for w in words.values()), doc="Depth of the memory.")
    rate = Command("SARA", "Sample rate.", number, None, "Hz", 0.0, 1e10)
    acquisition_type = choice(
        "ACQW",
        ("SAMPLING", "PEAK_DETECT", "HIGH_RES", *(f"AVERAGE,{n}" for n in (4, 16, 32, 64, 128, 256, 512, 1024))),
        doc="How samples become points.",
    )
    trigger_mode = choice("TRMD", ("AUTO", "NORM", "SINGLE", "STOP"), doc="Sweep mode.", read_back=False)
    trigger = text("TRSE", doc="Type of the trigger, its source and hold-off.")
    status = Command("SAST", "State of the acquisition.", lambda answer: STATES[answer.strip().upper()], None)

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        self.channels: dict[str, SiglentChannel] = {
            str(n): SiglentChannel(link, name=f"{self.name} channel {n}", suffix=n, warnings=self.warnings)
            for n in range(1, 5)
        }
        self._acquired, self._source = False, "1"
        self._laid: dict[str, tuple[float, float]] = {}

    def _identify(self) -> Identity:
        self.link.resync, self.link.block_end = _RESYNC, b"\n\n"
        self.link.write("CHDR OFF")
        return super()._identify()

    def errors(self) -> list[str]:
        """None: this series has no error queue; every setting is read back."""
        return []

    def _shared(self, channels: Sequence[str]) -> int:
        return 2 if {"1", "2"} <= set(channels) or {"3", "4"} <= set(channels) else 1

    # Setting up.

    def _prepare(self, acquisition: Acquisition) -> None:
        self.trigger_mode = "AUTO"  # a depth is taken while it runs
        self.acquisition_type = "HIGH_RES" if acquisition.mode == "high_resolution" else "SAMPLING"

    def _show(self, channel: str, shown: bool) -> None:
        self.channels[channel].shown = shown

    def _set_channel(self, setup: ChannelSetup, scale: float, middle: float) -> None:
        channel = self.channels[setup.channel]
        channel.coupling = {"DC": "D1M", "AC": "A1M"}[setup.coupling]
        channel.inverted = False
        channel.unit = "V"
        channel.limited = setup.bandwidth_limit
        channel.probe = float(setup.attenuation)  # first: scale and offset are at its tip
        channel.scale = scale
        channel.offset = -middle
        self._laid[setup.channel] = scale, middle

    def _set_time(self, acquisition: Acquisition) -> None:
        self.timebase = acquisition.settings["timebase"]
        self.delay = acquisition.settings["delay"]
        self.depth = DEPTHS[self._shared(self._recorded(acquisition.channels))][acquisition.points]

    def _lies(self, channel: str) -> tuple[float, float]:
        return self.channels[channel].scale, -self.channels[channel].offset

    def _set_trigger(self, channel: str, level: float, rising: bool) -> None:
        self.write(f"TRSE EDGE,SR,C{channel},HT,OFF")
        if not plain(found := self.trigger).startswith(f"EDGE,SR,C{channel},"):
            raise InstrumentError(f"{self.name}: the edge of C{channel} is to trigger, but TRSE? tells {found}.")
        source = self.channels[channel]
        source.trigger_coupling = "DC"
        source.slope = "POS" if rising else "NEG"
        source.level = level
        self._source = channel

    def _trigger(self) -> str:
        return f"C{self._source} and the level {show(self.channels[self._source].level, 'V')}"

    # One record.

    def _single(self) -> None:
        self.query("INR?")  # reading clears what was before
        self._acquired = False
        self.trigger_mode = "SINGLE"
        self.write("ARM")

    def _halt(self) -> None:
        self.write("STOP")

    def _state(self) -> State:
        return self.status

    def _triggered(self) -> bool:
        self._acquired |= bool(whole(self.query("INR?")) & 1)
        return self._acquired

    def _check_armed(self, acquisition: Acquisition) -> None:
        if abs((rate := self.rate) / acquisition.rate - 1) > 1e-2:
            self.stop()
            raise InstrumentError(
                f"{self.name}: samples at {show(rate, 'Hz', 6)}, {show(acquisition.rate, 'Hz', 6)} was planned."
            )

    def _record(self, channel: str, acquisition: Acquisition, segment: int, progress: Progress | None) -> Trace:
        points, rate = round(number(self.query(f"SANU? C{channel}"))), self.rate
        if points != acquisition.points or abs(rate / acquisition.rate - 1) > 1e-2:
            raise InstrumentError(
                f"{self.name}: the record is not the one that was planned: {points} points at {show(rate, 'Hz')}, "
                f"expected {acquisition.points} at {show(acquisition.rate, 'Hz')}."
            )
        self.write("WFSU SP,0,NP,0,FP,0")
        samples = np.empty(points, np.int8)
        timeout = self.link.timeout + samples.nbytes / 1e5
        self.link.query_block(
            f"C{channel}:WF? DAT2", into=samples.data, progress=progress, timeout=timeout, lead=b"DAT2,"
        )
        scale, middle = self._laid[channel]  # as set: the offset reads back with three digits
        scale /= 25
        return Trace(
            name=f"{self.name}.{channel}",
            samples=samples,
            scale=scale,
            offset=middle,
            unit="V",
            t0=acquisition.settings["delay"] - DIVISIONS / 2 * acquisition.settings["timebase"],
            dt=1 / rate,
            error=scale / 12**0.5,
            clipped=int(np.count_nonzero(samples == -128) + np.count_nonzero(samples == 127)),
        )

    def screenshot(self) -> NoReturn:
        """Raises PlanError: this series sends the bytes of a bitmap without their number."""
        raise PlanError(
            f"{self.name} ({self.identity.model}): gives its screen as a bitmap of unknown length; take it with a USB stick "
            "(Print key). It offers records, averages and high resolution."
        )
