"""The readings of a simulated Keysight B2902A: formats, answers, trace buffers.

B2910-90030 pages 1-12 to 1-14, 4-34, 4-44, 4-68, 4-147 and 4-149; B2961-90030 pages 4-17, 4-21, 4-91 to 4-93, 4-187. What is
assumed: see `keysight_b2900a`.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import ScpiError, choice, extreme_of, integer
from ..device import Answer, Block, Setting, Waiting
from ..grammar import Command, on
from ..leads import Leads
from ..source_measure import Job
from .keysight_b2900a_channel import Channel, Row
from .keysight_b2900a_commands import CHANNELS, INFINITE, NOT_A_NUMBER, TEXT, H, listed, nr3
from .keysight_b2900a_sense import KeysightSense

if TYPE_CHECKING:
    from ..world import World

ELEMENTS = {"VOLT": "volts", "CURR": "amperes", "RES": "ohms", "TIME": "time", "STAT": "status", "SOUR": "source"}
"""In the order in which they stand in an answer (B2961-90030 page 4-21), and where a row keeps them."""
LONG = {"VOLT": "VOLTage", "CURR": "CURRent", "RES": "RESistance", "TIME": "TIME", "STAT": "STATus", "SOUR": "SOURce"}
MEASURED = {"VOLT": "VOLTage[:DC]", "CURR": "CURRent[:DC]", "RES": "RESistance"}
element = choice("VOLTage", "CURRent", "RESistance", "TIME", "STATus", "SOURce")
MOST_TRACED = 100_000
NOTHING = Row(*(math.nan,) * 6)
trace_size = integer(1, MOST_TRACED, MOST_TRACED)
STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "MEAN": np.mean, "MIN": np.min, "MAX": np.max, "SDEV": np.std, "PKPK": np.ptp,
}  # fmt: skip


class Trace:
    """The trace buffer of one channel."""

    def __init__(self) -> None:
        self.size, self.control, self.statistic, self.stamps = MOST_TRACED, "NEV", "MEAN", "ABS"
        self.rows: list[Row] = []

    def store(self, row: Row) -> None:
        """Keep a reading, until it is full (page 4-147)."""
        if self.control == "NEXT":
            self.rows.append(row)
            if len(self.rows) >= self.size:
                self.control = "NEV"

    def told(self) -> Sequence[Row]:
        """The readings, with the time since the first one or since the one before (page 4-149)."""
        times = np.array([row.time for row in self.rows])
        since = times - times[:1] if self.stamps == "ABS" else np.diff(times, prepend=times[:1])
        return [row._replace(time=time) for row, time in zip(self.rows, since.tolist(), strict=True)]


def _number(value: float) -> str:
    if math.isfinite(value):
        return nr3(value)
    return nr3(NOT_A_NUMBER if math.isnan(value) else math.copysign(INFINITE, value))


def for_elements(header: str, words: Mapping[str, str] = LONG, *, waits: bool = False) -> Callable[[H], H]:
    """Mark ``handler(device, elements, channels)`` as the query of all elements (None) and of each one in `words`."""

    def mark(handler: H) -> H:
        made: tuple[Command, ...] = getattr(handler, "scpi_commands", ())
        for name in (None, *words):

            def of_element(device: Any, channels: tuple[int, ...] = (1,), name: str | None = name) -> Any:
                return handler(device, None if name is None else (name,), channels)

            word = "" if name is None else ":" + words[name]
            made += (Command(header + word + "?", (CHANNELS,), of_element, waits=waits),)
        handler.scpi_commands = made  # type: ignore[attr-defined]
        return handler

    return mark


class KeysightData(KeysightSense):
    """What was measured, and how it is told."""

    border = Setting(":FORMat:BORDer", choice("NORMal", "SWAPped"), "NORM")
    elements: tuple[str, ...]

    def __init__(
        self, world: "World", identity: str, leads: Mapping[str, Leads], *, seed: int, interlock: bool
    ) -> None:
        super().__init__(world, identity, leads, seed=seed, interlock=interlock)
        self.traces = {n: Trace() for n in self.channels}
        self.form, self.elements = "ASC", tuple(ELEMENTS)

    def reset(self) -> None:
        """ASCII, all elements, empty traces."""
        super().reset()
        self.traces = {n: Trace() for n in self.channels}
        self.form, self.elements = "ASC", tuple(ELEMENTS)

    def taken(self, channel: Channel, row: Row) -> None:
        """A reading goes into the trace buffer."""
        self.traces[channel.number].store(row)

    # Formats

    @listed(":FORMat[:DATA]", TEXT, TEXT, required=1)
    def _set_form(self, kind: str, bits: str = "64") -> None:
        if choice("ASCii", "REAL").read(kind) == "ASC":
            self.form = "ASC"
        elif bits in ("32", "64"):
            self.form = f"REAL,{bits}"
        else:
            raise ScpiError(-224)

    @on(":FORMat[:DATA]?")
    def _form(self) -> str:
        return self.form

    @listed(":FORMat:ELEMents:SENSe", *(element,) * len(ELEMENTS), required=1)
    def _set_elements(self, *names: str) -> None:
        self.elements = tuple(name for name in ELEMENTS if name in names)

    @on(":FORMat:ELEMents:SENSe?")
    def _elements(self) -> str:
        return ",".join(self.elements)

    def told(self, rows: Iterable[Row], names: tuple[str, ...] | None) -> Answer:
        """The elements of readings as text or as a block."""
        wanted = [ELEMENTS[name] for name in names or self.elements]
        values = [getattr(row, name) for row in rows for name in wanted]
        if self.form == "ASC":
            return ",".join(map(_number, values)) or nr3(NOT_A_NUMBER)
        order = ">" if self.border == "NORM" else "<"
        return Block(np.array(values or [math.nan], dtype=f"{order}f{int(self.form[-2:]) // 8}").tobytes())

    # Answers

    @for_elements(":FETCh:ARRay", waits=True)
    def _fetch_all(self, names: tuple[str, ...] | None, channels: tuple[int, ...]) -> Answer:
        """Row by row, and channel by channel in each; a channel with fewer readings has no numbers there (page 4-68)."""
        columns = [list(self.triggers[n].rows) for n in channels]
        longest = max(map(len, columns))
        return self.told(
            (column[k] if k < len(column) else NOTHING for k in range(longest) for column in columns), names
        )

    @for_elements(":FETCh[:SCALar]", waits=True)
    def _fetch(self, names: tuple[str, ...] | None, channels: tuple[int, ...]) -> Answer:
        rows = (self.triggers[n].rows for n in channels)
        return self.told([row[-1] if row else NOTHING for row in rows], names)

    def _read(self, channels: tuple[int, ...]) -> Waiting[None]:
        self.initiate(channels, ("TRAN", "ACQ"))
        while not all(self.triggers[n].idle for n in channels):
            yield

    @for_elements(":READ:ARRay")
    def _read_all(self, names: tuple[str, ...] | None, channels: tuple[int, ...]) -> Waiting[Answer]:
        yield from self._read(channels)
        return self._fetch_all(names, channels)

    @for_elements(":READ[:SCALar]")
    def _read_last(self, names: tuple[str, ...] | None, channels: tuple[int, ...]) -> Waiting[Answer]:
        yield from self._read(channels)
        return self._fetch(names, channels)

    @for_elements(":MEASure", MEASURED)
    def _measure(self, names: tuple[str, ...] | None, channels: tuple[int, ...]) -> Waiting[Answer]:
        """One reading of each channel, at the same time (page 4-44)."""
        if not all(self.triggers[n].idle for n in channels):
            raise ScpiError(203)
        jobs = [Job(self.world, self.triggers[n].spot()) for n in channels]
        for job in jobs:
            yield from job.ended()
        self.observe()
        return self._fetch(names, channels)

    def initiate(self, channels: tuple[int, ...], names: tuple[str, ...]) -> None:
        """Leave the idle state, on all channels or on none."""
        if not all(self.triggers[n].actions[name].idle for n in channels for name in names):
            raise ScpiError(-213)
        for n in channels:
            self.triggers[n].initiate(names)

    # What was measured so far: no waiting

    def _part(self, rows: Sequence[Row], offset: str, size: int | None, last: int) -> Sequence[Row]:
        if offset.upper() in ("STAR", "START"):
            first = 0
        elif offset.upper() in ("CURR", "CURRENT"):
            first = last
        else:
            first = integer(0, max(len(rows) - 1, 0)).read(offset)
        return rows[first : None if size is None else first + size]

    @listed(":SENSe<1-2>:DATA?", TEXT, integer(1, MOST_TRACED))
    def _sense_data(self, number: int, offset: str = "STAR", size: int | None = None) -> Answer:
        rows = list(self.triggers[number].rows)
        return self.told(self._part(rows, offset, size, max(len(rows) - 1, 0)), None)

    @on(":SENSe<1-2>:DATA:LATest?")
    def _latest(self, number: int) -> Answer:
        rows = self.triggers[number].rows
        return self.told([rows[-1] if rows else NOTHING], None)

    @on(":SENSe<1-2>:DATA:CLEar")
    def _clear_data(self, number: int) -> None:
        self.triggers[number].rows.clear()

    # Trace buffers

    @on(":TRACe<1-2>:DATA?", TEXT, integer(1, MOST_TRACED))
    def _trace_data(self, number: int, offset: str = "STAR", size: int | None = None) -> Answer:
        rows = self.traces[number].told()
        return self.told(self._part(rows, offset, size, max(len(rows) - 1, 0)), None)

    def _closed(self, number: int) -> Trace:
        """Raise ScpiError -221 while it is being filled (page 4-147)."""
        trace = self.traces[number]
        if trace.control != "NEV":
            raise ScpiError(-221)
        return trace

    @on(":TRACe<1-2>:CLEar")
    def _clear_trace(self, number: int) -> None:
        self._closed(number).rows.clear()

    @on(":TRACe<1-2>:POINts", trace_size)
    def _size_trace(self, number: int, size: int) -> None:
        trace = self._closed(number)
        trace.size = size
        trace.rows.clear()

    @on(":TRACe<1-2>:POINts?", extreme_of(trace_size))
    def _trace_size(self, number: int, extreme: int | None = None) -> int:
        return self.traces[number].size if extreme is None else extreme

    @on(":TRACe<1-2>:POINts:ACTual?")
    def _traced(self, number: int) -> int:
        return len(self.traces[number].rows)

    @on(":TRACe<1-2>:FREE?")
    def _free(self, number: int) -> str:
        trace = self.traces[number]
        return f"{trace.size - len(trace.rows)},{trace.size}"

    @on(":TRACe<1-2>:FEED", choice("SENSe"))
    def _feed(self, number: int, what: str) -> None:
        """The results of calculations and limit tests are not simulated."""
        self._closed(number)

    @on(":TRACe<1-2>:FEED?")
    def _fed(self, number: int) -> str:
        return "SENS"

    @on(":TRACe<1-2>:FEED:CONTrol", choice("NEXT", "NEVer"))
    def _control(self, number: int, control: str) -> None:
        self.traces[number].control = control

    @on(":TRACe<1-2>:FEED:CONTrol?")
    def _controlled(self, number: int) -> str:
        return self.traces[number].control

    @on(":TRACe<1-2>:TSTamp:FORMat", choice("ABSolute", "DELTa"))
    def _set_stamps(self, number: int, stamps: str) -> None:
        self.traces[number].stamps = stamps

    @on(":TRACe<1-2>:TSTamp:FORMat?")
    def _stamps(self, number: int) -> str:
        return self.traces[number].stamps

    @on(":TRACe<1-2>:STATistic:FORMat", choice("MEAN", "MINimum", "MAXimum", "SDEViation", "PKPK"))
    def _set_statistic(self, number: int, statistic: str) -> None:
        self.traces[number].statistic = statistic

    @on(":TRACe<1-2>:STATistic:FORMat?")
    def _statistic(self, number: int) -> str:
        return self.traces[number].statistic

    @on(":TRACe<1-2>:STATistic:DATA?")
    def _statistics(self, number: int) -> str:
        trace = self.traces[number]
        names = [name for name in self.elements if name not in ("TIME", "STAT")]
        columns = [[getattr(row, ELEMENTS[name]) for row in trace.rows] for name in names]
        return ",".join(_number(float(STATISTICS[trace.statistic](c)) if c else math.nan) for c in columns)
