"""The command dialect of LeCroy's older oscilloscopes, as Siglent's SDS1000 to 2000 X series and others speak it.

Headers of one word, with a short and a long form that need not begin alike (``VDIV``, ``VOLT_DIV``), after the channel's
name; answers that repeat the header and carry units, or not (``COMM_HEADER``); values that are adapted to what the
instrument can do, told by a bit of the status byte only; no error queue.
"""

import math
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from .arguments import Kind, ScpiError, choice
from .device import ScpiDevice, Setting, Settings
from .grammar import Command, make_command, on, split

if TYPE_CHECKING:
    from .world import World

T = TypeVar("T")
VALUE_ADAPTED = 1 << 2
"""Bit of the status byte: a value was changed to one that is possible."""
_PREFIXES = {9: "G", 6: "M", 3: "k", 0: "", -3: "m", -6: "u", -9: "n"}


def scientific(value: float) -> str:
    """Two decimals, as this dialect writes numbers."""
    return f"{value:.2E}"


def engineering(value: float, unit: str) -> str:
    """Like ``1.00GSa/s``."""
    power = 3 * math.floor(math.log10(value) / 3) if value > 0 else 0
    power = min(max(power, -9), 9)
    return f"{value / 10.0**power:.2f}{_PREFIXES[power]}{unit}"


class Said(Setting[T]):
    """A setting with a short and a long header."""

    def __init__(self, short: str, long: str, kind: Kind[T], default: T, unit: str = "") -> None:
        super().__init__(short, kind, default)
        self.long, self.unit = long, unit

    def commands(self) -> tuple[Command, ...]:
        """The command that stores it and the query that shows it, in both forms."""

        def store(device: "LegacyDevice", value: T) -> None:
            device.values[self.name] = value
            device.changed(self.name)

        def tell(device: "LegacyDevice") -> str:
            return device.said(
                self.pattern, self.long, self.kind.show(device.values[self.name]) + device.unit(self.unit)
            )

        names = dict.fromkeys((self.pattern, self.long))
        return tuple(
            command
            for name in names
            for command in (make_command(name, (self.kind,), store), make_command(name + "?", (), tell))
        )


class SaidOfChannel(Settings[T]):
    """The same after a channel's name: ``C2:VDIV 500MV``."""

    def __init__(self, short: str, long: str, kind: Kind[T], defaults: Mapping[int, T], unit: str = "") -> None:
        super().__init__(short, kind, defaults)
        self.long, self.unit = long, unit

    def commands(self) -> tuple[Command, ...]:
        """The command that stores one of them and the query that shows it, in both forms."""

        def store(device: "LegacyDevice", channel: int, value: T) -> None:
            device.values[self.name][channel] = value
            device.changed(self.name)

        def tell(device: "LegacyDevice", channel: int) -> str:
            text = self.kind.show(device.values[self.name][channel]) + device.unit(self.unit)
            return device.said(self.pattern, self.long, text, channel)

        heads = [f"C<1-{len(self.defaults)}>:{name}" for name in dict.fromkeys((self.pattern, self.long))]
        return tuple(
            command
            for head in heads
            for command in (make_command(head, (self.kind,), store), make_command(head + "?", (), tell))
        )


class LegacyDevice(ScpiDevice):
    """An instrument that speaks this dialect: declare its settings with `Said` and `SaidOfChannel`."""

    headers = Said("CHDR", "COMM_HEADER", choice("OFF", "SHORT", "LONG"), "SHORT")
    _next_error: ClassVar[Any] = None  # there is no error queue

    def __init__(self, world: "World", identity: str) -> None:
        super().__init__(world, identity)
        self._adapted = False

    def said(self, short: str, long: str, text: str, channel: int | None = None) -> str:
        """An answer with its header, as ``COMM_HEADER`` wants it."""
        if self.headers == "OFF":
            return text
        where = "" if channel is None else f"C{channel}:"
        return f"{where}{short if self.headers == 'SHORT' else long} {text}"

    def unit(self, unit: str) -> str:
        """A unit, or nothing: without headers there are none."""
        return "" if self.headers == "OFF" else unit

    def adapt(self, value: float, low: float, high: float) -> float:
        """The value, or the nearest end; the latter is told by the status byte."""
        inside = min(max(value, low), high)
        self._adapted = self._adapted or not math.isclose(inside, value, rel_tol=1e-9, abs_tol=1e-15)
        return inside

    def nearest(self, value: float, steps: tuple[float, ...]) -> float:
        """The nearest of some steps; the status byte tells if it is another value."""
        step = min(steps, key=lambda step: abs(math.log(max(value, 1e-15) / step)))
        return self.adapt(value, step, step)

    def fail(self, error: ScpiError) -> None:
        """Only the standard event status shows it."""
        super().fail(error)
        self._errors.clear()

    def doing(self, message: str) -> Generator[None, None, bytes]:
        """Do one message, whose units do not share a path."""
        units = split(message, ";")
        if len(units) == 1:
            return (yield from super().doing(message))
        answers = []
        for unit in units:
            answers.append((yield from super().doing(unit.strip())).removesuffix(b"\n"))
        return b";".join(filter(None, answers)) + (b"\n" if any(answers) else b"")

    @on("*OPC?", progress=True)
    def _opc_query(self) -> str:  # type: ignore[override]  # a text with its header
        return self.said("*OPC", "*OPC", "1")

    @on("*ESR?")
    def _esr(self) -> str:  # type: ignore[override]  # a text with its header
        return self.said("*ESR", "*ESR", str(super()._esr()))

    @on("*STB?")
    def _stb(self) -> str:  # type: ignore[override]  # a text with its header
        summary = 0x20 if self._events() & self._event_enable else 0
        summary |= VALUE_ADAPTED if self._adapted else 0
        self._adapted = False
        return self.said("*STB", "*STB", str(summary | (0x40 if summary & self._service_enable else 0)))

    @on("*CLS")
    def _cls(self) -> None:
        super()._cls()
        self._adapted = False
