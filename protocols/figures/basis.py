"""What of a figure was fitted, and to what; everything else is a prediction."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

PREDICTED = "predicted"


@dataclass(frozen=True)
class Basis:
    """`said`: in words, what was fitted to which curve. `words`: pattern of keys -> fitted, given, chosen ...

    A figure that was played on a board of one's own has neither: nobody knows what that was fitted to.
    """

    said: str = ""
    words: Mapping[str, str] = field(default_factory=dict)

    def word(self, key: str) -> str:
        """Whether the curve or number `key` is fitted or predicted; empty where that is not known."""
        if not self.said:
            return ""
        return next((word for pattern, word in self.words.items() if fnmatchcase(key, pattern)), PREDICTED)


def basis(figure: str) -> Basis:
    """The basis of a figure on its own board. Raises KeyError if `basis.toml` does not have it."""
    entry = _entries()[figure]
    return Basis(entry["said"], entry.get("words", {}))


@cache
def _entries() -> dict[str, dict[str, Any]]:
    text = resources.files(__package__).joinpath("basis.toml").read_text(encoding="utf-8")
    entries: dict[str, dict[str, Any]] = tomllib.loads(text)
    return entries
