"""A simulated Rigol DS1104Z, from the RIGOL *MSO1000Z/DS1000Z Programming Guide*.

Pages read: memory depth and sample rate 2-7, common commands 2-80, ``:WAVeform:DATA?`` 2-221, ``:WAVeform:PREamble?``
2-226; of the sister guide for the DS1000Z-E, where these commands are the same: ``:ACQuire:TYPE`` 2-6,
``:TRIGger:HOLDoff``, ``:NREJect`` and ``:POSition?`` 2-127, reading the memory in batches 2-180; of the user's guide:
memory depth 4-6. The ranges of the other commands are those that published drivers for this series quote from the
guide.

Other trigger types than the edge, roll and XY, measurements, mathematics, the screen's picture and the logic analyser
are not simulated: their headers are undefined (-113), their keywords illegal (-224).

Where the guide is silent this is assumed, with (*) if users of real ones have seen it:

- a scale between two steps goes to the next larger one (*); the offset keeps its place on the screen, in divisions,
  when scale or probe ratio change (*);
- a depth that does not exist for the number of channels is -224, any depth in the stopped state, where it is not taken
  (*), is -221; with another number of channels on, the depth keeps its place in the list;
- the offset of a channel acts in steps of one code, so that YORigin is the whole number its example shows;
- a setting that shapes the record begins a running acquisition anew; ``:RUN`` after ``:SINGle`` goes back to the sweep
  mode that was set before (*); ``:STOP`` keeps the last complete record;
- ``:TRIGger:STATus?`` lags by 0.1 s (*); RUN means that the pre-trigger memory is filling;
- in AUTO depth the memory is the deepest that the sample rate fills within the screen;
- reading RAW while running, a channel that was off, points that do not exist, or more points than one read allows (then
  "Memory lack in waveform reading!" (*)) gives an empty block and an error in the queue;
- the trigger's hysteresis is 0.3 division, 0.6 with noise rejection, and its coupling does not matter; an average of N
  records is one record with its noise divided by sqrt(N); peak detection samples like the normal mode.
"""

from bisect import bisect_left
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from .arguments import Kind, ScpiError, boolean, choice, integer, nr3, number
from .device import Block, ScpiDevice, Setting, Settings
from .digitiser import Digitiser, FrontEnd, Input, Plan, Trigger
from .grammar import on

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .world import World

CHANNELS = (1, 2, 3, 4)
DIVISIONS = 12
SCREEN_POINTS = 1200
CODES_PER_DIVISION = 25  # YINCrement = scale / 25
MIDDLE = 127  # YREFerence
PROBES = tuple(float(f"{digit}e{power}") for power in range(-2, 4) for digit in (1, 2, 5))[:-2]
SCALES = tuple(float(f"{digit}e{power}") for power in range(-3, 2) for digit in (1, 2, 5))[:-2]  # probe 1X
TIMEBASES = tuple(float(f"{digit}e{power}") for power in range(-9, 2) for digit in (1, 2, 5))[2:]
DEPTHS = (12_000, 120_000, 1_200_000, 12_000_000, 24_000_000)  # of one channel alone; the last one is an option
FASTEST = 1e9
BATCH = {"BYTE": 250_000, "WORD": 125_000, "ASC": 15_625}
"""Points that one read may have."""
TYPES, FORMATS, MODES = ("NORM", "AVER", "PEAK", "HRES"), ("BYTE", "WORD", "ASC"), ("NORM", "MAX", "RAW")
SHAPING = (
    *("display", "coupling", "bandwidth_limit", "invert", "acquisition_type"),
    *("trigger_source", "trigger_slope", "trigger_coupling", "holdoff", "noise_reject"),
)
"""Settings that shape a record."""


def _all(value: object) -> dict[int, object]:
    return dict.fromkeys(CHANNELS, value)


def _step_up(value: float, steps: tuple[float, ...]) -> float:
    """The smallest step not below `value`. Raises ScpiError -222 outside the steps."""
    if not steps[0] * (1 - 1e-9) <= value <= steps[-1] * (1 + 1e-9):
        raise ScpiError(-222, nr3(value))
    return steps[bisect_left(steps, value * (1 - 1e-9))]


