"""`Table`: a CSV file whose headings end in units, read with the number of every line for what may be wrong in it."""

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import ConfigError, parse

Floats = NDArray[np.float64]

_BRACKETS = re.compile(r"[(\[]\s*([^\s()\[\]]+)\s*[)\]]\s*$")
_FIRST_LINE = "The first line that is no comment names the columns, such as: I_uA,f_Hz"


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of a CSV file as texts, with their line numbers."""

    path: Path
    heading: list[str]
    rows: list[list[str]]
    lines: list[int]
    comments: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "Table":
        """Read a file; raises ConfigError, with the line, if it is no table."""
        try:
            text = path.read_text(encoding="utf-8-sig").splitlines()
        except OSError as reason:
            raise ConfigError(f"{path}: cannot be read: {reason.strerror}.") from reason
        except UnicodeDecodeError as reason:
            raise ConfigError(f"{path}: is no text file (UTF-8).") from reason
        comments = tuple(line.lstrip("# ").rstrip() for line in text if line.startswith("#"))
        kept = [(k, line) for k, line in enumerate(text, 1) if line.strip() and not line.startswith("#")]
        if not kept:
            raise ConfigError(f"{path}: is empty. {_FIRST_LINE}")
        (number, first), *rest = kept
        _refuse_other_separators(path, number, first)
        heading = [name.strip() for name in next(csv.reader([first]))]
        rows = [[cell.strip() for cell in next(csv.reader([line]))] for _, line in rest]
        for (line, content), row in zip(rest, rows, strict=True):
            if len(row) != len(heading):
                hint = " Separate the columns by commas." if ";" in content or "\t" in content else ""
                raise ConfigError(f"{path}, line {line}: {len(row)} columns instead of {len(heading)}.{hint}")
        return cls(path, heading, rows, [line for line, _ in rest], comments)

    def texts(self, name: str) -> list[str]:
        """The cells of a column; empty ones if there is no such column, none empty if there is."""
        if name not in self.heading:
            return [""] * len(self.rows)
        at = self.heading.index(name)
        for line, row in zip(self.lines, self.rows, strict=True):
            if not row[at]:
                raise ConfigError(f"{self.path}, line {line}: column '{name}' is empty.")
        return [row[at] for row in self.rows]

    def column(self, unit: str, wanted: str) -> Floats:
        """The only column with a unit of this kind, SI; `wanted` says what it should be."""
        found = self._found(unit)
        if len(found) != 1:
            have = ", ".join(self.heading)
            raise ConfigError(
                f"{self.path}: needs one column that is {wanted}, and has {len(found)} (columns: {have}). {_FIRST_LINE}"
            )
        return self._values(found[0], unit)

    def name(self, unit: str) -> str:
        """The heading of the only column with a unit of this kind."""
        (at,) = self._found(unit)
        return self.heading[at]

    def errors(self, unit: str, otherwise: float) -> Floats:
        """The standard errors with a unit of this kind, SI; `otherwise` if there is no such column."""
        found = [k for k, name in enumerate(self.heading) if _factor(name, unit) and _is_error(name)]
        if len(found) > 1:
            raise ConfigError(f"{self.path}: two columns of errors in {unit}.")
        if not found:
            return np.full(len(self.rows), otherwise)
        values = self._values(found[0], unit)
        for line, value in zip(self.lines, values, strict=True):
            if value <= 0.0:
                raise ConfigError(f"{self.path}, line {line}: '{self.heading[found[0]]}' must be positive.")
        return values

    def _found(self, unit: str) -> list[int]:
        return [k for k, name in enumerate(self.heading) if _factor(name, unit) and not _is_error(name)]

    def _values(self, at: int, unit: str) -> Floats:
        factor, values = _factor(self.heading[at], unit), np.empty(len(self.rows))
        for k, (line, row) in enumerate(zip(self.lines, self.rows, strict=True)):
            try:
                values[k] = float(row[at]) * factor
            except ValueError:
                values[k] = math.nan
            if not math.isfinite(values[k]):
                raise ConfigError(f"{self.path}, line {line}: '{row[at]}' in '{self.heading[at]}' is no number.")
        return values


def _refuse_other_separators(path: Path, line: int, heading: str) -> None:
    """A heading without a comma, and with one of those: the whole file is written so."""
    for sign, name in (("\t", "tabs"), (";", "semicolons")):
        if sign in heading and "," not in heading:
            raise ConfigError(
                f"{path}, line {line}: the columns are separated by {name}. Separate them by commas, and write decimals "
                f"with a point. {_FIRST_LINE}"
            )


def _factor(heading: str, unit: str) -> float:
    """SI value of one in the unit at the end of a heading; 0 if it is not one of `unit`."""
    brackets = _BRACKETS.search(heading)
    suffix = brackets[1] if brackets else heading.rpartition("_")[2]
    if not suffix.isidentifier() and suffix != "µA":
        return 0.0
    try:
        return parse(f"1 {suffix}", unit)
    except ConfigError:
        return 0.0


def _is_error(heading: str) -> bool:
    return any(word in heading.lower() for word in ("error", "sd", "sigma"))
