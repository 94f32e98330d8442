"""A simulated Keysight 33522B, from the *33500 Series Operating and Service Guide* (33500-90901).

Pages read: output termination 62, Sync 108 (of the user's guide of the 33521A), burst 157 there, burst table and period
177, ``DATA:ATTRibute:PTPeak?`` and what limits the amplitude of a waveform that does not span full scale 191,
``FUNCtion:ARBitrary:PTPeak`` 215, trigger output 264, triggers, ``*WAI``, ``*OPC?`` and the form of numbers 318, high and
low levels and their limits 323; of its web help: the burst subsystem, waveforms and their filters. The ways in which
users have driven real ones give the other headers. Seen on real ones: the identity; "Settings conflict; not able to burst
this function", "frequency forced duty cycle change", "value clipped to upper limit"; a waveform of a name that is taken is
an error; VOLTage is the peak to peak value of the waveform's own points and its zero lies at OFFSet (community.keysight.com
22573), so that ``volts = OFFSet + point x VOLTage / (highest - lowest point)``.

Its outputs here are open: what is set is put out as it is with ``OUTPut:LOAD INFinity``, twice as much with 50 ohms. It
rests at the starting phase, for an arbitrary waveform its first point, and goes back there after a burst.

Modulation, sweeps, sequences, dual waveforms, files, PRBS, external triggers and gates (nothing is connected to Ext Trig),
coupled channels, units other than volts peak to peak and degrees are not simulated: their headers are undefined (-113),
their keywords illegal (-224).

Assumed:

- numbers out of range are set to the limit, with -222; what another setting made impossible changes, with -221; the texts
  behind the semicolon, and 781 and 786, but for those above;
- limits of single numbers that no page above tells (rates, 62.5 MSa/s without filter, phases, levels of the trigger), and
  the settings after ``*RST``: the filter STEP, 40 kSa/s; a memory of 1 000 000 points a channel of which the default
  waveform takes 400; a waveform without any span is scaled as if it had all of it;
- errors of amplitude and offset are a third (one standard deviation) of 1 % and 2 mV; a trigger takes 0.1 us;
- whatever changes the waveform stops a burst; a trigger that comes during a burst, or for which nothing waits, is -211;
- an infinite burst and a burst without end are no pending operations; *OPC? waits for the end of a finite one;
- a waveform without bursts, and its Sync if the period is 1 ms or more, runs while its output is on;
- bits 4 and 5 of the operation status: a trigger is waited for; a download takes 1 us a point.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..arguments import ScpiError, choice, integer
from ..device import Setting
from ..grammar import on
from ..lines import LogicLine
from . import keysight_33500b_shapes as shapes
from .keysight_33500b_channel import CHANNELS, OPEN_VOLTS, Channel, conflict
from .keysight_33500b_commands import nr3
from .keysight_33500b_memory import (
    DEFAULT_WAVEFORM,
    TEXT,
    TOP,
    Codes,
    converter_codes,
    download,
    name_of,
    parts_of_full_scale,
)
from .keysight_33500b_player import Output, Player, Scale
from .keysight_33500b_setup import SOURCE, KeysightSetup
from .keysight_33500b_shapes import Floats, Playback
from .keysight_33500b_sync import SyncConnector

if TYPE_CHECKING:
    from ..world import Event, World

FIRMWARE = "5.00-1.19-2.00-58-00"
TRIGGER_TAKES = 0.1e-6
NOISE_CELLS = 1 << 15
WAITING = 1 << 4 | 1 << 5
"""Bits of the operation status while a trigger is waited for: initiated, ready for a trigger."""


class SimulatedKeysight33500B(KeysightSetup):
    """Two channels playing on `outputs` (keys ``"1"``, ``"2"``; a missing one is open), and the Sync connector on `sync`.

    `memory`: points a channel. Free of I/O: see `Server`.
    """

    point_time: ClassVar[float] = 1e-6
    """Seconds that a point's download takes."""

    byte_order = Setting(":FORMat:BORDer", choice("NORMal", "SWAPped"), "NORM")
    angle_unit = Setting(":UNIT:ANGLe", choice("DEGree"), "DEG")
    operation_enable = Setting(":STATus:OPERation:ENABle", integer(0, 32767), 0)
    questionable_enable = Setting(":STATus:QUEStionable:ENABle", integer(0, 32767), 0)

    def __init__(
        self,
        world: "World",
        outputs: Mapping[str, Output],
        sync: LogicLine,
        *,
        serial: str,
        seed: int = 0,
        memory: int = 1_000_000,
    ) -> None:
        super().__init__(world, f"Agilent Technologies,33522B,{serial},{FIRMWARE}", memory)
        self.sync = SyncConnector(world, sync)
        self.rng = np.random.default_rng(seed)
        self.gain_error = {n: self.rng.normal(0.0, 0.01 / 3) for n in CHANNELS}
        """Parts of what leaves the connector."""
        self.offset_error = {n: self.rng.normal(0.0, 2e-3 / 3) for n in CHANNELS}
        """Volts at the open connector."""
        self.players = {n: Player(world, outputs.get(str(n)), self._volts_of(n)) for n in CHANNELS}
        self._trains: dict[int, Event] = {}
        self._operation = 0
        self.reset()

    def reset(self) -> None:
        """Outputs off, a sine of 1 kHz and 0.1 V peak to peak set up; the waveforms in memory stay."""
        super().reset()
        for channel in self.channel.values():
            self.begin(channel)

    def power_cycle(self) -> None:
        """The waveforms are gone as well."""
        for channel in self.channel.values():
            channel.memory.clear()
        super().power_cycle()

    def complete(self) -> bool:
        """Whether no burst that ends by itself is under way."""
        return not any(self._pending(channel) for channel in self.channel.values())

    def _pending(self, channel: Channel) -> bool:
        own = channel.trigger in ("IMM", "TIM")
        return channel.bursting and not own and not math.isinf(channel.cycles) and self.players[channel.number].busy

    # What is put out

    def _volts_of(self, n: int) -> Scale:
        def volts(x: Floats) -> Floats:
            channel = self.channel[n]
            sign = 1.0 if channel.inverted == "NORM" else -1.0
            gain = 0.0 if channel.function == "DC" else sign * channel.amplitude / channel.span
            at_load = channel.offset + gain * x
            return at_load * (OPEN_VOLTS / channel.most) * (1 + self.gain_error[n]) + self.offset_error[n]

        return volts

    def level(self, channel: Channel) -> None:
        """The same levels in other volts, or the relay moved: a burst goes on behind it."""
        player = self.players[channel.number]
        channel.output = channel.output or player.welded
        if player.closed != channel.output and self._steady(channel):
            self.begin(channel)
            return
        player.closed = channel.output
        player.refresh()
        self.sync.level(channel, self.sync_source)

    @staticmethod
    def _steady(channel: Channel) -> bool:
        """Whether its waveform goes on and on; with nothing on Ext Trig, the gate is open if it is inverted."""
        return not channel.bursting or (channel.burst_mode == "GAT" and channel.gate == "INV")

    def begin(self, channel: Channel) -> None:
        """Whatever was under way ends; the waveform begins, or its starting phase waits for a trigger."""
        n = channel.number
        if n in self._trains:
            self._trains.pop(n).cancel()
        player = self.players[n]
        channel.output = channel.output or player.welded
        player.closed = channel.output
        channel.armed = False
        if not self._steady(channel):
            player.hold(self._playback(channel, 1.0).rest)
            self.sync.stop(channel, self.sync_source)
            if channel.burst_mode == "TRIG" and channel.continuous:
                self._wait(channel)
        elif channel.output and channel.function != "DC":
            player.play(self._playback(channel, math.inf), self.world.now)
            self.sync.follow(channel, self.sync_source, self.world.now)
        else:
            player.hold(0.0)
            self.sync.stop(channel, self.sync_source)

    def _playback(self, channel: Channel, cycles: float) -> Playback:
        """So many cycles of what is set up, from its starting phase."""
        angle = channel.burst_phase if channel.bursting else channel.phase
        fraction = (angle / 360.0) % 1.0
        if channel.function == "ARB":
            samples = channel.memory.codes(channel.selected) / TOP
            samples = np.roll(samples, -round(fraction * len(samples)))
            return shapes.of_samples(samples, channel.rate, channel.filter, cycles)
        period = channel.period
        if channel.function == "SIN":
            return shapes.of_function(shapes.sine(period).begun_at(fraction), cycles, math.sin(2 * math.pi * fraction))
        if channel.function in ("RAMP", "TRI"):
            symmetry = channel.symmetry / 100 if channel.function == "RAMP" else 0.5
            cycle = shapes.ramp(period, symmetry).begun_at(fraction)
            return shapes.of_function(cycle, cycles, shapes.ramp_at(fraction, symmetry))
        if channel.function in ("SQU", "PULS"):
            high = period * channel.duty / 100 if channel.function == "SQU" else min(channel.width, period * 0.999)
            turned = shapes.rectangle(period, high).begun_at(fraction if channel.function == "SQU" else 0.0)
            # A pulse rests low, a square wave at what its starting phase is.
            return shapes.of_function(turned, cycles, -1.0 if channel.function == "PULS" else float(turned.x[0]))
        if channel.function == "NOIS":
            return shapes.of_function(shapes.noise(channel.bandwidth, NOISE_CELLS, self.rng), cycles, 0.0)
        return shapes.of_function(shapes.constant(0.0, 1.0), cycles, 0.0)

    # Triggers

    def _wait(self, channel: Channel) -> None:
        """Wait for a trigger, which comes by itself from an inner source."""
        channel.armed = True
        if channel.trigger in ("IMM", "TIM"):
            if math.isinf(channel.cycles):
                channel.trigger = "BUS"
                self.fail(conflict("infinite burst changed trigger source to BUS"))
                return
            name = "burst_period" if channel.trigger == "IMM" else "timer"
            shortest = channel.cycles * channel.period + 1e-6
            if getattr(channel, name) < shortest:
                setattr(channel, name, shortest)
                self.fail(conflict("burst period increased to fit entire burst"))
            self._train(channel, getattr(channel, name))

    def _train(self, channel: Channel, period: float) -> None:
        if not self.players[channel.number].busy:  # a trigger delay can make it last longer
            self._fire(channel)
        self._trains[channel.number] = self.world.at(self.world.now + period, lambda: self._train(channel, period))

    def _fire(self, channel: Channel) -> None:
        """Raises ScpiError -211 when no trigger is waited for."""
        player = self.players[channel.number]
        if not channel.bursting or not channel.armed or player.busy:
            raise ScpiError(-211, text="Trigger ignored")
        channel.armed = channel.continuous
        start = self.world.now + TRIGGER_TAKES + channel.delay
        player.play(self._playback(channel, channel.cycles), start)
        self.sync.burst(channel, self.sync_source, start)

    @on("*TRG")
    def _bus_trigger(self) -> None:
        waiting = [channel for channel in self.channel.values() if channel.trigger == "BUS" and channel.bursting]
        if not waiting:
            raise ScpiError(-211, text="Trigger ignored")
        for channel in waiting:
            try:
                self._fire(channel)
            except ScpiError as error:
                self.fail(error)

    @on(":TRIGger<1-2>[:SEQuence][:IMMediate]")
    def _trigger_now(self, n: int) -> None:
        self._fire(self.channel[n])

    @on(":INITiate<1-2>[:IMMediate]")
    def _initiate(self, n: int) -> None:
        channel = self.channel[n]
        if channel.continuous or channel.armed or not channel.bursting:
            raise ScpiError(-213, text="INIT ignored")
        self._wait(channel)

    @on(":INITiate<1-2>[:IMMediate]:ALL")
    def _initiate_all(self, _: int) -> None:
        for n in CHANNELS:
            self._initiate(n)

    @on(":ABORt")
    def _abort(self) -> None:
        for channel in self.channel.values():
            if channel.bursting:
                self.begin(channel)

    @on(SOURCE + ":PHASe:SYNChronize")
    def _synchronize(self, _: int) -> None:
        for channel in self.channel.values():
            self.begin(channel)

    # Arbitrary waveforms

    def _load(self, n: int, name: str, codes: Codes) -> None:
        self.channel[n].memory.store(name_of(name), codes)
        self.world.spend(len(codes) * self.point_time)

    @download(SOURCE + ":DATA:ARBitrary")
    def _load_values(self, n: int, name: str, values: list[str]) -> None:
        self._load(n, name, parts_of_full_scale(values, self.byte_order == "SWAP"))

    @download(SOURCE + ":DATA:ARBitrary:DAC")
    def _load_codes(self, n: int, name: str, values: list[str]) -> None:
        self._load(n, name, converter_codes(values, self.byte_order == "SWAP"))

    @on(SOURCE + ":DATA:VOLatile:CLEar")
    def _clear(self, n: int) -> None:
        channel = self.channel[n]
        channel.memory.clear()
        channel.selected = DEFAULT_WAVEFORM
        if channel.function == "ARB":
            self.fit_levels(channel, "waveform")
            self.begin(channel)

    @on(SOURCE + ":DATA:VOLatile:CATalog?")
    def _catalog(self, n: int) -> str:
        return ",".join(f'"{name}"' for name in self.channel[n].memory.names)

    @on(SOURCE + ":DATA:VOLatile:FREE?")
    def _free(self, n: int) -> str:
        return f"{self.channel[n].memory.free:+d}"

    def _points_of(self, n: int, name: str) -> Floats:
        channel = self.channel[n]
        return channel.memory.codes(name_of(name) if name else channel.selected) / TOP

    @on(SOURCE + ":DATA:ATTRibute:POINts?", TEXT)
    def _count(self, n: int, name: str = "") -> str:
        return f"{len(self._points_of(n, name)):+d}"

    @on(SOURCE + ":DATA:ATTRibute:PTPeak?", TEXT)
    def _span_of(self, n: int, name: str = "") -> str:
        return f"{np.ptp(self._points_of(n, name)):+.4f}"

    @on(SOURCE + ":DATA:ATTRibute:AVERage?", TEXT)
    def _mean_of(self, n: int, name: str = "") -> str:
        return f"{self._points_of(n, name).mean():+.4f}"

    @on(SOURCE + ":FUNCtion:ARBitrary", TEXT)
    def _select(self, n: int, name: str) -> None:
        channel = self.channel[n]
        chosen = name_of(name)
        channel.memory.codes(chosen)
        channel.selected, channel.marker = chosen, 0.0
        if channel.function == "ARB":
            self.fit_levels(channel, "waveform")
            self.begin(channel)

    @on(SOURCE + ":FUNCtion:ARBitrary?")
    def _selected(self, n: int) -> str:
        return f'"{self.channel[n].selected}"'

    # APPLy

    @on(SOURCE + ":APPLy?")
    def _applied(self, n: int) -> str:
        channel = self.channel[n]
        rate = channel.rate if channel.function == "ARB" else channel.frequency
        return f'"{channel.function} {nr3(rate)},{nr3(channel.amplitude)},{nr3(channel.offset)}"'

    # Status

    def _condition(self) -> int:
        waiting = any(c.bursting and c.armed and not self.players[n].busy for n, c in self.channel.items())
        self._operation |= WAITING if waiting else 0
        return WAITING if waiting else 0

    @on(":STATus:OPERation:CONDition?", progress=True)
    def _operation_condition(self) -> str:
        return f"{self._condition():+d}"

    @on(":STATus:OPERation[:EVENt]?")
    def _operation_event(self) -> str:
        self._condition()
        events, self._operation = self._operation, 0
        return f"{events:+d}"

    @on("*STB?")
    def _stb(self) -> int:
        """ERAV is bit 2, ESB bit 5, OPER bit 7."""
        self._condition()
        summary = 0x04 if self._errors else 0
        summary |= 0x20 if self._events() & self._event_enable else 0
        summary |= 0x80 if self._operation & self.operation_enable else 0
        return summary | (0x40 if summary & self._service_enable else 0)

    @on("*CLS")
    def _cls(self) -> None:
        super()._cls()
        self._operation = 0

    @on(":STATus:QUEStionable:CONDition?")
    @on(":STATus:QUEStionable[:EVENt]?")
    def _questionable(self) -> str:
        """Nothing overloads an open output."""
        return "+0"

    @on(":SYSTem:ERRor[:NEXT]?")
    def _next_error(self) -> str:
        error = self._errors.popleft() if self._errors else ScpiError(0, text="No error")
        return f'{error.code:+d},"{error.text}"'
