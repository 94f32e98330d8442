"""The grammar of SCPI messages: header patterns, the command tree, and a byte stream cut into messages.

SCPI-1999 vol. 1 chapter 6 (short and long forms, optional nodes, numeric suffixes, relative paths after ``;``) and
IEEE 488.2 chapter 7 (terminators, blocks). Messages travel as latin-1 text, which keeps every byte of a block as it is.
"""

import inspect
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from .arguments import Kind, ScpiError, short_form

LONG = 4096
"""Characters of a message up to which what it means is remembered."""

Handler = Callable[..., Any]
H = TypeVar("H", bound=Handler)


@dataclass(frozen=True)
class Command:
    """One declared command or query. `cost` is its typical time in seconds (None: the device's own), `progress` marks
    a query that is polled while something is under way and therefore lets the world run to its next event; one that `waits`
    is done when no operation is pending any more."""

    pattern: str
    kinds: tuple[Kind[Any], ...]
    handler: Handler
    cost: float | None = None
    progress: bool = False
    required: int = 0
    waits: bool = False

    def arguments(self, texts: list[str]) -> list[Any]:
        """Read the parameters. Raises ScpiError (-108 too many, -109 too few, or what the kind says)."""
        if len(texts) > len(self.kinds):
            raise ScpiError(-108, self.pattern)
        if len(texts) < self.required:
            raise ScpiError(-109, self.pattern)
        return [kind.read(text) for kind, text in zip(self.kinds, texts, strict=False)]


def make_command(
    pattern: str, kinds: tuple[Kind[Any], ...], handler: Handler, cost: float | None = None, progress: bool = False
) -> Command:
    """Declare a command; a parameter is optional if the handler's own parameter has a default, all if it takes any number."""
    names = list(inspect.signature(handler).parameters.values())
    optional = sum(name.default is not inspect.Parameter.empty for name in names)
    if any(name.kind is inspect.Parameter.VAR_POSITIONAL for name in names):
        optional = len(kinds)
    return Command(pattern, kinds, handler, cost, progress, required=len(kinds) - optional)


def on(
    pattern: str, *kinds: Kind[Any], cost: float | None = None, progress: bool = False, waits: bool = False
) -> Callable[[H], H]:
    """Mark a method as the handler of a command (or a query, if the pattern ends with ``?``).

    Pattern: ``[:SOURce]:CURRent[:LEVel]``: capitals are the short form, brackets are optional, ``CHANnel<1-4>`` takes a
    numeric suffix (1 if it, or its whole optional word, is left out). The method gets the suffixes, then the arguments.
    Stack the decorator for aliases.
    """

    def mark(handler: H) -> H:
        commands = getattr(handler, "scpi_commands", ())
        made = replace(make_command(pattern, kinds, handler, cost, progress), waits=waits)
        handler.scpi_commands = (made, *commands)  # type: ignore[attr-defined]  # a mark
        return handler

    return mark


class Call(NamedTuple):
    """A command found in a message, with its suffixes and arguments read."""

    command: Command
    arguments: tuple[Any, ...]


@dataclass
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    suffix: tuple[int, int] | None = None
    command: Command | None = None
    query: Command | None = None

    def child(self, word: str) -> tuple["_Node", int | None]:
        """The child a header word names and its numeric suffix. Raises ScpiError -113, or -114 for a bad suffix."""
        name = word.upper()
        node = self.children.get(name)
        if node is not None:
            return node, (None if node.suffix is None else 1)
        stem = name.rstrip("0123456789")
        node = self.children.get(stem)
        if node is None or node.suffix is None:
            raise ScpiError(-113, word)
        number = int(name[len(stem) :])
        if not node.suffix[0] <= number <= node.suffix[1]:
            raise ScpiError(-114, word)
        return node, number


_PATTERN_WORD = re.compile(r"(\[)?:?([*A-Za-z0-9_]+)(?:<(\d+)-(\d+)>)?(\])?")


def _spellings(pattern: str) -> Iterator[tuple[list[tuple[str, tuple[int, int] | None]], int]]:
    """Each way through the optional nodes of a pattern, as (mnemonic, suffix range) pairs; how many suffixes it leaves out.

    Words with a suffix that may be left out come before all others with one.
    """
    words = []
    for opened, name, low, high, _ in _PATTERN_WORD.findall(pattern.removesuffix("?")):
        word = (name, (int(low), int(high)) if low else None)
        words.append(([], [word]) if opened else ([word],))
    suffixes = sum(part[-1][0][1] is not None for part in words)
    for way in itertools.product(*words):
        if any(way):
            spelling = [word for part in way for word in part]
            yield spelling, suffixes - sum(suffix is not None for _, suffix in spelling)


def _first(command: Command, suffixes: int) -> Command:
    """What a command means when its first `suffixes` words with a suffix are left out: the first of them."""
    handler = command.handler
    return replace(command, handler=lambda device, *arguments: handler(device, *(1,) * suffixes, *arguments))


class _Path(NamedTuple):
    """A place in the tree, and the numeric suffixes met on the way: ``:CHAN3:COUP AC;SCAL 1`` stays in channel 3."""

    node: _Node
    suffixes: tuple[int, ...] = ()


