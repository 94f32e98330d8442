"""Reading buffers of the simulated Keithley 2600B (2600BS-901-01 Rev. F, 9-17 to 9-35; Rev. B, 3-17 and 7-30)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .keithley_2600b_tree import Attribute, Table, TspError, choice, function, is_number, number, readable

DEDICATED = 140_000, 60_000
"""Readings that a dedicated buffer holds: without and with source values or time stamps (Rev. C, 3-7)."""
TICK = 1e-6
"""Resolution of time stamps, seconds (Rev. C, 7-35)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One reading and what belongs to it. `when` is the world's time at the start of its aperture."""

    reading: float
    when: float
    status: int
    measured: str
    measure_range: float
    source: str
    source_value: float
    source_range: float
    output: bool


COLUMNS: dict[str, Callable[["Buffer", Row], Any]] = {
    "readings": lambda buffer, row: row.reading,
    "statuses": lambda buffer, row: row.status,
    "sourcevalues": lambda buffer, row: row.source_value,
    "timestamps": lambda buffer, row: round((row.when - buffer.rows[0].when) / TICK) * TICK,
    "measurefunctions": lambda buffer, row: row.measured,
    "measureranges": lambda buffer, row: row.measure_range,
    "sourcefunctions": lambda buffer, row: row.source,
    "sourceranges": lambda buffer, row: row.source_range,
    "sourceoutputstates": lambda buffer, row: "On" if row.output else "Off",
}
"""What can be recalled of each reading, by the name that scripts know."""


class Column(Table):
    """One of the tables of a buffer, ``bufferVar.readings``: ``[N]`` gives what belongs to reading N."""

    def __init__(self, buffer: "Buffer", name: str) -> None:
        super().__init__()
        self._buffer, self._name = buffer, name

    def read(self, key: object) -> Any:
        """Entry number `key`."""
        return self.entries(key, key)[0] if is_number(key) else None

    def entries(self, first: Any, last: Any) -> list[Any]:
        """Entries `first` to `last`, counted from 1. Raises TspError where there are none."""
        rows = self._buffer.rows
        for index in (first, last):
            if not (is_number(index) and index >= 1 and float(index).is_integer()):
                raise TspError(4900, index)
        if last > len(rows):
            raise TspError(4901, len(rows))
        if not self._buffer.collects(self._name):
            raise TspError(1100)
        show = COLUMNS[self._name]
        return [show(self._buffer, row) for row in rows[int(first) - 1 : int(last)]]


class Buffer(Table):
    """One reading buffer; without a `size` it is dedicated, and its size depends on what it collects."""

    appendmode = Attribute(0, choice(0, 1))
    collecttimestamps = Attribute(1, choice(0, 1))
    collectsourcevalues = Attribute(0, choice(0, 1))
    cachemode = Attribute(1, choice(0, 1))
    fillmode = Attribute(0, choice(0))
    fillcount = Attribute(0, number(0))
    constants: ClassVar[Mapping[str, float]] = {"FILL_ONCE": 0}

    def __init__(self, size: int | None = None, filled: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._size, self._filled = size, filled
        for name in COLUMNS:
            setattr(self, name, Column(self, name))

    def changed(self, name: str) -> None:
        """What is collected, and how, can only be changed while there is nothing in it."""
        if name in ("appendmode", "collecttimestamps", "collectsourcevalues") and self.rows:
            raise TspError(5032)

    def collects(self, name: str) -> bool:
        """Whether column `name` is kept."""
        switch = {"timestamps": self.collecttimestamps, "sourcevalues": self.collectsourcevalues}
        return bool(switch.get(name, True))

    def begin(self) -> None:
        """New readings come: the old ones go, unless they are appended to."""
        if not self.appendmode:
            self.clear()

    def add(self, row: Row) -> None:
        """Store a reading. Raises TspError when the buffer is full; what it holds is kept."""
        if len(self.rows) >= self.capacity:
            raise TspError(5038)
        self.rows.append(row)
        self._filled()

    def read(self, key: object) -> Any:
        """``bufferVar[N]`` is reading N."""
        return self.column("readings").read(key) if is_number(key) else super().read(key)

    def column(self, name: str) -> Column:
        """One of the columns."""
        found: Column = getattr(self, name)
        return found

    @readable(progress=True)
    def n(self) -> int:
        """How many readings it holds."""
        return len(self.rows)

    @readable()
    def next(self) -> int:
        """Number of the reading that comes next."""
        return len(self.rows) + 1

    @readable()
    def capacity(self) -> int:
        """How many readings it can hold."""
        if self._size is not None:
            return self._size
        return DEDICATED[bool(self.collecttimestamps or self.collectsourcevalues)]

    @readable()
    def basetimestamp(self) -> float:
        """When the first reading was made; here, seconds since the instrument was turned on."""
        return self.rows[0].when if self.rows else 0.0

    @readable()
    def timestampresolution(self) -> float:
        """Seconds."""
        return TICK

    @function
    def clear(self) -> None:
        """Forget all readings."""
        self.rows.clear()

    @function
    def clearcache(self) -> None:
        """Nothing is ever stale here."""


class Statistics(Table):
    """``smuX.buffer``: statistics over a reading buffer."""

    @function
    def getstats(self, buffer: Any = None) -> dict[str, Any]:
        """A table with n, mean, stddev, min and max."""
        if not isinstance(buffer, Buffer):
            raise TspError(-104)
        values = [row.reading for row in buffer.rows]
        if not values:
            return {"n": 0}
        mean = sum(values) / len(values)
        least, most = min(values), max(values)
        made: dict[str, Any] = {"n": len(values), "mean": mean, "min": {"reading": least}, "max": {"reading": most}}
        if len(values) > 1:
            made["stddev"] = (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
        return made
