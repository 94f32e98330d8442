"""A bench file in the making: tables that are checked as they grow, and written with the comments that explain them."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import tomlkit
from tomlkit.items import Table

from neurorig.signals import ConfigError, show

from .bench import SHIPPED, Bench, assemble
from .bench_file import checked_tables

_COMMENTS = {
    "instruments": "Which driver speaks to which address. `neurorig instruments` finds both.",
    "limits": "What may never be exceeded at the board, whatever a protocol asks for.",
    "ports": "Where current goes in.",
    "nodes": "What is observed, and how it reaches the instrument.",
    "marker": "The source's SYNC OUT, a logic level, triggers the digitiser.",
    "comparators": "The source's comparator inputs time-stamp the spikes.",
    "terminals": "What the leads touch, and what must never be exceeded there.",
    "supply": "The bench supply's channel that feeds the board.",
}  # fmt: skip
_NAMED = ("instruments", "limits", "ports", "nodes", "terminals")  # tables of tables


class Draft:
    """The tables of a bench file that will stand at `path`. `place` changes them only in a way that the bench's checks pass."""

    def __init__(self, path: Path, title: str) -> None:
        self.path = path
        self.tables: dict[str, Any] = {"schema": 1, "title": title, "instruments": {}}

    def place(self, entries: Mapping[tuple[str, ...], Any]) -> Bench:
        """Set entries by their keys, all together (``{("ports", "n1.i0"): {...}}``), if what comes out is a sound bench.

        Gives that bench. Raises ConfigError otherwise, and nothing has changed.
        """
        tables = copy.deepcopy(self.tables)
        for keys, value in entries.items():
            table = tables
            for key in keys[:-1]:
                table = table.setdefault(key, {})
            table[keys[-1]] = value
        bench = assemble(self.path, checked_tables(self.path, tables))
        self.tables = tables
        return bench

    def bench(self) -> Bench:
        """What the tables make so far."""
        return self.place({})

    def text(self) -> str:
        """The file as it will be written."""
        return written(self.tables)

    def save(self) -> None:
        """Write the file. Raises ConfigError when there is one already, or it cannot be written."""
        try:
            with self.path.open("x", encoding="utf-8") as file:
                file.write(self.text())
        except FileExistsError as reason:
            raise taken(self.path) from reason
        except OSError as reason:
            raise ConfigError(f"{self.path}: cannot be written ({reason.strerror}).") from reason


def taken(path: Path) -> ConfigError:
    """A file is in the place where one is to be written."""
    return ConfigError(f"{path}: exists already, and is never overwritten. Name another file, or remove this one.")


def written(tables: Mapping[str, Any]) -> str:
    """A bench's tables as TOML, with a comment over each kind of table."""
    document = tomlkit.document()
    document.add(tomlkit.comment("Dry run: neurorig run PROTOCOL --bench THIS_FILE --simulate"))
    for key, value in tables.items():
        if not isinstance(value, Mapping):
            document.add(key, value)
    for key, comment in _COMMENTS.items():
        if tables.get(key):
            document.add(tomlkit.nl())
            document.add(tomlkit.comment(comment))
            document.add(key, _named(tables[key]) if key in _NAMED else _table(tables[key]))
    return tomlkit.dumps(document)


def _named(entries: Mapping[str, Any]) -> Table:
    outer = tomlkit.table(is_super_table=True)
    for name, entry in entries.items():
        outer.add(name, _table(entry))
    return outer


def _table(entry: Mapping[str, Any]) -> Table:
    table = tomlkit.table()
    for key, value in entry.items():
        if isinstance(value, Mapping):
            inline = tomlkit.inline_table()
            inline.update(value)
            table.add(key, inline)
        else:
            table.add(key, value)
    return table


def with_delivered(path: Path, port: str, rows: Sequence[tuple[float, float]]) -> tuple[str, str]:
    """The text of a bench file as it is, and with a port's table of commanded and delivered currents (A) in it.

    Everything else stays as it was written, comments included. Raises ConfigError when there is no such port, or when
    what comes out is no sound bench.
    """
    old = path.read_text(encoding="utf-8")
    document = tomlkit.parse(old)
    ports: Any = document.get("ports", {})
    if port not in ports:
        raise ConfigError(f'{path}: there is no [ports."{port}"] to write a table into.')
    table = tomlkit.array()
    for row in rows:
        table.append([show(value, "A", 5) for value in row])
    ports[port]["delivered"] = table.multiline(True)
    new = tomlkit.dumps(document)
    assemble(path, checked_tables(path, tomlkit.parse(new).unwrap()))
    return old, new


def check_rewritable(path: Path) -> None:
    """Whether a bench file may get another text: ConfigError for a shipped one, and where its folder takes no file."""
    if path.resolve().parent == SHIPPED.resolve():
        raise ConfigError(f"{path}: is a bench that ships with neurorig and stays as it is. Copy it, and use the copy.")
    try:
        TemporaryFile(dir=path.parent).close()
    except OSError as reason:
        raise ConfigError(f"{path}: cannot be written ({reason.strerror}).") from reason


def rewrite(path: Path, new: str) -> Path:
    """Put another text into a bench file and keep a copy of the old one beside it; gives the copy's path.

    Raises ConfigError when it is a shipped bench, or cannot be written.
    """
    check_rewritable(path)
    kept = next(c for k in range(1, 10_000) if not (c := path.with_name(f"{path.name}.{k}.old")).exists())
    try:
        kept.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        half = path.with_name(f"{path.name}.part")
        half.write_text(new, encoding="utf-8")
        half.replace(path)
    except OSError as reason:
        raise ConfigError(f"{path}: cannot be written ({reason.strerror}).") from reason
    return kept
