"""The commands that each output of a simulated Keysight E36312A has, for the selected one or for a list of channels.

What the guide says and what is assumed: see `keysight_e36300`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..arguments import Kind, ScpiError, number
from ..grammar import Command
from .keysight_e36300_channel import RATINGS, Channel

if TYPE_CHECKING:
    from .keysight_e36300 import SimulatedKeysightE36300

H = TypeVar("H", bound=Callable[..., Any])
_LIST = re.compile(r"\(@\s*(\d+(?:\s*:\s*\d+)?(?:\s*,\s*\d+(?:\s*:\s*\d+)?)*)\s*\)")
EXTREMES = {"MIN": 0, "MINIMUM": 0, "MAX": 1, "MAXIMUM": 1, "DEF": 2, "DEFAULT": 2}


def nr3(value: float) -> str:
    """A number as it is answered."""
    return f"{value:+.8E}"


def channels_of(text: str) -> tuple[int, ...]:
    """The outputs of a list such as ``(@1,3)`` or ``(@1:3)``. Raises ScpiError."""
    found = _LIST.fullmatch(text.strip())
    if found is None:
        raise ScpiError(-102, text)
    channels: list[int] = []
    for part in found[1].split(","):
        first, _, last = part.partition(":")
        channels += range(int(first), int(last or first) + 1)
    if not channels or not set(channels) <= set(RATINGS):
        raise ScpiError(-222, text)
    return tuple(channels)


@dataclass(frozen=True)
class Listed(Command):
    """A command whose last argument may be a list of channels: its handler gets that (or None), then the others."""

    def arguments(self, texts: list[str]) -> list[Any]:
        """Read the parameters. Raises ScpiError."""
        channels = channels_of(texts[-1]) if texts and texts[-1].startswith("(") else None
        return [channels, *super().arguments(texts if channels is None else texts[:-1])]


def for_channels(pattern: str, *kinds: Kind[Any]) -> Callable[[H], H]:
    """Mark ``handler(device, channel, *arguments)``: called for each channel, the answers stand one after the other."""

    def mark(handler: H) -> H:
        def each(device: "SimulatedKeysightE36300", channels: tuple[int, ...] | None, *arguments: Any) -> str | None:
            asked = (device.selected,) if channels is None else channels
            answers = [handler(device, device.outputs[n], *arguments) for n in asked]
            return ",".join(answers) if pattern.endswith("?") else None

        made = Listed(pattern, kinds, each, required=0 if pattern.endswith("?") else len(kinds))
        handler.scpi_commands = (*getattr(handler, "scpi_commands", ()), made)  # type: ignore[attr-defined]  # a mark
        return handler

    return mark


def _read_extreme(text: str) -> int:
    if text.upper() not in EXTREMES:
        raise ScpiError(-108, text)
    return EXTREMES[text.upper()]


EXTREME = Kind(_read_extreme, str)
Limits = Callable[[Channel], tuple[float, float, float]]


class Amount:
    """A number of each output, with its query and MIN, MAX and DEF; `limits` gives those."""

    def __init__(self, pattern: str, unit: str, name: str, limits: Limits) -> None:
        plain = number(unit)
        self.name, self.limits = name, limits

        def read(text: str) -> float | str:
            return text.upper() if text.upper() in EXTREMES else plain.read(text)

        @for_channels(pattern, Kind(read, str))
        def store(device: "SimulatedKeysightE36300", channel: Channel, value: float | str) -> None:
            device.store(self, channel, value)

        @for_channels(pattern + "?", EXTREME)
        def tell(device: "SimulatedKeysightE36300", channel: Channel, extreme: int | None = None) -> str:
            value = getattr(channel.settings, name) if extreme is None else limits(channel)[extreme]
            return nr3(value)

        self.scpi_commands: tuple[Command, ...] = (*store.scpi_commands, *tell.scpi_commands)  # type: ignore[attr-defined]  # marked


class Choice:
    """A switch or a word of each output."""

    def __init__(self, pattern: str, kind: Kind[Any], name: str) -> None:
        @for_channels(pattern, kind)
        def store(device: "SimulatedKeysightE36300", channel: Channel, value: Any) -> None:
            setattr(channel.settings, name, value)
            device.apply(channel)

        @for_channels(pattern + "?")
        def tell(device: "SimulatedKeysightE36300", channel: Channel) -> str:
            return kind.show(getattr(channel.settings, name))

        self.scpi_commands: tuple[Command, ...] = (*store.scpi_commands, *tell.scpi_commands)  # type: ignore[attr-defined]  # marked
