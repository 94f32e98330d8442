"""How both channels of a simulated Keysight 33522B are set up: function, levels, termination, limits, burst and trigger.

What the guide says and what is assumed: see `keysight_33500b`.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from ..arguments import ScpiError, boolean, choice, integer, short_form
from ..device import ScpiDevice
from ..grammar import Command, make_command, on
from .keysight_33500b_channel import CHANNELS, OHMS, Channel, Limits, clipped, conflict
from .keysight_33500b_commands import ENDS, SLACK, Amount, Choice, plain, wanted
from .keysight_33500b_memory import WaveformMemory

if TYPE_CHECKING:
    from ..world import World

SOURCE = "[:SOURce<1-2>]"
FUNCTIONS = ("SINusoid", "SQUare", "RAMP", "TRIangle", "PULSe", "NOISe", "DC", "ARB")
FASTEST = {"SIN": 30e6, "SQU": 30e6, "RAMP": 200e3, "TRI": 200e3, "PULS": 30e6}
SHORTEST_PULSE = 16e-9


class Apply:
    """Function, frequency, amplitude and offset at once; the output is on, without bursts."""

    def __init__(self) -> None:
        self.scpi_commands: tuple[Command, ...] = tuple(
            make_command(
                f"{SOURCE}:APPLy:{word}", (wanted("Hz", {}), wanted("V", {}), wanted("V", {})), self._apply(word)
            )
            for word in FUNCTIONS
        )

    @staticmethod
    def _apply(word: str) -> Callable[..., None]:
        def store(
            device: "KeysightSetup",
            n: int,
            frequency: float | str = "",
            volts: float | str = "",
            offset: float | str = "",
        ) -> None:
            channel = device.channel[n]
            channel.bursting, channel.trigger, channel.output = False, "IMM", True
            device.set_function(channel, short_form(word))
            rate = device.rate if channel.function == "ARB" else device.frequency
            for amount, value in ((rate, frequency), (device.amplitude, volts), (device.offset, offset)):
                if value != "":
                    device.store(amount, channel, value)
            device.begin(channel)

        return store


def _frequencies(channel: Channel) -> Limits:
    return 1e-6, FASTEST.get(channel.function, 30e6), 1e3


def _set_frequency(device: "KeysightSetup", channel: Channel, hertz: float) -> None:
    channel.frequency = hertz
    least = 100 * SHORTEST_PULSE * hertz
    if channel.function == "SQU" and not least <= channel.duty <= 100 - least:
        channel.duty = min(max(channel.duty, least), 100 - least)
        device.fail(conflict("frequency forced duty cycle change"))


def _set_load(device: "KeysightSetup", channel: Channel, ohms: float) -> None:
    """The levels shown change; what leaves the connector does not (guide page 62)."""
    if channel.limited:
        raise conflict("output termination cannot be changed while voltage limits are on")
    before = channel.most
    channel.load = ohms
    channel.amplitude *= channel.most / before
    channel.offset *= channel.most / before


def _rates(channel: Channel) -> Limits:
    return 1e-6, 62.5e6 if channel.filter == "OFF" else 250e6, 40e3


def _set_high(device: "KeysightSetup", channel: Channel, high: float) -> None:
    low = channel.offset - channel.amplitude / 2
    if high <= low:
        low = high - 1e-3
        device.fail(conflict("low level changed due to high level"))
    device.set_levels(channel, low, high)


def _set_low(device: "KeysightSetup", channel: Channel, low: float) -> None:
    high = channel.offset + channel.amplitude / 2
    if low >= high:
        high = low + 1e-3
        device.fail(conflict("high level changed due to low level"))
    device.set_levels(channel, low, high)


def _levels(channel: Channel) -> Limits:
    return (*channel.window, 0.05)


class KeysightSetup(ScpiDevice):
    """The settings of both channels; `begin` starts anew what a channel puts out, `level` only scales it."""

    typical_time: ClassVar[float] = 3e-3
    queue_length: ClassVar[int] = 20

    def __init__(self, world: "World", identity: str, memory: int) -> None:
        self.memory_points = memory
        self.channel = {n: Channel(n, WaveformMemory(memory)) for n in CHANNELS}
        super().__init__(world, identity)

    def reset(self) -> None:
        """Everything as the factory set it; the waveforms in memory stay."""
        self.channel = {n: Channel(n, self.channel[n].memory) for n in CHANNELS}
        self.sync_source = 1
        super().reset()

    def begin(self, channel: Channel) -> None:
        """Another waveform, or another way of starting it."""

    def level(self, channel: Channel) -> None:
        """The same waveform with other volts, or another position of the relay."""

    # Storing

    def store(self, amount: Amount, channel: Channel, value: float | str) -> None:
        """Set a number, at its limit if it is out of range."""
        low, high, default = amount.limits(channel)
        if isinstance(value, str):
            value = (low, high, default)[ENDS.index(value)]
        error: ScpiError | None = None
        if value not in amount.words.values() and not low - SLACK <= value <= high + SLACK:
            error = clipped("upper" if value > high else "lower")
            if channel.limited and amount in (self.amplitude, self.offset, self.high, self.low):
                error = conflict("level clipped to voltage limit")
            value = min(max(value, low), high)
        amount.put(self, channel, float(round(value)) if amount.whole and math.isfinite(value) else value)
        (self.begin if amount.shape else self.level)(channel)
        if error is not None:
            raise error

    def set_choice(self, channel: Channel, name: str, value: Any, shape: bool) -> None:
        """Set a word or a switch."""
        setattr(channel, name, value)
        (self.begin if shape else self.level)(channel)

    def set_levels(self, channel: Channel, low: float, high: float) -> None:
        """Amplitude and offset by the ends."""
        channel.amplitude, channel.offset = high - low, (high + low) / 2
        self.fit_levels(channel, "level")

    def fit_levels(self, channel: Channel, why: str) -> None:
        """After another function or waveform: levels that are too large are reduced, which is an error."""
        for name, limits in (("amplitude", channel.amplitudes), ("offset", channel.offsets)):
            low, high, _ = limits()
            value = getattr(channel, name)
            if not low - SLACK <= value <= high + SLACK:
                setattr(channel, name, min(max(value, low), high))
                self.fail(conflict(f"{name} changed due to {why}"))

    # Function and levels

    @on(SOURCE + ":FUNCtion", choice(*FUNCTIONS))
    def _set_function(self, n: int, function: str) -> None:
        self.set_function(self.channel[n], function)

    def set_function(self, channel: Channel, function: str) -> None:
        """Another waveform; what it does not allow changes."""
        channel.function = function
        if channel.bursting and function in ("DC", "NOIS"):
            channel.bursting = False
            self.fail(conflict("not able to burst this function"))
        fastest = FASTEST.get(function)
        if fastest is not None and channel.frequency > fastest:
            channel.frequency = fastest
            self.fail(conflict("frequency reduced due to function"))
        self.fit_levels(channel, "function")
        self.begin(channel)

    @on(SOURCE + ":FUNCtion?")
    def _function(self, n: int) -> str:
        return self.channel[n].function

    apply = Apply()
    frequency = Amount(SOURCE + ":FREQuency[:CW]", "Hz", _frequencies, get=lambda c: c.frequency, put=_set_frequency)
    amplitude = Amount(
        SOURCE + ":VOLTage[:LEVel][:IMMediate][:AMPLitude]", "V", Channel.amplitudes, "amplitude", shape=False
    )
    peak_to_peak = Amount(SOURCE + ":FUNCtion:ARBitrary:PTPeak", "V", Channel.amplitudes, "amplitude", shape=False)
    offset = Amount(SOURCE + ":VOLTage[:LEVel][:IMMediate]:OFFSet", "V", Channel.offsets, "offset", shape=False)
    high = Amount(
        SOURCE + ":VOLTage[:LEVel][:IMMediate]:HIGH", "V", _levels,
        get=lambda c: c.offset + c.amplitude / 2, put=_set_high, shape=False,
    )  # fmt: skip
    low = Amount(
        SOURCE + ":VOLTage[:LEVel][:IMMediate]:LOW", "V", _levels,
        get=lambda c: c.offset - c.amplitude / 2, put=_set_low, shape=False,
    )  # fmt: skip
    high_limit = Amount(
        SOURCE + ":VOLTage:LIMit:HIGH", "V", lambda c: (c.low_limit + 1e-3, c.most, c.most), "high_limit", shape=False
    )
    low_limit = Amount(
        SOURCE + ":VOLTage:LIMit:LOW", "V", lambda c: (-c.most, c.high_limit - 1e-3, -c.most), "low_limit", shape=False
    )
    range_auto = Choice(SOURCE + ":VOLTage:RANGe:AUTO", boolean, "range_auto", shape=False)
    voltage_unit = Choice(SOURCE + ":VOLTage:UNIT", choice("VPP"), "unit", shape=False)

    @on(SOURCE + ":VOLTage:LIMit:STATe", boolean)
    def _set_limited(self, n: int, limited: bool) -> None:
        channel = self.channel[n]
        low, high = channel.extremes
        gain = channel.amplitude / channel.span
        inside = channel.low_limit <= channel.offset + gain * low and channel.offset + gain * high <= channel.high_limit
        if limited and not inside:
            raise conflict("voltage limits do not include the present levels")
        channel.limited = limited

    @on(SOURCE + ":VOLTage:LIMit:STATe?")
    def _limited(self, n: int) -> bool:
        return self.channel[n].limited

    phase = Amount(SOURCE + ":PHASe[:ADJust]", "", (-360.0, 360.0, 0.0), "phase")
    duty = Amount(SOURCE + ":FUNCtion:SQUare:DCYCle", "", (0.01, 99.99, 50.0), "duty")
    symmetry = Amount(SOURCE + ":FUNCtion:RAMP:SYMMetry", "", (0.0, 100.0, 100.0), "symmetry")
    width = Amount(
        SOURCE + ":FUNCtion:PULSe:WIDTh",
        "s",
        lambda c: (SHORTEST_PULSE, 1 / c.frequency - SHORTEST_PULSE, 1e-4),
        "width",
    )
    pulse_period = Amount(
        SOURCE + ":FUNCtion:PULSe:PERiod", "s", (1 / 30e6, 1e6, 1e-3),
        get=lambda c: 1 / c.frequency, put=lambda d, c, seconds: _set_frequency(d, c, 1 / seconds),
    )  # fmt: skip
    bandwidth = Amount(SOURCE + ":FUNCtion:NOISe:BANDwidth", "Hz", (1e-3, 30e6, 100e3), "bandwidth")
    rate = Amount(SOURCE + ":FUNCtion:ARBitrary:SRATe", "", _rates, "rate")
    arbitrary_frequency = Amount(
        SOURCE + ":FUNCtion:ARBitrary:FREQuency", "Hz",
        lambda c: (1e-6 / c.memory.points(c.selected), _rates(c)[1] / c.memory.points(c.selected), 100.0),
        get=lambda c: c.rate / c.memory.points(c.selected),
        put=lambda _, c, hertz: setattr(c, "rate", hertz * c.memory.points(c.selected)),
    )  # fmt: skip
    arbitrary_period = Amount(
        SOURCE + ":FUNCtion:ARBitrary:PERiod", "s",
        lambda c: (c.memory.points(c.selected) / _rates(c)[1], c.memory.points(c.selected) * 1e6, 1e-2),
        get=lambda c: c.memory.points(c.selected) / c.rate,
        put=lambda _, c, seconds: setattr(c, "rate", c.memory.points(c.selected) / seconds),
    )  # fmt: skip

    @on(SOURCE + ":FUNCtion:ARBitrary:FILTer", choice("NORMal", "STEP", "OFF"))
    def _set_filter(self, n: int, kind: str) -> None:
        channel = self.channel[n]
        channel.filter = kind
        if channel.rate > _rates(channel)[1]:
            channel.rate = _rates(channel)[1]
            self.fail(conflict("sample rate reduced due to filter"))
        self.begin(channel)

    @on(SOURCE + ":FUNCtion:ARBitrary:FILTer?")
    def _filter(self, n: int) -> str:
        return self.channel[n].filter

    # Output

    load = Amount(
        ":OUTPut<1-2>:LOAD", "OHM", (1.0, 10e3, OHMS), get=lambda c: c.load, put=_set_load,
        words={"INF": math.inf, "INFINITY": math.inf}, shape=False,
    )  # fmt: skip
    output = Choice(":OUTPut<1-2>[:STATe]", boolean, "output", shape=False)
    polarity = Choice(":OUTPut<1-2>:POLarity", choice("NORMal", "INVerted"), "inverted", shape=False)
    sync_state = Choice(":OUTPut<1-2>:SYNC[:STATe]", boolean, "sync", shape=False)
    sync_mode = Choice(":OUTPut<1-2>:SYNC:MODE", choice("NORMal", "CARRier", "MARKer"), "sync_mode")
    sync_polarity = Choice(":OUTPut<1-2>:SYNC:POLarity", choice("NORMal", "INVerted"), "sync_polarity")
    marker = Amount(
        SOURCE + ":MARKer:POINt", "", lambda c: (4, c.memory.points(c.selected) - 3, c.memory.points(c.selected) // 2 + 1),
        get=lambda c: c.marker or c.memory.points(c.selected) // 2 + 1, put=plain("marker")[1], whole=True,
    )  # fmt: skip

    @on(":OUTPut<1-2>:SYNC:SOURce", choice("CH1", "CH2"))
    def _set_sync_source(self, _: int, source: str) -> None:
        self.sync_source = int(source[-1])
        self.begin(self.channel[self.sync_source])

    @on(":OUTPut<1-2>:SYNC:SOURce?")
    def _sync_source(self, _: int) -> str:
        return f"CH{self.sync_source}"

    # Burst and trigger

    cycles = Amount(
        SOURCE + ":BURSt:NCYCles",
        "",
        (1.0, 1e8, 1.0),
        "cycles",
        words={"INF": math.inf, "INFINITY": math.inf},
        whole=True,
    )
    burst_mode = Choice(SOURCE + ":BURSt:MODE", choice("TRIGgered", "GATed"), "burst_mode")
    gate = Choice(SOURCE + ":BURSt:GATE:POLarity", choice("NORMal", "INVerted"), "gate")
    burst_period = Amount(SOURCE + ":BURSt:INTernal:PERiod", "s", (1e-6, 8000.0, 10e-3), "burst_period")
    burst_phase = Amount(SOURCE + ":BURSt:PHASe", "", (-360.0, 360.0, 0.0), "burst_phase")
    trigger_source = Choice(":TRIGger<1-2>:SOURce", choice("IMMediate", "EXTernal", "TIMer", "BUS"), "trigger")
    delay = Amount(":TRIGger<1-2>:DELay", "s", (0.0, 1000.0, 0.0), "delay", shape=False)
    slope = Choice(":TRIGger<1-2>:SLOPe", choice("POSitive", "NEGative"), "slope", shape=False)
    trigger_level = Amount(":TRIGger<1-2>:LEVel", "V", (0.9, 3.8, 1.6), "level", shape=False)
    timer = Amount(":TRIGger<1-2>:TIMer", "s", (1e-6, 8000.0, 1.0), "timer")
    continuous = Choice(":INITiate<1-2>:CONTinuous", boolean, "continuous")

    @on(SOURCE + ":BURSt:STATe", boolean)
    def _set_bursting(self, n: int, bursting: bool) -> None:
        channel = self.channel[n]
        if bursting and channel.function in ("DC", "NOIS"):
            raise conflict("not able to burst this function")
        channel.bursting = bursting
        self.begin(channel)

    @on(SOURCE + ":BURSt:STATe?")
    def _bursting(self, n: int) -> bool:
        return self.channel[n].bursting

    # Whatever has no part in what is put out

    @on(":DISPlay[:STATe]", boolean)
    def _display(self, _: bool) -> None:
        """The screen is not simulated."""

    @on(":DISPlay:TEXT:CLEar")
    @on(":SYSTem:BEEPer[:IMMediate]")
    @on(":SYSTem:LOCal")
    @on(":SYSTem:REMote")
    @on(":SYSTem:RWLock")
    def _nothing(self) -> None:
        """Nor are the keys and the beeper."""

    @on(":SYSTem:VERSion?")
    def _version(self) -> str:
        return "1999.0"

    @on("*OPT?")
    def _options(self) -> str:
        return "0"

    @on("*PSC", integer(0, 1))
    def _psc(self, _: int) -> None:
        """Nothing is kept when it is switched off."""
