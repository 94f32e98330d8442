"""What the source of a sweep tells of itself: asked for, put under the bench's names, and remarked on when some is missing."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurorig.records import Channel, Told

if TYPE_CHECKING:
    from neurorig.instruments import Bench, CurrentSource
    from neurorig.instruments.roles import SelfReport


def ask(source: "CurrentSource", bench: "Bench", ports: Sequence[str]) -> bool:
    """Ask for read-backs of these ports and stamps of every comparator wired to the source; whether it can tell them."""
    from neurorig.instruments.roles import SelfReporting

    if not isinstance(source, SelfReporting):
        return False
    source.report(_channels(bench, ports), [name.partition(".")[2] for name in stamped(bench)])
    return True


def stamped(bench: "Bench") -> list[str]:
    """The comparator inputs of the source that are wired, as ``source.1``."""
    return [name for name in bench.comparators if name.partition(".")[0] == bench.marker.source]


def read_backs(bench: "Bench", ports: Sequence[str]) -> list[Channel]:
    """How the journal keeps the read-backs of these ports."""
    kinds = (("V", "V"), ("I", "A"))
    return [
        Channel(f"{bench.marker.source}.{kind}{channel}", unit, np.int16)
        for channel in _channels(bench, ports)
        for kind, unit in kinds
    ]


def _channels(bench: "Bench", ports: Sequence[str]) -> list[str]:
    wired = [bench.port(port) for port in ports]
    return [port.channel for port in wired if port.instrument == bench.marker.source]


def named(report: "SelfReport", bench: "Bench") -> Told:
    """A report under the names of the bench: ``source.I1``, ``source.1``."""
    source = bench.marker.source
    return Told(
        {f"{source}.{name}": trace for name, trace in report.read_backs.items()},
        {f"{source}.{name}": stamps for name, stamps in report.stamps.items()},
    )


def missing(report: "SelfReport", bench: "Bench", sweep: int) -> Iterator[str]:
    """A sentence for everything that was lost."""
    source = bench.marker.source
    if report.lost_scans:
        yield (
            f"{source}: {report.lost_scans} of its read-backs were not fetched in time in sweep {sweep}; what came after the "
            "first of them is not kept. The traces are not affected."
        )
    for name, stamps in report.stamps.items():
        if stamps.lost:
            yield (
                f"{source}.{name}: {stamps.lost} spike stamps were not fetched in time in sweep {sweep}: no rate can be taken "
                "from them. The traces are not affected."
            )
