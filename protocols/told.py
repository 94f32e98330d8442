"""What the source of a sweep tells of itself: asked for, put under the bench's names, and remarked on when some is missing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurorig.records import Channel, Told
from neurorig.signals import BenchError

from .sweep import Sweep

if TYPE_CHECKING:
    from neurorig.instruments import Bench, CurrentSource
    from neurorig.instruments.roles import SelfReporting


def ask(source: "CurrentSource", bench: "Bench", sweep: Sweep) -> "SelfReporting | None":
    """Ask for read-backs of what the sweep drives, and stamps of every comparator wired; None when it cannot tell them."""
    from neurorig.instruments.roles import SelfReporting

    if not isinstance(source, SelfReporting):
        return None
    source.report(_channels(bench, tuple(sweep.drive)), [name.partition(".")[2] for name in stamped(bench)])
    return source


def take(source: "SelfReporting | None", bench: "Bench", sweep: int) -> tuple[Told, list[str]]:
    """What it told, under the bench's names (``source.I1``, ``source.1``), and a sentence for everything that is missing.

    A sweep is not lost because the report is.
    """
    if source is None:
        return Told(), []
    name = bench.marker.source
    try:
        report = source.reported()
    except BenchError as error:
        return Told(), [f"sweep {sweep}: what {name} tells of itself was not fetched ({error})"]
    remarks = [
        f"{name}.{k}: {stamps.lost} spike stamps were not fetched in time in sweep {sweep}: no rate can be taken from them. "
        "The traces are not affected."
        for k, stamps in report.stamps.items()
        if stamps.lost
    ]
    if report.lost_scans:
        remarks.append(
            f"{name}: {report.lost_scans} of its read-backs were not fetched in time in sweep {sweep}; what came after the "
            "first of them is not kept. The traces are not affected."
        )
    return Told(
        {f"{name}.{quantity}": trace for quantity, trace in report.read_backs.items()},
        {f"{name}.{k}": stamps for k, stamps in report.stamps.items()},
    ), remarks


def stamped(bench: "Bench") -> list[str]:
    """The comparator inputs of the source that are wired, as ``source.1``."""
    return [name for name in bench.comparators if name.partition(".")[0] == bench.marker.source]


def read_backs(bench: "Bench", ports: Sequence[str]) -> list[Channel]:
    """How the journal keeps the read-backs of these ports."""
    return [
        Channel(f"{bench.marker.source}.{kind}{channel}", unit, np.int16)
        for channel in _channels(bench, ports)
        for kind, unit in (("V", "V"), ("I", "A"))
    ]


def _channels(bench: "Bench", ports: Sequence[str]) -> list[str]:
    wired = [bench.port(port) for port in ports]
    return [port.channel for port in wired if port.instrument == bench.marker.source]
