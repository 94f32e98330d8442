"""The two-channel Arduino current source, from hardware/firmware/PROTOCOL.md alone (sections are that page's)."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from neurorig.signals import BenchError, InstrumentError, LinkError, PlanError, Program, Stamps, Steps, show

from ..commands import Commanded, choice, command, text
from ..links import KeepAlive, Link, Resync
from ..roles import Identity, SelfReport
from . import DRIVERS
from .arduino_calibration import Corrections
from .arduino_report import Recorder
from .arduino_stream import QUANTITIES, ArduinoAdc, SpikeInput
from .segments import FULL_SCALE, STEPS, Encoded, encode

DEADLINE = 0.5  # seconds for an answer (section 2)
GREETING = 4.0  # an Uno restarts when its port is opened, and sits in its bootloader for a second
WATCHDOG = 2.0
PING = 0.5  # seconds of silence after which the link feeds the watchdog by itself
PATIENCE = 10.0  # seconds beyond the length of a program in which a silent host is still believed to be well
CONTRACT = "1"

_RESYNC = Resync(lambda _: [("SYST:VERS?", r"\d+\.\d+")], settle=0.3)
_GREETING = Resync(lambda _: [("*IDN?", r"(?!HELLO )[^,]+(,[^,]+){3}")])

# Status bits (section 9)
_RUNNING, _ARMED, _ON = 1 | 2, 4, (8, 16)
_LIVE = _RUNNING | _ARMED | _ON[0] | _ON[1]
_OVERRUN, _TRIPPED, _LOST_STAMPS, _RESTARTED = 32, 64, 256, 512
_UNSOUND = {
    "LOST": "its calibration memory was lost; corrections are zero.",
    "CHANGED": "its calibration was changed and not stored; it holds until the source is switched off.",
}
_CRC8 = [0] * 256
for _byte in range(256):
    _value = _byte
    for _ in range(8):
        _value = (_value << 1 ^ 0x07 if _value & 0x80 else _value << 1) & 0xFF
    _CRC8[_byte] = _value


def crc8(line: bytes) -> int:
    """The optional checksum of a line (section 2): polynomial 0x07, initial value 0."""
    value = 0
    for byte in line:
        value = _CRC8[value ^ byte]
    return value


def _checked(link: Link, line: str) -> str:
    """The answer to a line, with a checksum both ways. Raises InstrumentError when it is damaged."""
    answer, _, checksum = link.query(f"{line}*{crc8(line.encode()):02X}", timeout=DEADLINE).rpartition("*")
    if checksum != f"{crc8(answer.encode('latin-1')):02X}":
        raise InstrumentError(f"{link.resource}: '{answer}*{checksum}' to '{line}' is damaged or no answer to it.")
    return answer


class SourceChannel(Commanded):
    """One channel of the source."""

    level = command(
        "SOUR{n}:CURR", unit="A", low=-250e-6, high=250e-6, scale=1e-9, query_only=True,
        doc="Set level: what an enabled output delivers when no program plays.",
    )  # fmt: skip
    range = text("SOUR{n}:RANG", doc="Range jumper (FULL 250 uA, QUARTER 62.5 uA) and one step in pA.")
    output = choice("OUTP{n}", ("ON", "OFF"), doc="Output enable line; off: no current whatever the converters hold.")
    tick = command("SOUR{n}:WAV:TICK", unit="s", low=50e-6, high=10e-3, scale=1e-6, doc="Length of a program's tick.")
    program = text("SOUR{n}:WAV:CHEC", doc="Program loaded: segments, ticks, CRC-16.")
    measured = command(
        "MEAS:CURR", unit="A", low=-250e-6, high=250e-6, scale=1e-9, query_only=True, question="MEAS:CURR? {n}",
        doc="The source's inner look at its driven leg: reported, not measured; it does not see compliance.",
    )  # fmt: skip
    terminal = command(
        "MEAS:VOLT", unit="V", low=0, high=4.995, scale=1e-3, query_only=True, question="MEAS:VOLT? {n}",
        doc="Buffered voltage at the terminal; saturates at 4.995 V.",
    )  # fmt: skip


class ArduinoSource(Commanded):
    """The Arduino current source: plays programs of current from its own memory, two channels on one clock.

    Fulfils the role `CurrentSource`. Channels are named ``"1"`` and ``"2"``. While outputs are on, the link feeds the
    source's watchdog by itself. Raises BenchError when something else answers, or a firmware with another contract.
    """

    driver: ClassVar[str] = "arduino_source"
    safe_state: ClassVar[tuple[str, ...]] = ("SYST:SAFE", "", "SYST:SAFE")
    ranges: ClassVar[tuple[float, ...]] = tuple(FULL_SCALE.values())
    """The empty line is the pause after which a block that was cut off has timed out (section 10)."""

    watchdog = command(
        "SYST:WDOG", unit="s", low=0.1, high=60, scale=1e-3,
        doc="Silence of the host after which the source makes itself safe.",
    )  # fmt: skip
    trigger = choice("TRIG:SOUR", ("IMM", "EXT"), doc="What starts an armed source: TRIG, or an edge at TRIG IN.")
    sync = choice("SYNC:MODE", ("START", "EPOCH", "OFF"), doc="SYNC OUT; START: high while programs play.")
    contract = text("SYST:VERS", doc="Version of the protocol.")
    last_restart = text("SYST:RST", doc="Cause of the last restart.")
    calibration = text("CAL:STAT", doc="State of the stored calibration.")

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name or self.driver)
        link.timeout = DEADLINE
        self.query, self.write = self._ask, self._command
        self._keep_alive: KeepAlive | None = None
        self._loaded: dict[str, Encoded] = {}
        self.identity = DRIVERS[self.driver].check(self._greeted(), link, serial_number)
        contract = self.contract
        if contract.partition(".")[0] != CONTRACT:
            raise BenchError(f"{link.resource}: speaks protocol {contract}, this driver speaks {CONTRACT}.")
        self.channels = {
            str(n): SourceChannel(link, name=f"{self.name} channel {n}", suffix=n, warnings=self.warnings)
            for n in (1, 2)
        }
        self.inputs = {
            str(n): SpikeInput(link, name=f"{self.name} SPIKE IN {n}", suffix=n, warnings=self.warnings) for n in (1, 2)
        }
        self.adc = ArduinoAdc(link, self.identity, contract, name=f"{self.name} ADC", warnings=self.warnings)
        """Its own converter, in the role `Digitizer`; what it tells is reported, not measured."""
        self.corrections = Corrections(self.name, contract, self._ask, self._command)
        self._recorder: Recorder | None = None
        for part in (*self.channels.values(), *self.inputs.values(), self.adc):
            part.query, part.write = self._ask, self._command
        self._begin()

    def settings(self) -> dict[str, Any]:
        """Every declared command as read back, those of its parts under ``channel_1``, ``spike_in_1``, ``adc``."""
        parts: dict[str, Commanded] = {f"channel_{n}": c for n, c in self.channels.items()}
        parts |= {f"spike_in_{n}": i for n, i in self.inputs.items()} | {"adc": self.adc}
        return super().settings() | {name: part.settings() for name, part in parts.items()}

    # Planning: no input or output.

    def full_scale(self, channel: str) -> float:
        """Largest current (A) of the range that the jumper selects, as read back."""
        return self._full_scale[self._known(channel)]

    def resolution(self, channel: str) -> float:
        """Amperes of one step of the converter in the present range."""
        return self.full_scale(channel) / STEPS

    def fit(self, channel: str, program: Program) -> Steps:
        """The steps that the source would play for `program`: levels on its converter's codes, durations exact.

        LimitError when a level is beyond its range, PlanError (with what would fit) when the program does not fit.
        """
        return self._encoded({channel: program})[channel].steps

    def _encoded(self, programs: Mapping[str, Program]) -> dict[str, Encoded]:
        scales = [self._full_scale[self._known(c)] for c in programs]
        return dict(zip(programs, encode(list(programs.values()), scales), strict=True))

    # Playing.

    def load(self, programs: Mapping[str, Program]) -> dict[str, Steps]:
        """Upload one program a channel (the other channel gets none) and give back what each will play.

        Tick and checksum are read back. Raises like `fit`, and InstrumentError when the source refuses.
        """
        self._loaded = {}
        self._recorder = None
        if self.adc.streaming:
            self.adc.stop()  # no program is received while it streams (section 14)
        self._read_ranges()
        encoded = self._encoded(programs)
        for name, channel in self.channels.items():
            if name in encoded:
                self._upload(channel, encoded[name])
            else:
                self._confirmed(f"SOUR{name}:WAV:DATA", b"\xff\xff")
        self._loaded = encoded
        return {name: e.steps for name, e in encoded.items()}

    def _upload(self, channel: SourceChannel, encoded: Encoded) -> None:
        channel.tick = encoded.tick * 1e-6
        self._confirmed(f"SOUR{channel.suffix}:WAV:DATA", encoded.payload)
        expected = f"{len(encoded.words)},{encoded.ticks},{encoded.crc:04X}"
        if (found := channel.program) != expected:
            raise InstrumentError(f"{channel.name}: holds program {found}, {expected} was sent. Load it again.")

    def arm(self) -> None:
        """Switch the loaded channels' outputs on at zero and wait for a trigger; confirmed by the status.

        Raises InstrumentError when there is nothing to play or the source refuses.
        """
        if not self._loaded:
            raise InstrumentError(f"{self.name}: there is no program to play; load one first.")
        self._rest()
        patience = self._duration() + PATIENCE
        self._keep_alive = KeepAlive(self.link, lambda link: link.query("SYST:VERS?"), PING, patience)
        for name, channel in self.channels.items():
            channel.output = "ON" if name in self._loaded else "OFF"
        if self._recorder is not None:
            self._recorder.begin()
        self.write("ARM")
        status = self._status()
        wanted = _ARMED | sum(_ON[int(name) - 1] for name in self._loaded)
        if status & (_ARMED | _ON[0] | _ON[1]) != wanted:
            raise InstrumentError(f"{self.name}: did not arm; its status is {status}, {wanted} was expected.")

    def _duration(self) -> float:
        """Seconds that what is loaded will play."""
        return max((e.steps.duration for e in self._loaded.values()), default=0.0)

    def fire(self) -> None:
        """Start now; SYNC OUT rises with the first tick. Never repeated: after a failure ask `running`."""
        self.write("TRIG")

    def running(self) -> bool:
        """Whether a program is playing. Raises InstrumentError on a trip, an overrun or a restart."""
        self._record()
        running = bool(self._status() & _RUNNING)
        self._record()  # before somebody else is asked, which may take a while
        return running

    def _record(self) -> None:
        if self._recorder is not None and self._recorder.begun:
            self._recorder.take()

    def off(self) -> None:
        """Zero and disable both outputs, confirmed by the status."""
        for channel in self.channels.values():
            channel.write(f"OUTP{channel.suffix} OFF")
        if status := int(self.query("STAT?")) & _LIVE:
            raise InstrumentError(f"{self.name}: an output is still on (status {status}). Switch it off by hand.")
        self._rest()

    def read_back(self, channel: str) -> float:
        """The source's own look at the driven leg in A, in steps of 0.24 uA: reported, not measured (section 4)."""
        return self.channels[self._known(channel)].measured

    def safe(self) -> None:
        """Zero current at once, blindly; the pause and the second line only after a block that may be half sent."""
        lines = self.safe_state if self.link.midway else self.safe_state[:1]
        self._rest()
        self.link.send_safe(lines)

    def confirm_safe(self) -> None:
        """Ask whether nothing plays and both outputs are off. Raises BenchError when it does not say so in 4 s."""
        self.confirm(self.link)

    @staticmethod
    def confirm(link: Link) -> None:
        """As `confirm_safe`, over a link of which nothing is known: the source may just restart and be deaf."""
        link.resync = _RESYNC
        deadline = time.monotonic() + GREETING
        while True:
            try:
                status = int(_checked(link, "STAT?")) & _LIVE
                break
            except (BenchError, ValueError) as reason:
                if time.monotonic() > deadline:
                    raise InstrumentError(f"{link.resource}: does not say whether it is safe ({reason})") from reason
                time.sleep(0.1)
                link.send_safe(ArduinoSource.safe_state[:1])  # over a new connection, should the old one be gone
        if status:
            raise InstrumentError(f"{link.resource}: was told to be safe, but an output is on (status {status})")

    def close(self) -> None:
        """Release the link. Outputs that are on are switched off by the source's watchdog."""
        self._rest()
        self.link.close()

    # What it tells of itself.

    def stamp_spikes(self, channel: str, on: bool = True) -> None:
        """Time-stamp rising edges at SPIKE IN from the next start on, confirmed."""
        self.inputs[self._known(channel)].switch(on)

    def spikes(self, channel: str) -> Stamps:
        """Take the time stamps that were not fetched yet. The source keeps 44: fetch while it runs."""
        return self.inputs[self._known(channel)].take()

    def report(self, channels: Sequence[str], inputs: Sequence[str]) -> None:
        """Keep voltage and current of these channels, and stamps of these SPIKE INs, of what is loaded, from `arm` on.

        They are fetched whenever `running` is asked: at least every 70 ms. One channel is read back 1000 times a second, two are
        500 times, half as often in a program of more than 10 s; each trace has its rate. A firmware that cannot stream gives
        stamps only.
        """
        quantities = [q for q in QUANTITIES if q[1:] in [self._known(c) for c in channels]]
        if quantities and not self.adc.possible:
            quantities = []
            told = f"{self.name}: its firmware speaks protocol {self.contract} and streams no read-backs; 1.1 does."
            self.warnings += [told] if told not in self.warnings else []
        spikes = {c: self.inputs[self._known(c)] for c in inputs}
        self._recorder = Recorder(self.adc, quantities, spikes, self._duration())

    def reported(self) -> SelfReport:
        """End the report and give it; for after `off`. InstrumentError when nothing was played since `report`."""
        recorder, self._recorder = self._recorder, None
        if recorder is None or not recorder.begun:
            raise InstrumentError(f"{self.name}: there is no report; ask for one after loading, before it is armed.")
        return recorder.finish()

    # Lines.

    def _ask(self, line: str) -> str:
        return self._answer(line, None)

    def _command(self, line: str) -> None:
        self._confirmed(line)

    def _confirmed(self, line: str, block: bytes | None = None) -> None:
        if (answer := self._answer(line, block)) != "OK":
            raise InstrumentError(f"{self.name}: '{line}' was answered '{answer}' instead of OK.")

    def _answer(self, line: str, block: bytes | None) -> str:
        """One transaction with a checksum both ways (a block has its own). Raises InstrumentError on ``ERR``."""
        answer = _checked(self.link, line) if block is None else self.link.query(line, block)
        if answer.startswith("ERR "):
            raise InstrumentError(f"{self.name}: refused '{line}': {answer[4:]}.")
        return answer

    def _status(self) -> int:
        status = int(self.query("STAT?"))
        if status & (_TRIPPED | _OVERRUN | _RESTARTED):
            raise InstrumentError(f"{self.name}: {self._explained(status)}")
        return status

    def _explained(self, status: int) -> str:
        if status & _TRIPPED:
            return (
                f"its watchdog tripped: it heard nothing for {show(self.watchdog, 's')} and switched the outputs off. "
                "The sweep is lost; connect again."
            )
        if status & _RESTARTED:
            return f"it restarted ({self.last_restart}); the outputs are off and its program is lost. Check its supply."
        return "a tick came late (overrun): the timing of this sweep is not to be trusted. Use a longer tick."

    # Connecting.

    def _greeted(self) -> Identity:
        """Ask who is there until it answers: after a restart it says HELLO unasked and is deaf for a while."""
        deadline = time.monotonic() + GREETING
        self.link.resync = _GREETING
        while True:
            try:
                fields = self._ask("*IDN?").split(",")
                if len(fields) == 4:
                    self.link.resync = _RESYNC
                    return Identity(*fields)
            except (LinkError, InstrumentError) as reason:
                if time.monotonic() > deadline:
                    return self._greeted_plainly(reason)

    def _greeted_plainly(self, reason: BenchError) -> Identity:
        """Who is there, if it is something that knows no checksums. Raises `reason` if nobody can be told."""
        try:
            return Identity(*self.link.query("*IDN?").split(","))
        except (LinkError, TypeError):
            raise reason from None

    def _begin(self) -> None:
        """A known state: outputs off, latched bits cleared, watchdog set and read back."""
        self.write("*RST")
        status = int(self.query("STAT?"))
        if status & _TRIPPED:
            self.warnings.append(f"{self.name}: its watchdog had tripped before this connection.")
        if told := _UNSOUND.get(self.calibration):
            self.warnings.append(f"{self.name}: {told}")
        self.write("*CLS")
        self.watchdog = WATCHDOG
        self.sync = "START"
        self.trigger = "IMM"
        self._read_ranges()

    def _read_ranges(self) -> None:
        self._full_scale = {n: FULL_SCALE[c.range.partition(",")[0]] for n, c in self.channels.items()}
        self.adc.full_scale = self._full_scale

    def _rest(self) -> None:
        if self._keep_alive is not None:
            self._keep_alive.stop()
            self._keep_alive = None

    def _known(self, channel: str) -> str:
        if channel not in self.channels:
            raise PlanError(f"{self.name}: no channel '{channel}'. Known: {', '.join(self.channels)}.")
        return channel

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Sequence[object]) -> None:
        """Leave nothing on that this driver may have switched on."""
        try:
            self.safe()
        finally:
            self.close()
