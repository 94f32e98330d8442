"""Tektronix 2 Series MSO oscilloscopes with four channels, from the *2 Series MSO Programmer Manual*.

Facts that this file rests on (the same in the manuals of the 4, 5 and 6 Series):

- ``TRIGger:STATE?`` tells ARMED while the pre-trigger memory fills, READY when it waits, TRIGGER, and SAVE once it has
  stopped; ``ACQuire:STOPAfter SEQuence`` makes one acquisition of ``ACQuire:STATE RUN``; ``ACQuire:NUMACq?`` counts them;
- volts = (code - YOFF) x YMULT + YZERO and seconds = XZERO + (k - PT_OFF) x XINCR (``WFMOutpre``); ``CURVe?`` gives the points
  from ``DATa:STARt`` to ``DATa:STOP`` in one block, ``DATa:ENCdg SRIbinary`` signed with the low byte first;
- ``HORizontal:POSition`` is the part of the record before the trigger in percent, with ``HORizontal:DELay:MODe OFF``;
- events are taken out of their queue with ``EVMsg?`` once ``*ESR?`` has been read.

Assumed, because no page at hand says it: rate = record length / (10 divisions x scale), for the lengths in decades and the
scales 1 and 2 times powers of ten that are used here; 10 M points, 2.5 GS/s, half of it with a pair of channels (data
sheet); reach of offsets (data sheet) and of levels, 5 divisions. The rate is checked when it is armed, every record against
what was asked for. The picture of the screen is a file on the instrument, whose length is not told when it is read: not offered.
"""

from collections.abc import Sequence
from typing import ClassVar, NoReturn

import numpy as np

from neurorig.signals import InstrumentError, PlanError, Trace, show

from ..commands import Commanded, choice, command, integer, switch
from ..links import Link
from ..roles import Acquisition, ChannelSetup, Identity
from .scope import Progress, ScopeDriver, State
from .scope_tables import Memory, Screen, steps_125

DIVISIONS = 10
DEPTHS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
TIMEBASES = tuple(t for t in steps_125(1e-9, 100) if not f"{t:e}".startswith("5"))
"""Seconds a division; of the steps 1-2-4 those that are also of 1-2-5."""
STATES: dict[str, State] = {
    "AUTO": "filling", "ARMED": "filling", "READY": "waiting", "TRIGGER": "triggered", "SAVE": "stopped",
}  # fmt: skip
LIMIT = 20e6
"""Hertz of the low-pass."""


class TektronixChannel(Commanded):
    """One analog channel (``CH<x>``); every voltage is at the probe's tip."""

    shown = switch("DISplay:GLObal:CH{n}:STATE", doc="Whether the channel is on.")
    coupling = choice("CH{n}:COUPling", ("AC", "DC", "DCREJ"), doc="Input coupling.")
    bandwidth = command("CH{n}:BANdwidth", unit="Hz", low=0, high=1e10, query_only=True, doc="Bandwidth.")
    probe = command(
        "CH{n}:PROBEFunc:EXTAtten", unit="", low=1e-10, high=1e10, doc="Attenuation of a probe that tells none."
    )
    scale = command("CH{n}:SCAle", unit="V", low=1e-13, high=1e12, doc="Volts a division; 10 divisions on the screen.")
    position = command(
        "CH{n}:POSition", unit="", low=-5, high=5, resolution=0.01, doc="Divisions from the middle to zero volts."
    )
    offset = command(
        "CH{n}:OFFSet", unit="V", low=-1e12, high=1e12, tolerance=0.02, resolution=2e-3,
        doc="Volts in the middle of the screen.",
    )  # fmt: skip
    level = command(
        "TRIGger:A:LEVel:CH{n}", unit="V", low=-1e12, high=1e12, tolerance=0.02, resolution=2e-3,
        doc="Level of the edge trigger.",
    )  # fmt: skip


