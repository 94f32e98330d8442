"""The commands of the simulated Keithley 2600B as Lua sees them: tables with attributes, functions and constants.

A table declares its attributes (`Attribute`, `readable`) and functions (`function`); `keithley_2600b_lua` shows it to
scripts. A function that takes the instrument's time is a generator: it yields seconds, or `COMPLETE` or `POLL`.
Errors do not stop a script (2600BS-901-01 Rev. C, 8-2): they go to the error queue and the command has no effect.
"""

import inspect
import math
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from enum import Enum, auto
from typing import Any, ClassVar, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
Check = Callable[[Any], Any]

TEXTS = {
    -104: "Data Type Error",
    -285: "TSP Syntax error",
    -286: "TSP Runtime error",
    -350: "Queue overflow",
    -363: "Input buffer overrun",
    1100: "Command unavailable",
    1101: "Parameter too big",
    1102: "Parameter too small",
    1400: "Expected at least %d parameters",
    1401: "Parameter %d is invalid",
    4900: "Reading buffer index %s is invalid",
    4901: "The maximum index for this buffer is %d",
    4903: "Reading buffer expired",
    5005: "Value too big for range",
    5007: "Operation would exceed safe operating area of the instrument",
    5025: "Cannot set filter.count > 1 when measure.count > 1",
    5032: "Cannot change this setting unless buffer is cleared",
    5038: "Index exceeds maximum reading",
    5040: "Cannot use same reading buffer for multiple overlapped measurements",
    5042: "Invalid while overlapped measure",
    5043: "Cannot perform requested operation while voltage measure autorange is enabled",
    5044: "Cannot perform requested operation while current measure autorange is enabled",
    5059: "trigger.source.action enabled without configuration",
    5060: "trigger.measure.action enabled without configuration",
    5061: "Operation not permitted while OUTPUT is off",
    5063: "Cannot perform requested operation while measure autozero is on",
}
"""Error numbers and texts (manual, section 8: error summary list)."""


class TspError(Exception):
    """An error for the instrument's queue; `values` fill the text's places, `text` replaces it."""

    def __init__(self, code: int, *values: object, text: str = "") -> None:
        self.code = code
        self.text = text or TEXTS[code] % values
        super().__init__(f"{code}: {self.text}")


class Until(Enum):
    """What a piece of work may wait for other than seconds."""

    COMPLETE = auto()
    """Every overlapped operation is complete."""
    POLL = auto()
    """Something that is asked for again and again may have changed."""


COMPLETE, POLL = Until.COMPLETE, Until.POLL
Work = Generator[float | Until, None, Any]
"""Something that takes the instrument's time."""


class Cost(float):
    """Seconds that something takes in passing: they may be paid together with others, before the next thing that waits."""


def is_number(value: Any) -> bool:
    """Whether Lua gave a number (a boolean is none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(low: float = -math.inf, high: float = math.inf) -> Check:
    """A number from `low` to `high`."""

    def check(value: Any) -> float:
        if not is_number(value):
            raise TspError(-104)
        if value < low:
            raise TspError(1102)
        if not value <= high:
            raise TspError(1101)
        return float(value)

    return check


def whole(low: int, high: int) -> Check:
    """A whole number from `low` to `high`; what stands behind the point is cut off."""
    within = number(low, high)
    return lambda value: int(within(value))


def choice(*values: float) -> Check:
    """One of some numbers."""
    within = number(min(values), max(values))

    def check(value: Any) -> float:
        if within(value) not in values:
            raise TspError(1401, 1)
        return float(value)

    return check


def boolean(value: Any) -> bool:
    """True or false; the numbers 1 and 0 are taken for them."""
    if value in (0, 1):
        return bool(value)
    raise TspError(-104)


def text(value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TspError(-104)
    return value


class Attribute:
    """A stored value that a reset brings back to its `default`; `progress` marks one that is polled."""

    def __init__(self, default: Any, check: Check, *, progress: bool = False) -> None:
        self.default, self.check, self.progress = default, check, progress

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, table: "Table | None", owner: type) -> Any:
        return self if table is None else table.values[self.name]

    def __set__(self, table: "Table", value: Any) -> None:
        table.values[self.name] = value


class Readable:
    """A value that is worked out when it is asked for; it cannot be set."""

    def __init__(self, method: Callable[[Any], Any], progress: bool) -> None:
        self.method, self.progress = method, progress

    def __get__(self, table: "Table | None", owner: type) -> Any:
        return self if table is None else self.method(table)


def readable(*, progress: bool = False) -> Callable[[Callable[[Any], Any]], Readable]:
    """Mark a method as an attribute that can only be read."""
    return lambda method: Readable(method, progress)


def function(method: F) -> F:
    """Mark a method as a function that scripts may call."""
    method.tsp_function = True  # type: ignore[attr-defined]  # read back by Table.__init_subclass__
    return method


class Table:
    """One table of commands. Attributes of the class are what it can do, `children` the tables below it."""

    constants: ClassVar[Mapping[str, float]] = {}
    attributes: ClassVar[Mapping[str, Attribute | Readable]] = {}
    functions: ClassVar[Mapping[str, tuple[str, int]]] = {}
    """Method and most arguments, by the name that scripts know (a trailing underscore is Python's matter)."""

    def __init_subclass__(cls) -> None:
        members = {name: getattr(cls, name) for name in dir(cls)}
        cls.attributes = {n: m for n, m in members.items() if isinstance(m, Attribute | Readable)}
        cls.functions = {n.rstrip("_"): (n, _most(m)) for n, m in members.items() if getattr(m, "tsp_function", False)}

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.defaults()

    def defaults(self) -> None:
        """Every attribute of this table at its default."""
        for name, attribute in self.attributes.items():
            if isinstance(attribute, Attribute):
                self.values[name] = attribute.default

    def fixed(self) -> Mapping[str, float]:
        """The constants of this table."""
        return self.constants

    def children(self) -> Mapping[str | int, "Table"]:
        """The tables below this one, by name or number."""
        return {name: child for name, child in vars(self).items() if isinstance(child, Table) and name[0] != "_"}

    def family(self) -> Iterator["Table"]:
        """This table and all below it."""
        yield self
        for child in self.children().values():
            yield from child.family()

    def polled(self, key: object) -> bool:
        """Whether who asks for this waits for something."""
        attribute = self.attributes.get(key) if isinstance(key, str) else None
        return attribute is not None and attribute.progress

    def read(self, key: object) -> Any:
        """The value behind `key`; None (nil) if there is no such thing."""
        if isinstance(key, str) and key in self.attributes:
            return getattr(self, key)
        return None

    def write(self, key: object, value: Any) -> None:
        """Set an attribute. Raises TspError, and leaves everything as it was, for what cannot be."""
        attribute = self.attributes.get(key) if isinstance(key, str) else None
        if not isinstance(attribute, Attribute):
            raise TspError(1100)
        before = dict(self.values)
        self.values[attribute.name] = attribute.check(value)
        try:
            self.changed(attribute.name)
        except TspError:
            self.values = before
            raise

    def changed(self, name: str) -> None:
        """Called after attribute `name` was set; a TspError takes it back."""

    def call(self, name: str, arguments: list[Any]) -> Any:
        """Call one of the functions; like Lua's own, it does not mind arguments too many."""
        method, most = self.functions[name]
        return getattr(self, method)(*arguments[:most])


def _most(method: Callable[..., Any]) -> int:
    parameters = list(inspect.signature(method).parameters.values())[1:]
    return sys.maxsize if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(parameters)
