"""What stands beside the channels of the simulated Keithley 2600B: formats, the node, the stopwatch, ``print`` and ``delay``.

2600BS-901-01 Rev. F, 9-100 to 9-102, 9-147 to 9-158, 9-169 to 9-177.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .keithley_2600b_buffers import Buffer, Column
from .keithley_2600b_ranges import MAINS
from .keithley_2600b_tree import (
    COMPLETE,
    Attribute,
    Table,
    TspError,
    Work,
    choice,
    function,
    is_number,
    number,
    readable,
    text,
    whole,
)

if TYPE_CHECKING:
    from ..world import World
    from .keithley_2600b import SimulatedKeithley2600B

MODEL, FIRMWARE = "2612B", "3.4.2"
MOST = 2**31
"""Largest index of anything."""


class Format(Table):
    """``format`` (9-100 to 9-102)."""

    constants: ClassVar[Mapping[str, float]] = {
        "ASCII": 1, "SREAL": 2, "REAL32": 2, "REAL": 3, "REAL64": 3, "DREAL": 3, "NORMAL": 0, "NETWORK": 0, "BIGENDIAN": 0,
        "SWAPPED": 1, "LITTLEENDIAN": 1,
    }  # fmt: skip
    asciiprecision = Attribute(6, whole(1, 16))
    byteorder = Attribute(1, choice(0, 1))
    data = Attribute(1, choice(1, 2, 3))

    def number(self, value: float) -> str:
        """A number as `print` shows it: ``1.00000e+00``."""
        return f"{value:.{int(self.asciiprecision) - 1}e}"

    def numbers(self, values: list[Any]) -> str:
        """Numbers (and words) as `printnumber` and `printbuffer` show them, as text whose characters are bytes."""
        if self.data == 1:
            return ", ".join(self.number(value) if is_number(value) else str(value) for value in values)
        if not all(is_number(value) for value in values):
            raise TspError(-104)
        kind = ("<" if self.byteorder else ">") + ("f4" if self.data == 2 else "f8")
        with np.errstate(over="ignore"):
            return "#0" + np.array(values, kind).tobytes().decode("latin-1")


class LocalNode(Table):
    """``localnode``."""

    constants: ClassVar[Mapping[str, float]] = {"DISABLE": 0, "ENABLE": 1}
    prompts = Attribute(0, choice(0, 1))
    prompts4882 = Attribute(1, choice(0, 1))
    showerrors = Attribute(0, choice(0))
    linefreq = Attribute(MAINS, choice(MAINS))
    autolinefreq = Attribute(1, choice(0, 1))
    description = Attribute("Keithley Smu 2612B", text)

    def __init__(self, serial: str, reset: Callable[[], None]) -> None:
        super().__init__()
        self._serial, self._reset = serial, reset

    @readable()
    def model(self) -> str:
        """Model number."""
        return MODEL

    @readable()
    def serialno(self) -> str:
        """Serial number."""
        return self._serial

    @readable()
    def revision(self) -> str:
        """Firmware."""
        return FIRMWARE

    @readable()
    def version(self) -> str:
        """Firmware."""
        return FIRMWARE

    @function
    def reset(self) -> None:
        """The same as ``reset()``."""
        self._reset()


class Elapsed(Table):
    """``timer.measure``."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world, self.begun = world, world.now

    @function
    def t(self) -> float:
        """Seconds since the last reset."""
        return round(self._world.now - self.begun, 6)


class Stopwatch(Table):
    """``timer``."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world, self.measure = world, Elapsed(world)

    @function
    def reset(self) -> None:
        """Begin at 0 s."""
        self.measure.begun = self._world.now


class Commands(Table):
    """What stands beside the tables: ``print``, ``delay``, ``waitcomplete`` and so on."""

    def __init__(self, instrument: "SimulatedKeithley2600B") -> None:
        super().__init__()
        self._instrument = instrument

    @function
    def printnumber(self, *values: Any) -> None:
        """Print numbers in the data format."""
        if not all(is_number(value) for value in values):
            raise TspError(-104)
        self._instrument.put(self._instrument.format.numbers(list(values)))

    @function
    def printbuffer(self, first: Any = None, last: Any = None, *sources: Any) -> None:
        """Print entries of reading buffers or tables, taking one of each in turn."""
        columns = [source.column("readings") if isinstance(source, Buffer) else source for source in sources]
        if not columns:
            raise TspError(1400, 3)
        index = whole(1, MOST)
        entries = [_entries(column, index(first), index(last)) for column in columns]
        rows = [value for row in zip(*entries, strict=True) for value in row]
        self._instrument.put(self._instrument.format.numbers(rows))

    @function
    def delay(self, seconds: Any = None) -> Work:
        """Wait."""
        yield number(0.0, 100e3)(seconds)

    @function
    def waitcomplete(self, group: Any = None) -> Work:
        """Wait until overlapped operations are complete."""
        yield COMPLETE

    @function
    def opc(self) -> None:
        """Set the operation complete bit when they are."""
        self._instrument.tell_complete()

    @function
    def reset(self, system: Any = None) -> None:
        """Bring everything to its defaults."""
        self._instrument.reset()


def _entries(column: Any, first: int, last: int) -> list[Any]:
    if isinstance(column, Column):
        return column.entries(first, last)
    if not isinstance(column, list):
        raise TspError(-104)
    if not 1 <= first <= last <= len(column):
        raise TspError(4901, len(column))
    return column[first - 1 : last]
