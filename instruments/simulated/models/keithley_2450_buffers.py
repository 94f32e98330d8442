"""Reading buffers of a simulated Keithley 2450, and how their readings are told.

Pages of 2450-901-01 Rev. B: buffer elements 6-4 and 6-110, ``:TRACe`` 6-107 to 6-124, formats 6-29 to 6-31, status bits
8-29 and 8-33; of 2461-901-01 Rev. A: status bits 8-36, elements 6-161.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from ..arguments import choice

SENSE_FRONT = 8
"""Status of a reading: taken at the front terminals."""
SOURCE_PROTECTED, SOURCE_READ_BACK, SOURCE_LIMITED, SOURCE_REMOTE, SOURCE_ON = 4, 8, 32, 64, 128
OVERFLOW = 9.9e37

ELEMENTS = choice(
    *("DATE", "FORMatted", "FRACtional", "READing", "RELative", "SEConds", "SOURce"),
    *("SOURFORMatted", "SOURSTATus", "SOURUNIT", "STATus", "TIME", "TSTamp", "UNIT"),
)
TEXT_ELEMENTS = {"DATE", "FORM", "SOURFORM", "SOURUNIT", "TIME", "TST", "UNIT"}
"""What has no binary form."""
UNITS = {"V": "Volt DC", "A": "Amp DC", "ohm": "Ohm", "W": "Watt"}


@dataclass(frozen=True)
class Row:
    """One reading: the measured and the sourced value with their units and status, and the instrument's time."""

    reading: float
    unit: str
    source: float
    source_unit: str
    status: int
    source_status: int
    seconds: float
    when: datetime


@dataclass
class Buffer:
    """A reading buffer; filled once or over and over. `since` is the time of the first reading since it was cleared."""

    size: int
    once: bool = False
    rows: list[Row] = field(default_factory=list)
    since: float | None = None

    def add(self, row: Row) -> bool:
        """Store a reading; whether that filled the buffer."""
        if self.since is None:
            self.since = row.seconds
        if len(self.rows) >= self.size:
            if self.once:
                return False
            self.rows.pop(0)
            self.rows.append(row)
            return False
        self.rows.append(row)
        return len(self.rows) == self.size

    def clear(self) -> None:
        """Forget every reading."""
        self.rows.clear()
        self.since = None

    def value(self, row: Row, element: str) -> float | str:
        """One element of a reading: a number, or a text."""
        return _VALUES[element](self, row)


def engineering(value: float, unit: str) -> str:
    """As the front panel shows it: ``+00.00123 mA``."""
    if value == 0.0 or not math.isfinite(value) or abs(value) >= OVERFLOW:
        return f"{value:+09.5f} {unit}" if value == 0.0 else f"Overflow {unit}"
    power = max(min(math.floor(math.log10(abs(value)) / 3), 3), -4)
    return f"{value / 1000**power:+09.5f} {'pnum kMG'[power + 4].strip()}{unit}"


_VALUES: "dict[str, Callable[[Buffer, Row], float | str]]" = {
    "READ": lambda buffer, row: row.reading,
    "SOUR": lambda buffer, row: row.source,
    "REL": lambda buffer, row: row.seconds - (buffer.since or 0.0),
    "SEC": lambda buffer, row: float(math.floor(row.when.timestamp())),
    "FRAC": lambda buffer, row: row.when.microsecond * 1e-6,
    "STAT": lambda buffer, row: float(row.status),
    "SOURSTAT": lambda buffer, row: float(row.source_status),
    "UNIT": lambda buffer, row: UNITS[row.unit],
    "SOURUNIT": lambda buffer, row: UNITS[row.source_unit],
    "FORM": lambda buffer, row: engineering(row.reading, row.unit),
    "SOURFORM": lambda buffer, row: engineering(row.source, row.source_unit),
    "DATE": lambda buffer, row: row.when.strftime("%m/%d/%Y"),
    "TIME": lambda buffer, row: row.when.strftime("%H:%M:%S"),
    "TST": lambda buffer, row: row.when.strftime("%m/%d/%Y %H:%M:%S.%f"),
}
_WHOLE = {"STAT", "SOURSTAT", "SEC"}


def ascii_of(value: float | str, element: str, precision: int) -> str:
    """An element as text, with `precision` digits (0: as many as it has)."""
    if isinstance(value, str):
        return value
    if element in _WHOLE:
        return str(int(value))
    if element in ("REL", "FRAC") and precision == 0:
        return f"{value:.6f}"
    return f"{value:.{(precision or 7) - 1}E}"


def binary_of(values: Sequence[float], kind: str, swapped: bool) -> bytes:
    """Numbers as IEEE 754: REAL double, SREal single precision; swapped is the low byte first."""
    return np.array(values, ("<" if swapped else ">") + ("f8" if kind == "REAL" else "f4")).tobytes()
