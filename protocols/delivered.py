"""What was delivered where it was not measured: the bench's own table of delivered currents, as the run recorded it."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from neurorig.analysis import Measure, Row, compare

AT_THE_PORT = "measured at the port"
TABLE = "from the bench's table"


def by_the_table(meta: Mapping[str, Any], port: str, commanded: float, why: str, error: float = math.nan) -> Measure:
    """The current (A) that the bench's table gives for `commanded` (A) at `port`, for want of a measurement.

    `why` says why there is none; `error` is that of `commanded`, the table tells none of its own. Without a table the
    current is not known.
    """
    from neurorig.instruments.delivered import Delivered  # only where a measurement is missing

    table = next((w.get("delivered") for w in meta["wiring"] if w["kind"] == "port" and w["name"] == port), None)
    if table is None:
        return Measure.missing("A", f"{why}; the bench has no table of delivered currents")
    delivered = Delivered(*(tuple(column) for column in table))
    low, value, high = (float(delivered(level)) for level in (commanded - error, commanded, commanded + error))
    outside = "" if table[0][0] <= commanded <= table[0][-1] else ", beyond its rows"
    return Measure(value, (high - low) / 2, "A", f"{TABLE}{outside} ({why})")


def delivered_row(quantity: str, name: str, delivered: Measure) -> Row:
    """The row of a delivered current: the label says how it is known, the note what more there is to say."""
    if not delivered.known:
        return compare(quantity, delivered, None, f"{name}, delivered")
    if not delivered.note.startswith(TABLE):
        return compare(quantity, replace(delivered, note=""), None, f"{name}, delivered ({delivered.note})")
    return compare(quantity, delivered, None, f"{name}, delivered ({TABLE})")


def briefly(note: str) -> str:
    """How a delivered current is known, without the reason for it."""
    return note.partition(" (")[0]
