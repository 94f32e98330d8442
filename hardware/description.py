"""Descriptions in TOML files: found by name or path, laid over the file they are ``like``, validated against a frozen
model, and refused with a sentence that names file and key.
"""

import hashlib
import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args, get_origin

from pydantic import ValidationError

from neurorig.signals import AS_WRITTEN, ConfigError, nearest

from .parts import Part

REMEMBERED = {"fitted_with", "C_m_fitted", "fitted_supply"}
"""Keys that a model fills in from others: what is wrong with them is told at the other."""

Described = TypeVar("Described", bound=Part)
Chain = tuple[tuple[Path, bytes], ...]
Carry = Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], dict[str, Any]]


class Shelf(Generic[Described]):
    """The descriptions of one sort that ship in `folder`; any other file of that sort is read by its path.

    `word` is what a person calls one of them ("board"); `model_of` gives the model for the tables of a file, and raises
    ValueError with a sentence when they do not say which. Models have the fields ``path`` and ``sha256``. `remember` (tables
    below, tables above, both merged) adds to the merged ones what has to be kept of those below.
    """

    def __init__(
        self,
        word: str,
        folder: Path,
        model_of: Callable[[dict[str, Any]], type[Described]],
        remember: Carry | None = None,
    ) -> None:
        self.word = word
        self.folder = folder
        self.model_of = model_of
        self.remember = remember
        self._read = lru_cache(maxsize=64)(self._validated)

    def names(self) -> list[str]:
        """Names of what ships."""
        return sorted(file.stem for file in self.folder.glob("*.toml"))

    def load(self, name_or_path: str | Path) -> Described:
        """Read one. Raises ConfigError naming the file and the key when the description is wrong."""
        return self._read(self._chain(*self._find(name_or_path)))

    def _find(self, name_or_path: str | Path) -> tuple[Path, bytes]:
        path = Path(name_or_path)
        if path.suffix != ".toml":
            path = self.folder / f"{name_or_path}.toml"
            if not path.is_file():
                hint = nearest(str(name_or_path), self.names())
                raise ConfigError(f"There is no {self.word} '{name_or_path}' and it is no .toml file.{hint}")
        try:
            return path, path.read_bytes()
        except OSError as reason:
            raise ConfigError(f"{path}: cannot read the {self.word}: {reason.strerror}.") from reason

    def _validated(self, chain: Chain) -> Described:
        """The tables of each file laid over those of the next; the digest covers all of them."""
        data: dict[str, Any] = {}
        digest = ""
        for path, text in reversed(chain):
            above = _parsed(path, text)
            merged = _laid_over(data, above)
            data = self.remember(data, above, merged) if self.remember and data else merged
            digest = hashlib.sha256(digest.encode() + text).hexdigest()
        path = chain[0][0]
        try:
            model = self.model_of(data)
        except ValueError as reason:
            raise ConfigError(f"{path}: {reason}") from reason
        try:
            return model.model_validate({**data, "path": path, "sha256": digest}, context=AS_WRITTEN)
        except ValidationError as reason:
            raise ConfigError(f"{path}: {sentences(reason, model, self.word)}") from None

    def _chain(self, path: Path, text: bytes, *above: Path) -> Chain:
        """The file, then the one it is ``like``, and so on."""
        like = _parsed(path, text).get("like")
        if like is None:
            return ((path, text),)
        if path in above:
            raise ConfigError(f"{path}: like = '{like}' leads back to itself.")
        if not isinstance(like, str):
            raise ConfigError(f"{path}: like = {like!r}: name another {self.word}.")
        beside = path.parent / like
        try:
            below = self._find(beside if beside.suffix == ".toml" else like)
        except ConfigError as reason:
            raise ConfigError(f"{path}: like: {reason}") from reason
        return ((path, text), *self._chain(*below, path, *above))


@lru_cache(maxsize=64)
def _parsed(path: Path, text: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as reason:
        raise ConfigError(f"{path}: not TOML: {reason}.") from reason


def sentences(reason: ValidationError, model: type[Part], word: str) -> str:
    """The first three errors; what was only remembered from another key is not told twice."""
    errors = [e for e in reason.errors() if not REMEMBERED.intersection(e["loc"])]
    return "; ".join(explain(e, model, word) for e in errors[:3])


def explain(error: Any, model: type[Part], word: str) -> str:
    """One pydantic error as a sentence: the key, what is wrong, and the name that may have been meant."""
    where = [str(part) for part in error["loc"]]
    key = ".".join(f'"{part}"' if "." in part else part for part in where)
    if error["type"] == "extra_forbidden":
        return f"[{key}] is not a key of a {word}.{nearest(where[-1], _keys_beside(model, where))}"
    if error["type"] == "missing":
        return f"[{key}] is missing"
    return f"[{key}] {message(error)}" if key else message(error)


def message(error: Any) -> str:
    """What is wrong, with the value where the bound alone would be told."""
    text = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    bounds = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
    given = f", not {error['input']}" if error["type"] in bounds else ""
    return text + given


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables merged key by key; the value "none" takes a key away."""
    merged = dict(below)
    for key, value in above.items():
        if value == "none":
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _laid_over(merged[key], value)
        else:
            merged[key] = value
    return merged


def _keys_beside(top: type[Part], where: list[str]) -> list[str]:
    """The keys allowed where an unknown one was found."""
    model: Any = top
    for part in where[:-1]:
        if isinstance(model, type) and issubclass(model, Part) and part in model.model_fields:
            model = model.model_fields[part].annotation
        else:  # an entry of a table or of a list: its type
            model = get_args(model)[1 if get_origin(model) is dict else 0]
    hidden = {"path", "sha256", *REMEMBERED} | ({"name"} if model is not top else set())
    return [key for key in model.model_fields if key not in hidden]
