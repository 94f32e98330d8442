"""How a simulated Keysight B2902A spells its commands: numbers, lists of channels, one setting for each channel.

What the manual says and what is assumed: see `keysight_b2900a`.
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ..arguments import Kind, ScpiError, extreme_of, number
from ..grammar import Command, make_command

if TYPE_CHECKING:
    from .keysight_b2900a_channel import Channel

H = TypeVar("H", bound=Callable[..., Any])
BOTH = (1, 2)
NOT_A_NUMBER, INFINITE = 9.91e37, 9.9e37
SOURCED_WORDS = {"V": "VOLTage", "A": "CURRent"}
SENSED_WORDS = {"V": "VOLTage[:DC]", "A": "CURRent[:DC]"}
_LIST = re.compile(r"\(@\s*([12])\s*(?:([,:])\s*([12])\s*)?\)")


def nr3(value: float) -> str:
    """A number as it is answered (page 1-12)."""
    return f"{value:+.6E}"


def num(unit: str, low: float, high: float, default: float) -> Kind[float]:
    """A number that takes MIN, MAX and DEF."""
    return number(unit, low, high, default, nr3)


TEXT: Kind[str] = Kind(str, str)


def held(text: str, unit: str, low: float, high: float, default: float) -> float:
    """A number that becomes the lowest or the highest one when it is beyond it (page 4-73)."""
    extreme = {"MIN": low, "MAX": high, "DEF": default}.get(text.upper()[:3])
    return min(max(number(unit).read(text), low), high) if extreme is None else extreme


def count_or_infinite(high: int, infinite: int) -> Kind[int]:
    """A whole number from 1, or INFinity."""
    plain = number(low=1, high=high, default=1)

    def read(text: str) -> int:
        if text.upper() in ("INF", "INFINITY"):
            return infinite
        try:
            return round(plain.read(text))
        except ScpiError:
            if text == str(infinite):
                return infinite
            raise

    return Kind(read, str, extremes=True)


def _read_channels(text: str) -> tuple[int, ...]:
    found = _LIST.fullmatch(text.strip())
    if found is None:
        raise ScpiError(-224, text)
    return (int(found[1]),) if found[3] is None else tuple(sorted({int(found[1]), int(found[3])}))


CHANNELS: Kind[tuple[int, ...]] = Kind(_read_channels, str)
"""``(@1)``, ``(@2)`` or both, in any order: answers stand in the order of the channels (page 4-44)."""

Check = Callable[[Any, "Channel", str, Any], Any]
"""``check(device, channel, function, value)``: the value to keep. Raises ScpiError."""
Place = Callable[["Channel", str], Any]


class Each:
    """One setting of each channel, and of each function where the pattern says ``{f}``, with its query.

    `place` gives the object that keeps it as the attribute `name`. A value that does not go with the others is taken back.
    """

    def __init__(
        self,
        pattern: str,
        kind: Kind[Any] | Mapping[str, Kind[Any]],
        name: str,
        place: Place,
        *,
        check: Check | None = None,
        words: Mapping[str, str] = SOURCED_WORDS,
    ) -> None:
        self.name, self.place, self.check = name, place, check
        kinds = kind if isinstance(kind, Mapping) else dict.fromkeys(words, kind)
        self.scpi_commands: tuple[Command, ...] = ()
        for function, word in words.items() if "{f}" in pattern else (("", ""),):
            one = kinds[function] if function else next(iter(kinds.values()))
            self.scpi_commands += self._commands(pattern.replace("{f}", word), function, one)

    def _commands(self, header: str, function: str, kind: Kind[Any]) -> tuple[Command, ...]:
        def store(device: Any, number: int, value: Any) -> None:
            channel = device.channels[number]
            place = self.place(channel, function)
            kept = value if self.check is None else self.check(device, channel, function, value)
            before = getattr(place, self.name)
            setattr(place, self.name, kept)
            try:
                channel.accept(function, self.name)
            except ScpiError:
                setattr(place, self.name, before)
                raise

        def tell(device: Any, number: int, extreme: Any = None) -> str:
            present = getattr(self.place(device.channels[number], function), self.name)
            return kind.show(present if extreme is None else extreme)

        def tell_present(device: Any, number: int) -> str:
            return tell(device, number)

        query = (
            make_command(header + "?", (extreme_of(kind),), tell)
            if kind.extremes
            else make_command(header + "?", (), tell_present)
        )
        return make_command(header, (kind,), store), query


def each_function(pattern: str, *kinds: Kind[Any], required: int | None = None) -> Callable[[H], H]:
    """Mark ``handler(device, function, channel number, *arguments)`` as the command of volts and of amperes."""

    def mark(handler: H) -> H:
        made = getattr(handler, "scpi_commands", ())
        for function, word in SOURCED_WORDS.items():

            def of_function(device: Any, number: int, *arguments: Any, function: str = function) -> Any:
                return handler(device, function, number, *arguments)

            least = len(kinds) if required is None else required
            made += (Command(pattern.replace("{f}", word), kinds, of_function, required=least),)
        handler.scpi_commands = made  # type: ignore[attr-defined]
        return handler

    return mark


def listed(pattern: str, *kinds: Kind[Any], required: int = 0) -> Callable[[H], H]:
    """Mark ``handler(device, *arguments)``, which takes the first `required` of `kinds` or more."""

    def mark(handler: H) -> H:
        made = Command(pattern, kinds, handler, required=required)
        handler.scpi_commands = (*getattr(handler, "scpi_commands", ()), made)  # type: ignore[attr-defined]
        return handler

    return mark


ALL = ("TRAN", "ACQ")
ACTIONS = {"[:ALL]": ALL, ":ACQuire": ("ACQ",), ":TRANsient": ("TRAN",)}
"""The words of both device actions and of each, and which ones they mean."""


def for_actions(pattern: str, *, waits: bool = False) -> Callable[[H], H]:
    """Mark ``handler(device, channels, actions)``; ``{a}`` in the pattern stands for the device actions.

    A channel's number in the header is the channel if no list follows.
    """

    def mark(handler: H) -> H:
        made = getattr(handler, "scpi_commands", ())
        for word, names in ACTIONS.items():

            def of_actions(device: Any, *given: Any, names: tuple[str, ...] = names) -> Any:
                channels = given[-1] if given and isinstance(given[-1], tuple) else given or (1,)
                return handler(device, channels, names)

            made += (Command(pattern.replace("{a}", word), (CHANNELS,), of_actions, waits=waits),)
        handler.scpi_commands = made  # type: ignore[attr-defined]
        return handler

    return mark
