"""Quantities that no channel measures: sums and differences of measured nodes, with the error that follows from theirs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from neurorig.signals import Trace

if TYPE_CHECKING:
    from neurorig.instruments.wiring import DerivedNode

FINER = 8
"""Steps of a derived trace in the finest step of its parts: its own rounding is nothing beside theirs."""
DTYPE = np.int32


def derive(node: "DerivedNode", traces: Mapping[str, Trace]) -> Trace:
    """The trace of `node` from the traces of its parts, which share one time base; the parts' errors are independent.

    `clipped` counts the samples at which any part lies at an end of its range.
    """
    parts = [(sign, traces[name]) for sign, names in ((1, node.plus), (-1, node.minus)) for name in names]
    scale = min(abs(trace.scale) for _, trace in parts) / FINER
    first = parts[0][1]
    steps, beyond = np.zeros(len(first)), np.zeros(len(first), np.bool_)
    for sign, trace in parts:
        steps += sign * (trace.scale / scale) * trace.samples
        if trace.clipped:
            ends = np.iinfo(trace.samples.dtype)
            beyond |= (trace.samples == ends.min) | (trace.samples == ends.max)
    return Trace(
        name=node.name,
        samples=np.rint(steps).astype(DTYPE),
        scale=scale,
        offset=sum(sign * trace.offset for sign, trace in parts),
        unit=node.unit,
        t0=first.t0,
        dt=first.dt,
        error=float(np.sqrt(sum(trace.error**2 for _, trace in parts))),
        clipped=int(np.count_nonzero(beyond)),
    )