class TektronixMSO2(ScopeDriver):
    """Tektronix 2 Series MSO with four channels: single triggered records.

    Fulfils the role `Oscilloscope`. Channels are named ``"1"`` to ``"4"``. BenchError when another model answers.
    """

    driver: ClassVar[str] = "tektronix_mso2"
    error_question: ClassVar[str] = "EVMsg?"
    probes: ClassVar[tuple[float, ...]] = steps_125(0.1, 1000)
    safe_state: ClassVar[tuple[str, ...]] = ("ACQuire:STATE STOP",)
    screen: ClassVar[Screen] = Screen(
        scales=steps_125(1e-3, 10),
        divisions=DIVISIONS,
        furthest=lambda scale: 100 if scale >= 1 else 10 if scale > 0.063 else 1,
        level_divisions=5,
        probes=steps_125(0.1, 1000),
    )
    memory = Memory(DIVISIONS, TIMEBASES, {1: DEPTHS, 2: DEPTHS}, {1: 2.5e9, 2: 1.25e9}, "{} channel(s) of a pair")

    timebase = command("HORizontal:SCAle", unit="s", low=1e-10, high=1000, doc="Seconds a division; 10 on the screen.")
    depth = integer("HORizontal:RECOrdlength", low=1000, high=10_000_000, doc="Points of a record.")
    position = command(
        "HORizontal:POSition", unit="", low=0, high=100, tolerance=1e-3, resolution=0.1,
        doc="Percent of the record that come before the trigger.",
    )  # fmt: skip
    delayed = switch("HORizontal:DELay:MODe", doc="Whether a delay counts in place of the position.")
    rate = command("HORizontal:SAMPLERate", unit="Hz", low=0, high=1e11, query_only=True, doc="Sample rate.")
    acquisition_type = choice(
        "ACQuire:MODe", ("SAMPLE", "PEAKDETECT", "HIRES", "AVERAGE", "ENVELOPE"), doc="How samples become points."
    )
    stop_after = choice("ACQuire:STOPAfter", ("RUNSTOP", "SEQUENCE"), doc="Whether it stops after one acquisition.")
    acquired = integer("ACQuire:NUMACq", low=0, high=2**31, query_only=True, doc="Acquisitions since it was started.")
    trigger_type = choice(
        "TRIGger:A:TYPe",
        (*("EDGE", "WIDTH", "TIMEOUT", "RUNT", "WINDOW", "LOGIC", "SETHOLD", "TRANSITION", "BUS", "VIDEO"),),
        doc="Trigger type.",
    )
    trigger_mode = choice("TRIGger:A:MODe", ("AUTO", "NORMAL"), doc="Whether it also triggers by itself.")
    trigger_source = choice(
        "TRIGger:A:EDGE:SOUrce",
        (*(f"CH{n}" for n in range(1, 5)), "AUX", "AUXILIARY", "LINE", *(f"DCH1_D{n}" for n in range(16))),
        doc="Source of the edge trigger.",
    )
    trigger_slope = choice("TRIGger:A:EDGE:SLOpe", ("RISE", "FALL", "EITHER"), doc="Edge that triggers.")
    trigger_coupling = choice(
        "TRIGger:A:EDGE:COUPling", ("DC", "AC", "HFREJ", "LFREJ", "NOISEREJ"), doc="Trigger coupling."
    )
    status = choice("TRIGger:STATE", tuple(STATES), query_only=True, doc="State of the acquisition.")

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        self.channels: dict[str, TektronixChannel] = {
            str(n): TektronixChannel(link, name=f"{self.name} channel {n}", suffix=n, warnings=self.warnings)
            for n in range(1, 5)
        }
        self._source = "1"

    def _identify(self) -> Identity:
        for line in ("HEADer OFF", "VERBose ON"):  # bare answers, in whole words
            self.link.write(line)
        return super()._identify()

    def errors(self) -> list[str]:
        """Empty the event queue, which is open to what ``*ESR?`` has been read before."""
        self.query("*ESR?")
        return super().errors()

    def _shared(self, channels: Sequence[str]) -> int:
        return 2 if {"1", "2"} <= set(channels) or {"3", "4"} <= set(channels) else 1

    # Setting up.

    def _prepare(self, acquisition: Acquisition) -> None:
        self.stop()
        self.acquisition_type = "HIRES" if acquisition.mode == "high_resolution" else "SAMPLE"
        self.stop_after = "SEQUENCE"

    def _show(self, channel: str, shown: bool) -> None:
        self.channels[channel].shown = shown

    def _set_channel(self, setup: ChannelSetup, scale: float, middle: float) -> None:
        channel = self.channels[setup.channel]
        channel.coupling = setup.coupling
        channel.probe = float(setup.attenuation)  # first: scale and offset are at its tip
        channel.scale = scale
        channel.position = 0.0
        channel.offset = middle
        self.write(f"CH{setup.channel}:BANdwidth {'20E6' if setup.bandwidth_limit else 'FULl'}")
        if ((found := channel.bandwidth) <= LIMIT) != setup.bandwidth_limit:
            raise InstrumentError(f"{channel.name}: its bandwidth reads back {show(found, 'Hz')}.")

    def _set_time(self, acquisition: Acquisition) -> None:
        timebase = acquisition.settings["timebase"]
        self.depth = acquisition.points
        self.timebase = timebase
        self.delayed = False
        self.position = 100 * acquisition.pretrigger / (DIVISIONS * timebase)

    def _lies(self, channel: str) -> tuple[float, float]:
        return self.channels[channel].scale, self.channels[channel].offset

    def _set_trigger(self, channel: str, level: float, rising: bool) -> None:
        self.trigger_type = "EDGE"
        self.trigger_mode = "NORMAL"
        self.trigger_source = f"CH{channel}"
        self.trigger_coupling = "DC"
        self.trigger_slope = "RISE" if rising else "FALL"
        self.channels[channel].level = level
        self._source = channel

    def _trigger(self) -> str:
        return f"CH{self._source} and the level {show(self.channels[self._source].level, 'V')}"

    # One record.

    def _single(self) -> None:
        self.write("ACQuire:STATE RUN")

    def _halt(self) -> None:
        self.write("ACQuire:STATE STOP")

    def _state(self) -> State:
        return STATES[self.status]

    def _triggered(self) -> bool:
        return self.acquired > 0

    def _check_armed(self, acquisition: Acquisition) -> None:
        if abs((rate := self.rate) / acquisition.rate - 1) > 1e-3:
            self.stop()
            raise InstrumentError(
                f"{self.name}: samples at {show(rate, 'Hz', 6)}, {show(acquisition.rate, 'Hz', 6)} was planned."
            )

    def _record(self, channel: str, acquisition: Acquisition, segment: int, progress: Progress | None) -> Trace:
        fine = acquisition.mode == "high_resolution"
        self.write(f"DATa:SOUrce CH{channel}")
        for line in (
            "DATa:ENCdg SRIbinary",
            f"DATa:WIDth {1 + fine}",
            "DATa:STARt 1",
            f"DATa:STOP {acquisition.points}",
        ):
            self.write(line)
        points, dt = int(self._told("NR_Pt")), self._told("XINcr")
        first = self._told("XZEro") - self._told("PT_Off") * dt
        if (
            points != acquisition.points
            or abs(dt * acquisition.rate - 1) > 1e-3
            or first > -acquisition.pretrigger + dt
        ):
            raise InstrumentError(
                f"{self.name}: the record is not the one that was planned: {points} points {show(dt, 's')} apart from "
                f"{show(first, 's')} on, expected {acquisition.points} at {show(acquisition.rate, 'Hz')}."
            )
        samples = np.empty(points, "<i2" if fine else np.int8)
        timeout = self.link.timeout + samples.nbytes / 1e5
        scale = self._told("YMUlt")
        offset = self._told("YZEro") - self._told("YOFf") * scale
        self.link.query_block("CURVe?", into=samples.data, progress=progress, timeout=timeout)
        ends = np.iinfo(samples.dtype)
        return Trace(
            name=f"{self.name}.{channel}",
            samples=samples,
            scale=scale,
            offset=offset,
            unit="V",
            t0=first,
            dt=dt,
            error=scale * (16 if fine else 1) / 12**0.5,  # high resolution: 12 bits are counted on
            clipped=int(np.count_nonzero(samples == ends.min) + np.count_nonzero(samples == ends.max)),
        )

    def _told(self, what: str) -> float:
        answer = self.query(f"WFMOutpre:{what}?")
        try:
            return float(answer)
        except ValueError as reason:
            raise InstrumentError(f"{self.name}: '{answer}' is no answer to WFMOutpre:{what}?.") from reason

    def screenshot(self) -> NoReturn:
        """Raises PlanError: the picture is a file on the instrument, read without its length."""
        raise PlanError(
            f"{self.name} ({self.identity.model}): its screen is saved as a file on the instrument or a USB stick. It offers "
            "records, averages and high resolution."
        )
