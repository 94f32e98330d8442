"""Declared commands: one line of a driver's class gives the property, its checks, its read-back and its documentation.

    class Scope(Commanded):
        timebase = command(":TIM:MAIN:SCAL", unit="s", low=5e-9, high=50, doc="Seconds a division.")

A value outside its bounds raises LimitError and nothing is sent; one that does not read back raises InstrumentError.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar, overload

from neurorig.signals import InstrumentError, LimitError, LinkError, show

from .links import Link

T = TypeVar("T")


class Commanded:
    """Something with declared commands: an instrument, or a channel whose `suffix` fills ``{n}`` in the headers.

    `query` and `write` are the link's; an instrument whose lines need more than that puts its own there.
    """

    def __init__(
        self, link: Link, *, name: str, suffix: int | str | None = None, warnings: list[str] | None = None
    ) -> None:
        self.link = link
        self.name = name
        self.suffix = suffix
        self.query: Callable[[str], str] = link.query
        self.write: Callable[[str], None] = link.write
        self.warnings: list[str] = [] if warnings is None else warnings

    @classmethod
    def commands(cls) -> Iterator[Command[Any]]:
        """Every declared command, base classes first, in the order of declaration."""
        for base in reversed(cls.__mro__):
            own = (member for member in vars(base).values() if isinstance(member, Command))
            yield from (member for member in own if getattr(cls, member.name) is member)  # else it is declared anew

    def settings(self) -> dict[str, Any]:
        """Every declared command as read back. What an optional command leaves unanswered is None and a warning."""
        found: dict[str, Any] = {}
        for item in self.commands():
            try:
                found[item.name] = item.ask(self)
            except LinkError as reason:
                if not item.optional:
                    raise
                found[item.name] = None
                self.warnings.append(f"{self.name}: {item.header}? was not answered ({reason})")
        return found


@dataclass
class Command(Generic[T]):
    """One command of an instrument as an attribute of its driver: reading asks, assigning sets.

    `unit`, `low`, `high`, `choices`, `doc` feed the checks, the settings record and the documentation alike.
    """

    header: str
    doc: str
    read: Callable[[str], T]
    write: Callable[[T], str] | None
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    read_back: bool = True
    tolerance: float = 1e-6
    resolution: float = 0.0
    optional: bool = False
    question: str = ""
    joint: str = " "
    """What stands between the header and the value that is set."""
    name: str = ""

    def __post_init__(self) -> None:
        self.question = self.question or self.header + "?"

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instrument: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instrument: Commanded, owner: type | None = None) -> T: ...
    def __get__(self, instrument: Commanded | None, owner: type | None = None) -> T | Self:
        if instrument is None:
            return self
        return self.ask(instrument)

    def __set__(self, instrument: Commanded, value: T) -> None:
        if self.write is None:
            raise AttributeError(f"{instrument.name}: {self.name} ({self.header}?) can only be read")
        self.check(instrument, value)
        instrument.write(f"{self._filled(self.header, instrument)}{self.joint}{self.write(value)}")
        if self.read_back:
            self._confirm(instrument, value)

    @property
    def is_switch(self) -> bool:
        """Whether it only knows on and off."""
        return self.read is _read_switch

    def ask(self, instrument: Commanded) -> T:
        """Ask the instrument. Raises LinkError when nothing comes, InstrumentError when the answer cannot be read."""
        question = self.question if instrument.suffix is None else self._filled(self.question, instrument)
        answer = instrument.query(question)
        try:
            return self.read(answer)
        except (ValueError, KeyError) as reason:
            raise InstrumentError(f"{instrument.name}: '{answer}' is no answer to {question}.") from reason

    def check(self, instrument: Commanded, value: T) -> None:
        """Raise LimitError if `value` lies outside the bounds or is none of the choices."""
        if self.choices and value not in self.choices:
            raise LimitError(
                f"{instrument.name}: {self.name} cannot be '{value}'; it is one of {', '.join(self.choices)}."
            )
        if isinstance(value, int | float) and not self.low <= value <= self.high:  # also catches NaN
            raise LimitError(
                f"{instrument.name}: {self.name} {self.show(value)} lies outside "
                f"{self.show(self.low)} .. {self.show(self.high)} ({self.header})."
            )

    def show(self, value: Any) -> str:
        """Write a value of this command for a person."""
        return show(float(value), self.unit, 6) if isinstance(value, int | float) and self.unit else str(value)

    def _confirm(self, instrument: Commanded, value: T) -> None:
        try:
            found = self.ask(instrument)
        except LinkError as reason:
            raise InstrumentError(f"{instrument.name}: {self.name} was set but not read back: {reason}") from reason
        same = found == value
        if isinstance(value, float) and isinstance(found, float):
            same = math.isclose(found, value, rel_tol=self.tolerance, abs_tol=max(self.resolution, 1e-12))
        if not same:
            raise InstrumentError(
                f"{instrument.name}: {self.name} was set to {self.show(value)} but reads back {self.show(found)} "
                f"({self._filled(self.header, instrument)}). It may not be possible in its present state."
            )

    @staticmethod
    def _filled(text: str, instrument: Commanded) -> str:
        return text if instrument.suffix is None else text.replace("{n}", str(instrument.suffix))


def command(
    header: str, *, unit: str, doc: str, low: float = -math.inf, high: float = math.inf, scale: float | None = None,
    read_back: bool = True, tolerance: float = 1e-6, resolution: float = 0.0, optional: bool = False,
    query_only: bool = False, question: str = "",
) -> Command[float]:  # fmt: skip
    """A number with a unit.

    `tolerance` (relative) and `resolution` (absolute): how far the read-back may lie from what was set. `scale`: the
    instrument takes whole multiples of it (1e-9 for an integer in nanoamperes). `question`: if it is not ``header?``.
    """

    def write(value: float) -> str:
        return f"{value:.10G}" if scale is None else str(round(value / scale))

    def read(answer: str) -> float:
        return whole(answer) * (scale or 1.0)

    return Command(
        header, doc, real if scale is None else read, None if query_only else write, unit, low, high, (), read_back,
        tolerance, resolution, optional, question,
    )  # fmt: skip


def integer(
    header: str, *, doc: str, low: int, high: int, read_back: bool = True, optional: bool = False,
    query_only: bool = False,
) -> Command[int]:  # fmt: skip
    """A whole number."""
    return Command(
        header, doc, whole, None if query_only else str, "", low, high, read_back=read_back, optional=optional
    )


def switch(header: str, *, doc: str, read_back: bool = True, optional: bool = False) -> Command[bool]:
    """On or off; read as ``1``/``0`` or ``ON``/``OFF``."""
    return Command(header, doc, _read_switch, lambda on: "ON" if on else "OFF", read_back=read_back, optional=optional)


def real(answer: str) -> float:
    """A number. Raises ValueError."""
    if "_" in answer:  # Python reads 1_0 as ten; an instrument means nothing by it
        raise ValueError(answer)
    return float(answer)


def whole(answer: str) -> int:
    """A whole number in any form that instruments give it: ``12``, ``+12``, ``1.200000E+01``. Raises ValueError."""
    if answer.strip().isdecimal():
        return int(answer)
    value = real(answer)
    if not value.is_integer() or abs(value) > 2**53:
        raise ValueError(answer)
    return int(value)


def plain(answer: str) -> str:
    """An answer of words and numbers, however it is spelled: short forms, capitals, no spaces, numbers in one form.

    The short form of a word has its first four letters, or three if the fourth is a vowel (SCPI-1999 vol. 1, 6.2.1).
    """
    return ",".join(_plain_field(field.strip()) for field in answer.split(","))


def _plain_field(field: str) -> str:
    try:
        return f"{real(field):.12g}"
    except ValueError:
        return re.sub(r"[A-Za-z]+", lambda word: _short(word[0].upper()), field)


def _short(word: str) -> str:
    return word if len(word) <= 4 else word[: 3 if word[3] in "AEIOU" else 4]


def _read_switch(answer: str) -> bool:
    return {"1": True, "ON": True, "0": False, "OFF": False}[plain(answer)]


def choice(
    header: str, choices: Sequence[str], *, doc: str, read_back: bool = True, optional: bool = False,
    query_only: bool = False,
) -> Command[str]:  # fmt: skip
    """One of several words; the instrument may give it back in its short or its long form, in any case (`plain`)."""
    known = tuple(choices)
    spelled = [plain(word) for word in known]

    def read(answer: str) -> str:
        if answer in known:
            return answer
        if spelled.count(plain(answer)) != 1:
            raise ValueError(answer)
        return known[spelled.index(plain(answer))]

    return Command(
        header, doc, read, None if query_only else str, choices=known, read_back=read_back, optional=optional
    )


def text(header: str, *, doc: str, optional: bool = False, question: str = "") -> Command[str]:
    """A free text that can only be read."""
    return Command(header, doc, str, None, optional=optional, question=question)
