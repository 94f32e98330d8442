"""What a source-meter's model reaches and what the bench allows at its terminals, and the checks of both; no I/O."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from neurorig.signals import LimitError, show

from ..sourcing import Quantity, SourceSetup


@dataclass(frozen=True)
class Reach:
    """What a model sources, limits and measures; SI units.

    `volts`, `amperes`: the full scales of its ranges, rising. `together`: pairs (volts, amperes) that it gives at once.
    `over`: how many times the full scale of a range can be set and measured. `least`: smallest compliance (volts, amperes).
    `nplc`: shortest and longest measuring time, in periods of the mains.
    """

    volts: tuple[float, ...]
    amperes: tuple[float, ...]
    together: tuple[tuple[float, float], ...]
    over: float
    least: tuple[float, float]
    nplc: tuple[float, float]

    def ranges(self, quantity: Quantity) -> tuple[float, ...]:
        """The full scales of one quantity."""
        return self.volts if quantity == "V" else self.amperes


@dataclass(frozen=True)
class Bound:
    """What must never be exceeded at one channel's terminals, as level or as compliance; `where` says who said so."""

    volts: float
    amperes: float
    where: str

    def check(self, channel: str, setup: SourceSetup, levels: Sequence[float]) -> None:
        """Raise LimitError for the first level, or the compliance, that lies beyond."""
        for name, unit, values in (
            ("level", setup.source, levels),
            ("compliance", setup.measures, (setup.compliance,)),
        ):
            limit = self.volts if unit == "V" else self.amperes
            for value in values:
                if not abs(value) <= limit * (1 + 1e-9):
                    raise LimitError(
                        f"{channel}: {name} {show(value, unit)} exceeds the {show(limit, unit)} that its terminals are limited "
                        f"to ({self.where}). Nothing was sent. Lower it, or change the limit if the device stands it."
                    )


def check_setup(where: str, reach: Reach, setup: SourceSetup, levels: Sequence[float] = ()) -> None:
    """Raise LimitError, naming the value and the limit, for a setup or levels that a model does not reach."""
    _check_range(where, reach, setup.source, setup.source_range, "source_range")
    _check_range(where, reach, setup.measures, setup.measure_range, "measure_range")
    _within(where, "nplc", setup.nplc, reach.nplc)
    full = reach.ranges(setup.source)[-1] if setup.source_range is None else setup.source_range
    for level in levels:
        _within(where, "level", level, (-full * reach.over, full * reach.over), setup.source)
    most = reach.ranges(setup.measures)[-1] * reach.over
    _within(where, "compliance", setup.compliance, (reach.least[setup.measures == "A"], most), setup.measures)
    if setup.measure_range is not None and setup.compliance > setup.measure_range * reach.over * (1 + 1e-9):
        raise LimitError(
            f"{where}: a compliance of {show(setup.compliance, setup.measures)} lies beyond the fixed measure_range of "
            f"{show(setup.measure_range, setup.measures)}: what lies between cannot be measured. "
            "Lower the compliance or choose a larger range."
        )
    _check_together(where, reach, setup, max((setup.source_range or 0.0, *map(abs, levels))))


def _check_range(where: str, reach: Reach, quantity: Quantity, wanted: float | None, name: str) -> None:
    known = reach.ranges(quantity)
    if wanted is not None and not any(math.isclose(wanted, full, rel_tol=1e-6) for full in known):
        raise LimitError(
            f"{where}: {name} {show(wanted, quantity)} is none of its ranges: {', '.join(show(r, quantity) for r in known)}."
        )


def _within(where: str, name: str, value: float, limits: tuple[float, float], unit: str = "") -> None:
    low, high = limits
    if not low * (1 + math.copysign(1e-9, -low)) <= value <= high * (1 + 1e-9):  # also catches NaN
        raise LimitError(f"{where}: {name} {show(value, unit)} lies outside {show(low, unit)} .. {show(high, unit)}.")


def _check_together(where: str, reach: Reach, setup: SourceSetup, level: float) -> None:
    volts, amperes = (level, setup.compliance) if setup.source == "V" else (setup.compliance, level)
    if not any(
        volts <= v * reach.over * (1 + 1e-9) and amperes <= a * reach.over * (1 + 1e-9) for v, a in reach.together
    ):
        corners = " or ".join(f"{show(v, 'V')} at {show(a, 'A')}" for v, a in reach.together)
        raise LimitError(
            f"{where}: {show(volts, 'V')} together with {show(amperes, 'A')} is more than it gives: {corners}."
        )


def check_part_of_range(where: str, setup: SourceSetup, least: float) -> None:
    """Raise LimitError for a compliance that is no more than the part `least` of a fixed measuring range."""
    if setup.measure_range is not None and setup.compliance <= least * setup.measure_range:
        raise LimitError(
            f"{where}: a compliance of {show(setup.compliance, setup.measures)} is no more than {least:.1%} of the fixed "
            f"measure_range of {show(setup.measure_range, setup.measures)}, which this model refuses. Choose a smaller range, or "
            "raise the compliance."
        )


def check_range_of_compliance(where: str, reach: Reach, setup: SourceSetup) -> None:
    """Raise LimitError for a fixed measuring range above that of the compliance, which some models do not have."""
    if setup.measure_range is None:
        return
    highest = next(r for r in reach.ranges(setup.measures) if setup.compliance <= r * reach.over * (1 + 1e-9))
    if setup.measure_range > highest * (1 + 1e-6):
        raise LimitError(
            f"{where}: measure_range {show(setup.measure_range, setup.measures)} is above that of the compliance "
            f"({show(setup.compliance, setup.measures)}), {show(highest, setup.measures)}, the highest that this model "
            "allows. Choose that one, or raise the compliance."
        )
