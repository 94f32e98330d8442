"""How lines are told apart on a link: `Framing`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Framing:
    """`end`: the byte behind every line, both ways. `acknowledged`: the answer to a line that asks nothing, if it has one."""

    end: bytes = b"\n"
    acknowledged: str = ""


LINES = Framing()
KXCI = Framing(b"\0", "ACK")
"""Keithley's external control interface over Ethernet: strings end with NUL, and each is answered once."""
