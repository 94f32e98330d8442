"""`Chart`: the f(I) of one neuron as it was measured, and how one is read from a CSV file."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import ConfigError, show

from .table import Floats, Table

Mask = NDArray[np.bool_]

CURRENT_ERROR = 50e-9
"""A; standard error of a current where nothing is said: one step of a 12-bit source, about."""
RATE_ERROR = 0.5
"""Hz; standard error of a rate where nothing is said: a spike more or less in two seconds."""
NEEDED = 4
"""Different currents at which the neuron fires: fewer say nothing of the shape of f(I)."""
WANTED = (
    f"Needed: {NEEDED} different currents at which it fires, better 10 from just above I_min to just below I_max, one "
    "silent point just below I_min, and one of 0 Hz just above I_max."
)


@dataclass(frozen=True, eq=False)
class Chart:
    """Rates (Hz) measured at constant currents (A), shape (n,), with the standard errors of both.

    A rate of 0 says that the neuron was silent, or latched above I_max; NaN that it fired and the rate is not known.
    `name` says where the chart comes from, `remarks` what its file said in comments.
    """

    name: str
    currents: Floats
    rates: Floats
    current_errors: Floats
    rate_errors: Floats
    neuron: str | None = None
    remarks: tuple[str, ...] = field(default=())
    columns: tuple[str, str] = ("current", "rate")
    """What its file calls them."""

    @classmethod
    def of(
        cls, name: str, currents: Floats, rates: Floats, *, current_error: float = CURRENT_ERROR,
        rate_error: float = RATE_ERROR, neuron: str | None = None,
    ) -> "Chart":  # fmt: skip
        """A chart whose points are all equally good, sorted by current."""
        order = np.argsort(currents, kind="stable")
        same = np.ones(len(order))
        return cls(
            name, np.asarray(currents, float)[order], np.asarray(rates, float)[order],
            current_error * same, rate_error * same, neuron,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.currents)

    @cached_property
    def fires(self) -> Mask:
        """Where the neuron fired, shape (n,)."""
        fires: Mask = self.rates != 0.0
        return fires

    @property
    def silent_below(self) -> float:
        """Highest current (A) below the firing ones at which it was silent; NaN if there is none."""
        quiet = self.currents[~self.fires & (self.currents < self.currents[self.fires].min(initial=math.inf))]
        return float(quiet.max()) if len(quiet) else math.nan

    @property
    def silent_above(self) -> float:
        """Lowest current (A) above the firing ones at which it fired no more; NaN if there is none."""
        quiet = self.currents[~self.fires & (self.currents > self.currents[self.fires].max(initial=-math.inf))]
        return float(quiet.min()) if len(quiet) else math.nan

    @cached_property
    def used(self) -> Mask:
        """Where the rate counts in a fit, shape (n,)."""
        used: Mask = (self.fires & np.isfinite(self.rates)) | self.stray
        return used

    @cached_property
    def stray(self) -> Mask:
        """Silent points among the firing ones, shape (n,): a missed reading rather than a threshold."""
        firing = self.currents[self.fires]
        low, high = firing.min(initial=math.inf), firing.max(initial=-math.inf)
        stray: Mask = ~self.fires & (self.currents > low) & (self.currents < high)
        return stray

    @property
    def onset(self) -> tuple[float, float]:
        """Currents (A) that enclose the lower threshold: highest silent, lowest firing; 0, inf where they are not known.

        A firing point beside a stray one may be the misread one of the two: it encloses nothing.
        """
        first = int(np.argmax(self.fires))
        firing = math.inf if self.stray[first + 1 : first + 2].any() else float(self.currents[first])
        return (0.0 if math.isnan(self.silent_below) else self.silent_below), firing

    @property
    def block(self) -> tuple[float, float]:
        """Currents (A) that enclose the upper threshold: highest firing, lowest silent; 0, inf where they are not known."""
        last = int(np.flatnonzero(self.fires)[-1])
        firing = 0.0 if self.stray[last - 1 : last].any() else float(self.currents[last])
        return firing, (math.inf if math.isnan(self.silent_above) else self.silent_above)

    @property
    def levels(self) -> list[float]:
        """Firing currents (A) with a known rate that differ by more than twice their errors."""
        known, found = self.fires & np.isfinite(self.rates), list[float]()
        for current, error in zip(self.currents[known], self.current_errors[known], strict=True):
            if not found or current > found[-1] + 2.0 * error:
                found.append(float(current))
        return found

    def check(self) -> None:
        """Raise ConfigError, saying what is needed, if there are too few points for a fit."""
        if len(levels := self.levels) < NEEDED:
            have = ", ".join(show(i, "A") for i in levels) or "none"
            raise ConfigError(
                f"{self.name}: too few points for f(I): it fires with a known rate at {len(levels)} currents ({have}). "
                f"{WANTED}"
            )


def read_charts(path: Path, current_error: float = CURRENT_ERROR, rate_error: float = RATE_ERROR) -> list[Chart]:
    """Read the charts of a CSV file: one, or one for each name in its column `neuron`.

    One column is a current and one a rate, with their units in the heading (``I_uA``, ``f_Hz``); their standard errors
    may stand in columns such as ``I_error_uA`` and ``f_error_Hz``; ``I (uA)`` and ``I [uA]`` will do
    too. Lines that begin with # are comments.
    Raises ConfigError naming the file, the line, and what is wrong there.
    """
    table = Table.read(path)
    current, rate = table.column("A", "a current such as I_uA"), table.column("Hz", "a rate such as f_Hz")
    if not len(rate):
        raise ConfigError(f"{path}: has a heading and no points. {WANTED}")
    columns = table.name("A"), table.name("Hz")
    errors = [table.errors("A", current_error), table.errors("Hz", rate_error)]
    for line, value in zip(table.lines, rate, strict=True):
        if value < 0.0:
            raise ConfigError(f"{path}, line {line}: a rate of {value:g} Hz; a silent neuron has 0.")
    owners = table.texts("neuron")
    charts = []
    for owner in sorted(set(owners)):
        mine = np.array([o == owner for o in owners])
        order = np.argsort(current[mine], kind="stable")
        i, f, i_error, f_error = (values[mine][order] for values in (current, rate, *errors))
        charts.append(Chart(path.name, i, f, i_error, f_error, owner or None, table.comments, columns))
    return charts
