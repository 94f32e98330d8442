"""A simulated Keysight E36312A, from the *E36300 Series Programming Guide* (E36311-90008).

Read of it: its contents (outputs, channel lists, error and status registers, ``APPLy`` of page 39), the ranges of page 16
(6.18 V and 5.15 A, 25.75 V and 1.03 A, at least 1 mA) and the commands as a published extract lists them, with the answers
``+0,"No error"`` and one answer for each channel of a list; the ratings are those of the data sheet 5992-2124EN. The guides
of its older sisters tell what is alike: identifiers, ``*RST`` and ``APPLy?`` E3631A 74, protections that are cleared and
what comes back then E3632A 88, -222 for what is out of range E364xA 110. Published scripts for real ones show that the
questionable status of an output is 1 in constant current and 2 in constant voltage, with bits 7 and 8 for triggers.

Its outputs come on and change at once, and what is asked for is measured over one cycle of the mains of 50 Hz. A pair is
one output with twice the volts (SERies) or the amperes (PARallel) on the leads of channel 2; channel 3 has none of its own.

Triggers, lists, steps, tracking, coupled outputs, the data log, digital pins and calibration are not simulated: their
headers are undefined (-113).

Assumed:

- overvoltage protection up to 6.6 V and 27.5 V, on after ``*RST``, where the overcurrent protection is off, its delay
  50 ms (0 to 0.255 s), and the current limits are the ratings;
- clearing a protection brings back the output as it was; one that goes off for good is switched off before;
- bits 2 and 3 of an output's questionable status: overvoltage, overcurrent; bit 13 of the questionable status is the sum;
- an output that waits for its delay is answered as on; places 0 to 9 of ``*SAV``; recalling an empty one is -221;
- numbers have eight decimals; accuracies of 0.03 % + 3 mV (5 mV) and 0.05 % + 3 mA (1 mA), 0.25 % + 80 uA of readings below
  20 mA, a third of which is the standard deviation of an error; readings have 50 uV and 20 uA of noise.
"""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..arguments import Kind, ScpiError, boolean, choice, integer, number, string
from ..device import ScpiDevice
from ..grammar import on
from ..leads import Leads
from .keysight_e36300_channel import LEAST_AMPERES, OC, OV, RATINGS, Channel, Errors, Settings
from .keysight_e36300_commands import EXTREMES, Amount, Choice, for_channels, nr3

if TYPE_CHECKING:
    from ..world import World

FIRMWARE = "2.1.0-1.0.4-1.12"
APERTURE = 0.02
SUMMARY = 1 << 13
NAMES = {"P6V": 1, "P25V": 2, "N25V": 3, "CH1": 1, "CH2": 2, "CH3": 3, "OUTP1": 1, "OUTP2": 2, "OUTP3": 3}
OUTPUT = choice(*NAMES)


def _volts(channel: Channel) -> tuple[float, float, float]:
    return 0.0, channel.rating.volts * channel.scale[0], 0.0


def _amperes(channel: Channel) -> tuple[float, float, float]:
    many = channel.scale[1]
    return LEAST_AMPERES, channel.rating.amperes * many, channel.rating.rated_amperes * many


def _overvoltages(channel: Channel) -> tuple[float, float, float]:
    most = channel.rating.overvoltage * channel.scale[0]
    return 0.0, most, most


