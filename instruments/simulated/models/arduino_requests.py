"""The Arduino source's request table: which line is which method, with which parameters, in which states.

From `hardware/firmware/PROTOCOL.md`, sections 2, 3, 4 and the order of checks in section 11.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .arduino_lines import Line, Refused

F = TypeVar("F", bound=Callable[..., Any])
Parameter = Callable[[str], Any]

_INTEGER = re.compile(r"[+-]?\d{1,10}$")
_SUFFIXED = re.compile(r"(SOUR|OUTP)(\d+)(?=[:?]|$)")


def integer(text: str) -> int:
    """A decimal integer. Raises Refused(-104)."""
    if not _INTEGER.match(text):
        raise Refused(-104)
    return int(text)


def word(*choices: str) -> Parameter:
    """One of the words given. Raises Refused(-224)."""

    def read(text: str) -> str:
        if text.upper() not in choices:
            raise Refused(-224)
        return text.upper()

    return read


@dataclass(frozen=True)
class Entry:
    """One line of the table. `optional`: the first word that the last parameter belongs to, which others do not have.

    `idle`: refused with -221 in other states; `cost`: seconds, None for a progress query.
    """

    name: str
    parameters: tuple[Parameter, ...]
    optional: str
    idle: bool
    block: bool
    cost: float | None


@dataclass(frozen=True)
class Request:
    """A line understood: the entry, and the values to call its method with."""

    entry: Entry
    values: tuple[Any, ...]


def on(
    header: str,
    *parameters: Parameter,
    optional: str = "",
    idle: bool = False,
    block: bool = False,
    cost: float | None = 1e-3,
) -> Callable[[F], F]:
    """Declare the method that does `header`; after another first word than `optional` the last parameter is not there."""

    def declare(method: F) -> F:
        entries = getattr(method, "requests", {})
        entries[header] = Entry(method.__name__, parameters, optional, idle, block, cost)
        method.requests = entries  # type: ignore[attr-defined]  # a mark
        return method

    return declare


def table(owner: type) -> dict[str, Entry]:
    """Every line that the methods of a class declare, by header."""
    members = (getattr(owner, name) for name in dir(owner))
    return {header: entry for member in members for header, entry in getattr(member, "requests", {}).items()}


def parse(line: Line, entries: dict[str, Entry]) -> Request:
    """Understand a line. Raises Refused with what is wrong with it, in the order of section 11."""
    header, _, rest = line.text().partition(" ")
    header, rest = header.upper(), rest.strip(" ")
    suffixed = _SUFFIXED.match(header)
    entry = entries.get(_SUFFIXED.sub(r"\1<n>", header))
    if entry is None:
        raise Refused(-113)
    values: list[Any] = []
    if suffixed:
        if suffixed[2] not in ("1", "2"):
            raise Refused(-114)
        values.append(int(suffixed[2]))
    if entry.block:
        return Request(entry, (*values, _block(rest, line)))
    words = [part.strip(" ") for part in rest.split(",")] if rest else []
    wanted = len(entry.parameters) - _lacks_last(entry, words)
    if len(words) > wanted:
        raise Refused(-108)
    if len(words) < wanted:
        raise Refused(-109)
    values += [read(part) for read, part in zip(entry.parameters, words, strict=False)]
    return Request(entry, tuple(values))


def _lacks_last(entry: Entry, words: list[str]) -> bool:
    """Whether the last parameter does not belong to the first word: one that is not known leaves both open."""
    if not entry.optional or not words or words[0].upper() == entry.optional:
        return False
    try:
        entry.parameters[0](words[0])
    except Refused:
        return len(words) == 1
    return True


def _block(rest: str, line: Line) -> bytes:
    if rest:
        raise Refused(-108 if "," in rest else -104)
    if line.block is None:
        raise Refused(-109)
    return line.block
