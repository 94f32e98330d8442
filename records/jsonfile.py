"""JSON on disk: whole files replaced at once, and files of lines that are only ever appended to.

Texts are UTF-8; what UTF-8 cannot hold (lone surrogates) stays a JSON escape, so every Python string survives exactly.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def plain(value: Any) -> Any:
    """Give the plain Python value of a numpy scalar or array or of a path; raises TypeError for anything else."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} {value!r} cannot be written as JSON")


def encode(value: Any, *, indent: int | None = None, default: Callable[[Any], Any] = plain) -> bytes:
    """Write a value as UTF-8 JSON, keys in the order given; NaN and infinities as Python's ``json`` reads them."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=default)
    return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes \udXXX: a valid JSON escape


def without_nan(value: Any) -> Any:
    """The same tree of plain values with NaN and infinities as None, for files that other programs read."""
    if isinstance(value, dict):
        return {key: without_nan(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(v) for v in value]
    if hasattr(value, "tolist"):
        return without_nan(value.tolist())
    if isinstance(value, float) and not (float("-inf") < value < float("inf")):
        return None
    return value


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in place of the file at once: a reader, or a crash, sees the old file or the new one."""
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def append_line(path: Path, value: Any, *, default: Callable[[Any], Any] = plain) -> None:
    """Append one JSON line, handed to the operating system before this returns."""
    line = encode(value, default=default) + b"\n"
    with path.open("ab+", buffering=0) as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line  # a writer died in the middle of its line; ours must not be lost with it
        file.write(line)


def read_lines(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Read a file of JSON lines: the good lines, and a sentence for each line that is damaged."""
    if not path.exists():
        return [], []
    good: list[dict[str, Any]] = []
    problems: list[str] = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line:
            continue
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict):
            good.append(value)
        else:
            problems.append(f"{path.name}: line {number} is damaged ({len(line)} bytes)")
    return good, problems
