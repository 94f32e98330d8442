"""The reading buffers' commands of a simulated Keithley 2450 (2450-901-01 Rev. B pages 6-107 to 6-124, 6-29 to 6-31)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arguments import Kind, ScpiError, choice, integer, string
from ..device import Setting
from ..grammar import Command, on
from .keithley_2450_buffers import ELEMENTS, TEXT_ELEMENTS, Buffer, Row, ascii_of, binary_of
from .keithley_2450_events import (
    BUFFER_EMPTY,
    BUFFER_FULL,
    anything,
    name_expected,
    parameter_error,
)
from .keithley_2450_lists import KeithleyLists

DEFAULT_BUFFERS = ("defbuffer1", "defbuffer2")
DEFAULT_SIZE, SMALLEST, LARGEST = 100_000, 10, 5_000_000
MOST_ELEMENTS = 14
size = integer(SMALLEST, LARGEST)

NAMED = (string, *(anything,) * MOST_ELEMENTS)
"""A buffer's name and buffer elements, all of them optional."""

_styles = choice("COMPact", "STANdard", "FULL")


def _style(text: str) -> str:
    """A buffer's style. Nothing behind the last comma is the default: published drivers of this model send that."""
    return _styles.read(text) if text else "STAN"


def reads(pattern: str, *first: Kind[Any], waits: bool = False) -> Callable[[Any], Any]:
    """Mark ``handler(device, *first, name, *elements)`` as a query of readings."""

    def mark(handler: Any) -> Any:
        command = Command(pattern, (*first, *NAMED), handler, required=len(first), waits=waits)
        handler.scpi_commands = (command, *getattr(handler, "scpi_commands", ()))
        return handler

    return mark


class KeithleyTraces(KeithleyLists):
    """Two default buffers and any number of others, and the format in which readings are told."""

    format = Setting(":FORMat[:DATA]", choice("ASCii", "REAL", "SREal"), "ASC")
    byte_order = Setting(":FORMat:BORDer", choice("NORMal", "SWAPped"), "SWAP")
    precision = Setting(":FORMat:ASCii:PRECision", integer(0, 16), 0)

    def reset(self) -> None:
        """The two default buffers, empty."""
        self.buffers = {name: Buffer(DEFAULT_SIZE) for name in DEFAULT_BUFFERS}
        self.last_row: Row | None = None
        super().reset()

    def buffer(self, name: str) -> Buffer:
        """A buffer by name. Raises ScpiError when there is none."""
        if name not in self.buffers:
            raise parameter_error(f"reading buffer {name} does not exist")
        return self.buffers[name]

    def store(self, name: str, row: Row) -> None:
        """Put a reading into a buffer."""
        self.last_row = row
        if self.buffer(name).add(row):
            self.note(BUFFER_FULL, f"Reading buffer {name} is 100% filled")

    def clear_buffer(self, name: str) -> None:
        """Forget a buffer's readings."""
        self.buffer(name).clear()
        self.note(BUFFER_EMPTY, f"Reading buffer {name} is 0% filled")

    def elements(self, words: Sequence[str], position: int) -> list[str]:
        """Buffer elements from their names, the first at `position`. Raises ScpiError 1133 for what cannot be told."""
        wanted = []
        for place, word in enumerate(words or ("READing",), position):
            try:
                element = ELEMENTS.read(word)
            except ScpiError:
                raise name_expected(place) from None
            if self.format != "ASC" and element in TEXT_ELEMENTS:
                raise name_expected(place)
            wanted.append(element)
        return wanted

    def told(self, buffer: Buffer, rows: Sequence[Row], elements: Sequence[str]) -> str:
        """Readings in the present format."""
        cells = [(buffer.value(row, element), element) for row in rows for element in elements]
        if self.format == "ASC":
            return ",".join(ascii_of(value, element, self.precision) for value, element in cells)
        numbers = [float(value) for value, _ in cells]
        return "#0" + binary_of(numbers, self.format, self.byte_order == "SWAP").decode("latin-1")

    @reads(":TRACe:DATA?", integer(1), integer(1))
    def _data(self, first: int, last: int, name: str = "defbuffer1", *words: str) -> str:
        buffer, elements = self.buffer(name), self.elements(words, 4)
        if not first <= last <= len(buffer.rows):
            raise ScpiError(-222)
        return self.told(buffer, buffer.rows[first - 1 : last], elements)

    @on(":TRACe:MAKE", string, size, Kind(_style, str))
    def _make(self, name: str, readings: int, style: str = "STAN") -> None:
        if name in self.buffers:
            raise parameter_error("TRACe:MAKE cannot take an existing reading buffer name")
        self.buffers[name] = Buffer(readings, once=True)

    @on(":TRACe:DELete", string)
    def _delete(self, name: str) -> None:
        self.buffer(name)
        if name in DEFAULT_BUFFERS:
            raise parameter_error(f"{name} cannot be deleted")
        del self.buffers[name]

    @on(":TRACe:CLEar", string)
    def _clear(self, name: str = "defbuffer1") -> None:
        self.clear_buffer(name)

    @on(":TRACe:POINts", size, string)
    def _resize(self, readings: int, name: str = "defbuffer1") -> None:
        self.buffer(name).clear()
        self.buffer(name).size = readings

    @on(":TRACe:POINts?", string)
    def _size(self, name: str = "defbuffer1") -> int:
        return self.buffer(name).size

    @on(":TRACe:ACTual?", string)
    @on(":TRACe:ACTual:END?", string)
    def _actual(self, name: str = "defbuffer1") -> int:
        return len(self.buffer(name).rows)

    @on(":TRACe:ACTual:STARt?", string)
    def _actual_start(self, name: str = "defbuffer1") -> int:
        return min(len(self.buffer(name).rows), 1)

    @on(":TRACe:FILL:MODE", choice("CONTinuous", "ONCE"), string)
    def _fill(self, mode: str, name: str = "defbuffer1") -> None:
        if self.buffer(name).rows:
            raise ScpiError(-221)
        self.buffer(name).once = mode == "ONCE"

    @on(":TRACe:FILL:MODE?", string)
    def _filling(self, name: str = "defbuffer1") -> str:
        return "ONCE" if self.buffer(name).once else "CONT"

    @on(":TRACe:STATistics:AVERage?", string)
    def _average(self, name: str = "defbuffer1") -> str:
        return self._statistic(name, np.mean)

    @on(":TRACe:STATistics:STDDev?", string)
    def _deviation(self, name: str = "defbuffer1") -> str:
        return self._statistic(name, np.std)

    @on(":TRACe:STATistics:MINimum?", string)
    def _minimum(self, name: str = "defbuffer1") -> str:
        return self._statistic(name, np.min)

    @on(":TRACe:STATistics:MAXimum?", string)
    def _maximum(self, name: str = "defbuffer1") -> str:
        return self._statistic(name, np.max)

    @on(":TRACe:STATistics:PK2Pk?", string)
    def _peak_to_peak(self, name: str = "defbuffer1") -> str:
        return self._statistic(name, np.ptp)

    def _statistic(self, name: str, of: Callable[[list[float]], Any]) -> str:
        readings = [row.reading for row in self.buffer(name).rows]
        return ascii_of(float(of(readings)) if readings else 0.0, "READ", self.precision)
