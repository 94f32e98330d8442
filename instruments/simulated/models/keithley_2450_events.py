"""The event log and the status model of a simulated Keithley 2450.

Pages of 2450-901-01 Rev. B: event log 6-100 to 6-103, ``:STATus`` 6-89 to 6-95, common commands B-1 to B-9, status
model C-1 to C-17 (status byte C-11); of the sister manual 2461-901-01 Rev. A, whose firmware is the same: answer of
``:SYSTem:EVENtlog:NEXT?`` 6-151, event numbers C-10. What is assumed: see `keithley_2450`.
"""

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ..arguments import Kind, ScpiError, choice, integer, string
from ..device import ScpiDevice
from ..grammar import on

if TYPE_CHECKING:
    from ..world import World

ERROR, WARNING, INFORMATION = 1, 2, 4
TYPES = {"ERR": ERROR, "WARN": WARNING, "INF": INFORMATION, "ALL": ERROR | WARNING | INFORMATION}
TEXTS = {-222: "Parameter data out of range", -200: "Execution error", -221: "Settings conflict"}
"""Where the instrument's words are not the standard's, or its detail is not shown."""

MODEL_ABORTED, MODEL_FAILED, MODEL_RUNNING, MODEL_DONE = 2728, 2730, 2731, 2732
BUFFER_EMPTY, BUFFER_FULL = 4916, 4917
LIMIT_CHANGED, INTERLOCKED = 5059, 5074
POWERED_ON = datetime(2024, 1, 1)

event_type = choice("ERRor", "WARNing", "INFormational", "ALL")
mask = integer(0, 65535)


class Entry(NamedTuple):
    """One line of the log."""

    number: int
    text: str
    kind: int
    when: datetime

    def told(self) -> str:
        """As ``:SYSTem:ERRor?`` answers it."""
        stamp = self.when.strftime("%Y/%m/%d %H:%M:%S.%f")[:-3]
        return f'{self.number},"{self.text};{self.kind};{stamp}"'


class Registers:
    """Condition, event and enable register of OPERation or QUEStionable, set and cleared by mapped events."""

    def __init__(self) -> None:
        self.condition = self.events = self.enable = 0
        self.map: dict[int, tuple[int, int]] = {}

    def happen(self, number: int) -> None:
        """An event has come: set and clear the bits that are mapped to it."""
        for bit, (sets, clears) in self.map.items():
            if number == sets:
                self.condition |= 1 << bit
                self.events |= 1 << bit
            elif number == clears:
                self.condition &= ~(1 << bit)

    def read(self) -> int:
        """The events since the last time."""
        events, self.events = self.events, 0
        return events


def parameter_error(what: str) -> ScpiError:
    """Event 1115 (2461-901-01 page 6-165)."""
    return ScpiError(1115, text=f"Parameter error: {what}")


def name_expected(position: int) -> ScpiError:
    """Event 1133 (page 6-30)."""
    return ScpiError(1133, text=f"Parameter {position}, Syntax error, expected valid name parameters")