class SimulatedKeysightE36300(ScpiDevice):
    """Three outputs on `leads` (keys ``"1"`` to ``"3"``; a missing one is open). Free of I/O: see `Server`."""

    typical_time: ClassVar[float] = 5e-3
    queue_length: ClassVar[int] = 20

    def __init__(self, world: "World", leads: Mapping[str, Leads], *, serial: str, seed: int = 0) -> None:
        super().__init__(world, f"Keysight Technologies,E36312A,{serial},{FIRMWARE}")
        rng = np.random.default_rng(seed)
        self.outputs = {
            n: Channel(n, leads.get(str(n)) or Leads(world), Errors(rating, rng)) for n, rating in RATINGS.items()
        }
        self.selected, self.pair = 1, "OFF"
        self._saved: dict[int, dict[int, Settings]] = {}
        self._enabled = {"questionable": 0, "instrument": 0}
        world.listen(self._watch)

    def reset(self) -> None:
        """Everything off, no volts, the rated currents."""
        super().reset()
        self.selected, self.pair = 1, "OFF"
        for channel in self.outputs.values():
            channel.reset()
            self.switch(channel, False)

    # What is put out

    def apply(self, channel: Channel) -> None:
        """Bring an output that is on to its present settings."""
        if channel.leads.closed and channel.settings.output and not channel.tripped:
            channel.apply(True)
            channel.limited_since = None
        self._check(channel, self.world.now)

    def switch(self, channel: Channel, on: bool) -> None:
        """After its delay."""
        if channel.switching is not None:
            channel.switching.cancel()
        channel.settings.output = on
        delay = channel.settings.rise if on else channel.settings.fall
        if delay:
            channel.switching = self.world.at(self.world.now + delay, lambda: self._switched(channel, on))
        else:
            self._switched(channel, on)

    def _switched(self, channel: Channel, on: bool) -> None:
        channel.apply(on and not channel.tripped)
        channel.limited_since = None
        self._check(channel, self.world.now)

    def _watch(self, start: float, stop: float) -> None:
        for channel in self.outputs.values():
            self._check(channel, stop)

    def _check(self, channel: Channel, now: float) -> None:
        """Trip a protection when it is time."""
        settings = channel.settings
        if not channel.leads.closed or channel.tripped or not settings.output:
            return
        if settings.overvoltage_on and channel.look().volts > settings.overvoltage:
            self._trip(channel, OV)
        elif settings.overcurrent_on:
            if not channel.look().limited:
                channel.limited_since = None
            elif channel.limited_since is None:
                channel.limited_since = now
                self.world.at(now + settings.overcurrent_delay, lambda: self._check(channel, self.world.now))
            elif now - channel.limited_since >= settings.overcurrent_delay - 1e-12:
                self._trip(channel, OC)

    def _trip(self, channel: Channel, why: int) -> None:
        channel.tripped = why
        channel.events |= why
        channel.apply(False)

    def _clear(self, channel: Channel, why: int) -> None:
        if channel.tripped == why:
            channel.tripped = 0
            self._switched(channel, channel.settings.output)

    def store(self, amount: Amount, channel: Channel, value: float | str) -> None:
        """Set a number. Raises ScpiError -222 out of range, -221 for what a pair leaves to channel 2."""
        low, high, default = amount.limits(channel)
        if isinstance(value, str):
            value = (low, high, default)[EXTREMES[value]]
        if not low <= value <= high:
            raise ScpiError(-222)
        self._own(channel)
        setattr(channel.settings, amount.name, value)
        self.apply(channel)

    def _own(self, channel: Channel) -> None:
        if self.pair != "OFF" and channel.number == 3:
            raise ScpiError(-221, "outputs 2 and 3 are a pair")

    volts = Amount("[:SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude]", "V", "volts", _volts)
    amperes = Amount("[:SOURce]:CURRent[:LEVel][:IMMediate][:AMPLitude]", "A", "amperes", _amperes)
    overvoltage = Amount("[:SOURce]:VOLTage:PROTection[:LEVel]", "V", "overvoltage", _overvoltages)
    overvoltage_on = Choice("[:SOURce]:VOLTage:PROTection:STATe", boolean, "overvoltage_on")
    overcurrent_on = Choice("[:SOURce]:CURRent:PROTection:STATe", boolean, "overcurrent_on")
    overcurrent_delay = Amount(
        "[:SOURce]:CURRent:PROTection:DELay[:TIME]", "s", "overcurrent_delay", lambda _: (0.0, 0.255, 0.05)
    )
    sense = Choice("[:SOURce]:VOLTage:SENSe[:SOURce]", choice("INTernal", "EXTernal"), "sense")
    rise = Amount(":OUTPut:DELay:RISE", "s", "rise", lambda _: (0.0, 3600.0, 0.0))
    fall = Amount(":OUTPut:DELay:FALL", "s", "fall", lambda _: (0.0, 3600.0, 0.0))

    @for_channels("[:SOURce]:VOLTage:PROTection:TRIPped?")
    def _overvoltage_tripped(self, channel: Channel) -> str:
        return str(int(channel.tripped == OV))

    @for_channels("[:SOURce]:CURRent:PROTection:TRIPped?")
    def _overcurrent_tripped(self, channel: Channel) -> str:
        return str(int(channel.tripped == OC))

    @for_channels("[:SOURce]:VOLTage:PROTection:CLEar")
    def _clear_overvoltage(self, channel: Channel) -> None:
        self._clear(channel, OV)

    @for_channels("[:SOURce]:CURRent:PROTection:CLEar")
    def _clear_overcurrent(self, channel: Channel) -> None:
        self._clear(channel, OC)

    @for_channels(":OUTPut[:STATe]", boolean)
    def _set_output(self, channel: Channel, on: bool) -> None:
        if on:
            self._own(channel)
        self.switch(channel, on)

    @for_channels(":OUTPut[:STATe]?")
    def _output(self, channel: Channel) -> str:
        welded = channel.leads.stuck and channel.leads.closed  # it sees its own relay
        return str(int((channel.settings.output and not channel.tripped) or welded))

    @on(":OUTPut:PAIR", choice("OFF", "PARallel", "SERies"))
    def _set_pair(self, pair: str) -> None:
        """Outputs 2 and 3 go off, and begin anew as one."""
        for n in (2, 3):
            self.switch(self.outputs[n], False)
            self.outputs[n].reset()
        self.pair = pair
        scale = {"OFF": (1, 1), "PAR": (1, 2), "SER": (2, 1)}[pair]
        paired = self.outputs[2]
        paired.scale = scale
        paired.settings.overvoltage *= scale[0]
        paired.settings.amperes *= scale[1]

    @on(":OUTPut:PAIR?")
    def _pair(self) -> str:
        return self.pair

    # Measuring

    def _measure(self, channel: Channel, quantity: str) -> str:
        channel.leads.mark()
        self.world.spend(APERTURE)
        mean = channel.leads.mean()
        return nr3(channel.errors.read(quantity, mean.volts if quantity == "V" else mean.amperes))

    @for_channels(":MEASure[:SCALar][:VOLTage][:DC]?")
    def _measure_volts(self, channel: Channel) -> str:
        return self._measure(channel, "V")

    @for_channels(":MEASure[:SCALar]:CURRent[:DC]?")
    def _measure_amperes(self, channel: Channel) -> str:
        return self._measure(channel, "A")

    # Choosing an output, and both its levels at once

    @on(":INSTrument[:SELect]", OUTPUT)
    def _select(self, name: str) -> None:
        self.selected = NAMES[name]

    @on(":INSTrument[:SELect]?")
    def _selection(self) -> str:
        return f"CH{self.selected}"

    @on(":INSTrument:NSELect", integer(1, 3))
    def _select_number(self, n: int) -> None:
        self.selected = n

    @on(":INSTrument:NSELect?")
    def _selected_number(self) -> str:
        return f"{self.selected:+d}"

    @on(":APPLy", OUTPUT, Kind(str, str), Kind(str, str))
    def _apply_levels(self, name: str, volts: str = "", amperes: str = "") -> None:
        channel = self.outputs[NAMES[name]]
        before = copy.copy(channel.settings)
        plain = {"V": number("V"), "A": number("A")}
        try:
            for amount, text, unit in ((self.volts, volts, "V"), (self.amperes, amperes, "A")):
                if text:
                    self.store(amount, channel, text.upper() if text.upper() in EXTREMES else plain[unit].read(text))
        except ScpiError:
            channel.settings = before
            self.apply(channel)
            raise

    @on(":APPLy?", OUTPUT)
    def _applied(self, name: str = "") -> str:
        settings = self.outputs[NAMES[name] if name else self.selected].settings
        return f'"{nr3(settings.volts)},{nr3(settings.amperes)}"'

    # Status

    @on(":STATus:QUEStionable:INSTrument:ISUMmary<1-3>:CONDition?", progress=True)
    def _condition(self, n: int) -> str:
        return f"{self._noted(self.outputs[n]):+d}"

    @on(":STATus:QUEStionable:INSTrument:ISUMmary<1-3>[:EVENt]?")
    def _event(self, n: int) -> str:
        channel = self.outputs[n]
        self._noted(channel)
        events, channel.events = channel.events, 0
        return f"{events:+d}"

    @on(":STATus:QUEStionable:INSTrument:ISUMmary<1-3>:ENABle", integer(0, 32767))
    def _enable(self, n: int, mask: int) -> None:
        self.outputs[n].enabled = mask

    @on(":STATus:QUEStionable:INSTrument:ISUMmary<1-3>:ENABle?")
    def _enabled_of(self, n: int) -> str:
        return f"{self.outputs[n].enabled:+d}"

    @on(":STATus:QUEStionable:INSTrument:ENABle", integer(0, 32767))
    def _enable_instrument(self, mask: int) -> None:
        self._enabled["instrument"] = mask

    @on(":STATus:QUEStionable:ENABle", integer(0, 32767))
    def _enable_questionable(self, mask: int) -> None:
        self._enabled["questionable"] = mask

    @on(":STATus:QUEStionable:INSTrument[:EVENt]?")
    def _instrument_event(self) -> str:
        return f"{self._summaries():+d}"

    @on(":STATus:QUEStionable:CONDition?")
    @on(":STATus:QUEStionable[:EVENt]?")
    def _questionable(self) -> str:
        return f"{self._summary():+d}"

    def _noted(self, channel: Channel) -> int:
        condition = channel.condition()
        channel.events |= condition
        return condition

    def _summaries(self) -> int:
        """Bit n: something that is enabled has happened at output n."""
        for channel in self.outputs.values():
            self._noted(channel)
        return sum(1 << n for n, channel in self.outputs.items() if channel.events & channel.enabled)

    def _summary(self) -> int:
        return SUMMARY if self._summaries() & self._enabled["instrument"] else 0

    @on("*STB?")
    def _stb(self) -> int:
        """ERAV is bit 2, QUES bit 3, ESB bit 5."""
        summary = 0x04 if self._errors else 0
        summary |= 0x08 if self._summary() & self._enabled["questionable"] else 0
        summary |= 0x20 if self._events() & self._event_enable else 0
        return summary | (0x40 if summary & self._service_enable else 0)

    @on("*CLS")
    def _cls(self) -> None:
        super()._cls()
        for channel in self.outputs.values():
            channel.events = 0

    @on(":SYSTem:ERRor[:NEXT]?")
    def _next_error(self) -> str:
        error = self._errors.popleft() if self._errors else ScpiError(0, text="No error")
        return f'{error.code:+d},"{error.text}"'

    # Memory, and what has no part in what is put out

    @on("*SAV", integer(0, 9))
    def _save(self, place: int) -> None:
        self._saved[place] = {n: replace(channel.settings) for n, channel in self.outputs.items()}

    @on("*RCL", integer(0, 9))
    def _recall(self, place: int) -> None:
        if place not in self._saved or self.pair != "OFF":
            raise ScpiError(-221)
        for n, settings in self._saved[place].items():
            self.outputs[n].settings = replace(settings)
            self.switch(self.outputs[n], settings.output)

    @on(":DISPlay[:WINDow][:STATe]", boolean)
    def _display(self, _: bool) -> None:
        """The screen is not simulated."""

    @on(":DISPlay[:WINDow]:TEXT[:DATA]", string)
    def _text(self, _: str) -> None:
        """Nor is what stands on it."""

    @on(":DISPlay[:WINDow]:TEXT:CLEar")
    @on(":SYSTem:BEEPer[:IMMediate]")
    @on(":SYSTem:LOCal")
    @on(":SYSTem:REMote")
    @on(":SYSTem:RWLock")
    def _nothing(self) -> None:
        """Nor are the keys and the beeper."""

    @on(":SYSTem:VERSion?")
    def _version(self) -> str:
        return "1999.0"
