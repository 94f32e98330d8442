"""KiCad's file format: lists in parentheses, read and written. Quoted texts are `Text`, bare words `str`."""

import re
from collections.abc import Iterator

Expression = list["Expression | str"]

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([()])|([^\s()"]+)', re.DOTALL)
_UNESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"})


class Text(str):
    """A text that is written in quotes."""

    __slots__ = ()


def parse(source: str) -> Expression:
    """The first list of `source`. Raises `ValueError` if parentheses do not match."""
    stack: list[Expression] = [[]]
    for match in _TOKEN.finditer(source):
        quoted, bracket, word = match.groups()
        if bracket == "(":
            stack.append([])
        elif bracket == ")":
            if len(stack) < 2:
                raise ValueError(f"a closing parenthesis too many at character {match.start()}")
            done = stack.pop()
            stack[-1].append(done)
        elif word is not None:
            stack[-1].append(word)
        else:
            stack[-1].append(Text(re.sub(r"\\(.)", lambda m: _UNESCAPED.get(m[1], m[1]), quoted, flags=re.DOTALL)))
    if len(stack) != 1 or not stack[0] or not isinstance(stack[0][0], list):
        raise ValueError("not a KiCad file: it does not hold one list in matching parentheses")
    return stack[0][0]


def children(expression: Expression, kind: str) -> Iterator[Expression]:
    """Lists within a list that begin with the word `kind`."""
    return (item for item in expression[1:] if isinstance(item, list) and item and item[0] == kind)


def first(expression: Expression, kind: str) -> Expression | None:
    """The first of `children`, None if there is none."""
    return next(children(expression, kind), None)


def write(expression: Expression) -> str:
    """The text of a file: one list per line, indented by tabs, as KiCad itself writes it."""
    return "".join(_lines(expression, 0))


def _lines(expression: Expression, depth: int) -> Iterator[str]:
    tabs = "\t" * depth
    words = [_word(item) for item in expression if not isinstance(item, list)]
    lists = [item for item in expression if isinstance(item, list)]
    if not lists:
        yield f"{tabs}({' '.join(words)})\n"
        return
    yield f"{tabs}({' '.join(words)}\n"
    if all(item[0] == "xy" for item in lists):
        yield tabs + "\t" + " ".join(f"({' '.join(str(word) for word in item)})" for item in lists) + "\n"
    else:
        for item in lists:
            yield from _lines(item, depth + 1)
    yield f"{tabs})\n"


def _word(item: "Expression | str") -> str:
    return f'"{item.translate(_ESCAPED)}"' if isinstance(item, Text) else str(item)
