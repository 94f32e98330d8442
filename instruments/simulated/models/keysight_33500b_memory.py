"""The arbitrary waveforms in a channel of a simulated Keysight 33522B: downloads as numbers or blocks, and what is there.

What the guide says and what is assumed: see `keysight_33500b`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..arguments import Kind, ScpiError, block
from ..grammar import Command

H = TypeVar("H", bound=Callable[..., Any])
Codes = NDArray[np.int16]

TOP = 32767
"""Code of full scale: sixteen bits."""
LEAST_POINTS = 8
DEFAULT_WAVEFORM = "INT:\\BUILTIN\\EXP_RISE.ARB"
_DEFAULT_CODES = np.rint(TOP * (1 - np.exp(-np.arange(400) / 80.0))).astype(np.int16)
TEXT: Kind[str] = Kind(str, str)
"""Text as it stands."""
_NAME = re.compile(r"[A-Za-z0-9_]{1,12}")


def name_of(text: str) -> str:
    """A waveform's name, in capitals, quoted or not. Raises ScpiError when it cannot be one."""
    name = text.strip().strip("\"'").upper()
    if name != DEFAULT_WAVEFORM and not _NAME.fullmatch(name):
        raise ScpiError(-151, text="Invalid string data")
    return name


@dataclass
class WaveformMemory:
    """The waveforms of one channel by name; `capacity` points in all."""

    capacity: int

    def __post_init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Only the default waveform is left."""
        self._codes: dict[str, Codes] = {DEFAULT_WAVEFORM: _DEFAULT_CODES}

    @property
    def names(self) -> list[str]:
        """Of all waveforms."""
        return list(self._codes)

    @property
    def free(self) -> int:
        """Points that still go in."""
        return self.capacity - sum(map(len, self._codes.values()))

    def codes(self, name: str) -> Codes:
        """A waveform's points, -32767 to 32767. Raises ScpiError when there is none."""
        if name not in self._codes:
            raise ScpiError(786, text="Specified arb waveform does not exist")
        return self._codes[name]

    def points(self, name: str) -> int:
        """How many."""
        return len(self.codes(name))

    def extremes(self, name: str) -> tuple[float, float]:
        """Lowest and highest point in parts of full scale."""
        codes = self.codes(name)
        return int(codes.min()) / TOP, int(codes.max()) / TOP

    def store(self, name: str, codes: Codes) -> None:
        """Keep a waveform. Raises ScpiError when there is one of that name, when it is too short, or when it does not go in."""
        if name in self._codes:
            raise ScpiError(785, text="Specified arb waveform already exists")
        if len(codes) < LEAST_POINTS:
            raise ScpiError(-222, f"an arb waveform has at least {LEAST_POINTS} points")
        if len(codes) > self.free:
            raise ScpiError(781, text="Not enough memory to load arb waveform")
        self._codes[name] = codes


def parts_of_full_scale(values: list[str], swapped: bool) -> Codes:
    """Points from ``DATA:ARBitrary``: -1 to +1, as text or as 32 bit floating point numbers. Raises ScpiError."""
    floats = _numbers(values, "f4", swapped)
    if np.any(np.abs(floats) > 1.0):
        raise ScpiError(-222)
    return np.rint(floats * TOP).astype(np.int16)


def converter_codes(values: list[str], swapped: bool) -> Codes:
    """Points from ``DATA:ARBitrary:DAC``: -32767 to +32767, as text or as 16 bit integers. Raises ScpiError."""
    numbers = np.rint(_numbers(values, "i2", swapped))
    if np.any(np.abs(numbers) > TOP):
        raise ScpiError(-222)
    return numbers.astype(np.int16)


def _numbers(values: list[str], kind: str, swapped: bool) -> NDArray[np.float64]:
    if values[0].startswith("#"):
        data = block.read(values[0])
        if len(values) > 1 or len(data) % int(kind[1]):
            raise ScpiError(-161)
        numbers = np.frombuffer(data, ("<" if swapped else ">") + kind).astype(np.float64)
    else:
        try:
            numbers = np.array(values, dtype=np.float64)
        except ValueError:
            raise ScpiError(-104) from None
    if not np.all(np.isfinite(numbers)):
        raise ScpiError(-104)
    return numbers


@dataclass(frozen=True)
class Download(Command):
    """A command with a name and any number of values."""

    def arguments(self, texts: list[str]) -> list[Any]:
        """The name and the texts of the values. Raises ScpiError -109 without values."""
        if len(texts) < 2:
            raise ScpiError(-109, self.pattern)
        return [texts[0], texts[1:]]


def download(pattern: str) -> Callable[[H], H]:
    """Mark ``handler(device, channel, name, values)`` as a `Download`."""

    def mark(handler: H) -> H:
        handler.scpi_commands = (Download(pattern, (), handler),)  # type: ignore[attr-defined]  # how `on` marks it
        return handler

    return mark