def _listed(values: tuple[float, ...]) -> Kind[float]:
    """One of a list of numbers."""
    plain = number()

    def read(text: str) -> float:
        value = plain.read(text)
        if not any(abs(value - listed) <= 1e-9 * listed for listed in values):
            raise ScpiError(-224, text)
        return value

    return Kind(read, nr3)


class SimulatedRigolDS1000Z(ScpiDevice):
    """Four analog channels of 8 bits looking at `inputs` (keys ``CHAN1`` to ``CHAN4``; a missing one is open).

    `probes` are the attenuations of the real probes on the inputs (default 1): volts are right if ``:CHANnel<n>:PROBe``
    says the same. `noise` is the standard deviation in parts of the screen's height. Free of I/O: see `Server`.
    """

    typical_time: ClassVar[float] = 5e-3
    transfer_rate: ClassVar[float] = 2e6
    """Bytes a second of ``:WAVeform:DATA?`` over LAN (assumed)."""
    status_lag: ClassVar[float] = 0.1

    display = Settings(":CHANnel<1-4>:DISPlay", boolean, {1: True, 2: False, 3: False, 4: False})
    coupling = Settings(":CHANnel<1-4>:COUPling", choice("AC", "DC", "GND"), _all("DC"))
    bandwidth_limit = Settings(":CHANnel<1-4>:BWLimit", choice("20M", "OFF"), _all("OFF"))
    invert = Settings(":CHANnel<1-4>:INVert", boolean, _all(False))
    vernier = Settings(":CHANnel<1-4>:VERNier", boolean, _all(False))
    units = Settings(":CHANnel<1-4>:UNITs", choice("VOLTage", "WATT", "AMPere", "UNKNown"), _all("VOLT"))
    delay_calibration = Settings(":CHANnel<1-4>:TCAL", number("s", -1e-7, 1e-7), _all(0.0))

    acquisition_type = Setting(":ACQuire:TYPE", choice("NORMal", "AVERages", "PEAK", "HRESolution"), "NORM")
    timebase_mode = Setting(":TIMebase:MODE", choice("MAIN"), "MAIN")
    trigger_mode = Setting(":TRIGger:MODE", choice("EDGE"), "EDGE")
    trigger_coupling = Setting(":TRIGger:COUPling", choice("AC", "DC", "LFReject", "HFReject"), "DC")
    trigger_source = Setting(
        ":TRIGger:EDGe:SOURce", choice("CHANnel1", "CHANnel2", "CHANnel3", "CHANnel4", "AC"), "CHAN1"
    )
    trigger_slope = Setting(":TRIGger:EDGe:SLOPe", choice("POSitive", "NEGative", "RFALl"), "POS")
    holdoff = Setting(":TRIGger:HOLDoff", number("s", 16e-9, 10.0), 16e-9)
    noise_reject = Setting(":TRIGger:NREJect", boolean, False)

    source = Setting(":WAVeform:SOURce", choice("CHANnel1", "CHANnel2", "CHANnel3", "CHANnel4"), "CHAN1")
    mode = Setting(":WAVeform:MODE", choice("NORMal", "MAXimum", "RAW"), "NORM")
    format = Setting(":WAVeform:FORMat", choice("WORD", "BYTE", "ASCii"), "BYTE")
    first_point = Setting(":WAVeform:STARt", integer(1, DEPTHS[-1]), 1)
    last_point = Setting(":WAVeform:STOP", integer(1, DEPTHS[-1]), SCREEN_POINTS)

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
        self._digitiser = Digitiser(world, f"scope {serial}", seed)
        self.reset()

    def reset(self) -> None:
        """The default state: channel 1 on, sweeping automatically."""
        super().reset()
        self.probe = dict.fromkeys(CHANNELS, 10.0)
        self.scale = dict.fromkeys(CHANNELS, 1.0)
        self.offset = dict.fromkeys(CHANNELS, 0.0)
        self.timebase, self.delay = 1e-6, 0.0
        self.depth: int | None = None
        self.averages, self.level = 2, 0.0
        self.sweep = self._sweep_before = "AUTO"
        self._digitiser.record = None
        self._begin()

    def changed(self, name: str) -> None:
        """A setting that shapes the record begins the acquisition anew."""
        if name in SHAPING:
            self._restart()

    # Run control

    @on(":RUN")
    def _run(self) -> None:
        if self.sweep == "SING":
            self.sweep = self._sweep_before
        self._begin()

    @on(":STOP")
    def _stop(self) -> None:
        self._digitiser.stop()

    @on(":SINGle")
    def _single(self) -> None:
        self._set_sweep("SING")

    @on(":TFORce")
    def _force(self) -> None:
        if self.sweep != "AUTO":
            self._digitiser.force()

    @on(":CLEar")
    def _clear(self) -> None:
        self._digitiser.record = None

    @on(":AUToscale", cost=2.0)
    def _autoscale(self) -> None:
        """Accepted and without effect: what it would choose is nowhere said."""

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
        step = _step_up(at_connector, SCALES)
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
        self.timebase = _step_up(seconds, TIMEBASES)
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
        if self._digitiser.state == "STOP":
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
    def _set_sweep(self, sweep: str) -> None:
        if self.sweep != "SING":
            self._sweep_before = self.sweep
        self.sweep = sweep
        self._begin() if sweep == "SING" else self._restart()

    @on(":TRIGger:SWEep?")
    def _get_sweep(self) -> str:
        return self.sweep

    @on(":TRIGger:EDGe:LEVel", number("V"))
    def _set_level(self, volts: float) -> None:
        if self.trigger_source != "AC":
            channel = int(self.trigger_source[-1])
            reach, offset = 5 * self.scale[channel] * (1 + 1e-9), self.offset[channel]
            if not -reach - offset <= volts <= reach - offset:
                raise ScpiError(-222, nr3(volts))
        self.level = volts
        self._restart()

    @on(":TRIGger:EDGe:LEVel?")
    def _get_level(self) -> float:
        return self.level

    @on(":TRIGger:STATus?", progress=True)
    def _status(self) -> str:
        return self._digitiser.shown(self.status_lag)

    @on(":TRIGger:POSition?")
    def _position(self) -> int:
        record = self._digitiser.record
        if record is None or not record.triggered:
            return -2
        point = round(record.plan.before * record.plan.rate)
        return point if 0 < point <= record.plan.depth else -1

    # The record

    @on(":WAVeform:DATA?")
    def _data(self) -> Block:
        try:
            codes = self._points()
        except ScpiError as error:
            self.fail(error)
            return Block(b"", 9)
        if self.format == "BYTE":
            data = codes.tobytes()
        elif self.format == "WORD":  # the lower 8 bits are the code; low byte first is assumed
            data = codes.astype("<u2").tobytes()
        else:
            step, origin = self._vertical()
            data = ",".join(f"{(int(code) - origin - MIDDLE) * step:.6e}" for code in codes).encode()
        self.world.spend(len(data) / self.transfer_rate)
        return Block(data, 9)

    @on(":WAVeform:PREamble?")
    def _preamble(self) -> str:
        plan = self._plan_of_record()
        step, origin = self._vertical()
        count = plan.averages if self.acquisition_type == "AVER" else 1
        points = plan.depth if self._reads_memory() else SCREEN_POINTS
        return (
            f"{FORMATS.index(self.format)},{MODES.index(self.mode)},{points},{count},"
            f"{nr3(self._horizontal()[0])},{nr3(self._horizontal()[1])},0,{nr3(step)},{origin},{MIDDLE}"
        )

    @on(":WAVeform:XINCrement?")
    def _xincrement(self) -> float:
        return self._horizontal()[0]

    @on(":WAVeform:XORigin?")
    def _xorigin(self) -> float:
        return self._horizontal()[1]

    @on(":WAVeform:XREFerence?")
    def _xreference(self) -> int:
        return 0

    @on(":WAVeform:YINCrement?")
    def _yincrement(self) -> float:
        return self._vertical()[0]

    @on(":WAVeform:YORigin?")
    def _yorigin(self) -> int:
        return self._vertical()[1]

    @on(":WAVeform:YREFerence?")
    def _yreference(self) -> int:
        return MIDDLE

    def _reads_memory(self) -> bool:
        """RAW reads the memory; MAXimum the memory when stopped, the screen otherwise."""
        return self.mode == "RAW" or (self.mode == "MAX" and self._digitiser.state == "STOP")

    def _plan_of_record(self) -> Plan:
        record = self._digitiser.record
        return self._plan() if record is None else record.plan

    def _horizontal(self) -> tuple[float, float]:
        """Seconds between two points, and from the trigger to the first one."""
        plan = self._plan_of_record()
        if self._reads_memory():
            return 1 / plan.rate, -plan.before
        return plan.screen / SCREEN_POINTS, plan.centre - plan.screen / 2

    def _vertical(self) -> tuple[float, int]:
        """Volts of one code, and YORigin: volts = (code - YORigin - YREFerence) x YINCrement."""
        channel = int(self.source[-1])
        front_end = self._plan_of_record().front_ends.get(channel) or self._front_end(channel)
        return front_end.volts_per_code, front_end.zero_code - MIDDLE

    def _points(self) -> "NDArray[np.uint8]":
        """The points asked for, as codes. Raises ScpiError."""
        if self.mode == "RAW" and self._digitiser.state != "STOP":
            raise ScpiError(-221, "RAW is read in the stopped state")
        try:
            codes = self._digitiser.codes(int(self.source[-1]))
        except KeyError:
            raise ScpiError(-221, f"{self.source} was off") from None
        except LookupError as nothing:
            raise ScpiError(-221, str(nothing)) from None
        if not self._reads_memory():
            codes = codes[self._on_screen(len(codes))]
        if self.last_point - self.first_point >= BATCH[self.format]:
            raise ScpiError(-200, "Memory lack in waveform reading!")
        if not self.first_point <= self.last_point <= len(codes):
            raise ScpiError(-222, f"points {self.first_point} to {self.last_point} of {len(codes)}")
        return codes[self.first_point - 1 : self.last_point]

    def _on_screen(self, depth: int) -> "NDArray[np.intp]":
        """Which points of the memory the screen shows, whose middle is the memory's."""
        plan = self._plan_of_record()
        seconds = plan.screen * (np.arange(SCREEN_POINTS) / SCREEN_POINTS - 0.5)
        return np.clip(np.floor(seconds * plan.rate + depth / 2).astype(np.intp), 0, depth - 1)

    # What is acquired

    def _front_end(self, channel: int) -> FrontEnd:
        name = f"CHAN{channel}"
        step = self.scale[channel] / CODES_PER_DIVISION
        limited = self.bandwidth_limit[channel] == "20M"
        rate = self._memory()[1]
        averaged = 1.0
        if self.acquisition_type == "AVER":
            averaged = self.averages
        elif self.acquisition_type == "HRES":  # neighbouring samples of the converter, at most 12 bits (user's guide)
            averaged = min(256.0, FASTEST / self._share / rate)
        sign = -1.0 if self.invert[channel] else 1.0
        return FrontEnd(
            signal=self._inputs.get(name) or _Open(),
            volts_per_code=step,
            zero_code=MIDDLE + round(self.offset[channel] / step),
            gain=sign * self.probe[channel] / self._probes.get(name, 1.0),
            coupling=self.coupling[channel],
            bandwidth=20e6 if limited else 100e6,
            noise=self._noise * 8 * CODES_PER_DIVISION * (0.2 if limited else 1.0) ** 0.5 / averaged**0.5,
        )

    def _plan(self) -> Plan:
        depth, rate = self._memory()
        source = None if self.trigger_source == "AC" else int(self.trigger_source[-1])
        trigger = Trigger(
            source=None if source is None else self._front_end(source),
            level=self.level,
            hysteresis=0.0 if source is None else (0.6 if self.noise_reject else 0.3) * self.scale[source],
            slope=self.trigger_slope,  # type: ignore[arg-type]
            holdoff=self.holdoff,
        )
        return Plan(
            depth=depth,
            rate=rate,
            centre=self.delay,
            screen=self._screen,
            front_ends={channel: self._front_end(channel) for channel in CHANNELS if self.display[channel]},
            trigger=trigger,
            sweep=self.sweep,  # type: ignore[arg-type]
            averages=self.averages,
        )

    def _begin(self) -> None:
        self._digitiser.start(self._plan())

    def _restart(self) -> None:
        if self._digitiser.state != "STOP":
            self._begin()


class _Open:
    """A connector with nothing on it."""

    def sample(self, t0: float, dt: float, n: int) -> "NDArray[np.float64]":
        return np.zeros(n)
