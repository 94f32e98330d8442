"""Kinds of SCPI arguments: how a parameter's text becomes a value, and how a value is shown in an answer.

SCPI-1999 vol. 1 chapter 7 (numeric, boolean, character data, MINimum/MAXimum/DEFault) and IEEE 488.2 section 7.7.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

STANDARD_ERRORS = {
    -102: "Syntax error",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -114: "Header suffix out of range",
    -131: "Invalid suffix",
    -138: "Suffix not allowed",
    -161: "Invalid block data",
    -200: "Execution error",
    -221: "Settings conflict",
    -222: "Data out of range",
    -224: "Illegal parameter value",
    -350: "Queue overflow",
    -363: "Input buffer overrun",
}
"""SCPI-1999 vol. 2 section 21.8."""


class ScpiError(Exception):
    """An error for the instrument's own queue: a SCPI number and its text, with optional detail after a semicolon.

    `text` replaces the standard text where a maker's manual has its own.
    """

    def __init__(self, code: int, detail: str = "", *, text: str | None = None) -> None:
        standard = STANDARD_ERRORS.get(code, "Device-specific error")
        self.code = code
        self.text = text or (f"{standard}; {detail}" if detail else standard)
        super().__init__(f'{code},"{self.text}"')


@dataclass(frozen=True)
class Kind(Generic[T]):
    """One kind of argument. `read` raises ScpiError on text it does not accept; `extremes`: it takes MIN, MAX or DEF."""

    read: Callable[[str], T]
    show: Callable[[T], str]
    extremes: bool = False


def nr3(value: float) -> str:
    """Scientific notation with six decimals, as most bench instruments answer."""
    return f"{value:.6e}"


_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-zA-Z%]*)$")
_MULTIPLIERS = {
    "EX": 1e18, "PE": 1e15, "T": 1e12, "G": 1e9, "MA": 1e6, "K": 1e3, "": 1.0,
    "M": 1e-3, "U": 1e-6, "N": 1e-9, "P": 1e-12, "F": 1e-15, "A": 1e-18,
}  # fmt: skip
_EXTREMES = {"MIN": 0, "MINIMUM": 0, "MAX": 1, "MAXIMUM": 1, "DEF": 2, "DEFAULT": 2}


def _factor(suffix: str, unit: str) -> float:
    """Value of a unit suffix such as ``MV``; SCPI reads MHZ and MOHM as mega (SCPI-1999 7.3)."""
    if not unit:
        raise ScpiError(-138, suffix)
    name, base = suffix.upper(), unit.upper()
    if name in ("MHZ", "MOHM") and base in ("HZ", "OHM"):
        return 1e6
    multiplier = _MULTIPLIERS.get(name.removesuffix(base)) if name.endswith(base) else None
    if multiplier is None:
        raise ScpiError(-131, suffix)
    return multiplier


def number(
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    default: float | None = None,
    show: Callable[[float], str] = nr3,
) -> Kind[float]:
    """A decimal number in the base unit (multiplier and unit suffix allowed if there is a unit).

    MIN, MAX and DEF are accepted where `low`, `high` and `default` are given. Out of range is -222, never clipped.
    """
    extremes = (low, high, default)

    def read(text: str) -> float:
        match = _NUMBER.match(text)
        if match is None:
            which = _EXTREMES.get(text.upper())
            extreme = None if which is None else extremes[which]
            if extreme is None:
                raise ScpiError(-104, text)
            return float(extreme)
        value = float(match[1]) * (_factor(match[2], unit) if match[2] else 1.0)
        if (low is not None and value < low) or (high is not None and value > high):
            raise ScpiError(-222, text)
        return value

    return Kind(read, show, extremes=any(extreme is not None for extreme in extremes))


def integer(low: int | None = None, high: int | None = None, default: int | None = None) -> Kind[int]:
    """A whole number; a decimal number is rounded (IEEE 488.2 section 7.7.2.4)."""
    decimal = number(low=low, high=high, default=default)
    return Kind(lambda text: round(decimal.read(text)), str, extremes=decimal.extremes)


def extreme_of(kind: Kind[T]) -> Kind[T]:
    """What may follow a query: MIN, MAX or DEF, which asks for that value instead of the present one."""

    def read(text: str) -> T:
        if text.upper() not in _EXTREMES:
            raise ScpiError(-108, text)
        return kind.read(text)

    return Kind(read, kind.show)


def _read_boolean(text: str) -> bool:
    word = text.upper()
    if word in ("ON", "1"):
        return True
    if word in ("OFF", "0"):
        return False
    raise ScpiError(-224, text)


boolean: Kind[bool] = Kind(_read_boolean, lambda value: "1" if value else "0")
"""ON, OFF, 1 or 0; answered as 1 or 0."""


def short_form(word: str) -> str:
    """The short form of a mnemonic written like ``CHANnel1``: its capitals and digits, and the underscores before capitals."""
    follows = (*word[1:], "")
    return "".join(
        a for a, b in zip(word, follows, strict=True) if a.isupper() or a.isdigit() or (a == "_" and b.isupper())
    )


def choice(*words: str) -> Kind[str]:
    """One of the given mnemonics, in its short or its long form, in any case; the value is the short form."""
    known = {form.upper(): short_form(word) for word in words for form in (word, short_form(word))}

    def read(text: str) -> str:
        value = known.get(text.upper())
        if value is None:
            raise ScpiError(-224, text)
        return value

    return Kind(read, str)


def _read_string(text: str) -> str:
    if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0]:
        return text[1:-1].replace(text[0] * 2, text[0])
    return text


string: Kind[str] = Kind(_read_string, lambda value: f'"{value}"')
"""A quoted string (quotes optional, as most instruments accept)."""


def _read_block(text: str) -> bytes:
    digits = int(text[1]) if text[:1] == "#" and text[1:2].isdecimal() else 0
    size = text[2 : 2 + digits]
    if not digits or not size.isdecimal():
        raise ScpiError(-161)
    start, end = 2 + digits, 2 + digits + int(size)
    if len(text) < end or text[end:].strip():
        raise ScpiError(-161)
    return text[start:end].encode("latin-1")


block: Kind[bytes] = Kind(_read_block, lambda data: (block_header(len(data)) + data).decode("latin-1"))
"""A definite-length block of bytes, ``#<d><length><bytes>`` (IEEE 488.2 section 7.7.6)."""


def block_header(size: int, digits: int = 1) -> bytes:
    """What stands before a definite-length block: ``#<d><length>``, the length with at least `digits` digits."""
    length = str(size).zfill(digits)
    return f"#{len(length)}{length}".encode()
