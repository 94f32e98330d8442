"""All that is wrong with a bench file, where loading it tells the first mistake only."""

from pathlib import Path
from typing import Any

from neurorig.signals import ConfigError

from .bench import Bench, assemble
from .bench_file import BenchFile, SimulationEntry, checked_tables, mistakes, read_tables

_WIRING = ("ports", "nodes", "derived", "comparators", "terminals")  # tables of wires, by what is wired


def problems(path: Path) -> tuple[list[str], Bench | None]:
    """One sentence for each mistake, and the bench as far as it is sound (None if not even board and instruments are).

    Keys, units and types come first: only where these are right can be told what belongs together.
    """
    try:
        tables, sha256 = read_tables(path)
        if wrong := mistakes(path, tables):
            return wrong, None
        content = checked_tables(path, tables)
        bare = content.model_copy(update={"instruments": {}, "components": {}} | _unwired())
        bench = assemble(path, bare, sha256)
    except ConfigError as reason:
        return [str(reason)], None
    return _Growing(path, bare, bench).add_all(content)


def _unwired() -> dict[str, Any]:
    return {table: {} for table in _WIRING} | {"marker": None, "supply": None, "simulation": SimulationEntry()}


class _Growing:
    """A bench to which entry after entry is added; one that does not fit is told and left out."""

    def __init__(self, path: Path, content: BenchFile, bench: Bench) -> None:
        self._path, self._content, self._bench = path, content, bench
        self._wrong: list[str] = []

    def add_all(self, content: BenchFile) -> tuple[list[str], Bench]:
        """What is wrong with the entries of `content`, and the bench of those that fit."""
        self._add({"components": content.components})
        for name, instrument in content.instruments.items():
            self._add({"instruments": {**self._content.instruments, name: instrument}})
        lost = content.instruments.keys() - self._content.instruments.keys()
        if content.marker is not None and _instrument(content.marker.channel) not in lost:
            self._add({"marker": content.marker})
        if content.supply is not None and _instrument(content.supply.channel) not in lost:
            self._add({"supply": content.supply})
        for table in _WIRING:
            for key, entry in getattr(content, table).items():
                if _instrument(getattr(entry, "channel", key)) not in lost:  # a wire to nowhere is no second mistake
                    self._add({table: {**getattr(self._content, table), key: entry}})
        self._add({"simulation": content.simulation})
        return self._wrong, self._bench

    def _add(self, update: dict[str, Any]) -> None:
        grown = self._content.model_copy(update=update)
        try:
            self._bench = assemble(self._path, grown, self._bench.sha256)
        except ConfigError as reason:
            self._wrong.append(str(reason))
        else:
            self._content = grown


def _instrument(channel: str) -> str:
    return channel.partition(".")[0]
