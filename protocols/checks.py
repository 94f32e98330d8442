"""What a protocol must not or cannot do on a bench, told before any instrument is touched; no I/O."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from neurorig.signals import LimitError, Program

from .planning import check_wiring
from .protocol import Context, Protocol
from .stimuli import Stimulus

if TYPE_CHECKING:
    from neurorig.instruments.bench import Bench


def check_protocol(protocol: Protocol, bench: "Bench") -> Context:
    """Refuse a protocol that this bench must not or cannot play, before any instrument is touched; no I/O.

    Currents relative to I_min are checked with the I_min predicted from the board, and again when it has been measured.
    Raises LimitError or ConfigError.
    """
    for port in protocol.driven():
        bench.port(port)
    for node in protocol.observed():
        bench.node(node)
    ports = protocol.driven()
    i_min, highest = {p: bench.board.i_min(p) for p in ports}, {p: bench.port(p).high for p in ports}
    context = Context(i_min, highest=highest, bench=bench)
    check_context(protocol, bench, context)
    return context


def check_context(protocol: Protocol, bench: "Bench", context: Context) -> None:
    """The same with the I_min of `context`, predicted or measured. Raises LimitError or ConfigError."""
    for drive in protocol.extremes(bench.board, context):
        try:
            bench.check_limits(programs_of(drive))
        except LimitError as reason:
            if protocol.bounded_by is None:
                raise
            raise LimitError(
                f"{reason} The search goes up to it: lower it with -p {protocol.bounded_by}=..."
            ) from reason
    if not protocol.adaptive:
        for sweep in protocol.sweeps(bench.board, context):
            check_wiring(sweep, bench)


def programs_of(drive: Mapping[str, Stimulus]) -> dict[str, Program]:
    """What is played at each port."""
    return {port: stimulus.program for port, stimulus in drive.items()}
