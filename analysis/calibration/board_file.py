"""Write a board again with calibrated neurons: every other line of its file, comments and all, stays as it is."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.items import Table

from neurorig.hardware import Board, Neuron, load_board
from neurorig.signals import ConfigError, show

_UNITS = {
    "C": "F", "V0": "V", "V1": "V", "I1": "A", "V2": "V", "I2": "A", "V_th": "V", "I_off": "A", "I_H": "A", "I_max": "A",
    "I_H_dyn": "A", "dead_time": "s",
}  # fmt: skip
_DIGITS = 7


def write_board(
    board: Board, neurons: Mapping[str, Neuron], sources: Mapping[str, str], path: Path, *, measured: str
) -> Board:
    """Write the file of `board` to `path` with the calibration of `neurons`, whose provenance is in `sources`.

    The board is named after the file, and its title says what it was calibrated on: `measured`. What was said of the
    figures that the board reproduces, and of their errata, holds no longer and is left out. Raises ConfigError if
    `path` exists, or cannot be written.
    """
    if path.exists():
        raise ConfigError(f"{path}: exists already; name another file with --out.")
    document = tomlkit.parse(board.path.read_text(encoding="utf-8"))
    document["name"] = path.stem
    below = document.get("like")
    if isinstance(below, str) and below.endswith(".toml"):  # beside the old file, not beside the new one
        document["like"] = str((board.path.parent / below).resolve())
    document["title"] = f"{board.name}, calibrated on {measured}"
    document["source"] = "; ".join(
        [*(f"{key}: {text}" for key, text in sources.items()), f"all else: board {board.name}"]
    )
    for key in ("figures", "errata"):
        document.pop(key, None)
        if below is not None and getattr(board, key):
            document[key] = "none"  # of the board below
    for key, neuron in neurons.items():
        table = _table(document, "neurons", key, "calibration")
        table["source"] = sources[key]
        before, now = board.neurons[key].calibration, neuron.calibration
        if now.scale != before.scale:
            table["scale"] = now.scale
        for name, unit in _UNITS.items():
            value = getattr(now, name)
            if value is not None and value != getattr(before, name):
                table[name] = show(value, unit, _DIGITS)
    try:
        path.write_text(tomlkit.dumps(document), encoding="utf-8")
    except OSError as reason:
        raise ConfigError(f"{path}: cannot be written: {reason.strerror}.") from reason
    return load_board(path)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _table(document: tomlkit.TOMLDocument, *keys: str) -> Table:
    """The table with this path; made where the file, being like another, does not have it."""
    here: tomlkit.TOMLDocument | Table = document
    for key in keys:
        if key not in here:
            here[key] = tomlkit.table(is_super_table=key != keys[-1])
        found = here[key]
        assert isinstance(found, Table)
        here = found
    assert isinstance(here, Table)
    return here
