"""The language of KXCI: strings of short commands without queries, each string with one answer.

Strings end with a NUL in both directions; a string may hold several commands with semicolons between them. What the manual
says of the single commands and what is assumed: see `keithley_4200a`.
"""

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ..grammar import split

if TYPE_CHECKING:
    from ..world import World

Handler = TypeVar("Handler", bound=Callable[..., "str | None"])
ACKNOWLEDGED = "ACK"
PAGES = ("DE", "SS", "SM", "MD", "US")
"""Channel definition, source setup, measurement setup, measurement control; the user mode."""
MOST_UNFINISHED = 1_000_000
"""Characters of a string that has no end after which it is thrown away."""
_HEAD = re.compile(r"(:[A-Z:]+\??|\*[A-Z]+\??|[A-Z]{2})\s*(.*)", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r"'([A-Z][A-Z0-9_]{0,5})'", re.IGNORECASE)


class KxciError(Exception):
    """What ``:ERROR:LAST:GET`` tells of a command that was refused."""

    code = -992


def does(*names: str, page: str = "", always: bool = False) -> Callable[[Handler], Handler]:
    """Mark what does a command: its names, the page it belongs to, and whether it is done while a test is running."""

    def mark(handler: Handler) -> Handler:
        handler.kxci = (names, page, always)  # type: ignore[attr-defined]  # read by Commanding
        return handler

    return mark


class Commanding:
    """Something that understands commands: its methods marked with `does`, which get the arguments as texts."""

    handlers: ClassVar[dict[str, tuple[Callable[..., str | None], str, bool]]] = {}

    def __init_subclass__(cls) -> None:
        members = [getattr(cls, name) for name in dir(cls)]
        marked = [member for member in members if hasattr(member, "kxci")]
        cls.handlers = {name: (each, *each.kxci[1:]) for each in marked for name in each.kxci[0]}


def commands(message: str) -> list[tuple[str, list[str]]]:
    """The commands of a string: names in capitals, arguments as texts. Raises KxciError."""
    found = []
    for unit in split(message, ";"):
        if not unit.strip():
            continue
        head = _HEAD.fullmatch(unit.strip())
        if head is None:
            raise KxciError(f"Illegal command {unit.strip()[:40]!a}")
        arguments = [text.strip() for text in split(head[2], ",")] if head[2] else []
        found.append((head[1].upper(), arguments))
    return found


def number(text: str, low: float, high: float) -> float:
    """A number in SI units within its limits. Raises KxciError."""
    try:
        value = float(text)
    except ValueError:
        raise KxciError(f"Illegal number {text[:40]!a}") from None
    if not (math.isfinite(value) and low * (1 if low < 0 else 1 - 1e-9) <= value <= high * (1 + 1e-9)):
        raise KxciError(f"Parameter {text[:40]} is not within {low:g} and {high:g}")
    return value


def whole(text: str, low: int, high: int) -> int:
    """The same without a fraction."""
    value = number(text, low, high)
    if value != int(value):
        raise KxciError(f"Parameter {text[:40]} is not a whole number")
    return int(value)


def name(text: str) -> str:
    """A name of up to six characters in quotes."""
    quoted = _NAME.fullmatch(text)
    if quoted is None:
        raise KxciError(f"Illegal name {text[:40]!a}")
    return quoted[1]


class Kxci(Commanding):
    """The last error, the page, and the order of things: a device whose commands are declared with `does`."""

    typical_time = 2e-3
    """Seconds that a string takes."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.page = ""
        self.last_error = ""
        self.syntax_error = False

    def running(self) -> bool:
        """Whether a test is running: then most commands are refused."""
        raise NotImplementedError

    def session(self) -> "KxciSession":
        """A conversation with a new client."""
        return KxciSession(self)

    def execute(self, message: str) -> str:
        """Do the commands of one string, up to the first that is refused; its answer."""
        self.world.spend(self.typical_time)
        answer = ACKNOWLEDGED
        try:
            for command, arguments in commands(message):
                answer = self._do(command, arguments) if answer == ACKNOWLEDGED else answer
        except KxciError as error:
            self.last_error, self.syntax_error = f"{error}. ({error.code})", True
        return answer

    def queue_error(self, code: int) -> None:
        """Something has gone wrong in the instrument, whatever it was told: a fault on demand."""
        self.last_error = f"Hardware error. ({code})"

    def _do(self, command: str, arguments: list[str]) -> str:
        if command in PAGES and not arguments:
            self.page = command
            return ACKNOWLEDGED
        if command not in self.handlers:
            raise KxciError(f"Illegal command {command[:40]!a}")
        handler, page, always = self.handlers[command]
        if page and page != self.page:
            raise KxciError(f"Command {command} belongs to page {page}")
        if self.running() and not always:
            raise KxciError(f"Command {command} is not allowed while a test is running")
        if not _fits(handler, len(arguments)) or not all(arguments):
            raise KxciError("Illegal number of parameters")
        done = handler(self, *arguments)
        return ACKNOWLEDGED if done is None else done

    @does(":ERROR:LAST:GET", always=True)
    def _tell_error(self) -> str:
        return self.last_error or "No error. (0)"

    @does(":ERROR:LAST:CLEAR", always=True)
    def _clear_error(self) -> None:
        self.last_error = ""


def _fits(handler: Callable[..., Any], count: int) -> bool:
    """Whether a handler takes so many arguments besides itself."""
    code = handler.__code__
    least = code.co_argcount - 1 - len(handler.__defaults__ or ())
    return least <= count and (bool(code.co_flags & 0x04) or count < code.co_argcount)


class KxciSession:
    """One client: its own unfinished string, the device's common state."""

    only_watches = False

    def __init__(self, device: Kxci) -> None:
        self._device, self._held, self.messages = device, b"", 0

    def receive(self, data: bytes) -> bytes:
        """Do the strings that `data` completes; the answers in order."""
        *complete, self._held = (self._held + data).split(b"\0")
        if len(self._held) > MOST_UNFINISHED:
            self._held = b""
        answers = []
        for string in complete:
            self.messages += 1
            answers.append(self._device.execute(string.decode("latin-1").strip()).encode("latin-1") + b"\0")
        return b"".join(answers)

    def close(self) -> None:
        """Drop what was not complete."""
        self._held = b""
