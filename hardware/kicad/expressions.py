"""Reads and writes KiCad's files without KiCad: s-expressions as nested lists, `["symbol", ["lib_id", "Device:R"], ...]`.

The syntax is that of KiCad's developer documentation, "S-Expression Format": lists in round brackets, words, and
texts in double quotes with backslash escapes.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from neurorig.signals import ConfigError

Expression: TypeAlias = "list[str | Expression]"

_TOKEN = re.compile(r'[()]|"((?:[^"\\]|\\.)*)"|[^\s()"]+')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANT = {"n": "\n", "t": "\t", "r": "\r"}
_WRITTEN = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"})


class Text(str):
    """A text that stands in quotes in the file; any other string is a bare word."""

    __slots__ = ()


def read(path: Path) -> Expression:
    """Read the one expression that a KiCad file holds. Raises ConfigError when it cannot be read or taken apart."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as reason:
        raise ConfigError(f"{path}: cannot be read: {reason}") from reason
    except ValueError as reason:
        raise ConfigError(f"{path}: not a KiCad file: {reason}") from reason


def parse(text: str) -> Expression:
    """Take one expression apart. Raises ValueError for anything else, with what is wrong."""
    top: Expression = []
    open_lists = [top]
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == "(":
            inner: Expression = []
            open_lists[-1].append(inner)
            open_lists.append(inner)
        elif token == ")":
            open_lists.pop()
            if not open_lists:
                line = text.count("\n", 0, match.start()) + 1
                raise ValueError(f"line {line} closes a bracket that was never opened.")
        else:
            plain = match[1]
            open_lists[-1].append(token if plain is None else Text(_unescaped(plain)))
    if len(open_lists) > 1:
        raise ValueError(f"{len(open_lists) - 1} brackets are never closed: it ends too early.")
    if len(top) != 1 or isinstance(top[0], str):
        raise ValueError(f"it holds {len(top)} expressions instead of one.")
    return top[0]


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda m: _MEANT.get(m[1], m[1]), text) if "\\" in text else text


def children(expression: Expression, name: str) -> Iterator[Expression]:
    """The lists inside that begin with `name`, in order."""
    return (e for e in expression if not isinstance(e, str) and e and e[0] == name)


def child(expression: Expression, name: str) -> Expression:
    """The first list inside that begins with `name`; an empty one if there is none."""
    return next(children(expression, name), [])


def word(expression: Expression, name: str, default: str = "") -> str:
    """What stands first in the list `name` inside: of ``(symbol (lib_id "Device:R"))`` lib_id gives ``Device:R``."""
    found = child(expression, name)
    return found[1] if len(found) > 1 and isinstance(found[1], str) else default


def numbers(expression: Expression, name: str) -> tuple[float, ...]:
    """The numbers in the list `name` inside, such as x, y and angle of ``at``; none if there is no such list."""
    return tuple(float(e) for e in child(expression, name)[1:] if isinstance(e, str))


def properties(expression: Expression) -> dict[str, str]:
    """The fields of a symbol or footprint: name to text."""
    return {str(p[1]): str(p[2]) for p in children(expression, "property")}


def write(expression: Expression) -> str:
    """The text of a file as KiCad itself writes it: words of a list on one line, lists inside on lines of their own."""
    return "".join(_lines(expression, "\n"))


def _lines(expression: Expression, margin: str) -> Iterator[str]:
    yield "(" + " ".join(_written(item) for item in expression if isinstance(item, str))
    lists = [item for item in expression if not isinstance(item, str)]
    inner = margin + "\t"
    for item in lists:
        points = item[0] == "xy" and item is not lists[0]  # KiCad keeps points on one line
        yield " " if points else inner
        yield from _lines(item, inner)
    yield margin + ")" if lists else ")"
    if margin == "\n":
        yield "\n"


def _written(item: str) -> str:
    return f'"{item.translate(_WRITTEN)}"' if isinstance(item, Text) else item
