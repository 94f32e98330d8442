"""Commands that an instrument has once for each of its functions: ``:SENSe:VOLTage:NPLCycles``, ``:SENSe:CURRent:NPLCycles``.

Each function keeps its settings in an object of its own; a declared `Attribute` is the command and the query of one of
that object's attributes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .arguments import Kind, extreme_of
from .grammar import Command

H = TypeVar("H", bound=Callable[..., Any])
Check = Callable[[Any, str, Any], Any]
"""``check(device, function, value)``: the value to keep. Raises ScpiError."""


@dataclass(frozen=True)
class Family:
    """The functions under one root: `roots` are its spellings, `words` the header word of each function."""

    roots: tuple[str, ...]
    words: Mapping[str, str]
    settings: Callable[[Any], Mapping[str, Any]]
    """The settings of each function, given the device."""

    def headers(self, function: str, tail: str) -> Iterable[str]:
        """Every spelling of `function`'s header that ends in `tail`; an empty function is the header without one."""
        word = self.words[function] if function else ""
        return (root + word + tail for root in self.roots)


def for_each(
    family: Family, tail: str, *kinds: Kind[Any], required: int | None = None, only: Iterable[str] = ()
) -> Callable[[H], H]:
    """Mark ``handler(device, function, *arguments)`` as a command (or query) of each function, or of those in `only`."""
    least = len(kinds) if required is None else required

    def mark(handler: H) -> H:
        made = getattr(handler, "scpi_commands", ())
        for function in only or family.words:

            def of_function(device: Any, *arguments: Any, function: str = function) -> Any:
                return handler(device, function, *arguments)

            made += tuple(Command(h, kinds, of_function, required=least) for h in family.headers(function, tail))
        handler.scpi_commands = made  # type: ignore[attr-defined]  # a mark
        return handler

    return mark


class Attribute:
    """One setting of every function, kept as an attribute of its settings.

    `kinds` is one kind or one for each function; numbers are also asked for their MIN, MAX and DEF. `check` may refuse
    or change a value in the light of other settings; `common`: the header without a function sets it for all of them
    and asks for it of the device's present `function`.
    """

    def __init__(
        self,
        family: Family,
        tail: str,
        kinds: Kind[Any] | Mapping[str, Kind[Any]],
        name: str,
        *,
        check: Check | None = None,
        common: bool = False,
        only: Iterable[str] = (),
    ) -> None:
        self.family, self.tail, self.name, self.check = family, tail, name, check
        functions = tuple(only) or tuple(family.words)
        self.kinds = kinds if isinstance(kinds, Mapping) else dict.fromkeys(functions, kinds)
        self.scpi_commands = tuple(
            command for function in functions for command in self._commands(function, (function,))
        )
        if common:
            self.scpi_commands += tuple(self._commands("", functions))

    def _commands(self, word: str, functions: tuple[str, ...]) -> Iterable[Command]:
        kind = self.kinds[functions[0]]

        def store(device: Any, value: Any) -> None:
            for function in functions:
                kept = value if self.check is None else self.check(device, function, value)
                setattr(self.family.settings(device)[function], self.name, kept)
            device.changed(self.name)

        def tell(device: Any, extreme: Any = None) -> str:
            function = word or device.function
            shown = self.kinds[function]
            return shown.show(
                getattr(self.family.settings(device)[function], self.name) if extreme is None else extreme
            )

        asked = (extreme_of(kind),) if kind.extremes else ()
        for header in self.family.headers(word, self.tail):
            yield Command(header, (kind,), store, required=1)
            yield Command(header + "?", asked, tell)
