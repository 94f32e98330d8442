"""Declared registers: what `commands` is for headers, for an instrument that speaks Modbus (`links.modbus`)."""

import math
from collections.abc import Sequence
from typing import Literal

from .commands import Command

Integer = Literal["UINT16", "UINT32", "INT32"]


def register(
    name: str, address: str | int, *, unit: str, doc: str, low: float, high: float, scale: float = 1.0,
    tolerance: float = 1e-6, query_only: bool = False,
) -> Command[float]:  # fmt: skip
    """A FLOAT32 with a unit. `scale`: what one of the register's own units is (1e-6 for microseconds).

    `address`: a number, or ``"40000+2*{n}"`` for one of several channels.
    """
    return Command(
        f"{name}@{address}:FLOAT32", doc, lambda answer: float(answer) * scale,
        None if query_only else lambda value: f"{value / scale:.9g}", unit, low, high, tolerance=tolerance,
    )  # fmt: skip


def count(
    name: str, address: str | int, kind: Integer = "UINT32", *, doc: str, low: int = 0, high: int = (1 << 32) - 1,
    query_only: bool = False,
) -> Command[int]:  # fmt: skip
    """A whole number."""
    return Command(f"{name}@{address}:{kind}", doc, int, None if query_only else str, "", low, high)


def flag(name: str, address: str | int, kind: Integer = "UINT32", *, doc: str) -> Command[bool]:
    """Whether a number is not 0; can only be read."""
    return Command(f"{name}@{address}:{kind}", doc, lambda answer: int(answer) != 0, None)


def floats(answer: str) -> Sequence[float]:
    """Several values of one answer. Raises ValueError when one is no finite number."""
    values = [float(v) for v in answer.split(",")]
    if not all(map(math.isfinite, values)):
        raise ValueError(answer)
    return values
