"""What the probes of a bench take of the margins that protocols live on."""

import math
from typing import TYPE_CHECKING

from .protocol import Context
from .registry import protocols

if TYPE_CHECKING:
    from neurorig.instruments.bench import Bench


def loading_budget(bench: "Bench") -> list[tuple[str, str]]:
    """By protocol, what the probes of `bench` take of the margin that it lives on, with the I_min predicted from the board.

    Protocols with their defaults; those that this bench does not drive are left out.
    """
    found = []
    for name, kind in protocols().items():
        protocol = kind.make()
        if not protocol.driven() or not set(protocol.driven()) <= set(bench.ports):
            continue
        context = Context({port: bench.board.i_min(port) for port in protocol.driven()})
        if (margin := protocol.margin(context)) is not None:
            own = set(bench.loading(margin)) - set(bench.loading(math.inf))
            found += [(name, remark) for remark in sorted(own)]
    return found
