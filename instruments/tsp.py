"""Instruments that run Lua (Keithley's Test Script Processor): attributes for commands, `print` for questions.

A TSP attribute is set by ``smua.source.levelv = 1`` and asked for by ``print(smua.source.levelv)``; every number comes
back as a floating-point number, constants too (2600BS-901-01, 5-3 and 7-1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, TypeVar

from .commands import Command
from .links import Link, Resync
from .scpi import IdentifiedInstrument

T = TypeVar("T")


def tsp(command: Command[T]) -> Command[T]:
    """The same declared command as a TSP attribute: set by ``header = value``, asked for by ``print(header)``."""
    return replace(command, joint=" = ", question=f"print({command.header})")


def tsp_choice(header: str, constants: Mapping[str, int], *, doc: str, query_only: bool = False) -> Command[str]:
    """One of several words that the instrument knows as numbers."""
    words = {number: word for word, number in constants.items()}

    def write(word: str) -> str:
        return str(constants[word])

    return tsp(
        Command(
            header,
            doc,
            lambda answer: words[int(float(answer))],
            None if query_only else write,
            choices=tuple(constants),
        )
    )


def tsp_switch(header: str, *, doc: str) -> Command[bool]:
    """On (1) or off (0)."""
    return tsp(
        Command(
            header, doc, lambda answer: {0.0: False, 1.0: True}[float(answer)], lambda on: str(int(on)), low=0, high=1
        )
    )


def _sentinel(k: int) -> Sequence[tuple[str, str]]:
    return [(f"print('in step {k}')", f"in step {k}")]


class TspInstrument(IdentifiedInstrument):
    """An instrument that speaks TSP; it also knows the common commands of IEEE 488.2 (``*IDN?``)."""

    error_question: ClassVar[str] = "print(errorqueue.next())"
    resync: ClassVar[Resync] = Resync(_sentinel, settle=0.1)

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        link.resync = self.resync
        super().__init__(link, name=name, serial_number=serial_number)

    @classmethod
    def confirm(cls, link: Link) -> None:
        """As `confirm_safe`, over a link of which nothing is known (the guardian's)."""
        link.resync = cls.resync
        super().confirm(link)