class Tree:
    """All commands of one kind of instrument; `parse` turns a message into calls, and remembers recent messages."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._root = _Node()
        for command in commands:
            self._add(command)
        self._remembered = lru_cache(maxsize=2048)(self._parse)
        self.alone = lru_cache(maxsize=2048)(self._alone)

    def _add(self, command: Command) -> None:
        for spelling, left_out in _spellings(command.pattern):
            node, meant = self._root, _first(command, left_out) if left_out else command
            for name, suffix in spelling:
                child = node.children.get(name.upper()) or _Node(suffix=suffix)
                # "*IDN" and "CHANnel" both work: a common command has no lower case part.
                node.children[name.upper()] = child
                if not name.startswith("*"):
                    node.children[short_form(name)] = child
                node = child
            if command.pattern.endswith("?"):
                node.query = meant
            else:
                node.command = meant

    def _alone(self, data: bytes) -> Call | ScpiError | None:
        """The only unit of the only message, if that is what these bytes plainly are."""
        if data.count(b"\n") != 1 or not data.endswith(b"\n") or b"#" in data:
            return None
        steps = self._remembered(data[:-1].removesuffix(b"\r").decode("latin-1"))
        return steps[0] if len(steps) == 1 else None

    def parse(self, message: str) -> tuple[Call | ScpiError, ...]:
        """The calls of one message in order. A message of data is not worth remembering."""
        return self._remembered(message) if len(message) <= LONG else self._parse(message)

    def _parse(self, message: str) -> tuple[Call | ScpiError, ...]:
        """The calls of one message in order; a command error ends the message (IEEE 488.2 section 6.1.9.1)."""
        steps: list[Call | ScpiError] = []
        path = _Path(self._root)
        for unit in split(message, ";"):
            if not unit.strip():
                continue
            try:
                call, path = self._unit(unit, path)
            except ScpiError as error:
                steps.append(error)
                if -200 < error.code <= -100:
                    break
            else:
                steps.append(call)
        return tuple(steps)

    def _unit(self, text: str, path: _Path) -> tuple[Call, _Path]:
        header, *rest = text.split(None, 1)
        words = header.removesuffix("?")
        place = _Path(self._root) if words.startswith(("*", ":")) else path
        for word in words.removeprefix(":").split(":"):
            parent = place
            node, suffix = parent.node.child(word)
            place = _Path(node, parent.suffixes if suffix is None else (*parent.suffixes, suffix))
        command = place.node.query if header.endswith("?") else place.node.command
        if command is None:
            raise ScpiError(-113, header)
        texts = [part.lstrip() for part in split(rest[0], ",")] if rest else []
        # White space at the end of a block is data.
        texts = [text if text.startswith("#") else text.rstrip() for text in texts]
        call = Call(command, (*place.suffixes, *command.arguments(texts)))
        return call, (path if words.startswith("*") else parent)


_QUOTED_OR_BLOCK = re.compile(r""""[^"]*"|'[^']*'|\([^()]*\)|#([1-9])""")


def split(text: str, separator: str) -> list[str]:
    """Split at `separator` outside quoted strings, expressions in parentheses and blocks of bytes."""
    if "#" not in text and '"' not in text and "'" not in text and "(" not in text:
        return text.split(separator)
    parts: list[str] = []
    start = at = 0
    while True:
        cut = text.find(separator, at)
        special = _QUOTED_OR_BLOCK.search(text, at)
        if special is not None and (cut < 0 or special.start() < cut):
            at = _after(text, special)
            continue
        if cut < 0:
            return [*parts, text[start:]]
        parts.append(text[start:cut])
        start = at = cut + 1


def _after(text: str, special: re.Match[str]) -> int:
    """Where a quoted string, an expression or a block ends (a block may end beyond the text that has arrived)."""
    if special[1] is None:
        return special.end()
    size = text[special.end() : special.end() + int(special[1])]
    return special.end() + (len(size) + int(size) if size.isdecimal() else 0)


_MESSAGE_MARK = re.compile(rb""""[^"\n]*"|'[^'\n]*'|(?P<open>"[^"\n]*\Z|'[^'\n]*\Z)|\n|#(?P<digits>[1-9])""")


class Framer:
    """Cuts a byte stream into messages at line feeds, except those inside definite-length blocks.

    Bytes may arrive in pieces of any size. `limit` bounds what an unfinished message may hold.
    """

    def __init__(self, limit: int = 16_000_000) -> None:
        self.limit = limit
        self._held = b""
        self._wanted = 0

    @property
    def empty(self) -> bool:
        """Whether no message is half here."""
        return not self._held

    def feed(self, data: bytes) -> Iterator[str]:
        """Give the messages that `data` completes, without terminators. Raises ScpiError -363 beyond the limit."""
        self._held = self._held + data if self._held else data
        while len(self._held) > self._wanted:
            end = self._end_of_message()
            if end < 0:
                break
            message, self._held, self._wanted = self._held[:end], self._held[end + 1 :], 0
            yield message.removesuffix(b"\r").decode("latin-1")
        if max(len(self._held), self._wanted) > self.limit:
            self._held, self._wanted = b"", 0
            raise ScpiError(-363)

    def _end_of_message(self) -> int:
        """Index of the line feed that ends the first message, or -1; then `_wanted` bytes are not enough."""
        held, at = self._held, 0
        while (mark := _MESSAGE_MARK.search(held, at)) is not None:
            if mark[0] == b"\n":
                return mark.start()
            if mark["open"] is not None:  # whether it is a string, its end will tell
                break
            if mark["digits"] is None:
                at = mark.end()
                continue
            size = held[mark.end() : mark.end() + int(mark["digits"])]
            if size and not size.isdigit():  # bytes: ASCII digits only
                at = mark.end()
                continue
            if len(size) < int(mark["digits"]):
                break
            at = mark.end() + len(size) + int(size)
            if at >= len(held):
                self._wanted = at
                return -1
        self._wanted = len(held)
        return -1
