"""The commands that each channel of a simulated Keysight 33522B has: numbers with their limits, and words.

What the guide says and what is assumed: see `keysight_33500b`.
"""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..arguments import Kind, ScpiError, number
from ..grammar import Command, make_command
from .keysight_33500b_channel import Channel, Limits

if TYPE_CHECKING:
    from .keysight_33500b_setup import KeysightSetup

SLACK = 1e-12
"""By how much a number may be out of range for having been calculated."""
_EXTREMES = {"MIN": "MIN", "MINIMUM": "MIN", "MAX": "MAX", "MAXIMUM": "MAX", "DEF": "DEF", "DEFAULT": "DEF"}


def nr3(value: float) -> str:
    """As the instrument shows a number: fifteen decimals (guide page 318), infinity as 9.9E+37."""
    return "+9.900000000000000E+37" if math.isinf(value) else f"{value:+.15E}"


Getter = Callable[[Channel], float]
Setter = Callable[[Any, Channel, float], None]


def plain(name: str) -> tuple[Getter, Setter]:
    """How an attribute of a channel is read and set."""
    return (lambda channel: float(getattr(channel, name))), (lambda _, channel, value: setattr(channel, name, value))


def wanted(unit: str, more: Mapping[str, float]) -> Kind[float | str]:
    """A number, MIN, MAX or DEF, or a word for a number."""
    plain = number(unit)

    def read(text: str) -> float | str:
        word = text.upper()
        if word in more:
            return more[word]
        if word.removeprefix("+") in more:
            return more[word.removeprefix("+")]
        if word in _EXTREMES:
            return _EXTREMES[word]
        bare = text.upper().removesuffix("VPP") + "V" if unit == "V" and word.endswith("VPP") else text
        value = plain.read(bare)
        return more["INF"] if "INF" in more and value >= 9.9e37 else value  # as it is told (SCPI-1999 vol. 1, 7.2.1.4)

    return Kind(read, str)


def _which_extreme(text: str) -> str:
    if text.upper() not in _EXTREMES:
        raise ScpiError(-108, text)
    return _EXTREMES[text.upper()]


ENDS = ("MIN", "MAX", "DEF")


class Amount:
    """A number of each channel with its query, MIN, MAX and DEF. Out of range it is set to its limit, and that is an error.

    `limits` may depend on the channel; `shape` says that another value makes another waveform.
    """

    def __init__(
        self,
        pattern: str,
        unit: str,
        limits: Limits | Callable[[Channel], Limits],
        name: str = "",
        *,
        get: Getter | None = None,
        put: Setter | None = None,
        words: Mapping[str, float] | None = None,
        shape: bool = True,
        whole: bool = False,
    ) -> None:
        plain_get, plain_put = plain(name)
        self.get, self.put, self.shape, self.whole = get or plain_get, put or plain_put, shape, whole
        self.limits = limits if callable(limits) else (lambda _: limits)
        self.words = words or {}

        def store(device: "KeysightSetup", n: int, value: float | str) -> None:
            device.store(self, device.channel[n], value)

        def tell(device: "KeysightSetup", n: int, extreme: str | None = None) -> str:
            channel = device.channel[n]
            return nr3(self.get(channel) if extreme is None else self.limits(channel)[ENDS.index(extreme)])

        asked = Kind(_which_extreme, str)
        self.scpi_commands: tuple[Command, ...] = (
            make_command(pattern, (wanted(unit, self.words),), store),
            make_command(pattern + "?", (asked,), tell),
        )


class Choice:
    """A word, or a switch, of each channel."""

    def __init__(self, pattern: str, kind: Kind[Any], name: str, *, shape: bool = True) -> None:
        def store(device: "KeysightSetup", n: int, value: Any) -> None:
            device.set_choice(device.channel[n], name, value, shape)

        def tell(device: "KeysightSetup", n: int) -> str:
            return kind.show(getattr(device.channel[n], name))

        self.scpi_commands: tuple[Command, ...] = (
            make_command(pattern, (kind,), store),
            make_command(pattern + "?", (), tell),
        )
