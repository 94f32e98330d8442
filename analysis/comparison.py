"""Measured against published: the rows of the report's table, and the distance between two curves."""

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import show

from .measure import Measure
from .published import Curve, Target

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

Agreement = Literal["agrees", "differs", "not measured", "not comparable", "no published value"]


@dataclass(frozen=True)
class Row:
    """One line of the comparison, SI units; what there is no number for is NaN."""

    quantity: str
    label: str
    value: float
    error: float
    unit: str
    published: float
    published_error: float
    ratio: float
    verdict: Agreement
    note: str = ""
    source: str = ""

    def as_json(self) -> dict[str, Any]:
        """The row as plain JSON values; what is not known is None."""
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in asdict(self).items()}


def compare(quantity: str, measure: Measure, target: Target | None, label: str = "") -> Row:
    """Set a measure beside what was published.

    It agrees when the two lie no further apart than the published tolerance and the measure's error together. A
    quantity that could not be measured is neither: "not measured", with the measure's reason.
    """
    verdict: Agreement = "not measured" if not measure.known else "no published value"
    if target is None:
        return Row(
            quantity=quantity,
            label=label or quantity,
            value=measure.value,
            error=measure.error,
            unit=measure.unit,
            published=math.nan,
            published_error=math.nan,
            ratio=math.nan,
            verdict=verdict,
            note=measure.note,
        )
    if measure.unit != target.unit:
        raise ValueError(f"{quantity}: measured in {measure.unit}, published in {target.unit}")
    if measure.known:
        close = abs(measure.value - target.value) <= target.tolerance + measure.error
        verdict = "agrees" if close else "differs"
    return Row(
        quantity=quantity,
        label=label or target.label,
        value=measure.value,
        error=measure.error,
        unit=measure.unit,
        published=target.value,
        published_error=target.tolerance,
        ratio=measure.value / target.value if target.value else math.nan,
        verdict=verdict,
        note="; ".join(filter(None, (measure.note, f"published: {target.note}" if target.note else ""))),
        source=target.source,
    )


def row_table(rows: "Iterable[Row]") -> "pd.DataFrame":
    """The rows as a tidy table, one column per field."""
    import pandas as pd  # heavy, and only tables need it

    return pd.DataFrame([asdict(row) for row in rows])


def distance(times: NDArray[np.float64], values: NDArray[np.float64], curve: Curve, shift: float = 0.0) -> Measure:
    """Root mean square distance of a measured course from a published curve, in the curve's unit.

    `times` (s, increasing) and `values` (SI) are interpolated at the curve's own points, moved by `shift` seconds;
    points outside the measured times are left out. The curve's reading offset, if it has one, is subtracted from the
    curve; the note says so. The error is that of the mean over the points, the reading error of the curve not
    included.
    """
    at = curve.x + shift
    covered = (at >= times[0]) & (at <= times[-1]) if len(times) > 1 else np.zeros(len(at), bool)
    if not covered.any():
        return Measure.missing(curve.y_unit, f"nothing measured where {curve.figure} has points")
    squares = (np.interp(at[covered], times, values) - (curve.y[covered] - curve.offset)) ** 2
    rms = math.sqrt(float(squares.mean()))
    spread = float(squares.std()) / math.sqrt(len(squares)) / (2 * rms) if rms else 0.0
    note = f"over {covered.sum()} of {len(at)} points of {curve.figure}"
    if curve.offset:
        note += f", its reading offset of {show(curve.offset, curve.y_unit)} subtracted"
    return Measure(rms, spread, curve.y_unit, note)
