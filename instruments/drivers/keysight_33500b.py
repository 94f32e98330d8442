"""Keysight 33500B arbitrary generators with two channels, from the *33500 Series Operating and Service Guide*, 33500-90901.

Facts of the guide (and of its web help) that this file rests on:

- arbitrary waveforms have 8 to 1,000,000 points; points are read at the sample rate (Waveform Generation Tutorial), which
  goes up to 62.5 MSa/s when no filter smooths them; DAC codes are 16 bits, -32767 to 32767 (``DATA:ARBitrary:DAC``), the byte
  order is ``FORMat:BORDer``'s;
- the amplitude is the peak-to-peak value of the points (``DATA:ATTRibute:PTPeak?``, p. 191, and what it limits), so points
  that span all codes put out offset - amplitude/2 .. offset + amplitude/2; 20 Vpp and 10 V at most into an open circuit
  (p. 215), with ``OUTPut:LOAD INFinity``; the load cannot be changed while the voltage limits are on (p. 62);
- a triggered burst of one cycle starts with ``*TRG`` when the trigger's source is BUS and begins at the starting phase, for an
  arbitrary waveform its first point, at which it waits and to which it goes back (burst phase; p. 157, 177); Sync is high
  from the burst's start to its end; ``*OPC`` tells when it has ended (p. 318).

So a program begins with a sample of 0 V, unless it does so by itself, and its last level is held for a while behind it
(`arbitrary.TAIL_NS`): nothing steps before the oscilloscope's record ends (decision 6). After that it goes back to 0 V.

Assumed: a waveform whose name is taken cannot be loaded again, so the memory is cleared first; it holds some built-in
points, so that not all of a million are free; two channels of one ``*TRG`` start together.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from neurorig.signals import InstrumentError, LimitError, PlanError, Program, Steps

from ..commands import Command, Commanded, choice, command, switch, text
from ..links import Link
from ..scpi import ScpiInstrument
from .arbitrary import Memory, Waveform, waveform

MEMORY = Memory(least=8, most=999_000, fastest=16, top=32767, widest=10.0, narrowest=2e-3)
NAME = "NEURORIG"
OPEN = 9.9e37
_COMPLETE, _ERRORS = 0x01, 0x3C  # of the standard event register (IEEE 488.2, 11.5.1)


class GeneratorChannel(Commanded):
    """One channel; volts are those into an open circuit."""

    output = switch(":OUTP{n}", doc="Whether the output is on.")
    load = Command(
        ":OUTP{n}:LOAD", "Resistance that the voltages count for; 9.9E37: none.", float,
        lambda ohms: "INF" if ohms > 1e4 else f"{ohms:.10G}", "ohm", 1.0, OPEN,
    )  # fmt: skip
    polarity = choice(":OUTP{n}:POL", ("NORM", "INV"), doc="Whether the output is inverted.")
    function = choice(
        ":SOUR{n}:FUNC", ("SIN", "SQU", "TRI", "RAMP", "PULS", "PRBS", "NOIS", "ARB", "DC"), doc="What is put out."
    )
    waveform = text(":SOUR{n}:FUNC:ARB", doc="Name of the arbitrary waveform.")
    rate = command(":SOUR{n}:FUNC:ARB:SRAT", unit="Hz", low=1e-6, high=2.5e8, tolerance=1e-9, doc="Points a second.")
    filter = choice(":SOUR{n}:FUNC:ARB:FILT", ("NORM", "STEP", "OFF"), doc="What smooths the points; OFF: nothing.")
    unit = choice(":SOUR{n}:VOLT:UNIT", ("VPP", "VRMS", "DBM"), doc="Unit of the amplitude.")
    amplitude = command(
        ":SOUR{n}:VOLT",
        unit="V",
        low=1e-3,
        high=20.0,
        tolerance=1e-4,
        resolution=1e-4,
        doc="Highest minus lowest point.",
    )
    offset = command(
        ":SOUR{n}:VOLT:OFFS", unit="V", low=-10.0, high=10.0, tolerance=1e-4, resolution=1e-4,
        doc="Volts midway between the highest and the lowest point.",
    )  # fmt: skip
    limited = switch(":SOUR{n}:VOLT:LIM:STAT", doc="Whether the limits hold.")
    highest = command(
        ":SOUR{n}:VOLT:LIM:HIGH", unit="V", low=-10.0, high=10.0, resolution=1e-3, doc="Volts that it may not exceed."
    )
    lowest = command(
        ":SOUR{n}:VOLT:LIM:LOW", unit="V", low=-10.0, high=10.0, resolution=1e-3, doc="Volts that it may not go below."
    )
    burst = switch(":SOUR{n}:BURS:STAT", doc="Whether a trigger starts it.")
    burst_mode = choice(":SOUR{n}:BURS:MODE", ("TRIG", "GAT"), doc="Counted cycles, or as long as a gate is open.")
    cycles = command(":SOUR{n}:BURS:NCYC", unit="", low=1, high=OPEN, doc="Cycles of a burst; 9.9E37: without end.")
    phase = command(":SOUR{n}:BURS:PHAS", unit="", low=-360, high=360, doc="Where it starts, in degrees of a cycle.")
    trigger = choice(":TRIG{n}:SOUR", ("IMM", "EXT", "TIM", "BUS"), doc="What triggers it.")
    sync_mode = choice(":OUTP{n}:SYNC:MODE", ("NORM", "CARR", "MARK"), doc="What Sync shows; NORM: the burst.")
    sync_polarity = choice(":OUTP{n}:SYNC:POL", ("NORM", "INV"), doc="Whether Sync is inverted.")


class Keysight33500B(ScpiInstrument):
    """Keysight 33512B or 33522B: plays programs of volts as arbitrary waveforms. Fulfils the role `VoltageSource`.

    Channels are named ``"1"`` and ``"2"``. BenchError when another model answers.
    """

    driver: ClassVar[str] = "keysight_33500b"
    safe_state: ClassVar[tuple[str, ...]] = (":OUTP1 OFF", ":OUTP2 OFF")
    off_answers: ClassVar[tuple[tuple[str, str], ...]] = ((":OUTP1?", "0"), (":OUTP2?", "0"))

    sync = switch(":OUTP:SYNC", doc="Whether Sync is on.")
    sync_source = choice(":OUTP:SYNC:SOUR", ("CH1", "CH2"), doc="Channel that Sync belongs to.")
    byte_order = choice(":FORM:BORD", ("NORM", "SWAP"), doc="Byte order of blocks; NORM: the most significant first.")

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        self.channels = {
            str(n): GeneratorChannel(link, name=f"{self.name} channel {n}", suffix=n, warnings=self.warnings)
            for n in (1, 2)
        }
        link.write("*CLS")  # errors of whoever was here before
        self.off()
        self._loaded: list[str] = []
        self._playing = False

    def settings(self) -> dict[str, Any]:
        """Every declared command as read back, the channels' under ``channel_1`` and so on."""
        return super().settings() | {f"channel_{n}": c.settings() for n, c in self.channels.items()}

    # Planning: no input or output.

    def full_scale(self, channel: str) -> float:
        """Largest voltage into an open circuit."""
        self._known(channel)
        return MEMORY.widest

    def resolution(self, channel: str) -> float:
        """Volts of one step of the converter at the largest amplitude; a smaller one has smaller steps."""
        self._known(channel)
        return 2 * MEMORY.widest / (2 * MEMORY.top)

    def fit(self, channel: str, program: Program) -> Steps:
        """Say what would be played, no I/O. Raises PlanError or LimitError."""
        found = self._waveform(channel, program)
        return found.played(found.offset, found.span)

    def _waveform(self, channel: str, program: Program) -> Waveform:
        self._known(channel)
        try:
            return waveform(program, MEMORY)
        except (PlanError, LimitError) as reason:
            raise type(reason)(f"{self.name} ({self.identity.model}) channel {channel}: {reason}") from reason

    def _known(self, channel: str) -> None:
        if channel not in self.channels:
            raise PlanError(f"{self.name}: no channel '{channel}'. Known: {', '.join(self.channels)}.")

    # Playing.

    def load(self, programs: Mapping[str, Program]) -> dict[str, Steps]:
        """Upload one program a channel; the quantised command that each will play.

        A program that does not begin at 0 V begins one sample after Sync: that is in what is given back.
        """
        found = {channel: self._waveform(channel, program) for channel, program in programs.items()}
        self._loaded = []
        self.off()
        self.byte_order = "NORM"
        played = {channel: self._upload(self.channels[channel], shape) for channel, shape in found.items()}
        if found:
            self.sync = True
            self.sync_source = f"CH{next(iter(found))}"
        self.check_errors("loading the programs")
        self._loaded = list(found)
        return played

    def _upload(self, channel: GeneratorChannel, shape: Waveform) -> Steps:
        n = channel.suffix
        channel.burst = False
        channel.limited = False
        channel.load = OPEN
        channel.unit = "VPP"
        channel.offset = 0.0  # what it puts out must be possible with every waveform that comes to be chosen
        channel.amplitude = MEMORY.narrowest
        self.write(f":SOUR{n}:DATA:VOL:CLE")
        points = shape.points
        self.link.write(
            f":SOUR{n}:DATA:ARB:DAC {NAME},", points.astype(">i2").data, timeout=self.link.timeout + len(points) / 1e5
        )
        self.write(f":SOUR{n}:FUNC:ARB {NAME}")
        self.check_errors(f"loading {len(points):,} points into channel {n}")
        if (name := channel.waveform.strip('"')) != NAME:
            raise InstrumentError(f"{self.name}: channel {n} was given the waveform {NAME}, but has {name}.")
        channel.filter = "OFF"
        channel.rate = 1e9 / shape.period_ns
        channel.function = "ARB"
        channel.polarity = "NORM"
        channel.amplitude = shape.span
        channel.offset = shape.offset
        channel.highest = min(shape.offset + 0.51 * shape.span + 0.01, MEMORY.widest)
        channel.lowest = max(shape.offset - 0.51 * shape.span - 0.01, -MEMORY.widest)
        channel.limited = True
        channel.trigger = "BUS"
        channel.burst_mode = "TRIG"
        channel.cycles = 1
        channel.phase = 0
        channel.sync_mode = "NORM"
        channel.sync_polarity = "NORM"
        channel.burst = True
        return shape.played(channel.offset, channel.amplitude)

    def arm(self) -> None:
        """Outputs on at 0 V, waiting for the trigger; confirmed by read-back."""
        if not self._loaded:
            raise InstrumentError(f"{self.name}: nothing is loaded.")
        for channel in self._loaded:
            self.channels[channel].output = True
        self.check_errors("arming")
        self.link.write("*CLS")

    def fire(self) -> None:
        """Start all armed channels now; Sync goes high with the first sample. Never repeated by the link."""
        self._playing = True
        self.link.write("*TRG;*OPC")

    def running(self) -> bool:
        """Whether a program, or the hold of its last level, is still playing (a progress query)."""
        if not self._playing:
            return False
        events = int(float(self.link.query("*ESR?")))
        if events & _ERRORS:
            self.check_errors("playing")
        self._playing = not events & _COMPLETE
        return self._playing

    def off(self) -> None:
        """Outputs off, confirmed."""
        self._playing = False
        for channel in self.channels.values():
            channel.output = False