class KeithleyEvents(ScpiDevice):
    """A SCPI instrument whose errors, warnings and messages go into one log of 1000 lines."""

    queue_length: ClassVar[int] = 1000

    def __init__(self, world: "World", identity: str) -> None:
        super().__init__(world, identity)
        self._log: deque[Entry] = deque(maxlen=self.queue_length)
        self.operation, self.questionable = Registers(), Registers()

    def power_cycle(self) -> None:
        """Switched off and on: the log is lost too."""
        super().power_cycle()
        self._log.clear()
        self.operation, self.questionable = Registers(), Registers()

    def clock(self, when: float | None = None) -> datetime:
        """The instrument's own clock at a time of the world (now): an arbitrary day when the world began."""
        return POWERED_ON + timedelta(seconds=self.world.now if when is None else when)

    def fail(self, error: ScpiError) -> None:
        """An error for the log; its standard event bit is set."""
        super().fail(error)
        self._errors.clear()
        text = TEXTS.get(error.code, error.text.partition(";")[0]) if error.code < 0 else error.text
        self.note(error.code, text, ERROR)

    def note(self, number: int, text: str, kind: int = INFORMATION) -> None:
        """Something has happened: a line of the log, and whatever bits are mapped to it."""
        self._log.append(Entry(number, text, kind, self.clock()))
        self.operation.happen(number)
        self.questionable.happen(number)

    def _oldest(self, kinds: int) -> str:
        """The oldest line of these kinds; those before it are gone too."""
        while self._log:
            entry = self._log.popleft()
            if entry.kind & kinds:
                return entry.told()
        return '0,"No error;0;0 0"'

    def _count(self, kinds: int) -> int:
        return sum(bool(entry.kind & kinds) for entry in self._log)

    @on("*CLS")
    def _cls(self) -> None:
        self._log.clear()
        self.operation.events = self.questionable.events = 0
        self._event_status, self._completion_awaited = 0, False

    @on("*STB?")
    def _stb(self) -> int:
        summary = 0x20 if self._events() & self._event_enable else 0
        summary |= 0x04 if self._count(ERROR) else 0
        summary |= 0x09 if self.questionable.events & self.questionable.enable else 0
        summary |= 0x80 if self.operation.events & self.operation.enable else 0
        return summary | (0x40 if summary & self._service_enable else 0)

    @on(":SYSTem:CLEar")
    def _clear_log(self) -> None:
        self._log.clear()

    @on(":SYSTem:ERRor[:NEXT]?")
    def _next_error(self) -> str:
        return self._oldest(ERROR)

    @on(":SYSTem:ERRor:CODE[:NEXT]?")
    def _next_code(self) -> str:
        return self._oldest(ERROR).partition(",")[0]

    @on(":SYSTem:ERRor:COUNt?")
    def _error_count(self) -> int:
        return self._count(ERROR)

    @on(":SYSTem:EVENtlog:NEXT?", event_type, event_type, event_type)
    def _next_event(self, one: str = "ALL", two: str = "", three: str = "") -> str:
        return self._oldest(TYPES[one] | TYPES.get(two, 0) | TYPES.get(three, 0))

    @on(":SYSTem:EVENtlog:COUNt?", event_type, event_type, event_type)
    def _event_count(self, one: str = "ALL", two: str = "", three: str = "") -> int:
        return self._count(TYPES[one] | TYPES.get(two, 0) | TYPES.get(three, 0))

    @on(":SYSTem:EVENtlog:POST", string, event_type)
    def _post(self, text: str, kind: str = "INF") -> None:
        number = {"ERR": 1001, "WARN": 1002}.get(kind, 1003)
        self.note(number, f"User: {text}", TYPES[kind])

    @on(":STATus:PRESet")
    def _preset(self) -> None:
        self.operation, self.questionable = Registers(), Registers()

    @on(":STATus:OPERation:CONDition?")
    def _operation_condition(self) -> int:
        return self.operation.condition

    @on(":STATus:OPERation[:EVENt]?")
    def _operation_events(self) -> int:
        return self.operation.read()

    @on(":STATus:OPERation:ENABle", mask)
    def _enable_operation(self, value: int) -> None:
        self.operation.enable = value

    @on(":STATus:OPERation:ENABle?")
    def _operation_enabled(self) -> int:
        return self.operation.enable

    @on(":STATus:OPERation:MAP", integer(0, 14), integer(0), integer(0))
    def _map_operation(self, bit: int, sets: int, clears: int = 0) -> None:
        self.operation.map[bit] = sets, clears

    @on(":STATus:OPERation:MAP?", integer(0, 14))
    def _operation_map(self, bit: int) -> str:
        return _pair(self.operation, bit)

    @on(":STATus:QUEStionable:CONDition?")
    def _questionable_condition(self) -> int:
        return self.questionable.condition

    @on(":STATus:QUEStionable[:EVENt]?")
    def _questionable_events(self) -> int:
        return self.questionable.read()

    @on(":STATus:QUEStionable:ENABle", mask)
    def _enable_questionable(self, value: int) -> None:
        self.questionable.enable = value

    @on(":STATus:QUEStionable:ENABle?")
    def _questionable_enabled(self) -> int:
        return self.questionable.enable

    @on(":STATus:QUEStionable:MAP", integer(0, 14), integer(0), integer(0))
    def _map_questionable(self, bit: int, sets: int, clears: int = 0) -> None:
        self.questionable.map[bit] = sets, clears

    @on(":STATus:QUEStionable:MAP?", integer(0, 14))
    def _questionable_map(self, bit: int) -> str:
        return _pair(self.questionable, bit)


def _pair(registers: Registers, bit: int) -> str:
    sets, clears = registers.map.get(bit, (0, 0))
    return f"{sets},{clears}"


anything: Kind[str] = Kind(lambda text: text, str)
"""An argument that the command itself reads."""
